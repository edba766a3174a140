//! A visitor's RequestChat that comes twice opens one chat (DEC-48, DEC-73).

use std::sync::Arc;
use std::time::Duration;

use chat_http::Clock as _;
use chat_model::ChatId;
use chat_store::fault::Fault;
use chat_store::{FeedId, LeaseKey, Leases as _, MemoryStore, Store as _};
use serde_json::json;

use crate::support::{Answer, Ask, Site};

fn body(nickname: &str) -> String {
    json!({"operationName": "RequestChat", "nickname": nickname, "subject": "Help"}).to_string()
}

fn ask(key: &str, body: &str) -> Ask {
    Ask::post("/api/v2/chats", body.to_owned()).header("idempotency-key", key)
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// How many chats wait for an agent.
async fn waiting(site: &Site) -> usize {
    site.store.listed(&FeedId::queue(&"support".into())).await.unwrap().len()
}

#[tokio::test]
async fn the_same_request_opens_one_chat() {
    let site = Site::with(|config| config.limits.max_visitor_chats = 2);
    let first = site.ask(ask("k", &body("Vera"))).await;
    for node in [&site, &site.restarted()] {
        assert_eq!(node.ask(ask("k", &body("Vera"))).await.text, first.text);
    }
    assert_eq!(waiting(&site).await, 1);
    site.ask(ask("k", &body("Olga"))).await.assert_refused(400, 10, "Idempotency-Key");
    let second = site.ask(ask("other", &body("Vera"))).await;
    assert_ne!(id(&second), id(&first));
    // There is no room for another one, but whoever has one is told.
    site.ask(ask("third", &body("Vera"))).await.assert_refused(503, 4, "fewer visitors");
    assert_eq!(site.ask(ask("k", &body("Vera"))).await.text, first.text);
    // The key of the request is none of the visitor's for the chat, so it may be used there.
    let path = format!("/api/v2/chats/{}", id(&first));
    let says = json!({"operationName": "SendMessage", "text": "x"}).to_string();
    site.ask(Ask::post(&path, says).header("idempotency-key", "k")).await.assert_ok();
    let there = Ask::post(&path, body("Vera")).header("idempotency-key", "k2");
    site.ask(there).await.assert_refused(400, 2, "RequestChat");
    // A place is free, and the one that was refused for want of it was not remembered.
    let complete = Ask::operation(&path, "Complete").header("idempotency-key", "end");
    site.ask(complete).await.assert_ok();
    site.ask(Ask::operation(&path, "Complete").header("idempotency-key", "end")).await.assert_ok();
    assert_ne!(id(&site.ask(ask("third", &body("Vera"))).await), id(&first));
    assert_eq!(site.ask(ask("k", &body("Vera"))).await.text, first.text, "also when it is over");
}

/// What is refused opens nothing and takes no key.
#[tokio::test]
async fn what_is_refused_takes_no_key() {
    let site = Site::new();
    for (body, http, code) in [
        (json!({"operationName": "RequestChat"}), 400, 1),
        (json!({"operationName": "RequestChat", "nickname": 7}), 400, 10),
        (json!({"operationName": "RequestChat", "nickname": "V", "endpoint": "none"}), 404, 6),
        (json!({"operationName": "SendMessage", "text": "x"}), 404, 6),
    ] {
        let body = body.to_string();
        for _ in 0..2 {
            site.ask(ask("k", &body)).await.assert_refused(http, code, "");
        }
    }
    assert!(site.store.scan("request/").await.unwrap().is_empty());
    id(&site.ask(ask("k", &body("Vera"))).await);
}

/// A server that ends between the key and the chat: whoever asks again gets that very chat.
#[tokio::test]
async fn what_was_begun_is_finished_by_whoever_asks_again() {
    for fault in [Fault::Retry, Fault::UnknownLost] {
        let (site, store) = Site::faulty(|_| ());
        store.meet([fault; 6]);
        site.ask(ask("k", &body("Vera"))).await.assert_refused(503, 4, "try again");
        let lease = site.store.get(&LeaseKey::new("request/k")).await.unwrap().expect("reserved");
        let reserved: serde_json::Value = serde_json::from_slice(&lease.value).unwrap();
        let chat = ChatId::from(reserved["chat"].as_str().unwrap());
        assert_eq!(site.store.load(&chat).await.unwrap(), None);
        // Nearly at the end of the lease, which then begins anew.
        site.clock.advance(11 * 60_000);
        let first = site.restarted().ask(ask("k", &body("Vera"))).await;
        assert!(site.store.load(&chat).await.unwrap().is_some(), "{first:?}");
        site.clock.advance(10 * 60_000);
        assert_eq!(site.ask(ask("k", &body("Vera"))).await.text, first.text);
        assert_eq!(waiting(&site).await, 1);
    }
    // The record is there, and the answer got lost.
    let (site, store) = Site::faulty(|_| ());
    store.meet([Fault::UnknownApplied, Fault::UnknownLate]);
    let first = site.ask(ask("k", &body("Vera"))).await;
    assert_eq!(site.restarted().ask(ask("k", &body("Vera"))).await.text, first.text);
    assert_eq!(waiting(&site).await, 1);
}

/// On both nodes at the same moment, before any of them has written the chat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_race_open_one_chat() {
    for round in 0..8 {
        let (site, store) = Site::faulty(|_| ());
        let twin = site.beside(store.clone());
        let pause = store.pause().await;
        let asked = (0..8).map(|n| {
            let router = if n % 2 == round % 2 { &site.router } else { &twin.router };
            tokio::spawn(Site::ask_router(router.clone(), ask("k", &body("Vera"))))
        });
        let asked: Vec<_> = asked.collect();
        pause.arrived().await;
        drop(pause);
        let mut answers = Vec::new();
        for answer in asked {
            answers.push(answer.await.unwrap().text);
        }
        assert!(
            answers.iter().all(|text| *text == answers[0] && text.contains("\"id\"")),
            "{answers:?}"
        );
        assert_eq!(waiting(&site).await, 1);
    }
}

/// A chat that nobody ever had is soon forgotten, but not before its key; also by a store that keeps
/// nothing for its own sake.
#[tokio::test]
async fn a_chat_is_not_forgotten_before_its_key() {
    let site = Site::with(|config| config.limits.visitor_silence_seconds = 10);
    let hands = site.clock.clone();
    let now_ms = move || hands.now_ms();
    let store = MemoryStore::with_replay_window(Arc::new(now_ms.clone()), Duration::ZERO);
    let node = || site.beside(store.clone());

    let first = node().ask(ask("k", &body("Vera"))).await;
    let keyed = format!("/api/v2/chats/{}", id(&first));
    let plain = id(&node().ask(Ask::post("/api/v2/chats", body("Olga"))).await);
    let plain = format!("/api/v2/chats/{plain}");
    for path in [&keyed, &plain] {
        node().ask(Ask::operation(path, "Complete")).await.assert_ok();
    }
    for minutes in [1, 9] {
        site.clock.advance(minutes * 60_000);
        store.expire(now_ms(), 100).await.unwrap();
        node().ask(Ask::get(&plain)).await.assert_refused(404, 6, "");
        assert_eq!(node().ask(ask("k", &body("Vera"))).await.text, first.text);
        // What it says to all is no reason to keep it longer.
        let complete = Ask::operation(&keyed, "Complete").header("idempotency-key", "late");
        node().ask(complete).await.assert_refused(400, 2, "Complete");
    }
    site.clock.advance(6 * 60_000);
    store.expire(now_ms(), 100).await.unwrap();
    node().ask(Ask::get(&keyed)).await.assert_refused(404, 6, "");
    assert_ne!(id(&node().ask(ask("k", &body("Vera"))).await), id(&first));
}
