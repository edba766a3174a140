//! Whom an agent can turn to: colleagues and queues, as contacts (PLAT-1.3-16).

use chat_model::{StatusCode, UserId};
use serde::Serialize;

use crate::collection::Item;
use crate::config::{Queue, User};
use crate::query::Query;
use crate::reply::Refusal;
use crate::roster::CHAT_CHANNEL;
use crate::server::Server;

/// The one predefined search of the documents.
const MATCHES: &str = "NamesOrPhoneNumberMatches";

/// Every contact that the search leaves, users first, each in the order of the configuration.
pub(crate) fn contacts(server: &Server, search: &Search) -> Vec<Item> {
    let base = server.rules.base();
    let users = server.roster.users().filter(|user| {
        !user.disabled
            && search.finds(&[
                user.name.as_str(),
                user.first_name.as_str(),
                user.last_name.as_str(),
            ])
    });
    let queues = server.roster.queues().iter();
    let queues = queues.filter(|queue| search.finds(&[queue.name.as_str()]));
    users.map(|user| of_user(base, user)).chain(queues.map(|queue| of_queue(base, queue))).collect()
}

/// The contact with this id.
pub(crate) fn contact(server: &Server, id: &str) -> Option<Item> {
    let base = server.rules.base();
    match server.roster.employed(&UserId::from(id)) {
        Some(user) => Some(of_user(base, user)),
        None => server.roster.queues().iter().find(|q| q.id == id).map(|q| of_queue(base, q)),
    }
}

/// The predefined search that the query names; everything is found without one (PLAT-1.3-11).
///
/// # Errors
/// Code 10 for a search that this server does not have.
pub(crate) fn search(query: &Query<'_>) -> Result<Search, Refusal> {
    match query.get("filterName") {
        None | Some("") => Ok(Search(Vec::new())),
        Some(MATCHES) => {
            let patterns = query.get("filterParameters").unwrap_or_default().split(',');
            let patterns = patterns.map(|text| text.trim().to_lowercase());
            Ok(Search(patterns.filter(|text| !text.is_empty()).collect()))
        }
        Some(other) => Err(Refusal::new(
            StatusCode::InvalidValue,
            format!("expected the filterName {MATCHES}, found {other:?}"),
        )),
    }
}

/// Patterns, in lower case, each of which one of a contact's names must fit.
#[derive(Debug)]
pub(crate) struct Search(Vec<String>);

impl Search {
    fn finds(&self, names: &[&str]) -> bool {
        let names: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        self.0.iter().all(|pattern| names.iter().any(|name| fits(name, pattern)))
    }
}

/// Whether the text is as the pattern has it, where `*` is anything.
///
/// The parts between the stars are looked for from the left, each behind the one before, so the work
/// grows with the length of both and not with the number of ways to fit them.
fn fits(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// The members of a captured reply in its order, and what the documents print besides.
fn of_user(base: &str, user: &User) -> Item {
    let path = format!("/contacts/{}", user.id);
    let uri = format!("{base}{path}");
    let printed = ContactResource {
        id: user.id.as_str(),
        name: &user.name,
        r#type: "User",
        channel: None,
        phone_numbers: Some([]),
        user_name: Some(&user.name),
        first_name: Some(&user.first_name),
        last_name: Some(&user.last_name),
        employee_id: Some(&user.name),
        email_address: Some(&user.email_address),
        roles: Some(&user.roles),
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

fn of_queue(base: &str, queue: &Queue) -> Item {
    let path = format!("/contacts/{}", queue.id);
    let uri = format!("{base}{path}");
    let printed = ContactResource {
        id: &queue.id,
        name: queue.name.as_str(),
        r#type: "Queue",
        channel: Some(CHAT_CHANNEL),
        phone_numbers: None,
        user_name: None,
        first_name: None,
        last_name: None,
        employee_id: None,
        email_address: None,
        roles: None,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

/// Somebody or something that an agent can turn to (PLAT-1.3-16).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Contact"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactResource<'a> {
    /// The id of the user or of the queue.
    id: &'a str,
    /// The name.
    name: &'a str,
    /// What it is.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["User", "Queue"])))]
    r#type: &'a str,
    /// The medium of a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    /// The telephones of a user, of which there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_numbers: Option<[(); 0]>,
    /// The name with which a user logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    /// The first name of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    /// The last name of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    /// The name with which a user logs in, again.
    #[serde(skip_serializing_if = "Option::is_none")]
    employee_id: Option<&'a str>,
    /// The address for e-mail of a user; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
    /// What a user may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<&'a [String]>,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, found, not) in [
            ("amy", &["amy"][..], &["amyx", "xamy", ""][..]),
            ("a*", &["a", "amy"], &["bamy", ""]),
            ("*y", &["y", "amy"], &["amyx"]),
            ("*m*", &["m", "amy"], &["any"]),
            ("a*m*y", &["amy", "axmxy"], &["aym", "my"]),
            ("*", &["", "amy"], &[]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("**", &["", "x"], &[]),
        ] {
            for text in found {
                assert!(fits(text, pattern), "{pattern} {text}");
            }
            for text in not {
                assert!(!fits(text, pattern), "{pattern} {text}");
            }
        }
    }
}
