//! The people and queues of the stories: few, so that they meet.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{Directory, QueueName, UserId, UserInfo};

/// Four agents in a session, one who is not, and two queues.
///
/// `agent1` to `agent4` are called Agent1 to Agent4; `absent` has no chat session (DEC-15); nobody
/// else is known. The queues are `Sales`, the default one, and `Support`. Every agent in a session
/// is Ready in every queue, `agent1` the longest.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Cast {
    agents: Vec<UserId>,
    absent: UserId,
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
        Self { agents, absent: UserId::new("absent") }
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
        let known = self.agents.contains(id);
        known.then(|| UserInfo::in_session(id.as_str().replacen("agent", "Agent", 1)))
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
}
