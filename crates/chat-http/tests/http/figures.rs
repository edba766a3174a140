//! The figures of the journal and of those who listen to it: that they count, and what they count.

use chat_store::fault::Fault;
use serde_json::json;

use crate::floor::{Listener, NOTIFICATIONS};
use crate::support::{Ask, Site};

impl Site {
    /// What `/metrics` says of `name` just now.
    async fn figure_of(&self, name: &str) -> f64 {
        let text = self.ask(Ask::get("/metrics")).await.text;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    }

    /// How many records were told to somebody, and how late all of them together.
    async fn lag(&self) -> (f64, f64) {
        let count = self.figure_of("chat_feed_lag_seconds_count").await;
        (count, self.figure_of("chat_feed_lag_seconds_sum").await)
    }

    async fn attach(&self, chat: &str, key: &str) {
        let body = json!({"operationName": "AttachUserData", "userData": {key: 1}});
        let path = format!("/api/v2/me/chats/{chat}");
        self.ask(Ask::post(&path, body.to_string()).by("agent1")).await.assert_ok();
    }

    /// A visitor's chat that agent1 has accepted.
    async fn chat_of_agent1(&self) -> String {
        self.log_in(&["agent1"]).await;
        self.ready("agent1").await;
        self.visit("Vera").await;
        let chat = self.chats("agent1").await.remove(0);
        self.perform("agent1", &chat, json!({"operationName": "Accept", "nickname": "A"}))
            .await
            .assert_ok();
        chat
    }
}

/// From the record to its being told, on the node that tells it: once per user who hears of it, whatever
/// is told again, and not what a session that comes back has missed.
#[tokio::test]
async fn the_lag_of_feeds_is_counted_once_per_record_and_listening_user() {
    let site = Site::new();
    let chat = site.chat_of_agent1().await;
    assert_eq!(site.lag().await, (0.0, 0.0), "nobody listens");

    let one = site.listen_with("agent1", json!({"ack": true})).await;
    assert_eq!(site.lag().await, (0.0, 0.0), "what was before the session is not late");
    site.attach(&chat, "a").await;
    site.clock.advance(1_500);
    assert_eq!(site.lag().await.0, 0.0, "it was not told yet");
    let heard = one.poll(&site, json!({"ack": 0})).await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(site.lag().await, (1.0, 1.5));

    // Another session of the same user is told with it; one that takes over is told it again.
    let two = site.listen_with("agent1", json!({"ack": true})).await;
    site.attach(&chat, "b").await;
    site.app.catch_up().await;
    assert_eq!(site.lag().await, (2.0, 1.5), "at once");
    let other = site.restarted();
    other.clock.advance(60_000);
    for (listener, events) in [(&one, 2), (&two, 1)] {
        let heard = listener.poll(&other, json!({"ack": 0})).await;
        assert!(heard.len() > events, "told again: {heard:?}");
    }
    assert_eq!(other.lag().await, (0.0, 0.0));
    other.attach(&chat, "c").await;
    other.app.catch_up().await;
    assert_eq!(other.lag().await, (1.0, 0.0));
}

/// Polls are counted for as long as they wait.
#[tokio::test]
async fn held_polls_are_counted_until_they_are_answered() {
    let site = Site::new();
    let chat = site.chat_of_agent1().await;
    let listener = site.listen("agent1").await;
    assert_eq!(site.figure_of("chat_held_polls").await, 0.0);
    let poll = tokio::spawn(Site::ask_router(
        site.router.clone(),
        Ask::post(NOTIFICATIONS, held(&listener)).by("agent1"),
    ));
    while site.figure_of("chat_held_polls").await != 1.0 {
        tokio::task::yield_now().await;
    }
    site.attach(&chat, "a").await;
    site.app.catch_up().await;
    assert_eq!(poll.await.unwrap().status, 200);
    assert_eq!(site.figure_of("chat_held_polls").await, 0.0);
}

fn held(listener: &Listener) -> String {
    listener.connect(json!({}), None).to_string()
}

/// Conflicts are operations decided again, retries appends sent again; each has its own figure.
#[tokio::test]
async fn conflicts_and_retries_are_counted_apart() {
    let (site, store) = Site::faulty(|_| ());
    let chat = site.chat_of_agent1().await;
    let figures = async || {
        let mut figures = Vec::new();
        for name in ["chat_records_total", "chat_conflicts_total", "chat_retries_total"] {
            figures.push(site.figure_of(name).await as u64);
        }
        figures
    };
    let start = figures().await;
    assert_eq!(start[1..], [0, 0]);
    let at = |records: u64, conflicts, retries| vec![start[0] + records, conflicts, retries];

    site.attach(&chat, "a").await;
    assert_eq!(figures().await, at(1, 0, 0));
    // Surely not written, and written although nobody could tell: sent again, and found.
    store.meet([Fault::Retry, Fault::UnknownLost]);
    site.attach(&chat, "b").await;
    assert_eq!(figures().await, at(2, 0, 2));
    store.meet([Fault::UnknownApplied]);
    site.attach(&chat, "c").await;
    assert_eq!(figures().await, at(3, 0, 2), "found at once, and not sent again");
    // Another node was faster.
    let other = site.restarted();
    other.attach(&chat, "d").await;
    site.attach(&chat, "e").await;
    assert_eq!(figures().await, at(4, 1, 2));
}

/// A client finds out by 402 only, which does not say why: the operator's figures do.
#[tokio::test]
async fn sessions_that_end_are_counted_by_reason() {
    let site = Site::with(|config| config.notifications.max_queued_events = 2);
    let store = site.store.clone();
    let site = site.shared(store);
    let chat = site.chat_of_agent1().await;
    let ended = async |site: &Site| {
        let mut counts = Vec::new();
        for reason in ["disconnected", "timed_out", "overflow", "ended", "moved", "other"] {
            let name = format!("chat_notification_sessions_ended_total{{reason=\"{reason}\"}}");
            counts.push(site.figure_of(&name).await as u64);
        }
        counts
    };
    assert_eq!(ended(&site).await, [0; 6]);

    site.listen("agent1").await;
    for key in ["a", "b", "c"] {
        site.attach(&chat, key).await;
        site.app.catch_up().await;
    }
    assert_eq!(ended(&site).await, [0, 0, 1, 0, 0, 0], "nobody fetched what waited");

    let gone = site.listen("agent1").await;
    let bye = json!([{"channel": "/meta/disconnect", "clientId": gone.client_id}]);
    site.bayeux("agent1", &bye).await;
    assert_eq!(ended(&site).await, [1, 0, 1, 0, 0, 0]);

    let moved = site.listen("agent1").await;
    let other = site.restarted();
    moved.poll(&other, json!({})).await;
    site.app.catch_up().await;
    assert_eq!(ended(&site).await, [1, 0, 1, 0, 1, 0], "the other node has it");

    site.clock.advance(120_000);
    other.app.catch_up().await;
    assert_eq!(ended(&other).await, [0, 1, 0, 0, 0, 0]);
    site.listen("agent1").await;
    let end = json!({"operationName": "EndContactCenterSession"});
    site.ask(Ask::post("/api/v2/me", end.to_string()).by("agent1")).await.assert_ok();
    assert_eq!(ended(&site).await, [1, 0, 1, 1, 1, 0]);
}
