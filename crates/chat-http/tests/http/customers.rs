//! The visitor's side: what a chat looks like from there, and what has been read (CUST, DEC-46,
//! DEC-47).

use chat_http::Clock as _;
use chat_store::Store as _;
use serde_json::{Value, json};

use crate::support::{Ask, Site};

const CENTER: &str = "6d7466c8-6a21-4e64-b51e-0308e34995ec";

async fn request(site: &Site, body: &Value) -> crate::support::Answer {
    site.ask(Ask::post("/api/v2/chats", body.to_string())).await
}

/// CUST-2.1, PLAT-1.1-6, PLAT-1.1-7.
#[tokio::test]
async fn a_visitor_asks_for_a_chat() {
    let site = Site::new();
    for path in ["/api/v2/chats", "/api/v2/chats/"] {
        let body = json!({"operationName": "RequestChat", "nickname": "Vera", "subject": null});
        let ask = Ask::post(path, body.to_string()).header("apikey", "ignored");
        let answer = site.ask(ask.header("ContactCenterId", CENTER)).await;
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(
            answer.text,
            format!(r#"{{"id":"{id}","statusCode":0,"path":"/api/v2/chats/{id}"}}"#)
        );
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        // PLAT-1.5-11: letters of a UUID in either case.
        for id in [id.clone(), id.to_uppercase()] {
            let chat = site.ask(Ask::get(&format!("/api/v2/chats/{id}"))).await.json();
            assert_eq!(chat["statusCode"], 0);
            assert_eq!(chat["chat"]["id"], id.to_lowercase());
            assert_eq!(chat["chat"]["state"], "WaitingForAgent");
            assert_eq!(
                chat["chat"]["participants"],
                json!([{"nickname": "Vera", "participantId": "1", "type": "Customer"}])
            );
        }
    }
}

/// Nobody knows who visitors are, so how many chats they have open is bounded; one who leaves makes
/// room, and so does one who falls silent (DEC-43).
#[tokio::test]
async fn visitors_are_as_many_as_may_be() {
    let site = Site::with(|config| config.limits.max_visitor_chats = 2);
    let body = json!({"operationName": "RequestChat", "nickname": "Vera"});
    let first = request(&site, &body).await;
    assert_eq!(first.status, 200);
    assert_eq!(request(&site, &body).await.status, 200);
    let refused = request(&site, &body).await;
    refused.assert_refused(503, 4, "fewer visitors");
    assert!(refused.header("retry-after").is_some());
    // A body that is wrong is wrong all the same.
    request(&site, &json!({})).await.assert_refused(400, 1, "operationName");

    let path = format!("/api/v2/chats/{}", first.json()["id"].as_str().unwrap());
    site.ask(Ask::operation(&path, "Complete")).await.assert_ok();
    assert_eq!(request(&site, &body).await.status, 200);
    request(&site, &body).await.assert_refused(503, 4, "fewer visitors");
}

/// DEC-13, DEC-14, DEC-46: refused, and with what.
#[tokio::test]
async fn what_a_visitor_cannot_do() {
    let site = Site::new();
    for (body, http, code, part) in [
        (json!({}), 400, 1, "operationName"),
        (json!({"operationName": "Dance"}), 400, 10, "Dance"),
        (json!({"operationName": "RequestChat"}), 400, 1, "nickname"),
        (json!({"operationName": "RequestChat", "nickname": ""}), 400, 10, "nickname"),
        (json!({"operationName": "RequestChat", "nickname": 7}), 400, 10, "nickname"),
        (
            json!({"operationName": "RequestChat", "nickname": "x".repeat(257)}),
            400,
            10,
            "256 bytes",
        ),
        (
            json!({"operationName": "RequestChat", "nickname": "x", "endpoint": "no"}),
            404,
            6,
            "endpoint",
        ),
        (json!({"operationName": "SendMessage", "text": "x"}), 404, 6, "chat"),
        (json!([]), 400, 10, "object"),
    ] {
        request(&site, &body).await.assert_refused(http, code, part);
    }
    let visitor = site.visit("Vera").await;
    let path = format!("/api/v2/chats/{visitor}");
    let other = format!("/api/v2/chats/{}", "0".repeat(8) + &visitor[8..]);
    let hello = json!({"operationName": "SendMessage", "text": "x"}).to_string();
    let elsewhere = "00000000-6a21-4e64-b51e-0308e34995ec";
    for ask in [
        Ask::get(&other),
        Ask::get(&format!("{other}/messages")),
        Ask::post(&other, hello.clone()),
        // The chat is looked up before the operation is read.
        Ask::post(&other, "{}"),
        Ask::get(&path).header("ContactCenterId", elsewhere),
        Ask::post(&path, hello.clone()).header("ContactCenterId", elsewhere),
        Ask::get(&format!("{path}/messages")).header("ContactCenterId", elsewhere),
    ] {
        site.ask(ask).await.assert_refused(404, 6, "");
    }
    for (body, http, code, part) in [
        ("{", 400, 10, ""),
        (r#"{"operationName":"SendMessage","operationName":"Complete"}"#, 400, 10, ""),
        ("{}", 400, 1, "operationName"),
        (r#"{"operationName":"SendMessage"}"#, 400, 1, "text"),
        (r#"{"operationName":"RequestChat","nickname":"x"}"#, 400, 2, "RequestChat"),
        (r#"{"operationName":"AttachUserData","userData":{}}"#, 400, 10, "AttachUserData"),
    ] {
        site.ask(Ask::post(&path, body)).await.assert_refused(http, code, part);
    }
    for index in ["x", "-1", "1.5", ""] {
        let ask = Ask::get(&format!("{path}/messages?index={index}"));
        site.ask(ask).await.assert_refused(400, 10, "index");
    }
    assert_eq!(site.visitor_reads(&visitor, "?index=0").await, ["Vera ParticipantJoined"]);
}

/// CUST-4.2 to 4.5: with and without `index`.
#[tokio::test]
async fn the_read_position_follows_what_was_returned() {
    let site = Site::new();
    let visitor = site.visit("Vera").await;
    let say = |text: &str| json!({"operationName": "SendMessage", "text": text});
    for text in ["a", "b", "c"] {
        site.visitor_says(&visitor, say(text)).await.assert_ok();
    }
    let all = ["Vera ParticipantJoined", "Vera: a", "Vera: b", "Vera: c"];
    assert_eq!(site.visitor_reads(&visitor, "?index=3").await, all[2..]);
    assert_eq!(site.visitor_reads(&visitor, "").await, [""; 0], "the position has moved");
    for (query, expected) in [("?index=0", &all[..]), ("?index=1", &all), ("?index=2", &all[1..])] {
        assert_eq!(site.visitor_reads(&visitor, query).await, expected, "{query}");
    }
    assert_eq!(site.visitor_reads(&visitor, "?index=99").await, [""; 0]);
    site.visitor_says(&visitor, say("d")).await.assert_ok();
    assert_eq!(site.visitor_reads(&visitor, "").await, ["Vera: d"]);

    // DEC-47: after the loss of the node lines may repeat, and none go missing.
    site.visitor_says(&visitor, say("e")).await.assert_ok();
    let after = site.restarted();
    let lines = after.visitor_reads(&visitor, "").await;
    assert!(lines.ends_with(&["Vera: e".to_owned()]), "{lines:?}");
    assert_eq!(after.visitor_reads(&visitor, "").await, [""; 0]);
}

/// DEC-47: none go missing. Who asks with HEAD gets no lines, so none have been read.
#[tokio::test]
async fn what_was_not_sent_was_not_read() {
    let site = Site::new();
    let visitor = site.visit("Vera").await;
    let path = format!("/api/v2/chats/{visitor}/messages");
    let head = site.ask(Ask::new("HEAD", &path)).await;
    assert_eq!((head.status.as_u16(), &*head.text), (200, ""));
    assert_eq!(site.visitor_reads(&visitor, "").await, ["Vera ParticipantJoined"]);
}

/// DEC-72: nobody fills the store with chats that are asked for and dropped, nor a chat with words.
#[tokio::test]
async fn what_visitors_leave_behind_is_bounded() {
    let site = Site::with(|config| config.limits.max_transcript_bytes = 65_536);
    let visitor = site.visit("Vera").await;
    let text = "x".repeat(32_768);
    let says = json!({"operationName": "SendMessage", "text": text});
    site.visitor_says(&visitor, says.clone()).await.assert_ok();
    site.visitor_says(&visitor, says).await.assert_refused(
        400,
        10,
        "a transcript of at most 65536",
    );
    site.visitor_says(&visitor, json!({"operationName": "Complete"})).await.assert_ok();

    // Not as long as a chat that somebody served, which stays for a day. A store keeps each for as long
    // as an append may be repeated.
    for (pass, status) in [(299_999, 200), (3_600_000, 404)] {
        site.clock.advance(pass);
        site.store.expire(site.clock.now_ms(), 100).await.unwrap();
        let answer = site.ask(Ask::get(&format!("/api/v2/chats/{visitor}"))).await;
        assert_eq!(answer.status, status);
    }
}

/// DEC-46: an agent's id under `/chats` is the agent's resource, and needs login.
#[tokio::test]
async fn an_agents_chat_has_two_addresses() {
    let site = Site::new();
    site.log_in(&["agent1", "agent2"]).await;
    site.ready("agent1").await;
    site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();

    for rest in ["", "/messages", "/messages?startIndex=2&count=1"] {
        let mine = site.ask(Ask::get(&format!("/api/v2/me/chats/{chat}{rest}")).by("agent1")).await;
        let path = format!("/api/v2/chats/{chat}{rest}");
        let same = site.ask(Ask::get(&path).by("agent1")).await;
        assert_eq!((same.status.as_u16(), &same.text), (200, &mine.text));
        site.ask(Ask::get(&path)).await.assert_refused(403, 20, "Access denied");
        site.ask(Ask::get(&path).by("agent2")).await.assert_refused(404, 6, "chat");
    }
    let path = format!("/api/v2/chats/{chat}");
    let comment = r#"{"operationName":"AddComment","comment":"x"}"#;
    site.ask(Ask::post(&path, comment)).await.assert_refused(403, 20, "Access denied");
    site.ask(Ask::post(&path, comment).by("agent2")).await.assert_refused(404, 6, "chat");
    site.ask(Ask::post(&path, comment).by("agent1")).await.assert_ok();
    assert_eq!(site.chat("agent1", &chat).await["comment"], "x");
}
