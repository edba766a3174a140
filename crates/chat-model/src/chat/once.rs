//! A request that comes again is answered as it was, and does nothing (DEC-48).
//!
//! What was answered is folded into the chat like everything else, so whoever reads the journal knows
//! it: after a crash, on another node, from a snapshot. How much of it is kept is a function of the
//! records alone.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use super::Chat;
use super::decide::Command;
use crate::event::{Author, Event, Record};
use crate::id::NewIds;
use crate::keyed::{Answer, KeyScope, KeyedRequest, Once};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::rules::Context;
use crate::time::Timestamp;

/// Answers that are kept however old they are (DEC-48).
const LAST: usize = 64;

/// For how long an answer is kept however many came after it (DEC-48), in milliseconds.
const AT_LEAST_MS: i64 = 10 * 60 * 1_000;

/// But of one requester no more than this many, whatever their age: who sends faster than once in a
/// second must not fill the chat, and costs nobody else an answer (DEC-73).
const MOST_OF_ONE: usize = 512;

/// Refusals that take a record of their own, in the life of a chat (DEC-73). An operation that is
/// accepted is bounded by what it adds to the chat (DEC-72); a refusal adds nothing else.
const MOST_REFUSALS: u32 = 1_024;

/// What was answered to requests with a key.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Answers {
    /// The oldest first, each with when it was given.
    kept: VecDeque<(Timestamp, Arc<Answer>)>,
    /// How many of all that were given were refusals.
    #[serde(default)]
    refusals: u32,
}

impl Chat {
    /// Decides a request that has no key: [`Chat::decide`] with the answer beside the record.
    ///
    /// # Errors
    /// As [`Chat::decide`].
    pub fn decide_anew(
        &self,
        command: &Command<'_>,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
    ) -> Result<Once, Rejection> {
        let record = self.decide(command, context, ids)?;
        let reply = command.reply(context.reference_id, context.rules);
        Ok(Once::Now { record, reply })
    }

    /// Decides a request that may have come before, as [`Chat::decide`] does one that has not.
    ///
    /// A refusal leaves a record, too, which holds nothing but the answer. Whoever appends the record
    /// must compare: two of the same request that are decided at the same time are then one.
    ///
    /// # Errors
    /// The request is refused, and that is not kept, because the caller has no part in the chat, because
    /// the chat is over and says the same each time, or because too many refusals were kept already
    /// (DEC-73). [`Rejection::KeyReused`]: the key names another request.
    pub fn decide_once(
        &self,
        request: &KeyedRequest,
        command: &Command<'_>,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
    ) -> Result<Once, Rejection> {
        if let Some(reply) = self.answered(request)? {
            return Ok(Once::Before { reply });
        }
        match self.decide(command, context, ids) {
            Ok(mut record) => {
                let reply = command.reply(context.reference_id, context.rules);
                record.events.push(Event::Answered(Arc::new(request.answered(reply.clone()))));
                Ok(Once::Now { record, reply })
            }
            Err(rejection) => self.keep_refusal(request, rejection, context.at),
        }
    }

    /// Decides a request that may have come before and is refused for a reason outside the chat: its
    /// operation cannot be read.
    ///
    /// # Errors
    /// As [`Chat::decide_once`].
    pub fn refuse_once(
        &self,
        request: &KeyedRequest,
        rejection: &Rejection,
        at: Timestamp,
    ) -> Result<Once, Rejection> {
        match self.answered(request)? {
            Some(reply) => Ok(Once::Before { reply }),
            None => self.keep_refusal(request, rejection.clone(), at),
        }
    }

    /// What the request was answered, if it came before.
    ///
    /// # Errors
    /// [`Rejection::KeyReused`]: the key names another request.
    pub fn answered(&self, request: &KeyedRequest) -> Result<Option<Reply>, Rejection> {
        let Some(answers) = &self.answers else { return Ok(None) };
        let of_key = |answer: &&Answer| answer.key == request.key && answer.scope == request.scope;
        match answers.kept.iter().map(|(_, answer)| &**answer).find(of_key) {
            Some(answer) if answer.digest == request.digest => Ok(Some(answer.reply.clone())),
            Some(_) => Err(Rejection::KeyReused),
            None => Ok(None),
        }
    }

    /// Whether somebody may ask again and be answered as before.
    pub fn remembers_answers(&self) -> bool {
        self.answers.is_some()
    }

    fn keep_refusal(
        &self,
        request: &KeyedRequest,
        rejection: Rejection,
        at: Timestamp,
    ) -> Result<Once, Rejection> {
        let refusals = self.answers.as_ref().map_or(0, |answers| answers.refusals);
        let is_stranger = rejection == Rejection::ChatNotFound;
        if is_stranger || self.revision == 0 || self.is_finished() || refusals >= MOST_REFUSALS {
            return Err(rejection);
        }
        let by = match &request.scope {
            KeyScope::User(user) => Author::User(user.clone()),
            KeyScope::Visitor | KeyScope::Center => Author::Customer,
        };
        let reply = Reply::from(&rejection);
        let events = [Event::Answered(Arc::new(request.answered(reply.clone())))].into();
        let record = Record { at, by, reference_id: None, events };
        Ok(Once::Now { record, reply })
    }

    /// Keeps an answer that was given at `at`, and forgets those that need not be known any more.
    pub(super) fn keep_answer(&mut self, answer: &Arc<Answer>, at: Timestamp) {
        let Answers { kept, refusals } = &mut **self.answers.get_or_insert_with(Default::default);
        if answer.reply.status_code != 0 {
            *refusals = refusals.saturating_add(1);
        }
        kept.push_back((at, answer.clone()));
        let mut of_one = (0..kept.len()).filter(|&at| kept[at].1.scope == answer.scope);
        let (first, count) = (of_one.next(), of_one.count() + 1);
        if let Some(first) = first.filter(|_| count > MOST_OF_ONE) {
            kept.remove(first);
        }
        let is_old = |given: Timestamp| given.plus_millis(AT_LEAST_MS) < at;
        while kept.len() > LAST && kept.front().is_some_and(|&(given, _)| is_old(given)) {
            kept.pop_front();
        }
    }
}
