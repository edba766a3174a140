//! Every request, reply and notification of every scenario fits its schema.

use chat_tests::{CliDoor, Door, ModelDoor, Outcome, Scenario, VisitorSees, play};
use jsonschema::Validator;

use super::{check, validator};

/// A door at which everything that passes is compared with the contract.
struct Judged<D> {
    door: D,
    requests: [Validator; 4],
    reply: Validator,
    notification: Validator,
    replies: usize,
    notifications: usize,
}

impl<D: Door> Judged<D> {
    fn new(door: D) -> Self {
        let requests =
            ["operation", "customer-operation", "monitoring-operation", "supervisor-operation"];
        Self {
            door,
            requests: requests.map(validator),
            reply: validator("reply"),
            notification: validator("notification"),
            replies: 0,
            notifications: 0,
        }
    }

    /// A body that was accepted is one of the operations of the address to which it went.
    fn judge(&mut self, body: &str, as_one_of: &[usize], outcome: Outcome) -> Outcome {
        if outcome.code == 0 && !body.is_empty() {
            let value = serde_json::from_str(body).unwrap();
            let fits = as_one_of.iter().any(|&at| self.requests[at].is_valid(&value));
            assert!(fits, "accepted, and against its schema: {body}");
        }
        if let Some(reply) = &outcome.reply {
            check("reply", &self.reply, reply);
            self.replies += 1;
        }
        for heard in &outcome.heard {
            check("notification", &self.notification, &heard.data);
            self.notifications += 1;
        }
        outcome
    }
}

impl<D: Door> Door for Judged<D> {
    fn address(&self, body: &str) -> String {
        self.door.address(body)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        let outcome = self.door.visitor_does(body);
        self.judge(body, &[1], outcome)
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        let outcome = self.door.agent_does(agent, body);
        self.judge(body, &[0], outcome)
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        let outcome = self.door.supervisor_does(supervisor, agent, body);
        self.judge(body, &[2, 3], outcome)
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        let outcome = self.door.house_offers(agent);
        self.judge("", &[], outcome)
    }

    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees {
        self.door.visitor_sees(awaited)
    }
}

#[test]
fn of_the_model_fit_the_contract() {
    for (name, scenario) in &Scenario::all() {
        let mut door = Judged::new(ModelDoor::default());
        play(name, scenario, &mut door);
        assert!(door.replies > 0 && door.notifications > 0, "{name}");
    }
}

#[test]
fn of_the_command_line_fit_the_contract() {
    for (name, scenario) in &Scenario::all() {
        let mut door = Judged::new(CliDoor::beside_this_test());
        play(name, scenario, &mut door);
        assert!(door.replies > 0 && door.notifications > 0, "{name}");
    }
}
