//! What crosses the wire, written down so that it can be played again: `chat serve --record`.
//!
//! A [`Recorder`] stands around everything else, faults included, so that a recording holds what a client
//! was sent. Each request, reply and frame is one [`Line`] of a file; secrets are gone before a line is
//! queued (`secrets`). One thread writes; nobody waits for it. What waits to be written is bounded, and a
//! recorder that cannot write any more says so once and lets the server go on.
//!
//! Recorded is the interface, `/api/v2`: pages, figures and health are not.

mod line;
mod rewrite;
mod secrets;
mod wire;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;

pub use line::{Line, LineType, Side};
pub use rewrite::{Edit, rewrite};
pub(crate) use secrets::Secrets;
pub(crate) use wire::{Recorded, answer};

/// Bytes that may wait to be written. Beyond them the recording ends: a gap could not be played.
const WAITING: usize = 64 << 20;

/// How long the end of the server waits for what is still to be written.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes down what crosses the wire. Clones write to the same file.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    started: Duration,
    next: AtomicU64,
    waiting: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    /// Numbers, times and lines are in one order.
    queue: Mutex<Queue>,
}

struct Queue {
    lines: Option<mpsc::Sender<String>>,
    written: u64,
    ended: mpsc::Receiver<()>,
}

impl Recorder {
    /// Begins a recording of the server of `config` in the file at `path`, which only this user may read.
    /// What the file held is gone. The names that stand for secrets follow from `chance`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(
        path: &Path,
        config: &Config,
        clock: Arc<dyn Clock>,
        chance: &dyn Chance,
    ) -> io::Result<Self> {
        let mut file = open(path)?;
        let header = Line::header(config.server.api_url().as_str(), config.is_demo());
        file.write_all(header.to_text().as_bytes())?;
        let (lines, to_write) = mpsc::channel();
        let (tell_end, ended) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let writer = Writer { waiting: waiting.clone(), is_over: is_over.clone() };
        std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
            writer.run(file, &to_write);
            // Nobody may wait for it.
            let _ = tell_end.send(());
        })?;
        Ok(Self(Arc::new(Inner {
            secrets: Secrets::new(chance),
            started: clock.monotonic(),
            clock,
            next: AtomicU64::new(1),
            waiting,
            is_over,
            queue: Mutex::new(Queue { lines: Some(lines), written: 1, ended }),
        })))
    }

    /// Writes the last line, and waits a while until everything is in the file. What happens later is not
    /// recorded.
    pub(crate) fn finish(&self) {
        let mut queue = self.queue();
        if let Some(lines) = queue.lines.take() {
            let line = Line::end(self.now(), queue.written + 1);
            let _ = lines.send(line.to_text());
            drop(lines);
            if queue.ended.recv_timeout(PATIENCE).is_err() {
                tracing::error!("the recording is not complete: it could not be written in time");
            }
        }
    }

    fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }

    fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The number of the next exchange.
    fn number(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        let since = self.0.clock.monotonic().saturating_sub(self.0.started);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Queues a line; the time is put in here, where lines get their order.
    fn write(&self, mut line: Line) {
        if self.is_over() {
            return;
        }
        let mut queue = self.queue();
        line.at = self.now();
        let text = line.to_text();
        let waiting = self.0.waiting.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        if waiting > WAITING {
            self.0.is_over.store(true, Ordering::Relaxed);
            queue.lines = None;
            tracing::error!("the recording ends: it cannot be written as fast as it comes");
            return;
        }
        if let Some(lines) = &queue.lines {
            let _ = lines.send(text);
            queue.written += 1;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A queue is whole between two lines, whatever became of who wrote one.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

/// An ordinary file is made anew, or made the user's own; a pipe or a device is taken as it is.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.set_len(0)?;
    }
    Ok(file)
}

/// What the thread keeps beside the file.
struct Writer {
    waiting: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Writer {
    /// Writes until nobody queues anything any more, or the file takes no more.
    fn run(&self, file: File, lines: &mpsc::Receiver<String>) {
        let mut file = BufWriter::new(file);
        while let Ok(line) = lines.recv() {
            let mut next = Some(line);
            let mut write = || -> io::Result<()> {
                // Whatever is there is written before anything waits.
                while let Some(line) = next.take() {
                    file.write_all(line.as_bytes())?;
                    self.waiting.fetch_sub(line.len(), Ordering::Relaxed);
                    next = lines.try_recv().ok();
                }
                file.flush()
            };
            if let Err(error) = write() {
                self.is_over.store(true, Ordering::Relaxed);
                tracing::error!(%error, "the recording ends: it cannot be written");
                // What is buffered would only fail again.
                let _ = file.into_parts();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
