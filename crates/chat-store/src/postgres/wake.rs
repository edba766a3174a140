//! Hints between nodes: what one writes into a notification, another reads from it, and what both
//! fall back to when one is lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rows;
use crate::{FeedId, Wake};

/// What a notification holds at most, by the server's own limit.
const MOST_BYTES: usize = 7_900;

/// Puts hints into as few notifications as they need: `cursor:bytes:feed`, one after the other.
pub(super) fn write(pending: &BTreeMap<FeedId, u64>) -> Vec<String> {
    let mut said = Vec::new();
    let mut line = String::new();
    for (feed, cursor) in pending {
        let name = rows::kept(feed.as_str());
        let one = format!("{cursor}:{}:{name}", name.len());
        if line.len() + one.len() > MOST_BYTES && !line.is_empty() {
            said.push(std::mem::take(&mut line));
        }
        // A name that fits into none goes without a hint.
        if one.len() <= MOST_BYTES {
            line += &one;
        }
    }
    if !line.is_empty() {
        said.push(line);
    }
    said
}

/// Reads what [`write`] wrote; what it cannot read it leaves out, for hints may be lost.
pub(super) fn read(mut said: &str) -> Vec<Wake> {
    let mut wakes = Vec::new();
    while let Some((cursor, rest)) = said.split_once(':') {
        let Some((bytes, rest)) = rest.split_once(':') else { break };
        let (Ok(cursor), Ok(bytes)) = (cursor.parse(), bytes.parse::<usize>()) else { break };
        let Some((name, rest)) = rest.split_at_checked(bytes) else { break };
        wakes.extend(rows::feed(name).ok().map(|feed| Wake::new(feed, cursor)));
        said = rest;
    }
    wakes
}

/// The feeds that are read through this handle, and how far each is known to go. They are looked
/// at every second, because a hint is lost with the node that was about to send it.
#[derive(Default)]
pub(super) struct Watched(Mutex<BTreeMap<FeedId, Known>>);

struct Known {
    head: u64,
    /// Looks since it was last read.
    unread: u32,
}

/// After so many looks, one a second, without anybody having read it a feed is no longer watched.
const FORGOTTEN: u32 = 3_600;

/// More feeds are not watched: an agent's node has a few for every agent.
const MOST: usize = 100_000;

impl Watched {
    fn feeds(&self) -> MutexGuard<'_, BTreeMap<FeedId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has read the feed up to `cursor`.
    pub(super) fn was_read(&self, feed: &FeedId, cursor: u64) {
        let mut feeds = self.feeds();
        if let Some(known) = feeds.get_mut(feed) {
            known.head = known.head.max(cursor);
            known.unread = 0;
        } else if feeds.len() < MOST {
            feeds.insert(feed.clone(), Known { head: cursor, unread: 0 });
        }
    }

    /// The feeds to look at now.
    pub(super) fn look(&self) -> Vec<FeedId> {
        let mut feeds = self.feeds();
        feeds.retain(|_, known| {
            known.unread += 1;
            known.unread <= FORGOTTEN
        });
        feeds.keys().cloned().collect()
    }

    /// Whether somebody watches the feed and this is news.
    pub(super) fn is_news(&self, feed: &FeedId, head: u64) -> bool {
        let mut feeds = self.feeds();
        let known = feeds.get_mut(feed).filter(|known| known.head < head);
        known.map(|known| known.head = head).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chat_model::UserId;

    use super::{MOST_BYTES, Watched, read, write};
    use crate::{FeedId, Wake};

    fn user(name: &str) -> FeedId {
        FeedId::user(&UserId::new(name))
    }

    #[test]
    fn hints_come_back_from_as_few_notifications_as_they_fit_into() {
        let long = "x".repeat(MOST_BYTES);
        let names = ["", "a:1", "\0\u{1}", "1:2:é\n", &long[..5_000], &long[..4_999]];
        let pending: BTreeMap<_, _> = names.iter().map(|name| user(name)).zip(7..).collect();
        let said = write(&pending);
        assert_eq!(said.len(), 2);
        assert!(said.iter().all(|said| said.len() <= MOST_BYTES && !said.contains('\0')));
        let heard: Vec<_> = said.iter().flat_map(|said| read(said)).collect();
        let want: Vec<_> = pending.into_iter().map(|(feed, at)| Wake::new(feed, at)).collect();
        assert_eq!(heard, want);
        assert_eq!(write(&BTreeMap::from([(user(&long), 1)])), [""; 0], "fits into none");
        for strange in ["", "1", "1:", "1:9:user:a", "x:1:a", "1:-1:a", "1:6:nobody"] {
            assert_eq!(read(strange), [], "{strange:?}");
        }
    }

    #[test]
    fn a_feed_is_watched_from_where_it_was_read_until_nobody_reads_it() {
        let (watched, feed) = (Watched::default(), user("a"));
        assert!(!watched.is_news(&feed, 1), "nobody has read it");
        watched.was_read(&feed, 3);
        for (head, news) in [(2, false), (3, false), (4, true), (4, false), (9, true)] {
            assert_eq!(watched.is_news(&feed, head), news, "{head}");
        }
        for _ in 0..super::FORGOTTEN {
            assert_eq!(watched.look(), std::slice::from_ref(&feed));
        }
        assert_eq!(watched.look(), []);
    }
}
