//! What a session still owes its client, and what the client has confirmed (BAYEUX-9.2, DEC-44).
//!
//! The acknowledgement number is the cursor of the owner's feed. That makes it a resume position
//! that any node understands, and it costs no counter: everything published under one cursor is
//! one unit that is sent, confirmed and sent again as a whole.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use once_cell::race::OnceBox;

use crate::channel::ChannelName;
use crate::config::Limits;

/// Something that happened, ready for every session that wants it: the bytes are shared.
pub struct Event {
    channel: ChannelName,
    data: Bytes,
    /// The array of this event alone, for the transport that sends it so; made for the first of them.
    frame: OnceBox<Bytes>,
}

impl Event {
    /// An event on `channel` whose `data` is one JSON value in UTF-8. The text is copied into
    /// responses as it is; that it is JSON is the host's promise.
    pub fn new(channel: ChannelName, data: impl Into<Bytes>) -> Self {
        Self { channel, data: data.into(), frame: OnceBox::new() }
    }

    /// Where it happened.
    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// The JSON text of what happened.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The array of this event alone, shared by all who send the same event.
    fn frame(&self) -> &Bytes {
        self.frame.get_or_init(|| {
            let mut frame = Vec::with_capacity(self.framed_len() + 2);
            frame.push(b'[');
            self.write(&mut frame);
            frame.push(b']');
            Box::new(frame.into())
        })
    }

    /// Appends the event as an element of an array. Channels need no escapes (BAYEUX-5.2, BAYEUX-6.3).
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for part in [HEAD, &self.data, MIDDLE, self.channel.as_str().as_bytes(), TAIL] {
            out.extend_from_slice(part);
        }
    }

    /// How many bytes [`Event::write`] appends.
    pub(crate) fn framed_len(&self) -> usize {
        HEAD.len() + self.data.len() + MIDDLE.len() + self.channel.as_str().len() + TAIL.len()
    }
}

impl Clone for Event {
    fn clone(&self) -> Self {
        Self::new(self.channel.clone(), self.data.clone())
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.channel == other.channel && self.data == other.data
    }
}

impl Eq for Event {}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("channel", &self.channel).field("data", &self.data).finish()
    }
}

const HEAD: &[u8] = br#"{"data":"#;
const MIDDLE: &[u8] = br#","channel":""#;
const TAIL: &[u8] = br#""}"#;

/// All events of one cursor that a session wants, or some that happened beside the feed.
#[derive(Clone, Debug)]
struct Unit {
    cursor: Option<u64>,
    events: Arc<[Event]>,
}

/// The queue of one session and, with acknowledgement, what was sent and not confirmed.
///
/// Invariant: cursors rise strictly through `unconfirmed`, then `queue`, and end at `seen`; only
/// the queue has units without one.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Whether sent units are kept until confirmed.
    acknowledged: bool,
    /// Where the session starts; nothing at or below is ever sent.
    start: u64,
    /// The highest cursor published to this session, wanted or not.
    seen: u64,
    /// The highest cursor sent, which is what `ext.ack` says.
    sent: u64,
    unconfirmed: VecDeque<Unit>,
    queue: VecDeque<Unit>,
    /// How many events of the first unit of the queue were sent on their own.
    taken: usize,
    events: usize,
    bytes: usize,
    /// Whether units may have been sent by another node: then a client may confirm what is still
    /// queued here.
    adopted: bool,
}

/// The queue is full; the session must go (BAYEUX-10.4).
#[derive(Debug)]
pub(crate) struct Overflow;

impl Outbox {
    /// An empty outbox for what comes after `start`.
    pub(crate) fn new(acknowledged: bool, start: u64) -> Self {
        Self {
            acknowledged,
            start,
            seen: start,
            sent: start,
            unconfirmed: VecDeque::new(),
            queue: VecDeque::new(),
            taken: 0,
            events: 0,
            bytes: 0,
            adopted: false,
        }
    }

    /// The outbox of a session that another node had, from its checkpoint on.
    pub(crate) fn adopted(acknowledged: bool, start: u64, checkpoint: u64) -> Self {
        let checkpoint = checkpoint.max(start);
        Self { seen: checkpoint, sent: checkpoint, adopted: true, ..Self::new(acknowledged, start) }
    }

    pub(crate) fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Whether something waits to be sent.
    pub(crate) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether `cursor` was published before; such a unit is ignored, so publishing twice is safe.
    pub(crate) fn has_seen(&self, cursor: u64) -> bool {
        cursor <= self.seen
    }

    /// Takes note of a unit, and queues it unless it is empty.
    pub(crate) fn offer(
        &mut self,
        cursor: u64,
        events: Arc<[Event]>,
        limits: &Limits,
    ) -> Result<(), Overflow> {
        self.seen = cursor;
        self.enqueue(Unit { cursor: Some(cursor), events }, limits)
    }

    /// Queues events that have no cursor. Nobody could confirm them, so they are sent once.
    pub(crate) fn offer_aside(
        &mut self,
        events: Arc<[Event]>,
        limits: &Limits,
    ) -> Result<(), Overflow> {
        self.enqueue(Unit { cursor: None, events }, limits)
    }

    /// Whether these events can be queued beside what is queued and not confirmed.
    pub(crate) fn has_room(&self, events: &[Event], limits: &Limits) -> bool {
        let (events, bytes) = weight(events);
        self.events + events <= limits.queue_events && self.bytes + bytes <= limits.queue_bytes
    }

    fn enqueue(&mut self, unit: Unit, limits: &Limits) -> Result<(), Overflow> {
        if unit.events.is_empty() {
            return Ok(());
        }
        if !self.has_room(&unit.events, limits) {
            return Err(Overflow);
        }
        let (events, bytes) = unit.weight(0);
        self.events += events;
        self.bytes += bytes;
        self.queue.push_back(unit);
        Ok(())
    }

    /// Forgets what the client has, and puts the rest of what was sent back in front of the queue,
    /// in order. True if there was such a rest: a response was lost (BAYEUX-9.2-4).
    ///
    /// Nothing, and anything below the start, means the start (DEC-44). More than was sent means
    /// what was sent; only after an adoption the client knows better, because it may confirm what
    /// another node sent and this one has not even read.
    pub(crate) fn acknowledge(&mut self, cursor: Option<u64>) -> bool {
        if !self.acknowledged {
            return false;
        }
        let cursor = cursor.unwrap_or(0).max(self.start);
        let confirmed = |unit: &Unit| unit.cursor.is_some_and(|unit| unit <= cursor);
        let lost_from = self.unconfirmed.partition_point(confirmed);
        let gone: Vec<Unit> = self.unconfirmed.drain(..lost_from).collect();
        gone.iter().for_each(|unit| self.forget(unit));
        if core::mem::take(&mut self.adopted) {
            let (gone, queue): (VecDeque<Unit>, _) = self.queue.drain(..).partition(confirmed);
            self.queue = queue;
            gone.iter().for_each(|unit| self.forget(unit));
            self.seen = self.seen.max(cursor);
            self.sent = self.sent.max(cursor);
        }
        let lost = !self.unconfirmed.is_empty();
        self.unconfirmed.append(&mut self.queue);
        self.queue.append(&mut self.unconfirmed);
        lost
    }

    /// The queued events, oldest first.
    pub(crate) fn queued(&self) -> impl Iterator<Item = &Event> + Clone {
        self.queue.iter().flat_map(|unit| unit.events.iter()).skip(self.taken)
    }

    /// How many events are queued.
    pub(crate) fn queued_len(&self) -> usize {
        let all: usize = self.queue.iter().map(|unit| unit.events.len()).sum();
        all - self.taken
    }

    /// Takes the oldest queued event for a transport that sends each on its own (BAYEUX-12.2-3): the
    /// array of it alone. With acknowledgement there is none: those events travel in connect replies.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        if self.acknowledged {
            return None;
        }
        let unit = self.queue.front()?;
        let event = unit.events.get(self.taken)?;
        let frame = event.frame().clone();
        self.taken += 1;
        self.events -= 1;
        self.bytes -= event.framed_len();
        if self.taken == unit.events.len() {
            self.sent = unit.cursor.map_or(self.sent, |cursor| cursor.max(self.sent));
            self.queue.pop_front();
            self.taken = 0;
        }
        Some(frame)
    }

    /// Takes note that everything queued is on its way.
    pub(crate) fn mark_sent(&mut self) {
        self.sent = self.sent_with_queue();
        let mut taken = core::mem::take(&mut self.taken);
        for unit in core::mem::take(&mut self.queue) {
            if self.acknowledged && unit.cursor.is_some() {
                self.unconfirmed.push_back(unit);
            } else {
                self.forget_rest(&unit, core::mem::take(&mut taken));
            }
        }
    }

    /// The number for `ext.ack`: it never falls and stays while nothing is sent (DEC-44).
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// The number for the `ext.ack` of a response that carries the whole queue.
    pub(crate) fn sent_with_queue(&self) -> u64 {
        let last = self.queue.iter().rev().find_map(|unit| unit.cursor);
        last.map_or(self.sent, |last| last.max(self.sent))
    }

    /// The cursor up to which this session needs nothing any more.
    ///
    /// A unit of which some events are sent counts as sent: another node would send all of it again.
    pub(crate) fn checkpoint(&self) -> u64 {
        if self.taken > 0 {
            return self.queue.front().and_then(|unit| unit.cursor).unwrap_or(self.sent);
        }
        let needed = self.unconfirmed.iter().chain(&self.queue).find_map(|unit| unit.cursor);
        needed.map_or(self.seen, |needed| needed.saturating_sub(1))
    }

    fn forget(&mut self, unit: &Unit) {
        self.forget_rest(unit, 0);
    }

    fn forget_rest(&mut self, unit: &Unit, taken: usize) {
        let (events, bytes) = unit.weight(taken);
        self.events -= events;
        self.bytes -= bytes;
    }
}

impl Unit {
    /// Events and bytes, without the first `taken` events.
    fn weight(&self, taken: usize) -> (usize, usize) {
        weight(self.events.get(taken..).unwrap_or_default())
    }
}

/// Events and bytes.
fn weight(events: &[Event]) -> (usize, usize) {
    (events.len(), events.iter().map(Event::framed_len).sum())
}
