//! Whether what came is what was recorded, but for chance and time.

use chat_model::{JsonKind, JsonRef};

use super::names::Names;

/// A place, as a JSON pointer, what was recorded there and what came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    pub(super) at: String,
    pub(super) expected: Option<String>,
    pub(super) found: Option<String>,
}

impl Difference {
    pub(super) fn new(at: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (Some(expected.into()), Some(found.into()));
        Self { at: at.to_owned(), expected, found }
    }

    /// Nothing came in its place.
    pub(super) fn missing(at: &str, expected: impl Into<String>) -> Self {
        Self { at: at.to_owned(), expected: Some(expected.into()), found: None }
    }
}

/// The first place in which `found` is not what was recorded. What it learns of names stays known only if
/// there is none. `scope` is whose numbers the reference ids are.
pub(super) fn compare(
    names: &mut Names,
    scope: &str,
    recorded: JsonRef<'_>,
    found: JsonRef<'_>,
) -> Result<(), Difference> {
    let mark = names.mark();
    let same = Comparison { names, scope }.value("", "", recorded, Some(found), false);
    if same.is_err() {
        names.forget(mark);
    }
    same
}

struct Comparison<'a> {
    names: &'a mut Names,
    scope: &'a str,
}

impl Comparison<'_> {
    fn value(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
        found: Option<JsonRef<'_>>,
        ordered: bool,
    ) -> Result<(), Difference> {
        let differ = |found: Option<JsonRef<'_>>| Difference {
            at: at.to_owned(),
            expected: Some(recorded.to_text().as_str().to_owned()),
            found: found.map(|found| found.to_text().as_str().to_owned()),
        };
        let Some(found) = found else { return Err(differ(None)) };
        if recorded.kind() != found.kind() {
            return Err(differ(Some(found)));
        }
        if !ordered && is_of_time(name) {
            return Ok(());
        }
        let is_same = match recorded.kind() {
            JsonKind::Object => return self.object(at, recorded, found, ordered),
            JsonKind::Array => return self.array(at, name, recorded, found, ordered),
            JsonKind::String => {
                let (one, other) = (recorded.decode_string(), found.decode_string());
                match (one, other) {
                    (Some(one), Some(other)) if ordered => one == other,
                    (Some(one), Some(other)) => self.names.is_same(name, &one, &other),
                    _ => false,
                }
            }
            JsonKind::Number if name == "referenceId" && !ordered => {
                let numbered =
                    |json: JsonRef<'_>| format!("reference {} {}", self.scope, json.as_str());
                let (one, other) = (numbered(recorded), numbered(found));
                self.names.learn(&one, &other)
            }
            JsonKind::Number if matches!(name, "ack" | "batch") && !ordered => true,
            _ => recorded.as_str() == found.as_str(),
        };
        if is_same { Ok(()) } else { Err(differ(Some(found))) }
    }

    /// Below user data the order of members is a part of the value, and nothing in it is drawn by chance.
    fn object(
        &mut self,
        at: &str,
        recorded: JsonRef<'_>,
        found: JsonRef<'_>,
        ordered: bool,
    ) -> Result<(), Difference> {
        for (key, value) in recorded.members() {
            let name = key.decode();
            let place = pointer(at, &name);
            let ordered = ordered || name == "userData";
            self.value(&place, &name, value, found.get(&name), ordered)?;
        }
        for (key, value) in found.members() {
            let name = key.decode();
            if recorded.get(&name).is_none() {
                let found = Some(value.to_text().as_str().to_owned());
                return Err(Difference { at: pointer(at, &name), expected: None, found });
            }
        }
        let names = |json: JsonRef<'_>| -> Vec<String> {
            json.members().map(|(key, _)| key.decode().into_owned()).collect()
        };
        let (one, other) = (names(recorded), names(found));
        if ordered && one != other {
            let order = |names: Vec<String>| format!("in the order {}", names.join(", "));
            return Err(Difference::new(at, order(one), order(other)));
        }
        Ok(())
    }

    fn array(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
        found: JsonRef<'_>,
        ordered: bool,
    ) -> Result<(), Difference> {
        let mark = self.names.mark();
        let same = self.in_order(at, name, recorded, found, ordered);
        // Lists of chats are in the order of names that are drawn by chance.
        if same.is_err() && !ordered && matches!(name, "uris" | "chats" | "interactions") {
            self.names.forget(mark);
            if self.in_any_order(name, recorded, found) {
                return Ok(());
            }
        }
        same
    }

    fn in_order(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
        found: JsonRef<'_>,
        ordered: bool,
    ) -> Result<(), Difference> {
        let mut elements = found.elements();
        for (index, value) in recorded.elements().enumerate() {
            self.value(&format!("{at}/{index}"), name, value, elements.next(), ordered)?;
        }
        match elements.next() {
            None => Ok(()),
            Some(more) => {
                let at = format!("{at}/{}", recorded.elements().count());
                let found = Some(more.to_text().as_str().to_owned());
                Err(Difference { at, expected: None, found })
            }
        }
    }

    fn in_any_order(&mut self, name: &str, recorded: JsonRef<'_>, found: JsonRef<'_>) -> bool {
        let mut left: Vec<JsonRef<'_>> = found.elements().collect();
        let all = recorded.elements().all(|value| {
            let fitting = left.iter().position(|found| {
                let mark = self.names.mark();
                let same = self.value("", name, value, Some(*found), false).is_ok();
                if !same {
                    self.names.forget(mark);
                }
                same
            });
            fitting.map(|at| left.remove(at)).is_some()
        });
        all && left.is_empty()
    }
}

/// Members that tell when something was or will be.
fn is_of_time(name: &str) -> bool {
    matches!(name, "timestamp" | "timestampSeconds" | "expiresAt" | "queuedAt")
        || name.ends_with("Date")
}

fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
