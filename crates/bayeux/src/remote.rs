//! The client half: a session that stays alive by itself.
//!
//! People suffer from clients that go silent after a 402; this one shakes hands again, subscribes
//! again and says so, because what happened in between must be read elsewhere (NOTIF-5.1). Like
//! the server it has no sockets and no clock: the host posts what [`Client::poll_transmit`] hands
//! out, reports what came back, and keeps one timer. It behaves as cometd.js does (BAYEUX-14.1).

mod incoming;
mod outgoing;
mod wire;

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use self::wire::{Counsel, Sent};
use crate::channel::Pattern;
use crate::id::{ClientId, ExchangeId, Instant};

/// How a [`Client`] behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Connection types to offer; the host speaks the first. Default `["long-polling"]`.
    pub connection_types: Vec<String>,
    /// Whether to ask for acknowledged messages (BAYEUX-9.2). Default true.
    pub ack: bool,
    /// Whether to ask, after a session was lost, to go on where it was (DEC-71). Default false: stock
    /// clients do not, and servers that know nothing of it may switch acknowledgement off.
    pub resume: bool,
    /// How long a response may take beyond what the server holds it, ms. Default 10,000
    /// (BAYEUX-8.3).
    pub max_network_delay_ms: u64,
    /// How much longer to wait after each further failure, ms. Default 1,000.
    pub backoff_increment_ms: u64,
    /// The longest wait after a failure, ms. Default 60,000.
    pub max_backoff_ms: u64,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connection_types: vec!["long-polling".to_owned()],
            ack: true,
            resume: false,
            max_network_delay_ms: 10_000,
            backoff_increment_ms: 1_000,
            max_backoff_ms: 60_000,
        }
    }
}

/// A request for the host to post; the content type is `application/json;charset=UTF-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// Names the request in [`Client::handle_response`] and [`Client::handle_failure`].
    pub exchange: ExchangeId,
    /// What to append to the server's address: `/handshake`, `/connect`, `/disconnect` or nothing
    /// (NOTIF-1.2).
    pub path: &'static str,
    /// The body.
    pub body: Bytes,
}

/// What a client has to tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A handshake succeeded. Unless it is the first or `resumed`, read again whatever may have
    /// changed.
    Opened {
        /// The name of the session.
        client_id: ClientId,
        /// Whether what was missed since the last session follows (DEC-71).
        resumed: bool,
    },
    /// The server listens to us on this channel.
    Subscribed {
        /// Which one.
        pattern: Pattern,
    },
    /// The server refuses a subscription; it is asked again after the next handshake only.
    Refused {
        /// Which one.
        pattern: Pattern,
        /// In its words.
        error: String,
    },
    /// Something happened.
    Event {
        /// Where.
        channel: String,
        /// What, a JSON text.
        data: Bytes,
    },
    /// The server forgot the session; the client shakes hands again by itself (BAYEUX-4.8).
    Lost {
        /// In its words.
        error: String,
    },
    /// A request failed; the client tries again by itself.
    Failing {
        /// How long it waits before it does, ms.
        retry_in_ms: u64,
    },
    /// Nobody waits for this exchange any more; the host may break its connection.
    Abandoned {
        /// Which one.
        exchange: ExchangeId,
    },
    /// It is over: disconnected, or told to stop. [`Client::start`] begins anew.
    Stopped {
        /// In the server's words, if it refused.
        error: Option<String>,
    },
}

/// One session with a Bayeux server, and the next one when that is lost.
///
/// After each call take everything from [`Client::poll_transmit`] and [`Client::poll_event`], and
/// arm one timer for [`Client::poll_timeout`].
#[derive(Debug)]
#[must_use]
pub struct Client {
    config: ClientConfig,
    phase: Phase,
    /// What the user wants to hear; it outlives sessions.
    wanted: BTreeSet<Pattern>,
    /// What this session is known to be subscribed to.
    granted: BTreeSet<Pattern>,
    /// What this session was refused.
    refused: BTreeSet<Pattern>,
    /// The one connection for handshake and connect (BAYEUX-1.12) …
    main: Line,
    /// … and the other for the rest.
    side: Line,
    counsel: Counsel,
    /// The last number that came with a connect: how far the last session got, 0 if unknown.
    checkpoint: u64,
    /// The server did not understand where to go on.
    resumes_nothing: bool,
    backoff_ms: u64,
    exchanges: u64,
    messages: u64,
    transmits: VecDeque<Transmit>,
    events: VecDeque<ClientEvent>,
}

/// Where the client is.
#[derive(Debug)]
enum Phase {
    Idle,
    Handshaking,
    Open(Open),
    /// Saying good-bye.
    Closing,
}

/// A session.
#[derive(Debug)]
struct Open {
    client_id: ClientId,
    /// Whether the last connect succeeded; if not, the next shall be answered at once.
    connected: bool,
    /// Whether any connect succeeded; a server that forgets at once is not asked at once again.
    proven: bool,
    /// The last acknowledgement number received, if the extension is on (BAYEUX-9.2-3).
    ack: Option<u64>,
}

/// One connection: a request on its way, or the time for the next one.
#[derive(Debug, Default)]
struct Line {
    flight: Option<Flight>,
    not_before: Instant,
}

/// A request that waits for its response.
#[derive(Debug)]
struct Flight {
    exchange: ExchangeId,
    deadline: Instant,
    /// Which message asked for which change of which subscription.
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    id: String,
    pattern: Pattern,
    subscribe: bool,
}

impl Client {
    /// A client that does nothing before [`Client::start`].
    pub fn new(config: ClientConfig) -> Self {
        Self {
            config,
            phase: Phase::Idle,
            wanted: BTreeSet::new(),
            granted: BTreeSet::new(),
            refused: BTreeSet::new(),
            main: Line::default(),
            side: Line::default(),
            counsel: Counsel::default(),
            checkpoint: 0,
            resumes_nothing: false,
            backoff_ms: 0,
            exchanges: 0,
            messages: 0,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Shakes hands, and from then on stays connected until told otherwise. Does nothing if it was
    /// started.
    pub fn start(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Idle) {
            self.phase = Phase::Handshaking;
            self.counsel = Counsel::default();
            self.backoff_ms = 0;
            self.main.not_before = now;
            self.proceed(now);
        }
    }

    /// Listens to a channel, in this session and in those to come.
    pub fn subscribe(&mut self, now: Instant, pattern: Pattern) {
        self.wanted.insert(pattern);
        self.proceed(now);
    }

    /// Stops listening.
    pub fn unsubscribe(&mut self, now: Instant, pattern: &Pattern) {
        self.wanted.remove(pattern);
        self.proceed(now);
    }

    /// Says good-bye. [`ClientEvent::Stopped`] follows when the server has heard it or cannot.
    pub fn disconnect(&mut self, now: Instant) {
        match &self.phase {
            Phase::Idle | Phase::Closing => {}
            Phase::Handshaking => self.stop(None),
            Phase::Open(open) => {
                let client_id = open.client_id.clone();
                self.abandon_side();
                self.phase = Phase::Closing;
                let id = self.message_id();
                let message = Sent::new("/meta/disconnect", &id).of(&client_id);
                let flight =
                    self.transmit(now, "/disconnect", &[message], self.config.max_network_delay_ms);
                self.side.flight = Some(flight);
            }
        }
    }

    /// Whether a session is open.
    pub fn client_id(&self) -> Option<&ClientId> {
        match &self.phase {
            Phase::Open(open) => Some(&open.client_id),
            Phase::Idle | Phase::Handshaking | Phase::Closing => None,
        }
    }

    /// Takes a response. One to a request that is not awaited any more is ignored: with
    /// acknowledgement its events come again.
    pub fn handle_response(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        status: u16,
        body: &Bytes,
    ) {
        let messages = if status == 200 { wire::read(body) } else { None };
        match messages {
            None => self.handle_failure(now, exchange),
            Some(messages) if self.main.awaits(exchange) => {
                self.main.flight = None;
                self.main_response(now, messages, body);
            }
            Some(messages) => {
                if let Some(flight) = self.side.land(exchange) {
                    self.side_response(now, flight.asked, messages, body);
                }
            }
        }
        self.proceed(now);
    }

    /// Takes note that a request got no response.
    pub fn handle_failure(&mut self, now: Instant, exchange: ExchangeId) {
        if self.main.land(exchange).is_some() {
            self.main_failed(now);
        } else if self.side.land(exchange).is_some() {
            self.side_failed(now);
        }
        self.proceed(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        for exchange in [&self.main, &self.side].map(|line| line.overdue(now)).into_iter().flatten()
        {
            self.events.push_back(ClientEvent::Abandoned { exchange });
            self.handle_failure(now, exchange);
        }
        self.proceed(now);
    }

    /// When [`Client::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let main_waits = matches!(self.phase, Phase::Handshaking | Phase::Open(_));
        let side_waits = matches!(self.phase, Phase::Open(_)) && self.has_changes();
        let main = self.main.due(main_waits);
        let side = self.side.due(side_waits);
        main.into_iter().chain(side).min()
    }

    /// The next request to post.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }
}

impl Line {
    fn awaits(&self, exchange: ExchangeId) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.exchange == exchange)
    }

    fn land(&mut self, exchange: ExchangeId) -> Option<Flight> {
        self.flight.take_if(|flight| flight.exchange == exchange)
    }

    fn is_free(&self, now: Instant) -> bool {
        self.flight.is_none() && self.not_before <= now
    }

    fn overdue(&self, now: Instant) -> Option<ExchangeId> {
        let flight = self.flight.as_ref()?;
        (flight.deadline <= now).then_some(flight.exchange)
    }

    /// When something is to do: the end of patience, or the next request if there is one.
    fn due(&self, waits: bool) -> Option<Instant> {
        match &self.flight {
            Some(flight) => Some(flight.deadline),
            None => waits.then_some(self.not_before),
        }
    }
}
