//! Clients that take more than their part: connections of one address, and replies that nobody reads.

use std::net::SocketAddr;
use std::time::Duration;

use chat_http::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::hostile::ALIVE;
use crate::socket::{CREDENTIALS, Running, start};

impl Running {
    /// What a client of this address is answered.
    async fn exchange_from(&self, address: &str, request: &str) -> String {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let mut reply = String::new();
        // A server that hangs up early may do so before it has read.
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_string(&mut reply).await;
        reply
    }
}

/// How long what must happen at some time may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const LOGIN: &str = "GET /api/v2/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
    Authorization: Basic YWdlbnQxOmFnZW50MQ==\r\n\r\n";

/// DEC-36: who has as many connections as one address may is told so, and keeps nobody else out.
#[tokio::test]
async fn one_address_has_so_many_connections() {
    let server = start(|config| config.limits.max_connections_per_address = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(TcpStream::connect(server.address).await.unwrap());
    }
    let refused = server.exchange_from("127.0.0.1", LOGIN).await;
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(refused.contains("\r\nretry-after: 1\r\n") && refused.contains("\"statusCode\":4"));
    assert!(refused.contains("this address"), "{refused}");
    let alive = server.exchange_from("127.0.0.1", ALIVE).await;
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
    let other = server.exchange_from("127.0.0.2", LOGIN).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    open.pop();
    while !server.exchange_from("127.0.0.1", LOGIN).await.starts_with("HTTP/1.1 200 ") {}
}

/// Behind a proxy there are many callers.
#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_there_are() {
    let server = start(|config| {
        config.limits.max_connections_per_address = 1;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(TcpStream::connect(server.address).await.unwrap());
    }
    let served = server.exchange_from("127.0.0.1", LOGIN).await;
    assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
}

/// A contact centre whose list of users is longer than a megabyte.
fn with_many_users(config: &mut Config) {
    let model = config.users[0].clone();
    for n in 0..4_000 {
        let mut user = model.clone();
        user.id = format!("{n:032x}").into();
        user.name = format!("extra{n}");
        config.users.push(user);
    }
    config.limits.max_reply_bytes = 2 * 1_024 * 1_024;
}

/// What a client asks for and does not take counts until the connection is given up: reads for which
/// there is no room are refused, and everything else goes on.
#[tokio::test]
async fn replies_that_nobody_takes_are_bounded_together() {
    let server = start(with_many_users).await;
    let list = |connection: &str| {
        format!(
            "GET /api/v2/users?fields=* HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\
             {CREDENTIALS}\r\n\r\n"
        )
    };
    let first = server.exchange(list("close")).await;
    assert!(first.starts_with("HTTP/1.1 200 "), "{}", &first[..200]);
    assert!((1_048_577..2_097_152).contains(&first.len()), "{}", first.len());

    // More than sockets hold; and so the bytes of one reply stay with the server.
    let mut greedy = TcpStream::connect(server.address).await.unwrap();
    greedy.write_all(list("keep-alive").repeat(24).as_bytes()).await.unwrap();
    let refusal = async {
        loop {
            let answer = server.exchange(list("close")).await;
            if !answer.starts_with("HTTP/1.1 200 ") {
                return answer;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refusal).await.expect("a refusal");
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("long replies"), "{refused}");
    assert!(server.exchange(LOGIN).await.starts_with("HTTP/1.1 200 "));
    drop(greedy);
    let served =
        async { while !server.exchange(list("close")).await.starts_with("HTTP/1.1 200 ") {} };
    tokio::time::timeout(PATIENCE, served).await.expect("its room is free again");
}
