//! Supervision (CHAT-7.2-5 to CHAT-7.2-9, DEC-19, DEC-21, DEC-22): scenes with the transcript that
//! customer, agents and supervisors read, and the laws of who may know what.
//!
//! The scenes are told as in `conversation.rs`, and end with everybody's whole transcript.

#[path = "support/happenings.rs"]
mod happenings;
#[path = "support/play.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod play;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use chat_model::testing::{Happening, Step, World, story};
use chat_model::{
    Chat, ChatFile, Event, LegState, Limits, MonitoringOperation, Reply, Role, Rules, Supervision,
    SupervisorOperation, UserId, Visibility,
};
use happenings::for_each_happening;
use play::play_and_read;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One test and one snapshot for each scene.
macro_rules! scenes {
    ($($(#[doc = $doc:literal])+ $name:ident: $script:expr;)+) => {$(
        $(#[doc = $doc])+
        #[test]
        fn $name() {
            insta::assert_snapshot!(play_and_read(&$script));
        }
    )+};
}

const REQUEST: &str = "customer RequestChat nickname=Chris";
const OFFER: &str = "house offers agent1";
const ACCEPT: &str = "agent1 Accept nickname=Ann";
const MONITOR: &str = "supervisor1 Monitor agent1 nickname=Sue";
const CONSULT: &str = "agent1 Consult to=agent2";
const ADVISE: &str = "agent2 Accept nickname=Bob";

scenes! {
    /// Point 3: all four at once; the supervisor goes through every mode and everybody talks in each.
    every_mode_and_everybody: [
        MONITOR, REQUEST, OFFER, ACCEPT, "customer SendMessage text=Hello",
        CONSULT, ADVISE,
        "agent1 SendMessage text=Hello_customer",
        "agent1 SendToAgents text=Do_you_know?",
        "agent2 SendMessage text=I_do",
        "supervisor1 SendMessage text=refused",
        "supervisor1 SendToAgents text=refused",
        "supervisor1 AttachUserData userData={\"seen\":true}",
        "supervisor1 SwitchToCoach",
        "supervisor1 SendMessage text=Be_kind",
        "supervisor1 SendStartTypingNotification",
        "agent1 SendToAgents text=I_am",
        "supervisor1 SwitchBargeIn",
        "supervisor1 SendMessage text=Good_day",
        "supervisor1 SendToAgents text=Watch_me",
        "customer SendMessage text=Who_is_that?",
        "supervisor1 SwitchToMonitor",
        "supervisor1 SwitchToMonitor",
        "agent1 SendMessage text=Nobody",
        "supervisor1 Leave text=Unheard",
        "agent1 SendToAgents text=gone?"
    ];
    /// CHAT-7.2-5: supervision takes effect on the next chat that is accepted; DEC-19: the modes that
    /// are seen are seen from the start.
    coach_and_barge_in_come_along: [
        "supervisor1 Coach agent1", "supervisor2 BargeIn agent1 nickname=Boss", REQUEST, OFFER,
        ACCEPT, "supervisor1 SendMessage text=psst", "supervisor2 SendMessage text=Hello"
    ];
    /// CHAT-7.2-5: it does not begin in the middle of a chat; DEC-17: nobody asks the supervisor.
    monitoring_begins_with_the_next_chat: [
        REQUEST, OFFER, ACCEPT, MONITOR, "customer SendMessage text=Hello",
        "supervisor1 SendMessage text=not_there"
    ];
    /// CHAT-7.2-9: to cancel does not end what is under way, and there must be something to cancel.
    cancelling_leaves_the_present_chat_alone: [
        "supervisor1 CancelSupervisorMonitoring agent1", MONITOR, REQUEST, OFFER, ACCEPT,
        "supervisor1 CancelSupervisorMonitoring agent1", "customer SendMessage text=Hello",
        "supervisor1 CancelSupervisorMonitoring agent1"
    ];
    /// CHAT-7.0-30, CHAT-10.2, CHAT-3.9: Intrude asks for a mode or takes that of the supervision;
    /// the supervisor is invited and accepts, and the history comes along.
    intrude: [
        REQUEST, "supervisor1 Intrude agent1 supervisorVisibilityMode=Coach", OFFER,
        "supervisor1 Intrude agent1 supervisorVisibilityMode=Coach", ACCEPT,
        "agent1 SendMessage text=Hello",
        "supervisor1 Intrude agent1", "supervisor1 Intrude agent1 supervisorVisibilityMode=Spy",
        "supervisor1 Intrude agent2 supervisorVisibilityMode=Coach",
        "agent1 Intrude agent1 supervisorVisibilityMode=Coach",
        "absent Intrude agent1 supervisorVisibilityMode=Coach",
        "supervisor1 Intrude agent1 supervisorVisibilityMode=Coach",
        "supervisor1 Intrude agent1 supervisorVisibilityMode=Coach",
        "supervisor1 Accept nickname=Sue", "supervisor1 SendMessage text=psst",
        "supervisor2 Monitor agent1", "supervisor2 Intrude agent1",
        "supervisor1 Intrude agent1", "supervisor2 Reject",
        "supervisor2 Intrude agent1", "wait", "house expires supervisor2"
    ];
    /// CHAT-7.2-8, CHAT-3.19, DEC-21: it goes on while an agent stays, and ends with the last one.
    monitoring_ends_with_the_last_agent: [
        MONITOR, "supervisor2 BargeIn agent1", REQUEST, OFFER, ACCEPT,
        "agent1 Invite to=agent2", "agent2 Accept", "agent1 Leave",
        "customer SendMessage text=Still_there?", "agent2 Leave text=Bye",
        "supervisor1 SendMessage text=too_late", "agent2 Complete"
    ];
    /// CHAT-3.19, DEC-15: a transfer to an agent keeps the supervisor, one who declines does not.
    monitoring_ends_when_the_chat_is_queued: [
        MONITOR, REQUEST, OFFER, ACCEPT, "agent1 Transfer to=agent2",
        "customer SendMessage text=Hello?", "agent2 Reject"
    ];
    /// DEC-21: a customer who leaves leaves the agents and the supervisor among themselves.
    the_customer_leaves_a_supervised_chat: [
        MONITOR, REQUEST, OFFER, ACCEPT, "supervisor2 Intrude agent1 supervisorVisibilityMode=BargeIn",
        "customer Complete", "supervisor2 Accept", "supervisor1 SwitchToCoach",
        "supervisor1 SendMessage text=Well_done", "agent1 Complete"
    ];
    /// CHAT-7.2-5, DEC-15, DEC-16: whoever listens unseen is not given away by a refusal; who is
    /// seen can be given the chat.
    an_unseen_supervisor_is_not_given_away: [
        MONITOR, REQUEST, OFFER, ACCEPT,
        "agent1 Invite to=supervisor1", "agent1 Consult to=supervisor1",
        "agent1 Transfer to=supervisor1", "agent1 RemoveParticipantFromConference to=supervisor1",
        "agent1 SendToAgents text=Is_somebody_there?",
        "supervisor1 SwitchToCoach",
        "agent1 Invite to=supervisor1", "agent1 Transfer to=supervisor1",
        "supervisor1 SendMessage text=I_take_over"
    ];
    /// DEC-42: a supervisor who logs out takes nothing along; an agent who does ends the supervision.
    logging_out_of_a_supervised_chat: [
        MONITOR, "supervisor2 Coach agent1", REQUEST, OFFER, ACCEPT, "house logs-out supervisor2",
        "house logs-out agent1"
    ];
    /// CHAT-7.0-28: NextChat is for one chat.
    next_chat_is_for_one_chat: [
        "supervisor1 Monitor agent1 supervisorMonitoringMode=NextChat",
        "supervisor1 Monitor agent1 supervisorMonitoringMode=Sometimes",
        REQUEST, OFFER, ACCEPT, "agent1 Transfer queueName=Support", OFFER, "agent1 Accept",
        "supervisor1 CancelSupervisorMonitoring agent1"
    ];
}

fn load(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/samples/");
    let text = std::fs::read_to_string(format!("{folder}{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Requests of supervisors and their replies, `.request` and `.response` of each.
const SAMPLES: [&str; 5] = [
    "chat/monitor",
    "chat/coach",
    "chat/barge_in",
    "chat/cancel_supervisor_monitoring",
    "chat/intrude",
];

/// CHAT-7.0-28 to CHAT-7.0-30: every sample of a request is accepted, and answered as printed; what
/// Intrude tells has every member that its page prints.
#[test]
fn every_sample_of_supervision_is_accepted() {
    let supervisor = UserId::new("supervisor1");
    let mut supervision = Supervision::default();
    for name in SAMPLES {
        let body = load(&format!("{name}.request")).to_string();
        if name == "chat/intrude" {
            intrude_like_the_page(&supervisor, &body);
        } else {
            let operation = MonitoringOperation::parse(body.as_bytes(), &Limits::default());
            assert_eq!(supervision.perform(&supervisor, &operation.unwrap()), Ok(()), "{name}");
        }
        let reply = Reply::supervised(Some(83), &Rules::default()).to_json();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(load(&format!("{name}.response")), reply, "{name}");
    }
    assert!(supervision.is_empty(), "cancelled");
}

/// The chat before it is the printed one, with its agent.
fn intrude_like_the_page(supervisor: &UserId, body: &str) {
    let printed = load("chat/intrude.notification.partial");
    let mut resource = printed["chat"].clone();
    resource["id"] = "0000Wa9CAM6W00FF".into();
    resource["state"] = "Chatting".into();
    resource["participants"] = json!([
        { "nickname": "CustomerNick", "type": "Customer", "participantId": "009052C5E6D6004A" },
        { "nickname": "AgentNick", "type": "Agent", "participantId": "009052C5E743004C", "path": "/users/agent1" },
    ]);
    let file = ChatFile::read(resource.to_string().as_bytes(), &Limits::default()).unwrap();
    let mut world = World::with_chat(file.chat, Rules::default());
    let operation = SupervisorOperation::parse(body.as_bytes(), &Limits::default()).unwrap();
    let step = Step::supervisor(supervisor.clone(), "agent1".into(), operation);
    let told = wire::data(&world.take(step).unwrap().applied.notices[0]);
    for (name, value) in printed["chat"].as_object().unwrap() {
        assert_eq!(&told["chat"][name], value, "{name}");
    }
}

/// The bystanders: agents who came to serve.
fn bystanders(chat: &Chat) -> impl Iterator<Item = &UserId> {
    chat.legs().filter(|leg| !leg.is_supervisor()).map(|leg| leg.user())
}

/// What is left of a chat as bystanders and customer know it, without what a listener costs: numbers
/// of messages (DEC-47: receivers see gaps) and ids that are given one after the other.
fn as_known(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in
                    ["index", "participantId", "id", "referenceId", "timestamp", "timestampSeconds"]
                {
                    members.remove(name);
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

proptest! {
    /// DEC-22: nobody is told of, or can read, what the visibility rules keep from them: neither
    /// messages nor participants.
    #[test]
    fn nobody_sees_what_is_kept_from_them(story in story(0..30)) {
        for_each_happening(&story, |world, happening| {
            // Whoever is a supervisor before or after may have been told in between.
            let may_know = |user: &UserId| {
                [&happening.before, &happening.after].iter()
                    .any(|chat| chat.leg(user).is_some_and(|leg| leg.is_supervisor()))
            };
            for notice in &happening.applied.notices {
                let value = wire::data(notice);
                let messages = value["messages"].as_array().into_iter().flatten();
                let people = value.pointer("/chat/participants").and_then(Value::as_array).into_iter().flatten();
                for shown in messages.chain(people) {
                    let secret = shown["visibility"] == "Supervisors";
                    let own = |user: &UserId| wire::text(shown.get("from").unwrap_or(shown), "/path") == format!("/users/{user}");
                    for user in &notice.to {
                        prop_assert!(!secret || may_know(user) || own(user), "{} is told {}", user, shown);
                    }
                }
            }
            for user in bystanders(&happening.after) {
                for shown in wire::messages(&happening.after, user, world.rules()) {
                    let own = wire::text(&shown, "/from/path") == format!("/users/{user}");
                    prop_assert!(shown["visibility"] != "Supervisors" || own, "{} reads {}", user, shown);
                }
            }
            // The customer sees neither coaches nor consulted agents nor what agents say to agents.
            for message in wire::customer_messages(&happening.after) {
                prop_assert!(message.get("visibility").is_none_or(|v| v == "All"), "{}", message);
            }
            let unseen = happening.after.legs()
                .filter(|leg| leg.state() == LegState::Chatting && leg.role().visibility() != Visibility::All).count();
            if let Some(seen) = wire::customer_resource(&happening.after) {
                let agents = seen["participants"].as_array().unwrap().iter().filter(|p| p["type"] == "Agent").count();
                let chatting = happening.after.legs().filter(|leg| leg.state() == LegState::Chatting).count();
                prop_assert_eq!(agents, chatting - unseen);
            }
            Ok(())
        })?;
    }

    /// CHAT-7.2-5: a chat with supervisors who only listen is, for everybody else, the chat without
    /// them: the same states, capabilities, participants, replies and texts, notification by
    /// notification.
    #[test]
    fn who_listens_changes_nothing_for_the_others(story in story(0..30), modes in any::<u8>()) {
        let world = story.play();
        let mut with = World::new(world.rules().clone());
        let mut without = World::new(world.rules().clone());
        for agent in ["agent1", "agent2", "agent3", "agent4"] {
            for (n, supervisor) in ["supervisor1", "supervisor2"].into_iter().enumerate() {
                let body = br#"{"operationName":"Monitor"}"#;
                let operation = MonitoringOperation::parse(body, &world.rules().limits).unwrap();
                if modes >> n & 1 == 1 {
                    with.cast_mut().supervise(&supervisor.into(), &agent.into(), &operation).unwrap();
                }
            }
        }
        for happening in world.past() {
            let is_supervisor = |user: &UserId| user.as_str().starts_with("supervisor");
            // The story of those who serve. Whether a supervisor, who is an agent like any other to
            // colleagues, can be asked in is for the scenes to show.
            let about_supervisors = match &happening.step {
                Step::Agent { user, operation, .. } => is_supervisor(user) || format!("{operation:?}").contains("supervisor"),
                Step::Supervisor { .. } => true,
                Step::House(trigger) => format!("{trigger:?}").contains("supervisor"),
                _ => false,
            };
            if about_supervisors {
                continue;
            }
            let wait = happening.applied.record.at.as_millis() - with.now().as_millis() - 1_000;
            with.wait(wait.max(0));
            without.wait(wait.max(0));
            let one = with.take(happening.step.clone()).cloned();
            let other = without.take(happening.step.clone()).cloned();
            let told = |result: &Result<Happening, chat_model::Rejection>| match result {
                Err(rejection) => vec![(String::new(), rejection.to_string().into())],
                Ok(happening) => {
                    let mut told: Vec<(String, Value)> = Vec::new();
                    for notice in &happening.applied.notices {
                        let users = notice.to.iter().filter(|user| !is_supervisor(user));
                        told.extend(users.map(|user| (user.to_string(), as_known(wire::data(notice)))));
                    }
                    told
                }
            };
            prop_assert_eq!(told(&one), told(&other), "{}", happening.step);
            let (with, without) = (with.chat(), without.chat());
            prop_assert_eq!(with.customer_state(), without.customer_state());
            let customer = |chat: &Chat| as_known(Value::from(wire::customer_messages(chat)));
            prop_assert_eq!(customer(with), customer(without));
            for user in bystanders(without) {
                let resource = |chat: &Chat| wire::resource(chat, user, world.rules()).map(as_known);
                prop_assert_eq!(resource(with), resource(without));
                let log = |chat: &Chat| as_known(wire::messages(chat, user, world.rules()).into());
                prop_assert_eq!(log(with), log(without));
            }
        }
    }

    /// DEC-21, CHAT-3.19: nobody supervises a chat in which there is nothing to supervise, and no
    /// supervisor holds a chat that waits or has ended.
    #[test]
    fn supervision_ends_with_what_it_is_about(story in story(0..30)) {
        for_each_happening(&story, |_, happening| {
            let chat = &happening.after;
            let serving = chat.legs().any(|leg| leg.state() == LegState::Chatting && !leg.role().is_supervising());
            let coming = chat.legs().any(|leg| leg.state() == LegState::Invited && !leg.role().is_supervising());
            let supervised = chat.legs().any(|leg| leg.role().is_supervising() && !leg.state().is_final());
            prop_assert!(!supervised || serving || coming, "{:?}", chat.legs().collect::<Vec<_>>());
            if chat.customer_state() == chat_model::CustomerState::Idle || chat.waiting().is_some() {
                prop_assert!(!supervised || serving);
            }
            Ok(())
        })?;
    }

    /// DEC-19, DEC-12: a supervisor comes along once, in the mode that was asked for, and is a
    /// participant of type Agent with the visibility of the mode.
    #[test]
    fn supervisors_come_along_once_and_in_their_mode(story in story(0..30)) {
        for_each_happening(&story, |world, happening| {
            for event in &happening.applied.record.events {
                let Event::SupervisorAdmitted { user, agent, mode } = event else { continue };
                let asked = chat_model::Directory::supervision_of(&happening.cast, agent);
                prop_assert_eq!(asked.of(user).map(|one| one.mode), Some(*mode));
                prop_assert!(happening.before.leg(user).is_none_or(|leg| leg.state().is_final()));
                let seen = wire::resource(&happening.after, user, world.rules()).unwrap();
                let path = format!("/users/{user}");
                let people: Vec<&Value> = seen["participants"].as_array().unwrap().iter().filter(|p| p["path"] == path.as_str()).collect();
                prop_assert_eq!(people.len(), 1);
                prop_assert_eq!(&people[0]["type"], "Agent");
                prop_assert_eq!(&people[0]["visibility"], mode.role().visibility().as_str());
            }
            Ok(())
        })?;
    }
}

/// What the stories above reach; a law about nothing would hold, too.
#[test]
fn stories_reach_every_mode_and_its_end() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let story = story(0..30).new_tree(&mut runner).unwrap().current();
        for happening in story.play().past() {
            for leg in happening.after.legs().filter(|leg| leg.role().is_supervising()) {
                seen.insert(format!("{} {}", leg.role(), leg.state()));
            }
        }
    }
    for role in [Role::Monitor, Role::Coach, Role::BargeIn] {
        for state in ["Invited", "Chatting", "Completed", "Revoked"] {
            assert!(seen.contains(&format!("{role} {state}")), "{role} {state}: {seen:?}");
        }
    }
}
