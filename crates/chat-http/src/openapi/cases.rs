//! Cases for the reference pages: what the server answers to an operation that is none of the model's,
//! and how it refuses what the model is never asked, each tried when the pages are made.

use chat_model::schema::pretty;
use hyper::Request;
use serde_json::{Value, json};

use super::play::{AGENT, SUPERVISOR, Stage, example};
use crate::config::User;

/// A user above agents, without features: name and password.
const APPRENTICE: &str = "supervisor2:supervisor1";
const AGENT_ID: &str = "a5e9c0ffee0000000000000000000001";
const SUPERVISOR_ID: &str = "a5e9c0ffee0000000000000000000004";
const NOBODY: &str = "ffffffffffffffffffffffffffffffff";
const NO_CHAT: &str = "0000Wa9CAM6W00JB";
const NO_VISITOR: &str = "70fdfc46-4e5a-4b64-a1fd-a1a8d8a3a9bb";

/// The operations on readiness, a custom state among them.
const READINESS: [&str; 5] =
    ["Ready", "NotReady", "DoNotDisturbOn", "DoNotDisturbOff", "OutToLunch"];
const MONITORING: [&str; 4] = ["Monitor", "Coach", "BargeIn", "CancelSupervisorMonitoring"];
const VISITORS: [&str; 4] =
    ["SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "Complete"];

/// The cases as a JSON array, each an object with `side` (`session`, `channel`, `agentChannel`,
/// `visitor`, `monitoring`, `supervisor`, `limit` or `address`), `about`, `http`, `reply`, and but for the
/// last two `operation`, `address`, `request`, and `told`: what the agent hears on `/v2/me/channels`.
///
/// # Panics
/// Inside an asynchronous runtime: it starts one, to try them.
pub fn cases() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let played = async {
        let mut trial = Trial::set();
        trial.sessions().await;
        trial.supervisors().await;
        trial.visitors().await;
        trial.limits().await;
        trial.addresses().await;
        trial.cases
    };
    pretty(Value::Array(runtime.expect("a runtime can be started").block_on(played)))
}

struct Trial {
    stage: Stage,
    /// The session in which the agent listens.
    client: Option<Value>,
    cases: Vec<Value>,
}

/// What is asked, and of which operation and which part of the pages.
struct Asked<'a> {
    side: &'a str,
    about: &'a str,
    user: Option<&'a str>,
    address: &'a str,
    body: Value,
}

impl Trial {
    fn set() -> Self {
        let stage = Stage::with(|config| {
            let supervisor = config.users.iter().find(|user| user.name == SUPERVISOR);
            let supervisor = supervisor.expect("the demo has a supervisor");
            let mut apprentice = User::new(
                "a5e9c0ffee0000000000000000000005",
                "supervisor2",
                supervisor.password_hash.clone(),
            );
            apprentice.roles.clone_from(&supervisor.roles);
            apprentice.features = Some(Vec::new());
            config.users.push(apprentice);
        });
        Self { stage, client: None, cases: Vec::new() }
    }

    /// What agents do to their own session and channels.
    async fn sessions(&mut self) {
        // It ends the notification sessions, too.
        self.own("without a session", json!({ "operationName": "EndContactCenterSession" })).await;
        self.listen().await;
        let start = |channels: Value| json!({ "operationName": "StartContactCenterSession", "channels": channels });
        for name in READINESS {
            self.own("without a session", json!({ "operationName": name })).await;
            self.own_channel("without a session", "chat", name).await;
        }
        let most: Vec<String> = (0..33).map(|number| format!("medium{number}")).collect();
        for (about, channels) in [
            ("without `channels`", json!(null)),
            ("`channels` is `\"chat\"`", json!("chat")),
            ("`channels` is empty", json!([])),
            ("`channels` is `[\"chat/1\"]`", json!(["chat/1"])),
            ("33 channels", json!(most)),
            ("`[\"email\"]`, which cannot be opened", json!(["email"])),
            ("`[\"chat\"]`", json!(["chat"])),
            (
                "`[\"chat\",\"voice\",\"email\"]`, of which `email` cannot",
                json!(["chat", "voice", "email"]),
            ),
            ("`[\"chat\"]` again", json!(["chat"])),
        ] {
            self.own(about, start(channels)).await;
        }
        for name in READINESS {
            self.own("in a session", json!({ "operationName": name })).await;
            self.own_channel("in a session", "chat", name).await;
            self.own_channel("for a channel that the session does not have", "fax", name).await;
        }
        self.own("in a session", json!({ "operationName": "Sleep" })).await;
        self.own("in a session", json!({ "operationName": "EndContactCenterSession" })).await;
    }

    /// What supervisors do to agents, their channels and chats.
    async fn supervisors(&mut self) {
        let channel = |user: &str, name: &str| format!("/api/v2/users/{user}/channels/{name}");
        let own = channel(AGENT_ID, "chat");
        for name in MONITORING {
            let body = example("monitoring-operation", name);
            let ask = |about, user, address| Asked {
                side: "monitoring",
                about,
                user: Some(user),
                address,
                body: body.clone(),
            };
            self.case(ask("in no session", SUPERVISOR, &own)).await;
        }
        // A session of the supervisor and of the agent from here on.
        self.start(SUPERVISOR).await;
        self.listen().await;
        for name in [&READINESS[..], &["Offline"]].concat() {
            let body = json!({ "operationName": name });
            self.agent_channel("of an agent without a session", SUPERVISOR, &own, &body).await;
        }
        self.start(AGENT).await;
        self.hear().await;
        let (nobody, fax) = (channel(NOBODY, "chat"), channel(AGENT_ID, "fax"));
        for name in [&READINESS[..], &["Offline"]].concat() {
            let body = json!({ "operationName": name });
            for (about, user, address) in [
                ("by an agent", "agent2", &own),
                ("without the feature", APPRENTICE, &own),
                ("of nobody", SUPERVISOR, &nobody),
                ("for a channel that the session does not have", SUPERVISOR, &fax),
                ("of an agent in a session", SUPERVISOR, &own),
            ] {
                self.agent_channel(about, user, address, &body).await;
            }
        }
        let (other, self_) = (channel(AGENT_ID, "voice"), channel(SUPERVISOR_ID, "chat"));
        for name in MONITORING {
            let body = example("monitoring-operation", name);
            for (about, user, address) in [
                ("by an agent", "agent2", &own),
                ("without the feature", APPRENTICE, &own),
                ("of nobody", SUPERVISOR, &nobody),
                ("for another channel", SUPERVISOR, &other),
                ("of the supervisor", SUPERVISOR, &self_),
                ("of an agent", SUPERVISOR, &own),
            ] {
                let (user, body) = (Some(user), body.clone());
                self.case(Asked { side: "monitoring", about, user, address, body }).await;
            }
        }
        let chat = |user: &str| format!("/api/v2/users/{user}/chats/{NO_CHAT}");
        let (own, nobody) = (chat(AGENT_ID), chat(NOBODY));
        for (about, user, address) in [
            ("by an agent", "agent2", &own),
            ("without the feature", APPRENTICE, &own),
            ("of nobody", SUPERVISOR, &nobody),
            ("of a chat that is not there", SUPERVISOR, &own),
        ] {
            let (user, body) = (Some(user), example("supervisor-operation", "Intrude"));
            self.case(Asked { side: "supervisor", about, user, address, body }).await;
        }
    }

    /// What visitors do.
    async fn visitors(&mut self) {
        let whole = example("customer-operation", "RequestChat");
        let with = |name: &str, value: Value| {
            let mut body = whole.clone();
            body[name] = value;
            body
        };
        let ask =
            |about, address, body| Asked { side: "visitor", about, user: None, address, body };
        const CHATS: &str = "/api/v2/chats";
        for (about, body) in [
            ("for a queue that is not there", with("endpoint", json!("nowhere"))),
            ("with an empty nickname", with("nickname", json!(""))),
            ("with a nickname that is too long", with("nickname", json!("x".repeat(257)))),
        ] {
            self.case(ask(about, CHATS, body)).await;
        }
        let reply = self.case(ask("whole", CHATS, whole.clone())).await;
        let chat = format!("{CHATS}/{}", reply["id"].as_str().unwrap_or_default());
        let unknown = format!("{CHATS}/{NO_VISITOR}");
        let empty = json!({ "operationName": "SendMessage", "text": "" });
        self.case(ask("with an empty text", &chat, empty)).await;
        for name in VISITORS {
            let body = example("customer-operation", name);
            self.case(ask("of a chat that is not there", &unknown, body)).await;
        }
        self.case(ask("whole", &chat, example("customer-operation", "Complete"))).await;
        for name in VISITORS {
            let body = example("customer-operation", name);
            self.case(ask("when the chat is over", &chat, body)).await;
        }
    }

    /// Bodies that are refused for what they are (DEC-7).
    async fn limits(&mut self) {
        let request = |user_data: &str| {
            format!(
                r#"{{"operationName":"RequestChat","nickname":"Chris","userData":{user_data}}}"#
            )
        };
        let many: Vec<String> = (0..=10_000).map(|number| format!(r#""k{number}":0"#)).collect();
        let deep =
            |levels: usize| format!("{}{}", r#"{"a":"#.repeat(levels), "0") + &"}".repeat(levels);
        for (about, body) in [
            ("a key twice in one object", request(r#"{"a":1,"a":2}"#)),
            ("half a surrogate pair", request(r#"{"a":"\ud800"}"#)),
            ("too deep", request(&deep(64))),
            ("an empty key", request(r#"{"":1}"#)),
            ("a key that is too long", request(&format!(r#"{{"{}":1}}"#, "k".repeat(1025)))),
            ("too many keys", request(&format!("{{{}}}", many.join(",")))),
            (
                "a nickname that is too long",
                format!(r#"{{"operationName":"RequestChat","nickname":"{}"}}"#, "x".repeat(257)),
            ),
            ("too long as a whole", request(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1 << 20)))),
        ] {
            let asked = Request::builder().method("POST").uri("/api/v2/chats");
            let (http, reply) = self.stage.send(asked, None, body).await;
            self.note("limit", about, http.as_u16(), reply);
        }
    }

    /// What is refused whatever the body.
    async fn addresses(&mut self) {
        let put = Request::builder().method("PUT").uri("/api/v2/me");
        let (http, reply) = self.stage.send(put, Some(AGENT), String::new()).await;
        self.note("address", "a method that the address does not have", http.as_u16(), reply);
    }

    fn note(&mut self, side: &str, about: &str, http: u16, reply: Value) {
        self.cases.push(json!({ "side": side, "about": about, "http": http, "reply": reply }));
    }

    async fn start(&mut self, user: &str) {
        let body = json!({ "operationName": "StartContactCenterSession", "channels": ["chat"] });
        let request = Request::builder().method("POST").uri("/api/v2/me");
        self.stage.send(request, Some(user), body.to_string()).await;
    }

    async fn own(&mut self, about: &str, body: Value) {
        let (side, user, address) = ("session", Some(AGENT), "/api/v2/me");
        self.case(Asked { side, about, user, address, body }).await;
    }

    async fn own_channel(&mut self, about: &str, channel: &str, name: &str) {
        let (user, address) = (Some(AGENT), format!("/api/v2/me/channels/{channel}"));
        let body = json!({ "operationName": name });
        self.case(Asked { side: "channel", about, user, address: &address, body }).await;
    }

    async fn agent_channel(&mut self, about: &str, user: &str, address: &str, body: &Value) {
        let (user, body) = (Some(user), body.clone());
        self.case(Asked { side: "agentChannel", about, user, address, body }).await;
    }

    /// Asks, notes what is answered and what the agent hears, and returns the answer.
    async fn case(&mut self, asked: Asked<'_>) -> Value {
        let Asked { side, about, user, address, body } = asked;
        let request = Request::builder().method("POST").uri(address);
        let (http, reply) = self.stage.send(request, user, body.to_string()).await;
        let told = self.hear().await;
        self.cases.push(json!({
            "side": side,
            "operation": body["operationName"],
            "about": about,
            "address": address,
            "request": body,
            "http": http.as_u16(),
            "reply": reply,
            "told": told,
        }));
        reply
    }

    /// Lets the agent listen.
    async fn listen(&mut self) {
        let hello = json!([{
            "id": "1", "channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"],
        }]);
        let reply = self.exchange(&hello).await;
        let client = reply[0]["clientId"].clone();
        self.exchange(&json!([{
            "id": "2", "channel": "/meta/subscribe", "clientId": client,
            "subscription": "/v2/me/channels",
        }]))
        .await;
        self.client = Some(client);
        self.hear().await;
    }

    /// What the agent heard since.
    async fn hear(&mut self) -> Vec<Value> {
        let Some(client) = self.client.clone() else { return Vec::new() };
        self.stage.app.catch_up().await;
        let reply = self
            .exchange(&json!([{
                "id": "3", "channel": "/meta/connect", "clientId": client,
                "connectionType": "long-polling", "advice": { "timeout": 0 },
            }]))
            .await;
        let messages = reply.as_array().into_iter().flatten();
        messages.filter(|message| message.get("data").is_some()).cloned().collect()
    }

    async fn exchange(&mut self, messages: &Value) -> Value {
        let request = Request::builder().method("POST").uri("/api/v2/notifications");
        self.stage.send(request, Some(AGENT), messages.to_string()).await.1
    }
}
