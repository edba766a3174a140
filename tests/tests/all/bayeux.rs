//! Bayeux as it stands on the wire: raw exchanges, one file per behaviour (`tests/bayeux`), played
//! through every door of the server.
//!
//! The same file goes through the router with a clock that is moved by hand, and over the loopback
//! as bytes of HTTP. What says that time passes is the file, never a stop-watch; only the few files
//! that are marked `real_time` are played once more beside the clock of the machine, to show that
//! the timers are wound.

mod clock;
mod doors;
mod exchange;
mod flood;
mod http;
mod matching;
mod play;
mod rules;
mod samples;
mod site;
mod socket;

use std::future::Future;
use std::panic::AssertUnwindSafe;

use doors::DoorKind;
use exchange::Exchanges;

#[test]
fn exchanges_through_the_router() {
    play_all(DoorKind::Router, |file| file.plays_through(DoorKind::Router));
}

#[test]
fn exchanges_over_http() {
    play_all(DoorKind::Loopback, |file| file.plays_through(DoorKind::Loopback));
}

#[test]
fn exchanges_on_real_time() {
    play_all(DoorKind::RealTime, |file| file.real_time);
}

/// Plays every file that `wanted` picks, and fails with all that went wrong.
fn play_all(door: DoorKind, wanted: impl Fn(&Exchanges) -> bool) {
    let files = Exchanges::all();
    let wanted: Vec<_> = files.iter().filter(|(_, file)| wanted(file)).collect();
    assert!(!wanted.is_empty(), "expected files for {door:?}");
    let failures: Vec<String> = wanted
        .iter()
        .filter_map(|(name, file)| {
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
                alone(play::play(name, file, door));
            }));
            outcome.err().map(|why| format!("{name}: {}", said(&*why)))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{door:?}: {} of {} files\n{}",
        failures.len(),
        wanted.len(),
        failures.join("\n")
    );
}

/// Runs one play to its end, with nothing left behind for the next one.
fn alone(play: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(play);
}

fn said(why: &(dyn std::any::Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
