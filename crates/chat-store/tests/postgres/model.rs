//! Any run of calls is answered as by the store in memory, but for the numbers each draws for
//! itself; also with names of characters that a database would rather not have.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use chat_model::{ChatId, UserId};
use chat_store::{Append, FeedId, Head, Import, Inspect, LeaseKey, Leases, MemoryStore, Record};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof};
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::kit::{command, options, schema};
use crate::server::Server;

const WINDOW: Duration = Duration::from_millis(10);

/// Names that differ in what a database might take for the same, for a wildcard or for an end.
const NAMES: [&str; 5] = ["a", "A", "a\0", "%_", "é\u{1}\u{10ffff}"];

fn chat(nth: u8) -> ChatId {
    ChatId::new(NAMES[usize::from(nth)])
}

fn user(nth: &u8) -> FeedId {
    FeedId::user(&UserId::new(NAMES[usize::from(*nth)]))
}

#[derive(Debug, Clone)]
enum Call {
    Append { chat: u8, off: (u64, u64), len: usize, told: [Vec<u8>; 3], keep: Option<i64> },
    Read { chat: u8, feed: u8, after: u64, limit: usize },
    Snapshot { chat: u8, back: u64 },
    Expire,
    Wait(i64),
    Put { key: u8, fits: bool },
    Delete { key: u8, fits: bool },
    Scan { key: u8 },
    Walk { after: u8, limit: usize },
    ImportChat { chat: u8, versions: Vec<u64> },
    ImportFeed { feed: u8, head: u64, listed: Vec<u8> },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let feeds = || prop::collection::vec(0..4_u8, 0..4);
    let off = prop_oneof![8 => Just((0, 0)), 1 => Just((1, 0)), 1 => Just((0, 1)),
        1 => Just((u64::MAX / 2, 0)), 1 => Just((0, u64::MAX / 2))];
    let len = prop_oneof![6 => 0..40_usize, 1 => 5_000..9_000_usize];
    let keep = prop::option::of(0..30_i64);
    let append = (0..4_u8, off, len, [feeds(), feeds(), feeds()], keep)
        .prop_map(|(chat, off, len, told, keep)| Call::Append { chat, off, len, told, keep });
    let read = (0..4_u8, 0..4_u8, 0..9_u64, 0..5_usize)
        .prop_map(|(chat, feed, after, limit)| Call::Read { chat, feed, after, limit });
    let import = (0..5_u8, prop::collection::vec(1..4_u64, 0..4))
        .prop_map(|(chat, versions)| Call::ImportChat { chat, versions });
    let import_feed = (0..5_u8, 0..4_u64, prop::collection::vec(0..5_u8, 0..3))
        .prop_map(|(feed, head, listed)| Call::ImportFeed { feed, head, listed });
    let call = prop_oneof![
        12 => append,
        4 => read,
        2 => (0..4_u8, 0..3_u64).prop_map(|(chat, back)| Call::Snapshot { chat, back }),
        4 => Just(Call::Expire),
        4 => (1..9_i64).prop_map(Call::Wait),
        4 => (0..5_u8, any::<bool>()).prop_map(|(key, fits)| Call::Put { key, fits }),
        2 => (0..5_u8, any::<bool>()).prop_map(|(key, fits)| Call::Delete { key, fits }),
        2 => (0..5_u8).prop_map(|key| Call::Scan { key }),
        2 => (0..5_u8, 0..4_usize).prop_map(|(after, limit)| Call::Walk { after, limit }),
        1 => import,
        1 => import_feed,
    ];
    prop::collection::vec(call, 0..40)
}

/// Everything one store answers to one call, as text.
async fn answer<S: Inspect + Import + Leases>(
    store: &S,
    call: &Call,
    nth: u64,
    now: i64,
) -> String {
    let names = |feeds: &[u8]| feeds.iter().map(user).collect::<Vec<FeedId>>();
    let head = async |chat: &ChatId| {
        store.load(chat).await.unwrap().map_or(Head::NONE, |loaded| loaded.head)
    };
    let key = |nth: &u8| LeaseKey::new(NAMES[usize::from(*nth)]);
    let rev = async |key: &LeaseKey| store.get(key).await.unwrap().map(|lease| lease.rev);
    match call {
        Call::Append { chat: id, off, len, told, keep } => {
            let id = chat(*id);
            let present = head(&id).await;
            let expect = Head::new(present.version + off.0, present.token + off.1);
            let [feeds, list, unlist] = told.each_ref().map(|feeds| names(feeds));
            let payload = vec![nth.to_le_bytes()[0]; *len];
            let append = Append::new(&id, expect, command(1, nth), now, &payload)
                .feeds(&feeds)
                .list(&list)
                .unlist(&unlist)
                .expire_at_ms(keep.map(|keep| now + keep));
            text(store.append(append).await)
        }
        Call::Read { chat: id, feed, after, limit } => {
            let (id, feed) = (chat(*id), user(feed));
            let one = text((store.load(&id).await, store.records(&id, *after, *limit).await));
            let two = text((store.feed(&feed, *after, *limit).await, store.listed(&feed).await));
            let far = store.feed(&feed, u64::MAX, usize::MAX).await.unwrap().entries;
            one + &two + &text((store.feed_head(&feed).await, far))
        }
        Call::Snapshot { chat: id, back } => {
            let id = chat(*id);
            let mut head = head(&id).await;
            head.version = head.version.saturating_sub(*back).max(1);
            text(store.snapshot(&id, head, u32::MAX, &nth.to_be_bytes()).await)
        }
        // All that is due: which of it goes first is each engine's own.
        Call::Expire => {
            let mut gone = 0;
            loop {
                let some = store.expire(now, 7).await.unwrap();
                gone += some;
                if some < 7 {
                    return text((gone, store.expire(now, 0).await));
                }
            }
        }
        Call::Put { key: name, fits } => {
            let key = key(name);
            let rev = rev(&key).await.map(|rev| rev + u64::from(!fits));
            text(store.put(&key, rev, &nth.to_be_bytes(), None).await.map(drop))
        }
        Call::Delete { key: name, fits } => {
            let key = key(name);
            let rev = rev(&key).await.unwrap_or(u64::MAX - 1) + u64::from(!fits);
            text(store.delete(&key, rev).await)
        }
        Call::Scan { key } => leases(store, NAMES[usize::from(*key)]).await,
        Call::Walk { after, limit } => {
            let chats = store.chats(Some(&chat(*after)), *limit).await;
            let feeds = store.feeds(Some(&user(after)), *limit).await;
            text((chats, feeds, store.entries(&user(&1), 1, *limit).await))
        }
        Call::ImportChat { chat: id, versions } => {
            let record = |version: &u64| Record::new(*version, 7, command(2, *version), *b"in");
            let records: Vec<_> = versions.iter().map(record).collect();
            text(store.import_chat(&chat(*id), &records, Some(now)).await)
        }
        Call::ImportFeed { feed, head, listed } => {
            let listed: Vec<_> = listed.iter().map(|nth| chat(*nth)).collect();
            text(store.import_feed(&user(feed), *head, &listed).await)
        }
        Call::Wait(_) => String::new(),
    }
}

/// Leases without their revisions, which each engine draws as it likes.
async fn leases(store: &impl Leases, prefix: &str) -> String {
    let found = store.scan(prefix).await.unwrap();
    text(found.into_iter().map(|(key, lease)| (key, lease.value)).collect::<Vec<_>>())
}

fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

/// All that can be read.
async fn everything<S: Inspect + Leases>(store: &S) -> String {
    let chats = store.chats(None, 99).await.unwrap();
    let feeds = store.feeds(None, 99).await.unwrap();
    let mut all = text((&chats, &feeds)) + &leases(store, "").await;
    for row in &chats {
        all += &text((store.load(&row.chat).await, store.records(&row.chat, 0, 999).await));
    }
    for row in &feeds {
        all += &text((store.feed(&row.feed, 0, 999).await, store.listed(&row.feed).await));
        all += &text((store.feed_head(&row.feed).await, store.entries(&row.feed, 0, 999).await));
    }
    all
}

async fn same(server: &Server, calls: &[Call]) -> Result<(), TestCaseError> {
    let memory = MemoryStore::with_replay_window(Arc::new(|| 0), WINDOW);
    let options = options(&server.url(), &schema()).replay_window(WINDOW).connections(2);
    let store = options.open().await.expect("the database opens");
    let mut now = 0;
    for (nth, call) in (0..).zip(calls) {
        if let Call::Wait(span) = call {
            now += span;
        }
        let want = answer(&memory, call, nth, now).await;
        let got = answer(&store, call, nth, now).await;
        prop_assert_eq!(got, want, "call {}, {:?}", nth, call);
    }
    prop_assert_eq!(everything(&store).await, everything(&memory).await, "in the end");
    store.close().await;
    Ok(())
}

#[test]
fn any_run_of_calls_is_answered_as_by_the_store_in_memory() {
    let server = Server::shared();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let config = ProptestConfig { cases: 24, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let held = runner.run(&calls(), |calls| runtime.block_on(same(&server, &calls)));
    held.unwrap_or_else(|broken| panic!("{broken}"));
}
