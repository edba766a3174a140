//! How a database is opened: where it is, whom it lets in, and what it must promise.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use super::tls::Trust;
use super::{Durability, OpenError};
use crate::Stopwatch;
use crate::memory::REPLAY_WINDOW;

/// How a database is opened; see [`PostgresOptions::open`].
#[derive(Clone)]
#[must_use]
pub struct PostgresOptions {
    pub(super) config: Config,
    pub(super) trust: Trust,
    pub(super) schema: String,
    pub(super) window: Duration,
    pub(super) durability: Durability,
    pub(super) accept_weaker: bool,
    pub(super) must_exist: bool,
    pub(super) connections: usize,
    pub(super) connect_within: Duration,
    pub(super) answer_within: Duration,
    pub(super) stopwatch: Option<Stopwatch>,
}

/// The schema where nothing else is asked for.
const SCHEMA: &str = "chat";

/// How many connections, beside the one that listens.
const CONNECTIONS: usize = 16;

/// How long a call waits for a connection. Whoever waits for an answer is better told soon that there is
/// none; a switch to another server that takes longer is waited for by clients that come again.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

impl PostgresOptions {
    /// Reads an address such as `postgres://user:password@host:5432/database?sslmode=verify-full`.
    ///
    /// Several hosts, separated by commas, are tried in turn until one takes writes. Besides what
    /// tokio-postgres reads, the address may say `sslmode` (`disable`, `prefer`, `require`,
    /// `verify-ca`, `verify-full`, with libpq's meanings), `sslrootcert` (a file of certificates in
    /// PEM, or `system`), `schema` and `durability` (`local`, `replicated`). As with libpq, only the two `verify` modes know whom they
    /// talk to; `prefer`, the default, does not even insist on encryption.
    ///
    /// Further: the schema `chat`, a replay window of one hour, durability
    /// [`Durability::Local`], at most 16 connections and one that listens, 2 seconds to get a
    /// connection (`connect_timeout` in the address says how many per host), and 10 for an answer.
    ///
    /// # Errors
    /// [`OpenError::Address`] says which part is wrong, without the rest of the address.
    pub fn new(url: &str) -> Result<Self, OpenError> {
        let address = |why: &str| OpenError::Address(why.to_owned());
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(address("it does not begin with postgres:// or postgresql://"));
        }
        // A password may hold a question mark; what follows the host is after the @.
        let host = url.find('@').unwrap_or(0);
        let query = url[host..].find('?').map(|at| host + at);
        let (base, query) = query.map_or((url, ""), |at| (&url[..at], &url[at + 1..]));

        let mut schema = SCHEMA.to_owned();
        let (mut mode, mut roots) = (None, None);
        let mut durability = Durability::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || -> Result<String, OpenError> {
                let text: Cow<'_, str> = percent_decode_str(value)
                    .decode_utf8()
                    .map_err(|_| address(&format!("the value of {key} is no UTF-8")))?;
                Ok(text.into_owned())
            };
            match key {
                "sslmode" => mode = Some(value()?),
                "sslrootcert" => roots = Some(value()?),
                "schema" => schema = value()?,
                "durability" => {
                    durability = match &*value()? {
                        "local" => Durability::Local,
                        "replicated" => Durability::Replicated,
                        other => {
                            let why =
                                format!("expected durability local or replicated, got {other:?}");
                            return Err(address(&why));
                        }
                    };
                }
                "sslcert" | "sslkey" | "sslcrl" | "passfile" | "service" => {
                    return Err(address(&format!("{key} is not supported")));
                }
                _ => rest.push(pair),
            }
        }
        let readable = [base, "?", &rest.join("&")].concat();
        let mut config: Config = readable.parse().map_err(|error: tokio_postgres::Error| {
            // The cause names an option or a place, never what stands there.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            OpenError::Address(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(address("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(address("it names no user"));
        }
        let roots = roots.filter(|file| file != "system").map(PathBuf::from);
        let (mode, trust) = match mode.as_deref().unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Trust::Anyone),
            "prefer" => (SslMode::Prefer, Trust::Anyone),
            // As libpq has it: whoever names a root certificate means it.
            "require" if roots.is_some() => {
                (SslMode::Require, Trust::Issued { roots, name: false })
            }
            "require" => (SslMode::Require, Trust::Anyone),
            "verify-ca" => (SslMode::Require, Trust::Issued { roots, name: false }),
            "verify-full" => (SslMode::Require, Trust::Issued { roots, name: true }),
            other => {
                let modes = "disable, prefer, require, verify-ca or verify-full";
                return Err(address(&format!("expected sslmode {modes}, got {other:?}")));
            }
        };
        config.ssl_mode(mode);
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let given = |name: &str| rest.iter().any(|pair| pair.split('=').next() == Some(name));
        if !given("keepalives_idle") {
            // Two hours, the usual, is how long a host that vanished would be waited for.
            config.keepalives_idle(Duration::from_secs(10));
            config.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
        }
        if config.get_application_name().is_none() {
            config.application_name("chat");
        }
        let hosts = hosts_of(&config);
        let connect_within =
            config.get_connect_timeout().map_or(CONNECT_WITHIN, |each| each.saturating_mul(hosts));
        let options = Self {
            config,
            trust,
            schema: String::new(),
            window: REPLAY_WINDOW,
            durability,
            accept_weaker: false,
            must_exist: false,
            connections: CONNECTIONS,
            connect_within,
            answer_within: Duration::from_secs(10),
            stopwatch: None,
        };
        options.schema(schema)
    }

    /// Gives the password, instead of writing it into the address.
    pub fn password(mut self, password: impl AsRef<[u8]>) -> Self {
        self.config.password(password);
        self
    }

    /// Keeps everything in the schema of that name, so that several systems share a database.
    ///
    /// # Errors
    /// [`OpenError::Address`] for a name that PostgreSQL does not take as it is.
    pub fn schema(mut self, name: impl Into<String>) -> Result<Self, OpenError> {
        let name = name.into();
        // The name is also that of the channel, which is bound to 63 bytes as names are.
        let fits = (1..=63).contains(&name.len()) && !name.starts_with("pg_");
        if !fits || name.contains(['\0', '"', '\'', '$', '\\', '@']) {
            let why = "the name of the schema: expected 1 to 63 bytes without quotes, $, \\ and @, \
                       and not beginning with pg_";
            return Err(OpenError::Address(why.to_owned()));
        }
        self.schema = name;
        Ok(self)
    }

    /// Keeps feed entries for `window` (see [`Store::expire`](crate::Store::expire)). All nodes of
    /// one system have the same.
    pub const fn replay_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// What an acknowledged append has to outlive.
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Opens, and writes to, a database that promises less; its health says so.
    pub const fn accept_weaker(mut self) -> Self {
        self.accept_weaker = true;
        self
    }

    /// Opens a schema that is there and of this version, and changes none.
    pub const fn must_exist(mut self) -> Self {
        self.must_exist = true;
        self
    }

    /// At most so many connections at a time, at least one, beside the one that listens.
    pub const fn connections(mut self, most: usize) -> Self {
        self.connections = if most == 0 { 1 } else { most };
        self
    }

    /// How long a call waits for a connection: for its turn, and for one to be made.
    pub const fn connect_within(mut self, span: Duration) -> Self {
        self.connect_within = span;
        self
    }

    /// How long a statement may take. The server gives up then; somewhat later the connection is
    /// given up, and what became of an append is unknown.
    pub const fn answer_within(mut self, span: Duration) -> Self {
        self.answer_within = span;
        self
    }

    /// Measures appends for [`PostgresStore::figures`](super::PostgresStore::figures).
    pub fn stopwatch(mut self, stopwatch: Stopwatch) -> Self {
        self.stopwatch = Some(stopwatch);
        self
    }

    /// The options of the connection, with the limit the server keeps.
    pub(super) fn connecting(&self) -> Config {
        let mut config = self.config.clone();
        let limit = format!("-c statement_timeout={}", self.answer_within.as_millis().max(1));
        let asked = config.get_options().map(|asked| format!("{limit} {asked}"));
        config.options(asked.unwrap_or(limit));
        if config.get_connect_timeout().is_none() {
            // All of them within that time, so that one that does not answer leaves some for the others.
            config.connect_timeout(self.connect_within / hosts_of(&config));
        }
        config
    }
}

fn hosts_of(config: &Config) -> u32 {
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
    u32::try_from(hosts).unwrap_or(u32::MAX).max(1)
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("hosts", &self.config.get_hosts())
            .field("user", &self.config.get_user())
            .field("database", &self.config.get_dbname())
            .field("trust", &self.trust)
            .field("schema", &self.schema)
            .field("window", &self.window)
            .field("durability", &self.durability)
            .field("accept_weaker", &self.accept_weaker)
            .field("must_exist", &self.must_exist)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::config::{SslMode, TargetSessionAttrs};

    use super::{Durability, PostgresOptions};

    #[test]
    fn an_address_that_cannot_be_read_is_answered_with_what_is_wrong_and_not_with_itself() {
        for (url, says) in [
            ("", "does not begin with"),
            ("host=db password=s3cret", "does not begin with"),
            ("postgres://", "no host"),
            ("postgres://u:s3cret@", "no host"),
            ("postgres://db/chats", "no user"),
            ("postgres://u:s3cret@db:port/chats", "port"),
            ("postgres://u:s3cret@db/chats?nonsense=1", "nonsense"),
            ("postgres://u:s3cret@db/chats?connect_timeout=soon", "connect_timeout"),
            ("postgres://u:s3cret@db/chats?sslmode=perhaps", "\"perhaps\""),
            ("postgres://u:s3cret@db/chats?sslmode=%ff", "UTF-8"),
            ("postgres://u:s3cret@db/chats?durability=some", "local or replicated, got \"some\""),
            ("postgres://u:s3cret@db/chats?sslcert=file", "not supported"),
            ("postgres://u:s3cret@db/chats?schema=", "1 to 63 bytes"),
            ("postgres://u:s3cret@db/chats?schema=pg_x", "1 to 63 bytes"),
            ("postgres://u:s3cret@db/chats?schema=a%22b", "1 to 63 bytes"),
        ] {
            let refused = PostgresOptions::new(url).map(drop).map_err(|why| why.to_string());
            let told = refused.expect_err(url);
            assert!(told.contains(says), "expected {says:?}, got {told:?}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn an_address_says_where_to_go_and_keeps_its_password_to_itself() {
        let url = "postgres://u:s3cret%3F@a:1,b:2/chats?schema=eu%20west&sslmode=verify-full\
                   &keepalives=0&connect_timeout=7&sslrootcert=system&durability=replicated";
        let options = PostgresOptions::new(url).expect("the address is fine");
        assert_eq!(options.schema, "eu west");
        assert_eq!(options.durability, Durability::Replicated);
        assert_eq!(options.config.get_password(), Some(&b"s3cret?"[..]));
        assert_eq!(options.config.get_ports(), [1, 2]);
        assert_eq!(options.config.get_ssl_mode(), SslMode::Require);
        let wanted = options.config.get_target_session_attrs();
        assert_eq!(wanted, TargetSessionAttrs::ReadWrite, "of several, the one that writes");
        assert!(!options.config.get_keepalives());
        assert_eq!(options.config.get_keepalives_idle(), Duration::from_secs(10));
        assert_eq!(options.connect_within, Duration::from_secs(14), "7 for each host");
        let told = format!("{options:?} {:?}", options.connecting());
        assert!(!told.contains("s3cret"), "{told}");
        assert!(options.connecting().get_options().unwrap().contains("statement_timeout=10000"));
    }
}
