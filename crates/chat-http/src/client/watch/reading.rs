//! Reading the state anew (NOTIF-5.1): what is there, what has ended, and what was said.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_model::{ChatId, ChatResource, ChatState, JsonRef, JsonText, StatusCode};

use super::known::Known;
use super::told::{Cause, Lines, State};
use crate::client::{Agent, BoxFuture, Error};

/// What was read, and what is known with it.
pub(super) type Read = Result<(State, Known), Error>;

/// Reads until it succeeds, or until trying again would not help. What was told already, `known` says.
pub(super) fn read(agent: Agent, cause: Cause, known: Known, pause: Duration) -> BoxFuture<Read> {
    Box::pin(async move {
        loop {
            match once(&agent, cause, known.clone()).await {
                Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
                read => return read,
            }
        }
    })
}

async fn once(agent: &Agent, cause: Cause, mut known: Known) -> Read {
    let user = agent.recovery_read().await?;
    let chats = chats(&user)?;
    let mut state = State { cause, user, chats, ended: Vec::new(), lines: Vec::new() };
    let there: BTreeSet<ChatId> = state.chats.iter().filter_map(|chat| chat.id.clone()).collect();
    let gone: Vec<ChatId> =
        known.chats().map(|(chat, _)| chat.clone()).filter(|chat| !there.contains(chat)).collect();
    for id in gone {
        // What was missed is told as it was, one by one.
        if cause == Cause::Resumed {
            continue;
        }
        match agent.chat(&id).await {
            Ok(chat) => {
                lines(agent, &mut known, &id, &mut state).await?;
                state.ended.push(chat);
            }
            // Kept no longer (DEC-23).
            Err(error) if is_unknown(&error) => {}
            Err(error) => return Err(error),
        }
        known.forget(&id);
    }
    for chat in state.chats.clone() {
        let Some(id) = &chat.id else { continue };
        let is_new = !known.chats().any(|(known, _)| known == id);
        known.see(&chat);
        // An invited agent is shown nothing yet (DEC-22), and all of it with Accept.
        let is_open = matches!(chat.state, Some(ChatState::Chatting | ChatState::LeftChat));
        if is_open && (is_new || cause != Cause::Resumed) {
            lines(agent, &mut known, id, &mut state).await?;
        }
    }
    Ok((state, known))
}

async fn lines(
    agent: &Agent,
    known: &mut Known,
    chat: &ChatId,
    state: &mut State,
) -> Result<(), Error> {
    let read = agent.messages(chat, known.last_of(chat) + 1).await;
    let mut messages = match read {
        Ok(messages) => messages,
        // Ended and gone since.
        Err(error) if is_unknown(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    known.hear(chat, &mut messages);
    if !messages.is_empty() {
        state.lines.push(Lines { chat: chat.clone(), messages });
    }
    Ok(())
}

fn is_unknown(error: &Error) -> bool {
    let code = error.refused().map(|refused| refused.reply.status_code);
    code == Some(StatusCode::NotFound.code())
}

fn chats(user: &JsonText) -> Result<Vec<ChatResource>, Error> {
    // PLAT-1.3-12: absent when there are none.
    let Some(chats) = user.as_ref().get("chats").filter(|chats| !chats.is_null()) else {
        return Ok(Vec::new());
    };
    let each = chats.elements().map(JsonRef::as_str).map(serde_json::from_str);
    each.collect::<Result<_, _>>().map_err(|error| Error::NotUnderstood {
        why: format!("expected the user's chats, found others: {error}"),
    })
}
