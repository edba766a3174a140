//! Who is or was in a chat, and how they are printed.

use alloc::boxed::Box;
use alloc::string::String;

use crate::chat::Leg;
use crate::id::{ParticipantId, UserId};
use crate::json::{write_string, write_string_content};
use crate::rules::Rules;
use crate::state::{ParticipantType, Visibility};

/// Someone who joined the chat, also after leaving it: the transcript refers to them.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "Facts", from = "Facts")]
pub(crate) struct Person {
    facts: Facts,
    /// What never changes of the printed form, up to the visibility: it is part of every
    /// notification and every message.
    head: Box<str>,
    /// `/users/{id}`, for the inside of a JSON string.
    user_path: Option<Box<str>>,
}

/// What is known of a participant.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    pub(crate) id: ParticipantId,
    #[serde(rename = "type")]
    pub(crate) kind: ParticipantType,
    pub(crate) nickname: String,
    /// The agent behind the participant; customers have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserId>,
    pub(crate) visibility: Visibility,
    pub(crate) present: bool,
    /// The number by which the customer knows them, given when they first become visible to all
    /// (CUST-3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u32>,
}

impl From<Facts> for Person {
    fn from(facts: Facts) -> Self {
        let mut head = String::from("{\"nickname\":");
        write_string(&mut head, &facts.nickname);
        head.push_str(",\"type\":");
        write_string(&mut head, facts.kind.as_str());
        head.push_str(",\"participantId\":");
        write_string(&mut head, facts.id.as_str());
        head.push_str(",\"id\":");
        write_string(&mut head, facts.id.as_str());
        head.push_str(",\"visibility\":\"");
        let user_path = facts.user.as_ref().map(|user| {
            let mut path = String::from("/users/");
            write_string_content(&mut path, user.as_str());
            path.into_boxed_str()
        });
        Self { facts, head: head.into_boxed_str(), user_path }
    }
}

impl From<Person> for Facts {
    fn from(person: Person) -> Self {
        person.facts
    }
}

impl core::ops::Deref for Person {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Person {
    pub(crate) fn leave(&mut self) {
        self.facts.present = false;
    }

    pub(crate) fn show_to(&mut self, visibility: Visibility) {
        self.facts.visibility = visibility;
    }

    pub(crate) fn give_number(&mut self, number: u32) {
        self.facts.number.get_or_insert(number);
    }

    pub(crate) fn is_user(&self, user: &UserId) -> bool {
        self.user.as_ref() == Some(user)
    }

    /// DEC-22: All and Agents are for every agent, Supervisors for supervisors, oneself always.
    pub(crate) fn is_seen_by(&self, leg: &Leg) -> bool {
        sees(self.visibility, self, leg)
    }

    /// Prints the rich form (DEC-32, CHAT-5.7) as it looked with `visibility`.
    pub(crate) fn write_json(&self, out: &mut String, visibility: Visibility, rules: &Rules) {
        out.push_str(&self.head);
        out.push_str(visibility.as_str());
        if let Some(path) = &self.user_path {
            // CHAT-5.5: agents only.
            out.push_str("\",\"uri\":\"");
            rules.write_base(out);
            out.push_str(path);
            out.push_str("\",\"path\":\"");
            out.push_str(path);
        }
        out.push_str("\"}");
    }

    /// Prints the customer's form: no user, no visibility, a number as the id (CUST-3.1, CUST-3.3).
    pub(crate) fn write_customer_json(&self, out: &mut String) {
        use core::fmt::Write as _;
        out.push_str("{\"nickname\":");
        write_string(out, &self.nickname);
        // Whoever the customer sees has a number. Writing to a String cannot fail.
        let _ = write!(out, ",\"participantId\":\"{}\"", self.number.unwrap_or_default());
        out.push_str(",\"type\":");
        write_string(out, self.kind.as_str());
        out.push('}');
    }
}

/// Whether the agent of `leg` sees something of `visibility` that is about `person` (DEC-22).
///
/// A supervisor is who came to supervise this chat: one who came to serve sees what agents see.
pub(crate) fn sees(visibility: Visibility, person: &Person, leg: &Leg) -> bool {
    match visibility {
        Visibility::All | Visibility::Agents => true,
        Visibility::Supervisors => leg.is_supervisor() || person.is_user(leg.user()),
    }
}
