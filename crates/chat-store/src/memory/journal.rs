//! Chats, feeds and lists in memory: what one append changes under one lock.
//!
//! The hot path is `append`. It looks up the chat and each feed once, copies the payload once and
//! shares it from then on. Nothing is ever iterated in hash order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use chat_model::ChatId;
use foldhash::fast::FixedState;

use crate::{Append, AppendError, FeedEntry, FeedId, FeedPage, Head, Loaded, Record, Snapshot};

mod inspect;

/// Keys are ids the deployment itself gives out, so the hash needs no secret and the same run gives
/// the same layout.
type Table<K, V> = hashbrown::HashMap<K, V, FixedState>;

pub(super) struct Journal {
    chats: Table<ChatId, Chat>,
    feeds: Table<FeedId, Feed>,
    /// One element per feed entry, in the order of appending, which is also each feed's order: the
    /// front names the feed whose first entry is the oldest.
    ages: VecDeque<(i64, FeedId)>,
    /// The chats that may expire, by the time from which they may.
    due: BTreeSet<(i64, ChatId)>,
    /// The token of the next chat to be made; each life of an id has one of its own.
    next_life: u64,
    /// The place in a list of the next chat to be listed.
    next_place: u64,
    window_ms: i64,
}

struct Chat {
    token: u64,
    /// Versions are dense, so the record of version v is at v - 1.
    records: Vec<Record>,
    snapshot: Option<Snapshot>,
    listed: Vec<(FeedId, u64)>,
    newest_at_ms: i64,
    /// What the newest append said.
    expire_at_ms: Option<i64>,
    /// When it may go: not before its newest record has left the replay window.
    due_ms: Option<i64>,
}

#[derive(Default)]
struct Feed {
    /// The cursor of the newest entry that is gone. Cursors are dense here, so the entry of cursor
    /// c is at c - floor - 1.
    floor: u64,
    entries: VecDeque<FeedEntry>,
    listed: BTreeMap<u64, ChatId>,
}

impl Journal {
    pub(super) fn new(window_ms: i64) -> Self {
        Self {
            chats: Table::default(),
            feeds: Table::default(),
            ages: VecDeque::new(),
            due: BTreeSet::new(),
            next_life: 1,
            next_place: 0,
            window_ms,
        }
    }

    /// Calls `grew` with each feed that got an entry and the entry's cursor.
    pub(super) fn append(
        &mut self,
        append: Append<'_>,
        mut grew: impl FnMut(&FeedId, u64),
    ) -> Result<Head, AppendError> {
        if self.head(append.chat) != append.expect {
            return Err(AppendError::Conflict);
        }
        // From here on nothing can fail: that is what makes the append atomic.
        if append.expect == Head::NONE {
            self.chats.insert(append.chat.clone(), Chat::new(self.next_life));
            self.next_life += 1;
        }
        let Some(chat) = self.chats.get_mut(append.chat) else {
            return Err(AppendError::Conflict);
        };

        let version = append.expect.version + 1;
        let record = Record::new(version, append.at_ms, append.command, append.payload);
        for (nth, name) in append.feeds.iter().enumerate() {
            if append.feeds[..nth].contains(name) {
                continue;
            }
            let feed = entry(&mut self.feeds, name);
            let cursor = feed.head() + 1;
            let chat = append.chat.clone();
            feed.entries.push_back(FeedEntry::new(cursor, chat, record.clone()));
            self.ages.push_back((append.at_ms, name.clone()));
            grew(name, cursor);
        }
        chat.records.push(record);

        for name in append.unlist {
            if let Some(at) = chat.listed.iter().position(|(listed, _)| listed == name) {
                let (name, place) = chat.listed.remove(at);
                unlist(&mut self.feeds, &name, place);
            }
        }
        for name in append.list {
            if chat.listed.iter().all(|(listed, _)| listed != name) {
                chat.listed.push((name.clone(), self.next_place));
                entry(&mut self.feeds, name).listed.insert(self.next_place, append.chat.clone());
                self.next_place += 1;
            }
        }

        chat.newest_at_ms = chat.newest_at_ms.max(append.at_ms);
        let left_the_window = chat.newest_at_ms.saturating_add(self.window_ms);
        chat.expire_at_ms = append.expire_at_ms;
        let due = append.expire_at_ms.map(|at| at.max(left_the_window));
        if due != chat.due_ms {
            if let Some(was) = chat.due_ms {
                self.due.remove(&(was, append.chat.clone()));
            }
            if let Some(is) = due {
                self.due.insert((is, append.chat.clone()));
            }
            chat.due_ms = due;
        }
        Ok(chat.head())
    }

    pub(super) fn load(&self, chat: &ChatId) -> Option<Loaded> {
        let chat = self.chats.get(chat)?;
        let covered = chat.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        Some(Loaded::new(
            chat.head(),
            chat.snapshot.clone(),
            chat.records[index(covered)..].to_vec(),
        ))
    }

    pub(super) fn records(&self, chat: &ChatId, after: u64, limit: usize) -> Vec<Record> {
        let Some(chat) = self.chats.get(chat) else { return Vec::new() };
        chat.records.iter().skip(index(after)).take(limit).cloned().collect()
    }

    pub(super) fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> FeedPage {
        let Some(feed) = self.feeds.get(feed) else { return FeedPage::default() };
        let seen = index(after.saturating_sub(feed.floor));
        FeedPage::new(feed.floor, feed.entries.iter().skip(seen).take(limit).cloned().collect())
    }

    pub(super) fn feed_head(&self, feed: &FeedId) -> u64 {
        self.feeds.get(feed).map_or(0, Feed::head)
    }

    pub(super) fn listed(&self, feed: &FeedId) -> Vec<ChatId> {
        self.feeds.get(feed).map_or(Vec::new(), |feed| feed.listed.values().cloned().collect())
    }

    pub(super) fn snapshot(&mut self, chat: &ChatId, head: Head, model_rev: u32, bytes: &[u8]) {
        let Some(chat) = self.chats.get_mut(chat) else { return };
        let of_this_life = head.token == chat.token && head.version <= chat.head().version;
        let older = chat.snapshot.as_ref().is_some_and(|kept| kept.version > head.version);
        if of_this_life && !older {
            chat.snapshot = Some(Snapshot::new(head.version, model_rev, Arc::<[u8]>::from(bytes)));
        }
    }

    pub(super) fn expire(&mut self, now_ms: i64, limit: usize) -> usize {
        let horizon = now_ms.saturating_sub(self.window_ms);
        let mut gone = 0;
        while gone < limit
            && let Some((_, name)) = self.ages.pop_front_if(|(at_ms, _)| *at_ms <= horizon)
        {
            let feed = entry(&mut self.feeds, &name);
            feed.entries.pop_front();
            feed.floor += 1;
            give_back(&mut feed.entries);
            gone += 1;
        }
        give_back(&mut self.ages);
        while gone < limit
            && let Some((due_ms, _)) = self.due.first()
            && *due_ms <= now_ms
            && let Some((_, id)) = self.due.pop_first()
        {
            if let Some(chat) = self.chats.remove(&id) {
                for (name, place) in chat.listed {
                    unlist(&mut self.feeds, &name, place);
                }
            }
            gone += 1;
        }
        gone
    }

    fn head(&self, chat: &ChatId) -> Head {
        self.chats.get(chat).map_or(Head::NONE, Chat::head)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("chats", &self.chats.len())
            .field("feeds", &self.feeds.len())
            .field("feed_entries", &self.ages.len())
            .field("window_ms", &self.window_ms)
            .finish_non_exhaustive()
    }
}

impl Chat {
    const fn new(token: u64) -> Self {
        Self {
            token,
            records: Vec::new(),
            snapshot: None,
            listed: Vec::new(),
            newest_at_ms: i64::MIN,
            expire_at_ms: None,
            due_ms: None,
        }
    }

    const fn head(&self) -> Head {
        Head::new(self.records.len() as u64, self.token)
    }
}

impl Feed {
    fn head(&self) -> u64 {
        self.floor + self.entries.len() as u64
    }
}

/// The feed of that name, made if need be; the name is only cloned when it is.
fn entry<'a>(feeds: &'a mut Table<FeedId, Feed>, name: &FeedId) -> &'a mut Feed {
    feeds.entry_ref(name).or_default()
}

/// Takes a chat off a list. A feed that was never written to goes with its last chat: visitors come
/// once each, and there is no cursor to remember.
fn unlist(feeds: &mut Table<FeedId, Feed>, name: &FeedId, place: u64) {
    let Some(feed) = feeds.get_mut(name) else { return };
    feed.listed.remove(&place);
    if feed.listed.is_empty() && feed.head() == 0 {
        feeds.remove(name);
    }
}

/// Gives back room that a peak left behind, by halves, so that it costs nothing on the average.
fn give_back<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > 64 && queue.len() < queue.capacity() / 4 {
        queue.shrink_to(queue.capacity() / 2);
    }
}

/// A count as an index; beyond the address space it is beyond every table as well.
fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
