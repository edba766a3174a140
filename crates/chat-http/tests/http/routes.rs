//! The table of routes: what it says of a route is what the route does.

use std::collections::BTreeSet;

use chat_http::{Access, Route, routes};

use crate::support::{Ask, Site};

/// A path that fits the pattern.
fn path(route: &Route) -> String {
    let fill = [
        ("{channel}", "chat"),
        ("{file}", "viewer.js"),
        ("{group}", "agent-states"),
        ("{userId}", "a5e9c0ffee0000000000000000000001"),
        ("{chatId}", "0000000000000001"),
        ("{*suffix}", "handshake"),
        ("{id}", "0000000000000001"),
    ];
    fill.iter().fold(route.path().to_owned(), |path, (name, value)| path.replace(name, value))
}

/// PLAT-1.2-c20, DEC-19, DEC-46: with the slash at the end as well (PLAT-1.1-7).
#[tokio::test]
async fn every_route_lets_in_whom_the_table_says() {
    let site = Site::new();
    for route in routes() {
        let path = path(route);
        assert!(!path.contains('{'), "{route:?}: fill in {path}");
        let what = format!("{route:?}");
        let method = route.method().as_str();
        let mut paths = vec![path.clone()];
        if !route.path().contains("{*") {
            paths.push(format!("{path}/"));
        }
        for path in &paths {
            let ask = |user: Option<&str>| {
                let ask = Ask::new(method, path);
                user.map_or(Ask::new(method, path), |user| ask.by(user))
            };
            let code = async |user| {
                let answer = site.ask(ask(user)).await;
                let code = serde_json::from_str::<serde_json::Value>(&answer.text)
                    .ok()
                    .and_then(|json| json["statusCode"].as_u64());
                (answer.status.as_u16(), code)
            };
            let denied = (403, Some(20));
            let role = (403, Some(5));
            let (stranger, agent) = (code(None).await, code(Some("agent1")).await);
            match route.access() {
                Access::Login | Access::VisitorOrLogin => {
                    assert_eq!(stranger, denied, "{what}");
                    assert!(agent != denied && agent != role, "{what}: {agent:?}");
                }
                Access::Supervisor => {
                    assert_eq!((stranger, agent), (denied, role), "{what}");
                    let supervisor = code(Some("supervisor1")).await;
                    assert!(supervisor != denied && supervisor != role, "{what}: {supervisor:?}");
                }
                Access::Anybody => assert_ne!(stranger, denied, "{what}"),
                other => panic!("{what}: who are {other:?}?"),
            }
        }
    }
}

/// The visitor's half of DEC-46: a UUID needs no login, whoever asks.
#[tokio::test]
async fn what_visitors_may_use_needs_no_login() {
    let site = Site::new();
    for route in routes().filter(|route| route.access() == Access::VisitorOrLogin) {
        let path = route.path().replace("{id}", "c4b5a7a0-0000-4000-8000-000000000001");
        let ask = match route.method().as_str() {
            "POST" => Ask::operation(&path, "SendStartTypingNotification"),
            method => Ask::new(method, &path),
        };
        site.ask(ask).await.assert_refused(404, 6, "chat");
    }
}

/// Each is there once, says what it is for, and cites a rule if it belongs to the interface. That
/// the rules exist is a house rule of its own.
#[test]
fn the_table_is_complete() {
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    for route in routes() {
        assert!(names.insert(route.name()), "two of one name: {route:?}");
        assert!(seen.insert((route.method().as_str(), route.path())), "twice: {route:?}");
        assert!(route.summary().ends_with('.'), "{route:?}: {:?}", route.summary());
        assert!(!route.path().ends_with('/'), "{route:?}");
        let is_interface =
            ["/api/", "/internal-api/"].iter().any(|at| route.path().starts_with(at));
        assert_eq!(!route.rules().is_empty(), is_interface, "{route:?}");
    }
}
