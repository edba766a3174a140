//! `chat serve` and `chat hash-password` as an operator sees them: what they print, which port they
//! take, what they refuse, and how they end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const SEED: &str = include_str!("../../../tests/samples/seed/attach_user_data.json");
const LOOPBACK: &str = "127.0.0.1:0";

/// The request of the AttachUserData page, against a server that nobody configured.
#[test]
fn the_demo_answers_the_pages_request() {
    let server = Server::start(&["--listen", LOOPBACK]);
    let seed: Value = serde_json::from_str(SEED).unwrap();
    let path = "/api/v2/me/chats/0000Wa9CAM6W00J";
    let (status, body) = server.post(path, AGENT1, &seed["request"].to_string());
    assert_eq!((status, body.as_str()), (200, r#"{"statusCode":0}"#));

    let (status, body) = server.get(path, AGENT1);
    let chat = serde_json::from_str::<Value>(&body).unwrap()["chat"].clone();
    assert_eq!(status, 200);
    assert_eq!(chat["userData"], seed["notification"]["chat"]["userData"]);
    assert_eq!(chat["uri"], format!("http://{}/api/v2/chats/0000Wa9CAM6W00J", server.address));
    assert_eq!(chat["participants"].as_array().unwrap().len(), 2);
}

#[test]
fn the_demo_says_what_there_is_to_try() {
    let mut server = Server::start(&["--listen", LOOPBACK]);
    let greeting = server.greeting_and_end();
    let curl = format!("curl -u agent1:agent1 http://{}/api/v2/me/chats/", server.address);
    let contact_center = "ContactCenterId: 6d7466c8-6a21-4e64-b51e-0308e34995ec";
    for part in ["agent1, agent2, agent3, supervisor1", "support", contact_center, &curl] {
        assert!(greeting.contains(part), "expected {part:?} in {greeting}");
    }
}

/// Everybody knows the demo's passwords.
#[test]
fn the_demo_stays_on_this_machine() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8090"] {
        let output = refused(&["--listen", listen]);
        assert_eq!(output.status.code(), Some(2));
        let says = String::from_utf8(output.stderr).unwrap();
        for part in ["loopback", listen, "hash-password", "--config"] {
            assert!(says.contains(part), "expected {part:?} in {says}");
        }
    }
}

/// A port alone, or a host's name, is what people try first.
#[test]
fn an_address_that_is_none_is_refused_with_an_example() {
    for listen in ["8090", "localhost:8090", "127.0.0.1:80900"] {
        let output = refused(&["--listen", listen]);
        assert_eq!(output.status.code(), Some(2));
        let says = String::from_utf8(output.stderr).unwrap();
        for part in [listen, "expected an IP address and a port", "127.0.0.1:8091"] {
            assert!(says.contains(part), "expected {part:?} in {says}");
        }
    }
}

/// Such a server runs, but it is hardly what somebody wanted.
#[test]
fn a_contact_centre_without_users_and_queues_says_so() {
    let path = file(
        "nobody.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         contact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n",
    );
    let mut server = Server::start(&["--config", &path]);
    // It answers once the whole greeting is written.
    assert_eq!(server.get("/api/v2/me", AGENT1).0, 403);
    let greeting = server.greeting_and_end();
    for part in ["Nobody can log in", "[[users]]", "Visitors cannot", "[[queues]]"] {
        assert!(greeting.contains(part), "expected {part:?} in {greeting}");
    }
}

#[test]
fn a_port_that_is_taken_is_reported() {
    let server = Server::start(&["--listen", LOOPBACK]);
    let output = refused(&["--listen", &server.address]);
    assert_eq!(output.status.code(), Some(5));
    let says = String::from_utf8(output.stderr).unwrap();
    assert!(says.contains(&server.address) && says.contains("another program"), "{says}");
}

/// What supervises a service ends it with SIGTERM, a person with Ctrl-C; both are an orderly end.
#[cfg(unix)]
#[test]
fn it_ends_in_order_when_asked_to() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["--listen", LOOPBACK]);
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// Whoever asks twice does not want to wait for those who take their time.
#[cfg(unix)]
#[test]
fn it_ends_at_once_when_asked_twice() {
    let path = file(
        "patient.toml",
        &format!(
            "[server]\nlisten = \"{LOOPBACK}\"\n\
             contact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n\
             [limits]\nshutdown_seconds = 3600\nbody_seconds = 3600\n"
        ),
    );
    let mut server = Server::start(&["--config", &path]);
    // A request under way: its body never comes.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = "POST /api/v2/chats HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    // So that it has been read: what comes later is answered.
    assert_eq!(server.get("/health/live", "").0, 200);
    let pid = server.child.id().to_string();
    let ask = || assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    ask();
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(server.child.try_wait().unwrap(), None, "the request is under way");
    ask();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// docs/configuration.example.toml is what people start from.
#[test]
fn the_example_configuration_serves() {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.example.toml");
    let example = example.to_str().unwrap();
    let mut server = Server::start(&["--config", example, "--listen", LOOPBACK]);
    // `amy:change me`, as the file's comment says.
    let (status, body) = server.get("/api/v2/me", "YW15OmNoYW5nZSBtZQ==");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""userName":"amy""#), "{body}");
    // `sue:change me too`
    assert_eq!(server.get("/api/v2/me", "c3VlOmNoYW5nZSBtZSB0b28=").0, 200);
    let (status, _) = server.get("/api/v2/me", AGENT1);
    assert_eq!(status, 403, "the demo's users are not in it");
    let greeting = server.greeting_and_end();
    assert!(greeting.contains("https://chat.example.com/api/v2"), "{greeting}");
    assert!(!greeting.contains("demo"), "{greeting}");
}

#[test]
fn a_bad_configuration_names_file_and_place() {
    let check = |name: &str, text: &str, says: &[&str]| {
        let path = file(name, text);
        let output = refused(&["--config", &path]);
        assert_eq!(output.status.code(), Some(3), "{text}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        for part in [&[path.as_str()], says].concat() {
            assert!(stderr.contains(part), "expected {part:?} in {stderr}");
        }
    };
    check("empty.toml", "", &["server"]);
    check("slip.toml", "[server]\nlisten = \"127.0.0.1\"\n", &["line 2", "listen"]);
    check(
        "queue.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\ncontact_center_id = \"none\"\n",
        &["server.contact_center_id", "expected a UUID", "none"],
    );
}

/// `--chats`: owners by name or id, snapshots beside resources.
#[test]
fn chats_from_a_file_are_there_from_the_start() {
    let agent = json!({"type": "Agent", "participantId": "0A", "nickname": "Two"});
    let chats = json!([
        {"id": "1", "state": "Chatting", "owner": "agent2", "queue": "support",
            "userData": {"k": 1}, "participants": [agent]},
        {"id": "2", "state": "LeftChat", "owner": "a5e9c0ffee0000000000000000000002"},
    ]);
    let path = file("chats.json", &chats.to_string());
    let server = Server::start(&["--listen", LOOPBACK, "--chats", &path]);
    for (id, state) in [("1", "Chatting"), ("2", "LeftChat")] {
        let (status, body) = server.get(&format!("/api/v2/me/chats/{id}"), AGENT2);
        assert_eq!(status, 200, "{body}");
        let chat = &serde_json::from_str::<Value>(&body).unwrap()["chat"];
        assert_eq!((&chat["id"], &chat["state"]), (&json!(id), &json!(state)));
        assert_eq!(server.get(&format!("/api/v2/me/chats/{id}"), AGENT1).0, 404);
    }
    assert_eq!(server.get("/api/v2/me/chats/0000Wa9CAM6W00J", AGENT1).0, 200);
}

#[test]
fn bad_chats_name_file_and_chat() {
    let check = |name: &str, chats: Value, says: &[&str]| {
        let path = file(name, &chats.to_string());
        let output = refused(&["--listen", LOOPBACK, "--chats", &path]);
        assert_eq!(output.status.code(), Some(3), "{chats}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        for part in says {
            assert!(stderr.contains(part), "expected {part:?} in {stderr}");
        }
    };
    check("object.json", json!({}), &["object.json", "expected an array of chats"]);
    check(
        "second.json",
        json!([{"id": "1", "state": "Invited", "owner": "agent1"}, {}]),
        &["chat 2", "`id`"],
    );
    check(
        "owner.json",
        json!([{"id": "1", "state": "Invited", "owner": "nobody"}]),
        &["owner.json", "chat 1", "agent1, agent2", "nobody"],
    );
    let chat = json!({"id": "1", "state": "Invited", "owner": "agent1"});
    check("twice.json", json!([chat, chat]), &["twice.json", "chat 2", "found 1, as chat 1 has"]);
    let demo = json!({"id": "0000Wa9CAM6W00J", "state": "Invited", "owner": "agent1"});
    check("demo.json", json!([demo]), &["demo.json", "chat 1", "as the demo's chat has"]);
    check("array.json", json!([[chat]]), &["chat 1", "expected a chat", "found an array"]);
}

/// Whoever reads the log may go away; the contact centre goes on without.
#[test]
fn it_goes_on_when_nobody_reads_its_log() {
    let mut command = chat(&["serve", "--listen", LOOPBACK]);
    let mut server = Server::of(command.env("RUST_LOG", "debug"));
    drop(server.child.stderr.take());
    for _ in 0..2 {
        assert_eq!(server.get("/api/v2/me", AGENT1).0, 200);
    }
    assert_eq!(server.child.try_wait().unwrap(), None, "it still runs");
}

/// Whatever is asked for, nobody's words are in it: our lines have none, and a library that prints
/// what it carries over a websocket is not listened to.
#[test]
fn the_log_of_everything_holds_nobodys_words() {
    let mut command = chat(&["serve", "--listen", LOOPBACK]);
    let mut server = Server::of(command.env("RUST_LOG", "trace"));
    let (password, words) = ("wrong-password-8Zt", "said-over-a-websocket-3Kp");
    let credentials = "YWdlbnQxOndyb25nLXBhc3N3b3JkLThadA==";
    assert_eq!(server.get("/api/v2/me", credentials).0, 403);

    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(
        stream,
        "GET /api/v2/notifications HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {AGENT1}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    )
    .unwrap();
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "id": words,
        "supportedConnectionTypes": ["websocket"]}])
    .to_string();
    // A text frame, masked with zeros as the standard allows.
    let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
    let frame = [&[0x81, 0x80 | 126][..], &length, &[0; 4], hello.as_bytes()].concat();
    stream.write_all(&frame).unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(words) {
        let mut piece = [0; 1_024];
        let read = stream.read(&mut piece).unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));

    server.child.kill().unwrap();
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("answered") && log.contains("/api/v2/notifications"), "{log}");
    for secret in [password, words, credentials, AGENT1] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// TLS is on from the first connection, or the server does not start.
#[test]
fn a_certificate_that_cannot_be_used_is_reported() {
    let certificate = file("certificate.pem", "no certificate");
    let path = file(
        "tls.toml",
        &format!(
            "[server]\nlisten = \"{LOOPBACK}\"\n\
             contact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n\
             tls_certificate = {certificate:?}\ntls_key = {certificate:?}\n"
        ),
    );
    let output = refused(&["--config", &path]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    let says = String::from_utf8(output.stderr).unwrap();
    for part in ["server.tls_certificate", "a PEM file with a certificate", &certificate] {
        assert!(says.contains(part), "expected {part:?} in {says}");
    }
}

/// A password is a line; what comes out is what a configuration takes.
#[test]
fn passwords_are_hashed_from_standard_input() {
    let hash = |stdin: &str| {
        let mut child = chat(&["hash-password"]).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = hash("correct horse\n");
    assert!(output.status.success());
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with("$argon2id$v=19$") && line.lines().count() == 1, "{line}");
    for nothing in ["", "\n", "\r\n"] {
        let output = hash(nothing);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    }
}

/// `agent1:agent1` and `agent2:agent2`.
const AGENT1: &str = "YWdlbnQxOmFnZW50MQ==";
const AGENT2: &str = "YWdlbnQyOmFnZW50Mg==";

/// A server that ends with the test.
struct Server {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        Self::of(&mut chat(&[&["serve"], args].concat()))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
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

    fn get(&self, path: &str, credentials: &str) -> (u16, String) {
        self.ask(&format!("GET {path}"), credentials, "")
    }

    fn post(&self, path: &str, credentials: &str, body: &str) -> (u16, String) {
        self.ask(&format!("POST {path}"), credentials, body)
    }

    fn ask(&self, what: &str, credentials: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let host = &self.address;
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn greeting_and_end(&mut self) -> String {
        self.child.kill().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `chat serve` says when it does not serve.
fn refused(args: &[&str]) -> Output {
    chat(&[&["serve"], args].concat()).output().unwrap()
}

fn chat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.args(args).env_remove("RUST_LOG").env_remove("CHAT_CONFIG").env_remove("CHAT_LISTEN");
    // The tests leave nothing behind in the home directory.
    command.env("CHAT_STORE", "memory");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Writes a file for one test; tests run at the same time, so each name is one test's own.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("serve_{name}"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
