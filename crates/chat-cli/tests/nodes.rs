//! Several servers on one database: any of them serves anybody, and what one has acknowledged the others
//! know, also when it is gone.

#[path = "../../chat-store/tests/postgres/server.rs"]
#[allow(dead_code, reason = "the store's own tests need more of it")]
mod database;
#[path = "support/server.rs"]
mod server;

use std::thread;

use server::{Server, chat};

#[test]
fn servers_on_one_database_are_one_system() {
    let database = database::Server::own(&[]);
    let node = || {
        let mut command = chat(&["serve", "--listen", "127.0.0.1:0"]);
        Server::of(command.env("CHAT_STORE", database.url()))
    };
    let (one, other) = (node(), node());
    assert_eq!(one.attach("one"), r#"{"statusCode":0}"#);
    assert_eq!(other.attach("other"), r#"{"statusCode":0}"#);
    for node in [&one, &other] {
        let data = node.user_data();
        assert_eq!((&data["one"], &data["other"]), (&true.into(), &true.into()), "{data}");
    }

    // Writers on both nodes, all on one chat: none is lost.
    thread::scope(|scope| {
        for writer in 0..8 {
            let node = [&one, &other][writer % 2];
            scope.spawn(move || {
                for n in 0..10 {
                    assert_eq!(node.attach(&format!("w{writer}n{n}")), r#"{"statusCode":0}"#);
                }
            });
        }
    });
    one.kill();
    let data = other.user_data();
    for (writer, n) in (0..8).flat_map(|writer| (0..10).map(move |n| (writer, n))) {
        assert_eq!(data[format!("w{writer}n{n}")], true, "{data}");
    }
    assert_eq!(node().user_data(), data, "a new node knows the same");
    other.terminate();

    let output = chat(&["store", "check"]).env("CHAT_STORE", database.url()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("PostgreSQL: 1 chats with 83 records"), "{said}");
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

    let mut command = chat(&["serve", "--listen", "127.0.0.1:0"]);
    let mut server = Server::of(command.env("CHAT_STORE", database.url()));
    let greeting = server.rest_of_greeting();
    assert!(greeting.contains("kept in PostgreSQL") && !greeting.contains("test"), "{greeting}");
}
