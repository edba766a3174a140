//! What the recorded server drew by chance, and what this one drew in its place.

use std::collections::BTreeMap;

use super::recording::API;

/// Shorter ones are numbers in an order, which is to be the same.
const SHORTEST_ID: usize = 8;

/// What stands for a secret begins with one of these.
const SECRETS: [&str; 6] = ["client-", "session-", "browser-", "visitor-", "csrf-", "password-"];

/// Recorded names and the actual ones, each for exactly one other.
#[derive(Debug)]
pub(super) struct Names {
    recorded_base: String,
    /// How this server calls its own address, once it has.
    actual_base: Option<String>,
    actual: BTreeMap<String, String>,
    recorded: BTreeMap<String, String>,
    /// What was learned, in order, so that it can be forgotten.
    learned: Vec<String>,
}

impl Names {
    pub(super) fn new(recorded_base: &str) -> Self {
        Self {
            recorded_base: recorded_base.to_owned(),
            actual_base: None,
            actual: BTreeMap::new(),
            recorded: BTreeMap::new(),
            learned: Vec::new(),
        }
    }

    /// The origin of the recorded server.
    pub(super) fn recorded_origin(&self) -> &str {
        self.recorded_base.strip_suffix(API).unwrap_or(&self.recorded_base)
    }

    /// How much is known.
    pub(super) fn mark(&self) -> usize {
        self.learned.len()
    }

    /// Forgets what was learned since.
    pub(super) fn forget(&mut self, mark: usize) {
        for recorded in self.learned.drain(mark..) {
            if let Some(actual) = self.actual.remove(&recorded) {
                self.recorded.remove(&actual);
            }
        }
    }

    /// What stands for `recorded` here, if that is known.
    pub(super) fn get(&self, recorded: &str) -> Option<&str> {
        self.actual.get(recorded).map(String::as_str)
    }

    /// Takes `actual` for what stands for `recorded`; false if either stands for something else.
    pub(super) fn learn(&mut self, recorded: &str, actual: &str) -> bool {
        match (self.actual.get(recorded), self.recorded.get(actual)) {
            (Some(known), _) => known == actual,
            (None, Some(_)) => false,
            (None, None) => {
                self.actual.insert(recorded.to_owned(), actual.to_owned());
                self.recorded.insert(actual.to_owned(), recorded.to_owned());
                self.learned.push(recorded.to_owned());
                true
            }
        }
    }

    /// Whether `actual` is what `recorded` is here, in a member of this name.
    pub(super) fn is_same(&mut self, name: &str, recorded: &str, actual: &str) -> bool {
        if let Some(known) = self.actual.get(recorded) {
            return known == actual;
        }
        if recorded == actual {
            return true;
        }
        if recorded.contains('/') {
            return self.is_same_path(name, recorded, actual);
        }
        if is_secret(recorded) {
            return self.learn(recorded, actual);
        }
        let is_id = is_of_id(name)
            && recorded.len() >= SHORTEST_ID
            && recorded.len() == actual.len()
            && recorded.bytes().zip(actual.bytes()).all(|(one, other)| {
                one == other || one.is_ascii_alphanumeric() && other.is_ascii_alphanumeric()
            });
        if is_id {
            return self.learn(recorded, actual);
        }
        self.translate(recorded) == actual
    }

    fn is_same_path(&mut self, name: &str, recorded: &str, actual: &str) -> bool {
        let recorded = match recorded.strip_prefix(&self.recorded_base) {
            Some(rest) if is_of_id(name) => {
                let base = actual.find(API).map(|at| &actual[..at + API.len()]);
                let Some((base, path)) =
                    base.and_then(|base| Some((base, actual.strip_prefix(base)?)))
                else {
                    return false;
                };
                if self.actual_base.get_or_insert_with(|| base.to_owned()) != base {
                    return false;
                }
                return self.are_same_segments(rest, path);
            }
            _ => recorded,
        };
        match is_of_id(name) {
            true => self.are_same_segments(recorded, actual),
            false => self.translate(recorded) == actual,
        }
    }

    fn are_same_segments(&mut self, recorded: &str, actual: &str) -> bool {
        let (recorded, actual) = (recorded.split('/'), actual.split('/'));
        recorded.clone().count() == actual.clone().count()
            && recorded.zip(actual).all(|(one, other)| self.is_same("id", one, other))
    }

    /// A recorded text with everything in it that has a name of its own here.
    pub(super) fn translate(&self, recorded: &str) -> String {
        if let Some(actual) = self.get(recorded) {
            return actual.to_owned();
        }
        let mut out = String::with_capacity(recorded.len());
        let text = match (&self.actual_base, recorded.contains(&self.recorded_base)) {
            (Some(base), true) => recorded.replace(&self.recorded_base, base),
            _ => recorded.to_owned(),
        };
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            out.push_str(self.get(word).unwrap_or(word));
            let end = tail.find(is_of_word).unwrap_or(tail.len());
            let (between, tail) = tail.split_at(end);
            out.push_str(between);
            rest = tail;
        }
        out
    }

    /// The base that addresses in requests have here: how the server calls itself, or else how it is called.
    pub(super) fn call(&mut self, base: &str) {
        self.actual_base.get_or_insert_with(|| base.to_owned());
    }
}

fn is_secret(text: &str) -> bool {
    let tail = SECRETS.iter().find_map(|kind| text.strip_prefix(kind));
    tail.is_some_and(|tail| tail.len() == 16 && tail.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a member of this name has names that are drawn by chance.
fn is_of_id(name: &str) -> bool {
    matches!(name, "id" | "uri" | "uris" | "path") || name.ends_with("Id") || name.ends_with("Uri")
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_stand_for_one_other_each() {
        let mut names = Names::new("http://a/api/v2");
        let (one, other) = ("0000Wa9CAM6W00J1", "1111Wa9CAM6W00J1");
        assert!(names.is_same("id", one, other));
        assert!(names.is_same(
            "uri",
            &format!("http://a/api/v2/chats/{one}"),
            &format!("http://b/api/v2/chats/{other}")
        ));
        let mark = names.mark();
        assert!(!names.is_same("id", one, "2222Wa9CAM6W00J1"), "it has a name");
        assert!(!names.is_same("id", "3333Wa9CAM6W00J1", other), "somebody else's");
        assert!(!names.is_same("participantId", "1", "2"), "a number in an order");
        assert!(!names.is_same("text", "something", "something else"));
        assert!(names.is_same(
            "statusMessage",
            &format!("no chat {one}"),
            &format!("no chat {other}")
        ));
        assert!(names.is_same("id", "visitor-0123456789abcdef", "any form"));
        names.forget(mark);
        assert_eq!(names.get("visitor-0123456789abcdef"), None);
        assert_eq!(
            names.translate(&format!("http://a/api/v2/me/chats/{one}")),
            format!("http://b/api/v2/me/chats/{other}")
        );
    }
}
