//! `chat config`: whether a configuration would do, before a server is told to use it.

use std::path::Path;

use chat_http::Config;
use chat_model::write_string;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::args::{self, ConfigCommand};
use crate::documents;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Config) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Check { file, output } => check(file, output.json),
    }
}

/// Everything in a document that its schema does not know or does not want, without the values: one of
/// them may be a password.
fn misfits(text: &str) -> Vec<(String, String)> {
    let Ok(value) = toml::from_str::<Value>(text) else { return Vec::new() };
    let schema = documents::named("configuration").expect("the configuration has a schema");
    let schema = serde_json::from_str(schema).expect("a committed schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("and a schema");
    let mut all = Vec::new();
    for error in validator.iter_errors(&value) {
        let table = field(error.instance_path().as_str());
        let below = |name: &str| match table.as_str() {
            "" => name.to_owned(),
            table => format!("{table}.{name}"),
        };
        let told = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
                .iter()
                .map(|name| {
                    (below(name), "expected the name of a setting, found an unknown one".to_owned())
                })
                .collect(),
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                vec![(below(name), "expected a value, found none".to_owned())]
            }
            _ => vec![(table, error.masked_with("the value").to_string())],
        };
        all.extend(told.into_iter().map(|(at, why)| {
            let why = format!("{at}: {why}");
            (at, why)
        }));
    }
    all
}

/// `/users/2/name` as `users[2].name`.
fn field(pointer: &str) -> String {
    let mut field = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            field.push_str(&format!("[{part}]"));
        } else {
            field.push_str(if field.is_empty() { "" } else { "." });
            field.push_str(part);
        }
    }
    field
}

fn check(file: &Path, json: bool) -> Result<Exit, Failure> {
    let name = super::name(file);
    let text = String::from_utf8(super::read(file)?)
        .map_err(|error| Failure::failed(format!("{name}: expected UTF-8, found {error}")))?;
    let problems: Vec<(String, String)> = match Config::from_toml(&text) {
        Ok(config) if !json => {
            render::line(format_args!(
                "{name}: {} users, {} queues, listens on {}: fine",
                config.users.len(),
                config.queues.len(),
                config.server.listen
            ))?;
            return Ok(Exit::Done);
        }
        Ok(_) => Vec::new(),
        Err(error) => {
            let each = error.problems().iter();
            let told: Vec<_> = each.map(|one| (one.field().to_owned(), one.to_string())).collect();
            let is_unreadable = error.problems().iter().all(|one| one.field().is_empty());
            // Reading ends at the first value that does not fit, and shows its line.
            match misfits(&text) {
                all if is_unreadable && all.len() > 1 => all,
                _ => told,
            }
        }
    };
    if json {
        let mut line = String::from(r#"{"file":"#);
        write_string(&mut line, &name);
        line.push_str(&format!(",\"valid\":{},\"problems\":[", problems.is_empty()));
        for (at, (field, why)) in problems.iter().enumerate() {
            line.push_str(if at > 0 { ",{\"at\":" } else { "{\"at\":" });
            write_string(&mut line, field);
            line.push_str(",\"why\":");
            write_string(&mut line, why);
            line.push('}');
        }
        line.push_str("]}");
        render::line(line)?;
    } else {
        for (_, why) in &problems {
            render::line(format_args!("{name}: {why}"))?;
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::No })
}
