//! The OpenAPI document against the server: its paths are the table of routes, its examples are what the
//! model reads and the server prints, and who is judged by it is judged well.

use std::collections::BTreeSet;

use chat_http::routes;
use chat_model::{CustomerOperation, Limits, MonitoringOperation, Operation, SupervisorOperation};
use jsonschema::Validator;
use serde_json::Value;

use crate::judge::{CONTRACT, Contract, fits};
use crate::support::Answer;

#[test]
fn the_paths_are_the_routes() {
    let documented: BTreeSet<(String, String, String)> = CONTRACT
        .operations()
        .map(|(method, path, operation)| {
            let name = operation["operationId"].as_str().unwrap();
            (method.to_ascii_uppercase(), path.to_owned(), name.to_owned())
        })
        .collect();
    let served: BTreeSet<(String, String, String)> = routes()
        .map(|route| {
            let path = route.path().replace("{*", "{");
            (route.method().to_string(), path, route.name().to_owned())
        })
        .collect();
    assert_eq!(documented, served);
}

/// What a table of the model can read is read by it; the rest fits its schema.
#[test]
fn the_examples_of_requests_can_be_read() {
    let limits = Limits::default();
    let mut read = BTreeSet::new();
    for (_, _, operation) in CONTRACT.operations() {
        let content = &operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            continue;
        }
        let name = operation["operationId"].as_str().unwrap();
        let validator = CONTRACT.validator_of_request(&content["schema"]);
        let examples = content["examples"].as_object().unwrap();
        assert!(!examples.is_empty(), "{name} has no example");
        for (title, example) in examples {
            let what = format!("{name}, {title}");
            fits(&validator, &example["value"]).unwrap_or_else(|why| panic!("{what}: {why}"));
            let body = example["value"].to_string();
            let is_read = match name {
                "operateMyChat" => Operation::parse(body.as_bytes(), &limits).is_ok(),
                "operateAgentChat" => SupervisorOperation::parse(body.as_bytes(), &limits).is_ok(),
                "requestChat" => CustomerOperation::parse(body.as_bytes(), &limits).is_ok(),
                "operateChat" => {
                    CustomerOperation::parse(body.as_bytes(), &limits).is_ok()
                        || Operation::parse(body.as_bytes(), &limits).is_ok()
                }
                "operateAgentChannel" => {
                    MonitoringOperation::parse(body.as_bytes(), &limits).is_ok()
                        || title == "NotReady"
                }
                // What is the server's to read: the examples are what it answered when they were made.
                "operateMe" | "operateMyChannel" | "exchangeMessages" | "exchangeMessagesBelow" => {
                    true
                }
                other => panic!("{other}: who reads it?"),
            };
            assert!(is_read, "{what}: {body}");
            read.insert(name);
        }
    }
    assert!(read.len() >= 9, "{read:?}");
}

/// Every answer that has a form is shown, and in this form.
#[test]
fn the_examples_of_replies_fit() {
    let mut shown = 0;
    for (_, path, operation) in CONTRACT.operations() {
        let name = operation["operationId"].as_str().unwrap();
        // What is served there are documents, this one among them.
        if path.starts_with("/docs/") {
            continue;
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &CONTRACT.resolved(response)["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            let validator = CONTRACT.validator(&content["schema"]);
            let examples = content["examples"].as_object();
            let examples = examples.unwrap_or_else(|| panic!("{name} {status} has no example"));
            for (title, example) in examples {
                fits(&validator, &example["value"])
                    .unwrap_or_else(|why| panic!("{name} {status} {title}: {why}"));
                shown += 1;
            }
        }
    }
    assert!(shown > 500, "{shown}");
}

/// What is asked for by name is described, and the reverse: filters are members of the resources.
#[test]
fn filters_are_members() {
    let mut filters = 0;
    for (_, _, operation) in CONTRACT.operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let about = parameter["description"].as_str().unwrap_or_default();
            if !about.starts_with("Only those whose") {
                continue;
            }
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let text = CONTRACT.unfolded(schema, 6);
            let name = parameter["name"].as_str().unwrap();
            let is_member = text.contains(&format!("{name:?}:{{"));
            let of = operation["operationId"].as_str().unwrap();
            // What telephones would have, of which there are none.
            let is_of_telephones = ["listMyDevices", "listMyCalls"].contains(&of)
                || ["phoneNumber", "switchName", "userActivity"].contains(&name);
            assert_eq!(is_member, !is_of_telephones, "{of}: {name}");
            filters += 1;
        }
    }
    assert!(filters > 80, "{filters}");
}

#[test]
fn what_is_not_documented_is_found() {
    let answer = |status: u16, content_type: &str, text: &str| Answer {
        status: status.try_into().unwrap(),
        headers: [("content-type".parse().unwrap(), content_type.parse().unwrap())]
            .into_iter()
            .collect(),
        text: text.to_owned(),
    };
    let json = "application/json";
    let refused = r#"{"statusCode":6,"statusMessage":"no"}"#;
    for (method, path, answer, fits) in [
        ("GET", "/api/v2/queues", answer(200, json, r#"{"statusCode":0,"uris":[]}"#), true),
        ("GET", "/api/v2/queues/", answer(200, json, r#"{"statusCode":0,"queues":[]}"#), true),
        ("GET", "/api/v2/queues", answer(201, json, r#"{"statusCode":0,"uris":[]}"#), false),
        ("GET", "/api/v2/queues", answer(200, "text/html", r#"{"statusCode":0,"uris":[]}"#), false),
        ("GET", "/api/v2/queues", answer(200, json, r#"{"statusCode":0}"#), false),
        ("GET", "/api/v2/queues", answer(200, json, r#"{"statusCode":1,"uris":[]}"#), false),
        ("GET", "/api/v2/queues", answer(200, json, r#"{"statusCode":0,"uris":[],"x":1}"#), false),
        (
            "GET",
            "/api/v2/queues?fields=*",
            answer(200, json, r#"{"statusCode":0,"queues":[{"id":"a","x":1}]}"#),
            false,
        ),
        ("GET", "/api/v2/queues/a", answer(404, json, refused), true),
        ("GET", "/api/v2/queues/a", answer(404, json, r#"{"statusCode":6}"#), false),
        ("GET", "/api/v2/queues/a", answer(400, json, refused), false),
        ("GET", "/api/v2/nowhere", answer(404, json, refused), true),
        ("GET", "/api/v2/nowhere", answer(200, json, refused), false),
        ("PUT", "/api/v2/queues", answer(405, json, refused), true),
        ("PUT", "/api/v2/queues", answer(200, json, refused), false),
    ] {
        let judged = CONTRACT.judge(method, path, &answer);
        assert_eq!(judged.is_ok(), fits, "{method} {path} {answer:?}: {judged:?}");
    }
}

impl Contract {
    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
    }

    /// Of requests, unknown members are ignored.
    fn validator_of_request(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    /// A schema as text, with what it refers to.
    fn unfolded(&self, schema: &Value, depth: usize) -> String {
        let mut text = schema.to_string();
        if depth == 0 {
            return text;
        }
        for part in text.clone().split("\"$ref\":\"#").skip(1) {
            let path = part.split('"').next().unwrap();
            if let Some(found) = self.document.pointer(path) {
                text.push_str(&self.unfolded(found, depth - 1));
            }
        }
        text
    }
}
