//! The C library's door: the exported functions, called as a program in C calls them.
//!
//! Everything that is unsafe in this package is in this file. Every record is replayed to a second chat
//! on the way, which must be told the same and end as the same chat.

use std::ptr;

use chat_model::{ChatResource, JsonRef, Limits, Message, Reply};
use chatmodel::{
    CHATM_BY_AGENT, CHATM_BY_CUSTOMER, CHATM_BY_MONITOR, CHATM_BY_SUPERVISOR, CHATM_STATUS_OK,
    CHATM_STATUS_REFUSED, CHATM_TRIGGER_OFFER, chatm_applied, chatm_applied_free,
    chatm_applied_notification, chatm_applied_notification_count, chatm_applied_record,
    chatm_applied_reply, chatm_buf, chatm_buf_free, chatm_by, chatm_chat, chatm_chat_apply,
    chatm_chat_apply_json, chatm_chat_check, chatm_chat_customer_messages,
    chatm_chat_customer_view, chatm_chat_free, chatm_chat_new, chatm_chat_replay,
    chatm_chat_to_json, chatm_context, chatm_directory, chatm_directory_free,
    chatm_directory_from_json, chatm_directory_note, chatm_directory_supervise, chatm_error,
    chatm_error_free, chatm_error_message, chatm_error_reply, chatm_error_status_code,
    chatm_notification, chatm_op, chatm_op_free, chatm_op_house, chatm_op_parse, chatm_status,
    chatm_str,
};

use super::{Door, Heard, ModelDoor, Outcome};
use crate::scenario::VisitorSees;
use crate::summary;

/// Everybody in the scenarios, called by the id as where everybody exists.
const DIRECTORY: &str = r#"{"users":{"agent1":{},"agent2":{},"agent3":{},"supervisor1":{}},
    "queues":{"default":{},"support":{}},"defaultQueue":"default"}"#;

/// A chat behind the C interface.
#[derive(Debug)]
pub struct FfiDoor {
    chat: Handle<chatm_chat>,
    /// A chat that knows the first one's records alone.
    replayed: Handle<chatm_chat>,
    directory: Handle<chatm_directory>,
    /// Writes addresses and tells the time.
    beside: ModelDoor,
    commands: u64,
    read: u64,
}

impl Default for FfiDoor {
    fn default() -> Self {
        let chat = || {
            made(chatm_chat_free, |place, error| {
                // SAFETY: the text and the places live during the call, here and in all calls below.
                unsafe { chatm_chat_new(borrowed("0000Wa9CAM6W00J"), place, error) }
            })
        };
        let directory = made(chatm_directory_free, |place, error| {
            // SAFETY: NULL stands for the default limits.
            unsafe { chatm_directory_from_json(borrowed(DIRECTORY), ptr::null(), place, error) }
        });
        Self {
            chat: chat().expect("the id is one"),
            replayed: chat().expect("the id is one"),
            directory: directory.expect("the directory is one"),
            beside: ModelDoor::default(),
            commands: 0,
            read: 0,
        }
    }
}

impl FfiDoor {
    /// The circumstances of the next command; they borrow the names.
    fn context(&mut self, user: &str, agent: &str) -> chatm_context {
        self.commands += 1;
        chatm_context {
            struct_size: size_of::<chatm_context>(),
            at_ms: self.beside.next_time().as_millis(),
            reference_id: if user.is_empty() { 0 } else { self.commands },
            user: borrowed(user),
            agent: borrowed(agent),
            rules: ptr::null(),
            directory: self.directory.0,
            id_seed: 0,
            random: None,
            random_data: ptr::null_mut(),
        }
    }

    /// Asks whether the chat would accept the operation, and then does it.
    fn perform(&mut self, op: &Handle<chatm_op>, context: &chatm_context) -> Outcome {
        self.check_and(op, context, |chat, place, error| {
            // SAFETY: handles of the library, which nobody else uses.
            unsafe { chatm_chat_apply(chat, op.0, context, place, error) }
        })
    }

    /// Asks whether the chat would accept the operation, and then lets `apply` do it.
    fn check_and(
        &mut self,
        op: &Handle<chatm_op>,
        context: &chatm_context,
        apply: impl FnOnce(*mut chatm_chat, Place<chatm_applied>, Place<chatm_error>) -> chatm_status,
    ) -> Outcome {
        let asked = called(|error| {
            // SAFETY: handles of the library.
            unsafe { chatm_chat_check(self.chat.0, op.0, context, error) }
        });
        let applied = made(chatm_applied_free, |place, error| apply(self.chat.0, place, error));
        match (asked, applied) {
            (Ok(()), Ok(applied)) => self.outcome(&applied),
            (Err(asked), Err(refused)) if asked.reply == refused.reply => refused.outcome(),
            (asked, applied) => panic!("expected the answer {asked:?}, found {applied:?}"),
        }
    }

    /// Takes note of what was done, as a server would, and replays it.
    fn outcome(&mut self, applied: &Handle<chatm_applied>) -> Outcome {
        called(|error| {
            // SAFETY: handles of the library, and nobody else uses the directory.
            unsafe { chatm_directory_note(self.directory.0, applied.0, error) }
        })
        .expect("what was done can be noted");
        let record = written(|json, error| {
            // SAFETY: a handle of the library.
            unsafe { chatm_applied_record(applied.0, json, error) }
        });
        let replayed = made(chatm_applied_free, |place, error| {
            // SAFETY: a handle of the library; NULL stands for the default rules.
            unsafe {
                chatm_chat_replay(self.replayed.0, borrowed(&record), ptr::null(), place, error)
            }
        });
        let told = heard(applied);
        assert_eq!(heard(&replayed.expect("a record can be replayed")), told, "{record}");
        assert_eq!(snapshot(&self.replayed), snapshot(&self.chat), "{record}");
        // SAFETY: a handle of the library, which lives while its text is read.
        let reply = owned(unsafe { chatm_applied_reply(applied.0) });
        let code = JsonRef::validate(reply.as_bytes(), &Limits::default())
            .ok()
            .and_then(|reply| reply.get("statusCode")?.as_u64());
        Outcome { code: code.expect("a reply has a statusCode"), reply: Some(reply), heard: told }
    }
}

impl Door for FfiDoor {
    fn address(&self, body: &str) -> String {
        self.beside.address(body)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        match parsed(CHATM_BY_CUSTOMER, body) {
            Ok(op) => {
                let context = self.context("", "");
                self.perform(&op, &context)
            }
            Err(refused) => refused.outcome(),
        }
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        match parsed(CHATM_BY_AGENT, body) {
            Ok(op) => {
                let context = self.context(agent, "");
                self.check_and(&op, &context, |chat, place, error| {
                    // SAFETY: a handle of the library, which nobody else uses.
                    unsafe { chatm_chat_apply_json(chat, borrowed(body), &context, place, error) }
                })
            }
            Err(refused) => refused.outcome(),
        }
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        if let Ok(op) = parsed(CHATM_BY_SUPERVISOR, body) {
            let context = self.context(supervisor, agent);
            return self.perform(&op, &context);
        }
        let supervised = parsed(CHATM_BY_MONITOR, body).and_then(|op| {
            let (supervisor, agent) = (borrowed(supervisor), borrowed(agent));
            called(|error| {
                // SAFETY: handles of the library, and nobody else uses the directory.
                unsafe {
                    chatm_directory_supervise(self.directory.0, op.0, supervisor, agent, error)
                }
            })
        });
        match supervised {
            Ok(()) => {
                Outcome { code: 0, reply: Some(Reply::success().to_json()), heard: Vec::new() }
            }
            Err(refused) => refused.outcome(),
        }
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        let op = made(chatm_op_free, |place, error| {
            // SAFETY: see `default`.
            unsafe { chatm_op_house(CHATM_TRIGGER_OFFER, borrowed(agent), place, error) }
        });
        let context = self.context("", "");
        let outcome = self.perform(&op.expect("an agent has a name"), &context);
        Outcome { reply: None, ..outcome }
    }

    fn visitor_sees(&mut self, _: &VisitorSees) -> VisitorSees {
        let shown = written(|json, error| {
            // SAFETY: a handle of the library.
            unsafe { chatm_chat_customer_view(self.chat.0, json, error) }
        });
        let shown: ChatResource = serde_json::from_str(&shown).expect("it is a chat");
        let mut last = 0;
        let messages = written(|json, error| {
            // SAFETY: a handle of the library.
            unsafe {
                chatm_chat_customer_messages(self.chat.0, self.read + 1, json, &mut last, error)
            }
        });
        let messages: Vec<Message> = serde_json::from_str(&messages).expect("it is a transcript");
        self.read = last.max(self.read);
        let participants = shown.participants.unwrap_or_default().into_iter();
        VisitorSees {
            state: shown.state.expect("a chat has a state").as_str().to_owned(),
            sees: participants.filter_map(|participant| participant.nickname).collect(),
            reads: messages.iter().map(summary::message).collect(),
        }
    }
}

/// What a call hands out by pointer.
type Place<T> = *mut *mut T;

/// Something that the library made, until it is given back.
#[derive(Debug)]
struct Handle<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it was nobody else's.
        unsafe { (self.1)(self.0) }
    }
}

/// What the model said to an operation that it refused.
#[derive(Debug)]
struct Refused {
    code: u64,
    reply: String,
}

impl Refused {
    fn outcome(self) -> Outcome {
        Outcome { code: self.code, reply: Some(self.reply), heard: Vec::new() }
    }
}

/// Calls a function that can fail; whatever fails otherwise than by the model is a fault of this door.
fn called(function: impl FnOnce(Place<chatm_error>) -> chatm_status) -> Result<(), Refused> {
    let mut error = ptr::null_mut();
    let status = function(&mut error);
    if status == CHATM_STATUS_OK {
        return Ok(());
    }
    let error = Handle(error, chatm_error_free);
    // SAFETY: a handle of the library, which lives while its texts are read.
    let (code, message, reply) = unsafe {
        (
            chatm_error_status_code(error.0),
            owned(chatm_error_message(error.0)),
            owned(chatm_error_reply(error.0)),
        )
    };
    assert_eq!(status, CHATM_STATUS_REFUSED, "{message}");
    Err(Refused { code: code.into(), reply })
}

/// Calls a function that makes a handle, which `free` frees.
fn made<T>(
    free: unsafe extern "C" fn(*mut T),
    function: impl FnOnce(Place<T>, Place<chatm_error>) -> chatm_status,
) -> Result<Handle<T>, Refused> {
    let mut place = ptr::null_mut();
    called(|error| function(&mut place, error)).map(|()| Handle(place, free))
}

/// Calls a function that writes text.
fn written(function: impl FnOnce(*mut chatm_buf, Place<chatm_error>) -> chatm_status) -> String {
    let mut buffer = chatm_buf { ptr: ptr::null_mut(), len: 0, cap: 0 };
    called(|error| function(&mut buffer, error)).expect("it can be written");
    let text = owned(chatm_str { ptr: buffer.ptr, len: buffer.len });
    // SAFETY: the library filled it.
    unsafe { chatm_buf_free(&mut buffer) };
    text
}

fn parsed(by: chatm_by, body: &str) -> Result<Handle<chatm_op>, Refused> {
    made(chatm_op_free, |place, error| {
        // SAFETY: see `default`; NULL stands for the default limits.
        unsafe { chatm_op_parse(by, borrowed(body), ptr::null(), place, error) }
    })
}

fn heard(applied: &Handle<chatm_applied>) -> Vec<Heard> {
    // SAFETY: a handle of the library.
    let count = unsafe { chatm_applied_notification_count(applied.0) };
    let each = (0..count).map(|index| {
        let none = chatm_str { ptr: ptr::null(), len: 0 };
        let mut told = chatm_notification { to: none, channel: none, data: none };
        called(|error| {
            // SAFETY: as above.
            unsafe { chatm_applied_notification(applied.0, index, &mut told, error) }
        })
        .expect("there are so many");
        assert_eq!(owned(told.channel), "/v2/me/chats");
        Heard { to: owned(told.to), data: owned(told.data) }
    });
    each.collect()
}

fn snapshot(chat: &Handle<chatm_chat>) -> String {
    written(|json, error| {
        // SAFETY: a handle of the library.
        unsafe { chatm_chat_to_json(chat.0, json, error) }
    })
}

fn borrowed(text: &str) -> chatm_str {
    chatm_str { ptr: text.as_ptr().cast(), len: text.len() }
}

/// A copy of what the library lends, which must still live.
fn owned(text: chatm_str) -> String {
    if text.ptr.is_null() {
        return String::new();
    }
    // SAFETY: the library lends so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len) };
    String::from_utf8(bytes.to_vec()).expect("the library writes UTF-8")
}
