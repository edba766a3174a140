//! THE table of capabilities: who may do what in which state, and what is printed.
//!
//! The list that a chat resource prints and the guard that `decide` asks come from the same rows,
//! so they cannot drift apart (DEC-10). A row belongs to a [`Situation`]; each operation of the
//! table either stands in it with a [`Standing`] or is refused.

use crate::operation::OperationKind;
use crate::rejection::Rejection;
use crate::state::{LegState, Role};

/// What the capabilities of an agent on a chat depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Situation {
    /// The state of the agent's leg.
    pub state: LegState,
    /// What the agent is there for.
    pub role: Role,
    /// Whether another joined agent is visible to this one (CHAT-4.5, DEC-11).
    pub company: bool,
    /// Whether this agent has ever consulted on this leg (DEC-16: CancelConsult).
    pub consulted: bool,
}

/// How an operation stands in a situation (DEC-10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Standing {
    /// Allowed and printed.
    Listed,
    /// Allowed, but never printed by the documents (CHAT-4.14).
    Unlisted,
    /// Printed as captured, refused with code 3.
    ListedOnly,
    /// Neither.
    Refused,
}

impl Standing {
    /// Whether `decide` lets the operation through.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Listed | Self::Unlisted)
    }

    /// Whether the capability list prints it.
    pub const fn is_printed(self) -> bool {
        matches!(self, Self::Listed | Self::ListedOnly)
    }
}

/// One row of the table: the printed list in its order, then what is allowed without being printed.
struct Row {
    printed: &'static [(OperationKind, Standing)],
    unlisted: &'static [OperationKind],
    /// The printed list as JSON, so that a notification copies it.
    json: &'static str,
    /// One bit for each operation that is allowed, so that the guard looks once.
    allowed: u32,
}

const fn allowed(printed: &[(OperationKind, Standing)], unlisted: &[OperationKind]) -> u32 {
    let (mut allowed, mut at) = (0, 0);
    while at < printed.len() {
        let (kind, standing) = printed[at];
        allowed |= (standing.is_allowed() as u32) << kind as u32;
        at += 1;
    }
    at = 0;
    while at < unlisted.len() {
        allowed |= 1 << unlisted[at] as u32;
        at += 1;
    }
    allowed
}

/// How the lists spell an operation (CHAT-4.1, DEC-12).
macro_rules! capability {
    (SwitchToBargeIn) => {
        "SwitchBargeIn"
    };
    ($name:ident) => {
        stringify!($name)
    };
}

impl OperationKind {
    /// How capability lists spell it: as its name, with one exception (CHAT-4.1, DEC-12).
    pub const fn capability(self) -> &'static str {
        match self {
            Self::SwitchToBargeIn => capability!(SwitchToBargeIn),
            other => other.name(),
        }
    }
}

macro_rules! row {
    (printed [] unlisted []) => { Row { printed: &[], unlisted: &[], json: "[]", allowed: 0 } };
    (printed [$first:ident$(: $first_standing:ident)? $(, $name:ident$(: $standing:ident)?)*] unlisted [$($unlisted:ident),*]) => {{
        const PRINTED: &[(OperationKind, Standing)] = &[
            (OperationKind::$first, row!(@ $($first_standing)?))
            $(, (OperationKind::$name, row!(@ $($standing)?)))*
        ];
        const UNLISTED: &[OperationKind] = &[$(OperationKind::$unlisted),*];
        Row {
            printed: PRINTED,
            unlisted: UNLISTED,
            json: concat!("[\"", capability!($first), "\"" $(, ",\"", capability!($name), "\"")*, "]"),
            allowed: allowed(PRINTED, UNLISTED),
        }
    }};
    (@) => { Standing::Listed };
    (@ listed_only) => { Standing::ListedOnly };
}

/// DEC-11; CHAT-4.2.
const INVITED: Row = row!(printed [Accept, Reject] unlisted []);

/// CHAT-4.4: the thirteen of the AttachUserData page, in its order.
const CHATTING_ALONE: Row = row!(
    printed [
        Transfer, Leave, Invite, Consult, SetInFocus, SetDisposition, AttachUserData,
        DeleteUserData, UpdateUserData, Complete, SendMessage, SendStartTypingNotification,
        SendStopTypingNotification
    ]
    unlisted [AddComment, SendUrl, SendCustomNotice]
);

/// CHAT-4.5: the three to-agents operations stand before Complete.
const CHATTING_IN_COMPANY: Row = row!(
    printed [
        Transfer, Leave, Invite, Consult, SetInFocus, SetDisposition, AttachUserData,
        DeleteUserData, UpdateUserData, SendToAgents, SendStartTypingToAgentsNotification,
        SendStopTypingToAgentsNotification, Complete, SendMessage, SendStartTypingNotification,
        SendStopTypingNotification
    ]
    unlisted [
        AddComment, SendUrl, SendCustomNotice, SendCustomNoticeToAgents,
        RemoveParticipantFromConference
    ]
);

/// DEC-10: a consulted agent prints what an agent prints, and may not hand the chat on or end it.
const CONSULTED_IN_COMPANY: Row = row!(
    printed [
        Transfer: listed_only, Leave, Invite: listed_only, Consult: listed_only, SetInFocus,
        SetDisposition, AttachUserData, DeleteUserData, UpdateUserData, SendToAgents,
        SendStartTypingToAgentsNotification, SendStopTypingToAgentsNotification,
        Complete: listed_only, SendMessage, SendStartTypingNotification, SendStopTypingNotification
    ]
    unlisted [AddComment, SendUrl, SendCustomNotice, SendCustomNoticeToAgents]
);

/// A consulted agent who stayed while the chat was handed to a queue (DEC-15: other legs stay).
const CONSULTED_ALONE: Row = row!(
    printed [
        Transfer: listed_only, Leave, Invite: listed_only, Consult: listed_only, SetInFocus,
        SetDisposition, AttachUserData, DeleteUserData, UpdateUserData, Complete: listed_only,
        SendMessage, SendStartTypingNotification, SendStopTypingNotification
    ]
    unlisted [AddComment, SendUrl, SendCustomNotice]
);

/// CHAT-4.6: a supervisor who listens. Whatever is said or moved is listed only (DEC-10).
const MONITORING: Row = row!(
    printed [
        Leave, SetInFocus, SetDisposition, AttachUserData, DeleteUserData, UpdateUserData,
        Transfer: listed_only, Invite: listed_only, Consult: listed_only,
        SendToAgents: listed_only, SendStartTypingToAgentsNotification: listed_only,
        SendStopTypingToAgentsNotification: listed_only, SendMessage: listed_only,
        SendStartTypingNotification: listed_only, SendStopTypingNotification: listed_only,
        SwitchToCoach, SwitchToBargeIn
    ]
    unlisted [AddComment]
);

/// CHAT-4.8: a supervisor who talks to the agents and moves nobody (DEC-10).
const COACHING: Row = row!(
    printed [
        Leave, SetInFocus, SetDisposition, AttachUserData, DeleteUserData, UpdateUserData,
        Transfer: listed_only, Invite: listed_only, Consult: listed_only, SendToAgents,
        SendStartTypingToAgentsNotification, SendStopTypingToAgentsNotification, SendMessage,
        SendStartTypingNotification, SendStopTypingNotification, SwitchToMonitor, SwitchToBargeIn
    ]
    unlisted [AddComment, SendUrl, SendCustomNotice, SendCustomNoticeToAgents]
);

/// CHAT-4.7: a supervisor who talks to everybody.
const BARGED_IN: Row = row!(
    printed [
        Leave, SetInFocus, SetDisposition, AttachUserData, DeleteUserData, UpdateUserData,
        Transfer, Invite, Consult, SendToAgents, SendStartTypingToAgentsNotification,
        SendStopTypingToAgentsNotification, SendMessage, SendStartTypingNotification,
        SendStopTypingNotification, SwitchToMonitor, SwitchToCoach
    ]
    unlisted [AddComment, SendUrl, SendCustomNotice, SendCustomNoticeToAgents]
);

/// DEC-11, which overrides CHAT-4.10.
const LEFT_CHAT: Row = row!(
    printed [
        Complete, Transfer, SetInFocus, SetDisposition, AttachUserData, DeleteUserData,
        UpdateUserData, Leave
    ]
    unlisted []
);

/// CHAT-4.11, as captured.
const JOIN_FAILED: Row = row!(
    printed [
        SetInFocus, Complete, SetDisposition, AttachUserData, DeleteUserData, UpdateUserData
    ]
    unlisted []
);

/// CHAT-4.12, CHAT-4.13: an empty list, never an absent one.
const FINAL: Row = row!(printed [] unlisted []);

const fn row(situation: Situation) -> &'static Row {
    match (situation.state, situation.role, situation.company) {
        (LegState::Invited, _, _) => &INVITED,
        (LegState::Chatting, Role::Agent, false) => &CHATTING_ALONE,
        (LegState::Chatting, Role::Agent, true) => &CHATTING_IN_COMPANY,
        (LegState::Chatting, Role::Consultant, true) => &CONSULTED_IN_COMPANY,
        (LegState::Chatting, Role::Consultant, false) => &CONSULTED_ALONE,
        // The lists of supervisors do not depend on company.
        (LegState::Chatting, Role::Monitor, _) => &MONITORING,
        (LegState::Chatting, Role::Coach, _) => &COACHING,
        (LegState::Chatting, Role::BargeIn, _) => &BARGED_IN,
        (LegState::LeftChat, _, _) => &LEFT_CHAT,
        (LegState::JoinFailed, _, _) => &JOIN_FAILED,
        (LegState::Completed | LegState::Revoked, _, _) => &FINAL,
    }
}

impl Situation {
    /// An agent alone with the customer in `state`.
    pub const fn alone(state: LegState, role: Role) -> Self {
        Self { state, role, company: false, consulted: false }
    }

    /// How `operation` stands here.
    pub fn standing(self, operation: OperationKind) -> Standing {
        let row = row(self);
        if let Some(&(_, standing)) = row.printed.iter().find(|(kind, _)| *kind == operation) {
            return standing;
        }
        // DEC-16: CancelConsult is for one who has consulted; it is never printed (CHAT-4.14).
        let cancels = operation == OperationKind::CancelConsult
            && self.consulted
            && matches!(self.state, LegState::Chatting)
            && matches!(self.role, Role::Agent | Role::BargeIn);
        if cancels || row.unlisted.contains(&operation) {
            return Standing::Unlisted;
        }
        Standing::Refused
    }

    /// The printed list, in the order of the documents (DEC-11).
    pub fn capabilities(self) -> impl Iterator<Item = OperationKind> + use<> {
        row(self).printed.iter().map(|&(kind, _)| kind)
    }

    /// The printed list as a JSON array.
    pub(crate) fn capabilities_json(self) -> &'static str {
        row(self).json
    }

    /// Refuses `operation` unless it is allowed here.
    ///
    /// # Errors
    /// Code 2 if the state does not allow it to any role, code 3 if only this role may not (DEC-13).
    pub fn guard(self, operation: OperationKind) -> Result<(), Rejection> {
        if row(self).allowed >> operation as u32 & 1 == 1 || self.standing(operation).is_allowed() {
            return Ok(());
        }
        self.refuse(operation)
    }

    #[cold]
    fn refuse(self, operation: OperationKind) -> Result<(), Rejection> {
        let allowed = |situation: Self| situation.standing(operation).is_allowed();
        // What the role may do at another time is a matter of the state.
        let later =
            allowed(Self { company: true, ..self }) || allowed(Self { consulted: true, ..self });
        // A supervisor is always in company, and the lists of supervisors do not depend on it.
        let company = self.company || self.role.is_supervising();
        let for_another_role =
            || Role::ALL.iter().any(|&role| allowed(Self { role, company, ..self }));
        if !later && for_another_role() {
            return Err(Rejection::NotForRole { operation, role: self.role, state: self.state });
        }
        let expected = match operation {
            OperationKind::Accept | OperationKind::Reject => "an invitation (state Invited)",
            OperationKind::CancelConsult => "a consult that the caller asked for",
            _ if self.state == LegState::Chatting => "another agent in the chat",
            OperationKind::Complete | OperationKind::SetInFocus => {
                "a chat in state Chatting, LeftChat or JoinFailed"
            }
            OperationKind::Leave | OperationKind::Transfer => {
                "a chat in state Chatting or LeftChat"
            }
            OperationKind::AttachUserData
            | OperationKind::UpdateUserData
            | OperationKind::DeleteUserData
            | OperationKind::SetDisposition => "a chat in state Chatting, LeftChat or JoinFailed",
            _ => "a chat in state Chatting",
        };
        let found = match (self.state, operation) {
            (LegState::Chatting, OperationKind::CancelConsult) => "it has consulted nobody".into(),
            (LegState::Chatting, OperationKind::Accept | OperationKind::Reject) => {
                "the chat is Chatting".into()
            }
            (LegState::Chatting, _) => "the caller is the only one".into(),
            (state, _) => alloc::format!("the chat is {state}").into(),
        };
        Err(Rejection::NotNow { operation: operation.name(), expected: expected.into(), found })
    }
}
