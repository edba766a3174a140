//! Bayeux over websockets of the loopback, with a client that is not ours (BAYEUX-12.2).

use std::time::Duration;

use chat_http::Config;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::socket::{CREDENTIALS, METRICS, Running, start};

const PATIENCE: Duration = Duration::from_secs(20);

/// A websocket of an agent, and its session.
pub(crate) struct Agent<S> {
    stream: WebSocketStream<S>,
    client_id: String,
}

impl Agent<TcpStream> {
    async fn open(server: &Running, headers: &[(&'static str, &str)]) -> Result<Self, Value> {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let address = format!("ws://{}/api/v2/notifications", server.address);
        Self::open_on(stream, &address, headers).await
    }

    /// Opened by agent1, shaken hands, subscribed to everything and connected.
    async fn connected(server: &Running) -> Self {
        let mut agent = Self::open(server, &[AGENT1]).await.unwrap();
        agent.begin(json!({})).await;
        agent
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Agent<S> {
    pub(crate) async fn open_on(
        stream: S,
        address: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Value> {
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((stream, _)) => Ok(Self { stream, client_id: String::new() }),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(response.headers()["content-type"], "application/json");
                Err(json!([response.status().as_u16(), body["statusCode"]]))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn begin(&mut self, ext: Value) {
        let shaken = self
            .ask(json!([{"channel": "/meta/handshake", "version": "1.0", "ext": ext,
                "supportedConnectionTypes": ["websocket"]}]))
            .await;
        assert_eq!(shaken[0]["successful"], true, "{shaken}");
        self.client_id = shaken[0]["clientId"].as_str().unwrap().to_owned();
        let subscribe = json!([{"channel": "/meta/subscribe", "subscription": "/**",
            "clientId": self.client_id}]);
        assert_eq!(self.ask(subscribe).await[0]["successful"], true);
        let connect = self.connect();
        assert_eq!(self.ask(connect).await[0]["advice"]["reconnect"], "retry");
        let connect = self.connect();
        self.say(connect).await;
    }

    fn connect(&self) -> Value {
        json!([{"channel": "/meta/connect", "connectionType": "websocket", "id": "9",
            "clientId": self.client_id}])
    }

    async fn say(&mut self, messages: Value) {
        self.stream.send(Message::text(messages.to_string())).await.unwrap();
    }

    async fn ask(&mut self, messages: Value) -> Value {
        self.say(messages).await;
        self.hear().await
    }

    pub(crate) async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Everything up to the answer of the connect, in one frame or several: whoever writes may be
    /// faster than what comes next.
    pub(crate) async fn hear_out(&mut self) -> Vec<Value> {
        let mut heard: Vec<Value> = Vec::new();
        while heard.last().is_none_or(|last| last["channel"] != "/meta/connect") {
            heard.extend(self.hear().await.as_array().unwrap().iter().cloned());
        }
        heard
    }

    pub(crate) async fn closed(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(close)) => close.code.into(),
            other => panic!("{other:?}"),
        }
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.stream.next()).await;
        next.expect("in time").expect("a message").unwrap()
    }
}

pub(crate) const AGENT1: (&str, &str) = ("authorization", "Basic YWdlbnQxOmFnZW50MQ==");

impl Running {
    /// Posts as agent1 on a connection of its own.
    async fn post(&self, path: &str, body: Value) -> String {
        let body = body.to_string();
        self.exchange(format!(
            "POST /api/v2{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{CREDENTIALS}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
    }

    /// Logs agent1 in and makes them Ready.
    async fn make_ready(&self) {
        self.log_in().await;
        self.set("Ready").await;
    }

    async fn log_in(&self) {
        let login = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
        let login = self.post("/me", login).await;
        assert!(login.ends_with(r#"{"statusCode":0}"#), "{login}");
    }

    async fn set(&self, state: &str) {
        let set = self.post("/me/channels/chat", json!({"operationName": state})).await;
        assert!(set.ends_with(r#"{"statusCode":0}"#), "{set}");
    }

    async fn figure(&self, name: &str) -> u32 {
        let text = self.exchange(METRICS).await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    }

    async fn wait_for(&self, name: &str, value: u32) {
        let reached = async {
            while self.figure(name).await != value {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{name} {value}"));
    }
}

fn state(event: &Value) -> &str {
    event[0]["data"]["channels"][0]["userState"]["state"].as_str().unwrap_or("none")
}

/// A visitor's chat, from the invitation to the last message: every event in its own frame, in order,
/// without waking the connect; beside it another session of the user hears the same.
#[tokio::test]
async fn a_chat_is_heard_over_websockets() {
    let server = start(|_| ()).await;
    server.log_in().await;
    let (mut one, mut two) = (Agent::connected(&server).await, Agent::connected(&server).await);
    server.set("Ready").await;
    let request = json!({"operationName": "RequestChat", "nickname": "Vera"});
    server.post("/chats", request).await;
    let mut chat = String::new();
    for agent in [&mut one, &mut two] {
        let ready = agent.hear().await;
        assert_eq!((state(&ready), &ready[0]["channel"]), ("Ready", &json!("/v2/me/channels")));
        let invited = agent.hear().await;
        assert_eq!(invited.as_array().unwrap().len(), 1, "{invited}");
        assert_eq!(invited[0]["channel"], "/v2/me/chats");
        assert_eq!(invited[0]["data"]["chat"]["state"], "Invited");
        chat = invited[0]["data"]["chat"]["id"].as_str().unwrap().to_owned();
    }
    let path = format!("/me/chats/{chat}");
    server.post(&path, json!({"operationName": "Accept", "nickname": "A"})).await;
    for text in ["one", "two", "three"] {
        server.post(&path, json!({"operationName": "SendMessage", "text": text})).await;
    }
    for agent in [&mut one, &mut two] {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != "three") {
            let event = agent.hear().await;
            let messages = event[0]["data"]["messages"].as_array().cloned().unwrap_or_default();
            heard.extend(messages.iter().filter_map(|m| m["text"].as_str()).map(str::to_owned));
        }
        assert_eq!(heard, ["one", "two", "three"]);
    }
    assert_eq!(server.figure("chat_websockets").await, 2);
    assert_eq!(server.figure("chat_held_polls").await, 0);
}

/// CLIENTS 5, BAYEUX-4.3: the connect is a heart-beat, answered when its time is up.
#[tokio::test]
async fn the_connect_is_answered_in_its_own_frame() {
    let server = start(|config| config.notifications.timeout_ms = 50).await;
    let mut agent = Agent::connected(&server).await;
    let beat = json!([{"channel": "/meta/connect", "id": "9", "successful": true}]);
    assert_eq!(agent.hear().await, beat);
    let connect = agent.connect();
    assert_eq!(agent.ask(connect).await, beat);
}

/// BAYEUX-12.2-2: another websocket, or long-polling, goes on with the session and hears what the
/// first one was not sent.
#[tokio::test]
async fn a_session_outlives_its_websocket() {
    let server = start(|_| ()).await;
    server.log_in().await;
    let mut agent = Agent::connected(&server).await;
    server.set("Ready").await;
    assert_eq!(state(&agent.hear().await), "Ready");
    let client_id = agent.client_id.clone();
    drop(agent);
    server.wait_for("chat_websockets", 0).await;
    server.set("NotReady").await;

    let mut again = Agent::open(&server, &[AGENT1]).await.unwrap();
    again.client_id = client_id;
    let connect = again.connect();
    assert_eq!(state(&again.ask(connect).await), "NotReady");
    again.stream.close(None).await.unwrap();
    server.wait_for("chat_websockets", 0).await;
    server.set("Ready").await;

    let connect = again.connect();
    let polled = server.post("/notifications", connect).await;
    assert!(polled.contains(r#""state":"Ready""#), "{polled}");
    assert_eq!(server.figure("chat_notification_sessions").await, 1);
}

/// BAYEUX-9.2 over websockets: events ride connect replies, and are sent again when they were lost.
#[tokio::test]
async fn acknowledged_events_are_sent_again() {
    let server = start(|_| ()).await;
    server.log_in().await;
    let mut agent = Agent::open(&server, &[AGENT1]).await.unwrap();
    agent.begin(json!({"ack": true})).await;
    server.set("Ready").await;
    let ready = agent.hear().await;
    server.post("/chats", json!({"operationName": "RequestChat", "nickname": "Vera"})).await;
    assert_eq!((state(&ready), &ready[1]["channel"]), ("Ready", &json!("/meta/connect")));
    let mut connect = agent.connect();
    connect[0]["ext"] = json!({"ack": ready[1]["ext"]["ack"]});
    let invited = agent.ask(connect.clone()).await;
    assert_eq!(invited[0]["data"]["chat"]["state"], "Invited");
    assert!(invited[1]["ext"]["ack"].as_u64() > ready[1]["ext"]["ack"].as_u64(), "{invited}");
    drop(agent);

    let mut again = Agent::open(&server, &[AGENT1]).await.unwrap();
    let once_more = again.ask(connect).await;
    assert_eq!(once_more[0], invited[0]);
    assert_eq!(once_more[1]["ext"]["ack"], invited[1]["ext"]["ack"]);
}

/// THE table of upgrades: who may, and that all others get a plain error, after which clients fall
/// back to long-polling (BAYEUX-12.2-5).
#[tokio::test]
async fn upgrades_are_refused_in_plain_http() {
    let config = |config: &mut Config| {
        config.notifications.max_websockets_per_user = 1;
        config.notifications.max_websockets = 2;
        config.server.cors_origins = vec!["https://desk.example.com".parse().unwrap()];
    };
    let server = start(config).await;
    let ours = format!("http://{}", server.address);
    for (headers, refused) in [
        (&[][..], json!([403, 20])),
        (&[("authorization", "Basic YWdlbnQxOndyb25n")], json!([403, 20])),
        (&[("cookie", "JSESSIONID=00000000000000000000000000000000")], json!([403, 20])),
        (&[AGENT1, ("origin", "https://evil.example.com")], json!([403, 3])),
        (&[AGENT1, ("origin", "null")], json!([403, 3])),
        (&[("origin", "https://desk.example.com")], json!([403, 20])),
    ] {
        let outcome = Agent::open(&server, headers).await.map(|_| ());
        assert_eq!(outcome, Err(refused), "{headers:?}");
    }
    for origin in [&*ours, "https://desk.example.com"] {
        assert!(Agent::open(&server, &[AGENT1, ("origin", origin)]).await.is_ok(), "{origin}");
        server.wait_for("chat_websockets", 0).await;
    }
    let one = Agent::connected(&server).await;
    let outcome = Agent::open(&server, &[AGENT1]).await.map(|_| ());
    assert_eq!(outcome, Err(json!([429, 4])), "one of agent1");
    let agent2 = ("authorization", "Basic YWdlbnQyOmFnZW50Mg==");
    let mut two = Agent::open(&server, &[agent2]).await.unwrap();
    two.begin(json!({})).await;
    let supervisor = ("authorization", "Basic c3VwZXJ2aXNvcjE6c3VwZXJ2aXNvcjE=");
    let outcome = Agent::open(&server, &[supervisor]).await.map(|_| ());
    assert_eq!(outcome, Err(json!([503, 4])), "two of the server");
    drop((one, two));

    let request = "GET /api/v2/notifications HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for rest in [
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n".to_owned(),
        format!("Connection: Upgrade\r\nSec-WebSocket-Version: 8\r\n{key}"),
        format!("Connection: close\r\nSec-WebSocket-Version: 13\r\n{key}"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let text = format!("{request}{CREDENTIALS}\r\n{rest}\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400", "{rest}");
    }
}

/// Switched off, websockets are neither listed nor taken (BAYEUX-12.3).
#[tokio::test]
async fn websockets_can_be_switched_off() {
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling"]}]);
    let server = start(|config| config.notifications.websocket = false).await;
    let shaken = server.post("/notifications", hello.clone()).await;
    assert!(shaken.contains(r#""supportedConnectionTypes":["long-polling"]"#), "{shaken}");
    assert_eq!(Agent::open(&server, &[AGENT1]).await.map(|_| ()), Err(json!([400, 10])));
    let shaken = start(|_| ()).await.post("/notifications", hello).await;
    assert!(shaken.contains(r#":["long-polling","websocket"]"#), "{shaken}");
}

/// BAYEUX-12.2-4 and what no client of this protocol sends: closed, each with its code; the session
/// waits for its client.
#[tokio::test]
async fn broken_frames_close_the_websocket() {
    let server = start(|_| ()).await;
    let long = format!(r#"[{{"data":"{}"}}]"#, "x".repeat(64 << 10));
    let huge = "x".repeat(1 << 20);
    for (message, code) in [
        (Message::text("[{"), 1011),
        (Message::text("[]"), 1011),
        (Message::text(""), 1011),
        (Message::text(long), 1009),
        (Message::text(huge), 1009),
        (Message::binary("[]"), 1003),
    ] {
        let mut agent = Agent::connected(&server).await;
        let shown = format!("{message:.40?}");
        // The server may hang up before it has read all of it.
        let _ = agent.stream.send(message).await;
        assert_eq!(agent.closed().await, code, "{shown}");
        drop(agent);
        server.wait_for("chat_websockets", 0).await;
    }
    assert_eq!(server.figure("chat_notification_sessions").await, 6);
}

/// NOTIF-5.5, DEC-45: who logs out is told to stop, and hung up on.
#[tokio::test]
async fn a_logout_ends_the_websockets_of_the_user() {
    let server = start(|_| ()).await;
    server.make_ready().await;
    let mut agent = Agent::connected(&server).await;
    server.post("/me", json!({"operationName": "EndContactCenterSession"})).await;
    let heard = agent.hear_out().await;
    assert_eq!(heard[0]["data"]["channels"][0]["userState"]["state"], "LoggedOut", "{heard:?}");
    assert_eq!(heard[1], json!({"channel": "/meta/disconnect", "successful": true}));
    assert_eq!(heard[2]["advice"], json!({"reconnect": "none"}));
    assert_eq!(agent.closed().await, 1000);
}

/// DEC-45: a websocket opened with a cookie is worth no more than the cookie.
#[tokio::test]
async fn a_websocket_ends_with_the_cookie_that_opened_it() {
    let server = start(|config| {
        config.limits.max_http_sessions_per_user = 1;
        config.notifications.timeout_ms = 2_500;
    })
    .await;
    let login =
        format!("GET /api/v2/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{CREDENTIALS}\r\n\r\n");
    let first = server.exchange(&login).await;
    let cookie = first.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    let mut agent = Agent::open(&server, &[("cookie", cookie)]).await.unwrap();
    agent.begin(json!({})).await;
    // The session that is one too many is the first.
    server.exchange(&login).await;
    assert_eq!(agent.hear().await[0]["successful"], true, "the held connect goes on");
    let connect = agent.connect();
    agent.say(connect).await;
    assert_eq!(agent.closed().await, 1000);
    assert_eq!(server.figure("chat_notification_sessions").await, 0);
}

/// NOTIF-2.17: topics are denied over websockets, too, and a denial ends nothing.
#[tokio::test]
async fn topics_are_denied_over_websockets() {
    let server = start(|config| config.notifications.timeout_ms = 600_000).await;
    let mut agent = Agent::connected(&server).await;
    for (topic, successful) in [("/v2/users", false), ("/v2/me/anything", true)] {
        let subscribe = json!([{"channel": "/meta/subscribe", "subscription": topic,
            "clientId": agent.client_id}]);
        assert_eq!(agent.ask(subscribe).await[0]["successful"], successful, "{topic}");
    }
}

/// DEC-45: at the end the held connect is answered, then the websocket closed; a client that does not
/// close its side is not waited for.
#[tokio::test]
async fn the_end_of_the_server_ends_websockets() {
    let server = start(|config| config.limits.shutdown_seconds = 1).await;
    let mut agent = Agent::connected(&server).await;
    let deaf = Agent::connected(&server).await;
    server.stop.send(()).unwrap();
    let heard = agent.hear().await;
    assert_eq!(heard[0]["error"], "402::Unknown client");
    assert_eq!(heard[0]["advice"]["reconnect"], "handshake");
    assert_eq!(agent.closed().await, 1001);
    let ended = tokio::time::timeout(PATIENCE, server.server).await;
    ended.expect("in time").unwrap().unwrap();
    drop(deaf);
}

/// An upgraded connection is a connection: it is counted until it is gone.
#[tokio::test]
async fn websockets_are_counted_as_connections() {
    let server = start(|config| config.limits.max_connections = 16).await;
    let mut agents = Vec::new();
    for _ in 0..15 {
        agents.push(Agent::connected(&server).await);
    }
    // The question has the sixteenth.
    server.wait_for("chat_http_connections", 16).await;
    agents.push(Agent::connected(&server).await);
    let refused = server.exchange("GET /api/v2/me HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    drop(agents);
    server.wait_for("chat_http_connections", 1).await;
}

/// BAYEUX-10.4: a client that does not read loses its session when its queue is full, and its
/// connection when it takes nothing for a while.
#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let server = start(|config| {
        config.notifications.max_queued_bytes = 1 << 20;
        config.limits.idle_seconds = 1;
        config.limits.max_transcript_bytes = 1 << 28;
    })
    .await;
    server.make_ready().await;
    let deaf = Agent::connected(&server).await;
    let mut listening = Agent::connected(&server).await;
    server.post("/chats", json!({"operationName": "RequestChat", "nickname": "V"})).await;
    let invited = listening.hear().await;
    let id = invited[0]["data"]["chat"]["id"].as_str().unwrap();
    let path = format!("/me/chats/{id}");
    server.post(&path, json!({"operationName": "Accept", "nickname": "A"})).await;
    let long = "x".repeat(500_000);
    let mut texts = 0;
    while server.figure("chat_notification_sessions").await == 2 {
        texts += 1;
        assert!(texts < 200, "the queue is bounded");
        server.post(&path, json!({"operationName": "SendMessage", "text": long})).await;
        // The other one hears all of them.
        while listening.hear().await[0]["data"]["messages"][0]["text"] != long {}
    }
    server.wait_for("chat_websockets", 1).await;
    drop(deaf);
}
