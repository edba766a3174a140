//! A notification in one line, so that a scenario reads like minutes of the conversation.

use chat_model::{JsonRef, Limits, Notification, NotificationType, Participant};

/// `data` in one line; the forms are in tests/scenarios/README.md.
///
/// # Panics
/// If `data` is no notification about a chat.
pub fn summary(data: &str) -> String {
    let told: Notification = serde_json::from_str(data)
        .unwrap_or_else(|error| panic!("expected a notification: {error}: {data}"));
    let kind = told.notification_type.as_ref().expect("a notification has a type");
    if *kind == NotificationType::NewMessages {
        let lines = told.messages.as_deref().unwrap_or_default().iter();
        let lines: Vec<String> = lines.map(message).collect();
        return format!("NewMessages {}", lines.join(", "));
    }
    let chat = told.chat.as_ref().expect("a state change has a chat");
    let state = chat.state.as_ref().map_or("", |state| state.as_str());
    let what = match kind {
        // As written, because the order of user data is part of what is told (DEC-1).
        NotificationType::PropertiesUpdated => user_data(data),
        NotificationType::Error => told.error_code.map(|code| code.to_string()).unwrap_or_default(),
        _ => participants(chat.participants.as_deref().unwrap_or_default()),
    };
    let number = if told.reference_id.is_some() { " #" } else { "" };
    format!("{} {state} {what}{number}", kind.as_str())
}

pub(crate) fn message(message: &chat_model::Message) -> String {
    let kind = message.kind.as_ref().map_or("", |kind| kind.as_str());
    let from = message.from.as_ref().and_then(|from| from.nickname.as_deref()).unwrap_or_default();
    let mut line = format!("{} {kind} {from}", message.index.unwrap_or_default());
    if let Some(text) =
        message.text.as_ref().or(message.url.as_ref()).or(message.notice_text.as_ref())
    {
        line.push_str(": ");
        line.push_str(text);
    }
    push_audience(&mut line, message.visibility.as_ref().map(|audience| audience.as_str()));
    line
}

fn participants(participants: &[Participant]) -> String {
    let names: Vec<String> = participants
        .iter()
        .map(|participant| {
            let mut name = participant.nickname.clone().unwrap_or_default();
            let audience = participant.visibility.as_ref().map(|audience| audience.as_str());
            push_audience(&mut name, audience);
            name
        })
        .collect();
    format!("[{}]", names.join(", "))
}

/// Who else than everybody sees it.
fn push_audience(line: &mut String, audience: Option<&str>) {
    if let Some(audience) = audience.filter(|audience| *audience != "All") {
        line.push_str(" (");
        line.push_str(audience);
        line.push(')');
    }
}

fn user_data(data: &str) -> String {
    JsonRef::validate(data.as_bytes(), &Limits::default())
        .ok()
        .and_then(|told| told.get("chat")?.get("userData"))
        .map(|user_data| user_data.as_str().to_owned())
        .unwrap_or_default()
}
