//! What a replay comes to, for people and for programs, and what it measured.

use std::fmt::Write as _;
use std::time::Duration;

use chat_model::write_string;
use tokio::time::Instant;

use super::compare::Difference;
use crate::exit::Failure;
use crate::render;

/// What was counted and measured, over all rounds.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) requests: u64,
    pub(super) notifications: u64,
    begun: Instant,
    /// Requests a second, at most.
    rate: Option<f64>,
    paced: u64,
    /// How many replies took less than so many microseconds: a sixteenth of a power of two each, so that
    /// no number of rounds needs more room.
    took: Box<[u64; BUCKETS]>,
    slowest: Duration,
}

/// Sixteen for every power of two.
const BUCKETS: usize = 64 * 16;

impl Figures {
    pub(super) fn new(rate: Option<f64>) -> Self {
        Self {
            requests: 0,
            notifications: 0,
            begun: Instant::now(),
            rate,
            paced: 0,
            took: Box::new([0; BUCKETS]),
            slowest: Duration::ZERO,
        }
    }

    /// Waits until the next request may be sent.
    pub(super) async fn pace(&mut self) {
        if let Some(rate) = self.rate {
            let due = Duration::try_from_secs_f64(self.paced as f64 / rate).unwrap_or_default();
            tokio::time::sleep_until(self.begun + due).await;
            self.paced += 1;
        }
    }

    /// Takes note of a reply.
    pub(super) fn answered(&mut self, took: Duration) {
        self.requests += 1;
        self.slowest = self.slowest.max(took);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(16);
        let power = us.ilog2();
        let part = (us >> (power - 4)) & 15;
        let bucket = power as usize * 16 + part as usize;
        self.took[bucket.min(BUCKETS - 1)] += 1;
    }

    /// The time within which this share of the replies came, to a sixteenth of it.
    fn within(&self, share: f64) -> Duration {
        let all: u64 = self.took.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut so_far = 0;
        for (bucket, count) in self.took.iter().enumerate() {
            so_far += count;
            if so_far >= wanted && so_far > 0 {
                let (power, part) = (bucket / 16, bucket as u64 % 16);
                let us = ((16 + part + 1) << power) >> 4;
                return Duration::from_micros(us).min(self.slowest);
            }
        }
        Duration::ZERO
    }
}

/// What is said when it is the same all over.
pub(super) fn same(
    figures: &Figures,
    rounds: u64,
    measured: bool,
    json: bool,
) -> Result<(), Failure> {
    let Figures { requests, notifications, .. } = figures;
    let seconds = figures.begun.elapsed().as_secs_f64();
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let (half, most) = (ms(figures.within(0.5)), ms(figures.within(0.99)));
    let slowest = ms(figures.slowest);
    if json {
        let mut line = format!(
            r#"{{"same":true,"rounds":{rounds},"requests":{requests},"notifications":{notifications}"#
        );
        if measured {
            let _ = write!(
                line,
                r#","seconds":{seconds:.3},"latencyMs":{{"p50":{half:.3},"p99":{most:.3},"max":{slowest:.3}}}"#
            );
        }
        return render::line(format_args!("{line}}}"));
    }
    let rounds = if rounds == 1 { String::new() } else { format!(" in {rounds} rounds") };
    render::line(format_args!("same: {requests} requests, {notifications} notifications{rounds}"))?;
    if measured {
        render::line(format_args!(
            "{seconds:.2} s; half of the replies within {half:.1} ms, 99 of 100 within {most:.1} ms, all within \
             {slowest:.1} ms"
        ))?;
    }
    Ok(())
}

/// What is said of the first difference.
pub(super) fn different(
    line: usize,
    round: u64,
    about: &str,
    difference: &Difference,
    json: bool,
) -> Result<(), Failure> {
    let Difference { at, expected, found } = difference;
    if !json {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        let round = if round == 1 { String::new() } else { format!(" in round {round}") };
        return render::line(format_args!(
            "line {line}{round}: {about}\n{at}: expected {}, found {}",
            side(expected),
            side(found)
        ));
    }
    let mut text = format!(r#"{{"same":false,"line":{line},"round":{round},"request":"#);
    write_string(&mut text, about);
    text.push_str(r#","at":"#);
    write_string(&mut text, at);
    for (name, side) in [("expected", expected), ("found", found)] {
        if let Some(side) = side {
            let _ = write!(text, r#","{name}":"#);
            // What is said of an order or of a connection is no JSON of the recording's.
            match super::recording::json(side) {
                Ok(_) => text.push_str(side),
                Err(_) => write_string(&mut text, side),
            }
        }
    }
    render::line(format_args!("{text}}}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Figures;

    #[tokio::test]
    async fn shares_of_replies_are_told_to_a_sixteenth() {
        let mut figures = Figures::new(None);
        for ms in 1..=100 {
            figures.answered(Duration::from_millis(ms));
        }
        for (share, ms) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let told = figures.within(share).as_secs_f64() * 1e3;
            assert!(told >= ms && told <= ms * 17.0 / 16.0 + 0.1, "{share}: {told}");
        }
    }
}
