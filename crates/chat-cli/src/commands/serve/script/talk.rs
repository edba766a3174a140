//! What of a script is to be done in one chat: which rules fit what happened, and how often they did.

use std::sync::Arc;

use super::cast::Rule;
use super::file::{Event, From};

/// One person in one chat.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) rules: Arc<[Rule]>,
    /// How often each of them was used.
    used: Vec<u32>,
}

/// Something that happened in a chat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened<'a> {
    pub(super) event: Event,
    /// What was said.
    pub(super) text: &'a str,
    /// By whom.
    pub(super) from: Option<From>,
}

/// What follows from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    /// The number of the rule.
    pub(super) rule: usize,
    /// How often it was used before.
    pub(super) turn: u32,
    /// What was said before.
    pub(super) said: String,
}

impl Happened<'static> {
    /// Something that is not said.
    pub(super) fn just(event: Event) -> Self {
        Self { event, text: "", from: None }
    }
}

impl Talk {
    /// At its beginning.
    pub(super) fn by(rules: Arc<[Rule]>) -> Self {
        let used = vec![0; rules.len()];
        Self { rules, used }
    }

    /// The rules that fit: of those for messages the first, of all others all.
    pub(super) fn hear(&mut self, happened: Happened<'_>) -> Vec<Cue> {
        let Happened { event, text, from } = happened;
        let said = text.to_lowercase();
        let mut cues = Vec::new();
        for (at, (rule, used)) in self.rules.iter().zip(&mut self.used).enumerate() {
            let fits = rule.on == event
                && *used < rule.times
                && rule.from.is_none_or(|wanted| from == Some(wanted))
                && (rule.contains.is_empty()
                    || rule.contains.iter().any(|part| said.contains(part)));
            if fits {
                cues.push(Cue { rule: at, turn: *used, said: text.to_owned() });
                *used += 1;
                if event == Event::Message {
                    break;
                }
            }
        }
        cues
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::Does;
    use super::*;

    fn rule(on: Event, contains: &str, from: Option<From>, times: u32) -> Rule {
        let contains = if contains.is_empty() { Vec::new() } else { vec![contains.to_owned()] };
        let does = Does::Operations(Vec::new());
        Rule { line: 1, on, contains, from, after: 0, times, does }
    }

    #[test]
    fn the_first_rule_that_is_not_used_up_answers_a_message() {
        let mut talk = Talk::by(Arc::new([
            rule(Event::Message, "bill", None, 1),
            rule(Event::Message, "", Some(From::Agent), 2),
            rule(Event::Message, "", None, u32::MAX),
            rule(Event::Joined, "", None, u32::MAX),
            rule(Event::Joined, "", None, 1),
        ]));
        let mut rules = |event, text, from| {
            let cues = talk.hear(Happened { event, text, from });
            cues.into_iter().map(|cue| (cue.rule, cue.turn)).collect::<Vec<_>>()
        };
        let (agent, customer) = (Some(From::Agent), Some(From::Customer));
        for (event, text, from, expected) in [
            (Event::Message, "Which BILLS?", agent, &[(0, 0)][..]),
            (Event::Message, "The bill!", agent, &[(1, 0)]),
            (Event::Message, "The bill!", customer, &[(2, 0)]),
            (Event::Message, "", agent, &[(1, 1)]),
            (Event::Message, "", agent, &[(2, 1)]),
            (Event::Joined, "", None, &[(3, 0), (4, 0)]),
            (Event::Joined, "", None, &[(3, 1)]),
            (Event::Left, "", None, &[]),
        ] {
            assert_eq!(rules(event, text, from), expected, "{event:?} {text}");
        }
    }
}
