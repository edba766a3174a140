//! Between the engine and the file: remembers how the disk failed, and keeps writes off it where it
//! is only to be read.
//!
//! The engine refuses everything after one failed access, and says no more than that. What is still
//! true then depends on which access failed: after a failed write the file is as the last commit
//! left it; after a failed sync nobody knows what the disk has, because the kernel may forget what
//! it could not write. So this remembers. And because opening a file after a failure wants to write
//! to it, which a full disk refuses, the writes can go to memory instead.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// One access that is about to be made.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum DiskAccess<'a> {
    /// So many bytes are read from there.
    Read {
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        len: usize,
    },
    /// These bytes are written there.
    Write {
        /// Where in the file.
        offset: u64,
        /// The bytes.
        data: &'a [u8],
    },
    /// The file gets this length.
    SetLen(u64),
    /// Everything written becomes durable.
    Sync,
}

/// Is asked before every access; an error is what the disk then answers. For tests of what disks do.
pub type DiskFaults = Arc<dyn Fn(DiskAccess<'_>) -> io::Result<()> + Send + Sync>;

/// What is remembered across openings of one file.
#[derive(Default)]
pub(super) struct Watch {
    len: AtomicU64,
    sync_failed: AtomicBool,
    failure: Mutex<Option<io::Error>>,
}

impl Watch {
    pub(super) fn file_bytes(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether a sync ever failed: then reading back proves nothing about the disk.
    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::SeqCst)
    }

    /// Whether an access has failed that nobody has asked about.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The first failure since this was last asked.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn failed(&self, doing: &str, error: &io::Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let told = || io::Error::new(error.kind(), format!("{doing} the file failed: {error}"));
        failure.get_or_insert_with(told);
    }
}

/// The file, as the engine is given it.
pub(super) struct Disk {
    file: FileBackend,
    watch: Arc<Watch>,
    faults: Option<DiskFaults>,
    /// Where writes go, when they do not go to the file.
    overlay: Option<Mutex<Overlay>>,
    /// Up to where the file has been written since it was opened; nothing above was.
    filled: Mutex<u64>,
    /// Whether locks can be had: they need a file that is open for writing.
    locks: bool,
}

impl Disk {
    pub(super) fn new(
        file: File,
        watch: Arc<Watch>,
        faults: Option<DiskFaults>,
    ) -> io::Result<Self> {
        let len = file.metadata()?.len();
        watch.len.store(len, Ordering::Relaxed);
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Self { file, watch, faults, overlay: None, filled: Mutex::new(len), locks: true })
    }

    /// Keeps every write in memory from here on. What a failed commit left in the kernel's hands is
    /// made durable first, so that whatever can be read from now on is on the disk.
    pub(super) fn into_read_only(mut self, locks: bool) -> io::Result<Self> {
        self.sync_data()?;
        let len = self.file.len()?;
        self.overlay = Some(Mutex::new(Overlay { len, file_len: len, blocks: BTreeMap::new() }));
        self.locks = locks;
        Ok(self)
    }

    fn access<T>(
        &self,
        doing: &str,
        access: DiskAccess<'_>,
        then: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let asked = self.faults.as_ref().map_or(Ok(()), |faults| faults(access));
        asked.and_then(|()| then()).inspect_err(|error| self.watch.failed(doing, error))
    }

    /// Gives the file room ahead of a write: the engine grows it with a hole, and a sync of what
    /// lies in a hole also waits for the file system to note where it is.
    fn fill(&self, end: u64) -> io::Result<()> {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if end <= *filled {
            return Ok(());
        }
        let up_to = end.saturating_add(AHEAD).min(self.file.len()?.max(end));
        let zeros = vec![0; index(STRIDE.min(up_to - *filled))];
        while *filled < up_to {
            let data = &zeros[..zeros.len().min(index(up_to - *filled))];
            let access = DiskAccess::Write { offset: *filled, data };
            self.access("writing to", access, || self.file.write(*filled, data))?;
            *filled += data.len() as u64;
        }
        Ok(())
    }

    fn overlay(&self) -> Option<MutexGuard<'_, Overlay>> {
        Some(self.overlay.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("file", &self.file).finish_non_exhaustive()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        match self.overlay() {
            Some(overlay) => Ok(overlay.len),
            None => self.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let access = DiskAccess::Read { offset, len: out.len() };
        self.access("reading", access, || match self.overlay() {
            Some(overlay) => overlay.read(&self.file, offset, out),
            None => self.file.read(offset, out),
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if let Some(mut overlay) = self.overlay() {
            overlay.set_len(len);
            return Ok(());
        }
        self.access("growing", DiskAccess::SetLen(len), || self.file.set_len(len))?;
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        *filled = (*filled).min(len);
        self.watch.len.store(len, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.overlay.is_some() {
            return Ok(());
        }
        self.access("syncing", DiskAccess::Sync, || self.file.sync_data())
            .inspect_err(|_| self.watch.sync_failed.store(true, Ordering::SeqCst))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if let Some(mut overlay) = self.overlay() {
            return overlay.write(&self.file, offset, data);
        }
        self.fill(offset + data.len() as u64)?;
        let access = DiskAccess::Write { offset, data };
        self.access("writing to", access, || self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.locks { self.file.try_lock_range(start, end) } else { Ok(true) }
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        if self.locks { self.file.try_lock_shared_range(start, end) } else { Ok(true) }
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.file.lock_range(start, end) } else { Ok(()) }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.file.lock_shared_range(start, end) } else { Ok(()) }
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if self.locks { self.file.unlock_range(start, end) } else { Ok(()) }
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.locks { self.file.query_lock_range(start, end) } else { Ok(false) }
    }
}

const BLOCK: u64 = 4096;

/// How much room the file is given at a time.
const AHEAD: u64 = 4 << 20;

/// How much of that is written at once. Kernels keep in one piece what came in one piece, and look at
/// all of the piece when a page of it is written.
const STRIDE: u64 = 16 << 10;

/// What would have been written, by block.
struct Overlay {
    len: u64,
    /// How much of the file still shows through.
    file_len: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK as usize]>>,
}

impl Overlay {
    fn read(&self, file: &FileBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (at, chunk) in chunks(offset, out) {
            match self.blocks.get(&(at / BLOCK)) {
                Some(block) => {
                    let from = index(at % BLOCK);
                    chunk.copy_from_slice(&block[from..from + chunk.len()]);
                }
                None => self.read_file(file, at, chunk)?,
            }
        }
        Ok(())
    }

    fn read_file(&self, file: &FileBackend, at: u64, out: &mut [u8]) -> io::Result<()> {
        let there = index(self.file_len.saturating_sub(at)).min(out.len());
        let (shows_through, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        if shows_through.is_empty() { Ok(()) } else { file.read(at, shows_through) }
    }

    fn write(&mut self, file: &FileBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut data = data.to_vec();
        self.len = self.len.max(offset + data.len() as u64);
        for (at, chunk) in chunks(offset, &mut data) {
            let nth = at / BLOCK;
            if !self.blocks.contains_key(&nth) {
                let mut block = Box::new([0; BLOCK as usize]);
                self.read_file(file, nth * BLOCK, &mut block[..])?;
                self.blocks.insert(nth, block);
            }
            if let Some(block) = self.blocks.get_mut(&nth) {
                let from = index(at % BLOCK);
                block[from..from + chunk.len()].copy_from_slice(chunk);
            }
        }
        Ok(())
    }

    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.blocks.split_off(&len.div_ceil(BLOCK));
            if let Some(block) = self.blocks.get_mut(&(len / BLOCK)) {
                block[index(len % BLOCK)..].fill(0);
            }
            self.file_len = self.file_len.min(len);
        }
        self.len = len;
    }
}

/// Cuts bytes at the borders of blocks; each piece with its place in the file.
fn chunks(offset: u64, mut bytes: &mut [u8]) -> impl Iterator<Item = (u64, &mut [u8])> {
    let mut at = offset;
    std::iter::from_fn(move || {
        let len = index(BLOCK - at % BLOCK).min(bytes.len());
        let chunk = bytes.split_off_mut(..len).filter(|chunk| !chunk.is_empty())?;
        at += len as u64;
        Some((at - len as u64, chunk))
    })
}

fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
