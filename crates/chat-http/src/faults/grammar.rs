//! How rules are written: a fault, then what it is limited to, each a word.
//!
//! `FAULT[=VALUE][@TIME] [KEY=VALUE]…`, words apart by blanks or commas. What does not fit a fault is an
//! error, not an unheard wish.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hyper::Method;

use super::HELD;
use super::rule::{FaultRule, Kind};

/// Why a rule cannot be read: what was expected, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError {
    expected: String,
    found: String,
}

const FAULTS: &str = "one of 402, duplicate, drop, drop-poll, eof, delay, 503, slow, no-websocket";

/// What rules about requests can be limited to.
const OF_REQUESTS: &[&str] =
    &["path", "method", "operation", "user", "nth", "every", "count", "chance", "for"];
/// What rules about events can be limited to.
const OF_EVENTS: &[&str] = &["user", "nth", "every", "count", "chance", "for"];
const OF_SESSIONS_AT_A_TIME: &[&str] = &["user", "event"];
const OF_SESSIONS_BY_EVENT: &[&str] = &["user", "event", "count", "for"];

impl FromStr for FaultRule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut words = text.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty());
        let first = words.next().ok_or_else(|| error(FAULTS, "nothing"))?;
        let words: Vec<(&str, &str)> = words
            .map(|word| {
                let pair = word.split_once('=').filter(|(_, value)| !value.is_empty());
                pair.ok_or_else(|| error("KEY=VALUE, such as nth=2", word))
            })
            .collect::<Result<_, _>>()?;
        let (fault, at) = match first.split_once('@') {
            Some((fault, at)) => (fault, Some(duration(at)?)),
            None => (first, None),
        };
        let event = words.iter().find(|(key, _)| *key == "event").map(|(_, value)| *value);
        let kind = kind(fault, event)?;
        let mut rule = Self {
            text: text.trim().to_owned(),
            kind,
            at,
            lasts: None,
            method: None,
            path: None,
            operation: None,
            user: None,
            nth: None,
            every: None,
            count: None,
            per_million: None,
        };
        let keys = keys(kind);
        for (n, (key, value)) in words.iter().enumerate() {
            if !keys.contains(key) {
                return Err(error(&format!("{fault} with {}", keys.join(", ")), key));
            }
            if words[..n].iter().any(|(before, _)| before == key) {
                return Err(error(&format!("{key} once"), "it twice"));
            }
            rule.limit(key, value)?;
        }
        Ok(rule)
    }
}

impl FaultRule {
    fn limit(&mut self, key: &str, value: &str) -> Result<(), FaultError> {
        match key {
            "path" if value.starts_with('/') => self.path = Some(value.to_owned()),
            "path" => return Err(error("a path such as /api/v2/me/chats/*", value)),
            "method" => {
                let known =
                    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
                let method = known.into_iter().find(|known| known.as_str() == value);
                self.method = Some(method.ok_or_else(|| error("a method such as POST", value))?);
            }
            "operation" => self.operation = Some(value.to_owned()),
            "user" => self.user = Some(value.to_owned()),
            "nth" => self.nth = Some(number(value)?),
            "every" => self.every = Some(number(value)?),
            "count" => self.count = Some(number(value)?),
            "chance" => self.per_million = Some(probability(value)?),
            "for" => self.lasts = Some(duration(value)?),
            // Read with the fault.
            _ => {}
        }
        Ok(())
    }
}

fn kind(fault: &str, event: Option<&str>) -> Result<Kind, FaultError> {
    let (name, value) = match fault.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (fault, None),
    };
    let kind = match (name, value) {
        ("402", None) => Kind::Forget { after: event.map(number).transpose()? },
        ("duplicate", None) => Kind::Duplicate,
        ("drop", None) => Kind::Drop,
        ("no-websocket", None) => Kind::NoWebsocket,
        ("402" | "duplicate" | "drop" | "no-websocket", Some(value)) => {
            return Err(error(&format!("{name} without a value"), value));
        }
        ("drop-poll", value) => Kind::DropPoll { held: value.map_or(Ok(HELD), duration)? },
        ("eof", value) => {
            let bytes = |text: &str| text.parse().map_err(|_| error("a number of bytes", text));
            Kind::Eof { after: value.map(bytes).transpose()? }
        }
        ("delay", Some(value)) => Kind::Delay(duration(value)?),
        ("delay", None) => return Err(error("delay=TIME, such as delay=2s", fault)),
        ("503", value) => {
            let seconds =
                |text: &str| text.parse().map_err(|_| error("seconds to retry after", text));
            Kind::Unavailable { retry_after: value.map(seconds).transpose()? }
        }
        ("slow", Some(value)) => {
            let rate = value.parse().ok().filter(|rate| *rate > 0);
            Kind::Slow(rate.ok_or_else(|| error("bytes a second, 1 or more", value))?)
        }
        ("slow", None) => return Err(error("slow=BYTES, such as slow=100", fault)),
        _ => return Err(error(FAULTS, fault)),
    };
    Ok(kind)
}

fn keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Forget { after: None } => OF_SESSIONS_AT_A_TIME,
        Kind::Forget { after: Some(_) } => OF_SESSIONS_BY_EVENT,
        Kind::Duplicate => OF_EVENTS,
        _ => OF_REQUESTS,
    }
}

fn number(text: &str) -> Result<u64, FaultError> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| error("a whole number, 1 or more", text))
}

fn probability(text: &str) -> Result<u32, FaultError> {
    let wanted = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
    let wanted = wanted.ok_or_else(|| error("a probability from 0 to 1, such as 0.1", text))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000,000")]
    Ok((wanted * 1_000_000.0).round() as u32)
}

fn duration(text: &str) -> Result<Duration, FaultError> {
    humantime::parse_duration(text).map_err(|_| error("a time such as 30s or 500ms", text))
}

fn error(expected: &str, found: &str) -> FaultError {
    FaultError::new(expected, found)
}

impl FaultError {
    pub(super) fn new(expected: &str, found: &str) -> Self {
        Self { expected: expected.to_owned(), found: format!("{found:?}") }
    }
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for FaultError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_documented() {
        for (text, kind) in [
            ("402@30s", Kind::Forget { after: None }),
            ("402 event=3 user=agent1", Kind::Forget { after: Some(3) }),
            ("duplicate,chance=0.25", Kind::Duplicate),
            ("drop operation=Accept nth=1", Kind::Drop),
            ("drop-poll", Kind::DropPoll { held: HELD }),
            ("drop-poll=0s count=2", Kind::DropPoll { held: Duration::ZERO }),
            ("eof", Kind::Eof { after: None }),
            ("eof=0 method=GET", Kind::Eof { after: Some(0) }),
            ("delay=1500ms@1m path=/api/v2/me/*", Kind::Delay(Duration::from_millis(1_500))),
            ("503=5 every=10 for=1m", Kind::Unavailable { retry_after: Some(5) }),
            ("slow=100", Kind::Slow(100)),
            ("no-websocket", Kind::NoWebsocket),
        ] {
            let rule: FaultRule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((rule.kind, rule.to_string().as_str()), (kind, text));
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_was_expected() {
        for (text, says) in [
            (
                "",
                "expected one of 402, duplicate, drop, drop-poll, eof, delay, 503, slow, no-websocket, found \"nothing\"",
            ),
            ("404", "expected one of 402, duplicate"),
            ("402=1", "expected 402 without a value, found \"1\""),
            ("402@soon", "expected a time such as 30s or 500ms, found \"soon\""),
            ("402 path=/", "expected 402 with user, event, found \"path\""),
            ("402 event=0", "expected a whole number, 1 or more, found \"0\""),
            ("duplicate operation=Accept", "expected duplicate with user, nth"),
            ("delay", "expected delay=TIME, such as delay=2s, found \"delay\""),
            ("slow=0", "expected bytes a second, 1 or more, found \"0\""),
            ("eof=half", "expected a number of bytes, found \"half\""),
            ("503 nth", "expected KEY=VALUE, such as nth=2, found \"nth\""),
            ("503 nth=", "expected KEY=VALUE, such as nth=2, found \"nth=\""),
            ("503 nth=1 nth=2", "expected nth once, found \"it twice\""),
            ("503 chance=1.5", "expected a probability from 0 to 1, such as 0.1, found \"1.5\""),
            ("503 chance=NaN", "expected a probability from 0 to 1"),
            ("503 path=me", "expected a path such as /api/v2/me/chats/*, found \"me\""),
            ("503 method=FETCH", "expected a method such as POST, found \"FETCH\""),
        ] {
            let error = text.parse::<FaultRule>().expect_err(text).to_string();
            assert!(error.starts_with(says), "{text}: {error}");
        }
    }
}
