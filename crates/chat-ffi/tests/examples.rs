//! What the examples in C must print, told by the model alone: each one's scenario, written once more
//! in Rust without a line of this crate.
//!
//! The outputs are committed (`examples/output`), because the examples are compiled and run where there
//! is a C compiler, by `cargo xtask test`, and compared with them there byte for byte.

#[path = "examples/agent_desk.rs"]
mod agent_desk;
#[path = "examples/errors.rs"]
mod errors;
#[path = "examples/replay.rs"]
mod replay;
#[path = "examples/seed.rs"]
mod seed;

use std::fs;
use std::path::Path;

#[test]
fn the_seed_is_what_the_model_says() {
    check("seed", &seed::output());
}

#[test]
fn the_agent_desk_is_what_the_model_says() {
    check("agent_desk", &agent_desk::output());
}

#[test]
fn the_errors_are_what_the_model_says() {
    check("errors", &errors::output());
}

#[test]
fn the_replay_is_what_the_model_says() {
    check("replay", &replay::output());
}

/// Compares `output` with the committed one. A difference leaves the new one in a file.
fn check(name: &str, output: &str) {
    let committed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/output/{name}.txt"));
    let found = fs::read_to_string(&committed).unwrap_or_default();
    if found == output {
        return;
    }
    let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.txt"));
    fs::write(&new, output).expect("the folder for tests can be written");
    let differs = |(one, other): &(&str, &str)| one != other;
    let at = found.lines().zip(output.lines()).position(|pair| differs(&pair));
    let at = at.unwrap_or_else(|| found.lines().count().min(output.lines().count()));
    panic!(
        "line {} of {committed:?} is not what the model says; that is in {new:?}:\n{}",
        at + 1,
        output.lines().nth(at).unwrap_or_default()
    );
}
