//! Chats from files: a chat resource as a notification prints it, or a snapshot.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use core::fmt;

use smallvec::smallvec;

use super::{Chat, Leg, MODEL_REVISION};
use crate::event::{Author, Event, Origin, Record};
use crate::id::{ParticipantId, QueueName, UserId};
use crate::json::{JsonError, JsonKind, JsonRef, Limits};
use crate::operation::quoted;
use crate::participant::{Facts, Person};
use crate::resource::{Audience, ChatResource, ChatState, Participant};
use crate::state::{LegState, ParticipantType, Role, Visibility};
use crate::time::Timestamp;

/// A chat read from a file.
///
/// Two forms are read. A *resource* is what a notification prints, with two optional members beside
/// it: `owner`, the user whose state it is, and `queue`, where the chat last came from. Agents
/// without an address are taken for the owner first and else for users called like their nickname.
/// A *snapshot* is what [`Chat`] serialises to, under `"snapshot": 1`.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct ChatFile {
    /// The chat.
    pub chat: Chat,
    /// Whose state a resource showed; `None` for a snapshot.
    pub owner: Option<UserId>,
}

/// Why a file is no chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportError(Reason);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Reason {
    Json(JsonError),
    NoChat(String),
}

impl ImportError {
    fn new(message: String) -> Self {
        Self(Reason::NoChat(message))
    }

    /// What is wrong with the JSON and where, if it is that.
    pub fn json(&self) -> Option<&JsonError> {
        match &self.0 {
            Reason::Json(error) => Some(error),
            Reason::NoChat(_) => None,
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Json(error) => error.fmt(f),
            Reason::NoChat(message) => f.write_str(message),
        }
    }
}

impl core::error::Error for ImportError {}

#[derive(serde::Deserialize)]
struct Shape {
    #[serde(default)]
    snapshot: Option<u32>,
    #[serde(default)]
    owner: Option<UserId>,
    #[serde(default)]
    queue: Option<QueueName>,
}

impl ChatFile {
    /// Reads one chat. `limits` are those of a resource; a snapshot grew from operations within them,
    /// and may be as large as 2 GiB and 128 levels deep.
    ///
    /// # Errors
    /// The text is no JSON within `limits`, or no chat; the message says what was expected.
    pub fn read(json: &[u8], limits: &Limits) -> Result<Self, ImportError> {
        let value = JsonRef::validate(json, limits)
            .or_else(|error| stored(json).ok_or(error))
            .map_err(|error| ImportError(Reason::Json(error)))?;
        if value.kind() != JsonKind::Object {
            return Err(expected("a chat to be an object", &value.kind().to_string()));
        }
        let shape: Shape = parse(json)?;
        match shape.snapshot {
            Some(MODEL_REVISION) => Ok(Self { chat: parse(json)?, owner: None }),
            Some(other) => Err(ImportError::new(alloc::format!(
                "expected a snapshot of revision {MODEL_REVISION}, found {other}"
            ))),
            None => Self::from_resource(&parse(json)?, shape.owner, shape.queue),
        }
    }

    /// Takes a chat resource for a chat; `owner` is the user whose `state` it shows.
    ///
    /// # Errors
    /// The resource lacks its `id`, has one that is no part of an address, has an unknown state, or is
    /// Chatting with no agent in it.
    pub fn from_resource(
        resource: &ChatResource,
        owner: Option<UserId>,
        queue: Option<QueueName>,
    ) -> Result<Self, ImportError> {
        let id = resource.id.clone().ok_or_else(|| expected("`id`, the chat's name", "none"))?;
        // It becomes a part of the chat's address.
        if !id.is_segment() {
            let found = quoted(id.as_str());
            return Err(expected("`id` to be letters, digits, `-`, `_` or `.`", &found));
        }
        let state = leg_state(resource.state.as_ref())?;
        let mut chat = Chat::new(id);
        chat.user_data = resource.user_data.clone().unwrap_or_default();
        chat.comment.clone_from(&resource.comment);
        chat.chat_type.clone_from(&resource.chat_type);
        chat.received = match resource.received_date.as_deref() {
            None => None,
            Some(text) => Some(
                Timestamp::from_wire(text)
                    .ok_or_else(|| expected("`receivedDate` as yyyy-MM-dd HH:mm:ss.SSSZ", text))?,
            ),
        };
        chat.session_open = matches!(state, LegState::Invited | LegState::Chatting);
        chat.queue = queue;

        let mut import = Import { chat, state, owner, users: BTreeSet::new(), numbers: 0 };
        for participant in resource.participants.iter().flatten() {
            import.add(participant)?;
        }
        let Import { mut chat, owner, users, .. } = import;
        match &owner {
            Some(owner) if !users.contains(owner) => {
                if state == LegState::Chatting {
                    return Err(expected(
                        "the `owner` of a chat that is Chatting among its `participants`",
                        &alloc::format!("{} not there", quoted(owner.as_str())),
                    ));
                }
                chat.legs.push(leg(owner, state, Role::Agent, None));
            }
            None if state == LegState::Chatting => {
                return Err(expected(
                    "an agent among `participants` of a chat that is Chatting",
                    "none",
                ));
            }
            _ => {}
        }
        Ok(Self { chat, owner })
    }

    /// The record that brings the chat into a journal.
    pub fn into_record(self, at: Timestamp) -> Record {
        let events = smallvec![Event::Imported { chat: Box::new(self.chat) }];
        Record { at, by: Author::House, reference_id: None, events }
    }
}

impl Chat {
    /// The chat as a snapshot file: everything that [`ChatFile::read`] needs to make it again.
    pub fn to_snapshot_json(&self) -> String {
        #[derive(serde::Serialize)]
        struct Tagged {
            snapshot: u32,
        }
        let tag = serde_json::to_string(&Tagged { snapshot: MODEL_REVISION });
        let chat = serde_json::to_string(self);
        // Texts, numbers and validated JSON always print.
        let (mut out, chat) = (tag.unwrap_or_default(), chat.unwrap_or_default());
        out.pop();
        out.push(',');
        out.push_str(chat.strip_prefix('{').unwrap_or(&chat));
        out
    }
}

/// A chat that becomes a resource's, participant by participant.
struct Import {
    chat: Chat,
    /// The state of the owner's leg.
    state: LegState,
    /// The first agent, unless the file says who.
    owner: Option<UserId>,
    /// Who has a leg already.
    users: BTreeSet<UserId>,
    /// How many the customer knows by a number (CUST-3.3).
    numbers: u32,
}

impl Import {
    fn add(&mut self, participant: &Participant) -> Result<(), ImportError> {
        let kind =
            participant.kind.clone().ok_or_else(|| expected("`type` of a participant", "none"))?;
        let nickname = participant.nickname.clone().unwrap_or_default();
        let id: ParticipantId = participant
            .participant_id
            .clone()
            .or_else(|| participant.id.clone())
            .ok_or_else(|| expected("`participantId` of a participant", "none"))?;
        let visibility = match participant.visibility.as_ref() {
            None | Some(Audience::All) => Visibility::All,
            Some(Audience::Agents) => Visibility::Agents,
            Some(Audience::Supervisors) => Visibility::Supervisors,
            Some(other) => return Err(expected("a known `visibility`", other.as_str())),
        };
        let user = match kind {
            ParticipantType::Agent => Some(self.agent(participant, &nickname)?),
            _ => None,
        };
        if let Some(user) = &user {
            if !self.users.insert(user.clone()) {
                return Err(expected(
                    "each agent once among `participants`",
                    &quoted(user.as_str()),
                ));
            }
            let is_owner = self.owner.get_or_insert_with(|| user.clone()) == user;
            let state = if is_owner { self.state } else { LegState::Chatting };
            // A coach looks like a consulted agent, and is one for whom the file knows no better.
            let role = match visibility {
                Visibility::All => Role::Agent,
                Visibility::Agents => Role::Consultant,
                Visibility::Supervisors => Role::Monitor,
            };
            let person = self.chat.people.len() as u32;
            self.chat.legs.push(leg(user, state, role, Some(person)));
        }
        let number = (visibility == Visibility::All).then(|| {
            self.numbers += 1;
            self.numbers
        });
        let facts = Facts { id, kind, nickname, user, visibility, present: true, number };
        self.chat.people.push(Person::from(facts));
        Ok(())
    }

    /// Whom a participant of type `Agent` is.
    fn agent(&self, participant: &Participant, nickname: &str) -> Result<UserId, ImportError> {
        let owner_is_free = || self.owner.clone().filter(|owner| !self.users.contains(owner));
        match participant.user().or_else(owner_is_free) {
            Some(user) => Ok(user),
            None if nickname.is_empty() => Err(expected(
                "`path`, `uri` or `nickname` of an agent among `participants`",
                "none",
            )),
            None => Ok(UserId::new(nickname)),
        }
    }
}

fn leg(user: &UserId, state: LegState, role: Role, person: Option<u32>) -> Leg {
    Leg {
        user: user.clone(),
        state,
        role,
        origin: Origin::Transferred { by: user.clone() },
        person,
        expires_at: None,
        in_focus: false,
        consulted: false,
        log_end: None,
        tail: Default::default(),
    }
}

/// The snapshot that is too large for a request.
fn stored(json: &[u8]) -> Option<JsonRef<'_>> {
    let value = JsonRef::validate_stored(core::str::from_utf8(json).ok()?).ok()?;
    value.get("snapshot").map(|_| value)
}

fn leg_state(state: Option<&ChatState>) -> Result<LegState, ImportError> {
    match state {
        None => Ok(LegState::Chatting),
        Some(state) => LegState::from_wire(state.as_str())
            .ok_or_else(|| expected("a known `state`", state.as_str())),
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T, ImportError> {
    serde_json::from_slice(json).map_err(|error| ImportError::new(error.to_string()))
}

fn expected(what: &str, found: &str) -> ImportError {
    ImportError::new(alloc::format!("expected {what}, found {found}"))
}
