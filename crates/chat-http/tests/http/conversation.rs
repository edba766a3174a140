//! A whole conversation through HTTP, and what everybody on it sees.

use serde_json::json;

use crate::support::Site;

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
