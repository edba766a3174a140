//! Whom the model asks about users, queues and supervision, as data that C hands over.
//!
//! Data and not functions to call back: what a callback may do in the middle of a decision, on which
//! thread, and what becomes of its text, are questions that need not be asked.

use std::collections::BTreeMap;

use chat_model::{Directory, Event, OpenDirectory, QueueName, Supervision, UserId, UserInfo};
use serde::Deserialize;

use crate::applied::chatm_applied;
use crate::guard::{self, out};
use crate::limits::{self, chatm_limits};
use crate::op::{Asked, chatm_op};
use crate::problem::{Problem, chatm_error};
use crate::rules::read_object;
use crate::status::chatm_status;
use crate::text::chatm_str;

/// The users and queues of a contact centre, and who supervises whom.
///
/// Many threads may use one while nobody changes it. NULL, wherever a directory is asked for, is the
/// one in which every user and every queue exists and nobody is supervised. Free it with
/// `chatm_directory_free`.
#[derive(Debug, Default)]
pub struct chatm_directory {
    users: BTreeMap<UserId, UserInfo>,
    /// By name, and then by every other name.
    queues: BTreeMap<String, Queue>,
    default_queue: Option<QueueName>,
    supervision: BTreeMap<UserId, Supervision>,
}

#[derive(Debug)]
struct Queue {
    name: QueueName,
    /// The agents who are Ready, the next one first.
    ready: Vec<UserId>,
}

/// What one update says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    #[serde(default)]
    users: BTreeMap<String, Option<UserEntry>>,
    #[serde(default)]
    queues: BTreeMap<String, Option<QueueEntry>>,
    #[serde(default, deserialize_with = "present")]
    default_queue: Option<Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserEntry {
    name: Option<String>,
    #[serde(default = "yes")]
    in_session: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QueueEntry {
    name: Option<String>,
    #[serde(default)]
    ready: Vec<String>,
}

fn yes() -> bool {
    true
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl chatm_directory {
    fn update(&mut self, update: Update) {
        for (id, entry) in update.users {
            let user = UserId::from(id);
            match entry {
                Some(entry) => {
                    let name = entry.name.unwrap_or_else(|| user.as_str().to_owned());
                    let info = match entry.in_session {
                        true => UserInfo::in_session(name),
                        false => UserInfo::absent(name),
                    };
                    self.users.insert(user, info);
                }
                None => {
                    self.users.remove(&user);
                }
            }
        }
        for (id, entry) in update.queues {
            match entry {
                Some(entry) => {
                    let name = QueueName::from(entry.name.unwrap_or_else(|| id.clone()));
                    let ready = entry.ready.into_iter().map(UserId::from).collect();
                    self.queues.insert(id, Queue { name, ready });
                }
                None => {
                    self.queues.remove(&id);
                }
            }
        }
        if let Some(queue) = update.default_queue {
            self.default_queue = queue.map(QueueName::from);
        }
    }
}

impl Directory for chatm_directory {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        self.users.get(id).cloned()
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        let by_name = || self.queues.values().find(|queue| queue.name.as_str() == name_or_id);
        self.queues.get(name_or_id).or_else(by_name).map(|queue| queue.name.clone())
    }

    fn default_queue(&self) -> Option<QueueName> {
        self.default_queue.as_ref().and_then(|queue| self.queue(queue.as_str()))
    }

    fn next_ready(&self, queue: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        let queue = self.queues.values().find(|other| other.name == *queue)?;
        queue.ready.iter().find(|user| is_free(user)).cloned()
    }

    fn supervision_of(&self, agent: &UserId) -> Supervision {
        self.supervision.get(agent).cloned().unwrap_or_default()
    }
}

/// The directory behind `pointer`, or the one in which everybody is.
///
/// # Safety
/// `pointer` is NULL or a directory of this library that lives for `'a`.
pub(crate) unsafe fn read<'a>(
    pointer: *const chatm_directory,
) -> Result<&'a dyn Directory, Problem> {
    static OPEN: OpenDirectory = OpenDirectory::new();
    if pointer.is_null() {
        return Ok(&OPEN);
    }
    // SAFETY: the caller's word.
    Ok(unsafe { guard::expect(pointer, "directory") }?)
}

/// Makes a directory from a JSON object:
/// `{"users":{ID:{"name":TEXT,"inSession":BOOL}},"queues":{ID:{"name":TEXT,"ready":[USER]}},"defaultQueue":ID}`.
///
/// Everything is optional; `{}` is a directory in which nobody is. A user is called by the id and is
/// in a session unless it says otherwise; a queue is called by its id unless it says otherwise, and
/// `ready` lists the agents who would get its next chat, the next one first. A `defaultQueue` that names
/// no queue is none until there is one of this name. `limits` may be NULL.
/// `*directory` belongs to the caller; free it with `chatm_directory_free`.
///
/// Fails with INVALID_ARGUMENT, INVALID_JSON, or INVALID_VALUE for an unknown member or a value that
/// is none. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_directory_from_json(
    json: chatm_str,
    limits: *const chatm_limits,
    directory: *mut *mut chatm_directory,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        let mut directory = chatm_directory::default();
        // SAFETY: the caller's word.
        directory.update(unsafe { read_update(json, limits) }?);
        Ok(Some(Box::new(directory)))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(directory, "directory"), body) }
}

/// Changes a directory by an object like that of `chatm_directory_from_json`: who is named is
/// replaced, who is named with `null` is removed, everybody else stays.
///
/// Nobody else may use the directory meanwhile. Fails like `chatm_directory_from_json`, and then
/// nothing has changed.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_directory_update(
    directory: *mut chatm_directory,
    json: chatm_str,
    limits: *const chatm_limits,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (directory, update) =
            unsafe { (guard::expect_mut(directory, "directory")?, read_update(json, limits)?) };
        directory.update(update);
        Ok(())
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

/// Does what `supervisor` asks of the chat channel of `agent`: Monitor, Coach, BargeIn or
/// CancelSupervisorMonitoring, read with `CHATM_BY_MONITOR`. From then on `chatm_chat_apply` lets the
/// supervisor come along with the chats that the agent accepts.
///
/// Nobody else may use the directory meanwhile. Fails with REFUSED where there is nothing to cancel,
/// with INVALID_ARGUMENT for another operation, and with INVALID_UTF8; then nothing has changed.
/// `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_directory_supervise(
    directory: *mut chatm_directory,
    op: *const chatm_op,
    supervisor: chatm_str,
    agent: chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (directory, op, supervisor, agent) = unsafe {
            (
                guard::expect_mut(directory, "directory")?,
                guard::expect(op, "op")?,
                supervisor.named("supervisor")?,
                agent.named("agent")?,
            )
        };
        let Asked::Monitor(operation) = &op.asked else {
            return Err(Problem::argument(
                "op.not_for_a_channel",
                format!("expected an operation on a chat channel, found {}", op.name()),
            ));
        };
        let agent = UserId::new(agent);
        let mut supervision = directory.supervision_of(&agent);
        supervision.perform(&UserId::new(supervisor), operation)?;
        directory.supervision.insert(agent, supervision);
        Ok(())
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

/// Takes note of the supervisors who came along with a chat, once its record is kept: who asked for
/// the next chat only has had it.
///
/// Nobody else may use the directory meanwhile. Fails with INVALID_ARGUMENT alone. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_directory_note(
    directory: *mut chatm_directory,
    applied: *const chatm_applied,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (directory, applied) = unsafe {
            (guard::expect_mut(directory, "directory")?, guard::expect(applied, "applied")?)
        };
        for event in &applied.record().events {
            if let Event::SupervisorAdmitted { user, agent, .. } = event {
                if let Some(supervision) = directory.supervision.get_mut(agent) {
                    supervision.came_along(user);
                }
            }
        }
        Ok(())
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

/// Frees a directory; NULL is allowed.
///
/// # Safety
/// `directory` is NULL or a directory of this library that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_directory_free(directory: *mut chatm_directory) {
    // SAFETY: the caller's word.
    unsafe { guard::free(directory) }
}

/// # Safety
/// Pointers are NULL or valid.
unsafe fn read_update(json: chatm_str, limits: *const chatm_limits) -> Result<Update, Problem> {
    // SAFETY: the caller's word.
    let (json, limits) = unsafe { (json.bytes("json")?, limits::read(limits)?) };
    read_object(json, &limits, "directory.invalid")
}
