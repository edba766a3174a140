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
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        r#type: &'a str,
        phone_numbers: [(); 0],
        user_name: &'a str,
        first_name: &'a str,
        last_name: &'a str,
        employee_id: &'a str,
        email_address: &'a str,
        roles: &'a [String],
        uri: &'a str,
        path: &'a str,
    }
    let path = format!("/contacts/{}", user.id);
    let uri = format!("{base}{path}");
    let printed = Printed {
        id: user.id.as_str(),
        name: &user.name,
        r#type: "User",
        phone_numbers: [],
        user_name: &user.name,
        first_name: &user.first_name,
        last_name: &user.last_name,
        employee_id: &user.name,
        email_address: &user.email_address,
        roles: &user.roles,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

fn of_queue(base: &str, queue: &Queue) -> Item {
    #[derive(Serialize)]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        r#type: &'a str,
        channel: &'a str,
        uri: &'a str,
        path: &'a str,
    }
    let path = format!("/contacts/{}", queue.id);
    let uri = format!("{base}{path}");
    let printed = Printed {
        id: &queue.id,
        name: queue.name.as_str(),
        r#type: "Queue",
        channel: CHAT_CHANNEL,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
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
