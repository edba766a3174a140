//! How the people of a script hear: customers look again and again, as they do on a page, and agents
//! look around when a notification tells them to.

use std::sync::Arc;

use chat_http::client::Error;
use chat_model::{
    ChatId, ChatState, CustomerChatState, Message, MessageType, ParticipantType, UserId,
};

use super::super::cast::Rule;
use super::super::file::{Event, From};
use super::super::talk::{Happened, Talk};
use super::{Entry, Part, Stage, Way};

impl Stage {
    /// Every customer reads what is new.
    pub(super) async fn look_for_customers(&mut self) {
        let customers = self.parts.iter().filter_map(|(id, part)| match &part.way {
            Way::Customer { visitor, .. } => Some((*id, visitor.clone(), part.read)),
            Way::Agent { .. } => None,
        });
        let customers: Vec<_> = customers.collect();
        for (id, visitor, read) in customers {
            let looked = async {
                // First the chat: when it is over, nothing follows what is read then.
                let chat = visitor.chat().await?;
                Ok::<_, Error>((chat, visitor.messages(read + 1).await?))
            };
            match looked.await {
                Ok((chat, messages)) => {
                    self.read_as_customer(id, &messages);
                    if chat.state == Some(CustomerChatState::Idle) {
                        self.parts.remove(&id);
                    }
                }
                // The next look may be luckier.
                Err(error) if error.is_passing() => {}
                Err(_) => drop(self.parts.remove(&id)),
            }
        }
    }

    /// An agent looks at all chats; in one that nobody knew the agent is as `fresh` says.
    pub(super) async fn look_around(&mut self, at: usize, fresh: Entry) {
        // The next notification may find the server readier.
        let Ok(chats) = self.agents[at].chats().await else { return };
        let is_there = |id: &ChatId| chats.iter().any(|chat| chat.id.as_ref() == Some(id));
        self.parts.retain(|_, part| match &part.way {
            Way::Agent { at: of, chat, .. } => *of != at || is_there(chat),
            Way::Customer { .. } => true,
        });
        for chat in &chats {
            let (Some(id), Some(now)) = (&chat.id, &chat.state) else { continue };
            let known = self.part_of(at, id);
            match (now, known) {
                (ChatState::Invited, Some((_, Entry::Invited))) => {}
                (ChatState::Invited, _) => {
                    self.parts.retain(|part, _| known.is_none_or(|(known, _)| *part != known));
                    let part = self.enter_chat(at, id, Entry::Invited);
                    self.hear(part, self.time.now(), Happened::just(Event::Invited));
                }
                (ChatState::Chatting, known) => {
                    let part = match known {
                        Some((part, Entry::Invited)) => {
                            self.set_entry(part, Entry::Entering);
                            part
                        }
                        Some((part, _)) => part,
                        None => self.enter_chat(at, id, fresh),
                    };
                    let read = self.parts.get(&part).map_or(0, |part| part.read);
                    if let Ok(messages) = self.agents[at].messages(id, read + 1).await {
                        self.read_as_agent(part, at, &messages, known.is_none());
                    }
                }
                _ => {}
            }
        }
    }

    fn read_as_customer(&mut self, id: u64, messages: &[Message]) {
        for message in messages {
            self.mark(id, message);
            // What customers do themselves is nothing to answer.
            if sender(message) == Some(From::Customer) {
                continue;
            }
            match message.kind {
                Some(MessageType::ParticipantJoined | MessageType::ParticipantRejoined) => {
                    self.hear(id, self.time.now(), Happened::just(Event::Joined));
                }
                Some(MessageType::ParticipantLeft) => {
                    self.hear(id, self.time.now(), Happened::just(Event::Left));
                }
                _ => self.hear_said(id, message),
            }
        }
    }

    fn read_as_agent(&mut self, id: u64, at: usize, messages: &[Message], is_new: bool) {
        let me = self.cast.agents[at].id.clone();
        let mut rest = messages;
        match self.entry(id) {
            Some(Entry::Entering) => {
                let joined = messages.iter().rposition(|message| {
                    message.kind == Some(MessageType::ParticipantJoined) && is_of(message, &me)
                });
                let Some(joined) = joined else { return };
                self.set_entry(id, Entry::Inside);
                self.mark(id, &messages[joined]);
                rest = &messages[joined + 1..];
                self.hear(id, self.time.now(), Happened::just(Event::Joined));
            }
            // What was said before the script began is nothing to answer.
            Some(Entry::Inside) if is_new => {
                messages.iter().for_each(|message| self.mark(id, message));
                return;
            }
            _ => {}
        }
        for message in rest {
            self.mark(id, message);
            if is_of(message, &me) {
                continue;
            }
            let is_customers = sender(message) == Some(From::Customer);
            if message.kind == Some(MessageType::ParticipantLeft) && is_customers {
                self.hear(id, self.time.now(), Happened::just(Event::Left));
            }
            self.hear_said(id, message);
        }
    }

    fn hear_said(&mut self, id: u64, message: &Message) {
        let text = match message.kind {
            Some(MessageType::Text) => &message.text,
            Some(MessageType::PushUrl) => &message.url,
            _ => return,
        };
        let text = text.as_deref().unwrap_or_default();
        let said = Happened { event: Event::Message, text, from: sender(message) };
        self.hear(id, self.time.now(), said);
    }

    /// Takes note that an entry was read.
    fn mark(&mut self, id: u64, message: &Message) {
        if let Some(part) = self.parts.get_mut(&id) {
            part.read = part.read.max(message.index.unwrap_or_default());
        }
    }

    /// Somebody has a part in a chat from now on.
    pub(super) fn enter(&mut self, way: Way, rules: Arc<[Rule]>) -> u64 {
        let id = self.number();
        self.parts.insert(id, Part { talk: Talk::by(rules), way, read: 0 });
        id
    }

    fn enter_chat(&mut self, at: usize, chat: &ChatId, stage: Entry) -> u64 {
        let rules = self.cast.agents[at].rules.clone();
        self.enter(Way::Agent { at, chat: chat.clone(), stage }, rules)
    }

    fn part_of(&self, at: usize, chat: &ChatId) -> Option<(u64, Entry)> {
        self.parts.iter().find_map(|(id, part)| match &part.way {
            Way::Agent { at: of, chat: known, stage } if *of == at && known == chat => {
                Some((*id, *stage))
            }
            _ => None,
        })
    }

    fn entry(&self, id: u64) -> Option<Entry> {
        match self.parts.get(&id)?.way {
            Way::Agent { stage, .. } => Some(stage),
            Way::Customer { .. } => None,
        }
    }

    fn set_entry(&mut self, id: u64, to: Entry) {
        if let Some(Part { way: Way::Agent { stage, .. }, .. }) = self.parts.get_mut(&id) {
            *stage = to;
        }
    }
}

fn sender(message: &Message) -> Option<From> {
    match message.from.as_ref()?.kind.as_ref()? {
        ParticipantType::Customer => Some(From::Customer),
        ParticipantType::Agent => Some(From::Agent),
        _ => None,
    }
}

/// Whether the entry is the user's own.
fn is_of(message: &Message, user: &UserId) -> bool {
    let path = message.from.as_ref().and_then(|from| from.path.as_deref());
    path.and_then(|path| path.strip_prefix("/users/")) == Some(user.as_str())
}
