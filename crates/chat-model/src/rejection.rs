//! Why an operation was refused: what was expected, what came, and the status code that says so.
//!
//! A rejection changes nothing (PLAT-1.2-2). Layers above translate it and never inspect its text.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::json::{JsonError, JsonKind};
use crate::operation::OperationKind;
use crate::state::{LegState, Role};
use crate::status::StatusCode;

/// Why an operation was refused.
///
/// [`fmt::Display`] is the `statusMessage`, [`Rejection::status`] the `statusCode` (DEC-13, DEC-36).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The body is no JSON that this interface accepts (DEC-7).
    Unreadable(JsonError),
    /// The body is JSON, but not an object.
    NotAnObject {
        /// What it is.
        found: JsonKind,
    },
    /// No operation has this name (DEC-13).
    UnknownOperation {
        /// The name that came.
        name: String,
    },
    /// A required parameter is missing or `null` (DEC-4).
    MissingParameter {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter has the wrong JSON type (DEC-4).
    WrongType {
        /// Its name.
        parameter: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: JsonKind,
    },
    /// A parameter has the right type and an impossible value.
    OutOfRange {
        /// Its name.
        parameter: &'static str,
        /// What it must be.
        expected: Cow<'static, str>,
        /// What it is.
        found: String,
    },
    /// The chat does not exist or the caller is not on it; the two look alike (DEC-13).
    ChatNotFound,
    /// The target that a parameter names does not exist.
    TargetNotFound {
        /// The parameter.
        parameter: &'static str,
        /// What it names.
        name: String,
    },
    /// The state of the chat, as the caller sees it, does not allow the operation (code 2).
    NotNow {
        /// The operation's name.
        operation: &'static str,
        /// What would have to be the case.
        expected: Cow<'static, str>,
        /// What is the case.
        found: Cow<'static, str>,
    },
    /// The key of the request came with another one before (DEC-48).
    KeyReused,
    /// The transcript would be longer than the rules allow (DEC-72).
    TranscriptFull {
        /// How many bytes it may have.
        most: usize,
        /// How many it would have.
        found: usize,
    },
    /// The caller's role does not allow the operation (code 3).
    NotForRole {
        /// The operation.
        operation: OperationKind,
        /// The caller's role.
        role: Role,
        /// The caller's state.
        state: LegState,
    },
}

impl Rejection {
    pub(crate) const fn missing(parameter: &'static str) -> Self {
        Self::MissingParameter { parameter }
    }

    pub(crate) const fn wrong_type(
        parameter: &'static str,
        expected: &'static str,
        found: JsonKind,
    ) -> Self {
        Self::WrongType { parameter, expected, found }
    }

    pub(crate) fn out_of_range(
        parameter: &'static str,
        expected: &'static str,
        found: &str,
    ) -> Self {
        Self::OutOfRange { parameter, expected: expected.into(), found: found.into() }
    }

    /// What a caller is told whose operation could not be read and who `is_on_the_chat` or not: a body
    /// that is no object is found before a chat that is not there, and everything else after it
    /// (DEC-14).
    #[must_use]
    pub fn or_not_found(self, is_on_the_chat: bool) -> Self {
        match self {
            Self::Unreadable(_) | Self::NotAnObject { .. } => self,
            _ if !is_on_the_chat => Self::ChatNotFound,
            other => other,
        }
    }

    /// The `statusCode` of the reply.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingParameter { .. } => StatusCode::MissingParameter,
            Self::NotNow { .. } => StatusCode::InvalidForState,
            Self::NotForRole { .. } => StatusCode::Forbidden,
            Self::ChatNotFound | Self::TargetNotFound { .. } => StatusCode::NotFound,
            Self::Unreadable(_)
            | Self::NotAnObject { .. }
            | Self::UnknownOperation { .. }
            | Self::WrongType { .. }
            | Self::OutOfRange { .. }
            | Self::KeyReused
            | Self::TranscriptFull { .. } => StatusCode::InvalidValue,
        }
    }

    /// A stable name for programs that want to know more than the status code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) if error.is_too_large() => "body.too_large",
            Self::Unreadable(_) => "body.unreadable",
            Self::NotAnObject { .. } => "body.not_an_object",
            Self::UnknownOperation { .. } => "operation.unknown",
            Self::MissingParameter { .. } => "parameter.missing",
            Self::WrongType { .. } => "parameter.wrong_type",
            Self::OutOfRange { .. } => "parameter.out_of_range",
            Self::KeyReused => "request.key_reused",
            Self::TranscriptFull { .. } => "chat.transcript_full",
            Self::ChatNotFound => "chat.not_found",
            Self::TargetNotFound { .. } => "target.not_found",
            Self::NotNow { .. } => "operation.not_now",
            Self::NotForRole { .. } => "operation.not_for_role",
        }
    }

    /// Where in the request the trouble is, as a JSON Pointer (RFC 6901), if it is in one place.
    pub fn pointer(&self) -> Option<String> {
        match self {
            Self::Unreadable(error) => Some(error.pointer().into()),
            Self::UnknownOperation { .. } => Some("/operationName".into()),
            Self::MissingParameter { parameter }
            | Self::WrongType { parameter, .. }
            | Self::OutOfRange { parameter, .. }
            | Self::TargetNotFound { parameter, .. } => Some(alloc::format!("/{parameter}")),
            Self::NotAnObject { .. } => Some(String::new()),
            Self::ChatNotFound
            | Self::NotNow { .. }
            | Self::KeyReused
            | Self::TranscriptFull { .. }
            | Self::NotForRole { .. } => None,
        }
    }

    /// The byte of the body at which reading stopped, for an unreadable body.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Unreadable(error) => Some(error.offset()),
            _ => None,
        }
    }
}

impl From<JsonError> for Rejection {
    fn from(error: JsonError) -> Self {
        Self::Unreadable(error)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NotAnObject { found } => {
                write!(f, "expected the body to be an object, found {found}")
            }
            Self::UnknownOperation { name } => {
                write!(f, "expected `operationName` to be a known operation, found ")?;
                write_quoted(f, name)
            }
            Self::MissingParameter { parameter } => {
                write!(f, "required parameter `{parameter}` is missing")
            }
            Self::WrongType { parameter, expected, found } => {
                write!(f, "expected `{parameter}` to be {expected}, found {found}")
            }
            Self::OutOfRange { parameter, expected, found } => {
                write!(f, "expected `{parameter}` to be {expected}, found {found}")
            }
            Self::KeyReused => f.write_str(
                "expected the request that the Idempotency-Key came with first, found another one",
            ),
            Self::ChatNotFound => f.write_str("no such chat among the caller's chats"),
            Self::TargetNotFound { parameter, name } => {
                write!(f, "expected `{parameter}` to name someone or something known, found ")?;
                write_quoted(f, name)
            }
            Self::NotNow { operation, expected, found } => {
                write!(f, "{operation} needs {expected}, but {found}")
            }
            Self::TranscriptFull { most, found } => {
                write!(f, "expected a transcript of at most {most} bytes, found {found} with this")
            }
            Self::NotForRole { operation, role, state } => {
                write!(f, "{operation} is not for the role {role} in a chat that is {state}")
            }
        }
    }
}

impl core::error::Error for Rejection {}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&crate::operation::quoted(text))
}
