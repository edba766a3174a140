//! The chat as one user sees it, and as the customer does, printed straight into JSON.
//!
//! The text is written member by member, because serialising a typed resource again for every
//! notification is most of the cost of an operation. User data is copied as it is kept.

use alloc::string::String;

use super::{Chat, Leg};
use crate::id::UserId;
use crate::json::write_string;
use crate::message::LogEntry;
use crate::participant::{Person, sees};
use crate::rules::Rules;
use crate::state::{CustomerState, LegState, Visibility};

/// The chat as one agent sees it (DEC-32): state and capabilities of the agent's own leg, and the
/// participants and messages that the agent may see (DEC-22).
#[derive(Clone, Copy, Debug)]
pub struct ChatView<'a> {
    chat: &'a Chat,
    leg: &'a Leg,
    rules: &'a Rules,
}

/// The chat as its customer sees it (CUST-3, CUST-4).
#[derive(Clone, Copy, Debug)]
pub struct CustomerView<'a> {
    chat: &'a Chat,
}

impl Chat {
    /// The chat as `user` sees it; `None` if the user has no part in it (DEC-13).
    pub fn view<'a>(&'a self, user: &UserId, rules: &'a Rules) -> Option<ChatView<'a>> {
        self.leg(user).map(|leg| ChatView { chat: self, leg, rules })
    }

    /// The chat as its customer sees it; `None` if no visitor asked for it.
    pub fn customer_view(&self) -> Option<CustomerView<'_>> {
        self.visitor.as_ref().map(|_| CustomerView { chat: self })
    }
}

impl<'a> ChatView<'a> {
    pub(super) fn of_leg(chat: &'a Chat, leg: &'a Leg, rules: &'a Rules) -> Self {
        Self { chat, leg, rules }
    }

    /// The `state` of the resource.
    pub fn state(&self) -> LegState {
        self.leg.state
    }

    /// The resource as JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.expected_len());
        self.write_json(&mut out);
        out
    }

    /// About how long the resource is, so that one allocation holds it.
    pub(super) fn expected_len(&self) -> usize {
        const PER_PERSON: usize = 320;
        let comment = self.chat.comment.as_ref().map_or(0, String::len);
        640 + self.chat.user_data.json_len() + self.chat.people.len() * PER_PERSON + comment
    }

    /// Appends the resource to `out`, in the order of members of the documents (DEC-32).
    pub fn write_json(&self, out: &mut String) {
        out.push_str("{\"userData\":");
        self.chat.user_data.write_json(out);
        self.write_tail(out);
    }

    /// Everything behind the user data: what an operation on user data does not change.
    pub(super) fn write_tail(&self, out: &mut String) {
        let chat = self.chat;
        out.push_str(",\"state\":\"");
        out.push_str(self.leg.state.as_str());
        out.push_str("\",\"capabilities\":");
        out.push_str(chat.situation_of(self.leg).capabilities_json());
        out.push_str(",\"uri\":\"");
        write_chat_uri(out, chat, self.rules);
        out.push_str("\",\"path\":\"");
        write_chat_path(out, chat);
        out.push_str("\",\"participants\":[");
        let mut separate = Separator::new();
        for person in self.participants() {
            separate.before_next(out);
            person.write_json(out, person.visibility, self.rules);
        }
        out.push_str("],\"id\":\"");
        chat.id.write_content(out);
        out.push('"');
        if let Some(comment) = &chat.comment {
            out.push_str(",\"comment\":");
            write_string(out, comment);
        }
        if let Some(chat_type) = &chat.chat_type {
            out.push_str(",\"chatType\":");
            write_string(out, chat_type.as_str());
        }
        if let Some(received) = chat.received {
            out.push_str(",\"receivedDate\":\"");
            received.write_wire(out, self.rules.time_offset_minutes);
            out.push('"');
        }
        out.push('}');
    }

    /// The transcript from `start_index`, inclusive and counted from 1, as far as the agent sees it
    /// (CHAT-9.4, CHAT-9.7, DEC-22); at most `count` entries. An agent who has not joined sees none.
    pub fn messages_json(&self, start_index: u64, count: usize) -> String {
        let mut out = String::from("[");
        let mut separate = Separator::new();
        for (index, entry, from) in self.entries(start_index).take(count) {
            separate.before_next(&mut out);
            entry.write_json(&mut out, index, from, self.rules);
        }
        out.push(']');
        out
    }

    pub(super) fn entries(
        &self,
        start_index: u64,
    ) -> impl Iterator<Item = (u64, &'a LogEntry, &'a Person)> + use<'a> {
        let leg = self.leg;
        // DEC-32: who has not joined sees nobody, and nothing of what they said. Who is gone sees
        // what was there until then.
        let joined = self.leg.person.is_some();
        let end = self.leg.log_end.map_or(u64::MAX, u64::from);
        entries(self.chat, start_index)
            .take_while(move |&(index, ..)| index <= end)
            .filter(move |(_, entry, from)| joined && sees(entry.visibility, from, leg))
    }

    /// Who is there, as far as the agent sees it, in the order of joining (DEC-32).
    fn participants(&self) -> impl Iterator<Item = &'a Person> + use<'a> {
        let leg = self.leg;
        let joined = leg.person.is_some();
        self.chat
            .people
            .iter()
            .filter(move |person| joined && person.present && person.is_seen_by(leg))
    }
}

impl CustomerView<'_> {
    /// The `state` of the resource.
    pub fn state(&self) -> CustomerState {
        self.chat.customer_state()
    }

    /// The resource as JSON (CUST-3.1).
    pub fn to_json(&self) -> String {
        let chat = self.chat;
        let mut out = String::from("{\"id\":");
        // A customer view exists only of a chat that a visitor asked for.
        write_string(&mut out, chat.visitor.as_ref().map_or("", |visitor| visitor.as_str()));
        out.push_str(",\"state\":\"");
        out.push_str(self.state().as_str());
        out.push_str("\",\"participants\":[");
        let mut separate = Separator::new();
        // CUST-3.5: those restricted to agents are not shown.
        let shown = |person: &&Person| person.present && person.visibility == Visibility::All;
        for person in chat.people.iter().filter(shown) {
            separate.before_next(&mut out);
            person.write_customer_json(&mut out);
        }
        out.push_str("],\"capabilities\":");
        out.push_str(match self.state() {
            CustomerState::Idle => "[]",
            CustomerState::WaitingForAgent | CustomerState::Chatting => {
                // CUST-3.6: already while waiting.
                "[\"SendMessage\",\"SendStartTypingNotification\",\"SendStopTypingNotification\",\"Complete\"]"
            }
        });
        out.push('}');
        out
    }

    /// The transcript from `start_index`, inclusive (DEC-47), as far as the customer sees it, and
    /// the highest index in it, which is the next read position (CUST-4.5).
    pub fn messages_json(&self, start_index: u64) -> (String, Option<u64>) {
        let mut out = String::from("[");
        let mut separate = Separator::new();
        let mut last = None;
        for (index, entry, from) in entries(self.chat, start_index) {
            // CUST-4.8: what agents say among themselves is never returned.
            if entry.visibility == Visibility::All {
                separate.before_next(&mut out);
                entry.write_customer_json(&mut out, index, from);
                last = Some(index);
            }
        }
        out.push(']');
        (out, last)
    }
}

/// The entries from `start_index` on; 0 and 1 both mean all (CHAT-9.7, CUST-4.3).
fn entries(chat: &Chat, start_index: u64) -> impl Iterator<Item = (u64, &LogEntry, &Person)> {
    let skip = usize::try_from(start_index.saturating_sub(1)).unwrap_or(usize::MAX);
    chat.log
        .iter()
        .enumerate()
        .skip(skip)
        .map(|(at, entry)| (at as u64 + 1, entry, &chat.people[entry.from as usize]))
}

/// `{base}/chats/{id}` (CHAT-1.9), for the inside of a JSON string.
pub(super) fn write_chat_uri(out: &mut String, chat: &Chat, rules: &Rules) {
    rules.write_base(out);
    write_chat_path(out, chat);
}

/// `/chats/{id}`, for the inside of a JSON string.
pub(super) fn write_chat_path(out: &mut String, chat: &Chat) {
    out.push_str("/chats/");
    chat.id.write_content(out);
}

/// Puts commas between the elements of a list.
pub(super) struct Separator {
    first: bool,
}

impl Separator {
    pub(super) const fn new() -> Self {
        Self { first: true }
    }

    pub(super) fn before_next(&mut self, out: &mut String) {
        if !core::mem::take(&mut self.first) {
            out.push(',');
        }
    }
}
