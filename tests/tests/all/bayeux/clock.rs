//! Time, moved by hand or by itself.

use std::sync::Arc;
use std::time::Duration;

use chat_http::{Clock, ManualClock, SystemClock};

use super::doors::DoorKind;

/// How much longer than a file says the real clock is given, so that whatever is due has happened.
const MARGIN: Duration = Duration::from_millis(50);

/// The hands of the clock.
pub(crate) enum Hands {
    Mine(Arc<ManualClock>),
    TheMachines(Arc<SystemClock>),
}

impl Hands {
    pub(crate) fn of(door: DoorKind) -> Self {
        match door {
            DoorKind::Router | DoorKind::Loopback => {
                Self::Mine(Arc::new(ManualClock::at(1_700_000_000_000)))
            }
            DoorKind::RealTime => Self::TheMachines(Arc::new(SystemClock::new())),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Mine(clock) => clock.clone(),
            Self::TheMachines(clock) => clock.clone(),
        }
    }

    /// Whether time passes by itself.
    pub(crate) fn are_the_machines(&self) -> bool {
        matches!(self, Self::TheMachines(_))
    }

    /// Lets time pass: exactly so much, or, on real time, at least.
    pub(crate) async fn advance(&self, ms: u32) {
        match self {
            Self::Mine(clock) => clock.advance(ms),
            Self::TheMachines(_) => {
                tokio::time::sleep(Duration::from_millis(ms.into()) + MARGIN).await;
            }
        }
    }
}
