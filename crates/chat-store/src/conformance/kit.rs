//! What the cases share: verdicts that say what was expected, names, and a writer's patience.

use std::fmt::{Debug, Display};

use chat_model::{ChatId, QueueName, UserId};

use crate::{
    Append, CommandId, FeedEntry, FeedId, Head, Loaded, OnceError, Store, Unavailable, append_once,
};

/// What a case answers.
pub(super) type Verdict<T = ()> = Result<T, Failure>;

/// What was expected, and what came.
pub(super) struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(format!("expected the call to succeed, got: {error}"))
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

pub(super) fn failure(what: impl Into<String>) -> Failure {
    Failure(what.into())
}

pub(super) fn expect_eq<G, W>(got: G, want: W, what: impl Display) -> Verdict
where
    G: PartialEq<W> + Debug,
    W: Debug,
{
    if got == want {
        return Ok(());
    }
    Err(failure(format!("{what}: expected {want:?}, got {got:?}")))
}

pub(super) fn expect(holds: bool, what: impl Display) -> Verdict {
    if holds { Ok(()) } else { Err(failure(format!("expected that {what}"))) }
}

/// Some moment; the suite's stores know no other clock than their leases'.
pub(super) const AT: i64 = 1_700_000_000_000;

/// How often an append is sent before an engine counts as gone.
pub(super) const TRIES: u32 = 16;

/// How often a task decides anew before the engine counts as stuck.
pub(super) const ROUNDS: usize = 20_000;

pub(super) fn chat(name: impl Display) -> ChatId {
    ChatId::new(name.to_string())
}

pub(super) fn user(name: impl Display) -> FeedId {
    FeedId::user(&UserId::new(name.to_string()))
}

pub(super) fn queue(name: impl Display) -> FeedId {
    FeedId::queue(&QueueName::new(name.to_string()))
}

/// The `nth` command of a writer; no two are alike.
pub(super) fn command(writer: u64, nth: u64) -> CommandId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&writer.to_be_bytes());
    id[8..].copy_from_slice(&nth.to_be_bytes());
    CommandId::new(id)
}

/// The chat as it is, which must be there.
pub(super) async fn load<S: Store>(store: &S, chat: &ChatId) -> Verdict<Loaded> {
    let loaded = store.load(chat).await?;
    loaded.ok_or_else(|| failure(format!("expected the chat {chat} to be there")))
}

/// The head of the chat, also of one that is not there.
pub(super) async fn head<S: Store>(store: &S, chat: &ChatId) -> Result<Head, Unavailable> {
    Ok(store.load(chat).await?.map_or(Head::NONE, |loaded| loaded.head))
}

/// The whole feed, in pages of `limit`; fails when entries are gone.
pub(super) async fn whole_feed<S: Store>(
    store: &S,
    feed: &FeedId,
    limit: usize,
) -> Verdict<Vec<FeedEntry>> {
    let mut entries = Vec::new();
    read_on(store, feed, limit, &mut entries).await?;
    Ok(entries)
}

/// Reads the feed on from the last of `entries` to its present end and checks the cursors.
pub(super) async fn read_on<S: Store>(
    store: &S,
    feed: &FeedId,
    limit: usize,
    entries: &mut Vec<FeedEntry>,
) -> Verdict {
    loop {
        let seen = entries.last().map_or(0, |entry| entry.cursor);
        let page = store.feed(feed, seen, limit).await?;
        expect(!page.gap_after(seen), format_args!("{feed} has no gap after {seen}: {page:?}"))?;
        expect(
            page.entries.len() <= limit,
            format_args!("a page of {feed} has at most {limit} entries: {page:?}"),
        )?;
        let Some(last) = page.entries.last().map(|entry| entry.cursor) else { return Ok(()) };
        expect(last < 1 << 53, format_args!("the cursor {last} of {feed} is below 2^53"))?;
        let mut before = seen;
        for entry in &page.entries {
            expect(
                entry.cursor > before,
                format_args!("cursors of {feed} rise: {} after {before}", entry.cursor),
            )?;
            before = entry.cursor;
        }
        entries.extend(page.entries);
    }
}

/// Appends on whatever head the chat has, deciding anew after every conflict; answers the head.
///
/// `make` gets the head to decide on. Between the decision and the append others get their turn.
pub(super) async fn append_in_turn<'a, S: Store>(
    store: &S,
    chat: &ChatId,
    make: impl Fn(Head) -> Append<'a>,
) -> Verdict<Head> {
    for _ in 0..ROUNDS {
        let decided_on = head(store, chat).await?;
        tokio::task::yield_now().await;
        match append_once(store, make(decided_on), TRIES).await {
            Ok(head) => {
                let what = format_args!("the version of an append on {decided_on:?}");
                expect_eq(head.version, decided_on.version + 1, what)?;
                return Ok(head);
            }
            Err(OnceError::Conflict) => {}
            Err(gone) => return Err(gone.into()),
        }
    }
    Err(failure(format!("expected one of {ROUNDS} appends to {chat} to go through")))
}
