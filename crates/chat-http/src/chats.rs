//! The part of the server that handles chats and notifications, put together.

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bayeux::Reconnect;
use chat_model::{Chat, ChatFile, ChatId, Rules, UserId};
use chat_store::{FeedId, Unavailable};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::agenda::Agenda;
use crate::agents::Agents;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{Desk, Tools};
use crate::dispatch::{Dispatch, Distributor};
use crate::faults::Faults;
use crate::hooks::Hooks;
use crate::house::House;
use crate::hub::{self, Hub};
use crate::metrics::Metrics;
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::{AnyStore, Later};
use crate::visitors::Visitors;

/// Desk, hub, visitors and house: what a chat needs.
pub(crate) struct Chats {
    pub(crate) desk: Arc<Desk>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) visitors: Arc<Visitors>,
    house: House,
    agenda: Arc<Agenda>,
    rules: Rules,
    is_durable: bool,
}

/// What it is put together from.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) rules: Rules,
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) distributor: Box<dyn Distributor>,
    pub(crate) metrics: &'a Metrics,
    /// Whether another process can go on with the notification sessions.
    pub(crate) is_durable: bool,
    /// Whether other processes work with the store, too.
    pub(crate) is_shared: bool,
    pub(crate) faults: Option<Faults>,
}

impl Chats {
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts {
            config,
            rules,
            store,
            clock,
            chance,
            roster,
            agents,
            distributor,
            metrics,
            is_durable,
            is_shared,
            faults,
        } = parts;
        let limits = &config.limits;
        let silence_ms = i64::from(limits.visitor_silence_seconds) * 1_000;
        let retention = Duration::from_secs(limits.retention_seconds.into());
        let agenda = Arc::new(Agenda::new(clock.clone(), roster.clone(), silence_ms));
        let desk = Arc::new(Desk::new(Tools {
            store: store.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            rules: rules.clone(),
            roster: roster.clone(),
            agents: agents.clone(),
            agenda: agenda.clone(),
            metrics,
            patience: Duration::from_secs(limits.store_seconds.into()),
            retention,
            // A visitor who looks at all looks that often.
            unserved: retention.min(Duration::from_secs(limits.visitor_silence_seconds.into())),
            max_visitor_chats: limits.max_visitor_chats,
        }));
        let tools = hub::Tools {
            store: store.clone(),
            clock,
            chance,
            desk: desk.clone(),
            agenda: agenda.clone(),
            metrics,
            faults,
            is_shared,
        };
        let hub = Hub::new(tools, limits, &config.notifications);
        let hub = Arc::new(hub);
        let visitors = Arc::new(Visitors::new(store, retention));
        let dispatch = Dispatch::new(
            desk.clone(),
            agents.clone(),
            roster.clone(),
            agenda.clone(),
            distributor,
        );
        let house = House {
            desk: desk.clone(),
            agents,
            roster,
            visitors: visitors.clone(),
            agenda: agenda.clone(),
            dispatch,
            hub: hub.clone(),
            limits: limits.clone(),
            silence_ms,
            recollected: OnceCell::new(),
            roll_call_at: AtomicI64::new(i64::MIN),
        };
        Self { desk, hub, visitors, house, agenda, rules, is_durable }
    }

    /// Does what happens although nobody asks for it, for as long as it is polled.
    pub(crate) async fn work(self: &Arc<Self>) {
        tokio::join!(
            keep_alive("feeds", self, |chats| async move { chats.hub.follow_feeds().await }),
            keep_alive("time", self, |chats| async move { chats.hub.keep_time().await }),
            keep_alive("faults", self, |chats| async move { chats.hub.keep_failing().await }),
            keep_alive("rows", self, |chats| async move { chats.hub.keep_rows().await }),
            keep_alive("house", self, |chats| async move { chats.house.run().await }),
        );
    }

    /// Does everything that is due by now, and what follows from it.
    pub(crate) async fn catch_up(&self) {
        self.hub.tick();
        if let Err(refusal) = self.house.do_due().await {
            tracing::warn!(?refusal, "what is open could not be read yet");
        }
        self.hub.hear_of_all();
        self.hub.tell_news().await;
        self.hub.let_others_have().await;
        self.hub.write_due_rows().await;
    }

    /// The chats in which the user's part is not over (DEC-23), each as the user sees it, in the
    /// order in which they came.
    pub(crate) async fn open_chats(&self, user: &UserId) -> Result<Vec<(ChatId, String)>, Refusal> {
        let mut chats = Vec::new();
        for id in self.desk.listed(&FeedId::user(user)).await? {
            let print = |chat: &Chat| {
                let view = chat.view(user, &self.rules)?;
                (!view.state().is_final()).then(|| view.to_json())
            };
            if let Some(chat) = self.desk.read_whole(&id, print).await?.flatten() {
                chats.push((id, chat));
            }
        }
        Ok(chats)
    }

    /// Brings chats from files into the journal; how many were not there yet.
    pub(crate) async fn import(&self, files: Vec<ChatFile>) -> Result<usize, Unavailable> {
        let mut imported = 0;
        for file in files {
            imported += usize::from(self.desk.import(file).await?);
        }
        Ok(imported)
    }
}

/// The agents hold their hooks and the chats hold the agents, so one of them holds weakly.
impl Hooks for Weak<Chats> {
    fn channels_changed<'a>(&'a self, user: &'a UserId) -> Later<'a, ()> {
        Box::pin(async move {
            let Some(chats) = self.upgrade() else { return };
            chats.agenda.agent_changed(user);
            chats.hub.tell_now_or_soon(user).await;
        })
    }

    fn look_at_agent(&self, user: &UserId, ms: i64) {
        if let Some(chats) = self.upgrade() {
            chats.agenda.agent_in(user, ms);
        }
    }

    fn logged_out<'a>(&'a self, user: &'a UserId) -> Later<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let Some(chats) = self.upgrade() else { return Ok(()) };
            chats.house.give_back(user).await?;
            // NOTIF-5.5: what there is to hear comes before the end.
            chats.hub.tell_now_or_soon(user).await;
            chats.hub.end(user);
            Ok(())
        })
    }

    fn left_chat<'a>(&'a self, user: &'a UserId) -> Later<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let Some(chats) = self.upgrade() else { return Ok(()) };
            chats.house.give_back(user).await
        })
    }

    fn stopping(&self) {
        let Some(chats) = self.upgrade() else { return };
        // What is in memory goes with the process; a session that comes back starts anew. In a durable
        // store its row stays, and whichever process is asked next goes on with it (DEC-45).
        let how = if chats.is_durable { Reconnect::Retry } else { Reconnect::Handshake };
        chats.hub.stop(how);
    }
}

/// Runs the work as a task of its own, and again should it panic: one defect must not leave the
/// clients of a running server without an answer.
async fn keep_alive<W>(name: &'static str, chats: &Arc<Chats>, work: impl Fn(Arc<Chats>) -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    let mut task = JoinSet::new();
    loop {
        task.spawn(work(chats.clone()));
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(name, %error, "background work panicked and starts over");
                // Should it panic at once again, let it not take the machine with it.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            _ => return,
        }
    }
}

impl fmt::Debug for Chats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chats")
            .field("desk", &self.desk)
            .field("hub", &self.hub)
            .field("house", &self.house)
            .finish_non_exhaustive()
    }
}
