//! What is told on the topics: events whose `data` the model's schema describes.

use std::collections::BTreeSet;

use chat_http::Topic;
use chat_model::NotificationType;
use serde_json::{Map, Value, json};

use super::{Message, Parts, reference, said_on};
use crate::generate::notifications;

const CHATS: &str = "/v2/me/chats";
const CHANNELS: &str = "/v2/me/channels";

/// The topics and what is told on them.
pub(super) fn add(parts: &mut Parts) {
    for topic in chat_http::topics() {
        let id = id(topic);
        let messages = match topic.channel() {
            CHATS => NotificationType::KNOWN.iter().map(of_chats).collect(),
            CHANNELS => vec![of_channels()],
            silent => {
                assert!(!topic.is_told(), "say in {} what is told on {silent}", file!());
                Vec::new()
            }
        };
        let mut summary = topic.summary().to_owned();
        if messages.is_empty() {
            summary.push_str(
                " This server tells nothing on it; it is there for clients that subscribe to all \
                 topics that they know.",
            );
        }
        if topic.is_for_supervisors() {
            summary.push_str(" Only for users with a role above agents.");
        }
        let heard: Vec<Value> = messages.iter().map(|message| said_on(id, &message.id)).collect();
        let about = json!({
            "address": topic.channel(),
            "title": topic.channel(),
            "summary": summary,
            "tags": [{ "name": "topics" }],
            "x-rules": [topic.rule()],
        });
        parts.channel(id, about, messages);
        if heard.is_empty() {
            continue;
        }
        let (first, rest) = id.split_at(1);
        parts.operation(
            &format!("tell{}{rest}", first.to_ascii_uppercase()),
            json!({
                "action": "send",
                "channel": { "$ref": format!("#/channels/{id}") },
                "title": format!("Tells what happened on {}", topic.channel()),
                "summary": topic.summary(),
                "description": "To every session of the user that has subscribed, once, in order: in \
                    front of a reply by HTTP, or in a frame of its own over a websocket.",
                "messages": heard,
                "tags": [{ "name": "topics" }],
            }),
        );
    }
}

/// The last segment, which is unique.
fn id(topic: &Topic) -> &'static str {
    topic.channel().rsplit('/').next().unwrap_or_default()
}

/// The name of a kind of notification in the document.
fn message_id(kind: &NotificationType) -> String {
    let (first, rest) = kind.as_str().split_at(1);
    first.to_ascii_lowercase() + rest
}

fn of_chats(kind: &NotificationType) -> Message {
    let name = |data: &Value| match data.get("referenceId") {
        Some(_) => "to whoever asked",
        None => "to everybody else",
    };
    let examples = examples(kind)
        .into_iter()
        .map(|data| (name(&data).to_owned(), json!({ "channel": CHATS, "data": data })))
        .collect();
    Message {
        id: message_id(kind),
        title: kind.to_string(),
        summary: notifications::when(kind).replace('\n', " "),
        has_id: false,
        schema: format!("{kind}Event"),
        rules: notifications::rules(kind).to_vec(),
        examples,
    }
}

fn of_channels() -> Message {
    let ready = json!({
        "messageType": "ChannelStateChangeMessageV2",
        "channels": [{
            "channel": "chat",
            "userState": {
                "id": "9430250E-0A1B-421F-B372-F29E69366DED",
                "displayName": "Ready",
                "state": "Ready",
            },
            "dndState": "Off",
        }],
    });
    Message {
        id: "channelStateChange".to_owned(),
        title: "ChannelStateChangeMessageV2".to_owned(),
        summary: "The channels that are not as they were; the others are left out.".to_owned(),
        has_id: false,
        schema: "ChannelStateChangeEvent".to_owned(),
        rules: vec!["NOTIF-3.3-1", "NOTIF-3.3-3"],
        examples: vec![("ready".to_owned(), json!({ "channel": CHANNELS, "data": ready }))],
    }
}

/// The model's notifications of this kind: a conversation that it plays.
fn examples(kind: &NotificationType) -> Vec<Value> {
    let all = notification()["examples"].take();
    let all = all.as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|data| data["notificationType"] == kind.as_str()).collect()
}

fn notification() -> Value {
    let text = chat_model::schema::generate("notification").expect("notifications have a schema");
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// The shapes of the events, and those of the model inside them.
pub(super) fn schemas() -> Map<String, Value> {
    let mut whole = notification();
    let mut out = Map::new();
    if let Value::Object(definitions) = whole["$defs"].take() {
        out.extend(definitions.into_iter().map(|(name, schema)| (name, as_component(schema))));
    }
    for alone in ["$schema", "$id", "$defs", "title"] {
        whole.as_object_mut().expect("a schema with members").remove(alone);
    }
    // Each message has its own.
    whole.as_object_mut().expect("a schema with members").remove("examples");
    out.insert("Notification".to_owned(), as_component(whole));
    for kind in NotificationType::KNOWN {
        let always = always(kind);
        let mut members: Map<String, Value> =
            always.iter().map(|name| (name.clone(), json!(true))).collect();
        members.insert("notificationType".to_owned(), json!({ "const": kind.as_str() }));
        members.insert("messageType".to_owned(), json!({ "const": message_type(kind) }));
        let narrowed = json!({ "type": "object", "required": always, "properties": members });
        let data = json!({ "allOf": [reference("schemas", "Notification"), narrowed] });
        out.insert(format!("{kind}Event"), event(CHATS, data));
    }
    out.insert("ChannelStateChangeEvent".to_owned(), event(CHANNELS, channel_state_change()));
    out
}

/// NOTIF-3.0-1: the only members of an event on the wire.
fn event(channel: &str, data: Value) -> Value {
    json!({
        "type": "object",
        "required": ["channel", "data"],
        "properties": { "channel": { "const": channel }, "data": data },
    })
}

/// The members that every notification of this kind has, whoever hears it (DEC-31).
fn always(kind: &NotificationType) -> Vec<String> {
    let names = |data: &Value| -> BTreeSet<String> {
        data.as_object().expect("a notification is an object").keys().cloned().collect()
    };
    let all: Vec<BTreeSet<String>> = examples(kind).iter().map(names).collect();
    let common = all.into_iter().reduce(|left, right| &left & &right).unwrap_or_default();
    common.into_iter().filter(|name| name != "referenceId").collect()
}

fn message_type(kind: &NotificationType) -> Value {
    examples(kind)[0]["messageType"].clone()
}

fn channel_state_change() -> Value {
    json!({
        "type": "object",
        "required": ["messageType", "channels"],
        "properties": {
            "messageType": { "const": "ChannelStateChangeMessageV2" },
            "channels": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["channel", "userState"],
                "properties": {
                    "channel": { "type": "string", "description": "The medium, such as `chat`." },
                    "userState": {
                        "type": "object",
                        "required": ["id", "displayName", "state"],
                        "properties": {
                            "id": { "type": "string", "description": "The state's GUID." },
                            "displayName": { "type": "string", "description": "Its name for people." },
                            "state": { "enum": ["Ready", "NotReady", "LoggedOut"] },
                        },
                    },
                    "dndState": {
                        "enum": ["On", "Off"],
                        "description": "Do not disturb; not for voice, and not after the end of the \
                            session (NOTIF-3.3-3).",
                    },
                },
            } },
        },
    })
}

/// A definition of a document that stood alone, as part of another one.
fn as_component(schema: Value) -> Value {
    match schema {
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => {
                    let target = target.replace("#/$defs/", "#/components/schemas/");
                    (key, Value::String(target))
                }
                // What is inside is data.
                ("examples" | "const" | "enum" | "default", value) => (key, value),
                (_, value) => (key, as_component(value)),
            })
            .collect(),
        Value::Array(elements) => elements.into_iter().map(as_component).collect(),
        other => other,
    }
}
