//! How operations are refused, each refusal as the caller reads it.

use std::fmt::Write as _;

use chat_model::{
    CustomerOperation, Limits, MonitoringOperation, Operation, Parameter, ParameterKind, Rejection,
    SupervisorOperation,
};
use serde_json::{Value, json};

use super::stage::{self, Scene};
use super::{Row, Side, members, when, without};
use crate::generate::cases::Cases;

/// The refusals that are the operation\'s own, each as the caller reads it.
pub(super) fn table(out: &mut String, row: &Row, cases: &Cases) {
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
    let nobody =
        stage::to_nobody(&super::shortest(row)).filter(|_| matches!(row.side, Side::Agent(_)));
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
    // What only the server knows: who may come in, and what is there.
    all.extend(cases.refusals(super::side(row), row.name));
    all.sort();
    all.dedup();
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
