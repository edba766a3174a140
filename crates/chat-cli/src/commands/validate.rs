//! `chat validate`: whether files hold what the interface allows.
//!
//! The committed schemas say what a text has to look like, and the model's own reader what no schema can
//! say: that a key comes once, that operations have what they need.

use std::path::Path;

use chat_model::{
    CustomerOperation, CustomerOperationKind, JsonRef, MonitoringOperation,
    MonitoringOperationKind, Operation, OperationKind, SupervisorOperation,
    SupervisorOperationKind, schema, write_string,
};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};

use super::texts;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Validate) -> Result<Exit, Failure> {
    let said = match &args.schema {
        None => None,
        Some(name) => {
            Some(schema::NAMES.iter().copied().find(|known| known == name).ok_or_else(|| {
                let names = schema::NAMES.join(", ");
                Failure::usage(format!("--schema: expected one of {names}, found {name:?}"))
            })?)
        }
    };
    let mut validators = Validators::default();
    let mut all_valid = true;
    for file in &args.files {
        let bytes = super::read(file)?;
        let texts = texts::split(file, &bytes)?;
        if texts.is_empty() {
            return Err(Failure::failed(format!(
                "{}: expected JSON, found none",
                super::name(file)
            )));
        }
        let is_one = texts.len() == 1;
        for (at, text) in texts.into_iter().enumerate() {
            let number = (!is_one).then_some(at + 1);
            let found = validators.judge(text, said);
            all_valid &= found.problems.is_empty();
            print(file, number, &found, args.output.json)?;
        }
    }
    Ok(if all_valid { Exit::Done } else { Exit::No })
}

/// What came of one text.
struct Found {
    schema: Option<&'static str>,
    problems: Vec<Problem>,
}

/// A place, as a JSON pointer, and what is wrong there.
struct Problem {
    at: String,
    why: String,
    /// None of several forms fits, and none of them seems to be the one that was meant.
    is_vague: bool,
}

/// The schemas that were needed so far.
#[derive(Default)]
struct Validators(Vec<(&'static str, Validator)>);

impl Validators {
    fn judge(&mut self, text: &str, said: Option<&'static str>) -> Found {
        let problem = |why: String| vec![Problem { at: String::new(), why, is_vague: false }];
        let json = match texts::strict(text) {
            Ok(json) => json,
            Err(why) => return Found { schema: said, problems: problem(why) },
        };
        let Some(name) = said.or_else(|| looks_like(json)) else {
            let why = "expected an operation, a chat, a notification or something else of the interface; \
                       say which with --schema";
            return Found { schema: None, problems: problem(why.to_owned()) };
        };
        let value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                return Found { schema: Some(name), problems: problem(error.to_string()) };
            }
        };
        let mut problems: Vec<Problem> =
            self.of(name).iter_errors(&value).flat_map(|error| causes(&error)).collect();
        // The reader knows which of many forms was meant.
        if problems.iter().all(|problem| problem.is_vague)
            && let Err(why) = read(name, text)
        {
            problems = problem(why);
        }
        if problems.iter().any(|problem| !problem.is_vague) {
            problems.retain(|problem| !problem.is_vague);
        }
        Found { schema: Some(name), problems }
    }

    fn of(&mut self, name: &'static str) -> &Validator {
        let at = self.0.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            let text = schema::text(name).expect("a name of the table has a schema");
            let schema = serde_json::from_str(text).expect("a committed schema is JSON");
            let validator = jsonschema::validator_for(&schema).expect("and a schema");
            self.0.push((name, validator));
            self.0.len() - 1
        });
        &self.0[at].1
    }
}

/// What is wrong, at the place where it is wrong: of alternatives that all fail, that of the one that was
/// meant, which is the one whose `operationName` fits and that got farthest.
fn causes(error: &ValidationError<'_>) -> Vec<Problem> {
    let here = depth(error);
    let mut is_vague = false;
    if let ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } =
        error.kind()
    {
        is_vague = true;
        let is_meant = |branch: &&Vec<ValidationError<'static>>| {
            let fits =
                |error: &ValidationError<'_>| error.instance_path().as_str() != "/operationName";
            branch.iter().all(fits) && branch.iter().any(|error| depth(error) > here)
        };
        let farthest = |branch: &&Vec<ValidationError<'static>>| branch.iter().map(depth).max();
        if let Some(branch) = context.iter().filter(is_meant).max_by_key(farthest) {
            return branch.iter().flat_map(causes).collect();
        }
    }
    vec![Problem { at: error.instance_path().to_string(), why: error.to_string(), is_vague }]
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().as_str().matches('/').count()
}

/// What the schema cannot say of operations.
fn read(schema: &str, text: &str) -> Result<(), String> {
    let (json, limits) = (text.as_bytes(), &super::file_limits());
    let read = match schema {
        "operation" => Operation::parse(json, limits).map(drop),
        "customer-operation" => CustomerOperation::parse(json, limits).map(drop),
        "monitoring-operation" => MonitoringOperation::parse(json, limits).map(drop),
        "supervisor-operation" => SupervisorOperation::parse(json, limits).map(drop),
        _ => Ok(()),
    };
    read.map_err(|rejection| rejection.to_string())
}

/// The schema that a text seems to be made for, by the members that nothing else has.
fn looks_like(json: JsonRef<'_>) -> Option<&'static str> {
    let has = |name: &str| json.get(name).is_some();
    if let Some(name) = json.get("operationName") {
        let name = name.decode_string().unwrap_or_default();
        // Said by both, it is an agent's unless it has what only a visitor says.
        return Some(if OperationKind::from_name(&name).is_some() {
            "operation"
        } else if CustomerOperationKind::from_name(&name).is_some() {
            "customer-operation"
        } else if MonitoringOperationKind::from_name(&name).is_some() {
            "monitoring-operation"
        } else if SupervisorOperationKind::from_name(&name).is_some() {
            "supervisor-operation"
        } else {
            "operation"
        });
    }
    let state = json.get("state").and_then(JsonRef::decode_string).unwrap_or_default();
    Some(match () {
        () if has("notificationType") || has("messageType") && has("chat") => "notification",
        () if has("snapshot") => "snapshot",
        () if has("events") => "event",
        () if has("statusCode") => "reply",
        () if has("index") && has("from") => "message",
        () if matches!(&*state, "WaitingForAgent" | "Idle") => "customer-chat",
        () if has("state") || has("capabilities") || has("userData") => "chat",
        () if has("participantId") => "participant",
        () => return None,
    })
}

fn print(file: &Path, number: Option<usize>, found: &Found, json: bool) -> Result<(), Failure> {
    let mut name = super::name(file);
    if !json {
        if let Some(number) = number {
            name.push_str(&format!(", text {number}"));
        }
        let schema = found.schema.unwrap_or("text");
        if found.problems.is_empty() {
            return render::line(format_args!("{name}: valid {schema}"));
        }
        for Problem { at, why, .. } in &found.problems {
            let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
            render::line(format_args!("{name}: no valid {schema}:{at} {why}"))?;
        }
        return Ok(());
    }
    let mut line = String::from(r#"{"file":"#);
    write_string(&mut line, &name);
    if let Some(number) = number {
        line.push_str(&format!(",\"text\":{number}"));
    }
    line.push_str(",\"schema\":");
    match found.schema {
        Some(schema) => write_string(&mut line, schema),
        None => line.push_str("null"),
    }
    line.push_str(&format!(",\"valid\":{},\"problems\":[", found.problems.is_empty()));
    for (at, problem) in found.problems.iter().enumerate() {
        line.push_str(if at > 0 { ",{\"at\":" } else { "{\"at\":" });
        write_string(&mut line, &problem.at);
        line.push_str(",\"why\":");
        write_string(&mut line, &problem.why);
        line.push('}');
    }
    line.push_str("]}");
    render::line(line)
}
