//! The case about unknown outcomes: over a store that lies two times in three, whatever was
//! acknowledged is there exactly once, and whatever was not is there at most once.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::Bench;
use super::kit::{
    AT, ROUNDS, Verdict, chat, command, expect, expect_eq, failure, load, user, whole_feed,
};
use crate::fault::{Faults, Faulty};
use crate::{Append, CommandId, Head, OnceError, Store, append_once};

const WRITERS: u64 = 6;
const EACH: u64 = 30;
const CHATS: u64 = 2;

pub(super) async fn unknown<B: Bench>(bench: &B) -> Verdict {
    let lies = Faults::LIES_TWO_TIMES_IN_THREE;
    let (a, b) = bench.open().await;
    judge(Faulty::new(a, 1, lies), Faulty::new(b, 2, lies)).await?;
    let (a, b) = bench.open().await;
    let rivals = Faults { rival: 20, ..lies };
    judge(Faulty::new(a, 3, rivals), Faulty::new(b, 4, rivals)).await
}

async fn judge<S: Store>(a: Faulty<S>, b: Faulty<S>) -> Verdict {
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = if writer % 2 == 0 { a.clone() } else { b.clone() };
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for nth in 0..EACH {
                let name = (writer + nth) % CHATS;
                let id = command(writer, nth);
                acknowledged.push((name, id, insist(&store, name, id).await?.version));
            }
            Verdict::Ok(acknowledged)
        });
    }
    let mut acknowledged = Vec::new();
    while let Some(done) = tasks.join_next().await {
        acknowledged.extend(done??);
    }
    // What is still under way arrives now; it must find its place taken.
    a.deliver().await;
    b.deliver().await;

    let truth = a.inner();
    let announced = whole_feed(truth, &user("everybody"), 1_000).await?;
    for name in 0..CHATS {
        let id = chat(name);
        let records = load(truth, &id).await?.records;
        let dense = (1..).zip(&records).all(|(version, record)| version == record.version);
        expect(dense, format_args!("the versions of chat {id} are dense"))?;
        let mut places: BTreeMap<CommandId, Vec<u64>> = BTreeMap::new();
        for record in &records {
            places.entry(record.command).or_default().push(record.version);
        }
        for (_, command, version) in acknowledged.iter().filter(|(of, ..)| *of == name) {
            let found = places.get(command).cloned().unwrap_or_default();
            expect_eq(found, [*version], format_args!("where {command:?} stands, once"))?;
        }
        let told: Vec<_> = announced.iter().filter(|entry| entry.chat == id).collect();
        expect_eq(told.len(), records.len(), format_args!("how often chat {id} is announced"))?;
        let same = told.iter().zip(&records).all(|(entry, record)| entry.record == *record);
        expect(same, format_args!("the feed tells chat {id} as its records do"))?;
    }
    Ok(())
}

/// Sends one command until it is acknowledged, through conflicts and outages.
async fn insist<S: Store>(store: &S, name: u64, command: CommandId) -> Verdict<Head> {
    let (id, feeds) = (chat(name), [user("everybody")]);
    let mut decided_on: Option<Head> = None;
    for _ in 0..ROUNDS {
        let head = match decided_on {
            Some(head) => head,
            None => match store.load(&id).await {
                Ok(loaded) => loaded.map_or(Head::NONE, |loaded| loaded.head),
                Err(_) => continue,
            },
        };
        tokio::task::yield_now().await;
        let append = Append::new(&id, head, command, AT, b"once").feeds(&feeds);
        match append_once(store, append, 4).await {
            Ok(head) => return Ok(head),
            Err(OnceError::Conflict | OnceError::Unavailable(_)) => decided_on = None,
            // It may have been applied, so only the very same append may be sent.
            Err(OnceError::Undecided(_)) => decided_on = Some(head),
        }
    }
    Err(failure(format!("expected one of {ROUNDS} appends to chat {id} to be acknowledged")))
}
