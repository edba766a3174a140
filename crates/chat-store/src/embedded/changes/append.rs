//! Appending one record, and keeping a snapshot.

use chat_model::ChatId;
use redb::{ReadTransaction, ReadableTable};

use super::{Change, Found, Step};
use crate::embedded::Broken;
use crate::embedded::rows::{
    Age, CHATS, ChatRow, Entry, JOURNAL, PLACES, pair, read_record, read_snapshot, write_record,
    write_snapshot,
};
use crate::embedded::tables::{Counter, Tables};
use crate::{Append, CommandId, FeedId, Head, Wake};

/// The chat's head is not the expected one.
pub(in crate::embedded) struct Conflict;

pub(in crate::embedded) struct AppendOne {
    chat: ChatId,
    expect: Head,
    command: CommandId,
    at_ms: i64,
    /// The record's row as it is going to be written, so that the writer copies nothing.
    row: Vec<u8>,
    feeds: Vec<FeedId>,
    list: Vec<FeedId>,
    unlist: Vec<FeedId>,
    expire_at_ms: Option<i64>,
}

impl AppendOne {
    pub(in crate::embedded) fn new(append: Append<'_>) -> Self {
        let mut feeds: Vec<FeedId> = Vec::with_capacity(append.feeds.len());
        for feed in append.feeds {
            if !feeds.contains(feed) {
                feeds.push(feed.clone());
            }
        }
        Self {
            chat: append.chat.clone(),
            expect: append.expect,
            command: append.command,
            at_ms: append.at_ms,
            row: write_record(
                append.chat,
                append.expect.version + 1,
                append.at_ms,
                append.command,
                append.payload,
            ),
            feeds,
            list: append.list.to_vec(),
            unlist: append.unlist.to_vec(),
            expire_at_ms: append.expire_at_ms,
        }
    }
}

impl Change for AppendOne {
    type Outcome = Result<Head, Conflict>;

    fn weight(&self) -> usize {
        self.row.len() + 128 * (2 + self.feeds.len())
    }

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken> {
        let row = tables.chat(&self.chat)?;
        if row.as_ref().map_or(Head::NONE, ChatRow::head) != self.expect {
            return Ok(Step::Done(Err(Conflict)));
        }
        tables.changed = true;
        let mut row = match row {
            Some(row) => row,
            None => ChatRow::new(tables.next(Counter::Life)?),
        };
        let place = tables.record(&mut row, &self.row)?;
        self.announce(tables, &mut row, place)?;
        for name in &self.unlist {
            let Some(number) = tables.feed_number(name)? else { continue };
            if let Some(at) = row.listed.iter().position(|(listed, _)| *listed == number) {
                let (number, place) = row.listed.remove(at);
                tables.unlist(number, place)?;
            }
        }
        for name in &self.list {
            tables.list(&self.chat, &mut row, name)?;
        }
        row.newest_at_ms = row.newest_at_ms.max(self.at_ms);
        row.expire_at_ms = self.expire_at_ms;
        let left_the_window = row.newest_at_ms.saturating_add(tables.window_ms);
        let due_ms = self.expire_at_ms.map(|at| at.max(left_the_window));
        tables.set_due(&self.chat, &mut row, due_ms)?;
        tables.put_chat(&self.chat, &row)?;
        Ok(Step::Done(Ok(row.head())))
    }

    fn found(&self, txn: &ReadTransaction) -> Result<Found<Self::Outcome>, Broken> {
        let version = self.expect.version + 1;
        let chats = txn.open_table(CHATS)?;
        let Some(row) = chats.get(self.chat.as_str())? else { return Ok(Found::Absent) };
        let row = ChatRow::read(row.value())?;
        let places = row.places(&txn.open_table(PLACES)?, self.expect.version, 1)?;
        let Some(place) = places.first() else { return Ok(Found::Absent) };
        let Some(record) = txn.open_table(JOURNAL)?.get(place)? else { return Ok(Found::Unknown) };
        let record = read_record(&self.chat, version, record.value())?;
        let ours = record.command == self.command;
        Ok(if ours { Found::Applied(Ok(Head::new(version, row.life))) } else { Found::Absent })
    }
}

impl AppendOne {
    fn announce(
        &self,
        tables: &mut Tables<'_>,
        row: &mut ChatRow,
        place: u64,
    ) -> Result<(), Broken> {
        if self.feeds.is_empty() {
            return Ok(());
        }
        let entry = Entry::write(place, row.version, &self.chat);
        let mut age = Age { at_ms: self.at_ms, feeds: Vec::with_capacity(self.feeds.len()) };
        for name in &self.feeds {
            let number = tables.feed_of(name)?;
            let cursor = tables.advance(number)?;
            tables.entries.insert(pair(number, cursor), entry.as_slice())?;
            age.feeds.push(number);
            tables.wakes.push(Wake::new(name.clone(), cursor));
        }
        row.last_age = place;
        tables.ages.insert(place, age.write().as_slice())?;
        Ok(())
    }
}

pub(in crate::embedded) struct PutSnapshot {
    pub(in crate::embedded) chat: ChatId,
    pub(in crate::embedded) head: Head,
    row: Vec<u8>,
}

impl PutSnapshot {
    pub(in crate::embedded) fn new(
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        state: &[u8],
    ) -> Self {
        Self { chat: chat.clone(), head, row: write_snapshot(head.version, model_rev, state) }
    }
}

impl Change for PutSnapshot {
    type Outcome = ();

    fn weight(&self) -> usize {
        self.row.len()
    }

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<()>, Broken> {
        let Some(row) = tables.chat(&self.chat)? else { return Ok(Step::Done(())) };
        let of_this_life = self.head.token == row.life && self.head.version <= row.version;
        let kept = tables.snapshots.get(row.life)?.map(|kept| read_snapshot(kept.value()));
        // One that cannot be read is as good as none: it is only a cache.
        let older = kept.and_then(Result::ok).is_some_and(|kept| kept.version > self.head.version);
        if of_this_life && !older {
            tables.snapshots.insert(row.life, self.row.as_slice())?;
            tables.changed = true;
        }
        Ok(Step::Done(()))
    }
}
