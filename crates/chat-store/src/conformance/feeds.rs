//! Cases about feeds: closed cursors under load, and the hints that a feed has grown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::Bench;
use super::kit::{
    AT, TRIES, Verdict, append_in_turn, chat, command, expect, expect_eq, failure, load, queue,
    read_on, user, whole_feed,
};
use crate::{Append, FeedEntry, FeedId, Head, Store, Wake, append_once};

const WRITERS: u64 = 8;
const EACH: u64 = 50;
/// Two writers share a chat, from two nodes.
const CHATS: u64 = WRITERS / 2;

pub(super) async fn closed<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for (nth, store) in [a.clone(), b.clone()].into_iter().enumerate() {
        let done = Arc::clone(&done);
        readers.spawn(async move { follow(&store, &shared_feeds()[nth], &done).await });
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = if writer % 2 == 0 { a.clone() } else { b.clone() };
        writers.spawn(async move { write(&store, writer).await });
    }
    let mut acknowledged = Ok(());
    while let Some(written) = writers.join_next().await {
        acknowledged = acknowledged.and(written?);
    }
    done.store(true, Ordering::SeqCst);
    let mut followed = Vec::new();
    while let Some(read) = readers.join_next().await {
        followed.push(read??);
    }
    acknowledged?;

    for (feed, seen) in followed {
        let whole = whole_feed(&a, &feed, 1_000).await?;
        let late: Vec<_> = whole
            .iter()
            .filter(|entry| !seen.contains(entry))
            .map(|entry| (entry.cursor, &entry.chat, entry.record.version))
            .collect();
        expect(
            late.is_empty(),
            format_args!("no entry of {feed} appears at or below a seen cursor: {late:?} did"),
        )?;
        expect_eq(&seen, &whole, format_args!("what a reader of {feed} saw"))?;
        complete(&a, &feed, &whole).await?;
    }
    Ok(())
}

fn shared_feeds() -> [FeedId; 2] {
    [user("everybody"), queue("everybody")]
}

async fn write<S: Store>(store: &S, writer: u64) -> Verdict {
    // Half the writers name the feeds the other way round, and one feed of their own between them:
    // an engine that locks in the order of naming deadlocks here.
    let [one, two] = shared_feeds();
    let own = user(writer);
    let feeds = if writer % 4 < 2 { [one, own, two] } else { [two, own, one] };
    let id = chat(writer % CHATS);
    for nth in 0..EACH {
        let make = |head| Append::new(&id, head, command(writer, nth), AT, b"said").feeds(&feeds);
        append_in_turn(store, &id, make).await?;
        yield_now().await;
    }
    Ok(())
}

async fn follow<S: Store>(
    store: &S,
    feed: &FeedId,
    done: &AtomicBool,
) -> Verdict<(FeedId, Vec<FeedEntry>)> {
    let mut seen = Vec::new();
    let mut last = false;
    while !last {
        last = done.load(Ordering::SeqCst);
        read_on(store, feed, 7, &mut seen).await?;
        yield_now().await;
    }
    Ok((feed.clone(), seen))
}

/// Every record of every chat is in the feed once, and in the order of its chat.
async fn complete<S: Store>(store: &S, feed: &FeedId, whole: &[FeedEntry]) -> Verdict {
    let mut by_chat: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in whole {
        by_chat.entry(entry.chat.clone()).or_default().push(entry.record.clone());
    }
    for name in 0..CHATS {
        let id = chat(name);
        let records = load(store, &id).await?.records;
        expect_eq(records.len() as u64, 2 * EACH, format_args!("the length of chat {id}"))?;
        let announced = by_chat.remove(&id).unwrap_or_default();
        expect_eq(announced, records, format_args!("chat {id} as {feed} tells it"))?;
    }
    expect(by_chat.is_empty(), format_args!("{feed} tells of no other chat: {by_chat:?}"))
}

pub(super) async fn wakes<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    for (writer, listener, name) in [(&a, &b, "across"), (&a, &a, "within")] {
        let hints = listener.wakeups();
        let heard = Arc::new(Notify::new());
        let mut writing = JoinSet::new();
        writing.spawn(call(writer.clone(), name, Arc::clone(&heard)));
        let hint = listen(listener, hints, &user(name)).await;
        heard.notify_one();
        let head = match writing.join_next().await {
            Some(written) => written??,
            None => Head::NONE,
        };
        hint?;
        let entries = whole_feed(listener, &user(name), 9).await?.len() as u64;
        expect_eq(entries, head.version, "the number of entries, whatever the hints said")?;
    }
    Ok(())
}

/// Any single hint may be lost; those of all these appends are not.
const CALLS: u32 = 20;
const BETWEEN_CALLS: Duration = Duration::from_millis(500);

async fn call<S: Store>(store: S, name: &'static str, heard: Arc<Notify>) -> Verdict<Head> {
    let (id, feeds) = (chat(name), [user(name)]);
    let mut head = Head::NONE;
    for nth in 1..=CALLS {
        let append = Append::new(&id, head, command(1, nth.into()), AT, b"hear").feeds(&feeds);
        head = append_once(&store, append, TRIES).await?;
        if timeout(BETWEEN_CALLS, heard.notified()).await.is_ok() {
            break;
        }
    }
    Ok(head)
}

async fn listen<S: Store>(store: &S, mut hints: Receiver<Wake>, feed: &FeedId) -> Verdict {
    let first = timeout(BETWEEN_CALLS * CALLS, async {
        loop {
            match hints.recv().await {
                Ok(wake) if wake.feed == *feed => return Some(wake),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let Ok(Some(wake)) = first.await else {
        let what = "expected a hint after one of";
        return Err(failure(format!("{what} {CALLS} appends to {feed}, got none")));
    };
    let page = store.feed(feed, wake.cursor.saturating_sub(1), 1).await?;
    let at = page.entries.first().map(|entry| entry.cursor);
    expect_eq(at, Some(wake.cursor), "the entry a hint names, read when the hint came")
}
