//! Operations on an agent's chat: accepted or refused, and what a refusal leaves behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_http::{App, Chance, Config, Extras, ManualClock};
use chat_model::{ChatFile, Limits};
use chat_store::fault::{Faults, Faulty};
use chat_store::{MemoryStore, Store as _};
use serde_json::{Value, json};

use crate::floor::agent_id;
use crate::support::{Ask, Site};

const SEED: &str = include_str!("../../../../tests/samples/seed/attach_user_data.json");
const CHAT: &str = "0000Wa9CAM6W00J";

/// The chat of the seed page as it was before the page's request.
fn seed_chat() -> ChatFile {
    let seed: Value = serde_json::from_str(SEED).unwrap();
    let mut chat = seed["notification"]["chat"].clone();
    for key in seed["request"]["userData"].as_object().unwrap().keys() {
        chat["userData"].as_object_mut().unwrap().remove(key);
    }
    chat["owner"] = agent_id(1).into();
    ChatFile::read(chat.to_string().as_bytes(), &Limits::default()).unwrap()
}

async fn seeded() -> Site {
    let site = Site::new();
    assert_eq!(site.app.import(vec![seed_chat()]).await, Ok(1));
    assert_eq!(site.app.import(vec![seed_chat()]).await, Ok(0), "a chat that is there stays");
    site
}

fn path() -> String {
    format!("/api/v2/me/chats/{CHAT}")
}

/// The seed page, with what its subscriber hears.
#[tokio::test]
async fn the_request_of_the_page_gives_the_answers_of_the_page() {
    let site = seeded().await;
    let agent = site.listen("agent1").await;
    let seed: Value = serde_json::from_str(SEED).unwrap();
    site.perform("agent1", CHAT, seed["request"].clone()).await.assert_ok();
    let heard = agent.hear(&site).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    let (heard, page) = (&heard[0], &seed["notification"]);
    for member in ["notificationType", "messageType"] {
        assert_eq!(heard[member], page[member]);
    }
    for member in ["userData", "state", "capabilities", "id"] {
        assert_eq!(heard["chat"][member], page["chat"][member], "{member}");
    }
    assert_eq!(heard["chat"]["uri"], format!("http://127.0.0.1:8090/api/v2/chats/{CHAT}"));
    for (heard, page) in heard["chat"]["participants"]
        .as_array()
        .unwrap()
        .iter()
        .zip(page["chat"]["participants"].as_array().unwrap())
    {
        for (member, value) in page.as_object().unwrap() {
            assert_eq!(heard[member], *value, "{member}");
        }
    }
    assert!(heard["referenceId"].as_u64() > Some(0), "DEC-31");
}

/// DEC-4, DEC-7, DEC-13, DEC-14, DEC-36, DEC-37: each refusal, and the chat as it was.
#[tokio::test]
async fn a_refusal_leaves_the_chat_as_it_was() {
    let site = seeded().await;
    site.log_in(&["agent1", "agent2"]).await;
    let agent = site.listen("agent1").await;
    let before = site.ask(Ask::get(&path()).by("agent1")).await.text;
    let records = site.store.records(&CHAT.into(), 0, 10).await.unwrap().len();

    let deep = format!(
        r#"{{"operationName":"AttachUserData","userData":{{"a":{}{}}}}}"#,
        "[".repeat(63),
        "]".repeat(63)
    );
    let large = format!(
        r#"{{"operationName":"AddComment","comment":"{}"}}"#,
        "x".repeat(1_048_577 - r#"{"operationName":"AddComment","comment":""}"#.len())
    );
    assert_eq!(large.len(), 1_048_577);
    let body = |text: &str| Ask::post(&path(), text.to_owned()).by("agent1");
    for (ask, http, code, part) in [
        (Ask::post(&path(), "{"), 403, 20, "Access denied"),
        (Ask::post(&path(), "{}").by("agent2"), 404, 6, "chat"),
        (Ask::post("/api/v2/me/chats/none", "{}").by("agent1"), 404, 6, "chat"),
        (Ask::post("/api/v2/me/chats/none", "{").by("agent1"), 400, 10, ""),
        (body(""), 400, 10, ""),
        (body("{"), 400, 10, ""),
        (body("[]"), 400, 10, "object"),
        (body("null"), 400, 10, "object"),
        (body("\u{feff}{}"), 400, 10, ""),
        (body(r#"{"a":1,"a":1,"operationName":"AddComment"}"#), 400, 10, "a"),
        (body(r#"{"operationName":"AddComment","comment":"\ud800"}"#), 400, 10, "surrogate"),
        (body(&deep), 400, 10, "64"),
        (body(&large), 413, 10, "1048576"),
        (body("{}").header("content-type", "text/plain"), 415, 10, "text/plain"),
        (body("{}"), 400, 1, "operationName"),
        (body(r#"{"operationName":null}"#), 400, 1, "operationName"),
        (body(r#"{"operationName":7}"#), 400, 10, "operationName"),
        (body(r#"{"operationName":"Fly"}"#), 400, 10, "Fly"),
        (body(r#"{"operationName":"Accept"}"#), 400, 2, "Accept"),
        (body(r#"{"operationName":"AttachUserData"}"#), 400, 1, "userData"),
        (body(r#"{"operationName":"AttachUserData","userData":[]}"#), 400, 10, "userData"),
        (body(r#"{"operationName":"AttachUserData","userData":{"":1}}"#), 400, 10, ""),
        (body(r#"{"operationName":"DeleteUserData","keys":"a"}"#), 400, 10, "keys"),
        (body(r#"{"operationName":"SendMessage","text":""}"#), 400, 10, "text"),
        (body(r#"{"operationName":"Transfer"}"#), 400, 1, "targetUri"),
        (body(r#"{"operationName":"Transfer","queueName":"none"}"#), 404, 6, "queueName"),
        (body(r#"{"operationName":"Complete","queueName":"none"}"#), 404, 6, "queueName"),
    ] {
        let what = format!("{:?}", ask.0);
        let answer = site.ask(ask).await;
        assert_eq!(answer.status.as_u16(), http, "{what} {answer:?}");
        answer.assert_refused(http, code, part);
    }
    assert_eq!(site.ask(Ask::get(&path()).by("agent1")).await.text, before);
    assert_eq!(site.store.records(&CHAT.into(), 0, 10).await.unwrap().len(), records);
    assert_eq!(agent.hear_short(&site).await, [""; 0]);
}

/// DEC-61, PLAT-2.4-4: to who lacks the feature there is nothing to read, and operations are
/// refused before anything is said of the chat (DEC-14).
#[tokio::test]
async fn a_user_without_the_feature_has_no_chats() {
    let site = Site::with(|config| {
        config.users[1].roles = vec!["ROLE_APIUSER".into()];
        config.users[2].features = Some(vec!["api-supervisor-monitoring".into()]);
    });
    for user in ["agent2", "agent3"] {
        for path in [
            "/api/v2/me/chats".to_owned(),
            "/api/v2/me/chats?fields=*".to_owned(),
            "/api/v2/me/interactions".to_owned(),
            path(),
            path().replace("/me/", "/"),
            format!("{}/messages", path()),
        ] {
            site.ask(Ask::get(&path).by(user)).await.assert_refused(404, 6, "no resource");
        }
        site.ask(Ask::post(&path(), "{}").by(user)).await.assert_refused(403, 3, "api-multimedia");
        site.ask(Ask::post(&path(), "{").by(user)).await.assert_refused(400, 10, "");
        let me = site.ask(Ask::get("/api/v2/me?subresources=*").by(user)).await.json();
        assert_eq!((&me["user"]["chats"], &me["user"]["interactions"]), (&json!([]), &json!([])));
    }
    // Either feature will do (PLAT-2.4-3).
    for feature in ["api-multimedia", "api-multimedia-chat"] {
        let site = Site::with(|config| config.users[0].features = Some(vec![feature.into()]));
        let chats = site.ask(Ask::get("/api/v2/me/chats").by("agent1")).await;
        assert_eq!(chats.json(), json!({"statusCode": 0, "uris": []}), "{feature}");
    }
}

/// CHAT-9.1 to 9.4, PLAT-1.3.
#[tokio::test]
async fn chats_are_read_as_addresses_objects_and_transcripts() {
    let site = seeded().await;
    let get = async |path: &str| site.ask(Ask::get(path).by("agent1")).await.json();
    let uri = format!("http://127.0.0.1:8090/api/v2/chats/{CHAT}");
    for slash in ["", "/"] {
        let answer = get(&format!("/api/v2/me/chats{slash}")).await;
        assert_eq!(answer, json!({"statusCode": 0, "uris": [uri]}));
    }
    let chat = get(&path()).await["chat"].clone();
    assert_eq!(get("/api/v2/me/chats?fields=*").await, json!({"statusCode": 0, "chats": [chat]}));
    assert_eq!(
        get("/api/v2/me/chats?fields=id,state,none").await,
        json!({"statusCode": 0, "chats": [{"state": "Chatting", "id": CHAT}]})
    );
    let me = get("/api/v2/me?subresources=chats").await;
    assert_eq!(me["user"]["chats"], json!([chat]));

    for text in ["a", "b", "c"] {
        let say = json!({"operationName": "SendMessage", "text": text});
        site.perform("agent1", CHAT, say).await.assert_ok();
    }
    for (query, expected) in [
        ("", &["a", "b", "c"][..]),
        ("?startIndex=0", &["a", "b", "c"]),
        ("?startIndex=2", &["b", "c"]),
        ("?startIndex=2&count=1", &["b"]),
        ("?count=0", &[]),
        ("?startIndex=99999999999", &[]),
    ] {
        let answer = get(&format!("{}/messages{query}", path())).await;
        assert_eq!(answer["statusCode"], 0);
        let texts: Vec<_> = answer["messages"].as_array().unwrap().iter().collect();
        let texts: Vec<_> = texts.iter().map(|m| m["text"].as_str().unwrap()).collect();
        assert_eq!(texts, expected, "{query}");
    }
    for query in ["startIndex=x", "startIndex=-1", "count=1e3", "count="] {
        let ask = Ask::get(&format!("{}/messages?{query}", path())).by("agent1");
        let name = query.split('=').next().unwrap();
        site.ask(ask).await.assert_refused(400, 10, name);
    }
}

/// All operations land, also between two nodes; each is there and heard of once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_operations_all_land() {
    for nodes in [1, 2] {
        let site = seeded().await;
        let other = site.restarted();
        let routers = [site.router.clone(), other.router.clone()];
        let listener = site.listen("agent1").await;
        let mut tasks = Vec::new();
        for n in 0..32 {
            let body = json!({"operationName": "UpdateUserData", "userData": {format!("k{n}"): n}});
            let ask = Ask::post(&path(), body.to_string()).by("agent1");
            let router = routers[n % nodes].clone();
            tasks.push(tokio::spawn(async move {
                (n, Site::ask_router(router, ask).await.status.as_u16())
            }));
        }
        for task in tasks {
            let (n, status) = task.await.unwrap();
            assert_eq!(status, 200, "operation {n} on {nodes} nodes");
        }
        let data = site.chat("agent1", CHAT).await["userData"].clone();
        for n in 0..32 {
            let key = format!("k{n}");
            assert_eq!(data[&key], n, "{key}");
        }
        assert_eq!(data, other.chat("agent1", CHAT).await["userData"]);
        let heard = listener.hear(&site).await;
        assert_eq!(heard.len(), 32, "each is heard of once");
        assert_eq!(heard.last().unwrap()["chat"]["userData"], data);
    }
}

/// Whatever the store says of an append: what was answered with 0 is there once, in order, and told
/// once; what was refused is not there; what nobody could tell is there once or not at all.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_doubled_over_a_store_that_lies() {
    const RIVAL: &[u8] = br#"{"at":1700000000000,"by":"house","events":[]}"#;
    let site = seeded().await;
    let mut faults = Faults::NONE;
    (faults.unknown_applied, faults.unknown_lost, faults.unknown_late) = (20, 15, 15);
    (faults.retry, faults.rival, faults.reads) = (15, 15, 10);
    for seed in 0..8 {
        let store = Faulty::new(site.store.clone(), seed, faults).rival_payload(RIVAL);
        let config = Config::demo("127.0.0.1:8090".parse().unwrap());
        let lying = App::new(config, store, site.clock.clone()).unwrap().router();
        let listener = site.listen("agent1").await;
        let start = site.store.records(&CHAT.into(), 0, 10_000).await.unwrap().len();
        let mut answers = Vec::new();
        for n in 0..40 {
            let text = format!("{seed}-{n}");
            let say = json!({"operationName": "SendMessage", "text": text}).to_string();
            // A read that fails may refuse the request before anything is written.
            let ask = Ask::post(&path(), say).by("agent1");
            let status = Site::ask_router(lying.clone(), ask).await.status.as_u16();
            assert!(status == 200 || status == 503, "{status}");
            answers.push((text, status == 200));
        }
        // What comes late has come now: the next append brings it.
        site.perform("agent1", CHAT, json!({"operationName": "SetInFocus"})).await.assert_ok();
        let all = site.ask(Ask::get(&format!("{}/messages", path())).by("agent1")).await.json();
        let said = texts(&all["messages"], seed);
        let heard: Vec<String> = listener
            .hear(&site)
            .await
            .iter()
            .flat_map(|data| texts(&data["messages"], seed))
            .collect();
        assert_eq!(heard, said, "told once each, in order");
        let accepted = answers.iter().filter(|(_, accepted)| *accepted).count();
        assert!(accepted >= 20, "{accepted} of 40");
        for (text, accepted) in &answers {
            let count = said.iter().filter(|other| *other == text).count();
            assert!(
                if *accepted { count == 1 } else { count <= 1 },
                "{text} is there {count} times"
            );
        }
        let in_order: Vec<_> =
            answers.iter().map(|(text, _)| text).filter(|text| said.contains(text)).collect();
        assert!(said.iter().eq(in_order), "{said:?}");
        assert!(
            site.store.records(&CHAT.into(), 0, 10_000).await.unwrap().len() > start + accepted
        );
    }
}

fn texts(messages: &Value, seed: u64) -> Vec<String> {
    let of_seed = format!("{seed}-");
    let texts = messages.as_array().into_iter().flatten().filter_map(|m| m["text"].as_str());
    texts.filter(|text| text.starts_with(&of_seed)).map(str::to_owned).collect()
}

/// A snapshot is as long as the transcript. They must become rarer as it grows, or a visitor who
/// goes on typing makes every operation dearer than the one before.
#[tokio::test]
async fn the_snapshots_of_a_long_chat_stay_in_proportion() {
    const MESSAGES: u64 = 2_048;
    let site = seeded().await;
    let (mut version, mut written, mut longest) = (0, 0, 0);
    for n in 0..MESSAGES {
        let say = json!({"operationName": "SendMessage", "text": format!("message {n}")});
        site.perform("agent1", CHAT, say).await.assert_ok();
        let loaded = site.store.load(&CHAT.into()).await.unwrap().unwrap();
        let snapshot = loaded.snapshot.filter(|snapshot| snapshot.version > version);
        if let Some(snapshot) = snapshot {
            (version, longest) = (snapshot.version, snapshot.bytes.len());
            written += longest;
        }
        // And whoever loads the chat has little to fold besides.
        let most = 32.max(loaded.head.version / 8);
        assert!(loaded.head.version - version <= most, "at {n}: the last one is at {version}");
    }
    assert!(written <= 16 * longest, "{written} bytes written for snapshots of {longest}");
}

/// A chat of more than a snapshot's length is the same after a restart.
#[tokio::test]
async fn a_long_chat_survives_a_restart() {
    let site = seeded().await;
    for n in 0..70 {
        let say = json!({"operationName": "SendMessage", "text": n.to_string()});
        site.perform("agent1", CHAT, say).await.assert_ok();
    }
    let loaded = site.store.load(&CHAT.into()).await.unwrap().unwrap();
    assert_eq!(loaded.snapshot.unwrap().version, 64);
    assert_eq!(loaded.records.len(), 7);
    for path in [path(), format!("{}/messages", path())] {
        let here = site.ask(Ask::get(&path).by("agent1")).await.text;
        let there = site.restarted().ask(Ask::get(&path).by("agent1")).await.text;
        assert_eq!(here, there);
    }
}

/// Names that count, so that two servers draw the same.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed) as u8;
        }
    }
}

/// The same requests at the same time, with the same names drawn, give the same bytes.
#[tokio::test]
async fn two_runs_of_one_conversation_differ_in_no_byte() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let store = MemoryStore::new(Arc::new(|| 1_700_000_000_000));
        let mut extras = Extras::default();
        extras.chance = Arc::new(Counting::default());
        let config = Config::demo("127.0.0.1:8090".parse().unwrap());
        let app = App::with(config, store.clone(), clock, extras).unwrap();
        let router = app.router();
        let said = async |ask: Ask| {
            let answer = Site::ask_router(router.clone(), ask).await;
            app.catch_up().await;
            answer.text
        };
        let mut text = Vec::new();
        let start = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
        text.push(said(Ask::post("/api/v2/me", start).by("agent1")).await);
        text.push(said(Ask::operation("/api/v2/me/channels/chat", "Ready").by("agent1")).await);
        let request = r#"{"operationName":"RequestChat","nickname":"Vera"}"#;
        let requested = said(Ask::post("/api/v2/chats", request)).await;
        let visitor = serde_json::from_str::<Value>(&requested).unwrap()["id"].clone();
        text.push(requested);
        let listed = said(Ask::get("/api/v2/me/chats?fields=*").by("agent1")).await;
        let chat = serde_json::from_str::<Value>(&listed).unwrap()["chats"][0]["id"].clone();
        text.push(listed);
        let mine = format!("/api/v2/me/chats/{}", chat.as_str().unwrap());
        text.push(said(Ask::operation(&mine, "Accept").by("agent1")).await);
        let attach = r#"{"operationName":"AttachUserData","userData":{"b":1.0,"a":{"y":1,"x":2}}}"#;
        text.push(said(Ask::post(&mine, attach).by("agent1")).await);
        let visitor = visitor.as_str().unwrap();
        text.push(said(Ask::get(&format!("/api/v2/chats/{visitor}/messages"))).await);
        text.push(said(Ask::get(&mine).by("agent1")).await);
        let records = store.records(&chat.as_str().unwrap().into(), 0, 100).await.unwrap();
        text.extend(records.iter().map(|r| String::from_utf8(r.payload.to_vec()).unwrap()));
        runs.push(text);
    }
    assert_eq!(runs[0].len(), 8 + 4);
    assert_eq!(runs[0], runs[1]);
}
