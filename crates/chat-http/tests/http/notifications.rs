//! `/api/v2/notifications`: Bayeux through HTTP, and the journal behind it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::floor::{Listener, NOTIFICATIONS};
use crate::support::{Ask, Site};

const HELLO: &str = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;

/// A site on which agent1 has a chat with Vera.
async fn served() -> (Site, String, String) {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    let visitor = site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    site.perform("agent1", &chat, json!({"operationName": "Accept"})).await.assert_ok();
    (site, chat, visitor)
}

fn say(text: &str) -> Value {
    json!({"operationName": "SendMessage", "text": text})
}

/// NOTIF-1.1 to 1.3, BAYEUX-1.14 to -1.20: paths, methods, media types, statuses.
#[tokio::test]
async fn every_path_below_it_is_the_same_resource() {
    let site = Site::new();
    for path in ["", "/", "/handshake", "/connect", "/a/b/c"] {
        let path = format!("{NOTIFICATIONS}{path}");
        site.ask(Ask::post(&path, HELLO)).await.assert_refused(403, 20, "Access denied");
        let answer = site.ask(Ask::post(&path, HELLO).by("agent1")).await;
        assert_eq!(answer.status, 200, "{path} {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json;charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with("BAYEUX_BROWSER="), "{cookie}");
        // BAYEUX-14.7
        assert!(cookie.ends_with("; Path=/; HttpOnly"), "{cookie}");
        assert_eq!(answer.json()[0]["successful"], true);

        let with_cookie = Ask::post(&path, HELLO).by("agent1").cookie(answer.cookie().unwrap());
        assert_eq!(site.ask(with_cookie).await.header("set-cookie"), None, "BAYEUX-2.2");
        site.ask(Ask::get(&path).by("agent1")).await.assert_refused(400, 10, "POST");
        site.ask(Ask::new("PUT", &path).by("agent1")).await.assert_refused(405, 3, "method");
        let text = Ask::post(&path, HELLO).by("agent1").header("content-type", "text/plain");
        site.ask(text).await.assert_refused(415, 10, "application/json");
        for bad in ["", "[]", "[{", "7", "[7]"] {
            let answer = site.ask(Ask::post(&path, bad).by("agent1")).await;
            assert_eq!(answer.status, 400, "{bad:?} {answer:?}");
        }
    }
}

/// BAYEUX-2.4: a client id is a secret of its user.
#[tokio::test]
async fn a_client_id_is_worth_nothing_to_another_user() {
    let (site, chat, _) = served().await;
    let agent = site.listen("agent1").await;
    let thief = Listener { user: "agent2", client_id: agent.client_id.clone() };
    let reply = thief.poll(&site, json!({})).await.remove(0);
    assert_eq!(reply["error"], "402::Unknown client");
    site.perform("agent1", &chat, say("x")).await.assert_ok();
    assert_eq!(agent.hear_short(&site).await, ["NewMessages Agent One: x"]);
}

/// NOTIF-2.14: all sessions of the user, each once; BAYEUX-4.3: a held poll wakes.
#[tokio::test]
async fn a_poll_is_held_until_there_is_news() {
    let (site, chat, _) = served().await;
    let work = tokio::spawn({
        let app = site.app.clone();
        async move { app.work().await }
    });
    let (one, two) = (site.listen("agent1").await, site.listen("agent1").await);
    let hold = |listener: &Listener| {
        let ask = Ask::post(NOTIFICATIONS, listener.connect(json!({}), None).to_string());
        let router = site.router.clone();
        tokio::spawn(async move {
            let answer = Site::ask_router(router, ask.by("agent1")).await;
            answer.json()
        })
    };
    let (first, second) = (hold(&one), hold(&two));
    tokio::task::yield_now().await;
    site.perform("agent1", &chat, say("x")).await.assert_ok();
    for poll in [first, second] {
        let answer = tokio::time::timeout(Duration::from_secs(10), poll).await.unwrap().unwrap();
        assert_eq!(answer[0]["data"]["messages"][0]["text"], "x");
        assert_eq!(answer[0]["channel"], "/v2/me/chats");
        assert_eq!(answer[1], json!({"channel": "/meta/connect", "successful": true}));
    }
    work.abort();
}

/// BAYEUX-4.3: without news a poll is answered when its time is up; DEC-45: at the end with 402.
#[tokio::test]
async fn a_poll_ends_with_its_time_or_with_the_server() {
    let (site, ..) = served().await;
    let agent = site.listen("agent1").await;
    let ask = || {
        let connect = agent.connect(json!({}), None).to_string();
        let ask = Ask::post(NOTIFICATIONS, connect).by("agent1");
        tokio::spawn(Site::ask_router(site.router.clone(), ask))
    };
    let poll = ask();
    while site.held_polls().await == 0 {
        tokio::task::yield_now().await;
    }
    site.clock.advance(20_000);
    site.app.catch_up().await;
    let reply = poll.await.unwrap().json();
    assert_eq!(reply, json!([{"channel": "/meta/connect", "successful": true}]));

    // A client that hangs up takes nothing with it.
    let poll = ask();
    while site.held_polls().await == 0 {
        tokio::task::yield_now().await;
    }
    poll.abort();
    assert!(poll.await.unwrap_err().is_cancelled());
    assert_eq!(site.held_polls().await, 0);
    assert_eq!(agent.hear_short(&site).await, [""; 0]);
}

/// BAYEUX-10.1: a session without a poll is forgotten, and its row with it.
#[tokio::test]
async fn a_silent_session_is_forgotten() {
    let (site, ..) = served().await;
    let agent = site.listen("agent1").await;
    site.clock.advance(10_000);
    let reply = agent.poll(&site, json!({})).await.remove(0);
    assert_eq!(reply["error"], "402::Unknown client");
    assert_eq!(reply["advice"]["reconnect"], "handshake");
    let again = agent.poll(&site.restarted(), json!({})).await.remove(0);
    assert_eq!(again["error"], "402::Unknown client");
}

/// DEC-44: another node goes on with a session from what its client confirms, without a gap and
/// without a repetition; what it tells is made again from the journal, to the byte.
#[tokio::test]
async fn another_node_goes_on_with_a_session() {
    let (site, chat, visitor) = served().await;
    let ack = |n: u64| json!({"ack": n});
    let agent = site.listen_with("agent1", json!({"ack": true})).await;
    let quiet = agent.poll(&site, ack(0)).await.remove(0);
    let seen = quiet["ext"]["ack"].as_u64().unwrap();

    site.perform("agent1", &chat, say("one")).await.assert_ok();
    let attach = json!({"operationName": "AttachUserData", "userData": {"z": [1.0, {"b": null}]}});
    site.perform("agent1", &chat, attach).await.assert_ok();
    site.visitor_says(&visitor, say("two")).await.assert_ok();
    site.perform("agent1", &chat, json!({"operationName": "Leave"})).await.assert_ok();
    let here = agent.poll(&site, ack(seen)).await;
    assert_eq!(here.len(), 5, "{here:?}");

    // The answer was lost with the node.
    let other = site.restarted();
    let there = agent.poll(&other, ack(seen)).await;
    let data = |heard: &[Value]| -> Vec<String> {
        heard[..heard.len() - 1].iter().map(|event| event["data"].to_string()).collect()
    };
    assert_eq!(data(&there), data(&here));
    let last = there.last().unwrap()["ext"]["ack"].as_u64().unwrap();
    assert_eq!(last, here.last().unwrap()["ext"]["ack"].as_u64().unwrap());
    let rest = agent.poll(&other, ack(last)).await;
    assert_eq!(rest.len(), 1, "{rest:?}");

    // The first node forgets the session, which is not its own any more, and leaves its row alone.
    site.clock.advance(9_000);
    agent.poll(&other, ack(last)).await;
    site.clock.advance(2_000);
    site.app.catch_up().await;
    assert!(site.sessions().await < 1.0);
    let third = other.restarted();
    let reply = agent.poll(&third, ack(last)).await.remove(0);
    assert_eq!((&reply["successful"], &reply["ext"]["ack"]), (&json!(true), &json!(last)));
}

/// DEC-44: what a client has already takes no room from what it misses, however old its row is.
#[tokio::test]
async fn another_node_makes_room_for_what_is_new_only() {
    let (site, chat, _) = served().await;
    let ack = |n: u64| json!({"ack": n});
    let agent = site.listen_with("agent1", json!({"ack": true})).await;
    let mut last = 0;
    for text in ["one", "two", "three", "four"] {
        site.perform("agent1", &chat, say(text)).await.assert_ok();
        let reply = agent.poll(&site, ack(last)).await.pop().unwrap();
        last = reply["ext"]["ack"].as_u64().unwrap();
    }
    let tight = |config: &mut chat_http::Config| config.notifications.max_queued_events = 2;
    for text in ["five", "six"] {
        let other = site.restarted_with(tight);
        other.perform("agent1", &chat, say(text)).await.assert_ok();
        let heard = agent.poll(&other, ack(last)).await;
        assert_eq!(heard.len(), 2, "{heard:?}");
        last = heard[1]["ext"]["ack"].as_u64().unwrap();
    }
}

/// DEC-44: who does not acknowledge hears again what was told since its row was written, but not once
/// more from every server that takes over and soon fails.
#[tokio::test]
async fn nodes_that_fail_soon_do_not_repeat_themselves() {
    let (site, chat, _) = served().await;
    let agent = site.listen("agent1").await;
    site.perform("agent1", &chat, say("one")).await.assert_ok();
    let heard = ["NewMessages Agent One: one"];
    assert_eq!(agent.hear_short(&site).await, heard);
    let second = site.restarted();
    assert_eq!(agent.hear_short(&second).await, heard, "the row is older than that");
    second.app.catch_up().await;
    assert_eq!(agent.hear_short(&second.restarted()).await, [""; 0]);
}

/// Never skipped in silence: what a feed has lost ends the session with 402, and the client reads
/// the state anew.
#[tokio::test]
async fn a_gap_in_the_feed_ends_the_session() {
    use chat_store::Store as _;
    let (site, chat, _) = served().await;
    let agent = site.listen("agent1").await;
    for text in ["one", "two"] {
        // Performed by another node, so that this one has not told it yet.
        let other = site.restarted();
        let path = format!("/api/v2/me/chats/{chat}");
        other.ask(Ask::post(&path, say(text).to_string()).by("agent1")).await.assert_ok();
    }
    site.store.expire(1_800_000_000_000, 1_000).await.unwrap();
    let reply = agent.poll(&site, json!({})).await.remove(0);
    assert_eq!(reply["error"], "402::Unknown client");
    let anew = site.listen("agent1").await;
    site.perform("agent1", &chat, say("three")).await.assert_ok();
    assert_eq!(anew.hear_short(&site).await, ["NewMessages Agent One: three"]);
}

/// NOTIF-3.3: readiness on its own topic.
#[tokio::test]
async fn readiness_is_told_on_its_own_topic() {
    let site = Site::new();
    site.log_in(&["agent1"]).await;
    let agent = site.listen("agent1").await;
    site.ready("agent1").await;
    assert_eq!(agent.hear_short(&site).await, [""; 0], "not subscribed");
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": agent.client_id,
        "subscription": "/v2/me/*"}]);
    site.bayeux("agent1", &subscribe).await;
    site.ask(Ask::operation("/api/v2/me/channels/chat", "NotReady").by("agent1")).await.assert_ok();
    let heard = agent.hear(&site).await;
    assert_eq!(
        heard,
        [json!({
            "messageType": "ChannelStateChangeMessageV2",
            "channels": [{
                "channel": "chat",
                "userState": {
                    "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
                    "displayName": "Not Ready",
                    "state": "NotReady",
                },
                "dndState": "Off",
            }],
        })]
    );
}

/// Hostile clients: sessions per user and polls in total are bounded.
#[tokio::test]
async fn sessions_and_polls_are_bounded() {
    let site = Site::with(|config| {
        config.notifications.max_sessions_per_user = 2;
        config.limits.max_held_polls = 1;
    });
    let (one, two) = (site.listen("agent1").await, site.listen("agent1").await);
    let third = site.ask(Ask::post(NOTIFICATIONS, HELLO).by("agent1")).await.json();
    assert_eq!(third[0]["successful"], false, "{third}");
    assert_eq!(
        site.ask(Ask::post(NOTIFICATIONS, HELLO).by("agent2")).await.json()[0]["successful"],
        true
    );

    let connect = one.connect(json!({}), None).to_string();
    let poll = tokio::spawn(Site::ask_router(
        site.router.clone(),
        Ask::post(NOTIFICATIONS, connect).by("agent1"),
    ));
    while site.held_polls().await == 0 {
        tokio::task::yield_now().await;
    }
    let answer = site.bayeux("agent1", &two.connect(json!({}), None)).await;
    // BAYEUX-14.8.
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (503, ""));
    assert_eq!(answer.header("content-type"), None);
    assert_eq!(answer.header("retry-after"), Some("1"));
    poll.abort();
}

impl Site {
    pub(crate) async fn held_polls(&self) -> u32 {
        self.figure("chat_held_polls").await as u32
    }

    async fn sessions(&self) -> f64 {
        self.figure("chat_notification_sessions").await
    }

    async fn figure(&self, name: &str) -> f64 {
        let text = self.ask(Ask::get("/metrics")).await.text;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    }
}

/// BAYEUX-12.1: by callback, if it is switched on; else, and with anything but the name of a
/// function, a GET is 400 (BAYEUX-1.19).
#[tokio::test]
async fn polls_by_callback_are_scripts() {
    let site = Site::with(|config| config.notifications.callback_polling = true);
    let message: String = form_urlencoded(HELLO.replace("long-polling", "callback-polling"));
    let get = |query: String| Ask::get(&format!("{NOTIFICATIONS}/handshake?{query}")).by("agent1");
    let answer = site.ask(get(format!("jsonp=cb.on_1&message={message}"))).await;
    assert_eq!(answer.header("content-type"), Some("text/javascript;charset=UTF-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.cookie().unwrap().starts_with("BAYEUX_BROWSER="));
    let call = answer.text.strip_prefix("/**/cb.on_1(").and_then(|text| text.strip_suffix(')'));
    let shaken: Value = serde_json::from_str(call.unwrap()).unwrap();
    assert_eq!(
        shaken[0]["supportedConnectionTypes"],
        json!(["long-polling", "callback-polling", "websocket"])
    );
    let answer = site.ask(get(format!("jsonp=&message={message}"))).await;
    assert!(answer.text.starts_with("/**/jsonpcallback([{"), "{answer:?}");

    let anonymous = Ask::get(&format!("{NOTIFICATIONS}?jsonp=cb&message={message}"));
    site.ask(anonymous).await.assert_refused(403, 20, "Access denied");
    for name in ["alert(1)%2F%2F", "a%20b", "%3Cscript%3E"] {
        let query = format!("jsonp={name}&message={message}");
        site.ask(get(query)).await.assert_refused(400, 10, "jsonp is not the name");
    }
    site.ask(get(format!("message={message}"))).await.assert_refused(400, 10, "no function");
    assert_eq!(site.ask(get("jsonp=cb".into())).await.status, 400);
    assert_eq!(site.ask(get("jsonp=cb&message=%5B%5D".into())).await.status, 400);
    let off = Site::new();
    let query = format!("jsonp=cb&message={message}");
    off.ask(get(query)).await.assert_refused(400, 10, "POST");
}

fn form_urlencoded(text: String) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// BAYEUX-5.4, NOTIF-2: the topics of the interface exist without a subscriber; NOTIF-2.17: those of
/// other users are for supervisors.
#[tokio::test]
async fn topics_exist_and_are_not_all_for_everybody() {
    let site = Site::new();
    for (user, operation, topic, error) in [
        ("agent1", "unsubscribe", "/v2/me/chats", None),
        ("agent1", "unsubscribe", "/v2/me/calls", None),
        ("agent1", "unsubscribe", "/v2/me/unheard", Some("400::channel_missing")),
        ("agent1", "subscribe", "/v2/me/unheard", None),
        (
            "agent1",
            "subscribe",
            "/v2/users",
            Some("403:denied_by_security_policy:subscribe_denied"),
        ),
        ("agent1", "subscribe", "/**", None),
        ("supervisor1", "subscribe", "/v2/users", None),
    ] {
        let listener = site.listen(user).await;
        let message = json!([{"channel": format!("/meta/{operation}"), "subscription": topic,
            "clientId": listener.client_id}]);
        let reply = site.bayeux(user, &message).await.json()[0].clone();
        assert_eq!(reply["error"].as_str(), error, "{user} {operation} {topic}: {reply}");
        assert_eq!(reply["successful"], error.is_none());
    }
}

/// BAYEUX-4.6: so many sessions of one browser hold a poll; one more is told to poll slowly.
#[tokio::test]
async fn sessions_of_one_browser_share_their_polls() {
    for most in [1, 2] {
        let site = Site::with(|config| config.notifications.max_sessions_per_browser = most);
        let mut polls = Vec::new();
        let sessions: Vec<_> = [site.listen("agent1").await, site.listen("agent1").await].into();
        for session in &sessions {
            let connect = session.connect(json!({}), None).to_string();
            let ask = Ask::post(NOTIFICATIONS, connect).by("agent1").cookie("BAYEUX_BROWSER=b1");
            let before = site.held_polls().await;
            let poll = tokio::spawn(Site::ask_router(site.router.clone(), ask));
            while site.held_polls().await == before && !poll.is_finished() {
                tokio::task::yield_now().await;
            }
            polls.push(poll);
        }
        assert_eq!(site.held_polls().await, most);
        if most == 1 {
            let crowded = polls.pop().unwrap().await.unwrap().json();
            let advice = json!({"multiple-clients": true, "interval": 2000, "reconnect": "retry"});
            assert_eq!((&crowded[0]["advice"], &crowded[0]["successful"]), (&advice, &json!(true)));
        }
        polls.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// DEC-71: after a 402 a client that says how far it was sent hears what it missed, in a new
/// session, beside another one of the same user that hears nothing twice; where the feed has lost
/// it, the session starts at the head, and the client sees so.
#[tokio::test]
async fn a_new_session_starts_at_the_old_checkpoint() {
    let (site, chat, _) = served().await;
    let agent = site.listen_with("agent1", json!({"ack": true})).await;
    let first = agent.poll(&site, json!({"ack": 0})).await.remove(0);
    site.perform("agent1", &chat, say("one")).await.assert_ok();
    let heard = agent.poll(&site, json!({"ack": first["ext"]["ack"]})).await;
    let checkpoint = heard.last().unwrap()["ext"]["ack"].clone();
    site.perform("agent1", &chat, say("two")).await.assert_ok();
    site.clock.advance(11_000);
    site.app.catch_up().await;
    let gone = agent.poll(&site, json!({"ack": checkpoint})).await.remove(0);
    assert_eq!(gone["error"], "402::Unknown client");

    let other = site.listen("agent1").await;
    site.perform("agent1", &chat, say("three")).await.assert_ok();
    let resumed = json!({"ack": {"enabled": true, "batch": checkpoint}});
    let again = site.listen_with("agent1", resumed.clone()).await;
    let missed = again.poll(&site, json!({"ack": checkpoint})).await;
    let texts = |heard: &[Value]| -> Vec<String> {
        heard
            .iter()
            .filter_map(|e| Some(e["data"]["messages"][0]["text"].as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(texts(&missed), ["two", "three"]);
    assert_eq!(other.hear_short(&site).await, ["NewMessages Agent One: three"]);

    use chat_store::Store as _;
    site.store.expire(1_800_000_000_000, 1_000).await.unwrap();
    let anew = site.listen_with("agent1", resumed).await;
    site.perform("agent1", &chat, say("four")).await.assert_ok();
    let heard = anew.poll(&site, json!({"ack": checkpoint})).await;
    assert_eq!(texts(&heard), ["four"]);
}
