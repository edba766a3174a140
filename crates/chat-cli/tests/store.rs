//! `chat serve --store` and `chat store` as people use them: what was acknowledged is there after any
//! end, one process has a file, and what does not fit is told in words that help.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const CHAT: &str = "0000Wa9CAM6W00J";
const CHAT_PATH: &str = "/api/v2/me/chats/0000Wa9CAM6W00J";

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
    server.attach("a");
    assert_eq!(server.ask("GET /health/ready", "").0, 200);
    let (_, figures) = server.ask("GET /metrics", "");
    for line in ["chat_store_appends_total 2", "# TYPE chat_store_commit_seconds histogram"] {
        assert!(figures.contains(line), "expected {line:?} in\n{figures}");
    }
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
        check_failure(words, 1, &["in use by another process", "PostgreSQL"]);
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
        ([&listen[..], &[&text]].concat(), 1, vec!["notes.txt", "is not a store of chats"]),
        ([&listen[..], &[&nowhere]].concat(), 1, vec!["nowhere", "is not there"]),
        (vec!["store", "check", &missing], 1, vec!["there is no file", "missing.redb"]),
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
    let refused = import(&damaged);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("line 1"), "{why}");
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

struct Server {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        Self::of(&mut chat(args))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("Listening on http://")
            .and_then(|rest| rest.trim_end().strip_suffix("/api/v2"))
            .unwrap_or_else(|| panic!("{line:?}"))
            .to_owned();
        Self { child, out, address }
    }

    fn attach(&self, key: &str) -> String {
        let body = format!(r#"{{"operationName":"AttachUserData","userData":{{"{key}":true}}}}"#);
        self.ask(&format!("POST {CHAT_PATH}"), &body).1
    }

    fn user_data(&self) -> Value {
        let (status, body) = self.ask(&format!("GET {CHAT_PATH}"), "");
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["chat"]["id"], CHAT);
        body["chat"]["userData"].clone()
    }

    fn ask(&self, what: &str, body: &str) -> (u16, String) {
        // `agent1:agent1`.
        let credentials = "YWdlbnQxOmFnZW50MQ==";
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split_whitespace().nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// What it says behind its first line; it has ended then.
    fn rest_of_greeting(&mut self) -> String {
        self.ask_to_end();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest
    }

    /// SIGKILL: nothing is written any more.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: what is open is finished.
    fn terminate(mut self) {
        self.ask_to_end();
        assert!(self.child.wait().unwrap().success());
    }

    fn ask_to_end(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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

fn chat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    for variable in ["RUST_LOG", "CHAT_CONFIG", "CHAT_LISTEN", "CHAT_STORE", "STATE_DIRECTORY"] {
        command.env_remove(variable);
    }
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
