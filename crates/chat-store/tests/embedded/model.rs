//! Any run of calls is answered by the store in a file just as by the store in memory, heads, lease
//! revisions and cursors included, however often the file is closed and opened in between.

use std::fmt::Debug;
use std::time::Duration;

use chat_model::ChatId;
use chat_store::{
    Append, FeedId, Head, Import, Inspect, LeaseKey, Leases, MemoryStore, Record, RedbStore,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof};
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::kit::{Hands, Place, chat, command, user};

const WINDOW: Duration = Duration::from_millis(10);

#[derive(Debug, Clone)]
enum Call {
    Append {
        chat: u8,
        /// Added to the version and to the token of the head expected.
        off: (u64, u64),
        len: usize,
        feeds: Vec<u8>,
        list: Vec<u8>,
        unlist: Vec<u8>,
        keep: Option<i64>,
    },
    Read {
        chat: u8,
        feed: u8,
        after: u64,
        limit: usize,
    },
    Snapshot {
        chat: u8,
        back: u64,
    },
    Expire {
        limit: usize,
    },
    Wait(u64),
    Put {
        key: u8,
        fits: bool,
        ttl: Option<u64>,
    },
    Delete {
        key: u8,
        fits: bool,
    },
    Sweep {
        limit: usize,
    },
    Walk {
        limit: usize,
    },
    ImportChat {
        chat: u8,
        versions: Vec<u64>,
    },
    ImportFeed {
        feed: u8,
        head: u64,
        listed: Vec<u8>,
    },
    Reopen,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let feeds = || prop::collection::vec(0..4_u8, 0..4);
    let off = prop_oneof![8 => Just((0, 0)), 1 => Just((1, 0)), 1 => Just((0, 1))];
    let len = prop_oneof![6 => 0..40_usize, 1 => 5_000..9_000_usize];
    let keep = prop::option::of(0..30_i64);
    let append = (0..4_u8, off, len, feeds(), feeds(), feeds(), keep).prop_map(
        |(chat, off, len, feeds, list, unlist, keep)| Call::Append {
            chat,
            off,
            len,
            feeds,
            list,
            unlist,
            keep,
        },
    );
    let read = (0..4_u8, 0..4_u8, 0..9_u64, 0..5_usize)
        .prop_map(|(chat, feed, after, limit)| Call::Read { chat, feed, after, limit });
    let ttl = prop::option::of(0..6_u64);
    let import = (0..6_u8, prop::collection::vec(1..4_u64, 0..4))
        .prop_map(|(chat, versions)| Call::ImportChat { chat, versions });
    let import_feed = (0..6_u8, 0..4_u64, prop::collection::vec(0..6_u8, 0..3))
        .prop_map(|(feed, head, listed)| Call::ImportFeed { feed, head, listed });
    let call = prop_oneof![
        12 => append,
        4 => read,
        2 => (0..4_u8, 0..3_u64).prop_map(|(chat, back)| Call::Snapshot { chat, back }),
        4 => (0..9_usize).prop_map(|limit| Call::Expire { limit }),
        4 => (1..9_u64).prop_map(Call::Wait),
        4 => (0..3_u8, any::<bool>(), ttl).prop_map(|(key, fits, ttl)| Call::Put { key, fits, ttl }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(key, fits)| Call::Delete { key, fits }),
        2 => (0..3_usize).prop_map(|limit| Call::Sweep { limit }),
        2 => (1..4_usize).prop_map(|limit| Call::Walk { limit }),
        1 => import,
        1 => import_feed,
        1 => Just(Call::Reopen),
    ];
    prop::collection::vec(call, 0..50)
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
    let key = |key: &u8| LeaseKey::new(format!("key/{key}"));
    let rev = async |key: &LeaseKey| store.get(key).await.unwrap().map(|lease| lease.rev);
    match call {
        Call::Append { chat: id, off, len, feeds, list, unlist, keep } => {
            let id = chat(id);
            let present = head(&id).await;
            let expect = Head::new(present.version + off.0, present.token + off.1);
            let (feeds, list, unlist) = (names(feeds), names(list), names(unlist));
            let payload = vec![nth.to_le_bytes()[0]; *len];
            let append = Append::new(&id, expect, command(1, nth), now, &payload)
                .feeds(&feeds)
                .list(&list)
                .unlist(&unlist)
                .expire_at_ms(keep.map(|keep| now + keep));
            text(store.append(append).await)
        }
        Call::Read { chat: id, feed, after, limit } => {
            let (id, feed) = (chat(id), user(feed));
            let one = text((store.load(&id).await, store.records(&id, *after, *limit).await));
            let two = text((store.feed(&feed, *after, *limit).await, store.listed(&feed).await));
            one + &two + &text(store.feed_head(&feed).await)
        }
        Call::Snapshot { chat: id, back } => {
            let id = chat(id);
            let mut head = head(&id).await;
            head.version = head.version.saturating_sub(*back).max(1);
            text(store.snapshot(&id, head, 7, &nth.to_be_bytes()).await)
        }
        Call::Expire { limit } => text(store.expire(now, *limit).await),
        Call::Put { key: name, fits, ttl } => {
            let key = key(name);
            let rev = rev(&key).await.map(|rev| rev + u64::from(!fits));
            let ttl = ttl.map(Duration::from_millis);
            text(store.put(&key, rev, &nth.to_be_bytes(), ttl).await)
        }
        Call::Delete { key: name, fits } => {
            let key = key(name);
            let rev = rev(&key).await.unwrap_or(1) + u64::from(!fits);
            text(store.delete(&key, rev).await)
        }
        Call::Sweep { limit } => text((store.scan("key/").await, store.sweep(*limit).await)),
        Call::Walk { limit } => {
            let chats = store.chats(Some(&chat(0)), *limit).await;
            let feeds = store.feeds(Some(&user(0)), *limit).await;
            text((chats, feeds, store.entries(&user(1), 1, *limit).await))
        }
        Call::ImportChat { chat: id, versions } => {
            let record = |version: &u64| Record::new(*version, now, command(2, *version), *b"in");
            let records: Vec<_> = versions.iter().map(record).collect();
            text(store.import_chat(&chat(id), &records, Some(now)).await)
        }
        Call::ImportFeed { feed, head, listed } => {
            let listed: Vec<_> = listed.iter().map(chat).collect();
            text(store.import_feed(&user(feed), *head, &listed).await)
        }
        Call::Wait(_) | Call::Reopen => String::new(),
    }
}

fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

/// All that can be read.
async fn everything<S: Inspect + Leases>(store: &S) -> String {
    let chats = store.chats(None, 99).await.unwrap();
    let feeds = store.feeds(None, 99).await.unwrap();
    let mut all = text((&chats, &feeds, store.scan("").await));
    for row in &chats {
        all += &text((store.load(&row.chat).await, store.records(&row.chat, 0, 999).await));
    }
    for row in &feeds {
        all += &text((store.feed(&row.feed, 0, 999).await, store.listed(&row.feed).await));
        all += &text((store.feed_head(&row.feed).await, store.entries(&row.feed, 0, 999).await));
    }
    all
}

async fn same(calls: &[Call]) -> Result<(), TestCaseError> {
    let (hands, place) = (Hands::default(), Place::new());
    let options = hands.options().replay_window(WINDOW);
    let open = || -> RedbStore { options.open(place.file()).expect("the file opens") };
    let memory = MemoryStore::with_replay_window(hands.clock(), WINDOW);
    let mut redb = open();
    for (nth, call) in (0..).zip(calls) {
        match call {
            Call::Wait(span) => hands.pass(Duration::from_millis(*span)),
            Call::Reopen => {
                redb.close().await;
                redb = open();
            }
            _ => {}
        }
        let now = hands.clock()();
        let (want, got) =
            (answer(&memory, call, nth, now).await, answer(&redb, call, nth, now).await);
        prop_assert_eq!(got, want, "call {}, {:?}", nth, call);
    }
    prop_assert_eq!(everything(&redb).await, everything(&memory).await, "in the end");
    redb.close().await;
    Ok(())
}

#[test]
fn any_run_of_calls_is_answered_as_by_the_store_in_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let config = ProptestConfig { cases: 64, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let held = runner.run(&calls(), |calls| runtime.block_on(same(&calls)));
    held.unwrap_or_else(|broken| panic!("{broken}"));
}
