//! One write transaction: its open tables, its counters, and the changes of chats, feeds and lists.
//!
//! Everything here either happens with the transaction's commit or not at all, so nothing needs to
//! be put right when it fails half way. Many changes of one group are announced to the same feeds, so
//! rows of feeds and counters are written once, when the group is complete.

use std::collections::BTreeMap;

use chat_model::ChatId;
use redb::{ReadableTable, Table, WriteTransaction};

use super::Broken;
use super::places::{block_of, read_block};
use super::rows::{
    AGES, CHATS, ChatRow, DUE, ENTRIES, FEED_IDS, FEEDS, Feed, JOURNAL, LAPSES, LEASES, LISTS,
    META, PLACES, SNAPSHOTS, pair,
};
use crate::{FeedId, Wake};

type Rows<'t, K> = Table<'t, K, &'static [u8]>;

pub(super) struct Tables<'t> {
    meta: Table<'t, &'static str, u64>,
    pub(super) chats: Rows<'t, &'static str>,
    pub(super) journal: Rows<'t, u64>,
    pub(super) places: Rows<'t, u128>,
    pub(super) snapshots: Rows<'t, u64>,
    pub(super) due: Table<'t, (i64, &'static str), ()>,
    feed_ids: Table<'t, &'static str, u64>,
    feeds: Rows<'t, u64>,
    pub(super) entries: Rows<'t, u128>,
    pub(super) ages: Rows<'t, u64>,
    pub(super) lists: Table<'t, u128, &'static str>,
    pub(super) leases: Rows<'t, &'static str>,
    pub(super) lapses: Table<'t, (i64, &'static str), ()>,
    pub(super) window_ms: i64,
    pub(super) now_ms: i64,
    /// Whether there is anything to commit.
    pub(super) changed: bool,
    /// The hints to send once the commit is durable.
    pub(super) wakes: Vec<Wake>,
    /// The counters that were used, as they are by now.
    counters: BTreeMap<&'static str, u64>,
    /// The numbers of the feeds that were asked for by name.
    numbers: BTreeMap<FeedId, u64>,
    /// The feeds that were changed, as they are by now.
    heads: BTreeMap<u64, Feed>,
}

/// What numbers are given out by; none comes twice in the life of a file.
#[derive(Clone, Copy)]
pub(super) enum Counter {
    Life,
    Feed,
    Place,
    Record,
    Rev,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Life => "lives",
            Self::Feed => "feeds",
            Self::Place => "places",
            Self::Record => "records",
            Self::Rev => "revisions",
        }
    }
}

impl<'t> Tables<'t> {
    pub(super) fn open(
        txn: &'t WriteTransaction,
        window_ms: i64,
        now_ms: i64,
    ) -> Result<Self, Broken> {
        Ok(Self {
            meta: txn.open_table(META)?,
            chats: txn.open_table(CHATS)?,
            journal: txn.open_table(JOURNAL)?,
            places: txn.open_table(PLACES)?,
            snapshots: txn.open_table(SNAPSHOTS)?,
            due: txn.open_table(DUE)?,
            feed_ids: txn.open_table(FEED_IDS)?,
            feeds: txn.open_table(FEEDS)?,
            entries: txn.open_table(ENTRIES)?,
            ages: txn.open_table(AGES)?,
            lists: txn.open_table(LISTS)?,
            leases: txn.open_table(LEASES)?,
            lapses: txn.open_table(LAPSES)?,
            window_ms,
            now_ms,
            changed: false,
            wakes: Vec::new(),
            counters: BTreeMap::new(),
            numbers: BTreeMap::new(),
            heads: BTreeMap::new(),
        })
    }

    /// Writes what was kept back until the group is complete. Nothing may be changed after it.
    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        for (name, last) in std::mem::take(&mut self.counters) {
            self.meta.insert(name, last)?;
        }
        for (number, feed) in std::mem::take(&mut self.heads) {
            self.feeds.insert(number, feed.write().as_slice())?;
        }
        Ok(())
    }

    /// The next number, from 1.
    pub(super) fn next(&mut self, counter: Counter) -> Result<u64, Broken> {
        let name = counter.name();
        let last = match self.counters.get(name) {
            Some(last) => *last,
            None => self.meta.get(name)?.map_or(0, |last| last.value()),
        };
        self.counters.insert(name, last + 1);
        Ok(last + 1)
    }

    pub(super) fn chat(&self, chat: &ChatId) -> Result<Option<ChatRow>, Broken> {
        self.chats.get(chat.as_str())?.map(|row| ChatRow::read(row.value())).transpose()
    }

    pub(super) fn put_chat(&mut self, chat: &ChatId, row: &ChatRow) -> Result<(), Broken> {
        self.chats.insert(chat.as_str(), row.write().as_slice())?;
        Ok(())
    }

    /// Appends a record to its chat, and answers where it stands.
    pub(super) fn record(&mut self, row: &mut ChatRow, record: &[u8]) -> Result<u64, Broken> {
        let place = self.next(Counter::Record)?;
        self.journal.insert(place, record)?;
        if let Some(block) = row.grow(place) {
            self.places.insert(pair(row.life, block_of(row.version)), block.as_slice())?;
        }
        Ok(place)
    }

    /// Where the chat's records after `after` stand.
    pub(super) fn places_of(&self, row: &ChatRow, after: u64) -> Result<Vec<u64>, Broken> {
        row.places(&self.places, after, usize::MAX)
    }

    /// Removes the chat's records, as many of them as can be found: what is damaged must go, too.
    pub(super) fn forget_records(&mut self, row: &ChatRow) -> Result<(), Broken> {
        for block in 0..=block_of(row.version.max(1)) {
            let Some(kept) = self.places.remove(pair(row.life, block))? else { break };
            for place in read_block(kept.value()) {
                self.journal.remove(place)?;
            }
        }
        for place in &row.places {
            self.journal.remove(place)?;
        }
        Ok(())
    }

    pub(super) fn feed_number(&mut self, name: &FeedId) -> Result<Option<u64>, Broken> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(Some(*number));
        }
        let number = self.feed_ids.get(name.as_str())?.map(|number| number.value());
        if let Some(number) = number {
            self.numbers.insert(name.clone(), number);
        }
        Ok(number)
    }

    pub(super) fn feed(&self, number: u64) -> Result<Feed, Broken> {
        if let Some(feed) = self.heads.get(&number) {
            return Ok(feed.clone());
        }
        let row = self.feeds.get(number)?;
        let row = row.ok_or_else(|| Broken::damage("a feed is not there"))?;
        Feed::read(row.value())
    }

    /// The number of the feed of that name, made if need be.
    pub(super) fn feed_of(&mut self, name: &FeedId) -> Result<u64, Broken> {
        if let Some(number) = self.feed_number(name)? {
            return Ok(number);
        }
        let number = self.next(Counter::Feed)?;
        self.feed_ids.insert(name.as_str(), number)?;
        self.numbers.insert(name.clone(), number);
        self.put_feed(number, Feed { floor: 0, head: 0, name: name.clone() });
        Ok(number)
    }

    /// The next cursor of the feed.
    pub(super) fn advance(&mut self, number: u64) -> Result<u64, Broken> {
        if !self.heads.contains_key(&number) {
            self.put_feed(number, self.feed(number)?);
        }
        let feed = self.heads.get_mut(&number);
        let feed = feed.ok_or_else(|| Broken::damage("a feed that was put is not there"))?;
        feed.head += 1;
        Ok(feed.head)
    }

    pub(super) fn put_feed(&mut self, number: u64, feed: Feed) {
        self.heads.insert(number, feed);
    }

    /// Puts a chat at the end of a list, if it is not there already.
    pub(super) fn list(
        &mut self,
        chat: &ChatId,
        row: &mut ChatRow,
        name: &FeedId,
    ) -> Result<(), Broken> {
        let number = self.feed_of(name)?;
        if row.listed.iter().all(|(listed, _)| *listed != number) {
            let place = self.next(Counter::Place)?;
            row.listed.push((number, place));
            self.lists.insert(pair(number, place), chat.as_str())?;
        }
        Ok(())
    }

    /// Takes a chat off a list. A feed that was never written to goes with its last chat: visitors
    /// come once each, and there is no cursor to remember.
    pub(super) fn unlist(&mut self, number: u64, place: u64) -> Result<(), Broken> {
        self.lists.remove(pair(number, place))?;
        if self.lists.range(pair(number, 0)..=pair(number, u64::MAX))?.next().is_some() {
            return Ok(());
        }
        let feed = self.feed(number)?;
        if feed.head == 0 {
            self.heads.remove(&number);
            self.numbers.remove(&feed.name);
            self.feeds.remove(number)?;
            self.feed_ids.remove(feed.name.as_str())?;
        }
        Ok(())
    }

    /// Keeps [`DUE`] as the chat's row says it shall be.
    pub(super) fn set_due(
        &mut self,
        chat: &ChatId,
        row: &mut ChatRow,
        due_ms: Option<i64>,
    ) -> Result<(), Broken> {
        if due_ms == row.due_ms {
            return Ok(());
        }
        if let Some(was) = row.due_ms {
            self.due.remove((was, chat.as_str()))?;
        }
        if let Some(is) = due_ms {
            self.due.insert((is, chat.as_str()), ())?;
        }
        row.due_ms = due_ms;
        Ok(())
    }
}
