//! The format of the scenarios, described for readers in tests/scenarios/README.md.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A conversation, step by step.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// What it shows, with the rules.
    pub about: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Something that somebody does, and what comes of it.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Step {
    /// `visitor`, `house` or the name of an agent.
    pub by: String,
    /// The body of the request, as written; `{agent2}` stands for that agent's address.
    #[serde(default)]
    pub does: Option<Box<RawValue>>,
    /// The agent whose channel or chat a supervisor's operation is about.
    #[serde(default)]
    pub of: Option<String>,
    /// An agent's readiness, `Ready` or `NotReady`, where a door has readiness.
    #[serde(default)]
    pub is: Option<String>,
    /// The agent to whom the house offers the waiting chat.
    #[serde(default)]
    pub offers: Option<String>,
    /// The `statusCode` of the reply.
    #[serde(default)]
    pub code: u64,
    /// What each agent hears, in order; who is not named hears nothing.
    #[serde(default)]
    pub hears: BTreeMap<String, Vec<String>>,
    /// What the visitor sees afterwards.
    #[serde(default)]
    pub visitor: Option<VisitorSees>,
}

/// The chat as the visitor sees it.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VisitorSees {
    /// The state of the visitor's chat.
    pub state: String,
    /// The nicknames of those who are there, in the order of joining.
    pub sees: Vec<String>,
    /// What is new in the transcript since the visitor last looked.
    pub reads: Vec<String>,
}

impl Scenario {
    /// Every scenario of the repository with its name, in the order of names.
    ///
    /// # Panics
    /// If one cannot be read.
    pub fn all() -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut all: Vec<(String, Self)> = std::fs::read_dir(&folder)
            .expect("the folder of scenarios is there")
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("a scenario is text");
                let scenario = serde_json::from_str(&text)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (name, scenario)
            })
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}
