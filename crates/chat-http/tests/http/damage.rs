//! What is damaged in the store costs what it is of, and nobody else anything.

use chat_model::{ChatId, QueueName, UserId};
use chat_store::{Append, CommandId, FeedId, Head, Store as _};
use serde_json::json;

use crate::floor::agent_id;
use crate::support::{Ask, Site};

/// A chat of which nothing can be read, on the lists and in the feeds of these.
async fn damaged(site: &Site, chat: &str, of: &[FeedId]) {
    let chat = ChatId::new(chat);
    let append =
        Append::new(&chat, Head::NONE, CommandId::new([7; 16]), 1_700_000_000_000, b"{torn");
    site.store.append(append.feeds(of).list(of)).await.unwrap();
}

fn agent1() -> FeedId {
    FeedId::user(&UserId::new(agent_id(1)))
}

/// A start with a damaged chat on the lists of a user and of a queue: the chats beside it are known, so
/// that invitations lapse and waiting chats are offered, and so are those that come.
#[tokio::test]
async fn a_damaged_chat_does_not_hold_up_the_house() {
    let site = Site::new();
    damaged(&site, "0000000000000001", &[agent1(), FeedId::queue(&QueueName::new("support"))])
        .await;
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent2").await;
    site.visit("Vera").await;
    let chat = site.chats("agent2").await.remove(0);

    let site = site.restarted();
    // The invitation lapses, which nobody but the house would know.
    site.clock.advance(61_000);
    site.app.catch_up().await;
    assert_eq!(site.chats("agent2").await, [""; 0], "it lapsed");
    site.ready("agent2").await;
    // Who missed it is not the next one to be asked (DEC-40).
    site.clock.advance(31_000);
    site.app.catch_up().await;
    assert_eq!(site.chats("agent2").await, [chat], "and waits in its queue");

    // Of whom it is: what is whole is listed, the chat itself is refused, and the agent can go.
    assert_eq!(site.chats("agent1").await, [""; 0]);
    let read = site.ask(Ask::get("/api/v2/me/chats/0000000000000001").by("agent1")).await;
    read.assert_refused(503, 4, "what is kept of it cannot be read");
    let end = Ask::operation("/api/v2/me", "EndContactCenterSession").by("agent1");
    site.ask(end).await.assert_ok();
}

/// A feed with a record that cannot be told: whoever follows it reads the state anew, and hears what comes.
#[tokio::test]
async fn a_damaged_record_in_a_feed_ends_the_sessions_that_would_hear_it() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    let (one, two) = (
        site.listen_with("agent1", json!({"ack": true})).await,
        site.listen_to("agent2", "/v2/me/channels", json!({})).await,
    );
    damaged(&site, "0000000000000001", &[agent1()]).await;
    let reply = one.poll(&site, json!({"ack": 0})).await.remove(0);
    assert_eq!(reply["error"], "402::Unknown client", "never skipped in silence");
    site.ready("agent2").await;
    assert_eq!(two.hear_short(&site).await, ["chat:Ready:Off"]);
    let anew = site.listen_to("agent1", "/v2/me/channels", json!({})).await;
    site.ready("agent1").await;
    assert_eq!(anew.hear_short(&site).await, ["chat:Ready:Off"]);
}
