//! Chats in the states that the tests speak of, each reached by a short conversation.

use chat_model::testing::{Cast, Step, World};
use chat_model::{
    CustomerOperation, Limits, MonitoringOperation, Operation, Rejection, Rules, Trigger, UserId,
};

/// The states of agent1's chat, by name.
pub(crate) const STAGES: [&str; 12] = [
    "Invited",
    "Chatting",
    "Chatting in company",
    "consulted",
    "consulted, alone",
    "LeftChat",
    "JoinFailed",
    "Completed",
    "Revoked",
    "monitoring",
    "coaching",
    "barged in",
];

/// A body for a user as target.
pub(crate) fn at(operation: &str, user: &str) -> String {
    let uri = Cast::uri(&UserId::new(user));
    format!(r#"{{"operationName":"{operation}","targetUri":"{uri}"}}"#)
}

/// A body without parameters.
pub(crate) fn just(operation: &str) -> String {
    format!(r#"{{"operationName":"{operation}"}}"#)
}

pub(crate) fn agent(world: &mut World, user: &str, body: &str) -> Result<(), Rejection> {
    let operation = Operation::parse(body.as_bytes(), &Limits::default())?;
    world.take(Step::agent(user.into(), operation)).map(|_| ())
}

pub(crate) fn customer(world: &mut World, body: &str) -> Result<(), Rejection> {
    let operation = CustomerOperation::parse(body.as_bytes(), &Limits::default())?;
    world.take(Step::Customer(operation)).map(|_| ())
}

pub(crate) fn offer(world: &mut World, user: &str) {
    world.take(Step::House(Trigger::Offer { user: user.into() })).unwrap();
}

/// A chat that waits in the default queue.
pub(crate) fn waiting() -> World {
    let mut world = World::new(Rules::default());
    let body = r#"{"operationName":"RequestChat","nickname":"Chris","subject":"Question..."}"#;
    customer(&mut world, body).unwrap();
    world
}

/// A chat in which `user` is joined.
pub(crate) fn chatting_with(user: &str) -> World {
    let mut world = waiting();
    offer(&mut world, user);
    agent(&mut world, user, &just("Accept")).unwrap();
    world
}

/// A chat of agent2 that agent1 came along to supervise.
fn supervising(mode: &str) -> World {
    let mut world = waiting();
    let operation = MonitoringOperation::parse(just(mode).as_bytes(), &Limits::default()).unwrap();
    world.cast_mut().supervise(&"agent1".into(), &"agent2".into(), &operation).unwrap();
    offer(&mut world, "agent2");
    agent(&mut world, "agent2", &just("Accept")).unwrap();
    world
}

/// A chat in which the state of agent1 is the named one; agent2 is who else is there.
pub(crate) fn stage(name: &str) -> World {
    let ask_in = |world: &mut World, operation, by: &str, user: &str| {
        agent(world, by, &at(operation, user)).unwrap();
        agent(world, user, &just("Accept")).unwrap();
    };
    match name {
        "Invited" => {
            let mut world = waiting();
            offer(&mut world, "agent1");
            world
        }
        "Chatting" => chatting_with("agent1"),
        "Chatting in company" => {
            let mut world = chatting_with("agent1");
            ask_in(&mut world, "Invite", "agent1", "agent2");
            world
        }
        "consulted" => {
            let mut world = chatting_with("agent2");
            ask_in(&mut world, "Consult", "agent2", "agent1");
            world
        }
        "consulted, alone" => {
            let mut world = stage("consulted");
            let body = r#"{"operationName":"Transfer","queueName":"Support"}"#;
            agent(&mut world, "agent2", body).unwrap();
            world
        }
        "LeftChat" => {
            let mut world = chatting_with("agent1");
            agent(&mut world, "agent1", &just("Leave")).unwrap();
            world
        }
        "JoinFailed" => {
            let mut world = chatting_with("agent2");
            agent(&mut world, "agent2", &at("Invite", "agent1")).unwrap();
            customer(&mut world, &just("Complete")).unwrap();
            agent(&mut world, "agent1", &just("Accept")).unwrap();
            world
        }
        "Completed" => {
            let mut world = chatting_with("agent1");
            agent(&mut world, "agent1", &just("Complete")).unwrap();
            world
        }
        "Revoked" => {
            let mut world = stage("Invited");
            world.wait(60_000);
            world.take(Step::House(Trigger::Expire { user: "agent1".into() })).unwrap();
            world
        }
        "monitoring" => supervising("Monitor"),
        "coaching" => supervising("Coach"),
        "barged in" => supervising("BargeIn"),
        other => panic!("no stage {other}"),
    }
}
