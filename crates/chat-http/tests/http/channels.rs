//! DEC-60: which channels a session has when not all of them can be opened.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, Site};

/// A contact centre that cannot open these channels.
fn without(channels: &[&str]) -> Site {
    Site::with(|config| {
        for channel in channels {
            let why = format!("There is no {channel} here.");
            config.unavailable_channels.insert((*channel).to_owned(), why);
        }
    })
}

async fn start(site: &Site, channels: &[&str]) -> Answer {
    let body = json!({"operationName": "StartContactCenterSession", "channels": channels,
        "place": null, "loginCode": null, "queue": null, "devicePath": null});
    site.ask(Ask::post("/api/v2/me", body.to_string()).by("agent1")).await
}

/// The names of the channels of the session; `None` without a session (PLAT-1.3-12).
async fn channels(site: &Site) -> Option<Vec<String>> {
    let me = site.ask(Ask::get("/api/v2/me?subresources=channels").by("agent1")).await.json();
    let channels = me["user"].get("channels")?.as_array().unwrap();
    Some(channels.iter().map(|c| c["channel"].as_str().unwrap().to_owned()).collect())
}

fn failed(channel: &str, of: &str) -> Value {
    json!({"statusCode": 4, "statusMessage": format!("There is no {of} here."), "channel": channel})
}

fn opened(channel: &str) -> Value {
    json!({"statusCode": 0, "channel": channel})
}

/// One client throws on 7 (PLAT-1.2-5), so nothing fails that nobody called unavailable.
#[tokio::test]
async fn every_channel_opens_unless_the_configuration_says_otherwise() {
    for asked in [&["voice", "chat"][..], &["chat"], &["voice", "chat", "email"]] {
        let site = Site::new();
        start(&site, asked).await.assert_ok();
        assert_eq!(channels(&site).await.unwrap(), asked);
    }
}

/// PLAT-1.2-8, PLAT-1.2-9: the reply tells what failed, and the session has the rest.
#[tokio::test]
async fn what_cannot_be_opened_is_told_and_the_rest_is_opened() {
    for (unavailable, asked, failures, successes, session) in [
        (
            &["voice"][..],
            &["voice", "chat"][..],
            vec![failed("voice", "voice")],
            vec![opened("multimedia")],
            &["chat"][..],
        ),
        // Media are one entry.
        (
            &["voice"],
            &["chat", "voice", "email"],
            vec![failed("voice", "voice")],
            vec![opened("multimedia")],
            &["chat", "email"],
        ),
        (
            &["email", "workitem"],
            &["voice", "email", "workitem"],
            vec![failed("multimedia", "email")],
            vec![opened("voice")],
            &["voice"],
        ),
        // Unless one of them failed and another did not.
        (
            &["email"],
            &["voice", "chat", "email"],
            vec![failed("email", "email")],
            vec![opened("voice"), opened("chat")],
            &["voice", "chat"],
        ),
    ] {
        let site = without(unavailable);
        let answer = start(&site, asked).await;
        assert_eq!(answer.status, 200, "PLAT-1.2-c7");
        assert_eq!(
            answer.json(),
            json!({"statusCode": 7, "failed": failures, "succeeded": successes}),
            "{asked:?}"
        );
        assert_eq!(channels(&site).await.unwrap(), session);
        // Again, it is the same (PLAT-3.3-9).
        assert_eq!(start(&site, asked).await.json()["statusCode"], 7);
        assert_eq!(channels(&site).await.unwrap(), session);
    }
}

/// PLAT-1.2-10, and PLAT-1.2-2: nothing has changed.
#[tokio::test]
async fn if_nothing_can_be_opened_there_is_one_error_and_no_session() {
    let site = without(&["voice", "email"]);
    for asked in [&["voice"][..], &["voice", "email"]] {
        start(&site, asked).await.assert_refused(500, 4, "There is no voice here.");
    }
    assert_eq!(channels(&site).await, None);
    start(&site, &["chat"]).await.assert_ok();
    start(&site, &["email"]).await.assert_refused(500, 4, "There is no email here.");
    assert_eq!(channels(&site).await.unwrap(), ["chat"]);
}
