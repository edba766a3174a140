//! PLAT-3.3 to 3.5: the contact-centre session and its readiness.

use serde_json::Value;

use crate::support::{Answer, Ask, Site};

async fn post(site: &Site, path: &str, body: &str) -> Answer {
    site.ask(Ask::post(path, body.to_owned()).by("agent1")).await
}

/// `channel:displayName:dnd` for each channel.
async fn states(site: &Site) -> Vec<String> {
    let reply = site.ask(Ask::get("/api/v2/me/channels?fields=*").by("agent1")).await.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let print = |c: &Value| {
        format!(
            "{}:{}:{}",
            text(&c["channel"]),
            text(&c["userState"]["displayName"]),
            text(&c["dndState"])
        )
    };
    reply["channels"].as_array().unwrap().iter().map(print).collect()
}

/// PLAT-3.3-6, 3.3-9, 3.5: a day of an agent, step by step.
#[tokio::test]
async fn readiness_follows_the_operations() {
    let site = Site::new();
    let (me, chat, voice) = ("/api/v2/me", "/api/v2/me/channels/chat", "/api/v2/me/channels/voice");
    let start = |channels: &str| {
        format!(r#"{{"operationName":"StartContactCenterSession","channels":{channels}}}"#)
    };
    for (path, operation, expected) in [
        (me, &*start(r#"["voice","chat","chat"]"#), "voice:Not Ready:- chat:Not Ready:Off"),
        (chat, "Ready", "voice:Not Ready:- chat:Ready:Off"),
        // PLAT-3.3-9: once more changes nothing, and another channel comes up beside the others.
        (
            me,
            &*start(r#"["chat","email"]"#),
            "voice:Not Ready:- chat:Ready:Off email:Not Ready:Off",
        ),
        (me, "Ready", "voice:Ready:- chat:Ready:Off email:Ready:Off"),
        // PLAT-3.5-5: voice has no do-not-disturb.
        (me, "DoNotDisturbOn", "voice:Ready:- chat:Ready:On email:Ready:On"),
        (chat, "DoNotDisturbOff", "voice:Ready:- chat:Ready:Off email:Ready:On"),
        // PLAT-3.5-6
        (chat, "OutToLunch", "voice:Ready:- chat:Out To Lunch:Off email:Ready:On"),
        (voice, "NotReady", "voice:Not Ready:- chat:Out To Lunch:Off email:Ready:On"),
        (me, "NotReady", "voice:Not Ready:- chat:Not Ready:Off email:Not Ready:On"),
        (me, "EndContactCenterSession", ""),
        (me, "EndContactCenterSession", ""),
        (me, &*start(r#"["chat"]"#), "chat:Not Ready:Off"),
    ] {
        let body = match operation.starts_with('{') {
            true => operation.to_owned(),
            false => format!(r#"{{"operationName":"{operation}"}}"#),
        };
        post(&site, path, &body).await.assert_ok();
        assert_eq!(states(&site).await.join(" "), expected, "{path} {operation}");
    }
}

/// Every documented request about sessions and channels is accepted (PLAT-1.1-12 for the nulls).
#[tokio::test]
async fn the_sample_requests_are_accepted() {
    let (me, chat) = ("/api/v2/me", "/api/v2/me/channels/chat");
    let site = Site::new();
    macro_rules! sample {
        ($name:literal) => {
            include_str!(concat!("../../../../tests/samples/platform/", $name, ".request.json"))
        };
    }
    for (path, body) in [
        (me, sample!("session.start")),
        (me, sample!("session.start.all_params")),
        (me, sample!("session.start.null_params")),
        (chat, sample!("session.channel_ready")),
        (chat, sample!("session.channel_not_ready")),
        (chat, sample!("session.channel_custom_state")),
        (me, sample!("session.all_channels_dnd_on")),
        (me, sample!("session.end")),
    ] {
        post(&site, path, body).await.assert_ok();
    }
}

/// PLAT-1.2-c2: without a session there is nothing to be ready for.
#[tokio::test]
async fn readiness_needs_a_session_and_an_active_channel() {
    let site = Site::new();
    let ready = r#"{"operationName":"Ready"}"#;
    for path in ["/api/v2/me", "/api/v2/me/channels/chat"] {
        post(&site, path, ready).await.assert_refused(400, 2, "StartContactCenterSession");
    }
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","chat"]}"#;
    post(&site, "/api/v2/me", start).await.assert_ok();
    let email = post(&site, "/api/v2/me/channels/email", ready).await;
    email.assert_refused(
        400,
        2,
        "Ready needs a channel of the session (voice, chat), found \"email\"",
    );
    let dnd = r#"{"operationName":"DoNotDisturbOn"}"#;
    let voice = post(&site, "/api/v2/me/channels/voice", dnd).await;
    voice.assert_refused(400, 2, "DoNotDisturbOn is not for voice");
    assert_eq!(states(&site).await.join(" "), "voice:Not Ready:- chat:Not Ready:Off");
}

/// DEC-4, DEC-13, DEC-36: parameters missing, null, of the wrong type, out of range.
#[tokio::test]
async fn refused_requests_say_what_was_expected() {
    let site = Site::new();
    for (body, code, part) in [
        ("", 10, ""),
        ("nonsense", 10, ""),
        ("[]", 10, "object"),
        (r#""Ready""#, 10, "object"),
        ("{}", 1, "operationName"),
        (r#"{"operationName":null}"#, 1, "operationName"),
        (r#"{"operationName":7}"#, 10, "a number"),
        (r#"{"operationName":"Dance"}"#, 10, "Dance"),
        (r#"{"operationName":"ready"}"#, 10, "ready"),
        (r#"{"operationName":"Ready","operationName":"Ready"}"#, 10, "operationName"),
        (r#"{"operationName":"StartContactCenterSession"}"#, 1, "channels"),
        (r#"{"operationName":"StartContactCenterSession","channels":null}"#, 1, "channels"),
        (r#"{"operationName":"StartContactCenterSession","channels":"chat"}"#, 10, "an array"),
        (r#"{"operationName":"StartContactCenterSession","channels":[1]}"#, 10, "a number"),
        (r#"{"operationName":"StartContactCenterSession","channels":[]}"#, 10, "1 to 32"),
        (
            r#"{"operationName":"StartContactCenterSession","channels":[""]}"#,
            10,
            "1 to 64 characters",
        ),
        (r#"{"operationName":"StartContactCenterSession","channels":["a/b"]}"#, 10, "without /"),
    ] {
        post(&site, "/api/v2/me", body).await.assert_refused(400, code, part);
    }
    // A session is no channel's business.
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
    post(&site, "/api/v2/me/channels/chat", start).await.assert_refused(400, 10, "StartContact");
    assert_eq!(states(&site).await, [""; 0]);
}

/// PLAT-3.4: the session, the cookie and what they stood for are gone.
#[tokio::test]
async fn ending_the_session_ends_the_http_session() {
    let site = Site::new();
    let login = site.ask(Ask::get("/api/v2/me").by("agent1")).await;
    let cookie = login.cookie().unwrap();
    let end =
        site.ask(Ask::operation("/api/v2/me", "EndContactCenterSession").cookie(cookie)).await;
    end.assert_ok();
    let set = end.header("set-cookie").unwrap();
    assert!(set.starts_with("JSESSIONID=;") && set.contains("Max-Age=0"), "{set}");
    site.ask(Ask::get("/api/v2/me").cookie(cookie)).await.assert_refused(403, 20, "Access denied");
}

/// STORE: sessions and readiness are leases; a restart changes neither.
#[tokio::test]
async fn readiness_survives_a_restart() {
    let site = Site::new();
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
    post(&site, "/api/v2/me", start).await.assert_ok();
    post(&site, "/api/v2/me/channels/chat", r#"{"operationName":"Ready"}"#).await.assert_ok();
    site.clock.advance(86_400_000);
    assert_eq!(states(&site.restarted()).await, ["chat:Ready:Off"]);
}

/// However often a client starts a session with other channels, what is kept of it is bounded.
#[tokio::test]
async fn a_session_has_a_bounded_number_of_channels() {
    let site = Site::new();
    let start = |first: usize, end: usize| {
        let names: Vec<String> = (first..end).map(|n| format!("\"c{n}\"")).collect();
        format!(
            r#"{{"operationName":"StartContactCenterSession","channels":[{}]}}"#,
            names.join(",")
        )
    };
    for (first, end) in [(0, 20), (0, 32), (5, 10)] {
        post(&site, "/api/v2/me", &start(first, end)).await.assert_ok();
    }
    for (first, end) in [(0, 33), (31, 33), (32, 64)] {
        let refused = post(&site, "/api/v2/me", &start(first, end)).await;
        refused.assert_refused(400, 10, "32 channel");
        assert_eq!(states(&site).await.len(), 32);
    }
}
