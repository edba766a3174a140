//! What supervisors do to other agents' channels (PLAT-3.5-3).

use serde_json::json;

use crate::floor::agent_id;
use crate::support::{Answer, Ask, Site};

impl Site {
    async fn control(&self, by: &str, agent: u32, channel: &str, operation: &str) -> Answer {
        let path = format!("/api/v2/users/{}/channels/{channel}", agent_id(agent));
        let answer = self.ask(Ask::operation(&path, operation).by(by)).await;
        self.app.catch_up().await;
        answer
    }
}

/// PLAT-3.5-3, NOTIF-3.3: the agent's sessions hear of each change once, all of them, in order.
#[tokio::test]
async fn a_supervisor_changes_an_agents_readiness() {
    let site = Site::new();
    let channels = ["/v2/me/channels", "/v2/me/*", "/**"];
    let mut sessions = Vec::new();
    for channel in channels {
        sessions.push(site.listen_to("agent1", channel, json!({})).await);
    }
    let other = site.listen_to("agent2", "/**", json!({})).await;
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","chat"]}"#;
    site.ask(Ask::post("/api/v2/me", start).by("agent1")).await.assert_ok();
    site.control("supervisor1", 1, "chat", "Ready").await.assert_ok();
    site.ask(Ask::operation("/api/v2/me", "DoNotDisturbOn").by("agent1")).await.assert_ok();
    for operation in ["DoNotDisturbOff", "OutToLunch", "NotReady", "NotReady", "Offline"] {
        site.control("supervisor1", 1, "chat", operation).await.assert_ok();
    }
    site.control("supervisor1", 1, "voice", "Ready").await.assert_ok();
    site.control("supervisor1", 1, "voice", "Offline").await.assert_ok();
    let expected = [
        "voice:Not Ready chat:Not Ready:Off",
        "chat:Ready:Off",
        "chat:Ready:On",
        "chat:Ready:Off",
        "chat:Out To Lunch:Off",
        "chat:Not Ready:Off",
        // What is the case already is said to whoever asks, too.
        "chat:Not Ready:Off",
        "chat:Offline",
        "voice:Ready",
        "voice:Offline",
    ];
    for session in sessions {
        assert_eq!(session.hear_short(&site).await, expected);
        assert_eq!(session.hear_short(&site).await, [""; 0]);
    }
    assert_eq!(other.hear_short(&site).await, [""; 0]);
    let after = site.control("supervisor1", 1, "voice", "Ready").await;
    after.assert_refused(400, 2, "session");
    // The agent goes on with a new session.
    site.log_in(&["agent1"]).await;
    site.control("supervisor1", 1, "chat", "Ready").await.assert_ok();
}

/// PLAT-3.5-3: whose chats an agent has when taken offline is as at a logout (DEC-42); the agent
/// goes on listening.
#[tokio::test]
async fn an_agent_who_is_taken_offline_gives_everything_back() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    let agent = site.listen_to("agent1", "/**", json!({})).await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    site.ready("agent2").await;
    agent.hear_short(&site).await;
    site.control("supervisor1", 1, "chat", "Offline").await.assert_ok();
    assert_eq!(agent.hear_short(&site).await, ["chat:Offline", "StatusChange Revoked [Vera]"]);
    assert_eq!(site.visitor_state(&visitor).await, "WaitingForAgent");
    assert_eq!(site.chats("agent2").await, [chat]);
    assert_eq!(site.chats("agent1").await, [""; 0]);
}

/// DEC-13, DEC-14, DEC-19: who may do what to whom, the first that fails answers.
#[tokio::test]
async fn refusals_come_in_the_order_of_the_checks() {
    let site = Site::with(|config| {
        config.users[1].roles = vec!["ROLE_SUPERVISOR".to_owned()];
        config.users[2].roles = vec!["ROLE_APIUSER".to_owned()];
    });
    site.log_in(&["agent1"]).await;
    let path = |id: &str, channel: &str| format!("/api/v2/users/{id}/channels/{channel}");
    let (id1, nobody) = (agent_id(1), "ffffffffffffffffffffffffffffffff");
    let ready = r#"{"operationName":"Ready"}"#;
    let not_json = "{";
    for (by, path, body, http, code, part) in [
        ("nobody", path(&id1, "chat"), ready, 403, 20, "Access denied"),
        ("agent1", path(nobody, "chat"), ready, 403, 5, "ROLE_SUPERVISOR"),
        ("agent1", path(&id1, "chat"), not_json, 403, 5, "found one with ROLE_AGENT"),
        ("agent2", path(nobody, "fax"), not_json, 400, 10, ""),
        ("agent2", path(nobody, "fax"), "{}", 404, 6, "no agent"),
        // Neither an agent who is none.
        ("agent2", path(&agent_id(2), "chat"), ready, 404, 6, "no agent"),
        ("agent2", path(&id1, "chat"), "{}", 400, 1, "operationName"),
        ("agent2", path(&id1, "chat"), r#"{"operationName":"Dance"}"#, 400, 10, "Dance"),
        (
            "agent2",
            path(&id1, "chat"),
            r#"{"operationName":"DoNotDisturbOn"}"#,
            403,
            3,
            "found DoN",
        ),
        ("agent2", path(&agent_id(4), "chat"), ready, 400, 2, "StartContactCenterSession"),
        ("agent2", path(&agent_id(4), "chat"), r#"{"operationName":"Offline"}"#, 400, 2, "session"),
        ("agent2", path(&id1, "fax"), ready, 404, 6, "(chat), found \"fax\""),
        ("agent2", path(&id1, "fax"), r#"{"operationName":"Offline"}"#, 404, 6, "found \"fax\""),
    ] {
        let answer = site.ask(Ask::post(&path, body).by(by)).await;
        answer.assert_refused(http, code, part);
    }
    for by in ["supervisor1", "agent2", "agent3"] {
        site.control(by, 1, "chat", "Ready").await.assert_ok();
    }
    site.ask(Ask::get(&path(&id1, "chat")).by("agent2")).await.assert_refused(405, 3, "method");
}
