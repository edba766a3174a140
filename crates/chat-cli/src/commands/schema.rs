//! `chat schema`: the contract in a form that validators and editors read.

use crate::args::Schema;
use crate::documents;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &Schema) -> Result<Exit, Failure> {
    match &args.name {
        Some(name) => render::line(named(name)?.trim_end())?,
        None => {
            for name in documents::names() {
                if args.json {
                    render::line(format_args!(r#"{{"name":"{name}"}}"#))?;
                } else {
                    render::line(name)?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn named(name: &str) -> Result<&'static str, Failure> {
    documents::named(name).ok_or_else(|| {
        let names: Vec<&str> = documents::names().collect();
        Failure::usage(format!("expected one of {}, found {name:?}", names.join(", ")))
    })
}
