//! The pages at `/console` in a browser, as people use them, and the pictures of them in the documentation.

use std::path::PathBuf;

use super::node::Node;
use super::{Tests, apt, clients};
use crate::tool::call;
use crate::{Outcome, repo};

const FOLDER: &str = "tests/console";

pub(super) fn run(tests: &mut Tests) -> Outcome {
    let (node, program) = provide()?;
    let passed = node.test(FOLDER, |command| {
        command.env("CHAT_BIN", program);
    })?;
    tests.add("the console in a browser", passed, 0)
}

pub(super) fn pictures() -> Outcome {
    let (node, program) = provide()?;
    node.install(FOLDER)?;
    let mut command = node.command("node");
    command.arg("pictures.mjs").current_dir(repo::root().join(FOLDER));
    call(command.env("CHAT_BIN", program))
}

fn provide() -> Result<(Node, PathBuf), String> {
    apt::need("chromium", "chromium", "the pages at /console")?;
    Ok((Node::provide()?, clients::program()?))
}
