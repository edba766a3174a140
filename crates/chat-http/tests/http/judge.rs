//! Whatever is answered in a test, compared with the OpenAPI document.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::Answer;

pub(crate) static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract::new(include_str!("../../../../docs/api/openapi.json")));

pub(crate) struct Contract {
    pub(crate) document: Value,
    /// The components of a document that allows nothing which it does not mention.
    closed: Value,
    /// By operation, status and media type.
    validators: Mutex<BTreeMap<(String, u16, String), Arc<Validator>>>,
}

/// Panics if `answer` is not what the document says about such a request.
#[track_caller]
pub(crate) fn judge(method: &str, path: &str, answer: &Answer) {
    if let Err(why) = CONTRACT.judge(method, path, answer) {
        panic!("{method} {path}: {why}: {answer:?}");
    }
}

impl Contract {
    fn new(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let mut closed = document["components"].clone();
        close(&mut closed);
        Self { document, closed, validators: Mutex::default() }
    }

    pub(crate) fn judge(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        let path = path.split('?').next().unwrap_or_default();
        // What answers GET answers HEAD, without the body.
        let asked = if method == "HEAD" { "GET" } else { method };
        let found = self.template(path.trim_end_matches('/'));
        let operation = found.map(|path| &path[asked.to_ascii_lowercase()]);
        let Some(operation) = operation.filter(|operation| operation.is_object()) else {
            return self.judge_stray(found.is_some(), answer);
        };
        let status = answer.status.as_u16();
        let response = self.resolved(&operation["responses"][status.to_string()]);
        if response.is_null() {
            return Err(format!("undocumented status {status}"));
        }
        for header in ["retry-after", "set-cookie"] {
            let is_documented = response["headers"].as_object().is_some_and(|headers| {
                headers.keys().any(|known| known.eq_ignore_ascii_case(header))
            });
            // Of notifications the cookie is Bayeux's (BAYEUX-2.2).
            let is_bayeux = operation["tags"][0] == "Notifications";
            if answer.header(header).is_some() && !is_documented && !is_bayeux {
                return Err(format!("undocumented header {header}"));
            }
        }
        if method == "HEAD" {
            return Ok(());
        }
        let Some(content) = response["content"].as_object() else {
            // A GET of notifications is refused with a body or without one, which no document can say.
            return match (operation["tags"][0] == "Notifications", status) {
                _ if answer.text.is_empty() => Ok(()),
                (true, 400) => self.judge_refusal(answer),
                _ => Err("a body where none is documented".to_owned()),
            };
        };
        // A status of Bayeux's own says everything (BAYEUX-1.14).
        if operation["tags"][0] == "Notifications" && status != 200 && answer.text.is_empty() {
            return match answer.header("content-type") {
                None => Ok(()),
                Some(found) => Err(format!("nothing, of the media type {found:?}")),
            };
        }
        let found = answer.header("content-type").unwrap_or_default();
        let media_type = found.split(';').next().unwrap_or_default();
        let Some(described) = content.get(media_type).or_else(|| content.get("*/*")) else {
            return Err(format!("undocumented media type {found:?}"));
        };
        if media_type != "application/json" {
            return Ok(());
        }
        let body: Value = serde_json::from_str(&answer.text).map_err(|error| error.to_string())?;
        let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let key = (name, status, media_type.to_owned());
        let validator = {
            let mut validators = self.validators.lock().unwrap();
            let made = validators.entry(key);
            made.or_insert_with(|| Arc::new(self.validator(&described["schema"]))).clone()
        };
        fits(&validator, &body)
    }

    /// An address or a method that the document does not have is refused in the form of all refusals.
    fn judge_stray(&self, has_path: bool, answer: &Answer) -> Result<(), String> {
        // PLAT-1.6-1: browsers ask before they ask.
        let is_preflight = answer.header("access-control-allow-methods").is_some();
        let expected = if has_path { 405 } else { 404 };
        if is_preflight {
            return Ok(());
        }
        if answer.status != expected {
            return Err(format!("expected the status {expected} of what is not documented"));
        }
        self.judge_refusal(answer)
    }

    fn judge_refusal(&self, answer: &Answer) -> Result<(), String> {
        let body = serde_json::from_str(&answer.text).map_err(|error| error.to_string())?;
        fits(&self.validator(&json!({ "$ref": "#/components/schemas/Refusal" })), &body)
    }

    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        close(&mut schema);
        schema["components"] = self.closed.clone();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    /// The document's entry for a path: the one with the fewest variable parts.
    fn template(&self, path: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let fitting = paths.iter().filter(|(template, _)| {
            // OpenAPI has no parts that go over slashes.
            if template.ends_with("/{suffix}") {
                return path.starts_with("/api/v2/notifications/");
            }
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(one, part)| {
                    if one.starts_with('{') { !part.is_empty() } else { one == part }
                })
        });
        fitting.min_by_key(|(template, _)| template.matches('{').count()).map(|(_, found)| found)
    }

    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(path) => self.document.pointer(path.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }
}

pub(crate) fn fits(validator: &Validator, body: &Value) -> Result<(), String> {
    let problems: Vec<String> = validator
        .iter_errors(body)
        .map(|problem| format!("{} at {}", problem, problem.instance_path()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// Lets objects have no members but those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(elements) => elements.iter_mut().for_each(close),
        Value::Object(members) => {
            members
                .iter_mut()
                .filter(|(key, _)| *key != "examples")
                .for_each(|(_, one)| close(one));
            let is_described = members.get("properties").is_some_and(Value::is_object);
            if members.get("type").is_some_and(|kind| kind == "object") && is_described {
                members.entry("additionalProperties").or_insert(json!(false));
            }
        }
        _ => {}
    }
}
