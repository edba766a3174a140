//! House rules that no compiler checks. Each rule is one function that looks at one file.

use std::collections::BTreeSet;

use crate::{Outcome, repo};

/// Lines after which a file has probably become two. Tests and benches may be longer: they are
/// tables, and a table is not easier to read in halves.
const MOST_LINES: usize = 450;
const MOST_LINES_OF_TESTS: usize = 600;

/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[(
    "crates/chat-model/tests/laws.rs",
    "one law after another, all told of the same stories; apart they would run them twice",
)];

/// Words of unfinished work. Put together here so that this file does not contain them.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
];

/// The folders in which machines keep people's work.
const MACHINES: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!(":\\Use", "rs\\"),
    concat!("/tmp/", "target"),
];

/// Where the rules of the interface are written, and the words that their ids begin with.
const RULES: &str = "docs/protocol/";
const RULE_PREFIXES: [&str; 6] = ["BAYEUX", "CHAT", "CUST", "DEC", "NOTIF", "PLAT"];

pub(crate) fn run() -> Outcome {
    let files = repo::files()?;
    let mut texts = Vec::new();
    for path in files {
        if let Some(text) = repo::text(&path)? {
            texts.push((path, text));
        }
    }
    let rules: BTreeSet<String> = texts
        .iter()
        .filter(|(path, _)| path.starts_with(RULES))
        .flat_map(|(_, text)| rule_ids(text).map(str::to_owned))
        .collect();
    let mut complaints = Vec::new();
    for (path, text) in &texts {
        let found = look(path, text, &rules);
        complaints.extend(found.into_iter().map(|complaint| format!("{path}{complaint}")));
    }
    for (path, _) in LONG {
        let is_long = |text: &str| text.lines().count() > most_lines(path);
        if !texts.iter().any(|(other, text)| other == path && is_long(text)) {
            complaints.push(format!("{path}: is no longer long; take it off the list of those"));
        }
    }
    if complaints.is_empty() {
        println!("{} files are tidy", texts.len());
        Ok(())
    } else {
        Err(complaints.join("\n"))
    }
}

/// What is wrong with a file; each complaint begins with `:`, and the line if it has one.
fn look(path: &str, text: &str, rules: &BTreeSet<String>) -> Vec<String> {
    let mut out = Vec::new();
    if path.ends_with(".rs") {
        out.extend(says_why(text));
        out.extend(is_short(path, text));
        if path.ends_with("/mod.rs") {
            out.push(": expected foo.rs beside foo/, found mod.rs".to_owned());
        }
    }
    if path.ends_with("package-lock.json") {
        for (at, _) in numbered(text).filter(|(_, line)| line.contains("\"resolved\": \"http")) {
            out.push(format!(":{at}: expected no address of a registry (see .npmrc)"));
        }
    }
    let is_code = [".rs", ".mjs", ".js", ".toml", ".sh"].iter().any(|end| path.ends_with(end));
    for (at, line) in numbered(text) {
        for word in MACHINES.iter().filter(|word| line.contains(**word)) {
            out.push(format!(":{at}: expected no folder of somebody's machine, found {word}"));
        }
        if !is_code {
            continue;
        }
        for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
            out.push(format!(":{at}: expected finished work, found {word}"));
        }
        for id in rule_ids(line).filter(|id| !rules.contains(*id)) {
            out.push(format!(":{at}: expected a rule of {RULES}, found {id}"));
        }
    }
    out
}

/// Every file opens by saying why it exists.
fn says_why(text: &str) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let why = first.strip_prefix("//! ").unwrap_or_default();
    (why.split_whitespace().count() < 3)
        .then(|| format!(":1: expected `//!` and why the file exists, found {first:?}"))
}

fn is_short(path: &str, text: &str) -> Option<String> {
    let (lines, most) = (text.lines().count(), most_lines(path));
    let excused = LONG.iter().any(|(long, _)| *long == path);
    (lines > most && !excused)
        .then(|| format!(": expected at most {most} lines or a reason in tidy.rs, found {lines}"))
}

fn most_lines(path: &str) -> usize {
    let is_of_tests = ["/tests/", "/benches/", "/tests.rs"].iter().any(|part| path.contains(part));
    if is_of_tests { MOST_LINES_OF_TESTS } else { MOST_LINES }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

/// The ids of rules in `text`, such as `CHAT-7.1-3` or `DEC-2`.
fn rule_ids(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.split(move |c| !is_part(c)).filter_map(|word| {
        let word = word.trim_matches(['.', '-']);
        let (prefix, number) = word.split_once('-')?;
        let is_number = number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
        (RULE_PREFIXES.contains(&prefix) && is_number).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MOST_LINES, MOST_LINES_OF_TESTS, look};

    #[test]
    fn each_rule_finds_what_breaks_it() {
        let check = |path: &str, text: &str, expected: &[&str]| {
            let rules = BTreeSet::from(["DEC-1".to_owned(), "CHAT-7.1-3".to_owned()]);
            let found = look(path, text, &rules);
            assert_eq!(found.len(), expected.len(), "{path}: {found:?}");
            for (complaint, expected) in found.iter().zip(expected) {
                assert!(complaint.contains(expected), "{path}: {complaint:?}");
            }
        };
        let why = "//! This file shows a rule.\n";
        check("a.rs", why, &[]);
        check("a.rs", "use std::fmt;\n", &[":1: expected `//!`"]);
        check("a.rs", "//! x\n", &[":1: expected `//!`"]);
        check("a/mod.rs", why, &["mod.rs"]);
        check("a.rs", &why.repeat(MOST_LINES + 1), &["at most 450 lines"]);
        check("c/tests/a.rs", &why.repeat(MOST_LINES + 1), &[]);
        check("c/tests/a.rs", &why.repeat(MOST_LINES_OF_TESTS + 1), &["at most 600 lines"]);
        check("a.rs", &format!("{why}// DEC-1, (CHAT-7.1-3).\n"), &[]);
        check("a.rs", &format!("{why}\n// {}\n", concat!("DE", "C-99")), &[":3: expected a rule"]);
        check("a.md", concat!("DE", "C-99"), &[]);
        check("a.mjs", concat!("// TO", "DO"), &["finished work"]);
        check("a.md", concat!("see /ho", "me/me/notes"), &["somebody's machine"]);
        let resolved = "\"resolved\": \"https://registry.example/x.tgz\"";
        check("package-lock.json", resolved, &["no address of a registry"]);
        check("other.json", resolved, &[]);
    }
}
