//! The configuration of a server: one TOML document, read strictly.
//!
//! What a value may be is in its type ([`value`]), so a wrong one is reported with its line; what
//! only several values together can tell (a queue that nobody defined, two users of one name) is
//! checked afterwards and reported all at once, each with its place and with what was expected.

mod address;
mod center;
mod demo;
mod feature;
mod limits;
mod number;
mod people;
#[cfg(feature = "schema")]
mod schema;
mod server;
mod value;
mod web;

use std::collections::BTreeMap;
use std::fmt;

use chat_model::Rules;
use serde::Deserialize;

use center::Center;

pub use address::AddressRange;
pub use center::{AttributeValue, BusinessAttribute, Group, Settings, Skill, Workbin};
pub(crate) use center::{is_channel_name, settings_of};
pub(crate) use feature::{FEATURES, Feature, of as features_of};
pub use limits::{Limits, Notifications};
pub use people::{AgentState, Queue, User};
pub use server::Server;
pub use value::{ApiUrl, Origin, PasswordHash, TimeOffset, ValueError};
pub use web::{ForwardedHeader, SameSite};

/// Everything a server is told before it starts.
///
/// ```
/// let config = chat_http::Config::from_toml(r#"
///     [server]
///     listen = "127.0.0.1:8090"
///     contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"
///
///     [[queues]]
///     id = "8f0cf7a8-7f2e-4b3c-9d5a-1f1b6f0a3c11"
///     name = "support"
///     default = true
///
///     [[users]]
///     id = "1e553fa1b4164908a5f36d43cec96086"
///     name = "agent1"
///     password_hash = "$argon2id$v=19$m=19456,t=2,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE"
///     queues = ["support"]
/// "#)?;
/// assert_eq!(config.server.api_url().as_str(), "http://127.0.0.1:8090/api/v2");
/// assert_eq!(config.users[0].capacity, 3);
/// # Ok::<(), chat_http::ConfigError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// `[server]`: where it listens and how it speaks.
    pub server: Server,
    /// `[limits]`: how much it takes and how long it waits.
    #[serde(default)]
    pub limits: Limits,
    /// `[notifications]`: the timers and queues of the notification sessions.
    #[serde(default)]
    pub notifications: Notifications,
    /// `[[agent_states]]`: the custom states an agent can choose (PLAT-3.5-6). Default: one,
    /// `OutToLunch`.
    #[serde(default = "people::default_agent_states")]
    pub agent_states: Vec<AgentState>,
    /// `[[users]]`: who may log in.
    #[serde(default)]
    pub users: Vec<User>,
    /// `[[queues]]`: where chats wait.
    #[serde(default)]
    pub queues: Vec<Queue>,
    /// `[settings.SECTION]`: options of the contact centre, which clients read (PLAT-3.1-3).
    #[serde(default)]
    pub settings: Settings,
    /// `[[groups]]`: groups of people, and the dispositions agents choose from (PLAT-1.3-8).
    #[serde(default)]
    pub groups: Vec<Group>,
    /// `[[skills]]`: what users can know.
    #[serde(default)]
    pub skills: Vec<Skill>,
    /// `[[workbins]]`: where work can be put aside.
    #[serde(default)]
    pub workbins: Vec<Workbin>,
    /// `[[business_attributes]]`: lists of values that clients offer (PLAT-3.6-5).
    #[serde(default)]
    pub business_attributes: Vec<BusinessAttribute>,
    /// `[unavailable_channels]`: channels that StartContactCenterSession cannot open, each with the
    /// reason that the client is told (PLAT-1.2-8). Default: none.
    #[serde(default)]
    pub unavailable_channels: BTreeMap<String, String>,
    /// Whether this is the embedded demo contact centre, whose passwords everybody knows.
    #[serde(skip)]
    pub(crate) demo: bool,
}

impl Config {
    /// A contact centre without users and queues.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            limits: Limits::default(),
            notifications: Notifications::default(),
            agent_states: people::default_agent_states(),
            users: Vec::new(),
            queues: Vec::new(),
            settings: Settings::new(),
            groups: Vec::new(),
            skills: Vec::new(),
            workbins: Vec::new(),
            business_attributes: Vec::new(),
            unavailable_channels: BTreeMap::new(),
            demo: false,
        }
    }

    /// Whether there is an operation of this name on agents and their channels (PLAT-3.3 to 3.5).
    pub(crate) fn is_agent_operation(&self, name: &str) -> bool {
        people::is_agent_operation(name, &self.agent_states)
    }

    /// Reads and checks a TOML document.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the line of a value that cannot be read, or else every place
    /// whose value contradicts the others.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::unreadable(&error, text))?;
        config.validate()?;
        Ok(config)
    }

    /// What the model is told of it.
    pub fn rules(&self) -> Rules {
        let mut rules = Rules::default()
            .with_base(self.server.api_url().as_str())
            .expect("an ApiUrl has only characters of addresses");
        rules.limits.max_body_bytes = self.limits.max_body_bytes;
        rules.limits.max_depth = self.limits.max_depth;
        rules.limits.max_keys = self.limits.max_keys;
        rules.limits.max_key_bytes = self.limits.max_key_bytes;
        rules.max_user_data_bytes = self.limits.max_user_data_bytes;
        rules.max_transcript_bytes = self.limits.max_transcript_bytes;
        rules.time_offset_minutes = self.server.time_offset.minutes();
        rules.disposition_key = self.server.disposition_key.clone().into();
        rules.include_message_type = self.server.include_message_type;
        rules.invitation_ms = Some(self.limits.invitation_seconds * 1_000);
        rules.reference_id_replies = self.server.reference_id_replies;
        rules
    }

    /// Whether this is the embedded demo contact centre ([`Config::demo`]).
    pub fn is_demo(&self) -> bool {
        self.demo
    }

    /// Checks what the types cannot: the values against each other.
    ///
    /// # Errors
    /// Every contradiction, in the order of the document.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        self.server.validate(self.demo, &mut problems);
        self.limits.validate(&mut problems);
        self.notifications.validate(&mut problems);
        self.notifications.validate_pace(&mut problems);
        people::validate_agent_states(&self.agent_states, &mut problems);
        people::validate_users(&self.users, &self.queues, &self.center(), &mut problems);
        people::validate_queues(&self.queues, &mut problems);
        self.center().validate(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    fn center(&self) -> Center<'_> {
        Center {
            settings: &self.settings,
            groups: &self.groups,
            skills: &self.skills,
            workbins: &self.workbins,
            attributes: &self.business_attributes,
            unavailable: &self.unavailable_channels,
        }
    }
}

/// Why a configuration cannot be used: one or more problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// The problems, in the order of the document; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The TOML error shows the line and points at the place; a line about a password is named
    /// and not shown, because this text ends up in logs.
    fn unreadable(error: &toml::de::Error, document: &str) -> Self {
        let place = error.span().and_then(|span| {
            let before = document.get(..span.start)?;
            let line = document[before.rfind('\n').map_or(0, |at| at + 1)..].lines().next()?;
            line.contains("password").then(|| before.matches('\n').count() + 1)
        });
        let text = match place {
            Some(line) => format!("line {line}: {}", error.message()),
            None => error.to_string().trim_end().to_owned(),
        };
        Self { problems: vec![Problem { field: String::new(), text }] }
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    field: String,
    text: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, expected: &str, found: impl fmt::Display) -> Self {
        Self { field: field.into(), text: format!("expected {expected}, found {found}") }
    }

    /// The field, such as `users[2].queues`; empty when the document could not be read at all.
    pub fn field(&self) -> &str {
        &self.field
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "{}: {}", self.field, self.text)
        }
    }
}

/// Reports every value that came before in the list, with both places.
fn check_unique<'a>(places: impl Iterator<Item = (String, &'a str)>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::<&str, String>::new();
    for (place, value) in places {
        match seen.get(value) {
            Some(first) => problems.push(Problem::new(
                place,
                "a value of its own",
                format_args!("{value:?}, which is also that of {first}"),
            )),
            None => {
                seen.insert(value, place);
            }
        }
    }
}

#[cfg(test)]
mod tests;
