//! Cases about one chat: its versions, its rivals, its snapshot, and what changes with a record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::{JoinSet, yield_now};

use super::Bench;
use super::kit::{
    AT, Verdict, append_in_turn, chat, command, expect, expect_eq, load, queue, user, whole_feed,
};
use crate::{Append, AppendError, FeedPage, Head, Record, Snapshot, Store};

pub(super) async fn basics<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let (id, other) = (chat("c"), chat("other"));
    let feeds = [user("u"), queue("q"), user("u")];
    expect_eq(a.load(&id).await?, None, "loading a chat without records")?;
    expect_eq(b.records(&id, 0, 9).await?, Vec::new(), "records of a chat without records")?;
    for feed in &feeds {
        expect_eq(a.feed(feed, 0, 9).await?, FeedPage::default(), "a feed nobody wrote to")?;
        expect_eq(b.feed_head(feed).await?, 0, "the head of a feed nobody wrote to")?;
        expect_eq(a.listed(feed).await?, Vec::new(), "a list nobody wrote to")?;
    }

    // Payloads are bytes: empty ones, long ones and ones that are no text come back as they were.
    let payloads = [vec![], b"\0\xff{}'\\".to_vec(), vec![7; 70_000], vec![0], b"five".to_vec()];
    let mut heads = vec![Head::NONE];
    let mut written = Vec::new();
    for (nth, payload) in (1_u64..).zip(&payloads) {
        let (writer, reader) = if nth % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let (at, id_of_it) = (AT + i64::try_from(nth)?, command(1, nth));
        let expected = heads[heads.len() - 1];
        let append = Append::new(&id, expected, id_of_it, at, payload).feeds(&feeds);
        let head = writer.append(append).await?;
        expect_eq(head.version, nth, "the version of the new head")?;
        expect(head.token != 0, "a head that is not Head::NONE has a token")?;
        heads.push(head);
        written.push(Record::new(nth, at, id_of_it, payload.as_slice()));
        let loaded = load(reader, &id).await?;
        expect_eq(loaded.head, head, "the head on the other node")?;
        expect_eq(loaded.records, written.as_slice(), "the records on the other node")?;
    }

    let head = heads[5];
    let misfits = [
        ("no chat yet", Head::NONE),
        ("the first head", heads[1]),
        ("the head before", heads[4]),
        ("a head yet to come", Head::new(head.version + 1, head.token)),
        ("another token", Head::new(head.version, head.token ^ 1)),
    ];
    for (what, misfit) in misfits {
        let refused = a.append(Append::new(&id, misfit, command(2, 0), AT, b"no")).await;
        expect_eq(refused, Err(AppendError::Conflict), format_args!("appending on {what}"))?;
    }
    let refused = b.append(Append::new(&other, head, command(2, 1), AT, b"no")).await;
    expect_eq(refused, Err(AppendError::Conflict), "appending to no chat on a head of another")?;
    expect_eq(load(&b, &id).await?.records, written.as_slice(), "records after refused appends")?;
    expect_eq(b.load(&other).await?, None, "a chat after a refused first append")?;

    for (after, limit, want) in
        [(0, 2, 0..2), (2, 2, 2..4), (4, 9, 4..5), (5, 9, 0..0), (99, 9, 0..0), (0, 0, 0..0)]
    {
        let got = b.records(&id, after, limit).await?;
        expect_eq(got, &written[want], format_args!("{limit} records after {after}"))?;
    }
    for feed in &feeds {
        for limit in [1, 2, 9] {
            let entries = whole_feed(&a, feed, limit).await?;
            expect(entries.iter().all(|entry| entry.chat == id), "entries name their chat")?;
            let records: Vec<_> = entries.iter().map(|entry| entry.record.clone()).collect();
            expect_eq(records, written.as_slice(), format_args!("{feed}, {limit} at a time"))?;
            let end = entries.last().map_or(0, |entry| entry.cursor);
            expect_eq(b.feed_head(feed).await?, end, format_args!("the head of {feed}"))?;
            let beyond = b.feed(feed, end + 9, 9).await?;
            expect_eq(beyond.entries, Vec::new(), format_args!("{feed} beyond its end"))?;
        }
    }
    Ok(())
}

pub(super) async fn race<B: Bench>(bench: &B) -> Verdict {
    const WRITERS: u64 = 8;
    const EACH: u64 = 25;
    let (a, b) = bench.open().await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = if writer % 2 == 0 { a.clone() } else { b.clone() };
        tasks.spawn(async move {
            let id = chat("contended");
            let mut won = Vec::new();
            for nth in 0..EACH {
                let command = command(writer, nth);
                let make = |head| Append::new(&id, head, command, AT, b"mine");
                won.push((append_in_turn(&store, &id, make).await?.version, command));
            }
            Verdict::Ok(won)
        });
    }
    let mut won = Vec::new();
    while let Some(done) = tasks.join_next().await {
        won.extend(done??);
    }
    won.sort_unstable();
    let versions: Vec<_> = won.iter().map(|(version, _)| *version).collect();
    let dense: Vec<_> = (1..=WRITERS * EACH).collect();
    expect_eq(versions, dense, "the versions that were won, one winner each")?;
    let records = load(&a, &chat("contended")).await?.records;
    let kept: Vec<_> = records.iter().map(|record| (record.version, record.command)).collect();
    expect_eq(kept, won, "the records, each that of the version's winner")
}

pub(super) async fn atomic<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    refused_leaves_nothing(&a, &b).await?;

    // One writer lists the chat with every odd version and unlists it with every even one, while a
    // reader on the other node compares what it sees.
    let done = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    let finished = Arc::clone(&done);
    tasks.spawn(async move {
        let written = swing(&a).await;
        finished.store(true, Ordering::SeqCst);
        written
    });
    tasks.spawn(async move {
        let mut last = false;
        while !last {
            last = done.load(Ordering::SeqCst);
            compare(&b).await?;
            yield_now().await;
        }
        Ok(())
    });
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

async fn refused_leaves_nothing<S: Store>(a: &S, b: &S) -> Verdict {
    let (id, here, there) = (chat("refused"), [user("here")], [user("there")]);
    let first = Append::new(&id, Head::NONE, command(1, 1), AT, b"1").feeds(&here).list(&here);
    let head = a.append(first).await?;
    let refused = Append::new(&id, Head::NONE, command(1, 2), AT, b"2")
        .feeds(&there)
        .list(&there)
        .unlist(&here)
        .expire_at_ms(Some(AT));
    expect_eq(a.append(refused).await, Err(AppendError::Conflict), "appending on a stale head")?;
    for store in [a, b] {
        expect_eq(load(store, &id).await?.head, head, "the head after a refused append")?;
        let entries = whole_feed(store, &there[0], 9).await?;
        expect_eq(entries, Vec::new(), "the feed of a refused append")?;
        expect_eq(store.feed_head(&there[0]).await?, 0, "the feed's head")?;
        expect_eq(store.listed(&there[0]).await?, Vec::new(), "the list of a refused append")?;
        expect_eq(store.listed(&here[0]).await?, [id.clone()], "what a refused append unlists")?;
    }
    // The year 3000: had the refused expiry been kept, the chat would be gone.
    b.expire(32_503_680_000_000, 1_000).await?;
    expect_eq(load(a, &id).await?.head, head, "the chat whose expiry was refused").map(drop)
}

async fn swing<S: Store>(store: &S) -> Verdict {
    let (id, feeds) = (chat("swinging"), [user("swing")]);
    for nth in 1..=100 {
        append_in_turn(store, &id, |head| {
            let append = Append::new(&id, head, command(3, nth), AT, b"swing").feeds(&feeds);
            if head.version % 2 == 0 { append.list(&feeds) } else { append.unlist(&feeds) }
        })
        .await?;
        yield_now().await;
    }
    Ok(())
}

async fn compare<S: Store>(store: &S) -> Verdict {
    let (id, feed) = (chat("swinging"), user("swing"));
    let Some(before) = store.load(&id).await?.map(|loaded| loaded.head) else { return Ok(()) };
    let listed = store.listed(&feed).await?;
    let announced = whole_feed(store, &feed, 1_000).await?.len() as u64;
    let after = load(store, &id).await?.head;
    expect(
        (before.version..=after.version).contains(&announced),
        format_args!(
            "a feed read between the versions {} and {} ends there: it ends at {announced}",
            before.version, after.version
        ),
    )?;
    if before == after {
        let what = format_args!("whether the chat is listed at version {}", before.version);
        expect_eq(!listed.is_empty(), before.version % 2 == 1, what)?;
    }
    Ok(())
}

pub(super) async fn snapshot<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let id = chat("c");
    let mut heads = vec![Head::NONE];
    for nth in 1..=4 {
        let expected = heads[heads.len() - 1];
        heads.push(a.append(Append::new(&id, expected, command(1, nth), AT, b"e")).await?);
    }
    expect_eq(load(&b, &id).await?.snapshot, None, "the snapshot before any was written")?;

    // What is written, and which (version, model revision, state) counts from then on.
    let foreign = Head::new(heads[3].version, heads[3].token ^ 1);
    let steps = [
        ("the first", heads[2], 1, &b"two"[..], (2, 1, &b"two"[..])),
        ("an older one", heads[1], 1, b"one", (2, 1, b"two")),
        ("one of the same version", heads[2], 2, b"\0\xff", (2, 2, b"\0\xff")),
        ("one on a head of another life", foreign, 2, b"no", (2, 2, b"\0\xff")),
        ("a newer one", heads[4], 2, b"four", (4, 2, b"four")),
        ("an older one again", heads[3], 3, b"three", (4, 2, b"four")),
        ("one of no version", Head::NONE, 3, b"no", (4, 2, b"four")),
    ];
    for (what, head, model_rev, bytes, (version, kept_rev, kept)) in steps {
        a.snapshot(&id, head, model_rev, bytes).await?;
        let loaded = load(&b, &id).await?;
        let want = Some(Snapshot::new(version, kept_rev, kept));
        expect_eq(loaded.snapshot, want, format_args!("after {what}"))?;
        expect_eq(loaded.head, heads[4], format_args!("the head after {what}"))?;
        let after: Vec<_> = loaded.records.iter().map(|record| record.version).collect();
        let rest: Vec<_> = (version + 1..=4).collect();
        expect_eq(after, rest, format_args!("the records that come with the snapshot, {what}"))?;
    }
    expect_eq(b.records(&id, 0, 9).await?.len(), 4, "records a snapshot covers stay")?;

    b.append(Append::new(&id, heads[4], command(1, 5), AT, b"e")).await?;
    let loaded = load(&a, &id).await?;
    expect_eq(loaded.snapshot.map(|kept| kept.version), Some(4), "the snapshot after an append")?;
    expect_eq(loaded.records.len(), 1, "the number of records after the snapshot")?;

    let nobody = chat("nobody");
    a.snapshot(&nobody, heads[1], 1, b"no").await?;
    expect_eq(b.load(&nobody).await?, None, "a chat that only a snapshot was offered for")
}
