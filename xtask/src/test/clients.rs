//! The tests with clients that nobody here wrote, against the program that users get.

use std::path::PathBuf;

use serde_json::Value;

use super::node::Node;
use super::{Tests, WORKSPACE, python, tools};
use crate::Outcome;
use crate::tool::{cargo, read};

const FOLDER: &str = "tests/clients";

pub(super) fn run(tests: &mut Tests) -> Outcome {
    tools::shell()?;
    let ruby = tools::ruby()?;
    let python = python::with_requirements("clients-venv", &format!("{FOLDER}/requirements.txt"))?;
    let node = Node::provide()?;
    let program = program()?;
    let passed = node.test(FOLDER, |command| {
        command.env("CHAT_BIN", program).env("CLIENTS_PYTHON", python).env("CLIENTS_RUBY", ruby);
    })?;
    tests.add("clients that are not ours", passed, 0)
}

/// The binary that the workspace's tests have built already. It is asked for in the same way, so
/// nothing is built twice.
fn program() -> Result<PathBuf, String> {
    let mut command = cargo();
    command.arg("test").args(WORKSPACE).args(["--no-run", "--message-format=json"]);
    let artifacts = read(&mut command)?;
    artifacts
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["target"]["name"] == "chat" && line["profile"]["test"] == false)
        .find_map(|line| line["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| {
            "expected Cargo to build the program `chat`, found no such artifact".to_owned()
        })
}
