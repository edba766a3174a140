//! Clients by the thousand that shake hands and never connect: what they cost is bounded, and those
//! who work do not notice.

use chat_http::ManualClock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::alone;
use super::doors::answered;
use super::exchange::Settings;
use super::play::plain;
use super::site::{Site, config};

const NOTIFICATIONS: &str = "/api/v2/notifications";

/// BAYEUX-3.4, BAYEUX-10.2, BAYEUX-10.4: sessions are bounded per user and in all; what was refused
/// is not kept, and what was kept is given back.
#[test]
fn thousands_of_half_open_handshakes_are_bounded() {
    const PER_USER: u64 = 32;
    const IN_ALL: u64 = 100;
    alone(async {
        let limits = json!({"max_sessions_per_user": PER_USER, "max_sessions": IN_ALL});
        let settings = Settings { notifications: Some(limits), ..Settings::default() };
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let listen = "127.0.0.1:8090".parse().expect("an address");
        let site = Site::new(config(&settings, listen), clock.clone());
        let (app, router) = site.node();
        let ask = async |user: &str, message: Value| -> Value {
            let ask = plain("POST", NOTIFICATIONS, Some(user), &json!([message]));
            let answered = answered(router.clone(), ask).await;
            assert_eq!(answered.status, 200, "{answered:?}");
            serde_json::from_str(&answered.body).expect("Bayeux is JSON")
        };
        let hello = json!({"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]});
        let figure = async |name: &str| -> u64 {
            let ask = plain("GET", "/metrics", None, &Value::Null);
            let figures = answered(router.clone(), ask).await.body;
            let mut lines = figures.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.expect("the figure is there").parse().expect("it is a number")
        };
        let connect = |client: &Value| {
            json!({"channel": "/meta/connect", "connectionType": "long-polling",
            "clientId": client, "advice": {"timeout": 0}})
        };

        let worker = ask("agent3", hello.clone()).await[0]["clientId"].clone();
        let mut accepted = BTreeMap::<&str, u64>::new();
        for round in 0..750 {
            for user in ["agent1", "agent2", "supervisor1", "agent3"] {
                let reply = ask(user, hello.clone()).await;
                if reply[0]["successful"] == true {
                    *accepted.entry(user).or_default() += 1;
                } else {
                    assert_eq!(reply[0]["error"], "403:too_many_sessions:handshake_denied");
                    assert_eq!(reply[0]["advice"]["reconnect"], "handshake", "round {round}");
                }
            }
            if round % 100 == 0 {
                assert_eq!(ask("agent3", connect(&worker)).await[0]["successful"], true);
                assert!(figure("chat_notification_sessions").await <= IN_ALL);
            }
        }
        assert!(accepted.values().all(|&sessions| sessions <= PER_USER), "{accepted:?}");
        assert_eq!(accepted.values().sum::<u64>() + 1, IN_ALL, "{accepted:?}");
        assert_eq!(figure("chat_notification_sessions").await, IN_ALL);
        assert_eq!(figure("chat_held_polls").await, 0);

        clock.advance(9_999);
        assert_eq!(ask("agent3", connect(&worker)).await[0]["successful"], true);
        clock.advance(1);
        app.catch_up().await;
        assert_eq!(figure("chat_notification_sessions").await, 1, "who works stays");
        assert_eq!(ask("agent1", hello).await[0]["successful"], true);
        clock.advance(30_000);
        app.catch_up().await;
        assert_eq!(figure("chat_notification_sessions").await, 0);
    });
}
