//! The HTTP door of a contact centre's chats.
//!
//! [`Config`] says who works here, [`App`] is the contact centre as an HTTP service over any store,
//! and [`serve`] puts it on a socket:
//!
//! ```no_run
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use chat_http::{App, Clock, Config, SystemClock, serve};
//! use chat_store::MemoryStore;
//!
//! let clock = Arc::new(SystemClock::new());
//! let store = MemoryStore::new(Arc::new({ let clock = clock.clone(); move || clock.now_ms() }));
//! let config = Config::demo("127.0.0.1:8090".parse()?);
//! let listener = tokio::net::TcpListener::bind(config.server.listen).await?;
//! serve(listener, App::new(config, store, clock)?, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How a request goes
//! `serve` (limits of connections and time, TLS) → `server` (a name, a panic's answer, CORS) →
//! `routes` (the table) → `identity` (who asks) → `body` (what is asked) → the handler → `reply`.
//! Whatever stops it on the way is a `Refusal`, and `reply` is the one place that prints it.
//!
//! # How an operation becomes a notification
//! `routes/chats` reads who asks for what → `desk` loads the chat, lets the model decide and appends
//! the record; now it is so → `hub` reads the feeds of those who must hear of it and tells their
//! sessions. What happens although nobody asks (invitations lapse, waiting chats are offered, silent
//! visitors and lost agents are gone) is noted in `agenda` and done by `house`, through the desk.
//!
//! # What may be restarted
//! Everything. HTTP sessions, contact-centre sessions, readiness, reference ids, notification
//! sessions and visitors' read positions are leases of the store, chats are its journal; what is
//! kept here are caches in front of them.
//!
//! # What is logged
//! Routes by their patterns, statuses and times: no password, cookie, path, body or message, at any
//! level. Whoever installs a subscriber should leave out the target `tungstenite`, which logs the
//! messages of websockets at `trace`, and the reasons of panics that were put together on the spot.
//!
//! Deliberately absent: any decision about chats, which are the model's.
#![forbid(unsafe_code)]

#[cfg(feature = "server")]
mod agenda;
#[cfg(feature = "server")]
mod agents;
#[cfg(feature = "server")]
mod asset;
#[cfg(feature = "server")]
mod body;
#[cfg(feature = "server")]
mod bounded;
#[cfg(feature = "server")]
mod callers;
#[cfg(feature = "server")]
mod chance;
#[cfg(feature = "server")]
mod chats;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod collection;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod console;
#[cfg(feature = "server")]
mod cors;
#[cfg(feature = "server")]
mod desk;
#[cfg(feature = "server")]
mod dispatch;
#[cfg(feature = "server")]
mod docs;
#[cfg(feature = "server")]
mod faults;
#[cfg(feature = "server")]
mod head_timer;
#[cfg(feature = "server")]
mod hooks;
#[cfg(feature = "server")]
mod house;
#[cfg(feature = "server")]
mod hub;
#[cfg(feature = "server")]
mod identity;
#[cfg(feature = "server")]
mod metrics;
#[cfg(feature = "server")]
mod observe;
#[cfg(feature = "schema")]
mod openapi;
#[cfg(feature = "server")]
mod path;
#[cfg(feature = "server")]
mod patient;
#[cfg(feature = "server")]
mod query;
#[cfg(feature = "server")]
mod recording;
#[cfg(feature = "server")]
mod reply;
#[cfg(feature = "server")]
mod request_key;
#[cfg(feature = "server")]
mod resources;
#[cfg(feature = "server")]
mod roster;
#[cfg(feature = "server")]
mod routes;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod session;
#[cfg(feature = "server")]
mod storage;
#[cfg(feature = "server")]
mod supervision;
#[cfg(feature = "server")]
mod tls;
#[cfg(feature = "server")]
mod verify;
#[cfg(feature = "server")]
mod visitors;
#[cfg(feature = "server")]
mod vitals;
#[cfg(feature = "server")]
mod weigh;

#[cfg(feature = "server")]
pub use agents::is_of_agent;
#[cfg(feature = "server")]
pub use chance::{Chance, SeededChance, SystemChance};
#[cfg(feature = "server")]
pub use clock::{Clock, ManualClock, SetClock, SystemClock};
#[cfg(feature = "server")]
pub use config::{
    AddressRange, AgentState, ApiUrl, AttributeValue, BusinessAttribute, Config, ConfigError,
    ForwardedHeader, Group, Limits, Notifications, Origin, PasswordHash, Problem, Queue, SameSite,
    Server as ServerConfig, Settings, Skill, TimeOffset, User, ValueError, Workbin,
};
#[cfg(feature = "server")]
pub use dispatch::{Candidate, Choice, Distributor, LongestWaiting, WaitingChat};
#[cfg(feature = "server")]
pub use docs::Documents;
#[cfg(feature = "server")]
pub use faults::{FaultError, FaultRule, Faults, ListedFault, serve_admin};
#[cfg(feature = "server")]
pub use hub::{Topic, topics};
#[cfg(feature = "server")]
pub use identity::hash_password;
#[cfg(feature = "schema")]
pub use openapi::{cases, openapi};
#[cfg(feature = "server")]
pub use recording::{Edit, Line, LineType, Recorder, Side, rewrite};
#[cfg(feature = "server")]
pub use routes::{Access, Route, routes};
#[cfg(feature = "server")]
pub use serve::{HEAD_BYTES, serve};
#[cfg(feature = "server")]
pub use server::{App, Extras};
#[cfg(feature = "server")]
pub use verify::{verify_chat, verify_records};
#[cfg(feature = "server")]
pub use vitals::{Complaint, FigureValue, NoVitals, StoreFigure, Vitals};

/// Random bytes of the system: for tokens, keys and ids.
///
/// # Panics
/// If the system has none; a server that cannot draw secrets must not go on.
#[cfg(feature = "server")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
}
