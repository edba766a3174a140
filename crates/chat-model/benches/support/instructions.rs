//! How the benches count instructions: figures that nothing else on the machine changes.

use std::process::Command;

/// Instructions for one step of `way`, which this bench runs for the arguments `way` and a number of
/// steps; nothing else on the machine changes them. `None` where valgrind is not installed.
pub(crate) fn instructions(way: &str) -> Option<f64> {
    let count = |steps: usize| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args([way, &steps.to_string()])
            .env("RUST_BACKTRACE", "0")
            .output()
            .ok()?;
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = report.lines().find_map(|line| line.split("Collected :").nth(1))?;
        collected.trim().parse().ok()
    };
    // What comes before and after the steps is the same in both.
    Some((count(1_500)? - count(500)?) / 1_000.0)
}
