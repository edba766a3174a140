//! The page of operations: what each takes, who may ask when, and what comes of it.
//!
//! Parameters are read off the tables of chat-model, who may off its table of capabilities, rules off
//! the protocol's pages; replies, notifications and refusals are what the model says when it is asked.

mod parameters;
mod refused;
mod stage;
mod when;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chat_model::{
    CustomerOperationKind, MonitoringOperationKind, OperationKind, Parameter, ParameterKind,
    SupervisorOperationKind,
};
use serde_json::{Value, json};

use super::cases::Cases;
use super::rules::Rules;
use stage::{Outcome, Scene};

/// One operation, whichever table it is from.
struct Row {
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    /// The body with every parameter.
    example: Value,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Agent(OperationKind),
    Visitor,
    Monitoring,
    Supervisor,
}

/// The chapters: title, what is said of all of it, and the name of the schema.
const AGENTS: Chapter = Chapter {
    title: "An agent\'s",
    about: "`POST /api/v2/me/chats/{id}` ([schema](schema/operation.json)). A chat that is not there, or \
            that the agent has no part in, is code 6.",
    schema: "operation",
};
const VISITORS: Chapter = Chapter {
    title: "A visitor\'s",
    about: "`POST /api/v2/chats` for RequestChat, `POST /api/v2/chats/{id}` for the others \
            ([schema](schema/customer-operation.json)). Needs no login: who knows the UUID in the reply to \
            RequestChat is the visitor. Once the chat is over, every operation is code 2; an unknown UUID \
            is code 6.",
    schema: "customer-operation",
};
const MONITORING: Chapter = Chapter {
    title: "A supervisor\'s, on an agent",
    about: "`POST /api/v2/users/{userId}/channels/chat` ([schema](schema/monitoring-operation.json)). Needs \
            a role above agents (code 5). Nobody hears of it until the agent accepts a chat; then the \
            supervisor comes along.",
    schema: "monitoring-operation",
};
const SUPERVISORS: Chapter = Chapter {
    title: "A supervisor\'s, on a chat of an agent",
    about: "`POST /api/v2/users/{userId}/chats/{chatId}` ([schema](schema/supervisor-operation.json)). Needs \
            a role above agents (code 5).",
    schema: "supervisor-operation",
};

struct Chapter {
    title: &'static str,
    about: &'static str,
    schema: &'static str,
}

/// The page.
pub(super) fn page(rules: &Rules, cases: &Cases) -> String {
    let mut out = super::header("Operations", "crates/chat-model/src/operation.rs");
    out.push_str(INTRODUCTION);
    macro_rules! rows {
        ($chapter:ident, $Kind:ident, $side:expr) => {{
            let side: fn($Kind) -> Side = $side;
            let row = |kind: &$Kind| Row {
                name: kind.name(),
                parameters: kind.parameters(),
                summary: kind.summary().trim(),
                example: example(&$chapter, kind.name()),
                side: side(*kind),
            };
            (&$chapter, $Kind::ALL.iter().map(row).collect::<Vec<_>>())
        }};
    }
    let chapters = [
        rows!(AGENTS, OperationKind, Side::Agent),
        rows!(VISITORS, CustomerOperationKind, |_| Side::Visitor),
        rows!(MONITORING, MonitoringOperationKind, |_| Side::Monitoring),
        rows!(SUPERVISORS, SupervisorOperationKind, |_| Side::Supervisor),
    ];
    for (chapter, rows) in &chapters {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n**{}**\n\n| Operation | What it does |\n|---|---|\n", chapter.title);
        for row in rows {
            let anchor = heading(row).to_lowercase().replace(' ', "-");
            let _ = writeln!(out, "| [`{}`](#{anchor}) | {} |", row.name, row.summary);
        }
    }
    for (chapter, rows) in &chapters {
        let _ = write!(out, "\n## {}\n\n{}\n", chapter.title, chapter.about);
        for row in rows {
            section(&mut out, row, rules, cases);
        }
    }
    out
}

const INTRODUCTION: &str = "\
The body of the request is an object with `operationName` and the parameters. A parameter in *italics* is optional; an
optional `null` is as good as absent, and unknown members are ignored.

The reply says that the operation was accepted, or why not; what comes of it is told by notifications to everybody whom
it concerns ([notifications](notifications.md)). Only the caller\'s copy has a `referenceId` (DEC-31). Where nothing is
said of an agent or of the visitor, they hear nothing. Each section shows the outcome with typical others in the chat;
the whole rule is in [chat.md](../protocol/chat.md#who-hears-what).

Every operation can be refused with code 20 (nobody is logged in), 6 (no such chat, or not for the caller), 10 (the body
is no JSON object, or is too long) and 1 or 10 (no `operationName`, or an unknown one); whatever would make user data
or transcript longer than they may be is code 10, too ([limits](limits.md)). See [status codes](status-codes.md). A refused operation
has changed nothing. Which operations are possible in which state is also one table: [capabilities](capabilities.md).
How an agent becomes Ready: [sessions](sessions.md).
";

/// Every operation of agents, and the kinds of notifications that somebody hears of it.
pub(super) fn causes() -> Vec<(&'static str, BTreeSet<String>)> {
    let kinds = |kind: &OperationKind| {
        let row = Row {
            name: kind.name(),
            parameters: kind.parameters(),
            summary: "",
            example: example(&AGENTS, kind.name()),
            side: Side::Agent(*kind),
        };
        let played = variants(&row).into_iter().flat_map(|variant| variant.outcomes);
        let heard = played.flat_map(|(_, outcome)| outcome.heard);
        let told = heard.flat_map(|(_, told)| told);
        // Each begins with its kind in quotes.
        let kinds = told.filter_map(|told| Some(told.split('`').nth(1)?.to_owned())).collect();
        (kind.name(), kinds)
    };
    OperationKind::ALL.iter().map(kinds).collect()
}

/// Of two operations with one name the visitor\'s says whose it is, so that each has its anchor.
fn heading(row: &Row) -> String {
    let is_both = matches!(row.side, Side::Visitor) && OperationKind::from_name(row.name).is_some();
    if is_both { format!("{} by a visitor", row.name) } else { row.name.to_owned() }
}

fn section(out: &mut String, row: &Row, rules: &Rules, cases: &Cases) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\n### {}\n\n{}\n", heading(row), row.summary);
    if !row.parameters.is_empty() {
        out.push_str("\n| Parameter | What it holds |\n|---|---|\n");
        for parameter in row.parameters {
            out.push_str(&parameters::rows(parameter));
        }
    }
    if let Side::Agent(kind) = row.side {
        let mut lines = when::lines(kind);
        let printed = lines.pop().unwrap_or_default();
        let _ = write!(out, "\n**When**: {}. {printed}\n", lines.join("; "));
    }
    for variant in variants(row) {
        if let Some(label) = &variant.label {
            let _ = write!(out, "\n{label}:\n");
        }
        let _ = write!(out, "\n```json\n{}```\n", chat_model::schema::pretty(variant.body.clone()));
        for (scene, outcome) in variant.outcomes {
            told(out, row, scene, &outcome, cases);
        }
    }
    refused::table(out, row, cases);
    let rules = rules.about(row.name, matches!(row.side, Side::Visitor));
    assert!(!rules.is_empty(), "no rule in docs/protocol names {}", row.name);
    let _ = write!(out, "\nRules: {}\n", rules.join(", "));
}

/// A request and what comes of it.
struct Variant {
    /// How it differs from the one with every parameter.
    label: Option<String>,
    body: Value,
    outcomes: Vec<(Option<Scene>, Outcome)>,
}

/// The request with every parameter, and those of which something else comes.
fn variants(row: &Row) -> Vec<Variant> {
    let whole = outcomes(row, &row.example);
    assert!(!whole.is_empty(), "{} succeeds in no scene", row.name);
    let mut all = vec![Variant { label: None, body: row.example.clone(), outcomes: whole }];
    for (label, body) in others(row) {
        let outcomes = outcomes(row, &body);
        let is_known = all.iter().any(|known| known.outcomes == outcomes);
        // What is refused is told below.
        if !is_known && !outcomes.is_empty() {
            all.push(Variant { label: Some(label), body, outcomes });
        }
    }
    all
}

/// Other requests: without each optional parameter, without all of them, and with other targets.
fn others(row: &Row) -> Vec<(String, Value)> {
    let optional: Vec<&Parameter> = row.parameters.iter().filter(|it| !it.required).collect();
    let mut all: Vec<(String, Value)> = optional
        .iter()
        .map(|it| (format!("Without `{}`", it.name), without(&row.example, it)))
        .collect();
    if optional.len() > 1 {
        all.push(("With nothing that may be left out".to_owned(), shortest(row)));
    }
    for parameter in row.parameters {
        let (label, name, target) = match parameter.kind {
            ParameterKind::TransferTarget => ("To a queue", "queueName", "support"),
            ParameterKind::AgentOrQueue => {
                ("To a queue where nobody is Ready", "targetPath", "/queues/support")
            }
            _ => continue,
        };
        let mut body = without(&row.example, parameter);
        body[name] = json!(target);
        all.push((label.to_owned(), body));
    }
    all
}

/// What comes of it, in one typical scene; in a second one if others hear something else there.
fn outcomes(row: &Row, body: &Value) -> Vec<(Option<Scene>, Outcome)> {
    match row.side {
        Side::Agent(_) => {
            let mut found: Vec<(Option<Scene>, Outcome)> = Vec::new();
            for scene in scenes(body) {
                let Ok(outcome) = stage::of_agent(scene, body) else { continue };
                // Whoever else is there makes no other outcome.
                let of_caller = |outcome: &Outcome| {
                    let mut heard = outcome.heard.iter();
                    heard.find(|(who, _)| *who == stage::CALLER).cloned()
                };
                let is_new = found.iter().all(|(_, known)| of_caller(known) != of_caller(&outcome));
                if is_new {
                    found.push((Some(scene), outcome));
                }
            }
            found
        }
        Side::Visitor => stage::of_visitor(body).map(|it| (None, it)).into_iter().collect(),
        Side::Supervisor => {
            let outcome = stage::of_supervisor(body);
            outcome.map(|it| (Some(Scene::Unsupervised), it)).into_iter().collect()
        }
        // The server's own answer is printed.
        Side::Monitoring => vec![(None, Outcome { reply: Value::Null, heard: Vec::new() })],
    }
}

fn scenes(body: &Value) -> [Scene; 6] {
    let mut scenes = Scene::OF_AGENTS;
    if stage::to_nobody(body).is_some() {
        // Who is asked is somebody new, where that is possible.
        scenes.reverse();
        scenes.sort_by_key(|scene| *scene != Scene::Alone);
    }
    scenes
}

fn told(out: &mut String, row: &Row, scene: Option<Scene>, outcome: &Outcome, cases: &Cases) {
    let about = scene.map_or_else(String::new, |scene| format!("*{}.* ", scene.about()));
    // A visitor gets the id of the chat beside it, which the model does not know.
    let is_of_server = row.name == "RequestChat" || matches!(row.side, Side::Monitoring);
    let reply = if is_of_server { cases.reply(side(row), row.name) } else { outcome.reply.clone() };
    let _ = write!(out, "\n{about}Reply: `{reply}`\n");
    if row.name == "RequestChat" {
        out.push_str(
            "\nThe chat is then offered to an agent of its queue who is Ready, who hears `StatusChange` to \
             `Invited` (DEC-40).\n",
        );
    }
    if outcome.heard.is_empty() {
        return;
    }
    out.push_str("\n| Who | hears |\n|---|---|\n");
    for (who, what) in &outcome.heard {
        let _ = writeln!(out, "| {who} | {} |", what.join("<br>"));
    }
}

/// What the cases of the server call it; an agent's are the model's alone.
fn side(row: &Row) -> &'static str {
    match row.side {
        Side::Agent(_) => "agent",
        Side::Visitor => "visitor",
        Side::Monitoring => "monitoring",
        Side::Supervisor => "supervisor",
    }
}

/// The members with which a parameter can be given.
fn members(parameter: &Parameter) -> Vec<&'static str> {
    match parameter.kind {
        ParameterKind::Agent | ParameterKind::AgentOrQueue => vec!["targetUri", "targetPath"],
        ParameterKind::TransferTarget => vec!["targetUri", "targetPath", "queueName"],
        _ => vec![parameter.name],
    }
}

fn without(body: &Value, parameter: &Parameter) -> Value {
    let mut body = body.clone();
    for member in members(parameter) {
        body.as_object_mut().expect("a body is an object").remove(member);
    }
    body
}

/// The body with nothing that may be left out.
fn shortest(row: &Row) -> Value {
    let optional = row.parameters.iter().filter(|parameter| !parameter.required);
    optional.fold(row.example.clone(), |body, parameter| without(&body, parameter))
}

/// The body as the schema shows it, every parameter in place.
fn example(chapter: &Chapter, name: &str) -> Value {
    let text = chat_model::schema::generate(chapter.schema).expect("operations have schemas");
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    let examples = schema["examples"].as_array().cloned().unwrap_or_default();
    let found = examples.into_iter().find(|example| example["operationName"] == name);
    found.unwrap_or_else(|| panic!("the schema shows no {name}"))
}
