//! A process that is killed while it writes: every acknowledged append is there exactly once, and
//! every feed is complete, however often that happens to one file.
//!
//! The program calls itself as the child that writes and is killed, so it has a `main` of its own.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chat_model::{ChatId, UserId};
use chat_store::embedded::OpenError;
use chat_store::{
    Append, CommandId, FeedId, Head, OnceError, RedbOptions, RedbStore, Store, append_once, check,
};

const KILLS: u64 = 20;
const WRITERS: u64 = 16;
const CHILD: &str = "--child-that-writes";

fn main() {
    let args: Vec<String> = env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match args.iter().position(|arg| arg == CHILD) {
        Some(at) => runtime.block_on(write(Path::new(&args[at + 1]), &args[at + 2])),
        None => {
            runtime.block_on(every_acknowledged_append_survives_every_kill());
            println!("every_acknowledged_append_survives_every_kill ... ok");
        }
    }
}

fn open(file: &Path) -> Result<RedbStore, OpenError> {
    RedbOptions::new(Arc::new(|| 0)).open(file)
}

fn user(name: u64) -> FeedId {
    FeedId::user(&UserId::new(name.to_string()))
}

fn command(round: u64, writer: u64, nth: u64) -> CommandId {
    CommandId::new(
        ((u128::from(round) << 96) | (u128::from(writer) << 64) | u128::from(nth)).to_be_bytes(),
    )
}

/// Writes until it is killed; prints each append once it was acknowledged.
async fn write(file: &Path, round: &str) {
    let round: u64 = round.parse().expect("a number");
    let store = open(file).expect("the child opens the file");
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            // Two writers share a chat.
            let chat = ChatId::new((writer / 2).to_string());
            let feeds = [user(0), user(1 + writer)];
            let payload = vec![7; 2_000];
            for nth in 0.. {
                loop {
                    let loaded = store.load(&chat).await.expect("the store is there");
                    let head = loaded.map_or(Head::NONE, |loaded| loaded.head);
                    let id = command(round, writer, nth);
                    let append = Append::new(&chat, head, id, 0, &payload).feeds(&feeds);
                    match append_once(&store, append.list(&feeds), 3).await {
                        Ok(head) => {
                            // One write of one line, so that a kill cuts between lines.
                            let line = format!("{writer} {nth} {}\n", head.version);
                            std::io::stdout().write_all(line.as_bytes()).expect("a pipe");
                            if nth % 16 == 0 {
                                let _ = store.snapshot(&chat, head, 1, &payload).await;
                            }
                            break;
                        }
                        Err(OnceError::Conflict) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
    }
    writers.join_next().await;
}

async fn every_acknowledged_append_survives_every_kill() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("chats.redb");
    let mut acknowledged: Vec<(u64, CommandId, u64)> = Vec::new();
    let mut drawn = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..KILLS {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        let before = acknowledged.len();
        let child = Killed(spawn(&file, round));
        let lines = child.kill_after(20, Duration::from_micros(drawn % 150_000), || {
            let refused = open(&file).expect_err("a second process is refused");
            assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
            assert!(refused.to_string().contains("PostgreSQL"), "{refused}");
        });
        acknowledged.extend(lines.iter().map(|line| told(round, line)));
        assert!(acknowledged.len() > before, "the child got to writing in round {round}");
        judge(&file, &acknowledged).await;
    }
    println!("{} appends acknowledged over {KILLS} kills", acknowledged.len());
}

fn spawn(file: &Path, round: u64) -> Child {
    Command::new(env::current_exe().expect("this program"))
        .arg(CHILD)
        .arg(file)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts")
}

/// A child that does not outlive its parent's panic.
struct Killed(Child);

impl Killed {
    /// Waits for `least` lines, does something meanwhile, goes on for `span`, kills the child and
    /// answers every line it wrote.
    fn kill_after(mut self, least: usize, span: Duration, meanwhile: impl FnOnce()) -> Vec<String> {
        let out = self.0.stdout.take().expect("the child's lines");
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let count = |_: &_| {
                counter.fetch_add(1, Ordering::SeqCst);
            };
            BufReader::new(out).lines().map(|line| line.expect("a line")).inspect(count).collect()
        });
        while seen.load(Ordering::SeqCst) < least && !reader.is_finished() {
            std::thread::yield_now();
        }
        meanwhile();
        std::thread::sleep(span);
        self.0.kill().expect("the child is killed");
        self.0.wait().expect("the child has ended");
        reader.join().expect("the lines are read")
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The append that a line tells of: its chat, its command and its version.
fn told(round: u64, line: &str) -> (u64, CommandId, u64) {
    let numbers: Vec<u64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
    let [writer, nth, version] = numbers[..] else { panic!("expected three numbers: {line:?}") };
    (writer / 2, command(round, writer, nth), version)
}

/// Opens the file as the next process would, and compares it with what was acknowledged.
async fn judge(file: &Path, acknowledged: &[(u64, CommandId, u64)]) {
    let store = open(file).expect("the file opens after a kill");
    let mut there: BTreeMap<CommandId, Vec<(u64, u64)>> = BTreeMap::new();
    let mut records = 0;
    for chat in 0..WRITERS / 2 {
        let id = ChatId::new(chat.to_string());
        for record in store.records(&id, 0, usize::MAX).await.expect("the records are there") {
            there.entry(record.command).or_default().push((chat, record.version));
            records += 1;
        }
    }
    for (chat, command, version) in acknowledged {
        let found = there.get(command).map_or(&[][..], Vec::as_slice);
        assert_eq!(found, [(*chat, *version)], "an acknowledged append, exactly once");
    }
    assert!(there.values().all(|found| found.len() == 1), "nothing is there twice");
    let page = store.feed(&user(0), 0, usize::MAX).await.expect("the feed is there");
    assert_eq!(page.entries.len(), records, "everybody's feed tells every record");
    let checked = check(&store, |_, _, _| Ok(())).await.expect("the file can be walked");
    assert!(checked.is_sound(), "{:?}", checked.complaints);
    store.close().await;
}
