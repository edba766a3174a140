//! A gate before the writes of a store: time enough for whatever may happen between a decision and its
//! being stored.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard};

#[derive(Default)]
pub(super) struct Gate {
    /// Taken by whoever keeps it closed.
    closed: Arc<RwLock<()>>,
    /// A write waits at the gate.
    arrived: Notify,
}

/// Writes wait for as long as this is there.
pub struct Pause {
    gate: Arc<Gate>,
    _closed: OwnedRwLockWriteGuard<()>,
}

impl Gate {
    pub(super) async fn close(self: &Arc<Self>) -> Pause {
        let closed = self.closed.clone().write_owned().await;
        Pause { gate: self.clone(), _closed: closed }
    }

    /// Waits while it is closed.
    pub(super) async fn pass(&self) -> RwLockReadGuard<'_, ()> {
        if self.closed.try_read().is_err() {
            self.arrived.notify_one();
        }
        self.closed.read().await
    }
}

impl Pause {
    /// Waits until a write waits.
    pub async fn arrived(&self) {
        self.gate.arrived.notified().await;
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pause")
    }
}
