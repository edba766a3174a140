//! Putting a scenario through a door, and comparing what comes out.

use std::collections::BTreeMap;

use crate::doors::{Door, Outcome};
use crate::scenario::Scenario;
use crate::summary::summary;

/// Plays `scenario` through `door`.
///
/// # Panics
/// At the first step from which somebody hears, or the visitor sees, something else than written.
pub fn play(name: &str, scenario: &Scenario, door: &mut dyn Door) {
    for (at, step) in scenario.steps.iter().enumerate() {
        let body = step.does.as_ref().map(|body| door.address(body.get()));
        let place = format!(
            "{name}, step {} ({} {})",
            at + 1,
            step.by,
            body.as_deref().or(step.offers.as_deref()).or(step.is.as_deref()).unwrap_or_default()
        );
        let outcome = match (step.by.as_str(), &body, &step.offers, &step.is) {
            ("visitor", Some(body), None, None) => door.visitor_does(body),
            ("house", None, Some(agent), None) => door.house_offers(agent),
            (agent, None, None, Some(readiness)) => {
                door.agent_becomes(agent, readiness);
                continue;
            }
            (by, Some(body), None, None) => match &step.of {
                Some(agent) => door.supervisor_does(by, agent, body),
                None => door.agent_does(by, body),
            },
            _ => panic!("{place}: expected one of does, offers and is"),
        };
        let Outcome { code, heard, .. } = outcome;
        assert_eq!(code, step.code, "{place}: the statusCode");
        let mut hears: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for told in heard {
            hears.entry(told.to).or_default().push(summary(&told.data));
        }
        assert_eq!(hears, step.hears, "{place}: who hears what");
        if let Some(expected) = &step.visitor {
            assert_eq!(door.visitor_sees(expected), *expected, "{place}: what the visitor sees");
        }
    }
}
