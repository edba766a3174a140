//! Appending exactly once over any store, also over one that cannot say what became of an append.
//!
//! Written once, above the seam, because an unknown outcome is decided the same way on every
//! engine: by reading whose command stands at the version that was asked for.

use std::error::Error;
use std::fmt;
use std::future::{Future, ready};

use crate::{Append, AppendError, Head, Store, Unavailable};

/// Appends, finds out about unknown outcomes and sends again, at most `tries` times without a
/// pause between them.
///
/// See [`append_once_pausing`], which waits between the tries.
///
/// # Errors
/// As [`append_once_pausing`].
pub async fn append_once<S: Store>(
    store: &S,
    append: Append<'_>,
    tries: u32,
) -> Result<Head, OnceError> {
    append_once_pausing(store, append, tries, |_| ready(true)).await
}

/// Appends and finds out about unknown outcomes; before each further try it awaits `pause(n)`,
/// where `n` counts the tries made so far, and which says whether there is time for another one.
///
/// The answer is the same however often an append is sent, also when an earlier call with the same
/// command gave up: a command that is in the journal at the version after `append.expect` has been
/// applied. An append that was lost from sight may still arrive while this function sends it
/// again; then the second one meets a conflict with the first, so a conflict is looked into as
/// well before it is reported. `tries` below 1 counts as 1.
///
/// # Errors
/// [`OnceError::Conflict`] when another command stands at that version or the head never fitted;
/// [`OnceError::Unavailable`] when the tries ran out and nothing was written;
/// [`OnceError::Undecided`] when they ran out and nobody can tell.
pub async fn append_once_pausing<S, P, F>(
    store: &S,
    append: Append<'_>,
    tries: u32,
    mut pause: P,
) -> Result<Head, OnceError>
where
    S: Store,
    P: FnMut(u32) -> F,
    F: Future<Output = bool>,
{
    // Whether an append was lost from sight and has not been accounted for.
    let mut lost_sight = false;
    let mut tried = 0;
    loop {
        let sent = store.append(append).await;
        tried += 1;
        let why = match sent {
            Ok(head) => return Ok(head),
            Err(AppendError::Retry(why)) => Unavailable::new(why),
            Err(unclear) => {
                let conflict = unclear == AppendError::Conflict;
                lost_sight |= !conflict;
                // Boxed: nearly no append needs it, and all of them would have room for it.
                match Box::pin(whose(store, &append)).await {
                    Ok(Whose::Ours(head)) => return Ok(head),
                    Ok(Whose::Anothers) => return Err(OnceError::Conflict),
                    // The head did not fit and no record is there: the chat is shorter than
                    // expected or had another life. A later arrival would not fit either.
                    Ok(Whose::Nobodys) if conflict => return Err(OnceError::Conflict),
                    Ok(Whose::Nobodys) => Unavailable::new(unclear.to_string()),
                    Err(why) => {
                        // It may be our own record, and we could not look or not vouch for it.
                        lost_sight = true;
                        why
                    }
                }
            }
        };
        if tried >= tries || !pause(tried).await {
            return Err(if lost_sight {
                OnceError::Undecided(why)
            } else {
                OnceError::Unavailable(why)
            });
        }
    }
}

/// Why [`append_once`] did not answer with a head.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller must have an answer to every outcome; a fourth one has to break its build"
)]
pub enum OnceError {
    /// Not applied: another command took the version. Read the new records and decide again.
    Conflict,
    /// Surely not applied: the store refused every try there was time for.
    Unavailable(Unavailable),
    /// Perhaps applied, perhaps yet to be. Forget the cached state of the chat; calling again with
    /// the same append and the same command decides it.
    Undecided(Unavailable),
}

impl fmt::Display for OnceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("another command took the version"),
            Self::Unavailable(why) => write!(f, "nothing was appended: {why}"),
            Self::Undecided(why) => write!(f, "it is unknown whether it was appended: {why}"),
        }
    }
}

impl Error for OnceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Conflict => None,
            Self::Unavailable(why) | Self::Undecided(why) => Some(why),
        }
    }
}

/// Whose record stands at the version an append asked for.
enum Whose {
    Ours(Head),
    Anothers,
    Nobodys,
}

async fn whose<S: Store>(store: &S, append: &Append<'_>) -> Result<Whose, Unavailable> {
    let asked_for = append.expect.version + 1;
    let found = store.records(append.chat, append.expect.version, 1).await?;
    match found.first() {
        Some(record) if record.version == asked_for && record.command == append.command => {
            let head = match store.load(append.chat).await? {
                Some(loaded) if loaded.head.version == asked_for => loaded.head,
                // Others have appended since: this head is history and fits nothing any more, so
                // it needs no token.
                _ => Head::new(asked_for, 0),
            };
            // To have read it is no promise yet.
            store.settled().await?;
            Ok(Whose::Ours(head))
        }
        Some(_) => Ok(Whose::Anothers),
        None => Ok(Whose::Nobodys),
    }
}
