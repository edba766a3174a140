//! The rows of sessions: what another node needs to go on with them, one lease each.
//!
//! A row is written when a session opens or changes what it listens to, before its client hears of
//! it; where it stands in the feed is written at most every five seconds. Whoever wrote the row
//! last has the session: a node that finds another's name in it lets the session go, and where there
//! are several nodes it looks every second (decision 26).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bayeux::{ClientId, CloseReason, Config, Owner, Reconnect, SessionRow};
use chat_model::UserId;
use chat_store::{Lease, LeaseError, LeaseKey, Leases as _, Unavailable};
use futures_util::{StreamExt as _, stream};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Hub;

/// How often the position of a session is written at most.
const CHECKPOINT_MS: u64 = 5_000;

/// How often the rows are looked through.
const ROUND: Duration = Duration::from_secs(1);

/// How many rows are written at one time at the end.
const AT_ONCE: usize = 64;

/// How often a write is repeated because somebody else wrote at the same time.
pub(super) const TRIES: usize = 4;

const PREFIX: &str = "bayeux/";

/// No client id of ours is longer (BAYEUX-2.1); longer ones are not looked for.
const LONGEST_ID: usize = 64;

/// What this node knows of the rows of its sessions.
pub(super) struct Rows {
    /// This process, as it signs rows.
    node: String,
    ttl: Duration,
    rows: IndexMap<ClientId, Row>,
    /// Sessions that are over and whose rows are still to be deleted.
    over: IndexMap<ClientId, Cell>,
}

#[derive(Default)]
struct Row {
    cell: Cell,
    saved_at_ms: u64,
    /// The session has come farther since.
    moved: bool,
    /// It was written before this process had the session.
    inherited: bool,
}

/// What is known of a row for as long as this node has the session; taken over once more, it has another.
#[derive(Default)]
struct Held {
    /// The revision; whoever holds the lock is the one who writes the row.
    rev: Mutex<Option<u64>>,
    /// Another node has the session now.
    lost: AtomicBool,
}

type Cell = Arc<Held>;

/// A change of a session that is to be stored before its client hears of it.
pub(super) struct Change {
    client_id: ClientId,
    cell: Cell,
}

/// The value of the lease.
#[derive(Serialize, Deserialize)]
struct Signed {
    node: String,
    row: SessionRow,
}

impl Rows {
    pub(super) fn new(config: &Config) -> Self {
        // A session must not lapse while its client is being held or waits to come again.
        let alive = config.timeout_ms + config.interval_ms + config.max_interval_ms;
        let node: [u8; 8] = crate::random();
        Self {
            node: node.iter().map(|byte| format!("{byte:02x}")).collect(),
            ttl: Duration::from_millis((4 * alive).max(120_000)),
            rows: IndexMap::new(),
            over: IndexMap::new(),
        }
    }

    /// The session has changed.
    pub(super) fn changed(&mut self, client_id: ClientId) -> Change {
        let cell = self.rows.entry(client_id.clone()).or_default().cell.clone();
        Change { client_id, cell }
    }

    /// The session has come farther.
    pub(super) fn moved(&mut self, client_id: &ClientId) {
        if let Some(row) = self.rows.get_mut(client_id) {
            row.moved = true;
        }
    }

    /// The session is over here; unless another node has it, its row goes.
    pub(super) fn closed(&mut self, client_id: ClientId, reason: CloseReason) {
        let Some(row) = self.rows.swap_remove(&client_id) else { return };
        if reason == CloseReason::Released {
            row.cell.lost.store(true, SeqCst);
        } else {
            self.over.insert(client_id, row.cell);
        }
    }

    fn due(&self, now_ms: u64) -> Vec<ClientId> {
        let renew_ms = u64::try_from(self.ttl.as_millis() / 2).unwrap_or(u64::MAX);
        self.rows
            .iter()
            .filter(|(_, row)| {
                let age = now_ms.saturating_sub(row.saved_at_ms);
                // Who takes over does not wait: servers that fail soon, one after the other, would
                // all tell the same again.
                age >= renew_ms || (row.moved && (row.inherited || age >= CHECKPOINT_MS))
            })
            .map(|(client_id, _)| client_id.clone())
            .collect()
    }
}

impl Hub {
    /// Keeps the rows up to date, for as long as it is polled.
    pub(crate) async fn keep_rows(&self) {
        loop {
            tokio::time::sleep(ROUND).await;
            self.let_others_have().await;
            self.write_due_rows().await;
        }
    }

    /// Writes the rows that are due and deletes those of sessions that are over.
    pub(crate) async fn write_due_rows(&self) {
        let due = {
            let state = self.state();
            state.rows.due(self.clock.monotonic_ms())
        };
        for client_id in due {
            self.save(&client_id).await;
        }
        loop {
            let over = self.state().rows.over.first().map(|(id, cell)| (id.clone(), cell.clone()));
            let Some((client_id, cell)) = over else { return };
            if let Some(rev) = *cell.rev.lock().await
                && let Err(LeaseError::Unavailable(why)) =
                    self.store.delete(&key(client_id.as_str()), rev).await
            {
                // The row lapses by itself; until then it is asked for in vain.
                tracing::warn!(%why, "the row of a session that is over was not deleted");
                return;
            }
            self.state().rows.over.swap_remove(&client_id);
        }
    }

    /// Writes the rows of all sessions that have come farther, many at a time: a store that writes to
    /// a disk writes them together.
    pub(crate) async fn save_all(&self) {
        let moved: Vec<ClientId> = {
            let state = self.state();
            let moved = state.rows.rows.iter().filter(|(_, row)| row.moved);
            moved.map(|(client_id, _)| client_id.clone()).collect()
        };
        stream::iter(&moved).for_each_concurrent(AT_ONCE, |client_id| self.save(client_id)).await;
    }

    /// Stores changes of sessions; `false` if another node took one of them over without its change.
    pub(super) async fn keep(&self, changes: Vec<Change>) -> bool {
        let mut kept = true;
        for Change { client_id, cell } in changes {
            if !cell.lost.load(SeqCst) {
                Box::pin(self.save(&client_id)).await;
            }
            kept &= !cell.lost.load(SeqCst);
        }
        kept
    }

    /// Writes the session's row as the session is now.
    async fn save(&self, client_id: &ClientId) {
        let cell = {
            let mut state = self.state();
            if !state.server.knows(client_id.as_str()) {
                return;
            }
            state.rows.rows.entry(client_id.clone()).or_default().cell.clone()
        };
        let mut rev = cell.rev.lock().await;
        for _ in 0..TRIES {
            let Some(value) = self.signed(client_id) else { return };
            let ttl = self.state().rows.ttl;
            let key = key(client_id.as_str());
            match self.store.put(&key, *rev, &value, Some(ttl)).await {
                Ok(written) => {
                    *rev = Some(written);
                    let now_ms = self.clock.monotonic_ms();
                    if let Some(row) = self.state().rows.rows.get_mut(client_id) {
                        (row.saved_at_ms, row.moved, row.inherited) = (now_ms, false, false);
                    }
                    return;
                }
                Err(LeaseError::Conflict) => match self.store.get(&key).await {
                    // Lapsed while the store did not answer.
                    Ok(None) => *rev = None,
                    Ok(Some(lease)) if self.is_ours(&lease) => *rev = Some(lease.rev),
                    Ok(Some(_)) => return self.let_go(client_id.as_str()),
                    Err(why) => return self.not_saved(client_id, &why),
                },
                Err(LeaseError::Unavailable(why)) => return self.not_saved(client_id, &why),
            }
        }
    }

    /// Takes over a session that another node had, or this one before it was restarted. Whether
    /// there was one shows when the request is handled.
    ///
    /// Its client may have come farther than the row says, and says so with `acknowledged`: all that it
    /// has would take the room in its queue of what it misses.
    pub(super) async fn adopt(
        &self,
        owner: &Owner,
        client_id: &str,
        acknowledged: Option<u64>,
    ) -> Result<(), Unavailable> {
        let is_one_of_ours =
            client_id.len() <= LONGEST_ID && client_id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_one_of_ours || self.state().rows.over.contains_key(client_id) {
            return Ok(());
        }
        let key = key(client_id);
        for _ in 0..TRIES {
            let Some(lease) = self.store.get(&key).await? else { return Ok(()) };
            // BAYEUX-2.4: a client id is never accepted under another user.
            let Some(mut row) =
                read(&lease).map(|signed| signed.row).filter(|row| row.owner == *owner)
            else {
                return Ok(());
            };
            if let Some(acknowledged) = acknowledged.filter(|_| row.ack) {
                row.checkpoint = row.checkpoint.max(acknowledged);
            }
            let (node, ttl) = {
                let state = self.state();
                (state.rows.node.clone(), state.rows.ttl)
            };
            let value = print(&Signed { node, row: row.clone() });
            match self.store.put(&key, Some(lease.rev), &value, Some(ttl)).await {
                Ok(rev) => {
                    self.take_in(row, rev);
                    return Ok(());
                }
                Err(LeaseError::Conflict) => {}
                Err(LeaseError::Unavailable(why)) => return Err(why),
            }
        }
        Ok(())
    }

    /// Lets every session go that another node has by now. Nobody tells this one, and a poll that waits
    /// here would not hear of what its client subscribed to there.
    pub(crate) async fn let_others_have(&self) {
        if !self.is_shared {
            return;
        }
        let known: Vec<(LeaseKey, u64)> = {
            let state = self.state();
            // A row that is being written is looked at the next time.
            let rev = |row: &Row| row.cell.rev.try_lock().ok().and_then(|rev| *rev);
            let rows = state.rows.rows.iter();
            rows.filter_map(|(client_id, row)| Some((key(client_id.as_str()), rev(row)?))).collect()
        };
        if known.is_empty() {
            return;
        }
        let seen = async {
            for key in self.store.outdated(&known).await? {
                let client_id = key.as_str().strip_prefix(PREFIX).unwrap_or_default();
                self.see_who_has(client_id).await?;
            }
            Ok::<_, Unavailable>(())
        };
        if let Err(why) = seen.await {
            tracing::warn!(%why, "whose sessions are whose was not seen; it is looked up again");
        }
    }

    /// Lets the session go if another node has it by now.
    pub(super) async fn see_who_has(&self, client_id: &str) -> Result<(), Unavailable> {
        // One that lapsed is still ours, and is written again.
        if let Some(lease) = self.store.get(&key(client_id)).await?
            && !self.is_ours(&lease)
        {
            self.let_go(client_id);
        }
        Ok(())
    }

    /// Whether the user has a session, here or on another node.
    pub(crate) async fn is_heard_by(&self, user: &UserId) -> Result<bool, Unavailable> {
        let owner = Owner::new(user.as_str());
        if self.state().server.session_count_of(&owner) > 0 {
            return Ok(true);
        }
        Ok(self.all_heard().await?.contains(user))
    }

    /// Every user who has a session, on any node.
    pub(crate) async fn all_heard(&self) -> Result<BTreeSet<UserId>, Unavailable> {
        let rows = self.store.scan(PREFIX).await?;
        let state = self.state();
        let is_over = |key: &LeaseKey| {
            let client_id = key.as_str().strip_prefix(PREFIX).unwrap_or_default();
            state.rows.over.contains_key(client_id)
        };
        let open = rows.iter().filter(|(key, _)| !is_over(key));
        Ok(open.filter_map(|(_, lease)| Some(super::user_of(&read(lease)?.row.owner))).collect())
    }

    fn take_in(&self, row: SessionRow, rev: u64) {
        let (owner, client_id, checkpoint) =
            (row.owner.clone(), row.client_id.clone(), row.checkpoint);
        let mut state = self.state();
        // Otherwise another request of the client was faster, or there is no room: then it is 402.
        if state.server.restore(self.now(), row).is_ok() {
            let cell = Arc::new(Held { rev: Mutex::new(Some(rev)), lost: AtomicBool::new(false) });
            let saved_at_ms = self.clock.monotonic_ms();
            let row = Row { cell, saved_at_ms, moved: false, inherited: true };
            state.rows.rows.insert(client_id, row);
            state.follow(&owner, checkpoint, self.clock.now_ms());
            self.agenda.agent_found(&super::user_of(&owner));
            self.news.notify_one();
        }
        self.carry_out(state);
    }

    /// Another node has the session now; whoever waits here shall ask there (DEC-45).
    fn let_go(&self, client_id: &str) {
        let mut state = self.state();
        state.server.drop_session(self.now(), client_id, Reconnect::Retry);
        self.carry_out(state);
    }

    fn not_saved(&self, client_id: &ClientId, why: &Unavailable) {
        tracing::warn!(%why, "the row of a session was not written; it is written later");
        if let Some(row) = self.state().rows.rows.get_mut(client_id) {
            row.moved = true;
        }
    }

    fn signed(&self, client_id: &ClientId) -> Option<Vec<u8>> {
        let state = self.state();
        let row = state.server.export(client_id.as_str())?;
        Some(print(&Signed { node: state.rows.node.clone(), row }))
    }

    fn is_ours(&self, lease: &Lease) -> bool {
        read(lease).is_some_and(|signed| signed.node == self.state().rows.node)
    }
}

fn key(client_id: &str) -> LeaseKey {
    LeaseKey::new(format!("{PREFIX}{client_id}"))
}

fn print(signed: &Signed) -> Vec<u8> {
    serde_json::to_vec(signed).expect("names and numbers can be printed")
}

fn read(lease: &Lease) -> Option<Signed> {
    serde_json::from_slice(&lease.value).ok()
}
