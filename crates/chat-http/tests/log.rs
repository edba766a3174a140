//! What the log never holds, however much of it is asked for: passwords, cookies, tokens, what people
//! write to each other, what is attached to a chat, and the visitors' only secret.
//!
//! A process of its own, because what the whole process logs is listened to, every library included.

#[path = "http/judge.rs"]
mod judge;
#[path = "http/support.rs"]
#[expect(dead_code, reason = "the other tests ask for more")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use chat_http::{App, Clock as _, Config, SystemClock, serve};
use chat_store::MemoryStore;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;

use support::{Answer, Ask, Site};

/// Everything that anybody has logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Texts that stand for what must not be told, each unlike anything else.
const PASSWORD: &str = "agent1-password-7Qx";
const WRONG_PASSWORD: &str = "wrong-password-8Zt";
const SECRETS: [&str; 12] = [
    PASSWORD,
    WRONG_PASSWORD,
    "visitor-says-3Kp",
    "agent-says-4Lw",
    "value-of-visitor-5Mn",
    "value-of-agent-6Bv",
    "key-of-agent-6Bv",
    "comment-7Cx",
    "nickname-8Dz",
    "planted-cookie-9Fg",
    "in-the-path-1Hj",
    "in-the-query-2Kl",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_secret_at_any_level() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let mut secrets: Vec<String> = SECRETS.map(str::to_owned).to_vec();
    secrets.push(base64_of(&format!("agent1:{PASSWORD}")));
    secrets.push(base64_of(&format!("agent1:{WRONG_PASSWORD}")));

    let site = Site::with(|config| {
        protect(config);
        config.limits.max_failed_logins = 2;
    });
    converse(&site, &mut secrets).await;
    over_a_socket(&mut secrets).await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // It did listen.
    for said in ["POST", "/api/v2/chats/{id}", "answered", "listening", "a connection failed"] {
        assert!(log.contains(said), "nothing about {said:?} in {log}");
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} was told");
    }
}

fn protect(config: &mut Config) {
    config.users[0].password_hash = chat_http::hash_password(PASSWORD).parse().unwrap();
    config.server.csrf_protection = true;
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A whole conversation with everything in it, and everything that can go wrong.
async fn converse(site: &Site, secrets: &mut Vec<String>) {
    let by_agent = |ask: Ask| ask.basic(format!("agent1:{PASSWORD}").as_bytes());
    let login = site.ask(by_agent(Ask::get("/api/v2/me?subresources=*&x=in-the-query-2Kl"))).await;
    let cookie = login.cookie().unwrap().to_owned();
    let token = login.header("x-csrf-token").unwrap().to_owned();
    secrets.push(cookie.trim_start_matches("JSESSIONID=").to_owned());
    secrets.push(token.clone());
    let agent = async |ask: Ask| site.ask(ask.cookie(&cookie).header("x-csrf-token", &token)).await;
    let post = async |path: &str, body: Value| agent(Ask::post(path, body.to_string())).await;

    let start = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    post("/api/v2/me", start).await.assert_ok();
    post("/api/v2/me/channels/chat", json!({"operationName": "Ready"})).await.assert_ok();
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]}]);
    let shaken = post("/api/v2/notifications", hello).await;
    let client = shaken.json()[0]["clientId"].as_str().unwrap().to_owned();
    secrets.push(client.clone());
    secrets.push(shaken.cookie().unwrap().split_once('=').unwrap().1.to_owned());
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": client,
        "subscription": "/v2/me/chats"}]);
    post("/api/v2/notifications", subscribe).await;

    let request = json!({"operationName": "RequestChat", "nickname": "nickname-8Dz",
        "userData": {"a": "value-of-visitor-5Mn"}});
    let visitor = site.ask(Ask::post("/api/v2/chats", request.to_string())).await;
    let visitors = visitor.json()["path"].as_str().unwrap().to_owned();
    secrets.push(visitor.json()["id"].as_str().unwrap().to_owned());
    site.app.catch_up().await;
    let chats = agent(Ask::get("/api/v2/me/chats?fields=*")).await.json();
    let chat = format!("/api/v2/me/chats/{}", chats["chats"][0]["id"].as_str().unwrap());
    let by_visitor = async |body: Value| site.ask(Ask::post(&visitors, body.to_string())).await;
    post(&chat, json!({"operationName": "Accept", "nickname": "nickname-8Dz"})).await;
    by_visitor(json!({"operationName": "SendMessage", "text": "visitor-says-3Kp"}))
        .await
        .assert_ok();
    for operation in [
        json!({"operationName": "SendMessage", "text": "agent-says-4Lw"}),
        json!({"operationName": "AttachUserData",
            "userData": {"key-of-agent-6Bv": {"b": "value-of-agent-6Bv"}}}),
        json!({"operationName": "UpdateUserData", "userData": {"key-of-agent-6Bv": 1}}),
        json!({"operationName": "AddComment", "comment": "comment-7Cx"}),
    ] {
        post(&chat, operation).await;
    }
    let transcript = agent(Ask::get(&format!("{chat}/messages"))).await;
    for said in ["visitor-says-3Kp", "agent-says-4Lw"] {
        assert!(transcript.text.contains(said), "{transcript:?}");
    }
    let connect = json!([{"channel": "/meta/connect", "clientId": client,
        "connectionType": "long-polling"}]);
    let news = post("/api/v2/notifications", connect).await;
    assert!(news.text.contains("successful"), "{news:?}");

    // What is refused, each with something in it.
    let refused: [Ask; 9] = [
        Ask::get("/api/v2/me").basic(format!("agent1:{WRONG_PASSWORD}").as_bytes()),
        Ask::get("/api/v2/me").basic(format!("{WRONG_PASSWORD}:x").as_bytes()),
        Ask::get("/api/v2/me").basic(WRONG_PASSWORD.as_bytes()),
        Ask::get("/api/v2/me").header("authorization", &format!("Bearer {WRONG_PASSWORD}")),
        Ask::get("/api/v2/me").cookie("JSESSIONID=planted-cookie-9Fg"),
        Ask::get("/api/v2/in-the-path-1Hj?in-the-query-2Kl"),
        Ask::post("/api/v2/chats", r#"{"operationName":"visitor-says-3Kp"}"#),
        Ask::post("/api/v2/chats", r#"{"visitor-says-3Kp"#),
        Ask::get("/api/v2/chats/00000000-0000-4000-8000-000000000000").cookie(&cookie),
    ];
    for ask in refused {
        assert!(site.ask(ask).await.status.is_client_error());
    }
    for body in [
        json!({"operationName": "SendMessage", "text": {"agent-says-4Lw": 1}}),
        json!({"operationName": "agent-says-4Lw"}),
        json!({"operationName": "AttachUserData", "userData": ["value-of-agent-6Bv"]}),
        json!({"operationName": "Transfer", "targetUri": "agent-says-4Lw"}),
        json!(["agent-says-4Lw"]),
    ] {
        assert!(post(&chat, body).await.status.is_client_error());
    }
    for n in 0..4 {
        let guess = format!("agent2:{WRONG_PASSWORD}{n}");
        site.ask(Ask::get("/api/v2/me").basic(guess.as_bytes())).await;
    }
    let end: Answer = post("/api/v2/me", json!({"operationName": "EndContactCenterSession"})).await;
    end.assert_ok();
}

/// The same over a connection, so that what carries it speaks as well, also about what breaks.
async fn over_a_socket(secrets: &mut Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config::demo(address);
    protect(&mut config);
    let clock = Arc::new(SystemClock::new());
    let store = MemoryStore::new(Arc::new({
        let clock = clock.clone();
        move || clock.now_ms()
    }));
    let app = App::new(config, store, clock).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, app, async move { drop(stopped.await) }));
    let good = base64_of(&format!("agent1:{PASSWORD}"));
    let wrong = base64_of(&format!("agent1:{WRONG_PASSWORD}"));
    for request in [
        format!("GET /api/v2/me HTTP/1.1\r\nAuthorization: Basic {good}\r\nHost: x\r\n"),
        format!("GET /api/v2/me HTTP/1.1\r\nAuthorization: Basic {wrong}\r\nHost: x\r\n"),
        "GET /in-the-path-1Hj HTTP/1.1\r\nCookie: JSESSIONID=planted-cookie-9Fg\r\n".to_owned(),
        format!("GET /x HTTP/1.1\r\nAuthorization : Basic {wrong}\r\nHost: x\r\n"),
        "POST /api/v2/chats HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        "\x16\x03 planted-cookie-9Fg\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let tail = "Connection: close\r\n\r\nvisitor-says-3Kp\r\n\r\n";
        stream.write_all(format!("{request}{tail}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // It may be reset, when what follows the request is no request.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if let Some((_, rest)) = answer.split_once("JSESSIONID=") {
            secrets.push(rest.split(';').next().unwrap().to_owned());
        }
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
