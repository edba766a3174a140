//! The open websockets of a server: whose they are, who listens on them, what waits to be written,
//! and when one was silent for too long.
//!
//! Frames of events are not kept here but where they are in the queue of their session: it is the
//! bound of everything, and it outlives the connection.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;

use super::registry::Key;
use crate::framing::CloseCode;
use crate::id::{ConnectionId, Instant, Owner};

/// Every open websocket.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
    owners: BTreeMap<Owner, Vec<ConnectionId>>,
    /// Not before these moments a connection has to be looked at.
    deadlines: BTreeSet<(Instant, ConnectionId)>,
}

/// One websocket.
#[derive(Debug)]
pub(super) struct Connection {
    owner: Owner,
    /// Those that shook hands or connect over it.
    sessions: Vec<Key>,
    pub(super) out: VecDeque<Outgoing>,
    /// No frame is taken any more; when everything is written it is closed so.
    pub(super) closing: Option<CloseCode>,
    /// Whether the host was told that there is something to write.
    pub(super) announced: bool,
    pub(super) heard: Instant,
    deadline: Option<Instant>,
}

/// What is to be written, in order.
#[derive(Debug)]
pub(super) enum Outgoing {
    Reply(Bytes),
    /// The oldest event that the session has queued, if it still listens here.
    Event(Key),
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn count_of(&self, owner: &Owner) -> usize {
        self.owners.get(owner).map_or(0, Vec::len)
    }

    pub(super) fn of_owner(&self, owner: &Owner) -> Vec<ConnectionId> {
        self.owners.get(owner).cloned().unwrap_or_default()
    }

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        self.open.keys().copied().collect()
    }

    pub(super) fn get_mut(&mut self, connection: ConnectionId) -> Option<&mut Connection> {
        self.open.get_mut(&connection)
    }

    /// Adds a connection to be looked at `deadline`.
    pub(super) fn insert(
        &mut self,
        connection: ConnectionId,
        owner: &Owner,
        now: Instant,
        deadline: Instant,
    ) {
        self.owners.entry(owner.clone()).or_default().push(connection);
        let open = Connection {
            owner: owner.clone(),
            sessions: Vec::new(),
            out: VecDeque::new(),
            closing: None,
            announced: false,
            heard: now,
            deadline: None,
        };
        self.open.insert(connection, open);
        self.look_at(connection, Some(deadline));
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, connection: ConnectionId) {
        self.look_at(connection, None);
        let Some(open) = self.open.remove(&connection) else { return };
        if let Some(of_owner) = self.owners.get_mut(&open.owner) {
            of_owner.retain(|&other| other != connection);
            if of_owner.is_empty() {
                self.owners.remove(&open.owner);
            }
        }
    }

    /// The session listens on the connection.
    pub(super) fn attach(&mut self, connection: ConnectionId, key: Key) {
        if let Some(open) = self.open.get_mut(&connection) {
            open.sessions.push(key);
        }
    }

    /// The session does not any more. True if it was the last one.
    pub(super) fn detach(&mut self, connection: ConnectionId, key: Key) -> bool {
        let Some(open) = self.open.get_mut(&connection) else { return false };
        let before = open.sessions.len();
        open.sessions.retain(|&other| other != key);
        open.sessions.is_empty() && before > 0
    }

    /// Nobody listens on the connection any more; those who did.
    pub(super) fn detach_all(&mut self, connection: ConnectionId) -> Vec<Key> {
        let open = self.open.get_mut(&connection);
        open.map(|open| core::mem::take(&mut open.sessions)).unwrap_or_default()
    }

    /// Moves the moment in which the connection has to be looked at.
    pub(super) fn look_at(&mut self, connection: ConnectionId, deadline: Option<Instant>) {
        let Some(open) = self.open.get_mut(&connection) else { return };
        if let Some(before) = core::mem::replace(&mut open.deadline, deadline) {
            self.deadlines.remove(&(before, connection));
        }
        self.deadlines.extend(deadline.map(|deadline| (deadline, connection)));
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// A connection that has to be looked at.
    pub(super) fn due(&self, now: Instant) -> Option<ConnectionId> {
        self.deadlines.first().filter(|(deadline, _)| *deadline <= now).map(|&(_, id)| id)
    }
}
