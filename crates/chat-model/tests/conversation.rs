//! Whole conversations, told as a stage play: who does what, the reply, and who hears what.
//!
//! Each scene is a table of steps; the snapshot beside it is to be read against the decisions that
//! the test names. A line `-> agent1` is what agent1 hears: the notification, the state and the
//! number of the request; `[…]` are the participants that agent1 sees; `+` are new messages.

#[path = "support/play.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod play;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use play::play;

/// One test and one snapshot for each scene.
macro_rules! scenes {
    ($($(#[doc = $doc:literal])+ $name:ident: $script:expr;)+) => {$(
        $(#[doc = $doc])+
        #[test]
        fn $name() {
            insta::assert_snapshot!(play(&$script));
        }
    )+};
}

const REQUEST: &str =
    r#"customer RequestChat nickname=Chris subject=Question userData={"key":"value"}"#;
const OFFER: &str = "house offers agent1";
const ACCEPT: &str = "agent1 Accept nickname=Ann";

scenes! {
    /// Point 2, DEC-8, DEC-12, DEC-18, DEC-21, DEC-22, CHAT-8.11: the main job.
    a_whole_conversation: [
        REQUEST,
        "customer SendMessage text=Hello?",
        OFFER,
        ACCEPT,
        "agent1 SendStartTypingNotification",
        "agent1 SendStopTypingNotification",
        "agent1 SendMessage text=How_may_I_help? messageType=Greeting",
        "customer SendStartTypingNotification",
        "customer SendMessage text=My_phone",
        r#"agent1 AttachUserData userData={"UserData1":"DATA1","UserData2":123456789}"#,
        r#"agent1 UpdateUserData userData={"UserData1":987654321,"new":null}"#,
        r#"agent1 DeleteUserData keys=["UserData2","unknown"]"#,
        "agent1 DeleteUserData keys=[]",
        "agent1 SetDisposition disposition=Resolved",
        "agent1 AddComment comment=Nice_person",
        "agent1 SetInFocus",
        "agent1 SendUrl url=http://www.example.com",
        "agent1 SendCustomNotice noticeText=A_notice",
        "agent1 Leave text=Bye",
        "agent1 SetDisposition disposition=Solved dispositionKey=Code",
        "agent1 SendMessage text=too_late",
        "agent1 Complete",
        "agent1 Complete",
        "customer SendMessage text=too_late",
    ];
    /// DEC-15, DEC-17, DEC-40: declined and missed chats wait again.
    nobody_wants_it: [
        REQUEST, OFFER, "agent1 Reject", "agent1 Accept", "house offers agent2",
        "house expires agent2", "wait", "house expires agent2", "house offers agent1", ACCEPT,
    ];
    /// DEC-16, DEC-10: a consult that is accepted; messages for agents only; promotion by Invite.
    consult_is_accepted: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent2", "agent2 Accept nickname=Ben",
        "agent1 SendToAgents text=What_now?", "agent2 SendMessage text=Say_yes",
        "customer SendMessage text=Hm", "agent2 Complete", "agent2 Transfer to=agent3",
        "agent1 CancelConsult", "agent1 Invite to=agent2", "agent2 SendMessage text=Hi_Chris",
        "agent1 Consult to=agent2", "agent1 Invite to=agent2",
    ];
    /// DEC-16: withdrawn before acceptance; nothing is sent to the requester.
    consult_is_cancelled: [
        REQUEST, OFFER, ACCEPT, "agent1 CancelConsult", "agent1 Consult to=agent2",
        "agent1 Consult to=agent3", "agent1 Consult to=agent2", "agent1 CancelConsult",
        "agent3 Accept", "agent1 CancelConsult", "agent1 CancelConsult",
    ];
    /// DEC-16, DEC-17: a refusal is an Error with the number of the request.
    consult_is_refused: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent2", "agent1 SetInFocus", "agent2 Reject",
        "agent1 Invite to=agent2", "wait", "house expires agent2", "agent1 Consult to=absent",
        "agent1 Consult to=nobody", "agent1 Consult to=agent1", "agent1 Consult queue=Sales",
        "agent2 Accept nickname=Ben", "agent1 Consult queue=nowhere",
    ];
    /// DEC-16, DEC-21, DEC-22: a conference; everybody sees everybody.
    invite_a_stranger: [
        REQUEST, OFFER, ACCEPT, "agent1 Invite to=agent2", "agent1 SendMessage text=A_moment",
        "agent2 Accept nickname=Ben", "agent2 SendMessage text=Hi",
        "agent2 SendToAgents text=Is_it_billing?",
        r#"agent2 AttachUserData userData={"k":1}"#, "agent1 Leave text=Bye",
        "agent2 Leave", "agent2 Leave",
    ];
    /// CHAT-7.0-21, CHAT-3.21: the removed agent's chat is taken away.
    remove_a_participant: [
        REQUEST, OFFER, ACCEPT, "agent1 Invite to=agent2", "agent2 Accept nickname=Ben",
        "agent1 Consult to=agent3", "agent1 RemoveParticipantFromConference to=agent3",
        "agent3 Accept nickname=Cid", "agent3 RemoveParticipantFromConference to=agent2",
        "agent1 RemoveParticipantFromConference to=agent2 text=Thanks_Ben",
        "agent2 SendMessage text=but", "agent1 RemoveParticipantFromConference to=agent3",
    ];
    /// DEC-15: to a stranger, who accepts.
    transfer_to_a_stranger: [
        REQUEST, OFFER, ACCEPT, "agent1 Transfer to=agent2 text=My_colleague_takes_over",
        "customer SendMessage text=ok", "agent2 Accept nickname=Ben", "agent1 SendMessage text=x",
        "agent2 Transfer to=agent1", "agent1 Accept nickname=Ann_again",
    ];
    /// DEC-15: to one who is joined, who takes over at once.
    transfer_to_the_consultant: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent2", "agent2 Accept nickname=Ben",
        "agent1 Transfer to=agent2", "agent2 SendMessage text=Here_I_am",
    ];
    /// DEC-15, DEC-21: to a queue; the consultant's leg stays, the customer waits.
    transfer_to_a_queue: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent3", "agent3 Accept nickname=Cid",
        "agent1 Transfer queueName=Support text=One_moment", "agent3 SendMessage text=hidden",
        "agent3 Leave", "house offers agent2", "agent2 Accept nickname=Ben",
    ];
    /// DEC-15: rejected, not answered, to an absent one, to nobody: the customer is not lost.
    transfer_fails: [
        REQUEST, OFFER, ACCEPT, "agent1 Transfer to=absent", "agent1 Transfer to=nobody",
        "agent1 Transfer to=agent1", "agent1 Transfer queueName=nowhere",
        "agent1 Transfer to=agent2", "agent2 Reject", "house offers agent3", "agent3 Accept",
        "agent3 Transfer to=agent4", "wait", "house expires agent4",
    ];
    /// CHAT-3.16, CHAT-7.2-4: Complete places the interaction in a queue; the session is over.
    complete_into_a_queue: [
        REQUEST, OFFER, ACCEPT, "agent1 Complete queueName=nowhere",
        "agent1 Complete queueName=Support saveLAR=true text=Bye", "house offers agent2",
        "agent2 Accept", "agent2 SendMessage text=x", r#"agent2 AttachUserData userData={"k":1}"#,
        "agent2 Complete",
    ];
    /// DEC-21: a customer who leaves while nobody has joined.
    the_customer_leaves_while_waiting: [
        REQUEST, "customer Complete", "house offers agent1", "customer Complete",
    ];
    /// DEC-21: the invitation is revoked.
    the_customer_leaves_while_invited: [REQUEST, OFFER, "customer Complete", ACCEPT];
    /// DEC-18, DEC-43: the agent stays and finishes.
    the_customer_leaves_while_chatting: [
        REQUEST, OFFER, ACCEPT, "house removes-customer", "agent1 SendMessage text=Hello?",
        "agent1 Leave", "agent1 Leave",
    ];
    /// DEC-23: accepted after the session ended.
    accept_comes_too_late: [
        REQUEST, OFFER, ACCEPT, "agent1 Invite to=agent2", "customer Complete",
        "agent2 Accept nickname=Ben", "agent2 SendMessage text=x", "agent2 SetInFocus",
        "agent2 Complete", "agent1 Transfer to=agent3", "agent3 Accept", "house logs-out agent3",
    ];
    /// DEC-42: invitations are Revoked, open chats go back to their queue, wrap-up is Completed.
    logout_in_each_state: [
        REQUEST, OFFER, "house logs-out agent1", "house offers agent1", ACCEPT,
        "agent1 Consult to=agent2", "house logs-out agent2", "house logs-out agent1",
        "house offers agent3", "agent3 Accept nickname=Cid", "agent3 Leave",
        "house logs-out agent3", "house logs-out agent3",
    ];
    /// DEC-21: the longest-joined consulted agent is raised when the last visible one goes.
    the_last_agent_goes: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent3", "agent1 Consult to=agent2",
        "agent2 Accept nickname=Ben", "agent3 Accept nickname=Cid", "agent1 Leave text=Bye",
        "agent2 SendMessage text=It_is_me_now", "agent2 Complete", "agent3 Complete",
    ];
    /// DEC-21, DEC-42: the same at logout.
    the_last_agent_logs_out: [
        REQUEST, OFFER, ACCEPT, "agent1 Consult to=agent2", "agent2 Accept nickname=Ben",
        "house logs-out agent1", "house logs-out agent2",
    ];
}
