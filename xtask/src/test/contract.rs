//! The generated contract before judges that nobody here wrote.

use super::node::Node;
use super::{Tests, apt, clients};
use crate::Outcome;

pub(super) fn run(tests: &mut Tests) -> Outcome {
    apt::need("chromium", "chromium", "the page at /docs")?;
    let program = clients::program()?;
    let passed = Node::provide()?.test("tests/contract", |command| {
        command.env("CHAT_BIN", program);
    })?;
    tests.add("judges of the contract that are not ours", passed, 0)
}
