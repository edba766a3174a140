//! How near the store in PostgreSQL comes to what the same server does with the least there is: one
//! row, one commit, over as many connections.
//!
//! Both ways run in turn against one server that is started for this, and every figure is the
//! median over the rounds. Run with `cargo bench -p chat-store --features postgres --bench postgres`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chat_model::{ChatId, UserId};
use chat_store::{Append, CommandId, FeedId, Head, PostgresOptions, PostgresStore, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};

#[allow(dead_code, reason = "the tests need more of a server than this")]
#[path = "../tests/postgres/server.rs"]
mod server;

const ROUNDS: usize = 20;
const ROUND: Duration = Duration::from_millis(400);
const CONNECTIONS: usize = 16;
const BYTES: usize = 2_048;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let server = server::Server::own(&[]);
    let raw = Raw::new(&server).await;
    let options = PostgresOptions::new(&server.url()).expect("an address");
    let store = options.connections(CONNECTIONS).open().await.expect("the database opens");
    let plain = Ours { store: store.clone(), feeds: false, nth: Arc::default() };
    let told = Ours { feeds: true, ..plain.clone() };
    println!("{:<44} {:>12} {:>12}", "2 KB, committed", "per second", "p50 µs");
    for writers in [64, 1] {
        let mut rounds: [Vec<(f64, f64)>; 3] = Default::default();
        for _ in 0..ROUNDS {
            rounds[0].push(round(&raw, writers).await);
            rounds[1].push(round(&plain, writers).await);
            rounds[2].push(round(&told, writers).await);
        }
        let medians = rounds.each_ref().map(|way| {
            let of = |figure: fn(&(f64, f64)) -> f64| median(way.iter().map(figure).collect());
            (of(|round| round.0), of(|round| round.1))
        });
        let names = ["one row by one statement", "an append", "an append, two feeds told"];
        for (name, (rate, p50)) in names.iter().zip(medians) {
            let name = format!("{name}, {writers} writers");
            println!("{name:<44} {rate:>12.0} {p50:>12.0}");
        }
        for (name, (rate, p50)) in [("append", medians[1]), ("append_told", medians[2])] {
            ratio(&format!("postgres_{name}_{writers}_writers_of_raw"), rate / medians[0].0);
            ratio(&format!("postgres_{name}_{writers}_writers_p50_of_raw"), p50 / medians[0].1);
        }
    }
    store.close().await;
}

/// One way of making 2 KB durable.
trait Way: Clone + Send + 'static {
    type Writer: Default + Send;

    fn write(
        &self,
        writer: u64,
        own: &mut Self::Writer,
        payload: &[u8],
    ) -> impl Future<Output = ()> + Send;
}

/// One prepared INSERT of one row into a table with a primary key.
#[derive(Clone)]
struct Raw {
    connections: Arc<Vec<(Client, Statement)>>,
    turns: Arc<Vec<Semaphore>>,
    nth: Arc<AtomicU64>,
}

impl Raw {
    async fn new(server: &server::Server) -> Self {
        let admin = server.admin().await;
        let table = "CREATE TABLE raw (id bigint PRIMARY KEY, payload bytea NOT NULL)";
        admin.batch_execute(table).await.expect("a table");
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let client = server.admin().await;
            let insert = client.prepare("INSERT INTO raw VALUES ($1, $2)").await.expect("fits");
            connections.push((client, insert));
        }
        let turns = (0..CONNECTIONS).map(|_| Semaphore::new(1)).collect();
        let nth = Arc::default();
        Self { connections: Arc::new(connections), turns: Arc::new(turns), nth }
    }
}

impl Way for Raw {
    type Writer = ();

    async fn write(&self, writer: u64, (): &mut (), payload: &[u8]) {
        let nth = i64::try_from(self.nth.fetch_add(1, Ordering::Relaxed)).expect("a few rows");
        let at = usize::try_from(writer).expect("a few writers") % CONNECTIONS;
        let _turn = self.turns[at].acquire().await.expect("never closed");
        let (client, insert) = &self.connections[at];
        client.execute(insert, &[&nth, &payload]).await.expect("the row is kept");
    }
}

/// The store; each writer appends to a chat of its own, a new one from time to time.
#[derive(Clone)]
struct Ours {
    store: PostgresStore,
    feeds: bool,
    nth: Arc<AtomicU64>,
}

impl Way for Ours {
    type Writer = Option<(ChatId, Head)>;

    async fn write(&self, writer: u64, own: &mut Self::Writer, payload: &[u8]) {
        let nth = self.nth.fetch_add(1, Ordering::Relaxed);
        let (chat, head) = match own.take() {
            Some((chat, head)) if head.version < 50 => (chat, head),
            _ => (
                ChatId::new(format!("{:016x}", nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
                Head::NONE,
            ),
        };
        let feeds = [
            FeedId::user(&UserId::new(format!("agent-{writer}"))),
            FeedId::user(&UserId::new(format!("supervisor-{}", writer / 8))),
        ];
        let append =
            Append::new(&chat, head, CommandId::new(u128::from(nth).to_be_bytes()), 0, payload);
        let append = if self.feeds { append.feeds(&feeds) } else { append };
        let head = self.store.append(append).await.expect("the append goes through");
        *own = Some((chat, head));
    }
}

/// Commits per second, and the median time of one.
async fn round<W: Way>(way: &W, writers: u64) -> (f64, f64) {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let way = way.clone();
        tasks.spawn(async move {
            let (payload, mut own) = (vec![0x61; BYTES], W::Writer::default());
            let mut took = Vec::new();
            while started.elapsed() < ROUND {
                let began = Instant::now();
                way.write(writer, &mut own, &payload).await;
                took.push(began.elapsed().as_secs_f64() * 1e6);
            }
            took
        });
    }
    let took: Vec<f64> = tasks.join_all().await.into_iter().flatten().collect();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand commits")]
    let rate = took.len() as f64 / started.elapsed().as_secs_f64();
    (rate, median(took))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}
