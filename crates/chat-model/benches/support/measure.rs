//! How the benches measure time: ways interleaved in one process, medians.

use std::time::Instant;

const ROUNDS: usize = 41;
/// One round of one way takes about this long.
const ROUND_NANOS: u128 = 400_000;

/// Median nanoseconds of each way, all of them run in turn in every round.
pub(crate) fn interleave<const N: usize>(ways: &mut [&mut dyn FnMut(); N]) -> [f64; N] {
    let repeats: Vec<usize> = ways
        .iter_mut()
        .map(|way| {
            let mut repeats = 1;
            loop {
                let nanos = time(way, repeats);
                if nanos * 4 > ROUND_NANOS {
                    break (repeats as u128 * ROUND_NANOS / nanos.max(1)).max(1) as usize;
                }
                repeats *= 4;
            }
        })
        .collect();
    let mut samples = vec![Vec::with_capacity(ROUNDS); N];
    for _ in 0..ROUNDS {
        for (at, way) in ways.iter_mut().enumerate() {
            samples[at].push(time(way, repeats[at]) as f64 / repeats[at] as f64);
        }
    }
    core::array::from_fn(|at| {
        samples[at].sort_by(f64::total_cmp);
        samples[at][ROUNDS / 2]
    })
}

fn time(way: &mut dyn FnMut(), repeats: usize) -> u128 {
    let start = Instant::now();
    for _ in 0..repeats {
        way();
    }
    start.elapsed().as_nanos()
}

/// One figure for scripts to read.
pub(crate) fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}
