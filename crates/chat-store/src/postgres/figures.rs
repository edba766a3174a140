//! What the engine has counted, as plain numbers for whoever serves.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::pool::Status;
use crate::buckets::{Buckets, Histogram};

/// What the engine has counted since it was opened, and its connections at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Figures {
    /// Appends that went through.
    pub appends: u64,
    /// Appends that did not fit the chat's head.
    pub conflicts: u64,
    /// Appends that were surely not applied and may be sent again.
    pub retries: u64,
    /// Appends nobody knows the outcome of.
    pub unknown: u64,
    /// Connections there are, without the one that listens.
    pub connections: u64,
    /// Those of them that do nothing.
    pub idle: u64,
    /// Calls that wait for a connection.
    pub waiting: u64,
    /// How often the connection that listens was lost.
    pub listener_losses: u64,
    /// Hints sent to other nodes.
    pub hints_sent: u64,
    /// Hints heard from other nodes.
    pub hints_heard: u64,
    /// Hints that came late, by the look every second and not by a notification.
    pub hints_late: u64,
    /// How long appends took from being asked for to being durable, in microseconds; empty without
    /// a stopwatch.
    pub append_micros: Buckets,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) appends: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) listener_losses: AtomicU64,
    pub(super) hints_sent: AtomicU64,
    pub(super) hints_heard: AtomicU64,
    pub(super) hints_late: AtomicU64,
    pub(super) append_micros: Histogram,
}

impl Counters {
    pub(super) fn read(&self, status: Status) -> Figures {
        Figures {
            appends: self.appends.load(Relaxed),
            conflicts: self.conflicts.load(Relaxed),
            retries: self.retries.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            connections: status.open as u64,
            idle: status.idle as u64,
            waiting: status.waiting as u64,
            listener_losses: self.listener_losses.load(Relaxed),
            hints_sent: self.hints_sent.load(Relaxed),
            hints_heard: self.hints_heard.load(Relaxed),
            hints_late: self.hints_late.load(Relaxed),
            append_micros: self.append_micros.read(),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
