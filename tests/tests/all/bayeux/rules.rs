//! THE table of what is shown: every rule of docs/protocol/bayeux.md has a file that shows it, or a
//! reason here why none can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::exchange::Exchanges;

/// Rules, or whole sections, that no exchange can show, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    (
        "BAYEUX-1.13",
        "HTTP/1.1 answers the requests of a connection in their order, so that it is the client that must not send one behind a held connect",
    ),
    (
        "BAYEUX-3.6",
        "an option of CometD that is not offered; 3.2-handshake-reply shows that its advice is not sent",
    ),
    ("BAYEUX-7.10", "nothing here deletes messages of clients"),
    ("BAYEUX-11", "lazy messages are a flag inside a server, and nothing here sets it"),
    (
        "BAYEUX-13",
        "the defaults of CometD, which are not promised; ours are those of the configuration",
    ),
    ("BAYEUX-14", "what clients do, of which those that can be had play in tests/clients"),
    ("BAYEUX-16", "what nobody has verified about CometD"),
];

/// Every rule is shown or has its reason, and not both; nobody claims a rule that does not exist.
#[test]
fn every_rule_is_shown_or_has_a_reason() {
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, file) in Exchanges::all() {
        assert!(!file.rules.is_empty(), "{name}: expected the rules that it shows");
        for rule in file.rules {
            shown.entry(rule).or_default().push(name.clone());
        }
    }
    let rules = rules();
    let mut wrong = Vec::new();
    for (rule, files) in &shown {
        if !rules.contains(rule) {
            wrong.push(format!("{rule}: {files:?} show a rule that does not exist"));
        }
    }
    for rule in rules.iter().filter(|rule| rule.starts_with("BAYEUX-")) {
        let reason = NOT_SHOWN.iter().find(|(which, _)| is_in(rule, which));
        match (shown.get(rule), reason) {
            (None, None) => wrong.push(format!("{rule}: neither shown nor excused")),
            (Some(files), Some((which, _))) => {
                wrong.push(format!("{rule}: {files:?} show it, and {which} is excused"));
            }
            _ => {}
        }
    }
    for (which, _) in NOT_SHOWN {
        if !rules.iter().any(|rule| is_in(rule, which)) {
            wrong.push(format!("{which}: excused, and no rule"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file is called after the first rule that it shows, without the `BAYEUX-` that most begin with.
#[test]
fn files_are_called_after_their_rules() {
    for (name, file) in Exchanges::all() {
        let first = file.rules.first().map(String::as_str).unwrap_or_default();
        let prefix = format!("{}-", first.strip_prefix("BAYEUX-").unwrap_or(first));
        assert!(name.starts_with(&prefix), "{name}: expected a name that begins with {prefix}");
    }
}

/// Whether `rule` is `which` or a part of it.
fn is_in(rule: &str, which: &str) -> bool {
    rule.strip_prefix(which).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// The ids of every rule, as docs/protocol defines them: in bold.
fn rules() -> BTreeSet<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol");
    let pages = std::fs::read_dir(folder).expect("the protocol is described");
    let texts = pages.map(|page| {
        std::fs::read_to_string(page.expect("readable").path()).expect("a page is text")
    });
    let mut rules = BTreeSet::new();
    for text in texts {
        for prefix in ["BAYEUX-", "DEC-", "NOTIF-", "PLAT-"] {
            let marked = format!("**{prefix}");
            for (at, _) in text.match_indices(&marked) {
                let rest = &text[at + 2..];
                let id = rest.split("**").next().unwrap_or_default();
                rules.insert(id.to_owned());
            }
        }
    }
    rules
}
