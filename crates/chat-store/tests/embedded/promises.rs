//! The conformance suite on the embedded store, on many threads and on one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chat_store::RedbStore;
use chat_store::conformance::{Bench, run};

use crate::kit::{Hands, Place, WINDOW};

struct RedbBench {
    hands: Hands,
    place: Place,
    files: AtomicU64,
    /// The file that was opened last; each case has its own.
    last: Mutex<String>,
}

impl RedbBench {
    fn new() -> Self {
        let last = Mutex::default();
        Self { hands: Hands::default(), place: Place::new(), files: AtomicU64::new(0), last }
    }

    fn open_last(&self) -> (RedbStore, RedbStore) {
        let file = self.place.path().join(&*self.last.lock().unwrap());
        let store = self.hands.options().open(file).expect("the file opens");
        (store.clone(), store)
    }
}

impl Bench for RedbBench {
    type Store = RedbStore;

    async fn open(&self) -> (RedbStore, RedbStore) {
        let nth = self.files.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = format!("{nth}.redb");
        self.open_last()
    }

    async fn reopen(&self, nodes: (RedbStore, RedbStore)) -> (RedbStore, RedbStore) {
        nodes.0.close().await;
        drop(nodes);
        self.open_last()
    }

    async fn pass(&self, span: Duration) {
        self.hands.pass(span);
    }

    fn replay_window(&self) -> Duration {
        WINDOW
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_embedded_store_keeps_every_promise_on_many_threads() {
    let report = run(&RedbBench::new()).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn the_embedded_store_keeps_every_promise_on_one_thread() {
    let report = run(&RedbBench::new()).await;
    assert!(report.passed(), "{report}");
}
