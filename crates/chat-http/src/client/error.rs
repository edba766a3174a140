//! Why the other end did not do what it was asked.

use std::fmt;
use std::time::Duration;

use chat_model::Reply;

use super::transport::TransportError;

/// Why a request came to nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server refuses; nothing has changed (PLAT-1.2-2).
    Refused(Refused),
    /// The server refuses for now, and says so by the HTTP status alone (BAYEUX-14.8).
    NotNow {
        /// 429 or 503.
        http_status: u16,
        /// When to try again, if the server said so.
        retry_after: Option<Duration>,
    },
    /// There was no connection, or it broke. Unless it could not be opened, what was asked may have
    /// happened.
    Unreachable {
        /// In the system's words.
        why: String,
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// No reply within the time that it may take; what was asked may have happened.
    TimedOut {
        /// That time.
        after: Duration,
    },
    /// The reply is none of this interface.
    NotUnderstood {
        /// What was expected and what came.
        why: String,
    },
    /// The server does not let us listen.
    NotHeard {
        /// To what.
        pattern: String,
        /// In its words.
        why: String,
    },
    /// The server ended the session, and says that nobody should come again (DEC-45).
    Ended {
        /// In its words.
        why: String,
    },
    /// There is nobody who could vouch for a server.
    Untrusting {
        /// What is missing.
        why: String,
    },
}

/// A refusal: the HTTP status and the body.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The HTTP status.
    pub http_status: u16,
    /// `statusCode` and `statusMessage`.
    pub reply: Reply,
    /// When to try again, if the server said so.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// Whether another try, later, may end better.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.is_fault() || refused.http_status == 429,
            Self::NotNow { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            // A proxy in front of the server, while it is away.
            Self::NotUnderstood { .. } => true,
            Self::NotHeard { .. } | Self::Ended { .. } | Self::Untrusting { .. } => false,
        }
    }

    /// The refusal, if it is one.
    pub const fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }
}

impl Refused {
    /// Whether the server failed, and not the request.
    pub const fn is_fault(&self) -> bool {
        self.http_status >= 500
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::NotNow { http_status, retry_after } => {
                let why = if *http_status == 429 { "too many requests" } else { "not available" };
                write!(f, "the server refuses for now: {why} (HTTP {http_status})")?;
                match retry_after {
                    Some(after) => write!(f, ", asks to wait {} s", after.as_secs()),
                    None => Ok(()),
                }
            }
            Self::Unreachable { why, .. } => write!(f, "the server cannot be reached: {why}"),
            Self::TimedOut { after } => {
                write!(f, "expected a reply within {} s, found none", after.as_secs_f32())
            }
            Self::NotUnderstood { why } => f.write_str(why),
            Self::NotHeard { pattern, why } => {
                write!(f, "the server does not let us listen to {pattern}: {why}")
            }
            Self::Ended { why } if why.is_empty() => f.write_str("the server ended the session"),
            Self::Ended { why } => write!(f, "the server ended the session: {why}"),
            Self::Untrusting { why } => f.write_str(why),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.reply.status_message.as_deref().unwrap_or("no reason given");
        write!(f, "refused with code {}: {message}", self.reply.status_code)
    }
}

impl std::error::Error for Error {}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let TransportError { why, sent } = error;
        Self::Unreachable { why, sent }
    }
}
