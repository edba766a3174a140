//! `chat completions`: what a shell needs to complete commands, options and their values.

use clap::CommandFactory as _;

use crate::args::{Args, Completions};
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &Completions) -> Result<Exit, Failure> {
    // Into memory first: a closed pipe is no reason to panic.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "chat", &mut script);
    render::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
