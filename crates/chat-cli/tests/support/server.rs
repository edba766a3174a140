//! `chat serve` as a process: for tests of what outlives it.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

pub(crate) const CHAT: &str = "0000Wa9CAM6W00J";
const CHAT_PATH: &str = "/api/v2/me/chats/0000Wa9CAM6W00J";

/// A demo contact centre that ends with the test.
pub(crate) struct Server {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::of(&mut chat(args))
    }

    pub(crate) fn of(command: &mut Command) -> Self {
        Self::as_it_is(command.stderr(Stdio::inherit()))
    }

    /// One whose complaints go where the command says.
    pub(crate) fn as_it_is(command: &mut Command) -> Self {
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

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn attach(&self, key: &str) -> String {
        let body = format!(r#"{{"operationName":"AttachUserData","userData":{{"{key}":true}}}}"#);
        self.ask(&format!("POST {CHAT_PATH}"), &body).1
    }

    pub(crate) fn user_data(&self) -> Value {
        let (status, body) = self.ask(&format!("GET {CHAT_PATH}"), "");
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["chat"]["id"], CHAT);
        body["chat"]["userData"].clone()
    }

    pub(crate) fn ask(&self, what: &str, body: &str) -> (u16, String) {
        self.send(what, "", body).answer().expect("an answer")
    }

    /// Sends a request with further `headers`, each with its line end, and leaves the answer for later.
    pub(crate) fn send(&self, what: &str, headers: &str, body: &str) -> Asked {
        // `agent1:agent1`.
        let credentials = "YWdlbnQxOmFnZW50MQ==";
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        )
        .unwrap();
        Asked(stream)
    }

    /// What it says behind its first line; it has ended then.
    pub(crate) fn rest_of_greeting(&mut self) -> String {
        self.ask_to_end();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        rest
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing is written any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: what is open is finished.
    pub(crate) fn terminate(mut self) {
        self.ask_to_end();
        assert!(self.child.wait().unwrap().success());
    }

    pub(crate) fn ask_to_end(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

/// A request whose answer nobody has read.
pub(crate) struct Asked(TcpStream);

impl Asked {
    /// The status and the body; `None` if the server ended before it had said all.
    pub(crate) fn answer(mut self) -> Option<(u16, String)> {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?;
        let is_whole = length.parse() == Ok(body.len());
        is_whole.then_some((head.split_whitespace().nth(1)?.parse().ok()?, body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, with nothing of the environment that could change what it does.
pub(crate) fn chat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    for variable in ["RUST_LOG", "CHAT_CONFIG", "CHAT_LISTEN", "CHAT_STORE", "STATE_DIRECTORY"] {
        command.env_remove(variable);
    }
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
