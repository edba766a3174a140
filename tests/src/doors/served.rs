//! The command line with a server: what people type, `chat send`, `chat request` and `chat watch --json`,
//! against a `chat serve` of their own.
//!
//! Each agent has a chat that nobody else has part in. SetInFocus on it tells that agent alone (DEC-20),
//! and whatever came before it has been heard by then: so silence is seen without waiting.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use chat_model::{ChatResource, Message};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Door, Heard, Outcome};
use crate::scenario::VisitorSees;
use crate::summary;

/// Everybody in the scenarios, with the id that the demo contact centre has for them. The password is
/// the name.
const USERS: [(&str, &str); 4] = [
    ("agent1", "a5e9c0ffee0000000000000000000001"),
    ("agent2", "a5e9c0ffee0000000000000000000002"),
    ("agent3", "a5e9c0ffee0000000000000000000003"),
    ("supervisor1", "a5e9c0ffee0000000000000000000004"),
];

/// How long something may take that happens at once on a machine that has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server and the commands that talk to it.
#[derive(Debug)]
pub struct ServedDoor {
    program: PathBuf,
    chats: PathBuf,
    /// `http://HOST:PORT`.
    url: String,
    /// What each of [`USERS`] watches.
    watches: Vec<Printing>,
    request: Option<Printing>,
    seen: VisitorSees,
    /// The number of the last entry that the visitor read.
    last_read: u64,
    visitor: String,
    /// As agents learn it from what they hear.
    chat: String,
    /// Last, so that it outlives those who talk to it.
    server: Printing,
}

impl ServedDoor {
    /// Starts the program that Cargo built beside the running test as a server, and has everybody watch.
    ///
    /// # Panics
    /// If the program is not there: `cargo test --workspace` builds it, `cargo test -p chat-tests` does
    /// not. If it does not do what it should; so do all methods.
    pub fn beside_this_test() -> Self {
        Self::started(&[])
    }

    /// The same, and what crosses the wire is written into the file `recording`.
    pub fn recording(recording: &Path) -> Self {
        Self::started(&["--record".as_ref(), recording.as_os_str()])
    }

    /// Ends the server as its operator would, and plays `recording` to another one: how that ends and what it
    /// prints.
    pub fn play_again(mut self, recording: &Path) -> (Option<i32>, String) {
        self.watches.clear();
        self.request = None;
        self.server.terminate();
        let mut replay = command(&self.program, "");
        replay.arg("replay").arg(recording).arg("--chats").arg(&self.chats);
        let output = replay.output().expect("the program can be started");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn started(further: &[&OsStr]) -> Self {
        let program = super::program_beside_this_test();
        // Several doors of one process may be in use at once.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let chats = std::env::temp_dir().join(format!("chat-served-{process}-{number}.json"));
        let fences = USERS.map(|(name, _)| {
            format!(r#"{{"id":"{}","state":"LeftChat","owner":"{name}"}}"#, fence_of(name))
        });
        std::fs::write(&chats, format!("[{}]", fences.join(","))).expect("files can be written");
        let words: [&OsStr; 5] = [
            "serve".as_ref(),
            "--listen".as_ref(),
            "127.0.0.1:0".as_ref(),
            "--chats".as_ref(),
            chats.as_ref(),
        ];
        let mut server = Printing::start(command(&program, "").args(words).args(further));
        let greeting = server.until("the greeting", |line| line.starts_with("Listening on "));
        let url = greeting.last().and_then(|line| line.strip_prefix("Listening on "));
        let url =
            url.and_then(|url| url.strip_suffix("/api/v2")).expect("it says where").to_owned();
        let mut door = Self {
            program,
            chats,
            url,
            watches: Vec::new(),
            request: None,
            seen: VisitorSees { state: String::new(), sees: Vec::new(), reads: Vec::new() },
            last_read: 0,
            visitor: String::new(),
            chat: "unknown".to_owned(),
            server,
        };
        for (name, _) in USERS {
            let body = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
            assert_eq!(door.send(name, &[], "/me", body).0, 0, "{name}'s session");
        }
        for (name, _) in USERS {
            let words = ["watch", &door.url, "--json"];
            door.watches.push(Printing::start(command(&door.program, name).args(words)));
        }
        for watch in &mut door.watches {
            watch.until("what is there", |line| line.starts_with(r#"{"type":"state""#));
        }
        door
    }

    /// `chat send` by this user: the `statusCode` and the reply.
    fn send(&self, user: &str, options: &[&str], chat: &str, body: &str) -> (u64, String) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Replied {
            status_code: u64,
        }
        let mut command = command(&self.program, user);
        command.args(["send", "--json"]).args(options).args([&self.url, chat, body]);
        let output = command.output().expect("the program can be started");
        let reply = String::from_utf8(output.stdout).expect("it prints text").trim_end().to_owned();
        let Replied { status_code } = serde_json::from_str(&reply).expect("it prints the reply");
        assert_eq!(output.status.code(), Some(if status_code == 0 { 0 } else { 4 }), "{reply}");
        (status_code, reply)
    }

    /// What everybody has heard of it that was not told before.
    fn outcome(&mut self, (code, reply): (u64, String)) -> Outcome {
        let reply = Some(reply).filter(|reply| !reply.is_empty());
        let mut heard = Vec::new();
        for (at, (name, _)) in USERS.iter().enumerate() {
            let fence = fence_of(name);
            assert_eq!(self.send(name, &[], &fence, "SetInFocus").0, 0, "{name}'s own chat");
            let lines = self.watches[at]
                .until(&fence, |line| told(line).is_some_and(|data| chat_of(data.get()) == fence));
            for data in lines.iter().filter_map(|line| told(line)) {
                let chat = chat_of(data.get());
                if chat != fence {
                    if self.chat == "unknown" && !chat.is_empty() {
                        self.chat = chat;
                    }
                    heard.push(Heard { to: (*name).to_owned(), data: data.get().to_owned() });
                }
            }
        }
        Outcome { code, reply, heard }
    }

    /// `chat request`, which goes on until the chat is over.
    fn request(&mut self, body: &str) -> (u64, String) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Wanted {
            #[serde(rename = "operationName")]
            _operation_name: String,
            nickname: String,
            subject: Option<String>,
            user_data: Option<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct Requested {
            id: String,
        }
        let wanted: Wanted = serde_json::from_str(body).expect("what `chat request` can ask for");
        let mut command = command(&self.program, "");
        command.args(["request", &self.url, "--json", "--pause", "0.02"]);
        command.args(["--nickname", &wanted.nickname]);
        if let Some(subject) = &wanted.subject {
            command.args(["--subject", subject]);
        }
        if let Some(data) = &wanted.user_data {
            command.args(["--user-data", data.get()]);
        }
        let mut request = Printing::start(&mut command);
        let lines = request.until("the chat's id", |line| line.contains(r#""requested""#));
        let requested = lines.last().map(|line| serde_json::from_str(line));
        let Requested { id } = requested.expect("a line").expect("it says how the chat is called");
        (self.visitor, self.request) = (id, Some(request));
        (0, String::new())
    }

    /// `chat request` for a chat that is there, as a page does that is loaded again.
    fn look_again(&self) -> Printing {
        let words = ["request", &self.url, "--json", "--chat", &self.visitor];
        let mut again = Printing::start(command(&self.program, "").args(words));
        again.until("the chat's id", |line| line.contains(r#""requested""#));
        again
    }

    /// Takes in what `chat request` prints, until that is enough or it has ended.
    fn read(&mut self, request: &mut Printing, is_enough: impl Fn(&VisitorSees) -> bool) {
        while !is_enough(&self.seen) {
            let Some(line) = request.next() else { break };
            self.see(&line);
        }
    }

    /// Takes in what `chat request` prints of the chat.
    fn see(&mut self, line: &str) {
        #[derive(Deserialize)]
        struct Line {
            chat: Option<ChatResource>,
            message: Option<Message>,
        }
        let line: Line = serde_json::from_str(line).expect("it prints JSON");
        // Who looks at the chat once more is told from the start.
        let index = line.message.as_ref().and_then(|message| message.index).unwrap_or_default();
        if let Some(message) = line.message.as_ref().filter(|_| index > self.last_read) {
            self.last_read = index;
            self.seen.reads.push(summary::message(message));
        }
        if let Some(chat) = line.chat {
            self.seen.state = chat.state.expect("a chat has a state").as_str().to_owned();
            let participants = chat.participants.unwrap_or_default().into_iter();
            self.seen.sees = participants.filter_map(|one| one.nickname).collect();
        }
    }
}

impl Door for ServedDoor {
    fn address(&self, body: &str) -> String {
        USERS.iter().fold(body.to_owned(), |body, (name, id)| {
            body.replace(&format!("{{{name}}}"), &format!("{}/api/v2/users/{id}", self.url))
        })
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        let replied = match self.visitor.is_empty() {
            true => self.request(body),
            false => self.send("", &[], &self.visitor, body),
        };
        self.outcome(replied)
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        let replied = self.send(agent, &[], &self.chat, body);
        self.outcome(replied)
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        let (_, agent) = USERS.iter().find(|(name, _)| *name == agent).expect("it is an agent");
        let replied = self.send(supervisor, &["--of", agent], &self.chat, body);
        self.outcome(replied)
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        let at = USERS.iter().position(|(name, _)| *name == agent).expect("it is an agent");
        self.watches[at].wait("an invitation", |line| line.contains(r#""state":"Invited""#));
        self.outcome((0, String::new()))
    }

    fn agent_becomes(&mut self, agent: &str, readiness: &str) {
        assert_eq!(self.send(agent, &[], "/me/channels/chat", readiness).0, 0, "{readiness}");
    }

    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees {
        let ends = awaited.state == "Idle";
        let mut request = self.request.take().unwrap_or_else(|| self.look_again());
        self.read(&mut request, |seen| !ends && seen == awaited);
        if ends && self.seen != *awaited {
            // The visitor left first, and looks once more at what the agents did then.
            request = self.look_again();
            self.read(&mut request, |_| false);
        }
        if ends {
            assert!(request.child.wait().expect("it ends").success(), "the chat is over");
        } else {
            self.request = Some(request);
        }
        let reads = std::mem::take(&mut self.seen.reads);
        VisitorSees { state: self.seen.state.clone(), sees: self.seen.sees.clone(), reads }
    }
}

impl Drop for ServedDoor {
    fn drop(&mut self) {
        // Nobody misses it if it is gone already.
        let _ = std::fs::remove_file(&self.chats);
    }
}

fn fence_of(user: &str) -> String {
    format!("fence-of-{user}")
}

/// What a line of `chat watch` tells of a chat.
fn told(line: &str) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "type")]
        kind: String,
        channel: Option<String>,
        data: Option<Box<RawValue>>,
    }
    let line: Line = serde_json::from_str(line).expect("it prints JSON");
    assert_ne!(line.kind, "interrupted", "one session is enough for all of it");
    line.data.filter(|_| line.channel.as_deref() == Some("/v2/me/chats"))
}

/// The id of the chat that is told of; nothing if only its address is there.
fn chat_of(data: &str) -> String {
    #[derive(Deserialize)]
    struct Told {
        chat: Option<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let told: Told = serde_json::from_str(data).expect("a notification");
    told.chat.map(|chat| chat.id).unwrap_or_default()
}

/// The program for this user, with nothing of the environment that could change what it does.
fn command(program: &PathBuf, user: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAT_") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent").env("RUST_LOG", "error");
    if !user.is_empty() {
        command.env("CHAT_USER", user).env("CHAT_PASSWORD", user);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A program that goes on, and what it prints. It ends with this.
#[derive(Debug)]
struct Printing {
    child: Child,
    printed: Arc<(Mutex<Printed>, Condvar)>,
    /// How many lines were taken.
    taken: usize,
}

#[derive(Debug, Default)]
struct Printed {
    lines: Vec<String>,
    has_ended: bool,
}

impl Printing {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program can be started");
        let out = BufReader::new(child.stdout.take().expect("its output is ours"));
        let printed = Arc::<(Mutex<Printed>, Condvar)>::default();
        let keeps = printed.clone();
        std::thread::spawn(move || {
            let (printed, news) = &*keeps;
            for line in out.lines().map_while(Result::ok) {
                printed.lock().expect("nobody panics with it").lines.push(line);
                news.notify_all();
            }
            printed.lock().expect("nobody panics with it").has_ended = true;
            news.notify_all();
        });
        Self { child, printed, taken: 0 }
    }

    /// Waits for a line that was not taken yet, and says how many lines there are up to it; `None` when
    /// none comes any more.
    fn reach(&self, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        let (printed, news) = &*self.printed;
        let mut printed = printed.lock().expect("nobody panics with it");
        loop {
            let mut fresh = printed.lines.iter().enumerate().skip(self.taken);
            if let Some((at, _)) = fresh.find(|(_, line)| is_it(line)) {
                return Some(at + 1);
            }
            if printed.has_ended {
                return None;
            }
            let (after, waited) =
                news.wait_timeout(printed, PATIENCE).expect("nobody panics with it");
            if waited.timed_out() {
                return None;
            }
            printed = after;
        }
    }

    /// Waits for a line without taking it.
    fn wait(&self, what: &str, is_it: impl Fn(&str) -> bool) -> usize {
        let (printed, _) = &*self.printed;
        self.reach(is_it).unwrap_or_else(|| {
            let printed = printed.lock().expect("nobody panics with it");
            panic!("expected {what}, found {:#?}", &printed.lines[self.taken..])
        })
    }

    /// Takes the lines up to one that is awaited.
    fn until(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let reached = self.wait(what, is_it);
        let (printed, _) = &*self.printed;
        let lines =
            printed.lock().expect("nobody panics with it").lines[self.taken..reached].to_vec();
        self.taken = reached;
        lines
    }

    /// Takes the next line; `None` when none comes any more.
    fn next(&mut self) -> Option<String> {
        let reached = self.reach(|_| true)?;
        self.taken = reached;
        let (printed, _) = &*self.printed;
        printed.lock().expect("nobody panics with it").lines.get(reached - 1).cloned()
    }
}

impl Printing {
    /// Ends it by SIGTERM and waits for that.
    fn terminate(&mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.is_ok_and(|status| status.success()), "it can be told to end");
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
