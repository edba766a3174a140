//! How events and endings reach the clients: now, with the next connect, or never.
//!
//! This is the one place that knows which events may ride which answer (BAYEUX-1.9, BAYEUX-9.2-1,
//! BAYEUX-12.1-3, BAYEUX-12.2-3) and what a client hears when its session goes (DEC-45).

use alloc::borrow::Cow;
use alloc::sync::Arc;

use bytes::Bytes;

use super::registry::Key;
use super::{Link, Server, answer};
use crate::ack::{Event, Outbox};
use crate::advice::{Advice, Reconnect};
use crate::error::Fault;
use crate::framing::{self, Response, Via};
use crate::id::{BrowserId, ExchangeId, Instant};
use crate::output::{CloseReason, Output};
use crate::reply::{Ack, Ext, Reply};
use crate::session::Held;

/// What a held connect hears when its session goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parting {
    /// The client disconnected elsewhere: stop (BAYEUX-4.9).
    Disconnected,
    /// The host ended it: stop (BAYEUX-4.10).
    Ended,
    /// The server forgot it: shake hands (DEC-45).
    Forgotten,
    /// Another node has it: connect again (DEC-45).
    Moved,
}

impl Server {
    /// Queues events for a session, as far as it wants them; [`Server::tell`] sends them.
    pub(super) fn offer(
        &mut self,
        now: Instant,
        key: Key,
        cursor: Option<u64>,
        events: &Arc<[Event]>,
    ) {
        let Some(session) = self.registry.get_mut(key) else { return };
        if session.behind || cursor.is_some_and(|cursor| session.outbox.has_seen(cursor)) {
            return;
        }
        let wanted = session.wanted(events);
        let count = wanted.len();
        let limits = self.config.limits;
        if !session.outbox.has_room(&wanted, &limits) {
            // Who waits for news is not too slow for them.
            self.tell(now, key);
        }
        let Some(session) = self.registry.get_mut(key) else { return };
        let offered = match cursor {
            Some(cursor) => session.outbox.offer(cursor, wanted, &limits),
            None => session.outbox.offer_aside(wanted, &limits),
        };
        if offered.is_err() {
            return self.close(key, CloseReason::Overflow, Parting::Forgotten);
        }
        // BAYEUX-12.2-3: the connect is not woken.
        if let Some(Link { connection, pushes: true }) = session.link {
            self.announce_events(connection, key, count);
        }
    }

    /// Answers the held connect if there is something to say, unless events go another way.
    pub(super) fn tell(&mut self, now: Instant, key: Key) {
        let Some(session) = self.registry.get(key) else { return };
        let pushes = session.link.is_some_and(|link| link.pushes);
        if !pushes && session.held.is_some() && session.outbox.has_queued() {
            self.wake(now, key);
        }
    }

    /// Answers the held connect, with whatever is queued.
    pub(super) fn wake(&mut self, now: Instant, key: Key) {
        let Some(held) = self.registry.release(key) else { return };
        let advice = held.advise.then(|| Advice::regular(&self.config));
        let mut replies = [connect_reply(&held).advise(advice)];
        self.expect_connect(now, key, self.config.interval_ms);
        self.deliver(key, &held.via, &mut replies, true);
    }

    /// Sends replies of a session, and with them the queued events that may ride along.
    pub(super) fn deliver(
        &mut self,
        key: Key,
        via: &Via,
        replies: &mut [Reply<'_>],
        connects: bool,
    ) {
        let Some(session) = self.registry.get_mut(key) else { return self.send(via, replies) };
        let acknowledged = session.outbox.is_acknowledged();
        let rides = if acknowledged {
            connects // BAYEUX-9.2-1
        } else {
            match via {
                Via::LongPolling(_) => true,          // BAYEUX-1.9
                Via::CallbackPolling(..) => connects, // BAYEUX-12.1-3
                Via::WebSocket(_) => false,           // BAYEUX-12.2-3
            }
        };
        if !rides {
            return self.send(via, replies);
        }
        let sent = session.outbox.sent_with_queue();
        for reply in replies.iter_mut().filter(|_| acknowledged) {
            if reply.channel.as_deref() == Some(answer::CONNECT) && reply.successful {
                reply.ext = Some(Ext { ack: Ack::Upto(sent) });
            }
        }
        let body = framing::body(via, session.outbox.queued(), replies);
        session.outbox.mark_sent();
        self.report_checkpoint(key);
        self.send_body(via, body, None);
    }

    /// Sends replies that no event rides along with.
    pub(super) fn send(&mut self, via: &Via, replies: &[Reply<'_>]) {
        self.send_body(via, framing::body(via, [].iter(), replies), None);
    }

    pub(super) fn send_body(&mut self, via: &Via, body: Bytes, cookie: Option<BrowserId>) {
        match via {
            Via::LongPolling(exchange) | Via::CallbackPolling(exchange, _) => {
                let response = Response { status: 200, body, set_browser_cookie: cookie };
                self.respond(*exchange, response);
            }
            Via::WebSocket(connection) => self.announce_reply(*connection, body),
        }
    }

    pub(super) fn respond(&mut self, exchange: ExchangeId, response: Response) {
        self.outputs.push_back(Output::Respond { exchange, response });
    }

    /// Tells the host how far the session has come, if it has.
    pub(super) fn report_checkpoint(&mut self, key: Key) {
        let Some(session) = self.registry.get_mut(key) else { return };
        if let Some(cursor) = session.moved_checkpoint() {
            let client_id = session.client_id.clone();
            self.outputs.push_back(Output::SessionAcknowledged { client_id, cursor });
        }
    }

    pub(super) fn close_as(&mut self, key: Key, how: Reconnect) {
        let (reason, parting) = match how {
            Reconnect::Retry => (CloseReason::Released, Parting::Moved),
            Reconnect::Handshake => (CloseReason::Ended, Parting::Forgotten),
            Reconnect::None => (CloseReason::Ended, Parting::Ended),
        };
        self.close(key, reason, parting);
    }

    pub(super) fn close(&mut self, key: Key, reason: CloseReason, parting: Parting) {
        let held = self.registry.release(key);
        let Some((session, last_of_owner)) = self.registry.remove(key) else { return };
        let (client_id, owner) = (session.client_id, session.owner);
        self.outputs.push_back(Output::SessionClosed {
            client_id: client_id.clone(),
            owner: owner.clone(),
            reason,
            last_of_owner,
        });
        match (held, parting) {
            (Some(held), _) => self.part(&held, &session.outbox, parting),
            (None, Parting::Ended) => {
                let pushed = session.link.filter(|link| link.pushes && session.outbox.has_queued());
                if let Some(Link { connection, .. }) = pushed {
                    let via = Via::WebSocket(connection);
                    self.send_body(&via, framing::body(&via, session.outbox.queued(), &[]), None);
                }
                self.farewells.owe(client_id, owner, session.deadline);
            }
            (None, _) => {}
        }
        if let Some(link) = session.link {
            self.unbind(key, link.connection, parting);
        }
    }

    /// Answers the held connect of a session that is gone.
    fn part(&mut self, held: &Held, outbox: &Outbox, parting: Parting) {
        let reply = connect_reply(held);
        match parting {
            Parting::Disconnected => {
                self.send(&held.via, &[reply.advise(Some(Advice::only(Reconnect::None)))]);
            }
            // With the events that nobody could write yet: the last of them tell of the end itself.
            Parting::Ended => {
                let body = framing::body(&held.via, outbox.queued(), &answer::farewell(reply));
                self.send_body(&held.via, body, None);
            }
            Parting::Forgotten => {
                let reply = reply.fault(Fault::UnknownClient).advise(Some(Advice::handshake()));
                self.send(&held.via, &[reply]);
            }
            Parting::Moved => {
                let ext = outbox.is_acknowledged().then(|| Ext { ack: Ack::Upto(outbox.sent()) });
                let advice = Some(Advice::regular(&self.config));
                self.send(&held.via, &[Reply { ext, ..reply.advise(advice) }]);
            }
        }
    }

    /// Forgets a held connect without an answer.
    pub(super) fn abandon(&mut self, key: Key) -> Option<Held> {
        let held = self.registry.release(key)?;
        if let Some(session) = self.registry.get_mut(key) {
            session.unsaid(&held);
        }
        Some(held)
    }

    /// Takes care of a connect that another one takes the place of (BAYEUX-4.5): over the same
    /// websocket it is answered like any message there, over HTTP with the status that CometD has
    /// for it, and on a connection that the client has left not at all.
    pub(super) fn supersede(&mut self, key: Key, via: &Via) {
        let Some(held) = self.abandon(key) else { return };
        match held.via {
            Via::LongPolling(exchange) | Via::CallbackPolling(exchange, _) => {
                self.respond(exchange, Response::empty(500));
            }
            Via::WebSocket(_) if held.via == *via => {
                let sent = self.registry.get(key).map(|session| &session.outbox);
                let sent = sent.filter(|outbox| outbox.is_acknowledged()).map(Outbox::sent);
                let ext = sent.map(|sent| Ext { ack: Ack::Upto(sent) });
                self.send(via, &[Reply { ext, ..connect_reply(&held) }]);
            }
            Via::WebSocket(_) => {}
        }
    }

    /// Starts the time in which the next connect must come (BAYEUX-10.1).
    pub(super) fn expect_connect(&mut self, now: Instant, key: Key, interval_ms: u64) {
        self.registry.arm(key, now.after(self.config.grace_ms(interval_ms)));
    }
}

fn connect_reply(held: &Held) -> Reply<'_> {
    Reply::success(answer::CONNECT, held.id.as_deref().map(Cow::Borrowed))
}
