//! The dependencies between our crates, compared with the picture that readers are shown.
//!
//! The picture is the block `edges` of ARCHITECTURE.md, one `a -> b` a line for "a depends on b". An
//! edge that is not drawn is an error, and so is one that is drawn and does not exist.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tool::{cargo, read};
use crate::{Outcome, repo};

const PICTURE: &str = "ARCHITECTURE.md";
const BLOCK: &str = "```edges\n";

/// These look at all crates, and no crate looks at them.
const ONLOOKERS: [&str; 2] = ["chat-tests", "xtask"];

/// Who depends on whom.
type Edges = BTreeSet<(String, String)>;

pub(crate) fn run() -> Outcome {
    let metadata =
        read(cargo().args(["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let text = repo::text(PICTURE)?.ok_or_else(|| format!("{PICTURE}: expected UTF-8"))?;
    let differences = compare(&drawn(&text)?, &built(&metadata)?);
    if differences.is_empty() {
        println!("the dependencies between the crates are the ones drawn in {PICTURE}");
        Ok(())
    } else {
        Err(format!(
            "{}\nundo it, or draw it in {PICTURE} and give the reason in docs/decisions",
            differences.join("\n")
        ))
    }
}

fn compare(drawn: &Edges, built: &Edges) -> Vec<String> {
    let is_free = |(from, to): &&(String, String)| {
        ONLOOKERS.contains(&from.as_str()) && !ONLOOKERS.contains(&to.as_str())
    };
    let show = |(from, to): &(String, String), what| format!("{from} -> {to} {what}");
    let more = built.difference(drawn).filter(|edge| !is_free(edge));
    let less = drawn.difference(built);
    more.map(|edge| show(edge, "is not drawn"))
        .chain(less.map(|edge| show(edge, "is drawn and does not exist")))
        .collect()
}

fn drawn(text: &str) -> Result<Edges, String> {
    let block = text
        .split_once(BLOCK)
        .and_then(|(_, rest)| Some(rest.split_once("```")?.0))
        .ok_or_else(|| format!("{PICTURE}: expected a block that begins with {BLOCK:?}"))?;
    block
        .lines()
        .map(|line| {
            let (from, to) = line
                .split_once("->")
                .ok_or_else(|| format!("{PICTURE}: expected `a -> b`, found {line:?}"))?;
            Ok((from.trim().to_owned(), to.trim().to_owned()))
        })
        .collect()
}

/// The edges of the workspace, those for tests included: a test that reaches further than its
/// crate may is an edge as well.
fn built(metadata: &Value) -> Result<Edges, String> {
    let packages = metadata["packages"].as_array().ok_or("expected packages in the metadata")?;
    let name = |package: &Value| package["name"].as_str().unwrap_or_default().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let edges = packages.iter().flat_map(|package| {
        let from = name(package);
        let to = package["dependencies"].as_array().into_iter().flatten().map(name);
        to.filter(|to| ours.contains(to)).map(move |to| (from.clone(), to)).collect::<Vec<_>>()
    });
    Ok(edges.collect())
}

#[cfg(test)]
mod tests {
    use super::{built, compare, drawn};

    const TEXT: &str = "# Architecture\n\n```edges\nb -> a\nc -> a\nc -> b\n```\n\n```text\n```\n";

    #[test]
    fn the_picture_is_compared_both_ways() {
        let check = |c: &[&str], xtask: &[&str], expected: &[&str]| {
            let package = |name: &str, to: &[&str]| {
                let to: Vec<_> = to.iter().map(|to| serde_json::json!({ "name": to })).collect();
                serde_json::json!({ "name": name, "dependencies": to })
            };
            let metadata = serde_json::json!({ "packages": [
                package("a", &["serde"]), package("b", &["a", "serde"]), package("c", c),
                package("xtask", xtask), package("chat-tests", &[]),
            ] });
            let found = compare(&drawn(TEXT).unwrap(), &built(&metadata).unwrap());
            assert_eq!(found, expected);
        };
        check(&["a", "b"], &["a", "c"], &[]);
        check(&["a"], &[], &["c -> b is drawn and does not exist"]);
        check(&["a", "b", "c"], &[], &["c -> c is not drawn"]);
        check(&["a", "b", "xtask"], &[], &["c -> xtask is not drawn"]);
        check(&["a", "b"], &["chat-tests"], &["xtask -> chat-tests is not drawn"]);
    }

    #[test]
    fn a_picture_that_cannot_be_read_is_an_error() {
        assert!(drawn("# Architecture\n").is_err());
        assert!(drawn("```edges\na depends on b\n```\n").is_err());
    }
}
