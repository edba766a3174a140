//! What can be read of the contact centre, and who sees what of whom (PLAT-1.3, PLAT-3.1, 3.2,
//! DEC-62).

use serde_json::{Value, json};

use crate::floor::agent_id;
use crate::support::{Ask, Site};

async fn get(site: &Site, user: &str, path: &str) -> Value {
    let answer = site.ask(Ask::get(path).by(user)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, Some("application/json"))
    );
    let json = answer.json();
    assert_eq!(json["statusCode"], 0, "{path} {json}");
    json
}

/// The demo, with a workbin.
fn site() -> Site {
    Site::with(|config| {
        let id = "aee812a5-7396-4dd9-b180-230f1c1fb085";
        config.workbins.push(chat_http::Workbin::new(id, "Drafts"));
        config.users[0].first_name = "Ann".into();
        config.users[1].email_address = "two@example.com".into();
    })
}

/// Every collection, by address (PLAT-1.3-1), whole (PLAT-1.3-2), by field (PLAT-1.3-3), with a
/// slash (PLAT-1.1-7), and each of its members by its own address (PLAT-1.3-4, PLAT-1.1-5).
#[tokio::test]
async fn collections_and_their_members_are_read_alike() {
    let site = site();
    for (path, plural, singular, count) in [
        ("users", "users", "user", 4),
        ("queues", "queues", "queue", 1),
        ("groups", "groups", "group", 3),
        ("skills", "skills", "skill", 1),
        ("workbins", "workbins", "workbin", 1),
        ("services", "services", "service", 3),
        ("features", "features", "feature", 4),
        ("system/features", "features", "feature", 4),
        ("contacts", "contacts", "contact", 5),
    ] {
        let path = format!("/api/v2/{path}");
        let whole = get(&site, "agent1", &format!("{path}?fields=*")).await;
        let members = whole[plural].as_array().unwrap();
        assert_eq!(members.len(), count, "{path}");
        for form in [path.clone(), format!("{path}/")] {
            let bare = get(&site, "agent1", &form).await;
            if plural == "contacts" {
                assert_eq!(bare, whole);
                continue;
            }
            let uris: Vec<_> = members.iter().map(|m| m["uri"].clone()).collect();
            assert_eq!(bare, json!({"statusCode": 0, "uris": uris}));
        }
        let ids = get(&site, "agent1", &format!("{path}?fields=id")).await;
        for (member, id) in members.iter().zip(ids[plural].as_array().unwrap()) {
            assert_eq!(id, &json!({"id": member["id"]}));
            let own = format!("/api/v2{}", member["path"].as_str().unwrap());
            assert_eq!(member["uri"], format!("http://127.0.0.1:8090{own}"));
            assert_eq!(
                get(&site, "agent1", &own).await,
                json!({"statusCode": 0, singular: member})
            );
            let other = get(&site, "agent1", &format!("{own}/?fields=id")).await;
            assert_eq!(other[singular], *id);
        }
        let first = get(&site, "agent1", &format!("{path}?fields=id&limit=1&offset=1")).await;
        assert_eq!(first[plural].as_array().unwrap().len(), usize::from(count > 1));
        for page in ["limit=0", "limit=many", "offset=-1", "limit=10001"] {
            let bad = site.ask(Ask::get(&format!("{path}?{page}")).by("agent1")).await;
            bad.assert_refused(400, 10, "whole number");
        }
        let missing = site.ask(Ask::get(&format!("/api/v2/{plural}/none")).by("agent1")).await;
        missing.assert_refused(404, 6, "\"none\"");
        site.ask(Ask::get(&path)).await.assert_refused(403, 20, "Access denied");
    }
}

/// The collections below `/me` that are not chats and channels.
#[tokio::test]
async fn the_users_own_collections_are_read_alike() {
    let site = site();
    for (name, count) in [
        ("devices", 0),
        ("calls", 0),
        ("chats", 0),
        ("interactions", 0),
        ("groups", 1),
        ("skills", 1),
        ("features", 2),
    ] {
        let path = format!("/api/v2/me/{name}");
        let whole = get(&site, "agent1", &format!("{path}?fields=*")).await;
        assert_eq!(whole[name].as_array().unwrap().len(), count, "{name}");
        let bare = get(&site, "agent1", &format!("{path}/")).await;
        assert_eq!(bare["uris"].as_array().unwrap().len(), count, "{name}");
        // The same as in the user resource.
        let me = get(&site, "agent1", &format!("/api/v2/me?subresources={name}")).await;
        assert_eq!(me["user"][name], whole[name]);
    }
    // PLAT-1.3-14: one page prints addresses, another one resources.
    let devices = get(&site, "agent1", "/api/v2/me/devices").await;
    assert_eq!(devices, json!({"statusCode": 0, "uris": [], "devices": []}));
    let skills = get(&site, "agent1", "/api/v2/me/skills?fields=name,level").await;
    assert_eq!(skills["skills"], json!([{"name": "English", "level": 5}]));
}

/// PLAT-1.3-5, PLAT-1.3-8, DEC-63.
#[tokio::test]
async fn filters_and_fields_go_together() {
    let site = site();
    let cases = [
        (
            "groups?type=dispositions&fields=name",
            json!([{"name": "Solved"}, {"name": "Follow Up"}]),
        ),
        ("me/groups?type=BusinessUnit&fields=name", json!([{"name": "Customer Care"}])),
        ("me/groups?type=dispositions&fields=name", json!([])),
        ("users?roles=ROLE_SUPERVISOR&fields=userName", json!([{"userName": "supervisor1"}])),
        (
            "users?userName=agent1,agent3&fields=userName",
            json!([{"userName": "agent1"}, {"userName": "agent3"}]),
        ),
        ("users?userName=agent1&firstName=Ann&fields=userName", json!([{"userName": "agent1"}])),
        ("users?userName=agent1&firstName=Bob&fields=userName", json!([])),
        ("queues?channel=chat&fields=name", json!([{"name": "support"}])),
        ("queues?channel=voice&fields=name", json!([])),
        ("services?type=MultiMediaState&fields=state", json!([{"state": "Active"}])),
        // No field of a queue: a time stamp against caches, and a slip of the pen.
        ("queues?_=1700000000&fields=name", json!([{"name": "support"}])),
        ("queues?Channel=voice&fields=name", json!([{"name": "support"}])),
        ("contacts?type=Queue&fields=name", json!([{"name": "support"}])),
        (
            "contacts?filterName=NamesOrPhoneNumberMatches&filterParameters=*NN&fields=name",
            json!([{"name": "agent1"}]),
        ),
        (
            "contacts?filterName=NamesOrPhoneNumberMatches&filterParameters=a*,*2&fields=name",
            json!([{"name": "agent2"}]),
        ),
    ];
    for (query, expected) in cases {
        let reply = get(&site, "agent1", &format!("/api/v2/{query}")).await;
        let plural = query.split('?').next().unwrap().trim_start_matches("me/");
        assert_eq!(reply[plural], expected, "{query}");
    }
    let unknown = "/api/v2/contacts?filterName=EverythingBut";
    site.ask(Ask::get(unknown).by("agent1")).await.assert_refused(
        400,
        10,
        "NamesOrPhoneNumberMatches",
    );
    // PLAT-1.3-16: how many there are beside the page.
    let page = get(&site, "agent1", "/api/v2/contacts?type=User&limit=1").await;
    assert_eq!((&page["totalCount"], page["contacts"].as_array().unwrap().len()), (&json!(4), 1));
}

/// PLAT-1.3-7: on a collection and on a single resource, with and without `fields`.
#[tokio::test]
async fn subresources_are_embedded_everywhere() {
    let site = site();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent2").await;
    let users =
        get(&site, "agent1", "/api/v2/users?subresources=channels,skills&fields=userName").await;
    let users = users["users"].as_array().unwrap();
    assert_eq!(users.len(), 4);
    for (user, state) in users.iter().zip([Some("NotReady"), Some("Ready"), None, None]) {
        assert_eq!(user["skills"][0]["name"], "English");
        assert_eq!(user["channels"][0]["userState"]["state"].as_str(), state, "{user}");
        assert_eq!(user.get("channels"), user.get("channelStates"));
    }
    // Without `fields` addresses could not hold them.
    let users = get(&site, "agent1", "/api/v2/users?subresources=skills").await;
    assert_eq!(users["users"][0]["skills"][0]["level"], 5);
    let group = get(&site, "agent1", "/api/v2/groups?type=BusinessUnit&subresources=users").await;
    assert_eq!(group["groups"][0]["users"].as_array().unwrap().len(), 4);
    let bin = get(&site, "agent1", "/api/v2/workbins?fields=id&subresources=*").await;
    assert_eq!(bin["workbins"][0]["interactions"], json!([]));
}

/// DEC-62.
#[tokio::test]
async fn colleagues_see_what_a_transfer_needs_and_supervisors_more() {
    let site = site();
    let members = |user: &Value| {
        let mut names: Vec<_> = user.as_object().unwrap().keys().cloned().collect();
        names.sort_unstable();
        names.join(" ")
    };
    let base = "contactCenterId emailAddress enabled firstName id lastName path roles uri userName";
    let path = format!("/api/v2/users/{}?subresources=*", agent_id(2));
    let seen_by = async |user| get(&site, user, &path).await["user"].clone();
    let colleague = seen_by("agent1").await;
    let mut expected: Vec<_> = base.split(' ').chain(["devices", "groups", "skills"]).collect();
    expected.sort_unstable();
    assert_eq!(members(&colleague), expected.join(" "));
    assert_eq!(colleague["emailAddress"], "two@example.com");
    expected.extend(["changePasswordOnFirstLogin", "features", "settings"]);
    expected.sort_unstable();
    assert_eq!(members(&seen_by("supervisor1").await), expected.join(" "));
    // Oneself is oneself under either address.
    assert_eq!(
        seen_by("agent2").await,
        get(&site, "agent2", "/api/v2/me?subresources=*").await["user"]
    );
    // A filter sees no more than its reader: settings are no field, passwords nowhere.
    let everybody = site.ask(Ask::get("/api/v2/users?subresources=*").by("supervisor1")).await.text;
    assert!(!everybody.contains("assword_") && !everybody.contains("argon2"), "{everybody}");
}

/// PLAT-3.1-3, PLAT-3.1-4, PLAT-1.3-9.
#[tokio::test]
async fn settings_are_read_by_group_and_by_user() {
    let site = Site::with(|config| {
        let general = config.settings.entry("general-settings".into()).or_default();
        general.insert("countryCode".into(), "US".into());
        let option = "interaction.disposition.value-business-attribute".to_owned();
        let own = config.users[1].settings.entry("interaction-workspace".into()).or_default();
        own.insert(option, "Other".into());
    });
    let option = "interaction.disposition.value-business-attribute";
    let groups = get(&site, "agent1", "/api/v2/settings").await;
    let groups: Vec<_> = groups["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| [&group["name"], &group["key"]].map(|text| text.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        groups,
        [
            ["agent-states", "operationName"],
            ["general-settings", "name"],
            ["interaction-workspace", "name"]
        ]
    );
    assert_eq!(
        get(&site, "agent1", "/api/v2/settings/general-settings").await,
        json!({"statusCode": 0, "settings": {"countryCode": "US"}})
    );
    assert_eq!(
        get(&site, "agent1", "/api/v2/settings/interaction-workspace").await,
        json!({"statusCode": 0, "key": "name",
            "settings": [{"name": option, "value": "DispositionCode"}]})
    );
    let states = get(&site, "agent1", "/api/v2/settings/agent-states/").await;
    let names: Vec<_> =
        states["settings"].as_array().unwrap().iter().map(|s| &s["operationName"]).collect();
    assert_eq!(names, ["Ready", "NotReady", "OutToLunch"]);
    // Each of them can be chosen.
    site.log_in(&["agent1"]).await;
    for state in states["settings"].as_array().unwrap() {
        let name = state["operationName"].as_str().unwrap();
        let ask = Ask::operation("/api/v2/me/channels/chat", name).by("agent1");
        site.ask(ask).await.assert_ok();
        let channel = get(&site, "agent1", "/api/v2/me/channels/chat").await;
        let shown = &channel["channel"]["userState"];
        assert_eq!((&shown["id"], &shown["state"]), (&state["id"], &state["state"]));
    }
    let whole = get(&site, "agent1", "/api/v2/settings?subresources=*").await;
    assert_eq!(whole["settings"][0]["settings"], states["settings"]);
    for (user, value) in [("agent1", "DispositionCode"), ("agent2", "Other")] {
        let expected = json!({"interaction-workspace": {option: value},
            "general-settings": {"countryCode": "US"}});
        for path in ["/api/v2/me/settings", "/internal-api/me/settings?fields=*"] {
            let reply = get(&site, user, path).await;
            assert_eq!(reply, json!({"statusCode": 0, "settings": expected}), "{path}");
        }
        assert_eq!(get(&site, user, "/api/v2/me").await["user"]["settings"], expected);
    }
    let one = get(&site, "agent1", "/api/v2/me/settings?fields=general-settings").await;
    assert_eq!(one["settings"], json!({"general-settings": {"countryCode": "US"}}));
    let none = site.ask(Ask::get("/api/v2/settings/none").by("agent1")).await;
    none.assert_refused(404, 6, "\"none\"");
}

/// PLAT-1.1-9: a GET that says it is JSON is read all the same; HEAD opens no session (DEC-42).
#[tokio::test]
async fn headers_of_reads_do_not_matter() {
    let site = site();
    for media in ["application/json; charset=UTF-8", "text/plain"] {
        let ask = Ask::get("/api/v2/users?fields=id").by("agent1").header("content-type", media);
        assert_eq!(site.ask(ask).await.status, 200, "{media}");
    }
    for path in ["me", "users", "settings", "contacts", "services"] {
        let answer = site.ask(Ask::new("HEAD", &format!("/api/v2/{path}")).by("agent1")).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{path}");
        assert_eq!(answer.cookie(), None, "{path}");
    }
    let put = site.ask(Ask::new("PUT", "/api/v2/users").by("agent1")).await;
    put.assert_refused(405, 3, "method");
}

/// DEC-61: the features that somebody here has, and those of the server.
#[tokio::test]
async fn features_that_nobody_has_do_not_exist() {
    let site = Site::with(|config| {
        config.users.truncate(3);
        config.users[2].features = Some(vec!["api-supervisor-monitoring".into()]);
    });
    let ids = async |path: &str| {
        let reply = get(&site, "agent1", &format!("/api/v2/{path}?fields=id")).await;
        let features = reply["features"].as_array().unwrap();
        features.iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let chat = ["api-multimedia", "api-multimedia-chat"];
    assert_eq!(ids("me/features").await, chat);
    assert_eq!(ids("features").await, [&chat[..], &["api-supervisor-monitoring"]].concat());
    assert_eq!(ids("system/features").await.len(), 4);
    let missing = site.ask(Ask::get("/api/v2/features/api-supervisor-agent-control").by("agent1"));
    missing.await.assert_refused(404, 6, "api-supervisor-agent-control");
}
