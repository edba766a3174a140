//! Which chats a watch was told of, and how much of each: what makes it see that something was missed,
//! and tell nothing twice.

use std::collections::BTreeMap;

use chat_model::{ChatId, ChatResource, ChatState, JsonText, Message, Notification};

use super::told::{Notified, chat_of};
use crate::client::agent::printed_by_a_server;

/// The chats that the agent has, each with the number of the last entry of its transcript that was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(BTreeMap<ChatId, u64>);

impl Known {
    pub(super) fn chats(&self) -> impl Iterator<Item = (&ChatId, u64)> {
        self.0.iter().map(|(chat, last)| (chat, *last))
    }

    pub(super) fn last_of(&self, chat: &ChatId) -> u64 {
        self.0.get(chat).copied().unwrap_or_default()
    }

    /// Takes note of a chat as it is now; one that is over is forgotten.
    pub(super) fn see(&mut self, chat: &ChatResource) {
        let Some(id) = &chat.id else { return };
        if matches!(chat.state, Some(ChatState::Completed | ChatState::Revoked)) {
            self.0.remove(id);
        } else {
            self.0.entry(id.clone()).or_default();
        }
    }

    pub(super) fn forget(&mut self, chat: &ChatId) {
        self.0.remove(chat);
    }

    /// Drops the entries that were told already, and takes note of the others.
    pub(super) fn hear(&mut self, chat: &ChatId, messages: &mut Vec<Message>) {
        let told = self.last_of(chat);
        messages.retain(|message| message.index.is_none_or(|index| index > told));
        let last = messages.iter().filter_map(|message| message.index).max();
        if let (Some(last), Some(known)) = (last, self.0.get_mut(chat)) {
            *known = last;
        }
    }

    /// What is to be told of an event, if it is new.
    pub(super) fn notice(&mut self, channel: String, data: JsonText) -> Option<Notified> {
        let mut notified = Notified { channel, data, about_chat: None };
        if notified.channel != chat_model::Notice::CHANNEL {
            return Some(notified);
        }
        // A notification of a later version of the interface is told as it came.
        let Ok(mut told) = serde_json::from_str::<Notification>(notified.data.as_str()) else {
            return Some(notified);
        };
        if let Some(chat) = &told.chat {
            self.see(chat);
        }
        if let (Some(chat), Some(messages)) = (chat_of(&told), &mut told.messages) {
            let came = messages.len();
            self.hear(&chat, messages);
            if messages.len() < came {
                if messages.is_empty() {
                    return None;
                }
                notified.data = printed(&told).unwrap_or(notified.data);
            }
        }
        notified.about_chat = Some(Box::new(told));
        Some(notified)
    }
}

fn printed(told: &Notification) -> Option<JsonText> {
    let text = serde_json::to_vec(told).ok()?;
    JsonText::parse(&text, &printed_by_a_server(&text)).ok()
}

#[cfg(test)]
mod tests {
    use chat_model::{ChatId, JsonText, Limits};

    use super::Known;

    /// What is told of `data`, as the numbers of its entries.
    fn told(known: &mut Known, data: &str) -> Option<Vec<u64>> {
        let data = JsonText::parse(data.as_bytes(), &Limits::default()).unwrap();
        let notified = known.notice("/v2/me/chats".to_owned(), data)?;
        let told = notified.about_chat.unwrap();
        let numbers: Vec<u64> =
            told.messages.unwrap_or_default().iter().filter_map(|message| message.index).collect();
        for number in &numbers {
            assert!(notified.data.as_str().contains(&format!("\"index\":{number}")));
        }
        Some(numbers)
    }

    fn lines(numbers: &[u64]) -> String {
        let lines: Vec<String> =
            numbers.iter().map(|number| format!(r#"{{"index":{number}}}"#)).collect();
        format!(
            r#"{{"notificationType":"NewMessages","chatPath":"/chats/c","messages":[{}]}}"#,
            lines.join(",")
        )
    }

    #[test]
    fn no_line_is_told_twice() {
        let state = |state| format!(r#"{{"chat":{{"id":"c","state":"{state}"}}}}"#);
        let mut known = Known::default();
        assert_eq!(told(&mut known, &state("Chatting")), Some(vec![]));
        assert_eq!(told(&mut known, &lines(&[1, 2])), Some(vec![1, 2]));
        assert_eq!(told(&mut known, &lines(&[2])), None);
        assert_eq!(told(&mut known, &lines(&[2, 3, 5])), Some(vec![3, 5]));
        assert_eq!(known.last_of(&ChatId::new("c")), 5);
        // Over, it is forgotten, and told from the start when it comes again.
        assert_eq!(told(&mut known, &state("Completed")), Some(vec![]));
        assert_eq!(known.chats().count(), 0);
        assert_eq!(told(&mut known, &state("Chatting")), Some(vec![]));
        assert_eq!(told(&mut known, &lines(&[1])), Some(vec![1]));
    }
}
