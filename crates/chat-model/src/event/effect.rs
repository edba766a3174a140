//! What events leave alone, told from their kind: whoever keeps something that follows from a chat need
//! not look at it again.

use super::{Event, Record};

impl Record {
    /// Whether everybody's part in the chat is as it was before, and so is where the chat waits and who
    /// its visitor is. `true` is a promise; `false` promises nothing.
    ///
    /// Hosts keep lists of chats by these. Nearly every record is one after which no list is to be
    /// changed.
    pub fn moves_nobody(&self) -> bool {
        self.events.iter().all(Event::moves_nobody)
    }
}

impl Event {
    /// Whether everybody's part in the chat stays as it is, and so does where the chat waits and who its
    /// visitor is.
    fn moves_nobody(&self) -> bool {
        self.is_about_user_data()
            || matches!(self, Self::CommentSet { .. } | Self::FocusSet { .. } | Self::Said { .. })
    }

    /// Whether it changes user data and nothing else.
    pub(crate) fn is_about_user_data(&self) -> bool {
        matches!(
            self,
            Self::UserDataAttached { .. }
                | Self::UserDataUpdated { .. }
                | Self::UserDataDeleted { .. }
                | Self::DispositionSet { .. }
        )
    }
}
