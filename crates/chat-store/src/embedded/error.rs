//! Why a file is not opened, and the one error that everything inside the engine speaks.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::Unavailable;

/// Why a file was not opened. Each message says what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store in this one, has the file open.
    InUse(PathBuf),
    /// There is no such file, and none was to be made.
    Missing(PathBuf),
    /// The directory of the file is not there.
    NoDirectory(PathBuf),
    /// The file or its directory does not permit what a store needs.
    NotWritable(PathBuf, io::Error),
    /// The disk has no room for what opening writes.
    Full(PathBuf, io::Error),
    /// The file is something else.
    Foreign(PathBuf),
    /// A newer version of this program has written the file.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format this program knows.
        known: u64,
    },
    /// The file is damaged; the text says how.
    Damaged(PathBuf, String),
    /// The disk answered with an error.
    Io(PathBuf, io::Error),
}

impl OpenError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable(path, error)
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path, error),
            _ => Self::Io(path, error),
        }
    }

    pub(super) fn engine(path: &Path, error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse(path.to_owned())
            }
            // What the engine says of a file that does not begin like one of its own.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Foreign(path.to_owned())
            }
            redb::Error::Io(error) => Self::io(path, error),
            damage => Self::Damaged(path.to_owned(), damage.to_string()),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(
                f,
                "{} is in use by another process: a file serves one process. To run several, \
                 keep the chats in PostgreSQL (--store postgres://…)",
                path.display()
            ),
            Self::Missing(path) => write!(f, "there is no file {}", path.display()),
            Self::NoDirectory(path) => write!(
                f,
                "the directory of {} is not there: make it, or name another file",
                path.display()
            ),
            Self::NotWritable(path, error) => {
                write!(f, "{} cannot be written to: {error}", path.display())
            }
            Self::Full(path, error) => {
                write!(f, "there is no room on the disk of {}: {error}", path.display())
            }
            Self::Foreign(path) => write!(
                f,
                "{} is not a store of chats: name another file; this one was left as it is",
                path.display()
            ),
            Self::Newer { path, found, known } => write!(
                f,
                "{} has format {found}, and this version knows formats up to {known}: a newer \
                 version wrote it, use that one",
                path.display()
            ),
            Self::Damaged(path, why) => {
                write!(f, "{} is damaged ({why}): keep it aside and restore a copy", path.display())
            }
            Self::Io(path, error) => write!(f, "{} cannot be opened: {error}", path.display()),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotWritable(_, error) | Self::Full(_, error) | Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

/// Why a transaction did not go through, for the log and the caller.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    why: String,
    damage: bool,
}

impl Broken {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), damage: false }
    }

    /// The file does not say what was written to it.
    pub(super) fn damage(what: impl fmt::Display) -> Self {
        Self { why: format!("the file is damaged: {what}"), damage: true }
    }

    /// The engine panicked, which it does over what it finds in a damaged file.
    pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        Self { why: panic_text(panic), damage: true }
    }

    pub(super) fn why(&self) -> &str {
        &self.why
    }

    /// Whether it is damage, provided that the disk is well.
    pub(super) const fn is_damage(&self) -> bool {
        self.damage
    }
}

macro_rules! broken_from {
    ($($error:ty),+) => {$(
        impl From<$error> for Broken {
            fn from(error: $error) -> Self {
                let why = error.to_string();
                let damage = matches!(error.into(), redb::Error::Corrupted(_));
                Self { why, damage }
            }
        }
    )+};
}

broken_from!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError
);

impl From<Broken> for Unavailable {
    fn from(broken: Broken) -> Self {
        if broken.damage { Self::damaged(broken.why) } else { Self::new(broken.why) }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the engine panicked: {}", text.unwrap_or_default())
}
