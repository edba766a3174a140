//! The model's own door: `Chat::apply`, as an embedder calls it.

use chat_model::{
    Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Message, OpenDirectory,
    Operation, Rules, Timestamp, Trigger, UserId,
};

use super::{Door, Heard, Outcome};
use crate::scenario::VisitorSees;
use crate::summary;

/// A chat, the rules it obeys, and a clock that moves a second with every command.
#[derive(Debug)]
pub struct ModelDoor {
    chat: Chat,
    rules: Rules,
    ids: CountingIds,
    commands: u32,
    read: u64,
}

impl Default for ModelDoor {
    fn default() -> Self {
        Self {
            chat: Chat::new(ChatId::new("0000Wa9CAM6W00J")),
            rules: Rules::default(),
            ids: CountingIds::from_seed(1),
            commands: 0,
            read: 0,
        }
    }
}

impl ModelDoor {
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

    fn apply(&mut self, command: &Command<'_>) -> Outcome {
        let directory = OpenDirectory::new();
        let mut context = Context::new(self.next_time(), &self.rules, &directory);
        if matches!(command, Command::User { .. }) {
            context = context.with_reference_id(self.commands.into());
        }
        match self.chat.apply(command, &context, &mut self.ids) {
            Ok(applied) => {
                let notices = applied.notices.iter();
                let heard = notices.flat_map(|notice| {
                    let heard = |to: &UserId| Heard {
                        to: to.as_str().to_owned(),
                        data: notice.data.clone(),
                    };
                    notice.to.iter().map(heard).collect::<Vec<_>>()
                });
                Outcome { code: 0, heard: heard.collect() }
            }
            Err(rejection) => Outcome { code: rejection.status().code().into(), heard: Vec::new() },
        }
    }
}

impl Door for ModelDoor {
    fn address(&self, body: &str) -> String {
        body.replace("{agent", &format!("{}/users/{{agent", self.rules.base()))
            .replace("{agent1}", "agent1")
            .replace("{agent2}", "agent2")
            .replace("{agent3}", "agent3")
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        match CustomerOperation::parse(body.as_bytes(), &self.rules.limits) {
            Ok(operation) => self.apply(&Command::Customer(&operation)),
            Err(rejection) => Outcome { code: rejection.status().code().into(), heard: Vec::new() },
        }
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        match Operation::parse(body.as_bytes(), &self.rules.limits) {
            Ok(operation) => self.apply(&Command::user(&UserId::new(agent), &operation)),
            Err(rejection) => Outcome { code: rejection.status().code().into(), heard: Vec::new() },
        }
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        self.apply(&Command::House(&Trigger::Offer { user: UserId::new(agent) }))
    }

    fn visitor_sees(&mut self) -> VisitorSees {
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
