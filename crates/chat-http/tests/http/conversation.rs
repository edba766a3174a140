//! A whole conversation through HTTP, and what everybody on it sees.

use serde_json::{Value, json};

use crate::floor::{Listener, agent_uri};
use crate::support::{Answer, Site};

/// From the visitor's request to wrap-up.
#[tokio::test]
async fn a_visitor_and_an_agent_talk_to_each_other() {
    let site = Site::new();
    let visitor = site.visit("Vera").await;
    assert_eq!(site.visitor_state(&visitor).await, "WaitingForAgent");
    assert_eq!(site.visitor_reads(&visitor, "").await, ["Vera ParticipantJoined"]);

    site.log_in(&["agent1"]).await;
    let agent = site.listen("agent1").await;
    assert_eq!(agent.hear_short(&site).await, [""; 0]);
    site.ready("agent1").await;
    let invited = agent.hear(&site).await;
    assert_eq!(invited.len(), 1);
    assert_eq!(invited[0]["chat"]["state"], "Invited");
    assert_eq!(invited[0]["chat"]["capabilities"], json!(["Accept", "Reject"]));
    assert_eq!(invited[0]["chat"]["userData"], json!({"Subject": "Help", "FirstName": "Vera"}));
    assert_eq!(invited[0]["chat"]["participants"], json!([]));
    assert_eq!(invited[0].get("referenceId"), None);
    let chat = invited[0]["chat"]["id"].as_str().unwrap();
    assert!(chat.len() == 16 && chat.bytes().all(|b| b.is_ascii_alphanumeric()), "{chat}");

    let accept = json!({"operationName": "Accept", "nickname": "Anna"});
    site.perform("agent1", chat, accept).await.assert_ok();
    assert_eq!(
        agent.hear_short(&site).await,
        [
            "StatusChange Chatting [] #",
            "ParticipantsUpdated Chatting [Vera, Anna] #",
            "NewMessages Vera ParticipantJoined, Anna ParticipantJoined",
        ]
    );
    assert_eq!(site.visitor_state(&visitor).await, "Chatting");

    let hello = json!({"operationName": "SendMessage", "text": "Hello"});
    site.perform("agent1", chat, hello).await.assert_ok();
    let help = json!({"operationName": "SendMessage", "text": "Help me"});
    site.visitor_says(&visitor, help).await.assert_ok();
    assert_eq!(
        agent.hear_short(&site).await,
        ["NewMessages Anna: Hello", "NewMessages Vera: Help me"]
    );
    assert_eq!(
        site.visitor_reads(&visitor, "").await,
        ["Anna ParticipantJoined", "Anna: Hello", "Vera: Help me"]
    );
    assert_eq!(site.visitor_reads(&visitor, "").await, [""; 0]);

    for (operation, user_data) in [
        (
            json!({"operationName": "AttachUserData", "userData": {"a": 1, "b": null}}),
            json!({"Subject": "Help", "FirstName": "Vera", "a": 1, "b": null}),
        ),
        (
            json!({"operationName": "UpdateUserData", "userData": {"a": [2]}}),
            json!({"Subject": "Help", "FirstName": "Vera", "a": [2], "b": null}),
        ),
        (
            json!({"operationName": "DeleteUserData", "keys": ["b", "FirstName", "none"]}),
            json!({"Subject": "Help", "a": [2]}),
        ),
        (
            json!({"operationName": "SetDisposition", "disposition": "resolved"}),
            json!({"Subject": "Help", "a": [2], "DispositionCode": "resolved"}),
        ),
    ] {
        site.perform("agent1", chat, operation).await.assert_ok();
        let heard = agent.hear(&site).await;
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0]["notificationType"], "PropertiesUpdated");
        assert_eq!(heard[0]["chat"]["userData"], user_data);
    }

    let leave = json!({"operationName": "Leave"});
    site.perform("agent1", chat, leave).await.assert_ok();
    assert_eq!(agent.hear_short(&site).await, ["StatusChange LeftChat [] #"]);
    assert_eq!(site.visitor_state(&visitor).await, "Idle");
    assert_eq!(site.visitor_reads(&visitor, "").await, ["Anna ParticipantLeft"]);

    let complete = json!({"operationName": "Complete"});
    site.perform("agent1", chat, complete).await.assert_ok();
    assert_eq!(agent.hear_short(&site).await, ["StatusChange Completed [] #"]);
    assert_eq!(site.chats("agent1").await, [""; 0]);
    assert_eq!(site.chat("agent1", chat).await["state"], "Completed");
    let again = json!({"operationName": "Complete"});
    site.perform("agent1", chat, again).await.assert_refused(400, 2, "Complete");
}

/// A chat on which agent1 serves Vera, and what agent1, agent2 and agent3 hear of it.
struct Talk {
    site: Site,
    visitor: String,
    chat: String,
    agents: Vec<Listener>,
}

impl Talk {
    async fn begin() -> Self {
        let site = Site::new();
        site.log_in(&["agent1", "agent2", "agent3"]).await;
        let mut agents = Vec::new();
        for user in ["agent1", "agent2", "agent3"] {
            agents.push(site.listen(user).await);
        }
        site.ready("agent1").await;
        let visitor = site.visit("Vera").await;
        let chat = site.chats("agent1").await.remove(0);
        let talk = Self { site, visitor, chat, agents };
        talk.perform(1, json!({"operationName": "Accept"})).await;
        talk.everybody_hears().await;
        talk
    }

    async fn perform(&self, agent: u32, operation: Value) -> Answer {
        let answer = self.site.perform(&format!("agent{agent}"), &self.chat, operation).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// What each agent and the visitor hear, in this order.
    async fn everybody_hears(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for agent in &self.agents {
            all.push(agent.hear_short(&self.site).await);
        }
        all.push(self.site.visitor_reads(&self.visitor, "").await);
        all
    }

    #[track_caller]
    fn check(what: &str, heard: &[Vec<String>], expected: [&[&str]; 4]) {
        for (who, (heard, expected)) in
            ["agent1", "agent2", "agent3", "Vera"].iter().zip(heard.iter().zip(expected))
        {
            assert_eq!(heard, expected, "what {who} hears of {what}");
        }
    }

    /// Each step: who does what, and what agent1, agent2, agent3 and Vera hear of it.
    async fn goes(&self, steps: Vec<(u32, Value, [&[&str]; 4])>) {
        for (agent, operation, expected) in steps {
            let name = operation["operationName"].as_str().unwrap_or_default().to_owned();
            self.perform(agent, operation).await;
            Self::check(&name, &self.everybody_hears().await, expected);
        }
    }
}

fn op(name: &str) -> Value {
    json!({"operationName": name})
}

fn with_target(name: &str, agent: u32) -> Value {
    json!({"operationName": name, "targetUri": agent_uri(agent)})
}

/// DEC-16, DEC-22: a consulted agent sees and says what the customer does not.
#[tokio::test]
async fn a_consulted_agent_stays_behind_the_scenes_until_invited() {
    let talk = Talk::begin().await;
    let answer = talk.perform(1, with_target("Consult", 2)).await.json();
    assert_eq!(answer["statusCode"], 0);
    assert!(answer["referenceId"].as_u64().is_some(), "{answer}");
    Talk::check(
        "Consult",
        &talk.everybody_hears().await,
        [&[], &["StatusChange Invited []"], &[], &[]],
    );
    let both = "Vera, Agent One, Agent Two(Agents)";
    talk.goes(vec![
        (
            2,
            op("Accept"),
            [
                &[
                    &format!("ParticipantsUpdated Chatting [{both}]"),
                    "NewMessages Agent Two ParticipantJoined",
                ],
                &[
                    "StatusChange Chatting [] #",
                    &format!("ParticipantsUpdated Chatting [{both}] #"),
                    "NewMessages Vera ParticipantJoined, Agent One ParticipantJoined, \
                     Agent Two ParticipantJoined",
                ],
                &[],
                &[],
            ],
        ),
        (
            2,
            json!({"operationName": "SendMessage", "text": "Ask her"}),
            [&["NewMessages Agent Two: Ask her"], &["NewMessages Agent Two: Ask her"], &[], &[]],
        ),
        (
            1,
            json!({"operationName": "SendToAgents", "text": "I will"}),
            [&["NewMessages Agent One: I will"], &["NewMessages Agent One: I will"], &[], &[]],
        ),
        (
            1,
            json!({"operationName": "SendMessage", "text": "Well?"}),
            [
                &["NewMessages Agent One: Well?"],
                &["NewMessages Agent One: Well?"],
                &[],
                &["Agent One: Well?"],
            ],
        ),
        (
            1,
            with_target("Invite", 2),
            [
                &[
                    "ParticipantsUpdated Chatting [Vera, Agent One, Agent Two] #",
                    "NewMessages Agent Two ParticipantRejoined",
                ],
                &[
                    "ParticipantsUpdated Chatting [Vera, Agent One, Agent Two]",
                    "NewMessages Agent Two ParticipantRejoined",
                ],
                &[],
                &["Agent Two ParticipantRejoined"],
            ],
        ),
        (
            1,
            op("Leave"),
            [
                &["StatusChange Completed [Vera, Agent Two] #"],
                &[
                    "ParticipantsUpdated Chatting [Vera, Agent Two]",
                    "NewMessages Agent One ParticipantLeft",
                ],
                &[],
                &["Agent One ParticipantLeft"],
            ],
        ),
    ])
    .await;
    assert_eq!(talk.site.visitor_state(&talk.visitor).await, "Chatting");
}

/// DEC-15: to a stranger, to the consultant, to a queue.
#[tokio::test]
async fn a_chat_is_handed_on() {
    let talk = Talk::begin().await;
    talk.goes(vec![(
        1,
        with_target("Transfer", 2),
        [
            &["StatusChange Completed [Vera] #"],
            &["StatusChange Invited []"],
            &[],
            &["Agent One ParticipantLeft"],
        ],
    )])
    .await;
    assert_eq!(talk.site.visitor_state(&talk.visitor).await, "WaitingForAgent");
    talk.goes(vec![
        (
            2,
            op("Accept"),
            [
                &[],
                &[
                    "StatusChange Chatting [] #",
                    "ParticipantsUpdated Chatting [Vera, Agent Two] #",
                    "NewMessages Vera ParticipantJoined, Agent One ParticipantJoined, \
                     Agent One ParticipantLeft, Agent Two ParticipantJoined",
                ],
                &[],
                &["Agent Two ParticipantJoined"],
            ],
        ),
        (2, with_target("Consult", 3), [&[], &[], &["StatusChange Invited []"], &[]]),
    ])
    .await;
    talk.perform(3, op("Accept")).await;
    talk.everybody_hears().await;
    talk.goes(vec![(
        2,
        with_target("Transfer", 3),
        [
            &[],
            &["StatusChange Completed [Vera, Agent Three(Agents)] #"],
            &[
                "ParticipantsUpdated Chatting [Vera, Agent Three(Agents)]",
                "NewMessages Agent Two ParticipantLeft",
                "ParticipantsUpdated Chatting [Vera, Agent Three]",
                "NewMessages Agent Three ParticipantRejoined",
            ],
            &["Agent Two ParticipantLeft", "Agent Three ParticipantRejoined"],
        ],
    )])
    .await;
    // Ready for chats is agent1 alone, so the queue offers it there.
    talk.goes(vec![(
        3,
        json!({"operationName": "Transfer", "queueName": "support"}),
        [
            &["StatusChange Invited []"],
            &[],
            &["StatusChange Completed [Vera] #"],
            &["Agent Three ParticipantLeft"],
        ],
    )])
    .await;
    assert_eq!(talk.site.visitor_state(&talk.visitor).await, "WaitingForAgent");
}

/// DEC-15, DEC-16: a target without a chat session, or unknown.
#[tokio::test]
async fn who_is_not_there_cannot_be_given_a_chat() {
    let talk = Talk::begin().await;
    for name in ["Transfer", "Consult", "Invite"] {
        talk.perform(1, with_target(name, 4)).await;
        let heard = talk.agents[0].hear(&talk.site).await;
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0]["notificationType"], "Error", "{name}");
        assert_eq!(heard[0]["errorCode"], 2);
        assert!(heard[0]["referenceId"].as_u64().is_some());
        assert_eq!(heard[0]["chat"]["state"], "Chatting", "nothing moves");
        let unknown = json!({"operationName": name,
            "targetUri": "http://else.where/api/v2/users/00000000000000000000000000000000"});
        let answer = talk.site.perform("agent1", &talk.chat, unknown).await;
        answer.assert_refused(404, 6, "targetUri");
    }
    Talk::check("nothing", &talk.everybody_hears().await, [&[], &[], &[], &[]]);
}

/// DEC-16, DEC-30: withdrawn, and declined.
#[tokio::test]
async fn a_consult_may_come_to_nothing() {
    let talk = Talk::begin().await;
    let asked = talk.perform(1, with_target("Consult", 2)).await.json();
    talk.goes(vec![(
        2,
        op("Reject"),
        [
            &["Error Chatting [Vera, Agent One] #"],
            &["StatusChange Invited []", "StatusChange Completed [] #"],
            &[],
            &[],
        ],
    )])
    .await;
    talk.perform(1, with_target("Consult", 2)).await;
    talk.everybody_hears().await;
    let answer = talk.perform(1, op("CancelConsult")).await.json();
    assert!(answer["referenceId"].as_u64() > asked["referenceId"].as_u64(), "{answer} {asked}");
    Talk::check(
        "CancelConsult",
        &talk.everybody_hears().await,
        [&[], &["StatusChange Revoked []"], &[], &[]],
    );
    let answer = talk.site.perform("agent2", &talk.chat, op("Accept")).await;
    answer.assert_refused(400, 2, "Accept");
}
