//! The contact centre under load: the server on a socket, its people, and what is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use chat_http::{Clock as _, Config, Queue, SystemClock, User};
use chat_model::{JsonRef, Rules, UserId, VisitorId};
use chat_store::{FeedId, MemoryStore, Store as _};

use super::checker::Transcript;
use super::line::{Line, Reply};

/// Everybody's password: that of the demo's first agent.
const PASSWORD: &str = "agent1";

const QUEUES: [&str; 4] = ["support", "sales", "billing", "orders"];

/// Everything that all who take part share.
pub(crate) struct Floor {
    pub(crate) address: SocketAddr,
    pub(crate) store: MemoryStore,
    clock: SystemClock,
    pub(crate) rules: Rules,
    pub(crate) agents: Vec<Arc<Agent>>,
    pub(crate) visitors: Mutex<BTreeSet<VisitorId>>,
    pub(crate) transcripts: Mutex<Vec<Transcript>>,
    pub(crate) faults: Mutex<Vec<String>>,
    pub(crate) figures: Figures,
    /// Nobody does anything any more.
    pub(crate) is_quiet: AtomicBool,
    /// What is in the feeds by now is to be heard, and then it is over.
    pub(crate) is_over: AtomicBool,
}

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) operations: AtomicUsize,
    pub(crate) notifications: AtomicUsize,
    pub(crate) readiness: AtomicUsize,
    pub(crate) recoveries: AtomicUsize,
    pub(crate) broken: AtomicUsize,
    /// Replies by their code.
    pub(crate) codes: Mutex<BTreeMap<i64, usize>>,
    /// Microseconds of every operation.
    pub(crate) latencies: Mutex<Vec<u32>>,
}

/// An agent or supervisor, and what their client knows.
pub(crate) struct Agent {
    pub(crate) id: UserId,
    pub(crate) name: String,
    cookie: Mutex<String>,
    /// The state of each chat that is not over, as the notifications tell it.
    pub(crate) chats: Mutex<BTreeMap<String, String>>,
    /// The head of the agent's feed when the run was over.
    pub(crate) last_head: AtomicU64,
}

/// The configuration: a crowd with the demo's password, in four queues.
pub(crate) fn config(agents: usize) -> Config {
    let mut config = Config::demo(([127, 0, 0, 1], 8090).into());
    let hash = config.users[0].password_hash.clone();
    config.queues.clear();
    for (n, name) in QUEUES.into_iter().enumerate() {
        let mut queue = Queue::new(format!("00000000-0000-4000-8000-{n:012}"), name);
        queue.default = n == 0;
        config.queues.push(queue);
    }
    config.users = (0..agents)
        .map(|n| {
            let mut user = User::new(format!("{:032x}", n + 1), format!("a{n}"), hash.clone());
            user.queues = vec![QUEUES[n % 4].into(), QUEUES[(n + 1) % 4].into()];
            user.capacity = 6;
            if n % 20 == 19 {
                user.roles.push("ROLE_SUPERVISOR".to_owned());
            }
            user
        })
        .collect();
    // Everything that takes long in an ordinary day has to happen within a run.
    config.limits.invitation_seconds = 3;
    config.limits.idle_seconds = 600;
    config.notifications.timeout_ms = 1_500;
    config.notifications.max_interval_ms = 2_000;
    config
}

impl Floor {
    pub(crate) fn new(address: SocketAddr, store: MemoryStore, config: &Config) -> Self {
        let agents = config.users.iter().map(|user| Arc::new(Agent::new(user))).collect();
        Self {
            address,
            store,
            clock: SystemClock::new(),
            rules: config.rules(),
            agents,
            visitors: Mutex::default(),
            transcripts: Mutex::default(),
            faults: Mutex::default(),
            figures: Figures::default(),
            is_quiet: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.is_quiet.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(crate) async fn head(&self, feed: &FeedId) -> u64 {
        self.store.feed_head(feed).await.expect("memory answers")
    }

    pub(crate) fn fault(&self, fault: String) {
        self.faults.lock().unwrap().push(fault);
    }

    /// Asks on `line`, with its time taken, and looks at the reply.
    pub(crate) async fn ask(
        &self,
        line: &mut Line,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Option<Reply> {
        let started = self.clock.monotonic();
        let reply = match line.ask(method, path, headers, body).await {
            Ok(reply) => reply,
            Err(error) => {
                self.fault(format!("{method} {path}: {error}"));
                return None;
            }
        };
        let us = u32::try_from(self.clock.monotonic().saturating_sub(started).as_micros())
            .unwrap_or(u32::MAX);
        self.figures.latencies.lock().unwrap().push(us);
        self.figures.operations.fetch_add(1, Ordering::Relaxed);
        self.note_reply(method, path, &reply);
        Some(reply)
    }

    /// Counts the reply; one that no page has is a fault. What is asked here is well-formed, so the
    /// codes of malformed requests are not to come either.
    pub(crate) fn note_reply(&self, method: &str, path: &str, reply: &Reply) {
        let code = code(&reply.body);
        *self.figures.codes.lock().unwrap().entry(code).or_default() += 1;
        let fits =
            matches!((code, reply.status), (0, 200) | (2, 400) | (3, 403) | (6, 404) | (20, 403));
        if !fits {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            self.fault(format!("{method} {path}: HTTP {} {body}", reply.status));
        }
    }
}

impl Agent {
    fn new(user: &User) -> Self {
        Self {
            id: user.id.clone(),
            name: user.name.clone(),
            cookie: Mutex::default(),
            chats: Mutex::default(),
            last_head: AtomicU64::new(0),
        }
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone()
    }

    pub(crate) fn cookie_header(&self) -> String {
        format!("Cookie: {}\r\n", self.cookie())
    }

    /// Opens an HTTP session and a contact-centre session.
    pub(crate) async fn log_in(&self, floor: &Floor, line: &mut Line) {
        let credentials = format!("{}:{PASSWORD}", self.name);
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        let basic = format!("Authorization: Basic {encoded}\r\n");
        let reply = floor.ask(line, "GET", "/me", &basic, "").await;
        match reply.and_then(|reply| reply.cookie) {
            Some(cookie) => *self.cookie.lock().unwrap() = cookie,
            None => floor.fault(format!("{}: no session", self.name)),
        }
        let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
        floor.ask(line, "POST", "/me", &self.cookie_header(), start).await;
    }

    /// What an event says of a chat.
    pub(crate) fn paint(&self, data: JsonRef<'_>) {
        let text = |value: Option<JsonRef<'_>>| Some(value?.decode_string()?.into_owned());
        let Some(chat) = data.get("chat") else { return };
        if let (Some(id), Some(state)) = (text(chat.get("id")), text(chat.get("state"))) {
            let mut chats = self.chats.lock().unwrap();
            match state.as_str() {
                "Completed" | "Revoked" => chats.remove(&id),
                _ => chats.insert(id, state),
            };
        }
    }
}

/// The `statusCode` of a body; -1 if it has none.
pub(crate) fn code(body: &[u8]) -> i64 {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    value.and_then(|value| value["statusCode"].as_i64()).unwrap_or(-1)
}
