//! The generated contract before judges that nobody here wrote.

use super::node::Node;
use super::{Tests, apt, clients, python};
use crate::Outcome;

const FOLDER: &str = "tests/contract";

/// With `seconds`, what looks at random looks for so long, which is in an hour what the tests see in weeks.
pub(super) fn run(tests: &mut Tests, seconds: Option<&str>) -> Outcome {
    apt::need("chromium", "chromium", "the page at /docs")?;
    let program = clients::program()?;
    let requirements = format!("{FOLDER}/requirements.txt");
    let python = python::with_requirements("contract-venv", &requirements)?;
    let passed = Node::provide()?.test(FOLDER, |command| {
        command.env("CHAT_BIN", program).env("CONTRACT_PYTHON", python);
        if let Some(seconds) = seconds {
            command.env("CONTRACT_SECONDS", seconds);
        }
    })?;
    tests.add("judges of the contract that are not ours", passed, 0)
}
