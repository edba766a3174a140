//! What happens around handlers: panics, stores that do not answer, stopping, and the hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use chat_model::{StatusCode, UserId};
use chat_store::MemoryStore;
use chat_store::fault::{Faults, Faulty};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::App;
use crate::clock::{Clock as _, ManualClock};
use crate::config::Config;
use crate::hooks::{Hooked, Hooks};
use crate::reply::Refusal;
use crate::routes::{self, Route};
use crate::storage::Later;

type Store = Faulty<MemoryStore>;

fn app() -> (App, Store) {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let hands = clock.clone();
    let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
    let store = Faulty::new(store, 0, Faults::NONE);
    let config = Config::demo("127.0.0.1:8090".parse().unwrap());
    (App::new(config, store.clone(), clock).unwrap(), store)
}

/// Status and body of `method path`, asked by agent1.
async fn ask(router: axum::Router, method: &str, path: &str, body: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Basic YWdlbnQxOmFnZW50MQ==")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// DEC-36: a defect is code 4 without details, and the server goes on.
#[tokio::test]
async fn a_panic_is_answered_like_any_other_error() {
    static BROKEN: Route =
        Route::trial("/broken", || get(async || -> &'static str { panic!("secret detail") }));
    let (app, _) = app();
    let router = app.router_of(routes::all().chain([&BROKEN]));
    let expected = (500, r#"{"statusCode":4,"statusMessage":"internal error"}"#.to_owned());
    assert_eq!(ask(router.clone(), "GET", "/broken", "").await, expected);
    assert_eq!(ask(router, "GET", "/health/live", "").await.0, 200);
}

/// DEC-36: 503, code 4, and no word about the inside.
#[tokio::test]
async fn a_store_that_does_not_answer_is_worth_another_try() {
    let (app, store) = app();
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
    for (method, path, body) in [
        ("GET", "/health/ready", ""),
        ("GET", "/api/v2/me?subresources=channels", ""),
        ("POST", "/api/v2/me", start),
    ] {
        store.fail_reads(1);
        let refused = ask(app.router(), method, path, body).await;
        let message = "the store does not answer; try again";
        let expected = format!(r#"{{"statusCode":4,"statusMessage":"{message}"}}"#);
        assert_eq!(refused, (503, expected), "{method} {path}");
        assert_eq!(ask(app.router(), method, path, body).await.0, 200, "{method} {path}");
    }
    store.fail_reads(1);
    assert_eq!(ask(app.router(), "GET", "/health/live", "").await.0, 200);
}

/// PLAT-3.2-2: what needs the store is inactive without it, and while the server stops.
#[tokio::test]
async fn services_tell_whether_the_store_answers() {
    let (app, store) = app();
    let chat = async || {
        let path = "/api/v2/services?type=MultiMediaState,Provisioning&fields=state";
        let (status, body) = ask(app.router(), "GET", path, "").await;
        assert_eq!(status, 200);
        body
    };
    let states = |of_chat: &str| {
        format!(r#"{{"statusCode":0,"services":[{{"state":"Active"}},{{"state":"{of_chat}"}}]}}"#)
    };
    assert_eq!(chat().await, states("Active"));
    store.fail_reads(1);
    assert_eq!(chat().await, states("Inactive"));
    assert_eq!(chat().await, states("Active"));
    app.server.stop();
    assert_eq!(chat().await, states("Inactive"));
}

/// A load balancer shall send nobody to a server that stops.
#[tokio::test]
async fn a_stopping_server_is_alive_and_not_ready() {
    let (app, _) = app();
    app.server.stop();
    assert_eq!(ask(app.router(), "GET", "/health/live", "").await.0, 200);
    assert_eq!(ask(app.router(), "GET", "/health/ready", "").await.0, 503);
}

/// The end of a session and of the server goes to the hooks.
#[tokio::test]
async fn hooks_hear_of_the_end() {
    #[derive(Default)]
    struct Chats {
        gone: AtomicUsize,
        stopped: AtomicUsize,
    }
    impl Hooks for Chats {
        fn channels_changed<'a>(&'a self, _: &'a UserId) -> Later<'a, ()> {
            Box::pin(async {})
        }
        fn look_at_agent(&self, _: &UserId, _: i64) {}
        fn logged_out<'a>(&'a self, user: &'a UserId) -> Later<'a, Result<(), Refusal>> {
            Box::pin(async move {
                assert_eq!(user.as_str(), "a5e9c0ffee0000000000000000000001");
                match self.gone.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(Refusal::new(StatusCode::InternalError, "not now")),
                    _ => Ok(()),
                }
            })
        }
        fn left_chat<'a>(&'a self, _: &'a UserId) -> Later<'a, Result<(), Refusal>> {
            Box::pin(async { Ok(()) })
        }

        fn stopping(&self) {
            self.stopped.fetch_add(1, Ordering::Relaxed);
        }
    }

    let (mut app, _) = app();
    let chats = Arc::new(Chats::default());
    let hooks = Hooked::default();
    hooks.install(chats.clone());
    Arc::get_mut(&mut app.server).expect("nobody else has it yet").hooks = hooks;
    // An end that fails on the way can be repeated.
    let end = r#"{"operationName":"EndContactCenterSession"}"#;
    assert_eq!(ask(app.router(), "POST", "/api/v2/me", end).await.0, 500);
    assert_eq!(ask(app.router(), "POST", "/api/v2/me", end).await.0, 200);
    assert_eq!(chats.gone.load(Ordering::Relaxed), 2);
    app.server.stop();
    assert_eq!(chats.stopped.load(Ordering::Relaxed), 1);
}
