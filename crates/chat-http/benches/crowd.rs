//! A whole contact centre under load for a minute: 200 agents, 1,000 customers, everything at
//! random, and afterwards the proof that nobody missed anything.
//!
//! `cargo bench -p chat-http --bench crowd -- [seconds [seed [agents [chats]]]]`; the defaults are
//! 60 s, a seed of the moment, 200 and 1,000. Exits with 1 if anything was wrong. The times are
//! those of clients in the same process: they say how the server behaves when it has too little
//! of the machine, not how fast it is.

#[path = "../tests/crowd/play.rs"]
mod play;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use chat_http::{Clock as _, SystemClock};
use play::{Outcome, Plan, play};

fn main() -> ExitCode {
    // Among the tests, where nobody asks for a measurement, a moment and a few people suffice.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let defaults = if measures { [60, 200, 1_000] } else { [1, 8, 16] };
    let mut numbers = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut number = |name: &str, default: u64| match numbers.next() {
        None => default,
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name}: a number, not {text:?}")),
    };
    let moment = u64::try_from(SystemClock::new().now_ms()).unwrap_or(0);
    let plan = Plan {
        seconds: number("seconds", defaults[0]) as u32,
        seed: number("seed", moment),
        agents: number("agents", defaults[1]) as usize,
        chats: number("chats", defaults[2]) as usize,
    };
    println!(
        "{} agents, {} customers, {} s, seed {}",
        plan.agents, plan.chats, plan.seconds, plan.seed
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.expect("the machine has threads").block_on(play(plan));
    print(&outcome);
    for fault in outcome.faults.iter().take(50) {
        println!("FAULT {fault}");
    }
    match outcome.faults.len() {
        0 => ExitCode::SUCCESS,
        count => {
            println!("{count} faults; again with the seed {}", plan.seed);
            ExitCode::FAILURE
        }
    }
}

fn print(outcome: &Outcome) {
    let figures = &outcome.floor.figures;
    let get = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!("operations            {:>10}", get(&figures.operations));
    println!("chats                 {:>10}", outcome.truth.chats.len());
    println!("notifications         {:>10}", get(&figures.notifications));
    println!("  of chats, compared  {:>10}", outcome.agreed);
    println!("  due at the end      {:>10}", outcome.due);
    println!("  of readiness        {:>10}", get(&figures.readiness));
    println!("sessions              {:>10}", outcome.sessions);
    println!("recoveries after 402  {:>10}", get(&figures.recoveries));
    println!("polls broken          {:>10}", get(&figures.broken));
    for name in ["chat_records_total", "chat_conflicts_total"] {
        let line = outcome.metrics.lines().find_map(|line| line.strip_prefix(name));
        println!("{name:<22}{:>10}", line.unwrap_or(" -").trim());
    }
    for (code, count) in figures.codes.lock().expect("nobody panicked").iter() {
        println!("statusCode {code:<11}{count:>10}");
    }
    let mut latencies = figures.latencies.lock().expect("nobody panicked").clone();
    latencies.sort_unstable();
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        if let Some(last) = latencies.len().checked_sub(1) {
            let at = (last as f64 * part) as usize;
            println!("latency {name}           {:>10.1} ms", f64::from(latencies[at]) / 1_000.0);
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!(
            "memory, server, clients and journal: {}",
            line.trim_start_matches("VmHWM:").trim()
        );
    }
}
