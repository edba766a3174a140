//! What operators see: alive, ready, and figures without personal data.

use crate::support::{Ask, Site};

#[tokio::test]
async fn a_server_with_a_store_is_alive_and_ready() {
    let site = Site::new();
    for path in ["/health/live", "/health/ready", "/health/ready/"] {
        site.ask(Ask::get(path)).await.assert_ok();
    }
}

/// Figures are counted per route, and no label tells who asked for what.
#[tokio::test]
async fn figures_count_requests_by_route_and_name_nobody() {
    let site = Site::new();
    site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    site.ask(Ask::get("/api/v2/me/").by("agent1")).await;
    site.ask(Ask::get("/api/v2/me/channels/chat").by("agent1")).await;
    site.ask(Ask::get("/nothing/agent1")).await;
    let answer = site.ask(Ask::get("/metrics")).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        r#"chat_http_requests_total{route="/api/v2/me",status="2xx"} 2"#,
        r#"chat_http_requests_total{route="/api/v2/me/channels/{channel}",status="4xx"} 1"#,
        r#"chat_http_requests_total{route="none",status="4xx"} 1"#,
        r#"chat_http_request_seconds_count{route="/api/v2/me"} 2"#,
    ] {
        assert!(answer.text.lines().any(|l| l == line), "{line} in {}", answer.text);
    }
    assert!(!answer.text.contains("agent1"), "{}", answer.text);
}

/// Two servers in one process do not add up each other's figures.
#[tokio::test]
async fn every_server_has_figures_of_its_own() {
    let (one, other) = (Site::new(), Site::new());
    one.ask(Ask::get("/health/live")).await;
    let line = r#"chat_http_requests_total{route="/health/live",status="2xx"} "#;
    for (site, count) in [(&one, "1"), (&other, "0")] {
        let text = site.ask(Ask::get("/metrics")).await.text;
        assert!(text.contains(&format!("{line}{count}\n")), "{text}");
    }
}

/// A reply names its request, so that it can be found in the log.
#[tokio::test]
async fn every_reply_names_its_request() {
    let site = Site::new();
    let first = site.ask(Ask::get("/health/live")).await;
    let second = site.ask(Ask::get("/nothing")).await;
    assert_ne!(first.header("x-request-id").unwrap(), second.header("x-request-id").unwrap());
}
