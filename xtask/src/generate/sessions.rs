//! The page of contact center sessions and readiness: every row of its tables is a request that the
//! server was sent when the page was made.

use std::fmt::Write as _;

use serde_json::Value;

use super::cases::Cases;

/// Operation, what it does, what there is to say beside the cases, and its rules.
const OPERATIONS: [(&str, &str, &str, &[&str]); 8] = [
    (
        "StartContactCenterSession",
        "Opens channels, at first not ready; in a session that is there, those it does not have.",
        "| Parameter | What it holds |\n|---|---|\n\
         | `channels` | an array of 1 to 32 names of 1 to 64 characters without `/`, `?` and `#`; what of it cannot be opened is told in the reply (DEC-60, PLAT-1.2-8) |\n\
         | *`place`*, *`devicePath`*, *`loginCode`*, *`queue`* | about telephones; they are not looked at (PLAT-3.3-3, PLAT-3.3-4, PLAT-3.3-5) |\n",
        &["PLAT-3.3-2", "PLAT-3.3-6", "PLAT-3.3-7", "PLAT-3.3-9", "DEC-60"],
    ),
    (
        "EndContactCenterSession",
        "Closes every channel, gives the chats back, and ends the HTTP session.",
        "Invitations are revoked, open chats return to their queue, and those in LeftChat are completed (DEC-42). \
         The cookie is no login any more; a held connect is answered with `reconnect` `none` (PLAT-3.4-3, DEC-45).\n",
        &["PLAT-3.4-1", "PLAT-3.4-2", "PLAT-3.4-3", "DEC-42", "DEC-45"],
    ),
    (
        "Ready",
        "Says that chats may be offered.",
        "A chat goes to the Ready agent of its queue who has waited longest and has room for it (DEC-40).\n",
        &["PLAT-3.5-1", "PLAT-3.5-2", "PLAT-3.5-3", "PLAT-3.5-4", "DEC-40"],
    ),
    (
        "NotReady",
        "Says that no chats are to be offered; those that are there go on.",
        "",
        &["PLAT-3.5-1", "PLAT-3.5-2", "PLAT-3.5-3", "PLAT-3.5-4"],
    ),
    (
        "DoNotDisturbOn",
        "Keeps chats away without a change of the state.",
        "The state stays what it was, and `dndState` becomes `On`; `voice` has none (PLAT-3.5-5). A supervisor may \
         only end it.\n",
        &["PLAT-3.5-2", "PLAT-3.5-5", "NOTIF-3.3-3"],
    ),
    (
        "DoNotDisturbOff",
        "Ends that.",
        "",
        &["PLAT-3.5-2", "PLAT-3.5-3", "PLAT-3.5-5", "NOTIF-3.3-3"],
    ),
    (
        "OutToLunch",
        "Says NotReady for a reason of the configuration.",
        "An example of a custom state: the `operationName`s are those of `GET /api/v2/settings/agent-states` \
         (PLAT-3.5-6).\n",
        &["PLAT-3.5-1", "PLAT-3.5-6"],
    ),
    (
        "Offline",
        "Logs an agent out of one channel; for supervisors.",
        "With the last channel the session ends; without `chat`, the chats are given back (PLAT-3.5-3).\n",
        &["PLAT-3.5-3", "PLAT-3.5-9", "DEC-42"],
    ),
];

pub(super) fn page(cases: &Cases) -> String {
    let mut out =
        super::header("Sessions and readiness", "crates/chat-http/src/routes, which are asked");
    out.push_str(INTRODUCTION);
    out.push_str("| Operation | What it does |\n|---|---|\n");
    for (name, does, ..) in OPERATIONS {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| [`{name}`](#{}) | {does} |", name.to_lowercase());
    }
    for (name, does, about, rules) in OPERATIONS {
        let _ = write!(out, "\n## {name}\n\n{does}\n");
        if !about.is_empty() {
            let _ = write!(out, "\n{about}");
        }
        section(&mut out, name, rules, cases);
    }
    out
}

const INTRODUCTION: &str = "\
An agent works in a contact center session: it has channels, each of them Ready or not, and chats are offered on `chat`
while it is Ready (DEC-40). Whoever falls silent becomes NotReady after a minute and is logged out after half an hour
(DEC-42).

The reply says that the operation was accepted; the new state is told on `/v2/me/channels`
([notifications](notifications.md#topics)), perhaps before the reply (PLAT-3.5-4). Every operation can also be refused
as [status codes](status-codes.md) says: nobody is logged in, or the body cannot be read. What to do with a chat:
[operations](operations.md).

| Address | Whose | Who may |
|---|---|---|
| `POST /api/v2/me` | all channels of the caller (PLAT-3.5-2) | everybody who is logged in |
| `POST /api/v2/me/channels/{channel}` | one channel of the caller (PLAT-3.5-1) | everybody who is logged in |
| `POST /api/v2/users/{userId}/channels/{channel}` | one channel of another agent (PLAT-3.5-3) | a role above agents (code 5 without) with the feature `api-supervisor-agent-control` (code 3 without; DEC-19) |

";

fn section(out: &mut String, name: &str, rules: &[&str], cases: &Cases) {
    let of_sessions = |case: &&Value| address(case).is_some();
    let mut cases: Vec<&Value> = cases.of(name).filter(of_sessions).collect();
    let succeeded: Vec<&Value> = cases.iter().filter(|case| case["http"] == 200).copied().collect();
    let example = succeeded.iter().find(|case| told(case).is_some()).or(succeeded.first());
    let example = example.unwrap_or_else(|| panic!("no case in which {name} succeeds"));
    let _ = write!(
        out,
        "\n`{}`:\n\n```json\n{}```\n",
        address_of(example),
        chat_model::schema::pretty(example["request"].clone()),
    );
    if let Some(data) = told(example) {
        let data = chat_model::schema::pretty(data.clone());
        let _ = write!(
            out,
            "\nThe agent hears on `/v2/me/channels` (NOTIF-3.3-1):\n\n```json\n{data}```\n"
        );
    }
    out.push_str("\n| Address | When | HTTP | Reply | The agent hears |\n|---|---|--:|---|---|\n");
    cases.sort_by_key(|case| case["http"].as_u64());
    let mut known: Vec<String> = Vec::new();
    for case in cases {
        let address = address(case).expect("it is of sessions");
        let about = case["about"].as_str().expect("a case says what it is about");
        let heard = told(case).map_or_else(|| "-".to_owned(), in_words);
        let reply = reply(&case["reply"]);
        let row = format!("| `{address}` | {about} | {} | {reply} | {heard} |\n", case["http"]);
        if !known.contains(&row) {
            out.push_str(&row);
            known.push(row);
        }
    }
    let _ = write!(out, "\nRules: {}\n", rules.join(", "));
}

/// The address as the table of routes has it; `None` for cases of other pages.
fn address(case: &Value) -> Option<&'static str> {
    match case["side"].as_str() {
        Some("session") => Some("/me"),
        Some("channel") => Some("/me/channels/{channel}"),
        Some("agentChannel") => Some("/users/{userId}/channels/{channel}"),
        _ => None,
    }
}

fn address_of(case: &Value) -> String {
    format!("POST {}", case["address"].as_str().expect("a case has an address"))
}

/// A success as it is, a refusal in words.
fn reply(reply: &Value) -> String {
    match reply["statusMessage"].as_str() {
        Some(why) => format!("code {}: {}", reply["statusCode"], why.replace('|', "\\|")),
        None => format!("`{reply}`"),
    }
}

/// What the agent heard, if anything.
fn told(case: &Value) -> Option<&Value> {
    case["told"].as_array()?.first().map(|event| &event["data"])
}

/// The channels and how they are.
fn in_words(data: &Value) -> String {
    let channels = data["channels"].as_array().into_iter().flatten();
    let each = channels.map(|channel| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let state = &channel["userState"];
        let (name, shown) = (text(&channel["channel"]), text(&state["displayName"]));
        match channel["dndState"].as_str() {
            Some("On") => format!("`{name}` {shown}, not to be disturbed"),
            _ => format!("`{name}` {shown}"),
        }
    });
    each.collect::<Vec<_>>().join("<br>")
}
