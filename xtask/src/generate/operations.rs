//! The page of operations, read off `chat_model::OperationKind` and its customer's counterpart.

use std::fmt::Write as _;

use chat_model::{
    CustomerOperationKind, MonitoringOperationKind, OperationKind, Parameter, ParameterKind,
    SupervisorOperationKind,
};

pub(super) fn page() -> String {
    let mut out = super::header("Operations", "crates/chat-model/src/operation.rs");
    out.push_str(
        "The body of the request is an object with `operationName` and the parameters. A parameter \
         in *italics* is optional; an\noptional `null` is as good as absent, and unknown members \
         are ignored. In which state and for whom an operation is\nallowed: \
         [capabilities](capabilities.md).\n",
    );
    section(
        &mut out,
        "An agent's: `POST /api/v2/me/chats/{id}`",
        OperationKind::ALL.iter().map(|kind| (kind.name(), kind.parameters(), kind.summary())),
    );
    section(
        &mut out,
        "A visitor's: `POST /api/v2/chats` (RequestChat) and `POST /api/v2/chats/{id}`",
        CustomerOperationKind::ALL
            .iter()
            .map(|kind| (kind.name(), kind.parameters(), kind.summary())),
    );
    section(
        &mut out,
        "A supervisor's, on an agent: `POST /api/v2/users/{userId}/channels/chat`",
        MonitoringOperationKind::ALL
            .iter()
            .map(|kind| (kind.name(), kind.parameters(), kind.summary())),
    );
    section(
        &mut out,
        "A supervisor's, on a chat of an agent: `POST /api/v2/users/{userId}/chats/{chatId}`",
        SupervisorOperationKind::ALL
            .iter()
            .map(|kind| (kind.name(), kind.parameters(), kind.summary())),
    );
    out
}

fn section<'a>(
    out: &mut String,
    title: &str,
    rows: impl Iterator<Item = (&'a str, &'a [Parameter], &'a str)>,
) {
    // Writing to a String cannot fail.
    let _ =
        write!(out, "\n## {title}\n\n| Operation | Parameters | What it does |\n|---|---|---|\n");
    for (name, parameters, summary) in rows {
        let parameters: Vec<String> = parameters.iter().map(parameter).collect();
        let parameters =
            if parameters.is_empty() { "-".to_owned() } else { parameters.join("<br>") };
        let _ = writeln!(out, "| `{name}` | {parameters} | {} |", summary.trim());
    }
}

fn parameter(parameter: &Parameter) -> String {
    let holds = match parameter.kind {
        ParameterKind::Text => "text",
        ParameterKind::NonEmptyText => "text of at least one character",
        ParameterKind::Boolean => "`true` or `false`",
        ParameterKind::UserData => "object of any JSON values",
        ParameterKind::Keys => "array of keys",
        ParameterKind::Message => "text; beside it *`messageType`* and *`treatAs`*",
        ParameterKind::Agent => "address of an agent; or `targetPath`",
        ParameterKind::AgentOrQueue => "address of an agent or of a queue; or `targetPath`",
        ParameterKind::TransferTarget => "address of an agent; or `targetPath`; or `queueName`",
        ParameterKind::SupervisionScope => "`NextChat` or `AllChats` (default)",
        ParameterKind::SupervisionMode => {
            "`Monitor`, `Coach` or `BargeIn`; default: how the caller supervises the agent"
        }
        // A kind that this page does not describe yet must not go unnoticed.
        _ => panic!("{}: describe {:?} in {}", parameter.name, parameter.kind, file!()),
    };
    let name = format!("`{}`", parameter.name);
    if parameter.required { format!("{name}: {holds}") } else { format!("*{name}*: {holds}") }
}
