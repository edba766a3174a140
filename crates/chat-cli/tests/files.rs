//! The commands that look at files, as a person and a script see them.

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::path::PathBuf;

use session::Session;

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn session() -> Session {
    let mut session = Session::default();
    session.hidden.push((format!("{}/", env!("CARGO_TARGET_TMPDIR")), String::new()));
    session
}

#[test]
fn files_are_valid_or_say_where_not() {
    let good = file("operation.json", r#"{"operationName":"AttachUserData","userData":{"a":1}}"#);
    let bad = file("bad.json", r#"{"operationName":"DeleteUserData","keys":["a",1]}"#);
    let twice =
        file("twice.json", r#"{"operationName":"AttachUserData","userData":{"a":1,"a":2}}"#);
    let mixed = file(
        "mixed.ndjson",
        "{\"operationName\":\"RequestChat\",\"nickname\":\"Chris\"}\n{\"statusCode\":0}\n{\"statusCode\":\"0\"}\n\
         {\"operationName\":\"Monitor\"}\n{\"x\":1}\n",
    );
    let page =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/samples/seed/attach_user_data.json");
    let mut session = session();
    session.hidden.push((page.to_owned(), "page.json".to_owned()));
    for (args, stdin) in [
        (&["validate", &good][..], ""),
        (&["validate", &bad, &twice], ""),
        (&["validate", &mixed], ""),
        (&["validate", "--json", &mixed, &good], ""),
        (&["validate", "-"], r#"{"notificationType":"NewMessages","messages":[{"index":"one"}]}"#),
        (&["validate", "--schema", "chat", "-"], r#"{"state":7}"#),
        (&["validate", "-"], r#"{"operationName":"AttachUserData"}"#),
        (&["validate", "-"], r#"{"operationName":"Dance"}"#),
        (&["validate", "--schema", "letter", &good], ""),
        (&["validate", "no/such/file"], ""),
        (&["validate", "-"], "{"),
        (&["validate", "-"], ""),
        (&["validate", page], ""),
    ] {
        session.call(args, stdin);
    }
    insta::assert_snapshot!("validate", session.said());
}

#[test]
fn files_differ_where_values_do() {
    let chat = |data: &str| {
        format!(
            r#"{{"id":"1","state":"Chatting","userData":{data},"participants":[{{"nickname":"a"}}]}}"#
        )
    };
    let a = file("a.json", &chat(r#"{"x":1,"y":{"p":1,"q":2}}"#));
    let same = file(
        "same.json",
        r#"{ "participants": [ { "nickname": "\u0061" } ], "userData": {"x":1,"y":{"p":1,"q":2}}, "state": "Chatting", "id": "1" }"#,
    );
    let order = file("order.json", &chat(r#"{"x":1,"y":{"q":2,"p":1}}"#));
    let digits = file("digits.json", &chat(r#"{"x":1.0,"z/~":null}"#));
    let lines = file("lines.ndjson", &format!("{}\n{}\n", chat("{}"), chat(r#"{"x":1}"#)));
    let fewer = file("fewer.ndjson", &format!("{}\n", chat("{}")));
    let mut session = session();
    for (args, stdin) in [
        (&["diff", &a, &same][..], ""),
        (&["diff", &a, &order], ""),
        (&["diff", &a, &digits], ""),
        (&["diff", "--all", &a, &digits], ""),
        (&["diff", "--all", "--json", &a, "-"], r#"{"id":1,"participants":[{"nickname":"a"},{}]}"#),
        (&["diff", &lines, &fewer], ""),
        (&["diff", "-", "-"], ""),
        (&["diff", &a, "no/such/file"], ""),
        (&["diff", &a, "-"], r#"{"id":1,"id":2}"#),
    ] {
        session.call(args, stdin);
    }
    insta::assert_snapshot!("diff", session.said());
}

/// Nothing in it fits, and one of it is a secret.
const SEVERAL: &str = "x = 1\n[server]\nlisten = \"127.0.0.1:0\"\ncontact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\nlisen = 1\n\
    [limits]\nmax_keys = \"many\"\n[[users]]\npassword = 12345678\n";

#[test]
fn configurations_are_checked() {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.example.toml");
    let bad = file(
        "bad.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\ncontact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n\
         [[queues]]\nid = \"1\"\nname = \"a\"\n[[queues]]\nid = \"1\"\nname = \"a\"\n",
    );
    let unread = file("unread.toml", "[server\n");
    let mut session = session();
    session.hidden.push((good.to_owned(), "example.toml".to_owned()));
    for (args, stdin) in [
        (&["config", "check", good][..], ""),
        (&["config", "check", &bad], ""),
        (&["config", "check", "--json", &bad], ""),
        (&["config", "check", &unread], ""),
        (&["config", "check", "-"], "x = 1"),
        (&["config", "check", "-"], SEVERAL),
        (&["config", "check", "--json", "-"], SEVERAL),
        (&["config", "check", "no/such/file"], ""),
    ] {
        session.call(args, stdin);
    }
    insta::assert_snapshot!("config", session.said());
}

/// Every operation of a stream is applied to what the one before made; a refusal ends it.
#[test]
fn a_stream_of_operations_is_applied() {
    let chat = file(
        "stream.json",
        r#"{"id":"1","state":"Chatting","userData":{},"participants":[{"type":"Agent","participantId":"0A","nickname":"agent1"}]}"#,
    );
    let operations = "{\"operationName\":\"AttachUserData\",\"userData\":{\"a\":1}}\n\
         {\"operationName\":\"AttachUserData\",\"userData\":{\"b\":2}}\n\
         {\"operationName\":\"Accept\"}\n{\"operationName\":\"Leave\"}\n";
    let mut session = session();
    assert_eq!(session.call(&["apply", &chat, "-", "--at", "1389261492035"], operations), 4);
    let said = session.said();
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("{\"reply\"")).collect();
    let [first, second, refused] = lines[..] else { panic!("{said}") };
    assert!(
        first.contains(r#""userData":{"a":1}"#) && first.contains(r#""referenceId":1"#),
        "{first}"
    );
    assert!(second.contains(r#""userData":{"a":1,"b":2}"#), "{second}");
    assert!(second.contains(r#""referenceId":2"#), "{second}");
    assert!(refused.contains(r#""statusCode":2"#), "{refused}");
}
