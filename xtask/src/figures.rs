//! `cargo xtask figures`: what it takes to build the program from nothing, what comes out, and what
//! an embedder waits for who wants the model alone.
//!
//! Each build has a target folder of its own that is empty before, and needs no network once the
//! dependencies are downloaded. The figures are this machine's; the goals are for two processors.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::Outcome;
use crate::test::target_folder;
use crate::tool::{call, cargo};

/// Seconds of a clean release build of the program.
const BUILD: f64 = 240.0;
/// Megabytes of the program, stripped as the release profile says.
const SIZE: f64 = 12.0;
/// Seconds of a clean release build of the model, whose one large dependency is serde_json.
const MODEL: f64 = 30.0;

pub(crate) fn run() -> Outcome {
    let folder = target_folder()?.join("figures");
    call(cargo().args(["fetch", "--locked"]))?;
    let model = clean_build(&folder, &["-p", "chat-model"])?;
    let build = clean_build(&folder, &["-p", "chat-cli", "--bin", "chat"])?;
    let program = folder.join("release").join(format!("chat{}", std::env::consts::EXE_SUFFIX));
    let size = fs::metadata(&program)
        .map_err(|error| format!("expected Cargo to build the program: {error}"))?;
    remove(&folder)?;

    println!("\n{:<48} {:>12} {:>12}", "goal", "measured", "at most");
    for (name, value, goal) in [
        ("build_release_seconds", build, BUILD),
        ("build_stripped_megabytes", size.len() as f64 / 1e6, SIZE),
        ("build_model_seconds", model, MODEL),
    ] {
        let outcome = if value <= goal { "reached" } else { "NOT REACHED" };
        println!("{name:<48} {value:>12.2} {goal:>12.2}  {outcome}");
        println!("ratio {name} {value:.3}");
    }
    Ok(())
}

/// Seconds that Cargo takes for a release build of `what` into an empty folder.
#[allow(
    clippy::disallowed_methods,
    reason = "a command for developers is the outermost layer: it reads the clock because that is its purpose"
)]
fn clean_build(folder: &Path, what: &[&str]) -> Result<f64, String> {
    remove(folder)?;
    let mut command: Command = cargo();
    command.args(["build", "--release", "--locked", "--offline"]).args(what);
    let (start, used) = (Instant::now(), processor_seconds());
    call(command.env("CARGO_TARGET_DIR", folder))?;
    let elapsed = start.elapsed().as_secs_f64();
    // What else the machine does shows in the first and not in the second.
    if let (Some(before), Some(after)) = (used, processor_seconds()) {
        println!(
            "{elapsed:.1} s, in which the compilers used {:.1} s of the processors",
            after - before
        );
    }
    Ok(elapsed)
}

/// What this program's children have used of the processors so far, where Linux says so: their user
/// and system time, in ticks of a hundredth of a second.
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which ends with the last parenthesis, they are the 14th and 15th word.
    let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| words.get(at)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}

fn remove(folder: &Path) -> Outcome {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
