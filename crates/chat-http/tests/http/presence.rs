//! DEC-42, and what of DEC-17, DEC-40 and DEC-43 is about agents and visitors who are not there any
//! more. The clock is moved by hand.

use chat_http::User;
use chat_store::{LeaseKey, Leases as _};
use serde_json::json;

use crate::floor::{Listener, NOTIFICATIONS};
use crate::support::{Ask, Site};

impl Site {
    async fn minutes(&self, minutes: u32) {
        for _ in 0..minutes * 2 {
            self.clock.advance(30_000);
            self.app.catch_up().await;
        }
    }

    async fn seconds(&self, seconds: u32) {
        self.clock.advance(seconds * 1_000);
        self.app.catch_up().await;
    }

    /// The agent's chat channel by the lease: asking the server would count as a sign of life.
    async fn state(&self, agent: u32) -> String {
        let key = LeaseKey::new(format!("agent/{}", crate::floor::agent_id(agent)));
        let Some(lease) = self.store.get(&key).await.unwrap() else { return "gone".to_owned() };
        let session: serde_json::Value = serde_json::from_slice(&lease.value).unwrap();
        session["channels"][0]["state"].as_str().unwrap_or("gone").to_owned()
    }

    async fn end(&self, user: &str) {
        let end = Ask::operation("/api/v2/me", "EndContactCenterSession").by(user);
        self.ask(end).await.assert_ok();
    }
}

/// DEC-42: one who never opened a notification session is ruled by the inactivity of HTTP.
#[tokio::test]
async fn who_never_listened_is_logged_out_when_http_falls_silent() {
    for restarts in [false, true] {
        let mut site = Site::new();
        site.log_in(&["agent1"]).await;
        site.ready("agent1").await;
        let visitor = site.visit("Vera").await;
        let chat = site.chats("agent1").await.remove(0);
        site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
        for _ in 0..3 {
            site.minutes(29).await;
            // Any request is a sign of life.
            site.ask(Ask::get("/api/v2/me/channels").by("agent1")).await;
            site.visitor_reads(&visitor, "").await;
        }
        assert_eq!(site.state(1).await, "Ready");
        site.minutes(2).await;
        if restarts {
            site = site.restarted();
        }
        site.minutes(27).await;
        site.seconds(59).await;
        assert_eq!(site.state(1).await, "Ready", "restarts: {restarts}");
        // The sign of life was noted by the latest roll call, a minute at most before the restart.
        site.seconds(if restarts { 61 } else { 1 }).await;
        assert_eq!(site.state(1).await, "gone", "restarts: {restarts}");
        assert_eq!(site.chat("agent1", &chat).await["state"], "Revoked");
    }
}

/// DEC-42: what was lost before a restart is lost after it; and everything is kept until then.
#[tokio::test]
async fn the_time_of_the_lost_goes_on_after_a_restart() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    for name in ["talking", "leaving", "ringing"] {
        site.visit(name).await;
    }
    let [talking, leaving, ringing] = site.chats("agent1").await.try_into().unwrap();
    for chat in [&talking, &leaving] {
        site.perform("agent1", chat, json!({"operationName": "Accept"})).await.assert_ok();
    }
    let leave = json!({"operationName": "Leave"});
    site.perform("agent1", &leaving, leave).await.assert_ok();
    let agent = site.listen("agent1").await;
    site.seconds(10).await; // swept
    site.seconds(19).await;
    let site = site.restarted();
    site.seconds(1).await;
    assert_eq!(site.chat("agent1", &ringing).await["state"], "Revoked", "DEC-17 after 30 s");
    assert_eq!(site.state(1).await, "NotReady");
    site.ready("agent1").await;
    site.seconds(39).await;
    assert_eq!(site.state(1).await, "Ready");
    let site = site.restarted();
    site.seconds(1).await;
    assert_eq!(site.state(1).await, "NotReady", "a minute after the loss");
    let site = site.restarted();
    site.minutes(28).await;
    site.seconds(59).await;
    assert_eq!(site.chat("agent1", &leaving).await["state"], "LeftChat");
    site.seconds(1).await;
    assert_eq!(site.state(1).await, "gone", "half an hour after the loss");
    assert_eq!(site.chat("agent1", &talking).await["state"], "Revoked");
    assert_eq!(site.chat("agent1", &leaving).await["state"], "Completed");
    assert_eq!(agent.poll(&site, json!({})).await[0]["error"], "402::Unknown client");
}

/// DEC-42: whose server went away and who did not come to the next one is lost, too.
#[tokio::test]
async fn who_does_not_come_back_after_a_restart_is_lost() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    site.ready("agent2").await;
    site.listen("agent1").await;
    let back = site.listen("agent2").await;
    let site = site.restarted();
    for _ in 0..31 * 60 / 8 {
        back.hear(&site).await;
        site.seconds(8).await;
    }
    assert_eq!(site.state(1).await, "NotReady", "the session's row has lapsed, then a minute");
    assert_eq!(site.state(2).await, "Ready");
    site.minutes(3).await;
    assert_eq!(site.state(1).await, "gone");
}

/// DEC-42: who comes back within the grace has lost nothing; who comes back later is NotReady with
/// all chats.
#[tokio::test]
async fn who_comes_back_keeps_everything() {
    for (away, state) in [(59, "Ready"), (60, "NotReady"), (1_799, "NotReady")] {
        let site = Site::new();
        site.log_in(&["agent1"]).await;
        site.ready("agent1").await;
        site.visit("Vera").await;
        let chat = site.chats("agent1").await.remove(0);
        site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
        site.listen("agent1").await;
        site.seconds(10).await;
        for _ in 0..away {
            site.seconds(1).await;
        }
        let agent = site.listen("agent1").await;
        for _ in 0..300 {
            site.seconds(8).await;
            agent.hear(&site).await;
        }
        assert_eq!(site.state(1).await, state, "away for {away} s");
        assert_eq!(site.chats("agent1").await, [chat.as_str()]);
        let say = json!({"operationName": "SendMessage", "text": "back"});
        site.perform("agent1", &chat, say).await;
    }
}

/// A client that says goodbye to its notifications and not to the contact centre is as lost as one
/// that is swept: nothing reaches it.
#[tokio::test]
async fn a_disconnected_agent_is_lost() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let agent = site.listen("agent1").await;
    let bye = json!([{"channel": "/meta/disconnect", "clientId": agent.client_id}]);
    site.bayeux("agent1", &bye).await;
    site.app.catch_up().await;
    site.seconds(59).await;
    assert_eq!(site.state(1).await, "Ready");
    site.seconds(1).await;
    assert_eq!(site.state(1).await, "NotReady");
}

/// DEC-43: a restart makes no silent visitor younger.
#[tokio::test]
async fn a_visitor_stays_silent_over_a_restart() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    site.visitor_reads(&visitor, "").await;
    site.minutes(4).await;
    let site = site.restarted();
    site.seconds(59).await;
    assert_eq!(site.visitor_open(&chat).await, "Chatting");
    site.seconds(1).await;
    assert_eq!(site.visitor_open(&chat).await, "gone");
}

impl Site {
    /// Whether the customer is still in the agent's chat: asking as the visitor would be a poll.
    async fn visitor_open(&self, chat: &str) -> &'static str {
        let chat = self.chat("agent1", chat).await;
        let people = chat["participants"].as_array().unwrap();
        if people.iter().any(|p| p["type"] == "Customer") { "Chatting" } else { "gone" }
    }
}

async fn both(site: &Site, sessions: &[Listener; 2], expected: &[&str]) {
    for session in sessions {
        assert_eq!(session.hear_short(site).await, expected);
        assert_eq!(session.hear_short(site).await, [""; 0]);
    }
}

/// NOTIF-3.3, DEC-17: every change of readiness once, to all sessions, also those that nobody asked
/// for; two chats missed at one time make one change.
#[tokio::test]
async fn every_change_of_readiness_is_heard_once() {
    let site = Site::new();
    let sessions = [
        site.listen_to("agent1", "/v2/me/channels", json!({})).await,
        site.listen_to("agent1", "/v2/me/channels", json!({})).await,
    ];
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","chat"]}"#;
    site.ask(Ask::post("/api/v2/me", start).by("agent1")).await.assert_ok();
    both(&site, &sessions, &["voice:Not Ready chat:Not Ready:Off"]).await;
    site.ask(Ask::post("/api/v2/me", start).by("agent1")).await.assert_ok();
    both(&site, &sessions, &[]).await;
    for (operation, expected) in [
        ("Ready", "voice:Ready chat:Ready:Off"),
        ("DoNotDisturbOn", "chat:Ready:On"),
        ("OutToLunch", "voice:Out To Lunch chat:Out To Lunch:On"),
        ("Ready", "voice:Ready chat:Ready:On"),
    ] {
        site.ask(Ask::operation("/api/v2/me", operation).by("agent1")).await.assert_ok();
        both(&site, &sessions, &[expected]).await;
    }
    // DEC-40: nobody who is not to be disturbed is offered a chat.
    site.visit("a").await;
    site.visit("b").await;
    assert_eq!(site.chats("agent1").await, [""; 0]);
    let off = Ask::operation("/api/v2/me/channels/chat", "DoNotDisturbOff").by("agent1");
    site.ask(off).await.assert_ok();
    both(&site, &sessions, &["chat:Ready:Off"]).await;
    assert_eq!(site.chats("agent1").await.len(), 2);
    for _ in 0..3 {
        site.seconds(8).await;
        both(&site, &sessions, &[]).await;
    }
    site.seconds(6).await;
    both(&site, &sessions, &["chat:Not Ready:Off"]).await;
    assert_eq!(site.chats("agent1").await, [""; 0]);
}

/// PLAT-3.4, DEC-45: the last that all sessions hear is that they are offline.
#[tokio::test]
async fn the_end_of_the_session_is_heard() {
    let site = Site::new();
    let agent = site.listen_to("agent1", "/v2/me/channels", json!({})).await;
    site.log_in(&["agent1"]).await;
    agent.hear(&site).await;
    let held = tokio::spawn({
        let router = site.router.clone();
        let poll = agent.connect(json!({}), None).to_string();
        async move {
            let poll = Ask::post(crate::floor::NOTIFICATIONS, poll).by("agent1");
            Site::ask_router(router, poll).await
        }
    });
    // Until the poll is held: its password takes as long as it takes.
    while !site.ask(Ask::get("/metrics")).await.text.contains("chat_held_polls 1") {
        tokio::task::yield_now().await;
    }
    site.end("agent1").await;
    let heard = held.await.unwrap().json();
    assert_eq!(heard[0]["data"]["channels"][0]["userState"]["state"], "LoggedOut", "{heard}");
}

/// DEC-42: between the look at an agent and the offer the agent may be gone, on this node or on
/// another one.
#[tokio::test]
async fn nobody_who_is_gone_is_invited() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    let logouts = async {
        for _ in 0..40 {
            site.end("agent1").await;
            site.log_in(&["agent1"]).await;
            site.ask(Ask::operation("/api/v2/me/channels/chat", "Ready").by("agent1")).await;
        }
        site.end("agent1").await;
    };
    let other = site.restarted();
    let visits = async {
        for n in 0..40 {
            let node = if n % 2 == 0 { &site } else { &other };
            node.visit("x").await;
        }
    };
    tokio::join!(logouts, visits);
    site.app.catch_up().await;
    assert_eq!(site.chats("agent1").await, [""; 0]);
}

/// DEC-42, DEC-46: the addresses of chats themselves are as good a sign of life as those below `/me`.
#[tokio::test]
async fn who_works_through_the_addresses_of_chats_is_there() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    let path = format!("/api/v2/chats/{chat}");
    site.ask(Ask::operation(&path, "Accept").by("agent1")).await.assert_ok();
    for ask in [
        Ask::get(&path),
        Ask::get(&format!("{path}/messages")),
        Ask::operation(&path, "SendStartTypingNotification"),
    ] {
        for _ in 0..25 {
            site.minutes(1).await;
            site.visitor_reads(&visitor, "").await;
        }
        assert_eq!(site.ask(ask.by("agent1")).await.status, 200);
    }
    assert_eq!(site.state(1).await, "Ready");
}

/// PLAT-2.4-3, DEC-42: who may not have chats any more, or does not work here any more, gives back what
/// they had and is offered nothing; a configuration is read at the start, leases outlive it.
#[tokio::test]
async fn who_is_gone_from_the_configuration_leaves_nothing_behind() {
    for (what, change) in [
        ("removed", (|users| drop(users.remove(0))) as fn(&mut Vec<User>)),
        ("disabled", |users| users[0].disabled = true),
    ] {
        let site = Site::new();
        site.log_in(&["agent1", "agent2", "agent3"]).await;
        site.ready("agent1").await;
        let agent = site.listen("agent1").await;
        let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
        let cookie = login.cookie().unwrap();
        let (talking, _) = (site.visit("Vera").await, site.visit("Kim").await);
        let chat = site.chats("agent1").await.remove(0);
        site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
        site.ready("agent2").await;

        let site = site.restarted_with(|config| change(&mut config.users));
        site.app.catch_up().await;
        assert_eq!(site.state(1).await, "gone", "{what}");
        assert_eq!(site.chats("agent2").await.len(), 2, "{what}");
        assert_eq!(site.visitor_state(&talking).await, "WaitingForAgent", "{what}");
        for ask in [
            Ask::get("/api/v2/me").by("agent1"),
            Ask::get("/api/v2/me").cookie(cookie),
            Ask::post(NOTIFICATIONS, agent.connect(json!({}), Some(0)).to_string()).cookie(cookie),
        ] {
            site.ask(ask).await.assert_refused(403, 20, "Access denied");
        }
        let to = json!({"operationName": "Invite", "targetUri": crate::floor::agent_uri(1)});
        let chat = site.chats("agent2").await.remove(0);
        site.perform("agent2", &chat, json!({"operationName": "Accept"})).await.assert_ok();
        let invited = site.perform("agent2", &chat, to).await;
        let enabled = site.ask(Ask::get("/api/v2/users?fields=enabled").by("agent2")).await.json();
        if what == "removed" {
            invited.assert_refused(404, 6, "");
        } else {
            // As any target without a chat session, DEC-15.
            assert_eq!(invited.json()["statusCode"], 0, "{invited:?}");
            assert_eq!(enabled["users"][0]["enabled"], false);
        }
        let contacts = site.ask(Ask::get("/api/v2/contacts?name=agent1").by("agent2")).await;
        assert_eq!(contacts.json()["totalCount"], 0, "{what}");
    }
}

/// DEC-61: nobody is offered what they could not answer.
#[tokio::test]
async fn who_has_not_the_feature_for_chats_is_offered_none() {
    let site = Site::with(|config| config.users[0].features = Some(Vec::new()));
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    site.visit("Vera").await;
    site.ready("agent2").await;
    let chat = site.chats("agent2").await.remove(0);
    site.perform("agent2", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    let listener = site.listen("agent1").await;
    for operation in ["Consult", "Invite", "Transfer"] {
        let to = json!({"operationName": operation, "targetUri": crate::floor::agent_uri(1)});
        assert_eq!(site.perform("agent2", &chat, to).await.status, 200, "{operation}");
        assert_eq!(site.chat("agent2", &chat).await["state"], "Chatting", "{operation}");
    }
    assert_eq!(listener.hear_short(&site).await, [""; 0]);
}
