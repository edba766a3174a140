//! PLAT-1.1-10, DEC-14, DEC-36, DEC-37: every refusal is the same kind of JSON, in the right order.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::Frame;

use crate::support::{Ask, Site};

#[tokio::test]
async fn unknown_routes_and_methods_are_answered_in_json() {
    let site = Site::new();
    for (method, path, http, code) in [
        ("GET", "/", 404, 6),
        ("GET", "/api/v2", 404, 6),
        ("GET", "/api/v2/nothing", 404, 6),
        ("POST", "/api/v2/me/nothing", 404, 6),
        ("GET", "/api/v3/me", 404, 6),
        ("PUT", "/api/v2/me", 405, 3),
        ("DELETE", "/api/v2/me/", 405, 3),
        ("POST", "/api/v2/me/channels", 405, 3),
        ("OPTIONS", "/api/v2/me", 405, 3),
        ("POST", "/metrics", 405, 3),
    ] {
        site.ask(Ask::new(method, path)).await.assert_refused(http, code, "");
    }
    // A path that is no UTF-8 once decoded names nothing.
    let broken = site.ask(Ask::get("/api/v2/me/channels/%FF").by("agent1")).await;
    broken.assert_refused(404, 6, "");
}

/// DEC-37.
#[tokio::test]
async fn bodies_are_declared_as_json_or_not_at_all() {
    let site = Site::new();
    let ask = || Ask::operation("/api/v2/me", "EndContactCenterSession").by("agent1");
    for json in [
        "application/json",
        "application/json; charset=UTF-8",
        "Application/JSON ;charset=utf-8",
        "application/merge-patch+json",
    ] {
        site.ask(ask().header("content-type", json)).await.assert_ok();
    }
    let mut undeclared = ask();
    undeclared.0.headers_mut().remove("content-type");
    site.ask(undeclared).await.assert_ok();
    for other in
        ["text/plain", "application/x-www-form-urlencoded", "json", "", "application/jsonp"]
    {
        let answer = site.ask(ask().header("content-type", other)).await;
        answer.assert_refused(415, 10, "application/json");
    }
    // PLAT-1.1-9: on a GET it does not matter.
    let get = Ask::get("/api/v2/me").by("agent1").header("content-type", "text/plain");
    assert_eq!(site.ask(get).await.status, 200);
}

/// DEC-36: a body in a coding that nobody here undoes is told so, not taken for broken JSON.
#[tokio::test]
async fn bodies_are_not_compressed() {
    let site = Site::new();
    let ask = || Ask::operation("/api/v2/me", "EndContactCenterSession").by("agent1");
    for coding in ["gzip", "br", "identity, gzip", "deflate"] {
        let answer = site.ask(ask().header("content-encoding", coding)).await;
        answer.assert_refused(415, 10, "Content-Encoding");
    }
    for coding in ["identity", "Identity", ""] {
        site.ask(ask().header("content-encoding", coding)).await.assert_ok();
    }
}

/// DEC-7: 1 MiB is accepted, one byte more is not, however it arrives.
#[tokio::test]
async fn a_body_of_more_than_the_limit_is_refused() {
    let site = Site::new();
    let body = |bytes: usize| {
        let mut body = br#"{"operationName":"EndContactCenterSession"}"#.to_vec();
        body.resize(bytes, b' ');
        body
    };
    let chunked = |body: Vec<u8>| Body::new(Chunks(Bytes::from(body)));
    let (limit, refused) = (1 << 20, (1 << 20) + 1);
    site.ask(Ask::post("/api/v2/me", body(limit)).by("agent1")).await.assert_ok();
    site.ask(Ask::post("/api/v2/me", chunked(body(limit))).by("agent1")).await.assert_ok();
    for body in [Body::from(body(refused)), chunked(body(refused)), chunked(body(limit * 12))] {
        let answer = site.ask(Ask::post("/api/v2/me", body).by("agent1")).await;
        answer.assert_refused(413, 10, "1048576 bytes");
    }
    let declared = Ask::post("/api/v2/me", "{}").header("content-length", "999999999");
    site.ask(declared.by("agent1")).await.assert_refused(413, 10, "1048576 bytes");
}

/// DEC-14: who asks is checked before what is asked.
#[tokio::test]
async fn authentication_comes_before_the_body() {
    let site = Site::new();
    for ask in [
        Ask::post("/api/v2/me", "nonsense"),
        Ask::post("/api/v2/me", vec![b' '; (1 << 20) + 1]),
        Ask::post("/api/v2/me", "{}").header("content-type", "text/plain"),
    ] {
        site.ask(ask.basic(b"agent1:wrong")).await.assert_refused(403, 20, "Access denied");
    }
}

/// DEC-7 holds for every body.
#[tokio::test]
async fn json_that_is_not_exact_is_refused() {
    let site = Site::new();
    let nested = format!(r#"{{"operationName":"Ready","x":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    for body in [&*nested, r#"{"operationName":"\ud800"}"#, r#"{"a":1,"\u0061":1}"#, "\u{feff}{}"] {
        let answer = site.ask(Ask::post("/api/v2/me", body.to_owned()).by("agent1")).await;
        answer.assert_refused(400, 10, "");
    }
}

/// PLAT-1.6: an origin of the configuration may call with credentials, no other.
#[tokio::test]
async fn configured_origins_may_call_with_credentials() {
    let site = Site::with(|config| {
        config.server.cors_origins = vec!["https://desk.example.com".parse().unwrap()];
    });
    let preflight = |origin: &str| {
        Ask::new("OPTIONS", "/api/v2/me")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "content-type,idempotency-key,contactcenterid",
            )
    };
    let answer = site.ask(preflight("https://desk.example.com")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://desk.example.com"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-max-age"), Some("120"));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for header in ["content-type", "authorization", "contactcenterid", "idempotency-key"] {
        assert!(allowed.split(',').any(|h| h.trim() == header), "{header} in {allowed}");
    }
    // Refusals carry the permission too, else a page could not read them.
    let get = Ask::get("/api/v2/me").header("origin", "https://desk.example.com");
    let denied = site.ask(get).await;
    assert_eq!(denied.status, 403);
    assert_eq!(denied.header("access-control-allow-origin"), Some("https://desk.example.com"));

    let stranger = site.ask(preflight("https://evil.example.com")).await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);
}

/// A body that comes a thousand bytes at a time and does not say how long it is.
struct Chunks(Bytes);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.len().min(1_000);
        let chunk = self.0.split_to(next);
        Poll::Ready((next > 0).then_some(Ok(Frame::data(chunk))))
    }
}
