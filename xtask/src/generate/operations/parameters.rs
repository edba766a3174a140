//! What the parameters of operations hold, in words.

use chat_model::{Parameter, ParameterKind};

/// A parameter, and what stands beside it.
pub(super) fn rows(parameter: &Parameter) -> String {
    let name = if parameter.required {
        format!("`{}`", parameter.name)
    } else {
        format!("*`{}`*", parameter.name)
    };
    let holds = match parameter.kind {
        ParameterKind::Text => "text",
        ParameterKind::NonEmptyText => "text of at least one character",
        ParameterKind::Boolean => "`true` or `false`",
        ParameterKind::UserData => {
            "an object of any JSON values; every number keeps its digits (DEC-6)"
        }
        ParameterKind::Keys => "an array of keys; unknown ones are ignored (DEC-3)",
        ParameterKind::Message => {
            return format!(
                "| {name} | text of at least one character{} |\n\
                 | *`messageType`* | a free classification, which receivers get back |\n\
                 | *`treatAs`* | `Normal` or `System`; not passed on |\n",
                if parameter.required { "" } else { ", said before; an empty one is none" },
            );
        }
        ParameterKind::Agent => {
            "the absolute address of an agent; or *`targetPath`*, the address below `/api/v2` (DEC-15)"
        }
        ParameterKind::AgentOrQueue => {
            "the absolute address of an agent or of a queue; or *`targetPath`*, the address below \
             `/api/v2` (DEC-15)"
        }
        ParameterKind::TransferTarget => {
            "the absolute address of an agent; or *`targetPath`*, the address below `/api/v2`; or \
             *`queueName`*, the name of a queue (DEC-15)"
        }
        ParameterKind::SupervisionScope => "`NextChat` or `AllChats` (default)",
        ParameterKind::SupervisionMode => {
            "`Monitor`, `Coach` or `BargeIn`; default: how the caller supervises the agent"
        }
        // A kind that this page does not describe yet must not go unnoticed.
        _ => panic!("{}: describe {:?} in {}", parameter.name, parameter.kind, file!()),
    };
    match meaning(parameter.name) {
        "" => format!("| {name} | {holds} |\n"),
        meaning => format!("| {name} | {holds}: {meaning} |\n"),
    }
}

/// What a parameter is for, where its name does not say it.
fn meaning(name: &str) -> &'static str {
    match name {
        "nickname" => "how the others in the chat see the caller (DEC-12, DEC-19)",
        "saveLAR" => {
            "whether the last agent is to be noted in the contact's profile (CHAT-7.2-4); this server has no \
             profiles"
        }
        "dispositionKey" => "the key in the user data, by default the configured one (DEC-8)",
        "subject" => "becomes `Subject` in the user data",
        "endpoint" => "the queue, by its name; the default queue without it (DEC-46)",
        "queueName" => "the queue in which the chat is placed (CHAT-7.2-4)",
        "supervisorMonitoringMode" => "for how long (DEC-19)",
        _ => "",
    }
}
