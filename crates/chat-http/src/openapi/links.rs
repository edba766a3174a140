//! From one reply to the next request: how tools walk from a chat that was asked for to its transcript,
//! and from every collection to what is in it.

use serde_json::{Map, Value, json};

use crate::routes::{Route, Shape, all};

/// An operation that goes on from another one: its name there, the operation, what it is told of the
/// reply or the request, and what it says.
struct Link {
    from: &'static str,
    name: &'static str,
    to: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    body: Option<&'static str>,
    about: &'static str,
}

/// Those that no table implies.
const LINKS: &[Link] = &[
    Link {
        from: "requestChat",
        name: "refresh",
        to: "readChat",
        parameters: &[("path.id", "$response.body#/id")],
        body: None,
        about: "The chat that was opened.",
    },
    Link {
        from: "requestChat",
        name: "messages",
        to: "readTranscript",
        parameters: &[("path.id", "$response.body#/id")],
        body: None,
        about: "What is said in the chat that was opened.",
    },
    Link {
        from: "requestChat",
        name: "say",
        to: "operateChat",
        parameters: &[("path.id", "$response.body#/id")],
        body: Some(r#"{"operationName":"SendMessage","text":"Hello?"}"#),
        about: "Something to say in the chat that was opened.",
    },
    Link {
        from: "requestChat",
        name: "complete",
        to: "operateChat",
        parameters: &[("path.id", "$response.body#/id")],
        body: Some(r#"{"operationName":"Complete"}"#),
        about: "The end of the chat that was opened.",
    },
    Link {
        from: "operateChat",
        name: "refresh",
        to: "readChat",
        parameters: &[("path.id", "$request.path.id")],
        body: None,
        about: "The chat as it is now.",
    },
    Link {
        from: "operateChat",
        name: "messages",
        to: "readTranscript",
        parameters: &[("path.id", "$request.path.id")],
        body: None,
        about: "What is said in the chat.",
    },
    Link {
        from: "listMyChats",
        name: "messages",
        to: "readMyTranscript",
        parameters: &[("path.id", "$response.body#/chats/0/id")],
        body: None,
        about: "What is said in the first chat; needs `fields=id` or more.",
    },
    Link {
        from: "listMyChats",
        name: "accept",
        to: "operateMyChat",
        parameters: &[("path.id", "$response.body#/chats/0/id")],
        body: Some(r#"{"operationName":"Accept","nickname":"Amy"}"#),
        about: "Takes the first chat; needs `fields=id` or more.",
    },
    Link {
        from: "operateMyChat",
        name: "refresh",
        to: "readMyChat",
        parameters: &[("path.id", "$request.path.id")],
        body: None,
        about: "The chat as it is now.",
    },
    Link {
        from: "operateMyChat",
        name: "messages",
        to: "readMyTranscript",
        parameters: &[("path.id", "$request.path.id")],
        body: None,
        about: "What is said in the chat.",
    },
    Link {
        from: "readMyChat",
        name: "messages",
        to: "readMyTranscript",
        parameters: &[("path.id", "$request.path.id")],
        body: None,
        about: "What is said in the chat.",
    },
    Link {
        from: "readMe",
        name: "user",
        to: "readUser",
        parameters: &[("path.id", "$response.body#/user/id")],
        body: None,
        about: "The user as colleagues find the user.",
    },
    Link {
        from: "readMe",
        name: "chats",
        to: "listMyChats",
        parameters: &[],
        body: None,
        about: "The user's chats.",
    },
    Link {
        from: "operateMe",
        name: "channels",
        to: "listMyChannels",
        parameters: &[],
        body: None,
        about: "The channels as they are now.",
    },
    Link {
        from: "listMyChannels",
        name: "ready",
        to: "operateMyChannel",
        parameters: &[("path.channel", "$response.body#/channels/0/channel")],
        body: Some(r#"{"operationName":"Ready"}"#),
        about: "Makes the first channel ready.",
    },
    Link {
        from: "listSettings",
        name: "group",
        to: "readSettings",
        parameters: &[("path.group", "$response.body#/settings/0/name")],
        body: None,
        about: "What is in the first group.",
    },
];

/// The links of a successful reply.
pub(super) fn of(route: &Route) -> Map<String, Value> {
    let mut links = Map::new();
    if let Some((name, link)) = into_collection(route) {
        links.insert(name, link);
    }
    for link in LINKS.iter().filter(|link| link.from == route.name()) {
        let parameters: Map<String, Value> =
            link.parameters.iter().map(|(name, from)| ((*name).to_owned(), json!(from))).collect();
        let mut written = json!({ "operationId": link.to, "description": link.about });
        if !parameters.is_empty() {
            written["parameters"] = Value::Object(parameters);
        }
        if let Some(body) = link.body {
            written["requestBody"] = serde_json::from_str(body).unwrap_or_default();
        }
        links.insert(link.name.to_owned(), written);
    }
    links
}

/// From a collection to its first member, whose address is one part longer.
fn into_collection(route: &Route) -> Option<(String, Value)> {
    let Shape::Many(kind) = route.shape else { return None };
    let within = format!("{}/{{", route.path());
    let member = all().find(|other| {
        matches!(other.shape, Shape::One(_))
            && other.path().strip_prefix(&within).is_some_and(|rest| !rest.contains('/'))
    })?;
    let part = member.path()[within.len()..].trim_end_matches('}');
    let from = format!("$response.body#/{}/0/{part}", kind.plural);
    Some((
        "first".to_owned(),
        json!({
            "operationId": member.name(),
            "description": format!("The first {}; needs `fields={part}` or more.", kind.singular),
            "parameters": { format!("path.{part}"): from },
        }),
    ))
}
