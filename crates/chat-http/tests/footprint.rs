//! How much memory strangers can make the server keep, measured on the process: what allocators
//! hold back shows nowhere else, so these tests have a process of their own.
#![cfg(target_os = "linux")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use chat_http::{App, Clock as _, Config, ManualClock};
use chat_store::MemoryStore;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// What one check of a password works in: 19 MiB.
const ONE_CHECK: usize = 19_456 * 1_024;

/// Whoever fails to log in, however often, leaves nothing behind but the memory of as many checks as
/// there are processors.
#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_leave_nothing_behind() {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let store = MemoryStore::new(Arc::new({
        let clock = clock.clone();
        move || clock.now_ms()
    }));
    let mut config = Config::demo("127.0.0.1:8090".parse().unwrap());
    config.limits.max_failed_logins = 1_000;
    let router = App::new(config, store, clock).unwrap().router();
    let before = resident();
    for round in 0..8 {
        let mut logins = JoinSet::new();
        for n in 8 * round..8 * (round + 1) {
            logins.spawn(fail_to_log_in(router.clone(), n));
        }
        logins.join_all().await;
    }
    let kept = resident().saturating_sub(before);
    let most = (processors + 1) * ONE_CHECK;
    assert!(kept < most, "expected less than {most} bytes, found {kept}");
}

async fn fail_to_log_in(router: Router, n: usize) {
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("agent1:wrong{n}"));
    let ask = Request::get("/api/v2/me")
        .header("authorization", format!("Basic {credentials}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(router.oneshot(ask).await.unwrap().status(), 403);
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1_024
}
