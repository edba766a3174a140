//! The circumstances of a call: who acts, when, by which rules, and where new ids come from.

use std::ffi::c_void;
use std::fmt::Write as _;
use std::mem::offset_of;

use chat_model::{Chat, Context, CountingIds, NewIds, ParticipantId, Timestamp, UserId, VisitorId};

use crate::directory::{self, chatm_directory};
use crate::growable::{self, Growable};
use crate::problem::Problem;
use crate::rules::{self, chatm_rules};
use crate::text::chatm_str;

/// A function of the program that fills `bytes` with `len` bytes that nobody can guess and returns 0,
/// or anything else if it cannot.
///
/// It is called on the thread of the call that was given it, with the `random_data` of the context,
/// and must come back: it may neither jump out nor throw, nor change or free what the call was given: the
/// chat, the operation, the rules and the directory. After a failure it is not asked again in that call.
pub type chatm_random =
    Option<unsafe extern "C" fn(random_data: *mut c_void, bytes: *mut u8, len: usize) -> i32>;

/// The circumstances of a call. Begin with `CHATM_CONTEXT_INIT` and set what is wanted; everything is
/// read during the call and not kept.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct chatm_context {
    /// `sizeof(chatm_context)`.
    pub struct_size: usize,
    /// What time it is: milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// The number that ties notifications to this request; 0 stands for none.
    pub reference_id: u64,
    /// The agent or supervisor who acts. Customers and the house act without.
    pub user: chatm_str,
    /// The agent whose part in the chat a supervisor's operation is about.
    pub agent: chatm_str,
    /// The rules to obey; NULL: the default ones.
    pub rules: *const chatm_rules,
    /// Whom to ask about users and queues; NULL: everybody is there.
    pub directory: *const chatm_directory,
    /// Without `random`, new ids count upwards from here; 0 takes a number that is made from the
    /// chat's id and revision. Such ids are the same in every run, and can be guessed.
    pub id_seed: u64,
    /// Where new ids come from, so that nobody can guess them; NULL: see `id_seed`.
    pub random: chatm_random,
    /// What `random` is called with.
    pub random_data: *mut c_void,
}

// SAFETY: the last member is a pointer that ends where the struct ends (a test holds it to that), and
// zero is a number, NULL, and no function.
unsafe impl Growable for chatm_context {
    const NAME: &'static str = "context";
    // Not the size of the struct, which grows.
    const FIRST_SIZE: usize = offset_of!(chatm_context, random_data) + size_of::<*mut c_void>();
}

/// What a context says, read and checked.
pub(crate) struct Circumstances<'a> {
    pub(crate) context: Context<'a>,
    user: chatm_str,
    agent: chatm_str,
    id_seed: u64,
    random: chatm_random,
    random_data: *mut c_void,
}

impl Circumstances<'_> {
    /// # Safety
    /// `pointer` is NULL or a context whose pointers are NULL or valid for the call.
    pub(crate) unsafe fn read(pointer: *const chatm_context) -> Result<Self, Problem> {
        // SAFETY: the caller's word.
        let given = unsafe { growable::read(pointer) }?.ok_or_else(|| Problem::null("context"))?;
        // SAFETY: the caller's word.
        let (rules, directory) =
            unsafe { (rules::read(given.rules)?, directory::read(given.directory)?) };
        let mut context = Context::new(Timestamp::from_millis(given.at_ms), rules, directory);
        if given.reference_id != 0 {
            context = context.with_reference_id(given.reference_id);
        }
        let chatm_context { user, agent, id_seed, random, random_data, .. } = given;
        Ok(Self { context, user, agent, id_seed, random, random_data })
    }

    /// Who acts.
    pub(crate) fn user(&self, chat: &Chat) -> Result<UserId, Problem> {
        // SAFETY: `read` was given the caller's word for what is in the context.
        Ok(known(chat, unsafe { self.user.named("context.user") }?))
    }

    /// Whose part it is about.
    pub(crate) fn agent(&self, chat: &Chat) -> Result<UserId, Problem> {
        // SAFETY: as above.
        Ok(known(chat, unsafe { self.agent.named("context.agent") }?))
    }

    /// Where new ids come from.
    pub(crate) fn ids<'c>(&self, chat: &'c Chat) -> Ids<'c> {
        match (self.random, self.id_seed) {
            (Some(random), _) => Ids::Random { random, data: self.random_data, failed: None },
            (None, 0) => Ids::OfChat(chat),
            (None, seed) => Ids::Counting(CountingIds::from_seed(seed)),
        }
    }
}

/// The user called `id`; the chat's own name for those who are on it costs no memory.
pub(crate) fn known(chat: &Chat, id: &str) -> UserId {
    let part = chat.legs().find(|leg| leg.user().as_str() == id);
    part.map_or_else(|| UserId::new(id), |leg| leg.user().clone())
}

pub(crate) enum Ids<'c> {
    /// Those that count from a number made from the chat; it is made when the first one is wanted,
    /// because most operations want none.
    OfChat(&'c Chat),
    Counting(CountingIds),
    Random {
        random: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32,
        data: *mut c_void,
        /// What the function returned when it gave no bytes.
        failed: Option<i32>,
    },
}

impl Ids<'_> {
    /// The model asks for ids and takes them; whether they were any is asked here, before anything
    /// is changed.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Random { failed: Some(returned), .. } => Err(Problem::callback(format!(
                "expected `random` to return 0 and random bytes, found {returned}"
            ))),
            _ => Ok(()),
        }
    }

    fn counting(&mut self) -> Option<&mut CountingIds> {
        if let Self::OfChat(chat) = self {
            *self = Self::Counting(CountingIds::of_chat(chat));
        }
        match self {
            Self::Counting(ids) => Some(ids),
            _ => None,
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        // What comes of the ids is thrown away once there was none.
        if let Self::Random { random, data, failed: failed @ None } = self {
            // SAFETY: the function and its data are the caller's; there is room for N bytes.
            let returned = unsafe { random(*data, bytes.as_mut_ptr(), N) };
            if returned != 0 {
                *failed = Some(returned);
            }
        }
        bytes
    }
}

impl NewIds for Ids<'_> {
    fn participant(&mut self) -> ParticipantId {
        if let Some(ids) = self.counting() {
            return ids.participant();
        }
        ParticipantId::from(format!("{:016X}", u64::from_be_bytes(self.bytes())))
    }

    fn visitor(&mut self) -> VisitorId {
        if let Some(ids) = self.counting() {
            return ids.visitor();
        }
        // RFC 9562: version 4, variant 10.
        let mut bytes: [u8; 16] = self.bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        VisitorId::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Circumstances, Ids, chatm_context};
    use crate::growable::Growable as _;
    use chat_model::NewIds;
    use std::ffi::c_void;
    use std::mem::offset_of;

    #[test]
    fn a_context_has_no_padding_at_its_end() {
        let end = offset_of!(chatm_context, random_data) + size_of::<*mut c_void>();
        assert_eq!(size_of::<chatm_context>(), end);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_first_layout_of_a_context_is_always_accepted() {
        assert_eq!(chatm_context::FIRST_SIZE, 96);
        let mut context = crate::tests::context();
        context.struct_size = 96;
        // SAFETY: it is as large as it says, and its pointers are NULL.
        assert!(unsafe { Circumstances::read(&raw const context) }.is_ok());
    }

    #[test]
    fn chance_that_failed_is_not_asked_again() {
        unsafe extern "C" fn fails(calls: *mut c_void, _: *mut u8, _: usize) -> i32 {
            // SAFETY: it is the number below.
            unsafe { *calls.cast::<i32>() += 1 };
            -7
        }
        let mut calls = 0_i32;
        let data = (&raw mut calls).cast();
        let mut ids = Ids::Random { random: fails, data, failed: None };
        ids.participant();
        ids.visitor();
        ids.participant();
        assert!(ids.check().is_err());
        assert_eq!(calls, 1);
    }

    #[test]
    fn random_ids_have_the_forms_of_the_interface() {
        unsafe extern "C" fn ones(_: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
            // SAFETY: there is room for `len` bytes.
            unsafe { bytes.write_bytes(0xff, len) };
            0
        }
        let mut ids = Ids::Random { random: ones, data: std::ptr::null_mut(), failed: None };
        assert_eq!(ids.participant().as_str(), "FFFFFFFFFFFFFFFF");
        assert_eq!(ids.visitor().as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(ids.check().is_ok());
    }
}
