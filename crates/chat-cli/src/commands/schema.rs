//! `chat schema`: the contract in a form that validators and editors read.
//!
//! The committed files, so that what is printed is what was reviewed.

use chat_model::schema::{NAMES, text};

use crate::args::Schema;
use crate::exit::{Exit, Failure};
use crate::render;

/// What the model does not know: the file that only the server reads, and the documents about whole
/// interfaces.
const OTHERS: [(&str, &str); 3] = [
    ("configuration", include_str!("../../../../docs/api/schema/configuration.json")),
    ("openapi", include_str!("../../../../docs/api/openapi.json")),
    ("asyncapi", include_str!("../../../../docs/api/asyncapi.json")),
];

pub(super) fn run(args: &Schema) -> Result<Exit, Failure> {
    match &args.name {
        Some(name) => render::line(named(name)?.trim_end())?,
        None => {
            for name in names() {
                render::line(name)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().chain(OTHERS.map(|(name, _)| name))
}

fn named(name: &str) -> Result<&'static str, Failure> {
    let other = OTHERS.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
    text(name).or(other).ok_or_else(|| {
        let names: Vec<&str> = names().collect();
        Failure::usage(format!("expected one of {}, found {name:?}", names.join(", ")))
    })
}
