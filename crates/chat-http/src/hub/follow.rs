//! What sessions are told: each user's feed, read on as it grows, one user after the other.
//!
//! The journal is the truth. A wake is only a hint to read on, and nothing is told that was not
//! read from a feed; so a session hears everything once, in order, whichever node accepted it. A
//! user whose feed has lost what is not told yet is told nothing more: the sessions end with 402
//! and the clients read the state anew (DEC-45).

use std::time::Duration;

use bayeux::{Owner, Reconnect};
use chat_model::{Chat, ChatId, UserId};
use chat_store::{FeedEntry, FeedId, Store as _, Unavailable, Wake};
use indexmap::IndexMap;
use tokio::sync::broadcast::error::RecvError;

use super::{Hub, State};
use crate::agents::{Announcement, is_of_agent};
use crate::desk::{Told, read_record};

/// Entries of a feed that are read at one time, at most; and never so many that they would overflow a
/// queue of which somebody writes as fast as can be (BAYEUX-10.4).
const PAGE: usize = 128;

/// After how long a feed that could not be read is read again.
const AGAIN: Duration = Duration::from_millis(200);

/// How often the feeds are looked at where nobody says that they grew.
const UNHEARD: Duration = Duration::from_secs(1);

/// Chats that are kept folded while one page is told anew.
const FOLDED: usize = 16;

/// How far a user with sessions here has been told.
#[derive(Debug)]
pub(super) struct Followed {
    user: UserId,
    owner: Owner,
    /// Everything up to here was published.
    cursor: u64,
    /// Whether the feed may hold more.
    has_news: bool,
    /// What was published up to here is counted; a session that needs more is told some of it again.
    counted: u64,
    /// What is older than this is told because somebody missed it, and not late.
    since_ms: i64,
}

impl Followed {
    pub(super) fn who(&self) -> (&UserId, &Owner) {
        (&self.user, &self.owner)
    }
}

impl State {
    /// Follows the user's feed from `cursor` on, or from farther back if that is told already to
    /// others: sessions ignore what they have seen.
    pub(super) fn follow(&mut self, owner: &Owner, cursor: u64, now_ms: i64) {
        let user = super::user_of(owner);
        let feed = FeedId::user(&user);
        let followed = self.followed.entry(feed.clone()).or_insert_with(|| Followed {
            user,
            owner: owner.clone(),
            cursor,
            has_news: false,
            counted: cursor,
            since_ms: now_ms,
        });
        followed.cursor = followed.cursor.min(cursor);
        self.mark(&feed);
    }

    fn mark(&mut self, feed: &FeedId) {
        if let Some(followed) = self.followed.get_mut(feed)
            && !std::mem::replace(&mut followed.has_news, true)
        {
            self.fresh.push_back(feed.clone());
        }
    }

    fn next_with_news(&mut self) -> Option<(FeedId, u64)> {
        while let Some(feed) = self.fresh.pop_front() {
            // Otherwise the user's last session has gone since.
            if let Some(followed) = self.followed.get_mut(&feed) {
                followed.has_news = false;
                return Some((feed, followed.cursor));
            }
        }
        None
    }
}

impl Hub {
    /// Listens to the store and tells sessions what it hears, for as long as it is polled.
    pub(crate) async fn follow_feeds(&self) {
        let mut wakes = self.store.wakeups();
        let mut open = true;
        loop {
            let again = match (self.tell_what_can_be_read().await, open) {
                (true, _) => Some(AGAIN),
                // Hints may get lost.
                (false, false) => Some(UNHEARD),
                (false, true) => None,
            };
            tokio::select! {
                // Only where there is a pause: a timer takes longer than all else that is done here.
                () = async { tokio::time::sleep(again.unwrap_or_default()).await }, if again.is_some() => {
                    if !open {
                        self.hear_of_all();
                    }
                }
                wake = wakes.recv(), if open => match wake {
                    Ok(wake) => {
                        self.hear(&wake);
                        // Who else is being answered at this moment may have more: what comes together
                        // is told together.
                        tokio::task::yield_now().await;
                        // More hints at once are one reading.
                        while let Ok(wake) = wakes.try_recv() {
                            self.hear(&wake);
                        }
                    }
                    Err(RecvError::Lagged(_)) => self.hear_of_all(),
                    Err(RecvError::Closed) => open = false,
                },
                () = self.news.notified() => {}
            }
        }
    }

    /// Tells everybody what their feeds hold by now.
    pub(crate) async fn tell_news(&self) {
        while self.tell_what_can_be_read().await {
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Tells everybody whose feed can be read; whether there are others. One that cannot holds up nobody
    /// else, and is read again the next time.
    async fn tell_what_can_be_read(&self) -> bool {
        let mut unread = Vec::new();
        loop {
            let next = self.state().next_with_news();
            let Some((feed, cursor)) = next else { break };
            if let Err(why) = self.tell_feed(&feed, cursor).await {
                tracing::warn!(%why, "a feed could not be read; it is read again");
                unread.push(feed);
            }
        }
        let mut state = self.state();
        unread.iter().for_each(|feed| state.mark(feed));
        !unread.is_empty()
    }

    /// Tells the sessions that `user` has here what the feed holds by now; if it cannot be read, as soon
    /// as it can.
    pub(crate) async fn tell_now_or_soon(&self, user: &UserId) {
        if let Err(why) = self.tell_now(user).await {
            tracing::warn!(%why, "a feed could not be read; it is read again");
            self.state().mark(&FeedId::user(user));
            self.news.notify_one();
        }
    }

    /// Tells the user's sessions what the feed holds by now.
    pub(super) async fn tell_now(&self, user: &UserId) -> Result<(), Unavailable> {
        let feed = FeedId::user(user);
        // Again if somebody else tells the same at the same time, and may not be through.
        while let Some(cursor) = self.followed_to(&feed) {
            self.tell_feed(&feed, cursor).await?;
            if self.followed_to(&feed) == Some(cursor) {
                break;
            }
        }
        Ok(())
    }

    /// Looks at every feed that somebody here listens to.
    pub(crate) fn hear_of_all(&self) {
        let mut state = self.state();
        for feed in state.followed.keys().cloned().collect::<Vec<_>>() {
            state.mark(&feed);
        }
    }

    fn followed_to(&self, feed: &FeedId) -> Option<u64> {
        self.state().followed.get(feed).map(|followed| followed.cursor)
    }

    fn hear(&self, wake: &Wake) {
        let mut state = self.state();
        if state.followed.get(&wake.feed).is_some_and(|followed| wake.cursor > followed.cursor) {
            state.mark(&wake.feed);
        }
    }

    async fn tell_feed(&self, feed: &FeedId, mut cursor: u64) -> Result<(), Unavailable> {
        let mut folded = IndexMap::new();
        let most = (self.bounds.queue_events / 2).clamp(1, PAGE);
        loop {
            let Some(page) = unless_damaged(self.store.feed(feed, cursor, most).await)?
                .filter(|page| !page.gap_after(cursor))
            else {
                self.lost_track(feed);
                return Ok(());
            };
            let is_last = page.entries.len() < most;
            let (told, rest) = self.told_of(&page.entries, &mut folded).await;
            if !self.publish(feed, cursor, &page.entries[..told.len()], &told) {
                return Ok(());
            }
            if !rest? {
                // A chat is gone or damaged, and with it what there was to tell.
                self.lost_track(feed);
                return Ok(());
            }
            match page.entries.last() {
                Some(last) if !is_last => cursor = last.cursor,
                _ => return Ok(()),
            }
            // Those who were told have something to write.
            tokio::task::yield_now().await;
        }
    }

    /// What there is to tell of entries, up to the first one of which it cannot be said; and whether
    /// that is all, or why it cannot be said now.
    async fn told_of(
        &self,
        entries: &[FeedEntry],
        folded: &mut IndexMap<ChatId, Chat>,
    ) -> (Vec<Told>, Result<bool, Unavailable>) {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            match unless_damaged(self.told(entry, folded).await).map(Option::flatten) {
                Ok(Some(told)) => all.push(told),
                Ok(None) => return (all, Ok(false)),
                Err(why) => return (all, Err(why)),
            }
        }
        (all, Ok(true))
    }

    /// Publishes entries, all that is told of them at once; `false` if the feed is not followed from
    /// `cursor` any more.
    fn publish(&self, feed: &FeedId, cursor: u64, entries: &[FeedEntry], told: &[Told]) -> bool {
        let mut locked = self.state();
        let state = &mut *locked;
        let Some(followed) = state.followed.get_mut(feed) else { return false };
        if followed.cursor != cursor {
            // A session that needs more came in between; it starts over from there.
            return false;
        }
        followed.cursor = entries.last().map_or(cursor, |last| last.cursor);
        let now_ms = self.clock.now_ms();
        for entry in entries.iter().filter(|entry| entry.cursor > followed.counted) {
            let at_ms = entry.record.at_ms;
            if at_ms >= followed.since_ms {
                // The clock of the node that wrote it may be ahead.
                let lag_ms = u64::try_from(now_ms.saturating_sub(at_ms)).unwrap_or(0);
                self.figures.feed_lag.record(Duration::from_millis(lag_ms));
            }
        }
        followed.counted = followed.counted.max(followed.cursor);
        let events = told.iter().map(|told| told.to(&followed.user));
        let units = entries.iter().map(|entry| entry.cursor).zip(events);
        let (now, owner) = (self.now(), &followed.owner);
        match &self.faults {
            None => state.server.publish_all(now, owner, &units.collect::<Vec<_>>()),
            Some(faults) => {
                for (cursor, events) in units {
                    let (events, is_last) = faults.told(&followed.user, events);
                    state.server.publish(now, owner, cursor, events);
                    if is_last {
                        state.server.drop_owner(now, owner, Reconnect::Handshake);
                    }
                }
            }
        }
        self.carry_out(locked);
        true
    }

    /// What there is to tell of a record: as remembered, or made again from the journal.
    async fn told(
        &self,
        entry: &FeedEntry,
        folded: &mut IndexMap<ChatId, Chat>,
    ) -> Result<Option<Told>, Unavailable> {
        if is_of_agent(&entry.chat) {
            return Announcement::read(&entry.record).and_then(Told::announced).map(Some);
        }
        if let Some(told) = self.desk.recall().tell_one(&entry.record.command) {
            return Ok(Some(told));
        }
        let before = entry.record.version.saturating_sub(1);
        let mut chat = match folded.swap_remove(&entry.chat) {
            Some(chat) if chat.revision() == before => chat,
            _ => match self.desk.at_version(&entry.chat, before).await? {
                Some(chat) => chat,
                None => return Ok(None),
            },
        };
        let record = read_record(&entry.record)?;
        let told = Told::new(chat.announce(&record, self.desk.rules()));
        if folded.len() >= FOLDED {
            folded.swap_remove_index(0);
        }
        folded.insert(entry.chat.clone(), chat);
        Ok(Some(told))
    }

    /// What the user was not told yet cannot be had: never skipped in silence.
    fn lost_track(&self, feed: &FeedId) {
        let mut state = self.state();
        if let Some(followed) = state.followed.swap_remove(feed) {
            tracing::warn!("a user's notification sessions are ended: what they missed is gone");
            state.server.drop_owner(self.now(), &followed.owner, Reconnect::Handshake);
        }
        self.carry_out(state);
    }
}

/// What was read; nothing, if it is damaged: to read it again would hold up everybody else.
pub(super) fn unless_damaged<T>(read: Result<T, Unavailable>) -> Result<Option<T>, Unavailable> {
    match read {
        Err(why) if why.is_damage() => {
            tracing::error!(%why, "what a session is to be told cannot be read");
            Ok(None)
        }
        read => read.map(Some),
    }
}
