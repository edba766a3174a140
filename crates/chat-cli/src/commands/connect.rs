//! From arguments, environment and file to a client: the precedence of what is said where.

use std::future::Future;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_http::client::{Agent, Client, Credentials, Error, Options};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::args::{Login, SECONDS, Server, time_of};
use crate::exit::{Exit, Failure};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What a person does not want to say every time.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
struct Profile {
    user: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "time")]
    timeout: Option<Duration>,
    contact_center: Option<String>,
}

/// A server that can be asked.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    profile: Profile,
}

impl Connection {
    pub(super) fn new(server: &Server, contact_center: Option<&str>) -> Result<Self, Failure> {
        let profile = profile(server.client_config.as_deref())?;
        let mut options = Options::default();
        options.timeout = server.timeout.or(profile.timeout).unwrap_or(TIMEOUT);
        if let Some(file) = server.ca_file.as_ref().or(profile.ca_file.as_ref()) {
            options.root_certificates = Some(super::read(file)?);
        }
        options.contact_center_id =
            contact_center.map(str::to_owned).or_else(|| profile.contact_center.clone());
        let timeout = options.timeout;
        let client = Client::with(server.url.clone(), options)?;
        Ok(Self { client, timeout, profile })
    }

    /// The agent who asks.
    pub(super) fn agent(&self, login: &Login) -> Result<Agent, Failure> {
        let user = login.user.as_ref().or(self.profile.user.as_ref()).ok_or_else(|| {
            Failure::usage(
                "expected the name of a user, found none; say it with --user or CHAT_USER",
            )
        })?;
        let file = login.password_file.as_ref();
        let password = match (file, std::env::var("CHAT_PASSWORD"), &self.profile.password_file) {
            (Some(file), _, _) | (None, Err(_), Some(file)) => first_line(file)?,
            (None, Ok(password), _) => password,
            (None, Err(_), None) => {
                return Err(Failure::usage(
                    "expected the user's password, found none; give it in CHAT_PASSWORD or in a file with \
                     --password-file",
                ));
            }
        };
        Ok(self.client.agent(&Credentials::new(user, password)))
    }
}

/// A time in seconds.
fn time<'de, D: Deserializer<'de>>(file: D) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(file)?;
    time_of(seconds)
        .map(Some)
        .ok_or_else(|| D::Error::custom(format_args!("timeout: {SECONDS}, found {seconds}")))
}

fn profile(said: Option<&Path>) -> Result<Profile, Failure> {
    let (path, must_exist) = match said {
        Some(path) => (path.to_owned(), true),
        None => match dirs::config_dir() {
            Some(folder) => (folder.join("chat").join("client.toml"), false),
            None => return Ok(Profile::default()),
        },
    };
    if !must_exist && !path.exists() {
        return Ok(Profile::default());
    }
    let name = super::name(&path);
    let text = String::from_utf8(super::read(&path)?)
        .map_err(|error| Failure::failed(format!("{name}: expected UTF-8, found {error}")))?;
    toml::from_str(&text).map_err(|error| Failure::failed(format!("{name}: {}", error.message())))
}

/// The first line of a file, which is a password.
pub(super) fn first_line(file: &Path) -> Result<String, Failure> {
    let bytes = super::read(file)?;
    let line = bytes.lines().next().and_then(Result::ok).unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(&line);
    if line.is_empty() {
        return Err(Failure::failed(format!(
            "{}: expected a password, found none",
            super::name(file)
        )));
    }
    Ok(line.to_owned())
}

/// Runs what a command has to do until it is done, or until somebody interrupts it.
pub(super) fn run(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("the runtime cannot be started: {error}")))?;
    let ended = runtime.block_on(command);
    // Nobody waits for a name that is still being looked up.
    runtime.shutdown_background();
    ended
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Refused(refused) if refused.is_fault() => Exit::Fault,
            Error::Refused(_) | Error::NotHeard { .. } | Error::Ended { .. } => Exit::Refused,
            Error::Unreachable { .. } | Error::TimedOut { .. } => Exit::Unreachable,
            Error::Untrusting { .. } => Exit::Unreadable,
            _ => Exit::Fault,
        };
        Self::new(exit, error.to_string())
    }
}
