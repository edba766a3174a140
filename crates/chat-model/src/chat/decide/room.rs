//! How much a chat may hold: keys and bytes of user data, bytes of transcript (DEC-7, DEC-72).

use super::super::Chat;
use super::Caller;
use crate::event::{Event, Events};
use crate::rejection::Rejection;
use crate::rules::Context;
use crate::user_data::UserDataPatch;

impl Caller<'_> {
    /// DEC-7: the chat holds a bounded number of keys.
    pub(super) fn check_room(
        &self,
        pairs: &UserDataPatch,
        parameter: &'static str,
    ) -> Result<(), Rejection> {
        self.check_bytes(pairs, parameter)?;
        let most = self.context.rules.limits.max_keys;
        let user_data = &self.chat.user_data;
        // Most operations cannot reach the bound even if every key is new.
        if user_data.len() + pairs.len() <= most {
            return Ok(());
        }
        let after = user_data.len_after(pairs);
        if after > most {
            return Err(Rejection::OutOfRange {
                parameter,
                expected: alloc::format!("at most {most} keys in the chat").into(),
                found: alloc::format!("{after} after the operation"),
            });
        }
        Ok(())
    }

    /// DEC-72: and a bounded number of bytes. What makes it no longer is allowed at any length.
    fn check_bytes(&self, pairs: &UserDataPatch, parameter: &'static str) -> Result<(), Rejection> {
        let most = self.context.rules.max_user_data_bytes;
        let before = self.chat.user_data.json_len();
        // Most operations cannot reach the bound even if every key is new.
        if before + pairs.as_json().len() <= most {
            return Ok(());
        }
        let mut after = self.chat.user_data.clone();
        after.merge(pairs);
        let after = after.json_len();
        if after > most && after > before {
            return Err(Rejection::OutOfRange {
                parameter,
                expected: alloc::format!("at most {most} bytes of user data in the chat").into(),
                found: alloc::format!("{after} after the operation"),
            });
        }
        Ok(())
    }
}

impl Chat {
    /// DEC-72: nobody makes the transcript longer than it may be by what they say; who comes and goes
    /// is always noted.
    pub(super) fn check_transcript(
        &self,
        events: &Events,
        context: &Context<'_>,
    ) -> Result<(), Rejection> {
        let said = events.iter().map(|event| match event {
            Event::Said { content, .. } => content.cost(),
            _ => 0,
        });
        let (said, most) = (said.sum::<usize>(), context.rules.max_transcript_bytes);
        let found = self.log_bytes.saturating_add(said);
        if said > 0 && found > most {
            return Err(Rejection::TranscriptFull { most, found });
        }
        Ok(())
    }
}
