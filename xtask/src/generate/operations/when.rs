//! In which situations an agent may ask for an operation, read off the table of capabilities.

use chat_model::{LegState, OperationKind, Role, Situation, Standing};

/// A sentence for each state in which it is allowed, and how it is refused in the others.
pub(super) fn lines(kind: OperationKind) -> Vec<String> {
    let mut out: Vec<String> = LegState::ALL
        .iter()
        .filter_map(|&state| Some(format!("`{state}`{}", who(state, kind)?)))
        .collect();
    assert!(!out.is_empty(), "{kind} is never allowed");
    let standings = situations().filter(|situation| situation.guard(kind).is_ok());
    let is_printed = standings.map(|situation| situation.standing(kind)).collect::<Vec<_>>();
    out.push(if is_printed.contains(&Standing::Listed) {
        format!("`capabilities` then has `{}`.", kind.capability())
    } else {
        "`capabilities` never has it (CHAT-4.14).".to_owned()
    });
    out
}

/// Who may in this state; `None` if nobody, and nothing to add if everybody.
fn who(state: LegState, kind: OperationKind) -> Option<String> {
    let allowed = |role: Role, company: bool, consulted: bool| {
        let mut situation = Situation::alone(state, role);
        (situation.company, situation.consulted) = (company, consulted);
        situation.guard(kind).is_ok()
    };
    let (mut always, mut in_company, mut alone, mut after_consult) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &role in Role::ALL {
        let name = format!("{role}");
        match [false, true].map(|company| allowed(role, company, false)) {
            [true, true] => always.push(name),
            [false, true] => in_company.push(name),
            [true, false] => alone.push(name),
            [false, false] if allowed(role, true, true) => after_consult.push(name),
            [false, false] => {}
        }
    }
    if always.len() == Role::ALL.len() {
        return Some(String::new());
    }
    let parts = [
        (always, ""),
        (in_company, " with another agent whom they see"),
        (alone, " without another agent"),
        (after_consult, " who has consulted"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(roles, _)| !roles.is_empty())
        .map(|(roles, how)| format!("{}{how}", roles.join(", ")))
        .collect();
    (!parts.is_empty()).then(|| format!(": as {}", parts.join("; as ")))
}

/// The codes with which it is refused because of the situation.
pub(super) fn refusals(kind: OperationKind) -> Vec<(u8, String)> {
    let mut examples: Vec<(u8, String)> = Vec::new();
    for situation in situations() {
        let Err(rejection) = situation.guard(kind) else { continue };
        let code = rejection.status().code();
        if !examples.iter().any(|(known, _)| *known == code) {
            examples.push((code, rejection.to_string()));
        }
    }
    examples.sort();
    examples
}

fn situations() -> impl Iterator<Item = Situation> {
    LegState::ALL.iter().flat_map(|&state| {
        Role::ALL.iter().flat_map(move |&role| {
            [(false, false), (true, false), (true, true)].map(|(company, consulted)| {
                let mut situation = Situation::alone(state, role);
                (situation.company, situation.consulted) = (company, consulted);
                situation
            })
        })
    })
}
