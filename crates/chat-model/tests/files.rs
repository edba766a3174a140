//! Chats that come from outside: files, journals and houses that are not what the model would make.
//!
//! Whatever is read either becomes a chat that can be used like any other, or is refused with what
//! was expected and what came.

use chat_model::{
    Chat, ChatFile, Command, Context, CountingIds, CustomerState, Directory, LegState, Limits,
    Operation, QueueName, Record, Rules, Timestamp, Trigger, UserId, UserInfo,
};

fn refused(file: &str) -> String {
    match ChatFile::read(file.as_bytes(), &Limits::default()) {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

fn resource(id: &str, participants: &str) -> String {
    format!(r#"{{"id":"{id}","state":"Chatting","participants":[{participants}]}}"#)
}

/// A chat of `a`, alone, whose parts are as given.
fn snapshot(legs: &str, from: u32, revision: u64) -> String {
    format!(
        r#"{{"snapshot":1,"id":"x","userData":{{}},"sessionOpen":true,"legs":[{legs}],
        "people":[{{"id":"1","type":"Agent","nickname":"Ann","user":"a","visibility":"All","present":true}},
        {{"id":"2","type":"Customer","nickname":"Chris","visibility":"All","present":true}}],
        "log":[{{"from":{from},"fromVisibility":"All","visibility":"All","at":1,"content":"typingStarted"}}],
        "revision":{revision}}}"#
    )
}

fn leg(user: &str, person: &str) -> String {
    format!(
        r#"{{"user":"{user}","state":"Chatting","role":"Agent","origin":{{"routed":{{"queue":"q"}}}}{person}}}"#
    )
}

#[test]
fn a_snapshot_whose_parts_contradict_each_other_is_refused_by_every_door() {
    let sound = leg("a", r#","person":0"#);
    assert_eq!(refused(&snapshot(&sound, 1, 3)), "accepted");
    for (file, expected) in [
        (
            snapshot(&sound, 2, 3),
            "expected message 1 to be from one of `people`, found nobody there",
        ),
        (
            snapshot(&leg("a", r#","person":2"#), 0, 3),
            "expected the leg of `a` to name that agent among `people`, found another",
        ),
        (
            snapshot(&leg("a", r#","person":1"#), 0, 3),
            "expected the leg of `a` to name that agent among `people`, found another",
        ),
        (
            snapshot(&leg("a", ""), 0, 3),
            "expected the leg of `a` to name that agent among `people`, found another",
        ),
        (snapshot(&format!("{sound},{sound}"), 0, 3), "expected one leg of `a`, found two"),
    ] {
        let says = |message: String| assert!(message.starts_with(expected), "{message}");
        says(refused(&file));
        says(serde_json::from_str::<Chat>(&file).unwrap_err().to_string());
        let record =
            format!(r#"{{"at":1,"by":"house","events":[{{"imported":{{"chat":{file}}}}}]}}"#);
        says(Record::from_json(record.as_bytes()).unwrap_err().to_string());
    }
}

#[test]
fn the_count_of_records_ends_without_a_panic() {
    let file = snapshot(&leg("a", r#","person":0"#), 0, u64::MAX);
    let mut chat = ChatFile::read(file.as_bytes(), &Limits::default()).unwrap().chat;
    act(&mut chat, "a", r#"{"operationName":"SendMessage","text":"x"}"#);
    assert_eq!((chat.revision(), chat.log_len()), (u64::MAX, 2));
}

#[test]
fn a_resource_that_names_nothing_is_refused() {
    const ANN: &str = r#"{"type":"Agent","participantId":"1","nickname":"Ann"}"#;
    assert_eq!(refused(&resource("0000Wa9CAM6W00J", ANN)), "accepted");
    for id in ["", "..", "a/b", "a b", "a?b", "a\\\"b", "é"] {
        let message = refused(&resource(id, ANN));
        assert!(message.starts_with("expected `id` to be letters, digits"), "{id}: {message}");
    }
    assert_eq!(
        refused(&resource("x", r#"{"type":"Agent","participantId":"1"}"#)),
        "expected `path`, `uri` or `nickname` of an agent among `participants`, found none"
    );
    assert_eq!(
        refused(&resource("x", &format!("{ANN},{ANN}"))),
        "expected each agent once among `participants`, found `Ann`"
    );
}

/// A file that is no chat at all, and one whose owner is somebody else.
#[test]
fn a_refused_file_says_what_is_missing() {
    assert_eq!(refused("[]"), "expected a chat to be an object, found an array");
    let ann = r#"{"type":"Agent","participantId":"1","nickname":"Ann","path":"/users/ann"}"#;
    let file = resource("x", ann).replacen('{', r#"{"owner":"ben","#, 1);
    assert_eq!(
        refused(&file),
        "expected the `owner` of a chat that is Chatting among its `participants`, found `ben` not there"
    );
}

/// Reading, changing and telling costs no more than the size of what is read and told.
#[test]
fn a_crowd_is_one_chat_like_any_other() {
    let agents: Vec<String> = (0..18_000)
        .map(|n| format!(r#"{{"type":"Agent","participantId":"","nickname":"{n}"}}"#))
        .collect();
    let file = ChatFile::read(resource("x", &agents.join(",")).as_bytes(), &Limits::default());
    let mut chat = file.unwrap().chat;
    assert_eq!(chat.joined().count(), 18_000);
    let told = act(&mut chat, "7", r#"{"operationName":"AttachUserData","userData":{"a":1}}"#);
    // The requester's, and one for all others.
    assert_eq!(told, 2);
}

/// DEC-22: someone whom only supervisors see is told to nobody else, though all share a state.
#[test]
fn a_hidden_participant_is_shown_to_nobody_else() {
    let person = |name: &str, visibility: &str| {
        format!(
            r#"{{"type":"Agent","participantId":"{name}","nickname":"{name}","visibility":"{visibility}"}}"#
        )
    };
    // Whoever comes first prints first: the hidden one must not be what the others copy.
    for order in [["s", "a", "b"], ["a", "s", "b"], ["a", "b", "s"]] {
        let people =
            order.map(|name| person(name, if name == "s" { "Supervisors" } else { "All" }));
        let file = ChatFile::read(resource("x", &people.join(",")).as_bytes(), &Limits::default());
        let mut chat = file.unwrap().chat;
        let rules = Rules::default();
        for requester in ["a", "b", "a"] {
            let body = br#"{"operationName":"AttachUserData","userData":{"k":1}}"#;
            let operation = Operation::parse(body, &Limits::default()).unwrap();
            let context = Context::new(Timestamp::from_millis(0), &rules, &NoQueues);
            let requester = UserId::new(requester);
            let command = Command::user(&requester, &operation);
            let applied = chat.apply(&command, &context, &mut CountingIds::from_seed(1)).unwrap();
            for notice in &applied.notices {
                for user in &notice.to {
                    let sees = notice.data.contains(r#""nickname":"s""#);
                    assert_eq!(
                        sees,
                        user.as_str() == "s",
                        "{order:?}: {user} is told {}",
                        notice.data
                    );
                }
            }
            assert_eq!(applied.recipients().len(), 3);
        }
    }
}

/// DEC-15: a chat goes back to a queue. Where a house has none, nobody is left behind waiting for
/// nobody.
#[test]
fn a_customer_is_not_forgotten_where_there_is_no_queue() {
    const BOTH: &str = r#"{"type":"Customer","participantId":"1","nickname":"Chris"},
        {"type":"Agent","participantId":"2","nickname":"a"}"#;
    const TO_B: &str = r#"{"operationName":"Transfer","targetPath":"/users/b"}"#;
    let chat = || ChatFile::read(resource("x", BOTH).as_bytes(), &Limits::default()).unwrap().chat;
    let ended = |chat: &Chat| {
        assert_eq!(chat.customer_state(), CustomerState::Idle);
        assert!(chat.legs().all(|leg| leg.state().is_final()), "{chat:?}");
        assert!(chat.is_finished());
    };

    let mut rejected = chat();
    act(&mut rejected, "a", TO_B);
    act(&mut rejected, "b", r#"{"operationName":"Reject"}"#);
    ended(&rejected);

    let mut missed = chat();
    act(&mut missed, "a", TO_B);
    let Some((_, user)) = missed.next_expiry() else { panic!("no invitation") };
    let user = user.clone();
    house(&mut missed, 40_000, &Trigger::Expire { user });
    ended(&missed);

    // Whoever was about to be asked is not asked any more.
    let mut gone = chat();
    act(&mut gone, "a", r#"{"operationName":"Invite","targetPath":"/users/c"}"#);
    house(&mut gone, 1, &Trigger::LoggedOut { user: "a".into() });
    ended(&gone);

    // A consulted agent is there to take over.
    let mut consulted = chat();
    act(&mut consulted, "a", r#"{"operationName":"Consult","targetPath":"/users/c"}"#);
    act(&mut consulted, "c", r#"{"operationName":"Accept"}"#);
    act(&mut consulted, "a", TO_B);
    act(&mut consulted, "b", r#"{"operationName":"Reject"}"#);
    assert_eq!(consulted.customer_state(), CustomerState::Chatting);
    assert_eq!(consulted.leg(&"c".into()).map(|leg| leg.state()), Some(LegState::Chatting));
}

/// Every user exists, and no queue does.
struct NoQueues;

impl Directory for NoQueues {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        Some(UserInfo::in_session(id.as_str()))
    }

    fn queue(&self, _: &str) -> Option<QueueName> {
        None
    }

    fn default_queue(&self) -> Option<QueueName> {
        None
    }

    fn next_ready(&self, _: &QueueName, _: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        None
    }
}

/// Lets `user` do `body` and returns how many notices it gave.
#[track_caller]
fn act(chat: &mut Chat, user: &str, body: &str) -> usize {
    let operation = Operation::parse(body.as_bytes(), &Limits::default()).unwrap();
    apply(chat, 0, &Command::user(&user.into(), &operation))
}

#[track_caller]
fn house(chat: &mut Chat, at: i64, trigger: &Trigger) {
    apply(chat, at, &Command::House(trigger));
}

#[track_caller]
fn apply(chat: &mut Chat, at: i64, command: &Command<'_>) -> usize {
    let rules = Rules::default();
    let context = Context::new(Timestamp::from_millis(at), &rules, &NoQueues).with_reference_id(1);
    let record = chat.decide(command, &context, &mut CountingIds::from_seed(1)).unwrap();
    // What a journal keeps gives the same chat.
    let mut copy = chat.clone();
    copy.replay(&Record::from_json(record.to_json().as_bytes()).unwrap());
    let notices = chat.announce(&record, &rules);
    assert_eq!(*chat, copy);
    notices.len()
}
