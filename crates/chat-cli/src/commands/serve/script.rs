//! `--script`: a customer and colleagues who act by a script, so that somebody who develops a desktop
//! has people to talk to. They ask the server as everybody does, by logging in and posting operations;
//! only the socket between them is left out.

mod cast;
mod file;
mod stage;
mod talk;
mod time;

use std::path::Path;
use std::sync::Arc;

use chat_http::{App, Config, SetClock, SystemClock};

use crate::exit::Failure;
use cast::Cast;
pub(super) use stage::Stage;
use time::Time;

/// A script that fits the configuration.
pub(super) struct Script {
    /// How messages call the file.
    name: String,
    cast: Cast,
}

impl Script {
    /// Reads a script and looks whether everybody and everything that it names is there.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line and what was expected.
    pub(super) fn read(path: &Path, config: &Config) -> Result<Self, Failure> {
        let name = super::super::name(path);
        let text = String::from_utf8(super::super::read(path)?)
            .map_err(|error| Failure::failed(format!("{name}: expected UTF-8, found {error}")))?;
        let cast = file::read(&text).and_then(|file| Cast::new(&text, file, config));
        match cast {
            Ok(cast) => Ok(Self { name, cast }),
            Err(problems) => {
                let lines: Vec<String> =
                    problems.iter().map(|problem| format!("{name}: {problem}")).collect();
                Err(Failure::failed(lines.join("\n")))
            }
        }
    }

    /// Lets everybody log in. Pauses follow `clock`, which is that of `app`, if it was set.
    ///
    /// # Errors
    /// A user of the script cannot log in.
    pub(super) async fn begin(
        &self,
        app: &App,
        clock: Option<&Arc<SetClock>>,
    ) -> Result<Stage, Failure> {
        let time = match clock {
            Some(clock) => Time::of(clock.clone(), true),
            None => Time::of(Arc::new(SystemClock::new()), false),
        };
        let stage = Stage::begin(self.cast.clone(), app, time).await;
        let stage = stage.map_err(|why| Failure::failed(format!("{}: {why}", self.name)))?;
        if let Some(clock) = clock {
            stage.settle_with(clock);
        }
        Ok(stage)
    }

    /// How messages call the file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the greeting says of it.
    pub(super) fn greeting(&self, waits: bool) -> String {
        let waits = if waits { "; its pauses follow the clock that was set" } else { "" };
        format!("\nActing by the script {}: {}{waits}", self.name, self.cast.told())
    }
}
