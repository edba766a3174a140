//! `chat config`: whether a configuration would do, before a server is told to use it.

use std::path::Path;

use chat_http::Config;
use chat_model::write_string;

use crate::args::{self, ConfigCommand};
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Config) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Check { file, output } => check(file, output.json),
    }
}

fn check(file: &Path, json: bool) -> Result<Exit, Failure> {
    let name = super::name(file);
    let text = String::from_utf8(super::read(file)?)
        .map_err(|error| Failure::failed(format!("{name}: expected UTF-8, found {error}")))?;
    let problems: Vec<(String, String)> = match Config::from_toml(&text) {
        Ok(config) if !json => {
            render::line(format_args!(
                "{name}: {} users, {} queues, listens on {}: fine",
                config.users.len(),
                config.queues.len(),
                config.server.listen
            ))?;
            return Ok(Exit::Done);
        }
        Ok(_) => Vec::new(),
        Err(error) => {
            let each = error.problems().iter();
            each.map(|one| (one.field().to_owned(), one.to_string())).collect()
        }
    };
    if json {
        let mut line = String::from(r#"{"file":"#);
        write_string(&mut line, &name);
        line.push_str(&format!(",\"valid\":{},\"problems\":[", problems.is_empty()));
        for (at, (field, why)) in problems.iter().enumerate() {
            line.push_str(if at > 0 { ",{\"at\":" } else { "{\"at\":" });
            write_string(&mut line, field);
            line.push_str(",\"why\":");
            write_string(&mut line, why);
            line.push('}');
        }
        line.push_str("]}");
        render::line(line)?;
    } else {
        for (_, why) in &problems {
            render::line(format_args!("{name}: {why}"))?;
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::No })
}
