//! The examples: a conversation in the demo contact centre, played when the document is made.
//!
//! Examples that somebody wrote down would be right once; these are what the server says today. Time
//! stands still but for what the play moves, and names are drawn from a counter, so the same bytes come
//! out on every machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_store::MemoryStore;
use http_body_util::BodyExt as _;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Builder;
use hyper::{Method, Request, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::chance::Chance;
use crate::clock::{Clock as _, ManualClock};
use crate::config::{Config, Workbin};
use crate::routes::{Shape, all};
use crate::server::{App, Extras};

/// What was asked and answered, by the names of operations.
#[derive(Debug, Default)]
pub(super) struct Played {
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    operation: &'static str,
    /// What the example is called.
    name: String,
    path: Map<String, Value>,
    body: Option<Value>,
    /// The body of the reply, if it is a success that can be told.
    reply: Option<Value>,
}

impl Played {
    /// The parts of the path, by their names.
    pub(super) fn path_of(&self, operation: &str) -> Map<String, Value> {
        self.of(operation).next().map(|asked| asked.path.clone()).unwrap_or_default()
    }

    /// The bodies that were sent, and those of all operations that the same address takes.
    pub(super) fn requests_of(&self, operation: &str) -> Map<String, Value> {
        let played =
            self.of(operation).filter_map(|asked| Some((&asked.name, asked.body.as_ref()?)));
        let mut examples: Map<String, Value> = Map::new();
        for (name, body) in operations_of(operation) {
            examples.insert(name, json!({ "value": body }));
        }
        for (name, body) in played {
            examples.entry(name.clone()).or_insert_with(|| json!({ "value": body }));
        }
        examples
    }

    /// The replies, without those that only repeat another one.
    pub(super) fn replies_of(&self, operation: &str) -> Map<String, Value> {
        let mut examples: Map<String, Value> = Map::new();
        for asked in self.of(operation) {
            let Some(reply) = &asked.reply else { continue };
            let example = json!({ "value": reply });
            if !examples.values().any(|known| *known == example) {
                examples.insert(asked.name.clone(), example);
            }
        }
        examples
    }

    fn of(&self, operation: &str) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(move |asked| asked.operation == operation)
    }
}

/// The operations that an address takes, each as the model's schema shows it.
fn operations_of(operation: &str) -> Vec<(String, Value)> {
    let Some(route) = all().find(|route| route.name() == operation) else { return Vec::new() };
    let Shape::Does { body, .. } = route.shape else { return Vec::new() };
    let files = body.iter().filter_map(|name| match *name {
        "Operation" => Some("operation"),
        "CustomerOperation" => Some("customer-operation"),
        "MonitoringOperation" => Some("monitoring-operation"),
        "SupervisorOperation" => Some("supervisor-operation"),
        _ => None,
    });
    let mut found: Vec<(String, Value)> = Vec::new();
    for file in files {
        let text = chat_model::schema::generate(file).unwrap_or_default();
        let schema: Value = serde_json::from_str(&text).unwrap_or_default();
        for example in schema["examples"].as_array().into_iter().flatten() {
            let name = example["operationName"].as_str().unwrap_or_default().to_owned();
            let is_taken = found.iter().any(|(known, _)| *known == name);
            found.push((
                if is_taken { format!("{name} of an agent") } else { name },
                example.clone(),
            ));
        }
    }
    // Visitors open chats elsewhere (CUST-2.1).
    found.retain(|(name, _)| name != "RequestChat");
    found
}

/// The body of this operation as the schema shows it.
pub(super) fn example(schema: &str, operation: &str) -> Value {
    let text = chat_model::schema::generate(schema).unwrap_or_default();
    let schema: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut examples = schema["examples"].as_array().into_iter().flatten();
    let found = examples.find(|example| example["operationName"] == operation);
    found.cloned().unwrap_or_else(|| panic!("no schema shows {operation}"))
}

/// Plays the conversation.
pub(super) fn play() -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be started").block_on(Stage::set().play())
}

/// The demo contact centre, where time and chance stand still.
pub(super) struct Stage {
    pub(super) app: App,
    router: Router,
    clock: Arc<ManualClock>,
    played: Played,
}

pub(super) const AGENT: &str = "agent1";
const OTHER: &str = "a5e9c0ffee0000000000000000000002";
pub(super) const SUPERVISOR: &str = "supervisor1";

impl Stage {
    fn set() -> Self {
        Self::with(|_| {})
    }

    /// The same with another configuration.
    pub(super) fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::demo(([127, 0, 0, 1], 8090).into());
        // One channel that exists, so that not all of a session comes up (PLAT-1.2-8).
        config.unavailable_channels.insert("email".to_owned(), "no e-mail here".to_owned());
        config.workbins.push(Workbin::new("7f3d1c52-6f0e-4b7a-9a51-2c8e4d0b9e31", "Drafts"));
        configure(&mut config);
        let clock = Arc::new(ManualClock::at(1_389_261_492_035));
        let hands = clock.clone();
        let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
        let extras = Extras { chance: Arc::new(Counted::default()), ..Extras::default() };
        let app = App::with(config, store, clock.clone(), extras);
        let app = app.expect("the demo is a contact centre");
        Self { router: app.router(), app, clock, played: Played::default() }
    }

    async fn play(mut self) -> Played {
        let session = json!({
            "operationName": "StartContactCenterSession", "channels": ["chat", "email"],
        });
        self.agent("operateMe", &[], session).await;
        let channel = [("channel", "chat")];
        self.agent("operateMyChannel", &channel, json!({ "operationName": "NotReady" })).await;
        self.agent("operateMyChannel", &channel, json!({ "operationName": "Ready" })).await;
        self.agent("operateMe", &[], json!({ "operationName": "DoNotDisturbOff" })).await;
        let request = example("customer-operation", "RequestChat");
        let visitor = self.ask("requestChat", None, &[], "", Some(request)).await;
        let visitor = text(&visitor["id"]);
        self.app.catch_up().await;
        let chats = self.ask("listMyChats", Some(AGENT), &[], "?fields=*", None).await;
        let chat = text(&chats["chats"][0]["id"]);
        self.ask("listMyChats", Some(AGENT), &[], "", None).await;
        let (of_visitor, of_agent) = ([("id", &*visitor)], [("id", &*chat)]);
        for (by_visitor, body) in [
            (false, json!({ "operationName": "Accept", "nickname": "Amy" })),
            (true, json!({ "operationName": "SendMessage", "text": "Hello?" })),
            (false, json!({ "operationName": "SendMessage", "text": "How can I help you?" })),
            (false, json!({ "operationName": "AttachUserData", "userData": { "priority": 2 } })),
            (false, json!({ "operationName": "Invite", "targetPath": format!("/users/{OTHER}") })),
        ] {
            if by_visitor {
                self.ask("operateChat", None, &of_visitor, "", Some(body)).await;
            } else {
                self.agent("operateMyChat", &of_agent, body).await;
            }
            self.app.catch_up().await;
        }
        self.read("readChat", None, &of_visitor, &[""]).await;
        self.read("readChat", Some(AGENT), &of_agent, &["?fields=id,state"]).await;
        self.read("readTranscript", None, &of_visitor, &[""]).await;
        self.read("readMyChat", Some(AGENT), &of_agent, &["", "?fields=id,state"]).await;
        self.read("readMyTranscript", Some(AGENT), &of_agent, &["", "?startIndex=2&count=1"]).await;
        self.supervise(&chat).await;
        self.collections().await;
        self.notifications().await;
        self.note("readSchema", &[("file", "operation.json")]);
        self.note("readAsset", &[("file", "viewer.js")]);
        self.note("readConsoleAsset", &[("file", "console.css")]);
        self.note("readConsoleCometd", &[("file", "cometd.js")]);
        let end = json!({ "operationName": "EndContactCenterSession" });
        self.agent("operateMe", &[], end).await;
        self.played
    }

    /// Everything that a supervisor does: to look on, and to take a channel away.
    async fn supervise(&mut self, chat: &str) {
        let session = json!({ "operationName": "StartContactCenterSession", "channels": ["chat"] });
        self.ask("operateMe", Some(SUPERVISOR), &[], "", Some(session)).await;
        let agent = "a5e9c0ffee0000000000000000000001";
        let channel = [("userId", agent), ("channel", "chat")];
        for name in ["Monitor", "NotReady"] {
            let body = json!({ "operationName": name });
            self.ask("operateAgentChannel", Some(SUPERVISOR), &channel, "", Some(body)).await;
        }
        let of_chat = [("userId", agent), ("chatId", chat)];
        let body = json!({ "operationName": "Intrude" });
        self.ask("operateAgentChat", Some(SUPERVISOR), &of_chat, "", Some(body)).await;
    }

    /// Every collection and its first member, and whatever else can be read.
    async fn collections(&mut self) {
        for route in all() {
            let has_parts = route.path().contains('{');
            match route.shape {
                Shape::Many(_) if self.played.of(route.name()).next().is_none() => {
                    let reply = self.ask(route.name(), Some(AGENT), &[], "?fields=*", None).await;
                    self.ask(route.name(), Some(AGENT), &[], "", None).await;
                    self.member(route.path(), &reply).await;
                }
                Shape::One(_) if !has_parts => {
                    let queries = ["", "?subresources=channels", "?fields=id,userName"];
                    self.read(route.name(), Some(AGENT), &[], &queries).await;
                }
                Shape::Reads { .. } if !has_parts => {
                    self.read(route.name(), Some(AGENT), &[], &[""]).await;
                }
                _ => {}
            }
        }
        for (name, query) in [
            ("listContacts", "?filterName=NamesOrPhoneNumberMatches&filterParameters=*one*"),
            ("listGroups", "?subresources=users&limit=1"),
            ("readContactCenter", "?subresources=businessAttributes"),
        ] {
            self.read(name, Some(AGENT), &[], &[query]).await;
        }
        for group in ["agent-states", "general-settings", "interaction-workspace"] {
            self.read("readSettings", Some(AGENT), &[("group", group)], &[""]).await;
        }
    }

    /// The first member of the collection at `path`, which `reply` tells.
    async fn member(&mut self, path: &str, reply: &Value) {
        let member = all().find(|route| {
            let part = route.path().strip_prefix(path).and_then(|rest| rest.strip_prefix("/{"));
            matches!(route.shape, Shape::One(_)) && part.is_some_and(|rest| !rest.contains('/'))
        });
        let (Some(member), Shape::Many(kind)) = (member, shape_of(path)) else { return };
        let part = member.path()[path.len() + 2..].trim_end_matches('}');
        let value = text(&reply[kind.plural][0][part]);
        self.read(member.name(), Some(AGENT), &[(part, &value)], &["", "?fields=uri"]).await;
    }

    async fn notifications(&mut self) {
        let hello = json!([{
            "id": "1", "channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"],
        }]);
        let reply = self.ask("exchangeMessages", Some(AGENT), &[], "", Some(hello.clone())).await;
        let client = &reply[0]["clientId"];
        for body in [
            json!([{
                "id": "2", "channel": "/meta/subscribe", "clientId": client,
                "subscription": "/v2/me/chats",
            }]),
            json!([{
                "id": "3", "channel": "/meta/connect", "clientId": client,
                "connectionType": "long-polling", "advice": { "timeout": 0 },
            }]),
        ] {
            self.ask("exchangeMessages", Some(AGENT), &[], "", Some(body)).await;
        }
        let suffix = [("suffix", "handshake")];
        self.ask("exchangeMessagesBelow", Some(AGENT), &suffix, "", Some(hello)).await;
        self.note("exchangeMessagesBelowByGet", &suffix);
    }

    /// An address that has no reply of the interface: a websocket, a script or a file.
    fn note(&mut self, operation: &'static str, path: &[(&str, &str)]) {
        let path = parts(path);
        self.played.asked.push(Asked {
            operation,
            name: String::new(),
            path,
            body: None,
            reply: None,
        });
    }

    async fn agent(&mut self, operation: &'static str, path: &[(&str, &str)], body: Value) {
        self.ask(operation, Some(AGENT), path, "", Some(body)).await;
    }

    async fn read(
        &mut self,
        operation: &'static str,
        user: Option<&str>,
        path: &[(&str, &str)],
        queries: &[&str],
    ) {
        for query in queries {
            self.ask(operation, user, path, query, None).await;
        }
    }

    /// Asks, and remembers what was said; a second passes.
    ///
    /// # Panics
    /// If something is refused: this is about how it goes when it goes well.
    async fn ask(
        &mut self,
        operation: &'static str,
        user: Option<&str>,
        path: &[(&str, &str)],
        query: &str,
        body: Option<Value>,
    ) -> Value {
        let route = all().find(|route| route.name() == operation).expect("the table has it");
        let mut address = route.path().replace("{*", "{");
        for (name, value) in path {
            address = address.replace(&format!("{{{name}}}"), value);
        }
        let sent = body.as_ref().map(Value::to_string).unwrap_or_default();
        let address = format!("{address}{query}");
        let request = Request::builder().method(route.method()).uri(&address);
        let (status, reply) = self.send(request, user, sent).await;
        assert!(status.is_success(), "{operation} {address}: {status} {reply}");
        let name = match (&body, query, route.method() == Method::GET) {
            (Some(Value::Array(messages)), ..) => {
                text(&messages[0]["channel"]).trim_start_matches("/meta/").to_owned()
            }
            (Some(body), ..) => text(&body["operationName"]),
            (None, "", _) => "plain".to_owned(),
            (None, "?fields=*", _) => "whole".to_owned(),
            (None, query, _) => query.trim_start_matches('?').to_owned(),
        };
        let asked = Asked { operation, name, path: parts(path), body, reply: Some(reply.clone()) };
        self.played.asked.push(asked);
        reply
    }

    /// What is answered to `request`, after a second. A user is a name that is the password, too, or
    /// both with a colon between.
    pub(super) async fn send(
        &self,
        mut request: Builder,
        user: Option<&str>,
        body: String,
    ) -> (StatusCode, Value) {
        self.clock.advance(1_000);
        if let Some(user) = user {
            let (name, password) = user.split_once(':').unwrap_or((user, user));
            let credentials = STANDARD.encode(format!("{name}:{password}"));
            request = request.header(AUTHORIZATION, format!("Basic {credentials}"));
        }
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body));
        let request = request.expect("it is a request");
        let response = self.router.clone().oneshot(request).await.expect("it is answered");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("it is all there").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

fn shape_of(path: &str) -> Shape {
    let found = all().find(|route| route.path() == path && route.method() == Method::GET);
    found.map_or(Shape::Messages, |route| route.shape)
}

fn parts(path: &[(&str, &str)]) -> Map<String, Value> {
    path.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Chance that is none: the same names every time, and no two alike.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Chance for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            part.copy_from_slice(&Sha256::digest(number.to_be_bytes())[..part.len()]);
        }
    }
}
