//! Two nodes over one store: what one of them accepts is heard by those who listen to the other, once,
//! in order, and again if it did not arrive (BAYEUX-9.2, DEC-44).

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use chat_store::fault::{Faults, Faulty};
use serde_json::json;

use crate::floor::{Listener, NOTIFICATIONS, short};
use crate::support::{Ask, Site};

const START: &str = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;

async fn set(node: &Site, operation: &str) {
    let set = Ask::operation("/api/v2/me/channels/chat", operation).by("agent1");
    node.ask(set).await.assert_ok();
}

/// Opens a session of agent1 that can acknowledge; its id.
async fn shake_hands(node: &Site) -> String {
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "ext": {"ack": true},
        "supportedConnectionTypes": ["long-polling"]}]);
    let reply = node.bayeux("agent1", &hello).await.json();
    reply[0]["clientId"].as_str().unwrap().to_owned()
}

/// What an acknowledging client hears, and how far it was told by that.
async fn hear(site: &Site, listener: &Listener, ack: u64) -> (Vec<String>, u64) {
    let mut heard = listener.poll(site, json!({"ack": ack})).await;
    let reply = heard.pop().unwrap();
    assert_eq!(reply["successful"], true, "{reply}");
    (
        heard.iter().map(|event| short(&event["data"])).collect(),
        reply["ext"]["ack"].as_u64().unwrap(),
    )
}

/// NOTIF-3.3: whichever node makes an agent ready.
#[tokio::test]
async fn readiness_is_heard_on_every_node_once_and_in_order() {
    let site = Site::new();
    let other = site.restarted();
    let nodes = [&site, &other];
    let topic = "/v2/me/channels";
    let [here, there] = [
        site.listen_to("agent1", topic, json!({})).await,
        other.listen_to("agent1", topic, json!({})).await,
    ];
    site.ask(Ask::post("/api/v2/me", START).by("agent1")).await.assert_ok();
    let mut expected = vec!["chat:Not Ready:Off".to_owned()];
    for n in 0..40 {
        let (operation, shown) = [
            ("Ready", "chat:Ready:Off"),
            ("DoNotDisturbOn", "chat:Ready:On"),
            ("DoNotDisturbOff", "chat:Ready:Off"),
            ("NotReady", "chat:Not Ready:Off"),
        ][n % 4];
        set(nodes[n / 3 % 2], operation).await;
        expected.push(shown.to_owned());
    }
    assert_eq!(here.hear_short(&site).await, expected);
    assert_eq!(there.hear_short(&other).await, expected);
    for (node, listener) in [(&site, &here), (&other, &there)] {
        assert_eq!(listener.hear_short(node).await, [""; 0], "nothing comes twice");
    }
}

/// A balancer sends any request of a client to any node: none of them may go by what it remembers of the
/// session from before another one had it.
#[tokio::test]
async fn a_session_goes_from_node_to_node_with_each_request() {
    let nodes = Site::two_nodes();
    let [here, there] = &nodes;
    here.log_in(&["agent1"]).await;
    let client_id = shake_hands(here).await;
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": client_id,
        "subscription": "/v2/me/channels"}]);
    assert_eq!(there.bayeux("agent1", &subscribe).await.json()[0]["successful"], true);
    let listener = Listener { user: "agent1", client_id };
    let (mut heard, mut expected, mut ack) = (Vec::new(), Vec::new(), 0);
    for n in 0..24 {
        let (operation, shown) =
            [("Ready", "chat:Ready:Off"), ("NotReady", "chat:Not Ready:Off")][n % 2];
        set(&nodes[n % 3 % 2], operation).await;
        expected.push(shown);
        let told;
        (told, ack) = hear(&nodes[n / 2 % 2], &listener, ack).await;
        heard.extend(told);
    }
    assert_eq!(heard, expected);
}

/// Two connections of one client come to two nodes: its poll waits at one while it subscribes at the other,
/// which has the session from then on. The poll does not wait for what is told elsewhere.
#[tokio::test]
async fn a_poll_does_not_wait_at_a_node_that_lost_its_session() {
    let [here, there] = Site::two_nodes();
    here.log_in(&["agent1"]).await;
    let listener = Listener { user: "agent1", client_id: shake_hands(&here).await };
    listener.poll(&here, json!({})).await;
    let held = tokio::spawn({
        let connect = listener.connect(json!({}), None).to_string();
        let ask = Ask::post(NOTIFICATIONS, connect).by("agent1");
        let router = here.router.clone();
        async move { Site::ask_router(router, ask).await }
    });
    while here.held_polls().await == 0 {
        tokio::task::yield_now().await;
    }
    here.app.catch_up().await;
    assert!(!held.is_finished(), "the session is here");

    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": listener.client_id,
        "subscription": "/v2/me/channels"}]);
    assert_eq!(there.bayeux("agent1", &subscribe).await.json()[0]["successful"], true);
    set(&there, "Ready").await;
    here.app.catch_up().await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(held.is_finished(), "the session is there");
    let reply = held.await.unwrap().json()[0].clone();
    assert_eq!(
        (&reply["successful"], &reply["advice"]["reconnect"]),
        (&json!(true), &json!("retry"))
    );
    // Wherever it asks next.
    assert_eq!(listener.hear_short(&here).await, ["chat:Ready:Off"]);
}

/// The poll takes the session to another node before what its client subscribes to here is stored: what was
/// answered as subscribed is subscribed there, too.
#[tokio::test]
async fn a_subscription_is_not_lost_to_a_node_that_takes_the_session() {
    let [here, there] = Site::two_nodes();
    let store = Faulty::new(here.store.clone(), 0, Faults::NONE);
    let here = here.shared(store.clone());
    here.log_in(&["agent1"]).await;
    let listener = Listener { user: "agent1", client_id: shake_hands(&here).await };
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": listener.client_id,
        "subscription": "/v2/me/channels"}]);
    let pause = store.pause_puts().await;
    let subscribing = tokio::spawn({
        let ask = Ask::post(NOTIFICATIONS, subscribe.to_string()).by("agent1");
        Site::ask_router(here.router.clone(), ask)
    });
    pause.arrived().await;
    assert_eq!(listener.hear_short(&there).await, [""; 0]);
    drop(pause);
    let reply = subscribing.await.unwrap().json();
    assert_eq!((&reply[0]["successful"], reply.as_array().unwrap().len()), (&json!(true), 1));
    set(&there, "Ready").await;
    assert_eq!(listener.hear_short(&there).await, ["chat:Ready:Off"]);
}

/// What was told and not acknowledged is told again, by another process, with chats and readiness in
/// the order in which they were.
#[tokio::test]
async fn readiness_is_told_again_after_a_restart() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    let everything = "/v2/me/*";
    let desk = site.listen_to("agent1", everything, json!({"ack": true})).await;
    set(&site, "Ready").await;
    site.visit("Vera").await;
    set(&site, "NotReady").await;
    let (heard, ack) = hear(&site, &desk, 0).await;
    let expected = ["chat:Ready:Off", "StatusChange Invited []", "chat:Not Ready:Off"];
    assert_eq!(heard, expected);

    // The reply was lost, and the process with it.
    let site = site.restarted();
    set(&site, "DoNotDisturbOn").await;
    let (again, later) = hear(&site, &desk, 0).await;
    assert_eq!(again[..3], expected);
    assert_eq!(again[3..], ["chat:Not Ready:On"]);
    assert!(later > ack, "{later} after {ack}");
    assert_eq!(hear(&site, &desk, later).await, (vec![], later));
}

/// A client that does not wait for the answer, or a process that dies: the change is announced all the
/// same, by whoever looks next.
#[tokio::test]
async fn a_change_whose_request_was_dropped_is_announced() {
    let (site, store) = Site::faulty(|_| ());
    let other = site.restarted();
    let desk = other.listen_to("agent1", "/v2/me/channels", json!({})).await;
    site.log_in(&["agent1"]).await;
    assert_eq!(desk.hear_short(&other).await, ["chat:Not Ready:Off"]);
    for node in [&site, &other] {
        let gate = store.pause().await;
        {
            let mut request = pin!(set(&site, "Ready"));
            let mut arrived = pin!(gate.arrived());
            let mut context = Context::from_waker(Waker::noop());
            while arrived.as_mut().poll(&mut context).is_pending() {
                assert!(request.as_mut().poll(&mut context).is_pending());
                tokio::task::yield_now().await;
            }
        }
        drop(gate);
        let me = other.ask(Ask::get("/api/v2/me/channels?fields=*").by("agent1")).await.json();
        assert_eq!(me["channels"][0]["userState"]["state"], "Ready", "{me}");
        // The house that knows of it at once, and another one at its next roll call.
        node.app.catch_up().await;
        let mut heard = desk.hear_short(&other).await;
        assert_eq!(heard.len(), usize::from(std::ptr::eq(node, &site)));
        for _ in 0..8 {
            other.clock.advance(9_000);
            heard.extend(desk.hear_short(&other).await);
        }
        assert_eq!(heard, ["chat:Ready:Off"]);
        // By the node that is asked next: it has nothing of another one's to look for before its own.
        set(&site, "NotReady").await;
        assert_eq!(desk.hear_short(&other).await, ["chat:Not Ready:Off"]);
    }
}

/// What announces readiness is in the journal and no chat: nobody can ask for it.
#[tokio::test]
async fn announcements_are_no_chats() {
    use chat_store::Inspect as _;
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    let rows = site.store.chats(None, 10).await.unwrap();
    let journal = rows.iter().find(|row| chat_http::is_of_agent(&row.chat)).unwrap();
    let records = chat_store::Store::records(&site.store, &journal.chat, 0, 10).await.unwrap();
    assert_eq!(chat_http::verify_chat(journal, None, &records), Ok(()));
    let name = journal.chat.as_str().replace('/', "%2F");
    for ask in [
        Ask::get(&format!("/api/v2/me/chats/{name}")),
        Ask::operation(&format!("/api/v2/me/chats/{name}"), "Complete"),
        Ask::get(&format!("/api/v2/me/chats/{name}/messages")),
    ] {
        site.ask(ask.by("agent1")).await.assert_refused(404, 6, "");
    }
}
