//! `chat diff`: where two files of JSON first differ.
//!
//! Texts are compared as the model compares values: numbers by their digits (DEC-6), user data in its
//! order (DEC-1), other objects by their members.

use std::collections::BTreeMap;
use std::path::Path;

use chat_model::{JsonKind, JsonRef, JsonText, write_string};

use super::texts;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Diff) -> Result<Exit, Failure> {
    if args.a.as_os_str() == "-" && args.b.as_os_str() == "-" {
        return Err(Failure::usage(
            "expected at most one of A and B to be standard input (-), found both",
        ));
    }
    let (a, b) = (super::read(&args.a)?, super::read(&args.b)?);
    let (a_texts, b_texts) = (texts::split(&args.a, &a)?, texts::split(&args.b, &b)?);
    let is_one = a_texts.len() == 1 && b_texts.len() == 1;
    let mut differences = Differences { found: Vec::new(), all: args.all };
    for at in 0..a_texts.len().max(b_texts.len()) {
        let parse = |file: &Path, text: Option<&&str>| {
            let parsed = text.map(|text| JsonText::parse(text.as_bytes(), &super::file_limits()));
            parsed.transpose().map_err(|error| {
                Failure::failed(format!("{}, text {}: {error}", super::name(file), at + 1))
            })
        };
        let one = parse(&args.a, a_texts.get(at))?;
        let other = parse(&args.b, b_texts.get(at))?;
        let place = if is_one { String::new() } else { format!("/{at}") };
        let (one, other) =
            (one.as_ref().map(JsonText::as_ref), other.as_ref().map(JsonText::as_ref));
        differences.compare(&place, one, other, false);
        if differences.is_enough() {
            break;
        }
    }
    for difference in &differences.found {
        print(difference, args.output.json)?;
    }
    Ok(if differences.found.is_empty() { Exit::Done } else { Exit::No })
}

/// A place, as a JSON pointer, and what is there in either; nothing where there is nothing.
struct Difference {
    at: String,
    a: Option<String>,
    b: Option<String>,
}

struct Differences {
    found: Vec<Difference>,
    all: bool,
}

impl Differences {
    fn is_enough(&self) -> bool {
        !self.all && !self.found.is_empty()
    }

    /// `ordered`: whether the order of members counts.
    fn compare(&mut self, at: &str, a: Option<JsonRef<'_>>, b: Option<JsonRef<'_>>, ordered: bool) {
        if self.is_enough() {
            return;
        }
        match (a, b) {
            (Some(a), Some(b)) if a.kind() == JsonKind::Object && b.kind() == JsonKind::Object => {
                self.compare_objects(at, a, b, ordered);
            }
            (Some(a), Some(b)) if a.kind() == JsonKind::Array && b.kind() == JsonKind::Array => {
                let (mut a, mut b) = (a.elements(), b.elements());
                for index in 0.. {
                    let (one, other) = (a.next(), b.next());
                    if one.is_none() && other.is_none() || self.is_enough() {
                        return;
                    }
                    self.compare(&format!("{at}/{index}"), one, other, ordered);
                }
            }
            // However its letters are escaped.
            (Some(a), Some(b))
                if a.kind() == JsonKind::String && a.decode_string() == b.decode_string() => {}
            _ => {
                let text = |json: JsonRef<'_>| json.as_str().to_owned();
                let (a, b) = (a.map(text), b.map(text));
                if a != b {
                    self.found.push(Difference { at: at.to_owned(), a, b });
                }
            }
        }
    }

    fn compare_objects(&mut self, at: &str, a: JsonRef<'_>, b: JsonRef<'_>, ordered: bool) {
        let (a, b) = (Members::of(a), Members::of(b));
        let mut is_same = true;
        let only_b = b.names.iter().filter(|name| !a.values.contains_key(*name));
        for name in a.names.iter().chain(only_b) {
            let before = self.found.len();
            let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            // Below user data the order of members is a part of the value.
            let ordered = ordered || name == "userData";
            let (one, other) = (a.values.get(name), b.values.get(name));
            self.compare(&place, one.copied(), other.copied(), ordered);
            is_same &= self.found.len() == before;
        }
        let (a_names, b_names) = (a.names, b.names);
        if is_same && ordered && a_names != b_names && !self.is_enough() {
            let order = |names: &[String]| Some(format!("in the order {}", names.join(", ")));
            let (a, b) = (order(&a_names), order(&b_names));
            self.found.push(Difference { at: at.to_owned(), a, b });
        }
    }
}

/// What an object has, in its order and by name: one may have very many.
struct Members<'a> {
    names: Vec<String>,
    values: BTreeMap<String, JsonRef<'a>>,
}

impl<'a> Members<'a> {
    fn of(json: JsonRef<'a>) -> Self {
        let members = || json.members().map(|(key, value)| (key.decode().into_owned(), value));
        Self { names: members().map(|(name, _)| name).collect(), values: members().collect() }
    }
}

fn print(difference: &Difference, json: bool) -> Result<(), Failure> {
    let Difference { at, a, b } = difference;
    if !json {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        let at = if at.is_empty() { "/" } else { at };
        return render::line(format_args!("{at}: {} | {}", side(a), side(b)));
    }
    let mut line = String::from(r#"{"at":"#);
    write_string(&mut line, at);
    for (name, side) in [("a", a), ("b", b)] {
        if let Some(side) = side {
            line.push_str(&format!(",\"{name}\":"));
            // What is said of an order is no JSON of the file's.
            match texts::strict(side) {
                Ok(_) => line.push_str(side),
                Err(_) => write_string(&mut line, side),
            }
        }
    }
    line.push('}');
    render::line(line)
}
