//! The query of a GET: `subresources`, `fields`, filters and pages (PLAT-1.3).

use std::borrow::Cow;

use chat_model::Rejection;

use crate::reply::Refusal;

/// The parameters of a query, decoded, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A list such as `features,channels`, or `*` for everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a>(&'a str);

/// Which part of a collection is asked for (PLAT-1.3-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many are passed over.
    pub(crate) offset: usize,
    /// How many are returned at most.
    pub(crate) limit: usize,
}

/// What one page can hold at most.
const MOST_OF_A_PAGE: u64 = 10_000;

impl<'a> Query<'a> {
    /// Reads a query; what is no valid escape stands for itself.
    pub(crate) fn parse(query: Option<&'a str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// The first parameter of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// Every parameter, in the order in which they came.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The first parameter of this name as a list of names; `None` if there is none or it is empty.
    pub(crate) fn list(&self, name: &str) -> Option<Names<'_>> {
        self.get(name).filter(|value| !value.is_empty()).map(Names)
    }

    /// Whether the collection is to be embedded (PLAT-1.3-6, 1.3-7).
    pub(crate) fn wants(&self, subresource: &str) -> bool {
        self.list("subresources").is_some_and(|list| list.has(subresource))
    }

    /// A number; `None` if it is not there.
    ///
    /// # Errors
    /// Code 10 for anything but a whole number.
    pub(crate) fn number(&self, parameter: &'static str) -> Result<Option<u64>, Refusal> {
        self.bounded(parameter, 0, u64::MAX, "a whole number from 0 on")
    }

    /// The page that `limit` and `offset` describe; everything without them.
    ///
    /// # Errors
    /// Code 10 for a `limit` that is no whole number from 1 to 10000, or an `offset` that is no
    /// whole number.
    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        let offset = self.number("offset")?.unwrap_or(0);
        let limit = self.bounded("limit", 1, MOST_OF_A_PAGE, "a whole number from 1 to 10000")?;
        Ok(Page {
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
            limit: limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        })
    }

    fn bounded(
        &self,
        parameter: &'static str,
        least: u64,
        most: u64,
        expected: &'static str,
    ) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(parameter) else { return Ok(None) };
        // `parse` takes a sign as well, which no client writes.
        let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        match number {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Rejection::OutOfRange {
                parameter,
                expected: expected.into(),
                found: format!("{text:?}"),
            }
            .into()),
        }
    }
}

impl Names<'_> {
    /// Whether the list has the name, or everything.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.split(',').map(str::trim).any(|listed| listed == "*" || listed == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Query};

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
            assert!(has.iter().all(|name| query.wants(name)), "{query:?}");
            assert!(!has_not.iter().any(|name| query.wants(name)), "{query:?}");
        }
    }

    /// PLAT-1.3-10.
    #[test]
    fn pages_are_bounded_whole_numbers() {
        for (query, page) in [
            ("", Some((0, usize::MAX))),
            ("limit=1&offset=2", Some((2, 1))),
            ("limit=10000", Some((0, 10_000))),
            ("offset=0", Some((0, usize::MAX))),
            ("limit=0", None),
            ("limit=10001", None),
            ("limit=", None),
            ("limit=-1", None),
            ("limit=%2B1", None),
            ("offset=1.5", None),
            ("offset=18446744073709551616", None),
        ] {
            let found = Query::parse(Some(query)).page().ok();
            assert_eq!(found, page.map(|(offset, limit)| Page { offset, limit }), "{query}");
        }
    }
}
