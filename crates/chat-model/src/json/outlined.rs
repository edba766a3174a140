//! The body of a request: a validated object whose first members are at hand.
//!
//! The validating pass comes by every member anyway; noting where they stand spares whoever reads
//! the parameters of an operation a second walk over the text.

use super::error::{JsonError, Problem};
use super::validate::{Member, Outline, validate};
use super::{JsonRef, Key, Limits, REQUEST_BYTES, string_end};

/// The body of a request: a valid value whose outermost members are at hand, as long as there are
/// not more than a few.
///
/// ```
/// use chat_model::{Limits, Operation, Outlined};
/// let body = br#"{"operationName":"AttachUserData","userData":{"n":1.0}}"#;
/// let body = Outlined::validate(body, &Limits::default())?;
/// assert!(Operation::read(body, &Limits::default()).is_ok());
/// # Ok::<(), chat_model::JsonError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Outlined<'a> {
    value: JsonRef<'a>,
    /// What the outline's positions count in; empty if there is no outline.
    text: &'a str,
    outline: Outline,
}

impl<'a> Outlined<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Those of [`JsonRef::validate`].
    pub fn validate(json: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        Self::validate_within(json, limits, REQUEST_BYTES)
    }

    pub(super) fn validate_within(
        json: &'a [u8],
        limits: &Limits,
        most: usize,
    ) -> Result<Self, JsonError> {
        let max = limits.max_body_bytes.min(most);
        if json.len() > max {
            let problem = Problem::TooLarge { bytes: json.len(), max };
            return Err(JsonError::new(problem, max, Default::default()));
        }
        match core::str::from_utf8(json) {
            Ok(text) => {
                let mut outline = Outline::default();
                let (from, to) = validate(text, limits, &mut outline)?;
                Ok(Self { value: JsonRef::known(&text[from..to]), text, outline })
            }
            Err(error) => {
                let offset = error.valid_up_to();
                Err(JsonError::new(Problem::InvalidUtf8, offset, Default::default()))
            }
        }
    }

    /// The value itself.
    pub fn value(&self) -> JsonRef<'a> {
        self.value
    }

    /// The member of an object whose decoded key is `name`, a text without quotes, backslashes and
    /// control characters: [`JsonRef::get`].
    pub(crate) fn get(&self, name: &str) -> Option<JsonRef<'a>> {
        match self.find(name) {
            Some(member) => Some(JsonRef::known(&self.text[member.value()..member.end()])),
            None if self.outline.outer.is_whole() => None,
            None => self.value.get(name),
        }
    }

    /// The text of the member `name` and, for each pair in it, how long its key and how long all of
    /// it are: if it is an object whose members are at hand, in a body without white space between
    /// tokens and without escapes.
    pub(crate) fn plain_object(
        &self,
        name: &str,
    ) -> Option<(&'a str, impl Iterator<Item = (usize, usize)> + '_)> {
        let Outline { inner, is_plain, .. } = &self.outline;
        let member = self.find(name).filter(|_| *is_plain && inner.is_whole())?;
        let text = &self.text[member.value()..member.end()];
        let is_inside = move |at: &&Member| (member.value()..member.end()).contains(&at.key());
        let lengths = |at: &Member| (at.value() - at.key() - 1, at.end() - at.key());
        let pairs = inner.members().iter().filter(is_inside).map(lengths);
        text.starts_with('{').then_some((text, pairs))
    }

    fn find(&self, name: &str) -> Option<Member> {
        let is_named = |member: &&Member| {
            // As it is nearly always written: between its quotes, without an escape.
            let inside = &self.text.as_bytes()[member.key() + 1..member.value()];
            match inside.strip_prefix(name.as_bytes()) {
                Some(rest) => rest.first() == Some(&b'"'),
                None if self.outline.is_plain => false,
                None => key_of(&self.text[member.key()..member.value()]) == *name,
            }
        };
        self.outline.outer.members().iter().find(is_named).copied()
    }
}

impl<'a> From<JsonRef<'a>> for Outlined<'a> {
    fn from(value: JsonRef<'a>) -> Self {
        Self { value, text: "", outline: Outline::unknown() }
    }
}

/// The key of a member, from its opening quote up to where the value begins.
#[cold]
fn key_of(before_value: &str) -> Key<'_> {
    Key::known(&before_value[..string_end(before_value.as_bytes(), 0)])
}

#[cfg(test)]
mod tests {
    use super::{JsonRef, Limits, Outlined};

    /// However the members are written and however many there are, both ways find the same ones.
    #[test]
    fn finds_what_a_walk_finds() {
        let many = r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"operationName":8}"#;
        for json in [
            r#"{"operationName":"x","userData":{"a":{"operationName":1}}}"#,
            " { \"operationName\" : [ 1 , {} ] , \"userData\"\n:\ttrue } ",
            r#"{"\u006fperationName":1,"operationName2":2,"xoperationName":3}"#,
            r#"{"operationNam":1,"a":"\"operationName\":2"}"#,
            r#"[{"operationName":1}]"#,
            r#""operationName""#,
            "{}",
            many,
        ] {
            let limits = Limits::default();
            let outlined = Outlined::validate(json.as_bytes(), &limits).unwrap();
            let value = JsonRef::validate(json.as_bytes(), &limits).unwrap();
            for name in ["operationName", "userData", "a", "g", "missing", ""] {
                let walked = value.get(name).map(JsonRef::as_str);
                assert_eq!(outlined.get(name).map(JsonRef::as_str), walked, "{name} in {json}");
                let known = Outlined::from(value);
                assert_eq!(known.get(name).map(JsonRef::as_str), walked, "{name} in {json}");
            }
        }
    }

    #[test]
    fn a_plain_object_is_at_hand_with_its_pairs() {
        let check = |json: &str, expected: Option<(&str, &[(usize, usize)])>| {
            let outlined = Outlined::validate(json.as_bytes(), &Limits::default()).unwrap();
            let found = outlined.plain_object("u").map(|(text, pairs)| (text, pairs.collect()));
            let expected = expected.map(|(text, pairs)| (text, pairs.to_vec()));
            assert_eq!(found, expected, "{json}");
        };
        check(
            r#"{"a":1,"u":{"k":[1,{"k":2}],"kk":""}}"#,
            Some((r#"{"k":[1,{"k":2}],"kk":""}"#, &[(3, 15), (4, 7)])),
        );
        // Other objects and arrays beside it, and white space around the whole body.
        check(r#" {"a":{"b":0},"u":{"k":1},"c":[2,{"d":3}]} "#, Some((r#"{"k":1}"#, &[(3, 5)])));
        check(r#"{"u":{},"a":{"b":{"c":1}}}"#, Some(("{}", &[])));
        check(
            r#"{"u":{"a":1,"b":2,"c":3,"d":4}}"#,
            Some((r#"{"a":1,"b":2,"c":3,"d":4}"#, &[(3, 5); 4])),
        );
        // More than are noted, also elsewhere; white space and escapes anywhere.
        check(r#"{"u":{"a":1,"b":2,"c":3,"d":4,"e":5}}"#, None);
        check(r#"{"a":{"a":1,"b":2,"c":3,"d":4},"u":{"k":1}}"#, None);
        for loose in [
            r#"{"u": {}}"#,
            r#"{"u" :{}}"#,
            r#"{ "u":{}}"#,
            r#"{"u":{} }"#,
            r#"{"u":{}, "a":1}"#,
            r#"{"u":{},"a":"\n"}"#,
            r#"{"u":{},"a":[1, 2]}"#,
        ] {
            check(loose, None);
        }
        for other in [r#"{"u":[{"k":1}]}"#, r#"{"u":null}"#, r#"{"v":{}}"#, r#"[{"u":{}}]"#, "{}"] {
            check(other, None);
        }
    }
}
