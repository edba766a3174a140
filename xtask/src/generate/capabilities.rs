//! The grid of capabilities (state × role × operation), read off `chat_model::Situation`: one look
//! for a reviewer, and a difference in it is a difference in behaviour.

use std::fmt::Write as _;

use chat_model::{LegState, OperationKind, Role, Situation, Standing};

pub(super) fn page() -> String {
    let columns = columns();
    let mut out = super::header("Capabilities", "crates/chat-model/src/capability.rs");
    out.push_str(
        "A desk shows a button for what `capabilities` has, and takes it away when the next notification \
         does not have it any more;\nnames that it does not know it ignores (CHAT-6.10). What each does: \
         [operations](operations.md).\n\n\
         What an agent may do with a chat depends on the state of the agent's own part in it, on \
         what the agent is there for,\nand on whether another joined agent is visible (DEC-10, \
         DEC-11). The list that a chat prints and the guard of the\noperations come from one table, \
         which is this one.\n\n\
         - **listed**: allowed, and printed in `capabilities`\n\
         - **unlisted**: allowed, and not printed\n\
         - **listed only**: printed as captured from real systems, and refused with code 3\n\
         - 2, 3: refused with this `statusCode`; 2 is a matter of time, 3 of the role\n\n",
    );
    out.push_str("| State | |\n|---|---|\n");
    for state in LegState::ALL {
        let _ = writeln!(out, "| `{state}` | {} |", of_state(*state));
    }
    out.push_str("\n| Role | |\n|---|---|\n");
    for role in Role::ALL {
        let _ = writeln!(out, "| {role} | {} |", of_role(*role));
    }
    out.push('\n');
    out.push_str("| Operation |");
    for (label, _) in &columns {
        // Writing to a String cannot fail.
        let _ = write!(out, " {label} |");
    }
    out.push_str("\n|---|");
    out.push_str(&":-:|".repeat(columns.len()));
    out.push('\n');
    for &operation in OperationKind::ALL {
        let name = operation.name();
        let _ = write!(out, "| [`{name}`](operations.md#{}) |", name.to_lowercase());
        for (_, situation) in &columns {
            let _ = write!(out, " {} |", cell(*situation, operation));
        }
        out.push('\n');
    }
    out.push_str("\n## The printed lists, in their order\n\n");
    for (label, situation) in &columns {
        let names: Vec<String> =
            situation.capabilities().map(|kind| format!("`{}`", kind.capability())).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let _ = writeln!(out, "- **{label}**: {names}");
    }
    out
}

fn of_state(state: LegState) -> &'static str {
    match state {
        LegState::Invited => "offered to the agent, not accepted yet (CHAT-3.1)",
        LegState::Chatting => "the agent is in the conversation (CHAT-3.2)",
        LegState::LeftChat => "the conversation is over, the chat is still the agent's (CHAT-3.3)",
        LegState::Completed => "done for this agent; final (CHAT-3.4)",
        LegState::Revoked => "taken away; final (CHAT-3.5)",
        LegState::JoinFailed => "accepted, and the conversation could not be joined (CHAT-3.6)",
        // A state that this page does not describe yet must not go unnoticed.
        other => panic!("describe {other} in {}", file!()),
    }
}

fn of_role(role: Role) -> &'static str {
    match role {
        Role::Agent => "serves the visitor, alone or with others; everybody sees them",
        Role::Consultant => "was asked for advice; agents see them, the visitor does not (DEC-16)",
        Role::Monitor => "supervises and says nothing; other supervisors see them (CHAT-7.2-5)",
        Role::Coach => "supervises and talks to the agents, who see them (CHAT-7.2-6)",
        Role::BargeIn => "supervises and talks to everybody (CHAT-7.2-7)",
        other => panic!("describe {other} in {}", file!()),
    }
}

/// What becomes of `operation`, before and after the agent has consulted somebody (DEC-16).
fn cell(situation: Situation, operation: OperationKind) -> String {
    let [before, after] = [false, true].map(|consulted| {
        let mut situation = situation;
        situation.consulted = consulted;
        outcome(situation, operation)
    });
    if before == after { before } else { format!("{before}; after a consult {after}") }
}

fn outcome(situation: Situation, operation: OperationKind) -> String {
    match (situation.standing(operation), situation.guard(operation)) {
        (Standing::Listed, Ok(())) => "**listed**".to_owned(),
        (Standing::Unlisted, Ok(())) => "unlisted".to_owned(),
        (Standing::ListedOnly, Err(_)) => "listed only".to_owned(),
        (Standing::Refused, Err(rejection)) => rejection.status().code().to_string(),
        (standing, guard) => {
            panic!("{operation:?} in {situation:?} is {standing:?}, but the guard says {guard:?}")
        }
    }
}

/// The situations that differ in some operation, each with a label that says in what.
fn columns() -> Vec<(String, Situation)> {
    let mut out = Vec::new();
    for &state in LegState::ALL {
        let all: Vec<Situation> = Role::ALL
            .iter()
            .flat_map(|&role| [false, true].map(|company| (role, company)))
            .map(|(role, company)| {
                let mut situation = Situation::alone(state, role);
                situation.company = company;
                situation
            })
            .collect();
        if all.iter().all(|one| looks(*one) == looks(all[0])) {
            out.push((state.to_string(), all[0]));
            continue;
        }
        for pair in all.chunks(2) {
            let (alone, company) = (pair[0], pair[1]);
            let label = format!("{state}, {}", alone.role);
            if looks(alone) == looks(company) {
                out.push((label, alone));
            } else {
                out.push((format!("{label}, alone"), alone));
                out.push((format!("{label}, in company"), company));
            }
        }
    }
    out
}

fn looks(situation: Situation) -> Vec<String> {
    OperationKind::ALL.iter().map(|&operation| cell(situation, operation)).collect()
}
