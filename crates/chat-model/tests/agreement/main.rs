//! Schemas and parsers say the same: over arbitrary JSON, over requests and chats that were tampered
//! with, and over everything that the model prints.
//!
//! What a parser takes, its schema accepts, without exception. What a schema accepts and the parser
//! refuses is excused by a rule of docs/decisions/0017 that no schema can say, and by nothing else; each
//! of these rules has a test here that shows the difference.

mod differences;
mod mutation;
mod printed;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chat_model::testing::{any_operation_body, customer_operation_body, json_source};
use chat_model::{
    ChatFile, ChatResource, CustomerChat, CustomerOperation, CustomerOperationKind, Limits,
    Message, MonitoringOperation, Notification, Operation, Participant, Reply, SupervisorOperation,
    schema,
};
use jsonschema::Validator;
use mutation::{Mutation, mutated, mutations, of_pool, of_table};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use serde_json::Value;

static VALIDATORS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let validator =
        |name: &&'static str| (*name, jsonschema::draft202012::new(&document(name)).unwrap());
    schema::NAMES.iter().map(validator).collect()
});

fn document(name: &str) -> Value {
    serde_json::from_str(&schema::generate(name).unwrap()).unwrap()
}

fn is_valid(name: &str, value: &Value) -> bool {
    VALIDATORS[name].is_valid(value)
}

/// How a document of this name is read; why not, if it is not.
fn parse(name: &str, json: &str) -> Result<(), String> {
    fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<(), String> {
        serde_json::from_str::<T>(json).map(drop).map_err(|error| error.to_string())
    }
    let (body, limits) = (json.as_bytes(), &Limits::default());
    match name {
        "operation" => Operation::parse(body, limits).map(drop).map_err(|e| e.to_string()),
        "customer-operation" => {
            CustomerOperation::parse(body, limits).map(drop).map_err(|e| e.to_string())
        }
        "monitoring-operation" => {
            MonitoringOperation::parse(body, limits).map(drop).map_err(|e| e.to_string())
        }
        "supervisor-operation" => {
            SupervisorOperation::parse(body, limits).map(drop).map_err(|e| e.to_string())
        }
        "chat" => read::<ChatResource>(json),
        "message" => read::<Message>(json),
        "participant" => read::<Participant>(json),
        "notification" => read::<Notification>(json),
        "reply" => read::<Reply>(json),
        "customer-chat" => read::<CustomerChat>(json),
        other => panic!("expected a document that somebody else writes, found {other}"),
    }
}

const REQUESTS: [&str; 4] =
    ["operation", "customer-operation", "monitoring-operation", "supervisor-operation"];
const SHAPES: [&str; 6] =
    ["chat", "message", "participant", "notification", "reply", "customer-chat"];

/// Schema and parser agree about `value`, but for what `differences` excuses.
fn check(name: &str, value: &Value) -> Result<(), TestCaseError> {
    let json = value.to_string();
    match (is_valid(name, value), parse(name, &json)) {
        (true, Ok(())) | (false, Err(_)) => Ok(()),
        (true, Err(_)) if differences::excuse(name, value) => Ok(()),
        (valid, parsed) => {
            let why: Vec<String> =
                VALIDATORS[name].iter_errors(value).map(|error| error.to_string()).collect();
            let message = format!(
                "{name}: schema {valid} {why:?}, parser {parsed:?}, excused by nothing: {json}"
            );
            Err(TestCaseError::fail(message))
        }
    }
}

/// The parsed text of the strategies; a number that no 64-bit float holds becomes one that does.
fn value(json: &str) -> Value {
    serde_json::from_str(&json.replace("1e999", "1e300")).unwrap()
}

fn example(name: &'static str) -> BoxedStrategy<Value> {
    let examples = document(name)["examples"].as_array().unwrap().clone();
    select(examples).boxed()
}

fn request() -> impl Strategy<Value = (&'static str, Value)> {
    let visitors = select(CustomerOperationKind::ALL).prop_flat_map(customer_operation_body);
    prop_oneof![
        6 => any_operation_body().prop_map(|body| ("operation", value(&body))),
        2 => visitors.prop_map(|body| ("customer-operation", value(&body))),
        1 => example("monitoring-operation").prop_map(|body| ("monitoring-operation", body)),
        1 => example("supervisor-operation").prop_map(|body| ("supervisor-operation", body)),
        2 => example("operation").prop_map(|body| ("operation", body)),
    ]
}

fn shape() -> impl Strategy<Value = (&'static str, Value)> {
    let all = SHAPES.map(|name| example(name).prop_map(move |value| (name, value)).boxed());
    proptest::strategy::Union::new(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn on_requests_that_are_fine((name, body) in request()) {
        prop_assert!(is_valid(name, &body), "{body}");
        prop_assert_eq!(parse(name, &body.to_string()), Ok(()));
    }

    #[test]
    fn on_requests_that_were_tampered_with((name, body) in request(), by in mutations()) {
        check(name, &mutated(body, &by))?;
    }

    /// Any members, of which many are parameters and some even fit.
    #[test]
    fn on_requests_of_any_members(name in select(&REQUESTS[..]), body in of_pool()) {
        check(name, &body)?;
    }

    /// Addresses with odd hosts, texts of just too many bytes, two targets at once.
    #[test]
    fn on_requests_that_nearly_fit(bodies in proptest::collection::vec(of_table(), 4)) {
        for body in &bodies {
            check("operation", body)?;
        }
    }

    #[test]
    fn on_any_json(json in json_source(4)) {
        let value = value(&json);
        for name in REQUESTS.iter().chain(&SHAPES) {
            check(name, &value)?;
        }
    }

    #[test]
    fn on_shapes_that_were_tampered_with((name, body) in shape(), by in mutations()) {
        let body = mutated(body, &by);
        check(name, &body)?;
        // What a file may hold is decided by many rules beside its shape, so only one way round.
        if name == "chat" && ChatFile::read(body.to_string().as_bytes(), &Limits::default()).is_ok() {
            prop_assert!(is_valid(name, &body) || is_valid("snapshot", &body), "{body}");
        }
    }

    #[test]
    fn on_shapes_of_any_members(name in select(&SHAPES[..]), body in of_pool()) {
        check(name, &body)?;
    }
}

/// The strategies reach both sides, or agreement would mean little.
#[test]
fn mutations_make_good_requests_bad_and_leave_some_good() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (request(), mutations());
    let (mut good, mut bad) = (0, 0);
    for _ in 0..500 {
        let ((name, body), by) = strategy.new_tree(&mut runner).unwrap().current();
        let by: Vec<Mutation> = by;
        if is_valid(name, &mutated(body, &by)) { good += 1 } else { bad += 1 }
    }
    assert!(good > 50 && bad > 50, "{good} good, {bad} bad");
}

/// What serde derives would take members in order for an object, at every depth.
#[test]
fn an_array_of_members_is_no_object() {
    for name in SHAPES {
        for json in ["[]", "[0]", "[null,null]"] {
            assert!(
                parse(name, json).unwrap_err().contains("expected an object"),
                "{name}: {json}"
            );
        }
    }
    for (name, json) in [
        ("chat", r#"{"participants":[[]]}"#),
        ("notification", r#"{"chat":[]}"#),
        ("notification", r#"{"messages":[{"from":["Amy"]}]}"#),
        ("customer-chat", r#"{"participants":[["Chris","1","Customer"]]}"#),
    ] {
        assert!(parse(name, json).unwrap_err().contains("expected an object"), "{name}: {json}");
        assert!(!is_valid(name, &value(json)));
    }
}
