//! A request that comes again is answered as it was and does nothing, whatever happened in between,
//! and however the chat came to whoever is asked (DEC-48, DEC-73).

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stage;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use chat_model::testing::{Happening, Step, World, customer_operation, operation, story};
use chat_model::{
    Author, Chat, ChatFile, Command, Context, CountingIds, Event, KeyScope, KeyedRequest, Limits,
    Once, Operation, Record, Rejection, Reply, RequestDigest, RequestKey, Rules, Timestamp, UserId,
};
use proptest::prelude::*;
use stage::{chatting_with, just, waiting};

const TEN_MINUTES: i64 = 600_000;

fn request(scope: KeyScope, key: &str, digest: u8) -> KeyedRequest {
    KeyedRequest::new(scope, RequestKey::new(key).unwrap(), RequestDigest::new([digest; 16]))
}

/// The scope in which a client of this step names its request; the house has none.
fn scope(step: &Step) -> Option<KeyScope> {
    match step {
        Step::Agent { user, .. } | Step::Supervisor { user, .. } => {
            Some(KeyScope::User(user.clone()))
        }
        Step::Customer(_) => Some(KeyScope::Visitor),
        _ => None,
    }
}

fn context_of<'a>(world: &'a World, happening: &'a Happening) -> Context<'a> {
    Context::new(happening.applied.record.at, world.rules(), &happening.cast)
        .with_reference_id(happening.reference_id)
}

/// A chat that was kept by a store and read again.
fn reread(chat: &Chat) -> Chat {
    ChatFile::read(chat.to_snapshot_json().as_bytes(), &Limits::default()).unwrap().chat
}

#[track_caller]
fn now(once: Result<Once, Rejection>) -> (Record, Reply) {
    match once {
        Ok(Once::Now { record, reply }) => (record, reply),
        other => panic!("expected something to happen, found {other:?}"),
    }
}

proptest! {
    /// A key changes nothing of what a request does or tells, beside that the answer is remembered; and
    /// the same request is answered with the same bytes at any later time, out of the journal, out of a
    /// snapshot, and changes nothing. The same key of somebody else is another request.
    #[test]
    fn the_second_time_is_the_first_time(story in story(0..22)) {
        let world = story.play();
        let mut chat = Chat::new(world.chat().id().clone());
        let mut asked: Vec<(KeyedRequest, Command<'_>, Context<'_>, Reply)> = Vec::new();
        for (n, happening) in world.past().iter().enumerate() {
            let (command, context) = (happening.step.command(), context_of(&world, happening));
            let ids = || CountingIds::from_seed(100 * n as u64);
            let plain = chat.decide(&command, &context, &mut ids()).unwrap();
            let record = match scope(&happening.step) {
                None => plain,
                Some(scope) => {
                    let request = request(scope, &n.to_string(), n as u8);
                    let (record, reply) =
                        now(chat.decide_once(&request, &command, &context, &mut ids()));
                    let (last, events) = record.events.split_last().unwrap();
                    prop_assert_eq!(events, &plain.events[..]);
                    prop_assert!(matches!(last, Event::Answered(_)));
                    prop_assert_eq!(&reply, &command.reply(context.reference_id, world.rules()));
                    let without = chat.clone().announce(&plain, world.rules());
                    prop_assert_eq!(chat.clone().announce(&record, world.rules()), without);
                    asked.push((request, command, context, reply));
                    record
                }
            };
            chat.replay(&Record::from_json(record.to_json().as_bytes()).unwrap());

            // Whoever may ask at this moment, of whatever copy of the chat.
            for chat in [&chat, &reread(&chat)] {
                for (request, command, context, reply) in &asked {
                    let again = |request: &KeyedRequest| {
                        chat.decide_once(request, command, context, &mut CountingIds::from_seed(7))
                    };
                    let Ok(Once::Before { reply: told }) = again(request) else {
                        return Err(TestCaseError::fail(format!("{:?}", again(request))));
                    };
                    prop_assert_eq!(told.to_json(), reply.to_json());
                    let mut other = request.clone();
                    other.digest = RequestDigest::new([0xff; 16]);
                    prop_assert_eq!(again(&other), Err(Rejection::KeyReused));
                    let mut other = request.clone();
                    other.scope = KeyScope::User("nobody".into());
                    let is_known = matches!(again(&other), Ok(Once::Before { .. }) | Err(Rejection::KeyReused));
                    prop_assert!(!is_known, "{:?}", other);
                }
            }
        }
        prop_assert_eq!(reread(&chat), chat);
    }

    /// What is refused changes nothing but that, and is refused with the same bytes when the chat would
    /// allow it by now.
    #[test]
    fn a_refusal_is_repeated_too(
        story in story(0..22),
        agent in 0..6_usize,
        operation in operation(),
        customer in customer_operation(),
    ) {
        let world = story.play();
        let users = ["agent1", "agent2", "agent3", "agent4", "absent", "nobody"];
        let steps = [Step::agent(users[agent].into(), operation), Step::Customer(customer)];
        for step in steps {
            let request = request(scope(&step).unwrap(), "k", 1);
            let mut chat = world.chat().clone();
            let mut ids = CountingIds::from_seed(7);
            let Err(rejection) = chat.decide(&step.command(), &world.context(), &mut ids) else {
                continue;
            };
            let once = chat.decide_once(&request, &step.command(), &world.context(), &mut ids);
            if rejection == Rejection::ChatNotFound || chat.is_finished() || chat.revision() == 0 {
                // Nobody whose chat it is, or a chat that says the same each time: nothing is written.
                prop_assert_eq!(once, Err(rejection));
                continue;
            }
            let (record, reply) = now(once);
            prop_assert_eq!(&reply, &Reply::from(&rejection));
            prop_assert_eq!(record.events.len(), 1);
            let before = chat.clone();
            prop_assert!(chat.announce(&record, world.rules()).is_empty());
            for leg in before.legs() {
                let view = |chat: &Chat| chat.view(leg.user(), world.rules()).map(|view| view.to_json());
                prop_assert_eq!(view(&before), view(&chat));
            }
            prop_assert_eq!(before.log_len(), chat.log_len());
            let again = chat.decide_once(&request, &step.command(), &world.context(), &mut ids);
            let same = matches!(&again, Ok(Once::Before { reply: told }) if *told == reply);
            prop_assert!(same, "{:?}", again);
            prop_assert_eq!(reread(&chat), chat);
        }
    }
}

/// An operation that cannot be read is refused like any other.
#[test]
fn what_cannot_be_read_is_refused_once() {
    let world = chatting_with("agent1");
    let request = request(KeyScope::User("agent1".into()), "k", 1);
    let rejection = Operation::parse(br#"{"operationName":"Dance"}"#, &Limits::default());
    let (rejection, at) = (rejection.unwrap_err(), world.now());
    let mut chat = world.chat().clone();
    let (record, reply) = now(chat.refuse_once(&request, &rejection, at));
    assert_eq!(reply, Reply::from(&rejection));
    assert_eq!(record.by, Author::User("agent1".into()));
    chat.replay(&record);
    let again = chat.refuse_once(&request, &Rejection::ChatNotFound, at);
    assert!(matches!(again, Ok(Once::Before { reply: told }) if told == reply));
}

/// Lets `user` set the focus with a key.
fn focus(chat: &mut Chat, user: &str, key: &str, at: i64) -> bool {
    let user = UserId::new(user);
    let operation = Operation::parse(just("SetInFocus").as_bytes(), &Limits::default()).unwrap();
    let (rules, directory) = (Rules::default(), chat_model::OpenDirectory::new());
    let context = Context::new(Timestamp::from_millis(at), &rules, &directory);
    let request = request(KeyScope::User(user.clone()), key, 1);
    let command = Command::user(&user, &operation);
    match chat.decide_once(&request, &command, &context, &mut CountingIds::from_seed(1)) {
        Ok(Once::Now { record, .. }) => {
            chat.replay(&record);
            true
        }
        Ok(Once::Before { .. }) => false,
        other => panic!("{other:?}"),
    }
}

/// DEC-48: the last 64 however old, and nothing younger than ten minutes is forgotten for their sake.
#[test]
fn the_last_64_and_the_last_ten_minutes_are_known() {
    let mut chat = chatting_with("agent1").chat().clone();
    for n in 0..100 {
        assert!(focus(&mut chat, "agent1", &format!("early{n}"), 0));
    }
    for n in 0..100 {
        assert!(!focus(&mut chat, "agent1", &format!("early{n}"), TEN_MINUTES), "{n} is known");
    }
    assert!(focus(&mut chat, "agent1", "one-more", TEN_MINUTES), "all are young enough");
    assert!(!focus(&mut chat, "agent1", "early0", TEN_MINUTES));
    assert!(focus(&mut chat, "agent1", "late", TEN_MINUTES + 1));
    // 64 are left: two late ones, and the last 62 of the early ones.
    let known = |chat: &Chat, key: &str| !focus(&mut chat.clone(), "agent1", key, TEN_MINUTES + 1);
    let kept: Vec<u32> = (0..100).filter(|n| known(&chat, &format!("early{n}"))).collect();
    assert_eq!(kept, (38..100).collect::<Vec<_>>());
    assert!(known(&chat, "one-more") && known(&chat, "late"));
    assert!(!focus(&mut chat, "agent1", "late", 1_000 * TEN_MINUTES), "however old");
}

/// DEC-73: whoever sends too many loses their own oldest, and nobody else loses one; the chat stays
/// small.
#[test]
fn one_who_floods_costs_nobody_else_an_answer() {
    let mut world = chatting_with("agent1");
    stage::agent(&mut world, "agent1", &stage::at("Invite", "agent2")).unwrap();
    stage::agent(&mut world, "agent2", &just("Accept")).unwrap();
    let mut chat = world.chat().clone();
    let bare = chat.to_snapshot_json().len();
    assert!(focus(&mut chat, "agent2", "mine", 0));
    for n in 0..2_000 {
        assert!(focus(&mut chat, "agent1", &format!("{n:064}"), n));
    }
    assert!(!focus(&mut chat, "agent2", "mine", 2_000));
    for (n, is_known) in [(1_487, false), (1_488, true), (1_999, true)] {
        assert_eq!(
            !focus(&mut chat.clone(), "agent1", &format!("{n:064}"), 2_000),
            is_known,
            "{n}"
        );
    }
    let grown = chat.to_snapshot_json().len() - bare;
    assert!(grown < 128 << 10, "{grown} bytes");
}

/// DEC-73: refusals are repeated, but a chat does not grow with them for ever.
#[test]
fn refusals_do_not_fill_the_journal() {
    let world = waiting();
    let mut chat = world.chat().clone();
    let rejection = Rejection::MissingParameter { parameter: "text" };
    for n in 0..1_024 {
        let request = request(KeyScope::Visitor, &n.to_string(), 1);
        let (record, _) = now(chat.refuse_once(&request, &rejection, world.now()));
        chat.replay(&record);
        chat = if n % 100 == 0 { reread(&chat) } else { chat };
    }
    let last = request(KeyScope::Visitor, "last", 1);
    assert_eq!(chat.refuse_once(&last, &rejection, world.now()), Err(rejection.clone()));
    let known = request(KeyScope::Visitor, "1023", 1);
    let again = chat.refuse_once(&known, &rejection, world.now());
    assert!(matches!(again, Ok(Once::Before { .. })));
}

#[test]
fn keys_are_visible_ascii() {
    let longest = "x".repeat(64);
    for (text, fits) in [
        ("!", true),
        ("~", true),
        ("7e57-\"\\,;", true),
        (&*longest, true),
        ("", false),
        (&*(longest.clone() + "x"), false),
        ("a b", false),
        ("\t", false),
        ("\u{7f}", false),
        ("é", false),
    ] {
        assert_eq!(RequestKey::new(text).is_some(), fits, "{text:?}");
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(serde_json::from_str::<RequestKey>(&json).is_ok(), fits, "{text:?}");
    }
    for (text, fits) in [
        ("00112233445566778899aabbccddeeff", true),
        ("00112233445566778899AABBCCDDEEFF", false),
        ("+0112233445566778899aabbccddeeff", false),
        ("00112233445566778899aabbccddeef", false),
    ] {
        let json = serde_json::to_string(text).unwrap();
        let read = serde_json::from_str::<RequestDigest>(&json);
        assert_eq!(read.is_ok_and(|digest| digest.to_string() == text), fits, "{text}");
    }
}
