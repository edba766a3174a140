//! What was to be told of a record, kept for the moment in which it is told.
//!
//! The journal is the truth and notices can always be made again from it; remembering them here
//! spares the node that accepted an operation from folding the chat twice.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bayeux::{ChannelName, Event};
use chat_model::{Notice, Notices, UserId};
use chat_store::CommandId;
use indexmap::IndexMap;

/// The topic of chats; all events share the name.
static TOPIC: LazyLock<ChannelName> =
    LazyLock::new(|| ChannelName::new(Notice::CHANNEL).expect("the topic is a channel"));

/// Records whose notices are remembered.
const RECORDS: usize = 4_096;

/// Bytes of the notices that are remembered. One that is larger than all of it is not.
const BYTES: usize = 16 << 20;

/// The notices of one record, ready to be published: the bytes are shared by all receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told(Arc<[(Vec<UserId>, Event)]>);

impl Told {
    pub(crate) fn new(notices: Notices) -> Self {
        Self(
            notices
                .into_iter()
                .map(|Notice { to, data, .. }| (to.into_vec(), Event::new(TOPIC.clone(), data)))
                .collect(),
        )
    }

    /// What `user` hears of the record, in order.
    pub(crate) fn to(&self, user: &UserId) -> impl Iterator<Item = Event> {
        self.0.iter().filter(move |(to, _)| to.contains(user)).map(|(_, event)| event.clone())
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, event)| event.data().len()).sum()
    }
}

/// The notices of the latest records of this node.
#[derive(Debug, Default)]
pub(crate) struct Recall(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    told: IndexMap<CommandId, Told>,
    /// The oldest first; may name what is forgotten already.
    ages: VecDeque<CommandId>,
    bytes: usize,
}

impl Recall {
    /// Remembers what is to be told of the record that `command` is about to write.
    pub(super) fn keep(&self, command: CommandId, told: Told) {
        let bytes = told.bytes();
        if bytes > BYTES {
            return;
        }
        let mut memory = self.memory();
        memory.bytes += bytes;
        memory.told.insert(command, told);
        memory.ages.push_back(command);
        while (memory.bytes > BYTES || memory.ages.len() > RECORDS)
            && let Some(oldest) = memory.ages.pop_front()
        {
            memory.forget(&oldest);
        }
    }

    /// Forgets what a command that came to nothing would have told.
    pub(super) fn forget(&self, command: &CommandId) {
        self.memory().forget(command);
    }

    /// What is to be told of the record that `command` wrote, if it is remembered.
    pub(crate) fn of(&self, command: &CommandId) -> Option<Told> {
        self.memory().told.get(command).cloned()
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn forget(&mut self, command: &CommandId) {
        if let Some(told) = self.told.swap_remove(command) {
            self.bytes -= told.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use bayeux::{ChannelName, Event};
    use chat_store::CommandId;

    use super::{BYTES, RECORDS, Recall, Told};

    fn told(bytes: usize) -> Told {
        let channel = ChannelName::new("/v2/me/chats").expect("a channel");
        Told([(vec!["a".into()], Event::new(channel, vec![b'1'; bytes]))].into())
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
                recall.keep(command(n), told(bytes));
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
        recall.keep(command(1), told(10));
        assert_eq!(recall.of(&command(1)), Some(told(10)));
        recall.forget(&command(1));
        assert_eq!((recall.of(&command(1)), recall.memory().bytes), (None, 0));
        assert_eq!(told(10).to(&"a".into()).count(), 1);
        assert_eq!(told(10).to(&"b".into()).count(), 0, "not for this one");
    }
}
