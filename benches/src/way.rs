//! Ways to ask the same, measured in turns: as fast as answers come, then at half of saturation.

use std::time::Instant;

use crate::load::Fleet;
use crate::measure::{median, percentile};
use crate::process::Server;
use crate::subscriber::Subscriber;

/// One way to ask, and what it took in each round.
#[derive(Debug)]
#[non_exhaustive]
pub struct Way<'a> {
    name: &'static str,
    server: &'a Server,
    fleet: Fleet,
    subscriber: Option<&'a Subscriber>,
    /// Whether the disk, not the processor, is what limits it.
    pub waits_for_disk: bool,
    /// Server time of a request, microseconds.
    pub cpu: Vec<f64>,
    /// Requests per second.
    pub rate: Vec<f64>,
    /// The median latency at half of saturation, microseconds.
    pub p50: Vec<f64>,
    /// The latency there that one in a hundred exceeds, microseconds.
    pub p99: Vec<f64>,
}

impl<'a> Way<'a> {
    /// Opens a connection for each of the lists of requests.
    pub async fn open(
        name: &'static str,
        (server, requests, subscriber): (&'a Server, Vec<Vec<Vec<u8>>>, Option<&'a Subscriber>),
    ) -> Self {
        let fleet = Fleet::open(server.address(), requests).await;
        Self {
            name,
            server,
            fleet,
            subscriber,
            waits_for_disk: false,
            cpu: vec![],
            rate: vec![],
            p50: vec![],
            p99: vec![],
        }
    }

    /// Waits until the subscriber, if there is one, has heard of `operations` more.
    async fn is_heard(&self, operations: usize) {
        if let Some(subscriber) = self.subscriber {
            subscriber.hear(operations).await;
        }
    }
}

/// How often, and how many requests of each way at a time.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "benches are all that makes them")]
pub struct Rounds {
    /// Rounds that count; one before them warms up.
    pub rounds: usize,
    /// Requests of a round as fast as answers come.
    pub raced: usize,
    /// Requests of a round at half of saturation.
    pub paced: usize,
}

/// Measures the ways, each in each round; answers with the rates at which latency was taken.
pub async fn measure(ways: &mut [Way<'_>], rounds: &Rounds) -> Vec<f64> {
    for round in 0..=rounds.rounds {
        for way in &mut *ways {
            let before = way.server.cpu();
            let start = Instant::now();
            way.fleet.race(rounds.raced).await;
            let elapsed = start.elapsed();
            let mut after = way.server.cpu();
            way.is_heard(rounds.raced).await;
            if way.subscriber.is_some_and(Subscriber::hears_meanwhile) {
                after = way.server.cpu();
            }
            let cpu = after.micros_since(&before) / rounds.raced as f64;
            if round > 0 {
                way.cpu.push(cpu);
                way.rate.push(rounds.raced as f64 / elapsed.as_secs_f64());
            }
        }
    }
    // The server's processor is busy half of the time, whatever the load could send. One that waits for
    // a disk is not busy, and gets half of what it took.
    let rate = |way: &Way<'_>| match way.waits_for_disk {
        true => median(&way.rate) * 0.5,
        false => 0.5e6 / median(&way.cpu),
    };
    let rates: Vec<f64> = ways.iter().map(rate).collect();
    for round in 0..=rounds.rounds {
        for (at, way) in ways.iter_mut().enumerate() {
            let latencies = way.fleet.pace(rates[at], rounds.paced).await;
            way.is_heard(rounds.paced).await;
            if round > 0 {
                way.p50.push(percentile(&latencies, 0.5));
                way.p99.push(percentile(&latencies, 0.99));
            }
        }
    }
    rates
}

/// Prints a line for each way.
pub fn print(title: &str, ways: &[Way<'_>], rates: &[f64]) {
    println!(
        "{title:<22} {:>14} {:>14} {:>16} {:>10} {:>10}",
        "CPU/request", "requests/s", "paced at", "p50", "p99"
    );
    for (way, rate) in ways.iter().zip(rates) {
        println!(
            "{:<22} {:>11.2} µs {:>14.0} {:>14.0}/s {:>7.0} µs {:>7.0} µs",
            way.name,
            median(&way.cpu),
            median(&way.rate),
            rate,
            median(&way.p50),
            median(&way.p99)
        );
    }
}

/// The median over the rounds of ours by theirs: round by round, so that what disturbs both falls out.
pub fn compare(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios)
}
