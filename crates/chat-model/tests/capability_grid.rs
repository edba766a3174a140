//! Who may do what in which state, on one page (DEC-10, DEC-11, DEC-13).
//!
//! The grid is made from the table that also is the guard; a reviewer reads it against DEC-10 and
//! DEC-11. The printed lists are checked against the documents' lists, written out by hand here.

use std::fmt::Write as _;

use chat_model::{LegState, OperationKind, Role, Situation, Standing};

const A: Role = Role::Agent;
const C: Role = Role::Consultant;

fn situation(state: LegState, role: Role, company: bool, consulted: bool) -> Situation {
    let mut situation = Situation::alone(state, role);
    situation.company = company;
    situation.consulted = consulted;
    situation
}

/// `L` listed, `U` allowed but unlisted, `l` listed only, otherwise the code of the refusal; a
/// listed-only operation is refused with code 3.
fn letter(situation: Situation, operation: OperationKind) -> char {
    let refusal = situation.guard(operation).err().map(|rejection| rejection.status().code());
    match (situation.standing(operation), refusal) {
        (Standing::Listed, None) => 'L',
        (Standing::Unlisted, None) => 'U',
        (Standing::ListedOnly, Some(3)) => 'l',
        (Standing::Refused, Some(2)) => '2',
        (Standing::Refused, Some(3)) => '3',
        other => panic!("{operation} in {situation:?}: {other:?}"),
    }
}

/// Role × company × ever consulted.
const KINDS: [(Role, bool, bool, &str); 12] = [
    (A, false, false, "agent"),
    (A, true, false, "agent+"),
    (C, false, false, "consultant"),
    (C, true, false, "consultant+"),
    (A, false, true, "agent, consulted"),
    (A, true, true, "agent+, consulted"),
    (C, false, true, "consultant, consulted"),
    (C, true, true, "consultant+, consulted"),
    (Role::Monitor, true, false, "monitor"),
    (Role::Coach, true, false, "coach"),
    (Role::BargeIn, true, false, "barged in"),
    (Role::BargeIn, true, true, "barged in, consulted"),
];

#[test]
fn the_grid() {
    let mut columns: Vec<(String, Vec<char>)> = Vec::new();
    for &state in LegState::ALL {
        let column = |&(role, company, consulted, name): &(Role, bool, bool, &'static str)| {
            let situation = situation(state, role, company, consulted);
            (name, OperationKind::ALL.iter().map(|&kind| letter(situation, kind)).collect())
        };
        let all: Vec<(&str, Vec<char>)> = KINDS.iter().map(column).collect();
        let mut shown: Vec<(Vec<&str>, Vec<char>)> = Vec::new();
        for (name, letters) in all {
            match shown.iter_mut().find(|(_, other)| *other == letters) {
                Some((names, _)) => names.push(name),
                None => shown.push((vec![name], letters)),
            }
        }
        let one = shown.len() == 1;
        for (names, letters) in shown {
            let who = if one { "everyone".to_owned() } else { names.join(" = ") };
            columns.push((format!("{state}: {who}"), letters));
        }
    }
    let mut grid = String::from(
        "L listed  U allowed, unlisted  l listed only (3)  2, 3 refused with that code\n\
         + another joined agent is visible to the caller\n\n",
    );
    for (at, (name, _)) in columns.iter().enumerate() {
        writeln!(grid, "{} {name}", label(at)).unwrap();
    }
    let labels: Vec<String> = (0..columns.len()).map(|at| label(at).to_string()).collect();
    writeln!(grid, "\n{:36}{}", "", labels.join(" ")).unwrap();
    for (at, kind) in OperationKind::ALL.iter().enumerate() {
        let letters: Vec<String> =
            columns.iter().map(|(_, letters)| letters[at].to_string()).collect();
        writeln!(grid, "{:36}{}", kind.name(), letters.join(" ")).unwrap();
    }
    insta::assert_snapshot!(grid);
}

fn label(at: usize) -> char {
    char::from(b'a' + u8::try_from(at).unwrap())
}

#[track_caller]
fn check_list(state: LegState, role: Role, company: bool, documented: &str) {
    for consulted in [false, true] {
        let situation = situation(state, role, company, consulted);
        let printed: Vec<_> = situation.capabilities().map(OperationKind::capability).collect();
        assert_eq!(printed.join(" "), documented, "{situation:?}");
    }
}

/// CHAT-4.4: the thirteen of the AttachUserData page.
const THIRTEEN: &str = "Transfer Leave Invite Consult SetInFocus SetDisposition AttachUserData DeleteUserData UpdateUserData Complete SendMessage SendStartTypingNotification SendStopTypingNotification";
/// CHAT-4.5: the sixteen of the Consult page.
const SIXTEEN: &str = "Transfer Leave Invite Consult SetInFocus SetDisposition AttachUserData DeleteUserData UpdateUserData SendToAgents SendStartTypingToAgentsNotification SendStopTypingToAgentsNotification Complete SendMessage SendStartTypingNotification SendStopTypingNotification";

/// DEC-11, CHAT-4: the lists as documents and decisions print them.
#[test]
fn the_printed_lists_are_the_documents() {
    for role in [A, C] {
        check_list(LegState::Chatting, role, false, THIRTEEN);
        check_list(LegState::Chatting, role, true, SIXTEEN);
        for company in [false, true] {
            // CHAT-4.2, DEC-11.
            check_list(LegState::Invited, role, company, "Accept Reject");
            // DEC-11, which overrides CHAT-4.10.
            check_list(
                LegState::LeftChat,
                role,
                company,
                "Complete Transfer SetInFocus SetDisposition AttachUserData DeleteUserData UpdateUserData Leave",
            );
            // CHAT-4.11, as captured.
            check_list(
                LegState::JoinFailed,
                role,
                company,
                "SetInFocus Complete SetDisposition AttachUserData DeleteUserData UpdateUserData",
            );
            // CHAT-4.12, CHAT-4.13.
            check_list(LegState::Completed, role, company, "");
            check_list(LegState::Revoked, role, company, "");
        }
    }
}

/// CHAT-4.6: what stands in the lists of all three modes.
const FIFTEEN: &str = "Leave SetInFocus SetDisposition AttachUserData DeleteUserData UpdateUserData Transfer Invite Consult SendToAgents SendStartTypingToAgentsNotification SendStopTypingToAgentsNotification SendMessage SendStartTypingNotification SendStopTypingNotification";

/// CHAT-4.6 to CHAT-4.8: the modes differ in what they switch to, spelt as the lists spell it.
#[test]
fn the_printed_lists_of_supervisors_are_the_documents() {
    for (role, switches) in [
        (Role::Monitor, "SwitchToCoach SwitchBargeIn"),
        (Role::BargeIn, "SwitchToMonitor SwitchToCoach"),
        (Role::Coach, "SwitchToMonitor SwitchBargeIn"),
    ] {
        for company in [false, true] {
            let documented = format!("{FIFTEEN} {switches}");
            check_list(LegState::Chatting, role, company, &documented);
        }
    }
}

/// DEC-10: who monitors says nothing and moves nobody, who coaches moves nobody.
#[test]
fn a_supervisor_is_refused_what_only_the_list_promises() {
    for &kind in OperationKind::ALL {
        let standing = |role| situation(LegState::Chatting, role, true, false).standing(kind);
        let says = kind.name().starts_with("Send");
        let moves = matches!(kind.name(), "Transfer" | "Invite" | "Consult");
        assert!(!(standing(Role::Monitor).is_allowed() && (says || moves)), "{kind}");
        assert_eq!(standing(Role::Coach) == Standing::ListedOnly, moves, "{kind}");
        assert_ne!(standing(Role::BargeIn), Standing::ListedOnly, "{kind}");
    }
}

/// DEC-10: the operations that the documents never print have a row, marked unlisted.
#[test]
fn operations_that_are_never_printed_are_allowed_unlisted() {
    let company = situation(LegState::Chatting, A, true, true);
    for kind in [
        OperationKind::AddComment,
        OperationKind::SendUrl,
        OperationKind::SendCustomNotice,
        OperationKind::SendCustomNoticeToAgents,
        OperationKind::RemoveParticipantFromConference,
        OperationKind::CancelConsult,
    ] {
        assert_eq!(company.standing(kind), Standing::Unlisted, "{kind}");
    }
}

/// DEC-10: what a consulted agent's list prints and its guard refuses.
#[test]
fn a_consulted_agent_is_refused_what_only_the_list_promises() {
    let consultant = situation(LegState::Chatting, C, true, false);
    for kind in OperationKind::ALL {
        let only_listed = matches!(kind.name(), "Transfer" | "Invite" | "Consult" | "Complete");
        assert_eq!(consultant.standing(*kind) == Standing::ListedOnly, only_listed, "{kind}");
    }
}

/// Every operation is allowed somewhere; a row that nobody can use would be a mistake.
#[test]
fn every_operation_is_allowed_somewhere() {
    for &kind in OperationKind::ALL {
        let mut all = LegState::ALL.iter().flat_map(|&state| {
            KINDS.map(|(role, company, consulted, _)| situation(state, role, company, consulted))
        });
        assert!(all.any(|situation| situation.standing(kind).is_allowed()), "{kind}");
    }
}
