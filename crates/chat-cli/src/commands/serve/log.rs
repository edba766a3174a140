//! The log, on standard error: standard output belongs to the greeting.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::exit::Failure;

/// Starts logging what `RUST_LOG` chooses, `info` if it chooses nothing.
pub(super) fn start(format: LogFormat) -> Result<(), Failure> {
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(directives) if !directives.trim().is_empty() => directives
            .parse()
            .map_err(|error| Failure::usage(format!("RUST_LOG: {error}, found {directives:?}")))?,
        _ => EnvFilter::new("info"),
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Told with a macro that panics when standard error is closed, which is just what it tells.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::failed(format!("the log cannot be started: {error}")))
}
