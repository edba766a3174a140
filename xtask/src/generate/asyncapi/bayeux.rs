//! The protocol around the notifications: what clients ask and what they are answered (BAYEUX-3 to
//! BAYEUX-9).

use bayeux::Fault;
use serde_json::{Map, Value, json};

use super::exchange::{self, Exchange};
use super::{Message, Parts, said_on};

/// One row for each channel of the protocol: id, channel, what it is for, what is asked and what is
/// answered, rules.
const META: [Meta; 6] = [
    Meta {
        id: "handshake",
        address: "/meta/handshake",
        summary: "Opens a session.",
        asked: "Who may open one, and how the client can listen; alone in its request.",
        answered: "The session's secret name, or why there is none.",
        rules: &["BAYEUX-3.1", "BAYEUX-3.2", "BAYEUX-3.3", "BAYEUX-3.4", "DEC-71"],
    },
    Meta {
        id: "connect",
        address: "/meta/connect",
        summary: "Waits for events.",
        asked: "One at a time; held until there is something to tell, its time is up, or another one \
                comes. The first of a session is answered at once.",
        answered: "The end of the wait; events stand in front of it.",
        rules: &["BAYEUX-4.1", "BAYEUX-4.3", "BAYEUX-4.8", "BAYEUX-8.8", "BAYEUX-9.2", "DEC-44"],
    },
    Meta {
        id: "subscribe",
        address: "/meta/subscribe",
        summary: "Chooses topics.",
        asked: "Topics or patterns: `/v2/me/*` is one segment more, `/**` everything.",
        answered: "The subscription as it was asked for; all of it is granted, or nothing.",
        rules: &["BAYEUX-5.1", "BAYEUX-5.3", "BAYEUX-5.7", "NOTIF-2.16", "NOTIF-2.17"],
    },
    Meta {
        id: "unsubscribe",
        address: "/meta/unsubscribe",
        summary: "Leaves topics.",
        asked: "What was subscribed to.",
        answered: "The subscription as it was asked for.",
        rules: &["BAYEUX-5.1", "BAYEUX-5.4"],
    },
    Meta {
        id: "disconnect",
        address: "/meta/disconnect",
        summary: "Closes the session.",
        asked: "The last message of a session; a connect that is held returns with it.",
        answered: "The session is gone.",
        rules: &["BAYEUX-4.9", "BAYEUX-12.2-6"],
    },
    Meta {
        id: "publish",
        address: "{channel}",
        summary: "Is refused: clients do not publish.",
        asked: "Anything on a channel that is none of the above.",
        answered: "That it was refused. `/service/…` is taken without effect.",
        rules: &["NOTIF-2.15", "BAYEUX-6.2", "BAYEUX-6.4", "BAYEUX-7.8", "BAYEUX-7.9"],
    },
];

struct Meta {
    id: &'static str,
    address: &'static str,
    summary: &'static str,
    asked: &'static str,
    answered: &'static str,
    rules: &'static [&'static str],
}

/// The channels, messages and operations.
pub(super) fn add(parts: &mut Parts) {
    let exchanges = exchange::play();
    for meta in META {
        let of_it: Vec<&Exchange> =
            exchanges.iter().filter(|exchange| exchange.channel == meta.id).collect();
        let (request, reply) = (format!("{}Request", meta.id), format!("{}Reply", meta.id));
        let named = |payload: fn(&Exchange) -> &Value| {
            let named =
                |exchange: &&Exchange| (exchange.name.to_owned(), payload(exchange).clone());
            of_it.iter().map(named).collect()
        };
        let messages = vec![
            message(&meta, &request, "asked", meta.asked, named(|exchange| &exchange.request)),
            message(&meta, &reply, "answered", meta.answered, named(|exchange| &exchange.reply)),
        ];
        let mut about = json!({
            "address": meta.address,
            "title": meta.id,
            "summary": meta.summary,
            "tags": [{ "name": "bayeux" }],
            "x-rules": meta.rules,
        });
        if meta.id == "publish" {
            about["parameters"] = json!({ "channel": {
                "description": "The name of a channel, its slashes included.",
                "examples": ["/v2/me/chats"],
            } });
        }
        parts.channel(meta.id, about, messages);
        let channel = json!({ "$ref": format!("#/channels/{}", meta.id) });
        parts.operation(
            meta.id,
            json!({
                "action": "receive",
                "channel": channel,
                "title": meta.id,
                "summary": meta.summary,
                "description": format!("{} {}", meta.asked, meta.answered),
                "messages": [said_on(meta.id, &request)],
                "reply": { "channel": channel, "messages": [said_on(meta.id, &reply)] },
                "bindings": { "http": { "method": "POST", "bindingVersion": "0.3.0" } },
                "tags": [{ "name": "bayeux" }],
            }),
        );
    }
}

fn message(
    meta: &Meta,
    id: &str,
    way: &str,
    summary: &str,
    examples: Vec<(String, Value)>,
) -> Message {
    let (first, rest) = id.split_at(1);
    Message {
        id: id.to_owned(),
        title: format!("{}, {way}", meta.id),
        summary: summary.to_owned(),
        has_id: true,
        schema: first.to_ascii_uppercase() + rest,
        rules: meta.rules.to_vec(),
        examples,
    }
}

/// The shapes of the messages, and what they have in common.
pub(super) fn schemas() -> Map<String, Value> {
    let ack = |form: Value| {
        json!({
            "type": "object",
            "description": "Acknowledged messages (BAYEUX-9.2).",
            "properties": { "ack": form },
        })
    };
    let from = json!({
        "type": "object",
        "description": "Acknowledgement, from where an earlier session was (DEC-71).",
        "required": ["enabled"],
        "properties": {
            "enabled": { "type": "boolean" },
            "batch": { "type": "integer", "minimum": 0, "description": "The last number that it had." },
        },
    });
    let handshake_ack = json!({ "anyOf": [{ "type": "boolean" }, from] });
    let number = json!({
        "type": "integer",
        "minimum": 0,
        "description": "Up to where events were sent. It never falls (DEC-44).",
    });
    let types = json!({
        "type": "array",
        "items": { "type": "string" },
        "description": "`long-polling`, `websocket` or `callback-polling`.",
    });
    let mut out = Map::new();
    let mut request = |name: &str, required: &[&str], members: Value| {
        let (name, schema) = (format!("{name}Request"), request(name, required, members));
        out.insert(name, schema);
    };
    request(
        "Handshake",
        &["version", "supportedConnectionTypes"],
        json!({
            "version": { "type": "string", "description": "`1.0`." },
            "minimumVersion": { "type": "string" },
            "supportedConnectionTypes": types,
            "advice": reference("ClientAdvice"),
            "ext": ack(handshake_ack.clone()),
        }),
    );
    request(
        "Connect",
        &["clientId", "connectionType"],
        json!({
            "clientId": reference("ClientId"),
            "connectionType": { "type": "string", "description": "`long-polling` or `websocket`." },
            "advice": reference("ClientAdvice"),
            "ext": ack(number.clone()),
        }),
    );
    for name in ["Subscribe", "Unsubscribe"] {
        request(
            name,
            &["clientId", "subscription"],
            json!({
                "clientId": reference("ClientId"),
                "subscription": reference("Subscription"),
            }),
        );
    }
    request("Disconnect", &["clientId"], json!({ "clientId": reference("ClientId") }));
    request(
        "Publish",
        &["clientId", "data"],
        json!({ "clientId": reference("ClientId"), "data": { "description": "Any JSON." } }),
    );

    let mut reply = |name: &str, members: Value| {
        out.insert(format!("{name}Reply"), self::reply(name, members));
    };
    reply(
        "Handshake",
        json!({
            "version": { "const": "1.0" },
            "minimumVersion": { "const": "1.0" },
            "supportedConnectionTypes": types,
            "clientId": reference("ClientId"),
            "advice": reference("Advice"),
            "ext": ack(handshake_ack),
        }),
    );
    reply("Connect", json!({ "advice": reference("Advice"), "ext": ack(number) }));
    reply("Subscribe", json!({ "subscription": reference("Subscription") }));
    reply("Unsubscribe", json!({ "subscription": reference("Subscription") }));
    reply("Disconnect", json!({}));
    reply("Publish", json!({}));
    out.extend(common());
    out
}

/// The channel that a message of this name has; a message that is not one of the protocol's has any.
fn channel(name: &str) -> Value {
    let address = META.iter().find(|meta| meta.id.eq_ignore_ascii_case(name));
    match address.map(|meta| meta.address) {
        Some(address) if address.starts_with('/') => json!({ "const": address }),
        _ => json!({ "type": "string", "description": "The channel." }),
    }
}

fn request(name: &str, required: &[&str], members: Value) -> Value {
    let (mut all, required) = (members, [&["channel"], required].concat());
    all["channel"] = channel(name);
    all["id"] = json!({
        "anyOf": [{ "type": "string" }, { "type": "integer" }],
        "description": "Comes back in the reply, as text (BAYEUX-1.6).",
    });
    json!({
        "type": "object",
        "required": required,
        "properties": all,
    })
}

/// A reply to a message without a channel has none either (BAYEUX-7.8).
fn reply(name: &str, members: Value) -> Value {
    let mut all = members;
    all["channel"] = channel(name);
    all["id"] = json!({ "type": "string", "description": "That of the request (BAYEUX-1.6)." });
    all["successful"] = json!({ "type": "boolean", "description": "Whether it was done." });
    all["error"] = reference("Error");
    let required: &[&str] =
        if name == "Publish" { &["successful"] } else { &["channel", "successful"] };
    let mut succeeds = json!({ "properties": { "error": false } });
    if name == "Handshake" {
        let has = ["clientId", "version", "supportedConnectionTypes", "advice"];
        for member in has {
            succeeds["properties"][member] = json!(true);
        }
        succeeds["required"] = json!(has);
    }
    json!({
        "type": "object",
        "required": required,
        "properties": all,
        "if": { "properties": { "successful": { "const": true } } },
        "then": succeeds,
    })
}

fn common() -> Map<String, Value> {
    let faults: Vec<&str> = Fault::ALL.iter().map(|fault| fault.text()).collect();
    let milliseconds = |what: &str| json!({ "type": "integer", "minimum": 0, "description": what });
    let schemas = json!({
        "ClientId": {
            "type": "string",
            "minLength": 1,
            "description": "The secret name of the session, from the handshake's reply (BAYEUX-2.1).",
        },
        "Subscription": {
            "description": "One channel or pattern, or several; none is refused (BAYEUX-5.6).",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ],
        },
        "Error": {
            "type": "string",
            "pattern": "^[0-9]{3}:[^:]*:.+$",
            "description": "`code:arguments:words`. Programs go by the advice and by the number; the \
                words are for people (BAYEUX-7.12).",
            "examples": faults,
        },
        "Advice": {
            "type": "object",
            "description": "What to do next (BAYEUX-8).",
            "required": ["reconnect"],
            "properties": {
                "reconnect": {
                    "enum": ["retry", "handshake", "none"],
                    "description": "`retry`: connect again; `handshake`: the session is gone, start \
                        over; `none`: stop.",
                },
                "interval": milliseconds("Milliseconds to wait before that."),
                "timeout": milliseconds("Milliseconds that a connect is held."),
                "multiple-clients": {
                    "const": true,
                    "description": "Another session of the same browser is in the way (BAYEUX-4.6).",
                },
            },
        },
        "ClientAdvice": {
            "type": "object",
            "description": "What the client would like.",
            "properties": {
                "timeout": milliseconds(
                    "Milliseconds that this connect is to be held at most; 0: not at all (BAYEUX-4.2)."
                ),
                "interval": milliseconds("Is not looked at."),
            },
        },
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

fn reference(schema: &str) -> Value {
    super::reference("schemas", schema)
}
