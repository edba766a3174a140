//! Forgetting what is due, a slice at a time, so that appends never wait for a large clean-up.

use chat_model::ChatId;
use redb::ReadableTable;

use super::{Change, Step};
use crate::embedded::Broken;
use crate::embedded::rows::{Age, pair};
use crate::embedded::tables::Tables;

/// How many rows go in one transaction.
const SLICE: usize = 256;

pub(in crate::embedded) struct Expire {
    now_ms: i64,
    limit: usize,
    gone: usize,
}

impl Expire {
    pub(in crate::embedded) const fn new(now_ms: i64, limit: usize) -> Self {
        Self { now_ms, limit, gone: 0 }
    }
}

impl Change for Expire {
    type Outcome = usize;

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<usize>, Broken> {
        let slice = SLICE.min(self.limit - self.gone);
        let mut gone = trim_feeds(tables, self.now_ms, slice)?;
        gone += remove_chats(tables, self.now_ms, slice - gone)?;
        tables.changed |= gone > 0;
        self.gone += gone;
        let ended = gone < slice || self.gone == self.limit;
        Ok(if ended { Step::Done(self.gone) } else { Step::More })
    }
}

/// Removes the entries that have left the replay window, in the order they were appended in, which
/// is each feed's own order: so a feed's floor rises without a hole.
fn trim_feeds(tables: &mut Tables<'_>, now_ms: i64, limit: usize) -> Result<usize, Broken> {
    let horizon = now_ms.saturating_sub(tables.window_ms);
    let mut gone = 0;
    while gone < limit {
        let Some((number, mut age)) = oldest_age(tables)? else { break };
        if age.at_ms > horizon {
            break;
        }
        let now = age.feeds.len().min(limit - gone);
        for feed_number in age.feeds.drain(..now) {
            let mut feed = tables.feed(feed_number)?;
            feed.floor += 1;
            tables.entries.remove(pair(feed_number, feed.floor))?;
            tables.put_feed(feed_number, feed);
        }
        gone += now;
        if age.feeds.is_empty() {
            tables.ages.remove(number)?;
        } else {
            tables.ages.insert(number, age.write().as_slice())?;
        }
    }
    Ok(gone)
}

fn oldest_age(tables: &Tables<'_>) -> Result<Option<(u64, Age)>, Broken> {
    let Some((number, row)) = tables.ages.first()? else { return Ok(None) };
    Ok(Some((number.value(), Age::read(row.value())?)))
}

/// Removes the chats that are due, unless an entry of theirs is still in a feed: an entry whose
/// record is gone could not be read.
fn remove_chats(tables: &mut Tables<'_>, now_ms: i64, limit: usize) -> Result<usize, Broken> {
    if limit == 0 {
        return Ok(0);
    }
    let oldest_age = oldest_age(tables)?.map_or(u64::MAX, |(number, _)| number);
    let mut due = Vec::new();
    for row in tables.due.range(..(now_ms.saturating_add(1), ""))? {
        let (key, _) = row?;
        let (due_ms, chat) = key.value();
        let chat = ChatId::new(chat);
        if tables.chat(&chat)?.is_none_or(|row| row.last_age < oldest_age) {
            due.push((due_ms, chat));
        }
        if due.len() == limit {
            break;
        }
    }
    for (due_ms, chat) in &due {
        tables.due.remove((*due_ms, chat.as_str()))?;
        let Some(row) = tables.chat(chat)? else { continue };
        tables.chats.remove(chat.as_str())?;
        tables.snapshots.remove(row.life)?;
        tables.forget_records(&row)?;
        for (number, place) in row.listed {
            tables.unlist(number, place)?;
        }
    }
    Ok(due.len())
}
