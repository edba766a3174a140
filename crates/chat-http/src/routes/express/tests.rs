//! Both ways lead to the same place: what is answered past the router is what the router answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use chat_store::MemoryStore;
use http_body_util::BodyExt as _;
use hyper::Request;
use tower::ServiceExt as _;

use super::Express;
use crate::clock::{Clock as _, ManualClock};
use crate::config::Config;
use crate::server::App;

const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4_711);

/// A server of its own for each way, so that neither sees what the other did.
fn app(change: fn(&mut Config)) -> App {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let hands = clock.clone();
    let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
    let mut config = Config::demo("127.0.0.1:8090".parse().unwrap());
    change(&mut config);
    App::new(config, store, clock).unwrap()
}

fn express() -> Express {
    Express::new(&app(|_| {}).server).expect("nothing stands around all routes")
}

/// Status, headers and body, but for what is drawn by chance.
async fn told(response: axum::response::Response) -> (u16, Vec<(String, String)>, String) {
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        // The router counts the bytes of what it answers; without it, whoever writes them does.
        .filter(|(name, _)| !["x-request-id", "set-cookie", "content-length"].contains(&&**name))
        .collect();
    headers.sort();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let client_id = body.split(r#""clientId":""#).nth(1).and_then(|rest| rest.split('"').next());
    let body = client_id.map_or_else(|| body.clone(), |drawn| body.replace(drawn, "drawn"));
    (status, headers, body)
}

#[tokio::test]
async fn both_ways_answer_the_same() {
    const AGENT: (&str, &str) = ("authorization", "Basic YWdlbnQxOmFnZW50MQ==");
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0"}]"#;
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":1}}"#;
    let long = "x".repeat(2 << 20);
    for (path, headers, body) in [
        ("/api/v2/me/chats/none", &[AGENT][..], attach),
        ("/api/v2/me/chats/none?x=%ff", &[AGENT], attach),
        ("/api/v2/me/chats/none", &[], attach),
        ("/api/v2/me/chats/none", &[("authorization", "Basic YWdlbnQxOndyb25n")], attach),
        ("/api/v2/me/chats/none", &[("cookie", "JSESSIONID=0")], attach),
        ("/api/v2/me/chats/none", &[AGENT], "{"),
        ("/api/v2/me/chats/none", &[AGENT], "[]"),
        ("/api/v2/me/chats/none", &[AGENT], &long),
        ("/api/v2/me/chats/none", &[AGENT, ("content-type", "text/plain")], attach),
        ("/api/v2/me/chats/none", &[AGENT, ("content-encoding", "gzip")], attach),
        ("/api/v2/notifications", &[AGENT], handshake),
        ("/api/v2/notifications/handshake", &[AGENT], handshake),
        ("/api/v2/notifications/a/b%2", &[AGENT], handshake),
        ("/api/v2/notifications", &[], handshake),
        ("/api/v2/notifications", &[AGENT, ("origin", "http://elsewhere.example")], handshake),
        ("/api/v2/notifications", &[AGENT], "nothing"),
        ("/api/v2/notifications", &[AGENT], r#"[{"channel":"/meta/connect","clientId":"x"}]"#),
    ] {
        let request = || {
            let request = Request::post(path).extension(ConnectInfo(PEER));
            let with = |request: hyper::http::request::Builder, (name, value): &(&str, &str)| {
                request.header(*name, *value)
            };
            let request = headers.iter().fold(request, with);
            request.body(Body::from(body.to_owned())).unwrap()
        };
        let routed = told(app(|_| {}).router().oneshot(request()).await.unwrap()).await;
        let express = express();
        let known = express.knows(&request()).expect(path);
        let past = told(express.answer(known, request(), PEER).await.unwrap()).await;
        assert_eq!(past, routed, "{path} {headers:?} {}", &body[..body.len().min(80)]);
    }
}

/// What is not plainly one of the two is the router's business.
#[tokio::test]
async fn whatever_else_there_is_goes_to_the_router() {
    let express = express();
    for (method, path) in [
        ("GET", "/api/v2/me/chats/a"),
        ("GET", "/api/v2/notifications"),
        ("POST", "/api/v2/me/chats"),
        ("POST", "/api/v2/me/chats/"),
        ("POST", "/api/v2/me/chats/a/"),
        ("POST", "/api/v2/me/chats/a/b"),
        ("POST", "/api/v2/me/chats//"),
        ("POST", "/api/v2/me/chats/%61"),
        ("POST", "/api/v2/notifications/"),
        ("POST", "/api/v2/notificationss"),
        ("POST", "/api/v2//notifications"),
        ("POST", "/api/v2/NOTIFICATIONS"),
        ("POST", "/api/v3/notifications"),
    ] {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        assert!(express.knows(&request).is_none(), "{method} {path}");
    }
}

/// Where pages of other origins may call, or a token is asked for, every route does something more.
#[tokio::test]
async fn what_stands_around_all_routes_is_not_left_out() {
    let guarded: [fn(&mut Config); 2] = [
        |config| config.server.csrf_protection = true,
        |config| config.server.cors_origins = vec!["https://desk.example".parse().unwrap()],
    ];
    for change in guarded {
        assert!(Express::new(&app(change).server).is_none());
    }
}

/// Ten thousand polls are held at one time, each with room for all that answering could need.
#[tokio::test]
async fn a_held_poll_is_small() {
    let express = express();
    let request = Request::post("/api/v2/notifications").body(Body::empty()).unwrap();
    let known = express.knows(&request).unwrap();
    let in_connection = size_of_val(&express.answer(known, request, PEER));
    let (parts, body) = Request::post("/").body(Body::empty()).unwrap().into_parts();
    let asked = Box::new(super::Asked { parts, body, peer: PEER });
    let boxed = size_of_val(&super::converse(&express.server, "", asked));
    for (what, size, most) in [("connection", in_connection, 256), ("box", boxed, 1_024)] {
        assert!(size <= most, "expected at most {most} bytes in the {what}, found {size}");
    }
}
