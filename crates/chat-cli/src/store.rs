//! Where chats are kept, as people name it: a file, memory, or a database.

use std::fmt;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat_http::{Clock, Complaint, StoreFigure, Vitals};
use chat_store::embedded::Health;
use chat_store::{Buckets, PostgresOptions, PostgresStore, RedbOptions, RedbStore, postgres};

use crate::exit::Failure;

/// The name of a store.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// Gone with the process.
    Memory,
    /// One file, for one process.
    File(PathBuf),
    /// A database, for many processes; the address may hold a password.
    Postgres(String),
}

impl StoreName {
    /// Reads a name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            _ if text == "memory" => Ok(Self::Memory),
            None if text.is_empty() => {
                Err("expected a file, `memory` or postgres://…, found no text".to_owned())
            }
            // No file has such a name, and what stands in it may be a password.
            None if is_address(text) => Err(
                "expected a file, `memory` or postgres://user@host/database, found another form of \
                 a database's address"
                    .to_owned(),
            ),
            None => Ok(Self::File(text.into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some((scheme, address)) if is_address(text) => {
                Ok(Self::Postgres(format!("{}://{address}", scheme.to_ascii_lowercase())))
            }
            Some((scheme, _)) => {
                Err(format!("expected a file, `memory` or postgres://…, found {scheme}://…"))
            }
        }
    }

    /// The file of this user's in which chats are kept where nothing else is said; its folder is made.
    ///
    /// A service of systemd has a folder of its own (`StateDirectory=`).
    pub(crate) fn default_file() -> Result<Self, Failure> {
        let of_service = std::env::var_os("STATE_DIRECTORY")
            .and_then(|folders| std::env::split_paths(&folders).next())
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = of_service.or_else(|| {
            let of_user = dirs::state_dir().or_else(dirs::data_local_dir)?;
            Some(of_user.join("chat"))
        });
        let folder = folder.ok_or_else(|| {
            Failure::usage(
                "expected a home directory to keep chats in, found none; name a file or `memory` \
                 with --store",
            )
        })?;
        make_folder(&folder).map_err(|error| {
            Failure::failed(format!(
                "{}: this folder for the chats cannot be made: {error}; name a file or `memory` with \
                 --store",
                folder.display()
            ))
        })?;
        Ok(Self::File(folder.join("chats.redb")))
    }
}

/// Whether somebody meant a database, and wrote it as no address here is written.
fn is_address(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with("postgres:") || text.starts_with("postgresql:") || text.contains("password=")
}

/// Chats are for nobody else on this machine.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl fmt::Debug for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreName({self})")
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
            // What stands in the address may be a secret.
            Self::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

/// How a file is opened, with the time of this machine.
pub(crate) fn options(clock: &Arc<dyn Clock>) -> RedbOptions {
    let (wall, watch) = (clock.clone(), clock.clone());
    RedbOptions::new(Arc::new(move || wall.now_ms())).stopwatch(Arc::new(move || watch.monotonic()))
}

/// How a database is opened.
pub(crate) fn database(
    address: &str,
    clock: &Arc<dyn Clock>,
) -> Result<PostgresOptions, postgres::OpenError> {
    let watch = clock.clone();
    Ok(PostgresOptions::new(address)?.stopwatch(Arc::new(move || watch.monotonic())))
}

/// What the store in a database tells operators.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseVitals(pub(crate) PostgresStore);

impl Vitals for DatabaseVitals {
    fn complaint(&self) -> Option<Complaint> {
        let health = self.0.health();
        let what = match &health {
            postgres::Health::Ready => return None,
            postgres::Health::Damaged(_) => "the store is damaged",
            postgres::Health::Weaker(_) => "the store may lose what it acknowledges",
            postgres::Health::Standby | postgres::Health::ReadOnly(_) => {
                "the store takes no writes"
            }
            _ => "the store cannot be reached",
        };
        Some(Complaint::new(what, health.to_string()))
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn figures(&self) -> Vec<StoreFigure> {
        let figures = self.0.figures();
        let counter = StoreFigure::counter;
        vec![
            counter("chat_store_appends_total", "Records that were appended.", figures.appends),
            counter(
                "chat_store_conflicts_total",
                "Appends that did not fit the head of their chat.",
                figures.conflicts,
            ),
            counter(
                "chat_store_retries_total",
                "Appends that were surely not applied and were sent again.",
                figures.retries,
            ),
            counter(
                "chat_store_unknown_total",
                "Appends whose outcome had to be looked up.",
                figures.unknown,
            ),
            StoreFigure::gauge(
                "chat_store_connections",
                "Connections to the database.",
                figures.connections as f64,
            ),
            StoreFigure::gauge(
                "chat_store_waiting",
                "Calls that wait for a connection.",
                figures.waiting as f64,
            ),
            counter(
                "chat_store_hints_late_total",
                "News of other nodes that came by looking and not by a notification.",
                figures.hints_late,
            ),
            histogram(
                "chat_store_append_seconds",
                "From an append to its being durable.",
                &figures.append_micros,
                1e-6,
            ),
        ]
    }
}

/// What the store in a file tells operators.
#[derive(Clone)]
pub(crate) struct FileVitals(pub(crate) RedbStore);

impl fmt::Debug for FileVitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileVitals(…)")
    }
}

impl Vitals for FileVitals {
    fn complaint(&self) -> Option<Complaint> {
        let (what, why) = match self.0.health() {
            Health::Ready => return None,
            Health::Damaged(why) => {
                let advice = "what is whole is served; stop the server, ask `chat store check` what is \
                              damaged, keep the file aside and restore a copy";
                ("the store is damaged", format!("{why}: {advice}"))
            }
            Health::ReadOnly(why) => ("the store takes no writes", why),
            Health::Gone(why) => ("the store neither reads nor writes", why),
            other => ("the store is not well", format!("{other:?}")),
        };
        Some(Complaint::new(what, why))
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn figures(&self) -> Vec<StoreFigure> {
        let figures = self.0.figures();
        vec![
            StoreFigure::gauge(
                "chat_store_file_bytes",
                "The size of the file.",
                figures.file_bytes as f64,
            ),
            StoreFigure::counter(
                "chat_store_commits_total",
                "Commits that went through.",
                figures.commits,
            ),
            StoreFigure::counter(
                "chat_store_failed_commits_total",
                "Commits that failed.",
                figures.failed_commits,
            ),
            StoreFigure::counter(
                "chat_store_appends_total",
                "Records that were appended.",
                figures.appends,
            ),
            StoreFigure::counter(
                "chat_store_conflicts_total",
                "Appends that did not fit the head of their chat.",
                figures.conflicts,
            ),
            StoreFigure::gauge(
                "chat_store_waiting",
                "Writes that wait for a commit.",
                figures.waiting as f64,
            ),
            histogram(
                "chat_store_group_size",
                "How many writes a commit held.",
                &figures.group_size,
                1.0,
            ),
            histogram(
                "chat_store_commit_seconds",
                "How long commits took.",
                &figures.commit_micros,
                1e-6,
            ),
            histogram(
                "chat_store_append_seconds",
                "From an append to its being durable.",
                &figures.append_micros,
                1e-6,
            ),
        ]
    }
}

fn histogram(name: &'static str, help: &'static str, of: &Buckets, unit: f64) -> StoreFigure {
    let bounds = (0..of.counts.len()).map(|nth| (1_u64 << nth) as f64 * unit);
    StoreFigure::histogram(name, help, bounds.zip(of.counts).collect(), of.sum as f64 * unit)
}

#[cfg(test)]
mod tests {
    use super::StoreName;

    #[test]
    fn names_of_stores_are_told_apart() {
        let cases: [(&str, Result<StoreName, &str>); 6] = [
            (
                "postgres://chat:secret@db/chat",
                Ok(StoreName::Postgres("postgres://chat:secret@db/chat".into())),
            ),
            ("memory", Ok(StoreName::Memory)),
            ("chats.redb", Ok(StoreName::File("chats.redb".into()))),
            ("/var/lib/chat/memory", Ok(StoreName::File("/var/lib/chat/memory".into()))),
            ("", Err("found no text")),
            ("mysql://db/chat", Err("found mysql://…")),
        ];
        for (text, expected) in cases {
            match (StoreName::parse(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "for {text:?}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{found}, for {text:?}"),
                (found, _) => panic!("{found:?}, for {text:?}"),
            }
        }
    }
}
