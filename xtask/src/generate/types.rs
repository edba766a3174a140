//! The TypeScript types, which openapi-typescript makes from the OpenAPI document (docs/decisions/0024).
//!
//! It wants Node.js; to tell whether the committed types are current wants nothing: their first line names the
//! document that they are of. That nobody has edited them is for the tests that have Node.js anyway.

use std::fs;

use sha2::{Digest as _, Sha256};

use crate::test::node::Node;
use crate::tool::call;
use crate::{Outcome, repo};

pub(super) const PATH: &str = "docs/api/types.d.ts";

/// Where the program lies that makes them.
const FOLDER: &str = "tests/contract";

/// Whether the committed types are of the document among these pages.
pub(super) fn are_current(pages: &[(String, String)]) -> bool {
    let document = pages.iter().find(|(path, _)| path == super::OPENAPI);
    let document = document.map_or("", |(_, text)| text);
    let types = fs::read_to_string(repo::root().join(PATH)).unwrap_or_default();
    types.lines().next() == Some(&*first_line(document))
}

fn first_line(document: &str) -> String {
    let digest: String =
        Sha256::digest(document).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("// Of openapi.json, sha256 {digest}.")
}

/// Makes them of the document as it lies in the repository.
pub(super) fn write() -> Outcome {
    let node = Node::provide()?;
    node.install(FOLDER)?;
    let mut command = node.command("node");
    let types = repo::root().join(PATH);
    call(command.args(["types.mjs"]).arg(types).current_dir(repo::root().join(FOLDER)))
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn the_first_line_is_that_of_the_program() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(first_line(""), format!("// Of openapi.json, sha256 {digest}."));
    }
}
