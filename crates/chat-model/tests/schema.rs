//! The feature `schema`: what goes over the wire is described as it is printed.

use chat_model::{ChatResource, Message, Notification, Participant, Reply};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

#[track_caller]
fn check<T: JsonSchema>(members: &str) {
    let schema = schema_for!(T).to_value();
    let mut described: Vec<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    described.sort_unstable();
    let mut expected: Vec<&str> = members.split(' ').collect();
    expected.sort_unstable();
    assert_eq!(described, expected);
}

/// CHAT-2, CHAT-5, CHAT-6, CHAT-8, CHAT-1.4: the members by their names on the wire.
#[test]
fn members_are_described_by_their_wire_names() {
    check::<ChatResource>(
        "userData state capabilities uri path participants id comment chatType receivedDate",
    );
    check::<Participant>("nickname type participantId id visibility uri path");
    check::<Message>(
        "index type from text messageType url noticeText visibility timestamp timestampSeconds",
    );
    check::<Notification>(
        "referenceId chat messages notificationType messageType errorMessage errorCode chatUri chatPath",
    );
    check::<Reply>("statusCode statusMessage referenceId");
}

/// CHAT-6.10: lists of values may grow, so a schema must not close them.
#[test]
fn open_values_stay_open() {
    let schema = schema_for!(Notification).to_value();
    for name in ["NotificationType", "ChatState", "MessageType", "ParticipantType", "Audience"] {
        let described = &schema["$defs"][name];
        assert_eq!(described["type"], "string", "{name}");
        assert_eq!(described.get("enum"), None::<&Value>, "{name}");
        assert!(!described["examples"].as_array().unwrap().is_empty(), "{name}");
    }
}
