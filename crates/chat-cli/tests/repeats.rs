//! A client whose answer got lost asks again with the same key: of the server that was started after a
//! kill, or of another one. What was asked is done once, and the answers do not differ in a byte
//! (DEC-48).

#[path = "../../chat-store/tests/postgres/server.rs"]
#[allow(dead_code, reason = "the store's own tests need more of it")]
mod database;
#[path = "support/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::process::Command;
use std::thread;
use std::time::Duration;

use server::{Server, chat};

const CHAT: &str = "POST /api/v2/me/chats/0000Wa9CAM6W00J";
const CHATS: &str = "POST /api/v2/chats";

/// Its reply has a number that no other reply has. Nobody is there to be consulted, so it can be asked
/// again and again.
const CONSULT: &str =
    r#"{"operationName":"Consult","targetPath":"/users/a5e9c0ffee0000000000000000000002"}"#;
const REQUEST: &str = r#"{"operationName":"RequestChat","nickname":"Vera"}"#;

fn key(key: &str) -> String {
    format!("Idempotency-Key: {key}\r\n")
}

fn ask(server: &Server, what: &str, body: &str, name: &str) -> String {
    let (status, text) = server.send(what, &key(name), body).answer().expect("an answer");
    assert_eq!(status, 200, "{what} {body}: {text}");
    text
}

/// How many chats and records are in the store.
fn counted(check: &mut Command) -> String {
    let output = check.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    said.lines().next().unwrap_or_default().to_owned()
}

/// SIGKILL a little later in each round: before, between and after the record and its answer.
#[test]
fn what_a_kill_took_is_answered_by_the_next_server() {
    const ROUNDS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.redb").to_str().unwrap().to_owned();
    let start = || Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &file]);
    let mut server = start();
    let mut told = BTreeSet::new();
    for round in 0..ROUNDS {
        for (what, body) in [(CHAT, CONSULT), (CHATS, REQUEST)] {
            let name = format!("{round}{what}").replace(' ', "");
            let asked = server.send(what, &key(&name), body);
            thread::sleep(Duration::from_micros(400 * round as u64));
            server.kill();
            let before = asked.answer().map(|(_, text)| text);
            server = start();
            let first = ask(&server, what, body, &name);
            assert_eq!(*before.as_ref().unwrap_or(&first), first, "what was told is told again");
            assert_eq!(ask(&server, what, body, &name), first);
            assert!(told.insert(first), "no two requests have one answer");
        }
    }
    server.terminate();
    let said = counted(&mut chat(&["store", "check", &file]));
    // The chat of the demonstration and what it began with; of each round one record and one chat.
    let (chats, records) = (1 + ROUNDS, 1 + 2 * ROUNDS);
    assert!(said.contains(&format!("{chats} chats with {records} records")), "{said}");
}

/// The record is seen to be there, and the answer is not taken before the server is gone.
#[test]
fn what_was_done_before_the_kill_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.redb").to_str().unwrap().to_owned();
    let start = || Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &file]);
    let server = start();
    let body = r#"{"operationName":"AttachUserData","userData":{"done":1}}"#;
    let unread = server.send(CHAT, &key("k"), body);
    while server.user_data()["done"] != 1 {
        thread::yield_now();
    }
    server.kill();
    drop(unread);
    let server = start();
    // Somebody else has changed it since.
    let other = r#"{"operationName":"UpdateUserData","userData":{"done":2}}"#;
    ask(&server, CHAT, other, "other");
    assert_eq!(ask(&server, CHAT, body, "k"), r#"{"statusCode":0}"#);
    assert_eq!(server.user_data()["done"], 2, "not done once more");
    let refused = server.send(CHAT, &key("k"), other).answer().expect("an answer");
    assert!(refused.0 == 400 && refused.1.starts_with(r#"{"statusCode":10,"#), "{refused:?}");
    server.terminate();
    let said = counted(&mut chat(&["store", "check", &file]));
    assert!(said.contains("1 chats with 3 records"), "{said}");
}

/// At the other node, also while the first one is at it, and when it is gone.
#[test]
fn any_node_answers_what_another_one_did() {
    let database = database::Server::own(&[]);
    let node = || {
        let mut command = chat(&["serve", "--listen", "127.0.0.1:0"]);
        Server::of(command.env("CHAT_STORE", database.url()))
    };
    let (one, other) = (node(), node());
    let mut told = BTreeSet::new();
    for (what, body) in [(CHAT, CONSULT), (CHATS, REQUEST)] {
        let first = ask(&one, what, body, "later");
        assert_eq!(ask(&other, what, body, "later"), first);
        told.insert(first);
        for round in 0..8 {
            let name = format!("race-{round}");
            let asked: Vec<_> = (0..8)
                .map(|n| [&one, &other][(n + round) % 2].send(what, &key(&name), body))
                .collect();
            let answers: BTreeSet<String> =
                asked.into_iter().map(|asked| asked.answer().expect("an answer").1).collect();
            assert_eq!(answers.len(), 1, "{answers:?}");
            told.extend(answers);
        }
        let unread = one.send(what, &key("lost"), body);
        let first = ask(&other, what, body, "lost");
        let (_, late) = unread.answer().expect("an answer");
        assert_eq!(late, first);
        told.insert(first);
    }
    assert_eq!(told.len(), 2 * (1 + 8 + 1), "{told:?}");
    one.kill();
    for (what, body) in [(CHAT, CONSULT), (CHATS, REQUEST)] {
        assert!(told.contains(&ask(&other, what, body, "lost")));
        assert!(told.contains(&ask(&other, what, body, "race-0")));
    }
    other.terminate();
    let said = counted(chat(&["store", "check"]).env("CHAT_STORE", database.url()));
    assert!(said.starts_with("PostgreSQL: 11 chats with 21 records"), "{said}");
}
