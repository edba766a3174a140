//! What was said and what happened in the conversation: the entries of the transcript.

use alloc::string::String;

use crate::json::{content_len, write_string};
use crate::open_enum::open_enum;
use crate::participant::Person;
use crate::rules::Rules;
use crate::state::Visibility;
use crate::time::Timestamp;

open_enum! {
    /// What an entry of the transcript is (CHAT-6.10).
    MessageType {
        /// Something said; `text`.
        Text = "Text",
        /// Someone joined.
        ParticipantJoined = "ParticipantJoined",
        /// Someone left.
        ParticipantLeft = "ParticipantLeft",
        /// Someone is seen by others than before (CHAT-6.11).
        ParticipantRejoined = "ParticipantRejoined",
        /// Someone is typing.
        TypingStarted = "TypingStarted",
        /// Someone stopped typing.
        TypingStopped = "TypingStopped",
        /// An address was pushed; `url`.
        PushUrl = "PushUrl",
        /// A notice of the system.
        Notice = "Notice",
        /// The transcript was saved.
        TranscriptSaveDone = "TranscriptSaveDone",
        /// A notice of an agent's desktop; `noticeText`.
        CustomNotice = "CustomNotice",
    }
}

/// What an entry says, beside who, when and to whom.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Content {
    /// `Text` with the sender's free classification, if it gave one (CHAT-6.6, CHAT-6.7).
    #[non_exhaustive]
    #[serde(rename_all = "camelCase")]
    Text {
        /// What was said.
        text: String,
        /// The `messageType` of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_type: Option<String>,
    },
    /// `TypingStarted`.
    TypingStarted,
    /// `TypingStopped`.
    TypingStopped,
    /// `PushUrl` with its address (CHAT-6.8).
    #[non_exhaustive]
    PushUrl {
        /// The address.
        url: String,
    },
    /// `CustomNotice` with its text (CHAT-6.9).
    #[non_exhaustive]
    #[serde(rename_all = "camelCase")]
    CustomNotice {
        /// The notice.
        notice_text: String,
    },
    /// `ParticipantJoined`.
    ParticipantJoined,
    /// `ParticipantLeft`.
    ParticipantLeft,
    /// `ParticipantRejoined`.
    ParticipantRejoined,
}

impl Content {
    /// How many bytes of the chat's transcript it takes (DEC-72): what it says as it is printed, and
    /// always the same for what stands around it, which is about as long in every entry.
    pub(crate) fn cost(&self) -> usize {
        const FRAME: usize = 512;
        let said = match self {
            Self::Text { text, message_type } => {
                content_len(text) + message_type.as_deref().map_or(0, content_len)
            }
            Self::PushUrl { url } => content_len(url),
            Self::CustomNotice { notice_text } => content_len(notice_text),
            Self::TypingStarted
            | Self::TypingStopped
            | Self::ParticipantJoined
            | Self::ParticipantLeft
            | Self::ParticipantRejoined => 0,
        };
        FRAME + said
    }

    /// The entry's `type`.
    pub const fn message_type(&self) -> MessageType {
        match self {
            Self::Text { .. } => MessageType::Text,
            Self::TypingStarted => MessageType::TypingStarted,
            Self::TypingStopped => MessageType::TypingStopped,
            Self::PushUrl { .. } => MessageType::PushUrl,
            Self::CustomNotice { .. } => MessageType::CustomNotice,
            Self::ParticipantJoined => MessageType::ParticipantJoined,
            Self::ParticipantLeft => MessageType::ParticipantLeft,
            Self::ParticipantRejoined => MessageType::ParticipantRejoined,
        }
    }

    fn write_members(&self, out: &mut String, include_message_type: bool) {
        match self {
            Self::Text { text, message_type } => {
                out.push_str(",\"text\":");
                write_string(out, text);
                // DEC-12: echoed when the request gave one and the server option is on.
                if let Some(message_type) = message_type.as_ref().filter(|_| include_message_type) {
                    out.push_str(",\"messageType\":");
                    write_string(out, message_type);
                }
            }
            Self::PushUrl { url } => {
                out.push_str(",\"url\":");
                write_string(out, url);
            }
            Self::CustomNotice { notice_text } => {
                out.push_str(",\"noticeText\":");
                write_string(out, notice_text);
            }
            _ => {}
        }
    }
}

/// One entry of the transcript. Its `index` is its place in the log, from 1 (DEC-47).
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    /// Position of the sender among the people of the chat.
    pub(crate) from: u32,
    /// How the sender was seen at that time, so that history does not change.
    pub(crate) from_visibility: Visibility,
    pub(crate) visibility: Visibility,
    pub(crate) at: Timestamp,
    pub(crate) content: Content,
}

impl LogEntry {
    /// Prints the agents' form (CHAT-6.1 to CHAT-6.9).
    pub(crate) fn write_json(&self, out: &mut String, index: u64, from: &Person, rules: &Rules) {
        self.write_head(out, index);
        from.write_json(out, self.from_visibility, rules);
        self.content.write_members(out, rules.include_message_type);
        out.push_str(",\"visibility\":\"");
        out.push_str(self.visibility.as_str());
        out.push_str("\",\"timestamp\":\"");
        self.at.write_wire(out, rules.time_offset_minutes);
        // CHAT-1.12: milliseconds in spite of the name.
        out.push_str("\",\"timestampSeconds\":");
        out.push_str(itoa::Buffer::new().format(self.at.as_millis()));
        out.push('}');
    }

    /// Prints the customer's form, which has no times (CUST-4.1).
    pub(crate) fn write_customer_json(&self, out: &mut String, index: u64, from: &Person) {
        self.write_head(out, index);
        from.write_customer_json(out);
        // How an agent's desktop classifies what is said is the agents' business.
        self.content.write_members(out, false);
        out.push('}');
    }

    fn write_head(&self, out: &mut String, index: u64) {
        out.push_str("{\"index\":");
        out.push_str(itoa::Buffer::new().format(index));
        out.push_str(",\"type\":\"");
        out.push_str(self.content.message_type().as_str());
        out.push_str("\",\"from\":");
    }

    /// How many bytes of the chat's transcript it takes (DEC-72).
    pub(crate) fn cost(&self) -> usize {
        self.content.cost()
    }

    /// About how long the printed entry is.
    pub(crate) fn expected_len(&self) -> usize {
        const FRAME: usize = 420;
        FRAME
            + match &self.content {
                Content::Text { text, .. } => text.len(),
                Content::PushUrl { url } => url.len(),
                Content::CustomNotice { notice_text } => notice_text.len(),
                _ => 0,
            }
    }
}
