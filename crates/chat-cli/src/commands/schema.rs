//! `chat schema`: the contract in a form that validators and editors read.
//!
//! The committed files, so that what is printed is what was reviewed.

use chat_model::schema::{NAMES, text};

use crate::args::Schema;
use crate::exit::{Exit, Failure};
use crate::render;

/// What only the server reads, and the model therefore does not know.
const CONFIGURATION: (&str, &str) =
    ("configuration", include_str!("../../../../docs/api/schema/configuration.json"));

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
    NAMES.iter().copied().chain([CONFIGURATION.0])
}

fn named(name: &str) -> Result<&'static str, Failure> {
    let found = if name == CONFIGURATION.0 { Some(CONFIGURATION.1) } else { text(name) };
    found.ok_or_else(|| {
        let names: Vec<&str> = names().collect();
        Failure::usage(format!("expected one of {}, found {name:?}", names.join(", ")))
    })
}
