//! Whom an operation is about: `targetUri`, `targetPath` and `queueName` (DEC-12, DEC-15).
//!
//! Load balancers rename the host, so any host is accepted in front of `/api/v2/users/{id}`; what
//! follows must name a user or, where the operation allows one, a queue.

use super::read::{FromBody, ParameterKind, present, quoted, text};
use crate::id::{QueueName, UserId};
use crate::json::{JsonRef, Limits, Outlined};
use crate::rejection::Rejection;

/// An agent or a queue.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Target {
    /// The agent with this id.
    User(UserId),
    /// The queue with this name or, when it came as an address, this id.
    Queue(QueueName),
}

/// The agent that Invite and RemoveParticipantFromConference name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Colleague(pub(crate) UserId);

/// The agent or queue that Consult names by its address (CHAT-7.0-19).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsultTarget(pub(crate) Target);

/// The agent, by address, or the queue, by name, that takes the chat over (CHAT-7.0-18).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferTarget(pub(crate) Target);

impl Colleague {
    /// The agent's id.
    pub fn user(&self) -> &UserId {
        &self.0
    }
}

impl ConsultTarget {
    /// The agent or queue.
    pub fn target(&self) -> &Target {
        &self.0
    }
}

impl TransferTarget {
    /// The agent or queue.
    pub fn target(&self) -> &Target {
        &self.0
    }
}

impl FromBody for Colleague {
    const KIND: ParameterKind = ParameterKind::Agent;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        let (parameter, value) = one_of(body, &["targetUri", "targetPath"])?;
        match address(value, parameter)? {
            Target::User(user) => Ok(Self(user)),
            Target::Queue(_) => Err(malformed(value, parameter)?),
        }
    }
}

impl FromBody for ConsultTarget {
    const KIND: ParameterKind = ParameterKind::AgentOrQueue;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        let (parameter, value) = one_of(body, &["targetUri", "targetPath"])?;
        address(value, parameter).map(Self)
    }
}

impl FromBody for TransferTarget {
    const KIND: ParameterKind = ParameterKind::TransferTarget;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        match one_of(body, &["targetUri", "targetPath", "queueName"])? {
            ("queueName", value) => {
                let name = text(value, "queueName")?;
                if name.is_empty() {
                    return Err(Rejection::out_of_range(
                        "queueName",
                        "the name of a queue",
                        "an empty string",
                    ));
                }
                Ok(Self(Target::Queue(QueueName::new(name))))
            }
            (parameter, value) => match address(value, parameter)? {
                user @ Target::User(_) => Ok(Self(user)),
                Target::Queue(_) => Err(malformed(value, parameter)?),
            },
        }
    }
}

/// The one member of `names` that is there: none is code 1, two are code 10 (DEC-15).
fn one_of<'a>(
    body: &Outlined<'a>,
    names: &[&'static str],
) -> Result<(&'static str, JsonRef<'a>), Rejection> {
    let mut found = None;
    for &name in names {
        let Some(value) = present(body, name) else { continue };
        if let Some((first, _)) = found {
            return Err(Rejection::out_of_range(
                name,
                "only one target",
                &alloc::format!("a second one beside `{first}`"),
            ));
        }
        found = Some((name, value));
    }
    found.ok_or(Rejection::missing(names[0]))
}

fn address(value: JsonRef<'_>, parameter: &'static str) -> Result<Target, Rejection> {
    let text = text(value, parameter)?;
    let path = if parameter == "targetPath" { Some(&*text) } else { path_of(&text) };
    let parts = path.and_then(|path| path.strip_prefix('/')).and_then(|path| path.split_once('/'));
    match parts {
        Some(("users", id)) if is_id(id) => Ok(Target::User(UserId::new(id))),
        Some(("queues", id)) if is_id(id) => Ok(Target::Queue(QueueName::new(id))),
        _ => Err(malformed(value, parameter)?),
    }
}

/// What follows `/api/v2` in an address, whatever host stands in front.
fn path_of(uri: &str) -> Option<&str> {
    let path = match uri.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => uri,
    };
    let at = path.find("/api/v2/")?;
    Some(&path[at + "/api/v2".len()..])
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && !id.contains(['/', '?', '#']) && !id.contains(char::is_whitespace)
}

fn malformed(value: JsonRef<'_>, parameter: &'static str) -> Result<Rejection, Rejection> {
    let expected =
        if parameter == "targetPath" { "`/users/{id}`" } else { "`…/api/v2/users/{id}`" };
    Ok(Rejection::out_of_range(parameter, expected, &quoted(&text(value, parameter)?)))
}
