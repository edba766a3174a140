//! What a server tells, in lines for people and in lines for programs.

use std::fmt::Write as _;

use chat_http::client::{Cause, Interruption, Notified, State};
use chat_model::{
    ChatId, ChatResource, JsonRef, JsonText, Message, MessageType, NotificationType, Participant,
    write_string,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::render::{self, Reader};

/// Prints a notification.
pub(super) fn notification(told: &Notified, json: bool) -> Result<Reader, Failure> {
    if json {
        let mut line = String::from(r#"{"type":"notification","channel":"#);
        write_string(&mut line, &told.channel);
        let _ = write!(line, ",\"data\":{}}}", told.data.as_str());
        return render::read_line(line);
    }
    let Some(about) = &told.about_chat else {
        return render::quoting_line(format_args!("{} {}", told.channel, told.data.as_str()));
    };
    let id = told.chat_id();
    let chat = id.as_ref().map_or("?", |id| id.as_str());
    let kind = about.notification_type.as_ref();
    if kind == Some(&NotificationType::NewMessages) {
        return lines(chat, about.messages.as_deref().unwrap_or_default());
    }
    let mut line = format!("{chat}  {}", kind.map_or("?", |kind| kind.as_str()));
    if let Some(chat) = &about.chat {
        let _ = write!(line, " {}", summary(chat));
    }
    if kind == Some(&NotificationType::PropertiesUpdated)
        && let Some(data) = about.chat.as_ref().and_then(|chat| chat.user_data.as_ref())
    {
        let _ = write!(line, " {}", data.to_json());
    }
    if let Some(error) = &about.error_message {
        let _ = write!(line, ": {error}");
    }
    if let Some(number) = about.reference_id {
        let _ = write!(line, " #{number}");
    }
    render::quoting_line(line)
}

/// What is there of one chat alone, as if the agent had no other.
pub(super) fn only(mut state: State, chat: &str) -> State {
    let is_it = |id: Option<&ChatId>| id.is_some_and(|id| id.as_str() == chat);
    state.chats.retain(|one| is_it(one.id.as_ref()));
    state.ended.retain(|one| is_it(one.id.as_ref()));
    state.lines.retain(|lines| is_it(Some(&lines.chat)));
    let mut user = String::from("{");
    for (name, value) in state.user.as_ref().members() {
        user.push_str(if user.len() > 1 { "," } else { "" });
        user.push_str(name.as_json());
        user.push(':');
        if name == "chats" || name == "interactions" {
            let is_id = |id: JsonRef<'_>| id.decode_string().is_some_and(|id| id == chat);
            let chats = value.elements().filter(|one| one.get("id").is_some_and(is_id));
            let chats: Vec<&str> = chats.map(JsonRef::as_str).collect();
            let _ = write!(user, "[{}]", chats.join(","));
        } else {
            user.push_str(value.as_str());
        }
    }
    user.push('}');
    // What the server printed was readable, so this is: a part of it.
    let mut limits = super::file_limits();
    limits.max_depth = usize::MAX;
    state.user = JsonText::parse(user.as_bytes(), &limits).unwrap_or(state.user);
    state
}

/// Prints what is there.
pub(super) fn state(state: &State, json: bool) -> Result<Reader, Failure> {
    let cause = match state.cause {
        Cause::Begun => "Begun",
        Cause::Recovered => "Recovered",
        _ => "Resumed",
    };
    if json {
        let mut line =
            format!(r#"{{"type":"state","cause":"{cause}","user":{}"#, state.user.as_str());
        let _ = write!(line, r#","ended":{},"lines":["#, printed(&state.ended));
        for (at, lines) in state.lines.iter().enumerate() {
            line.push_str(if at > 0 { ",{\"chat\":" } else { "{\"chat\":" });
            write_string(&mut line, lines.chat.as_str());
            let _ = write!(line, ",\"messages\":{}}}", printed(&lines.messages));
        }
        line.push_str("]}");
        return render::read_line(line);
    }
    let user = state.user.as_ref();
    let channels = user.get("channels").map(|channels| {
        channels.elements().map(|one| {
            let text = |member: Option<JsonRef<'_>>| {
                member.and_then(|member| member.decode_string()).unwrap_or_default().into_owned()
            };
            let is = one.get("userState").and_then(|state| state.get("state"));
            format!("{} {}", text(one.get("channel")), text(is))
        })
    });
    let channels: Vec<String> = channels.into_iter().flatten().collect();
    let channels = if channels.is_empty() {
        "no contact centre session".to_owned()
    } else {
        channels.join(", ")
    };
    let chats = match state.chats.len() {
        0 => "no chat".to_owned(),
        1 => "one chat".to_owned(),
        many => format!("{many} chats"),
    };
    render::quoting_line(format_args!("{cause}: {channels}, {chats}"))?;
    let mut reader = Reader::There;
    for chat in state.chats.iter().chain(&state.ended) {
        let id = chat.id.as_ref().map_or("?", |id| id.as_str());
        reader = render::quoting_line(format_args!("{id}  is {}", summary(chat)))?;
    }
    for told in &state.lines {
        reader = lines(told.chat.as_str(), &told.messages)?;
    }
    Ok(reader)
}

/// Says why nothing is heard: to programs on standard output, to people on standard error.
pub(super) fn interruption(why: &Interruption, json: bool) -> Result<Reader, Failure> {
    if json {
        let mut line = String::from(r#"{"type":"interrupted","why":"#);
        write_string(&mut line, &why.why);
        let _ = write!(
            line,
            r#","retryInMs":{},"sessionLost":{}}}"#,
            why.retry_in.as_millis(),
            why.session_lost
        );
        return render::read_line(line);
    }
    if why.session_lost {
        render::complain(&format_args!("the session is lost ({}); beginning another", why.why));
    } else {
        let seconds = why.retry_in.as_secs_f32();
        render::complain(&format_args!("{}; trying again in {seconds} s", why.why));
    }
    Ok(Reader::There)
}

fn lines(chat: &str, messages: &[Message]) -> Result<Reader, Failure> {
    let mut reader = Reader::There;
    for message in messages {
        reader = render::quoting_line(format_args!("{chat}  {}", said(message)))?;
    }
    Ok(reader)
}

/// An entry of a transcript as a person reads it.
pub(super) fn said(message: &Message) -> String {
    let from =
        message.from.as_ref().and_then(|from| from.nickname.as_deref()).unwrap_or("somebody");
    let text = message.text.as_ref().or(message.url.as_ref()).or(message.notice_text.as_ref());
    let audience = message.visibility.as_ref().map(|audience| audience.as_str());
    let whispers = audience.filter(|audience| *audience != "All");
    let whispers = whispers.map(|audience| format!(" (to {audience})")).unwrap_or_default();
    match (&message.kind, text) {
        (Some(MessageType::Text), Some(text)) => format!("{from}{whispers}: {text}"),
        (kind, text) => {
            let kind = kind.as_ref().map_or("?", |kind| kind.as_str());
            let text = text.map(|text| format!(": {text}")).unwrap_or_default();
            format!("* {from} {kind}{whispers}{text}")
        }
    }
}

fn summary(chat: &ChatResource) -> String {
    let state = chat.state.as_ref().map_or("?", |state| state.as_str());
    format!("{state} [{}]", names(chat.participants.as_deref().unwrap_or_default()))
}

fn names(participants: &[Participant]) -> String {
    let names: Vec<&str> = participants.iter().filter_map(|one| one.nickname.as_deref()).collect();
    names.join(", ")
}

/// What came as JSON goes as JSON.
pub(super) fn printed(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what was read can be printed")
}
