//! Over a real socket of the loopback: what only a connection can show.

use std::net::SocketAddr;
use std::sync::Arc;

use chat_http::{App, Clock as _, Config, SystemClock, serve};
use chat_store::MemoryStore;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server on the loopback.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) server: JoinHandle<std::io::Result<()>>,
    pub(crate) app: App,
}

pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config::demo(address);
    change(&mut config);
    let clock = Arc::new(SystemClock::new());
    let store = MemoryStore::new(Arc::new({
        let clock = clock.clone();
        move || clock.now_ms()
    }));
    let app = App::new(config, store, clock).unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, app.clone(), async move {
        let _ = stopped.await;
    }));
    Running { address, stop, server, app }
}

impl Running {
    /// Sends `request` and reads until the server closes the connection.
    pub(crate) async fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_ref()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    }
}

/// Reads one reply with a Content-Length.
pub(crate) async fn reply(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        text.push(byte[0]);
        let head = String::from_utf8_lossy(&text).to_lowercase();
        if let Some((head, body)) = head.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return String::from_utf8(text).unwrap();
            }
        }
    }
}

pub(crate) const CREDENTIALS: &str = "Authorization: Basic YWdlbnQxOmFnZW50MQ==";

/// Login, work and logout on one connection; chunks and `Expect` as curl sends them (CLIENTS 9).
#[tokio::test]
async fn a_client_logs_in_works_and_logs_out_on_one_connection() {
    let server = start(|_| ()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let get = format!("GET /api/v2/me?subresources=* HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n\r\n");
    stream.write_all(get.as_bytes()).await.unwrap();
    let login = reply(&mut stream).await;
    let uri = format!("\"uri\":\"http://{}/api/v2/users/a5e9c0ffee", server.address);
    assert!(login.starts_with("HTTP/1.1 200 OK\r\n") && login.contains(&uri), "{login}");
    let cookie = login.split("JSESSIONID=").nth(1).unwrap().split(';').next().unwrap();

    let head = format!(
        "Host: x\r\nCookie: JSESSIONID={cookie}\r\nContent-Type: application/json; charset=UTF-8"
    );
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
    let (first, second) = start.split_at(20);
    let chunked = format!(
        "POST /api/v2/me HTTP/1.1\r\n{head}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    stream.write_all(chunked.as_bytes()).await.unwrap();
    assert!(reply(&mut stream).await.ends_with("\r\n\r\n{\"statusCode\":0}"));

    let end = r#"{"operationName":"EndContactCenterSession"}"#;
    let expecting = format!(
        "POST /api/v2/me HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        end.len()
    );
    stream.write_all(expecting.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(end.as_bytes()).await.unwrap();
    assert!(reply(&mut stream).await.ends_with("\r\n\r\n{\"statusCode\":0}"));
}

/// DEC-7: a client that sends too much still reads why it was refused.
#[tokio::test]
async fn a_client_that_sends_too_much_reads_the_refusal() {
    let server = start(|_| ()).await;
    let body = vec![b' '; (1 << 20) + 1];
    let head = format!(
        "POST /api/v2/me HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let reply = server.exchange([head.into_bytes(), body].concat()).await;
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    assert!(reply.contains("{\"statusCode\":10,"), "{reply}");
}

/// DEC-36: beyond the limit of connections one is told so, with the time to come back.
#[tokio::test]
async fn a_connection_beyond_the_limit_is_told_to_come_back() {
    let server = start(|config| config.limits.max_connections = 16).await;
    let mut places = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(reply(&mut stream).await.starts_with("HTTP/1.1 200 "));
        places.push(stream);
    }
    let refused = server.exchange("GET /api/v2/me HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("{\"statusCode\":4,"), "{refused}");
    let alive = server.exchange("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
}

/// A client that never finishes the head of its request is hung up on; one that never finishes the
/// body is told.
#[tokio::test]
async fn slow_clients_are_not_waited_for() {
    let server = start(|config| {
        config.limits.idle_seconds = 1;
        config.limits.body_seconds = 1;
    })
    .await;
    let body = format!(
        "POST /api/v2/me HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\nContent-Length: 9\r\n\r\n{{"
    );
    let (head, idle, body) = tokio::join!(
        server.exchange("GET /api/v2/me HTTP/1.1\r\nHost: x"),
        server.exchange(""),
        server.exchange(body)
    );
    assert!(!head.contains("200 OK"), "{head}");
    assert_eq!(idle, "");
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert!(body.contains("\"statusMessage\":\"expected the whole body within 1 s"), "{body}");
}

/// A client that asks for much and takes nothing is hung up on; what it was to be sent must not stay
/// in memory for as long as it likes.
#[tokio::test]
async fn a_reply_that_nobody_takes_is_given_up() {
    let server = start(|config| {
        config.limits.idle_seconds = 1;
        config.limits.max_transcript_bytes = 1 << 26;
    })
    .await;
    let post = async |path: &str, body: String| {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        server.exchange(head + &body).await
    };
    let opened =
        post("/api/v2/chats", r#"{"operationName":"RequestChat","nickname":"V"}"#.into()).await;
    let visitor = opened.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap();
    let say =
        format!(r#"{{"operationName":"SendMessage","text":"{}"}}"#, "x".repeat((1 << 20) - 100));
    for _ in 0..16 {
        // More than the system takes in the place of the client.
        let said = post(&format!("/api/v2/chats/{visitor}"), say.clone()).await;
        assert!(said.ends_with(r#"{"statusCode":0}"#), "{said}");
    }
    let mut idler = TcpStream::connect(server.address).await.unwrap();
    let ask = format!("GET /api/v2/chats/{visitor}/messages HTTP/1.1\r\nHost: x\r\n\r\n");
    idler.write_all(ask.as_bytes()).await.unwrap();
    idler.readable().await.unwrap();
    let given_up = async {
        // This question has a connection, too.
        while !server.exchange(METRICS).await.contains("chat_http_connections 1\n") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, given_up).await.expect("the connection is given up");
}

/// At the end nobody is let in, and idle connections do not hold it up.
#[tokio::test]
async fn the_server_stops_when_it_is_told_to() {
    let server = start(|_| ()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    reply(&mut idle).await;
    server.stop.send(()).unwrap();
    server.server.await.unwrap().unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// DEC-45: at the end a poll that is held is answered at once, so that its client comes back.
#[tokio::test]
async fn a_held_poll_is_answered_when_the_server_ends() {
    let server = start(|_| ()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut post = async |body: String| {
        let request = format!(
            "POST /api/v2/notifications HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        reply(&mut stream).await
    };
    let hello = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let shaken = post(hello.to_owned()).await;
    let client_id = shaken.split(r#""clientId":""#).nth(1).unwrap().split('"').next().unwrap();
    let connect = format!(
        r#"[{{"channel":"/meta/connect","clientId":"{client_id}","connectionType":"long-polling"}}]"#
    );
    assert!(post(connect.clone()).await.contains(r#""successful":true"#), "the first is not held");

    let (held, ended) = tokio::join!(post(connect), async {
        while !server.exchange(METRICS).await.contains("chat_held_polls 1") {
            tokio::task::yield_now().await;
        }
        server.stop.send(()).unwrap();
        server.server.await.unwrap()
    });
    assert!(held.contains("402::Unknown client"), "{held}");
    assert!(held.contains(r#""reconnect":"handshake""#), "{held}");
    ended.unwrap();
}

pub(crate) const METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
