//! Which rules of docs/protocol are about an operation: those that name it.

use std::fs;

use crate::repo;

/// Where rules about operations stand, and with what their ids begin.
const PAGES: [(&str, &[&str]); 3] = [
    ("chat.md", &["CHAT-7.0-", "CHAT-7.1-", "CHAT-7.2-"]),
    ("customer-chat.md", &["CUST-2."]),
    ("decisions.md", &["DEC-"]),
];

/// Every rule about operations: its page, its id, and what it says.
pub(super) struct Rules(Vec<(&'static str, String, String)>);

impl Rules {
    pub(super) fn read() -> Self {
        let mut rules = Vec::new();
        for (page, kinds) in PAGES {
            let path = repo::root().join("docs/protocol").join(page);
            let text = fs::read_to_string(path).expect("the protocol's pages are there");
            for line in text.lines() {
                // Continuations of a rule are indented, and belong to it.
                if line.starts_with(' ') {
                    if let Some((known, _, says)) = rules.last_mut()
                        && *known == page
                    {
                        let says: &mut String = says;
                        says.push_str(line);
                    }
                    continue;
                }
                let Some(rest) = line.strip_prefix("- **").or(line.strip_prefix("| **")) else {
                    continue;
                };
                let Some((id, says)) = rest.split_once("**") else { continue };
                let is_about = kinds.iter().any(|kind| id.starts_with(kind));
                if is_about {
                    // A row is about what its first cell names; the others may mention anything.
                    let is_row = line.starts_with('|');
                    let cell = says.trim_start_matches(" | ").split(" | ").next();
                    let says = cell.filter(|_| is_row).unwrap_or(says);
                    rules.push((page, id.to_owned(), says.to_owned()));
                }
            }
        }
        Self(rules)
    }

    /// Links to those that name `operation`, in the order of the pages. `by_visitors` tells apart what
    /// both sides call alike.
    pub(super) fn about(&self, operation: &str, by_visitors: bool) -> Vec<String> {
        let of_side = |id: &str| !id.starts_with(if by_visitors { "CHAT-" } else { "CUST-" });
        let found = self.0.iter().filter(|(_, id, says)| of_side(id) && names(says, operation));
        found.map(|(page, id, _)| format!("[{id}](../protocol/{page})")).collect()
    }
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
    use super::names;

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
}
