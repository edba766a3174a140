//! One session: what to say to its client, and when.
//!
//! Nothing here knows how a response is laid out or who else is connected; that keeps the rules of
//! `/meta/connect` in one function (BAYEUX-4).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::ack::{Event, Outbox};
use crate::advice::Advice;
use crate::channel::Pattern;
use crate::config::Config;
use crate::framing::Via;
use crate::id::{BrowserId, ClientId, ConnectionId, Instant, Owner};
use crate::subscription::Subscriptions;

/// What has to survive a node for another one to go on with a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionRow {
    /// Its secret name.
    pub client_id: ClientId,
    /// Whose it is.
    pub owner: Owner,
    /// What it listens to.
    pub subscriptions: Vec<Pattern>,
    /// The feed cursor of its handshake; an acknowledgement below means this one (DEC-44).
    pub start: u64,
    /// The cursor after which it may still need events; a host that restores it publishes again
    /// from here.
    pub checkpoint: u64,
    /// Whether the ack extension is on.
    pub ack: bool,
}

impl SessionRow {
    /// A session as its handshake left it: without subscriptions, at its start.
    pub fn new(client_id: ClientId, owner: Owner, start: u64, ack: bool) -> Self {
        Self { client_id, owner, subscriptions: Vec::new(), start, checkpoint: start, ack }
    }
}

/// A session and its state.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client_id: ClientId,
    pub(crate) owner: Owner,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outbox: Outbox,
    /// The checkpoint that the host was told last.
    pub(crate) reported: u64,
    pub(crate) held: Option<Held>,
    /// Whether it started at an old checkpoint and has not subscribed yet. Nothing is published to
    /// it until then, because what comes first would hide what it missed (DEC-71).
    pub(crate) behind: bool,
    /// The websocket that it depends on.
    pub(crate) link: Option<Link>,
    /// When the held connect ends, or without one, the session.
    pub(crate) deadline: Instant,
    /// When the registry looks at the deadline; never after it.
    pub(crate) alarm: Instant,
    /// Whether there was a connect already; the first is never held (BAYEUX-4.1).
    connected: bool,
    /// Whether the next connect reply has news for the client (BAYEUX-8.8).
    advise: bool,
}

/// A connect that waits for its answer.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) via: Via,
    pub(crate) browser: Option<BrowserId>,
    pub(crate) id: Option<String>,
    pub(crate) advise: bool,
}

/// The websocket of a session (BAYEUX-12.2-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) connection: ConnectionId,
    /// Whether events are sent on it as they come (BAYEUX-12.2-3).
    pub(crate) pushes: bool,
}

/// What matters in a `/meta/connect`.
#[derive(Debug)]
pub(crate) struct Connect {
    /// Whether it is the single message of its request.
    pub(crate) alone: bool,
    /// The client's advice: `None` if it sent none, else the time-out it asks for, ms.
    pub(crate) advice: Option<Option<u64>>,
    /// The cursor it acknowledges.
    pub(crate) acknowledged: Option<u64>,
    /// Whether other sessions of the browser hold as many connects as they may.
    pub(crate) crowded: bool,
}

/// What becomes of a connect.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Answer it now, with this advice; the client waits `interval_ms` before the next one.
    Answer { advice: Option<Advice>, interval_ms: u64, successful: bool },
    /// Hold it until then, and advise at the end if asked to.
    Hold { until: Instant, advise: bool },
}

impl Session {
    /// A session fresh from its handshake.
    pub(crate) fn new(client_id: ClientId, owner: Owner, start: u64, ack: bool) -> Self {
        Self {
            client_id,
            owner,
            subscriptions: Subscriptions::default(),
            outbox: Outbox::new(ack, start),
            reported: start,
            held: None,
            behind: false,
            link: None,
            deadline: Instant::default(),
            alarm: Instant::default(),
            connected: false,
            advise: false,
        }
    }

    /// A session that lived elsewhere. Its next connect may be held: a client that is handed from
    /// node to node must not be answered at once by each of them.
    pub(crate) fn restored(row: SessionRow) -> Self {
        let outbox = Outbox::adopted(row.ack, row.start, row.checkpoint);
        let mut session = Self {
            reported: outbox.checkpoint(),
            outbox,
            connected: true,
            advise: true,
            ..Self::new(row.client_id, row.owner, row.start, row.ack)
        };
        for pattern in row.subscriptions {
            session.subscriptions.insert(pattern);
        }
        session
    }

    /// What another node would need.
    pub(crate) fn row(&self) -> SessionRow {
        SessionRow {
            client_id: self.client_id.clone(),
            owner: self.owner.clone(),
            subscriptions: self.subscriptions.snapshot(),
            start: self.outbox.start(),
            checkpoint: self.outbox.checkpoint(),
            ack: self.outbox.is_acknowledged(),
        }
    }

    /// Decides about a connect.
    pub(crate) fn connect(&mut self, now: Instant, connect: &Connect, config: &Config) -> Verdict {
        let lost = self.outbox.acknowledge(connect.acknowledged);
        let first = !core::mem::replace(&mut self.connected, true);
        let news = core::mem::take(&mut self.advise);
        // BAYEUX-8.8; redelivery advises too (BAYEUX-9.2-4).
        let advise = first || lost || news || connect.advice.is_some();
        // BAYEUX-4.2. Never longer than ours: beyond it proxies hang up (BAYEUX-8.9).
        let timeout_ms =
            connect.advice.flatten().unwrap_or(config.timeout_ms).min(config.timeout_ms);
        // BAYEUX-4.1, -4.3, -4.4.
        let pushes = self.link.is_some_and(|link| link.pushes);
        let has_news = self.outbox.has_queued() && !pushes;
        if first || !connect.alone || timeout_ms == 0 || has_news {
            let advice = advise.then(|| Advice::regular(config));
            return Verdict::Answer { advice, interval_ms: config.interval_ms, successful: true };
        }
        if connect.crowded {
            // BAYEUX-4.6. The next one that is not crowded takes the slow interval back.
            self.advise = true;
            let interval = config.multi_session_interval_ms;
            return Verdict::Answer {
                advice: Some(Advice::crowded(interval)),
                interval_ms: interval.unwrap_or(config.interval_ms),
                successful: interval.is_some(),
            };
        }
        Verdict::Hold { until: now.after(timeout_ms), advise }
    }

    /// Takes back what a connect that will not be answered was to say.
    pub(crate) fn unsaid(&mut self, held: &Held) {
        self.advise |= held.advise;
    }

    /// The events that this session wants; all of them are shared, not copied.
    pub(crate) fn wanted(&self, events: &Arc<[Event]>) -> Arc<[Event]> {
        let wants = |event: &&Event| self.subscriptions.select(event.channel());
        if events.iter().all(|event| wants(&event)) {
            return Arc::clone(events);
        }
        events.iter().filter(wants).cloned().collect()
    }

    /// The checkpoint, if it moved since the host was told last.
    pub(crate) fn moved_checkpoint(&mut self) -> Option<u64> {
        let checkpoint = self.outbox.checkpoint();
        let moved = checkpoint > self.reported;
        self.reported = self.reported.max(checkpoint);
        moved.then_some(checkpoint)
    }
}
