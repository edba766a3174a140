//! The query of a GET: `subresources`, `fields` and filters (PLAT-1.3).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

/// The parameters of a query, decoded, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A list such as `features,channels`, or `*` for everything.
#[derive(Debug)]
pub(crate) struct Names<'a>(&'a str);

impl<'a> Query<'a> {
    /// Reads a query; what is no valid escape stands for itself.
    pub(crate) fn parse(query: Option<&'a str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// The first parameter of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The first parameter of this name as a list of names; `None` if there is none or it is empty.
    pub(crate) fn list(&self, name: &str) -> Option<Names<'_>> {
        self.get(name).filter(|value| !value.is_empty()).map(Names)
    }
}

impl Names<'_> {
    /// Whether the list has the name, or everything.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.split(',').any(|listed| listed == "*" || listed.trim() == name)
    }

    /// The resource with only the members that the list has (PLAT-1.3-3).
    pub(crate) fn of(&self, resource: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(resource).expect("resources can be printed");
        if let Value::Object(members) = &mut value {
            members.retain(|name, _| self.has(name));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn lists_have_what_they_name_and_a_star_has_everything() {
        for (query, has, has_not) in [
            ("subresources=features,channels", &["features", "channels"][..], &["chats"][..]),
            ("subresources=*", &["features", "chats"], &[]),
            ("subresources=%2A", &["chats"], &[]),
            ("x=1&subresources=features%2C+chats", &["features", "chats"], &["channels"]),
            ("subresources=", &[], &["features"]),
            ("SUBRESOURCES=*", &[], &["features"]),
            ("", &[], &["features"]),
        ] {
            let query = Query::parse(Some(query));
            let wants = |name: &&&str| query.list("subresources").is_some_and(|l| l.has(name));
            assert!(has.iter().all(|name| wants(&name)), "{query:?}");
            assert!(!has_not.iter().any(|name| wants(&name)), "{query:?}");
        }
    }
}
