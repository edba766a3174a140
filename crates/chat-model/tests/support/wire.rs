//! What a client sees of a chat: the printed JSON, read back without the crate's own types, so that
//! the tests do not believe what the model believes of itself.

use chat_model::{Chat, Notice, Rules, UserId};
use serde_json::Value;

/// The content of a notice.
pub(crate) fn data(notice: &Notice) -> Value {
    serde_json::from_str(&notice.data)
        .unwrap_or_else(|error| panic!("a notice is JSON: {error}\n{}", notice.data))
}

/// The chat as `user` sees it.
pub(crate) fn resource(chat: &Chat, user: &UserId, rules: &Rules) -> Option<Value> {
    chat.view(user, rules).map(|view| serde_json::from_str(&view.to_json()).unwrap())
}

/// The chat as its customer sees it.
pub(crate) fn customer_resource(chat: &Chat) -> Option<Value> {
    chat.customer_view().map(|view| serde_json::from_str(&view.to_json()).unwrap())
}

/// The whole transcript as `user` sees it.
pub(crate) fn messages(chat: &Chat, user: &UserId, rules: &Rules) -> Vec<Value> {
    let json = chat.view(user, rules).map(|view| view.messages_json(1, usize::MAX));
    serde_json::from_str(&json.unwrap_or_else(|| "[]".into())).unwrap()
}

/// The whole transcript as the customer sees it.
pub(crate) fn customer_messages(chat: &Chat) -> Vec<Value> {
    let json = chat.customer_view().map(|view| view.messages_json(0).0);
    serde_json::from_str(&json.unwrap_or_else(|| "[]".into())).unwrap()
}

/// The text under `pointer`, or nothing.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The texts of a list.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Everything that two chats may differ in: what is printed for debugging and the snapshot.
pub(crate) fn everything(chat: &Chat) -> String {
    format!("{chat:?}\n{}", chat.to_snapshot_json())
}
