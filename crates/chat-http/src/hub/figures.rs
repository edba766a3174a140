//! What operators see of the hub: how many listen, how late they hear, and why sessions end.

use std::sync::Arc;

use bayeux::CloseReason;
use metrics::{Counter, Gauge};

use crate::metrics::{Metrics, Timings};

pub(super) struct Figures {
    pub(super) sessions: Gauge,
    pub(super) polls: Gauge,
    pub(super) sockets: Gauge,
    pub(super) feed_lag: Arc<Timings>,
    /// In the order of [`ENDS`].
    ended: [Counter; ENDS.len()],
}

/// Why a session ends, as the label says it.
const ENDS: [&str; 6] = ["disconnected", "timed_out", "overflow", "ended", "moved", "other"];

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            sessions: metrics
                .gauge("chat_notification_sessions", "Notification sessions of this node."),
            polls: metrics.gauge("chat_held_polls", "Polls that wait for news."),
            sockets: metrics.gauge("chat_websockets", "Open websockets."),
            feed_lag: metrics.feed_lag(),
            ended: metrics.counters(
                (
                    "chat_notification_sessions_ended_total",
                    "Notification sessions that ended on this node, by reason.",
                ),
                ("reason", ENDS),
            ),
        }
    }

    /// Counts a session that is over, and says so where its client did not want it: it finds out by
    /// 402 only, which does not say why (BAYEUX-10).
    pub(super) fn closed(&self, reason: CloseReason) {
        let nth = match reason {
            CloseReason::Disconnected => 0,
            CloseReason::TimedOut => 1,
            CloseReason::Overflow => 2,
            CloseReason::Ended => 3,
            CloseReason::Released => 4,
            _ => 5,
        };
        self.ended[nth].increment(1);
        match reason {
            CloseReason::Overflow => tracing::warn!(
                "a notification session is ended: more waited for its client than \
                 notifications.max_queued_events or max_queued_bytes allow"
            ),
            CloseReason::TimedOut => tracing::info!(
                "a notification session is ended: its client did not come again within \
                 notifications.max_interval_ms"
            ),
            _ => {}
        }
    }
}
