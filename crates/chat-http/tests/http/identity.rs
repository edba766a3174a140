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

/// Browsers send the cookie as widely as the configuration says; widely only over TLS.
#[tokio::test]
async fn cookies_go_as_far_as_configured() {
    for (same_site, secure, attributes) in [
        ("lax", false, "; Path=/; HttpOnly; SameSite=Lax"),
        ("strict", false, "; Path=/; HttpOnly; SameSite=Strict"),
        ("strict", true, "; Path=/; HttpOnly; SameSite=Strict; Secure"),
        ("none", true, "; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"),
    ] {
        let site = Site::with(|config| {
            config.server.cookie_same_site = same_site.parse().unwrap();
            config.server.secure_cookies = secure;
        });
        let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
        let set = login.header("set-cookie").unwrap();
        assert!(set.ends_with(attributes), "{set}");
        let end = Ask::operation("/api/v2/me", "EndContactCenterSession");
        let ended = site.ask(end.cookie(login.cookie().unwrap())).await;
        let expired = format!("JSESSIONID={attributes}; Max-Age=0");
        assert_eq!(ended.header("set-cookie"), Some(&*expired));
    }
}

/// Nobody can choose the name of somebody else's session beforehand.
#[tokio::test]
async fn a_login_never_takes_the_name_of_a_session_from_the_client() {
    let site = Site::new();
    let planted = "JSESSIONID=00112233445566778899aabbccddeeff";
    let login = site.ask(Ask::get("/api/v2/me").by("agent1").cookie(planted)).await;
    assert!(login.cookie().is_some_and(|own| own != planted));
    assert_eq!(site.ask(Ask::get("/api/v2/me").cookie(planted)).await.text, DENIED);
    // Not even that of a living session, of somebody who wants to look over one's shoulder.
    let attackers = site.ask(Ask::get("/api/v2/me").by("agent2")).await;
    let attackers = attackers.cookie().unwrap();
    let victim = site.ask(Ask::get("/api/v2/me").by("agent1").cookie(attackers)).await;
    assert!(victim.cookie().is_some_and(|own| own != attackers));
    let still = site.ask(Ask::get("/api/v2/me").cookie(attackers)).await;
    assert_eq!(still.json()["user"]["userName"], "agent2");
}

/// PLAT-3.4-3: the cookie of a session that was ended is worth nothing, with whatever it asks.
#[tokio::test]
async fn the_cookie_of_an_ended_session_is_nobodys() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let cookie = login.cookie().unwrap();
    let end = || Ask::operation("/api/v2/me", "EndContactCenterSession").cookie(cookie);
    site.ask(end()).await.assert_ok();
    for ask in [
        end(),
        Ask::get("/api/v2/me").cookie(cookie),
        Ask::get("/api/v2/me/chats").cookie(cookie),
        Ask::post("/api/v2/notifications", "[]").cookie(cookie),
    ] {
        assert_eq!(site.ask(ask).await.text, DENIED);
    }
}

/// Who changes a password wants everybody out who knew the old one; who leaves is out.
#[tokio::test]
async fn sessions_end_with_the_password_and_with_the_user() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let other = site.ask(Ask::get("/api/v2/me").by("agent2")).await;
    let me =
        |login: &crate::support::Answer| Ask::get("/api/v2/me").cookie(login.cookie().unwrap());
    let changed = site.restarted_with(|config| {
        config.users[0].password_hash = chat_http::hash_password("new").parse().unwrap();
    });
    assert_eq!(changed.ask(me(&login)).await.text, DENIED);
    assert_eq!(changed.ask(Ask::get("/api/v2/me").by("agent1")).await.text, DENIED);
    assert_eq!(changed.ask(Ask::get("/api/v2/me").basic(b"agent1:new")).await.status, 200);
    assert_eq!(changed.ask(me(&other)).await.status, 200, "another user's goes on");
    let without = site.restarted_with(|config| drop(config.users.remove(0)));
    assert_eq!(without.ask(me(&login)).await.text, DENIED);
    assert_eq!(without.ask(Ask::get("/api/v2/me").by("agent1")).await.text, DENIED);
    assert_eq!(without.ask(me(&other)).await.status, 200);
}

/// PLAT-2.1-3: a session that does nothing but hold polls lives on.
#[tokio::test]
async fn a_held_poll_keeps_its_session_alive() {
    let site = Site::with(|config| {
        config.limits.http_session_seconds = 60;
        config.notifications.timeout_ms = 600_000;
    });
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let hello = Ask::post("/api/v2/notifications", "[]").cookie(login.cookie().unwrap());
    site.ask(hello).await;
    // The poll that began then is answered after its ten minutes; the session has its minute left.
    site.clock.advance(600_000 + 59_000);
    let me = Ask::get("/api/v2/me").cookie(login.cookie().unwrap());
    assert_eq!(site.ask(me).await.status, 200);
}

/// Whatever a header holds, it is an answer.
#[tokio::test]
async fn odd_credentials_are_nobodys() {
    let site = Site::new();
    let long = format!("agent1:{}", "x".repeat(10_000));
    for credentials in [&b""[..], b":", b"::", b"agent1", b"\xff\xfe", b"\0:\0", long.as_bytes()] {
        let answer = site.ask(Ask::get("/api/v2/me").basic(credentials)).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (403, DENIED), "{credentials:?}");
    }
    for header in ["Basic", "Basic ", "Basic ====", "Basic YWdlbnQxOmFnZW50MQ== x", "basic\tx"] {
        let answer = site.ask(Ask::get("/api/v2/me").header("authorization", header)).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (403, DENIED), "{header}");
    }
    // Two of them: who reads the first is told something else than who reads the last.
    let mut twice = Ask::get("/api/v2/me").by("agent1");
    let other = Ask::get("/").by("agent2").0.headers()["authorization"].clone();
    twice.0.headers_mut().append("authorization", other);
    assert_eq!(site.ask(twice).await.text, DENIED);
}
