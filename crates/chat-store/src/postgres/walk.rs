//! Walking through the database, and taking over what another store kept.

use chat_model::ChatId;

use super::sql::Query;
use super::{PostgresStore, rows};
use crate::{
    ChatRow, EntryRow, FeedId, FeedRow, Head, Import, ImportError, Inspect, Record, Unavailable,
};

impl Inspect for PostgresStore {
    async fn chats(
        &self,
        after: Option<&ChatId>,
        limit: usize,
    ) -> Result<Vec<ChatRow>, Unavailable> {
        let after = after.map(|after| rows::kept(after.as_str()));
        let found = self.shared.pool.ask(Query::Chats, &[&after, &rows::limit(limit)]).await?;
        let mut chats = Vec::with_capacity(found.len());
        for row in &found {
            let head = Head::new(rows::count(row, 1)?, rows::count(row, 2)?);
            let listed: Vec<&str> = rows::column(row, 4)?;
            let listed = listed.into_iter().map(rows::feed).collect::<Result<_, _>>()?;
            chats.push(ChatRow::new(rows::chat(row, 0)?, head, rows::column(row, 3)?, listed));
        }
        Ok(chats)
    }

    async fn feeds(
        &self,
        after: Option<&FeedId>,
        limit: usize,
    ) -> Result<Vec<FeedRow>, Unavailable> {
        let after = after.map(|after| rows::kept(after.as_str()));
        let found = self.shared.pool.ask(Query::Feeds, &[&after, &rows::limit(limit)]).await?;
        let mut feeds = Vec::with_capacity(found.len());
        for row in &found {
            let feed = rows::feed(rows::column(row, 0)?)?;
            feeds.push(FeedRow::new(feed, rows::count(row, 1)?, rows::count(row, 2)?));
        }
        Ok(feeds)
    }

    async fn entries(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EntryRow>, Unavailable> {
        let (feed, after, limit) =
            (rows::kept(feed.as_str()), rows::number(after), rows::limit(limit));
        let found = self.shared.pool.ask(Query::Entries, &[&feed, &after, &limit]).await?;
        let mut entries = Vec::with_capacity(found.len());
        for row in &found {
            let (cursor, version) = (rows::count(row, 0)?, rows::count(row, 2)?);
            entries.push(EntryRow::new(cursor, rows::chat(row, 1)?, version));
        }
        Ok(entries)
    }
}

impl Import for PostgresStore {
    async fn import_chat(
        &self,
        chat: &ChatId,
        records: &[Record],
        expire_at_ms: Option<i64>,
    ) -> Result<bool, ImportError> {
        ImportError::unless_dense(records)?;
        let chat = rows::kept(chat.as_str());
        let at_ms: Vec<i64> = records.iter().map(|record| record.at_ms).collect();
        let commands: Vec<&[u8]> =
            records.iter().map(|record| record.command.as_bytes().as_slice()).collect();
        let payloads: Vec<&[u8]> = records.iter().map(|record| &*record.payload).collect();
        let found = self
            .shared
            .pool
            .run(Query::ImportChat, &[&chat, &at_ms, &commands, &payloads, &expire_at_ms])
            .await;
        verdict(found.map_err(Unavailable::from)?, &|_| String::new())
    }

    async fn import_feed(
        &self,
        feed: &FeedId,
        head: u64,
        listed: &[ChatId],
    ) -> Result<bool, ImportError> {
        let name = rows::kept(feed.as_str());
        let listed: Vec<_> = listed.iter().map(|chat| rows::kept(chat.as_str())).collect();
        let found =
            self.shared.pool.run(Query::ImportFeed, &[&name, &rows::number(head), &listed]).await;
        let misfit = |id: &str| {
            let what = "expected chats that are there, each once, on the list of";
            format!("{what} {feed}, got {}", rows::named(id))
        };
        verdict(found.map_err(Unavailable::from)?, &misfit)
    }
}

/// What an import was answered with.
fn verdict(
    found: Vec<tokio_postgres::Row>,
    misfit: &dyn Fn(&str) -> String,
) -> Result<bool, ImportError> {
    let row = found.first().ok_or_else(|| Unavailable::new("expected an answer, got none"))?;
    match rows::column::<&str>(row, 0).map_err(Unavailable::from)? {
        "new" => Ok(true),
        "same" => Ok(false),
        "taken" => Err(ImportError::Taken),
        other => Err(ImportError::Refused(misfit(other.trim_start_matches('!')))),
    }
}
