//! Taking over the chats and feeds of another store.

use chat_model::ChatId;
use redb::ReadableTable;

use super::{Change, Step};
use crate::embedded::Broken;
use crate::embedded::reads::lacks;
use crate::embedded::rows::{ChatRow, pair, read_record, write_record};
use crate::embedded::tables::{Counter, Tables};
use crate::{FeedId, ImportError, Record};

pub(in crate::embedded) struct ImportChat {
    pub(in crate::embedded) chat: ChatId,
    pub(in crate::embedded) records: Vec<Record>,
    pub(in crate::embedded) expire_at_ms: Option<i64>,
}

impl Change for ImportChat {
    type Outcome = Result<bool, ImportError>;

    fn weight(&self) -> usize {
        self.records.iter().map(|record| 256 + record.payload.len()).sum()
    }

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken> {
        if let Some(row) = tables.chat(&self.chat)? {
            let same = self.is_there(tables, &row)?;
            return Ok(Step::Done(if same { Ok(false) } else { Err(ImportError::Taken) }));
        }
        tables.changed = true;
        let mut row = ChatRow::new(tables.next(Counter::Life)?);
        for record in &self.records {
            let Record { version, at_ms, command, ref payload, .. } = *record;
            row.newest_at_ms = row.newest_at_ms.max(at_ms);
            tables.record(&mut row, &write_record(&self.chat, version, at_ms, command, payload))?;
        }
        row.expire_at_ms = self.expire_at_ms;
        let left_the_window = row.newest_at_ms.saturating_add(tables.window_ms);
        let due_ms = self.expire_at_ms.map(|at| at.max(left_the_window));
        tables.set_due(&self.chat, &mut row, due_ms)?;
        tables.put_chat(&self.chat, &row)?;
        Ok(Step::Done(Ok(true)))
    }
}

impl ImportChat {
    fn is_there(&self, tables: &Tables<'_>, row: &ChatRow) -> Result<bool, Broken> {
        if row.version != self.records.len() as u64 {
            return Ok(false);
        }
        for (place, record) in tables.places_of(row, 0)?.into_iter().zip(&self.records) {
            let kept =
                tables.journal.get(place)?.ok_or_else(|| lacks(&self.chat, record.version))?;
            if read_record(&self.chat, record.version, kept.value())? != *record {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

pub(in crate::embedded) struct ImportFeed {
    pub(in crate::embedded) feed: FeedId,
    pub(in crate::embedded) head: u64,
    pub(in crate::embedded) listed: Vec<ChatId>,
}

impl Change for ImportFeed {
    type Outcome = Result<bool, ImportError>;

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken> {
        if let Some(number) = tables.feed_number(&self.feed)? {
            let same = self.is_there(tables, number)?;
            return Ok(Step::Done(if same { Ok(false) } else { Err(ImportError::Taken) }));
        }
        let mut rows = Vec::with_capacity(self.listed.len());
        for (nth, chat) in self.listed.iter().enumerate() {
            match tables.chat(chat)? {
                Some(row) if !self.listed[..nth].contains(chat) => rows.push(row),
                _ => {
                    let what = "expected chats that are there, each once, on the list of";
                    let why = format!("{what} {}, got {chat}", self.feed);
                    return Ok(Step::Done(Err(ImportError::Refused(why))));
                }
            }
        }
        if self.head == 0 && self.listed.is_empty() {
            return Ok(Step::Done(Ok(false)));
        }
        tables.changed = true;
        let number = tables.feed_of(&self.feed)?;
        let mut feed = tables.feed(number)?;
        (feed.floor, feed.head) = (self.head, self.head);
        tables.put_feed(number, feed);
        for (chat, mut row) in self.listed.iter().zip(rows) {
            tables.list(chat, &mut row, &self.feed)?;
            tables.put_chat(chat, &row)?;
        }
        Ok(Step::Done(Ok(true)))
    }
}

impl ImportFeed {
    fn is_there(&self, tables: &Tables<'_>, number: u64) -> Result<bool, Broken> {
        let mut listed = self.listed.iter();
        for row in tables.lists.range(pair(number, 0)..=pair(number, u64::MAX))? {
            let (_, chat) = row?;
            if listed.next().is_none_or(|want| want.as_str() != chat.value()) {
                return Ok(false);
            }
        }
        Ok(listed.next().is_none() && tables.feed(number)?.head == self.head)
    }
}
