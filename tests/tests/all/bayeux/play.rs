//! Playing a file through a door: what happens is done, what is expected is compared.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::clock::Hands;
use super::doors::{Door, DoorKind};
use super::exchange::{Chat, Exchanges, Expected, Opened, Request, Session, Step};
use super::http::{Answered, Ask, Body};
use super::matching::Names;
use super::samples::Sample;
use super::socket::{Next, Socket};
use crate::contract::Announced;

pub(crate) const NOTIFICATIONS: &str = "/api/v2/notifications";

/// After this long a test that waits for something that does not come fails. No expectation
/// depends on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// BAYEUX-1.4, and BAYEUX-12.1-1.
const ARRAY: &str = "application/json;charset=utf-8";
const SCRIPT: &str = "text/javascript;charset=UTF-8";

/// What the handshake's reply lists (BAYEUX-3.3).
const TRANSPORTS: [&str; 2] = ["long-polling", "websocket"];

/// Plays `file`.
///
/// # Panics
/// At the first step of which something else comes than written.
pub(crate) async fn play(name: &str, file: &Exchanges, kind: DoorKind) {
    let hands = Hands::of(kind);
    let door = Door::open(kind, &file.config, &hands).await;
    let mut names = Names::default();
    names.set("base", door.base());
    names.set("transports", json!(TRANSPORTS));
    let mut play = Play {
        place: name.to_owned(),
        door,
        hands,
        names,
        held: BTreeMap::new(),
        sockets: BTreeMap::new(),
    };
    play.steps(name, &file.steps).await;
    let forgotten: Vec<_> = play.held.keys().collect();
    assert!(forgotten.is_empty(), "{name}: nobody asks what became of {forgotten:?}");
}

struct Play {
    place: String,
    door: Door,
    hands: Hands,
    names: Names,
    /// Requests whose answers come later.
    held: BTreeMap<String, JoinHandle<Answered>>,
    sockets: BTreeMap<String, Socket>,
}

impl Play {
    async fn steps(&mut self, within: &str, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate() {
            self.place = format!("{within}, step {}", at + 1);
            Box::pin(self.step(step)).await;
            self.door.app().catch_up().await;
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Request(request) => self.request(request).await,
            Step::Answer(answer) => {
                let task = self.held.remove(&answer.of);
                let task =
                    task.unwrap_or_else(|| panic!("{}: {} is not held", self.place, answer.of));
                let answered = self.ended(task).await;
                self.check(&answer.expected(), &answered, NOTIFICATIONS);
            }
            Step::StillHeld(labels) => {
                self.settled().await;
                for label in labels {
                    let task = self.held.get(label);
                    assert!(
                        task.is_some_and(|task| !task.is_finished()),
                        "{}: expected {label} to be held, found it answered",
                        self.place
                    );
                }
            }
            Step::Drop(label) => {
                let task = self.held.remove(label).expect("what is dropped is held");
                task.abort();
                assert!(task.await.is_err(), "{}: {label} was answered before", self.place);
                self.settled().await;
            }
            Step::Advance(ms) => self.hands.advance(*ms).await,
            Step::LogIn(user) => self.log_in(user).await,
            Step::Session(session) => self.session(session).await,
            Step::Chat(chat) => self.chat(chat).await,
            Step::Socket(opened) => self.open(opened).await,
            Step::Send(sent) => {
                let text = match (&sent.body, &sent.text) {
                    (Some(body), None) => body.to_string(),
                    (None, Some(text)) => text.clone(),
                    _ => panic!("{}: expected body or text", self.place),
                };
                let text = self.names.fill(&text);
                self.socket(&sent.on).send(&text).await;
            }
            Step::Frame(frame) => {
                let Next::Text(body) = self.next(&frame.on).await else {
                    panic!("{}: expected a frame, found the end of {}", self.place, frame.on);
                };
                let answered = Answered { status: 200, headers: BTreeMap::new(), body };
                self.check(&frame.expected(), &answered, "");
            }
            Step::Closed(closed) => {
                let next = self.next(&closed.on).await;
                let code = match &next {
                    Next::Closed(Some(code)) => *code,
                    _ => panic!("{}: expected the end, found {next:?}", self.place),
                };
                assert_eq!(code, closed.code, "{}: the code of the end", self.place);
                self.sockets.remove(&closed.on);
            }
            Step::Close(name) => {
                let socket = self.sockets.remove(name).expect("what is closed is open");
                let closed = tokio::time::timeout(PATIENCE, socket.close()).await;
                assert!(closed.is_ok(), "{}: expected {name} to close", self.place);
            }
            Step::Cut(name) => drop(self.sockets.remove(name).expect("what is cut is open")),
            Step::Figures(figures) => {
                for (name, expected) in figures {
                    self.until(&format!("{name} is {expected}"), async |play| {
                        play.figure(name).await == *expected
                    })
                    .await;
                }
            }
            Step::Repeat(repeat) => {
                let place = self.place.clone();
                for time in 1..=repeat.times {
                    self.steps(&format!("{place}, time {time}"), &repeat.steps).await;
                }
            }
            Step::Restart => self.door.restart().await,
            Step::Stop => self.door.stop(),
        }
    }

    async fn open(&mut self, opened: &Opened) {
        let mut request = Request::default();
        request.by.clone_from(&opened.by);
        request.path.clone_from(&opened.path);
        request.headers.clone_from(&opened.headers);
        let ask = self.ask(&request);
        let socket = Socket::open(self.door.address(), &ask);
        match tokio::time::timeout(PATIENCE, socket).await.expect("the server answers") {
            Ok(socket) => {
                assert!(!opened.expects_refusal(), "{}: expected a refusal", self.place);
                self.sockets.insert(opened.name.clone(), socket);
            }
            Err(refused) => self.check(&opened.expected(), &refused, ""),
        }
    }

    fn socket(&mut self, name: &str) -> &mut Socket {
        let place = &self.place;
        self.sockets.get_mut(name).unwrap_or_else(|| panic!("{place}: {name} is not open"))
    }

    async fn next(&mut self, name: &str) -> Next {
        let next = self.socket(name).next();
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.unwrap_or_else(|_| panic!("{}: expected a frame, found none", self.place))
    }

    async fn request(&mut self, request: &Request) {
        let ask = self.ask(request);
        let path = ask.path.clone();
        let task = self.door.send(ask);
        match &request.holds {
            None => {
                let answered = self.ended(task).await;
                self.check(&request.expected(), &answered, &path);
            }
            Some(label) => {
                let before = self.held.insert(label.clone(), task);
                assert!(before.is_none(), "{}: two requests called {label}", self.place);
                self.settled().await;
                let answered = self.held.get(label).is_none_or(JoinHandle::is_finished);
                // On real time its time may be up by now.
                assert!(
                    !answered || self.hands.are_the_machines(),
                    "{}: expected {label} to be held, found it answered",
                    self.place
                );
            }
        }
    }

    fn ask(&self, request: &Request) -> Ask {
        let sample = request.sample.as_deref().map(|name| Sample::read(name).request);
        let mut headers =
            BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        if let Some(user) = &request.by {
            headers.insert("authorization".to_owned(), basic(user));
        }
        let mut path = self.names.fill(&request.path);
        let mut body = match (&request.body, &request.text) {
            (Some(body), None) => self.names.fill(&body.to_string()),
            (None, text) => self.names.fill(text.as_deref().unwrap_or_default()),
            _ => panic!("{}: expected body or text", self.place),
        };
        if let Some(sample) = &sample {
            path = sample.path.clone();
            body = sample.body_of(&self.names.fill(request.client.as_deref().unwrap_or("nobody")));
            headers.remove("content-type");
            let kind = sample.content_type.clone();
            headers.extend(kind.map(|kind| ("content-type".to_owned(), kind)));
            headers.extend(sample.cookie.clone().map(|cookie| ("cookie".to_owned(), cookie)));
        } else if !path.starts_with("/api") {
            path = format!("{NOTIFICATIONS}{path}");
        }
        for (name, value) in &request.headers {
            let name = name.to_ascii_lowercase();
            match value {
                Some(value) => headers.insert(name, self.names.fill(value)),
                None => headers.remove(&name),
            };
        }
        let fill = |chunks: &Vec<String>| chunks.iter().map(|c| self.names.fill(c)).collect();
        Ask {
            method: request
                .method
                .clone()
                .or(sample.map(|sample| sample.method))
                .unwrap_or_else(|| "POST".to_owned()),
            path,
            headers,
            body: request.chunks.as_ref().map(fill).map_or(Body::Whole(body), Body::Chunks),
            expects_continue: request.expects_continue,
            on: request.on.clone(),
        }
    }

    fn check(&mut self, expected: &Expected<'_>, answered: &Answered, path: &str) {
        let found = self.compare(expected, answered, path).and_then(|()| announced(answered));
        found.unwrap_or_else(|why| panic!("{}: {why}\n{answered:?}", self.place));
    }

    fn compare(
        &mut self,
        expected: &Expected<'_>,
        answered: &Answered,
        path: &str,
    ) -> Result<(), String> {
        let sample = expected.sample.map(|name| Sample::read(name).response);
        let status = sample.as_ref().map_or(expected.status.unwrap_or(200), |sample| sample.status);
        if status != answered.status {
            return Err(format!("expected {status}, found {}", answered.status));
        }
        // BAYEUX-1.4, BAYEUX-15.15: whatever is Bayeux, unless the file says otherwise.
        let is_bayeux = status == 200 && path.starts_with(NOTIFICATIONS);
        let calls = sample.as_ref().and_then(|sample| sample.calls.clone());
        let media_type = if calls.is_some() { SCRIPT } else { ARRAY };
        let usual = [("content-type", media_type), ("cache-control", "no-store")];
        for (name, value) in usual.into_iter().filter(|_| is_bayeux) {
            if !expected.has_headers.contains_key(name) {
                self.header(name, Some(value), answered)?;
            }
        }
        for (name, value) in expected.has_headers {
            self.header(name, value.as_deref(), answered)?;
        }
        if let Some(sample) = sample {
            let cookie = "BAYEUX_BROWSER=${*}; Path=/; HttpOnly";
            let cookie = sample.sets_cookie.then_some(cookie);
            self.header("set-cookie", cookie, answered)?;
            let Some(recorded) = sample.body else { return is_empty(answered) };
            let found = match calls {
                Some(function) => read_call(&function, answered)?,
                None => read(answered)?,
            };
            let ours = sample_with_differences(recorded, expected, &found)?;
            return self.names.meet(&ours, &found);
        }
        match (expected.reply, expected.reply_text, expected.empty) {
            (Some(reply), None, false) => self.names.meet(reply, &read(answered)?),
            (None, Some(text), false) => self.names.meet_text(text, &answered.body),
            (None, None, true) => is_empty(answered),
            _ => Err("expected a file that says what is answered".to_owned()),
        }
    }

    fn header(
        &mut self,
        name: &str,
        value: Option<&str>,
        answered: &Answered,
    ) -> Result<(), String> {
        match (value, answered.headers.get(name)) {
            (None, None) => Ok(()),
            (Some(value), Some(found)) => {
                self.names.meet_text(value, found).map_err(|why| format!("{name}: {why}"))
            }
            (value, found) => Err(format!("{name}: expected {value:?}, found {found:?}")),
        }
    }

    async fn log_in(&mut self, user: &str) {
        let body = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
        self.ok("POST", "/api/v2/me", Some(user), &body).await;
    }

    async fn session(&mut self, session: &Session) {
        let by = Some(session.by.as_str());
        let mut hello = json!({"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]});
        if session.ack {
            hello["ext"] = json!({"ack": true});
        }
        let browser = session.browser.as_deref();
        let shaken = self.messages(by, browser, &json!([hello])).await;
        let client = shaken[0]["clientId"].clone();
        assert!(client.is_string(), "{}: {shaken}", self.place);
        if !session.subscribes.is_empty() {
            let subscribe = json!([{"channel": "/meta/subscribe", "clientId": client,
                "subscription": session.subscribes}]);
            let reply = self.messages(by, browser, &subscribe).await;
            assert_eq!(reply[0]["successful"], true, "{}: {reply}", self.place);
        }
        if session.connects {
            let connect = json!([{"channel": "/meta/connect", "clientId": client,
                "connectionType": "long-polling"}]);
            let reply = self.messages(by, browser, &connect).await;
            let last = reply.as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
            assert_eq!(last["successful"], true, "{}: {reply}", self.place);
            self.names.set(&format!("{}.ack", session.name), last["ext"]["ack"].clone());
        }
        self.names.set(&session.name, client);
    }

    async fn chat(&mut self, chat: &Chat) {
        let by = Some(chat.with.as_str());
        let operation = |name: &str| json!({ "operationName": name });
        self.log_in(&chat.with).await;
        self.ok("POST", "/api/v2/me/channels/chat", by, &operation("Ready")).await;
        let request = json!({"operationName": "RequestChat", "nickname": "Vera"});
        let visitor = self.ok("POST", "/api/v2/chats", None, &request).await;
        self.names.set(&format!("{}.visitor", chat.name), visitor["id"].clone());
        self.door.app().catch_up().await;
        let chats = self.ok("GET", "/api/v2/me/chats?fields=id", by, &Value::Null).await;
        let id =
            chats["chats"].as_array().and_then(|all| all.last()).map(|chat| chat["id"].clone());
        let id = id.unwrap_or_else(|| panic!("{}: {chats}", self.place));
        let path = format!("/api/v2/me/chats/{}", id.as_str().unwrap_or_default());
        self.ok("POST", &path, by, &operation("Accept")).await;
        self.ok("POST", "/api/v2/me/channels/chat", by, &operation("NotReady")).await;
        self.names.set(&chat.name, id);
    }

    /// Posts messages that do not matter by themselves.
    async fn messages(&self, by: Option<&str>, browser: Option<&str>, body: &Value) -> Value {
        let mut ask = plain("POST", NOTIFICATIONS, by, body);
        let cookie = browser.map(|browser| format!("BAYEUX_BROWSER={browser}"));
        ask.headers.extend(cookie.map(|cookie| ("cookie".to_owned(), cookie)));
        let answered = self.ended(self.door.send(ask)).await;
        read(&answered).unwrap_or_else(|why| panic!("{}: {why}", self.place))
    }

    /// A call that does not matter by itself.
    async fn ok(&self, method: &str, path: &str, by: Option<&str>, body: &Value) -> Value {
        let answered = self.ended(self.door.send(plain(method, path, by, body))).await;
        let reply = read(&answered).unwrap_or_else(|why| panic!("{}: {why}", self.place));
        assert_eq!(reply["statusCode"], 0, "{}: {method} {path}: {reply}", self.place);
        reply
    }

    async fn ended(&self, task: JoinHandle<Answered>) -> Answered {
        match tokio::time::timeout(PATIENCE, task).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(why)) => panic!("{}: {why}", self.place),
            Err(_) => panic!("{}: expected an answer, found none", self.place),
        }
    }

    /// Waits until every request either is answered or waits in the server for its answer.
    async fn settled(&self) {
        self.until("all requests are answered or held", async |play| {
            let open = play.held.values().filter(|task| !task.is_finished()).count();
            play.figure("chat_held_polls").await == open as u64
        })
        .await;
    }

    async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let wait = async {
            while !holds(self).await {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "{}: expected that {what}", self.place);
    }

    /// A figure of the node, taken from its router, so that looking changes nothing.
    async fn figure(&self, name: &str) -> u64 {
        let ask = plain("GET", "/metrics", None, &Value::Null);
        let figures = super::doors::answered(self.door.router(), ask).await.body;
        let line = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or("0").parse().unwrap_or_else(|_| panic!("{}: {name}: {line:?}", self.place))
    }
}

pub(crate) fn plain(method: &str, path: &str, by: Option<&str>, body: &Value) -> Ask {
    let mut headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
    headers.extend(by.map(|user| ("authorization".to_owned(), basic(user))));
    Ask {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: Body::Whole(if body.is_null() { String::new() } else { body.to_string() }),
        expects_continue: false,
        on: None,
    }
}

/// The password of a demo user is the name.
fn basic(user: &str) -> String {
    let credentials = format!("{user}:{user}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials))
}

fn read(answered: &Answered) -> Result<Value, String> {
    serde_json::from_str(&answered.body)
        .map_err(|why| format!("expected JSON: {why}: {answered:?}"))
}

/// Whatever the server says is in the AsyncAPI document.
fn announced(answered: &Answered) -> Result<(), String> {
    let messages = serde_json::from_str::<Vec<Value>>(&answered.body).unwrap_or_default();
    messages.iter().try_for_each(|message| Announced::read().judge(message).map(drop))
}

/// The argument of a call, behind the comment that keeps the script from being something else.
fn read_call(function: &str, answered: &Answered) -> Result<Value, String> {
    let argument = answered.body.strip_prefix(&format!("/**/{function}("));
    let argument = argument.and_then(|rest| rest.strip_suffix(')'));
    let argument = argument.ok_or_else(|| format!("expected a call of {function}"))?;
    serde_json::from_str(argument).map_err(|why| why.to_string())
}

fn is_empty(answered: &Answered) -> Result<(), String> {
    if answered.body.is_empty() { Ok(()) } else { Err("expected no body".to_owned()) }
}

/// The recorded body with our differences; one that is gone is an error.
fn sample_with_differences(
    mut recorded: Value,
    expected: &Expected<'_>,
    found: &Value,
) -> Result<Value, String> {
    for difference in expected.differs {
        let at = &difference.at;
        if found.pointer(at) == recorded.pointer(at) {
            return Err(format!("{at}: the difference is gone ({})", difference.because));
        }
        let (parent, last) = at.rsplit_once('/').unwrap_or_default();
        match (recorded.pointer_mut(parent), &difference.ours) {
            (Some(Value::Object(parent)), Some(ours)) => {
                parent.insert(last.to_owned(), ours.clone());
            }
            (Some(Value::Object(parent)), None) => {
                parent.remove(last);
            }
            (Some(Value::Array(parent)), ours) => {
                let at: usize = last.parse().map_err(|_| format!("{at}: expected an index"))?;
                parent.remove(at);
                if let Some(ours) = ours {
                    parent.insert(at, ours.clone());
                }
            }
            _ => return Err(format!("{at}: the sample has nothing there")),
        }
    }
    Ok(recorded)
}
