//! From a schema in memory to the bytes of its file.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

/// A document of its own, [`tidied`]. The `$id` is a URN, because an address needs a host, and every host is
/// somebody's (`docs/decisions/0017`).
pub fn document(name: &str, title: &str, description: &str, body: Value) -> Value {
    let mut document = tidied(body);
    if let Value::Object(members) = &mut document {
        members.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        members.insert("$id".to_owned(), json!(format!("urn:gws-chat:schema:{name}")));
        members.insert("title".to_owned(), json!(title));
        members.insert("description".to_owned(), json!(one_line(description)));
    }
    document
}

/// A schema without what is only for Rust: links in descriptions are words, and the widths of
/// integers, which no validator knows as a `format`, are bounds.
pub fn tidied(schema: Value) -> Value {
    match schema {
        Value::Array(elements) => elements.into_iter().map(tidied).collect(),
        Value::Object(members) => {
            let mut out: Map<String, Value> = Map::new();
            for (key, value) in members {
                match (key.as_str(), &value) {
                    // Nothing is what an absent member stands for anyway.
                    ("default", Value::Null) => {}
                    // What is inside is data.
                    ("examples" | "const" | "enum" | "default", _) => {
                        out.insert(key, value);
                    }
                    ("description", Value::String(text)) => {
                        out.insert(key, json!(one_line(text)));
                    }
                    ("format", Value::String(width)) if bounds(width).is_some() => {
                        let (least, most) = bounds(width).unwrap_or_default();
                        out.entry("minimum").or_insert(least);
                        out.entry("maximum").or_insert(most);
                    }
                    _ => {
                        out.insert(key, tidied(value));
                    }
                }
            }
            Value::Object(out)
        }
        other => other,
    }
}

fn bounds(width: &str) -> Option<(Value, Value)> {
    match width {
        "uint8" => Some((json!(0), json!(u8::MAX))),
        "uint16" => Some((json!(0), json!(u16::MAX))),
        "uint32" => Some((json!(0), json!(u32::MAX))),
        // A `usize` is read on 64 bits here, as in every server.
        "uint64" | "uint" => Some((json!(0), json!(u64::MAX))),
        "int16" => Some((json!(i16::MIN), json!(i16::MAX))),
        "int32" => Some((json!(i32::MIN), json!(i32::MAX))),
        "int64" => Some((json!(i64::MIN), json!(i64::MAX))),
        _ => None,
    }
}

/// A doc comment as a sentence: one line, and a link is the word that it stands on.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out = words.join(" ");
    while let Some(at) = out.find("[`") {
        let Some(end) = out[at..].find("`]") else { break };
        let word = out[at + 1..=at + end].to_owned();
        let behind = &out[at + end + 2..];
        let target = behind.strip_prefix('(').and_then(|rest| rest.find(')'));
        let skip = target.map_or(0, |len| len + 2);
        out.replace_range(at..at + end + 2 + skip, &word);
    }
    out
}

/// Indented JSON, keys sorted at every depth, with a line break at the end.
pub fn pretty(value: Value) -> String {
    let mut out = String::new();
    write(&mut out, &value, 0);
    out.push('\n');
    out
}

/// How long a container may be to stand on one line.
const LINE: usize = 100;

fn write(out: &mut String, value: &Value, depth: usize) {
    let compact = compact(value);
    let is_leaf = match value {
        Value::Array(elements) => elements.iter().all(|one| !one.is_object()),
        Value::Object(members) => members.values().all(|one| !one.is_object() && !one.is_array()),
        _ => true,
    };
    if is_leaf && depth * 2 + compact.len() <= LINE {
        out.push_str(&compact);
        return;
    }
    let indent = "  ".repeat(depth + 1);
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "[\n" } else { ",\n" });
                out.push_str(&indent);
                write(out, element, depth + 1);
            }
            out.push_str(&format!("\n{}]", "  ".repeat(depth)));
        }
        Value::Object(members) => {
            for (at, (key, member)) in sorted(members).into_iter().enumerate() {
                out.push_str(if at == 0 { "{\n" } else { ",\n" });
                out.push_str(&format!("{indent}{}: ", Value::from(key)));
                write(out, member, depth + 1);
            }
            out.push_str(&format!("\n{}}}", "  ".repeat(depth)));
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn compact(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(compact).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = sorted(members)
                .into_iter()
                .map(|(key, member)| format!("{}: {}", Value::from(key), compact(member)))
                .collect();
            if members.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", members.join(", "))
            }
        }
        scalar => scalar.to_string(),
    }
}

/// `preserve_order` of serde_json, which an embedder may switch on, would keep the order of insertion.
fn sorted(members: &Map<String, Value>) -> BTreeMap<&str, &Value> {
    members.iter().map(|(key, member)| (key.as_str(), member)).collect()
}
