//! `cargo xtask fuzz`: random sequences of calls of the C library, under AddressSanitizer.
//!
//! cargo-fuzz would want a nightly compiler by its own name; all it does is to pass these flags.
//! `RUSTC_BOOTSTRAP` lets the stable compiler take the one that is not stable, for this build alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool::{announce, call, cargo, program};
use crate::{Outcome, repo, test};

/// What libFuzzer needs to see where a run comes through, and what AddressSanitizer needs.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing -Zsanitizer=address -Ccodegen-units=1";

/// Switches a double free on, to see that one is caught.
const PLANTED: &str = "CHATM_FUZZ_PLANTED";

/// Fuzzes for so many seconds, with what earlier runs have learned.
pub(crate) fn run(seconds: u32) -> Outcome {
    let folder = test::target_folder()?.join("fuzz");
    let (corpus, found) = (folder.join("corpus"), folder.join("found"));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let calls = build(&folder)?;
    catches_what_is_planted(&calls)?;
    let mut fuzzer = fuzzer(&calls);
    fuzzer.arg(&corpus).arg(format!("-max_total_time={seconds}"));
    fuzzer.args(["-max_len=4096", "-print_final_stats=1", "-verbosity=0"]);
    fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
    call(&mut fuzzer).map_err(|why| {
        format!("{why}; `{} FILE` plays a file of {} again", calls.display(), found.display())
    })
}

fn build(folder: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let mut build = cargo();
    build
        .args(["build", "--release", "--locked", "--target", &host, "--manifest-path"])
        .arg(repo::root().join("crates/chat-ffi/fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS);
    call(&mut build)?;
    Ok(folder.join(host).join("release/calls"))
}

/// A harness that finds nothing must be one that can find something.
fn catches_what_is_planted(calls: &Path) -> Outcome {
    let mut fuzzer = fuzzer(calls);
    fuzzer.env(PLANTED, "1").args(["-runs=1", "-artifact_prefix=/dev/null/"]);
    announce(&fuzzer);
    let output = fuzzer.stdout(Stdio::null()).output().map_err(|error| error.to_string())?;
    let report = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !report.contains("AddressSanitizer") {
        return Err(format!("expected a planted double free to be caught, found:\n{report}"));
    }
    println!("a planted double free is caught");
    Ok(())
}

fn fuzzer(calls: &Path) -> Command {
    let mut fuzzer = program(calls);
    fuzzer.env("RUST_BACKTRACE", "0");
    fuzzer
}

/// The machine's own target: with a target named, build scripts are built without the sanitizer.
fn host() -> Result<String, String> {
    let about = crate::tool::read(program("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "expected rustc to name its host".to_owned())
}
