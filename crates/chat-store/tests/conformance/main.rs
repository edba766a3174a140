//! Runs the suite: on the memory store, which must pass, and on stores with one flaw each, which
//! must not. A suite that cannot fail proves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chat_store::conformance::{Bench, Case, run};
use chat_store::{Clock, MemoryStore};
use flawed::{Flaw, Flawed};

mod flawed;

const WINDOW: Duration = Duration::from_secs(60 * 60);

/// A clock that goes on when it is told to.
#[derive(Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn clock(&self) -> Clock {
        let now_ms = Arc::clone(&self.0);
        Arc::new(move || now_ms.load(Ordering::SeqCst))
    }

    fn pass(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).expect("a test passes less than an age");
        self.0.fetch_add(span, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct MemoryBench {
    hands: Hands,
}

impl Bench for MemoryBench {
    type Store = MemoryStore;

    async fn open(&self) -> (MemoryStore, MemoryStore) {
        let store = MemoryStore::with_replay_window(self.hands.clock(), WINDOW);
        (store.clone(), store)
    }

    async fn pass(&self, span: Duration) {
        self.hands.pass(span);
    }

    fn replay_window(&self) -> Duration {
        WINDOW
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_memory_store_keeps_every_promise_on_many_threads() {
    let report = run(&MemoryBench::default()).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_memory_store_keeps_every_promise_on_one_thread() {
    let report = run(&MemoryBench::default()).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.failures().count(), 0);
    assert_eq!(report.to_string().lines().count(), Case::ALL.len(), "one line for every case");
}

struct FlawedBench {
    hands: Hands,
    flaw: Flaw,
}

impl Bench for FlawedBench {
    type Store = Flawed;

    async fn open(&self) -> (Flawed, Flawed) {
        let store = MemoryStore::with_replay_window(self.hands.clock(), WINDOW);
        let store = Flawed::new(store, self.flaw);
        (store.clone(), store)
    }

    async fn reopen(&self, nodes: (Flawed, Flawed)) -> (Flawed, Flawed) {
        if self.flaw == Flaw::ForgetsAtReopen { self.open().await } else { nodes }
    }

    async fn pass(&self, span: Duration) {
        self.hands.pass(span);
    }

    fn replay_window(&self) -> Duration {
        WINDOW
    }
}

/// Every flaw, with the case that names it; other cases may fail over it as well.
const NOTICED: [(Flaw, Case, &str); 20] = [
    (Flaw::None, Case::Basics, ""),
    (Flaw::IgnoresTheToken, Case::Basics, "another token"),
    (Flaw::IgnoresTheToken, Case::Expiry, "former life"),
    (Flaw::LastWriterWins, Case::Race, "the version of an append on"),
    (Flaw::LastWriterWins, Case::UnknownOutcome, "where CommandId"),
    (Flaw::ForgetsCommands, Case::UnknownOutcome, "where CommandId"),
    (Flaw::AnnouncesLate, Case::Atomic, "a feed read between"),
    (Flaw::ListsTheRefused, Case::Atomic, "the list of a refused append"),
    (Flaw::CursorsFromASequence, Case::ClosedFeed, "at or below a seen cursor"),
    (Flaw::ForgetsToUnlist, Case::Listed, "after step 7"),
    (Flaw::SortsLists, Case::Listed, "after step 3"),
    (Flaw::NeverWakes, Case::Wakes, "got none"),
    (Flaw::WakesEarly, Case::Wakes, "read when the hint came"),
    (Flaw::AnySnapshotCounts, Case::Snapshot, "after an older one"),
    (Flaw::FirstExpiryCounts, Case::Expiry, "whether taken-back is there"),
    (Flaw::SkipsInSilence, Case::Trimming, "is told of a gap"),
    (Flaw::PutsOverAnyLease, Case::Leases, "replacing a revision that is gone"),
    (Flaw::LeasesNeverLapse, Case::Leases, "a lease whose time has passed"),
    (Flaw::ScansInAnyOrder, Case::Leases, "in the order of their bytes"),
    (Flaw::ForgetsAtReopen, Case::Reopen, "opened anew"),
];

#[tokio::test(start_paused = true)]
async fn every_flaw_is_noticed() {
    for (flaw, case, says) in NOTICED {
        let bench = FlawedBench { hands: Hands::default(), flaw };
        match case.check(&bench).await {
            Ok(()) => assert_eq!(flaw, Flaw::None, "{case:?} must notice {flaw:?}"),
            Err(why) => assert!(
                flaw != Flaw::None && why.contains(says),
                "{case:?} must notice {flaw:?} and say {says:?}; it says {why:?}"
            ),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wrapper_without_a_flaw_passes_so_only_the_flaws_are_noticed() {
    let report = run(&FlawedBench { hands: Hands::default(), flaw: Flaw::None }).await;
    assert!(report.passed(), "{report}");
}

#[test]
fn every_case_is_shown_to_fail() {
    for case in Case::ALL {
        let flaws = NOTICED.iter().filter(|(flaw, by, _)| *flaw != Flaw::None && *by == case);
        assert_ne!(flaws.count(), 0, "no flaw shows that {case:?} can fail");
    }
}
