//! What each message of a request is answered: THE dispatch on the channel.
//!
//! A handshake stands alone (BAYEUX-1.22); everything else is answered in order, with the session
//! that the first message names (BAYEUX-1.11).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Server;
use super::delivery::Parting;
use crate::advice::{Advice, Reconnect};
use crate::channel::{Pattern, is_meta, is_service};
use crate::error::Fault;
use crate::framing;
use crate::id::{Instant, NewClientIds};
use crate::message::{Message, Subscription};
use crate::output::{CloseReason, Output};
use crate::reply::{Ack, Ext, Reply};
use crate::request::Request;
use crate::server::registry::Key;
use crate::session::{Connect, Held, Session, Verdict};

pub(super) const HANDSHAKE: &str = "/meta/handshake";
pub(super) const CONNECT: &str = "/meta/connect";
pub(super) const DISCONNECT: &str = "/meta/disconnect";
const SUBSCRIBE: &str = "/meta/subscribe";
const UNSUBSCRIBE: &str = "/meta/unsubscribe";

/// The version of the protocol, spoken and required.
const VERSION: &str = "1.0";

/// How often an id source may repeat itself before the handshake fails.
const DRAWS: usize = 4;

/// What became of a message.
enum Answer<'a> {
    Reply(Reply<'a>),
    /// A reply to a connect, after which the client waits this long, ms.
    Connected(Reply<'a>, u64),
    /// The reply to the connect of a client whose session was ended.
    Ended(Reply<'a>),
    /// No reply yet.
    Held,
}

impl Server {
    /// Answers the handshake of a batch and nothing else of it (BAYEUX-3, BAYEUX-1.22).
    pub(super) fn shake_hands(
        &mut self,
        now: Instant,
        request: &Request<'_>,
        ids: &mut dyn NewClientIds,
    ) {
        let Some(message) = request.handshake() else { return };
        let id = message.id(&self.config.limits);
        let refusal = self.refusal(request, message, id.is_err());
        let reply = Reply::success(HANDSHAKE, id.unwrap_or_default());
        if let Some((fault, advice)) = refusal {
            let types =
                (fault == Fault::HandshakeFailed).then(|| self.config.connection_types.clone());
            let reply = Reply {
                supported_connection_types: types.as_deref(),
                ..reply.fault(fault).advise(Some(advice))
            };
            return self.send(&request.via, &[reply]);
        }
        let drawn = (0..DRAWS)
            .map(|_| ids.client_id(&request.owner))
            .find(|drawn| self.registry.find(drawn.as_str()).is_none());
        let Some(client_id) = drawn else {
            let reply = reply
                .fault(Fault::HandshakeFailed)
                .advise(Some(Advice::handshake_later(self.config.max_interval_ms)));
            return self.send(&request.via, &[reply]);
        };
        let ack = self.config.ack && message.wants_ack();
        let start = request.start.filter(|&start| ack && start < request.cursor);
        let enabled = match start {
            Some(batch) => Ack::From { enabled: true, batch },
            None => Ack::On(true),
        };
        let reply = Reply {
            ext: ack.then_some(Ext { ack: enabled }),
            minimum_version: Some(VERSION),
            client_id: Some(client_id.clone()),
            supported_connection_types: Some(&self.config.connection_types),
            advice: Some(Advice::regular(&self.config)),
            version: Some(VERSION),
            ..reply
        };
        let body = framing::body(&request.via, [].iter(), &[reply]);
        // BAYEUX-2.2; a frame has no headers (BAYEUX-12.2-2).
        let sets_cookie = request.browser.is_none() && request.via.connection().is_none();
        let cookie = sets_cookie.then(|| ids.browser_id());
        let (owner, cursor) = (request.owner.clone(), request.cursor);
        let mut session =
            Session::new(client_id.clone(), owner.clone(), start.unwrap_or(cursor), ack);
        session.behind = start.is_some();
        // BAYEUX-10.2: it must connect as soon as one that is connected must do it again.
        let lives = self.config.grace_ms(self.config.interval_ms);
        let key = self.registry.insert(session, now.after(lives));
        if let Some(connection) = request.via.connection() {
            self.bind(key, connection);
        }
        self.outputs.push_back(Output::SessionOpened { client_id, owner, cursor });
        self.send_body(&request.via, body, cookie);
    }

    fn refusal(
        &self,
        request: &Request<'_>,
        message: &Message<'_>,
        bad_id: bool,
    ) -> Option<(Fault, Advice)> {
        if let Some(reconnect) = request.denied {
            return Some((Fault::HandshakeDenied, Advice::only(reconnect)));
        }
        if bad_id {
            return Some((Fault::MessageIdInvalid, Advice::only(Reconnect::None)));
        }
        // BAYEUX-3.3: the specification, where CometD would answer success.
        if !message.supports_any(&self.config.connection_types) {
            return Some((Fault::HandshakeFailed, Advice::only(Reconnect::None)));
        }
        // Sessions that nobody uses make room within this time.
        (!self.has_room(&request.owner))
            .then(|| (Fault::TooManySessions, Advice::handshake_later(self.config.max_interval_ms)))
    }

    /// Answers a batch without a handshake.
    pub(super) fn converse(&mut self, now: Instant, request: &Request<'_>) {
        // BAYEUX-1.11, BAYEUX-2.4: never under another owner.
        let key = request.client_id().and_then(|id| self.registry.find(&id)).filter(|&key| {
            self.registry.get(key).is_some_and(|session| session.owner == request.owner)
        });
        let mut replies = Vec::with_capacity(request.messages.len());
        let mut waits = None;
        for message in &request.messages {
            match self.answer(now, key, request, message) {
                Answer::Reply(reply) => replies.push(reply),
                Answer::Connected(reply, interval_ms) => {
                    replies.push(reply);
                    waits = Some(interval_ms);
                }
                Answer::Ended(reply) => replies.extend(farewell(reply)),
                Answer::Held => return,
            }
        }
        match key {
            Some(key) => {
                self.stay_alive(now, key, waits);
                self.deliver(key, &request.via, &mut replies, waits.is_some());
            }
            None => self.send(&request.via, &replies),
        }
    }

    fn answer<'a>(
        &mut self,
        now: Instant,
        key: Option<Key>,
        request: &Request<'a>,
        message: &Message<'a>,
    ) -> Answer<'a> {
        let limits = self.config.limits;
        let bare = |channel, id| Reply { channel, ..Reply::success("", id) };
        let Ok(id) = message.id(&limits) else {
            let channel = message.channel().and_then(Result::ok);
            let channel = channel.filter(|channel| channel.len() <= limits.name_bytes);
            return Answer::Reply(bare(channel, None).fault(Fault::MessageIdInvalid));
        };
        let channel = match message.channel() {
            None => return Answer::Reply(bare(None, id).fault(Fault::ChannelMissing)),
            Some(Ok(channel)) if channel.len() <= limits.name_bytes => channel,
            Some(_) => return Answer::Reply(bare(None, id).fault(Fault::ChannelInvalid)),
        };
        let reply = Reply::success(channel.clone(), id);
        if Pattern::new(&channel).is_err() {
            return Answer::Reply(reply.fault(Fault::ChannelInvalid));
        }
        let Some(key) = key.filter(|&key| self.registry.get(key).is_some()) else {
            if channel == CONNECT && self.is_owed_a_farewell(now, request) {
                return Answer::Ended(reply);
            }
            return Answer::Reply(unknown_client(&channel, reply, message));
        };
        Answer::Reply(match &*channel {
            CONNECT => return self.connect(now, key, request, message, reply),
            SUBSCRIBE => self.subscribe(key, request, message, reply),
            UNSUBSCRIBE => self.unsubscribe(key, message, reply),
            DISCONNECT => {
                self.close(key, CloseReason::Disconnected, Parting::Disconnected);
                reply
            }
            // BAYEUX-6.2.
            name if is_meta(name) => reply.fault(Fault::ChannelCreateDenied),
            // BAYEUX-6.4: accepted, and nobody listens.
            name if is_service(name) => reply,
            // NOTIF-2.15.
            _ => reply.fault(Fault::PublishDenied),
        })
    }

    fn is_owed_a_farewell(&mut self, now: Instant, request: &Request<'_>) -> bool {
        let client_id = request.client_id();
        client_id.is_some_and(|client_id| self.farewells.take(now, &client_id, &request.owner))
    }

    fn connect<'a>(
        &mut self,
        now: Instant,
        key: Key,
        request: &Request<'a>,
        message: &Message<'a>,
        reply: Reply<'a>,
    ) -> Answer<'a> {
        // BAYEUX-4.5: the newest connect is the one that the client waits for.
        self.supersede(key, &request.via);
        self.link(key, request.via.connection());
        let connect = Connect {
            alone: request.messages.len() == 1,
            advice: message.advice(),
            acknowledged: message.acknowledged(),
            crowded: self.is_crowded(request),
        };
        let Some(session) = self.registry.get_mut(key) else {
            return Answer::Reply(reply.fault(Fault::UnknownClient));
        };
        match session.connect(now, &connect, &self.config) {
            Verdict::Answer { advice, interval_ms, successful } => {
                Answer::Connected(Reply { successful, ..reply.advise(advice) }, interval_ms)
            }
            Verdict::Hold { until, advise } => {
                let held = Held {
                    via: request.via.clone(),
                    browser: request.browser.clone(),
                    id: reply.id.map(Cow::into_owned),
                    advise,
                };
                self.report_checkpoint(key);
                self.registry.hold(key, held, until);
                Answer::Held
            }
        }
    }

    fn subscribe<'a>(
        &mut self,
        key: Key,
        request: &Request<'a>,
        message: &Message<'a>,
        reply: Reply<'a>,
    ) -> Reply<'a> {
        let (named, subscription) = self.patterns(message);
        let reply = Reply { subscription, ..reply };
        let patterns = match named {
            Ok(patterns) => patterns,
            Err(fault) => return reply.fault(fault),
        };
        // BAYEUX-5.7: all are checked before the first is recorded.
        if patterns.iter().any(|pattern| self.is_denied(request, pattern)) {
            return reply.fault(Fault::SubscribeDenied);
        }
        let limit = self.config.limits.subscriptions;
        let Some(session) = self.registry.get_mut(key) else { return reply };
        // BAYEUX-5.5: `/service/…` succeeds and is not recorded.
        let mut new: Vec<Pattern> = patterns
            .into_iter()
            .filter(|pattern| !is_service(pattern.as_str()))
            .filter(|pattern| !session.subscriptions.contains(pattern))
            .collect();
        new.sort();
        new.dedup();
        if session.subscriptions.len() + new.len() > limit {
            return reply.fault(Fault::TooManySubscriptions);
        }
        if !new.is_empty() {
            for pattern in new {
                session.subscriptions.insert(pattern);
            }
            self.outputs.push_back(changed(session));
            if core::mem::take(&mut session.behind) {
                let (owner, cursor) = (session.owner.clone(), session.outbox.start());
                self.outputs.push_back(Output::SessionBehind { owner, cursor });
            }
        }
        reply
    }

    fn unsubscribe<'a>(&mut self, key: Key, message: &Message<'a>, reply: Reply<'a>) -> Reply<'a> {
        let (named, subscription) = self.patterns(message);
        let reply = Reply { subscription, ..reply };
        let patterns = match named {
            Ok(patterns) => patterns,
            Err(fault) => return reply.fault(fault),
        };
        if patterns.iter().any(|pattern| !self.exists(key, pattern)) {
            return reply.fault(Fault::ChannelMissing);
        }
        let remembered = self.config.limits.subscriptions;
        let Some(session) = self.registry.get_mut(key) else { return reply };
        let mut removed = false;
        for pattern in &patterns {
            removed |= session.subscriptions.remove(pattern, remembered);
        }
        if removed {
            self.outputs.push_back(changed(session));
        }
        reply
    }

    /// The channels that a message names (BAYEUX-5.6), and what the reply repeats of it
    /// (BAYEUX-5.1).
    fn patterns<'a>(
        &self,
        message: &Message<'a>,
    ) -> (Result<Vec<Pattern>, Fault>, Option<Subscription<'a>>) {
        let subscription = match message.subscription() {
            None => return (Err(Fault::SubscriptionMissing), None),
            Some(Err(())) => return (Err(Fault::SubscriptionInvalid), None),
            Some(Ok(subscription)) => subscription,
        };
        // Before any of them is stored; nobody who means well names more than it may have.
        if subscription.names().nth(self.config.limits.subscriptions).is_some() {
            return (Err(Fault::TooManySubscriptions), Some(subscription));
        }
        let longest = self.config.limits.name_bytes;
        let named = subscription
            .names()
            .map(|name| Pattern::new(name).ok().filter(|_| name.len() <= longest))
            .collect::<Option<Vec<_>>>();
        let named = match named {
            None => Err(Fault::SubscriptionInvalid),
            Some(none) if none.is_empty() => Err(Fault::SubscriptionMissing),
            Some(patterns) => Ok(patterns),
        };
        (named, Some(subscription))
    }

    /// BAYEUX-5.5, and what the host denies to everybody or to this owner.
    fn is_denied(&self, request: &Request<'_>, pattern: &Pattern) -> bool {
        let mut denied = self.config.denied.iter().chain(request.denied_subscriptions);
        is_meta(pattern.as_str()) || denied.any(|denied| denied.covers(pattern))
    }

    /// Whether a channel was seen (BAYEUX-5.4), by this session, by another one of the owner, or by
    /// the host. Other owners do not count: what they listen to is theirs.
    fn exists(&self, key: Key, pattern: &Pattern) -> bool {
        let Some(session) = self.registry.get(key) else { return false };
        is_service(pattern.as_str())
            || session.subscriptions.knows(pattern)
            || self.config.channels.iter().any(|channel| channel.as_str() == pattern.as_str())
            || self.registry.any_of(&session.owner, |other| other.subscriptions.contains(pattern))
    }

    /// Whether a browser holds as many connects as it may; never without its cookie (BAYEUX-4.6).
    fn is_crowded(&self, request: &Request<'_>) -> bool {
        match (&request.browser, self.config.max_sessions_per_browser) {
            (Some(browser), Some(most)) => self.registry.holding(&request.owner, browser) >= most,
            _ => false,
        }
    }

    /// Moves the end of a session that showed life (BAYEUX-10.1): from a connect reply on it has
    /// its interval, any other message gives it the rest.
    fn stay_alive(&mut self, now: Instant, key: Key, connect_after: Option<u64>) {
        let Some(session) = self.registry.get(key) else { return };
        match connect_after {
            Some(interval_ms) => self.expect_connect(now, key, interval_ms),
            None if session.held.is_none() => {
                let least = now.after(self.config.max_interval_ms);
                let deadline = session.deadline.max(least);
                self.registry.arm(key, deadline);
            }
            None => {}
        }
    }
}

/// What a connect of an ended session is answered: stop (BAYEUX-4.10, DEC-45).
pub(super) fn farewell(connect: Reply<'_>) -> [Reply<'_>; 2] {
    let notice = Reply::success(DISCONNECT, None);
    [notice, connect.advise(Some(Advice::only(Reconnect::None)))]
}

/// BAYEUX-2.5: what a message of an unknown session is answered. Only connect gets advice
/// (BAYEUX-7.13).
fn unknown_client<'a>(channel: &str, reply: Reply<'a>, message: &Message<'a>) -> Reply<'a> {
    let reply = reply.fault(Fault::UnknownClient);
    match channel {
        CONNECT => reply.advise(Some(Advice::handshake())),
        SUBSCRIBE | UNSUBSCRIBE => {
            Reply { subscription: message.subscription().and_then(Result::ok), ..reply }
        }
        _ => reply,
    }
}

fn changed(session: &Session) -> Output {
    Output::SessionChanged {
        client_id: session.client_id.clone(),
        subscriptions: session.subscriptions.snapshot(),
    }
}
