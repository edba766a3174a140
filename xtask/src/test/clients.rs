//! The tests with clients that nobody here wrote, against the program that users get.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::node::Node;
use super::{Tests, WORKSPACE, apt, python, tools};
use crate::tool::{call, cargo, read};
use crate::{Outcome, repo};

const FOLDER: &str = "tests/clients";
const CLUSTER: &str = "tests/cluster";

pub(super) fn run(tests: &mut Tests) -> Outcome {
    tools::shell()?;
    let ruby = tools::ruby()?;
    let python = python::with_requirements("clients-venv", &format!("{FOLDER}/requirements.txt"))?;
    let node = Node::provide()?;
    let postgres = postgres()?;
    let program = program()?;
    let passed = node.test(FOLDER, |command| {
        command.env("CHAT_BIN", program).env("CLIENTS_PYTHON", python).env("CLIENTS_RUBY", ruby);
        command.env("CLIENTS_POSTGRES", &postgres);
    })?;
    tests.add("clients that are not ours", passed, 0)
}

/// Kills a server that keeps its chats in a file, or what else `killed` says, as often as `kills` says, as
/// the tests do a few times; `seed` repeats a run that printed it.
pub(super) fn kill(killed: &str, kills: &str, seed: Option<&str>) -> Outcome {
    let mut command = alone("durable.test.mjs", seed)?;
    if killed != "file" {
        // What servers say while their database is gone is expected.
        command.env("CLIENTS_POSTGRES", postgres()?).env("RUST_LOG", "error");
    }
    call(command.env("KILLS", kills).env("KILLED", killed))
}

/// Lets subscribers of one of two servers hear `events` of what happens on the other; `seed` repeats a run
/// that printed it.
pub(super) fn deliver(events: &str, seed: Option<&str>) -> Outcome {
    let mut command = alone("nodes.test.mjs", seed)?;
    call(command.env("CLIENTS_POSTGRES", postgres()?).env("EVENTS", events))
}

/// The command that runs the tests in `file` and no other, with the program that users get.
fn alone(file: &str, seed: Option<&str>) -> Result<Command, String> {
    let node = Node::provide()?;
    node.install(FOLDER)?;
    let program = program_of(&["build", "--release", "--locked", "--package", "chat-cli"])?;
    let mut command = node.command("node");
    command.args(["--test", "--test-reporter=spec", "--test-force-exit", file]);
    command.current_dir(repo::root().join(FOLDER)).env("CHAT_BIN", program);
    if let Some(seed) = seed {
        command.env("SEED", seed);
    }
    Ok(command)
}

/// The folder with PostgreSQL's programs.
fn postgres() -> Result<PathBuf, String> {
    super::postgres::provide()?;
    super::postgres::programs()
}

/// Lets the leader of a PostgreSQL cluster die as often as `failovers` says, under the load of two servers;
/// `seed` repeats a run that printed it.
pub(super) fn failover(failovers: &str, seed: Option<&str>) -> Outcome {
    super::postgres::provide()?;
    apt::need("etcd", "etcd-server", "where Patroni keeps who leads")?;
    let venv = python::Venv::provide_for_anybody("cluster-venv")?;
    // Two of the packages come as source only.
    let source = "--no-binary=python-etcd,ydiff";
    let requirements = format!("{CLUSTER}/requirements.txt");
    let lock = ["--require-hashes", "--only-binary=:all:", source, "--requirement", &requirements];
    venv.install(&lock)?;
    let node = Node::provide()?;
    node.install(FOLDER)?;
    let program = program_of(&["build", "--release", "--locked", "--package", "chat-cli"])?;
    let mut command = node.command("node");
    command.args(["--test", "--test-reporter=spec", "--test-force-exit", "failover.test.mjs"]);
    command.current_dir(repo::root().join(CLUSTER)).env("CHAT_BIN", program);
    command.env("CLUSTER_PYTHON", venv.python()).env("FAILOVERS", failovers);
    command.env("CLUSTER_POSTGRES", super::postgres::programs()?);
    // What the servers say while there is no leader is expected.
    command.env("RUST_LOG", "error");
    if let Some(seed) = seed {
        command.env("SEED", seed);
    }
    call(&mut command)
}

/// The binary that the workspace's tests have built already. It is asked for in the same way, so
/// nothing is built twice.
pub(super) fn program() -> Result<PathBuf, String> {
    let mut words = vec!["test"];
    words.extend(WORKSPACE);
    words.push("--no-run");
    program_of(&words)
}

/// The binary that Cargo makes if it is called with `words`.
fn program_of(words: &[&str]) -> Result<PathBuf, String> {
    let artifacts = read(cargo().args(words).arg("--message-format=json"))?;
    artifacts
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["target"]["name"] == "chat" && line["profile"]["test"] == false)
        .find_map(|line| line["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| {
            "expected Cargo to build the program `chat`, found no such artifact".to_owned()
        })
}
