//! `docs/api/asyncapi.json`: the notification interface in the form that generators and viewers of
//! messages read.
//!
//! Topics come from the table of chat-http, what is told from the model's schema, examples of the
//! protocol around them from the server's own state machine. Only the shapes of that protocol are
//! written here (`asyncapi/bayeux.rs`); every exchange of the tests is compared with them.
//!
//! Schemas are those of draft 7, because that is what AsyncAPI's tools read; the keywords that the
//! model uses mean the same there.

mod bayeux;
mod exchange;
mod told;

use chat_model::schema::pretty;
use serde_json::{Map, Value, json};

use crate::install::Numbers;

pub(super) fn text() -> String {
    let mut parts = Parts::default();
    bayeux::add(&mut parts);
    told::add(&mut parts);
    parts.schemas.extend(bayeux::schemas());
    parts.schemas.extend(told::schemas());
    let Parts { channels, operations, messages, schemas } = parts;
    pretty(json!({
        "asyncapi": "3.1.0",
        "id": "urn:gws-chat:asyncapi",
        "info": {
            "title": "GWS v2 Chat API: notifications",
            "version": Numbers::read().version,
            "description": DESCRIPTION,
            "contact": { "name": "The authors of chat" },
            "license": { "name": "MIT OR Apache-2.0", "url": "https://spdx.org/licenses/" },
            "tags": [
                { "name": "bayeux", "description": "The protocol below: sessions and subscriptions." },
                { "name": "topics", "description": "What is told to whom has subscribed." },
            ],
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": security_schemes(),
            "correlationIds": { "exchange": {
                "description": "The reply has the `id` of its request, as text (BAYEUX-1.6); a request \
                    without one is answered without one. Events have none.",
                "location": "$message.payload#/id",
            } },
        },
    }))
}

const DESCRIPTION: &str = "\
What an agent's client hears, and how it listens: Bayeux 1.0 as CometD practises it, by long-polling or \
over a websocket, at one address for all channels.\n\n\
**Messages travel in JSON arrays**, one or more in each request, response or frame; a payload here is one \
element of such an array. An HTTP response is 200 whatever its messages say, and its events stand in front \
of its replies. The channel is the member `channel` of each message.\n\n\
A client shakes hands, connects, and subscribes; from then on one `/meta/connect` is always on its way: \
the server holds it until there is something to tell. `advice` in a reply says what to do next, and after \
`402` that is a new handshake, subscriptions, and a read of the state. Whoever handshakes with \
`ext: {\"ack\": true}` loses nothing: every connect reply carries the number of what was sent, and the next \
connect confirms it.\n\n\
Clients that can only load scripts poll by callback, where the server has that switched on \
(`notifications.callback_polling`, off by default; without it the same GET is HTTP 400): the same array of \
messages is the query parameter `message` of a GET, `jsonp` names a function, and the reply is the script \
`NAME([...])`, whose argument is the array of replies and events (BAYEUX-12.1). `supportedConnectionTypes` \
and `connectionType` then say `callback-polling`.\n\n\
All users share the names of the topics, and each hears of themselves only. Clients do not publish.\n\n\
Ids such as BAYEUX-4.3 are rules, explained in docs/protocol.";

/// What the document is put together from; keys are ids within it.
#[derive(Default)]
struct Parts {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

/// One kind of message on a channel.
struct Message {
    /// Its id in the document.
    id: String,
    title: String,
    summary: String,
    /// Whether it is one of an exchange, whose two messages have an `id` in common.
    has_id: bool,
    /// The id of its schema.
    schema: String,
    rules: Vec<&'static str>,
    /// Each with a name that says what is special about it.
    examples: Vec<(String, Value)>,
}

impl Parts {
    /// A channel with everything that is said on it.
    fn channel(&mut self, id: &str, mut about: Value, messages: Vec<Message>) {
        let mut names = Map::new();
        for message in messages {
            names.insert(message.id.clone(), reference("messages", &message.id));
            let examples: Vec<Value> = message
                .examples
                .into_iter()
                .map(|(name, payload)| json!({ "name": name, "payload": payload }))
                .collect();
            assert!(!examples.is_empty(), "expected an example of {}", message.id);
            let mut said = json!({
                "name": message.id,
                "title": message.title,
                "summary": message.summary,
                "contentType": "application/json",
                "payload": reference("schemas", &message.schema),
                "examples": examples,
                "x-rules": message.rules,
            });
            if message.has_id {
                said["correlationId"] = reference("correlationIds", "exchange");
            }
            self.messages.insert(message.id.clone(), said);
        }
        about["messages"] = Value::Object(names);
        let before = self.channels.insert(id.to_owned(), about);
        assert!(before.is_none(), "two channels called {id}");
    }

    fn operation(&mut self, id: &str, operation: Value) {
        let before = self.operations.insert(id.to_owned(), operation);
        assert!(before.is_none(), "two operations called {id}");
    }
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{id}") })
}

/// A message of a channel, as operations name it.
fn said_on(channel: &str, message: &str) -> Value {
    json!({ "$ref": format!("#/channels/{channel}/messages/{message}") })
}

fn servers() -> Value {
    let server = |protocol: &str, secure: &str, summary: &str| {
        json!({
            "host": "{host}",
            "pathname": "/api/v2/notifications",
            "protocol": protocol,
            "protocolVersion": if protocol == "http" { "1.1" } else { "13" },
            "title": summary,
            "description": format!(
                "Behind TLS the protocol is {secure}. Some clients append `/handshake`, `/connect` or \
                 another suffix to the path, which changes nothing (NOTIF-1.2)."
            ),
            "variables": { "host": {
                "default": "127.0.0.1:8090",
                "description": "Name or address of the server, and the port.",
            } },
            // Whichever the client has; the server asks for one of them.
            "security": [reference("securitySchemes", "basic"), reference("securitySchemes", "session")],
            "tags": [{ "name": "bayeux" }],
        })
    };
    json!({
        "longPolling": server("http", "https", "Long-polling: POST requests, one of which is held"),
        "callbackPolling": server(
            "http",
            "https",
            "Callback-polling: GET requests with `jsonp` and `message`, where that is switched on",
        ),
        "websocket": server("ws", "wss", "The same messages in the text frames of a websocket"),
    })
}

fn security_schemes() -> Value {
    json!({
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "Name and password of the user, with every request (NOTIF-1.3).",
        },
        "session": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": "JSESSIONID",
            "description": "The session that an earlier request to `/api/v2/me` opened (NOTIF-1.3).",
        },
    })
}
