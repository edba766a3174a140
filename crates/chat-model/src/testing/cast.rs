//! The people and queues of the stories: few, so that they meet.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{
    Directory, Event, MonitoringOperation, QueueName, Record, Rejection, Supervision, UserId,
    UserInfo,
};

/// Four agents and two supervisors in a session, one who is not, and two queues.
///
/// `agent1` to `agent4` are called Agent1 to Agent4, `supervisor1` and `supervisor2` Supervisor1
/// and Supervisor2; `absent` has no chat session (DEC-15); nobody else is known. Nobody supervises
/// anybody until told to. The queues are `Sales`, the default one, and `Support`. Every agent in a session
/// is Ready in every queue, `agent1` the longest.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Cast {
    agents: Vec<UserId>,
    supervisors: Vec<UserId>,
    absent: UserId,
    supervision: BTreeMap<UserId, Supervision>,
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}

impl Cast {
    /// The names of the queues, the default one first.
    pub const QUEUES: [&'static str; 2] = ["Sales", "Support"];

    /// The cast.
    pub fn new() -> Self {
        let agents = (1..=4).map(|n| UserId::from(format!("agent{n}"))).collect();
        let supervisors = (1..=2).map(|n| UserId::from(format!("supervisor{n}"))).collect();
        let absent = UserId::new("absent");
        Self { agents, supervisors, absent, supervision: BTreeMap::new() }
    }

    /// Those who look after agents.
    pub fn supervisors(&self) -> &[UserId] {
        &self.supervisors
    }

    /// Agents and supervisors.
    pub fn people(&self) -> impl Iterator<Item = &UserId> + Clone {
        self.agents.iter().chain(&self.supervisors)
    }

    /// Lets `supervisor` ask something of the chat channel of `agent`.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn supervise(
        &mut self,
        supervisor: &UserId,
        agent: &UserId,
        operation: &MonitoringOperation,
    ) -> Result<(), Rejection> {
        self.supervision.entry(agent.clone()).or_default().perform(supervisor, operation)
    }

    /// Takes note of the supervisors who came along, as every host does after an append.
    pub(super) fn took(&mut self, record: &Record) {
        for event in &record.events {
            if let Event::SupervisorAdmitted { user, agent, .. } = event {
                self.supervision.entry(agent.clone()).or_default().came_along(user);
            }
        }
    }

    /// Those who can take part in chats.
    pub fn agents(&self) -> &[UserId] {
        &self.agents
    }

    /// The user who is known and has no chat session.
    pub fn absent(&self) -> &UserId {
        &self.absent
    }

    /// The address that requests name a user by.
    pub fn uri(user: &UserId) -> String {
        format!("http://localhost:8080/api/v2/users/{user}")
    }
}

impl Directory for Cast {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        if *id == self.absent {
            return Some(UserInfo::absent("Absent"));
        }
        let known = self.people().any(|user| user == id);
        let (first, rest) = id.as_str().split_at(id.as_str().len().min(1));
        known.then(|| UserInfo::in_session(first.to_uppercase() + rest))
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        Self::QUEUES.contains(&name_or_id).then(|| QueueName::from(name_or_id.to_string()))
    }

    fn default_queue(&self) -> Option<QueueName> {
        Some(QueueName::new(Self::QUEUES[0]))
    }

    fn next_ready(&self, _: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        self.agents.iter().find(|user| is_free(user)).cloned()
    }

    fn supervision_of(&self, agent: &UserId) -> Supervision {
        self.supervision.get(agent).cloned().unwrap_or_default()
    }
}
