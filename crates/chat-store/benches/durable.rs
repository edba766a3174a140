//! How near the store in one file comes to what the disk itself can do, in the same run.
//!
//! The baseline is the least that durability costs: a preallocated file, whatever waits written
//! one after the other, and one fdatasync for all of it. Both stand behind the same queue, and
//! rounds alternate; every figure is the median over the rounds. Then 100,000 chats: how long
//! opening takes, what it costs in memory, and how long a chat takes to load.
//! Run with `cargo bench -p chat-store --bench durable`; `CHAT_BENCH_DIR` names another disk.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chat_model::{ChatId, UserId};
use chat_store::{Append, CommandId, FeedId, Head, Import, Record, RedbOptions, RedbStore, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

const ROUNDS: usize = 30;
const ROUND: Duration = Duration::from_millis(300);
const WRITERS: u64 = 64;
const BYTES: usize = 2_048;
const CHATS: u64 = 100_000;

/// What a process is called with that only opens a file, so that its memory is that of opening.
const FRESH: &str = "--open-and-load";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let args: Vec<String> = env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == FRESH) {
        return runtime.block_on(open_and_load(Path::new(&args[at + 1])));
    }
    let place = match env::var_os("CHAT_BENCH_DIR") {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    };
    let place = place.expect("a directory");
    if !args.iter().any(|arg| arg == "many") {
        runtime.block_on(commits(place.path()));
    }
    runtime.block_on(many(place.path()));
}

/// One way of making 2 KB durable.
trait Way: Clone + Send + 'static {
    fn write(&self, writer: u64, payload: &[u8]) -> impl Future<Output = ()> + Send;
}

#[derive(Clone)]
struct Raw(mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>);

impl Raw {
    fn new(path: &Path) -> Self {
        const SIZE: u64 = 256 << 20;
        let file = File::create(path).expect("a file");
        let zeros = vec![0; 16 << 10];
        for at in (0..SIZE).step_by(zeros.len()) {
            file.write_all_at(&zeros, at).expect("room");
        }
        file.sync_all().expect("a disk");
        let (sender, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(4_096);
        std::thread::spawn(move || {
            let mut at = 0;
            while let Some(first) = waiting.blocking_recv() {
                let mut group = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    group.push(next);
                }
                for (bytes, _) in &group {
                    file.write_all_at(bytes, at).expect("room");
                    at = (at + bytes.len() as u64) % (SIZE - BYTES as u64);
                }
                file.sync_data().expect("a disk");
                group.into_iter().for_each(|(_, told)| {
                    let _ = told.send(());
                });
            }
        });
        Self(sender)
    }
}

impl Way for Raw {
    async fn write(&self, _: u64, payload: &[u8]) {
        let (told, answer) = oneshot::channel();
        self.0.send((payload.to_vec(), told)).await.expect("the writer is there");
        answer.await.expect("the writer answers");
    }
}

/// The store; each writer appends to a chat of its own, a new one from time to time.
#[derive(Clone)]
struct Ours {
    store: RedbStore,
    feeds: bool,
    nth: Arc<AtomicU64>,
    heads: Arc<Vec<std::sync::Mutex<(ChatId, Head)>>>,
}

impl Ours {
    fn new(store: RedbStore, feeds: bool) -> Self {
        let empty = || std::sync::Mutex::new((ChatId::new(""), Head::NONE));
        let heads = Arc::new((0..WRITERS).map(|_| empty()).collect());
        Self { store, feeds, nth: Arc::default(), heads }
    }
}

impl Way for Ours {
    async fn write(&self, writer: u64, payload: &[u8]) {
        let nth = self.nth.fetch_add(1, Ordering::Relaxed);
        let slot = &self.heads[usize::try_from(writer).expect("a few writers")];
        let (mut chat, mut head) = slot.lock().expect("a lock").clone();
        if head.version % 50 == 0 {
            let name = format!("{:016x}{}", nth.wrapping_mul(0x9e37_79b9_7f4a_7c15), self.feeds);
            (chat, head) = (ChatId::new(name), Head::NONE);
        }
        let feeds =
            [writer, writer / 8].map(|name| FeedId::user(&UserId::new(format!("agent-{name}"))));
        let id = CommandId::new((u128::from(nth) << 1 | u128::from(self.feeds)).to_be_bytes());
        let append = Append::new(&chat, head, id, 0, payload);
        let append = if self.feeds { append.feeds(&feeds) } else { append };
        let head = self.store.append(append).await.expect("the append goes through");
        *slot.lock().expect("a lock") = (chat, head);
    }
}

/// What one round came to.
struct Round {
    per_second: f64,
    cpu_micros: f64,
    p50_micros: f64,
}

async fn round<W: Way>(way: &W, writers: u64) -> Round {
    let (started, cpu) = (Instant::now(), cpu());
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let way = way.clone();
        tasks.spawn(async move {
            let payload = vec![0x61; BYTES];
            let mut took = Vec::new();
            while started.elapsed() < ROUND {
                let began = Instant::now();
                way.write(writer, &payload).await;
                took.push(began.elapsed().as_secs_f64() * 1e6);
            }
            took
        });
    }
    let took: Vec<f64> = tasks.join_all().await.into_iter().flatten().collect();
    let count = took.len() as f64;
    Round {
        per_second: count / started.elapsed().as_secs_f64(),
        cpu_micros: (self::cpu() - cpu).as_secs_f64() * 1e6 / count,
        p50_micros: percentile(&took, 0.5),
    }
}

async fn commits(place: &Path) {
    let options = RedbOptions::new(Arc::new(|| 0));
    let store = options.open(place.join("bench.redb")).expect("the file opens");
    let raw = Raw::new(&place.join("raw"));
    let (plain, told) = (Ours::new(store.clone(), false), Ours::new(store.clone(), true));
    println!("{:<32} {:>12} {:>12} {:>12}", "2 KB, durable", "per second", "CPU µs", "p50 µs");
    for writers in [WRITERS, 1] {
        let mut rounds: [Vec<Round>; 3] = Default::default();
        for _ in 0..ROUNDS {
            rounds[0].push(round(&raw, writers).await);
            rounds[1].push(round(&plain, writers).await);
            rounds[2].push(round(&told, writers).await);
        }
        let of = |way: usize, figure: fn(&Round) -> f64| {
            let figures: Vec<f64> = rounds[way].iter().map(figure).collect();
            percentile(&figures, 0.5)
        };
        let names = ["the disk alone", "the store", "the store, two feeds told"];
        for (way, name) in names.iter().enumerate() {
            let name = format!("{name}, {writers} writers");
            let (rate, cpu) = (of(way, |r| r.per_second), of(way, |r| r.cpu_micros));
            println!("{name:<32} {rate:>12.0} {cpu:>12.1} {:>12.0}", of(way, |r| r.p50_micros));
        }
        for (way, name) in [(1, "append"), (2, "append_told")] {
            let rate = of(way, |r| r.per_second) / of(0, |r| r.per_second);
            ratio(&format!("durable_{name}_{writers}_writers_of_raw"), rate);
            let cpu = of(way, |r| r.cpu_micros) / of(0, |r| r.cpu_micros);
            ratio(&format!("durable_{name}_{writers}_writers_cpu_of_raw"), cpu);
            let p50 = of(way, |r| r.p50_micros) / of(0, |r| r.p50_micros);
            ratio(&format!("durable_{name}_{writers}_writers_p50_of_raw"), p50);
        }
    }
    let figures = store.figures();
    println!("commits {}, appends {}", figures.commits, figures.appends);
    store.close().await;
}

async fn many(place: &Path) {
    let file = place.join("many.redb");
    let options = RedbOptions::new(Arc::new(|| 0));
    let store = options.open(&file).expect("the file opens");
    let mut tasks = JoinSet::new();
    for nth in 0..CHATS {
        let store = store.clone();
        if tasks.len() == 512 {
            tasks.join_next().await;
        }
        tasks.spawn(async move {
            let record = |version: u64| {
                let id =
                    CommandId::new(((u128::from(nth) << 64) | u128::from(version)).to_be_bytes());
                Record::new(version, 0, id, vec![0x61; 512])
            };
            let records: Vec<Record> = (1..=4).map(record).collect();
            store.import_chat(&name(nth), &records, None).await.expect("imported");
        });
    }
    tasks.join_all().await;
    // As a kill would leave it: open, and never closed.
    let killed = place.join("killed.redb");
    fs::copy(&file, &killed).expect("a copy");
    store.close().await;
    drop(store);

    let mib = fs::metadata(&file).expect("a file").len() >> 20;
    println!("\n100,000 chats of 4 records of 512 bytes: {mib} MiB");
    let this = env::current_exe().expect("this program");
    let fresh = Command::new(this).arg(FRESH).arg(&file).status().expect("the child starts");
    assert!(fresh.success(), "the child ends well");

    let started = Instant::now();
    let store = options.open(&killed).expect("the file opens");
    ratio("durable_many_open_after_kill_ms", started.elapsed().as_secs_f64() * 1e3);
    store.close().await;
}

/// In a process of its own: opens the file and loads chats that are not in the store's memory.
async fn open_and_load(file: &Path) {
    let before = resident_bytes();
    let started = Instant::now();
    let store = RedbOptions::new(Arc::new(|| 0)).open(file).expect("the file opens");
    ratio("durable_many_open_ms", started.elapsed().as_secs_f64() * 1e3);
    let mib = |bytes: u64| bytes.saturating_sub(before) as f64 / f64::from(1 << 20);
    ratio("durable_many_resident_opened_mib", mib(resident_bytes()));
    let mut took = Vec::new();
    for nth in 0..2_000 {
        let chat = name(nth * 7_919 % CHATS);
        let started = Instant::now();
        let loaded = store.load(&chat).await.expect("loads").expect("is there");
        took.push(started.elapsed().as_secs_f64() * 1e3);
        assert_eq!(loaded.records.len(), 4);
    }
    ratio("durable_many_load_p50_ms", percentile(&took, 0.5));
    ratio("durable_many_load_p99_ms", percentile(&took, 0.99));
    ratio("durable_many_resident_loaded_mib", mib(resident_bytes()));
    for nth in 0..CHATS {
        store.load(&name(nth)).await.expect("loads");
    }
    ratio("durable_many_resident_all_read_mib", mib(resident_bytes()));
    store.close().await;
}

fn name(nth: u64) -> ChatId {
    ChatId::new(format!("{:016x}", nth.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}

fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The time that the threads of this process have been running, by the kernel's count.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second number") * 4_096
}
