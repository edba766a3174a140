//! Every question a caller can ask, answered from one read transaction: it sees the store as some
//! commit left it, and neither waits for the writer nor makes it wait.

use std::ops::Bound;

use chat_model::ChatId;
use redb::ReadTransaction;

use super::Broken;
use super::rows::{
    CHATS, ChatRow, ENTRIES, Entry, FEED_IDS, FEEDS, Feed, JOURNAL, LEASES, LISTS, LeaseRow,
    PLACES, SNAPSHOTS, pair, read_record, read_snapshot, second,
};
use crate::{EntryRow, FeedEntry, FeedId, FeedPage, FeedRow, Lease, LeaseKey, Loaded, Record};

pub(super) fn load(
    txn: &ReadTransaction,
    chat: &ChatId,
    met: impl FnOnce(&Broken),
) -> Result<Option<Loaded>, Broken> {
    let Some(row) = chat_row(txn, chat)? else { return Ok(None) };
    let kept = txn.open_table(SNAPSHOTS)?.get(row.life)?.map(|kept| read_snapshot(kept.value()));
    // One that cannot be read is as good as none: every record is still there.
    let snapshot = kept.and_then(|kept| kept.inspect_err(met).ok());
    let covered = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
    if covered > row.version {
        let what = format!("{chat} has a snapshot of {covered}, ahead of its head {}", row.version);
        return Err(Broken::damage(what));
    }
    let records = records_of(txn, chat, &row, covered, usize::MAX)?;
    Ok(Some(Loaded::new(row.head(), snapshot, records)))
}

pub(super) fn records(
    txn: &ReadTransaction,
    chat: &ChatId,
    after: u64,
    limit: usize,
) -> Result<Vec<Record>, Broken> {
    match chat_row(txn, chat)? {
        Some(row) => records_of(txn, chat, &row, after, limit),
        None => Ok(Vec::new()),
    }
}

pub(super) fn feed(
    txn: &ReadTransaction,
    name: &FeedId,
    after: u64,
    limit: usize,
) -> Result<FeedPage, Broken> {
    let Some((number, feed)) = feed_row(txn, name)? else { return Ok(FeedPage::default()) };
    let journal = txn.open_table(JOURNAL)?;
    let mut entries = Vec::new();
    for row in entries_after(txn, number, after)?.take(limit) {
        let (key, row) = row?;
        let (cursor, entry) = (second(key.value()), Entry::read(row.value())?);
        let record = journal.get(entry.place)?;
        let record = record.ok_or_else(|| lacks(&entry.chat, entry.version))?;
        let record = read_record(&entry.chat, entry.version, record.value())?;
        entries.push(FeedEntry::new(cursor, entry.chat, record));
    }
    Ok(FeedPage::new(feed.floor, entries))
}

pub(super) fn feed_head(txn: &ReadTransaction, name: &FeedId) -> Result<u64, Broken> {
    Ok(feed_row(txn, name)?.map_or(0, |(_, feed)| feed.head))
}

pub(super) fn listed(txn: &ReadTransaction, name: &FeedId) -> Result<Vec<ChatId>, Broken> {
    let Some((number, _)) = feed_row(txn, name)? else { return Ok(Vec::new()) };
    let lists = txn.open_table(LISTS)?;
    let rows = lists.range(pair(number, 0)..=pair(number, u64::MAX))?;
    rows.map(|row| Ok(ChatId::new(row?.1.value()))).collect()
}

pub(super) fn lease(
    txn: &ReadTransaction,
    key: &LeaseKey,
    now_ms: i64,
) -> Result<Option<Lease>, Broken> {
    let row = txn.open_table(LEASES)?.get(key.as_str())?;
    let row = row.map(|row| LeaseRow::read(row.value())).transpose()?;
    Ok(row.filter(|row| row.lives(now_ms)).map(|row| row.lease))
}

pub(super) fn scan(
    txn: &ReadTransaction,
    prefix: &str,
    now_ms: i64,
) -> Result<Vec<(LeaseKey, Lease)>, Broken> {
    let leases = txn.open_table(LEASES)?;
    let mut found = Vec::new();
    for row in leases.range(prefix..)? {
        let (key, row) = row?;
        if !key.value().starts_with(prefix) {
            break;
        }
        let row = LeaseRow::read(row.value())?;
        if row.lives(now_ms) {
            found.push((LeaseKey::new(key.value()), row.lease));
        }
    }
    Ok(found)
}

pub(super) fn chats(
    txn: &ReadTransaction,
    after: Option<&ChatId>,
    limit: usize,
) -> Result<Vec<crate::ChatRow>, Broken> {
    let (chats, feeds) = (txn.open_table(CHATS)?, txn.open_table(FEEDS)?);
    let start = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_str()));
    let mut page = Vec::new();
    for row in chats.range::<&str>((start, Bound::Unbounded))?.take(limit) {
        let (id, row) = row?;
        let row = ChatRow::read(row.value())?;
        let mut listed = Vec::with_capacity(row.listed.len());
        for (number, _) in &row.listed {
            // A list that is not there is a list that does not name the chat: a walk tells both.
            if let Some(feed) = feeds.get(number)? {
                listed.push(Feed::read(feed.value())?.name);
            }
        }
        listed.sort();
        let chat = ChatId::new(id.value());
        page.push(crate::ChatRow::new(chat, row.head(), row.expire_at_ms, listed));
    }
    Ok(page)
}

pub(super) fn feeds(
    txn: &ReadTransaction,
    after: Option<&FeedId>,
    limit: usize,
) -> Result<Vec<FeedRow>, Broken> {
    let (ids, feeds) = (txn.open_table(FEED_IDS)?, txn.open_table(FEEDS)?);
    let start = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_str()));
    let mut page = Vec::new();
    for row in ids.range::<&str>((start, Bound::Unbounded))?.take(limit) {
        let (name, number) = row?;
        let row = feeds.get(number.value())?;
        let row = row.ok_or_else(|| Broken::damage(format_args!("{} has no row", name.value())))?;
        let feed = Feed::read(row.value())?;
        page.push(FeedRow::new(feed.name, feed.floor, feed.head));
    }
    Ok(page)
}

pub(super) fn entries(
    txn: &ReadTransaction,
    name: &FeedId,
    after: u64,
    limit: usize,
) -> Result<Vec<EntryRow>, Broken> {
    let Some((number, _)) = feed_row(txn, name)? else { return Ok(Vec::new()) };
    let rows = entries_after(txn, number, after)?.take(limit);
    rows.map(|row| {
        let (key, row) = row?;
        let entry = Entry::read(row.value())?;
        Ok(EntryRow::new(second(key.value()), entry.chat, entry.version))
    })
    .collect()
}

fn chat_row(txn: &ReadTransaction, chat: &ChatId) -> Result<Option<ChatRow>, Broken> {
    let row = txn.open_table(CHATS)?.get(chat.as_str())?;
    row.map(|row| ChatRow::read(row.value())).transpose()
}

fn feed_row(txn: &ReadTransaction, name: &FeedId) -> Result<Option<(u64, Feed)>, Broken> {
    let Some(number) = txn.open_table(FEED_IDS)?.get(name.as_str())? else { return Ok(None) };
    let number = number.value();
    let row = txn.open_table(FEEDS)?.get(number)?;
    row.map(|row| Ok((number, Feed::read(row.value())?))).transpose()
}

fn records_of(
    txn: &ReadTransaction,
    chat: &ChatId,
    row: &ChatRow,
    after: u64,
    limit: usize,
) -> Result<Vec<Record>, Broken> {
    if after >= row.version {
        return Ok(Vec::new());
    }
    let places = row.places(&txn.open_table(PLACES)?, after, limit)?;
    let journal = txn.open_table(JOURNAL)?;
    let records = (after + 1..).zip(places).map(|(version, place)| {
        let record = journal.get(place)?.ok_or_else(|| lacks(chat, version))?;
        read_record(chat, version, record.value())
    });
    records.collect()
}

/// A record is not where it should be.
pub(super) fn lacks(chat: &ChatId, version: u64) -> Broken {
    Broken::damage(format_args!("chat {chat} lacks its record {version}"))
}

type Entries = redb::Range<'static, u128, &'static [u8]>;

fn entries_after(txn: &ReadTransaction, number: u64, after: u64) -> Result<Entries, Broken> {
    let entries = txn.open_table(ENTRIES)?;
    let start = pair(number, after.saturating_add(1).max(1));
    Ok(entries.range(start..=pair(number, u64::MAX))?)
}
