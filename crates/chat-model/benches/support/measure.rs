//! How the benches measure: ways interleaved in one process, medians, an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// How often `run` asked for memory.
pub(crate) fn allocations(run: impl FnOnce()) -> usize {
    let before = CALLS.load(Ordering::Relaxed);
    run();
    CALLS.load(Ordering::Relaxed) - before
}

/// Bytes in use now.
pub(crate) fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

static LIVE: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting what is live and how often it was asked.
struct Counting;

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
