//! Whether everything a store keeps fits together, over any engine that lets itself be walked.
//!
//! It trusts nothing that serving relies on: it counts versions, follows every feed entry to its
//! record, and reads every list from both sides. What a payload means it leaves to its caller.

use std::collections::BTreeMap;
use std::fmt::Display;

use chat_model::ChatId;

use crate::{ChatRow, EntryRow, FeedId, FeedRow, Inspect, Record, Snapshot, Unavailable};

/// What a [`check`] has seen and what it found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Checked {
    /// How many chats there are.
    pub chats: u64,
    /// How many records they have.
    pub records: u64,
    /// How many feeds and lists there are.
    pub feeds: u64,
    /// How many entries they have.
    pub entries: u64,
    /// What does not fit together, one sentence each; the first [`Checked::MOST_TOLD`] of them.
    pub complaints: Vec<String>,
    /// How many complaints there are, told or not.
    pub complained: u64,
}

impl Checked {
    /// More complaints than this say no more than that there are more.
    pub const MOST_TOLD: usize = 100;

    /// Whether nothing is wrong.
    pub const fn is_sound(&self) -> bool {
        self.complained == 0
    }

    fn complain(&mut self, what: impl Display) {
        self.complained += 1;
        if self.complaints.len() < Self::MOST_TOLD {
            self.complaints.push(what.to_string());
        }
    }
}

/// Rows per page.
const PAGE: usize = 256;

/// Walks through a store that nobody writes to, and says what does not fit together.
///
/// `fold` gets what is kept of every chat, its newest snapshot and all its records, and says whether
/// snapshot, lists and expiry are what the records come to. Memory holds one chat at a time.
///
/// # Errors
/// When the store cannot be walked. A chat or a feed that cannot be read is a complaint.
pub async fn check<S: Inspect>(
    store: &S,
    mut fold: impl FnMut(&ChatRow, Option<&Snapshot>, &[Record]) -> Result<(), String>,
) -> Result<Checked, Unavailable> {
    let mut checked = Checked::default();
    let mut after: Option<ChatId> = None;
    loop {
        let page = store.chats(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.chat.clone());
        for row in page {
            check_chat(store, &row, &mut fold, &mut checked).await;
        }
    }
    let mut after: Option<FeedId> = None;
    loop {
        let page = store.feeds(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.feed.clone());
        for row in page {
            if let Err(why) = check_feed(store, &row, &mut checked).await {
                checked.complain(format_args!("the feed {} cannot be read: {why}", row.feed));
            }
        }
    }
    Ok(checked)
}

async fn check_chat<S: Inspect>(
    store: &S,
    row: &ChatRow,
    fold: &mut impl FnMut(&ChatRow, Option<&Snapshot>, &[Record]) -> Result<(), String>,
    checked: &mut Checked,
) {
    checked.chats += 1;
    let (chat, head) = (&row.chat, row.head);
    let before = checked.complained;
    let records = match all_records(store, chat).await {
        Ok(records) => records,
        Err(why) => return checked.complain(format_args!("chat {chat} cannot be read: {why}")),
    };
    checked.records += records.len() as u64;
    let gap = (1..).zip(&records).find(|(want, record)| record.version != *want);
    if let Some((want, Record { version, .. })) = gap {
        checked.complain(format_args!("chat {chat}: expected version {want}, found {version}"));
    } else if records.len() as u64 != head.version {
        let found = records.len();
        checked.complain(format_args!(
            "chat {chat}: expected {} records, found {found}",
            head.version
        ));
    }
    if head.version == 0 || head.token == 0 {
        checked.complain(format_args!("chat {chat}: expected a head, found {head:?}"));
    }
    for feed in &row.listed {
        match store.listed(feed).await {
            Ok(listed) if listed.iter().filter(|other| *other == chat).count() == 1 => {}
            Ok(_) => checked.complain(format_args!("chat {chat} is not once on the list {feed}")),
            Err(why) => checked.complain(format_args!("the list {feed} cannot be read: {why}")),
        }
    }
    match store.load(chat).await {
        Ok(Some(loaded)) => {
            let snapshot = loaded.snapshot.as_ref();
            if let Some(ahead) = snapshot.filter(|snapshot| snapshot.version > head.version) {
                let (is, head) = (ahead.version, head.version);
                checked
                    .complain(format_args!("chat {chat}: a snapshot of {is} is ahead of {head}"));
            }
            if checked.complained == before
                && let Err(why) = fold(row, snapshot, &records)
            {
                checked.complain(format_args!("chat {chat}: {why}"));
            }
        }
        Ok(None) => checked.complain(format_args!("chat {chat} has a head and cannot be loaded")),
        Err(why) => checked.complain(format_args!("chat {chat} cannot be loaded: {why}")),
    }
}

async fn all_records<S: Inspect>(store: &S, chat: &ChatId) -> Result<Vec<Record>, Unavailable> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.version);
        let page = store.records(chat, after, PAGE).await?;
        // A store that goes back would be read for ever.
        if page.last().is_none_or(|last| last.version <= after) {
            return Ok(records);
        }
        records.extend(page);
    }
}

async fn check_feed<S: Inspect>(
    store: &S,
    row: &FeedRow,
    checked: &mut Checked,
) -> Result<(), Unavailable> {
    checked.feeds += 1;
    let feed = &row.feed;
    if row.floor > row.head {
        checked.complain(format_args!("{feed}: the floor {} is above {}", row.floor, row.head));
    }
    for chat in store.listed(feed).await? {
        let there = store.records(&chat, 0, 1).await?;
        if there.is_empty() {
            checked.complain(format_args!("{feed} lists the chat {chat}, which is not there"));
        }
    }
    let mut versions: BTreeMap<ChatId, u64> = BTreeMap::new();
    let mut last = 0;
    // Cursors are given out without gaps, and go from the oldest on.
    let mut expected = row.floor + 1;
    loop {
        let page = store.entries(feed, last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for EntryRow { cursor, chat, version } in page {
            checked.entries += 1;
            if cursor <= last || cursor <= row.floor || cursor > row.head {
                let (floor, head) = (row.floor, row.head);
                let where_to = format_args!("after {last}, above {floor}, up to {head}");
                checked
                    .complain(format_args!("{feed}: expected a cursor {where_to}, found {cursor}"));
                return Ok(());
            }
            if cursor != expected {
                checked
                    .complain(format_args!("{feed}: expected cursor {expected}, found {cursor}"));
            }
            last = cursor;
            expected = cursor + 1;
            let record = store.records(&chat, version.saturating_sub(1), 1).await?;
            if record.first().is_none_or(|record| record.version != version) {
                let what = format_args!("version {version} of chat {chat}, which is not there");
                checked.complain(format_args!("{feed} has {what}, at {cursor}"));
            }
            let before = versions.insert(chat, version).unwrap_or_default();
            if before >= version {
                checked.complain(format_args!(
                    "{feed}: version {version} after {before}, at {cursor}"
                ));
            }
        }
    }
    if expected <= row.head {
        let (from, to) = (expected, row.head);
        checked.complain(format_args!("{feed} lacks its entries from {from} to {to}"));
    }
    check_reading(store, row, checked).await
}

/// What those who listen are told by: each entry with its record.
async fn check_reading<S: Inspect>(
    store: &S,
    row: &FeedRow,
    checked: &mut Checked,
) -> Result<(), Unavailable> {
    let mut after = row.floor;
    loop {
        let page = store.feed(&row.feed, after, PAGE).await?;
        let Some(last) = page.entries.last() else { return Ok(()) };
        if last.cursor <= after {
            checked.complain(format_args!("{} goes back to {}", row.feed, last.cursor));
            return Ok(());
        }
        after = last.cursor;
    }
}
