//! Notifications as a stream that goes on.
//!
//! The protocol is the `bayeux` crate's client, a state machine without IO; here it gets sockets, a
//! timer, and what it cannot know: that after a session that is lost for good the state is read anew.
//! Everything happens inside `poll_next`; nobody else holds on to anything.
//!
//! # What is told, and how often
//! First a [`State`]. Then every notification of the server, in its order, each once: those of a poll
//! that was lost come again (BAYEUX-9), and after a `402` the new session starts where the old one was,
//! if the server still knows what came between (DEC-71). If it does not, a [`State`] comes with the
//! cause [`Cause::Recovered`]. A notification from the time in which it was read may follow; its chat
//! is whole, and lines that the state had are not told again.

mod known;
mod reading;
mod told;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bayeux::{ClientConfig, ClientEvent, ExchangeId, Instant, Pattern, Transmit};
use bytes::Bytes;
use chat_model::JsonText;
use futures_util::{Stream, StreamExt as _};
use hyper::{Method, Response};
use tokio::time::Sleep;

use super::agent::printed_by_a_server;
use super::caller::{Caller, judge};
use super::transport::TransportError;
use super::{Agent, BoxFuture, Error};
use known::Known;
use reading::Read;

pub use told::{Cause, Interruption, Lines, Notified, State, Update};

/// How a [`Watch`] listens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// What to listen to; wildcards are possible (NOTIF-2.13). Default `/v2/me/chats` and
    /// `/v2/me/channels`.
    pub patterns: Vec<Pattern>,
    /// How long a reply may take beyond the time for which the server holds it. Default 10 s.
    pub max_network_delay: Duration,
    /// How much longer to wait after each further failure. Default 1 s.
    pub backoff: Duration,
    /// The longest wait after a failure. Default 15 s.
    pub max_backoff: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        let known = ["/v2/me/chats", "/v2/me/channels"];
        Self {
            patterns: known.map(|pattern| Pattern::new(pattern).expect("it is one")).to_vec(),
            max_network_delay: Duration::from_secs(10),
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(15),
        }
    }
}

/// A stream of [`Update`]s. An error is the last item: wrong credentials, or a server that wants nobody
/// to come again.
///
/// While nobody polls it, it does not listen; the server keeps what comes for a while.
#[must_use = "streams do nothing unless polled"]
pub struct Watch {
    caller: Arc<Caller>,
    client: bayeux::Client,
    backoff: Duration,
    /// Polls and subscriptions on their way; never more than a few.
    flights: Vec<Flight>,
    timer: Option<Pin<Box<Sleep>>>,
    origin: tokio::time::Instant,
    phase: Phase,
    /// Subscriptions that this session still has to get.
    unsettled: usize,
    patterns: usize,
    /// The state has to be read, and why; outlives sessions.
    due: Option<Cause>,
    reading: Option<BoxFuture<Read>>,
    known: Known,
    /// What came while the state was read, and is told after it.
    held: VecDeque<(String, JsonText)>,
    ready: VecDeque<Update>,
    last_failure: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    New,
    Going,
    Over,
}

struct Flight {
    exchange: ExchangeId,
    path: &'static str,
    response: BoxFuture<Result<Response<Bytes>, TransportError>>,
}

/// So many notifications are kept while the state is read; then it is not listened until it was.
const MOST_HELD: usize = 10_000;

const ENDPOINT: &str = "/notifications";

impl Watch {
    pub(super) fn new(caller: Arc<Caller>, options: WatchOptions) -> Self {
        let mut config = ClientConfig::default();
        config.resume = true;
        config.max_network_delay_ms = millis(options.max_network_delay);
        config.backoff_increment_ms = millis(options.backoff);
        config.max_backoff_ms = millis(options.max_backoff);
        let mut client = bayeux::Client::new(config);
        let patterns: BTreeSet<Pattern> = options.patterns.into_iter().collect();
        for pattern in &patterns {
            client.subscribe(Instant::from_millis(0), pattern.clone());
        }
        let patterns = patterns.len();
        Self {
            caller,
            client,
            backoff: options.backoff,
            flights: Vec::new(),
            timer: None,
            origin: tokio::time::Instant::now(),
            phase: Phase::New,
            unsettled: patterns,
            patterns,
            due: Some(Cause::Begun),
            reading: None,
            known: Known::default(),
            held: VecDeque::new(),
            ready: VecDeque::new(),
            last_failure: String::new(),
        }
    }

    /// Says good-bye, so that the server need not wait for somebody who does not come again. What was
    /// not told yet is lost; it takes no longer than a request may.
    pub async fn leave(mut self) {
        if self.phase != Phase::Going {
            return;
        }
        self.client.disconnect(self.now());
        // Without a session there is nobody to say it to: it is over at once, and nothing comes later
        // that would have it looked at.
        if self.take_events().is_err() {
            return;
        }
        self.ready.clear();
        self.held.clear();
        self.reading = None;
        while self.next().await.is_some_and(|told| told.is_ok()) {}
    }

    fn now(&self) -> Instant {
        let since = tokio::time::Instant::now() - self.origin;
        Instant::from_millis(millis(since))
    }

    /// Sends what is to be sent.
    fn transmit(&mut self) {
        while let Some(Transmit { exchange, path, body, .. }) = self.client.poll_transmit() {
            let caller = self.caller.clone();
            let response = Box::pin(async move {
                caller.exchange(Method::POST, &format!("{ENDPOINT}{path}"), body, None).await
            });
            self.flights.push(Flight { exchange, path, response });
        }
    }

    /// Takes what came back, if anything did.
    fn land(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        if self.held.len() > MOST_HELD {
            return Ok(false);
        }
        let landed = self.flights.iter_mut().enumerate().find_map(|(at, flight)| {
            match flight.response.as_mut().poll(cx) {
                Poll::Ready(response) => Some((at, response)),
                Poll::Pending => None,
            }
        });
        let Some((at, response)) = landed else { return Ok(false) };
        let Flight { exchange, path, .. } = self.flights.swap_remove(at);
        let now = self.now();
        match response {
            Ok(response) if response.status() == 200 => {
                self.client.handle_response(now, exchange, 200, response.body());
                // What was missed is in the first reply after the subscription; the rest is read then.
                if path == "/connect" && self.due == Some(Cause::Resumed) && self.unsettled == 0 {
                    self.take_events()?;
                    self.read();
                }
            }
            Ok(response) => {
                let error = match judge(&response) {
                    Err(error) => error,
                    Ok(_) => Error::NotUnderstood {
                        why: format!("expected HTTP 200, found {}", response.status()),
                    },
                };
                if !error.is_passing() {
                    return Err(error);
                }
                self.last_failure = error.to_string();
                self.client.handle_failure(now, exchange);
            }
            Err(error) => {
                self.last_failure = Error::from(error).to_string();
                self.client.handle_failure(now, exchange);
            }
        }
        Ok(true)
    }

    /// Takes what the protocol has to tell.
    fn take_events(&mut self) -> Result<(), Error> {
        while let Some(event) = self.client.poll_event() {
            match event {
                ClientEvent::Opened { resumed, .. } => {
                    self.unsettled = self.patterns;
                    let cause = if resumed { Cause::Resumed } else { Cause::Recovered };
                    // The first state is the first, and what was missed once is missed, however many
                    // sessions it takes to read.
                    self.due = Some(match self.due {
                        Some(due @ (Cause::Begun | Cause::Recovered)) => due,
                        Some(Cause::Resumed) | None => cause,
                    });
                    self.reading = None;
                }
                ClientEvent::Subscribed { .. } => {
                    self.unsettled = self.unsettled.saturating_sub(1);
                    if self.unsettled == 0 && self.due.is_some_and(|due| due != Cause::Resumed) {
                        self.read();
                    }
                }
                ClientEvent::Refused { pattern, error } => {
                    let pattern = pattern.as_str().to_owned();
                    return Err(Error::NotHeard { pattern, why: error });
                }
                ClientEvent::Event { channel, data } => self.hear(channel, &data),
                ClientEvent::Lost { error } => self.interrupted(error, 0, true),
                ClientEvent::Failing { retry_in_ms } => {
                    let why = std::mem::take(&mut self.last_failure);
                    self.interrupted(why, retry_in_ms, false);
                }
                ClientEvent::Abandoned { exchange } => {
                    self.flights.retain(|flight| flight.exchange != exchange);
                    "expected a reply in time, found none".clone_into(&mut self.last_failure);
                }
                ClientEvent::Stopped { error } => {
                    self.phase = Phase::Over;
                    self.flights.clear();
                    if let Some(why) = error {
                        return Err(Error::Ended { why });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&mut self) {
        let (Some(cause), None) = (self.due, &self.reading) else { return };
        let agent = Agent::of(self.caller.clone());
        self.reading = Some(reading::read(agent, cause, self.known.clone(), self.backoff));
    }

    fn hear(&mut self, channel: String, data: &Bytes) {
        let data = match JsonText::parse(data, &printed_by_a_server(data)) {
            Ok(data) => data,
            // It is missed, as if it had been lost: the state says what it would have said.
            Err(error) => {
                let why = format!("expected a notification on {channel}, found none: {error}");
                self.interrupted(why, 0, false);
                self.due = Some(match self.due {
                    Some(Cause::Begun) => Cause::Begun,
                    Some(Cause::Recovered | Cause::Resumed) | None => Cause::Recovered,
                });
                self.reading = None;
                if self.unsettled == 0 {
                    self.read();
                }
                return;
            }
        };
        // Before the state nothing is told that the state may have.
        if self.reading.is_some() || self.due.is_some_and(|due| due != Cause::Resumed) {
            self.held.push_back((channel, data));
        } else if let Some(notified) = self.known.notice(channel, data) {
            self.ready.push_back(Update::Notification(Box::new(notified)));
        }
    }

    /// The state was read: first it, then what came meanwhile.
    fn have_read(&mut self, state: State, known: Known) {
        self.due = None;
        self.known = known;
        self.ready.push_back(Update::State(Box::new(state)));
        for (channel, data) in std::mem::take(&mut self.held) {
            if let Some(notified) = self.known.notice(channel, data) {
                self.ready.push_back(Update::Notification(Box::new(notified)));
            }
        }
    }

    fn interrupted(&mut self, why: String, retry_in_ms: u64, session_lost: bool) {
        let retry_in = Duration::from_millis(retry_in_ms);
        self.ready.push_back(Update::Interrupted(Interruption { why, retry_in, session_lost }));
    }

    /// Goes one step, and says whether there was one.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        if self.phase == Phase::New {
            self.phase = Phase::Going;
            self.origin = tokio::time::Instant::now();
            self.client.start(Instant::from_millis(0));
        }
        self.transmit();
        if self.land(cx)? {
            self.take_events()?;
            return Ok(true);
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(read) = reading.as_mut().poll(cx)
        {
            self.reading = None;
            let (state, known) = read?;
            self.have_read(state, known);
            return Ok(true);
        }
        if let Some(due) = self.client.poll_timeout() {
            let at = self.origin + Duration::from_millis(due.as_millis());
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_ready() {
                // A timer may fire a little early as milliseconds go.
                self.client.handle_timeout(self.now().max(due));
                self.take_events()?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Stream for Watch {
    type Item = Result<Update, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(update)));
            }
            if self.phase == Phase::Over {
                return Poll::Ready(None);
            }
            match self.step(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(error) => {
                    self.phase = Phase::Over;
                    self.flights.clear();
                    self.reading = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("phase", &self.phase)
            .field("due", &self.due)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
