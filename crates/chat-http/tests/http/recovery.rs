//! NOTIF-5: after a lost notification session everything is read again, and nothing is missing.

use serde_json::{Value, json};

use crate::floor::line;
use crate::support::{Ask, Site};

const ALL: &str = "/api/v2/me/?subresources=devices,calls,channels,interactions,chats";

/// The lines of the transcript from `start` on, with their numbers.
async fn lines(site: &Site, user: &str, chat: &str, start: u64) -> Vec<(u64, String)> {
    let path = format!("/api/v2/me/chats/{chat}/messages?startIndex={start}");
    let reply = site.ask(Ask::get(&path).by(user)).await.json();
    assert_eq!(reply["statusCode"], 0, "{reply}");
    let messages = reply["messages"].as_array().unwrap();
    messages.iter().map(|m| (m["index"].as_u64().unwrap(), line(m))).collect()
}

/// The last number of the lines in these notifications.
fn last_index(heard: &[Value]) -> u64 {
    let messages = heard.iter().filter_map(|data| data["messages"].as_array()).flatten();
    messages.filter_map(|m| m["index"].as_u64()).max().unwrap()
}

/// NOTIF-5.1, NOTIF-5.2: while the desk is deaf, one chat goes on, one ends, one comes and is still
/// to be answered, and the channel changes; the reads tell all of it, and the desk goes on.
#[tokio::test]
async fn a_desk_that_was_deaf_reads_what_it_missed_and_goes_on() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let desk = site.listen("agent1").await;
    let mut visitors = Vec::new();
    for name in ["Vera", "Walt"] {
        visitors.push(site.visit(name).await);
        let chat = site.chats("agent1").await.pop().unwrap();
        let accept = json!({"operationName": "Accept"});
        site.perform("agent1", &chat, accept).await.assert_ok();
    }
    let chats = site.chats("agent1").await;
    let heard = desk.hear(&site).await;
    let known = last_index(&heard);
    let first = lines(&site, "agent1", &chats[0], 1).await;

    // The session is swept: its client did not poll (BAYEUX-4.8).
    site.clock.advance(40_000);
    site.app.catch_up().await;
    let gone = site.bayeux("agent1", &desk.connect(json!({}), Some(0))).await.json();
    assert!(gone[0]["error"].as_str().unwrap().starts_with("402"), "{gone}");

    // What the desk does not hear.
    let say = |text: &str| json!({"operationName": "SendMessage", "text": text});
    site.visitor_says(&visitors[0], say("are you there?")).await.assert_ok();
    site.visitor_says(&visitors[0], say("hello?")).await.assert_ok();
    let data =
        json!({"operationName": "AttachUserData", "userData": {"n": 1, "deep": {"z": null}}});
    site.perform("agent1", &chats[0], data).await.assert_ok();
    site.perform("agent1", &chats[1], json!({"operationName": "Complete"})).await.assert_ok();
    site.visit("Xena").await;
    let do_not = Ask::operation("/api/v2/me", "DoNotDisturbOn").by("agent1");
    site.ask(do_not).await.assert_ok();

    // The desk starts over and reads.
    let desk = site.listen("agent1").await;
    for query in [ALL, "/api/v2/me?subresources=*"] {
        let me = site.ask(Ask::get(query).by("agent1")).await.json()["user"].clone();
        let states: Vec<_> = me["chats"]
            .as_array()
            .unwrap()
            .iter()
            .map(|chat| (chat["id"].as_str().unwrap() == chats[0], chat["state"].as_str().unwrap()))
            .collect();
        assert_eq!(states, [(true, "Chatting"), (false, "Invited")], "the ended one is gone");
        assert_eq!(me["interactions"], me["chats"]);
        let (open, invited) = (&me["chats"][0], &me["chats"][1]);
        assert_eq!(open["userData"]["deep"], json!({"z": null}));
        let nicknames: Vec<_> = open["participants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["nickname"].clone())
            .collect();
        assert_eq!(nicknames, ["Vera", "Agent One"]);
        assert_eq!(invited["capabilities"], json!(["Accept", "Reject"]));
        assert_eq!(invited["participants"], json!([]), "DEC-32");
        assert_eq!(me["channels"][0]["dndState"], "On");
        // As each by its own address.
        for chat in [open, invited] {
            let id = chat["id"].as_str().unwrap();
            assert_eq!(site.chat("agent1", id).await, *chat);
        }
    }
    // The ended one is still there to be read (DEC-23).
    assert_eq!(site.chat("agent1", &chats[1]).await["state"], "Completed");

    // The missed lines, and no others; all of them once more from the start.
    let missed = lines(&site, "agent1", &chats[0], first.last().unwrap().0 + 1).await;
    let texts: Vec<_> = missed.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(texts, ["Vera: are you there?", "Vera: hello?"]);
    assert!(known >= first.last().unwrap().0, "the first lines were heard");
    let all = lines(&site, "agent1", &chats[0], 1).await;
    assert_eq!(all, [first, missed].concat());

    // And on it goes: by what was read, and heard by the new session.
    assert_eq!(desk.hear_short(&site).await, [""; 0], "nothing comes twice");
    site.perform("agent1", &chats[0], say("here I am")).await.assert_ok();
    assert_eq!(desk.hear_short(&site).await, ["NewMessages Agent One: here I am"]);
    let invited = site.chats("agent1").await.pop().unwrap();
    site.perform("agent1", &invited, json!({"operationName": "Accept"})).await.assert_ok();
    assert_eq!(site.chat("agent1", &invited).await["state"], "Chatting");
}

/// The same after a restart of the server: what is read comes from the store.
#[tokio::test]
async fn a_desk_reads_the_same_after_a_restart() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.pop().unwrap();
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    let say = json!({"operationName": "SendMessage", "text": "hello?"});
    site.visitor_says(&visitor, say).await.assert_ok();
    let before = site.ask(Ask::get(ALL).by("agent1")).await.text;
    let transcript = lines(&site, "agent1", &chat, 1).await;
    let site = site.restarted();
    assert_eq!(site.ask(Ask::get(ALL).by("agent1")).await.text, before);
    assert_eq!(lines(&site, "agent1", &chat, 1).await, transcript);
}
