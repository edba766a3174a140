//! One law after the other, told of the same stories: what happened in a story, step by step, and the
//! story itself when something in it breaks the law.

use chat_model::testing::{Happening, Story, World};
use proptest::test_runner::TestCaseError;

/// Plays `story` and checks each of its steps.
pub(crate) fn for_each_happening(
    story: &Story,
    mut check: impl FnMut(&World, &Happening) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let world = story.play();
    for happening in world.past() {
        if let Err(error) = check(&world, happening) {
            let steps: Vec<String> = world.past().iter().map(|h| h.step.to_string()).collect();
            return Err(TestCaseError::fail(format!(
                "{error}\nat: {}\nin: {steps:#?}\ntold: {:#?}",
                happening.step, happening.applied.notices
            )));
        }
    }
    Ok(())
}
