//! `chat hash-password`: what a configuration keeps of a password.

use std::io::{BufRead as _, IsTerminal as _};

use chat_model::write_string;

use crate::args::HashPassword;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &HashPassword) -> Result<Exit, Failure> {
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        // Otherwise it would look as if nothing happened.
        render::ask("Password (shown as you type): ");
    }
    let mut line = String::new();
    stdin
        .read_line(&mut line)
        .map_err(|error| Failure::failed(format!("standard input: {error}")))?;
    // The line break ends the password and is no part of it, in either spelling.
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Failure::failed("standard input: expected a password, found none"));
    }
    let hash = chat_http::hash_password(password).to_string();
    if args.output.json {
        let mut line = String::from(r#"{"passwordHash":"#);
        write_string(&mut line, &hash);
        line.push('}');
        render::line(line)?;
    } else {
        render::line(hash)?;
    }
    Ok(Exit::Done)
}
