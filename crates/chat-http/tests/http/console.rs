//! `/console`: what is served there, what browsers are told beside it, and that somebody has to want it.

use std::sync::Arc;

use axum::Router;
use chat_http::{App, Config, ManualClock};
use chat_store::MemoryStore;

use crate::support::{Answer, Ask, Site};

const PATHS: [&str; 7] = [
    "/console",
    "/console/",
    "/console/customer",
    "/console/customer/",
    "/console/assets/agent.js",
    "/console/assets/console.css",
    "/console/cometd/cometd.js",
];

fn router(config: Config) -> Router {
    let store = MemoryStore::new(Arc::new(|| 0));
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    App::new(config, store, clock).unwrap().router()
}

fn demo() -> Config {
    Config::demo("127.0.0.1:8090".parse().unwrap())
}

/// A contact centre of somebody's own, with `more` among the settings of its server.
fn own(more: &str) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:8090\"\n\
         contact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n{more}\n"
    );
    Config::from_toml(&text).unwrap()
}

async fn get(config: Config, path: &str) -> Answer {
    Site::ask_router(router(config), Ask::get(path)).await
}

#[tokio::test]
async fn the_demo_contact_centre_has_it_and_others_have_it_if_they_say_so() {
    for path in PATHS {
        assert_eq!(get(demo(), path).await.status.as_u16(), 200, "{path}");
        get(own(""), path).await.assert_refused(404, 6, "address");
        get(own("console = false"), path).await.assert_refused(404, 6, "address");
        assert_eq!(get(own("console = true"), path).await.status.as_u16(), 200, "{path}");
    }
    let mut without = demo();
    without.server.console = false;
    get(without, "/console").await.assert_refused(404, 6, "address");
}

/// No guessing of types, no framing, nothing from elsewhere, nothing inline.
#[tokio::test]
async fn browsers_are_told_to_be_strict() {
    for (path, media_type) in [
        ("/console", "text/html; charset=utf-8"),
        ("/console/customer", "text/html; charset=utf-8"),
        ("/console/assets/agent.js", "text/javascript; charset=utf-8"),
        ("/console/assets/console.css", "text/css; charset=utf-8"),
        ("/console/assets/icon.svg", "image/svg+xml"),
        ("/console/cometd/Client.js", "text/javascript; charset=utf-8"),
        ("/console/cometd/LICENSE", "text/plain; charset=utf-8"),
    ] {
        let answer = get(demo(), path).await;
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(answer.cookie(), None, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    for path in PATHS {
        let first = get(demo(), path).await;
        let tag = first.header("etag").unwrap();
        let again = Ask::get(path).header("if-none-match", tag);
        let again = Site::ask_router(router(demo()), again).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_no_address() {
    for path in [
        "/console/other",
        "/console/assets/index.html",
        "/console/assets/cometd",
        "/console/assets/..%2Fdocs%2Fviewer.js",
        "/console/cometd/manifest.json",
        "/console/cometd/..%2Fagent.js",
        "/console/cometd/%ff",
    ] {
        get(demo(), path).await.assert_refused(404, 6, "address");
    }
}

/// The pages name what is beside them, whether or not they were asked for with a slash (PLAT-1.1-7).
#[tokio::test]
async fn links_lead_somewhere_with_and_without_a_slash() {
    for (path, here) in [
        ("/console", "console/"),
        ("/console/", ""),
        ("/console/customer", ""),
        ("/console/customer/", "../"),
    ] {
        let page = get(demo(), path).await.text;
        assert!(page.contains(&format!("href=\"{here}assets/console.css\"")), "{path}: {page}");
        assert!(!page.contains("{here}") && !page.contains("{demo}"), "{path}: {page}");
    }
}

/// The names and passwords of the demo are told where they are any good.
#[tokio::test]
async fn the_demos_people_are_named_in_the_demo_only() {
    let hint = |page: &str| {
        let start = page.find("In the demo contact centre").unwrap();
        page[..start].rsplit_once("<p").unwrap().1.contains("hidden")
    };
    assert!(!hint(&get(demo(), "/console").await.text));
    assert!(hint(&get(own("console = true"), "/console").await.text));
}
