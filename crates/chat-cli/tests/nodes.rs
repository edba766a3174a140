//! Several servers on one database: any of them serves anybody, and what one has acknowledged the others
//! know, also when it is gone.

#[path = "../../chat-store/tests/postgres/server.rs"]
#[allow(dead_code, reason = "the store's own tests need more of it")]
mod database;
#[path = "support/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use serde_json::{Map, Value};

use server::{CHAT, Server, chat};

#[test]
fn servers_on_one_database_are_one_system() {
    let database = database::Server::own(&[]);
    let (one, other) = (node(&database), node(&database));
    assert_eq!(one.attach("one"), r#"{"statusCode":0}"#);
    assert_eq!(other.attach("other"), r#"{"statusCode":0}"#);
    for node in [&one, &other] {
        let data = node.user_data();
        assert_eq!((&data["one"], &data["other"]), (&true.into(), &true.into()), "{data}");
    }

    one.kill();
    let data = other.user_data();
    assert_eq!(node(&database).user_data(), data, "a new node knows the same");
    other.terminate();

    let output = chat(&["store", "check"]).env("CHAT_STORE", database.url()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("PostgreSQL: 1 chats with 3 records"), "{said}");
}

/// What one request did, and when: moments are counted, by all writers together.
struct Done {
    /// `w3-7`: the eighth update of the fourth writer.
    value: String,
    sent: usize,
    answered: usize,
    /// The user data as the other node shows them to the writer, before its next update.
    seen: Map<String, Value>,
}

#[test]
fn sixteen_writers_on_two_nodes_are_one_line() {
    const WRITERS: usize = 16;
    const WRITES: usize = 12;
    let database = database::Server::own(&[]);
    let nodes = [node(&database), node(&database)];
    for writer in 0..WRITERS {
        // Only what is there can be updated.
        let keys = format!(r#"{{"last":"","w{writer}":""}}"#);
        assert_eq!(change(&nodes[0], "Attach", &keys), accepted());
    }
    let before = pairs(nodes[0].user_data());
    let (all_at_once, moments) = (Barrier::new(WRITERS), AtomicUsize::new(0));
    let write = |writer: usize| {
        let (node, other) = (&nodes[writer % 2], &nodes[(writer + 1) % 2]);
        all_at_once.wait();
        let update = |n| {
            // All of them write `last`, and each also what is nobody else's.
            let value = format!("w{writer}-{n}");
            let keys = format!(r#"{{"last":"{value}","w{writer}":"{value}"}}"#);
            let sent = moments.fetch_add(1, SeqCst);
            assert_eq!(change(node, "Update", &keys), accepted(), "{value}");
            let answered = moments.fetch_add(1, SeqCst);
            Done { value, sent, answered, seen: pairs(other.user_data()) }
        };
        (0..WRITES).map(update).collect::<Vec<Done>>()
    };
    let done: Vec<Done> = thread::scope(|scope| {
        let write = &write;
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let after = nodes.each_ref().map(|node| pairs(node.user_data()));
    nodes.into_iter().for_each(Server::terminate);

    // What the journal says happened, one after the other, and what there was after each.
    let updates = updates_in_journal(&database);
    let states = updates.iter().scan(before, |state, pairs| {
        state.extend(pairs.clone());
        Some(state.clone())
    });
    let states: Vec<Map<String, Value>> = states.collect();
    let line: BTreeMap<&str, usize> = updates
        .iter()
        .enumerate()
        .map(|(at, pairs)| (pairs["last"].as_str().unwrap(), at))
        .collect();
    assert_eq!((updates.len(), line.len()), (done.len(), done.len()), "each is there once");

    assert_eq!(after, [states.last().unwrap(), states.last().unwrap()].map(Clone::clone));
    for writer in done.chunks(WRITES) {
        let mut seen_last = 0;
        for one in writer {
            let at = line[one.value.as_str()];
            let seen = line[one.seen["last"].as_str().unwrap()];
            assert!(at >= seen_last, "{} came before what its writer had seen", one.value);
            assert!(seen >= at, "the other node did not know {}", one.value);
            assert_eq!(one.seen, states[seen], "after {}", one.value);
            seen_last = seen;
        }
    }
    // Nothing stands before what had been answered when it was sent.
    let mut in_line: Vec<&Done> = done.iter().collect();
    in_line.sort_by_key(|one| line[one.value.as_str()]);
    let mut latest_sent = in_line[0].sent;
    for one in in_line {
        assert!(one.answered > latest_sent, "{} came too late", one.value);
        latest_sent = latest_sent.max(one.sent);
    }
}

/// What was updated in the chat, in the order of its journal, whose versions leave nothing out.
fn updates_in_journal(database: &database::Server) -> Vec<Map<String, Value>> {
    let output = chat(&["store", "export"]).env("CHAT_STORE", database.url()).output().unwrap();
    let exported = String::from_utf8(output.stdout).unwrap();
    let mut lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let journal = lines.find(|line| line["chat"] == CHAT).unwrap();
    let records = journal["records"].as_array().unwrap();
    let versions = records.iter().map(|record| record["version"].as_u64().unwrap());
    assert!(versions.eq(1..=records.len() as u64), "{journal}");
    let events = records.iter().flat_map(|record| record["record"]["events"].as_array().unwrap());
    events.filter_map(|event| event["userDataUpdated"]["pairs"].as_object().cloned()).collect()
}

fn change(node: &Server, how: &str, pairs: &str) -> (u16, String) {
    let body = format!(r#"{{"operationName":"{how}UserData","userData":{pairs}}}"#);
    node.ask(&format!("POST /api/v2/me/chats/{CHAT}"), &body)
}

fn accepted() -> (u16, String) {
    (200, r#"{"statusCode":0}"#.to_owned())
}

fn pairs(user_data: Value) -> Map<String, Value> {
    user_data.as_object().unwrap().clone()
}

fn node(database: &database::Server) -> Server {
    let mut command = chat(&["serve", "--listen", "127.0.0.1:0"]);
    Server::of(command.env("CHAT_STORE", database.url()))
}

#[test]
fn a_password_is_never_shown() {
    let database = database::Server::own(&[]);
    let wrong = database.url().replace("a%20test", "another");
    let output =
        chat(&["serve", "--listen", "127.0.0.1:0"]).env("CHAT_STORE", &wrong).output().unwrap();
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{why}");
    assert!(why.contains("password") && !why.contains("another"), "{why}");

    let mut server = node(&database);
    let greeting = server.rest_of_greeting();
    assert!(greeting.contains("kept in PostgreSQL") && !greeting.contains("test"), "{greeting}");
}
