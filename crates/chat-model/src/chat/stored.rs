//! The form in which a chat is kept: a snapshot in a store, a file, an imported chat in a journal.
//!
//! Whoever reads one back must be able to rely on it: positions among the people of the chat that
//! lead nowhere would be found out much later, by whoever looks at the chat next. So what does not
//! fit together is refused here, and a server folds the chat from its records instead.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::once::Answers;
use super::{Chat, Leg};
use crate::id::{ChatId, QueueName, UserId, VisitorId};
use crate::message::LogEntry;
use crate::operation::quoted;
use crate::participant::Person;
use crate::state::{ChatType, LegState};
use crate::time::Timestamp;
use crate::user_data::UserData;

/// [`Chat`], member by member.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(remote = "Chat", rename_all = "camelCase")]
struct Stored {
    id: ChatId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visitor: Option<VisitorId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat_type: Option<ChatType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received: Option<Timestamp>,
    user_data: UserData,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    session_open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<QueueName>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    waiting: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued_at: Option<Timestamp>,
    legs: Vec<Leg>,
    people: Vec<Person>,
    log: Vec<LogEntry>,
    #[serde(skip)]
    log_bytes: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    declined: Vec<(UserId, Timestamp)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answers: Option<Box<Answers>>,
    revision: u64,
}

impl Serialize for Chat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Chat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut chat = Stored::deserialize(deserializer)?;
        chat.check().map_err(D::Error::custom)?;
        chat.log_bytes = chat.log.iter().map(LogEntry::cost).sum();
        Ok(chat)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Chat {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Snapshot".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Stored as schemars::JsonSchema>::json_schema(generator)
    }
}

/// How the parts of a stored chat contradict each other.
enum Contradiction<'a> {
    NobodyBehindMessage(usize),
    NobodyBehindLeg(&'a UserId),
    TwoLegs(&'a UserId),
}

impl Chat {
    fn check(&self) -> Result<(), Contradiction<'_>> {
        let nobody = |entry: &LogEntry| entry.from as usize >= self.people.len();
        if let Some(at) = self.log.iter().position(nobody) {
            return Err(Contradiction::NobodyBehindMessage(at + 1));
        }
        let mut users = BTreeSet::new();
        for leg in &self.legs {
            let fits = match leg.person {
                Some(at) => self.people.get(at as usize).is_some_and(|p| p.is_user(&leg.user)),
                None => leg.state != LegState::Chatting,
            };
            if !fits {
                return Err(Contradiction::NobodyBehindLeg(&leg.user));
            }
            if !users.insert(&leg.user) {
                return Err(Contradiction::TwoLegs(&leg.user));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Contradiction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyBehindMessage(index) => {
                write!(f, "expected message {index} to be from one of `people`, found nobody there")
            }
            Self::NobodyBehindLeg(user) => {
                let user = quoted(user.as_str());
                write!(
                    f,
                    "expected the leg of {user} to name that agent among `people`, found another"
                )
            }
            Self::TwoLegs(user) => {
                write!(f, "expected one leg of {}, found two", quoted(user.as_str()))
            }
        }
    }
}
