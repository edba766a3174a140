//! Who is offered which chat, and what happens although nobody asks for it (DEC-17, DEC-40, DEC-42,
//! DEC-43). The clock is moved by hand.

use serde_json::json;

use crate::support::{Ask, Site};

impl Site {
    async fn pass(&self, seconds: u32) {
        self.clock.advance(seconds * 1_000);
        self.app.catch_up().await;
    }

    async fn readiness(&self, user: &str) -> String {
        let answer = self.ask(Ask::get("/api/v2/me/channels/chat").by(user)).await.json();
        answer["channel"]["userState"]["state"].as_str().unwrap().to_owned()
    }

    async fn agents_with(&self, chats: &[usize; 3]) {
        for (user, expected) in ["agent1", "agent2", "agent3"].iter().zip(chats) {
            assert_eq!(self.chats(user).await.len(), *expected, "chats of {user}");
        }
    }
}

async fn staffed(users: &[&str]) -> Site {
    let site = Site::new();
    site.log_in(users).await;
    for user in users {
        site.ready(user).await;
        site.clock.advance(1);
    }
    site
}

/// DEC-40: who has waited longest, then the next, and each only as many as fit.
#[tokio::test]
async fn chats_go_round_until_everybody_is_busy() {
    let site = staffed(&["agent2", "agent1"]).await;
    for (visitor, expected) in [
        ("a", [0, 1, 0]),
        ("b", [1, 1, 0]),
        ("c", [1, 2, 0]),
        ("d", [2, 2, 0]),
        ("e", [2, 3, 0]),
        ("f", [3, 3, 0]),
        ("g", [3, 3, 0]),
    ] {
        site.visit(visitor).await;
        site.clock.advance(1);
        site.agents_with(&expected).await;
    }
    // The seventh waits until somebody has room.
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    site.agents_with(&[3, 3, 0]).await;
    site.perform("agent1", &chat, json!({"operationName": "Complete"})).await.assert_ok();
    site.agents_with(&[3, 3, 0]).await;
    assert!(!site.chats("agent1").await.contains(&chat), "another one took its place");
}

/// DEC-40: first in, first out, whoever becomes Ready.
#[tokio::test]
async fn who_came_first_is_served_first() {
    let site = Site::with(|config| config.users[0].capacity = 1);
    let mut expected = Vec::new();
    for name in ["first", "second", "third"] {
        site.visit(name).await;
        site.clock.advance(1);
        expected.push(name);
    }
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    for name in expected {
        let [chat] = site.chats("agent1").await.try_into().unwrap();
        assert_eq!(site.chat("agent1", &chat).await["userData"]["FirstName"], name);
        site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
        site.perform("agent1", &chat, json!({"operationName": "Complete"})).await.assert_ok();
    }
}

/// DEC-40: not again while another one could take it, and not within 30 s.
#[tokio::test]
async fn who_declined_is_asked_last_and_later() {
    let site = staffed(&["agent1", "agent2"]).await;
    site.visit("Vera").await;
    site.agents_with(&[1, 0, 0]).await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Reject"})).await.assert_ok();
    site.agents_with(&[0, 1, 0]).await;
    site.pass(1).await;
    site.perform("agent2", &chat, json!({"operationName": "Reject"})).await.assert_ok();
    site.agents_with(&[0, 0, 0]).await;
    site.pass(28).await;
    site.agents_with(&[0, 0, 0]).await;
    site.pass(1).await;
    site.agents_with(&[1, 0, 0]).await;
}

/// DEC-17: the leg is Revoked, the agent NotReady, and the chat offered to the next.
#[tokio::test]
async fn an_invitation_lapses_after_thirty_seconds() {
    let site = staffed(&["agent1", "agent2"]).await;
    let agent = site.listen("agent1").await;
    site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    assert_eq!(agent.hear_short(&site).await, ["StatusChange Invited []"]);
    for seconds in [8, 8, 8, 5] {
        site.pass(seconds).await;
        assert_eq!(agent.hear_short(&site).await, [""; 0]);
    }
    site.agents_with(&[1, 0, 0]).await;
    site.pass(1).await;
    assert_eq!(agent.hear_short(&site).await, ["StatusChange Revoked []"]);
    site.agents_with(&[0, 1, 0]).await;
    assert_eq!(site.readiness("agent1").await, "NotReady");
    assert_eq!(site.readiness("agent2").await, "Ready");
    let late = site.perform("agent1", &chat, json!({"operationName": "Accept"})).await;
    late.assert_refused(400, 2, "Accept");
    site.perform("agent2", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    site.pass(120).await;
    assert_eq!(site.readiness("agent2").await, "Ready");
}

/// What is due is in the chats, not in the node: another one goes on.
#[tokio::test]
async fn invitations_lapse_after_a_restart_too() {
    let site = staffed(&["agent1"]).await;
    site.visit("Vera").await;
    site.agents_with(&[1, 0, 0]).await;
    site.clock.advance(10_000);
    let site = site.restarted();
    let work = tokio::spawn({
        let app = site.app.clone();
        async move { app.work().await }
    });
    tokio::task::yield_now().await;
    site.agents_with(&[1, 0, 0]).await;
    site.pass(20).await;
    work.abort();
    site.agents_with(&[0, 0, 0]).await;
    assert_eq!(site.readiness("agent1").await, "NotReady");
}

/// DEC-43: five minutes without a poll; every request of the visitor counts as one.
#[tokio::test]
async fn a_visitor_who_falls_silent_has_left() {
    let site = staffed(&["agent1"]).await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    let agent = site.listen("agent1").await;
    for _ in 0..3 {
        site.pass(8).await;
        agent.hear(&site).await;
    }
    site.visitor_reads(&visitor, "").await;
    let mut heard = Vec::new();
    for passed in (8..=304).step_by(8) {
        site.pass(8).await;
        heard = agent.hear_short(&site).await;
        assert_eq!(heard.is_empty(), passed < 300, "{heard:?} after {passed} s");
    }
    assert_eq!(
        heard,
        ["ParticipantsUpdated Chatting [Agent One]", "NewMessages Vera ParticipantLeft"]
    );
    let answer = site.ask(Ask::get(&format!("/api/v2/chats/{visitor}"))).await.json();
    assert_eq!(answer["chat"]["state"], "Idle");
    let say = json!({"operationName": "SendMessage", "text": "x"});
    site.visitor_says(&visitor, say).await.assert_refused(400, 2, "SendMessage");
}

/// DEC-42: open chats go back to their queue, invitations are Revoked, wrap-up is Completed; DEC-45:
/// the sessions are told to stop.
#[tokio::test]
async fn who_logs_out_gives_everything_back() {
    let site = staffed(&["agent1"]).await;
    let (talking, _invited) = (site.visit("a").await, site.visit("b").await);
    let [first, second] = site.chats("agent1").await.try_into().unwrap();
    site.perform("agent1", &first, json!({"operationName": "Accept"})).await.assert_ok();
    let agent = site.listen("agent1").await;
    site.log_in(&["agent2"]).await;
    site.ready("agent2").await;
    site.agents_with(&[2, 0, 0]).await;

    let end = Ask::operation("/api/v2/me", "EndContactCenterSession").by("agent1");
    site.ask(end).await.assert_ok();
    site.app.catch_up().await;
    site.agents_with(&[0, 2, 0]).await;
    for chat in [&first, &second] {
        assert_eq!(site.chat("agent1", chat).await["state"], "Revoked");
    }
    assert_eq!(site.visitor_state(&talking).await, "WaitingForAgent");
    let told = agent.poll(&site, json!({})).await;
    assert_eq!(told[1]["advice"], json!({"reconnect": "none"}), "{told:?}");
}

/// Two nodes on one store offer a chat once.
#[tokio::test]
async fn two_nodes_offer_a_chat_once() {
    let one = staffed(&["agent1", "agent2"]).await;
    let two = one.restarted();
    for _ in 0..4 {
        // Nobody has had time to distribute it yet.
        let body = json!({"operationName": "RequestChat", "nickname": "x"}).to_string();
        one.ask(Ask::post("/api/v2/chats", body)).await;
        tokio::join!(one.app.catch_up(), two.app.catch_up());
        one.ready("agent1").await;
        two.ready("agent2").await;
    }
    let chats = [one.chats("agent1").await, one.chats("agent2").await].concat();
    assert_eq!(chats.len(), 4, "{chats:?}");
}

/// DEC-42: NotReady a minute after the last session was swept, logged out half an hour after.
#[tokio::test]
async fn who_is_lost_is_not_ready_and_then_logged_out() {
    let site = staffed(&["agent1"]).await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    let agent = site.listen("agent1").await;
    for _ in 0..20 {
        site.pass(8).await;
        agent.hear(&site).await;
        site.visitor_reads(&visitor, "").await;
    }
    assert_eq!(site.readiness("agent1").await, "Ready", "heard of all the time");
    site.pass(10).await; // swept
    site.pass(59).await;
    assert_eq!(site.readiness("agent1").await, "Ready");
    site.pass(1).await;
    assert_eq!(site.readiness("agent1").await, "NotReady");
    for _ in 0..28 {
        site.pass(60).await;
        site.visitor_reads(&visitor, "").await;
    }
    site.pass(59).await;
    site.agents_with(&[1, 0, 0]).await;
    site.pass(1).await;
    site.agents_with(&[0, 0, 0]).await;
    assert_eq!(site.chat("agent1", &chat).await["state"], "Revoked");
    assert_eq!(site.visitor_state(&visitor).await, "WaitingForAgent");
    let channel = site.ask(Ask::get("/api/v2/me/channels/chat").by("agent1")).await;
    channel.assert_refused(404, 6, "chat");
}

/// DEC-42: who comes back in time has lost nothing.
#[tokio::test]
async fn who_comes_back_in_time_stays_ready() {
    let site = staffed(&["agent1"]).await;
    site.listen("agent1").await;
    site.pass(10).await;
    site.pass(59).await;
    let agent = site.listen("agent1").await;
    for _ in 0..20 {
        site.pass(8).await;
        agent.hear(&site).await;
    }
    assert_eq!(site.readiness("agent1").await, "Ready");
}
