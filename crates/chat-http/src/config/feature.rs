//! THE table of features: what a user may be allowed to do, by the names that clients ask for
//! (PLAT-2.4).

use std::fmt;

use super::{Problem, User};

/// The features that this server has, in the order in which they are listed.
///
/// Names and descriptions of the first and the last but one are those of a live system (PLAT-2.4-2).
pub(crate) static FEATURES: [Feature; 4] = [
    Feature {
        id: "api-multimedia",
        display_name: "Multimedia API",
        description: "API for Multimedia",
        granted_to: &["ROLE_AGENT", "ROLE_SUPERVISOR"],
    },
    Feature {
        id: "api-multimedia-chat",
        display_name: "Multimedia Chat API",
        description: "API for Multimedia Chat",
        granted_to: &["ROLE_AGENT", "ROLE_SUPERVISOR"],
    },
    Feature {
        id: "api-supervisor-agent-control",
        display_name: "API Supervisor Agent Control",
        description: "API for Supervisors to Control Agent State",
        granted_to: &OVERSEERS,
    },
    Feature {
        id: "api-supervisor-monitoring",
        display_name: "API Supervisor Monitoring",
        description: "API for Supervisors to Monitor Agents",
        granted_to: &OVERSEERS,
    },
];

/// Who may act on others (PLAT-2.3-1).
const OVERSEERS: [&str; 3] = ["ROLE_SUPERVISOR", "ROLE_ADMIN", "ROLE_APIUSER"];

/// One feature.
#[derive(Debug)]
pub(crate) struct Feature {
    /// The name, such as `api-multimedia-chat` (PLAT-1.5-5).
    pub(crate) id: &'static str,
    /// How it is shown.
    pub(crate) display_name: &'static str,
    /// What it is, in a few words.
    pub(crate) description: &'static str,
    /// Who has it unless the configuration lists the user's features.
    granted_to: &'static [&'static str],
}

impl Feature {
    /// Whether the user has it: by the list of the configuration, or else by role.
    pub(crate) fn is_granted(&self, user: &User) -> bool {
        match &user.features {
            Some(listed) => listed.iter().any(|id| id == self.id),
            None => self.granted_to.iter().any(|role| user.has_role(role)),
        }
    }
}

/// The features of the user, in the order of the table.
pub(crate) fn of(user: &User) -> impl Iterator<Item = &'static Feature> {
    FEATURES.iter().filter(|feature| feature.is_granted(user))
}

pub(super) fn validate(place: impl fmt::Display, user: &User, problems: &mut Vec<Problem>) {
    for (k, id) in user.features.iter().flatten().enumerate() {
        if !FEATURES.iter().any(|feature| feature.id == id) {
            let known: Vec<_> = FEATURES.iter().map(|feature| feature.id).collect();
            problems.push(Problem::new(
                format!("{place}.features[{k}]"),
                &format!("one of {}", known.join(", ")),
                format_args!("{id:?}"),
            ));
        }
    }
}
