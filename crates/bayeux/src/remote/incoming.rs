//! What a client makes of responses and of their absence (BAYEUX-14.1).

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::wire::{AckReply, Counsel, Received};
use super::{Asked, Client, ClientEvent, Open, Phase};
use crate::error::Fault;
use crate::id::{ClientId, Instant};

impl Client {
    pub(super) fn main_response(
        &mut self,
        now: Instant,
        messages: Vec<Received<'_>>,
        body: &Bytes,
    ) {
        self.deliver(&messages, body);
        let channel = match self.phase {
            Phase::Handshaking => "/meta/handshake",
            Phase::Open(_) => "/meta/connect",
            Phase::Idle | Phase::Closing => return,
        };
        let Some(reply) = messages.into_iter().rev().find(|message| message.is_on(channel)) else {
            return self.main_failed(now);
        };
        if let Some(counsel) = reply.counsel() {
            self.counsel = counsel;
        }
        let error = reply.error();
        match &mut self.phase {
            Phase::Handshaking if reply.successful => match reply.client_id() {
                Some(client_id) => self.opened(now, client_id, reply.ack_enabled()),
                None => self.main_failed(now),
            },
            Phase::Handshaking if self.counsel.stops() => self.stop(Some(error)),
            Phase::Handshaking => self.main_failed(now),
            Phase::Open(open) if reply.successful => {
                (open.connected, open.proven) = (true, true);
                open.ack = open.ack.map(|last| reply.ack().unwrap_or(last));
                self.checkpoint = open.ack.unwrap_or_default();
                self.backoff_ms = 0;
                if self.counsel.stops() {
                    return self.stop(None);
                }
                self.main.not_before = now.after(self.counsel.interval_ms());
            }
            Phase::Open(_) if self.counsel.stops() => self.stop(Some(error)),
            Phase::Open(_) if self.counsel.restarts() || Fault::code_of(&error) == Some(402) => {
                self.lost(now, error);
            }
            Phase::Open(_) => self.main_failed(now),
            Phase::Idle | Phase::Closing => {}
        }
    }

    pub(super) fn opened(&mut self, now: Instant, client_id: ClientId, ack: AckReply) {
        let asked = self.config.resume && !self.resumes_nothing && self.checkpoint > 0;
        let resumed = asked && ack == AckReply::From(self.checkpoint);
        if !resumed {
            // Who does not know the form may have taken it for no wish at all.
            self.resumes_nothing |= asked && ack == AckReply::Off;
            self.checkpoint = 0;
        }
        self.granted.clear();
        self.refused.clear();
        self.side.not_before = now;
        self.main.not_before = now;
        let open = Open {
            client_id: client_id.clone(),
            connected: false,
            proven: false,
            ack: (ack != AckReply::Off).then_some(self.checkpoint),
        };
        self.phase = Phase::Open(open);
        self.events.push_back(ClientEvent::Opened { client_id, resumed });
    }

    pub(super) fn lost(&mut self, now: Instant, error: String) {
        let proven = matches!(&self.phase, Phase::Open(open) if open.proven);
        self.phase = Phase::Handshaking;
        self.abandon_side();
        self.events.push_back(ClientEvent::Lost { error });
        let interval_ms = self.counsel.interval_ms();
        self.counsel = Counsel::default();
        if proven {
            self.backoff_ms = 0;
            self.main.not_before = now.after(interval_ms);
        } else {
            self.main_failed(now);
        }
    }

    /// A handshake or connect failed: again, later (BAYEUX-14.1).
    pub(super) fn main_failed(&mut self, now: Instant) {
        let increment = self.config.backoff_increment_ms;
        match &mut self.phase {
            Phase::Idle | Phase::Closing => return,
            Phase::Handshaking => {}
            Phase::Open(open) => open.connected = false,
        }
        self.backoff_ms = self.backoff_ms.saturating_add(increment).min(self.config.max_backoff_ms);
        let retry_in_ms = self.backoff_ms.saturating_add(self.counsel.interval_ms());
        self.main.not_before = now.after(retry_in_ms);
        self.events.push_back(ClientEvent::Failing { retry_in_ms });
    }

    pub(super) fn side_response(
        &mut self,
        now: Instant,
        asked: Vec<Asked>,
        messages: Vec<Received<'_>>,
        body: &Bytes,
    ) {
        if matches!(self.phase, Phase::Closing) {
            return self.stop(None);
        }
        self.deliver(&messages, body);
        let mut unheard = false;
        for Asked { id, pattern, subscribe } in asked {
            let Some(reply) = messages.iter().find(|reply| reply.answers(&id)) else {
                unheard = true;
                continue;
            };
            match (subscribe, reply.successful) {
                (true, true) => {
                    self.granted.insert(pattern.clone());
                    self.events.push_back(ClientEvent::Subscribed { pattern });
                }
                // The connect will hear the same and shake hands.
                (_, false) if Fault::code_of(&reply.error()) == Some(402) => unheard = true,
                (true, false) => {
                    self.refused.insert(pattern.clone());
                    let error = reply.error();
                    self.events.push_back(ClientEvent::Refused { pattern, error });
                }
                (false, _) => {
                    self.granted.remove(&pattern);
                }
            }
        }
        if unheard {
            self.side_failed(now);
        }
    }

    /// Subscriptions are asked for again: they are idempotent (BAYEUX-5.4).
    pub(super) fn side_failed(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Closing) {
            return self.stop(None);
        }
        self.side.not_before = now.after(self.config.backoff_increment_ms);
    }

    pub(super) fn deliver(&mut self, messages: &[Received<'_>], body: &Bytes) {
        for message in messages {
            if let Some((channel, data)) = message.event() {
                let data = body.slice_ref(data.as_bytes());
                self.events.push_back(ClientEvent::Event { channel, data });
            }
        }
    }

    pub(super) fn stop(&mut self, error: Option<String>) {
        self.abandon_side();
        if let Some(flight) = self.main.flight.take() {
            self.events.push_back(ClientEvent::Abandoned { exchange: flight.exchange });
        }
        self.phase = Phase::Idle;
        self.events.push_back(ClientEvent::Stopped { error });
    }

    pub(super) fn abandon_side(&mut self) {
        if let Some(flight) = self.side.flight.take() {
            self.events.push_back(ClientEvent::Abandoned { exchange: flight.exchange });
        }
    }
}
