//! What the world tells the model at each call: rules, time, people it cannot know itself.
//!
//! The core has no clock, no chance and no directory of its own; an embedder passes them in, and
//! the same arguments give the same bytes.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use crate::id::{QueueName, UserId};
use crate::json::Limits;
use crate::supervision::Supervision;
use crate::time::Timestamp;

/// The configuration of a contact centre as far as the model obeys it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// Bounds on what is read (DEC-7).
    pub limits: Limits,
    /// Bytes of one chat's user data as it is printed (DEC-72).
    pub max_user_data_bytes: usize,
    /// Bytes of one chat's transcript (DEC-72).
    pub max_transcript_bytes: usize,
    /// What stands before `/chats/{id}` in every `uri`, ending with `/api/v2` (PLAT-1.1-1).
    ///
    /// It is copied into JSON strings as it is; [`Rules::with_base`] checks that it may be.
    base: Cow<'static, str>,
    /// Minutes east of UTC in which times are printed (DEC-35).
    pub time_offset_minutes: i16,
    /// Where SetDisposition writes when the request names no key (DEC-8).
    pub disposition_key: Cow<'static, str>,
    /// Whether a message's `messageType` is echoed (CHAT-6.7, DEC-12).
    pub include_message_type: bool,
    /// After how many milliseconds an unanswered invitation is revoked (DEC-17); `None`: never.
    pub invitation_ms: Option<u32>,
    /// Which replies carry a `referenceId` (DEC-30).
    pub reference_id_replies: ReferenceIdReplies,
}

/// Which replies carry a `referenceId` (DEC-30).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ReferenceIdReplies {
    /// Those whose pages print one: Consult, Invite, CancelConsult.
    #[default]
    Documented,
    /// Those of every asynchronous operation.
    Always,
}

impl Default for Rules {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Rules {
    /// The rules that hold unless something else is said; they need no memory of their own.
    pub const DEFAULT: Self = Self {
        limits: Limits::DEFAULT,
        max_user_data_bytes: 1 << 20,
        max_transcript_bytes: 4 << 20,
        base: Cow::Borrowed("http://localhost:8080/api/v2"),
        time_offset_minutes: 0,
        disposition_key: Cow::Borrowed("DispositionCode"),
        include_message_type: true,
        invitation_ms: Some(30_000),
        reference_id_replies: ReferenceIdReplies::Documented,
    };

    /// Prints addresses below `base`, such as `http://localhost:8080/api/v2`; a trailing slash is
    /// dropped. `None` if `base` holds a character that does not belong into an address.
    #[must_use]
    pub fn with_base(mut self, base: &str) -> Option<Self> {
        let base = base.trim_end_matches('/');
        let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>');
        if base.is_empty() || !base.bytes().all(fits) {
            return None;
        }
        self.base = Cow::Owned(base.to_owned());
        Some(self)
    }

    /// What stands before `/chats/{id}` in every `uri`.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn write_base(&self, out: &mut String) {
        out.push_str(&self.base);
    }
}

/// What the model must ask about users and queues while it decides.
///
/// The answers go into the events, so that a replay asks nobody.
pub trait Directory {
    /// The user with this id, if there is one.
    fn user(&self, id: &UserId) -> Option<UserInfo>;

    /// The queue with this name or id, under its name.
    fn queue(&self, name_or_id: &str) -> Option<QueueName>;

    /// Where chats go that name no queue (DEC-46) or come back from none (DEC-15).
    fn default_queue(&self) -> Option<QueueName>;

    /// The queue's next Ready agent for whom `is_free` holds (DEC-16: a consult through a queue).
    fn next_ready(&self, queue: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId>;

    /// Who supervises the chats of `agent` (DEC-19); those without a chat session come along with
    /// none. Nobody, unless the directory knows better. [`Supervision`] shows how a host keeps it.
    fn supervision_of(&self, agent: &UserId) -> Supervision {
        let _ = agent;
        Supervision::default()
    }
}

/// What the model needs to know of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UserInfo {
    /// How the user is called when Accept names no nickname (DEC-12).
    pub name: String,
    /// Whether the user takes part in chats now: an agent without a chat session cannot be given
    /// one (DEC-15).
    pub in_session: bool,
}

impl UserInfo {
    /// A user called `name` who is in a chat session.
    pub fn in_session(name: impl Into<String>) -> Self {
        Self { name: name.into(), in_session: true }
    }

    /// A user called `name` without a chat session.
    pub fn absent(name: impl Into<String>) -> Self {
        Self { name: name.into(), in_session: false }
    }
}

/// A directory in which every user exists, is called by the id and is in a session, and every queue
/// exists: for offline use, where nobody can be asked.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OpenDirectory;

impl OpenDirectory {
    /// The directory.
    pub const fn new() -> Self {
        Self
    }
}

impl Directory for OpenDirectory {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        Some(UserInfo::in_session(id.as_str()))
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        Some(QueueName::new(name_or_id))
    }

    fn default_queue(&self) -> Option<QueueName> {
        Some(QueueName::new("default"))
    }

    fn next_ready(&self, _: &QueueName, _: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        None
    }
}

/// The circumstances of one call.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Context<'a> {
    /// What time it is.
    pub at: Timestamp,
    /// The rules to obey.
    pub rules: &'a Rules,
    /// Whom to ask about users and queues.
    pub directory: &'a dyn Directory,
    /// The number that ties notifications to this request (DEC-31).
    pub reference_id: Option<u64>,
}

impl<'a> Context<'a> {
    /// A call at `at` without a reference id.
    pub fn new(at: Timestamp, rules: &'a Rules, directory: &'a dyn Directory) -> Self {
        Self { at, rules, directory, reference_id: None }
    }

    /// The same call with the requester's `reference_id`.
    #[must_use]
    pub fn with_reference_id(mut self, reference_id: u64) -> Self {
        self.reference_id = Some(reference_id);
        self
    }
}

impl core::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context")
            .field("at", &self.at)
            .field("rules", &self.rules)
            .field("reference_id", &self.reference_id)
            .finish_non_exhaustive()
    }
}
