//! What an agent's notification sessions are told of readiness, by way of the journal (decision 20).
//!
//! Readiness is a lease, and a lease tells nobody. So every announcement is a record in a journal of
//! the agent's contact-centre session, and reaches the notification sessions as records of chats do:
//! on every node, with a cursor, in one order with them, and again if it has to be.
//!
//! The lease says which record is to be written next, with its command and its words, before it is
//! written, and is not changed to announce anything else until it is there. So the order of the
//! announcements is that of the states, whichever nodes make them, and what a crash has left
//! unwritten is written by whoever looks next, once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_model::{ChatId, UserId};
use chat_store::{
    Append, CommandId, FeedId, Head, OnceError, Record, Store as _, Unavailable,
    append_once_pausing,
};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Channel, ChannelStateChange};
use crate::storage::AnyStore;

/// The topic of the readiness of channels (NOTIF-2.2).
const CHANNELS: &str = "/v2/me/channels";

/// What the names of these journals begin with. No chat is called so: a slash is no part of a chat's
/// name, neither of one that is drawn nor of one from a file.
const PREFIX: &str = "agent/";

/// Records of one journal; then comes another one. A node that did not write its newest record reads
/// all of it, and only as a whole is it forgotten.
const LONGEST: u64 = 64;

/// How often one append is sent while its outcome is not known.
const SENDINGS: u32 = 6;

/// Whether the journal of this name is one of announcements to an agent, and not a chat.
///
/// Such a journal belongs to a session that is a lease, so it goes nowhere without the store it is in.
pub fn is_of_agent(journal: &ChatId) -> bool {
    journal.as_str().starts_with(PREFIX)
}

/// How far the announcements of an agent have come, as the agent's lease keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    /// The name of the journal; empty before the first announcement of a session and after the last.
    journal: String,
    /// The record that was announced last, or is being announced.
    version: u64,
    /// What it says, until it is known to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    /// 128 bits in hex: the name of the change that is announced.
    command: String,
    at_ms: i64,
    /// Whether the journal ends with it.
    closes: bool,
    /// The `data` of the event.
    data: String,
}

impl Announced {
    /// Nothing to be written, nor to go on from.
    pub(super) const NOTHING: Self = Self { journal: String::new(), version: 0, pending: None };

    /// Whether it is [`Self::NOTHING`].
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
    }

    /// Whether something may have to be written still.
    pub(super) const fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether it was `command` that announced the last.
    pub(super) fn is_by(&self, command: CommandId) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.command == command.to_string())
    }

    /// What comes after everything up to here: that `channels` are not as they were.
    pub(super) fn next(
        &self,
        command: CommandId,
        at_ms: i64,
        channels: &[Channel],
        is_last: bool,
    ) -> Self {
        let is_over = self.pending.as_ref().is_some_and(|pending| pending.closes);
        let (journal, version) = match self.journal.is_empty() || is_over {
            true => (CommandId::new(crate::random()).to_string(), 1),
            false => (self.journal.clone(), self.version + 1),
        };
        let data = ChannelStateChange::new(channels);
        let pending = Pending {
            command: command.to_string(),
            at_ms,
            closes: is_last || version >= LONGEST,
            data: serde_json::to_string(&data).expect("texts can be printed"),
        };
        Self { journal, version, pending: Some(pending) }
    }

    /// The same, once what was pending is known to be written.
    pub(super) fn settled(self) -> Self {
        match self.pending {
            Some(Pending { closes: true, .. }) => Self::NOTHING,
            _ => Self { pending: None, ..self },
        }
    }

    fn id(&self) -> ChatId {
        ChatId::from(format!("{PREFIX}{}", self.journal))
    }
}

/// Writes announcements, each once.
#[derive(Debug)]
pub(super) struct Announcer {
    store: AnyStore,
    /// The newest record that is known to be written, of agents in sessions.
    heads: Mutex<Heads>,
}

type Heads = IndexMap<UserId, (String, Head), RandomState>;

impl Announcer {
    pub(super) fn new(store: AnyStore) -> Self {
        Self { store, heads: Mutex::default() }
    }

    /// Whether everything is known to be written, without a look.
    pub(super) fn knows(&self, user: &UserId, announced: &Announced) -> bool {
        !announced.has_pending()
            || self.head(user, announced).is_some_and(|head| head.version >= announced.version)
    }

    /// Sees to it that what is pending is written.
    ///
    /// # Errors
    /// It is not, or nobody can tell; to call again finds out.
    pub(super) async fn write(
        &self,
        user: &UserId,
        announced: &Announced,
    ) -> Result<(), Unavailable> {
        if self.knows(user, announced) {
            return Ok(());
        }
        let Some(pending) = &announced.pending else { return Ok(()) };
        let known = self.head(user, announced);
        let is_before = |head: &Head| head.version + 1 == announced.version && head.token != 0;
        let place = match known.filter(is_before) {
            Some(head) => Place::After(head),
            None => self.look(announced).await?,
        };
        let head = match place {
            Place::After(before) => self.append(user, announced, pending, before).await?,
            Place::Written(head) => head,
        };
        self.heads().insert(user.clone(), (announced.journal.clone(), head));
        Ok(())
    }

    /// Whether `command` wrote what it wanted to announce.
    pub(super) async fn is_written(
        &self,
        tried: &Announced,
        command: CommandId,
    ) -> Result<bool, Unavailable> {
        let found = self.store.records(&tried.id(), tried.version - 1, 1).await?;
        Ok(found.first().is_some_and(|record| record.command == command))
    }

    /// Forgets where the journal of a session stood that is over.
    pub(super) fn forget(&self, user: &UserId) {
        self.heads().swap_remove(user);
    }

    async fn look(&self, announced: &Announced) -> Result<Place, Unavailable> {
        if announced.version == 1 {
            // If it is there already, the append finds that out.
            return Ok(Place::After(Head::NONE));
        }
        let head = self.store.load(&announced.id()).await?.map(|loaded| loaded.head);
        Ok(match head {
            Some(head) if head.version + 1 == announced.version => Place::After(head),
            Some(head) if head.version >= announced.version => Place::Written(head),
            // Only a journal whose last record is written is ever forgotten.
            _ => Place::Written(Head::new(announced.version, 0)),
        })
    }

    async fn append(
        &self,
        user: &UserId,
        announced: &Announced,
        pending: &Pending,
        before: Head,
    ) -> Result<Head, Unavailable> {
        let unreadable = || Unavailable::new("the announcement in an agent's lease is unreadable");
        let data = RawValue::from_string(pending.data.clone()).map_err(|_| unreadable())?;
        let command = parse_command(&pending.command).ok_or_else(unreadable)?;
        let entry = Entry { announcement: Announcement { channel: CHANNELS.to_owned(), data } };
        let payload = serde_json::to_vec(&entry).expect("texts can be printed");
        let (id, feeds) = (announced.id(), [FeedId::user(user)]);
        let append = Append::new(&id, before, command, pending.at_ms, &payload)
            .feeds(&feeds)
            // Then it goes as soon as no feed shows it any more.
            .expire_at_ms(pending.closes.then_some(pending.at_ms));
        let pause = |tried: u32| async move {
            tokio::time::sleep(Duration::from_millis(5 << tried.min(6))).await;
            true
        };
        match append_once_pausing(&self.store, append, SENDINGS, pause).await {
            Ok(head) => Ok(head),
            Err(OnceError::Unavailable(why) | OnceError::Undecided(why)) => Err(why),
            Err(OnceError::Conflict) => {
                // What was known of the journal is out of date; the next call looks.
                self.forget(user);
                Err(Unavailable::new("the announcements of an agent are not where they were"))
            }
        }
    }

    fn head(&self, user: &UserId, announced: &Announced) -> Option<Head> {
        let heads = self.heads();
        let (journal, head) = heads.get(user)?;
        (*journal == announced.journal).then_some(*head)
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a pending record belongs.
enum Place {
    After(Head),
    /// It is there already, or was until its journal was forgotten.
    Written(Head),
}

/// A record in the journal of an agent's announcements. Its form is for ever; another kind gets
/// another name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    announcement: Announcement,
}

/// An event as the agent's notification sessions get it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Announcement {
    /// The topic.
    pub(crate) channel: String,
    /// What is told, word for word.
    pub(crate) data: Box<RawValue>,
}

impl Announcement {
    /// Reads a record of such a journal.
    pub(crate) fn read(record: &Record) -> Result<Self, Unavailable> {
        let entry: Entry = serde_json::from_slice(&record.payload)
            .map_err(|error| Unavailable::new(format!("an announcement is unreadable: {error}")))?;
        Ok(entry.announcement)
    }
}

fn parse_command(hex: &str) -> Option<CommandId> {
    let bits = u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32)?;
    Some(CommandId::new(bits.to_be_bytes()))
}
