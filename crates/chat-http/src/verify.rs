//! Whether a chat's records and its snapshot say the same: for operators who look after a store.
//!
//! A store never looks inside what it keeps; what it keeps is written here, so it is judged here.

use chat_model::{Chat, ChatId};
use chat_store::{ChatRow, FeedId, Record, Snapshot};

use crate::agents::{Announcement, is_of_agent};
use crate::desk::{lists_of, read_record, read_snapshot};

/// Folds the records of a chat and compares with its newest snapshot, with the lists that it is on, and
/// with whether it may go.
///
/// # Errors
/// As [`verify_records`], and when the chat is on other lists than it has to be, or is going to be
/// removed although it goes on.
pub fn verify_chat(
    row: &ChatRow,
    snapshot: Option<&Snapshot>,
    records: &[Record],
) -> Result<(), String> {
    let Some(chat) = folded(&row.chat, snapshot, records)? else { return Ok(()) };
    let names = |lists: &[FeedId]| {
        let mut names: Vec<String> = lists.iter().map(|list| list.as_str().to_owned()).collect();
        names.sort();
        names
    };
    let (expected, found) = (names(&lists_of(&chat)), names(&row.listed));
    if expected != found {
        let told = |names: Vec<String>| match names.is_empty() {
            true => "no list".to_owned(),
            false => names.join(", "),
        };
        return Err(format!("expected it on {}, found it on {}", told(expected), told(found)));
    }
    if row.expire_at_ms.is_some() && !chat.is_finished() {
        return Err(
            "expected a chat that goes on to stay, found a time at which it goes".to_owned()
        );
    }
    Ok(())
}

/// Folds the records of a chat and compares with its newest snapshot.
///
/// A snapshot of another revision of the model is a cache that is ignored, and so it is here. A journal
/// of what is announced to an agent has none, and comes to nothing but what it says.
///
/// # Errors
/// What was expected and what came, when a record cannot be read or the snapshot is another chat
/// than the records come to.
pub fn verify_records(
    id: &ChatId,
    snapshot: Option<&Snapshot>,
    records: &[Record],
) -> Result<(), String> {
    folded(id, snapshot, records).map(drop)
}

/// What the records come to; nothing, if they are of what is announced to an agent.
fn folded(
    id: &ChatId,
    snapshot: Option<&Snapshot>,
    records: &[Record],
) -> Result<Option<Chat>, String> {
    if is_of_agent(id) {
        return verify_announcements(snapshot, records).map(|()| None);
    }
    let mut chat = Chat::new(id.clone());
    let same = |chat: &Chat| match snapshot.filter(|one| one.version == chat.revision()) {
        None => Ok(()),
        Some(snapshot) => match read_snapshot(snapshot) {
            Some(kept) if kept == *chat => Ok(()),
            Some(_) => Err(format!(
                "expected the snapshot at version {} to be what the records come to, found another chat",
                snapshot.version
            )),
            None => Ok(()),
        },
    };
    for record in records {
        let read = read_record(record)
            .map_err(|error| format!("version {}: {}", record.version, error.why()))?;
        chat.replay(&read);
        same(&chat)?;
    }
    Ok(Some(chat))
}

fn verify_announcements(snapshot: Option<&Snapshot>, records: &[Record]) -> Result<(), String> {
    if let Some(Snapshot { version, .. }) = snapshot {
        return Err(format!("expected announcements without a snapshot, found one at {version}"));
    }
    for record in records {
        Announcement::read(record)
            .map_err(|error| format!("version {}: {}", record.version, error.why()))?;
    }
    Ok(())
}
