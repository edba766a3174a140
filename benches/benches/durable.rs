//! What does it cost that nothing acknowledged is lost: `POST /api/v2/me/chats/{id}` with
//! AttachUserData on 64 connections, answered when it is on the disk, beside the same in memory and
//! beside the least that the disk asks for.
//!
//! That least is a preallocated file, records of the same size written one after the other as 64 writers
//! bring them, and one fdatasync for all that wait (group commit). Both servers tell a subscriber of
//! every operation before the time is taken. Rounds alternate. Run with
//! `cargo bench -p chat-benches --bench durable`; `CHAT_BENCH_DIR` names another disk.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chat_benches::client::{Connection, request};
use chat_benches::contact_center::{ContactCenter, MEMORY};
use chat_benches::measure::{Goals, median, percentile, ratio};
use chat_benches::process::{Processors, Server, chat};
use chat_benches::subscriber::{Polls, Subscriber};
use chat_benches::way::{self, Rounds, Way, compare};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 64;
const ROUNDS: Rounds = Rounds { rounds: 31, raced: 3_000, paced: 1_000 };

/// Bytes of a record, about: the operation, when and by whom, and what it did.
const RECORD: usize = 512;

/// Chats on disk, and how many records each of them has.
const CHATS: usize = 100_000;
const RECORDS: usize = 4;

/// A chat of agent1 of the demo contact centre, in conversation.
const IMPORTED: &str = r#"{"id":"ID","userData":{"Subject":"Customer support"},"sessionOpen":true,
    "legs":[{"user":"a5e9c0ffee0000000000000000000001","state":"Chatting","role":"Agent",
        "origin":{"transferred":{"by":"a5e9c0ffee0000000000000000000001"}},"person":1}],
    "people":[{"id":"007352CE982D031B","type":"Customer","nickname":"Chris","visibility":"All","present":true,"number":1},
        {"id":"007352CE984F0321","type":"Agent","nickname":"Amy","user":"a5e9c0ffee0000000000000000000001",
            "visibility":"All","present":true,"number":2}],
    "log":[],"revision":0}"#;

/// `agent1:agent1` of the demo contact centre.
const CREDENTIALS: &str = "Authorization: Basic YWdlbnQxOmFnZW50MQ==\r\n";

const BETWEEN_POLLS: Duration = Duration::from_millis(5);

fn main() {
    let processors = Processors::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system has what a runtime needs");
    tokio::task::LocalSet::new().block_on(&runtime, measure(&processors));
}

async fn measure(processors: &Processors) {
    let place = match std::env::var_os("CHAT_BENCH_DIR") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let place = place.expect("a folder for the files");
    let disk = Disk::open(&place.path().join("raw"));
    let file = place.path().join("chats.redb");
    let memory = ContactCenter::open(processors, CONNECTIONS, MEMORY).await;
    let durable = ContactCenter::open(processors, CONNECTIONS, &file.to_string_lossy()).await;
    let polling = [
        Subscriber::of(&memory, Polls::After(BETWEEN_POLLS)).await,
        Subscriber::of(&durable, Polls::After(BETWEEN_POLLS)).await,
    ];
    let with = |center: &ContactCenter| {
        (0..CONNECTIONS).map(|chat| center.attach(chat, &center.cookie)).collect()
    };
    let mut ways = [
        Way::open("in memory", (&memory.server, with(&memory), Some(&*polling[0]))).await,
        Way::open("in one file", (&durable.server, with(&durable), Some(&*polling[1]))).await,
    ];
    ways[1].waits_for_disk = true;

    let mut raw = Vec::new();
    let mut sync = Vec::new();
    for _ in 0..ROUNDS.rounds {
        raw.push(disk.race(CONNECTIONS, ROUNDS.raced).await);
        sync.push(disk.latency(100).await);
    }
    let rates = way::measure(&mut ways, &ROUNDS).await;
    for _ in 0..ROUNDS.rounds {
        raw.push(disk.race(CONNECTIONS, ROUNDS.raced).await);
        sync.push(disk.latency(100).await);
    }

    println!(
        "the disk alone: {:.0} records/s of {RECORD} bytes from {CONNECTIONS} writers, {:.0} µs for one",
        median(&raw),
        median(&sync)
    );
    way::print("AttachUserData", &ways, &rates);
    let [memory, durable] = &ways;
    let mut goals = Goals::default();
    goals.at_least("durable_http_of_raw", median(&durable.rate) / median(&raw), 0.30);
    goals.at_most("durable_http_cpu_vs_memory", compare(&durable.cpu, &memory.cpu), 2.5);
    goals.at_most("durable_http_p50_vs_fdatasync", median(&durable.p50) / median(&sync), 3.0);
    ratio("durable_http_rate_vs_memory", compare(&durable.rate, &memory.rate));
    many(processors, place.path(), &mut goals).await;
    goals.print();
}

/// How long a server takes to start on a file with [`CHATS`] chats, after a proper end and after a kill,
/// how much memory it has then, and how long it takes to read chats that it does not know.
async fn many(processors: &Processors, place: &Path, goals: &mut Goals) {
    let file = place.join("many.redb");
    let (store, lines) = (file.to_string_lossy(), place.join("many.ndjson"));
    write_chats(&lines);
    let started = Instant::now();
    let import = ["store", "import", &store, &lines.to_string_lossy()];
    let imported = Command::new(chat()).args(import).stdout(Stdio::null()).status();
    assert!(imported.is_ok_and(|status| status.success()), "the chats are taken in");
    let seconds = started.elapsed().as_secs_f64();
    let mib = std::fs::metadata(&file).expect("a file").len() >> 20;
    println!("\n{CHATS} chats of {RECORDS} records: {mib} MiB, taken in within {seconds:.1} s");

    for how in ["after_end", "after_kill"] {
        let started = Instant::now();
        let arguments = ["serve", "--store", &store, "--listen", "127.0.0.1:0"];
        let server = Server::start(processors, &chat(), &arguments);
        let took = started.elapsed().as_secs_f64() * 1e3;
        goals.at_most(&format!("durable_serve_start_{how}_ms"), took, 2_000.0);
        let mib = |server: &Server| server.resident() / f64::from(1 << 20);
        ratio(&format!("durable_serve_start_{how}_resident_mib"), mib(&server));
        let mut connection = Connection::open(server.address()).await.expect("the server listens");
        let mut took = Vec::new();
        // The first one waits for the password to be checked.
        for nth in 0..=1_000 {
            let path = format!("/api/v2/me/chats/{}", name(nth * 99));
            let request = request("GET", server.address(), &path, CREDENTIALS, "");
            let started = Instant::now();
            let reply = connection.exchange(&request).await.expect("the server answers");
            assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(reply.body));
            took.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let p99 = percentile(&took[1..], 0.99);
        goals.at_most(&format!("durable_serve_cold_read_{how}_p99_ms"), p99, 5.0);
        ratio(&format!("durable_serve_1000_read_{how}_resident_mib"), mib(&server));
        // The second start finds what this one leaves.
        server.kill();
    }
}

/// Chats as `chat store export` prints them.
fn write_chats(path: &Path) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for nth in 0..CHATS {
        let id = name(nth);
        let record = |version: usize, event: &str| {
            format!(
                r#"{{"version":{version},"atMs":{version},"command":"{nth:024x}{version:08x}","record":{{"at":{version},"by":"house","events":[{event}]}}}}"#
            )
        };
        let imported = format!(
            r#"{{"imported":{{"chat":{}}}}}"#,
            IMPORTED.replace("ID", &id).replace('\n', "")
        );
        let mut records = vec![record(1, &imported)];
        let pairs = |version: usize| {
            let value = "x".repeat(200);
            format!(
                r#"{{"userDataAttached":{{"by":"a5e9c0ffee0000000000000000000001","pairs":{{"k{version}":"{value}"}}}}}}"#
            )
        };
        records.extend((2..=RECORDS).map(|version| record(version, &pairs(version))));
        let records = records.join(",");
        writeln!(out, r#"{{"chat":"{id}","records":[{records}]}}"#).expect("room on the disk");
    }
}

fn name(nth: usize) -> String {
    format!("{nth:016}")
}

/// The disk alone: whatever waits is written and made durable at once.
struct Disk(mpsc::Sender<oneshot::Sender<()>>);

impl Disk {
    fn open(path: &Path) -> Self {
        const SIZE: u64 = 64 << 20;
        let file = File::create(path).expect("a file");
        let zeros = vec![0; 16 << 10];
        for at in (0..SIZE).step_by(zeros.len()) {
            file.write_all_at(&zeros, at).expect("room");
        }
        file.sync_all().expect("a disk");
        let (sender, mut waiting) = mpsc::channel::<oneshot::Sender<()>>(4_096);
        std::thread::spawn(move || {
            let (record, mut at) = (vec![0x61; RECORD], 0);
            while let Some(first) = waiting.blocking_recv() {
                let mut group = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    group.push(next);
                }
                for _ in &group {
                    file.write_all_at(&record, at).expect("room");
                    at = (at + RECORD as u64) % SIZE;
                }
                file.sync_data().expect("a disk");
                group.into_iter().for_each(|told| {
                    let _ = told.send(());
                });
            }
        });
        Self(sender)
    }

    async fn write(sender: &mpsc::Sender<oneshot::Sender<()>>) {
        let (told, answer) = oneshot::channel();
        sender.send(told).await.expect("the writer is there");
        answer.await.expect("the writer answers");
    }

    /// Records per second, brought by so many writers.
    async fn race(&self, writers: usize, records: usize) -> f64 {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..writers {
            let sender = self.0.clone();
            tasks.spawn(async move {
                for _ in 0..records / writers {
                    Self::write(&sender).await;
                }
            });
        }
        tasks.join_all().await;
        (records / writers * writers) as f64 / started.elapsed().as_secs_f64()
    }

    /// The median time of one record that is alone, in microseconds.
    async fn latency(&self, times: usize) -> f64 {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let started = Instant::now();
            Self::write(&self.0).await;
            took.push(started.elapsed().as_secs_f64() * 1e6);
        }
        percentile(&took, 0.5)
    }
}
