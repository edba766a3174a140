//! Every scenario through every door that can be opened from Rust.

use chat_tests::{CliDoor, ModelDoor, Scenario, play};

#[test]
fn scenarios_through_the_model() {
    let all = Scenario::all();
    assert!(!all.is_empty(), "expected scenarios");
    for (name, scenario) in &all {
        play(name, scenario, &mut ModelDoor::default());
    }
}

#[test]
fn scenarios_through_the_command_line() {
    for (name, scenario) in &Scenario::all() {
        play(name, scenario, &mut CliDoor::beside_this_test());
    }
}
