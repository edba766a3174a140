//! Checking once what many ask at the same time.
//!
//! A client that starts sends a handful of requests at once, each with its credentials. They are one
//! login: one (costly) check, and where they are wrong, one failure.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use tokio::sync::OnceCell;

/// The checks under way, by what is checked.
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    under_way: Mutex<IndexMap<K, Flight<V>>>,
}

/// A check, and how many wait for it; it is forgotten with the last of them.
type Flight<V> = (Arc<OnceCell<V>>, usize);

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    /// What `check` finds, or what the same check finds that somebody else has under way. If theirs
    /// fails or is given up, `check` is done after all.
    pub(crate) async fn join<E>(
        &self,
        key: K,
        check: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let seat = Seat::take(self, key);
        seat.cell.get_or_try_init(|| check).await.cloned()
    }

    fn under_way(&self) -> MutexGuard<'_, IndexMap<K, Flight<V>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits; may be dropped at any time.
struct Seat<'a, K: Hash + Eq, V> {
    flights: &'a Flights<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<'a, K: Hash + Eq + Clone, V: Clone> Seat<'a, K, V> {
    fn take(flights: &'a Flights<K, V>, key: K) -> Self {
        let mut under_way = flights.under_way();
        let (cell, waiting) = under_way.entry(key.clone()).or_default();
        *waiting += 1;
        Self { flights, key, cell: cell.clone() }
    }
}

impl<K: Hash + Eq, V> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiting)) = under_way.get_mut(&self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                under_way.swap_remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::Flights;

    fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn many_who_ask_the_same_share_one_check() {
        let flights = Flights::<&str, u32>::default();
        let checks = Cell::new(0);
        let check = || async {
            checks.set(checks.get() + 1);
            tokio::task::yield_now().await;
            Ok::<_, ()>(checks.get())
        };
        let found = tokio::join!(
            flights.join("a", check()),
            flights.join("a", check()),
            flights.join("b", check()),
            flights.join("a", check()),
        );
        assert_eq!((found.0, found.1, found.3), (Ok(2), Ok(2), Ok(2)));
        assert_eq!(found.2, Ok(2));
        assert_eq!(checks.get(), 2);
        assert!(flights.under_way().is_empty(), "what is over is forgotten");
        assert_eq!(flights.join("a", check()).await, Ok(3), "and done anew");
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_the_first_one_leaves_or_fails() {
        let flights = Flights::<&str, u32>::default();
        let first = flights.join("a", std::future::pending::<Result<u32, ()>>());
        let mut first = Box::pin(first);
        let second = flights.join("a", async { Ok::<_, ()>(7) });
        let mut second = Box::pin(second);
        assert!(poll_once(&mut first).is_pending());
        assert!(poll_once(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await, Ok(7));
        assert_eq!(flights.join("a", async { Err::<u32, _>("busy") }).await, Err("busy"));
        assert_eq!(flights.join("a", async { Ok::<_, ()>(8) }).await, Ok(8));
        assert!(flights.under_way().is_empty());
    }
}
