//! The feature `schema`: what goes over the wire is described as it is printed, and every schema is a
//! schema.

use std::collections::BTreeSet;

use chat_model::schema::{NAMES, generate, text};
use chat_model::{
    CustomerOperationKind, MonitoringOperationKind, OperationKind, Parameter,
    SupervisorOperationKind,
};
use serde_json::{Value, json};

fn schema(name: &str) -> Value {
    let text = generate(name).unwrap_or_else(|| panic!("no schema is called {name}"));
    serde_json::from_str(&text).unwrap()
}

/// Also in a build with other features of serde_json: the embedder's tests are these.
#[test]
fn the_committed_files_are_what_is_generated() {
    for name in NAMES {
        assert_eq!(text(name).map(str::to_owned), generate(name), "{name}");
    }
    assert_eq!((text("nothing"), generate("nothing")), (None, None));
}

#[test]
fn every_schema_is_valid_and_accepts_its_examples() {
    for name in NAMES {
        let schema = schema(name);
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        assert_eq!(schema["$id"], format!("urn:gws-chat:schema:{name}"));
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let examples = schema["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let problems: Vec<String> =
                validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{name}: {problems:?} in {example}");
        }
    }
}

/// Descriptions are for readers of any language: no links of rustdoc, and no formats that only Rust has.
#[test]
fn nothing_in_a_schema_is_for_rust_only() {
    for name in NAMES {
        let text = generate(name).unwrap();
        for odd in ["[`", "crate::", "Self::", "\"format\"", "Option<"] {
            assert!(!text.contains(odd), "{name}: {odd}");
        }
    }
}

/// CHAT-2, CHAT-5, CHAT-6, CHAT-8, CHAT-1.4, CUST-3: the members by their names on the wire.
#[test]
fn members_are_described_by_their_wire_names() {
    for (name, members) in [
        (
            "chat",
            "userData state capabilities uri path participants id comment chatType receivedDate",
        ),
        ("participant", "nickname type participantId id visibility uri path"),
        (
            "message",
            "index type from text messageType url noticeText visibility timestamp timestampSeconds",
        ),
        (
            "notification",
            "referenceId chat messages notificationType messageType errorMessage errorCode chatUri chatPath",
        ),
        ("reply", "statusCode statusMessage referenceId"),
        ("customer-chat", "id state participants capabilities"),
        ("event", "at by referenceId events"),
    ] {
        let schema = schema(name);
        let described: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(described, members.split(' ').collect(), "{name}");
    }
}

/// CHAT-6.10: lists of values may grow, so a schema must not close them.
#[test]
fn open_values_stay_open() {
    let schema = schema("notification");
    for name in ["NotificationType", "ChatState", "MessageType", "ParticipantType", "Audience"] {
        let described = &schema["$defs"][name];
        assert_eq!(described["type"], "string", "{name}");
        assert_eq!(described.get("enum"), None::<&Value>, "{name}");
        assert!(!described["examples"].as_array().unwrap().is_empty(), "{name}");
    }
}

/// One table: every operation, every spelling and every parameter of it is in the union.
#[test]
fn unions_are_the_tables() {
    fn check<K: Copy>(
        name: &str,
        all: &[K],
        names: fn(K) -> &'static [&'static str],
        parameters: fn(K) -> &'static [Parameter],
    ) {
        let schema = schema(name);
        assert_eq!(schema["oneOf"].as_array().unwrap().len(), all.len());
        let spellings: Vec<&str> = all.iter().flat_map(|&kind| names(kind)).copied().collect();
        assert_eq!(schema["properties"]["operationName"]["enum"], json!(spellings));
        for &kind in all {
            let first = names(kind)[0];
            let described = &schema["$defs"][first];
            for parameter in parameters(kind) {
                let member = &described["properties"][parameter.name];
                assert!(member.is_object(), "{first}: {}", parameter.name);
            }
        }
    }
    let (name, parameters) = (OperationKind::spellings, OperationKind::parameters);
    check("operation", OperationKind::ALL, name, parameters);
    let (name, parameters) = (CustomerOperationKind::spellings, CustomerOperationKind::parameters);
    check("customer-operation", CustomerOperationKind::ALL, name, parameters);
    let name = MonitoringOperationKind::spellings;
    let parameters = MonitoringOperationKind::parameters;
    check("monitoring-operation", MonitoringOperationKind::ALL, name, parameters);
    let name = SupervisorOperationKind::spellings;
    let parameters = SupervisorOperationKind::parameters;
    check("supervisor-operation", SupervisorOperationKind::ALL, name, parameters);
}
