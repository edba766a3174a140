//! The page of operations: what each takes, who may ask when, and what comes of it.
//!
//! Parameters are read off the tables of chat-model, who may off its table of capabilities, rules off
//! the protocol's pages; replies, notifications and refusals are what the model says when it is asked.

mod rules;
mod stage;
mod when;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chat_model::{
    CustomerOperation, CustomerOperationKind, Limits, MonitoringOperation, MonitoringOperationKind,
    Operation, OperationKind, Parameter, ParameterKind, Rejection, SupervisorOperation,
    SupervisorOperationKind,
};
use serde_json::{Value, json};

use rules::Rules;
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

pub(super) fn page() -> String {
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
    let rules = Rules::read();
    for (chapter, rows) in &chapters {
        let _ = write!(out, "\n## {}\n\n{}\n", chapter.title, chapter.about);
        for row in rows {
            section(&mut out, row, &rules);
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
or transcript longer than they may be is code 10, too (DEC-72). See [status codes](status-codes.md). A refused operation
has changed nothing. Which operations are possible in which state is also one table: [capabilities](capabilities.md).
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
        let heard = outcomes(&row, &row.example).into_iter().flat_map(|(_, outcome)| outcome.heard);
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

fn section(out: &mut String, row: &Row, rules: &Rules) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\n### {}\n\n{}\n", heading(row), row.summary);
    if !row.parameters.is_empty() {
        out.push_str("\n| Parameter | What it holds |\n|---|---|\n");
        for parameter in row.parameters {
            out.push_str(&parameter_rows(parameter));
        }
    }
    if let Side::Agent(kind) = row.side {
        let mut lines = when::lines(kind);
        let printed = lines.pop().unwrap_or_default();
        let _ = write!(out, "\n**When**: {}. {printed}\n", lines.join("; "));
    }
    let _ = write!(out, "\n```json\n{}```\n", chat_model::schema::pretty(row.example.clone()));
    let outcomes = outcomes(row, &row.example);
    assert!(!outcomes.is_empty(), "{} succeeds in no scene", row.name);
    for (scene, outcome) in &outcomes {
        told(out, row, *scene, outcome);
    }
    without_options(out, row, &outcomes);
    refused(out, row);
    let rules = rules.about(row.name, matches!(row.side, Side::Visitor));
    assert!(!rules.is_empty(), "no rule in docs/protocol names {}", row.name);
    let _ = write!(out, "\nRules: {}\n", rules.join(", "));
}

/// What comes of `body` in one typical scene; in a second one if others hear something else there; in
/// none where it is refused.
fn outcomes(row: &Row, body: &Value) -> Vec<(Option<Scene>, Outcome)> {
    match row.side {
        Side::Agent(_) => {
            let mut found: Vec<(Option<Scene>, Outcome)> = Vec::new();
            let mut scenes = Scene::OF_AGENTS;
            if stage::to_nobody(body).is_some() {
                // Who is asked is somebody new, where that is possible.
                scenes.reverse();
                scenes.sort_by_key(|scene| *scene != Scene::Alone);
            }
            for scene in scenes {
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
        Side::Visitor => {
            stage::of_visitor(body).map(|outcome| (None, outcome)).into_iter().collect()
        }
        Side::Supervisor => {
            let outcome = stage::of_supervisor(body);
            outcome.map(|outcome| (Some(Scene::Unsupervised), outcome)).into_iter().collect()
        }
        Side::Monitoring => {
            vec![(None, Outcome { reply: json!({ "statusCode": 0 }), heard: Vec::new() })]
        }
    }
}

/// What comes of it without what may be left out, where that is something else.
fn without_options(out: &mut String, row: &Row, outcomes: &[(Option<Scene>, Outcome)]) {
    let body = shortest(row);
    if body == row.example {
        return;
    }
    for (scene, outcome) in self::outcomes(row, &body) {
        let known = outcomes.iter().find(|(known, _)| *known == scene);
        if known.is_none_or(|(_, known)| known.heard != outcome.heard) {
            let _ = write!(out, "\nWithout what is optional, `{body}`:\n");
            told(out, row, scene, &outcome);
        }
    }
}

fn told(out: &mut String, row: &Row, scene: Option<Scene>, outcome: &Outcome) {
    let about = scene.map_or_else(String::new, |scene| format!("*{}.* ", scene.about()));
    // A visitor gets the id of the chat beside it, which the model does not know.
    let reply = if row.name == "RequestChat" {
        "`{\"id\":\"…\",\"statusCode\":0}`, the `id` being the visitor\'s UUID".to_owned()
    } else {
        format!("`{}`", outcome.reply)
    };
    let _ = write!(out, "\n{about}Reply: {reply}\n");
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

/// The refusals that are the operation\'s own, each as the caller reads it.
fn refused(out: &mut String, row: &Row) {
    let mut all: Vec<(u8, String)> = Vec::new();
    let mut note = |rejection: Rejection| {
        let code = rejection.status().code();
        let known = (code, rejection.to_string());
        if !all.contains(&known) {
            all.push(known);
        }
    };
    for parameter in row.parameters {
        if parameter.required {
            note(parse(row, &without(&row.example, parameter)).expect_err("it is required"));
        }
        if let Some(wrong) = wrong(&row.example, parameter) {
            note(parse(row, &wrong).expect_err("it is wrong"));
        }
    }
    let nobody = stage::to_nobody(&shortest(row)).filter(|_| matches!(row.side, Side::Agent(_)));
    if let Some(body) = nobody {
        let scenes = Scene::OF_AGENTS.iter();
        let mut refusals = scenes.filter_map(|&scene| stage::of_agent(scene, &body).err());
        let unknown = refusals.find(|why| matches!(why, Rejection::TargetNotFound { .. }));
        // Whom one can remove is in the chat, or it is not the time for it.
        if let Some(unknown) = unknown {
            note(unknown);
        }
    }
    if let Side::Agent(kind) = row.side {
        all.extend(when::refusals(kind));
    }
    all.sort();
    if all.is_empty() {
        return;
    }
    out.push_str("\n| Code | Refused, for instance |\n|--:|---|\n");
    for (code, message) in all {
        let _ = writeln!(out, "| {code} | {} |", message.replace('|', "\\|"));
    }
}

fn parse(row: &Row, body: &Value) -> Result<(), Rejection> {
    let (text, limits) = (body.to_string(), Limits::default());
    let json = text.as_bytes();
    match row.side {
        Side::Agent(_) => Operation::parse(json, &limits).map(drop),
        Side::Visitor => CustomerOperation::parse(json, &limits).map(drop),
        Side::Monitoring => MonitoringOperation::parse(json, &limits).map(drop),
        Side::Supervisor => SupervisorOperation::parse(json, &limits).map(drop),
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

/// The body with something else in place of the parameter; `None` where anything will do.
fn wrong(body: &Value, parameter: &Parameter) -> Option<Value> {
    let value = match parameter.kind {
        ParameterKind::Text | ParameterKind::NonEmptyText | ParameterKind::Message => json!(7),
        ParameterKind::Boolean
        | ParameterKind::SupervisionScope
        | ParameterKind::SupervisionMode => {
            json!("perhaps")
        }
        ParameterKind::UserData => json!([]),
        ParameterKind::Keys => json!({}),
        ParameterKind::Agent | ParameterKind::AgentOrQueue | ParameterKind::TransferTarget => {
            json!("somewhere")
        }
        // A kind that this page does not describe yet must not go unnoticed.
        _ => panic!("{}: say in {} what is wrong for it", parameter.name, file!()),
    };
    let mut body = without(body, parameter);
    body[members(parameter)[0]] = value;
    Some(body)
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

/// A parameter, and what stands beside it.
fn parameter_rows(parameter: &Parameter) -> String {
    let name = if parameter.required {
        format!("`{}`", parameter.name)
    } else {
        format!("*`{}`*", parameter.name)
    };
    let holds = match parameter.kind {
        ParameterKind::Text => "text",
        ParameterKind::NonEmptyText => "text of at least one character",
        ParameterKind::Boolean => "`true` or `false`",
        ParameterKind::UserData => {
            "an object of any JSON values; every number keeps its digits (DEC-6)"
        }
        ParameterKind::Keys => "an array of keys; unknown ones are ignored (DEC-3)",
        ParameterKind::Message => {
            return format!(
                "| {name} | text of at least one character{} |\n\
                 | *`messageType`* | a free classification, which receivers get back |\n\
                 | *`treatAs`* | `Normal` or `System`; not passed on |\n",
                if parameter.required { "" } else { ", said before; an empty one is none" },
            );
        }
        ParameterKind::Agent => {
            "the absolute address of an agent; or *`targetPath`*, the address below `/api/v2` (DEC-15)"
        }
        ParameterKind::AgentOrQueue => {
            "the absolute address of an agent or of a queue; or *`targetPath`*, the address below \
             `/api/v2` (DEC-15)"
        }
        ParameterKind::TransferTarget => {
            "the absolute address of an agent; or *`targetPath`*, the address below `/api/v2`; or \
             *`queueName`*, the name of a queue (DEC-15)"
        }
        ParameterKind::SupervisionScope => "`NextChat` or `AllChats` (default)",
        ParameterKind::SupervisionMode => {
            "`Monitor`, `Coach` or `BargeIn`; default: how the caller supervises the agent"
        }
        // A kind that this page does not describe yet must not go unnoticed.
        _ => panic!("{}: describe {:?} in {}", parameter.name, parameter.kind, file!()),
    };
    match meaning(parameter.name) {
        "" => format!("| {name} | {holds} |\n"),
        meaning => format!("| {name} | {holds}: {meaning} |\n"),
    }
}

/// What a parameter is for, where its name does not say it.
fn meaning(name: &str) -> &'static str {
    match name {
        "nickname" => "how the others in the chat see the caller (DEC-12, DEC-19)",
        "saveLAR" => {
            "whether the last agent is to be noted in the contact's profile (CHAT-7.2-4); this server has no \
             profiles"
        }
        "dispositionKey" => "the key in the user data, by default the configured one (DEC-8)",
        "subject" => "becomes `Subject` in the user data",
        "endpoint" => "the queue, by its name; the default queue without it (DEC-46)",
        "queueName" => "the queue in which the chat is placed (CHAT-7.2-4)",
        "supervisorMonitoringMode" => "for how long (DEC-19)",
        _ => "",
    }
}
