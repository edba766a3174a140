//! What was to be told of a record, kept for the moment in which it is told.
//!
//! The journal is the truth and notices can always be made again from it; remembering them here
//! spares the node that accepted an operation from folding the chat twice.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bayeux::{ChannelName, Event};
use chat_model::{Notice, Notices, UserId};
use chat_store::{CommandId, Unavailable};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use smallvec::{SmallVec, smallvec};

use crate::agents::Announcement;

/// The topic of chats; all events share the name.
static TOPIC: LazyLock<ChannelName> =
    LazyLock::new(|| ChannelName::new(Notice::CHANNEL).expect("the topic is a channel"));

/// Records whose notices are remembered.
const RECORDS: usize = 4_096;

/// Bytes of the notices that are remembered. One that is larger than all of it is not.
const BYTES: usize = 16 << 20;

/// The notices of one record, ready to be published: the bytes are shared by all receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Who hears each of the events.
    to: SmallVec<[Recipients; 1]>,
    events: Arc<[Event]>,
}

type Recipients = SmallVec<[UserId; 1]>;

impl Told {
    pub(crate) fn new(notices: Notices) -> Self {
        let tell = |Notice { to, data, .. }| (to, Event::new(TOPIC.clone(), data));
        let mut told = notices.into_iter().map(tell);
        match (told.next(), told.len()) {
            // Nearly all of them; to collect them would take memory twice.
            (Some((to, event)), 0) => Self { to: smallvec![to], events: Arc::new([event]) },
            (first, _) => {
                let (to, events): (SmallVec<_>, Vec<_>) = first.into_iter().chain(told).unzip();
                Self { to, events: events.into() }
            }
        }
    }

    /// What is told to everybody in whose feed it is: nobody but the agent whom it is about.
    pub(crate) fn announced(announcement: Announcement) -> Result<Self, Unavailable> {
        let Announcement { channel, data } = announcement;
        let channel = ChannelName::new(&channel)
            .map_err(|error| Unavailable::new(format!("an announcement is unreadable: {error}")))?;
        let data: Box<str> = data.into();
        Ok(Self { to: SmallVec::new(), events: [Event::new(channel, data.into_string())].into() })
    }

    /// What `user` hears of the record, in order.
    pub(crate) fn to(&self, user: &UserId) -> Arc<[Event]> {
        if self.to.iter().all(|to| to.contains(user)) {
            return self.events.clone();
        }
        let heard = self.to.iter().zip(&*self.events).filter(|(to, _)| to.contains(user));
        heard.map(|(_, event)| event.clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.data().len()).sum()
    }
}

/// The notices of the latest records of this node that not everybody has been told.
#[derive(Debug, Default)]
pub(crate) struct Recall(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    told: IndexMap<CommandId, Kept, RandomState>,
    /// The oldest first; may name what is forgotten already.
    ages: VecDeque<CommandId>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    told: Told,
    /// How many users were not told yet.
    left: usize,
}

impl Recall {
    /// Remembers what is to be told to `users` of them of the record that `command` is about to
    /// write.
    pub(super) fn keep(&self, command: CommandId, told: Told, users: usize) {
        let bytes = told.bytes();
        if bytes > BYTES {
            return;
        }
        let mut memory = self.memory();
        memory.bytes += bytes;
        memory.told.insert(command, Kept { told, left: users });
        memory.ages.push_back(command);
        while (memory.bytes > BYTES || memory.ages.len() > RECORDS)
            && let Some(oldest) = memory.ages.pop_front()
        {
            let _ = memory.forget(&oldest);
        }
    }

    /// Forgets what a command that came to nothing would have told.
    pub(super) fn forget(&self, command: &CommandId) {
        let _ = self.memory().forget(command);
    }

    /// What one user is to be told of the record that `command` wrote, if it is remembered.
    ///
    /// It is forgotten with the last of them: what lies about until nobody remembers it is cold
    /// memory by then. Who is told twice, because a session came from elsewhere, takes the place of
    /// another one, for whom the notices are made again.
    pub(crate) fn tell_one(&self, command: &CommandId) -> Option<Told> {
        let mut memory = self.memory();
        let kept = memory.told.get_mut(command)?;
        if kept.left > 1 {
            kept.left -= 1;
            return Some(kept.told.clone());
        }
        memory.forget(command)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn forget(&mut self, command: &CommandId) -> Option<Told> {
        let Kept { told, .. } = self.told.swap_remove(command)?;
        self.bytes -= told.bytes();
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use bayeux::{ChannelName, Event};
    use chat_store::CommandId;
    use smallvec::smallvec;

    use super::{BYTES, RECORDS, Recall, Told};

    fn told(bytes: usize) -> Told {
        let channel = ChannelName::new("/v2/me/chats").expect("a channel");
        let events = [Event::new(channel, vec![b'1'; bytes])].into();
        Told { to: smallvec![smallvec!["a".into()]], events }
    }

    fn command(n: usize) -> CommandId {
        CommandId::new((n as u128).to_be_bytes())
    }

    /// What is not told any more must not fill the memory, be it many small notices or few large.
    #[test]
    fn the_latest_are_remembered_within_bounds() {
        for (bytes, most) in [(10, RECORDS), (BYTES / 4, 4), (BYTES, 1), (BYTES + 1, 0)] {
            let recall = Recall::default();
            for n in 0..RECORDS + 10 {
                recall.keep(command(n), told(bytes), 1);
                let memory = recall.memory();
                assert!(memory.bytes <= BYTES && memory.told.len() <= most, "{bytes} bytes");
                if n > 20 && most < RECORDS {
                    break;
                }
            }
            let memory = recall.memory();
            assert_eq!(memory.told.len(), most, "{bytes} bytes");
            assert_eq!(memory.bytes, most * bytes);
        }
    }

    #[test]
    fn what_came_to_nothing_is_forgotten() {
        let recall = Recall::default();
        recall.keep(command(1), told(10), 2);
        assert_eq!(recall.tell_one(&command(1)), Some(told(10)));
        recall.forget(&command(1));
        assert_eq!((recall.tell_one(&command(1)), recall.memory().bytes), (None, 0));
        assert_eq!(told(10).to(&"a".into()).len(), 1);
        assert_eq!(told(10).to(&"b".into()).len(), 0, "not for this one");
    }

    #[test]
    fn what_everybody_was_told_is_forgotten() {
        let recall = Recall::default();
        recall.keep(command(1), told(10), 2);
        for kept in [1, 0] {
            assert_eq!(recall.tell_one(&command(1)), Some(told(10)));
            let memory = recall.memory();
            assert_eq!((memory.told.len(), memory.bytes), (kept, 10 * kept));
        }
        assert_eq!(recall.tell_one(&command(1)), None);
    }
}
