//! The log, on standard error: standard output belongs to the greeting.
//!
//! Whatever `RUST_LOG` chooses, it holds nothing that people write to each other. Our own lines are
//! made that way; here is seen to it that nobody else's are different.

use std::io::IsTerminal as _;
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, LevelFilter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::args::LogFormat;
use crate::exit::Failure;
use crate::render;

/// Starts logging what `RUST_LOG` chooses, `info` if it chooses nothing.
pub(super) fn start(format: LogFormat) -> Result<(), Failure> {
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(directives) if !directives.trim().is_empty() => directives
            .parse()
            .map_err(|error| Failure::usage(format!("RUST_LOG: {error}, found {directives:?}")))?,
        _ => EnvFilter::new("info"),
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Told with a macro that panics when standard error is closed, which is just what it tells.
        .log_internal_errors(false)
        .with_ansi(render::has_color(std::io::stderr().is_terminal()));
    let started = match format {
        LogFormat::Text => begin(log, filter),
        LogFormat::Json => begin(log.json().flatten_event(true), filter),
    };
    panic::set_hook(Box::new(|panic| tracing::error!("{}", told_of(panic))));
    started.map_err(|error| Failure::failed(format!("the log cannot be started: {error}")))
}

fn begin(log: impl Layer<Registry> + Send + Sync, filter: EnvFilter) -> Result<(), TryInitError> {
    let is_fit =
        FilterFn::new(|about| !TALKATIVE.iter().any(|library| about.target().starts_with(library)))
            // It lets nothing through that the other one would not. Unsaid, libraries ask it about each
            // line that they would like to write, with each frame of a websocket.
            .with_max_level_hint(LevelFilter::TRACE);
    // One filter made of two: with two in a row the registry finds that one of them wants each span
    // of every request, and keeps it although nothing of it is written.
    tracing_subscriber::registry().with(log.with_filter(filter.and(is_fit))).try_init()
}

/// Libraries that log what they carry: websockets' messages, word for word.
const TALKATIVE: [&str; 2] = ["tungstenite", "tokio_tungstenite"];

/// What the log says of a panic: where, and why if that was written beforehand. A reason that was put
/// together on the spot may quote anything (`unwrap` of an error, a slice of somebody's text).
fn told_of(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    match panic.payload().downcast_ref::<&'static str>() {
        Some(why) => format!("panicked at {place}: {why}"),
        None => format!("panicked at {place}"),
    }
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::{Arc, Mutex};

    use super::told_of;

    /// The hook is the process's, so this is the only test here that panics.
    #[test]
    fn a_panic_is_told_without_what_it_was_about() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hook = panic::take_hook();
        let telling = told.clone();
        panic::set_hook(Box::new(move |panic| telling.lock().unwrap().push(told_of(panic))));
        let secret = "what the visitor said".to_owned();
        let panics: [&(dyn Fn() + panic::RefUnwindSafe); 4] = [
            &|| panic!("the table has no row"),
            &|| panic!("no row for {secret}"),
            &|| assert!(secret.parse::<u8>().map_err(|_| &secret).unwrap() > 0),
            &|| drop(secret[100..].to_owned()),
        ];
        for panics in panics {
            assert!(panic::catch_unwind(panics).is_err());
        }
        panic::set_hook(hook);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 4);
        assert!(told[0].ends_with(": the table has no row"), "{told:?}");
        for line in told.iter() {
            assert!(line.starts_with("panicked at ") && line.contains("log.rs:"), "{line}");
            assert!(!line.contains("visitor"), "{line}");
        }
    }
}
