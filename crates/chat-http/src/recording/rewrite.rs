//! JSON with some of its values replaced and everything else, digits and order included, as it was.

use chat_model::{JsonKind, JsonRef};

/// What becomes of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Edit {
    /// What is in it is asked about one by one; a value that has nothing in it stays as it is.
    Descend,
    /// It stays as it is, with all that is in it.
    Keep,
    /// This JSON takes its place.
    Replace(String),
}

/// `json` without white space between its parts, changed as `edit` says, which is told the name of the
/// member that a value belongs to, however deep in arrays.
pub fn rewrite(json: JsonRef<'_>, edit: &mut dyn FnMut(&str, JsonRef<'_>) -> Edit) -> String {
    let mut out = String::with_capacity(json.as_str().len());
    write(&mut out, "", json, edit);
    out
}

fn write(
    out: &mut String,
    name: &str,
    json: JsonRef<'_>,
    edit: &mut dyn FnMut(&str, JsonRef<'_>) -> Edit,
) {
    match edit(name, json) {
        Edit::Replace(with) => out.push_str(&with),
        Edit::Keep => out.push_str(json.to_text().as_str()),
        Edit::Descend => match json.kind() {
            JsonKind::Object => {
                out.push('{');
                for (at, (key, value)) in json.members().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    out.push_str(key.as_json());
                    out.push(':');
                    write(out, &key.decode(), value, edit);
                }
                out.push('}');
            }
            JsonKind::Array => {
                out.push('[');
                for (at, value) in json.elements().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write(out, name, value, edit);
                }
                out.push(']');
            }
            _ => out.push_str(json.as_str()),
        },
    }
}
