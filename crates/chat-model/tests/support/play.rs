//! Conversations told as a stage play: who does what, the reply, and who hears what.

use std::fmt::Write as _;

use chat_model::testing::{Happening, Step, World};
use chat_model::{
    CustomerOperation, Limits, MonitoringOperation, Notification, Operation, Rejection, Reply,
    Rules, SupervisorOperation, Trigger, UserId,
};
use serde_json::Value;

use crate::wire;

/// Plays a script. A line is `who operation [parameters]`; `wait` lets 40 s pass; the house offers,
/// stops waiting, removes the customer and logs out; a supervisor's operation on an agent's channel
/// or chat names the agent first.
pub(crate) fn play(script: &[&str]) -> String {
    let (world, mut told) = perform(script);
    let chat = world.chat();
    let legs: Vec<String> =
        chat.legs().map(|leg| format!("{} {}", leg.user(), leg.state())).collect();
    writeln!(told, "\nlegs: {}", legs.join(", ")).unwrap();
    let waits = chat.waiting().map_or("nowhere".into(), |(queue, _)| queue.to_string());
    writeln!(told, "waits in: {waits}, finished: {}", chat.is_finished()).unwrap();
    if let Some(view) = chat.customer_view() {
        for message in wire::customer_messages(chat) {
            writeln!(told, "customer reads {}", brief(&message)).unwrap();
        }
        writeln!(told, "customer is {}", view.state()).unwrap();
    }
    told
}

/// The same, with the whole transcript of everybody at the end.
pub(crate) fn play_and_read(script: &[&str]) -> String {
    let mut told = play(script);
    let (world, _) = perform(script);
    for leg in world.chat().legs() {
        writeln!(told, "\n{} ({}, {}) reads", leg.user(), leg.role(), leg.state()).unwrap();
        for message in wire::messages(world.chat(), leg.user(), world.rules()) {
            writeln!(told, "  {}", brief(&message)).unwrap();
        }
    }
    told
}

fn perform(script: &[&str]) -> (World, String) {
    let mut world = World::new(Rules::default());
    let mut told = String::new();
    for line in script {
        writeln!(told, "{line}").unwrap();
        if *line == "wait" {
            world.wait(40_000);
            continue;
        }
        let (who, what) = line.split_once(' ').unwrap();
        let result = match step(who, what) {
            Ok(Asked::Chat(step)) => world.take(step).cloned(),
            Ok(Asked::Channel(agent, operation)) => {
                let cast = world.cast_mut();
                match cast.supervise(&who.into(), &agent, &operation) {
                    Ok(()) => {
                        writeln!(told, "  = {}", Reply::success().to_json()).unwrap();
                        continue;
                    }
                    Err(rejection) => Err(rejection),
                }
            }
            Err(rejection) => Err(rejection),
        };
        match result {
            Err(rejection) => writeln!(told, "  = {}", Reply::from(&rejection).to_json()).unwrap(),
            Ok(happening) => tell(&mut told, &happening, &world),
        }
    }
    (world, told)
}

/// What a line asks for.
enum Asked {
    Chat(Step),
    /// Supervision of an agent.
    Channel(UserId, MonitoringOperation),
}

fn step(who: &str, what: &str) -> Result<Asked, Rejection> {
    let limits = Limits::default();
    let (operation, rest) = what.split_once(' ').unwrap_or((what, ""));
    if who == "house" {
        let user = || rest.into();
        return Ok(Asked::Chat(Step::House(match operation {
            "offers" => Trigger::Offer { user: user() },
            "expires" => Trigger::Expire { user: user() },
            "logs-out" => Trigger::LoggedOut { user: user() },
            "removes-customer" => Trigger::CustomerGone,
            other => panic!("no trigger {other}"),
        })));
    }
    let is_supervision = matches!(
        operation,
        "Monitor" | "Coach" | "BargeIn" | "CancelSupervisorMonitoring" | "Intrude"
    );
    let (agent, rest) =
        if is_supervision { rest.split_once(' ').unwrap_or((rest, "")) } else { ("", rest) };
    let mut body = serde_json::json!({ "operationName": operation });
    for pair in rest.split(' ').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        let value = value.replace('_', " ");
        body[name] = match name {
            "to" => {
                body["targetPath"] = format!("/users/{value}").into();
                continue;
            }
            "queue" => {
                body["targetUri"] = format!("http://x/api/v2/queues/{value}").into();
                continue;
            }
            _ => serde_json::from_str(&value).unwrap_or_else(|_| value.into()),
        };
    }
    let body = body.to_string();
    let body = body.as_bytes();
    Ok(match operation {
        _ if who == "customer" => {
            Asked::Chat(Step::Customer(CustomerOperation::parse(body, &limits)?))
        }
        "Intrude" => {
            let operation = SupervisorOperation::parse(body, &limits)?;
            Asked::Chat(Step::supervisor(who.into(), agent.into(), operation))
        }
        _ if is_supervision => {
            Asked::Channel(agent.into(), MonitoringOperation::parse(body, &limits)?)
        }
        _ => Asked::Chat(Step::agent(who.into(), Operation::parse(body, &limits)?)),
    })
}

fn tell(told: &mut String, happening: &Happening, world: &World) {
    if let Step::Agent { operation, .. } = &happening.step {
        let reply = happening.applied.reply(operation.kind(), world.rules());
        writeln!(told, "  = {}", reply.to_json()).unwrap();
    }
    if let Step::Supervisor { .. } = &happening.step {
        let reply = Reply::supervised(Some(happening.reference_id), world.rules());
        writeln!(told, "  = {}", reply.to_json()).unwrap();
    }
    for notice in &happening.applied.notices {
        let to: Vec<&str> = notice.to.iter().map(|user| user.as_str()).collect();
        let value = wire::data(notice);
        write!(told, "  -> {}: ", to.join(" ")).unwrap();
        let Some(chat) = value.get("chat") else {
            let all: Vec<String> =
                value["messages"].as_array().unwrap().iter().map(brief).collect();
            writeln!(told, "+ {}", all.join(", ")).unwrap();
            continue;
        };
        write!(told, "{} {}", wire::text(&value, "/notificationType"), wire::text(chat, "/state"))
            .unwrap();
        let people: Vec<&str> = chat["participants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|person| wire::text(person, "/nickname"))
            .collect();
        write!(told, " [{}]", people.join(" ")).unwrap();
        let count = chat["capabilities"].as_array().unwrap().len();
        write!(told, " {count} capabilities").unwrap();
        if value["notificationType"] == "PropertiesUpdated" {
            // Through the crate's own type, which keeps the order of keys in every build (DEC-1).
            let read: Notification = serde_json::from_str(&notice.data).unwrap();
            let user_data = read.chat.and_then(|chat| chat.user_data).unwrap();
            write!(told, " {user_data}").unwrap();
            if let Some(comment) = chat.get("comment") {
                write!(told, " comment {comment}").unwrap();
            }
        }
        if let Some(message) = value.get("errorMessage") {
            write!(told, " {} {message}", value["errorCode"]).unwrap();
        }
        if let Some(number) = value.get("referenceId") {
            write!(told, " #{number}").unwrap();
        }
        told.push('\n');
    }
}

fn brief(message: &Value) -> String {
    let mut out = format!("{} {}", message["index"], wire::text(message, "/type"));
    let _ = write!(out, " of {}", wire::text(message, "/from/nickname"));
    for name in ["text", "messageType", "url", "noticeText"] {
        if let Some(value) = message.get(name) {
            let _ = write!(out, " {value}");
        }
    }
    if message.get("visibility").is_some_and(|visibility| visibility != "All") {
        let _ = write!(out, " ({})", wire::text(message, "/visibility"));
    }
    out
}
