//! What a walk through a store tells, and that a store made of that walk tells the same.

use std::fmt::Debug;
use std::sync::Arc;

use chat_model::{ChatId, UserId};
use chat_store::{
    Append, ChatRow, CommandId, FeedId, FeedRow, Head, Import, ImportError, Inspect, Loaded,
    MemoryStore, Record, Store,
};

fn user(name: &str) -> FeedId {
    FeedId::user(&UserId::new(name))
}

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(|| 0))
}

/// Twelve chats with one to three records each, on lists and in feeds, some with an expiry.
async fn filled() -> MemoryStore {
    let store = memory();
    for nth in 0..12_u64 {
        let chat = ChatId::new(format!("chat-{nth:02}"));
        let feeds = [user("all"), user(&format!("of-{}", nth % 5))];
        let mut head = Head::NONE;
        for version in 0..=nth % 3 {
            let mut command = [0; 16];
            command[..8].copy_from_slice(&nth.to_be_bytes());
            command[8..].copy_from_slice(&version.to_be_bytes());
            let payload = format!("{nth}/{version}");
            let at = i64::try_from(nth + version).unwrap();
            let command = CommandId::new(command);
            let append = Append::new(&chat, head, command, at, payload.as_bytes())
                .feeds(&feeds)
                .list(&feeds[..usize::from(nth % 4 != 3) * 2])
                .expire_at_ms((nth % 2 == 0).then_some(at));
            head = store.append(append).await.unwrap();
        }
    }
    // A list whose order is not that of the ids.
    let first = ChatId::new("chat-00");
    let head = store.load(&first).await.unwrap().unwrap().head;
    let again = [user("all")];
    let append = Append::new(&first, head, CommandId::new([9; 16]), 0, b"again");
    store.append(append.unlist(&again).list(&again).expire_at_ms(Some(7))).await.unwrap();
    store
}

async fn all_chats(store: &impl Inspect, limit: usize) -> Vec<ChatRow> {
    let mut rows: Vec<ChatRow> = Vec::new();
    loop {
        let page = store.chats(rows.last().map(|row| &row.chat), limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

async fn all_feeds(store: &impl Inspect, limit: usize) -> Vec<FeedRow> {
    let mut rows: Vec<FeedRow> = Vec::new();
    loop {
        let page = store.feeds(rows.last().map(|row| &row.feed), limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

#[tokio::test]
async fn a_walk_meets_everything_once_and_in_order_whatever_the_size_of_a_page() {
    let store = filled().await;
    let chats = all_chats(&store, 1_000).await;
    assert_eq!(chats.len(), 12);
    assert!(chats.is_sorted_by_key(|row| row.chat.clone()));
    assert_eq!((chats[0].head.version, chats[0].expire_at_ms), (2, Some(7)));
    assert_eq!(chats[0].listed, [user("all"), user("of-0")]);
    assert_eq!((chats[3].expire_at_ms, chats[3].listed.len()), (None, 0));
    let feeds = all_feeds(&store, 1_000).await;
    let names: Vec<_> = feeds.iter().map(|row| row.feed.as_str()).collect();
    assert_eq!(
        names,
        ["user:all", "user:of-0", "user:of-1", "user:of-2", "user:of-3", "user:of-4"]
    );
    assert_eq!((feeds[0].floor, feeds[0].head), (0, 24));
    for limit in [1, 2, 5, 12] {
        assert_eq!(all_chats(&store, limit).await, chats, "in pages of {limit}");
        assert_eq!(all_feeds(&store, limit).await, feeds, "in pages of {limit}");
    }
    let entries = store.entries(&user("of-0"), 1, 2).await.unwrap();
    let told: Vec<_> =
        entries.iter().map(|row| (row.cursor, row.chat.as_str(), row.version)).collect();
    assert_eq!(told, [(2, "chat-05", 1), (3, "chat-05", 2)]);
}

#[tokio::test]
async fn what_was_exported_and_imported_reads_the_same_but_for_heads_and_feed_entries() {
    let from = filled().await;
    let to = memory();
    // Twice, as after an import that was interrupted: the second time there is nothing to write.
    for fresh in [true, false] {
        for row in all_chats(&from, 5).await {
            let records = from.records(&row.chat, 0, 99).await.unwrap();
            let imported = to.import_chat(&row.chat, &records, row.expire_at_ms).await;
            assert_eq!(imported, Ok(fresh), "the chat {}", row.chat);
        }
        for row in all_feeds(&from, 5).await {
            let listed = from.listed(&row.feed).await.unwrap();
            let imported = to.import_feed(&row.feed, row.head, &listed).await;
            assert_eq!(imported, Ok(fresh), "the feed {}", row.feed);
        }
    }
    let without_token = |row: ChatRow| (row.chat, row.head.version, row.expire_at_ms, row.listed);
    let read = |rows: Vec<ChatRow>| rows.into_iter().map(without_token).collect::<Vec<_>>();
    assert_eq!(read(all_chats(&to, 5).await), read(all_chats(&from, 5).await));
    for row in all_chats(&from, 5).await {
        let read = |loaded: Option<Loaded>| loaded.map(|loaded| loaded.records);
        let was = read(from.load(&row.chat).await.unwrap());
        assert_eq!(read(to.load(&row.chat).await.unwrap()), was);
    }
    for row in all_feeds(&from, 5).await {
        let listed = from.listed(&row.feed).await.unwrap();
        assert_eq!(to.listed(&row.feed).await.unwrap(), listed);
        let page = to.feed(&row.feed, row.head - 1, 9).await.unwrap();
        assert!(page.gap_after(row.head - 1), "a reader of {} is told of the gap", row.feed);
        assert!(!page.gap_after(row.head) && page.entries.is_empty());
    }
    // Life goes on where it was.
    let (chat, feed) = (ChatId::new("chat-05"), user("all"));
    let head = to.load(&chat).await.unwrap().unwrap().head;
    let feeds = [feed.clone()];
    let append = Append::new(&chat, head, CommandId::new([8; 16]), 0, b"on").feeds(&feeds);
    assert_eq!(to.append(append).await.unwrap().version, 4);
    assert_eq!(to.feed_head(&feed).await.unwrap(), 25);
}

fn refused(answer: Result<bool, ImportError>, says: &str) {
    let why = answer.map_err(|why| why.to_string());
    assert!(why.as_ref().is_err_and(|why| why.contains(says)), "expected {says:?}, got {why:?}");
}

fn unchanged<T: PartialEq + Debug>(before: &T, after: &T) {
    assert_eq!(after, before, "a refused import changes nothing");
}

#[tokio::test]
async fn an_import_overwrites_nothing_and_takes_nothing_that_does_not_fit_together() {
    let store = filled().await;
    let before = (all_chats(&store, 99).await, all_feeds(&store, 99).await);
    let (there, new) = (ChatId::new("chat-00"), ChatId::new("new"));
    let record = |version| Record::new(version, 0, CommandId::new([7; 16]), *b"e");
    let chat = async |id, records: &[Record]| store.import_chat(id, records, None).await;
    refused(chat(&there, &[record(1)]).await, "something else");
    refused(chat(&new, &[]).await, "at least one record");
    refused(chat(&new, &[record(2)]).await, "expected version 1, got 2");
    refused(chat(&new, &[record(1), record(3)]).await, "expected version 2, got 3");
    let feed =
        async |id: &str, head, listed: &[ChatId]| store.import_feed(&user(id), head, listed).await;
    refused(feed("all", 24, &[]).await, "something else");
    refused(feed("all", 23, &store.listed(&user("all")).await.unwrap()).await, "something else");
    refused(feed("new", 3, std::slice::from_ref(&new)).await, "got new");
    refused(feed("new", 3, &[there.clone(), there.clone()]).await, "got chat-00");
    assert_eq!(feed("new", 0, &[]).await, Ok(false), "a feed of nothing is there already");
    unchanged(&before, &(all_chats(&store, 99).await, all_feeds(&store, 99).await));
}
