//! The visitor's operations (CUST-2).

use smallvec::smallvec;

use super::super::Chat;
use crate::event::{Event, Events};
use crate::id::NewIds;
use crate::json::JsonText;
use crate::message::Content;
use crate::operation::CustomerOperation;
use crate::rejection::Rejection;
use crate::rules::Context;
use crate::state::Visibility;
use crate::user_data::{UserData, UserDataPatch};

/// Where the subject of a request lives among the user data (CHAT-2.14).
const SUBJECT: &str = "Subject";

impl Chat {
    pub(super) fn decide_customer(
        &self,
        operation: &CustomerOperation,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
    ) -> Result<Events, Rejection> {
        let said = |content| -> Events {
            smallvec![Event::Said { by: None, content, visibility: Visibility::All }]
        };
        let is_new = self.revision == 0;
        if let CustomerOperation::RequestChat { nickname, subject, endpoint, user_data } = operation
        {
            if !is_new {
                return Err(not_now(operation, "a chat that is not there yet", "it is"));
            }
            let queue = match endpoint {
                // DEC-46: an unknown endpoint is code 6, an absent one the default queue.
                Some(name) => context.directory.queue(name.as_str()).ok_or_else(|| {
                    Rejection::TargetNotFound { parameter: "endpoint", name: name.as_str().into() }
                })?,
                None => context.directory.default_queue().ok_or(Rejection::missing("endpoint"))?,
            };
            let user_data = with_subject(user_data.as_ref(), subject.as_deref(), context)?;
            return Ok(smallvec![
                Event::Requested {
                    visitor: ids.visitor(),
                    participant: ids.participant(),
                    nickname: nickname.as_str().into(),
                    user_data,
                },
                Event::Queued { queue },
            ]);
        }
        if self.visitor.is_none() {
            return Err(Rejection::ChatNotFound);
        }
        if !self.session_open {
            // CUST-3.6: nothing is possible in an idle chat.
            return Err(not_now(operation, "a chat that goes on", "it is Idle"));
        }
        Ok(match operation {
            CustomerOperation::SendMessage { text } => {
                said(Content::Text { text: text.as_str().into(), message_type: None })
            }
            CustomerOperation::SendStartTypingNotification {} => said(Content::TypingStarted),
            CustomerOperation::SendStopTypingNotification {} => said(Content::TypingStopped),
            CustomerOperation::Complete {} | CustomerOperation::RequestChat { .. } => {
                self.customer_leaves()
            }
        })
    }

    /// DEC-18, and DEC-21 if nobody has joined.
    pub(super) fn customer_leaves(&self) -> Events {
        let mut events: Events = smallvec![Event::CustomerLeft];
        if self.serving().next().is_none() {
            events.extend(self.uninvite(None));
        }
        events
    }
}

/// CUST-2.12: what the visitor brings becomes the attached data; the subject is one of its keys and
/// yields to a value that the visitor attached under the same key.
fn with_subject(
    user_data: Option<&UserDataPatch>,
    subject: Option<&str>,
    context: &Context<'_>,
) -> Result<UserDataPatch, Rejection> {
    let mut all = UserData::new();
    if let Some(subject) = subject {
        all.merge(&UserDataPatch::single(
            SUBJECT,
            &JsonText::string(subject),
            &context.rules.limits,
        )?);
    }
    if let Some(pairs) = user_data {
        all.merge(pairs);
    }
    let most = context.rules.limits.max_keys;
    if all.len() > most {
        return Err(Rejection::OutOfRange {
            parameter: "userData",
            expected: alloc::format!("at most {most} keys in the chat").into(),
            found: alloc::format!("{}", all.len()),
        });
    }
    let most = context.rules.max_user_data_bytes;
    if all.json_len() > most {
        return Err(Rejection::OutOfRange {
            parameter: "userData",
            expected: alloc::format!("at most {most} bytes of user data in the chat").into(),
            found: alloc::format!("{}", all.json_len()),
        });
    }
    Ok(all.to_patch())
}

fn not_now(
    operation: &CustomerOperation,
    expected: &'static str,
    found: &'static str,
) -> Rejection {
    Rejection::NotNow {
        operation: operation.kind().name(),
        expected: expected.into(),
        found: found.into(),
    }
}
