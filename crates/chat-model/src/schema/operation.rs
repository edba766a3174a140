//! The schemas of operations, read off the tables that the parsers are made from.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use crate::json::Limits;
use crate::operation::{Parameter, ParameterKind, longest};
use crate::state::{SupervisionMode, SupervisionScope};

/// One row of a table of operations.
pub(super) struct Row {
    pub(super) spellings: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    pub(super) summary: &'static str,
}

/// A body that is one of the table's operations: a union that `operationName` tells apart.
pub(super) fn union(rows: &[Row]) -> Value {
    let definitions: Map<String, Value> = rows
        .iter()
        .map(|row| (row.spellings[0].to_owned(), operation(row)))
        .chain([
            ("Json".to_owned(), json_value()),
            ("Key".to_owned(), key()),
            ("UserData".to_owned(), user_data()),
        ])
        .collect();
    let names: Vec<&str> = rows.iter().flat_map(|row| row.spellings).copied().collect();
    let branches: Vec<Value> =
        rows.iter().map(|row| json!({ "$ref": format!("#/$defs/{}", row.spellings[0]) })).collect();
    let examples: Vec<Value> = rows.iter().map(example).collect();
    json!({
        "type": "object",
        "properties": { "operationName": { "description": "Which operation it is.", "enum": names } },
        "required": ["operationName"],
        // Of members that no operation knows, too, keys are read (DEC-7).
        "propertyNames": { "$ref": "#/$defs/Key" },
        "additionalProperties": { "$ref": "#/$defs/Json" },
        "oneOf": branches,
        "examples": examples,
        "$defs": definitions,
    })
}

fn operation(row: &Row) -> Value {
    let name = match row.spellings {
        [name] => json!({ "const": name }),
        names => json!({ "enum": names }),
    };
    let mut schema = Shape::new();
    schema.member("operationName", name, true);
    for parameter in row.parameters {
        schema.parameter(parameter);
    }
    let Shape { members, required, mut rest } = schema;
    rest.extend([
        ("description".to_owned(), json!(row.summary.trim())),
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(members)),
        ("required".to_owned(), json!(required)),
    ]);
    Value::Object(rest)
}

/// What becomes the schema of one operation.
struct Shape {
    members: Map<String, Value>,
    required: Vec<&'static str>,
    /// Keywords beside `properties`: what several members together must be.
    rest: Map<String, Value>,
}

impl Shape {
    fn new() -> Self {
        Self { members: Map::new(), required: Vec::new(), rest: Map::new() }
    }

    fn member(&mut self, name: &'static str, schema: Value, required: bool) {
        self.members.insert(name.to_owned(), schema);
        if required {
            self.required.push(name);
        }
    }

    /// An absent or `null` parameter that is required is refused with code 1 (DEC-4), and an optional
    /// `null` is as good as absent (PLAT-1.1-12).
    fn parameter(&mut self, parameter: &Parameter) {
        let Parameter { name, kind, required } = *parameter;
        let or_null = |kind: &str| if required { json!(kind) } else { json!([kind, "null"]) };
        let schema = match kind {
            ParameterKind::Text => text(name, or_null("string"), 0),
            ParameterKind::NonEmptyText => text(name, or_null("string"), 1),
            ParameterKind::Boolean => json!({ "type": or_null("boolean") }),
            ParameterKind::UserData if required => json!({ "$ref": "#/$defs/UserData" }),
            ParameterKind::UserData => {
                json!({ "anyOf": [{ "$ref": "#/$defs/UserData" }, { "type": "null" }] })
            }
            // A key that no chat can have is unknown like any other (DEC-3).
            ParameterKind::Keys => json!({ "type": "array", "items": { "type": "string" } }),
            ParameterKind::SupervisionScope => {
                one_of(SupervisionScope::ALL.iter().map(|s| s.as_str()))
            }
            ParameterKind::SupervisionMode => {
                one_of(SupervisionMode::ALL.iter().map(|m| m.as_str()))
            }
            ParameterKind::Message => return self.message(name, required),
            ParameterKind::Agent => return self.target(&["users"], &["targetUri", "targetPath"]),
            ParameterKind::AgentOrQueue => {
                return self.target(&["users", "queues"], &["targetUri", "targetPath"]);
            }
            ParameterKind::TransferTarget => {
                return self.target(&["users"], &["targetUri", "targetPath", "queueName"]);
            }
        };
        self.member(name, schema, required);
    }

    /// The trio (CHAT-7.0): without a `text` that says something the other two are not looked at
    /// (DEC-12).
    fn message(&mut self, name: &'static str, required: bool) {
        let message_type = json!({
            "description": "A free classification, which receivers get back.",
            "type": ["string", "null"],
        });
        let treat_as = json!({
            "description": "How it is to be treated; not passed on.",
            "enum": ["Normal", "System", null],
        });
        if required {
            self.member(name, text(name, json!("string"), 1), true);
            self.member("messageType", message_type, false);
            self.member("treatAs", treat_as, false);
            return;
        }
        self.member(name, text(name, json!(["string", "null"]), 0), false);
        let says_something = json!({
            "properties": { name: { "type": "string", "minLength": 1 } },
            "required": [name],
        });
        let beside = json!({ "properties": { "messageType": message_type, "treatAs": treat_as } });
        self.rest.insert("if".to_owned(), says_something);
        self.rest.insert("then".to_owned(), beside);
    }

    /// Exactly one of `names`: none is code 1, two are code 10 (DEC-15).
    fn target(&mut self, kinds: &[&str], names: &[&'static str]) {
        for &name in names {
            let schema = match name {
                "targetUri" => json!({
                    "description": "The absolute address; any host is accepted.",
                    "pattern": format!("(?:^|^/|[^/]|[^:]/)/api/v2/{}", address(kinds)),
                }),
                "targetPath" => json!({
                    "description": "The address below `/api/v2`.",
                    "pattern": format!("^/{}", address(kinds)),
                }),
                _ => json!({ "description": "The name of a queue.", "minLength": 1 }),
            };
            let Value::Object(mut schema) = schema else { continue };
            schema.insert("type".to_owned(), json!(["string", "null"]));
            self.member(name, Value::Object(schema), false);
        }
        let only = |the_one: &str| {
            let members: Map<String, Value> = names
                .iter()
                .map(|&name| {
                    let kind = if name == the_one { "string" } else { "null" };
                    (name.to_owned(), json!({ "type": kind }))
                })
                .collect();
            json!({ "properties": members, "required": [the_one] })
        };
        let branches: Vec<Value> = names.iter().map(|name| only(name)).collect();
        self.rest.insert("oneOf".to_owned(), json!(branches));
    }
}

fn text(name: &str, kind: Value, least: usize) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), kind)]);
    if least > 0 {
        schema.insert("minLength".to_owned(), json!(least));
    }
    if let Some(most) = longest(name, &Limits::default()) {
        schema.insert("maxLength".to_owned(), json!(most));
    }
    Value::Object(schema)
}

fn one_of(names: impl Iterator<Item = &'static str>) -> Value {
    let values: Vec<Value> = names.map(Value::from).chain([Value::Null]).collect();
    json!({ "enum": values })
}

/// `users/{id}`, up to the end. The white space is Unicode's, written out because regular expressions
/// disagree about it.
fn address(kinds: &[&str]) -> String {
    const ID: &str = r"[^/?#\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$";
    match kinds {
        [kind] => format!("{kind}/{ID}"),
        kinds => format!("(?:{})/{ID}", kinds.join("|")),
    }
}

/// Any JSON whose keys can be kept, at every depth (DEC-7).
fn json_value() -> Value {
    json!({
        "description": "Any JSON.",
        "anyOf": [
            { "type": "null" },
            { "type": "boolean" },
            { "type": "number" },
            { "type": "string" },
            { "type": "array", "items": { "$ref": "#/$defs/Json" } },
            {
                "type": "object",
                "propertyNames": { "$ref": "#/$defs/Key" },
                "additionalProperties": { "$ref": "#/$defs/Json" },
            },
        ],
    })
}

fn key() -> Value {
    json!({
        "description": "The key of a member.",
        "type": "string",
        "minLength": 1,
        "maxLength": Limits::default().max_key_bytes,
    })
}

fn user_data() -> Value {
    json!({
        "description": "Ordered pairs of the application's choosing; values are any JSON and stay exact \
            (DEC-6).",
        "type": "object",
        "propertyNames": { "$ref": "#/$defs/Key" },
        "additionalProperties": { "$ref": "#/$defs/Json" },
        "maxProperties": Limits::default().max_keys,
    })
}

/// The operation as a client would write it, every parameter in place.
fn example(row: &Row) -> Value {
    let mut body = Map::from_iter([("operationName".to_owned(), json!(row.spellings[0]))]);
    for parameter in row.parameters {
        let user = "/users/1e553fa1b4164908a5f36d43cec96086";
        let (name, value) = match parameter.kind {
            ParameterKind::Text | ParameterKind::NonEmptyText => {
                (parameter.name, sample_text(row.spellings[0], parameter.name))
            }
            ParameterKind::Boolean => (parameter.name, json!(true)),
            ParameterKind::UserData => (
                parameter.name,
                json!({ "topic": "billing", "priority": 2, "tags": ["invoice", null] }),
            ),
            ParameterKind::Keys => (parameter.name, json!(["priority", "tags"])),
            ParameterKind::Message => (parameter.name, json!("One moment, please.")),
            ParameterKind::Agent | ParameterKind::TransferTarget => {
                ("targetUri", json!(format!("http://localhost:8090/api/v2{user}")))
            }
            ParameterKind::AgentOrQueue => ("targetPath", json!(user)),
            ParameterKind::SupervisionScope => (parameter.name, json!("NextChat")),
            ParameterKind::SupervisionMode => (parameter.name, json!("Coach")),
        };
        body.insert(name.to_owned(), value);
    }
    Value::Object(body)
}

fn sample_text(operation: &str, name: &str) -> Value {
    json!(match name {
        "nickname" if operation == "RequestChat" => "Chris",
        "nickname" => "Amy",
        "subject" => "A question about my bill",
        "url" => "https://www.example.com/bill",
        "noticeText" => "The recording was stopped.",
        "comment" => "Calls back on Monday.",
        "disposition" => "resolved",
        "dispositionKey" => "DispositionCode",
        "queueName" | "endpoint" => "support",
        _ => "One moment, please.",
    })
}
