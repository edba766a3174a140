//! The seam's two traits, each call as one statement.

use std::time::Duration;

use chat_model::ChatId;
use tokio::sync::broadcast;
use tokio_postgres::Row;

use super::figures::count;
use super::pool::Lent;
use super::session::Values;
use super::sql::Query;
use super::{Durability, Fault, Health, PostgresStore, rows};
use crate::{
    Append, AppendError, FeedEntry, FeedId, FeedPage, Head, Lease, LeaseError, LeaseKey, Leases,
    Loaded, Record, Snapshot, Store, Unavailable, Wake,
};

/// How many entries, and how many chats, go in one transaction, so that appends never wait for a
/// large clean-up.
const ENTRIES: usize = 256;
const CHATS: usize = 32;

/// What a time to live is bound to, so that no clock is left behind: a thousand years.
const LONGEST_TTL_MS: f64 = 1e3 * 3600.0 * 24.0 * 365.0 * 1e3;

impl Store for PostgresStore {
    async fn append(&self, append: Append<'_>) -> Result<Head, AppendError> {
        let counters = &self.shared.hints.counters;
        let stopwatch = self.shared.access.options.stopwatch.as_ref();
        let started = stopwatch.map(|stopwatch| stopwatch());
        let appended = self.append_row(append).await;
        count(match &appended {
            Ok(_) => &counters.appends,
            Err(AppendError::Conflict) => &counters.conflicts,
            Err(AppendError::Retry(_)) => &counters.retries,
            Err(AppendError::Unknown(_)) => &counters.unknown,
        });
        if let (Ok(_), Some(started), Some(stopwatch)) = (&appended, started, stopwatch) {
            counters.append_micros.add_micros(stopwatch().saturating_sub(started));
        }
        appended
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        self.noting(self.read_chat(chat).await)
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        self.noting(self.read_records(chat, after, limit).await)
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        self.noting(self.read_feed(feed, after, limit).await)
    }

    /// What is committed here can be read here, also when the wait for a standby was cut short by
    /// the end of a connection, or by a restart of the server.
    async fn settled(&self) -> Result<(), Unavailable> {
        if self.shared.access.options.durability == Durability::Local {
            return Ok(());
        }
        let mut lent = self.shared.pool.ready(Query::Prove).await?;
        prove(&mut lent).await.map_err(Unavailable::new)
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        let found = self.shared.pool.ask(Query::FeedHead, &[&rows::kept(feed.as_str())]).await?;
        let head = found.first().map_or(Ok(0), |row| rows::count(row, 0))?;
        self.shared.hints.watched.was_read(feed, head);
        Ok(head)
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        let found = self.shared.pool.ask(Query::Listed, &[&rows::kept(feed.as_str())]).await?;
        Ok(found.iter().map(|row| rows::chat(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        let (chat, life) = (rows::kept(chat.as_str()), rows::number(head.token));
        let (version, rev) = (rows::number(head.version), i64::from(model_rev));
        self.shared.pool.ask(Query::Snapshot, &[&chat, &life, &version, &rev, &bytes]).await?;
        Ok(())
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        let window_ms = self.shared.window_ms;
        let horizon_ms = now_ms.saturating_sub(window_ms);
        let mut gone = 0;
        while gone < limit {
            let slice = ENTRIES.min(limit - gone);
            let trimmed = self.slice(Query::Trim, &[&horizon_ms, &window_ms], slice).await?;
            gone += trimmed;
            if trimmed < slice {
                break;
            }
        }
        while gone < limit {
            let slice = CHATS.min(limit - gone);
            let removed =
                self.slice(Query::Remove, &[&now_ms, &horizon_ms, &window_ms], slice).await?;
            gone += removed;
            if removed < slice {
                break;
            }
        }
        Ok(gone)
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.shared.hints.wakes.subscribe()
    }
}

impl PostgresStore {
    /// Remembers damage: one feed or chat is no reason not to serve the others, but somebody has to look.
    fn noting<T>(&self, read: Result<T, Unavailable>) -> Result<T, Unavailable> {
        read.inspect_err(|why| {
            if why.is_damage() {
                let _ = self.shared.damage.set(why.why().to_owned());
            }
        })
    }

    async fn read_chat(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        let found = self.shared.pool.ask(Query::Load, &[&rows::kept(chat.as_str())]).await?;
        let Some(first) = found.first() else { return Ok(None) };
        let head = Head::new(rows::count(first, 0)?, rows::count(first, 1)?);
        let snapshot = match rows::column::<Option<i64>>(first, 2)? {
            None => None,
            Some(_) => {
                let rev: i64 = rows::column(first, 3)?;
                let rev = u32::try_from(rev).map_err(|_| Unavailable::new("a strange revision"))?;
                let bytes: &[u8] = rows::column(first, 4)?;
                Some(Snapshot::new(rows::count(first, 2)?, rev, bytes))
            }
        };
        let mut records = Vec::with_capacity(found.len());
        for row in &found {
            if rows::column::<Option<i64>>(row, 5)?.is_some() {
                records.push(rows::record(row, 5)?);
            }
        }
        Ok(Some(Loaded::new(head, snapshot, records)))
    }

    async fn read_records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        let (chat, after, limit) =
            (rows::kept(chat.as_str()), rows::number(after), rows::limit(limit));
        let found = self.shared.pool.ask(Query::Records, &[&chat, &after, &limit]).await?;
        Ok(found.iter().map(|row| rows::record(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn read_feed(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, Unavailable> {
        let name = rows::kept(feed.as_str());
        let values = (rows::number(after), rows::limit(limit));
        let found = self.shared.pool.ask(Query::Feed, &[&name, &values.0, &values.1]).await?;
        let watched = &self.shared.hints.watched;
        let Some(first) = found.first() else {
            watched.was_read(feed, 0);
            return Ok(FeedPage::default());
        };
        let (floor, head) = (rows::count(first, 0)?, rows::count(first, 1)?);
        let mut entries = Vec::with_capacity(found.len());
        for row in &found {
            if rows::column::<Option<i64>>(row, 2)?.is_some() {
                let record = rows::record(row, 4)?;
                entries.push(FeedEntry::new(rows::count(row, 2)?, rows::chat(row, 3)?, record));
            }
        }
        watched.was_read(feed, entries.last().map_or(after.min(head), |last| last.cursor));
        Ok(FeedPage::new(floor, entries))
    }

    async fn append_row(&self, append: Append<'_>) -> Result<Head, AppendError> {
        if let Some(why) = self.shared.refusal() {
            return Err(AppendError::Retry(why));
        }
        let Append { chat, expect, command, at_ms, payload, expire_at_ms, .. } = append;
        // No chat has come so far.
        let (Ok(version), Ok(life)) = (i64::try_from(expect.version), i64::try_from(expect.token))
        else {
            return Err(AppendError::Conflict);
        };
        let Some(next) = version.checked_add(1).and_then(|next| u64::try_from(next).ok()) else {
            return Err(AppendError::Conflict);
        };
        let (feeds, names) = rows::kept_once(append.feeds);
        let ((_, list), (_, unlist)) =
            (rows::kept_once(append.list), rows::kept_once(append.unlist));
        let (chat, command) = (rows::kept(chat.as_str()), command.as_bytes().as_slice());
        let mut lent = match self.shared.pool.ready(Query::Append).await {
            Ok(lent) => lent,
            Err(fault) => return Err(AppendError::Retry(fault.why().to_owned())),
        };
        let weaknesses = &lent.session().weaknesses;
        if !weaknesses.is_empty() && !self.shared.access.options.accept_weaker {
            return Err(AppendError::Retry(Health::Weaker(weaknesses.clone()).to_string()));
        }
        let mut answer = lent
            .run(
                Query::Append,
                &[
                    &chat,
                    &life,
                    &version,
                    &command,
                    &at_ms,
                    &payload,
                    &names,
                    &list,
                    &unlist,
                    &expire_at_ms,
                ],
            )
            .await;
        if answer.is_ok() && lent.session().was_warned() {
            // The wait for a standby was cancelled: committed here, and perhaps nowhere else.
            if let Err(why) = prove(&mut lent).await {
                answer = Err(Fault::Unknown(why));
            }
        }
        drop(lent);
        let told = answer.and_then(|rows| Ok(told(&rows)?));
        match told {
            Ok(None) => Err(AppendError::Conflict),
            Ok(Some((life, cursors))) => {
                self.announce(&feeds, &cursors);
                Ok(Head::new(next, life))
            }
            Err(Fault::NotSent(why)) => Err(AppendError::Retry(why)),
            Err(Fault::Refused(code, why)) => {
                // A rollback for the sake of another transaction says nothing about the database.
                if !code.code().starts_with("40") {
                    self.shared.doubt();
                }
                Err(AppendError::Retry(why))
            }
            Err(Fault::Unknown(why)) => Err(AppendError::Unknown(why)),
        }
    }

    /// Hints at what grew: here at once, elsewhere soon.
    fn announce(&self, feeds: &[&FeedId], cursors: &[i64]) {
        let wakes: Vec<_> = feeds
            .iter()
            .zip(cursors)
            .map(|(feed, cursor)| Wake::new((*feed).clone(), cursor.unsigned_abs()))
            .collect();
        if wakes.is_empty() {
            return;
        }
        self.shared.outbox.put(&wakes);
        for wake in wakes {
            self.shared.hints.send(wake);
        }
    }

    /// Clears away at most `limit` rows, in one transaction.
    async fn slice(
        &self,
        query: Query,
        moments: Values<'_>,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let limit = rows::limit(limit);
        let mut values = moments.to_vec();
        values.push(&limit);
        let found = self.shared.pool.ask(query, &values).await?;
        let gone = found.first().map_or(Ok(0), |row| rows::count(row, 0))?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

/// Commits something that a standby has then, and with it whatever was committed before.
async fn prove(lent: &mut Lent) -> Result<(), String> {
    lent.run(Query::Prove, &[]).await.map_err(|fault| fault.why().to_owned())?;
    match lent.session().was_warned() {
        true => Err("the wait for a standby was cancelled".to_owned()),
        false => Ok(()),
    }
}

/// The life and the cursors that an append was answered with; `None` for a conflict.
fn told(found: &[Row]) -> Result<Option<(u64, Vec<i64>)>, rows::Damaged> {
    let Some(row) = found.first() else { return Ok(None) };
    if rows::column::<Option<i64>>(row, 0)?.is_none() {
        return Ok(None);
    }
    let cursors: Option<Vec<i64>> = rows::column(row, 1)?;
    Ok(Some((rows::count(row, 0)?, cursors.unwrap_or_default())))
}

impl Leases for PostgresStore {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        let found = self.shared.pool.ask(Query::Lease, &[&rows::kept(key.as_str())]).await?;
        let Some(row) = found.first() else { return Ok(None) };
        Ok(Some(Lease::new(rows::count(row, 0)?, rows::column::<&[u8]>(row, 1)?)))
    }

    async fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        let key = rows::kept(key.as_str());
        let ttl = ttl.map(|ttl| (ttl.as_secs_f64() * 1e3).min(LONGEST_TTL_MS));
        let put = match expect_rev.map(rows::number) {
            None => self.shared.pool.run(Query::PutLease, &[&key, &value, &ttl]).await,
            Some(rev) => {
                self.shared.pool.run(Query::ReplaceLease, &[&key, &value, &ttl, &rev]).await
            }
        };
        let put = put.map_err(Unavailable::from)?;
        let row = put.first().ok_or(LeaseError::Conflict)?;
        Ok(rows::count(row, 0).map_err(Unavailable::from)?)
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        let (key, rev) = (rows::kept(key.as_str()), rows::number(expect_rev));
        let deleted = self.shared.pool.run(Query::DeleteLease, &[&key, &rev]).await;
        let deleted = deleted.map_err(Unavailable::from)?;
        deleted.first().map(|_| ()).ok_or(LeaseError::Conflict)
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        let prefix = rows::kept(prefix);
        let end = rows::after_all_with(&prefix);
        let found = self.shared.pool.ask(Query::ScanLeases, &[&prefix, &end]).await?;
        let mut leases = Vec::with_capacity(found.len());
        for row in &found {
            let key = LeaseKey::new(rows::named(rows::column(row, 0)?));
            let lease = Lease::new(rows::count(row, 1)?, rows::column::<&[u8]>(row, 2)?);
            leases.push((key, lease));
        }
        Ok(leases)
    }

    async fn outdated(&self, leases: &[(LeaseKey, u64)]) -> Result<Vec<LeaseKey>, Unavailable> {
        let keys: Vec<_> = leases.iter().map(|(key, _)| rows::kept(key.as_str())).collect();
        let revs: Vec<_> = leases.iter().map(|(_, rev)| rows::number(*rev)).collect();
        let found = self.shared.pool.ask(Query::OutdatedLeases, &[&keys, &revs]).await?;
        let key = |row| Ok(LeaseKey::new(rows::named(rows::column(row, 0)?)));
        found.iter().map(key).collect()
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.shared.pool.ask(Query::SweepLeases, &[&rows::limit(limit)]).await?.len())
    }
}
