//! `chat serve --store` and `chat store` as people use them: what was acknowledged is there after any
//! end, one process has a file, and what does not fit is told in words that help.

#[path = "support/server.rs"]
mod server;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use server::{Server, chat};

/// Acknowledged is kept, whatever the end; and what a server starts with never overwrites it.
#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = Folder::new("kill");
    let file = folder.path("chats.redb");
    for round in 0..4 {
        let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &file]);
        for n in 0..3 {
            assert_eq!(server.attach(&format!("r{round}n{n}")), r#"{"statusCode":0}"#);
        }
        let data = server.user_data();
        for round in 0..=round {
            for n in 0..3 {
                assert_eq!(data[format!("r{round}n{n}")], true, "round {round}, {data}");
            }
        }
        // Two ends by SIGKILL, and two that are asked for.
        if round % 2 == 0 { server.kill() } else { server.terminate() }
    }
    let checked = chat(&["store", "check", &file]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("1 chats with 13 records"), "{said}");
    assert!(said.trim_end().ends_with("everything fits together"), "{said}");
}

#[test]
fn a_configuration_keeps_its_chats_in_a_file_of_the_user() {
    let folder = Folder::new("default");
    let config = folder.path("center.toml");
    std::fs::write(&config, CENTER).unwrap();
    for (variable, file) in [
        ("XDG_STATE_HOME", "state/chat/chats.redb"),
        // What systemd gives a service goes before.
        ("STATE_DIRECTORY", "service/chats.redb"),
    ] {
        let value = Path::new(file).parent().unwrap();
        let value = if variable == "XDG_STATE_HOME" { value.parent().unwrap() } else { value };
        let mut command = chat(&["serve", "--config", &config]);
        command.env_remove("CHAT_STORE").env(variable, folder.path(value.to_str().unwrap()));
        let mut server = Server::of(&mut command);
        assert!(Path::new(&folder.path(file)).is_file(), "{file}");
        let greeting = server.rest_of_greeting();
        assert!(
            greeting.contains(&format!("Chats are kept in {}", folder.path(file))),
            "{greeting}"
        );
    }
}

#[test]
fn the_demo_leaves_nothing_behind() {
    let folder = Folder::new("demo");
    let mut command = chat(&["serve", "--listen", "127.0.0.1:0"]);
    command.env_remove("CHAT_STORE").env("XDG_STATE_HOME", folder.path("state"));
    command.env("HOME", folder.path("home"));
    let mut server = Server::of(&mut command);
    assert!(server.rest_of_greeting().contains("in memory and are gone"), "it says so");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
}

#[test]
fn operators_see_how_the_store_does() {
    let folder = Folder::new("figures");
    let file = folder.path("chats.redb");
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &file]);
    let figure = |name: &str| {
        let (_, figures) = server.ask("GET /metrics", "");
        let found = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{name} in {figures}")).parse::<f64>().unwrap()
    };
    assert_eq!(server.ask("GET /health/ready", "").0, 200);
    let counted = ["chat_store_appends_total", "chat_store_append_seconds_count"];
    let took = ["chat_store_append_seconds_sum", "chat_store_commit_seconds_sum"];
    assert_eq!(counted.map(figure), [1.0, 1.0], "the chat of the demonstration");
    let before = took.map(figure);
    server.attach("a");
    assert_eq!(counted.map(figure), [2.0, 2.0]);
    let after = took.map(figure);
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
}

#[test]
fn a_file_serves_one_process() {
    let folder = Folder::new("two");
    let file = folder.path("chats.redb");
    let _first = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &file]);
    for words in [
        &["serve", "--listen", "127.0.0.1:0", "--store", &file][..],
        &["store", "check", &file],
        &["store", "export", &file],
    ] {
        check_failure(words, 3, &["in use by another process", "PostgreSQL"]);
    }
}

#[test]
fn files_that_are_no_stores_are_refused() {
    let folder = Folder::new("refused");
    let text = folder.path("notes.txt");
    std::fs::write(&text, "Buy milk.".repeat(1_000)).unwrap();
    let missing = folder.path("missing.redb");
    let nowhere = folder.path("nowhere/chats.redb");
    let listen = ["serve", "--listen", "127.0.0.1:0", "--store"];
    for (words, code, parts) in [
        ([&listen[..], &[&text]].concat(), 3, vec!["notes.txt", "is not a store of chats"]),
        ([&listen[..], &[&nowhere]].concat(), 3, vec!["nowhere", "is not there"]),
        (vec!["store", "check", &missing], 3, vec!["there is no file", "missing.redb"]),
        (vec!["store", "check", "memory"], 2, vec!["found memory"]),
        (vec!["serve", "--store", "mysql://db/chat"], 2, vec!["mysql://"]),
    ] {
        check_failure(&words, code, &parts);
    }
    assert_eq!(
        std::fs::read_to_string(&text).unwrap(),
        "Buy milk.".repeat(1_000),
        "left as it was"
    );
}

#[test]
fn chats_move_from_store_to_store() {
    let folder = Folder::new("move");
    let (from, to) = (folder.path("from.redb"), folder.path("to.redb"));
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &from]);
    server.attach("a");
    server.terminate();
    let export = |file: &str| {
        let output = chat(&["store", "export", file]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let exported = export(&from);
    let import = |text: &str| {
        let mut child = chat(&["store", "import", &to, "-"]).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(said(&import(&exported)), "2 chats and lists taken in, 0 were there already\n");
    assert_eq!(said(&import(&exported)), "0 chats and lists taken in, 2 were there already\n");
    assert_eq!(export(&to), exported);

    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &to]);
    assert_eq!(server.user_data()["a"], true);
    server.terminate();

    let damaged = exported.replacen("\"version\":1", "\"version\":7", 1);
    refuses(&import(&damaged), &["line 1"]);
}

/// What an agent's session was told is of that session, which is not in an export.
#[test]
fn journals_of_sessions_are_not_taken_in() {
    let folder = Folder::new("session");
    let (from, to) = (folder.path("from.redb"), folder.path("to.redb"));
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &from]);
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
    assert_eq!(server.ask("POST /api/v2/me", start).0, 200);
    server.terminate();
    let output = chat(&["store", "export", &from]).output().unwrap();
    let exported = said(&output);
    assert!(!exported.contains("agent/"), "{exported}");

    let journal = r#"{"chat":"agent/a/1","records":[{"version":1,"atMs":1,"command":"00000000000000000000000000000001","record":{"channel":"/v2/me/channels","data":{}}}]}"#;
    let list = r#"{"feed":"user:a","head":3,"listed":["agent/a/1"]}"#;
    for line in [journal, list] {
        let file = folder.path("lines");
        std::fs::write(&file, format!("{exported}{line}\n")).unwrap();
        let refused = chat(&["store", "import", &to, &file]).output().unwrap();
        let nth =
            format!("line {}: expected a chat, found agent/a/1", exported.lines().count() + 1);
        refuses(&refused, &[&nth, "belongs to an agent's session"]);
    }
    let checked = chat(&["store", "check", &to]).output().unwrap();
    assert!(said(&checked).contains("1 chats"), "what stood before is there: {checked:?}");
}

#[track_caller]
fn refuses(output: &Output, parts: &[&str]) {
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{why}");
    for part in parts {
        assert!(why.contains(part), "expected {part:?} in {why:?}");
    }
}

fn check_failure(words: &[&str], code: i32, parts: &[&str]) {
    let output = chat(words).output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {why}");
    for part in parts {
        assert!(why.contains(part), "expected {part:?} in {why:?}, for {words:?}");
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A contact centre in which nobody works.
const CENTER: &str = "[server]\nlisten = \"127.0.0.1:0\"\ncontact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n";

/// A folder of one test, empty at its beginning.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store_{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

/// What is mistyped may hold a password, and errors end up in journals.
#[test]
fn no_address_that_cannot_be_read_is_shown_with_its_password() {
    for address in [
        "mysql://chat:p4ssw0rd@db/chat",
        "postgres:/chat:p4ssw0rd@db/chat",
        "host=db password=p4ssw0rd dbname=chat",
    ] {
        for (arguments, variable) in
            [(vec!["serve", "--store", address], ""), (vec!["store", "check"], address)]
        {
            let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
            command.args(&arguments).env("CHAT_STORE", variable);
            if variable.is_empty() {
                command.env_remove("CHAT_STORE");
            }
            let said = command.output().unwrap();
            let told = String::from_utf8_lossy(&said.stderr);
            assert_eq!(said.status.code(), Some(2), "{arguments:?}: {told}");
            assert!(told.contains("expected a file, `memory` or postgres://"), "{told}");
            assert!(!told.contains("p4ssw0rd"), "{told}");
        }
    }
}
