//! Every JSON that a page of this repository prints can be read, and fits the contract if it is part
//! of it: a reader copies examples.
//!
//! Fenced blocks are whole. What stands in a line may be schematic (`{"statusCode":n,…}`): with an
//! ellipsis or a bare word outside its texts, or a member without a value. Everything else is an
//! example.
//!
//! The reference pages (docs/api) must have one section for each operation and notification, and every
//! rule that they link to must be in the section that the link leads to.

mod reference;

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::{check, validator};

/// Folders that hold what tools made.
const MADE_BY_TOOLS: [&str; 4] = [".git", "target", "node_modules", ".venv"];

const REQUESTS: [&str; 4] =
    ["operation", "customer-operation", "monitoring-operation", "supervisor-operation"];

struct Contract {
    requests: [(Value, Validator); 4],
    session: Validator,
    channel: Validator,
    event: Validator,
    reply: Validator,
    notification: Validator,
}

impl Contract {
    fn new() -> Self {
        let requests = REQUESTS.map(|name| {
            let schema: Value =
                serde_json::from_str(&chat_model::schema::generate(name).unwrap()).unwrap();
            (schema["properties"]["operationName"]["enum"].clone(), validator(name))
        });
        Self {
            requests,
            session: component("SessionOperation"),
            channel: component("AgentChannelOperation"),
            event: component("BayeuxEvent"),
            reply: validator("reply"),
            notification: validator("notification"),
        }
    }

    /// Compares an example with the schema of what it is; how many that were.
    fn check(&self, place: &str, json: &str) -> usize {
        let mut compared = 0;
        let value: Value =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("{place}: {error}: {json}"));
        if let Some(name) = value["operationName"].as_str() {
            let known = self
                .requests
                .iter()
                .filter(|(names, _)| names.as_array().unwrap().iter().any(|known| known == name));
            let known: Vec<_> = known.collect();
            // All others are about the contact center session.
            let fits = if known.is_empty() {
                self.session.is_valid(&value) || self.channel.is_valid(&value)
            } else {
                known.iter().any(|(_, validator)| validator.is_valid(&value))
            };
            assert!(fits, "{place}: expected the body of an operation, found {json}");
            compared += 1;
        }
        if value["messageType"] == "ChannelStateChangeMessageV2" {
            let event = serde_json::json!({ "channel": "/v2/me/channels", "data": value });
            check(place, &self.event, &event.to_string());
            compared += 1;
        }
        if value.get("notificationType").is_some() {
            check(place, &self.notification, json);
            compared += 1;
        }
        if value.get("statusCode").is_some() {
            check(place, &self.reply, json);
            compared += 1;
        }
        compared
    }
}

#[test]
fn print_json_that_can_be_read_and_fits() {
    let contract = Contract::new();
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let Page { blocks, prose } = page(&text);
        let is_reference = path.starts_with(root().join("docs/api"));
        for (at, block) in blocks {
            let place = format!("{}:{at}", path.display());
            let compared = contract.check(&place, &block);
            assert!(compared == 1 || !is_reference, "{place}: {compared} schemas are of {block}");
        }
        for (at, line) in prose {
            for span in line.split('`').skip(1).step_by(2).filter(|span| is_json(span)) {
                contract.check(&format!("{}:{at}", path.display()), span);
            }
        }
    }
}

#[test]
fn what_is_schematic_is_told_from_what_is_wrong() {
    for (span, expected) in [
        (r#"{"statusCode":0}"#, true),
        (r#"{"statusMessage":"…"}"#, true),
        (r#"{"statusCode":0,}"#, true),
        (r#"{"a":true,"b":[null,1e5]"#, true),
        (r#"{"a":…}"#, false),
        (r#"{"statusCode":n}"#, false),
        (r#"{"channel","id"}"#, false),
        (r#"[{"id","successful":true}]"#, false),
        (r#"["a","b"]"#, true),
        (r#"[{"settings":[{name,value}]}]"#, false),
        ("{id}", false),
        ("[server]", false),
    ] {
        assert_eq!(is_json(span), expected, "{span}");
    }
}

/// Whether a span of code is meant as JSON, rightly or wrongly, and as a whole.
fn is_json(span: &str) -> bool {
    if !["{\"", "[{", "[\""].iter().any(|start| span.starts_with(start)) {
        return false;
    }
    // Texts become one sign, so that what they contain does not count.
    let mut outside = String::new();
    let mut inside = false;
    let mut signs = span.chars();
    while let Some(sign) = signs.next() {
        match (sign, inside) {
            ('\\', true) => drop(signs.next()),
            ('"', _) => {
                inside = !inside;
                outside.push_str(if inside { "\"" } else { "" });
            }
            (_, true) => {}
            (sign, false) => outside.push(sign),
        }
    }
    let is_bare = |word: &str| {
        !matches!(word, "" | "true" | "false" | "null")
            && !word.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-')
    };
    let words = outside.split(|sign: char| "{}[]\",: ".contains(sign));
    let is_without_value = ["{\",", "{\"}", ",\"}"].iter().any(|it| outside.contains(it));
    !words.into_iter().any(is_bare) && !is_without_value
}

/// A page taken apart, everything with its line number.
#[derive(Default)]
struct Page<'a> {
    /// The blocks of JSON.
    blocks: Vec<(usize, String)>,
    /// The lines outside of blocks.
    prose: Vec<(usize, &'a str)>,
}

fn page(text: &str) -> Page<'_> {
    let Page { mut blocks, mut prose } = Page::default();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        match line.trim_start().strip_prefix("```") {
            None => prose.push((at + 1, line)),
            Some(language) => {
                let inside = lines.by_ref().map(|(_, line)| line);
                let block: Vec<&str> =
                    inside.take_while(|line| !line.trim_start().starts_with("```")).collect();
                match language {
                    "json" => blocks.push((at + 1, block.join("\n"))),
                    "ndjson" => {
                        blocks.extend(block.iter().map(|line| (at + 1, (*line).to_owned())));
                    }
                    _ => {}
                }
            }
        }
    }
    Page { blocks, prose }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The schema of this name in the OpenAPI document.
fn component(name: &str) -> Validator {
    let text = fs::read_to_string(root().join("docs/api/openapi.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let schema = serde_json::json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"].take(),
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Every Markdown file of the repository.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (Vec::new(), vec![root().to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if MADE_BY_TOOLS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}
