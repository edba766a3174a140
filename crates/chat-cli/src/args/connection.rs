//! How commands reach a server, and as whom: the same arguments for all of them.
//!
//! A flag counts more than the environment, that more than the file, and the file more than what is
//! built in. A password is never an argument, because other programs of a machine see arguments.

use std::path::PathBuf;
use std::time::Duration;

use chat_http::client::Address;

/// Which server, and how to get there.
#[derive(clap::Args, Debug)]
pub(crate) struct Server {
    /// The address of the server, such as http://127.0.0.1:8090; `/api/v2` is added where no path is
    #[arg(value_name = "URL", value_parser = address)]
    pub(crate) url: Address,

    /// A PEM file with the certificates of those who vouch for the server [default: the system's]
    #[arg(long, value_name = "FILE", env = "CHAT_CA_FILE", help_heading = "Connection")]
    pub(crate) ca_file: Option<PathBuf>,

    /// How long to wait for the server, in seconds [default: 30]
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = seconds,
        env = "CHAT_TIMEOUT",
        help_heading = "Connection"
    )]
    pub(crate) timeout: Option<Duration>,

    /// A TOML file with `user`, `password_file`, `ca_file`, `timeout` and `contact_center`, for what is not
    /// said otherwise [default: chat/client.toml among this user's configuration, if it is there]
    #[arg(long, value_name = "FILE", env = "CHAT_CLIENT_CONFIG", help_heading = "Connection")]
    pub(crate) client_config: Option<PathBuf>,
}

/// Who asks.
#[derive(clap::Args, Debug)]
pub(crate) struct Login {
    /// The user's name. The password comes from CHAT_PASSWORD or from --password-file, never from an
    /// argument
    #[arg(long, short, value_name = "NAME", env = "CHAT_USER", help_heading = "Connection")]
    pub(crate) user: Option<String>,

    /// A file whose first line is the password; `-` reads standard input. Counts more than
    /// CHAT_PASSWORD
    #[arg(long, value_name = "FILE", env = "CHAT_PASSWORD_FILE", help_heading = "Connection")]
    pub(crate) password_file: Option<PathBuf>,
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error: chat_http::client::AddressError| error.to_string())
}

/// A time of more than nothing, in seconds with or without a fraction, and short enough to count with.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse().ok().and_then(time_of).ok_or(SECONDS)
}

/// What [`seconds`] takes, and any other time that is said in seconds.
pub(crate) const SECONDS: &str =
    "expected a number of seconds above 0 and up to 31536000, a year, such as 30 or 0.5";

/// The time of so many seconds, if it can be one that somebody waits for.
pub(crate) fn time_of(seconds: f64) -> Option<Duration> {
    const YEAR: Duration = Duration::from_secs(31_536_000);
    let time = Duration::try_from_secs_f64(seconds).ok()?;
    (!time.is_zero() && time <= YEAR).then_some(time)
}
