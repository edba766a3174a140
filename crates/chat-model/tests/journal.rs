//! The journal's format is for ever: files written by every earlier version are read as they are.
//!
//! `golden/journal.1.ndjson` holds one conversation in which every event occurs that the first
//! version knew, a record a line; `golden/chat.1.json` the chat that it folds to before the import in
//! its last line. `golden/journal.2.ndjson` and `golden/chat.2.json` are a supervised conversation,
//! `golden/journal.3.ndjson` and `golden/chat.3.json` one whose requests had keys.
//! None of them is ever rewritten: a version that cannot read them has broken the promise, and a new
//! event gets a new file.

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stage;

use chat_model::testing::{Step, World};
use chat_model::{
    Chat, ChatFile, ChatId, Command, CountingIds, CustomerOperation, KeyScope, KeyedRequest,
    LegState, Limits, MonitoringOperation, Once, Operation, Record, RequestDigest, RequestKey,
    Rules, SupervisorOperation, Trigger, UserId,
};
use stage::{agent, at, chatting_with, customer, just, offer, waiting};

const JOURNAL: &str = include_str!("golden/journal.1.ndjson");
const CHAT: &str = include_str!("golden/chat.1.json");
const SUPERVISED_JOURNAL: &str = include_str!("golden/journal.2.ndjson");
const SUPERVISED_CHAT: &str = include_str!("golden/chat.2.json");
const KEYED_JOURNAL: &str = include_str!("golden/journal.3.ndjson");
const KEYED_CHAT: &str = include_str!("golden/chat.3.json");

/// Every event, and every way to an offer, as the journal names them. Kept by hand: who adds one adds it here.
const EVENTS: [&str; 28] = [
    "imported",
    "requested",
    "queued",
    "offered",
    "accepted",
    "joined",
    "joinFailed",
    "declined",
    "revoked",
    "userDataAttached",
    "userDataUpdated",
    "userDataDeleted",
    "dispositionSet",
    "commentSet",
    "focusSet",
    "said",
    "left",
    "roleChanged",
    "customerLeft",
    "operationFailed",
    "routed",
    "transferred",
    "consulted",
    "invited",
    "supervisorAdmitted",
    "supervising",
    "nobodyToSupervise",
    "answered",
];

/// The second file: who comes along, who breaks in, every mode, and the end.
#[test]
fn supervision_is_read_and_printed_back() {
    let world = supervised_conversation();
    let written: Vec<String> =
        world.past().iter().map(|happening| happening.applied.record.to_json()).collect();
    let written = written.join("\n") + "\n";
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
        std::fs::write(format!("{golden}journal.2.ndjson"), &written).unwrap();
        let chat = world.chat().to_snapshot_json() + "\n";
        std::fs::write(format!("{golden}chat.2.json"), chat).unwrap();
    }
    assert_eq!(written, SUPERVISED_JOURNAL);
    for line in SUPERVISED_JOURNAL.lines() {
        assert_eq!(Record::from_json(line.as_bytes()).unwrap().to_json(), line);
    }
    let records =
        SUPERVISED_JOURNAL.lines().map(|line| Record::from_json(line.as_bytes()).unwrap());
    assert_eq!(fold(records).to_snapshot_json(), SUPERVISED_CHAT.trim_end());
    let read = ChatFile::read(SUPERVISED_CHAT.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(&read.chat, world.chat());
}

fn supervised_conversation() -> World {
    let mut world: World = waiting();
    for (supervisor, body) in [
        ("supervisor1", r#"{"operationName":"Monitor","supervisorMonitoringMode":"NextChat"}"#),
        ("supervisor2", r#"{"operationName":"Coach","nickname":"Sue"}"#),
    ] {
        let operation = MonitoringOperation::parse(body.as_bytes(), &Limits::default()).unwrap();
        world.cast_mut().supervise(&supervisor.into(), &"agent1".into(), &operation).unwrap();
    }
    offer(&mut world, "agent1");
    for (user, body) in [
        ("agent1", just("Accept")),
        ("supervisor1", just("SwitchToCoach")),
        ("supervisor1", just("SwitchToBargeIn")),
        ("supervisor1", r#"{"operationName":"SendMessage","text":"Hello"}"#.to_owned()),
        ("supervisor1", just("SwitchToMonitor")),
        ("supervisor2", just("Leave")),
    ] {
        agent(&mut world, user, &body).unwrap();
    }
    let body = br#"{"operationName":"Intrude","supervisorVisibilityMode":"BargeIn"}"#;
    let operation = SupervisorOperation::parse(body, &Limits::default()).unwrap();
    world.take(Step::supervisor("supervisor2".into(), "agent1".into(), operation)).unwrap();
    agent(&mut world, "supervisor2", &just("Accept")).unwrap();
    agent(&mut world, "agent1", &just("Complete")).unwrap();
    world
}

/// The third file: requests with keys, accepted and refused.
#[test]
fn answers_are_read_and_printed_back() {
    let (records, chat) = keyed_conversation();
    let written = records.join("\n") + "\n";
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
        std::fs::write(format!("{golden}journal.3.ndjson"), &written).unwrap();
        std::fs::write(format!("{golden}chat.3.json"), chat.to_snapshot_json() + "\n").unwrap();
    }
    assert_eq!(written, KEYED_JOURNAL);
    let records = KEYED_JOURNAL.lines().map(|line| {
        let record = Record::from_json(line.as_bytes()).unwrap();
        assert_eq!(record.to_json(), line);
        record
    });
    assert_eq!(fold(records).to_snapshot_json(), KEYED_CHAT.trim_end());
    assert_eq!(ChatFile::read(KEYED_CHAT.as_bytes(), &Limits::default()).unwrap().chat, chat);
}

fn keyed_conversation() -> (Vec<String>, Chat) {
    let world = chatting_with("agent1");
    let mut records: Vec<String> =
        world.past().iter().map(|happening| happening.applied.record.to_json()).collect();
    let mut chat = world.chat().clone();
    let context = world.context().with_reference_id(17);
    let agent = UserId::new("agent1");
    let limits = Limits::default();
    let operation = |body: &str| Operation::parse(body.as_bytes(), &limits).unwrap();
    let (focus, consult, join) = (
        operation(&just("SetInFocus")),
        operation(&at("Consult", "agent2")),
        operation(&just("Accept")),
    );
    let message = br#"{"operationName":"SendMessage","text":"Hello?"}"#;
    let message = CustomerOperation::parse(message, &limits).unwrap();
    let of_agent = || KeyScope::User(agent.clone());
    for (scope, command) in [
        (of_agent(), Command::user(&agent, &focus)),
        (of_agent(), Command::user(&agent, &consult)),
        (of_agent(), Command::user(&agent, &join)),
        (KeyScope::Visitor, Command::Customer(&message)),
        (KeyScope::Center, Command::Customer(&message)),
    ] {
        let n = records.len() as u8;
        let key = RequestKey::new(&format!("\"key {n}\"").replace(' ', "-")).unwrap();
        let request = KeyedRequest::new(scope, key, RequestDigest::new([n; 16]));
        let mut ids = CountingIds::from_seed(1);
        match chat.decide_once(&request, &command, &context, &mut ids) {
            Ok(Once::Now { record, .. }) => {
                records.push(record.to_json());
                chat.replay(&record);
            }
            other => panic!("{other:?}"),
        }
    }
    (records, chat)
}

fn records() -> impl Iterator<Item = Record> {
    JOURNAL.lines().map(|line| Record::from_json(line.as_bytes()).unwrap())
}

/// The chat as it was before the import at the end replaced it.
fn conversed() -> impl Iterator<Item = Record> {
    records().take_while(|record| !record.to_json().contains("\"imported\""))
}

fn fold(records: impl Iterator<Item = Record>) -> Chat {
    let mut chat = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
    records.for_each(|record| chat.replay(&record));
    chat
}

#[test]
fn the_first_version_is_read_and_printed_back() {
    for line in JOURNAL.lines() {
        assert_eq!(Record::from_json(line.as_bytes()).unwrap().to_json(), line);
    }
    assert_eq!(fold(conversed()).to_snapshot_json(), CHAT.trim_end());
    let read = ChatFile::read(CHAT.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(read.chat, fold(conversed()));
    assert_eq!(
        fold(records()).view(&"agent1".into(), &Rules::default()).unwrap().state(),
        LegState::Chatting
    );
}

#[test]
fn every_event_and_origin_is_in_the_golden_journal() {
    for name in EVENTS {
        let quoted = format!("\"{name}\"");
        assert!(
            [JOURNAL, SUPERVISED_JOURNAL, KEYED_JOURNAL].iter().any(|j| j.contains(&quoted)),
            "no {name}"
        );
    }
}

/// What this version writes for the same conversation is what the golden file says. When a version
/// writes more than the first one did, this test gets the newest file and the others stay as they
/// are.
#[test]
fn this_version_writes_the_newest_file() {
    let mut written: Vec<String> =
        conversation().past().iter().map(|happening| happening.applied.record.to_json()).collect();
    let import = ChatFile::read(CHAT_BEFORE.as_bytes(), &Limits::default()).unwrap();
    written
        .push(import.into_record(chat_model::Timestamp::from_millis(1_389_261_999_000)).to_json());
    let written = written.join("\n") + "\n";
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        let chat = conversation().chat().clone();
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
        std::fs::write(format!("{golden}journal.1.ndjson"), &written).unwrap();
        std::fs::write(format!("{golden}chat.1.json"), chat.to_snapshot_json() + "\n").unwrap();
    }
    assert_eq!(written, JOURNAL);
}

/// A chat that comes from a file at the end of the journal, as an import replaces what was.
const CHAT_BEFORE: &str = r#"{"id":"0000Wa9CAM6W00J","state":"Chatting","owner":"agent1","queue":"Support",
    "userData":{"k":1.0},"comment":"c","chatType":"Inbound","receivedDate":"2014-01-09 11:58:12.035+0200",
    "participants":[{"nickname":"Chris","type":"Customer","participantId":"1"},
    {"nickname":"Ann","type":"Agent","participantId":"2"},
    {"nickname":"Ben","type":"Agent","participantId":"3","visibility":"Agents","path":"/users/agent2"}]}"#;

fn conversation() -> World {
    let mut world: World = waiting();
    let house = |world: &mut World, trigger| world.take(Step::House(trigger)).map(|_| ()).unwrap();
    let does = |world: &mut World, user: &str, body: &str| agent(world, user, body).unwrap();
    offer(&mut world, "agent1");
    does(&mut world, "agent1", &just("Reject"));
    offer(&mut world, "agent2");
    world.wait(60_000);
    house(&mut world, Trigger::Expire { user: "agent2".into() });
    offer(&mut world, "agent1");
    does(
        &mut world,
        "agent1",
        r#"{"operationName":"Accept","nickname":"Ann \"A\"","saveLAR":true}"#,
    );
    customer(&mut world, r#"{"operationName":"SendMessage","text":"Hi\n\u00e9"}"#).unwrap();
    for body in [
        r#"{"operationName":"SendMessage","text":"Hello","messageType":"Greeting"}"#,
        r#"{"operationName":"SendStartTypingNotification"}"#,
        r#"{"operationName":"SendStopTypingNotification"}"#,
        r#"{"operationName":"SendUrl","url":"http://www.example.com"}"#,
        r#"{"operationName":"SendCustomNotice","noticeText":"n"}"#,
        r#"{"operationName":"AttachUserData","userData":{"a":1.0,"b":{"z":null,"y":[1e2]}}}"#,
        r#"{"operationName":"UpdateUserData","userData":{"a":"\u0041"}}"#,
        r#"{"operationName":"DeleteUserData","keys":["b","unknown"]}"#,
        r#"{"operationName":"SetDisposition","disposition":"resolved"}"#,
        r#"{"operationName":"AddComment","comment":"c"}"#,
        r#"{"operationName":"SetInFocus"}"#,
        r#"{"operationName":"CancelConsult"}"#,
    ] {
        let _ = agent(&mut world, "agent1", body);
    }
    does(&mut world, "agent1", &at("Consult", "agent2"));
    does(&mut world, "agent1", &just("CancelConsult"));
    does(&mut world, "agent1", &just("CancelConsult"));
    does(&mut world, "agent1", &at("Consult", "agent2"));
    does(&mut world, "agent2", &just("Accept"));
    does(&mut world, "agent1", &at("Invite", "agent2"));
    does(&mut world, "agent1", &at("Invite", "agent3"));
    does(&mut world, "agent3", &just("Accept"));
    does(&mut world, "agent1", &at("RemoveParticipantFromConference", "agent3"));
    house(&mut world, Trigger::LoggedOut { user: "agent2".into() });
    does(&mut world, "agent1", &at("Transfer", "agent3"));
    does(&mut world, "agent3", &just("Accept"));
    does(&mut world, "agent3", &at("Invite", "agent1"));
    customer(&mut world, &just("Complete")).unwrap();
    does(&mut world, "agent1", &just("Accept"));
    does(&mut world, "agent1", &just("Complete"));
    does(
        &mut world,
        "agent3",
        r#"{"operationName":"Complete","queueName":"Support","saveLAR":true}"#,
    );
    world
}
