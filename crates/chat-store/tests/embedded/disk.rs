//! What the store does when the disk fails at any single access, stays full, or loses its power:
//! nothing that was acknowledged is lost, nothing refused is there, and nothing panics.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use chat_store::embedded::{DiskAccess, DiskFaults, Health, OpenError};
use chat_store::{Append, AppendError, Head, LeaseKey, Leases, RedbStore, Store, check};

use crate::kit::{Hands, Place, chat, command, user};

/// Counts the panics of the writers' threads: they are caught, and there must be none to catch.
fn panics() -> u64 {
    static PANICS: AtomicU64 = AtomicU64::new(0);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some("chat-store") {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// A disk that fails from the n-th change on, for so many changes.
#[derive(Default)]
struct Bad {
    seen: AtomicU64,
    from: AtomicI64,
    times: AtomicI64,
    /// What failed.
    failed: Mutex<Vec<&'static str>>,
}

impl Bad {
    fn faults(self: &Arc<Self>, kind: io::ErrorKind) -> DiskFaults {
        let bad = Arc::clone(self);
        Arc::new(move |access| {
            let what = match access {
                DiskAccess::Write { .. } => "write",
                DiskAccess::SetLen(_) => "set_len",
                DiskAccess::Sync => "sync",
                _ => return Ok(()),
            };
            let nth = i64::try_from(bad.seen.fetch_add(1, Ordering::SeqCst)).unwrap();
            let from = bad.from.load(Ordering::SeqCst);
            if (from..from.saturating_add(bad.times.load(Ordering::SeqCst))).contains(&nth) {
                bad.failed.lock().unwrap().push(what);
                return Err(kind.into());
            }
            Ok(())
        })
    }

    /// Fails `times` times, after `good` more changes.
    fn fail(&self, good: i64, times: i64) {
        let seen = i64::try_from(self.seen.load(Ordering::SeqCst)).unwrap();
        self.from.store(seen + good, Ordering::SeqCst);
        self.times.store(times, Ordering::SeqCst);
    }
}

/// What was answered to each append: chat, version, and whether it is there.
#[derive(Default)]
struct Told {
    heads: BTreeMap<u64, Head>,
    acknowledged: Vec<(u64, u64, u64)>,
    refused: Vec<(u64, u64)>,
    undecided: Vec<(u64, u64)>,
    nth: u64,
}

impl Told {
    /// One append to each of three chats, and what else a store is asked to write.
    async fn go_on(&mut self, store: &RedbStore) {
        for name in 0..3 {
            let (id, feeds) = (chat(name), [user("all"), user(name)]);
            let expect = self.heads.get(&name).copied().unwrap_or(Head::NONE);
            self.nth += 1;
            let payload = vec![7; 3_000];
            let append = Append::new(&id, expect, command(name, self.nth), 0, &payload);
            match store.append(append.feeds(&feeds).list(&feeds)).await {
                Ok(head) => {
                    assert_eq!(head.version, expect.version + 1);
                    self.heads.insert(name, head);
                    self.acknowledged.push((name, head.version, self.nth));
                }
                Err(AppendError::Retry(_)) => self.refused.push((name, self.nth)),
                Err(AppendError::Unknown(_)) => self.undecided.push((name, self.nth)),
                Err(AppendError::Conflict) => {
                    assert!(self.undecided.iter().any(|(of, _)| *of == name), "nobody else writes");
                }
            }
            if let Some(head) = self.heads.get(&name) {
                let _ = store.snapshot(&id, *head, 1, b"state").await;
            }
        }
        let key = LeaseKey::new(self.nth.to_string());
        let _ = store.put(&key, None, b"v", Some(Duration::from_secs(9))).await;
        let _ = store.expire(-3_600_000, 3).await;
    }

    /// Compares what was told with what is there.
    async fn holds(&self, store: &RedbStore, what: &str) {
        let mut there: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for name in 0..3 {
            let records = store.records(&chat(name), 0, 999).await.unwrap();
            there.insert(name, records.iter().map(|r| (r.version, r.command)).collect());
        }
        for (name, version, nth) in &self.acknowledged {
            let of_it = there[name].iter().filter(|(_, id)| *id == command(*name, *nth));
            let of_it: Vec<_> = of_it.map(|(version, _)| *version).collect();
            assert_eq!(of_it, [*version], "an acknowledged append to {name}, {what}");
        }
        for (name, nth) in &self.refused {
            let is_there = there[name].iter().any(|(_, id)| *id == command(*name, *nth));
            assert!(!is_there, "a refused append to {name} is there, {what}");
        }
        let known = self.acknowledged.len() + self.undecided.len();
        let records: usize = there.values().map(Vec::len).sum();
        assert!(records <= known, "{records} records of {known} that may be there, {what}");
    }
}

async fn sound(store: &RedbStore, what: &str) {
    let checked = check(store, |_, _, _| Ok(())).await.expect("the store can be walked");
    assert!(checked.is_sound(), "{:?}, {what}", checked.complaints);
    let entries = store.feed(&user("all"), 0, 9_999).await.unwrap();
    assert!(entries.entries.is_sorted_by_key(|entry| entry.cursor), "{what}");
}

/// Fails the n-th change to the file, for so many changes; answers whether there was an n-th.
async fn fail_at(good: i64, times: i64, kind: io::ErrorKind) -> bool {
    let what = format!("{kind} at change {good}, {times} times");
    let (hands, place, bad) = (Hands::default(), Place::in_memory(), Arc::new(Bad::default()));
    let store = hands.options().faults(bad.faults(kind)).open(place.file()).unwrap();
    let mut told = Told::default();
    told.go_on(&store).await;
    bad.fail(good, times);
    for _ in 0..2 {
        told.go_on(&store).await;
    }
    let failed = bad.failed.lock().unwrap().clone();
    let synced = failed.contains(&"sync");
    match store.health() {
        Health::Ready => assert!(failed.is_empty(), "ready after {failed:?}, {what}"),
        Health::ReadOnly(why) => {
            assert!(!synced && why.contains(&kind.to_string()), "{why} after {failed:?}, {what}");
            told.holds(&store, &format!("read while refusing, {what}")).await;
        }
        Health::Gone(why) => {
            assert!(synced, "{why} after {failed:?}, {what}");
            assert!(store.load(&chat(0)).await.is_err(), "nothing doubtful is read, {what}");
        }
        other => panic!("{other:?}"),
    }
    // The disk is well again, and time goes on.
    bad.times.store(0, Ordering::SeqCst);
    hands.pass(Duration::from_secs(31));
    told.go_on(&store).await;
    assert_eq!(store.health().is_ready(), !synced, "after the disk was well again, {what}");
    if !synced {
        told.holds(&store, &format!("once the disk was well, {what}")).await;
    }
    store.close().await;
    let store = hands.options().verify().open(place.file()).expect("opens anew");
    told.holds(&store, &format!("opened anew, {what}")).await;
    sound(&store, &what).await;
    store.close().await;
    !failed.is_empty()
}

#[tokio::test]
async fn a_disk_that_fails_at_any_change_loses_nothing_acknowledged() {
    let before = panics();
    for good in 0.. {
        let even = good % 2 == 0;
        let [one, other] = [io::ErrorKind::StorageFull, io::ErrorKind::Other];
        // Once, and until somebody mends it.
        if !fail_at(good, 1, if even { one } else { other }).await {
            assert!(good > 50, "the sweep goes through every change: {good}");
            break;
        }
        assert!(fail_at(good, i64::MAX, if even { other } else { one }).await);
    }
    assert_eq!(panics(), before, "the engine must not panic");
}

#[tokio::test]
async fn a_disk_that_fails_while_a_file_is_made_leaves_one_that_opens_once_it_is_well() {
    let before = panics();
    for good in 0.. {
        let (hands, place, bad) = (Hands::default(), Place::in_memory(), Arc::new(Bad::default()));
        bad.fail(good, i64::MAX);
        let faults = bad.faults(io::ErrorKind::StorageFull);
        let opened = hands.options().faults(faults).open(place.file());
        let failed = !bad.failed.lock().unwrap().is_empty();
        match opened {
            Err(OpenError::Full(path, why)) => {
                assert!(failed && path == place.file() && !why.to_string().is_empty());
            }
            Err(other) => panic!("{other:?} at change {good}"),
            Ok(store) => {
                assert!(!failed, "opened although change {good} failed");
                store.close().await;
                break;
            }
        }
        let store = hands.options().open(place.file()).expect("opens once the disk is well");
        let mut told = Told::default();
        told.go_on(&store).await;
        assert_eq!(told.acknowledged.len(), 3);
        store.close().await;
    }
    assert_eq!(panics(), before, "the engine must not panic");
}

/// A disk with room for so many bytes: the file neither grows beyond them nor is written there.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_serves_reads_until_there_is_room() {
    let (hands, place) = (Hands::default(), Place::in_memory());
    let room = Arc::new(AtomicU64::new(400_000));
    let faults: DiskFaults = {
        let room = Arc::clone(&room);
        Arc::new(move |access| {
            let end = match access {
                DiskAccess::Write { offset, data } => offset + data.len() as u64,
                DiskAccess::SetLen(len) => len,
                _ => 0,
            };
            let fits = end <= room.load(Ordering::SeqCst);
            if fits { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        })
    };
    let store = hands.options().faults(faults).open(place.file()).unwrap();
    let mut told = Told::default();
    while store.health().is_ready() {
        told.go_on(&store).await;
        assert!(told.nth < 10_000, "the disk is full some time");
    }
    assert!(told.acknowledged.len() > 9, "there was room for some");
    assert!(told.undecided.is_empty(), "a full disk is no doubt: {:?}", told.undecided);
    let (refused, tries) = (told.refused.len(), 20);
    for _ in 0..tries {
        hands.pass(Duration::from_secs(31));
        told.holds(&store, "while the disk is full").await;
        told.go_on(&store).await;
    }
    assert!(told.refused.len() > refused, "while the disk is full, nothing large is taken");
    room.store(u64::MAX, Ordering::SeqCst);
    hands.pass(Duration::from_secs(31));
    let acknowledged = told.acknowledged.len();
    told.go_on(&store).await;
    assert_eq!(told.acknowledged.len(), acknowledged + 3, "there is room again");
    assert!(store.health().is_ready());
    store.close().await;
    let store = hands.options().verify().must_exist().open(place.file()).expect("opens anew");
    told.holds(&store, "opened anew").await;
    sound(&store, "opened anew").await;
    store.close().await;
}

/// Every change to the file, in order.
#[derive(Clone)]
enum Changed {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// The file after a loss of power at `cut`: what was synced is there, and of what came after it
/// whatever `keeps` says.
fn file_at(log: &[Changed], cut: usize, mut keeps: impl FnMut() -> bool) -> Vec<u8> {
    let synced = log[..cut].iter().rposition(|c| matches!(c, Changed::Sync)).unwrap_or(0);
    let mut file = Vec::new();
    for (nth, change) in log[..cut].iter().enumerate() {
        match change {
            Changed::SetLen(len) if nth <= synced || keeps() => {
                file.resize(usize::try_from(*len).unwrap(), 0);
            }
            Changed::Write(at, data) if nth <= synced || keeps() => {
                let at = usize::try_from(*at).unwrap();
                file.resize(file.len().max(at + data.len()), 0);
                file[at..at + data.len()].copy_from_slice(data);
            }
            _ => {}
        }
    }
    file
}

#[tokio::test]
async fn a_loss_of_power_at_any_moment_loses_nothing_acknowledged() {
    let (hands, place) = (Hands::default(), Place::in_memory());
    let log: Arc<Mutex<Vec<Changed>>> = Arc::default();
    let faults: DiskFaults = {
        let log = Arc::clone(&log);
        Arc::new(move |access| {
            let change = match access {
                DiskAccess::Write { offset, data } => Changed::Write(offset, data.to_vec()),
                DiskAccess::SetLen(len) => Changed::SetLen(len),
                DiskAccess::Sync => Changed::Sync,
                _ => return Ok(()),
            };
            log.lock().unwrap().push(change);
            Ok(())
        })
    };
    let store = hands.options().faults(faults).open(place.file()).unwrap();
    let mut told = Told::default();
    let mut acknowledged = Vec::new();
    for _ in 0..12 {
        told.go_on(&store).await;
        acknowledged.push((log.lock().unwrap().len(), told.acknowledged.len()));
    }
    store.close().await;
    let (log, made) = (log.lock().unwrap().clone(), acknowledged[0].0);
    let mut drawn = 0x9e37_79b9_7f4a_7c15_u64;
    for cut in made..log.len() {
        let keeps = || {
            drawn ^= drawn << 13;
            drawn ^= drawn >> 7;
            drawn ^= drawn << 17;
            drawn.is_multiple_of(2)
        };
        fs::write(place.file(), file_at(&log, cut, keeps)).unwrap();
        let what = format!("without power after change {cut}");
        let store = hands.options().open(place.file()).unwrap_or_else(|e| panic!("{e}, {what}"));
        let before = acknowledged.iter().rev().find(|(at, _)| *at <= cut);
        let count = before.map_or(0, |(_, count)| *count);
        let so_far = Told { acknowledged: told.acknowledged[..count].to_vec(), ..Told::default() };
        for (name, version, nth) in &so_far.acknowledged {
            let records = store.records(&chat(name), version - 1, 1).await.unwrap();
            assert_eq!(records[0].command, command(*name, *nth), "{what}");
        }
        sound(&store, &what).await;
        store.close().await;
    }
}
