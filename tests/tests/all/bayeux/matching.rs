//! What a file writes and what the wire says, compared.
//!
//! `${name}` stands for what is not known beforehand: the first time it is met in an answer it takes
//! the value that came, from then on it is that value, in answers and in requests. `${*}` is any
//! value. A member `"..."` of an object says that others may be there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The values that the names of a file stand for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: BTreeMap<String, Value>,
    secrets: BTreeSet<String>,
}

/// In an object: there may be more.
const MORE: &str = "...";

impl Names {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.known.insert(name.to_owned(), value.into());
    }

    /// `text` with values for names. A name in quotes of its own takes the quotes with it, so that
    /// numbers and arrays stay what they are.
    ///
    /// # Panics
    /// If a name stands for nothing yet.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').expect("a name ends with a brace");
            let value = self.get(name);
            match (before.strip_suffix('"'), after.strip_prefix('"')) {
                (Some(before), Some(after)) if !value.is_string() => {
                    out += before;
                    out += &value.to_string();
                    rest = after;
                }
                _ => {
                    out += before;
                    out += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    rest = after;
                }
            }
        }
        out + rest
    }

    fn get(&self, name: &str) -> &Value {
        self.known
            .get(name)
            .unwrap_or_else(|| panic!("expected a name that is known, found {name}"))
    }

    /// Compares JSON, and names what is not known yet.
    pub(crate) fn meet(&mut self, expected: &Value, found: &Value) -> Result<(), String> {
        match (expected, found) {
            (Value::String(text), _) if is_name(text) => {
                let name = &text[2..text.len() - 1];
                if let Some(name) = name.strip_suffix(SECRET) {
                    return self.meet_secret(name, found.as_str().unwrap_or_default());
                }
                match self.known.get(name) {
                    _ if name == "*" => Ok(()),
                    Some(known) if known == found => Ok(()),
                    Some(known) => Err(format!("expected {name}, which is {known}, found {found}")),
                    None => {
                        self.set(name, found.clone());
                        Ok(())
                    }
                }
            }
            (Value::String(text), Value::String(found)) => self.meet_text(text, found),
            (Value::Array(these), Value::Array(those)) => {
                if these.len() != those.len() {
                    let (these, those) = (these.len(), those.len());
                    return Err(format!("expected {these} elements, found {those}: {found}"));
                }
                let mut pairs = these.iter().zip(those);
                pairs.try_for_each(|(this, that)| self.meet(this, that))
            }
            (Value::Object(these), Value::Object(those)) => {
                let more = these.contains_key(MORE);
                let unknown = those.keys().find(|key| !these.contains_key(*key));
                if let Some(key) = unknown.filter(|_| !more) {
                    return Err(format!("expected no {key:?}, found {found}"));
                }
                for (key, this) in these.iter().filter(|(key, _)| *key != MORE) {
                    let that = those.get(key).ok_or(format!("expected {key:?}, found {found}"))?;
                    self.meet(this, that).map_err(|why| format!("{key}: {why}"))?;
                }
                Ok(())
            }
            _ if expected == found => Ok(()),
            _ => Err(format!("expected {expected}, found {found}")),
        }
    }

    /// 22 letters and digits are 131 bits, if chance chose them (BAYEUX-2.1).
    fn meet_secret(&mut self, name: &str, found: &str) -> Result<(), String> {
        let is_long = found.len() >= 22 && found.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_long || !self.secrets.insert(found.to_owned()) {
            return Err(format!("expected a new secret, found {found:?}"));
        }
        self.set(name, found);
        Ok(())
    }

    /// Compares text to the letter, and names what is not known yet.
    pub(crate) fn meet_text(&mut self, expected: &str, found: &str) -> Result<(), String> {
        let wrong = || format!("expected {expected:?}, found {found:?}");
        let (mut pattern, mut text) = (expected, found);
        while let Some((before, after)) = pattern.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(wrong)?;
            text = text.strip_prefix(before).ok_or_else(wrong)?;
            let known = self.known.get(name).map(|value| match value {
                Value::String(known) => known.clone(),
                other => other.to_string(),
            });
            let value = match &known {
                Some(known) => known.as_str(),
                None => {
                    let stop = after.split("${").next().unwrap_or_default();
                    let end = if stop.is_empty() { Some(text.len()) } else { text.find(stop) };
                    &text[..end.ok_or_else(wrong)?]
                }
            };
            match name.strip_suffix(SECRET) {
                Some(name) => self.meet_secret(name, value)?,
                None if known.is_none() && name != "*" => self.set(name, value),
                None => {}
            }
            text = text.strip_prefix(value).ok_or_else(wrong)?;
            pattern = after;
        }
        if pattern == text { Ok(()) } else { Err(wrong()) }
    }
}

const SECRET: &str = ":secret";

fn is_name(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}') && text.matches("${").count() == 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Names;

    #[test]
    fn what_differs_is_found() {
        for (expected, found, fits) in [
            (json!([1, "${a}"]), json!([1, 2]), true),
            (json!([1]), json!([1, 2]), false),
            (json!(["${a}", "${a}"]), json!([2, 2]), true),
            (json!(["${a}", "${a}"]), json!([2, 3]), false),
            (json!(["${*}", "${*}"]), json!([2, 3]), true),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), false),
            (json!({"a": 1, "...": ""}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1, "...": ""}), json!({"b": 2}), false),
            (json!("x=${a}; y"), json!("x=1; y"), true),
            (json!("x=${a}; y"), json!("x=1; z"), false),
            (json!(["${a}", "<${a}>"]), json!(["1", "<1>"]), true),
            (json!(["${a}", "<${a}>"]), json!(["1", "<2>"]), false),
            (json!(1), json!("1"), false),
        ] {
            assert_eq!(
                Names::default().meet(&expected, &found).is_ok(),
                fits,
                "{expected} {found}"
            );
        }
    }

    #[test]
    fn a_name_in_quotes_keeps_the_type_of_its_value() {
        let mut names = Names::default();
        names.set("n", 7);
        names.set("s", "x");
        assert_eq!(names.fill(r#"["${n}","${s}","-${n}${s}"]"#), r#"[7,"x","-7x"]"#);
    }
}
