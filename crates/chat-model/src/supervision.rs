//! Who supervises an agent's chats: Monitor, Coach and BargeIn on the agent's channel (CHAT-7.0-28).
//!
//! Supervision is about an agent, not about a chat: it is asked for before there is one, and takes
//! effect on the chats that the agent accepts from then on (CHAT-7.2-5). So it is kept beside the
//! chats, one [`Supervision`] per agent; the model reads it through
//! [`Directory::supervision_of`](crate::Directory::supervision_of) when the agent accepts, and what
//! came of it stands in the record. How a supervisor fares in a chat is the chat's business.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::{ChatId, UserId};
use crate::operation::{MonitoringOperation, MonitoringOperationKind};
use crate::rejection::Rejection;
use crate::state::{SupervisionMode, SupervisionScope};

/// The supervisors of one agent, in the order in which they asked.
///
/// It serialises to what a host keeps. Who may supervise is for the host to know (PLAT-2.3); then it
/// keeps what [`perform`](Self::perform) makes of the request, shows it to the model, and notes who
/// came along. A host with several chats, or nodes, at one time [reserves](Self::reserve) the next
/// chat before it lets the model decide: so it is one chat, whatever fails on the way.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use chat_model::{
///     Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Directory, Event,
///     MonitoringOperation, Operation, QueueName, Rules, Supervision, Timestamp, Trigger, UserId,
///     UserInfo,
/// };
///
/// #[derive(Default)]
/// struct House(BTreeMap<UserId, Supervision>);
///
/// impl Directory for House {
///     fn user(&self, id: &UserId) -> Option<UserInfo> {
///         Some(UserInfo::in_session(id.as_str()))
///     }
///     fn queue(&self, _: &str) -> Option<QueueName> {
///         None
///     }
///     fn default_queue(&self) -> Option<QueueName> {
///         Some(QueueName::new("support"))
///     }
///     fn next_ready(&self, _: &QueueName, _: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
///         None
///     }
///     fn supervision_of(&self, agent: &UserId) -> Supervision {
///         self.0.get(agent).cloned().unwrap_or_default()
///     }
/// }
///
/// let rules = Rules::default();
/// let mut house = House::default();
/// let (amy, sue) = (UserId::new("amy"), UserId::new("sue"));
///
/// // POST /users/amy/channels/chat, by sue.
/// let body = br#"{"operationName":"Coach","supervisorMonitoringMode":"NextChat"}"#;
/// let coach = MonitoringOperation::parse(body, &rules.limits)?;
/// house.0.entry(amy.clone()).or_default().perform(&sue, &coach)?;
///
/// // The next chat that amy accepts has sue in it, in the same record.
/// let mut chat = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
/// let context = Context::new(Timestamp::from_millis(0), &rules, &house);
/// let mut ids = CountingIds::from_seed(1);
/// let request = br#"{"operationName":"RequestChat","nickname":"Chris"}"#;
/// let request = CustomerOperation::parse(request, &rules.limits)?;
/// chat.apply(&Command::Customer(&request), &context, &mut ids)?;
/// chat.apply(&Command::House(&Trigger::Offer { user: amy.clone() }), &context, &mut ids)?;
/// let accept = Operation::parse(br#"{"operationName":"Accept"}"#, &rules.limits)?;
/// let applied = chat.apply(&Command::user(&amy, &accept), &context, &mut ids)?;
///
/// // Once that record is kept: the next chat was had.
/// for event in &applied.record.events {
///     if let Event::SupervisorAdmitted { user, agent, .. } = event {
///         house.0.get_mut(agent).expect("she was supervised").came_along(user);
///     }
/// }
/// assert!(house.supervision_of(&amy).is_empty());
/// assert!(applied.notices.iter().any(|notice| notice.to.contains(&sue)));
/// # Ok::<(), chat_model::Rejection>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Supervision(Vec<Supervisor>);

/// One who supervises an agent's chats.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Supervisor {
    /// Who it is.
    pub user: UserId,
    /// How the supervisor takes part.
    pub mode: SupervisionMode,
    /// For how long.
    pub scope: SupervisionScope,
    /// How the supervisor is called in the chats; by the user name if absent (DEC-19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The one chat that a supervisor of the next one comes along with, once the agent is about to
    /// accept it; no chat yet if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_for: Option<ChatId>,
}

impl Supervisor {
    /// Whether the supervisor comes along when the agent accepts `chat`.
    pub fn comes_along_with(&self, chat: &ChatId) -> bool {
        self.reserved_for.as_ref().is_none_or(|reserved| reserved == chat)
    }
}

impl Supervision {
    /// Does what `user` asks of the agent's channel. Asking again replaces what was asked before.
    ///
    /// # Errors
    /// Code 2: there is no supervision to cancel (CHAT-7.2-9). Then nothing has changed.
    pub fn perform(
        &mut self,
        user: &UserId,
        operation: &MonitoringOperation,
    ) -> Result<(), Rejection> {
        let (mode, scope, nickname) = match operation {
            MonitoringOperation::Monitor { scope, nickname } => {
                (SupervisionMode::Monitor, scope, nickname)
            }
            MonitoringOperation::Coach { scope, nickname } => {
                (SupervisionMode::Coach, scope, nickname)
            }
            MonitoringOperation::BargeIn { scope, nickname } => {
                (SupervisionMode::BargeIn, scope, nickname)
            }
            MonitoringOperation::CancelSupervisorMonitoring {} => return self.cancel(user),
        };
        let supervisor = Supervisor {
            user: user.clone(),
            mode,
            // CHAT-7.0-28: all chats unless said otherwise.
            scope: scope.unwrap_or(SupervisionScope::AllChats),
            nickname: nickname.clone().filter(|nickname| !nickname.is_empty()),
            reserved_for: None,
        };
        match self.0.iter_mut().find(|other| other.user == *user) {
            Some(place) => *place = supervisor,
            None => self.0.push(supervisor),
        }
        Ok(())
    }

    /// Takes note that `user` came along with a chat, as an
    /// [`Event::SupervisorAdmitted`](crate::Event::SupervisorAdmitted) of a kept record says: who asked
    /// for the next one has had it. Whether anything changed.
    pub fn came_along(&mut self, user: &UserId) -> bool {
        let before = self.0.len();
        self.0.retain(|one| one.user != *user || one.scope == SupervisionScope::AllChats);
        self.0.len() < before
    }

    /// Takes note that `chat` is about to be accepted, so that to those who asked for the next chat no
    /// other one is it. Whether anything changed.
    pub fn reserve(&mut self, chat: &ChatId) -> bool {
        let is_free = |one: &&mut Supervisor| {
            one.scope == SupervisionScope::NextChat && one.reserved_for.is_none()
        };
        let free = self.0.iter_mut().filter(is_free);
        free.map(|one| one.reserved_for = Some(chat.clone())).count() > 0
    }

    /// Takes note that `user` did not come along with `chat`: the next chat is another one. Whether
    /// anything changed.
    pub fn release(&mut self, chat: &ChatId, user: &UserId) -> bool {
        let is_meant =
            |one: &&mut Supervisor| one.user == *user && one.reserved_for.as_ref() == Some(chat);
        self.0.iter_mut().filter(is_meant).map(|one| one.reserved_for = None).count() > 0
    }

    /// Leaves out everybody whom `keep` does not want: who supervises only as long as they may.
    pub fn retain(&mut self, keep: impl FnMut(&Supervisor) -> bool) {
        self.0.retain(keep);
    }

    /// How `user` supervises the agent now, if so.
    pub fn of(&self, user: &UserId) -> Option<&Supervisor> {
        self.0.iter().find(|supervisor| supervisor.user == *user)
    }

    /// Everyone who supervises the agent.
    pub fn supervisors(&self) -> impl Iterator<Item = &Supervisor> {
        self.0.iter()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn cancel(&mut self, user: &UserId) -> Result<(), Rejection> {
        if self.of(user).is_none() {
            return Err(Rejection::NotNow {
                operation: MonitoringOperationKind::CancelSupervisorMonitoring.name(),
                expected: "an agent whom the caller supervises".into(),
                found: "the caller does not supervise this one".into(),
            });
        }
        self.0.retain(|supervisor| supervisor.user != *user);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Supervision, SupervisionScope};
    use crate::json::Limits;
    use crate::{ChatId, MonitoringOperation, UserId};

    /// Lets `user` ask for `body` and answers with the supervision as it is kept, or the refusal.
    fn ask(supervision: &mut Supervision, user: &str, body: &str) -> alloc::string::String {
        let operation = MonitoringOperation::parse(body.as_bytes(), &Limits::default()).unwrap();
        match supervision.perform(&UserId::new(user), &operation) {
            Ok(()) => serde_json::to_string(supervision).unwrap(),
            Err(rejection) => rejection.to_string(),
        }
    }

    #[test]
    fn asking_again_replaces_and_cancelling_ends() {
        let mut of_agent = Supervision::default();
        for (user, body, expected) in [
            (
                "s1",
                r#"{"operationName":"Monitor"}"#,
                r#"[{"user":"s1","mode":"Monitor","scope":"AllChats"}]"#,
            ),
            (
                "s2",
                r#"{"operationName":"Coach","supervisorMonitoringMode":"NextChat","nickname":"Sue"}"#,
                r#"[{"user":"s1","mode":"Monitor","scope":"AllChats"},{"user":"s2","mode":"Coach","scope":"NextChat","nickname":"Sue"}]"#,
            ),
            (
                "s1",
                r#"{"operationName":"BargeIn","nickname":""}"#,
                r#"[{"user":"s1","mode":"BargeIn","scope":"AllChats"},{"user":"s2","mode":"Coach","scope":"NextChat","nickname":"Sue"}]"#,
            ),
            (
                "s1",
                r#"{"operationName":"CancelSupervisorMonitoring"}"#,
                r#"[{"user":"s2","mode":"Coach","scope":"NextChat","nickname":"Sue"}]"#,
            ),
            (
                "s1",
                r#"{"operationName":"CancelSupervisorMonitoring"}"#,
                "CancelSupervisorMonitoring needs an agent whom the caller supervises, but the caller does not supervise this one",
            ),
        ] {
            assert_eq!(ask(&mut of_agent, user, body), expected, "{user} {body}");
        }
        let sue = UserId::new("s2");
        assert_eq!(of_agent.of(&sue).map(|one| one.scope), Some(SupervisionScope::NextChat));
        assert!(of_agent.came_along(&sue), "the next chat came");
        assert!(of_agent.is_empty());
        assert!(!of_agent.came_along(&sue));
    }

    /// CHAT-7.2-8: the next chat is one chat, also while it is being accepted.
    #[test]
    fn what_is_reserved_is_reserved_once() {
        let mut of_agent = Supervision::default();
        ask(&mut of_agent, "s1", r#"{"operationName":"Monitor"}"#);
        let next = r#"{"operationName":"Coach","supervisorMonitoringMode":"NextChat"}"#;
        ask(&mut of_agent, "s2", next);
        let (one, other, sue) = (ChatId::new("a"), ChatId::new("b"), UserId::new("s2"));
        let with = |supervision: &Supervision, chat: &ChatId| {
            let along = supervision.supervisors().filter(|one| one.comes_along_with(chat));
            along.map(|one| one.user.to_string()).collect::<alloc::vec::Vec<_>>()
        };
        assert_eq!(with(&of_agent, &one), ["s1", "s2"]);
        assert!(of_agent.reserve(&one));
        assert!(!of_agent.reserve(&one) && !of_agent.reserve(&other));
        assert_eq!((with(&of_agent, &one).len(), with(&of_agent, &other).len()), (2, 1));
        assert!(!of_agent.release(&other, &sue));
        assert!(of_agent.release(&one, &sue));
        assert!(of_agent.reserve(&other));
        assert_eq!((with(&of_agent, &one).len(), with(&of_agent, &other).len()), (1, 2));
        // Asking again is asking for one more.
        ask(&mut of_agent, "s2", next);
        assert_eq!((with(&of_agent, &one).len(), with(&of_agent, &other).len()), (2, 2));
        of_agent.retain(|one| one.user == sue);
        assert_eq!(with(&of_agent, &one), ["s2"]);
    }
}
