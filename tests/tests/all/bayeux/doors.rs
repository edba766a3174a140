//! The doors: the router without a socket, and HTTP over the loopback.

mod loopback;
mod router;

pub(crate) use self::router::answered;

use std::net::SocketAddr;

use axum::Router;
use chat_http::App;
use tokio::task::JoinHandle;

use self::loopback::Loopback;
use self::router::RouterDoor;
use super::clock::Hands;
use super::exchange::Settings;
use super::http::{Answered, Ask};

/// Which door, and beside which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DoorKind {
    /// [`App::router`], and a clock that is moved by hand.
    Router,
    /// HTTP over the loopback, and a clock that is moved by hand.
    Loopback,
    /// HTTP over the loopback, and the clock of the machine.
    RealTime,
}

/// A door that is open.
pub(crate) enum Door {
    Router(RouterDoor),
    Loopback(Loopback),
}

impl Door {
    pub(crate) async fn open(kind: DoorKind, settings: &Settings, hands: &Hands) -> Self {
        match kind {
            DoorKind::Router => Self::Router(RouterDoor::open(settings, hands)),
            DoorKind::Loopback | DoorKind::RealTime => {
                Self::Loopback(Loopback::open(settings, hands).await)
            }
        }
    }

    /// The node behind it.
    pub(crate) fn app(&self) -> &App {
        match self {
            Self::Router(door) => door.app(),
            Self::Loopback(door) => door.app(),
        }
    }

    /// The node's router, to look at it without changing anything.
    pub(crate) fn router(&self) -> Router {
        match self {
            Self::Router(door) => door.router(),
            Self::Loopback(door) => door.router(),
        }
    }

    /// What clients see in front of every resource.
    pub(crate) fn base(&self) -> String {
        match self {
            Self::Router(door) => door.base(),
            Self::Loopback(door) => door.base(),
        }
    }

    /// Sends a request; dropping the task hangs up.
    pub(crate) fn send(&self, ask: Ask) -> JoinHandle<Answered> {
        match self {
            Self::Router(door) => door.send(ask),
            Self::Loopback(door) => door.send(ask),
        }
    }

    /// Where websockets are opened.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Router(_) => panic!("a router has no connections to upgrade"),
            Self::Loopback(door) => door.address(),
        }
    }

    /// The node goes without a word, another one comes up on the same store.
    pub(crate) async fn restart(&mut self) {
        match self {
            Self::Router(door) => door.restart(),
            Self::Loopback(door) => door.restart().await,
        }
    }

    /// The server is told to stop.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Router(_) => panic!("a router cannot be told to stop; only a server can"),
            Self::Loopback(door) => door.stop(),
        }
    }
}
