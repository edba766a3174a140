//! Clients that mean harm, over real sockets: what they send, what they leave unfinished, and what
//! they ask for that is somebody else's.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{CREDENTIALS, METRICS, Running, start};
use crate::support::{Ask, Site};

pub(crate) const ALIVE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Waits for what the server counts; the test's own time-out is the only clock.
async fn until(server: &Running, figure: &str) {
    while !server.exchange(METRICS).await.contains(figure) {
        tokio::task::yield_now().await;
    }
}

async fn assert_alive(server: &Running) {
    let alive = server.exchange(ALIVE).await;
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
}

/// A head that is no head, or too much of one, ends the connection and nothing else.
#[tokio::test]
async fn heads_that_are_none_or_too_large_are_refused() {
    let server = start(|_| ()).await;
    let large =
        format!("GET /api/v2/me HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    let many = (0..200).map(|n| format!("X-{n}: x\r\n")).collect::<String>();
    let many = format!("GET /api/v2/me HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let cookie = format!("Cookie: JSESSIONID={}\r\n", "a".repeat(32 << 10));
    let cookie = format!("GET /api/v2/me HTTP/1.1\r\nHost: x\r\n{cookie}\r\n");
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(64 << 10));
    for (request, status) in [
        (large.as_str(), "431"),
        (&many, "431"),
        (&cookie, "431"),
        (&path, "4"),
        ("GET /api/v2/me HTTP/1.1\r\nHost : x\r\n\r\n", "400"),
        ("GET /api/v2/me HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "400"),
        ("GET /api/v2/me HTTP/9.9\r\nHost: x\r\n\r\n", "400"),
        ("G\0T / HTTP/1.1\r\n\r\n", "400"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03\r\n\r\n", "400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // It may hang up before it has all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let expected = format!("HTTP/1.1 {status}");
        let gone = answer.is_empty();
        assert!(gone || answer.starts_with(&expected), "{request:.60?}: {answer}");
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    assert_alive(&server).await;
}

/// Where two on the way could disagree about where a request ends, nothing that follows is one.
#[tokio::test]
async fn nothing_is_smuggled_behind_a_request() {
    let server = start(|_| ()).await;
    let head = format!("POST /api/v2/me HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n");
    let smuggled = "GET /health/live HTTP/1.1\r\nHost: smuggled\r\n\r\n";
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
    ] {
        let answer = server.exchange(format!("{head}{lengths}\r\n0\r\n\r\n{smuggled}")).await;
        let replies = answer.matches("HTTP/1.1 ").count();
        assert_eq!(replies, 1, "{lengths:?}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths:?}: {answer}");
    }
    // A chunk that claims to be longer than any memory.
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n");
    let answer = server.exchange(chunked).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_alive(&server).await;
}

/// Requests that come at once are answered one after the other, each with its own.
#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let server = start(|_| ()).await;
    let requests = [
        format!("GET /api/v2/me HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n\r\n"),
        "GET /api/v2/me HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /api/v2/nothing HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("GET /api/v2/me/chats HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n\r\n"),
        ALIVE.to_owned(),
    ];
    let answer = server.exchange(requests.concat()).await;
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|reply| &reply[..3]).collect();
    assert_eq!(statuses, ["200", "403", "404", "200", "200"], "{answer}");
}

/// Thousands who begin and do not go on: as many as there are places wait, the others are told or
/// wait in the kernel, and once their time is up everybody is served again.
#[tokio::test]
async fn unfinished_requests_are_bounded() {
    let server = start(|config| {
        config.limits.max_connections = 64;
        config.limits.idle_seconds = 1;
    })
    .await;
    let mut unfinished = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(b"POST /api/v2/me HTTP/1.1\r\nHost: x\r\nContent-Le").await;
        unfinished.push(stream);
    }
    // More than the places and those who are told so at one time are never open.
    let metrics = loop {
        let metrics = server.exchange(METRICS).await;
        if metrics.starts_with("HTTP/1.1 200 ") {
            break metrics;
        }
    };
    let open = metrics.lines().find_map(|line| line.strip_prefix("chat_http_connections "));
    let open: u32 = open.unwrap().parse().unwrap();
    assert!(open <= 64 + 64, "{open} connections are open");
    until(&server, "chat_http_connections 1\n").await;
    for mut stream in unfinished {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    assert_alive(&server).await;
}

/// A full server whose surplus of clients says nothing goes on telling others so, however long
/// connections may be idle.
#[tokio::test]
async fn silent_clients_without_a_place_do_not_keep_others_out() {
    let server = start(|config| {
        config.limits.max_connections = 16;
        config.limits.idle_seconds = 3_600;
    })
    .await;
    // The places, and as many more as are told at one time that there is none.
    let mut silent = Vec::new();
    for _ in 0..16 + 64 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let alive = tokio::time::timeout(Duration::from_secs(60), server.exchange(ALIVE)).await;
    let alive = alive.expect("the silent ones without a place are given up");
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
}

/// A body that never ends, or comes drop by drop, is given up; DEC-7, DEC-36.
#[tokio::test]
async fn bodies_without_end_are_given_up() {
    let server = start(|config| {
        config.limits.max_body_bytes = 1_024;
        config.limits.body_seconds = 1;
    })
    .await;
    let head = format!(
        "POST /api/v2/me HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"400\r\n".as_slice(), &[b' '; 0x400], b"\r\n"].concat();
    let (mut reading, mut writing) = stream.split();
    let flood = async { while writing.write_all(&chunk).await.is_ok() {} };
    // It is told, or hung up on if it does not stop to listen; either way it is not read for ever.
    let mut head_of_answer = [0; 13];
    tokio::select! {
        read = reading.read_exact(&mut head_of_answer) => {
            assert!(read.is_err() || &head_of_answer == b"HTTP/1.1 413 ");
        }
        () = flood => {}
    }

    let mut dripping = TcpStream::connect(server.address).await.unwrap();
    dripping.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = dripping.split();
    let drip = async {
        while writing.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut head = [0; 13];
    tokio::select! {
        read = reading.read_exact(&mut head) => drop(read.unwrap()),
        () = drip => {}
    }
    assert_eq!(&head, b"HTTP/1.1 408 ");
    assert_alive(&server).await;
}

const HELLO: &str = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;

/// A clientId is its user's; who shows another's is as unknown as who shows none (BAYEUX-2.1).
#[tokio::test]
async fn another_users_client_id_is_nobodys() {
    let site = Site::new();
    let notify = |body: String| Ask::post("/api/v2/notifications", body);
    let shaken = site.ask(notify(HELLO.to_owned()).by("agent1")).await.json();
    let client = shaken[0]["clientId"].as_str().unwrap();
    for (channel, more) in [
        ("/meta/connect", r#","connectionType":"long-polling""#),
        ("/meta/subscribe", r#","subscription":"/v2/me/chats""#),
        ("/meta/disconnect", ""),
    ] {
        let body =
            |client: &str| format!(r#"[{{"channel":"{channel}","clientId":"{client}"{more}}}]"#);
        let theirs = site.ask(notify(body(client)).by("agent2")).await;
        let nobodys = site.ask(notify(body(&"x".repeat(client.len()))).by("agent2")).await;
        assert_eq!(theirs.status, nobodys.status, "{channel}");
        assert_eq!(theirs.text, nobodys.text, "{channel}");
        assert!(theirs.text.contains("402"), "{theirs:?}");
        site.ask(notify(body(client))).await.assert_refused(403, 20, "");
    }
    // And its owner has not noticed a thing.
    let connect = format!(
        r#"[{{"channel":"/meta/connect","clientId":"{client}","connectionType":"long-polling"}}]"#
    );
    assert_eq!(site.ask(notify(connect).by("agent1")).await.json()[0]["successful"], true);
}

/// DEC-13: a chat of somebody else and one that does not exist are told apart by nobody.
#[tokio::test]
async fn another_users_chat_is_nobodys() {
    let site = Site::new();
    for (user, channel) in [("agent1", r#"["chat"]"#), ("agent2", r#"["chat"]"#)] {
        let start =
            format!(r#"{{"operationName":"StartContactCenterSession","channels":{channel}}}"#);
        site.ask(Ask::post("/api/v2/me", start).by(user)).await.assert_ok();
    }
    site.ask(Ask::operation("/api/v2/me/channels/chat", "Ready").by("agent1")).await.assert_ok();
    let request = r#"{"operationName":"RequestChat","nickname":"Vic","userData":{"a":1}}"#;
    let opened = site.ask(Ask::post("/api/v2/chats", request)).await.json();
    let visitor = opened["id"].as_str().unwrap().to_owned();
    site.app.catch_up().await;
    let chats = site.ask(Ask::get("/api/v2/me/chats?fields=*").by("agent1")).await.json();
    let chat = chats["chats"][0]["id"].as_str().unwrap().to_owned();
    for of in ["/api/v2/me/chats", "/api/v2/chats"] {
        for tail in ["", "/", "/messages"] {
            let ask = |id: &str| Ask::get(&format!("{of}/{id}{tail}")).by("agent2");
            let (theirs, nobodys) =
                (site.ask(ask(&chat)).await, site.ask(ask("0000000000000000")).await);
            theirs.assert_refused(404, 6, "");
            assert_eq!(theirs.text, nobodys.text, "{of}{tail}");
        }
        for name in ["Accept", "Leave", "Nonsense"] {
            let ask = Ask::operation(&format!("{of}/{chat}"), name).by("agent2");
            site.ask(ask).await.assert_refused(404, 6, "");
        }
    }
    // The agent's id opens nothing to visitors, and the visitor's nothing to agents.
    site.ask(Ask::get(&format!("/api/v2/chats/{chat}"))).await.assert_refused(403, 20, "");
    let me = format!("/api/v2/me/chats/{visitor}");
    site.ask(Ask::get(&me).by("agent1")).await.assert_refused(404, 6, "");
}
