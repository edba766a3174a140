//! The order of calls in which two real clients start (PLAT-3.6), played step by step, and the
//! replies that were captured from a live system beside ours.

use serde_json::{Value, json};

use crate::floor::{agent_id, line};
use crate::support::{Answer, Ask, Site};

/// A client that has the cookie of its login.
struct Desk<'a> {
    site: &'a Site,
    cookie: String,
}

impl Desk<'_> {
    async fn ask(&self, ask: Ask) -> Answer {
        // The captured client says on every request that it is JSON (PLAT-1.1-9).
        let ask =
            ask.cookie(&self.cookie).header("content-type", "application/json; charset=UTF-8");
        let answer = self.site.ask(ask).await;
        // PLAT-1.1-10: parameters are allowed.
        let media = answer.header("content-type").unwrap().split(';').next();
        assert_eq!(media, Some("application/json"));
        answer
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Ask::get(path)).await;
        assert_eq!(answer.status, 200, "{path} {answer:?}");
        let json = answer.json();
        assert_eq!(json["statusCode"], 0, "{path} {json}");
        json
    }

    async fn bayeux(&self, messages: Value) -> Value {
        self.site.app.catch_up().await;
        let answer = self.ask(Ask::post("/api/v2/notifications", messages.to_string())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// The vendor's desktop, PLAT-3.6-1 to 3.6-12.
#[tokio::test]
async fn the_vendors_desktop_starts_works_and_ends() {
    let site = Site::with(|config| {
        let id = "aee812a5-7396-4dd9-b180-230f1c1fb085";
        config.workbins.push(chat_http::Workbin::new(id, "Drafts"));
    });
    // 1: is there a session? 2: no, log in.
    let hello = "/api/v2/me?subresources=features,devices,channels";
    site.ask(Ask::get(hello)).await.assert_refused(403, 20, "Access denied");
    let login = site.ask(Ask::get(hello).by("agent1")).await;
    let desk = Desk { site: &site, cookie: login.cookie().unwrap().to_owned() };
    let user = &login.json()["user"];
    assert_eq!(user.get("channels"), None, "no session yet, PLAT-1.3-12");
    assert_eq!(user["features"].as_array().unwrap().len(), 2);
    // 1 again: now there is one, and no second cookie.
    assert_eq!(desk.ask(Ask::get(hello)).await.cookie(), None);

    // 3 to 5: what the desk is to look like.
    let settings = desk.get("/internal-api/me/settings?fields=*").await;
    let attribute = &settings["settings"]["interaction-workspace"]["interaction.disposition.value-business-attribute"];
    let services = desk.get("/api/v2/services?fields=*").await;
    for (kind, state) in [("Provisioning", "Active"), ("MultiMediaState", "Active")] {
        let services = services["services"].as_array().unwrap();
        let service = services.iter().find(|service| service["type"] == kind).unwrap();
        assert_eq!(service["state"], state, "PLAT-3.2-3");
    }
    let units = desk.get("/api/v2/me/groups?type=BusinessUnit&fields=*").await;
    assert_eq!(units["groups"][0]["name"], "Customer Care");
    let center = desk.get("/internal-api/contact-center?subresources=businessAttributes").await;
    let attributes = &center["resources"]["businessAttributes"];
    assert_eq!(attributes[0]["name"], *attribute, "the setting names the attribute");
    assert_eq!(attributes[0]["values"][0]["displayName"], "Solved");
    let same = desk.get("/internal-api/business-attributes").await;
    assert_eq!(same["businessAttributes"], *attributes);
    let outcomes = desk.get("/api/v2/groups?type=dispositions&fields=*").await;
    assert_eq!(outcomes["groups"][1]["name"], "Follow Up");

    // 6 and 7.
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","chat"]}"#;
    desk.ask(Ask::post("/api/v2/me", start)).await.assert_ok();
    let contact = desk.get(&format!("/api/v2/contacts/{}?type=User", agent_id(1))).await;
    assert_eq!(contact["contact"]["userName"], "agent1");

    // Before 8 something happens of which no notification tells: a chat is offered.
    let ready = || Ask::operation("/api/v2/me/channels/chat", "Ready");
    desk.ask(ready()).await.assert_ok();
    site.visit("Vera").await;
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
        "id": "1", "supportedConnectionTypes": ["long-polling", "callback-polling"],
        "advice": {"timeout": 60_000, "interval": 0}}]);
    let client = desk.bayeux(hello).await[0]["clientId"].clone();
    let connect = |n: u32| {
        json!([{"channel": "/meta/connect", "connectionType": "long-polling", "id": n.to_string(),
            "advice": {"timeout": 0}, "clientId": client}])
    };
    assert_eq!(desk.bayeux(connect(2)).await[0]["successful"], true);
    let topics = ["/v2/me/chats", "/v2/me/channels", "/v2/me/devices", "/v2/me/workbins"];
    let subscriptions = topics.map(|topic| {
        json!({"channel": "/meta/subscribe", "id": "3", "subscription": topic, "clientId": client})
    });
    for reply in desk.bayeux(json!(subscriptions)).await.as_array().unwrap() {
        assert_eq!(reply["successful"], true, "{reply}");
    }

    // 9 and 10: the chat that came before the subscription is in the recovery read.
    assert!(desk.get("/api/v2/diagnostics/version").await["version"].is_string());
    let bins = desk.get("/api/v2/workbins?fields=*").await;
    let bin = bins["workbins"][0]["path"].as_str().unwrap();
    let me = desk.get("/api/v2/me/?subresources=devices,calls,channels,interactions,chats").await;
    let user = &me["user"];
    assert_eq!((&user["devices"], &user["calls"]), (&json!([]), &json!([])));
    assert_eq!(user["chats"][0]["state"], "Invited");
    assert_eq!(user["interactions"], user["chats"]);
    assert_eq!(user["channels"][1]["userState"]["state"], "Ready");
    assert_eq!(user["channelStates"], user["channels"]);

    // 11 and 12: work.
    let chat = format!("/api/v2/me/chats/{}", user["chats"][0]["id"].as_str().unwrap());
    desk.ask(Ask::operation(&chat, "Accept")).await.assert_ok();
    let news = desk.bayeux(connect(4)).await;
    let states: Vec<_> = news
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m["data"]["chat"]["state"].as_str())
        .collect();
    assert!(states.contains(&"Chatting"), "{news}");
    let bin = desk.get(&format!("/api/v2{bin}?subresources=*")).await;
    assert_eq!(bin["workbin"]["interactions"], json!([]));
    desk.ask(Ask::operation(&chat, "Complete")).await.assert_ok();
    desk.ask(Ask::operation("/api/v2/me/channels/chat", "NotReady")).await.assert_ok();
    let news = desk.bayeux(connect(5)).await;
    let last =
        news.as_array().unwrap().iter().rfind(|m| m["channel"] == "/v2/me/channels").unwrap();
    assert_eq!(last["data"]["channels"][0]["userState"]["state"], "NotReady");
    desk.ask(Ask::operation("/api/v2/me", "EndContactCenterSession")).await.assert_ok();
    desk.ask(Ask::get("/api/v2/me")).await.assert_refused(403, 20, "");
}

/// The .NET client, PLAT-3.6-13: Basic every time, `/**`, and a reply that it must be able to read.
#[tokio::test]
async fn the_dotnet_client_starts_and_works() {
    let site = Site::new();
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]}]);
    let client = site.bayeux("agent1", &hello).await.json()[0]["clientId"].clone();
    let subscribe =
        json!([{"channel": "/meta/subscribe", "clientId": client, "subscription": "/**"}]);
    assert_eq!(site.bayeux("agent1", &subscribe).await.json()[0]["successful"], true);
    let me = async || {
        let answer = site.ask(Ask::get("/api/v2/me?subresources=*").by("agent1")).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.json()["user"].clone()
    };
    // PLAT-1.3-13: an object of objects; the others are arrays if they are there.
    for section in me().await["settings"].as_object().unwrap().values() {
        assert!(section.is_object());
    }
    let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"],"place":null,
        "loginCode":null,"queue":null,"devicePath":null}"#;
    site.ask(Ask::post("/api/v2/me", start).by("agent1")).await.assert_ok();
    site.ask(Ask::operation("/api/v2/me", "Ready").by("agent1")).await.assert_ok();
    let visitor = site.visit("Vera").await;
    let user = me().await;
    for list in ["chats", "calls", "devices", "channels", "channelStates"] {
        assert!(user[list].is_array(), "{list}");
    }
    let chat = &user["chats"][0];
    for list in ["capabilities", "participants"] {
        assert!(chat[list].is_array(), "{list}");
    }
    let id = chat["id"].as_str().unwrap();
    site.perform("agent1", id, json!({"operationName": "Accept", "nickname": "Amy"}))
        .await
        .assert_ok();
    let say = json!({"operationName": "SendMessage", "text": "Hello"});
    site.perform("agent1", id, say).await.assert_ok();
    let connect = json!([{"channel": "/meta/connect", "clientId": client,
        "connectionType": "long-polling", "advice": {"timeout": 0}}]);
    let mut news = site.bayeux("agent1", &connect).await.json();
    let mut known = false;
    let mut heard = Vec::new();
    for event in news.as_array_mut().unwrap().iter_mut().filter(|m| m["channel"] == "/v2/me/chats")
    {
        let data = event["data"].take();
        match data["notificationType"].as_str().unwrap() {
            // NOTIF-3.2-2: the client fails on a path that it does not know yet.
            "NewMessages" => {
                assert!(known && data["chatPath"] == format!("/chats/{id}"), "{data}");
                heard.extend(data["messages"].as_array().unwrap().iter().map(line));
            }
            _ => {
                known = true;
                assert!(data["chat"]["capabilities"].is_array(), "NOTIF-3.1-1");
            }
        }
    }
    assert!(heard.contains(&"Amy: Hello".to_owned()), "{heard:?}");
    assert!(site.visitor_reads(&visitor, "").await.contains(&"Amy: Hello".to_owned()));
}

/// Where `ours` is not of the shape of `captured`: a member missing, additional, or of another type.
fn differences(captured: &Value, ours: &Value, place: &str, out: &mut Vec<String>) {
    match (captured, ours) {
        (Value::Object(captured), Value::Object(ours)) => {
            for (name, value) in captured {
                match ours.get(name) {
                    Some(our) => differences(value, our, &format!("{place}.{name}"), out),
                    None => out.push(format!("{place}.{name} is missing")),
                }
            }
            let more = ours.keys().filter(|name| !captured.contains_key(*name));
            out.extend(more.map(|name| format!("{place}.{name} is additional")));
        }
        (Value::Array(captured), Value::Array(ours)) => match (captured.first(), ours.first()) {
            (Some(captured), Some(ours)) => differences(captured, ours, &format!("{place}[]"), out),
            (Some(_), None) => out.push(format!("{place} is empty")),
            _ => (),
        },
        _ if std::mem::discriminant(captured) == std::mem::discriminant(ours) => (),
        _ => out.push(format!("{place} is of another type")),
    }
}

/// A captured reply, what we are asked for it, and the known differences with their reasons.
type Sample<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Each captured reply beside ours. A difference is listed with its reason; one that is gone must
/// leave the list.
#[tokio::test]
async fn captured_replies_differ_only_where_we_know_why() {
    let site = Site::new();
    let start =
        r#"{"operationName":"StartContactCenterSession","channels":["chat","email","voice"]}"#;
    let telephony = "there are no telephones";
    let contact = format!("/api/v2/contacts/{}?type=User", agent_id(1));
    let contact = contact.as_str();
    let samples: &[Sample<'_>] = &[
        (
            include_str!("../../../../tests/samples/platform/platform.me.login.response.json"),
            "/api/v2/me?subresources=features,devices,channels",
            &[
                (".user.devices is empty", telephony),
                (".user.settings is additional", "a client cannot do without, PLAT-1.3-13"),
            ],
        ),
        (
            include_str!(
                "../../../../tests/samples/platform/platform.list_fields.services.response.json"
            ),
            "/api/v2/services?fields=*",
            &[],
        ),
        (
            include_str!("../../../../tests/samples/platform/platform.me.groups.response.json"),
            "/api/v2/me/groups?type=BusinessUnit&fields=*",
            &[],
        ),
        (
            include_str!("../../../../tests/samples/platform/platform.list_uris.response.json"),
            "/api/v2/queues",
            &[],
        ),
        (
            include_str!("../../../../tests/samples/platform/platform.contact_user.response.json"),
            contact,
            &[
                (".contact.phoneNumbers is empty", telephony),
                (".contact.emailAddress is additional", "printed on the page, PLAT-1.3-16"),
                (".contact.roles is additional", "printed on the page, PLAT-1.3-16"),
            ],
        ),
        (
            include_str!(
                "../../../../tests/samples/platform/platform.diagnostics_version.response.json"
            ),
            "/api/v2/diagnostics/version",
            &[],
        ),
        (include_str!("../../../../tests/samples/platform/platform.error20.http403.json"), "", &[]),
        (
            include_str!("../../../../tests/samples/platform/platform.me.channels.response.json"),
            "/api/v2/me/channels?fields=*",
            &[(".channels[].dndState is additional", "known while logged in, NOTIF-3.3-3")],
        ),
    ];
    for (captured, path, known) in samples {
        let captured: Value = serde_json::from_str(captured).unwrap();
        let ours = match *path {
            "" => site.ask(Ask::get("/api/v2/me")).await.json(),
            path => {
                if path.contains("channels?fields") {
                    site.ask(Ask::post("/api/v2/me", start).by("agent1")).await.assert_ok();
                }
                site.ask(Ask::get(path).by("agent1")).await.json()
            }
        };
        assert_eq!(ours["statusCode"], captured["statusCode"], "{path}");
        let mut found = Vec::new();
        differences(&captured, &ours, "", &mut found);
        found.sort_unstable();
        let mut known: Vec<_> = known.iter().map(|(difference, _)| *difference).collect();
        known.sort_unstable();
        assert_eq!(found, known, "{path} {ours}");
    }
}
