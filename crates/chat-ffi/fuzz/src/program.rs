//! A program that makes calls as a C program would, and knows what the header promises.

mod asks;
mod promises;

use std::ptr;

use chatmodel::{
    CHATM_STATUS_OK, chatm_applied, chatm_applied_free, chatm_applied_record,
    chatm_applied_revision, chatm_chat, chatm_chat_apply, chatm_chat_apply_json, chatm_chat_check,
    chatm_chat_clone, chatm_chat_free, chatm_chat_from_json, chatm_chat_new, chatm_chat_replay,
    chatm_chat_revision, chatm_context, chatm_directory, chatm_directory_free,
    chatm_directory_from_json, chatm_directory_note, chatm_directory_supervise,
    chatm_directory_update, chatm_error, chatm_limits, chatm_op, chatm_op_free, chatm_op_house,
    chatm_op_parse, chatm_rules, chatm_rules_free, chatm_rules_from_json, chatm_status,
};

use crate::call::{Bounds, Call, Chance, Circumstances, Place};
use crate::program::promises::{buffer, holds, is_empty_after_failure, random, str_of, text_of};

/// What a program holds.
pub(crate) struct Program {
    chats: [*mut chatm_chat; 3],
    ops: [*mut chatm_op; 3],
    rules: [*mut chatm_rules; 3],
    directories: [*mut chatm_directory; 3],
    applied: [*mut chatm_applied; 3],
}

impl Default for Program {
    fn default() -> Self {
        Self {
            chats: [ptr::null_mut(); 3],
            ops: [ptr::null_mut(); 3],
            rules: [ptr::null_mut(); 3],
            directories: [ptr::null_mut(); 3],
            applied: [ptr::null_mut(); 3],
        }
    }
}

/// Puts a new handle in a place; what was there is freed.
fn put<T>(handles: &mut [*mut T; 3], at: Place, new: *mut T, free: unsafe extern "C" fn(*mut T)) {
    let old = std::mem::replace(&mut handles[at as usize], new);
    // SAFETY: it is this program's, and now nobody else's.
    unsafe { free(old) };
}

impl Program {
    /// Makes a call and looks whether the promises of the header hold.
    #[expect(clippy::too_many_lines, reason = "one line or two for each function of the header")]
    pub(crate) fn make(&mut self, call: &Call) {
        // SAFETY: every pointer is NULL, a handle of this program, or a place on the stack.
        unsafe {
            match call {
                Call::NewChat { to, id } => {
                    let chat = made(|out, error| chatm_chat_new(str_of(&id.0), out, error));
                    put(&mut self.chats, *to, chat, chatm_chat_free);
                }
                Call::ReadChat { to, json, bounds } => {
                    let limits = limits(*bounds);
                    let chat = made(|out, error| {
                        chatm_chat_from_json(str_of(&json.0), &raw const limits, out, error)
                    });
                    put(&mut self.chats, *to, chat, chatm_chat_free);
                }
                Call::CloneChat { from, to } => {
                    let from = self.chat(*from);
                    let chat = made(|out, error| chatm_chat_clone(from, out, error));
                    if !chat.is_null() {
                        assert_eq!(text_of(chat), text_of(from), "a clone is the same");
                    }
                    put(&mut self.chats, *to, chat, chatm_chat_free);
                }
                Call::FreeChat(at) => put(&mut self.chats, *at, ptr::null_mut(), chatm_chat_free),
                Call::ParseOp { to, by, json, bounds } => {
                    let limits = limits(*bounds);
                    let op = made(|out, error| {
                        let json = str_of(&json.0);
                        chatm_op_parse((*by).into(), json, &raw const limits, out, error)
                    });
                    put(&mut self.ops, *to, op, chatm_op_free);
                }
                Call::HouseOp { to, trigger, user } => {
                    let op = made(|out, error| {
                        chatm_op_house((*trigger).into(), str_of(user.id()), out, error)
                    });
                    put(&mut self.ops, *to, op, chatm_op_free);
                }
                Call::FreeOp(at) => put(&mut self.ops, *at, ptr::null_mut(), chatm_op_free),
                Call::Inspect { op, name } => asks::inspect(self.ops[*op as usize], &name.0),
                Call::ReadRules { to, json, bounds } => {
                    let limits = limits(*bounds);
                    let rules = made(|out, error| {
                        chatm_rules_from_json(str_of(&json.0), &raw const limits, out, error)
                    });
                    put(&mut self.rules, *to, rules, chatm_rules_free);
                }
                Call::FreeRules(at) => put(&mut self.rules, *at, ptr::null_mut(), chatm_rules_free),
                Call::ReadDirectory { to, json } => {
                    let directory = made(|out, error| {
                        chatm_directory_from_json(str_of(&json.0), ptr::null(), out, error)
                    });
                    put(&mut self.directories, *to, directory, chatm_directory_free);
                }
                Call::UpdateDirectory { directory, json } => {
                    let directory = self.directories[*directory as usize];
                    does(|error| {
                        chatm_directory_update(directory, str_of(&json.0), ptr::null(), error)
                    });
                }
                Call::Supervise { directory, op, supervisor, agent } => {
                    let (directory, op) =
                        (self.directories[*directory as usize], self.ops[*op as usize]);
                    let (supervisor, agent) = (str_of(supervisor.id()), str_of(agent.id()));
                    does(|error| {
                        chatm_directory_supervise(directory, op, supervisor, agent, error)
                    });
                }
                Call::Note { directory, applied } => {
                    let directory = self.directories[*directory as usize];
                    let applied = self.applied[*applied as usize];
                    does(|error| chatm_directory_note(directory, applied, error));
                }
                Call::FreeDirectory(at) => {
                    put(&mut self.directories, *at, ptr::null_mut(), chatm_directory_free);
                }
                Call::Apply { chat, op, of, keep } => {
                    let (chat, op, context) =
                        (self.chat(*chat), self.ops[*op as usize], self.context(of));
                    let would = does(|error| chatm_chat_check(chat, op, &raw const context, error));
                    let applied = self.applies(chat, of, |out, error| {
                        chatm_chat_apply(chat, op, &raw const context, out, error)
                    });
                    assert_eq!(would, !applied.is_null(), "an operation does what a check says");
                    self.keep(*keep, applied);
                }
                Call::ApplyJson { chat, json, of, keep } => {
                    let (chat, context) = (self.chat(*chat), self.context(of));
                    let applied = self.applies(chat, of, |out, error| {
                        let json = str_of(&json.0);
                        chatm_chat_apply_json(chat, json, &raw const context, out, error)
                    });
                    self.keep(*keep, applied);
                }
                Call::Check { chat, op, of } => {
                    let (chat, op, context) =
                        (self.chat(*chat), self.ops[*op as usize], self.context(of));
                    let before = text_of(chat);
                    does(|error| chatm_chat_check(chat, op, &raw const context, error));
                    assert_eq!(text_of(chat), before, "a check changes nothing");
                }
                Call::ReplayText { chat, json, rules } => {
                    let chat = self.chat(*chat);
                    let rules = rules.map_or(ptr::null_mut(), |at| self.rules[at as usize]);
                    let before = text_of(chat);
                    let applied = made(|out, error| {
                        chatm_chat_replay(chat, str_of(&json.0), rules, out, error)
                    });
                    if applied.is_null() {
                        assert_eq!(text_of(chat), before, "a failure changes nothing");
                    }
                    chatm_applied_free(applied);
                }
                Call::Look { applied, index } => {
                    asks::applied(self.applied[*applied as usize], (*index).into());
                }
                Call::FreeApplied(at) => {
                    put(&mut self.applied, *at, ptr::null_mut(), chatm_applied_free);
                }
                Call::View { chat, user, rules, start, count } => {
                    let rules = rules.map_or(ptr::null_mut(), |at| self.rules[at as usize]);
                    asks::view(self.chat(*chat), *user, rules, *start, *count);
                }
                Call::Ask { chat, user, index, name } => {
                    asks::chat(self.chat(*chat), *user, (*index).into(), &name.0);
                }
                Call::Merge { data, patch, bounds } => {
                    asks::merge(&data.0, &patch.0, &limits(*bounds));
                }
                Call::Remove { data, keys } => asks::remove(&data.0, &keys.0),
                Call::Validate { kind, json, bounds } => {
                    asks::validate(&kind.0, &json.0, &limits(*bounds));
                }
                Call::Schema { name, index } => asks::schema(&name.0, (*index).into()),
                Call::Nulls(which) => asks::nulls(*which),
            }
        }
    }

    fn chat(&self, at: Place) -> *mut chatm_chat {
        self.chats[at as usize]
    }

    fn context(&self, of: &Circumstances) -> chatm_context {
        // SAFETY: zero is a value of every member.
        let mut context: chatm_context = unsafe { std::mem::zeroed() };
        context.struct_size = size_of::<chatm_context>();
        context.at_ms = of.at_ms;
        context.reference_id = of.reference_id;
        context.user = str_of(of.user.id());
        context.agent = str_of(of.agent.id());
        context.rules = of.rules.map_or(ptr::null_mut(), |at| self.rules[at as usize]);
        context.directory =
            of.directory.map_or(ptr::null_mut(), |at| self.directories[at as usize]);
        match of.chance {
            Chance::OfChat => {}
            Chance::Seed(seed) => context.id_seed = seed,
            Chance::Random => context.random = Some(random::steady),
            Chance::Broken => context.random = Some(random::broken),
        }
        context
    }

    /// Applies something; what a record says is then what happened, and a failure is nothing.
    unsafe fn applies(
        &self,
        chat: *mut chatm_chat,
        of: &Circumstances,
        apply: impl FnOnce(*mut *mut chatm_applied, *mut *mut chatm_error) -> chatm_status,
    ) -> *mut chatm_applied {
        let before = made(|out, error| unsafe { chatm_chat_clone(chat, out, error) });
        let applied = made(apply);
        // SAFETY: handles of this program, and NULL where there is none.
        unsafe {
            if applied.is_null() {
                assert_eq!(text_of(chat), text_of(before), "a failure changes nothing");
            } else {
                let record = buffer(|out, error| chatm_applied_record(applied, out, error));
                let record = record.expect("what was applied has a record");
                let rules = of.rules.map_or(ptr::null_mut(), |at| self.rules[at as usize]);
                let replayed = made(|out, error| {
                    chatm_chat_replay(before, str_of(&record), rules, out, error)
                });
                assert_eq!(text_of(chat), text_of(before), "a replayed record does the same");
                assert_eq!(asks::told(applied), asks::told(replayed), "and tells the same");
                assert_eq!(chatm_applied_revision(applied), chatm_chat_revision(chat));
                chatm_applied_free(replayed);
            }
            chatm_chat_free(before);
        }
        applied
    }

    fn keep(&mut self, at: Option<Place>, applied: *mut chatm_applied) {
        match at {
            Some(at) => put(&mut self.applied, at, applied, chatm_applied_free),
            // SAFETY: it is this program's.
            None => unsafe { chatm_applied_free(applied) },
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        for at in [Place::One, Place::Two, Place::Three] {
            put(&mut self.chats, at, ptr::null_mut(), chatm_chat_free);
            put(&mut self.ops, at, ptr::null_mut(), chatm_op_free);
            put(&mut self.rules, at, ptr::null_mut(), chatm_rules_free);
            put(&mut self.directories, at, ptr::null_mut(), chatm_directory_free);
            put(&mut self.applied, at, ptr::null_mut(), chatm_applied_free);
        }
    }
}

fn limits(bounds: Bounds) -> chatm_limits {
    let struct_size = size_of::<chatm_limits>();
    let (max_bytes, max_depth, max_keys, max_key_bytes) = match bounds {
        Bounds::Default => (0, 0, 0, 0),
        Bounds::Tight { bytes, depth, keys, key_bytes } => {
            (bytes.into(), depth.into(), keys.into(), key_bytes.into())
        }
        Bounds::Absurd => (usize::MAX, usize::MAX, usize::MAX, usize::MAX),
    };
    chatm_limits { struct_size, max_bytes, max_depth, max_keys, max_key_bytes }
}

/// Calls a function that makes a handle.
fn made<T>(call: impl FnOnce(*mut *mut T, *mut *mut chatm_error) -> chatm_status) -> *mut T {
    // Anything but NULL, to see that it is written in any case.
    let mut out = ptr::dangling_mut::<T>();
    let mut error = ptr::dangling_mut::<chatm_error>();
    let status = call(&raw mut out, &raw mut error);
    let worked = holds(status, error);
    is_empty_after_failure(worked, out.is_null());
    out
}

/// Calls a function that makes nothing; says whether it worked.
fn does(call: impl FnOnce(*mut *mut chatm_error) -> chatm_status) -> bool {
    let mut error = ptr::dangling_mut::<chatm_error>();
    let status = call(&raw mut error);
    assert_eq!(holds(status, error), status == CHATM_STATUS_OK);
    status == CHATM_STATUS_OK
}
