//! `/docs`: what is served there, what browsers are told beside it, and that it can be switched off.

use std::sync::Arc;

use axum::Router;
use chat_http::{App, Config, Documents, Extras, ManualClock};
use chat_store::MemoryStore;

use crate::support::{Answer, Ask, Site};

const DOCUMENT: &str = r#"{"openapi":"3.1.1"}"#;
const SCHEMA: &str = r#"{"type":"object"}"#;

fn site(change: impl FnOnce(&mut Config)) -> Router {
    let mut config = Config::demo("127.0.0.1:8090".parse().unwrap());
    change(&mut config);
    let mut extras = Extras::default();
    extras.documents =
        Documents::new().with("openapi.json", DOCUMENT).with("schema/operation.json", SCHEMA);
    let store = MemoryStore::new(Arc::new(|| 0));
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    App::with(config, store, clock, extras).unwrap().router()
}

async fn get(path: &str) -> Answer {
    Site::ask_router(site(|_| ()), Ask::get(path)).await
}

#[tokio::test]
async fn what_the_host_brought_is_served_as_it_is() {
    for (path, expected) in [
        ("/docs/openapi.json", DOCUMENT),
        ("/docs/openapi.json/", DOCUMENT),
        ("/docs/schema/operation.json", SCHEMA),
    ] {
        let answer = get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, expected), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_no_address() {
    for path in [
        "/docs/asyncapi.json",
        "/docs/schema/chat.json",
        "/docs/schema/operation",
        "/docs/schema/..%2Fopenapi.json",
        "/docs/schema/%ff",
        "/docs/assets/index.html",
        "/docs/assets/..%2F..%2FCargo.toml",
        "/docs/assets/manifest.json",
        "/docs/other",
    ] {
        get(path).await.assert_refused(404, 6, "address");
    }
}

#[tokio::test]
async fn it_can_be_switched_off() {
    for path in [
        "/docs",
        "/docs/",
        "/docs/openapi.json",
        "/docs/schema/operation.json",
        "/docs/assets/viewer.js",
    ] {
        let router = site(|config| config.server.docs = false);
        Site::ask_router(router, Ask::get(path)).await.assert_refused(404, 6, "address");
    }
}

/// Each part of the page, and the page: no guessing of types, no framing, nothing from elsewhere.
#[tokio::test]
async fn browsers_are_told_to_be_strict() {
    for (path, media_type, is_compressed) in [
        ("/docs", "text/html; charset=utf-8", false),
        ("/docs/assets/viewer.js", "text/javascript; charset=utf-8", false),
        ("/docs/assets/viewer.css", "text/css; charset=utf-8", false),
        ("/docs/assets/icon.svg", "image/svg+xml", false),
        ("/docs/assets/swagger-ui-bundle.js", "text/javascript; charset=utf-8", true),
        ("/docs/assets/swagger-ui.css", "text/css; charset=utf-8", true),
        ("/docs/assets/swagger-ui-LICENSE", "text/plain; charset=utf-8", false),
        ("/docs/assets/swagger-ui-NOTICE", "text/plain; charset=utf-8", false),
        ("/docs/assets/swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8", false),
        ("/docs/openapi.json", "application/json", false),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        let coding = is_compressed.then_some("gzip");
        assert_eq!(answer.header("content-encoding"), coding, "{path}");
        assert_eq!(answer.header("vary"), is_compressed.then_some("accept-encoding"), "{path}");
    }
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    for path in ["/docs", "/docs/openapi.json", "/docs/assets/swagger-ui.css"] {
        let first = get(path).await;
        let tag = first.header("etag").unwrap().to_owned();
        let ask = |tag: &str| Ask::get(path).header("if-none-match", tag);
        let again = Site::ask_router(site(|_| ()), ask(&tag)).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), Some(&*tag), "{path}");
        assert_eq!(again.header("cache-control"), Some("no-cache"), "{path}");
        let other = Site::ask_router(site(|_| ()), ask("\"other\"")).await;
        assert_eq!((other.status.as_u16(), other.text), (200, first.text), "{path}");
    }
}

#[tokio::test]
async fn who_takes_no_gzip_is_told_so() {
    let ask = |coding| Ask::get("/docs/assets/swagger-ui.css").header("accept-encoding", coding);
    let refused = Site::ask_router(site(|_| ()), ask("identity")).await;
    refused.assert_refused(406, 10, "gzip");
    let taken = Site::ask_router(site(|_| ()), ask("gzip, br")).await;
    assert_eq!(taken.status.as_u16(), 200);
}

/// The page names what is beside it, whether or not it was asked for with a slash (PLAT-1.1-7).
#[tokio::test]
async fn links_lead_somewhere_with_and_without_a_slash() {
    for (path, beside) in [("/docs", "docs/"), ("/docs/", "")] {
        let page = get(path).await.text;
        assert!(page.contains(&format!("src=\"{beside}assets/viewer.js\"")), "{path}: {page}");
        assert!(!page.contains("{here}"), "{page}");
    }
}
