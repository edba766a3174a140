//! The model's own door: `Chat::apply`, as an embedder calls it.

use std::collections::BTreeMap;

use chat_model::{
    Applied, Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Directory, Event,
    Message, MonitoringOperation, OpenDirectory, Operation, QueueName, Rejection, Reply, Rules,
    Supervision, SupervisorOperation, Timestamp, Trigger, UserId, UserInfo,
};

use super::{Door, Heard, Outcome};
use crate::scenario::VisitorSees;
use crate::summary;

/// A chat, the rules it obeys, and a clock that moves a second with every command.
#[derive(Debug)]
pub struct ModelDoor {
    chat: Chat,
    rules: Rules,
    commands: u32,
    read: u64,
    supervision: BTreeMap<UserId, Supervision>,
}

/// Everybody and every queue is there, and some are supervised.
#[derive(Debug)]
struct House<'a>(&'a BTreeMap<UserId, Supervision>);

impl Directory for House<'_> {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        OpenDirectory::new().user(id)
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        OpenDirectory::new().queue(name_or_id)
    }

    fn default_queue(&self) -> Option<QueueName> {
        OpenDirectory::new().default_queue()
    }

    fn next_ready(&self, queue: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        OpenDirectory::new().next_ready(queue, is_free)
    }

    fn supervision_of(&self, agent: &UserId) -> Supervision {
        self.0.get(agent).cloned().unwrap_or_default()
    }
}

impl Default for ModelDoor {
    fn default() -> Self {
        Self {
            chat: Chat::new(ChatId::new("0000Wa9CAM6W00J")),
            rules: Rules::default(),
            commands: 0,
            read: 0,
            supervision: BTreeMap::new(),
        }
    }
}

impl ModelDoor {
    /// Whether somebody will come along with the next chat that `agent` accepts.
    pub(super) fn is_supervised(&self, agent: &str) -> bool {
        self.supervision.get(&UserId::new(agent)).is_some_and(|supervision| !supervision.is_empty())
    }

    pub(super) fn chat(&self) -> &Chat {
        &self.chat
    }

    pub(super) fn replace(&mut self, chat: Chat) {
        self.chat = chat;
    }

    pub(super) fn next_time(&mut self) -> Timestamp {
        self.commands += 1;
        Timestamp::from_millis(1_389_261_492_035).plus_millis(1_000 * i64::from(self.commands))
    }

    /// Does it, and replies as `reply` says if it was accepted.
    fn perform(
        &mut self,
        command: &Command<'_>,
        reply: impl FnOnce(&Applied, &Rules) -> Reply,
    ) -> Outcome {
        match self.apply(command) {
            Ok((applied, heard)) => outcome(&reply(&applied, &self.rules), heard),
            Err(rejection) => refused(&rejection),
        }
    }

    fn apply(&mut self, command: &Command<'_>) -> Result<(Applied, Vec<Heard>), Rejection> {
        let at = self.next_time();
        let directory = House(&self.supervision);
        let mut context = Context::new(at, &self.rules, &directory);
        if matches!(command, Command::User { .. } | Command::Supervisor { .. }) {
            context = context.with_reference_id(self.commands.into());
        }
        let mut ids = CountingIds::of_chat(&self.chat);
        let applied = self.chat.apply(command, &context, &mut ids)?;
        for event in &applied.record.events {
            if let Event::SupervisorAdmitted { user, agent, .. } = event {
                self.supervision.entry(agent.clone()).or_default().came_along(user);
            }
        }
        let heard = applied.notices.iter().flat_map(|notice| {
            let heard =
                |to: &UserId| Heard { to: to.as_str().to_owned(), data: notice.data.clone() };
            notice.to.iter().map(heard).collect::<Vec<_>>()
        });
        let heard = heard.collect();
        Ok((applied, heard))
    }
}

fn refused(rejection: &Rejection) -> Outcome {
    outcome(&Reply::from(rejection), Vec::new())
}

fn outcome(reply: &Reply, heard: Vec<Heard>) -> Outcome {
    Outcome { code: reply.status_code.into(), reply: Some(reply.to_json()), heard }
}

impl Door for ModelDoor {
    fn address(&self, body: &str) -> String {
        let name = |body: String, user: &str| {
            body.replace(&format!("{{{user}}}"), &format!("{}/users/{user}", self.rules.base()))
        };
        ["agent1", "agent2", "agent3", "supervisor1"].into_iter().fold(body.to_owned(), name)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        match CustomerOperation::parse(body.as_bytes(), &self.rules.limits) {
            Ok(operation) => self.perform(&Command::Customer(&operation), |_, _| Reply::success()),
            Err(rejection) => refused(&rejection),
        }
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        match Operation::parse(body.as_bytes(), &self.rules.limits) {
            Ok(operation) => self
                .perform(&Command::user(&UserId::new(agent), &operation), |applied, rules| {
                    applied.reply(operation.kind(), rules)
                }),
            Err(rejection) => refused(&rejection),
        }
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        let (user, agent) = (UserId::new(supervisor), UserId::new(agent));
        let (json, limits) = (body.as_bytes(), &self.rules.limits);
        if let Ok(operation) = SupervisorOperation::parse(json, limits) {
            let command = Command::supervisor(&user, &agent, &operation);
            return self.perform(&command, |applied, rules| {
                Reply::supervised(applied.record.reference_id, rules)
            });
        }
        let supervision = self.supervision.entry(agent).or_default();
        let result = MonitoringOperation::parse(json, limits)
            .and_then(|operation| supervision.perform(&user, &operation));
        match result {
            Ok(_) => outcome(&Reply::success(), Vec::new()),
            Err(rejection) => refused(&rejection),
        }
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        let user = UserId::new(agent);
        match self.apply(&Command::House(&Trigger::Offer { user })) {
            Ok((_, heard)) => Outcome { code: 0, reply: None, heard },
            Err(rejection) => {
                let code = rejection.status().code().into();
                Outcome { code, reply: None, heard: Vec::new() }
            }
        }
    }

    fn visitor_sees(&mut self, _: &VisitorSees) -> VisitorSees {
        let view = self.chat.customer_view().expect("a visitor asked for the chat");
        let shown: chat_model::ChatResource =
            serde_json::from_str(&view.to_json()).expect("the visitor's chat is a chat");
        let (messages, last) = view.messages_json(self.read + 1);
        let messages: Vec<Message> =
            serde_json::from_str(&messages).expect("the visitor's transcript is one");
        self.read = last.unwrap_or(self.read);
        VisitorSees {
            state: view.state().as_str().to_owned(),
            sees: shown
                .participants
                .unwrap_or_default()
                .into_iter()
                .filter_map(|participant| participant.nickname)
                .collect(),
            reads: messages.iter().map(summary::message).collect(),
        }
    }
}
