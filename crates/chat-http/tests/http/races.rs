//! What happens between a decision and its record: each pair of requests at the worst moment.

use std::time::Duration;

use chat_store::fault::Fault;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::floor::{agent_id, agent_uri};
use crate::support::{Answer, Ask, Site};

const SUPERVISOR: &str = "supervisor1";

/// agent1 is Ready and supervised by supervisor1, who is there; a visitor's chat is offered.
async fn invited(site: &Site, supervise: serde_json::Value) -> String {
    site.log_in(&["agent1", "agent2", SUPERVISOR]).await;
    site.ready("agent1").await;
    let channel = format!("/api/v2/users/{}/channels/chat", agent_id(1));
    site.ask(Ask::post(&channel, supervise.to_string()).by(SUPERVISOR)).await.assert_ok();
    site.visit("Chris").await;
    site.chats("agent1").await.remove(0)
}

/// Asks without waiting for the answer.
fn spawn(site: &Site, ask: Ask) -> JoinHandle<Answer> {
    tokio::spawn(Site::ask_router(site.router.clone(), ask))
}

fn accept(chat: &str) -> Ask {
    Ask::operation(&format!("/api/v2/me/chats/{chat}"), "Accept").by("agent1")
}

fn end(user: &str) -> Ask {
    Ask::operation("/api/v2/me", "EndContactCenterSession").by(user)
}

/// The answer, or a failure where two requests wait for each other: the clock of the runtime moves on
/// by itself only when nothing else can.
async fn answered(request: JoinHandle<Answer>) -> Answer {
    let answer = tokio::time::timeout(Duration::from_secs(3_600), request).await;
    answer.expect("nobody answers").unwrap()
}

/// DEC-42: a supervisor who logs out while coming along is seen off, whoever asks meanwhile.
#[tokio::test(start_paused = true)]
async fn a_supervisor_logs_out_while_the_agent_accepts_twice() {
    let (site, store) = Site::faulty(|_| ());
    let chat = invited(&site, json!({"operationName": "Monitor"})).await;
    let pause = store.pause().await;
    let first = spawn(&site, accept(&chat));
    pause.arrived().await;
    // On another node, which writes although this one cannot.
    site.restarted().ask(end(SUPERVISOR)).await.assert_ok();
    let second = spawn(&site, accept(&chat));
    // It waits for the chat by now.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(pause);
    answered(first).await.assert_ok();
    answered(second).await.assert_refused(400, 2, "Accept");
    assert_eq!(site.chat(SUPERVISOR, &chat).await["state"], "Revoked");
    assert_eq!(site.chat("agent1", &chat).await["state"], "Chatting");
}

/// CHAT-7.2-8, DEC-19: whatever becomes of the record, of the answer and of the server, the next chat is
/// one chat; and whoever had none yet is not forgotten.
#[tokio::test(start_paused = true)]
async fn the_next_chat_is_one_chat_whatever_fails() {
    let lost = [Fault::UnknownLost; 6];
    for (faults, failing_reads) in [
        (&[][..], 0),
        (&[Fault::Retry], 0),
        (&[Fault::UnknownApplied], 0),
        (&[Fault::UnknownLost], 0),
        (&[Fault::UnknownLate], 0),
        // Nothing was written, and the agent accepts another chat first.
        (&lost, 0),
        // Nobody notes what became of it.
        (&[], 1),
        (&[Fault::UnknownApplied], 1),
    ] {
        for is_dropped in [false, true] {
            check_next_chat(faults, failing_reads, is_dropped).await;
        }
    }
}

async fn check_next_chat(faults: &[Fault], failing_reads: u64, is_dropped: bool) {
    let what = format!("{faults:?}, {failing_reads} failing reads, dropped: {is_dropped}");
    let monitor = json!({"operationName": "Monitor", "supervisorMonitoringMode": "NextChat"});
    let (site, store) = Site::faulty(|config| config.users[0].capacity = 9);
    let first = invited(&site, monitor).await;
    store.meet(faults.iter().copied());
    let pause = store.pause().await;
    let request = spawn(&site, accept(&first));
    pause.arrived().await;
    if is_dropped {
        request.abort();
    }
    store.fail_reads(failing_reads);
    drop(pause);
    let _ = request.await;
    store.fail_reads(0);
    // On with the same server, and as after a crash with nothing but the store.
    let site = if failing_reads > 0 { site } else { site.restarted() };
    let is_open = site.chat("agent1", &first).await["state"] == "Invited";
    take(&site, "Kim").await;
    assert_eq!(site.chats(SUPERVISOR).await.len(), usize::from(!is_open), "{what}");
    if is_open {
        // It may still be the next one, or never.
        let answer = if is_dropped { "Accept" } else { "Reject" };
        site.perform("agent1", &first, json!({"operationName": answer})).await.assert_ok();
    }
    take(&site, "Lee").await;
    assert_eq!(site.chats(SUPERVISOR).await.len(), 1, "{what}");
    take(&site, "Max").await;
    assert_eq!(site.chats(SUPERVISOR).await.len(), 1, "{what}");
}

/// agent1 takes the chat of one more visitor.
async fn take(site: &Site, visitor: &str) {
    site.visit(visitor).await;
    let chat = site.chats("agent1").await.pop().unwrap();
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
}

/// DEC-42: whoever logs out while being invited, here or on another node, is not left with the
/// invitation. Each request is held between its look at who is there and its record.
#[tokio::test(start_paused = true)]
async fn whoever_logs_out_while_being_invited_is_seen_off() {
    let to = |operation: &str| json!({"operationName": operation, "targetUri": agent_uri(2)});
    let intrude = json!({"operationName": "Intrude", "supervisorVisibilityMode": "Coach"});
    let path = |chat: &str| format!("/api/v2/me/chats/{chat}");
    let of_agent = |chat: &str| format!("/api/v2/users/{}/chats/{chat}", agent_id(1));
    for (by, body, invited, is_of_agent) in [
        ("agent1", to("Transfer"), "agent2", false),
        ("agent1", to("Consult"), "agent2", false),
        ("agent1", to("Invite"), "agent2", false),
        (SUPERVISOR, intrude, SUPERVISOR, true),
    ] {
        let (site, store) = Site::faulty(|_| ());
        site.log_in(&["agent1", "agent2", SUPERVISOR]).await;
        site.ready("agent1").await;
        take(&site, "Chris").await;
        let chat = site.chats("agent1").await.remove(0);
        let pause = store.pause().await;
        let path = if is_of_agent { of_agent(&chat) } else { path(&chat) };
        let request = spawn(&site, Ask::post(&path, body.to_string()).by(by));
        pause.arrived().await;
        // On another node, which writes although this one cannot.
        site.restarted().ask(end(invited)).await.assert_ok();
        drop(pause);
        assert_eq!(answered(request).await.status, 200, "{body}");
        assert_eq!(site.chat(invited, &chat).await["state"], "Revoked", "{body}");
    }
}

/// DEC-42, DEC-40: the same of who is offered a chat of a queue, and logs out on another node.
#[tokio::test(start_paused = true)]
async fn whoever_logs_out_while_being_offered_a_chat_is_seen_off() {
    let (site, store) = Site::faulty(|_| ());
    let other_node = site.restarted();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let request = json!({"operationName": "RequestChat", "nickname": "Chris"});
    let visit = site.ask(Ask::post("/api/v2/chats", request.to_string())).await.json();
    let pause = store.pause().await;
    let app = site.app.clone();
    let offering = tokio::spawn(async move { app.catch_up().await });
    pause.arrived().await;
    other_node.ask(end("agent1")).await.assert_ok();
    drop(pause);
    offering.await.unwrap();
    assert_eq!(site.chats("agent1").await, [""; 0]);
    assert_eq!(site.visitor_state(visit["id"].as_str().unwrap()).await, "WaitingForAgent");
    // Nothing is lost: the next one who is ready is offered it.
    site.log_in(&["agent2"]).await;
    site.ready("agent2").await;
    assert_eq!(site.chats("agent2").await.len(), 1);
}
