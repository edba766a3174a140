//! One mechanism for everything that is read: collections and their members, whatever they are of
//! (PLAT-1.3).
//!
//! | query | reply |
//! |---|---|
//! | nothing | `{"statusCode":0,"uris":[…]}` |
//! | `fields=*`, or `subresources` | `{"statusCode":0,"users":[{…}]}`, the member named by the plural |
//! | `fields=id,name` | the same with these members only, and with the subresources asked for |
//! | `type=X&name=Y` | only what has both; a name that no field has is no filter |
//! | `limit=5&offset=10` | five of what remains after the first ten |
//!
//! Resources are kept printed: a chat's user data must stay as it was written (DEC-6).

use chat_model::{JsonKind, JsonRef, Limits, write_string};
use serde::Serialize;

use crate::query::{Names, Query};
use crate::reply::Refusal;

/// A kind of resource: how replies name it, and what can be filtered by.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The member that holds several, such as `users`.
    pub(crate) plural: &'static str,
    /// The member that holds one, such as `user`.
    pub(crate) singular: &'static str,
    /// The fields, which are the names of filters (PLAT-1.3-5). A resource may lack some of them.
    pub(crate) fields: &'static [&'static str],
    /// What a collection looks like when the query says nothing of its shape.
    pub(crate) bare: Bare,
    /// What a resource looks like, for the documents.
    #[cfg(feature = "schema")]
    pub(crate) form: Form,
}

/// The schema of a resource, and of each collection that it may embed.
#[cfg(feature = "schema")]
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) resource: Described,
    /// By the names of the members, which `subresources` asks for.
    pub(crate) embedded: &'static [(&'static str, Described)],
}

/// The schema of a value; a type is made known to the generator and referred to.
#[cfg(feature = "schema")]
pub(crate) type Described = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

/// What a collection looks like when the query says nothing of its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare {
    /// Addresses (PLAT-1.3-1).
    Uris,
    /// Whole resources, where the documents print them so (PLAT-1.3-14).
    Whole,
    /// Both, where one page prints addresses and another prints resources (PLAT-1.3-14).
    Both,
}

/// One resource of a collection.
#[derive(Debug)]
pub(crate) struct Item {
    uri: String,
    /// A JSON object.
    text: String,
    /// Collections in it, which stay whatever `fields` says; each a name and JSON.
    embedded: Vec<(&'static str, String)>,
}

impl Item {
    /// The resource at `uri`.
    pub(crate) fn new(uri: impl Into<String>, resource: &impl Serialize) -> Self {
        Self::printed(uri, print(resource))
    }

    /// The resource at `uri`, which is printed already: a JSON object.
    pub(crate) fn printed(uri: impl Into<String>, text: String) -> Self {
        Self { uri: uri.into(), text, embedded: Vec::new() }
    }

    /// Its address.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// Embeds a collection, or another JSON value.
    pub(crate) fn embed(&mut self, name: &'static str, json: String) {
        self.embedded.push((name, json));
    }

    /// Appends the object, with only the members of `fields` if there are any.
    fn write(&self, fields: Option<Names<'_>>, out: &mut String) {
        out.push('{');
        let start = out.len();
        match fields.filter(|fields| !fields.has("*")) {
            // As it is printed already.
            None => out.push_str(inside(&self.text)),
            Some(fields) => {
                let object = read(&self.text);
                let members = object.iter().flat_map(|object| object.members());
                for (name, value) in members.filter(|(name, _)| fields.has(&name.decode())) {
                    separate(out, start);
                    out.push_str(name.as_json());
                    out.push(':');
                    out.push_str(value.as_str());
                }
            }
        }
        for (name, json) in &self.embedded {
            separate(out, start);
            write_string(out, name);
            out.push(':');
            out.push_str(json);
        }
        out.push('}');
    }

    /// Whether every filter of the query is met (PLAT-1.3-5).
    fn fits(&self, kind: &Kind, query: &Query<'_>) -> bool {
        let mut filters = query.all().filter(|(name, _)| kind.fields.contains(name)).peekable();
        if filters.peek().is_none() {
            return true;
        }
        let Some(object) = read(&self.text) else { return false };
        filters.all(|(name, wanted)| object.get(name).is_some_and(|found| is(found, wanted)))
    }
}

/// The reply with those of `items` that the query asks for.
///
/// # Errors
/// Code 10 for a page that is none ([`Query::page`]).
pub(crate) fn list(
    kind: &Kind,
    items: impl IntoIterator<Item = Item>,
    query: &Query<'_>,
) -> Result<String, Refusal> {
    list_with(kind, items, query, |_| String::new())
}

/// As [`list`], with more members, which may tell how many there are beside the page.
pub(crate) fn list_with(
    kind: &Kind,
    items: impl IntoIterator<Item = Item>,
    query: &Query<'_>,
    more: impl FnOnce(usize) -> String,
) -> Result<String, Refusal> {
    let page = query.page()?;
    let fields = query.list("fields");
    let shape = match fields.is_some() || query.list("subresources").is_some() {
        true => Bare::Whole,
        false => kind.bare,
    };
    let fitting: Vec<_> = items.into_iter().filter(|item| item.fits(kind, query)).collect();
    let total = fitting.len();
    let shown: Vec<_> = fitting.into_iter().skip(page.offset).take(page.limit).collect();

    let mut body = format!(r#"{{"statusCode":0{}"#, more(total));
    if shape != Bare::Whole {
        body.push_str(r#","uris":"#);
        write_array(&mut body, &shown, |out, item| write_string(out, &item.uri));
    }
    if shape != Bare::Uris {
        body.push(',');
        write_string(&mut body, kind.plural);
        body.push(':');
        write_array(&mut body, &shown, |out, item| item.write(fields, out));
    }
    body.push('}');
    Ok(body)
}

/// The reply with one resource; filters do not touch it, because its address names it.
pub(crate) fn one(kind: &Kind, item: &Item, query: &Query<'_>) -> String {
    let mut body = String::from(r#"{"statusCode":0,"#);
    write_string(&mut body, kind.singular);
    body.push(':');
    item.write(query.list("fields"), &mut body);
    body.push('}');
    body
}

/// The items as a JSON array of whole objects, to be embedded in others.
pub(crate) fn array(items: impl IntoIterator<Item = Item>) -> String {
    let mut out = String::new();
    let items: Vec<_> = items.into_iter().collect();
    write_array(&mut out, &items, |out, item| item.write(None, out));
    out
}

/// A value as JSON.
///
/// # Panics
/// If its `Serialize` fails, which none that is derived does for texts, numbers and lists.
pub(crate) fn print(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists can be printed")
}

/// A printed object without its braces.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default()
}

/// A comma before every member of an object but the first.
fn separate(out: &mut String, start: usize) {
    if out.len() > start {
        out.push(',');
    }
}

fn write_array<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Whether the value is what a filter asks for: a text by its letters, another value as it is
/// printed, a list if one of its elements is. A filter may name several, separated by commas.
fn is(found: JsonRef<'_>, wanted: &str) -> bool {
    match found.kind() {
        JsonKind::Array => found.elements().any(|element| is(element, wanted)),
        JsonKind::Object => false,
        JsonKind::String => {
            let text = found.decode_string().unwrap_or_default();
            same(&text, wanted) || wanted.split(',').any(|one| same(&text, one.trim()))
        }
        _ => wanted.split(',').any(|one| one.trim() == found.as_str()),
    }
}

/// PLAT-1.5-11: the letters of a GUID may come in either case.
fn same(found: &str, wanted: &str) -> bool {
    let is_guid = |text: &str| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    found == wanted || (is_guid(found) && found.eq_ignore_ascii_case(wanted))
}

/// What we printed ourselves: everything in it was once small enough for a request, or is ours.
fn read(text: &str) -> Option<JsonRef<'_>> {
    let mut limits = Limits::default();
    (limits.max_body_bytes, limits.max_depth) = (usize::MAX, usize::MAX);
    (limits.max_keys, limits.max_key_bytes) = (usize::MAX, usize::MAX);
    JsonRef::validate(text.as_bytes(), &limits).ok()
}

#[cfg(test)]
mod tests {
    use super::{Bare, Item, Kind, list, one};
    use crate::query::Query;

    static THINGS: Kind = Kind {
        plural: "things",
        singular: "thing",
        fields: &["id", "name", "size", "tags", "extra", "guid", "data"],
        bare: Bare::Uris,
        #[cfg(feature = "schema")]
        form: FORM,
    };

    #[cfg(feature = "schema")]
    const FORM: super::Form =
        super::Form { resource: |_| schemars::json_schema!({}), embedded: &[] };

    fn things() -> Vec<Item> {
        [
            r#"{"id":"a","name":"A, B","size":1,"tags":["x","y"],"data":{"n":1.0}}"#,
            r#"{"id":"b","name":"B","size":2,"tags":[],"extra":null,"data":{"n":1e2}}"#,
            r#"{"id":"c","name":"C","size":1,"tags":["y"],"guid":"6d7466c8-6a21-4e64-b51e-0308e34995eF","data":{}}"#,
        ]
        .into_iter()
        .map(|text| Item::printed(format!("u/{}", &text[7..8]), text.to_owned()))
        .collect()
    }

    /// The ids that a query leaves.
    #[track_caller]
    fn check(query: &str, ids: &str) {
        let query = format!("{query}&fields=id");
        let body = list(&THINGS, things(), &Query::parse(Some(&query))).unwrap();
        let each: Vec<_> = ids.chars().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        assert_eq!(body, format!(r#"{{"statusCode":0,"things":[{}]}}"#, each.join(",")), "{query}");
    }

    /// PLAT-1.3-5, PLAT-1.3-15.
    #[test]
    fn filters_are_fields_and_all_of_them_count() {
        check("", "abc");
        check("name=B", "b");
        // The whole text, or one of several.
        check("name=A,%20B", "ab");
        check("name=B,C", "bc");
        check("size=1", "ac");
        check("size=1,2", "abc");
        check("size=1&name=C", "c");
        check("name=B&name=C", "");
        check("tags=y", "ac");
        check("tags=y&tags=x", "a");
        check("extra=null", "b");
        check("extra=", "");
        check("data=%7B%7D", "");
        check("guid=6D7466C8-6A21-4E64-B51E-0308E34995EF", "c");
        check("name=b", "");
        // No field has this name, so it is no filter.
        check("_=1700000000", "abc");
        check("Name=B", "abc");
    }

    /// PLAT-1.3-10.
    #[test]
    fn pages_are_cut_after_the_filters() {
        check("limit=2", "ab");
        check("limit=2&offset=2", "c");
        check("offset=3", "");
        check("size=1&limit=1&offset=1", "c");
        let refused = list(&THINGS, things(), &Query::parse(Some("limit=0")));
        assert!(refused.is_err());
    }

    /// PLAT-1.3-1 to 1.3-4, 1.3-7; DEC-6.
    #[test]
    fn the_query_chooses_the_shape() {
        let shape = |query| list(&THINGS, things().into_iter().take(1), &Query::parse(query));
        for (query, expected) in [
            ("", r#""uris":["u/a"]"#),
            ("fields=", r#""uris":["u/a"]"#),
            (
                "fields=*",
                r#""things":[{"id":"a","name":"A, B","size":1,"tags":["x","y"],"data":{"n":1.0}}]"#,
            ),
            ("fields=data,id,none", r#""things":[{"id":"a","data":{"n":1.0}}]"#),
            ("fields=none", r#""things":[{}]"#),
        ] {
            let body = shape(Some(query)).unwrap();
            assert_eq!(body, format!(r#"{{"statusCode":0,{expected}}}"#), "{query}");
        }
        let mut thing = things().remove(0);
        thing.embed("parts", "[1]".to_owned());
        let query = Query::parse(Some("fields=id&size=7"));
        let body = one(&THINGS, &thing, &query);
        assert_eq!(body, r#"{"statusCode":0,"thing":{"id":"a","parts":[1]}}"#);
        let body = list(&THINGS, [thing], &Query::parse(Some("subresources=*"))).unwrap();
        assert!(body.starts_with(r#"{"statusCode":0,"things":[{"id":"a","name""#), "{body}");
        assert!(body.ends_with(r#","parts":[1]}]}"#), "{body}");
    }

    #[test]
    fn a_collection_can_be_printed_in_two_ways_at_once() {
        static BOTH: Kind = Kind {
            plural: "things",
            singular: "thing",
            fields: &["id"],
            bare: Bare::Both,
            #[cfg(feature = "schema")]
            form: FORM,
        };
        let thing = || [Item::printed("u", r#"{"id":"a"}"#.to_owned())];
        let body = list(&BOTH, thing(), &Query::default()).unwrap();
        assert_eq!(body, r#"{"statusCode":0,"uris":["u"],"things":[{"id":"a"}]}"#);
        let body = list(&BOTH, thing(), &Query::parse(Some("fields=*"))).unwrap();
        assert_eq!(body, r#"{"statusCode":0,"things":[{"id":"a"}]}"#);
    }
}
