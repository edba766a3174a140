//! PLAT-2.2, DEC-41, PLAT-1.6: whose page may act by an agent's cookie, and what pages are told.

use crate::support::{Answer, Ask, Site};

const START: &str = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
const HELLO: &str = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
const REQUEST_CHAT: &str = r#"{"operationName":"RequestChat","nickname":"Vic"}"#;
const NO_TOKEN: &str = r#"{"statusCode":3,"statusMessage":"Missing or invalid Csrf token"}"#;

fn protected() -> Site {
    Site::with(|config| config.server.csrf_protection = true)
}

fn start() -> Ask {
    Ask::post("/api/v2/me", START)
}

#[track_caller]
fn token(answer: &Answer) -> &str {
    assert_eq!(answer.header("x-csrf-header"), Some("X-CSRF-TOKEN"), "{answer:?}");
    answer.header("x-csrf-token").unwrap()
}

#[track_caller]
fn assert_no_token_told(answer: &Answer) {
    assert_eq!((answer.header("x-csrf-header"), answer.header("x-csrf-token")), (None, None));
}

/// PLAT-2.2-2, PLAT-2.2-3: the token of the reply opens what changes something, for its session.
#[tokio::test]
async fn what_changes_something_needs_the_sessions_token() {
    let site = protected();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let (cookie, told) = (login.cookie().unwrap(), token(&login));
    let shape: Vec<usize> = told.split('-').map(str::len).collect();
    assert_eq!(shape, [8, 4, 4, 4, 12], "{told}");
    assert!(!login.text.contains(told), "it is told in the header only");

    let other = site.ask(Ask::get("/api/v2/me").by("agent2")).await;
    assert_ne!(token(&other), told);
    let upper = told.to_ascii_uppercase();
    for wrong in [None, Some(""), Some("x"), Some(&*upper), Some(token(&other))] {
        let ask = start().cookie(cookie);
        let ask = match wrong {
            Some(token) => ask.header("x-csrf-token", token),
            None => ask,
        };
        let refused = site.ask(ask).await;
        assert_eq!((refused.status.as_u16(), &*refused.text), (403, NO_TOKEN), "{wrong:?}");
    }
    site.ask(start().cookie(cookie).header("x-csrf-token", told)).await.assert_ok();
    // It stays the same for as long as the session lives, on every node.
    for site in [&site, &site.restarted()] {
        let again = site.ask(Ask::get("/api/v2/me/channels").cookie(cookie)).await;
        assert_eq!((again.status.as_u16(), token(&again)), (200, told));
        let operation = Ask::operation("/api/v2/me/channels/chat", "Ready").cookie(cookie);
        site.ask(operation.header("x-csrf-token", told)).await.assert_ok();
    }
}

/// DEC-14: who asks comes before whether they meant it, and both before the body.
#[tokio::test]
async fn the_token_is_asked_for_after_the_login_and_before_the_body() {
    let site = protected();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let cookie = login.cookie().unwrap();
    site.ask(start()).await.assert_refused(403, 20, "Access denied");
    let broken = site.ask(Ask::post("/api/v2/me", "{").cookie(cookie)).await;
    assert_eq!(broken.text, NO_TOKEN);
    // An agent's chat, also under the address that visitors share, and every method.
    for path in ["/api/v2/me/chats/0000Wa9CAM6W00J", "/api/v2/chats/0000Wa9CAM6W00J"] {
        let refused = site.ask(Ask::operation(path, "Accept").cookie(cookie)).await;
        assert_eq!(refused.text, NO_TOKEN, "{path}");
        let read = site.ask(Ask::get(path).cookie(cookie)).await;
        read.assert_refused(404, 6, "");
        assert_eq!(token(&read), token(&login), "a refusal tells it too");
    }
}

/// DEC-41: what cannot know the token needs none.
#[tokio::test]
async fn notifications_and_visitors_need_no_token() {
    let site = protected();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let hello = Ask::post("/api/v2/notifications", HELLO).cookie(login.cookie().unwrap());
    assert_eq!(site.ask(hello).await.json()[0]["successful"], true);
    // A visitor whose browser has an agent's cookie, too.
    for ask in [
        Ask::post("/api/v2/chats", REQUEST_CHAT),
        Ask::post("/api/v2/chats", REQUEST_CHAT).cookie(login.cookie().unwrap()),
    ] {
        let opened = site.ask(ask).await;
        let path = opened.json()["path"].as_str().unwrap().to_owned();
        site.ask(Ask::operation(&path, "Complete")).await.assert_ok();
        assert_no_token_told(&opened);
    }
}

/// PLAT-2.2-3: without a session there is no token; credentials in a header are no browser's doing.
#[tokio::test]
async fn credentials_without_a_session_need_no_token() {
    let site = protected();
    let started = site.ask(start().by("agent1")).await;
    started.assert_ok();
    assert_no_token_told(&started);
    // A cookie of nobody, or of somebody else, is no session of theirs.
    let other = site.ask(Ask::get("/api/v2/me").by("agent2")).await;
    for cookie in ["JSESSIONID=00112233445566778899aabbccddeeff", other.cookie().unwrap()] {
        site.ask(start().by("agent1").cookie(cookie)).await.assert_ok();
    }
    // With a session of their own the token is theirs to send.
    let own = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let beside = || start().by("agent1").cookie(own.cookie().unwrap());
    assert_eq!(site.ask(beside()).await.text, NO_TOKEN);
    site.ask(beside().header("x-csrf-token", token(&own))).await.assert_ok();
    let anonymous = site.ask(Ask::get("/api/v2/me")).await;
    assert_no_token_told(&anonymous);
}

/// PLAT-2.2-1.
#[tokio::test]
async fn without_the_switch_nothing_is_told_or_asked() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    assert_no_token_told(&login);
    site.ask(start().cookie(login.cookie().unwrap())).await.assert_ok();
}

fn with_desk() -> Site {
    Site::with(|config| {
        config.server.external_url = Some("https://chat.example.com/api/v2".parse().unwrap());
        config.server.cors_origins = vec!["https://desk.example.com".parse().unwrap()];
    })
}

/// docs/decisions/0008: the cookie alone does nothing for a page from elsewhere, with and without a
/// content type (a script can send a body without one and need not ask first).
#[tokio::test]
async fn a_strangers_page_has_nothing_done_by_the_cookie() {
    let site = with_desk();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let cookie = login.cookie().unwrap();
    let undeclared = |path: &str, body: &'static str| {
        let mut ask = Ask::post(path, body);
        ask.0.headers_mut().remove("content-type");
        ask
    };
    for (path, body) in [
        ("/api/v2/me", START),
        ("/api/v2/me/channels/chat", r#"{"operationName":"Ready"}"#),
        ("/api/v2/chats/0000Wa9CAM6W00J", r#"{"operationName":"Leave"}"#),
        ("/api/v2/notifications", HELLO),
        ("/api/v2/notifications/handshake", HELLO),
    ] {
        for origin in ["https://evil.example.com", "null", "http://chat.example.com"] {
            let refused = site.ask(undeclared(path, body).cookie(cookie).header("origin", origin));
            refused.await.assert_refused(403, 3, "configured origin");
        }
        let quiet = undeclared(path, body).cookie(cookie).header("sec-fetch-site", "cross-site");
        site.ask(quiet).await.assert_refused(403, 3, "configured origin");
    }
    for origin in ["https://desk.example.com", "https://chat.example.com"] {
        site.ask(start().cookie(cookie).header("origin", origin)).await.assert_ok();
    }
    // A browser adds no credentials on its own, and a program may say what it likes.
    let evil = "https://evil.example.com";
    site.ask(start().by("agent1").header("origin", evil)).await.assert_ok();
    // Reading does nothing; that the page cannot read the reply is the browser's part.
    let read = site.ask(Ask::get("/api/v2/me").cookie(cookie).header("origin", evil)).await;
    assert_eq!((read.status.as_u16(), read.header("access-control-allow-origin")), (200, None));
}

/// A websocket's opening is a GET that asks no leave.
#[tokio::test]
async fn a_strangers_page_opens_no_websocket_by_the_cookie() {
    let site = with_desk();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let upgrade = |path: &str| {
        Ask::get(path)
            .cookie(login.cookie().unwrap())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    for path in ["/api/v2/notifications", "/api/v2/notifications/connect"] {
        let refused = site.ask(upgrade(path).header("origin", "https://evil.example.com")).await;
        refused.assert_refused(403, 3, "configured origin");
        let ours = site.ask(upgrade(path).header("origin", "https://desk.example.com")).await;
        assert_ne!(ours.status, 403, "{ours:?}");
    }
}

/// PLAT-1.6-1 to 1.6-3: every route answers the browser's question, for origins of the configuration.
#[tokio::test]
async fn every_route_answers_preflights_of_configured_origins() {
    let site = with_desk();
    let mut paths: Vec<_> = chat_http::routes()
        .map(|route| route.path().replace("{*suffix}", "connect").replace(['{', '}'], ""))
        .collect();
    paths.push("/api/v2/me/".to_owned());
    paths.push("/api/v2/chats/6d7466c8-6a21-4e64-b51e-0308e34995ec/messages".to_owned());
    for path in paths {
        let preflight = |origin: &str| {
            Ask::new("OPTIONS", &path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type,x-csrf-token")
        };
        let answer = site.ask(preflight("https://desk.example.com")).await;
        answer.assert_ok();
        for (name, value) in [
            ("access-control-allow-origin", "https://desk.example.com"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "GET,POST,PUT,DELETE,OPTIONS"),
            ("access-control-max-age", "120"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let allowed = answer.header("access-control-allow-headers").unwrap().to_lowercase();
        let allowed: Vec<&str> = allowed.split(',').collect();
        for header in "X-Requested-With,Content-Type,Accept,Origin,Cookie,authorization,ssid,surl,\
             ContactCenterId,X-CSRF-TOKEN,Idempotency-Key"
            .split(',')
        {
            assert!(allowed.contains(&&*header.to_lowercase()), "{header}");
        }
        let stranger = site.ask(preflight("https://evil.example.com")).await;
        assert_told_nothing(&stranger);
    }
}

#[track_caller]
fn assert_told_nothing(answer: &Answer) {
    let mut names = answer.headers.keys().map(|name| name.as_str());
    assert_eq!(names.find(|name| name.starts_with("access-control-")), None, "{answer:?}");
    assert_eq!(answer.header("vary"), Some("Origin"), "a cache must not mix them up");
}

/// PLAT-1.6: whatever the answer, the page of a configured origin can read it and its headers.
#[tokio::test]
async fn replies_are_for_configured_origins_to_read() {
    let site = with_desk();
    let ask = |ask: Ask, origin: &str| site.ask(ask.header("origin", origin));
    for (make, http) in [
        (|| Ask::get("/api/v2/me").by("agent1"), 200),
        (|| Ask::get("/api/v2/me"), 403),
        (|| Ask::get("/api/v2/nothing"), 404),
        (|| Ask::new("PUT", "/api/v2/me"), 405),
        (|| Ask::post("/api/v2/chats", REQUEST_CHAT), 200),
        (|| Ask::post("/api/v2/chats", "{"), 400),
        (|| Ask::post("/api/v2/notifications", HELLO).by("agent1"), 200),
    ] as [(fn() -> Ask, u16); 7]
    {
        let answer = ask(make(), "https://desk.example.com").await;
        assert_eq!(answer.status, http);
        let header = |name| answer.header(name).unwrap_or_default().to_lowercase();
        assert_eq!(header("access-control-allow-origin"), "https://desk.example.com");
        assert_eq!(header("access-control-allow-credentials"), "true");
        let exposed = "x-csrf-header,x-csrf-token,x-request-id";
        assert_eq!(header("access-control-expose-headers"), exposed);
        assert_eq!(header("vary"), "origin");
        for origin in ["https://evil.example.com", "null", "https://desk.example.com.evil.example"]
        {
            assert_told_nothing(&ask(make(), origin).await);
        }
        assert_told_nothing(&site.ask(make()).await);
    }
    // An OPTIONS that asks for no method is no preflight.
    let options = ask(Ask::new("OPTIONS", "/api/v2/me"), "https://desk.example.com").await;
    options.assert_refused(405, 3, "method");
}
