//! The printed part of a view that operations on user data do not change.
//!
//! Such an operation is most of what a desktop sends, and everything behind the user data in its
//! notification (state, capabilities, addresses, participants) is as it was. So it is printed once
//! and copied until an event touches it.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::view::ChatView;
use super::{Chat, Leg};
use crate::event::Event;
use crate::rules::Rules;

/// What was printed, if it still holds. A cache is no part of what a leg is: it is not compared,
/// copied or stored.
#[derive(Default)]
pub(super) struct Tail(Option<Box<Printed>>);

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
        for at in 0..self.legs.len() {
            let leg = &self.legs[at];
            if !leg.state.is_final() && leg.tail.text(rules).is_none() {
                let mut text = String::new();
                ChatView::of_leg(self, leg, rules).write_tail(&mut text);
                self.legs[at].tail.0 = Some(Box::new(Printed {
                    base: rules.base().into(),
                    time_offset_minutes: rules.time_offset_minutes,
                    text,
                }));
            }
        }
    }

    /// Drops what `event` may have changed: everything, unless it is known to touch none of it.
    pub(super) fn forget_tails(&mut self, event: &Event) {
        let untouched = matches!(
            event,
            Event::FocusSet { .. } | Event::Said { .. } | Event::OperationFailed { .. }
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
