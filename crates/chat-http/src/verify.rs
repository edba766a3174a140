//! Whether a chat's records and its snapshot say the same: for operators who look after a store.
//!
//! A store never looks inside what it keeps; what it keeps is written here, so it is judged here.

use chat_model::{Chat, ChatId};
use chat_store::{Record, Snapshot};

use crate::agents::{Announcement, is_of_agent};
use crate::desk::{read_record, read_snapshot};

/// Folds the records of a chat and compares with its newest snapshot.
///
/// A snapshot of another revision of the model is a cache that is ignored, and so it is here. A journal
/// of what is announced to an agent has none, and comes to nothing but what it says.
///
/// # Errors
/// What was expected and what came, when a record cannot be read or the snapshot is another chat
/// than the records come to.
pub fn verify_chat(
    id: &ChatId,
    snapshot: Option<&Snapshot>,
    records: &[Record],
) -> Result<(), String> {
    if is_of_agent(id) {
        return verify_announcements(snapshot, records);
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
    Ok(())
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
