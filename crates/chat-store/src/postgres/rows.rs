//! Values on their way into the database and back.
//!
//! PostgreSQL's text holds every character but U+0000, and nothing here rests on which characters
//! names are made of. So U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002: the order
//! of the bytes stays, and so does which text begins with which.

use std::borrow::Cow;

use chat_model::ChatId;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::Fault;
use crate::{CommandId, FeedId, Record, Unavailable};

/// A name as the database keeps it.
pub(super) fn kept(name: &str) -> Cow<'_, str> {
    if !name.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}"))
}

/// The name that was kept.
pub(super) fn named(kept: &str) -> Cow<'_, str> {
    if !kept.contains('\u{1}') {
        return Cow::Borrowed(kept);
    }
    let mut name = String::with_capacity(kept.len());
    let mut chars = kept.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1}' if chars.next() == Some('\u{1}') => name.push('\0'),
            other => name.push(other),
        }
    }
    Cow::Owned(name)
}

/// The names of feeds, each once and in the order of their bytes.
pub(super) fn kept_once(feeds: &[FeedId]) -> (Vec<&FeedId>, Vec<Cow<'_, str>>) {
    let mut feeds: Vec<_> = feeds.iter().collect();
    feeds.sort_unstable();
    feeds.dedup();
    let names = feeds.iter().map(|feed| kept(feed.as_str())).collect();
    (feeds, names)
}

/// The first text, in the order of bytes, after all that begin with `prefix`; `None` for no end.
pub(super) fn after_all_with(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The range steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// A count or a place. What does not fit lies beyond everything there is.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// How many rows.
pub(super) fn limit(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column; one of another type or a null where there is none means that somebody else has
/// written to these tables.
pub(super) fn column<'r, T: FromSql<'r>>(row: &'r Row, nth: usize) -> Result<T, Damaged> {
    row.try_get(nth).map_err(|error| Damaged(super::error::told(&error)))
}

/// A column with a number that is never negative.
pub(super) fn count(row: &Row, nth: usize) -> Result<u64, Damaged> {
    let value: i64 = column(row, nth)?;
    u64::try_from(value).map_err(|_| Damaged(format!("expected no negative number, got {value}")))
}

/// The name of a chat.
pub(super) fn chat(row: &Row, nth: usize) -> Result<ChatId, Damaged> {
    Ok(ChatId::new(named(column(row, nth)?)))
}

/// The name of a feed.
pub(super) fn feed(kept: &str) -> Result<FeedId, Damaged> {
    FeedId::parse(&named(kept)).ok_or_else(|| Damaged(format!("{kept:?} names no feed")))
}

/// A record, from four columns beginning with its version.
pub(super) fn record(row: &Row, first: usize) -> Result<Record, Damaged> {
    let command: &[u8] = column(row, first + 2)?;
    let command = command
        .try_into()
        .map_err(|_| Damaged(format!("expected 16 bytes of a command, got {}", command.len())))?;
    let payload: &[u8] = column(row, first + 3)?;
    let at_ms = column(row, first + 1)?;
    Ok(Record::new(count(row, first)?, at_ms, CommandId::new(command), payload))
}

/// Rows that do not fit together.
#[derive(Debug)]
pub(super) struct Damaged(pub(super) String);

impl From<Damaged> for Unavailable {
    fn from(damaged: Damaged) -> Self {
        Self::damaged(format!(
            "the database holds what was not written by this program: {}",
            damaged.0
        ))
    }
}

impl From<Damaged> for Fault {
    fn from(damaged: Damaged) -> Self {
        Self::Unknown(Unavailable::from(damaged).why().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{after_all_with, kept, named};

    proptest! {
        #[test]
        fn any_name_comes_back_and_keeps_its_place_among_the_others(
            one in "[\u{0}-\u{3}a\u{10ffff}]{0,6}", other in "[\u{0}-\u{3}a\u{10ffff}]{0,6}",
        ) {
            let (a, b) = (kept(&one), kept(&other));
            prop_assert_eq!(named(&a), one.as_str());
            prop_assert_eq!(a.contains('\0'), false);
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            prop_assert_eq!(a.starts_with(&*b), one.starts_with(&other));
            let in_range = a >= b && after_all_with(&b).is_none_or(|end| *a < *end);
            prop_assert_eq!(in_range, one.starts_with(&other));
        }
    }
}
