//! PLAT-2.1: who may come in, and what an HTTP session is.

use crate::support::{Ask, Site};

const DENIED: &str = r#"{"statusCode":20,"statusMessage":"Access denied"}"#;

/// PLAT-1.2-c20, PLAT-2.1-7: the same answer whatever is wrong.
#[tokio::test]
async fn whoever_does_not_show_who_they_are_is_denied() {
    let site = Site::new();
    for ask in [
        Ask::get("/api/v2/me"),
        Ask::get("/api/v2/me").basic(b"agent1:wrong"),
        Ask::get("/api/v2/me").basic(b"agent1:"),
        Ask::get("/api/v2/me").basic(b"nobody:nobody"),
        Ask::get("/api/v2/me").basic(b"agent1"),
        Ask::get("/api/v2/me").basic(b"AGENT1:agent1"),
        Ask::get("/api/v2/me").header("authorization", "Bearer x"),
        Ask::get("/api/v2/me").cookie("JSESSIONID=0123456789abcdef0123456789abcdef"),
        Ask::get("/api/v2/me").cookie("JSESSIONID="),
        Ask::get("/api/v2/me/channels"),
        Ask::operation("/api/v2/me", "Ready"),
        Ask::operation("/api/v2/me/channels/chat", "Ready"),
    ] {
        let what = format!("{:?}", ask.0);
        let answer = site.ask(ask).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (403, DENIED), "{what}");
        assert_eq!(answer.header("www-authenticate"), None, "{what}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    }
}

/// PLAT-2.1-2: credentials once and then the cookie.
#[tokio::test]
async fn a_cookie_from_get_me_suffices() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    assert_eq!(login.status, 200);
    let set = login.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let cookie = login.cookie().unwrap();
    let value = cookie.strip_prefix("JSESSIONID=").unwrap();
    assert!(value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit()), "{value}");

    let again = site.ask(Ask::get("/api/v2/me").cookie(cookie)).await;
    assert_eq!(again.json()["user"]["userName"], "agent1");
    assert_eq!(again.header("set-cookie"), None);
    // With its own credentials beside it the session goes on; nobody gets a second one.
    let both = site.ask(Ask::get("/api/v2/me").cookie(cookie).by("agent1")).await;
    assert_eq!(both.json()["user"]["userName"], "agent1");
    assert_eq!(both.header("set-cookie"), None);
}

/// Clients of several users in one process may share a cookie jar: who shows credentials is who
/// they say, or nobody.
#[tokio::test]
async fn credentials_count_more_than_somebody_elses_cookie() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let cookie = login.cookie().unwrap();
    let other = site.ask(Ask::get("/api/v2/me").cookie(cookie).by("agent2")).await;
    assert_eq!(other.json()["user"]["userName"], "agent2");
    assert!(other.cookie().is_some_and(|own| own != cookie));
    for unusable in [&b"agent2:x"[..], b"agent1", b""] {
        let ask = Ask::get("/api/v2/me").cookie(cookie).basic(unusable);
        let wrong = site.ask(ask).await;
        assert_eq!((wrong.status.as_u16(), wrong.text.as_str()), (403, DENIED), "{unusable:?}");
    }
}

/// DEC-42: requests with Basic and no cookie open no HTTP session, except GET /me.
#[tokio::test]
async fn only_get_me_opens_a_session() {
    let site = Site::new();
    for ask in [
        Ask::get("/api/v2/me/channels"),
        Ask::post(
            "/api/v2/me",
            r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#,
        ),
        Ask::operation("/api/v2/me/channels/chat", "Ready"),
    ] {
        let answer = site.ask(ask.by("agent1")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("set-cookie")),
            (200, None),
            "{answer:?}"
        );
    }
    // A dead cookie is as none.
    let stale =
        Ask::get("/api/v2/me").by("agent1").cookie("JSESSIONID=00112233445566778899aabbccddeeff");
    assert!(site.ask(stale).await.cookie().is_some());
}

/// PLAT-1.1-2, PLAT-2.1-3: 1,800 s without a request end a session; requests keep it alive.
#[tokio::test]
async fn a_session_lives_as_long_as_it_is_used() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let me = || Ask::get("/api/v2/me").cookie(login.cookie().unwrap());
    for _ in 0..5 {
        site.clock.advance(1_799_000);
        assert_eq!(site.ask(me()).await.status, 200);
    }
    // Often used within the time that the cache answers, then not at all.
    for _ in 0..20 {
        site.clock.advance(700);
        assert_eq!(site.ask(me()).await.status, 200);
    }
    site.clock.advance(1_800_000);
    assert_eq!(site.ask(me()).await.status, 200);
    // The time that a poll may be held, and that nobody looks, come on top.
    site.clock.advance(1_840_000);
    assert_eq!(site.ask(me()).await.text, DENIED);
}

/// STORE: sessions are leases, so another node or a restarted one knows them.
#[tokio::test]
async fn a_session_survives_a_restart() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let other = site.restarted();
    let me = || Ask::get("/api/v2/me").cookie(login.cookie().unwrap());
    assert_eq!(other.ask(me()).await.json()["user"]["userName"], "agent1");
    // And its end is seen by both: at once where it ended, within the cache's trust elsewhere.
    let end = Ask::operation("/api/v2/me", "EndContactCenterSession");
    other.ask(end.cookie(login.cookie().unwrap())).await.assert_ok();
    assert_eq!(other.ask(me()).await.text, DENIED);
    site.clock.advance(2_000);
    assert_eq!(site.ask(me()).await.text, DENIED);
}

/// Clients that drop cookies open a session with every GET /me; they cannot fill the store.
#[tokio::test]
async fn a_user_keeps_a_bounded_number_of_sessions() {
    let site = Site::with(|config| config.limits.max_http_sessions_per_user = 2);
    let mut cookies = Vec::new();
    for _ in 0..3 {
        let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
        cookies.push(login.cookie().unwrap().to_owned());
    }
    let mut alive = Vec::new();
    for cookie in &cookies {
        alive.push(site.ask(Ask::get("/api/v2/me").cookie(cookie)).await.status == 200);
    }
    assert_eq!(alive, [false, true, true]);
}

/// PLAT-2.1-2: a client of ISO-8859-1 and one of UTF-8 are the same user.
#[tokio::test]
async fn names_and_passwords_may_be_utf_8_or_iso_8859_1() {
    let site = Site::with(|config| {
        config.users[0].name = "müller".to_owned();
        config.users[0].password_hash = chat_http::hash_password("größe").parse().unwrap();
    });
    for credentials in ["müller:größe".as_bytes(), b"m\xfcller:gr\xf6\xdfe"] {
        let answer = site.ask(Ask::get("/api/v2/me").basic(credentials)).await;
        assert_eq!(answer.json()["user"]["userName"], "müller");
    }
}

/// What was verified once is not taken for another password.
#[tokio::test]
async fn a_remembered_password_is_only_that_password() {
    let site = Site::new();
    assert_eq!(site.ask(Ask::get("/api/v2/me/channels").by("agent1")).await.status, 200);
    for credentials in [&b"agent1:agent2"[..], b"agent2:agent1", b"agent1:agent1 "] {
        let answer = site.ask(Ask::get("/api/v2/me/channels").basic(credentials)).await;
        assert_eq!(answer.text, DENIED);
    }
    assert_eq!(site.ask(Ask::get("/api/v2/me/channels").by("agent1")).await.status, 200);
    site.clock.advance(601_000);
    assert_eq!(site.ask(Ask::get("/api/v2/me/channels").by("agent1")).await.status, 200);
    let metrics = site.ask(Ask::get("/metrics")).await.text;
    assert!(metrics.contains("chat_logins_total{result=\"accepted\"} 3"), "{metrics}");
    assert!(metrics.contains("chat_logins_total{result=\"refused\"} 3"), "{metrics}");
}

/// Cookies behind TLS are for TLS only.
#[tokio::test]
async fn cookies_are_secure_where_that_is_configured() {
    let site = Site::with(|config| config.server.secure_cookies = true);
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let set = login.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
}
