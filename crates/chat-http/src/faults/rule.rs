//! A rule: what fails, when, and for whom; and the count of what it has met.

use std::fmt;
use std::time::Duration;

use chat_model::{
    CustomerOperationKind, MonitoringOperationKind, OperationKind, SupervisorOperationKind, UserId,
};
use hyper::Method;
use indexmap::IndexMap;

use super::{FaultError, ListedFault};
use crate::chance::Chance;
use crate::config::Config;

/// One rule, such as `503 operation=Accept nth=2`. docs/faults.md has the grammar; `Display` gives the
/// rule back as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    pub(super) text: String,
    pub(super) kind: Kind,
    /// How long after it is added it begins.
    pub(super) at: Option<Duration>,
    /// How long it lasts from then on.
    pub(super) lasts: Option<Duration>,
    pub(super) method: Option<Method>,
    /// A path, or the beginning of one with `*` behind it.
    pub(super) path: Option<String>,
    /// An `operationName`, or the channel of a Bayeux message.
    pub(super) operation: Option<String>,
    /// The user's name.
    pub(super) user: Option<String>,
    /// Only this one of those it means, counted from 1.
    pub(super) nth: Option<u64>,
    /// Only each so many.
    pub(super) every: Option<u64>,
    /// At most so many.
    pub(super) count: Option<u64>,
    /// How many of 1,000,000.
    pub(super) per_million: Option<u32>,
}

impl FaultRule {
    /// What it names that is nowhere in the contact centre of `config`: it would never strike, and
    /// nobody would know why.
    pub fn unknown_in(&self, config: &Config) -> Option<FaultError> {
        let is_user = |name: &String| config.users.iter().any(|user| user.name == *name);
        if let Some(name) = self.user.as_ref().filter(|name| !is_user(name)) {
            return Some(FaultError::new("user=NAME of somebody in the contact centre", name));
        }
        let name = self.operation.as_ref().filter(|name| !is_operation(name, config))?;
        Some(FaultError::new(
            "operation=NAME of an operation such as Accept, or of a Bayeux channel such as /meta/connect",
            name,
        ))
    }
}

/// Whether a request can be for an operation of this name, or bring a message on a channel of this name.
fn is_operation(name: &str, config: &Config) -> bool {
    if let Some(meta) = name.strip_prefix("/meta/") {
        return ["handshake", "connect", "subscribe", "unsubscribe", "disconnect"].contains(&meta);
    }
    name.starts_with('/')
        || OperationKind::from_name(name).is_some()
        || CustomerOperationKind::from_name(name).is_some()
        || MonitoringOperationKind::from_name(name).is_some()
        || SupervisorOperationKind::from_name(name).is_some()
        || config.is_agent_operation(name)
}

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sessions are forgotten: their clients are told 402. After so many events of a user, or else at a
    /// time.
    Forget { after: Option<u64> },
    /// Events are delivered twice.
    Duplicate,
    /// The request is done, and its connection closed without an answer.
    Drop,
    /// A poll's connection is closed when it was held for so long and is not answered yet.
    DropPoll { held: Duration },
    /// The connection is closed within the reply's body, after so many bytes or half of them.
    Eof { after: Option<usize> },
    /// The request is looked at later.
    Delay(Duration),
    /// HTTP 503 with these seconds in `Retry-After`; nothing is done.
    Unavailable { retry_after: Option<u32> },
    /// The reply's body takes its time: bytes a second.
    Slow(u32),
    /// An upgrade to a websocket is refused with HTTP 400, as by a proxy that does not know them.
    NoWebsocket,
}

impl Kind {
    /// What it makes of a request, where one that comes is asked about it.
    pub(super) fn end(self) -> Option<End> {
        match self {
            Self::Drop => Some(End::Dropped),
            Self::Eof { after } => Some(End::BrokenOff { after }),
            Self::Unavailable { retry_after } => Some(End::Unavailable { retry_after }),
            Self::NoWebsocket => Some(End::NoWebsocket),
            Self::Forget { .. }
            | Self::Duplicate
            | Self::DropPoll { .. }
            | Self::Delay(_)
            | Self::Slow(_) => None,
        }
    }
}

/// A request, as rules look at it.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    /// The operation, or the channels of Bayeux messages.
    pub(super) operations: &'a [String],
    pub(super) user: Option<&'a UserId>,
    pub(super) is_upgrade: bool,
}

impl Asked<'_> {
    pub(super) fn is_poll(&self) -> bool {
        self.operations.iter().any(|operation| operation == "/meta/connect")
    }

    /// What may stand in the log: ids of visitors are secrets.
    pub(super) fn route(&self) -> &str {
        self.path.split('/').nth(3).unwrap_or_default()
    }
}

impl FaultRule {
    /// Whether it is about such a request, whoever sends it.
    pub(super) fn means(&self, asked: &Asked<'_>) -> bool {
        let is_kind = match self.kind {
            Kind::DropPoll { .. } => asked.is_poll(),
            Kind::NoWebsocket => asked.is_upgrade,
            // What becomes a web socket has no body.
            Kind::Eof { .. } | Kind::Slow(_) => !asked.is_upgrade,
            _ => true,
        };
        let is_path = self.path.as_deref().is_none_or(|path| match path.strip_suffix('*') {
            Some(beginning) => asked.path.starts_with(beginning),
            None => asked.path.trim_end_matches('/') == path.trim_end_matches('/'),
        });
        is_kind
            && is_path
            && self.method.as_ref().is_none_or(|method| method == asked.method)
            && self.operation.as_ref().is_none_or(|name| asked.operations.contains(name))
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What becomes of one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    pub(super) end: Option<End>,
    /// Bytes a second of the reply's body.
    pub(super) slow: Option<u32>,
}

/// How a request ends that does not end well. There is one end of each, so the first rule that brings
/// one has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Unavailable { retry_after: Option<u32> },
    NoWebsocket,
    Dropped,
    BrokenOff { after: Option<usize> },
}

/// A rule in the list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) rule: FaultRule,
    pub(super) struck: u64,
    matched: u64,
    added: Duration,
    /// Events since the last time that it struck, by user.
    heard: IndexMap<UserId, u64>,
}

impl Entry {
    pub(super) fn new(id: u64, rule: FaultRule, added: Duration) -> Self {
        Self { id, rule, struck: 0, matched: 0, added, heard: IndexMap::new() }
    }

    pub(super) fn listed(&self) -> ListedFault {
        let Self { id, matched, struck, .. } = *self;
        ListedFault { id, rule: self.rule.text.clone(), matched, struck }
    }

    pub(super) fn begins(&self) -> Duration {
        self.added.saturating_add(self.rule.at.unwrap_or_default())
    }

    pub(super) fn is_active(&self, now: Duration) -> bool {
        let begins = self.begins();
        now >= begins && self.rule.lasts.is_none_or(|lasts| now < begins.saturating_add(lasts))
    }

    /// When it strikes by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        let waits = self.rule.kind == Kind::Forget { after: None } && self.struck == 0;
        waits.then(|| self.begins())
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Counts one that the rule means, and says whether it strikes this one.
    pub(super) fn strikes(&mut self, chance: &dyn Chance) -> bool {
        self.matched += 1;
        let rule = &self.rule;
        let strikes = rule.nth.is_none_or(|nth| self.matched == nth)
            && rule.every.is_none_or(|every| self.matched.is_multiple_of(every))
            && rule.count.is_none_or(|count| self.struck < count)
            && rule.per_million.is_none_or(|likely| drawn(chance) < likely);
        self.struck += u64::from(strikes);
        strikes
    }

    /// Counts what a user hears, and says whether that was the event after which it is over.
    pub(super) fn hears(&mut self, user: &UserId, events: u64, after: u64) -> bool {
        self.matched += events;
        if self.rule.count.is_some_and(|count| self.struck >= count) {
            return false;
        }
        let heard = self.heard.entry(user.clone()).or_default();
        *heard += events;
        let is_over = *heard >= after;
        if is_over {
            *heard = 0;
            self.struck += 1;
        }
        is_over
    }
}

/// A number below 1,000,000, each nearly as likely: of 2^64 numbers 1,000,000 are too few to show.
fn drawn(chance: &dyn Chance) -> u32 {
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    u32::try_from(u64::from_be_bytes(bytes) % 1_000_000).unwrap_or(0)
}
