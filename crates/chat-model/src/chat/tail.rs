//! The printed part of a view that operations on user data do not change.
//!
//! Such an operation is most of what a desktop sends, and everything behind the user data in its
//! notification (state, capabilities, addresses, participants) is as it was. So it is printed once
//! and copied until an event touches it.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use super::notice::same_view;
use super::view::ChatView;
use super::{Chat, Leg};
use crate::event::Event;
use crate::rules::Rules;

/// What was printed, if it still holds. A cache is no part of what a leg is: it is not compared,
/// copied or stored. Legs that show the same share one text, so that a crowd costs no more than its
/// list of participants.
#[derive(Default)]
pub(super) struct Tail(Option<Arc<Printed>>);

struct Printed {
    /// The rules that the text depends on.
    base: String,
    time_offset_minutes: i16,
    text: String,
}

impl Tail {
    /// The text, if it was printed by these rules.
    pub(super) fn text(&self, rules: &Rules) -> Option<&str> {
        let printed = self.0.as_ref()?;
        let holds = printed.time_offset_minutes == rules.time_offset_minutes
            && printed.base == rules.base();
        holds.then_some(&printed.text)
    }
}

impl Chat {
    /// Prints what is missing, for everyone whom a change of user data concerns.
    pub(super) fn print_tails(&mut self, rules: &Rules) {
        let lacks = |leg: &Leg| !leg.state.is_final() && leg.tail.text(rules).is_none();
        let Some(first) = self.legs.iter().position(lacks) else { return };
        for at in first..self.legs.len() {
            let leg = &self.legs[at];
            if !lacks(leg) {
                continue;
            }
            let shared = self.legs[..at].iter().find_map(|other| {
                other.tail.text(rules).filter(|_| same_view(self, leg, other))?;
                other.tail.0.clone()
            });
            let printed = shared.unwrap_or_else(|| {
                let mut text = String::new();
                ChatView::of_leg(self, leg, rules).write_tail(&mut text);
                let time_offset_minutes = rules.time_offset_minutes;
                Arc::new(Printed { base: rules.base().into(), time_offset_minutes, text })
            });
            self.legs[at].tail.0 = Some(printed);
        }
    }

    /// Drops what `event` may have changed: everything, unless it is known to touch none of it.
    pub(super) fn forget_tails(&mut self, event: &Event) {
        let untouched = matches!(
            event,
            Event::FocusSet { .. }
                | Event::Said { .. }
                | Event::OperationFailed { .. }
                | Event::Answered(_)
        );
        if !untouched && !event.is_about_user_data() {
            self.legs.iter_mut().for_each(|leg: &mut Leg| leg.tail = Tail::default());
        }
    }
}

impl Clone for Tail {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Tail {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tail")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::{Strategy, prop_assert_eq, proptest};
    use proptest::test_runner::TestCaseError;

    use super::{Chat, Event, Rules};
    use crate::event::{Author, Record};
    use crate::json::{JsonRef, JsonText, Limits};
    use crate::testing::story;
    use crate::user_data::UserDataPatch;
    use crate::{ChatId, Timestamp};

    /// What a text depends on beside the chat, each the other way in one of them.
    fn houses() -> [Rules; 3] {
        let elsewhere = Rules::default().with_base("https://elsewhere.example/api/v2").unwrap();
        let mut later = Rules::default();
        later.time_offset_minutes = 120;
        [Rules::default(), elsewhere, later]
    }

    /// Lets `event` happen and compares what is told with what each would be shown by a chat that
    /// has printed nothing yet.
    fn check(chat: &mut Chat, event: &Event, rules: &Rules) -> Result<(), TestCaseError> {
        let at = Timestamp::from_millis(1_389_261_492_035);
        let events = Vec::from([event.clone()]).into();
        let record = Record { at, by: Author::House, reference_id: None, events };
        let notices = chat.announce(&record, rules);
        let fresh = chat.clone();
        for notice in &notices {
            let data = JsonRef::validate(notice.data.as_bytes(), &Limits::STORED).unwrap();
            if data.get("messageType").unwrap().as_str() != "\"ChatStateChangeMessage\"" {
                continue;
            }
            for user in &notice.to {
                let shown = fresh.view(user, rules).unwrap().to_json();
                prop_assert_eq!(data.get("chat").unwrap().as_str(), shown, "after {:?}", event);
            }
        }
        Ok(())
    }

    proptest! {
        /// DEC-22, DEC-32: whatever happens, and by whose rules it is printed, a change of user data
        /// tells what a view shows.
        #[test]
        fn what_is_told_is_what_is_shown(
            story in story(0..24),
            rules in proptest::collection::vec((0..3_usize).prop_map(|at| houses()[at].clone()), 1..8),
        ) {
            let world = story.play();
            let events = world.past().iter().flat_map(|happening| &happening.applied.record.events);
            let mut chat = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
            for (at, (event, rules)) in events.zip(rules.iter().cycle()).enumerate() {
                check(&mut chat, event, rules)?;
                // By the same rules, so that the next event finds something to make untrue.
                if let Some(leg) = chat.legs.first() {
                    let value = JsonText::string(&alloc::format!("{at}"));
                    let pair = UserDataPatch::single("step", &value, &Limits::default()).unwrap();
                    let by = leg.user.clone();
                    check(&mut chat, &Event::UserDataUpdated { by, pairs: pair }, rules)?;
                }
            }
        }
    }
}
