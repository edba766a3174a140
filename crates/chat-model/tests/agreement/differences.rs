//! What only the parser knows (docs/decisions/0017): the list, and for each rule the texts that show it.

use chat_model::Limits;
use serde_json::{Value, json};

use super::mutation::nested;
use super::{is_valid, parse};

/// Whether one of the rules explains that the parser refuses what the schema accepts.
pub(crate) fn excuse(name: &str, value: &Value) -> bool {
    let limits = Limits::default();
    if super::REQUESTS.contains(&name) {
        let is_longer =
            |name: &str, most| value[name].as_str().is_some_and(|text| text.len() > most);
        return is_longer("nickname", 256)
            || is_longer("dispositionKey", limits.max_key_bytes)
            || depth(value) > limits.max_depth
            || any(value, &|key, _| key.is_some_and(|key| key.len() > limits.max_key_bytes));
    }
    // Bounds are for requests; of a shape that is read, only user data is looked at as deeply.
    any(value, &|key, value| is_whole_float(value) || key == Some("userData") && depth(value) > 128)
}

/// A whole number that is not written as one.
fn is_whole_float(value: &Value) -> bool {
    value.as_number().is_some_and(|n| n.is_f64() && n.as_f64().is_some_and(|n| n.fract() == 0.0))
}

fn any(value: &Value, is_it: &dyn Fn(Option<&str>, &Value) -> bool) -> bool {
    fn walk(
        key: Option<&str>,
        value: &Value,
        is_it: &dyn Fn(Option<&str>, &Value) -> bool,
    ) -> bool {
        is_it(key, value)
            || match value {
                Value::Object(members) => members.iter().any(|(k, v)| walk(Some(k), v, is_it)),
                Value::Array(elements) => elements.iter().any(|v| walk(None, v, is_it)),
                _ => false,
            }
    }
    walk(None, value, is_it)
}

/// Containers inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The schema accepts what a JSON library makes of `json`; the parser refuses `json`, and says why.
#[track_caller]
fn check(name: &str, json: &str, because: &str) {
    let value: Value = serde_json::from_str(json).unwrap();
    check_value(name, &value, json, because);
}

#[track_caller]
fn check_value(name: &str, value: &Value, json: &str, because: &str) {
    assert!(is_valid(name, value), "{name}: {json}");
    let refused = parse(name, json).expect_err("only the parser knows");
    assert!(refused.contains(because), "{refused}");
}

/// DEC-7. Of the two, a JSON library keeps the last.
#[test]
fn a_key_twice() {
    check("operation", r#"{"operationName":"Leave","operationName":"Leave"}"#, "twice");
    check("operation", r#"{"operationName":"Leave","x":{"a":1,"\u0061":2}}"#, "twice");
    check("notification", r#"{"chat":{"userData":{"a":1,"a":2}}}"#, "twice");
    check("notification", r#"{"referenceId":1,"referenceId":2}"#, "duplicate field");
}

/// DEC-7. No validator gets to see one: their JSON libraries refuse it, or put another character there.
#[test]
fn a_lone_surrogate() {
    for (name, json) in [
        ("operation", r#"{"operationName":"AddComment","comment":"\ud800"}"#),
        ("notification", r#"{"chat":{"userData":{"a":"\ud800"}}}"#),
    ] {
        assert!(serde_json::from_str::<Value>(json).is_err());
        let replaced = serde_json::from_str(&json.replace("\\ud800", "\u{fffd}")).unwrap();
        check_value(name, &replaced, json, "surrogate");
    }
}

/// DEC-7: HTTP 413.
#[test]
fn a_body_that_is_too_long() {
    let text = "x".repeat(1 << 20);
    let json = json!({ "operationName": "SendMessage", "text": text }).to_string();
    check("operation", &json, "1048576 bytes");
}

/// DEC-7.
#[test]
fn too_deep_a_nesting() {
    let attach = |levels| {
        let value = nested(json!(1), levels, true);
        json!({ "operationName": "AttachUserData", "userData": { "a": value } })
    };
    assert_eq!(parse("operation", &attach(62).to_string()), Ok(()));
    check_value("operation", &attach(63), &attach(63).to_string(), "64");

    let read = |levels| json!({ "userData": { "a": nested(json!(1), levels, true) } });
    assert_eq!(parse("chat", &read(127).to_string()), Ok(()));
    check_value("chat", &read(128), &read(128).to_string(), "128");
    let unread = json!({ "x": nested(json!(1), 255, false) });
    assert_eq!(parse("chat", &unread.to_string()), Ok(()));
}

/// DEC-7: bounds are in bytes, and a schema counts characters.
#[test]
fn bytes_that_are_not_characters() {
    let accept = |name: &str| json!({ "operationName": "Accept", "nickname": name });
    for name in ["n".repeat(256), "é".repeat(128)] {
        assert_eq!(parse("operation", &accept(&name).to_string()), Ok(()));
    }
    assert!(!is_valid("operation", &accept(&"n".repeat(257))));
    let long = accept(&"é".repeat(129));
    check_value("operation", &long, &long.to_string(), "at most 256 bytes");

    let dispose = |key: &str| json!({ "operationName": "SetDisposition", "disposition": "x", "dispositionKey": key });
    for key in ["k".repeat(1_024), "é".repeat(512)] {
        assert_eq!(parse("operation", &dispose(&key).to_string()), Ok(()));
    }
    assert!(!is_valid("operation", &dispose(&"k".repeat(1_025))));
    let long = dispose(&"é".repeat(513));
    check_value("operation", &long, &long.to_string(), "at most 1024 bytes");

    let attach = |key: &str| json!({ "operationName": "AttachUserData", "userData": { key: 1 } });
    assert!(!is_valid("operation", &attach(&"k".repeat(1_025))));
    let long = attach(&"é".repeat(513));
    check_value("operation", &long, &long.to_string(), "1024");
}

/// A schema takes a number for its value: `1.0` is an integer.
#[test]
fn digits_of_a_whole_number() {
    for json in [r#"{"referenceId":1.0}"#, r#"{"referenceId":1e0}"#, r#"{"referenceId":-0}"#] {
        check("notification", json, "expected u64");
    }
    check("reply", r#"{"statusCode":0.0}"#, "expected u8");
}
