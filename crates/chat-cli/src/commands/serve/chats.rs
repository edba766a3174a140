//! The chats that a server starts with: those of a file, and the demo's.

use std::collections::BTreeMap;
use std::path::Path;

use chat_http::Config;
use chat_model::{ChatFile, ChatId, ChatResource, JsonKind, JsonRef, QueueName, UserId};

use crate::exit::Failure;

/// The chat of the AttachUserData page as it was before the page's request.
const DEMO_CHATS: &str = include_str!("demo_chats.json");

/// Its id.
pub(super) const DEMO_CHAT: &str = "0000Wa9CAM6W00J";

/// Reads the chats of `file`, a JSON array, and before them the demo's if this is the demo.
///
/// An `owner` may be the id or the name of a user. That it is a user is checked here, because
/// nobody else could ever answer the chat. Each chat has an id that no other has.
pub(in crate::commands) fn to_start_with(
    file: Option<&Path>,
    config: &Config,
) -> Result<Vec<ChatFile>, Failure> {
    let mut chats = Vec::new();
    if config.is_demo() {
        let demo = read(DEMO_CHATS.as_bytes(), config);
        chats.extend(demo.map_err(|error| Failure::failed(format!("the demo's chat: {error}")))?);
    }
    if let Some(path) = file {
        let name = super::super::name(path);
        let says = |error| Failure::failed(format!("{name}: {error}"));
        let read = read(&super::super::read(path)?, config).map_err(says)?;
        check_ids(&chats, &read).map_err(says)?;
        chats.extend(read);
    }
    Ok(chats)
}

fn read(json: &[u8], config: &Config) -> Result<Vec<ChatFile>, String> {
    let limits = super::super::file_limits();
    let all = JsonRef::validate(json, &limits).map_err(|error| error.to_string())?;
    if all.kind() != JsonKind::Array {
        return Err(format!("expected an array of chats, found {}", all.kind()));
    }
    let chats = all.elements().enumerate();
    chats
        .map(|(at, chat)| one(chat, config).map_err(|error| format!("chat {}: {error}", at + 1)))
        .collect()
}

/// Of two chats with one id only the first would be there.
fn check_ids(demo: &[ChatFile], chats: &[ChatFile]) -> Result<(), String> {
    let mut ids: BTreeMap<&ChatId, String> =
        demo.iter().map(|file| (file.chat.id(), "the demo's chat".to_owned())).collect();
    for (at, file) in chats.iter().enumerate() {
        let (id, place) = (file.chat.id(), format!("chat {}", at + 1));
        if let Some(other) = ids.get(id) {
            return Err(format!("{place}: expected an id of its own, found {id}, as {other} has"));
        }
        ids.insert(id, place);
    }
    Ok(())
}

fn one(json: JsonRef<'_>, config: &Config) -> Result<ChatFile, String> {
    super::super::check_chat(json)?;
    if json.get("snapshot").is_some_and(|revision| !revision.is_null()) {
        let limits = super::super::file_limits();
        let file = ChatFile::read(json.as_str().as_bytes(), &limits);
        return file.map_err(|error| error.to_string());
    }
    let member = |name: &str| Some(json.get(name)?.decode_string()?.into_owned());
    let resource: ChatResource =
        serde_json::from_str(json.as_str()).map_err(|error| error.to_string())?;
    let owner = member("owner").map(|owner| user(&owner, config)).transpose()?;
    let queue = member("queue").map(QueueName::from);
    ChatFile::from_resource(&resource, owner, queue).map_err(|error| error.to_string())
}

fn user(id_or_name: &str, config: &Config) -> Result<UserId, String> {
    let found = config
        .users
        .iter()
        .find(|user| user.id.as_str() == id_or_name || user.name == id_or_name)
        .map(|user| user.id.clone());
    found.ok_or_else(|| {
        let names: Vec<&str> = config.users.iter().map(|user| user.name.as_str()).collect();
        format!("expected `owner` to be one of {}, found {id_or_name:?}", names.join(", "))
    })
}
