//! Bayeux polls over sockets of the loopback: how clients write them, and how they break.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{CREDENTIALS, METRICS, Running, reply, start};

const PATIENCE: Duration = Duration::from_secs(20);

/// One of the two connections of a client (BAYEUX-1.12).
struct Line(TcpStream);

impl Line {
    async fn open(server: &Running) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    async fn say(&mut self, path: &str, messages: &Value) {
        let body = messages.to_string();
        let request = format!("{}Content-Length: {}\r\n\r\n{body}", head(path), body.len());
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, path: &str, messages: &Value) -> Value {
        self.say(path, messages).await;
        self.hear().await
    }

    async fn hear(&mut self) -> Value {
        let text = tokio::time::timeout(PATIENCE, reply(&mut self.0)).await.expect("in time");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
        serde_json::from_str(body).unwrap()
    }
}

fn head(path: &str) -> String {
    format!(
        "POST /api/v2/{path} HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n\
         Content-Type: application/json;charset=UTF-8\r\n"
    )
}

const NOTIFICATIONS: &str = "notifications";

/// A session of agent1 that hears everything and was connected once; its poll.
async fn listen(server: &Running) -> (Line, Value) {
    let mut line = Line::open(server).await;
    let login = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    line.ask("me", &login).await;
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]}]);
    let client_id = line.ask(NOTIFICATIONS, &hello).await[0]["clientId"].clone();
    let both = json!([
        {"channel": "/meta/subscribe", "subscription": "/**", "clientId": client_id},
        {"channel": "/meta/connect", "connectionType": "long-polling", "clientId": client_id},
    ]);
    assert_eq!(line.ask(NOTIFICATIONS, &both).await[1]["successful"], true);
    let connect = json!([{"channel": "/meta/connect", "connectionType": "long-polling",
        "clientId": client_id}]);
    (line, connect)
}

async fn set(server: &Running, state: &str) {
    let set = json!({"operationName": state});
    Line::open(server).await.ask("me/channels/chat", &set).await;
}

async fn wait_for_polls(server: &Running, held: u32) {
    let line = format!("chat_held_polls {held}\n");
    let reached = async {
        while !server.exchange(METRICS).await.contains(&line) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("so many polls");
}

fn states(answer: &Value) -> Vec<&str> {
    let events = answer.as_array().unwrap().iter();
    events.filter_map(|event| event["data"]["channels"][0]["userState"]["state"].as_str()).collect()
}

/// CLIENTS 9: `Expect: 100-continue` and chunks, also for a poll that is held then.
#[tokio::test]
async fn bodies_come_as_clients_send_them() {
    let server = start(|config| config.notifications.timeout_ms = 50).await;
    let (Line(mut stream), connect) = listen(&server).await;
    let body = connect.to_string();
    let head = head(NOTIFICATIONS);

    let expecting = format!("{head}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", body.len());
    stream.write_all(expecting.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let beat = r#"[{"channel":"/meta/connect","successful":true}]"#;
    assert!(reply(&mut stream).await.ends_with(beat));

    let (first, second) = body.split_at(20);
    for part in [
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n", first.len()),
        format!("{:x}\r\n{second}\r\n0\r\n\r\n", second.len()),
    ] {
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    assert!(reply(&mut stream).await.ends_with(beat));
}

/// BAYEUX-4.7: the end of the connection under a held poll is noticed, and what happens then waits
/// for the next poll.
#[tokio::test]
async fn a_poll_whose_connection_ends_takes_nothing_with_it() {
    let server = start(|_| ()).await;
    let (mut line, connect) = listen(&server).await;
    line.say(NOTIFICATIONS, &connect).await;
    wait_for_polls(&server, 1).await;
    drop(line);
    wait_for_polls(&server, 0).await;
    set(&server, "Ready").await;
    set(&server, "NotReady").await;
    let heard = Line::open(&server).await.ask(NOTIFICATIONS, &connect).await;
    assert_eq!(states(&heard), ["Ready", "NotReady"], "{heard}");
}

/// BAYEUX-4.5: a poll while another one is held takes its place; the first is answered 500 and
/// empty, and the event goes to the second, once.
#[tokio::test]
async fn the_second_of_two_polls_is_the_one_that_counts() {
    let server = start(|_| ()).await;
    let (mut first, connect) = listen(&server).await;
    let mut second = Line::open(&server).await;
    first.say(NOTIFICATIONS, &connect).await;
    wait_for_polls(&server, 1).await;
    second.say(NOTIFICATIONS, &connect).await;
    let superseded = tokio::time::timeout(PATIENCE, reply(&mut first.0)).await.expect("in time");
    assert!(superseded.starts_with("HTTP/1.1 500 "), "{superseded}");
    assert!(superseded.ends_with("\r\n\r\n"), "{superseded}");
    // The connection goes on, and so does the session (BAYEUX-1.10: the event rides this reply).
    wait_for_polls(&server, 1).await;
    set(&server, "Ready").await;
    assert_eq!(states(&second.hear().await), ["Ready"]);
    let quiet = json!([{"channel": "/meta/connect", "clientId": connect[0]["clientId"],
        "advice": {"timeout": 0}}]);
    assert!(states(&first.ask(NOTIFICATIONS, &quiet).await).is_empty());
}
