//! Cases about time: what goes when it is due, who is told, and what must outlive a restart.

use std::time::Duration;

use super::Bench;
use super::kit::{
    AT, TRIES, Verdict, append_in_turn, chat, command, expect, expect_eq, load, queue, user,
    whole_feed,
};
use crate::{Append, AppendError, FeedEntry, FeedId, Head, LeaseKey, Leases, Store, append_once};

/// Longer than any replay window a bench may have.
const LATER: i64 = 2 * 3600 * 1000;

pub(super) async fn expiry<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let lists = [user("u"), queue("q")];
    let window = millis(bench.replay_window());

    // Each chat by the expiries its records name in turn, and when it is due.
    type Expiring<'a> = (&'a str, &'a [Option<i64>], Option<i64>);
    let chats: [Expiring<'_>; 6] = [
        ("never", &[None], None),
        ("later", &[Some(AT + LATER)], Some(AT + LATER)),
        ("at-once", &[Some(AT)], Some(AT + window)),
        ("taken-back", &[Some(AT), None], None),
        ("put-off", &[Some(AT), Some(AT + 2 * LATER)], Some(AT + 2 * LATER)),
        ("brought-forward", &[Some(AT + 2 * LATER), Some(AT + LATER)], Some(AT + LATER)),
    ];
    for (name, expiries, _) in chats {
        let id = chat(name);
        for (nth, expiry) in (1..).zip(expiries) {
            let make = |head| {
                Append::new(&id, head, command(1, nth), AT, b"e")
                    .feeds(&lists)
                    .list(&lists)
                    .expire_at_ms(*expiry)
            };
            append_in_turn(&a, &id, make).await?;
        }
        a.snapshot(&id, load(&b, &id).await?.head, 1, b"state").await?;
    }
    let former = load(&a, &chat("later")).await?.head;
    let ends = [a.feed_head(&lists[0]).await?, a.feed_head(&lists[1]).await?];

    let moments = [0, window - 1, window, LATER - 1, LATER, 2 * LATER - 1, 2 * LATER, 99 * LATER];
    for now in moments.map(|after| AT + after) {
        let limit = if now % 2 == 0 { 1 } else { 1_000 };
        while b.expire(now, limit).await? >= limit {}
        let mut left = Vec::new();
        for (name, _, due) in chats {
            let id = chat(name);
            let what = format_args!("whether {name} is there {} ms later", now - AT);
            let stays = due.is_none_or(|due| now < due);
            expect_eq(a.load(&id).await?.is_some(), stays, what)?;
            expect_eq(!a.records(&id, 0, 1).await?.is_empty(), stays, what)?;
            left.extend(stays.then_some(id));
        }
        for feed in &lists {
            expect_eq(b.listed(feed).await?, left.as_slice(), "the list of the chats left")?;
        }
    }
    for (feed, end) in lists.iter().zip(ends) {
        expect_eq(a.feed_head(feed).await?, end, "a feed's head after its entries went")?;
    }

    // The id is free again, and nothing of its former life fits the new one.
    let id = chat("later");
    let stale = b.append(Append::new(&id, former, command(2, 1), AT, b"no")).await;
    expect_eq(stale, Err(AppendError::Conflict), "appending to a chat that has gone")?;
    b.snapshot(&id, former, 1, b"former").await?;
    let first = Append::new(&id, Head::NONE, command(2, 2), AT, b"new");
    let head = append_once(&b, first, TRIES).await?;
    expect_eq(head.version, former.version, "the version of the new life's first record")?;
    let stale = a.append(Append::new(&id, former, command(2, 3), AT, b"no")).await;
    expect_eq(stale, Err(AppendError::Conflict), "appending on a head of the former life")?;
    a.snapshot(&id, former, 1, b"former").await?;
    expect_eq(load(&b, &id).await?.snapshot, None, "a snapshot of the former life")
}

pub(super) async fn trimming<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let window = millis(bench.replay_window());
    let (id, feeds) = (chat("c"), [user("u"), queue("q")]);
    // Three old records and two new ones go to the first feed, only the new ones to the second.
    for (nth, at) in (1..).zip([AT, AT, AT + 1, AT + window, AT + window + 1]) {
        let named = if nth <= 3 { &feeds[..1] } else { &feeds[..] };
        let make = |head| Append::new(&id, head, command(1, nth), at, b"e").feeds(named);
        append_in_turn(&a, &id, make).await?;
    }
    let whole = [whole_feed(&a, &feeds[0], 9).await?, whole_feed(&a, &feeds[1], 9).await?];

    // When, at most how many at a time, and how many entries of each feed are then left.
    for (now, limit, left) in [
        (AT + window - 1, 100, [5, 2]),
        (AT + window, 1, [4, 2]),
        (AT + window, 100, [3, 2]),
        (AT + window + 1, 100, [2, 2]),
        (AT + 2 * window, 100, [1, 1]),
        (AT + 9 * window, 100, [0, 0]),
    ] {
        b.expire(now, limit).await?;
        for (feed, (whole, left)) in feeds.iter().zip(whole.iter().zip(left)) {
            told(&a, feed, whole, left).await?;
        }
    }
    expect_eq(a.records(&id, 0, 9).await?.len(), 5, "records stay when feed entries go")?;
    let ends = [a.feed_head(&feeds[0]).await?, a.feed_head(&feeds[1]).await?];
    let make = |head| Append::new(&id, head, command(1, 6), AT + 9 * window, b"e").feeds(&feeds);
    append_in_turn(&a, &id, make).await?;
    for (feed, end) in feeds.iter().zip(ends) {
        let page = b.feed(feed, end, 9).await?;
        expect(!page.gap_after(end), "a reader at the end of an emptied feed has missed nothing")?;
        let versions: Vec<_> = page.entries.iter().map(|entry| entry.record.version).collect();
        expect_eq(versions, [6], "what a reader at the end of an emptied feed reads next")?;
    }
    Ok(())
}

/// Whoever reads the feed from wherever gets everything after that, or is told of the gap.
async fn told<S: Store>(store: &S, feed: &FeedId, whole: &[FeedEntry], left: usize) -> Verdict {
    let end = whole.last().map_or(0, |entry| entry.cursor);
    expect_eq(store.feed_head(feed).await?, end, "the feed's head while entries go")?;
    let (gone, kept) = whole.split_at(whole.len() - left);
    let last_gone = gone.last().map_or(0, |entry| entry.cursor);
    for after in 0..=end {
        let page = store.feed(feed, after, 9).await?;
        let what = format_args!("whether a reader of {feed} after {after} is told of a gap");
        expect_eq(page.gap_after(after), after < last_gone, what)?;
        let want: Vec<_> = kept.iter().filter(|entry| entry.cursor > after).cloned().collect();
        expect_eq(page.entries, want, format_args!("{feed} after {after}, {left} left"))?;
    }
    Ok(())
}

pub(super) async fn reopen<B: Bench>(bench: &B) -> Verdict {
    let mut nodes = bench.open().await;
    let (id, feeds) = (chat("c"), [user("u"), queue("q")]);
    let (key, ended) = (LeaseKey::new("node/1"), chat("ended"));
    let mut rev = None;
    // Twice, so that what was opened anew is written to and opened anew as well.
    for round in 0..3_u64 {
        let (a, b) = &nodes;
        for nth in 0..10 {
            let make = |head| {
                Append::new(&id, head, command(round, nth), AT, b"e").feeds(&feeds).list(&feeds)
            };
            append_in_turn(if nth % 2 == 0 { a } else { b }, &id, make).await?;
        }
        let make = |head| {
            let append = Append::new(&ended, head, command(9, round), AT, b"e").list(&feeds);
            append.expire_at_ms(Some(AT))
        };
        append_in_turn(a, &ended, make).await?;
        a.snapshot(&id, load(b, &id).await?.head, 1, &round.to_be_bytes()).await?;
        append_in_turn(b, &id, |head| Append::new(&id, head, command(8, round), AT, b"f")).await?;
        rev = Some(b.put(&key, rev, &round.to_be_bytes(), None).await?);

        let before = everything(a, &id, &feeds).await?;
        expect_eq(load(b, &id).await?.head.version, 11 * (round + 1), "the version reached")?;
        nodes = bench.reopen(nodes).await;
        for node in [&nodes.0, &nodes.1] {
            let after = everything(node, &id, &feeds).await?;
            expect_eq(after, before.as_str(), format_args!("round {round}, opened anew"))?;
        }
    }
    nodes.0.expire(AT + LATER, 1_000).await?;
    expect_eq(nodes.1.load(&ended).await?, None, "a chat whose expiry was set before a restart")
}

/// All that can be read of a chat, as text to compare.
async fn everything<S: Store + Leases>(
    store: &S,
    id: &chat_model::ChatId,
    feeds: &[FeedId],
) -> Verdict<String> {
    let mut all = format!("{:?}\n{:?}", store.load(id).await?, store.records(id, 0, 1_000).await?);
    for feed in feeds {
        let (head, page) = (store.feed_head(feed).await?, store.feed(feed, 0, 1_000).await?);
        all.push_str(&format!("\n{head} {page:?} {:?}", store.listed(feed).await?));
    }
    all.push_str(&format!("\n{:?}", store.scan("").await?));
    Ok(all)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
