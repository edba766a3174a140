//! What one decision asks of the world, gathered before it because deciding does not wait.

use chat_model::{Directory, Operation, QueueName, Supervision, Target, UserId, UserInfo};
use chat_store::Unavailable;

use crate::agents::Agents;
use crate::roster::{CHAT_CHANNEL, Roster};

/// The people and queues of the configuration, and who of them is there as far as one operation
/// wants to know.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    roster: &'a Roster,
    /// Those whom the operation names and who are in a chat session (DEC-15).
    present: Vec<UserId>,
    /// The Ready agents of the queue that the operation names, who has waited longest first.
    ready: Vec<UserId>,
    /// Who supervises the agent whom the operation is about (DEC-19).
    supervision: Supervision,
}

impl<'a> Gathered<'a> {
    /// Knows nobody's presence: for what is about nobody else.
    pub(super) fn nobody(roster: &'a Roster) -> Self {
        Self { roster, present: Vec::new(), ready: Vec::new(), supervision: Supervision::default() }
    }

    /// Those whom the operation names and who are in a chat session.
    pub(super) fn present(&self) -> &[UserId] {
        &self.present
    }

    /// Looks up those whom `operation` is about, and nobody else.
    pub(super) async fn for_operation(
        roster: &'a Roster,
        agents: &Agents,
        operation: &Operation,
    ) -> Result<Self, Unavailable> {
        let mut gathered = Self::nobody(roster);
        let target = match operation {
            Operation::Transfer { target, .. } => target.target(),
            Operation::Consult { target, .. } => target.target(),
            Operation::Invite { target, .. } => &Target::User(target.user().clone()),
            _ => return Ok(gathered),
        };
        match target {
            Target::User(user) => gathered.look_for(user.clone(), agents).await?,
            Target::Queue(name) => {
                if let Some(queue) = roster.queue(name.as_str()) {
                    let ready = agents.ready(CHAT_CHANNEL).await?.into_iter().map(|(user, _)| user);
                    let serves = |user: &UserId| {
                        let agent = roster.user(user).filter(|_| roster.takes_chats(user));
                        agent.is_some_and(|agent| agent.queues.contains(&queue.name))
                    };
                    gathered.ready = ready.filter(serves).collect();
                    gathered.present.clone_from(&gathered.ready);
                }
            }
            _ => {}
        }
        Ok(gathered)
    }
}

impl Gathered<'_> {
    /// Adds who supervises the agent whom it is about, and who of them is there.
    pub(super) async fn with_supervision(
        mut self,
        supervision: Supervision,
        agents: &Agents,
    ) -> Result<Self, Unavailable> {
        for one in supervision.supervisors() {
            self.look_for(one.user.clone(), agents).await?;
        }
        self.supervision = supervision;
        Ok(self)
    }

    /// Who supervises the agent whom it is about.
    pub(super) fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Adds whether `user` is in a chat session.
    pub(super) async fn look_for(
        &mut self,
        user: UserId,
        agents: &Agents,
    ) -> Result<(), Unavailable> {
        if !self.roster.takes_chats(&user) {
            // DEC-61: without the feature there are no chats, so nobody could ever answer.
            return Ok(());
        }
        let session = agents.session(&user).await?;
        if session.is_some_and(|session| session.has_channel(CHAT_CHANNEL)) {
            self.present.push(user);
        }
        Ok(())
    }
}

impl Directory for Gathered<'_> {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        let name = self.roster.user(id)?.nickname();
        let is_there = self.present.contains(id);
        Some(if is_there { UserInfo::in_session(name) } else { UserInfo::absent(name) })
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        self.roster.queue(name_or_id).map(|queue| queue.name.clone())
    }

    fn default_queue(&self) -> Option<QueueName> {
        self.roster.default_queue().map(|queue| queue.name.clone())
    }

    fn supervision_of(&self, _: &UserId) -> Supervision {
        self.supervision.clone()
    }

    fn next_ready(&self, _: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        self.ready.iter().find(|user| is_free(user)).cloned()
    }
}
