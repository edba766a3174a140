//! Every scenario through every door that can be opened from Rust.

use chat_tests::{
    CliDoor, Door, FfiDoor, ModelDoor, Outcome, Scenario, ServedDoor, VisitorSees, play,
};

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

#[test]
fn scenarios_through_the_commands_that_talk_to_a_server() {
    for (name, scenario) in &Scenario::all() {
        play(name, scenario, &mut ServedDoor::beside_this_test());
    }
}

/// What crossed the wire in a scenario crosses it again.
#[test]
fn scenarios_are_recorded_and_replayed() {
    for (name, scenario) in &Scenario::all() {
        let file = format!("chat-recorded-{}-{name}.ndjson", std::process::id());
        let recording = std::env::temp_dir().join(file);
        let mut door = ServedDoor::recording(&recording);
        play(name, scenario, &mut door);
        let (code, said) = door.play_again(&recording);
        assert_eq!(code, Some(0), "{name}: {said}");
        std::fs::remove_file(&recording).expect("it is there");
    }
}

#[test]
fn scenarios_through_the_c_library() {
    for (name, scenario) in &Scenario::all() {
        play(name, scenario, &mut FfiDoor::default());
    }
}

#[test]
fn the_c_library_says_byte_for_byte_what_the_model_says() {
    for (name, scenario) in &Scenario::all() {
        play(name, scenario, &mut Together(ModelDoor::default(), FfiDoor::default()));
    }
}

/// Two doors through which everything goes, and comes out alike.
struct Together<One, Other>(One, Other);

impl<One: Door, Other: Door> Together<One, Other> {
    fn both(&mut self, body: &str, does: impl Fn(&mut dyn Door) -> Outcome) -> Outcome {
        let outcome = does(&mut self.0);
        assert_eq!(does(&mut self.1), outcome, "{body}");
        outcome
    }
}

impl<One: Door, Other: Door> Door for Together<One, Other> {
    fn address(&self, body: &str) -> String {
        self.0.address(body)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        self.both(body, |door| door.visitor_does(body))
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        self.both(body, |door| door.agent_does(agent, body))
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        self.both(body, |door| door.supervisor_does(supervisor, agent, body))
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        self.both("an offer", |door| door.house_offers(agent))
    }

    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees {
        let seen = self.0.visitor_sees(awaited);
        assert_eq!(self.1.visitor_sees(awaited), seen);
        seen
    }
}
