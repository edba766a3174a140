//! The page of notifications: what each kind is for, its members as the schema describes them, and one
//! that the model made.

use std::fmt::Write as _;

use chat_model::NotificationType;
use serde_json::{Map, Value};

use super::operations;

pub(super) fn page() -> String {
    let schema = chat_model::schema::generate("notification").expect("notifications have a schema");
    let schema: Value = serde_json::from_str(&schema).expect("which is JSON");
    let mut out = super::header(
        "Notifications",
        "crates/chat-model/src/resource.rs and a conversation that the model plays",
    );
    out.push_str(
        "What an agent is told of chats: the member `data` of an event on the channel \
         `/v2/me/chats` (CHAT-8.1). The schema is\n[notification.json](schema/notification.json); a \
         reader ignores members that it does not know, and values that lists may\ngain (CHAT-6.10). \
         Who hears of what: [chat.md](../protocol/chat.md#who-hears-what) (DEC-22). How events \
         travel:\n[bayeux.md](../protocol/bayeux.md).\n\n\
         All but `NewMessages` have the `messageType` `ChatStateChangeMessage` and the chat as the \
         receiver sees it (DEC-32);\n`referenceId` is in the copy of whoever asked, and in no other \
         (DEC-31).\n\n\
         The same for programs, with the protocol around it: [asyncapi.json](asyncapi.json). No `NewMessages` \
         comes before the\n`StatusChange` that introduces its chat (DEC-33); a notification can be faster \
         than the reply to the request that caused\nit (NOTIF-4.1).\n\n\
         | Kind | Follows, among others |\n|---|---|\n",
    );
    let causes = operations::causes();
    for kind in NotificationType::KNOWN {
        let all: Vec<String> = causes
            .iter()
            .filter(|(_, kinds)| kinds.contains(kind.as_str()))
            .map(|(name, _)| format!("[`{name}`](operations.md#{})", name.to_lowercase()))
            .collect();
        let anchor = kind.as_str().to_lowercase();
        let all = match kind {
            // Nobody asks for that.
            NotificationType::Error => {
                "an accepted operation that comes to nothing, such as a consult that is declined (DEC-16)"
                    .to_owned()
            }
            _ => all.join(", "),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| [`{kind}`](#{anchor}) | {all} |");
    }
    topics(&mut out);
    out.push_str("\n## Members\n\n| Member | What it is | In |\n|---|---|---|\n");
    let examples = schema["examples"].as_array().expect("examples are a list");
    for (name, member) in members(&schema) {
        let has_it = |example: &&Value| example.get(name).is_some();
        let mut kinds: Vec<String> = examples
            .iter()
            .filter(has_it)
            .filter_map(|example| Some(format!("`{}`", example["notificationType"].as_str()?)))
            .collect();
        kinds.dedup();
        let _ = writeln!(out, "| `{name}` | {} | {} |", described(member), kinds.join(", "));
    }
    for kind in NotificationType::KNOWN {
        let example = examples
            .iter()
            .find(|example| example["notificationType"] == kind.as_str())
            .unwrap_or_else(|| panic!("the conversation of the examples has no {kind}"));
        let printed = chat_model::schema::pretty(example.clone());
        let _ = write!(out, "\n## {kind}\n\n{}\n\n```json\n{printed}```\n", when(kind));
    }
    out
}

/// The other topics (NOTIF-2).
fn topics(out: &mut String) {
    out.push_str(
        "\n## Topics\n\nEverybody uses the same names and hears of themselves alone (NOTIF-2.11); `/**` and \
         `/v2/me/*` select several (NOTIF-2.13).\n\n| Topic | What it is for | Told here | Rule |\n\
         |---|---|---|---|\n",
    );
    for topic in chat_http::topics() {
        let told = match (topic.is_told(), topic.is_for_supervisors()) {
            (true, _) => "yes",
            (false, true) => "no; for supervisors and administrators only",
            (false, false) => "no",
        };
        let (channel, summary, rule) = (topic.channel(), topic.summary(), topic.rule());
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| `{channel}` | {summary} | {told} | {rule} |");
    }
}

/// The rules that the kind follows, the one that introduces it first.
pub(super) fn rules(kind: &NotificationType) -> &'static [&'static str] {
    match kind {
        NotificationType::StatusChange => &["CHAT-8.3", "DEC-22", "DEC-33"],
        NotificationType::ParticipantsUpdated => &["CHAT-8.4", "DEC-22"],
        NotificationType::PropertiesUpdated => &["CHAT-8.5", "DEC-5", "DEC-20"],
        NotificationType::Error => &["CHAT-8.6", "DEC-16", "DEC-34"],
        NotificationType::NewMessages => &["CHAT-8.8", "CHAT-8.11", "DEC-33", "DEC-47"],
        other => panic!("name the rules of {other} in {}", file!()),
    }
}

/// What the kind is for, and the rules.
pub(super) fn when(kind: &NotificationType) -> &'static str {
    match kind {
        NotificationType::StatusChange => {
            "The state of the receiver's own part in the chat changed: offered, accepted, left, \
             completed, taken away (CHAT-8.3).\nThe first that a client hears of a chat (DEC-33), and \
             the last, with the final state (DEC-22)."
        }
        NotificationType::ParticipantsUpdated => {
            "Somebody joined or left, or is seen by others than before (CHAT-8.4); told to those who \
             have joined and see whom it\nis about. The state may be new, too."
        }
        NotificationType::PropertiesUpdated => {
            "An operation on user data, disposition or comment was accepted, whether or not it changed \
             anything (CHAT-8.5, DEC-5);\nSetInFocus tells the caller alone (DEC-20). `userData` is \
             always the whole map (CHAT-7.1-1)."
        }
        NotificationType::Error => {
            "An operation that was answered with 0 did not succeed after all, such as a consult that \
             was refused (CHAT-8.6, DEC-16,\nDEC-34). `errorCode` is the `statusCode` that an \
             immediate refusal would have had; see [status codes](status-codes.md)."
        }
        NotificationType::NewMessages => {
            "The transcript grew by entries that the receiver may see (CHAT-8.8); after Accept, the \
             whole history (CHAT-8.11).\nThe `messageType` is `MessageLogUpdated`, the chat is named by \
             `chatUri` and `chatPath`, and there is never a\n`referenceId` (DEC-33). Indices count \
             hidden entries, so receivers see gaps (DEC-47)."
        }
        // A kind that this page does not describe yet must not go unnoticed.
        other => panic!("describe {other} in {}", file!()),
    }
}

fn members(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members: &Map<String, Value> =
        schema["properties"].as_object().expect("a notification has members");
    members.iter().map(|(name, member)| (name.as_str(), member))
}

fn described(member: &Value) -> &str {
    member["description"].as_str().expect("every member is described")
}
