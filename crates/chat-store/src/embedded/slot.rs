//! The open file: how it is opened, how a failure takes it away, and how it comes back.
//!
//! The engine refuses everything once one access has failed, so a store that is to go on must open
//! its file anew. A full disk refuses even that, because opening after a failure writes; then the
//! file is read through an overlay, and reads go on while writes are refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{Builder, Database, ReadTransaction, ReadableDatabase};

use super::disk::{Disk, DiskFaults, Watch};
use super::error::panic_text;
use super::{Broken, OpenError, format};

/// What opening a file takes, the first time and every time after.
pub(super) struct Opening {
    pub(super) path: PathBuf,
    pub(super) cache_bytes: usize,
    pub(super) must_exist: bool,
    pub(super) verify: bool,
    pub(super) faults: Option<DiskFaults>,
    pub(super) watch: Arc<Watch>,
}

impl Opening {
    /// Opens the file for reading and writing.
    pub(super) fn open(&self) -> Result<Database, OpenError> {
        let path = &self.path;
        if self.look()? {
            self.make()?;
        }
        self.open_at(path)
    }

    /// Makes the file under another name first: one whose making was interrupted is no store, and
    /// must not look like somebody's file that happens to be something else.
    fn make(&self) -> Result<(), OpenError> {
        let failed = |error| OpenError::io(&self.path, error);
        let mut unfinished = self.path.clone().into_os_string();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let made = match self.open_at(&unfinished) {
            Err(OpenError::Foreign(_) | OpenError::Damaged(..)) => {
                fs::remove_file(&unfinished).map_err(failed)?;
                self.open_at(&unfinished)
            }
            made => made,
        };
        let closed = made?.close().map_err(|error| OpenError::engine(&self.path, error.into()));
        closed.map_err(|error| self.explain(error))?;
        put_where_nothing_is(&unfinished, &self.path)
            .and_then(|()| sync_directory(&self.path))
            .map_err(failed)
    }

    fn open_at(&self, path: &Path) -> Result<Database, OpenError> {
        let file = self.file(path).map_err(|error| OpenError::io(&self.path, error))?;
        let db = self.engine(self.disk(file)?, self.verify)?;
        format::prepare(&self.path, &db).map_err(|error| self.explain(error))?;
        Ok(db)
    }

    /// Opens the file so that nothing is written to it.
    pub(super) fn open_read_only(&self) -> Result<Database, OpenError> {
        let path = &self.path;
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let (file, locks) = match opened {
            Ok(file) => (file, true),
            Err(_) => (File::open(path).map_err(|error| OpenError::io(path, error))?, false),
        };
        let disk = self.disk(file)?.into_read_only(locks);
        self.engine(disk.map_err(|error| OpenError::io(path, error))?, false)
    }

    fn disk(&self, file: File) -> Result<Disk, OpenError> {
        Disk::new(file, Arc::clone(&self.watch), self.faults.clone())
            .map_err(|error| OpenError::io(&self.path, error))
    }

    fn engine(&self, disk: Disk, verify: bool) -> Result<Database, OpenError> {
        // The engine may panic over a damaged file; that is damage, and no reason to die.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            Builder::new()
                .set_cache_size(self.cache_bytes)
                .set_check_integrity_on_open(verify)
                .create_with_backend(disk)
        }));
        let opened = match opened {
            Ok(opened) => opened.map_err(|error| OpenError::engine(&self.path, error.into())),
            Err(panic) => Err(OpenError::Damaged(self.path.clone(), panic_text(&*panic))),
        };
        opened.map_err(|error| self.explain(error))
    }

    /// What looks like damage is the disk's doing when the disk has just failed.
    fn explain(&self, error: OpenError) -> OpenError {
        match (error, self.watch.take_failure()) {
            (OpenError::Damaged(path, _), Some(failure)) => OpenError::io(&path, failure),
            (error, _) => error,
        }
    }

    /// Looks at what is there before the engine touches it; whether there is nothing yet.
    fn look(&self) -> Result<bool, OpenError> {
        let path = &self.path;
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = directory(path);
                return if !directory.is_dir() {
                    Err(OpenError::NoDirectory(path.clone()))
                } else if self.must_exist {
                    Err(OpenError::Missing(path.clone()))
                } else {
                    Ok(true)
                };
            }
            Err(error) => return Err(OpenError::io(path, error)),
        };
        if !metadata.is_file() {
            return Err(OpenError::Foreign(path.clone()));
        }
        // Asked for by name, because the superuser may write to what is marked read-only.
        if metadata.permissions().readonly() {
            let why = io::Error::new(io::ErrorKind::PermissionDenied, "it is marked read-only");
            return Err(OpenError::NotWritable(path.clone(), why));
        }
        let mut start = Vec::new();
        let file = File::open(path).map_err(|error| OpenError::io(path, error))?;
        let read = file.take(MAGIC.len() as u64).read_to_end(&mut start);
        read.map_err(|error| OpenError::io(path, error))?;
        if start.is_empty() || start == MAGIC {
            Ok(false)
        } else {
            Err(OpenError::Foreign(path.clone()))
        }
    }

    fn file(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(!self.must_exist).truncate(false);
        // Chats are nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    }
}

/// What every file of the engine begins with.
const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A new file is only there for good when its directory says so.
/// Gives a file its name, unless another process was faster: then the other's stays, which may have taken
/// writes already, and whichever process opens it first has it.
fn put_where_nothing_is(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => fs::remove_file(unfinished),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let _ = fs::remove_file(unfinished);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => Ok(()),
        // A file system without links has a window in which a rename could overwrite.
        Err(_) if !path.exists() => fs::rename(unfinished, path),
        Err(error) => Err(error),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory(path))?.sync_all() } else { Ok(()) }
}

/// The open file, or why there is none.
///
/// Readers hold it shared for as long as they read; the writer takes it alone to open it anew, so
/// readers wait for that rather than fail.
pub(super) struct Slot(RwLock<Result<Database, String>>);

impl Slot {
    pub(super) const fn new(db: Database) -> Self {
        Self(RwLock::new(Ok(db)))
    }

    pub(super) fn shared(&self) -> RwLockReadGuard<'_, Result<Database, String>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, Result<Database, String>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one question by one read transaction.
    pub(super) fn read<T>(
        &self,
        question: impl FnOnce(&ReadTransaction) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        let slot = self.shared();
        let db = slot.as_ref().map_err(|why| Broken::new(why.as_str()))?;
        let answered = catch_unwind(AssertUnwindSafe(|| question(&db.begin_read()?)));
        answered.unwrap_or_else(|panic| Err(Broken::panicked(&*panic)))
    }
}

/// Lets go of a file; the engine may panic over one that has failed.
pub(super) fn let_go(slot: &mut Result<Database, String>, why: &str) {
    let was = std::mem::replace(slot, Err(why.to_owned()));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(was)));
}
