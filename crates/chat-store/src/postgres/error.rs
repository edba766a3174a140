//! Why a database is not opened, and what a failed statement says about its outcome.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::{ErrorPosition, Severity, SqlState};

use super::Weakness;
use crate::Unavailable;

/// Why a database was not opened. Each message says what to do about it, and none holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The address cannot be read; the text says which part.
    Address(String),
    /// Nobody answers at that address, or the server is starting or stopping.
    Unreachable(String),
    /// No secured connection came about: the certificate, its name, or TLS itself.
    Tls(String),
    /// The server does not let this user in.
    Denied(String),
    /// There is no database of that name.
    NoDatabase(String),
    /// The server answered, and is a standby, which takes no writes.
    Standby,
    /// The server is not one this program works with; the text says why.
    Unfit(String),
    /// The server may lose what it acknowledged, and that was not accepted.
    Weaker(Vec<Weakness>),
    /// The schema is not there, and none was to be made.
    Missing(String),
    /// The schema is of an older version, and was not to be changed.
    Older {
        /// The name of the schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The version this program needs.
        known: i64,
    },
    /// A newer version of this program has changed the schema.
    Newer {
        /// The name of the schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The schema holds something else.
    Foreign(String),
    /// The database refused what opening does; the text is its own.
    Refused(String),
}

impl OpenError {
    /// Whether trying again later, without anybody changing the configuration, may help.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Standby | Self::Refused(_))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => write!(
                f,
                "the address of the database cannot be read: {why}; expected \
                 postgres://user:password@host:5432/database?sslmode=verify-full"
            ),
            Self::Unreachable(why) => write!(f, "the database cannot be reached: {why}"),
            Self::Tls(why) => write!(f, "no secured connection to the database: {why}"),
            Self::Denied(why) => {
                write!(f, "the database does not let this user in: {why}; check user and password")
            }
            Self::NoDatabase(why) => write!(f, "{why}: create the database, or name another"),
            Self::Standby => f.write_str(
                "the server is a standby and takes no writes: name the primary, or all servers of \
                 the cluster separated by commas",
            ),
            Self::Unfit(why) => f.write_str(why),
            Self::Weaker(weaknesses) => {
                f.write_str("the database may lose what it has acknowledged: ")?;
                for (nth, weakness) in weaknesses.iter().enumerate() {
                    write!(f, "{}{weakness}", if nth == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Missing(schema) => {
                write!(f, "there is no schema {schema:?} with chats in this database")
            }
            Self::Older { schema, found, known } => write!(
                f,
                "the schema {schema:?} has version {found}, and this version works with {known}: \
                 open it for writing once, which brings it up to date"
            ),
            Self::Newer { schema, found, known } => write!(
                f,
                "the schema {schema:?} has version {found}, and this version knows versions up to \
                 {known}: a newer version wrote it, use that one"
            ),
            Self::Foreign(schema) => write!(
                f,
                "the schema {schema:?} holds tables of something else: name another schema; this \
                 one was left as it is"
            ),
            Self::Refused(why) => write!(f, "the database refused to be opened: {why}"),
        }
    }
}

impl Error for OpenError {}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        let why = told(&error);
        let Some(db) = error.as_db_error() else {
            return match error.to_string().as_str() {
                "error performing TLS handshake" => Self::Tls(why),
                "authentication error" | "invalid configuration" => Self::Denied(why),
                _ => Self::Unreachable(why),
            };
        };
        let code = db.code();
        if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]
            .contains(code)
            || *code == SqlState::INSUFFICIENT_PRIVILEGE
        {
            Self::Denied(why)
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            Self::NoDatabase(db.message().to_owned())
        } else if code.code().starts_with("57P") || code.code().starts_with("08") {
            Self::Unreachable(why)
        } else {
            Self::Refused(why)
        }
    }
}

/// What a statement that did not end well leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing was sent.
    NotSent(String),
    /// The server refused it and has undone it.
    Refused(SqlState, String),
    /// The answer did not come, or cannot be understood.
    Unknown(String),
}

impl Fault {
    /// What the error of a statement that was sent says.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let why = told(error);
        match error.as_db_error() {
            Some(db) if is_undone(db.parsed_severity(), db.code()) => {
                Self::Refused(db.code().clone(), why)
            }
            _ => Self::Unknown(why),
        }
    }

    pub(super) fn why(&self) -> &str {
        match self {
            Self::NotSent(why) | Self::Refused(_, why) | Self::Unknown(why) => why,
        }
    }
}

impl From<Fault> for Unavailable {
    fn from(fault: Fault) -> Self {
        Self::new(fault.why())
    }
}

/// An error ends its transaction. A session that is ended may have been told so after its commit,
/// and two codes say themselves that they do not know.
fn is_undone(severity: Option<Severity>, code: &SqlState) -> bool {
    severity == Some(Severity::Error)
        && *code != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        && *code != SqlState::TRANSACTION_RESOLUTION_UNKNOWN
}

/// An error with its causes, on one line. Of what the server says only the message: its details
/// may quote what people wrote.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        let place = match db.position() {
            Some(ErrorPosition::Original(at)) => format!(", at character {at}"),
            _ => String::new(),
        };
        return format!("{} (SQLSTATE {}{place})", db.message(), db.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio_postgres::error::{Severity, SqlState};

    use super::is_undone;

    #[test]
    fn only_an_error_of_the_statement_itself_says_that_nothing_was_written() {
        for (severity, code, undone) in [
            (Some(Severity::Error), "40001", true),
            (Some(Severity::Error), "40P01", true),
            (Some(Severity::Error), "25006", true),
            (Some(Severity::Error), "53100", true),
            (Some(Severity::Error), "57014", true),
            (Some(Severity::Error), "40003", false),
            (Some(Severity::Error), "08007", false),
            (Some(Severity::Fatal), "57P01", false),
            (Some(Severity::Panic), "XX000", false),
            (None, "40001", false),
        ] {
            assert_eq!(is_undone(severity, &SqlState::from_code(code)), undone, "{code}");
        }
    }
}
