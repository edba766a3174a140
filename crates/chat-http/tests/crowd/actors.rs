//! Those who do something: agents, supervisors among them, and customers.

use std::sync::Arc;
use std::time::Duration;

use chat_model::VisitorId;

use super::dice::Dice;
use super::floor::{Agent, Floor};
use super::line::Line;

/// An agent at work, until the floor is quiet.
pub(crate) async fn agent(floor: Arc<Floor>, number: usize, mut dice: Dice) {
    let me = floor.agents[number].clone();
    let mut line = Line::new(floor.address);
    let supervises = number % 20 == 19;
    let ready = r#"{"operationName":"Ready"}"#;
    floor.ask(&mut line, "POST", "/me", &me.cookie_header(), ready).await;
    while !floor.is_quiet() {
        tokio::time::sleep(Duration::from_millis(20 + dice.below(160) as u64)).await;
        if dice.permille(2) {
            let end = r#"{"operationName":"EndContactCenterSession"}"#;
            floor.ask(&mut line, "POST", "/me", &me.cookie_header(), end).await;
            me.log_in(&floor, &mut line).await;
            // What was heard of the chats that were given back may be lost with the session.
            me.chats.lock().unwrap().clear();
        } else if dice.permille(120) {
            let name = *dice.of(&[
                "Ready",
                "Ready",
                "Ready",
                "Ready",
                "NotReady",
                "DoNotDisturbOn",
                "DoNotDisturbOff",
                "DoNotDisturbOff",
                "OutToLunch",
            ]);
            let path = if dice.permille(500) { "/me" } else { "/me/channels/chat" };
            let body = format!(r#"{{"operationName":"{name}"}}"#);
            floor.ask(&mut line, "POST", path, &me.cookie_header(), &body).await;
        } else if supervises && dice.permille(300) {
            let (path, body) = supervision(&floor, &me, &mut dice);
            floor.ask(&mut line, "POST", &path, &me.cookie_header(), &body).await;
        } else if dice.permille(40) {
            let path =
                *dice.of(&["/me/?subresources=*", "/me/chats?fields=*", "/me/channels?fields=*"]);
            floor.ask(&mut line, "GET", path, &me.cookie_header(), "").await;
        } else {
            let known: Vec<(String, String)> =
                me.chats.lock().unwrap().iter().map(|(a, b)| (a.clone(), b.clone())).collect();
            if known.is_empty() {
                continue;
            }
            let (chat, state) = dice.of(&known);
            let body = on_chat(&floor, &me, state, &mut dice);
            let path = format!("/me/chats/{chat}");
            floor.ask(&mut line, "POST", &path, &me.cookie_header(), &body).await;
        }
    }
}

/// What an agent does on a chat in this state.
fn on_chat(floor: &Floor, me: &Agent, state: &str, dice: &mut Dice) -> String {
    let name = match state {
        "Invited" => *dice.of(&["Accept", "Accept", "Accept", "Accept", "Accept", "Reject"]),
        "LeftChat" | "JoinFailed" => *dice.of(&["Complete", "Complete", "SetDisposition", "Leave"]),
        _ => *dice.of(&[
            "SendMessage",
            "SendMessage",
            "SendMessage",
            "SendMessage",
            "SendMessage",
            "SendStartTypingNotification",
            "SendStopTypingNotification",
            "SendToAgents",
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "SetInFocus",
            "SetDisposition",
            "AddComment",
            "Transfer",
            "TransferToQueue",
            "Consult",
            "Invite",
            "CancelConsult",
            "SwitchToMonitor",
            "SwitchToCoach",
            "SwitchToBargeIn",
            "Leave",
            "Complete",
        ]),
    };
    let others: Vec<_> = floor.agents.iter().filter(|other| other.id != me.id).collect();
    let target = &dice.of(&others).id;
    let n = dice.below(1_000);
    match name {
        "SendMessage" | "SendToAgents" => {
            format!(r#"{{"operationName":"{name}","text":"word {n}"}}"#)
        }
        "AttachUserData" | "UpdateUserData" => {
            format!(r#"{{"operationName":"{name}","userData":{{"k{}":{n}}}}}"#, n % 9)
        }
        "DeleteUserData" => format!(r#"{{"operationName":"{name}","keys":["k{}"]}}"#, n % 9),
        "SetDisposition" => format!(r#"{{"operationName":"{name}","disposition":"d{}"}}"#, n % 5),
        "AddComment" => format!(r#"{{"operationName":"{name}","comment":"c{n}"}}"#),
        "Transfer" | "Consult" | "Invite" => {
            format!(r#"{{"operationName":"{name}","targetPath":"/users/{target}"}}"#)
        }
        "TransferToQueue" => r#"{"operationName":"Transfer","queueName":"support"}"#.to_owned(),
        _ => format!(r#"{{"operationName":"{name}"}}"#),
    }
}

/// What a supervisor does to an agent.
fn supervision(floor: &Floor, me: &Agent, dice: &mut Dice) -> (String, String) {
    let others: Vec<_> = floor.agents.iter().filter(|other| other.id != me.id).collect();
    let agent = dice.of(&others);
    let name = *dice.of(&[
        "Ready",
        "Ready",
        "Ready",
        "NotReady",
        "DoNotDisturbOff",
        "Offline",
        "Monitor",
        "Coach",
        "BargeIn",
        "CancelSupervisorMonitoring",
        "Intrude",
        "Intrude",
    ]);
    let chat = agent.chats.lock().unwrap().keys().next().cloned();
    if let ("Intrude", Some(chat)) = (name, chat) {
        let mode = dice.of(&["Monitor", "Coach", "BargeIn"]);
        let path = format!("/users/{}/chats/{chat}", agent.id);
        let body = format!(r#"{{"operationName":"Intrude","supervisorVisibilityMode":"{mode}"}}"#);
        return (path, body);
    }
    let name = if name == "Intrude" { "Ready" } else { name };
    let path = format!("/users/{}/channels/chat", agent.id);
    (path, format!(r#"{{"operationName":"{name}"}}"#))
}

/// One customer after the other, until the floor is quiet. Each must read every line once, in
/// order.
pub(crate) async fn customers(floor: Arc<Floor>, mut dice: Dice) {
    let mut line = Line::new(floor.address);
    while !floor.is_quiet() {
        let n = dice.below(1_000);
        let endpoint = dice.of(&["support", "sales", "billing", "orders"]);
        let request = format!(
            r#"{{"operationName":"RequestChat","nickname":"v{n}","subject":"s","endpoint":"{endpoint}","userData":{{"k0":"{n}"}}}}"#
        );
        let Some(reply) = floor.ask(&mut line, "POST", "/chats", "", &request).await else {
            return;
        };
        let value: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let Some(id) = value["id"].as_str() else { continue };
        floor.visitors.lock().unwrap().insert(VisitorId::from(id));
        visit(&floor, &mut line, &mut dice, &format!("/chats/{id}")).await;
    }
}

async fn visit(floor: &Floor, line: &mut Line, dice: &mut Dice, path: &str) {
    let mut read = 0;
    for _ in 0..dice.below(200) {
        tokio::time::sleep(Duration::from_millis(200 + dice.below(1_300) as u64)).await;
        if floor.is_quiet() {
            return;
        }
        let name =
            *dice.of(&["", "", "", "SendMessage", "SendMessage", "SendStartTypingNotification"]);
        let body = match name {
            "" => String::new(),
            "SendMessage" => r#"{"operationName":"SendMessage","text":"please"}"#.to_owned(),
            name => format!(r#"{{"operationName":"{name}"}}"#),
        };
        if !body.is_empty() {
            floor.ask(line, "POST", path, "", &body).await;
            continue;
        }
        let messages = format!("{path}/messages");
        let Some(reply) = floor.ask(line, "GET", &messages, "", "").await else { return };
        let value: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        for message in value["messages"].as_array().into_iter().flatten() {
            let index = message["index"].as_u64().unwrap_or(0);
            if index <= read {
                floor.fault(format!("{messages}: line {index} after line {read}"));
            }
            read = index;
        }
    }
    floor.ask(line, "POST", path, "", r#"{"operationName":"Complete"}"#).await;
}
