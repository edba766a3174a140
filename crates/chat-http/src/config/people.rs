//! `[[users]]`, `[[queues]]` and `[[agent_states]]`: who works here, and where chats wait.

use std::collections::BTreeMap;

use chat_model::{QueueName, UserId};
use serde::{Deserialize, Deserializer};

use super::center::{Center, Settings};
use super::value::PasswordHash;
use super::{Problem, check_unique, feature};

/// Somebody who may log in.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct User {
    /// 32 lower-case hex digits (PLAT-1.5-1).
    #[serde(deserialize_with = "user_id")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::HexId"))]
    pub id: UserId,
    /// The name to log in with, the `userName` of the user resource.
    pub name: String,
    /// What is kept of the password.
    pub password_hash: PasswordHash,
    /// How customers see the user unless Accept says otherwise. Default: the name.
    #[serde(default)]
    pub nickname: Option<String>,
    /// The `firstName` of the user resource.
    #[serde(default)]
    pub first_name: String,
    /// The `lastName` of the user resource.
    #[serde(default)]
    pub last_name: String,
    /// The `emailAddress` of the user resource.
    #[serde(default)]
    pub email_address: String,
    /// The roles (PLAT-2.3-1). Default: `ROLE_AGENT`.
    #[serde(default = "default_roles")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<super::schema::RoleName>"))]
    pub roles: Vec<String>,
    /// The names of the queues whose chats the user is offered.
    #[serde(default)]
    pub queues: Vec<QueueName>,
    /// How many chats at one time (DEC-40). Default 3.
    #[serde(default = "default_capacity", deserialize_with = "super::number::whole")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1000)))]
    pub capacity: u32,
    /// The names of the groups the user is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The names of the user's skills, each with its level.
    #[serde(default, deserialize_with = "super::number::whole_by_name")]
    pub skills: BTreeMap<String, u32>,
    /// The ids of the user's features (PLAT-2.4). Default: those of the roles. Chats need
    /// `api-multimedia` or `api-multimedia-chat`.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// Whether the user is kept for the record only: may not log in, has no session any more, and is
    /// offered nothing. Default false.
    #[serde(default)]
    pub disabled: bool,
    /// The user's own settings; where the centre has the same option, the user's value counts.
    #[serde(default)]
    pub settings: Settings,
}

impl User {
    /// An agent without queues.
    pub fn new(
        id: impl Into<UserId>,
        name: impl Into<String>,
        password_hash: PasswordHash,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            password_hash,
            nickname: None,
            first_name: String::new(),
            last_name: String::new(),
            email_address: String::new(),
            roles: default_roles(),
            queues: Vec::new(),
            capacity: default_capacity(),
            groups: Vec::new(),
            skills: BTreeMap::new(),
            features: None,
            disabled: false,
            settings: Settings::new(),
        }
    }

    /// Whether the user has the feature, such as `api-supervisor-monitoring` (PLAT-2.4).
    pub fn has_feature(&self, id: &str) -> bool {
        feature::of(self).any(|feature| feature.id == id)
    }

    /// Whether the user has the role (PLAT-2.3-1).
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    /// How customers see the user unless Accept says otherwise (DEC-12).
    pub fn nickname(&self) -> &str {
        self.nickname.as_deref().unwrap_or(&self.name)
    }
}

/// A place where chats wait for an agent.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Queue {
    /// A UUID in lower case (PLAT-1.5-2).
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::Uuid"))]
    pub id: String,
    /// The name that `queueName` and `endpoint` carry.
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::NonEmpty"))]
    pub name: QueueName,
    /// Whether chats that name no queue go here (DEC-46). Default false; one at most.
    #[serde(default)]
    pub default: bool,
}

impl Queue {
    /// A queue that is not the default one.
    pub fn new(id: impl Into<String>, name: impl Into<QueueName>) -> Self {
        Self { id: id.into(), name: name.into(), default: false }
    }
}

/// A custom agent state: not ready, with a name of its own (PLAT-3.5-6).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentState {
    /// The operation that chooses it, such as `OutToLunch`.
    pub operation_name: String,
    /// How it is shown.
    pub display_name: String,
    /// Its GUID.
    pub id: String,
}

impl AgentState {
    /// A state that the operation `operation_name` chooses.
    pub fn new(
        operation_name: impl Into<String>,
        display_name: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        Self {
            operation_name: operation_name.into(),
            display_name: display_name.into(),
            id: id.into(),
        }
    }
}

/// The custom state that the documents use as their example.
pub(super) fn default_agent_states() -> Vec<AgentState> {
    vec![AgentState::new("OutToLunch", "Out To Lunch", "5D5C3A6E-0C55-4F0B-9B8D-7C8B0D2F6A11")]
}

/// Names that an operation on the user or on a channel already has.
const TAKEN: [&str; 11] = [
    "Ready",
    "NotReady",
    "DoNotDisturbOn",
    "DoNotDisturbOff",
    "StartContactCenterSession",
    "EndContactCenterSession",
    "Offline",
    "Monitor",
    "Coach",
    "BargeIn",
    "CancelSupervisorMonitoring",
];

/// Whether an operation on a user or on a channel has this name, custom states included.
pub(super) fn is_agent_operation(name: &str, states: &[AgentState]) -> bool {
    TAKEN.contains(&name) || states.iter().any(|state| state.operation_name == name)
}

pub(super) const ROLES: [&str; 4] = ["ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_ADMIN", "ROLE_APIUSER"];

pub(super) fn validate_agent_states(states: &[AgentState], problems: &mut Vec<Problem>) {
    for (i, state) in states.iter().enumerate() {
        let name = &state.operation_name;
        if name.is_empty() || TAKEN.contains(&name.as_str()) {
            problems.push(Problem::new(
                format!("agent_states[{i}].operation_name"),
                "a name that no other operation has",
                format_args!("{name:?}"),
            ));
        }
    }
    let names = states.iter().enumerate();
    check_unique(
        names
            .map(|(i, s)| (format!("agent_states[{i}].operation_name"), s.operation_name.as_str())),
        problems,
    );
}

pub(super) fn validate_users(
    users: &[User],
    queues: &[Queue],
    center: &Center<'_>,
    problems: &mut Vec<Problem>,
) {
    for (i, user) in users.iter().enumerate() {
        // A colon would end the name in Basic credentials (RFC 7617).
        if user.name.is_empty() || user.name.contains(':') || user.name.contains(char::is_control) {
            problems.push(Problem::new(
                format!("users[{i}].name"),
                "a name without colons and control characters",
                format_args!("{:?}", user.name),
            ));
        }
        for (k, role) in user.roles.iter().enumerate() {
            if !ROLES.contains(&role.as_str()) {
                problems.push(Problem::new(
                    format!("users[{i}].roles[{k}]"),
                    &format!("one of {}", ROLES.join(", ")),
                    format_args!("{role:?}"),
                ));
            }
        }
        for (k, queue) in user.queues.iter().enumerate() {
            if !queues.iter().any(|q| q.name == *queue) {
                let known: Vec<_> = queues.iter().map(|q| q.name.as_str()).collect();
                problems.push(Problem::new(
                    format!("users[{i}].queues[{k}]"),
                    &if known.is_empty() {
                        "a queue, but no [[queues]] is defined".to_owned()
                    } else {
                        format!("one of the queues {}", known.join(", "))
                    },
                    format_args!("{:?}", queue.as_str()),
                ));
            }
        }
        if !(1..=1_000).contains(&user.capacity) {
            problems.push(Problem::new(
                format!("users[{i}].capacity"),
                "a number of chats from 1 to 1000",
                user.capacity,
            ));
        }
        feature::validate(format_args!("users[{i}]"), user, problems);
        center.validate_user(&format!("users[{i}]"), user, problems);
    }
    let each = || users.iter().enumerate();
    check_unique(each().map(|(i, u)| (format!("users[{i}].id"), u.id.as_str())), problems);
    check_unique(each().map(|(i, u)| (format!("users[{i}].name"), u.name.as_str())), problems);
}

pub(super) fn validate_queues(queues: &[Queue], problems: &mut Vec<Problem>) {
    for (i, queue) in queues.iter().enumerate() {
        if !super::server::is_uuid(&queue.id) {
            problems.push(Problem::new(
                format!("queues[{i}].id"),
                "a UUID in lower case such as \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"",
                format_args!("{:?}", queue.id),
            ));
        }
        if queue.name.as_str().is_empty() {
            problems.push(Problem::new(format!("queues[{i}].name"), "a name", "an empty text"));
        }
    }
    let each = || queues.iter().enumerate();
    check_unique(each().map(|(i, q)| (format!("queues[{i}].id"), q.id.as_str())), problems);
    check_unique(each().map(|(i, q)| (format!("queues[{i}].name"), q.name.as_str())), problems);
    let mut defaults = each().filter(|(_, q)| q.default);
    if let Some((first, _)) = defaults.next() {
        for (i, _) in defaults {
            problems.push(Problem::new(
                format!("queues[{i}].default"),
                "one default queue",
                format_args!("a second one (queues[{first}] is the first)"),
            ));
        }
    }
}

fn user_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserId, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(UserId::from(text))
    } else {
        Err(serde::de::Error::custom(format_args!(
            "expected 32 hex digits in lower case such as \"1e553fa1b4164908a5f36d43cec96086\", \
             found {text:?}"
        )))
    }
}

fn default_roles() -> Vec<String> {
    vec!["ROLE_AGENT".to_owned()]
}

fn default_capacity() -> u32 {
    3
}
