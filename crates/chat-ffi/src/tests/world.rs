//! The handles that the exports are called with, each made anew for one call.

use std::fmt::Debug;
use std::ptr;

use crate::{
    CHATM_BY_AGENT, CHATM_BY_CUSTOMER, CHATM_BY_MONITOR, CHATM_STATUS_OK, CHATM_TRIGGER_OFFER,
    chatm_applied, chatm_applied_free, chatm_chat, chatm_chat_apply, chatm_chat_free,
    chatm_chat_from_json, chatm_chat_new, chatm_context, chatm_directory, chatm_directory_free,
    chatm_directory_from_json, chatm_error, chatm_error_free, chatm_op, chatm_op_free,
    chatm_op_house, chatm_op_parse, chatm_rules, chatm_rules_free, chatm_rules_from_json,
    chatm_status, chatm_str,
};

pub(super) const CHAT: &str = r#"{"userData":{"Subject":"Customer support","a":1},"state":"Chatting","owner":"agent1","participants":[{"nickname":"Chris","type":"Customer","participantId":"007352CE982D031B"},{"nickname":"Amy","type":"Agent","participantId":"007352CE984F0321"}],"id":"0000Wa9CAM6W00J"}"#;
pub(super) const ATTACH: &str =
    r#"{"operationName":"AttachUserData","userData":{"key1":"é","key2":{"a":[1]}}}"#;
pub(super) const MONITOR: &str =
    r#"{"operationName":"Monitor","supervisorMonitoringMode":"NextChat","nickname":"Sue"}"#;
pub(super) const REQUEST: &str = r#"{"operationName":"RequestChat","nickname":"Chris"}"#;
pub(super) const RULES: &str = r#"{"timeOffsetMinutes":120}"#;
pub(super) const DIRECTORY: &str =
    r#"{"users":{"agent1":{"name":"Amy"}},"queues":{"q":{"ready":["agent1"]}},"defaultQueue":"q"}"#;
/// What AttachUserData on [`CHAT`] leaves in a journal.
pub(super) const RECORD: &str = r#"{"at":0,"by":{"user":"agent1"},"events":[{"userDataAttached":{"by":"agent1","pairs":{"key1":"é","key2":{"a":[1]}}}}]}"#;

/// Which handle an argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    Chatting,
    Waiting,
    Invited,
    Op,
    MonitorOp,
    Rules,
    Directory,
    Applied,
    Problem,
}

impl Which {
    /// A new one, to be freed by [`Self::free`].
    pub(super) fn make(self) -> *mut u8 {
        match self {
            Self::Chatting => chat_from(CHAT).cast(),
            Self::Waiting => waiting().cast(),
            Self::Invited => invited().cast(),
            Self::Op => op(CHATM_BY_AGENT, ATTACH).cast(),
            Self::MonitorOp => op(CHATM_BY_MONITOR, MONITOR).cast(),
            Self::Rules => rules(RULES).cast(),
            Self::Directory => directory(DIRECTORY).cast(),
            Self::Applied => applied().cast(),
            Self::Problem => problem().cast(),
        }
    }

    /// Everything that can be seen of one.
    ///
    /// # Safety
    /// `handle` is of this kind and lives.
    pub(super) unsafe fn show(self, handle: *mut u8) -> String {
        fn show<T: Debug>(handle: *mut u8) -> String {
            // SAFETY: the caller's word.
            format!("{:?}", unsafe { &*handle.cast::<T>() })
        }
        match self {
            Self::Chatting | Self::Waiting | Self::Invited => show::<chatm_chat>(handle),
            Self::Op | Self::MonitorOp => show::<chatm_op>(handle),
            Self::Rules => show::<chatm_rules>(handle),
            Self::Directory => show::<chatm_directory>(handle),
            Self::Applied => show::<chatm_applied>(handle),
            Self::Problem => show::<chatm_error>(handle),
        }
    }

    /// # Safety
    /// `handle` is NULL, or of this kind and nobody's any more.
    pub(super) unsafe fn free(self, handle: *mut u8) {
        // SAFETY: the caller's word.
        unsafe {
            match self {
                Self::Chatting | Self::Waiting | Self::Invited => chatm_chat_free(handle.cast()),
                Self::Op | Self::MonitorOp => chatm_op_free(handle.cast()),
                Self::Rules => chatm_rules_free(handle.cast()),
                Self::Directory => chatm_directory_free(handle.cast()),
                Self::Applied => chatm_applied_free(handle.cast()),
                Self::Problem => chatm_error_free(handle.cast()),
            }
        }
    }
}

pub(crate) fn context() -> chatm_context {
    chatm_context {
        struct_size: size_of::<chatm_context>(),
        at_ms: 1_389_261_492_035,
        reference_id: 83,
        user: chatm_str::of("agent1"),
        agent: chatm_str::NONE,
        rules: ptr::null(),
        directory: ptr::null(),
        id_seed: 0,
        random: None,
        random_data: ptr::null_mut(),
    }
}

/// The handle that `make` puts into its first argument.
pub(super) fn made<T>(
    make: impl FnOnce(*mut *mut T, *mut *mut chatm_error) -> chatm_status,
) -> *mut T {
    let (mut handle, mut error) = (ptr::null_mut(), ptr::null_mut());
    let status = make(&raw mut handle, &raw mut error);
    // SAFETY: a live error, or NULL.
    let found = unsafe { error.as_ref() };
    assert_eq!(status, CHATM_STATUS_OK, "{found:?}");
    handle
}

pub(super) fn chat_from(json: &str) -> *mut chatm_chat {
    let json = chatm_str::of(json);
    // SAFETY: valid arguments, as in all calls below.
    made(|chat, error| unsafe { chatm_chat_from_json(json, ptr::null(), chat, error) })
}

pub(super) fn op(by: i32, json: &str) -> *mut chatm_op {
    let json = chatm_str::of(json);
    // SAFETY: as above.
    made(|op, error| unsafe { chatm_op_parse(by, json, ptr::null(), op, error) })
}

pub(super) fn rules(json: &str) -> *mut chatm_rules {
    let json = chatm_str::of(json);
    // SAFETY: as above.
    made(|rules, error| unsafe { chatm_rules_from_json(json, ptr::null(), rules, error) })
}

pub(super) fn directory(json: &str) -> *mut chatm_directory {
    let json = chatm_str::of(json);
    // SAFETY: as above.
    made(|it, error| unsafe { chatm_directory_from_json(json, ptr::null(), it, error) })
}

/// Applies `op` as `user` and frees it.
pub(super) fn done(chat: *mut chatm_chat, op: *mut chatm_op, user: &str) -> *mut chatm_applied {
    let context = chatm_context { user: chatm_str::of(user), ..context() };
    // SAFETY: as above.
    unsafe {
        let applied = made(|it, error| chatm_chat_apply(chat, op, &raw const context, it, error));
        chatm_op_free(op);
        applied
    }
}

fn waiting() -> *mut chatm_chat {
    let id = chatm_str::of("chat1");
    // SAFETY: as above.
    let chat = made(|chat, error| unsafe { chatm_chat_new(id, chat, error) });
    let applied = done(chat, op(CHATM_BY_CUSTOMER, REQUEST), "agent1");
    // SAFETY: nobody else has it.
    unsafe { chatm_applied_free(applied) };
    chat
}

fn invited() -> *mut chatm_chat {
    let chat = waiting();
    let user = chatm_str::of("agent1");
    // SAFETY: as above.
    let offer = made(|op, error| unsafe { chatm_op_house(CHATM_TRIGGER_OFFER, user, op, error) });
    let applied = done(chat, offer, "agent1");
    // SAFETY: nobody else has it.
    unsafe { chatm_applied_free(applied) };
    chat
}

fn applied() -> *mut chatm_applied {
    let chat = chat_from(CHAT);
    let applied = done(chat, op(CHATM_BY_AGENT, ATTACH), "agent1");
    // SAFETY: nobody else has it.
    unsafe { chatm_chat_free(chat) };
    applied
}

/// A refusal that has all that an error may have.
fn problem() -> *mut chatm_error {
    let (mut op, mut error) = (ptr::null_mut(), ptr::null_mut());
    let json = chatm_str::of("{\"operationName\":");
    // SAFETY: as above.
    unsafe { chatm_op_parse(CHATM_BY_AGENT, json, ptr::null(), &raw mut op, &raw mut error) };
    assert!(op.is_null() && !error.is_null());
    error
}
