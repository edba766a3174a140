//! What an agent's coming and going means to the chats: the seam between the foundation of the
//! server and the part that handles chats and notifications.
//!
//! Readiness and sessions live below; they do not know chats. Whoever does installs [`Hooks`] once,
//! after both are built. Until then there are no chats, and nobody listens.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chat_model::UserId;

use crate::reply::Refusal;
use crate::storage::Later;

/// What the handler of chats and notifications does for the foundation.
///
/// Implementations hold the server weakly, if at all: the server holds them.
pub(crate) trait Hooks: Send + Sync + 'static {
    /// An agent's channels changed, which the journal says (NOTIF-3.3): tell those of the agent's
    /// sessions that are here, and see whether a waiting chat has an agent now.
    ///
    /// Called after each accepted change, while that user's next change on this node waits: it must not
    /// change the agent itself.
    fn channels_changed<'a>(&'a self, user: &'a UserId) -> Later<'a, ()>;

    /// It may be that something of the agent's is not announced yet: have a look in `ms` milliseconds.
    fn look_at_agent(&self, user: &UserId, ms: i64);

    /// The agent has logged out and is offered nothing any more: revoke invitations, give open
    /// chats back to their queues, complete what was left (DEC-42), and end the notification
    /// sessions with `reconnect: none` (DEC-45).
    ///
    /// May be called again for an agent who is already gone; then there is nothing left to do.
    fn logged_out<'a>(&'a self, user: &'a UserId) -> Later<'a, Result<(), Refusal>>;

    /// The agent takes no chats any more, as [`Self::logged_out`], and goes on listening.
    fn left_chat<'a>(&'a self, user: &'a UserId) -> Later<'a, Result<(), Refusal>>;

    /// The server is about to stop: answer the polls that are held (DEC-45).
    fn stopping(&self);
}

/// The place of the hooks; empty until the chats are there.
#[derive(Clone, Default)]
pub(crate) struct Hooked(Arc<OnceLock<Arc<dyn Hooks>>>);

impl Hooked {
    /// Installs the hooks.
    ///
    /// # Panics
    /// If there are some already: a server has one handler of chats.
    pub(crate) fn install(&self, hooks: Arc<dyn Hooks>) {
        assert!(self.0.set(hooks).is_ok(), "hooks are installed once");
    }

    pub(crate) async fn channels_changed(&self, user: &UserId) {
        if let Some(hooks) = self.0.get() {
            hooks.channels_changed(user).await;
        }
    }

    pub(crate) fn look_at_agent(&self, user: &UserId, ms: i64) {
        if let Some(hooks) = self.0.get() {
            hooks.look_at_agent(user, ms);
        }
    }

    pub(crate) async fn logged_out(&self, user: &UserId) -> Result<(), Refusal> {
        match self.0.get() {
            Some(hooks) => hooks.logged_out(user).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn left_chat(&self, user: &UserId) -> Result<(), Refusal> {
        match self.0.get() {
            Some(hooks) => hooks.left_chat(user).await,
            None => Ok(()),
        }
    }

    pub(crate) fn stopping(&self) {
        if let Some(hooks) = self.0.get() {
            hooks.stopping();
        }
    }
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "Hooked(installed)" } else { "Hooked(empty)" })
    }
}
