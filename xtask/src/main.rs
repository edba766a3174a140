//! `cargo xtask`: what the repository does to itself, in Rust, so that a toolchain is all one needs.

mod edges;
mod figures;
mod fuzz;
mod generate;
mod install;
mod repo;
mod test;
mod tidy;
mod tool;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  test          everything that must pass before a change goes in
  test c-library
                of that, what the C library is tested with from outside
  test console  of that, the pages at /console in a browser
  test c-memory of that, the C library under abidiff, valgrind and the sanitizers
  test contract [SECONDS]
                of that, the judges of the contract; SECONDS for each part of looking at random (12)
  tidy          house rules that no compiler checks
  edges         compares the dependencies between the crates with the picture in ARCHITECTURE.md
  abi           compares the binary interface of the C library with its baseline
  abi --accept  takes the interface as it is for the baseline
  fuzz [N]      random calls of the C library under AddressSanitizer, for N seconds (600)
  kill [--database | --node] [N] [SEED]
                kills a server with a file under load N times (50) and looks for what is lost, doubled or
                reordered; or the PostgreSQL of two servers, or one of the two
  deliver [N] [SEED]
                lets subscribers of one of two servers hear N events (10,000) of the other, looks for what is
                lost, doubled or reordered, and prints how long they took
  failover [N] [SEED]
                lets the leader of a PostgreSQL cluster under Patroni die N times (4) under load, and looks for what is lost
  pictures      takes the pictures of the console in docs/images anew
  figures       what a clean build takes, and how large the program is
  gen           rewrites the generated files from the tables in the code
  gen --check   fails if a generated file is stale
  install --prefix DIR
                builds the C library and lays it out below DIR: lib, include, pkg-config, CMake, examples";

/// What a command could not do, in words for a person.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["test"] => test::run(),
        ["test", "c-library"] => test::c_library(),
        ["test", "c-memory"] => test::c_memory(),
        ["test", "contract"] => test::contract(None),
        ["test", "contract", seconds] => test::contract(Some(seconds)),
        ["test", "console"] => test::console(),
        ["pictures"] => test::pictures(),
        ["tidy"] => tidy::run(),
        ["edges"] => edges::run(),
        ["abi"] => test::abi::check(),
        ["abi", "--accept"] => test::abi::accept(),
        ["fuzz"] => fuzz::run(600),
        ["fuzz", seconds] => match seconds.parse() {
            Ok(seconds) => fuzz::run(seconds),
            Err(_) => Err(format!("expected a number of seconds, found {seconds:?}")),
        },
        ["kill", "--database", ref rest @ ..] => {
            counted(rest, "50", |n, seed| test::kill("database", n, seed))
        }
        ["kill", "--node", ref rest @ ..] => {
            counted(rest, "50", |n, seed| test::kill("node", n, seed))
        }
        ["kill", ref rest @ ..] => counted(rest, "50", |n, seed| test::kill("file", n, seed)),
        ["deliver", ref rest @ ..] => counted(rest, "10000", test::deliver),
        ["failover", ref rest @ ..] => counted(rest, "4", test::failover),
        ["figures"] => figures::run(),
        ["gen"] => generate::write(),
        ["gen", "--check"] => generate::check(),
        ["install", "--prefix", prefix] => install::run(prefix.as_ref()),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("expected one of its commands, found {args:?}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cargo xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `command` with the number and the seed that `words` say; `number` if they say none.
fn counted(
    words: &[&str],
    number: &str,
    command: impl FnOnce(&str, Option<&str>) -> Outcome,
) -> Outcome {
    match words {
        [] => command(number, None),
        [number] => command(number, None),
        [number, seed] => command(number, Some(seed)),
        _ => Err(format!("expected a number and a seed, found {words:?}")),
    }
}
