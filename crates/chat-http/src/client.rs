//! The other end of the line: what an agent's desktop, a visitor's page or a test asks of a server.
//!
//! [`Client`] knows the address, [`Agent`] and [`Visitor`] ask, and [`Watch`] hears: a stream of
//! notifications that goes on after a `402`, a restart of the server, lost polls and dead networks,
//! and says so when it had to.
//!
#![cfg_attr(feature = "server", doc = "```")]
#![cfg_attr(not(feature = "server"), doc = "```ignore")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use chat_http::{App, Clock, Config, SystemClock, serve};
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # let clock = Arc::new(SystemClock::new());
//! # let store = chat_store::MemoryStore::new(Arc::new({ let clock = clock.clone(); move || clock.now_ms() }));
//! # let app = App::new(Config::demo(address), store, clock)?;
//! # tokio::spawn(serve(listener, app, std::future::pending()));
//! use chat_http::client::{Client, Credentials, Readiness, Update};
//! use chat_model::{CustomerOperation, Operation, Text};
//! use futures_util::StreamExt as _;
//!
//! let client = Client::new(format!("http://{address}/api/v2").parse()?)?;
//! let agent = client.agent(&Credentials::new("agent1", "agent1"));
//! agent.start_session(&["chat"]).await?;
//! let mut watch = agent.watch();
//! let Some(Update::State(_)) = watch.next().await.transpose()? else { panic!("a state comes first") };
//! agent.set_readiness("chat", Readiness::Ready).await?;
//!
//! let hello = CustomerOperation::request_chat(Text::new("Chris").unwrap());
//! let visitor = client.visitor(&hello).await?;
//! let chat = loop {
//!     if let Some(Update::Notification(told)) = watch.next().await.transpose()? {
//!         if let Some(chat) = told.chat_id() {
//!             break chat;
//!         }
//!     }
//! };
//! agent.operate(&chat, &Operation::accept()).await?;
//! visitor.say(Text::new("Hello?").unwrap()).await?;
//! let said = agent.messages(&chat, 1).await?;
//! assert_eq!(said.last().unwrap().text.as_deref(), Some("Hello?"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//! It has no task of its own: whoever drops a future or a stream has cancelled it. It keeps no more
//! than one reply of the server (at most [`Options::max_reply_bytes`]) and the names of the chats that
//! it was told of. It does not repeat an operation whose outcome is unknown; with
//! [`Agent::operate_once`] the caller may, because the server then answers as the first time (DEC-48).

mod address;
mod agent;
mod caller;
mod error;
mod transport;
mod visitor;
mod watch;
#[cfg(feature = "server")]
mod within;

use std::sync::Arc;
use std::time::Duration;

pub use bayeux::{InvalidChannel, Pattern};

pub use address::{Address, AddressError};
pub use agent::{Agent, Readiness};
pub use caller::Credentials;
pub use error::{Error, Refused};
pub use transport::{BoxFuture, HyperTransport, Transport, TransportError};
pub use visitor::{Conversation, Heard, Visitor};
pub use watch::{Cause, Interruption, Lines, Notified, State, Update, Watch, WatchOptions};

use caller::{Caller, Identity};
use chat_model::{CustomerOperation, VisitorId};

/// How a [`Client`] asks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How long a request may take, polls aside. Default 30 s.
    pub timeout: Duration,
    /// The longest reply that is read. Default 64 MiB.
    pub max_reply_bytes: usize,
    /// Certificates, as PEM, of those who vouch for the server, in place of the system's.
    pub root_certificates: Option<Vec<u8>>,
    /// The contact centre that a visitor wants, for servers that have many (CUST-1.2).
    pub contact_center_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_reply_bytes: 64 << 20,
            root_certificates: None,
            contact_center_id: None,
        }
    }
}

/// A server, and the way to it. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    address: Address,
    options: Options,
    transport: Arc<dyn Transport>,
}

impl Client {
    /// With the default [`Options`].
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn new(address: Address) -> Result<Self, Error> {
        Self::with(address, Options::default())
    }

    /// Prepares to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Untrusting`] if the address is `https` and there is no certificate to trust.
    pub fn with(address: Address, options: Options) -> Result<Self, Error> {
        let transport = Arc::new(HyperTransport::new(&address, &options)?);
        Ok(Self { address, options, transport })
    }

    /// Asks over `transport` instead.
    #[must_use]
    pub fn over(address: Address, options: Options, transport: Arc<dyn Transport>) -> Self {
        Self { address, options, transport }
    }

    /// The server as an agent sees it. Nothing is sent yet.
    pub fn agent(&self, credentials: &Credentials) -> Agent {
        Agent::new(self.caller(Identity::user(credentials)))
    }

    /// Opens a chat as a visitor; `request` is a RequestChat (CUST-2.1).
    ///
    /// # Errors
    /// As every request: see [`Error`].
    pub async fn visitor(&self, request: &CustomerOperation) -> Result<Visitor, Error> {
        let identity = Identity::Visitor(self.options.contact_center_id.clone());
        Visitor::request(self.caller(identity), request).await
    }

    /// The visitor of a chat that was opened before: a page that was loaded again, or another process.
    pub fn visitor_again(&self, id: VisitorId) -> Visitor {
        let identity = Identity::Visitor(self.options.contact_center_id.clone());
        Visitor::again(self.caller(identity), id)
    }

    fn caller(&self, identity: Identity) -> Caller {
        Caller::new(self.transport.clone(), self.address.clone(), identity, self.options.timeout)
    }
}
