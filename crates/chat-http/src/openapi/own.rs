//! Schemas of what no type of ours stands for: bodies that are read member by member, and replies that
//! are put together where they are printed.

use serde_json::{Value, json};

use super::refusals;
use super::schemas::{self, Schemas};
use crate::agents::MOST_CHANNELS;

/// A success that has only its `statusCode`.
pub(super) fn success(about: &str) -> Value {
    json!({
        "description": about,
        "type": "object",
        "properties": { "statusCode": { "type": "integer", "const": 0, "description": "Success." } },
        "required": ["statusCode"],
    })
}

/// The component of this name.
///
/// # Panics
/// If the table of routes names one that nobody has described.
pub(super) fn make(name: &str, schemas: &mut Schemas) -> Value {
    match name {
        "Success" => success("It is done, and there is nothing more to say (DEC-30)."),
        "OperationReply" => success_with(
            "The operation is accepted; its outcome comes as a notification.",
            "referenceId",
            json!({
                "description": "Ties the notifications of the requester to the request (DEC-31); where \
                    the documents print it, or always if the server is configured so (DEC-30).",
                "type": "integer",
                "minimum": 0,
            }),
            false,
        ),
        "SessionReply" => {
            let (success, partial) = (schemas.named("Success"), schemas::partial_success(schemas));
            json!({ "oneOf": [success, partial] })
        }
        "SessionOperation" => session_operation(schemas),
        "ReadinessOperation" => {
            operation(schemas, "Changes the readiness of one channel.", readiness(&[]))
        }
        "AgentChannelOperation" => operation(
            schemas,
            "What a supervisor may do to the readiness of an agent: `Ready`, `NotReady`, \
                `DoNotDisturbOff`, a custom state, or `Offline`, which logs the agent out of the channel.",
            readiness(&["Monitor", "Coach", "BargeIn", "CancelSupervisorMonitoring"]),
        ),
        "StartContactCenterSession" => {
            let mut schema = operation(
                schemas,
                "Opens channels; they are not ready at first (PLAT-3.3). Other parameters of the \
                    documents are about telephones and do not matter here.",
                json!({ "const": "StartContactCenterSession" }),
            );
            schema["properties"]["channels"] = json!({
                "description": "The names of the channels to open.",
                "type": "array",
                "items": { "type": "string", "pattern": "^[^/?#]+$", "minLength": 1, "maxLength": 64 },
                "minItems": 1,
                "maxItems": MOST_CHANNELS,
            });
            schema["required"] = json!(["operationName", "channels"]);
            schema
        }
        "EndContactCenterSession" => operation(
            schemas,
            "Closes all channels, gives the chats back, and ends the HTTP session (PLAT-3.4).",
            json!({ "const": "EndContactCenterSession" }),
        ),
        "ChatRequested" => json!({
            "description": "The chat is open (CUST-2.1).",
            "type": "object",
            "properties": {
                "id": {
                    "description": "The visitor's name for the chat, and all the secret a visitor has \
                        (CUST-1.7): a UUID.",
                    "type": "string",
                    "format": "uuid",
                },
                "statusCode": { "type": "integer", "const": 0, "description": "Success." },
                "path": { "description": "The address of the chat.", "type": "string" },
            },
            "required": ["id", "statusCode", "path"],
        }),
        "TranscriptReply" => success_with(
            "Entries of the transcript, the oldest first.",
            "messages",
            schemas::messages(schemas),
            true,
        ),
        "CustomerChatReply" => success_with(
            "The chat as its visitor sees it.",
            "chat",
            schemas::customer_chat(schemas),
            true,
        ),
        "UserSettingsReply" => success_with(
            "The settings that hold for the user.",
            "settings",
            json!({
                "description": "Sections of names and values.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                },
            }),
            true,
        ),
        "SettingsGroupReply" => {
            let mut schema = success_with(
                "One group of settings.",
                "settings",
                schemas::inside_of_settings(schemas),
                true,
            );
            schema["properties"]["key"] = json!({
                "description": "The member that tells the settings apart; the general settings have \
                    none (PLAT-1.3-9).",
                "enum": ["name", "operationName"],
            });
            schema
        }
        "VersionReply" => success_with(
            "Which version serves.",
            "version",
            json!({ "description": "The version.", "type": "string" }),
            true,
        ),
        "BusinessAttributesReply" => success_with(
            "The lists of values that clients offer.",
            "businessAttributes",
            schemas::business_attributes(schemas),
            true,
        ),
        "ContactCenterReply" => {
            let attributes = schemas::business_attributes(schemas);
            success_with(
                "The contact center.",
                "resources",
                json!({
                    "description": "What is known of it.",
                    "type": "object",
                    "properties": {
                        "id": { "description": "Its UUID.", "type": "string", "format": "uuid" },
                        "businessAttributes": attributes,
                    },
                    "required": ["id"],
                }),
                true,
            )
        }
        "Refusal" => refusals::any(),
        "StatusCode" => refusals::status_codes(),
        "BayeuxMessage" => bayeux_message(),
        "BayeuxReply" => bayeux_reply(),
        "BayeuxEvent" => {
            let [chats, channels] = schemas::events(schemas);
            json!({
                "description": "Something that happened, on a channel to which the client subscribed.",
                "type": "object",
                "properties": {
                    "channel": { "description": "The channel, such as `/v2/me/chats`.", "type": "string" },
                    "data": { "description": "What happened.", "anyOf": [chats, channels] },
                },
                "required": ["channel", "data"],
            })
        }
        other => panic!("nobody has described {other}"),
    }
}

fn success_with(about: &str, name: &str, form: Value, required: bool) -> Value {
    let mut schema = success(about);
    schema["properties"][name] = form;
    if required {
        schema["required"] = json!(["statusCode", name]);
    }
    schema
}

/// An operation without parameters. Members that it does not know are ignored; their keys are read all
/// the same (DEC-7).
fn operation(schemas: &mut Schemas, about: &str, name: Value) -> Value {
    let (key, any) = (schemas.named("RequestKey"), schemas.named("RequestJson"));
    json!({
        "description": about,
        "type": "object",
        "properties": { "operationName": name },
        "required": ["operationName"],
        "propertyNames": key,
        "additionalProperties": any,
    })
}

/// The name of an operation that changes readiness. Which custom states there are is the
/// configuration's, so any name may be one (PLAT-3.5-6), but those of other operations.
fn readiness(others: &[&str]) -> Value {
    let mut name = json!({
        "description": "`Ready`, `NotReady`, `DoNotDisturbOn`, `DoNotDisturbOff`, or the \
            `operationName` of one of the states that `GET /api/v2/settings/agent-states` tells.",
        "type": "string",
        "examples": ["Ready"],
    });
    if !others.is_empty() {
        name["not"] = json!({ "enum": others });
    }
    name
}

fn session_operation(schemas: &mut Schemas) -> Value {
    let names = ["StartContactCenterSession", "EndContactCenterSession"];
    let [start, end] = names.map(|name| schemas.named(name));
    let readiness = operation(
        schemas,
        "Changes the readiness of all channels (PLAT-3.5-2).",
        readiness(&names),
    );
    json!({
        "description": "The body of `POST /api/v2/me`: what an agent does to the own session.",
        "oneOf": [start, end, readiness],
    })
}

/// What a client says. A member of a wrong form spoils its own message, which the reply tells, and not
/// the request.
fn bayeux_message() -> Value {
    json!({
        "description": "A message of Bayeux 1.0, as clients send them.",
        "type": "object",
        "properties": {
            "channel": { "description": "What it is, such as `/meta/handshake`.", "type": "string" },
            "id": { "description": "Comes back with the reply.", "type": ["string", "number"] },
            "clientId": { "description": "Which session; all but a handshake have it.", "type": "string" },
            "version": { "description": "The version of the protocol, in a handshake.", "type": "string" },
            "supportedConnectionTypes": {
                "description": "What the client can speak, in a handshake.",
                "type": "array",
                "items": { "type": "string" },
            },
            "connectionType": { "description": "What it speaks, in a connect.", "type": "string" },
            "subscription": {
                "description": "One or several channels, in a subscribe or unsubscribe.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            },
            "advice": {
                "description": "How long a connect may be held.",
                "type": "object",
                "properties": {
                    "timeout": { "description": "Milliseconds.", "type": "integer", "minimum": 0 },
                },
            },
            "ext": { "description": "Extensions, such as `ack`.", "type": "object" },
            "data": { "description": "What is published; nothing here takes any." },
        },
        "required": ["channel"],
    })
}

fn bayeux_reply() -> Value {
    json!({
        "description": "The answer to one message.",
        "type": "object",
        "properties": {
            "channel": { "description": "That of the message, if it had one.", "type": "string" },
            "id": { "description": "That of the message, as text.", "type": "string" },
            "successful": { "description": "Whether it was done.", "type": "boolean" },
            "error": { "description": "Why not: a number, arguments and words.", "type": "string" },
            "clientId": { "description": "The name of the new session.", "type": "string" },
            "version": { "description": "The version of the protocol.", "type": "string" },
            "minimumVersion": { "description": "The oldest that is spoken.", "type": "string" },
            "supportedConnectionTypes": {
                "description": "What the server can speak.",
                "type": "array",
                "items": { "type": "string" },
            },
            "subscription": {
                "description": "As it was sent.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            },
            "advice": {
                "description": "What the client is to do next.",
                "type": "object",
                "properties": {
                    "reconnect": {
                        "description": "How to go on.",
                        "enum": ["retry", "handshake", "none"],
                    },
                    "multiple-clients": {
                        "description": "That the browser has other sessions, one of which is held \
                            already (BAYEUX-4.6).",
                        "type": "boolean",
                    },
                    "interval": { "description": "Milliseconds until then.", "type": "integer" },
                    "timeout": {
                        "description": "Milliseconds for which a connect is held.",
                        "type": "integer",
                    },
                },
            },
            "ext": { "description": "Extensions, such as `ack`.", "type": "object" },
        },
        "required": ["successful"],
    })
}
