//! THE test command: everything that must pass before a change goes in, what is fast first.
//!
//! Nothing is skipped: a tool that is missing is installed or the command fails.

pub(crate) mod abi;
mod apt;
mod c_library;
mod clients;
mod console;
mod contract;
mod memory;
mod msrv;
pub(crate) mod node;
mod postgres;
mod python;
mod tools;

use std::path::PathBuf;
use std::process::Command;

use crate::tool::{call, cargo, read, watch};
use crate::{Outcome, edges, fuzz, generate, repo, tidy};

/// What all Cargo runs of the workspace have in common, so that they share what they build.
const WORKSPACE: [&str; 3] = ["--workspace", "--all-features", "--locked"];

/// Long enough to see that nothing has come undone; CONTRIBUTING says how to look further.
const FUZZ_SECONDS: u32 = 30;

pub(crate) fn run() -> Outcome {
    count_of(run_all)
}

/// The C library alone, for who works on it.
pub(crate) fn c_library() -> Outcome {
    count_of(c_library::run)
}

/// What others judge the contract by alone, looking for `seconds` at what can be looked at for any time.
pub(crate) fn contract(seconds: Option<&str>) -> Outcome {
    if let Some(number) = seconds.filter(|number| number.parse::<u32>().is_err()) {
        return Err(format!("expected a number of seconds, found {number:?}"));
    }
    count_of(|tests| contract::run(tests, seconds))
}

/// What the tools that watch programs have to say of the C library alone.
pub(crate) fn c_memory() -> Outcome {
    count_of(of_c_memory)
}

/// The console alone.
pub(crate) fn console() -> Outcome {
    count_of(console::run)
}

/// Takes the pictures of the console in docs/images anew.
pub(crate) fn pictures() -> Outcome {
    console::pictures()
}

fn of_c_memory(tests: &mut Tests) -> Outcome {
    step("the binary interface of the C library", || abi::run(tests))?;
    step("memory and threads of the C library", || memory::run(tests))
}

/// Kills a server again and again while clients use it; [`run`] does that a few times, too.
///
/// `killed` is `file` (a server with a file), `database` (what two servers keep their chats in) or `node`
/// (one of the two).
pub(crate) fn kill(killed: &str, kills: &str, seed: Option<&str>) -> Outcome {
    check_numbers(kills, seed)?;
    clients::kill(killed, kills, seed)
}

/// Lets subscribers of one of two servers hear what happens on the other; [`run`] does that for less long,
/// too.
pub(crate) fn deliver(events: &str, seed: Option<&str>) -> Outcome {
    check_numbers(events, seed)?;
    clients::deliver(events, seed)
}

/// Lets the leader of a PostgreSQL cluster die again and again under load.
pub(crate) fn failover(failovers: &str, seed: Option<&str>) -> Outcome {
    check_numbers(failovers, seed)?;
    clients::failover(failovers, seed)
}

fn check_numbers(count: &str, seed: Option<&str>) -> Outcome {
    match std::iter::once(count).chain(seed).find(|number| number.parse::<u32>().is_err()) {
        None => Ok(()),
        Some(number) => Err(format!("expected a number, found {number:?}")),
    }
}

/// Runs `work` and says how many tests that were.
fn count_of(work: impl FnOnce(&mut Tests) -> Outcome) -> Outcome {
    let mut tests = Tests::default();
    work(&mut tests)?;
    let Tests { passed, ignored, parts } = tests;
    println!("\n{}", parts.join("\n"));
    println!("everything passed: {passed} tests passed, 0 failed, {ignored} ignored");
    Ok(())
}

fn run_all(tests: &mut Tests) -> Outcome {
    step("formatting", || call(cargo().args(["fmt", "--all", "--check"])))?;
    step("house rules", tidy::run)?;
    step("crate dependencies", edges::run)?;
    step("generated files", generate::check)?;
    step("lints", || {
        call(
            cargo()
                .arg("clippy")
                .args(WORKSPACE)
                .arg("--all-targets")
                .args(["--", "-D", "warnings"]),
        )
    })?;
    step("PostgreSQL for the tests of the store", postgres::provide)?;
    step("tests", || tests.of_cargo("the workspace", cargo().arg("test").args(WORKSPACE)))?;
    step("tests with the features that an embedder may switch on", || {
        let manifest = ["--manifest-path", "tests/embedder/Cargo.toml", "--locked"];
        let mut command = cargo();
        command.arg("test").args(manifest).env("CARGO_TARGET_DIR", target_folder()?);
        tests.of_cargo("the embedder", &mut command)
    })?;
    step("documentation", || {
        let mut command = cargo();
        command.env("RUSTDOCFLAGS", "-D warnings");
        call(command.arg("doc").args(WORKSPACE).arg("--no-deps"))
    })?;
    step("oldest supported compiler", msrv::check)?;
    step("judges of the contract that are not ours", || contract::run(tests, None))?;
    step("the console in a browser", || console::run(tests))?;
    of_c_memory(tests)?;
    step("random calls of the C library", || {
        apt::need("c++", "g++", "libFuzzer")?;
        fuzz::run(FUZZ_SECONDS)
    })?;
    step("the C library", || c_library::run(tests))?;
    step("clients that are not ours", || clients::run(tests))
}

/// How many tests ran; the count is what shows that they did.
#[derive(Default)]
struct Tests {
    passed: u32,
    ignored: u32,
    parts: Vec<String>,
}

impl Tests {
    fn of_cargo(&mut self, name: &str, command: &mut Command) -> Outcome {
        let (mut passed, mut ignored) = (0, 0);
        watch(command, |line| {
            if let Some(counts) = line.strip_prefix("test result: ") {
                passed += count(counts, "passed");
                ignored += count(counts, "ignored");
            }
        })?;
        self.add(name, passed, ignored)
    }

    /// Adds the tests of one part; a part without any is a part that did not run.
    fn add(&mut self, name: &str, passed: u32, ignored: u32) -> Outcome {
        if passed == 0 {
            return Err(format!("expected tests of {name}, found none that passed"));
        }
        self.passed += passed;
        self.ignored += ignored;
        self.parts.push(format!("{name}: {passed} tests passed"));
        Ok(())
    }
}

/// The number before `word` in a line such as `ok. 3 passed; 0 failed; 1 ignored; …`.
fn count(line: &str, word: &str) -> u32 {
    let before = |part: &str| part.strip_suffix(word)?.split_whitespace().last()?.parse().ok();
    line.split(';').find_map(|part| before(part.trim())).unwrap_or(0)
}

fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n=== {name}");
    work().map_err(|why| format!("{name} failed: {why}"))
}

/// Where Cargo builds; everything that is made for tests goes there too.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let metadata = read(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let folder = metadata["target_directory"].as_str().ok_or("expected a target directory")?;
    Ok(repo::root().join(folder))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_are_read_from_what_the_test_runners_print() {
        let line = "ok. 13 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out";
        assert_eq!((count(line, "passed"), count(line, "ignored")), (13, 2));
        assert_eq!(count("FAILED.", "passed"), 0);
    }
}
