//! Bayeux 1.0 as CometD practises it, server half and client half, without IO.
//!
//! Why it exists: the notification interface is this protocol, and everything that is hard about
//! it (what to hold, what to wake, whom to forget, what to send again) is a question of state and
//! time. So it is written here as two state machines that know neither sockets nor clocks nor
//! chats; the host moves bytes, says what time it is and supplies the random ids.
//!
//! # The loop of a server
//!
//! The host parses a request outside its lock, asks whether the session is known, and hands it
//! over; whatever becomes due comes out of [`Server::poll_output`], for this exchange or for
//! another one that it released.
//!
//! ```
//! use bayeux::{
//!     BrowserId, ChannelName, ClientId, Config, Event, ExchangeId, Instant, NewClientIds, Output,
//!     Owner, Request, Server,
//! };
//!
//! struct Ids; // a real host draws at least 128 random bits for each id
//! impl NewClientIds for Ids {
//!     fn client_id(&mut self, _: &Owner) -> ClientId { ClientId::new("c1") }
//!     fn browser_id(&mut self) -> BrowserId { BrowserId::new("b1") }
//! }
//!
//! let mut server = Server::new(Config::default());
//! let owner = Owner::new("agent-7");
//! let mut now = Instant::from_millis(0);
//! let mut ask = |server: &mut Server, exchange, body: &str| {
//!     let request = match Request::read(ExchangeId::new(exchange), &owner, body.as_bytes(), &server.limits()) {
//!         Ok(request) => request,
//!         Err(refused) => panic!("HTTP {}", refused.status), // write it to the client as it is
//!     };
//!     // `request.client_id()` unknown to `server.knows`? Then `restore` a stored row first.
//!     // `request.is_handshake()`? Then say where the owner's feed stands: `.with_cursor(head)`.
//!     server.handle(now, request, &mut Ids);
//! };
//! ask(&mut server, 1, r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#);
//! ask(&mut server, 2, r#"[{"channel":"/meta/subscribe","clientId":"c1","subscription":"/news/*"}]"#);
//! let event = Event::new(ChannelName::new("/news/today")?, r#"{"n":1}"#);
//! server.publish(Instant::from_millis(5), &owner, 1, [event]);
//! ask(&mut server, 3, r#"[{"id":"3","channel":"/meta/connect","clientId":"c1","connectionType":"long-polling"}]"#);
//!
//! let mut last = String::new();
//! while let Some(output) = server.poll_output() {
//!     if let Output::Respond { response, .. } = output {
//!         last = String::from_utf8(response.body.to_vec()).unwrap();
//!     }
//! }
//! assert!(last.starts_with(r#"[{"data":{"n":1},"channel":"/news/today"},{"advice":"#), "{last}");
//! # Ok::<(), bayeux::InvalidChannel>(())
//! ```
//!
//! After every call the host drains `poll_output` and arms one timer for
//! [`Server::poll_timeout`]; when it fires it calls [`Server::handle_timeout`].
//!
//! # Reading order
//!
//! [`Server`] and [`Request`] are the door, [`Output`] is what comes out, [`Config`] and
//! [`Limits`] are what a host may turn, [`SessionRow`] is what survives a node, and
//! [`Client`] is the other end of the wire. Rule ids such as `BAYEUX-4.3` and `DEC-44` stand
//! beside the branches that obey them.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ack;
mod advice;
mod channel;
mod config;
mod error;
mod framing;
mod id;
mod message;
mod output;
mod remote;
mod reply;
mod request;
mod server;
mod session;
mod subscription;

pub use crate::ack::Event;
pub use crate::advice::{Advice, Reconnect};
pub use crate::channel::{ChannelName, InvalidChannel, Pattern};
pub use crate::config::{Config, Limits};
pub use crate::error::Fault;
pub use crate::framing::{Callback, CloseCode, Frame, Response};
pub use crate::id::{BrowserId, ClientId, ConnectionId, ExchangeId, Instant, NewClientIds, Owner};
pub use crate::output::{CloseReason, Output};
pub use crate::remote::{Client, ClientConfig, ClientEvent, Transmit};
pub use crate::request::Request;
pub use crate::server::{ConnectionRefused, RestoreError, Server};
pub use crate::session::SessionRow;
