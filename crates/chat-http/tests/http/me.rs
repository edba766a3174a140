//! PLAT-3.1 and CLIENTS 13: the user resource.

use serde_json::{Value, json};

use crate::support::{Ask, Site};

const START: &str = r#"{"operationName":"StartContactCenterSession","channels":["voice","chat"]}"#;

async fn me(site: &Site, query: &str) -> Value {
    let answer = site.ask(Ask::get(&format!("/api/v2/me{query}")).by("agent1")).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

/// `user` with exactly these members besides those that are always there.
#[track_caller]
fn check_members(reply: &Value, more: &[&str]) {
    let always = [
        "id",
        "userName",
        "firstName",
        "lastName",
        "emailAddress",
        "roles",
        "enabled",
        "changePasswordOnFirstLogin",
        "contactCenterId",
        "uri",
        "path",
        "settings",
    ];
    let mut expected: Vec<_> = always.iter().chain(more).copied().collect();
    expected.sort_unstable();
    let mut found: Vec<_> = reply["user"].as_object().unwrap().keys().collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(reply["statusCode"], 0);
}

/// PLAT-3.1-1.
#[tokio::test]
async fn the_user_has_the_documented_members() {
    let site = Site::new();
    let reply = me(&site, "").await;
    check_members(&reply, &[]);
    assert_eq!(
        reply["user"],
        json!({
            "id": "a5e9c0ffee0000000000000000000001",
            "userName": "agent1",
            "firstName": "",
            "lastName": "",
            "emailAddress": "",
            "roles": ["ROLE_AGENT"],
            "enabled": true,
            "changePasswordOnFirstLogin": false,
            "contactCenterId": "6d7466c8-6a21-4e64-b51e-0308e34995ec",
            "uri": "http://127.0.0.1:8090/api/v2/users/a5e9c0ffee0000000000000000000001",
            "path": "/users/a5e9c0ffee0000000000000000000001",
            "settings": {"interaction-workspace": {
                "interaction.disposition.value-business-attribute": "DispositionCode"}},
        })
    );
}

/// The reply that was captured from a live server: whatever it has beside telephony, ours has, in
/// the same types.
#[tokio::test]
async fn the_captured_login_reply_is_matched_member_by_member() {
    let text = include_str!("../../../../tests/samples/platform/platform.me.login.response.json");
    let captured: Value = serde_json::from_str(text).unwrap();
    let ours = me(&Site::new(), "/?subresources=features,devices,channels").await;
    for (name, value) in captured["user"].as_object().unwrap() {
        let same_type =
            std::mem::discriminant(value) == std::mem::discriminant(&ours["user"][name]);
        assert!(same_type, "{name}");
    }
    let feature = &ours["user"]["features"][1];
    assert_eq!(feature["id"], "api-multimedia-chat");
    let captured = captured["user"]["features"][0].as_object().unwrap();
    for (name, value) in captured.iter().filter(|(name, _)| *name != "uri") {
        assert_eq!(&feature[name], value, "{name}");
    }
}

/// PLAT-1.3-6, 1.3-7, 1.3-12; PLAT-1.1-7 for the slash.
#[tokio::test]
async fn subresources_name_the_collections_that_are_embedded() {
    let site = Site::new();
    check_members(
        &me(&site, "/?subresources=features,devices,channels").await,
        &["features", "devices"],
    );
    let everything = ["calls", "chats", "devices", "features", "groups", "interactions", "skills"];
    let reply = me(&site, "?subresources=*").await;
    check_members(&reply, &everything);
    for empty in ["calls", "chats", "devices", "interactions"] {
        assert_eq!(reply["user"][empty], json!([]), "{empty}");
    }
    assert_eq!(reply["user"]["groups"][0]["name"], "Customer Care");
    assert_eq!(reply["user"]["groups"].as_array().unwrap().len(), 1);
    assert_eq!(reply["user"]["skills"][0]["level"], 5);

    // Channels are there while a session is, and only then: clients detect a session by them.
    site.ask(Ask::post("/api/v2/me", START).by("agent1")).await.assert_ok();
    let reply = me(&site, "?subresources=*").await;
    check_members(&reply, &[&everything[..], &["channels", "channelStates"]].concat());
    assert_eq!(reply["user"]["channels"], reply["user"]["channelStates"]);
    check_members(&me(&site, "").await, &[]);
    site.ask(Ask::operation("/api/v2/me", "EndContactCenterSession").by("agent1"))
        .await
        .assert_ok();
    check_members(&me(&site, "?subresources=*").await, &everything);
}

/// PLAT-2.4-3, DEC-61: both chat features for agents and supervisors, and two more for those
/// who act on others.
#[tokio::test]
async fn chat_features_are_granted_by_role() {
    let site = Site::with(|config| config.users[0].roles = vec!["ROLE_ADMIN".to_owned()]);
    for (user, expected) in [("agent1", 2), ("agent2", 2), ("supervisor1", 4)] {
        let ask = Ask::get("/api/v2/me?subresources=features").by(user);
        let features = site.ask(ask).await.json()["user"]["features"].clone();
        let ids: Vec<_> =
            features.as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), expected, "{user} {ids:?}");
        // An administrator who is no agent has no chats.
        assert_eq!(ids.contains(&"api-multimedia-chat"), user != "agent1");
    }
}

/// PLAT-1.3-1 to 1.3-5.
#[tokio::test]
async fn channels_are_listed_by_address_or_by_field() {
    let site = Site::new();
    let list = async |query: &str| {
        site.ask(Ask::get(&format!("/api/v2/me/channels{query}")).by("agent1")).await.json()
    };
    assert_eq!(list("?fields=*").await, json!({"statusCode": 0, "channels": []}));
    site.ask(Ask::post("/api/v2/me", START).by("agent1")).await.assert_ok();

    let not_ready = json!({
        "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"
    });
    let (voice, chat) = (
        json!({"channel": "voice", "userState": not_ready}),
        json!({"channel": "chat", "userState": not_ready, "dndState": "Off"}),
    );
    let base = "http://127.0.0.1:8090/api/v2/me/channels";
    let uris = json!([format!("{base}/voice"), format!("{base}/chat")]);
    let both = json!({"statusCode": 0, "uris": uris, "channels": [voice, chat]});
    for (query, expected) in [
        // PLAT-1.3-14.
        ("", both.clone()),
        ("/", both),
        ("?fields=*", json!({"statusCode": 0, "channels": [voice, chat]})),
        (
            "?fields=channel",
            json!({"statusCode": 0, "channels": [{"channel": "voice"}, {"channel": "chat"}]}),
        ),
        (
            "?fields=channel&channel=chat",
            json!({"statusCode": 0, "channels": [{"channel": "chat"}]}),
        ),
        ("?channel=email", json!({"statusCode": 0, "uris": [], "channels": []})),
        ("/chat", json!({"statusCode": 0, "channel": chat})),
        ("/chat?fields=channel", json!({"statusCode": 0, "channel": {"channel": "chat"}})),
    ] {
        assert_eq!(list(query).await, expected, "{query}");
    }
    let missing = site.ask(Ask::get("/api/v2/me/channels/email").by("agent1")).await;
    missing.assert_refused(404, 6, "\"email\"");
}
