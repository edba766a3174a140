//! The server is killed while two nodes write to it, and started again on the same data: every
//! acknowledged append is there exactly once, every feed is complete, and the stores that were open
//! all the time go on by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use chat_store::postgres::Health;
use chat_store::{
    Append, CommandId, Head, OnceError, PostgresStore, Store, append_once_pausing, check,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::kit::{becomes, chat, command, open, schema, user};
use crate::server::Server;

const WRITERS: u64 = 12;
const CHATS: u64 = WRITERS / 2;

/// An acknowledged append: chat, command and version.
type Acknowledged = (u64, CommandId, u64);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_killed_under_load_loses_nothing_acknowledged_and_the_nodes_go_on() {
    let (server, name) = (Server::own(&[]), schema());
    let nodes = [open(&server, &name).await, open(&server, &name).await];
    let done = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = nodes[usize::try_from(writer % 2).unwrap()].clone();
        let (done, count) = (Arc::clone(&done), Arc::clone(&count));
        writers.spawn(async move { write(&store, writer, &done, &count).await });
    }
    let mut drawn = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..6 {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        // Only when the nodes are writing again, so that every kill meets load.
        let before = count.load(SeqCst);
        while count.load(SeqCst) < before + 100 {
            assert!(!writers.is_empty(), "the writers are at it");
            sleep(Duration::from_millis(2)).await;
        }
        sleep(Duration::from_micros(drawn % 100_000)).await;
        match round % 3 {
            0 => server.kill(),
            1 => server.stop("immediate"),
            _ => server.stop("fast"),
        }
        if round == 0 {
            let health = becomes(&nodes[0], |health| !health.is_ready()).await;
            assert!(matches!(health, Health::Gone(_)), "{health:?}");
        }
        server.start();
    }
    let before = count.load(SeqCst);
    while count.load(SeqCst) < before + 100 {
        sleep(Duration::from_millis(2)).await;
    }
    done.store(true, SeqCst);
    let acknowledged: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
    for node in &nodes {
        becomes(node, Health::is_ready).await;
        judge(node, &acknowledged).await;
    }
    let figures = nodes.each_ref().map(|node| node.figures());
    println!(
        "{} appends acknowledged over 6 ends of the server; unknown {} + {}, retries {} + {}",
        acknowledged.len(),
        figures[0].unknown,
        figures[1].unknown,
        figures[0].retries,
        figures[1].retries,
    );
    for node in nodes {
        node.close().await;
    }
}

/// Appends until told to stop, deciding each append before the next.
async fn write(
    store: &PostgresStore,
    writer: u64,
    done: &AtomicBool,
    count: &AtomicU64,
) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    let (name, feeds) = (writer % CHATS, [user("all"), user(format_args!("of-{writer}"))]);
    let id = chat(name);
    let pause = |_| async {
        sleep(Duration::from_millis(20)).await;
        true
    };
    for nth in 0.. {
        let mut decided_on: Option<Head> = None;
        loop {
            if done.load(SeqCst) && decided_on.is_none() {
                return acknowledged;
            }
            let head = match decided_on {
                Some(head) => head,
                None => match store.load(&id).await {
                    Ok(loaded) => loaded.map_or(Head::NONE, |loaded| loaded.head),
                    Err(_) => continue,
                },
            };
            let append = Append::new(&id, head, command(writer, nth), 0, b"e").feeds(&feeds);
            match append_once_pausing(store, append, 3, pause).await {
                Ok(head) => {
                    acknowledged.push((name, command(writer, nth), head.version));
                    count.fetch_add(1, SeqCst);
                    break;
                }
                Err(OnceError::Conflict | OnceError::Unavailable(_)) => decided_on = None,
                Err(OnceError::Undecided(_)) => decided_on = Some(head),
            }
        }
    }
    acknowledged
}

async fn judge(store: &PostgresStore, acknowledged: &[Acknowledged]) {
    let mut there: BTreeMap<CommandId, Vec<(u64, u64)>> = BTreeMap::new();
    let mut records = 0;
    for name in 0..CHATS {
        for record in store.records(&chat(name), 0, usize::MAX).await.unwrap() {
            there.entry(record.command).or_default().push((name, record.version));
            records += 1;
        }
    }
    for (name, command, version) in acknowledged {
        let found = there.get(command).map_or(&[][..], Vec::as_slice);
        assert_eq!(found, [(*name, *version)], "an acknowledged append, exactly once");
    }
    assert!(there.values().all(|found| found.len() == 1), "nothing is there twice");
    let told = store.feed(&user("all"), 0, usize::MAX).await.unwrap();
    assert_eq!(told.entries.len(), records, "the feed tells every record");
    let dense = (1..).zip(&told.entries).all(|(cursor, entry)| entry.cursor == cursor);
    assert!(dense, "and no cursor is missing");
    let checked = check(store, |_, _, _| Ok(())).await.unwrap();
    assert!(checked.is_sound(), "{:?}", checked.complaints);
}
