//! Who is or was in a chat, and how they are printed.

use alloc::string::String;

use crate::id::{ParticipantId, UserId};
use crate::json::write_string;
use crate::rules::Rules;
use crate::state::{ParticipantType, Visibility};

/// Someone who joined the chat, also after leaving it: the transcript refers to them.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
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

impl Person {
    pub(crate) fn is_user(&self, user: &UserId) -> bool {
        self.user.as_ref() == Some(user)
    }

    /// DEC-22: All and Agents are for every agent, Supervisors for supervisors, oneself always.
    pub(crate) fn is_seen_by(&self, user: &UserId) -> bool {
        sees(self.visibility, self, user)
    }

    /// Prints the rich form (DEC-32, CHAT-5.7) as it looked with `visibility`.
    pub(crate) fn write_json(&self, out: &mut String, visibility: Visibility, rules: &Rules) {
        out.push_str("{\"nickname\":");
        write_string(out, &self.nickname);
        out.push_str(",\"type\":");
        write_string(out, self.kind.as_str());
        out.push_str(",\"participantId\":");
        write_string(out, self.id.as_str());
        out.push_str(",\"id\":");
        write_string(out, self.id.as_str());
        out.push_str(",\"visibility\":\"");
        out.push_str(visibility.as_str());
        out.push('"');
        if let Some(user) = &self.user {
            // CHAT-5.5: agents only.
            out.push_str(",\"uri\":\"");
            rules.write_base(out);
            out.push_str("/users/");
            crate::json::write_string_content(out, user.as_str());
            out.push_str("\",\"path\":\"/users/");
            crate::json::write_string_content(out, user.as_str());
            out.push('"');
        }
        out.push('}');
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

/// Whether `user` sees something of `visibility` that is about `person` (DEC-22).
pub(crate) fn sees(visibility: Visibility, person: &Person, user: &UserId) -> bool {
    match visibility {
        Visibility::All | Visibility::Agents => true,
        Visibility::Supervisors => person.is_user(user),
    }
}
