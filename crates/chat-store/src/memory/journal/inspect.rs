//! Walking through the memory store, and taking over what another store kept.
//!
//! The tables have no order, so each page sorts what it gives. That is the price of an operator's
//! walk, and serving pays none of it.

use std::collections::BTreeMap;

use chat_model::ChatId;

use super::{Feed, Journal, entry};
use crate::{Append, ChatRow, EntryRow, FeedId, FeedRow, Head, ImportError, Record};

impl Journal {
    pub(in crate::memory) fn chats(&self, after: Option<&ChatId>, limit: usize) -> Vec<ChatRow> {
        let rows: BTreeMap<_, _> =
            self.chats.iter().filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        rows.into_iter()
            .take(limit)
            .map(|(id, chat)| {
                let mut listed: Vec<_> = chat.listed.iter().map(|(feed, _)| feed.clone()).collect();
                listed.sort();
                ChatRow::new(id.clone(), chat.head(), chat.expire_at_ms, listed)
            })
            .collect()
    }

    pub(in crate::memory) fn feeds(&self, after: Option<&FeedId>, limit: usize) -> Vec<FeedRow> {
        let rows: BTreeMap<_, _> =
            self.feeds.iter().filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        rows.into_iter()
            .take(limit)
            .map(|(id, feed)| FeedRow::new(id.clone(), feed.floor, feed.head()))
            .collect()
    }

    pub(in crate::memory) fn entries(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> Vec<EntryRow> {
        let page = self.feed(feed, after, limit);
        let row =
            |entry: crate::FeedEntry| EntryRow::new(entry.cursor, entry.chat, entry.record.version);
        page.entries.into_iter().map(row).collect()
    }

    pub(in crate::memory) fn import_chat(
        &mut self,
        id: &ChatId,
        records: &[Record],
        expire_at_ms: Option<i64>,
    ) -> Result<bool, ImportError> {
        ImportError::unless_dense(records)?;
        if let Some(chat) = self.chats.get(id) {
            return if chat.records == records { Ok(false) } else { Err(ImportError::Taken) };
        }
        let mut head = Head::NONE;
        for record in records {
            let append = Append::new(id, head, record.command, record.at_ms, &record.payload);
            head = self
                .append(append.expire_at_ms(expire_at_ms), |_, _| ())
                .map_err(|why| ImportError::Refused(why.to_string()))?;
        }
        Ok(true)
    }

    pub(in crate::memory) fn import_feed(
        &mut self,
        name: &FeedId,
        head: u64,
        listed: &[ChatId],
    ) -> Result<bool, ImportError> {
        if self.feeds.contains_key(name) {
            let same = self.feed_head(name) == head && self.listed(name) == listed;
            return if same { Ok(false) } else { Err(ImportError::Taken) };
        }
        for (nth, id) in listed.iter().enumerate() {
            if !self.chats.contains_key(id) || listed[..nth].contains(id) {
                let what = "expected chats that are there, each once, on the list of";
                return Err(ImportError::Refused(format!("{what} {name}, got {id}")));
            }
        }
        if head == 0 && listed.is_empty() {
            return Ok(false);
        }
        let feed: &mut Feed = entry(&mut self.feeds, name);
        feed.floor = head;
        for id in listed {
            if let Some(chat) = self.chats.get_mut(id) {
                chat.listed.push((name.clone(), self.next_place));
                feed.listed.insert(self.next_place, id.clone());
                self.next_place += 1;
            }
        }
        Ok(true)
    }
}
