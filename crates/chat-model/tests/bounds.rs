//! DEC-72: a chat has bounds in bytes, whatever is said in it and attached to it.

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stage;

use chat_model::testing::{Step, World, story};
use chat_model::{CustomerOperation, Operation, Rejection, Rules, Trigger};
use proptest::prelude::*;
use stage::just;

/// Bytes that an entry takes beside what it says.
const FRAME: usize = 512;

/// A chat of agent1 in a house with small rooms: `entries` without a word, and `user_data` bytes.
fn house(entries: usize, user_data: usize) -> World {
    let mut rules = Rules::default();
    rules.max_transcript_bytes = entries * FRAME;
    rules.max_user_data_bytes = user_data;
    let mut world = World::new(rules);
    visitor(&mut world, r#"{"operationName":"RequestChat","nickname":"Chris"}"#).unwrap();
    world.take(Step::House(Trigger::Offer { user: "agent1".into() })).unwrap();
    agent(&mut world, &just("Accept")).unwrap();
    world
}

fn visitor(world: &mut World, body: &str) -> Result<(), Rejection> {
    let operation = CustomerOperation::parse(body.as_bytes(), &world.rules().limits)?;
    world.take(Step::Customer(operation)).map(|_| ())
}

fn agent(world: &mut World, body: &str) -> Result<(), Rejection> {
    let operation = Operation::parse(body.as_bytes(), &world.rules().limits)?;
    world.take(Step::agent("agent1".into(), operation)).map(|_| ())
}

/// What `ask` was told: nothing, or the code and the message.
fn told(result: Result<(), Rejection>) -> String {
    result.map_or_else(|why| format!("{} {why}", why.status().code()), |()| "0".into())
}

#[test]
fn a_transcript_is_full_to_the_byte() {
    // Two have joined; there is room for one entry of as many bytes as another one's frame.
    let says = |text: &str| format!(r#"{{"operationName":"SendMessage","text":"{text}"}}"#);
    let exact = "x".repeat(FRAME);
    let full = |found: usize| {
        format!("10 expected a transcript of at most 2048 bytes, found {found} with this")
    };
    for (text, expected) in [
        (exact.clone(), "0".to_owned()),
        (format!("{exact}x"), full(2049)),
        // As printed: an escape is six bytes, a quote two.
        (format!(r"\u0001{}", &exact[6..]), "0".to_owned()),
        (format!(r"\u0001{}", &exact[5..]), full(2049)),
        (format!(r#"\"{}"#, &exact[2..]), "0".to_owned()),
        (format!(r#"\"{}"#, &exact[1..]), full(2049)),
    ] {
        for by_visitor in [false, true] {
            let mut world = house(4, 1 << 20);
            let result = match by_visitor {
                true => visitor(&mut world, &says(&text)),
                false => agent(&mut world, &says(&text)),
            };
            assert_eq!(told(result), expected, "{text}");
        }
    }
}

/// Who comes and goes is noted, and everybody can go.
#[test]
fn a_full_transcript_keeps_nobody_in() {
    let mut world = house(2, 1 << 20);
    let full = "10 expected a transcript of at most 1024 bytes, found 1536 with this";
    assert_eq!(told(agent(&mut world, &just("SendStartTypingNotification"))), full);
    let parting = r#"{"operationName":"Leave","text":"Bye"}"#;
    assert!(told(agent(&mut world, parting)).starts_with("10 "), "nothing said, nobody gone");
    assert_eq!(told(visitor(&mut world, &just("Complete"))), "0");
    assert_eq!(told(agent(&mut world, &just("Complete"))), "0");
    assert!(world.chat().is_finished());
    assert_eq!(world.chat().log_len(), 4);
}

#[test]
fn user_data_is_full_to_the_byte() {
    let attach =
        |pairs: &str| format!(r#"{{"operationName":"AttachUserData","userData":{pairs}}}"#);
    // {"a":"xxxx"} is 12 bytes.
    let mut world = house(100, 12);
    assert_eq!(told(agent(&mut world, &attach(r#"{"a":"xxxx"}"#))), "0");
    for (pairs, found) in
        [(r#"{"a":"xxxxx"}"#, 13), (r#"{"b":1}"#, 18), (r#"{"a":"","bcdefg":1}"#, 19)]
    {
        let expected = format!(
            "10 expected `userData` to be at most 12 bytes of user data in the chat, found {found} after the operation"
        );
        assert_eq!(told(agent(&mut world, &attach(pairs))), expected, "{pairs}");
    }
    // The same key with another value is no more than it was.
    assert_eq!(told(agent(&mut world, &attach(r#"{"a":"yyyy"}"#))), "0");
    let body = r#"{"operationName":"SetDisposition","disposition":"x"}"#;
    assert!(told(agent(&mut world, body)).starts_with("10 expected `disposition`"));
    let body = r#"{"operationName":"RequestChat","nickname":"Chris","userData":{"a":"xxxxx"}}"#;
    let mut world = World::new(world.rules().clone());
    assert!(told(visitor(&mut world, body)).starts_with("10 expected `userData`"));
}

proptest! {
    /// Whatever happens, what is printed of a chat is in proportion to its bounds: nobody says more
    /// than fits, and each who comes and goes costs an entry.
    #[test]
    fn no_story_outgrows_the_bounds(story in story(0..40)) {
        let mut rules = Rules::default();
        rules.max_transcript_bytes = 8 * FRAME;
        rules.max_user_data_bytes = 64;
        let world = story.play_by(rules.clone());
        let said = |happening: &chat_model::testing::Happening| {
            let before = happening.before.log_len();
            let says = happening.applied.record.events.iter()
                .any(|event| matches!(event, chat_model::Event::Said { .. }));
            says.then_some(before)
        };
        // Eight entries of 512 bytes are the whole transcript, so nobody says a ninth one.
        for entries in world.past().iter().filter_map(said) {
            prop_assert!(entries < 8, "said after {} entries", entries);
        }
        prop_assert!(world.chat().user_data().json_len() <= 64);
    }
}
