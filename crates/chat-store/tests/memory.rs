//! What the memory store does beyond the suite: to the millisecond, within bounds, and, for any run
//! of calls, just what a store written for clarity alone would do.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chat_model::{ChatId, UserId, VisitorId};
use chat_store::{
    Append, AppendError, CommandId, FeedId, Head, LeaseKey, Leases, MemoryStore, Store,
};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

/// Memory never waits, so its futures are ready at once and need no runtime.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the memory store waited"),
    }
}

#[test]
fn a_lease_lives_up_to_its_last_millisecond_and_not_in_the_next() {
    let hands = Arc::new(AtomicI64::new(5_000));
    let clock = Arc::clone(&hands);
    let store = MemoryStore::new(Arc::new(move || clock.load(Ordering::SeqCst)));
    let key = LeaseKey::new("session/1");
    now(store.put(&key, None, b"v", Some(Duration::from_millis(100)))).unwrap();
    for (at, lives) in [(5_000, true), (5_099, true), (5_100, false), (9_999, false)] {
        hands.store(at, Ordering::SeqCst);
        assert_eq!(now(store.get(&key)).unwrap().is_some(), lives, "the lease at {at} ms");
        assert_eq!(now(store.scan("session/")).unwrap().len(), usize::from(lives));
        if lives {
            assert_eq!(now(store.sweep(9)).unwrap(), 0, "a sweep at {at} ms takes nothing");
        }
    }
    assert_eq!(now(store.sweep(9)).unwrap(), 1, "a sweep takes what has lapsed");
    let forever = now(store.put(&key, None, b"v", Some(Duration::MAX)));
    assert!(forever.is_ok(), "a time to live beyond the clock's end is as good as none");
    assert!(now(store.get(&key)).unwrap().is_some());
}

/// Visitors come once each; what the store keeps must not grow with how many there ever were.
#[test]
fn a_list_that_is_empty_again_leaves_nothing_behind() {
    let store = MemoryStore::with_replay_window(Arc::new(|| 0), Duration::ZERO);
    let empty = format!("{store:?}");
    for nth in 0..100_u128 {
        let chat = ChatId::new(nth.to_string());
        let lists = [FeedId::visitor(&VisitorId::new(nth.to_string())), FeedId::queue(&"q".into())];
        let command = |step: u128| CommandId::new((nth * 2 + step).to_be_bytes());
        let opened = Append::new(&chat, Head::NONE, command(0), 0, b"e").list(&lists);
        let head = now(store.append(opened)).unwrap();
        let ended = Append::new(&chat, head, command(1), 0, b"e").unlist(&lists[1..]);
        now(store.append(ended.expire_at_ms(Some(0)))).unwrap();
        assert_eq!(now(store.listed(&lists[0])).unwrap(), [chat], "until it expires");
    }
    assert_eq!(now(store.expire(1, 1_000)).unwrap(), 100);
    assert_eq!(format!("{store:?}"), empty);
}

#[test]
fn a_listener_that_falls_behind_is_told_and_loses_no_entry() {
    let store = MemoryStore::new(Arc::new(|| 0));
    let (chat, feeds) = (ChatId::new("c"), [FeedId::user(&UserId::new("u"))]);
    let mut hints = store.wakeups();
    let mut head = Head::NONE;
    for nth in 0..5_000_u128 {
        let command = CommandId::new(nth.to_be_bytes());
        head = now(store.append(Append::new(&chat, head, command, 0, b"e").feeds(&feeds))).unwrap();
    }
    assert!(hints.try_recv().is_err_and(|error| error.to_string().contains("lagged")));
    assert_eq!(now(store.feed(&feeds[0], 0, 9_999)).unwrap().entries.len(), 5_000);
}

/// A store that keeps everything in plain sequences and looks through all of them each time.
#[derive(Default)]
struct Plain {
    chats: BTreeMap<u8, PlainChat>,
    feeds: BTreeMap<u8, Vec<(u8, u64)>>,
    lists: BTreeMap<u8, Vec<u8>>,
}

#[derive(Default)]
struct PlainChat {
    version: u64,
    newest_at: i64,
    expire_at: Option<i64>,
}

const WINDOW: i64 = 10;

#[derive(Debug, Clone)]
struct Call {
    chat: u8,
    /// Whether the append expects the present head or another one.
    stale: bool,
    feeds: Vec<u8>,
    list: Vec<u8>,
    unlist: Vec<u8>,
    /// How long the chat is kept.
    keep: Option<i64>,
    /// How far the clock goes on, and whether what is due is expired then.
    wait: i64,
    expire: bool,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let feeds = || prop::collection::vec(0..3_u8, 0..4);
    let keep = prop_oneof![any::<bool>().prop_map(|_| None), (0..30_i64).prop_map(Some)];
    let call = (0..4_u8, prop::bool::weighted(0.1), feeds(), feeds(), feeds(), keep, 0..4_i64)
        .prop_flat_map(|call| (prop::strategy::Just(call), prop::bool::weighted(0.3)))
        .prop_map(|((chat, stale, feeds, list, unlist, keep, wait), expire)| Call {
            chat,
            stale,
            feeds,
            list,
            unlist,
            keep,
            wait,
            expire,
        });
    prop::collection::vec(call, 0..60)
}

impl Plain {
    fn append(&mut self, call: &Call, at: i64) {
        let chat = self.chats.entry(call.chat).or_default();
        chat.version += 1;
        chat.newest_at = at;
        chat.expire_at = call.keep.map(|keep| at + keep);
        let mut told = Vec::new();
        for feed in &call.feeds {
            if !told.contains(feed) {
                told.push(*feed);
                self.feeds.entry(*feed).or_default().push((call.chat, chat.version));
            }
        }
        for feed in &call.unlist {
            self.lists.entry(*feed).or_default().retain(|listed| *listed != call.chat);
        }
        for feed in &call.list {
            let list = self.lists.entry(*feed).or_default();
            if !list.contains(&call.chat) {
                list.push(call.chat);
            }
        }
    }

    fn expire(&mut self, at: i64) {
        self.chats.retain(|id, chat| {
            let due = chat.expire_at.is_some_and(|expire| expire <= at);
            let gone = due && chat.newest_at + WINDOW <= at;
            if gone {
                self.lists.values_mut().for_each(|list| list.retain(|listed| listed != id));
            }
            !gone
        });
    }
}

fn chat(nth: u8) -> ChatId {
    ChatId::new(nth.to_string())
}

fn feed(nth: &u8) -> FeedId {
    FeedId::user(&UserId::new(nth.to_string()))
}

fn compare(
    store: &MemoryStore,
    plain: &Plain,
    told_at: &[Vec<i64>; 3],
) -> Result<(), TestCaseError> {
    for nth in 0..4 {
        let loaded = now(store.load(&chat(nth))).unwrap();
        let version = loaded.as_ref().map_or(0, |loaded| loaded.head.version);
        prop_assert_eq!(version, plain.chats.get(&nth).map_or(0, |chat| chat.version));
        prop_assert_eq!(loaded.map_or(0, |loaded| loaded.records.len() as u64), version);
    }
    for nth in 0..3 {
        let listed = now(store.listed(&feed(&nth))).unwrap();
        let want = plain.lists.get(&nth).cloned().unwrap_or_default();
        prop_assert_eq!(listed, want.into_iter().map(chat).collect::<Vec<_>>());

        let whole = plain.feeds.get(&nth).cloned().unwrap_or_default();
        prop_assert_eq!(now(store.feed_head(&feed(&nth))).unwrap(), whole.len() as u64);
        let page = now(store.feed(&feed(&nth), 0, 9_999)).unwrap();
        let gone = usize::try_from(page.floor).unwrap();
        prop_assert_eq!(told_at[usize::from(nth)].len(), whole.len());
        let kept: Vec<_> =
            page.entries.iter().map(|entry| (entry.chat.clone(), entry.record.version)).collect();
        let want: Vec<_> =
            whole[gone..].iter().map(|(id, version)| (chat(*id), *version)).collect();
        prop_assert_eq!(kept, want);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_run_of_calls_ends_as_in_a_store_that_looks_through_everything(calls in calls()) {
        let window = Duration::from_millis(WINDOW.unsigned_abs());
        let store = MemoryStore::with_replay_window(Arc::new(|| 0), window);
        let (mut plain, mut at) = (Plain::default(), 0);
        let mut told_at: [Vec<i64>; 3] = Default::default();
        for (nth, call) in calls.iter().enumerate() {
            at += call.wait;
            if call.expire {
                while now(store.expire(at, 2)).unwrap() == 2 {}
                plain.expire(at);
                for (nth, told_at) in (0..).zip(&told_at) {
                    let gone = told_at.iter().filter(|told| **told + WINDOW <= at).count();
                    let floor = now(store.feed(&feed(&nth), 0, 1)).unwrap().floor;
                    prop_assert_eq!(floor, gone as u64, "what is gone of feed {} at {}", nth, at);
                }
            }
            let [feeds, list, unlist] = [&call.feeds, &call.list, &call.unlist]
                .map(|feeds| feeds.iter().map(feed).collect::<Vec<_>>());
            let id = chat(call.chat);
            let present = now(store.load(&id)).unwrap().map_or(Head::NONE, |loaded| loaded.head);
            let token = present.token ^ u64::from(call.stale);
            let expect = Head::new(present.version, token);
            let command = CommandId::new((nth as u128).to_be_bytes());
            let append = Append::new(&id, expect, command, at, b"e")
                .feeds(&feeds)
                .list(&list)
                .unlist(&unlist)
                .expire_at_ms(call.keep.map(|keep| at + keep));
            let appended = now(store.append(append));
            if call.stale {
                prop_assert_eq!(appended, Err(AppendError::Conflict));
            } else {
                prop_assert_eq!(appended.unwrap().version, present.version + 1);
                plain.append(call, at);
                for nth in 0..3_u8 {
                    if call.feeds.contains(&nth) {
                        told_at[usize::from(nth)].push(at);
                    }
                }
            }
            compare(&store, &plain, &told_at)?;
        }
    }
}
