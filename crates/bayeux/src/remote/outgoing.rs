//! What a client sends, and when: the handshake, one connect after the other, and the changes of its
//! subscriptions on the second connection (BAYEUX-1.12).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::wire::{self, Sent};
use super::{Asked, Client, Flight, Phase, Transmit};
use crate::channel::Pattern;
use crate::id::{ExchangeId, Instant};

/// How many subscriptions travel in one request.
const BATCH: usize = 50;

impl Client {
    /// Sends whatever may be sent now.
    pub(super) fn proceed(&mut self, now: Instant) {
        if self.main.is_free(now) {
            match &self.phase {
                Phase::Handshaking => self.send_handshake(now),
                Phase::Open(_) => self.send_connect(now),
                Phase::Idle | Phase::Closing => {}
            }
        }
        if matches!(self.phase, Phase::Open(_)) && self.side.is_free(now) && self.has_changes() {
            self.send_changes(now);
        }
    }

    pub(super) fn send_handshake(&mut self, now: Instant) {
        let id = self.message_id();
        let types = self.config.connection_types.clone();
        let resumes = self.config.resume && !self.resumes_nothing && self.checkpoint > 0;
        let from = resumes.then_some(self.checkpoint);
        let message = Sent::new("/meta/handshake", &id).handshake(&types, self.config.ack, from);
        let flight = self.transmit(now, "/handshake", &[message], self.config.max_network_delay_ms);
        self.main.flight = Some(flight);
    }

    pub(super) fn send_connect(&mut self, now: Instant) {
        let id = self.message_id();
        let Phase::Open(open) = &self.phase else { return };
        let (client_id, ack, connected) = (open.client_id.clone(), open.ack, open.connected);
        let kind = self.config.connection_types.first().cloned().unwrap_or_default();
        let message = Sent::new("/meta/connect", &id).of(&client_id).connect(&kind, connected, ack);
        let patience = self.config.max_network_delay_ms.saturating_add(self.counsel.timeout_ms);
        let flight = self.transmit(now, "/connect", &[message], patience);
        self.main.flight = Some(flight);
    }

    pub(super) fn has_changes(&self) -> bool {
        self.changes().next().is_some()
    }

    /// Subscriptions to make, then those to end.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&Pattern, bool)> {
        let settled = |pattern: &&Pattern| {
            !self.granted.contains(*pattern) && !self.refused.contains(*pattern)
        };
        let make = self.wanted.iter().filter(settled).map(|pattern| (pattern, true));
        let end = self.granted.difference(&self.wanted).map(|pattern| (pattern, false));
        make.chain(end)
    }

    pub(super) fn send_changes(&mut self, now: Instant) {
        let Phase::Open(open) = &self.phase else { return };
        let client_id = open.client_id.clone();
        let changes: Vec<(Pattern, bool)> =
            self.changes().take(BATCH).map(|(pattern, make)| (pattern.clone(), make)).collect();
        let asked: Vec<Asked> = changes
            .into_iter()
            .map(|(pattern, subscribe)| Asked { id: self.message_id(), pattern, subscribe })
            .collect();
        let messages: Vec<Sent<'_>> = asked
            .iter()
            .map(|asked| {
                let channel = if asked.subscribe { "/meta/subscribe" } else { "/meta/unsubscribe" };
                Sent::new(channel, &asked.id).of(&client_id).about(&asked.pattern)
            })
            .collect();
        let flight = self.transmit(now, "", &messages, self.config.max_network_delay_ms);
        self.side.flight = Some(Flight { asked, ..flight });
    }

    pub(super) fn transmit(
        &mut self,
        now: Instant,
        path: &'static str,
        messages: &[Sent<'_>],
        patience_ms: u64,
    ) -> Flight {
        self.exchanges += 1;
        let exchange = ExchangeId::new(self.exchanges);
        self.transmits.push_back(Transmit { exchange, path, body: wire::write(messages) });
        Flight { exchange, deadline: now.after(patience_ms), asked: Vec::new() }
    }

    pub(super) fn message_id(&mut self) -> String {
        self.messages += 1;
        self.messages.to_string()
    }
}
