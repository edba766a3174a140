//! `chat`: the GWS v2 Chat API on the command line.
//!
//! A library, so that the reference page and the man pages are made from the arguments that the
//! program reads ([`command`]). Here stands only the order of things: read the arguments, run the
//! command, end with its code.

mod args;
mod calendar;
mod commands;
mod documents;
mod exit;
mod render;
mod store;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, Parser as _};

/// The program: reads the arguments of the process and does what they say.
pub fn run() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(mut error) => {
            hide_secrets(&mut error);
            // Help, too, may be read through a pipe that closes early; nobody is left to tell.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(exit::Exit::Usage as u8).into();
        }
    };
    // What went wrong was told by the panic's own message.
    let ended = std::panic::catch_unwind(|| commands::run(&args.command));
    match ended {
        Err(_) => (exit::Exit::Bug as u8).into(),
        Ok(Ok(exit)) => (exit as u8).into(),
        Ok(Err(failure)) => {
            render::complain(&failure);
            (failure.exit as u8).into()
        }
    }
}

/// Of an address that cannot be read, what may be a password is not shown.
fn hide_secrets(error: &mut clap::Error) {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && (value.contains('@') || value.to_ascii_lowercase().contains("password="))
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
}

/// Every command with its arguments and help, for what is generated from them.
pub fn command() -> clap::Command {
    args::Args::command()
}
