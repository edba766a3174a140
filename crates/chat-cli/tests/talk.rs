//! The commands that talk to a server, as a person and a script see them: output, messages, exit codes.

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use server::{CHAT, Server};
use session::Session;

const COMMANDS: [&str; 12] = [
    "",
    "serve",
    "send",
    "watch",
    "request",
    "apply",
    "validate",
    "diff",
    "replay",
    "config check",
    "hash-password",
    "store",
];

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let mut session = Session::default();
        let mut words: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
        words.push("--help");
        assert_eq!(session.call(&words, ""), 0);
        let said = session.said();
        assert!(said.contains("130  interrupted"), "{command} does not say how it ends: {said}");
        // Of the others the generated reference page is the picture.
        if !matches!(command, "" | "serve") {
            insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), said);
        }
    }
}

#[test]
fn operations_are_sent_and_refused() {
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    let mut session = Session::default();
    session.hidden.push((url.clone(), "URL".to_owned()));
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":1.0}}"#;
    for (args, stdin) in [
        (&["send", &url, CHAT, attach][..], ""),
        (&["send", &url, CHAT, "SetInFocus", "Consult", "Leave"], ""),
        (&["send", &url, CHAT, "AttachUserDta"], ""),
        (&["send", &url, CHAT, "leave"], ""),
        (&["send", &url, CHAT, "Dance"], ""),
        (
            &["send", "--json", &url, CHAT, "-"],
            "{\"operationName\":\"SetInFocus\"}\n{\"operationName\":\"Reject\"}",
        ),
        (&["send", "--dry-run", &url, CHAT, attach, "Transfer"], ""),
        (&["send", "--dry-run", "--json", &url, CHAT, "SetInFocus"], ""),
        (&["send", "--dry-run", &url, "/me/channels/chat", "Ready"], ""),
        (&["send", &url, "/me/channels/chat", "Ready"], ""),
        (&["send", &url, "/me/channels", "Ready"], ""),
        (&["send", &url, "/me /channels", "Ready"], ""),
        (&["send", &url, "/me", "Ready", "--wait", "StatusChange"], ""),
        (&["request", &url, "--chat", "unknown"], ""),
        (&["request", &url, "--chat", "unknown", "--subject", "bill"], ""),
        (&["send", &url, "unknown", "Accept"], ""),
        (&["send", &url, CHAT, "AcceptIt"], ""),
        (&["send", &url, CHAT, "@no/such/file"], ""),
        (&["send", &url, CHAT, "[]"], ""),
        (&["send", "--user", "agent2", "--password-file", "-", &url, CHAT, "Leave"], "agent2\n"),
        (&["send", "--user", "agent2", &url, CHAT, "Leave"], ""),
        (&["send", "ftp://localhost", CHAT, "Leave"], ""),
        (&["send", "http://127.0.0.1:1", CHAT, "Leave"], ""),
        (&["send", "--of", "a5e9c0ffee0000000000000000000001", &url, CHAT, "Intrude"], ""),
        (&["watch", &url, "--until", "Chatting"], ""),
        (&["watch", &url, "--until", "Completed", "--give-up", "0.2", "--topic", "/v2/users"], ""),
        (&["watch", "http://127.0.0.1:1", "--timeout", "0.2"], ""),
    ] {
        session.call(args, stdin);
    }
    insta::assert_snapshot!("talk", session.said());
}

/// A customer says something and goes; what they heard in between depends on how fast they went.
#[test]
fn a_customer_is_heard() {
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    let mut session = Session::default();
    let args = ["request", &url, "--nickname", "Chris", "--pause", "0.05", "--complete"];
    let code = session.call(&args, "Is anybody there?\n");
    let said = session.said();
    assert_eq!(code, 0, "{said}");
    let said: Vec<&str> = said.lines().collect();
    let lines: Vec<&str> =
        said.iter().copied().filter(|line| !line.contains("WaitingForAgent")).collect();
    let expected = [
        "* Chris ParticipantJoined",
        "Chris: Is anybody there?",
        "* Chris ParticipantLeft",
        "* Idle []",
    ];
    assert_eq!(lines[1..5], expected, "{said:?}");

    let mut session = Session::default();
    let args =
        ["request", &url, "--json", "--pause", "0.05", "--for", "0.2", "--user-data", "{\"a\":1}"];
    assert_eq!(session.call(&args, ""), 5, "the time is up");
    let said = session.said();
    let first = said.lines().nth(1).unwrap();
    assert!(first.starts_with(r#"{"type":"requested","id":""#), "{said}");
    assert!(said.contains(r#"{"type":"message","message":{"index":1,"#), "{said}");
}

#[test]
fn what_was_sent_can_be_waited_for() {
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    let mut session = Session::default();
    let attach = r#"{"operationName":"UpdateUserData","userData":{"a":1}}"#;
    let code =
        session.call(&["send", &url, CHAT, attach, "--wait", "PropertiesUpdated", "--json"], "");
    let said = session.said();
    assert_eq!(code, 0, "{said}");
    let told = said.lines().find(|line| line.starts_with(r#"{"type":"notification""#)).unwrap();
    assert!(told.contains(r#""a":1"#) && told.contains(r#""referenceId":1"#), "{told}");
    let mut session = Session::default();
    let args = ["send", &url, CHAT, "SetInFocus", "--wait", "Error", "--timeout", "0.5"];
    assert_eq!(session.call(&args, ""), 5, "nothing went wrong: {}", session.said());
}
