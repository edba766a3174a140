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
pub struct Colleague {
    pub(crate) user: UserId,
    /// Which parameter named it, for refusals that only the chat can give.
    pub(crate) parameter: &'static str,
}

/// The agent or queue that Consult names by its address (CHAT-7.0-19).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsultTarget {
    pub(crate) target: Target,
    /// Which parameter named it, for refusals that only the chat can give.
    pub(crate) parameter: &'static str,
}

/// The agent, by address, or the queue, by name, that takes the chat over (CHAT-7.0-18).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferTarget {
    pub(crate) target: Target,
    /// Which parameter named it, for refusals that only the chat can give.
    pub(crate) parameter: &'static str,
}

impl Colleague {
    /// The agent's id.
    pub fn user(&self) -> &UserId {
        &self.user
    }
}

impl ConsultTarget {
    /// The agent or queue.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl TransferTarget {
    /// The agent or queue.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl FromBody for Colleague {
    const KIND: ParameterKind = ParameterKind::Agent;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        let (parameter, value) = one_of(body, &["targetUri", "targetPath"])?;
        match address(value, parameter, false)? {
            Target::User(user) => Ok(Self { user, parameter }),
            Target::Queue(_) => Err(malformed(value, parameter, false)?),
        }
    }
}

impl FromBody for ConsultTarget {
    const KIND: ParameterKind = ParameterKind::AgentOrQueue;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        let (parameter, value) = one_of(body, &["targetUri", "targetPath"])?;
        address(value, parameter, true).map(|target| Self { target, parameter })
    }
}

impl FromBody for TransferTarget {
    const KIND: ParameterKind = ParameterKind::TransferTarget;

    fn from_body(body: &Outlined<'_>, _: &'static str, _: &Limits) -> Result<Self, Rejection> {
        match one_of(body, &["targetUri", "targetPath", "queueName"])? {
            (parameter @ "queueName", value) => {
                let name = text(value, parameter)?;
                if name.is_empty() {
                    return Err(Rejection::out_of_range(
                        parameter,
                        "the name of a queue",
                        "an empty string",
                    ));
                }
                Ok(Self { target: Target::Queue(QueueName::new(name)), parameter })
            }
            (parameter, value) => match address(value, parameter, false)? {
                target @ Target::User(_) => Ok(Self { target, parameter }),
                Target::Queue(_) => Err(malformed(value, parameter, false)?),
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

fn address(value: JsonRef<'_>, parameter: &'static str, queues: bool) -> Result<Target, Rejection> {
    let text = text(value, parameter)?;
    let path = if parameter == "targetPath" { Some(&*text) } else { path_of(&text) };
    let parts = path.and_then(|path| path.strip_prefix('/')).and_then(|path| path.split_once('/'));
    match parts {
        Some(("users", id)) if is_id(id) => Ok(Target::User(UserId::new(id))),
        Some(("queues", id)) if is_id(id) => Ok(Target::Queue(QueueName::new(id))),
        _ => Err(malformed(value, parameter, queues)?),
    }
}

/// What follows `/api/v2` in an address, whatever host and path stand in front: a proxy may offer the
/// interface below a path of its own.
fn path_of(uri: &str) -> Option<&str> {
    let at = uri.rfind("/api/v2/")?;
    // In `http://api/v2/…` it is the host that is called `api`.
    (!uri[..at].ends_with(":/")).then(|| &uri[at + "/api/v2".len()..])
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && !id.contains(['/', '?', '#']) && !id.contains(char::is_whitespace)
}

fn malformed(
    value: JsonRef<'_>,
    parameter: &'static str,
    queues: bool,
) -> Result<Rejection, Rejection> {
    let expected = match (parameter, queues) {
        ("targetPath", false) => "`/users/{id}`",
        ("targetPath", true) => "`/users/{id}` or `/queues/{id}`",
        (_, false) => "`…/api/v2/users/{id}`",
        (_, true) => "`…/api/v2/users/{id}` or `…/api/v2/queues/{id}`",
    };
    Ok(Rejection::out_of_range(parameter, expected, &quoted(&text(value, parameter)?)))
}
