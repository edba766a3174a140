//! Supervision over HTTP: who may, what each hears and reads, and how long it lasts (CHAT-1.2,
//! CHAT-1.3, CHAT-7.0-28 to -30, DEC-19, DEC-40).

use chat_http::User;
use serde_json::{Value, json};

use crate::floor::agent_id;
use crate::support::{Answer, Ask, Site};

const SUPERVISOR: &str = "supervisor1";

fn channel(agent: u32) -> String {
    format!("/api/v2/users/{}/channels/chat", agent_id(agent))
}

fn chat_of(agent: u32, chat: &str) -> String {
    format!("/api/v2/users/{}/chats/{chat}", agent_id(agent))
}

impl Site {
    async fn supervise(&self, path: &str, body: Value) -> Answer {
        let answer = self.ask(Ask::post(path, body.to_string()).by(SUPERVISOR)).await;
        self.app.catch_up().await;
        answer
    }

    /// agent1 takes the visitor's chat; its id.
    async fn taken(&self, nickname: &str) -> String {
        self.visit(nickname).await;
        let chat = self.chats("agent1").await.pop().unwrap();
        let accept = json!({"operationName": "Accept", "nickname": "Ann"});
        self.perform("agent1", &chat, accept).await.assert_ok();
        chat
    }
}

/// agent1 is Ready, supervisor1 in a session without being offered chats.
async fn floor() -> Site {
    let site = Site::new();
    site.log_in(&["agent1", "agent2", SUPERVISOR]).await;
    site.ready("agent1").await;
    site
}

/// CHAT-7.2-5 to -7, DEC-22: one chat through every mode; the supervisor hears all of it, the others
/// what is for them.
#[tokio::test]
async fn a_supervisor_goes_through_every_mode() {
    let site = floor().await;
    let (agent, supervisor) = (site.listen("agent1").await, site.listen(SUPERVISOR).await);
    let monitor = json!({"operationName": "Monitor", "supervisorMonitoringMode": "NextChat",
        "nickname": "Sue"});
    site.supervise(&channel(1), monitor).await.assert_ok();

    let visitor = site.visit("Chris").await;
    let chat = site.chats("agent1").await.remove(0);
    assert_eq!(site.chats(SUPERVISOR).await, [""; 0], "not before the agent accepts");
    let accept = json!({"operationName": "Accept", "nickname": "Ann"});
    site.perform("agent1", &chat, accept).await.assert_ok();
    assert_eq!(site.chats(SUPERVISOR).await, [&*chat]);

    let says = |text: &str| json!({"operationName": "SendMessage", "text": text});
    site.visitor_says(&visitor, says("Hello")).await.assert_ok();
    site.perform(SUPERVISOR, &chat, says("unheard")).await.assert_refused(403, 3, "SendMessage");
    for (operation, text) in [("SwitchToCoach", "psst"), ("SwitchBargeIn", "Good day")] {
        site.perform(SUPERVISOR, &chat, json!({"operationName": operation})).await.assert_ok();
        site.perform(SUPERVISOR, &chat, says(text)).await.assert_ok();
    }
    site.perform(SUPERVISOR, &chat, json!({"operationName": "SwitchToMonitor"})).await.assert_ok();
    site.perform("agent1", &chat, json!({"operationName": "Complete"})).await.assert_ok();

    assert_eq!(
        agent.hear_short(&site).await,
        [
            "StatusChange Invited []",
            "StatusChange Chatting [] #",
            "ParticipantsUpdated Chatting [Chris, Ann] #",
            "NewMessages Chris ParticipantJoined, Ann ParticipantJoined",
            "NewMessages Chris: Hello",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue(Agents)]",
            "NewMessages Sue ParticipantRejoined",
            "NewMessages Sue: psst",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue]",
            "NewMessages Sue ParticipantRejoined",
            "NewMessages Sue: Good day",
            "ParticipantsUpdated Chatting [Chris, Ann]",
            "NewMessages Sue ParticipantRejoined",
            "StatusChange Completed [] #",
        ]
    );
    assert_eq!(
        supervisor.hear_short(&site).await,
        [
            "StatusChange Chatting []",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue(Supervisors)]",
            "NewMessages Chris ParticipantJoined, Ann ParticipantJoined, Sue ParticipantJoined",
            "NewMessages Chris: Hello",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue(Agents)] #",
            "NewMessages Sue ParticipantRejoined",
            "NewMessages Sue: psst",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue] #",
            "NewMessages Sue ParticipantRejoined",
            "NewMessages Sue: Good day",
            "ParticipantsUpdated Chatting [Chris, Ann, Sue(Supervisors)] #",
            "NewMessages Sue ParticipantRejoined",
            "ParticipantsUpdated Chatting [Sue(Supervisors)]",
            "NewMessages Ann ParticipantLeft",
            "StatusChange Revoked []",
        ]
    );
    assert_eq!(
        site.visitor_reads(&visitor, "").await,
        [
            "Chris ParticipantJoined",
            "Ann ParticipantJoined",
            "Chris: Hello",
            "Sue ParticipantRejoined",
            "Sue: Good day",
            "Sue ParticipantRejoined",
            "Ann ParticipantLeft",
        ]
    );

    // NextChat was for one chat (CHAT-7.2-8).
    site.taken("Kim").await;
    assert_eq!(site.chats(SUPERVISOR).await, [""; 0]);
    let cancel = json!({"operationName": "CancelSupervisorMonitoring"});
    site.supervise(&channel(1), cancel).await.assert_refused(400, 2, "supervises");
}

/// CHAT-7.0-30: the supervisor is asked, accepts, and sees what was said before.
#[tokio::test]
async fn a_supervisor_breaks_in() {
    let site = floor().await;
    let supervisor = site.listen(SUPERVISOR).await;
    let chat = site.taken("Chris").await;
    let intrude =
        |mode: &str| json!({"operationName": "Intrude", "supervisorVisibilityMode": mode});
    let path = chat_of(1, &chat);
    site.supervise(&path, json!({"operationName": "Intrude"})).await.assert_refused(
        400,
        1,
        "supervisorVisibilityMode",
    );
    site.supervise(&path, intrude("BargeIn")).await.assert_ok();
    site.supervise(&path, intrude("BargeIn")).await.assert_refused(400, 2, "Invited");
    site.perform(SUPERVISOR, &chat, json!({"operationName": "Accept"})).await.assert_ok();
    assert_eq!(
        supervisor.hear_short(&site).await,
        [
            "StatusChange Invited [] #",
            "StatusChange Chatting [] #",
            "ParticipantsUpdated Chatting [Chris, Ann, Supervisor One] #",
            "NewMessages Chris ParticipantJoined, Ann ParticipantJoined, \
             Supervisor One ParticipantJoined",
        ]
    );
    site.perform(SUPERVISOR, &chat, json!({"operationName": "Leave"})).await.assert_ok();
    // DEC-17: an unanswered one is revoked, and nobody is made NotReady.
    site.supervise(&path, intrude("Monitor")).await.assert_ok();
    site.clock.advance(31_000);
    site.app.catch_up().await;
    assert_eq!(site.chat(SUPERVISOR, &chat).await["state"], "Revoked");
}

/// PLAT-2.3, DEC-13, DEC-14, DEC-19: the role (5), the agent and the chat (6), the operation (10).
#[tokio::test]
async fn not_everybody_may_supervise_everything() {
    let site = floor().await;
    let chat = site.taken("Chris").await;
    let nobody = "/api/v2/users/00000000000000000000000000000000";
    let supervisor_id = agent_id(4);
    let monitor = json!({"operationName": "Monitor"});
    let intrude = json!({"operationName": "Intrude", "supervisorVisibilityMode": "Coach"});
    for (user, path, body, http, code, says) in [
        ("agent2", channel(1), &monitor, 403, 5, "ROLE_SUPERVISOR"),
        ("agent2", chat_of(1, &chat), &intrude, 403, 5, "ROLE_SUPERVISOR"),
        (SUPERVISOR, format!("{nobody}/channels/chat"), &monitor, 404, 6, "no agent"),
        (SUPERVISOR, format!("{nobody}/chats/{chat}"), &intrude, 404, 6, "no agent"),
        (SUPERVISOR, chat_of(1, "0000000000000000"), &intrude, 404, 6, "no such chat"),
        (SUPERVISOR, chat_of(2, &chat), &intrude, 404, 6, "no such chat"),
        (SUPERVISOR, chat_of(1, &chat), &monitor, 400, 10, "Monitor"),
        (SUPERVISOR, channel(1), &intrude, 400, 10, "Intrude"),
        (SUPERVISOR, channel(1).replace("/chat", "/email"), &monitor, 404, 6, "email"),
        (
            SUPERVISOR,
            format!("/api/v2/users/{supervisor_id}/channels/chat"),
            &monitor,
            400,
            10,
            "another agent",
        ),
        (
            SUPERVISOR,
            channel(1),
            &json!({"operationName": "Coach", "supervisorMonitoringMode": "Always"}),
            400,
            10,
            "`NextChat` or `AllChats`",
        ),
    ] {
        let answer = site.ask(Ask::post(&path, body.to_string()).by(user)).await;
        answer.assert_refused(http, code, says);
    }
    let anonymous = Ask::post(&channel(1), monitor.to_string());
    site.ask(anonymous).await.assert_refused(403, 20, "");
    // Who is in no session would come along with no chat.
    let end = Ask::operation("/api/v2/me", "EndContactCenterSession").by(SUPERVISOR);
    site.ask(end).await.assert_ok();
    site.supervise(&channel(1), monitor).await.assert_refused(400, 2, "session");
}

/// DEC-19: all chats until it is cancelled, over a restart of the server, without being there too;
/// DEC-40: and it takes no capacity.
#[tokio::test]
async fn supervision_of_all_chats_lasts() {
    let site = floor().await;
    site.supervise(&channel(1), json!({"operationName": "Coach"})).await.assert_ok();
    let first = site.taken("a").await;
    let site = site.restarted();
    site.app.catch_up().await;
    let second = site.taken("b").await;
    assert_eq!(site.chats(SUPERVISOR).await, [first.clone(), second.clone()]);

    // Who is away comes along with nothing, and is back afterwards.
    let end = Ask::operation("/api/v2/me", "EndContactCenterSession").by(SUPERVISOR);
    site.ask(end).await.assert_ok();
    site.app.catch_up().await;
    assert_eq!(site.chat(SUPERVISOR, &first).await["state"], "Revoked");
    site.perform("agent1", &first, json!({"operationName": "Complete"})).await.assert_ok();
    site.taken("c").await;
    assert_eq!(site.chats(SUPERVISOR).await, [""; 0]);
    site.log_in(&[SUPERVISOR]).await;
    site.perform("agent1", &second, json!({"operationName": "Complete"})).await.assert_ok();
    let fourth = site.taken("d").await;
    assert_eq!(site.chats(SUPERVISOR).await, [&*fourth]);

    let cancel = json!({"operationName": "CancelSupervisorMonitoring"});
    site.supervise(&channel(1), cancel).await.assert_ok();
    assert_eq!(site.chats(SUPERVISOR).await, [fourth], "the present chat goes on");
}

/// CHAT-1.1, CHAT-7.0, DEC-61: supervising chats takes the feature for chats as well, because who has
/// none is shown no chats.
#[tokio::test]
async fn who_has_no_chats_supervises_none() {
    let site = Site::with(|config| {
        config.users[3].features = Some(vec!["api-supervisor-monitoring".to_owned()]);
    });
    site.log_in(&["agent1", SUPERVISOR]).await;
    site.ready("agent1").await;
    let chat = site.taken("Chris").await;
    let monitor = json!({"operationName": "Monitor"});
    let intrude = json!({"operationName": "Intrude", "supervisorVisibilityMode": "Coach"});
    site.supervise(&channel(1), monitor).await.assert_refused(403, 3, "api-multimedia");
    site.supervise(&chat_of(1, &chat), intrude).await.assert_refused(403, 3, "api-multimedia");
}

/// PLAT-2.3: supervision is kept over a restart, and the right to it is the present configuration's.
#[tokio::test]
async fn who_may_not_supervise_any_more_does_not_come_along() {
    for (what, change) in [
        ("the role", (|user| user.roles = vec!["ROLE_AGENT".to_owned()]) as fn(&mut User)),
        ("the feature", |user| user.features = Some(vec!["api-multimedia".to_owned()])),
        ("chats", |user| user.features = Some(vec!["api-supervisor-monitoring".to_owned()])),
    ] {
        let site = floor().await;
        for operation in ["Monitor", "Coach"] {
            site.supervise(&channel(1), json!({"operationName": operation})).await.assert_ok();
        }
        let listener = site.listen(SUPERVISOR).await;
        let site = site.restarted_with(|config| change(&mut config.users[3]));
        site.taken("Chris").await;
        assert_eq!(listener.hear_short(&site).await, [""; 0], "without {what}");
    }
}
