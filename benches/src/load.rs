//! Load on one kind of request: as fast as answers come, or at a rate that does not wait for them.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt as _, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::client::Connection;

/// Waits for `future` without sleeping.
///
/// Waking a process that sleeps on another processor is work of the kernel that is put down to the
/// server that answers it, and falls due the more often the slower the server is.
pub async fn awake<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
        tokio::task::yield_now().await;
    }
}

/// Connections, each with the requests that it sends in turn.
#[derive(Debug)]
pub struct Fleet {
    ships: Vec<Ship>,
}

#[derive(Debug)]
struct Ship {
    connection: Connection,
    requests: Vec<Vec<u8>>,
    turn: usize,
}

impl Ship {
    /// # Panics
    /// If the answer is no success: a bench of refusals is none.
    async fn sail(&mut self) {
        let request = &self.requests[self.turn % self.requests.len()];
        self.turn += 1;
        let reply = self.connection.exchange(request).await.expect("the server answers");
        let is_success = reply.status == 200 && reply.body.starts_with(br#"{"statusCode":0"#);
        assert!(is_success, "{} {}", reply.status, String::from_utf8_lossy(reply.body));
    }
}

impl Fleet {
    /// One connection for each of these lists of requests.
    ///
    /// # Panics
    /// If the server takes no connections.
    pub async fn open(address: &str, requests: Vec<Vec<Vec<u8>>>) -> Self {
        let mut ships = Vec::new();
        for requests in requests {
            let connection = Connection::open(address).await.expect("the server listens");
            ships.push(Ship { connection, requests, turn: 0 });
        }
        Self { ships }
    }

    /// Sends `count` requests, on every connection the next one as soon as the last is answered.
    pub async fn race(&mut self, count: usize) {
        let left = Cell::new(count);
        awake(join_all(self.ships.iter_mut().map(|ship| async {
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                ship.sail().await;
            }
        })))
        .await;
    }

    /// Sends `count` requests at `rate` per second and answers with each one's latency in
    /// microseconds, from the moment at which it was due: what waits for a free connection, or
    /// because the server has stopped for a while, counts.
    pub async fn pace(&mut self, rate: f64, count: usize) -> Vec<f64> {
        let mut latencies = Vec::with_capacity(count);
        let mut idle: Vec<&mut Ship> = self.ships.iter_mut().collect();
        let mut flying = FuturesUnordered::new();
        let (start, mut sent) = (Instant::now(), 0);
        while latencies.len() < count {
            while sent < count {
                let due = start + Duration::from_secs_f64(sent as f64 / rate);
                if due > Instant::now() {
                    break;
                }
                let Some(ship) = idle.pop() else { break };
                flying.push(async move {
                    ship.sail().await;
                    (ship, due.elapsed())
                });
                sent += 1;
            }
            match flying.next().now_or_never() {
                Some(Some((ship, latency))) => {
                    idle.push(ship);
                    latencies.push(latency.as_secs_f64() * 1e6);
                }
                // Timers are too coarse for this: spin, and let the connections be looked at.
                _ => tokio::task::yield_now().await,
            }
        }
        latencies
    }
}
