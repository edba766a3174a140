//! The rules of docs/protocol as the pages name them: each id is a link to the section that has it.
//!
//! The ids stand in running text, in tables and in what the tables of the code say, so pages are
//! written without links and every id becomes one at the end.

use std::fs;

use crate::repo;

/// The protocol's pages.
const PAGES: [&str; 6] =
    ["chat.md", "customer-chat.md", "platform.md", "notifications.md", "bayeux.md", "decisions.md"];

/// With what the ids of rules begin that are about operations.
const ABOUT_OPERATIONS: [&str; 5] = ["CHAT-7.0-", "CHAT-7.1-", "CHAT-7.2-", "CUST-2.", "DEC-"];
const PREFIXES: [&str; 6] = ["BAYEUX-", "CHAT-", "CUST-", "DEC-", "NOTIF-", "PLAT-"];

/// Every rule, in the order of the pages.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    id: String,
    /// The page and the section on it.
    address: String,
    says: String,
}

impl Rules {
    pub(super) fn read() -> Self {
        let mut rules = Vec::new();
        for page in PAGES {
            let path = repo::root().join("docs/protocol").join(page);
            let text = fs::read_to_string(path).expect("the protocol's pages are there");
            read(page, &text, &mut rules);
        }
        Self(rules)
    }

    /// The ids of those about operations that name `operation`, in the order of the pages.
    /// `by_visitors` tells apart what both sides call alike.
    pub(super) fn about(&self, operation: &str, by_visitors: bool) -> Vec<&str> {
        let of_other = if by_visitors { "CHAT-" } else { "CUST-" };
        let mut found = self.naming(operation, &ABOUT_OPERATIONS);
        found.retain(|id| !id.starts_with(of_other));
        found
    }

    fn naming(&self, operation: &str, kinds: &[&str]) -> Vec<&str> {
        let is_about = |rule: &&Rule| kinds.iter().any(|kind| rule.id.starts_with(kind));
        let found = self.0.iter().filter(is_about).filter(|rule| names(&rule.says, operation));
        found.map(|rule| &*rule.id).collect()
    }

    /// `page` with a link wherever it names a rule, but for code.
    ///
    /// # Panics
    /// If there is no such rule.
    pub(super) fn linked(&self, page: &str) -> String {
        let mut out = String::new();
        let mut is_code = false;
        for line in page.split_inclusive('\n') {
            is_code ^= line.starts_with("```");
            if is_code || line.starts_with("<!--") {
                out.push_str(line);
                continue;
            }
            for (at, part) in line.split('`').enumerate() {
                if at > 0 {
                    out.push('`');
                }
                // Between two of them is code.
                if at % 2 == 1 { out.push_str(part) } else { self.link(part, &mut out) }
            }
        }
        out
    }

    fn link(&self, text: &str, out: &mut String) {
        let is_part = |sign: char| sign.is_ascii_alphanumeric() || "-._/#".contains(sign);
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            let word = &rest[start..];
            let word = &word[..word.find(|sign| !is_part(sign)).unwrap_or(word.len())];
            let id = word.trim_end_matches(['.', '-']);
            out.push_str(&rest[..start]);
            if is_id(id) {
                let rule = self.0.iter().find(|rule| rule.id == id);
                let rule = rule.unwrap_or_else(|| panic!("docs/protocol has no rule {id}"));
                out.push_str(&format!("[{id}](../protocol/{})", rule.address));
                out.push_str(&word[id.len()..]);
            } else {
                out.push_str(word);
            }
            rest = &rest[start + word.len()..];
        }
        out.push_str(rest);
    }
}

/// Takes a page apart: an id in bold at the beginning of a paragraph, item or row is a rule, and so is
/// one at the beginning of a heading.
fn read(page: &str, text: &str, rules: &mut Vec<Rule>) {
    let mut address = page.to_owned();
    // Continuations of a rule are indented, and belong to it.
    let mut is_open = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            address = format!("{page}#{}", anchor(heading));
            is_open = false;
            let id = heading.split(' ').next().filter(|word| is_id(word));
            rules.extend(id.map(|id| Rule {
                id: id.to_owned(),
                address: address.clone(),
                says: String::new(),
            }));
            continue;
        }
        let Some((id, says)) = rule(line) else {
            if let Some(known) = rules.last_mut().filter(|_| is_open && line.starts_with(' ')) {
                known.says.push_str(line);
            }
            continue;
        };
        // A row is about what its first cell names; the others may mention anything.
        let is_row = line.starts_with('|');
        let cell = says.trim_start_matches(" | ").split(" | ").next();
        let says = cell.filter(|_| is_row).unwrap_or(says);
        rules.push(Rule { id: id.to_owned(), address: address.clone(), says: says.to_owned() });
        is_open = true;
    }
}

/// The id with which the line begins, and the rest.
fn rule(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let line = line.strip_prefix("- ").or(line.strip_prefix("| ")).unwrap_or(line);
    line.strip_prefix("**")?.split_once("**").filter(|(id, _)| is_id(id))
}

/// How viewers of Markdown name a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// Whether it has the form of an id, such as `CHAT-7.1-3`, `DEC-2` or `PLAT-1.2-c5`.
fn is_id(word: &str) -> bool {
    let number = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix));
    number.is_some_and(|number| {
        number.starts_with(|sign: char| sign.is_ascii_digit())
            && number.chars().all(|sign| sign.is_ascii_digit() || "-.c".contains(sign))
    })
}

/// Whether `text` has `name` in it as a word of its own.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let is_letter = |sign: char| sign.is_ascii_alphanumeric();
        !text[..at].ends_with(is_letter) && !text[at + name.len()..].starts_with(is_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::{Rules, anchor, names, read};

    #[test]
    fn a_name_is_a_word() {
        for (text, expected) in [
            ("`Leave` ends", true),
            ("LeaveAndComplete", false),
            ("ChatLeave", false),
            ("ChatLeave, then Leave.", true),
        ] {
            assert_eq!(names(text, "Leave"), expected, "{text}");
        }
    }

    #[test]
    fn a_heading_is_named_as_viewers_name_it() {
        assert_eq!(anchor("CHAT-7.0 The operations"), "chat-70-the-operations");
        assert_eq!(anchor("BAYEUX-3 /meta/handshake"), "bayeux-3-metahandshake");
    }

    fn rules() -> Rules {
        let mut rules = Vec::new();
        let page = "# A\n\n## CHAT-1 B c\n\n- **CHAT-1.1** Leave,\n  and Accept\n\n## D\n\n\
            | **DEC-2** | Reject | Leave |\n";
        read("a.md", page, &mut rules);
        Rules(rules)
    }

    #[test]
    fn an_id_is_a_link_to_its_section() {
        for (text, expected) in [
            ("(CHAT-1.1, x)\n", "([CHAT-1.1](../protocol/a.md#chat-1-b-c), x)\n"),
            ("See DEC-2.\n", "See [DEC-2](../protocol/a.md#d).\n"),
            ("CHAT-1", "[CHAT-1](../protocol/a.md#chat-1-b-c)"),
            ("`DEC-2`, NOTIF", "`DEC-2`, NOTIF"),
            ("```json\nDEC-2\n```\n", "```json\nDEC-2\n```\n"),
        ] {
            assert_eq!(rules().linked(text), expected);
        }
    }

    #[test]
    #[should_panic(expected = "docs/protocol has no rule DEC-3")]
    fn an_id_that_no_rule_has_is_noticed() {
        rules().linked("as DEC-3 says");
    }

    #[test]
    fn a_rule_is_about_what_it_names() {
        assert_eq!(rules().naming("Accept", &["CHAT-"]), ["CHAT-1.1"]);
        assert_eq!(rules().naming("Leave", &["CHAT-", "DEC-"]), ["CHAT-1.1"]);
    }
}
