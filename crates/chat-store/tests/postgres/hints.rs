//! Hints between nodes: many appends become few notifications, and one that is never sent is made
//! up for within seconds.

use std::time::Duration;

use chat_store::{Append, Head, Store};
use tokio::time::timeout;

use crate::kit::{chat, command, open, schema, user};
use crate::server::Server;

#[tokio::test]
async fn a_hint_that_was_lost_with_its_node_comes_by_the_look_every_second() {
    let (server, name) = (Server::shared(), schema());
    let store = open(&server, &name).await;
    let (id, feed) = (chat("c"), user("u"));
    assert_eq!(store.feed_head(&feed).await.unwrap(), 0, "somebody reads the feed from now on");
    let mut hints = store.wakeups();
    // What a node does that dies between its commit and its notification.
    let admin = server.admin().await;
    let append = format!(
        "SELECT * FROM \"{name}\".append('c', 0, 0, $1, 0, '', ARRAY['user:u'], '{{}}', '{{}}', NULL)"
    );
    let bytes = command(1, 1);
    admin.query(&append, &[&bytes.as_bytes().as_slice()]).await.unwrap();
    let wake = timeout(Duration::from_secs(20), hints.recv()).await.expect("soon").unwrap();
    assert_eq!((wake.feed, wake.cursor), (feed.clone(), 1));
    assert_eq!(store.figures().hints_late, 1);
    assert_eq!(store.feed(&feed, 0, 9).await.unwrap().entries[0].chat, id);
    // And only once: what was hinted at is known.
    let again = timeout(Duration::from_millis(2_500), hints.recv()).await;
    assert!(again.is_err(), "{again:?}");
    store.close().await;
}

#[tokio::test]
async fn appends_share_notifications_and_a_node_does_not_hear_itself() {
    const APPENDS: u64 = 300;
    let (server, name) = (Server::shared(), schema());
    let nodes = [open(&server, &name).await, open(&server, &name).await];
    let feed = user("u");
    let mut heard = [nodes[0].wakeups(), nodes[1].wakeups()];
    let mut appending = tokio::task::JoinSet::new();
    for nth in 0..APPENDS {
        let (store, feed) = (nodes[0].clone(), feed.clone());
        appending.spawn(async move {
            let id = chat(nth);
            let feeds = [feed];
            let append = Append::new(&id, Head::NONE, command(1, nth), 0, b"e").feeds(&feeds);
            store.append(append).await.expect("the append goes through");
        });
    }
    appending.join_all().await;
    for hints in &mut heard {
        let newest = async { while hints.recv().await.unwrap().cursor != APPENDS {} };
        timeout(Duration::from_secs(20), newest).await.expect("the newest entry is hinted at");
    }
    // They are counted once the database has taken them, and then others may have heard them already.
    let counted = async {
        while nodes[0].figures().hints_sent < nodes[1].figures().hints_heard {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), counted).await.expect("what was heard was sent");
    let [here, there] = nodes.each_ref().map(|node| node.figures());
    assert_eq!(here.hints_heard, 0, "what it told itself it knows");
    println!("{APPENDS} appends to one feed: {} hints to another node", there.hints_heard);
    assert!((1..=APPENDS).contains(&there.hints_heard), "{there:?}");
    for node in nodes {
        node.close().await;
    }
}
