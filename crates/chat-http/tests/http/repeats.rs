//! Requests that come twice: the same key and the same body have one effect and one answer, on one
//! node or several, also while the first one is under way (DEC-48, DEC-73).

use chat_http::Config;
use chat_model::{ChatId, ReferenceIdReplies};
use chat_store::Store as _;
use chat_store::fault::Fault;
use serde_json::{Value, json};

use crate::floor::{agent_id, agent_uri};
use crate::support::{Answer, Ask, Site};

const KEY: &str = "Idempotency-Key";

/// Every reply has a number of its own, so that no two answers are alike by chance.
fn numbered(config: &mut Config) {
    config.server.reference_id_replies = ReferenceIdReplies::Always;
}

/// agent1 and the visitor Vera talk; supervisor1 and agent2 are there, too.
struct Talk {
    site: Site,
    visitor: String,
    chat: String,
}

impl Talk {
    async fn new() -> Self {
        Self::at(Site::with(numbered)).await
    }

    async fn at(site: Site) -> Self {
        site.log_in(&["agent1", "agent2", "supervisor1"]).await;
        site.ready("agent1").await;
        let visitor = site.visit("Vera").await;
        let chat = site.chats("agent1").await.remove(0);
        let accepted = site.perform("agent1", &chat, json!({"operationName": "Accept"})).await;
        assert_eq!(accepted.json()["statusCode"], 0, "{accepted:?}");
        Self { site, visitor, chat }
    }

    /// A request with placeholders for the names of the chat; `by` nobody is the visitor.
    fn ask(&self, by: &str, path: &str, body: &str, key: &str) -> Ask {
        let path = path.replace("{chat}", &self.chat).replace("{visitor}", &self.visitor);
        let ask = Ask::post(&path, body.to_owned()).header("idempotency-key", key);
        if by.is_empty() { ask } else { ask.by(by) }
    }

    async fn records(&self) -> usize {
        let id = ChatId::from(self.chat.as_str());
        self.site.store.records(&id, 0, usize::MAX).await.unwrap().len()
    }
}

fn same(first: &Answer, again: &Answer, what: &str) {
    assert_eq!((first.status, &first.text), (again.status, &again.text), "{what}");
    assert_eq!(again.header("content-type"), Some("application/json"), "{what}");
}

const AGENTS: &str = "/api/v2/me/chats/{chat}";
const ALSO_AGENTS: &str = "/api/v2/chats/{chat}";
const VISITORS: &str = "/api/v2/chats/{visitor}";

/// By whom, where, what, and what is answered; each leaves one record, the refused ones, too.
fn requests() -> Vec<(&'static str, String, String, u64)> {
    let supervisors = format!("/api/v2/users/{}/chats/{{chat}}", agent_id(1));
    let at = |name: &str, agent: u32| {
        json!({"operationName": name, "targetUri": agent_uri(agent)}).to_string()
    };
    let intrude = r#"{"operationName":"Intrude","supervisorVisibilityMode":"Monitor"}"#;
    let says = |text: &str| json!({"operationName": "SendMessage", "text": text}).to_string();
    let attach =
        |key: &str| json!({"operationName": "AttachUserData", "userData": {key: 1}}).to_string();
    let just = |name: &str| json!({"operationName": name}).to_string();
    vec![
        ("agent1", AGENTS.into(), says("a"), 0),
        ("agent1", ALSO_AGENTS.into(), says("b"), 0),
        ("agent1", AGENTS.into(), attach("c"), 0),
        ("agent1", AGENTS.into(), at("Consult", 2), 0),
        ("agent2", AGENTS.into(), just("Accept"), 0),
        ("", VISITORS.into(), says("d"), 0),
        ("supervisor1", supervisors.clone(), intrude.into(), 0),
        // Refused: now or ever, by what was read and by what was decided.
        ("supervisor1", supervisors.clone(), intrude.into(), 2),
        ("supervisor1", supervisors, just("Dance"), 10),
        ("agent1", AGENTS.into(), just("Dance"), 10),
        ("agent1", AGENTS.into(), "{}".into(), 1),
        ("agent1", AGENTS.into(), just("Accept"), 2),
        ("agent2", AGENTS.into(), at("Transfer", 1), 3),
        ("agent1", AGENTS.into(), r#"{"operationName":"Transfer","queueName":"none"}"#.into(), 6),
        ("", VISITORS.into(), just("SendMessage"), 1),
        ("", VISITORS.into(), just("RequestChat"), 1),
        // The end comes last.
        ("agent2", AGENTS.into(), just("Leave"), 0),
        ("agent1", AGENTS.into(), just("Complete"), 0),
    ]
}

/// One effect, one answer: from the same server, from another one, and from one that has just started.
/// The answers are numbered, and the last time comes when everything is over.
#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let talk = Talk::new().await;
    let listener = talk.site.listen("agent1").await;
    let mut told = Vec::new();
    for (n, (by, path, body, code)) in requests().iter().enumerate() {
        let key = &format!("key-{n}");
        let before = talk.records().await;
        let first = talk.site.ask(talk.ask(by, path, body, key)).await;
        let what = format!("{by} {path} {body}: {first:?}");
        assert_eq!(first.json()["statusCode"], *code, "{what}");
        talk.site.app.catch_up().await;
        let after = talk.records().await;
        assert!(after > before, "{what}");
        listener.hear(&talk.site).await;
        for site in [&talk.site, &talk.site.restarted(), &talk.site] {
            same(&first, &site.ask(talk.ask(by, path, body, key)).await, &what);
        }
        assert_eq!(talk.records().await, after, "{what}");
        assert_eq!(
            listener.hear(&talk.site).await,
            [Value::Null; 0],
            "nobody is told again: {what}"
        );
        told.push(first);
    }
    let after = talk.records().await;
    for (n, (by, path, body, _)) in requests().iter().enumerate() {
        let ask = || talk.ask(by, path, body, &format!("key-{n}"));
        for site in [&talk.site, &talk.site.restarted()] {
            same(&told[n], &site.ask(ask()).await, body);
        }
    }
    assert_eq!(talk.records().await, after);
    let numbers = told.iter().filter(|answer| answer.json()["referenceId"].is_u64()).count();
    assert!(numbers > 6, "{numbers} of the answers were like no other");
}

/// Without a key, or with another one, it is another request.
#[tokio::test]
async fn a_key_names_a_request_of_one_requester_about_one_chat() {
    let talk = Talk::new().await;
    let other = Talk { visitor: talk.site.visit("Olga").await, ..Talk::at(Site::new()).await };
    let focus = r#"{"operationName":"SetInFocus"}"#;
    let says = r#"{"operationName":"SendMessage","text":"once"}"#;
    let consult = json!({"operationName": "Invite", "targetUri": agent_uri(2)}).to_string();
    talk.site.ask(talk.ask("agent1", AGENTS, &consult, "c")).await;
    let accept = r#"{"operationName":"Accept"}"#;
    talk.site.ask(talk.ask("agent2", AGENTS, accept, "c")).await.json();
    let mut numbers = Vec::new();
    for (by, key) in [("agent1", "1"), ("agent1", "2"), ("agent2", "1")] {
        let answer = talk.site.ask(talk.ask(by, AGENTS, focus, key)).await.json();
        assert_eq!(answer["statusCode"], 0);
        numbers.push((by, answer["referenceId"].as_u64()));
    }
    assert_ne!(numbers[0], numbers[1]);
    // Keys are as they are written.
    for key in ["k", "K", "k.", "\"k\""] {
        talk.site.ask(talk.ask("", VISITORS, says, key)).await.assert_ok();
        talk.site.ask(talk.ask("", VISITORS, says, key)).await.assert_ok();
    }
    talk.site.ask(other.ask("", VISITORS, says, "k")).await.assert_ok();
    let read = talk.site.visitor_reads(&talk.visitor, "?index=0").await;
    assert_eq!(read.iter().filter(|line| *line == "Vera: once").count(), 4, "{read:?}");
}

/// The same key with another body, at another address, or about another agent's part.
#[tokio::test]
async fn the_same_key_with_another_body_is_code_10() {
    let talk = Talk::new().await;
    let intrude = |n: u32| {
        (
            "supervisor1",
            format!("/api/v2/users/{}/chats/{{chat}}", agent_id(n)),
            r#"{"operationName":"Intrude"}"#.to_owned(),
        )
    };
    let says = |text: &str| json!({"operationName": "SendMessage", "text": text}).to_string();
    let invite = json!({"operationName": "Invite", "targetUri": agent_uri(2)}).to_string();
    for (first, second) in [
        (("agent1", AGENTS.to_owned(), says("a")), ("agent1", AGENTS.to_owned(), says("b"))),
        (
            ("agent1", AGENTS.to_owned(), says("a")),
            ("agent1", ALSO_AGENTS.to_owned(), says("a") + " "),
        ),
        // A refusal took the key as well.
        (("agent1", AGENTS.to_owned(), "{}".into()), ("agent1", AGENTS.to_owned(), invite)),
        (("", VISITORS.to_owned(), says("a")), ("", VISITORS.to_owned(), "{}".into())),
        (intrude(1), intrude(2)),
    ] {
        let key = &format!("{first:?}").len().to_string();
        let ask = |(by, path, body): &(&str, String, String)| talk.ask(by, path, body, key);
        let answer = talk.site.ask(ask(&first)).await;
        talk.site.app.catch_up().await;
        let records = talk.records().await;
        if second.1.contains(&agent_id(2)) {
            // Its part in the chat, so that there is something to be about.
            let invite = json!({"operationName": "Invite", "targetUri": agent_uri(2)});
            talk.site.perform("agent1", &talk.chat, invite).await;
        }
        let refused = talk.site.ask(ask(&second)).await;
        refused.assert_refused(400, 10, "Idempotency-Key");
        same(&answer, &talk.site.ask(ask(&first)).await, &format!("{first:?}"));
        assert!(talk.records().await <= records + 1, "{second:?}");
    }
}

/// The table of routes says which addresses read the key: there a malformed one is code 10 and nothing
/// happens; elsewhere it is a header like any other.
#[tokio::test]
async fn malformed_keys_are_told_where_keys_are_read() {
    let talk = Talk::new().await;
    let long = "x".repeat(65);
    let says = r#"{"operationName":"SendMessage","text":"never"}"#;
    for route in chat_http::routes().filter(|route| route.method() == "POST") {
        let reads_keys = route.rules().contains(&"DEC-48");
        let path = route.path().replace("{chatId}", &talk.chat).replace("{userId}", &agent_id(1));
        for id in [&talk.chat, &talk.visitor] {
            let path = path.replace("{id}", id);
            let by = if route.path().contains("{userId}") { "supervisor1" } else { "agent1" };
            for (keys, found) in [
                (&[""][..], "an empty one"),
                (&[&*long], "65 bytes"),
                (&["a b"], "3 bytes"),
                (&["\u{e9}"], "2 bytes"),
                (&["a", "a"], "several"),
            ] {
                let mut ask = Ask::post(&path, says).by(by);
                for key in keys {
                    ask.0.headers_mut().append(KEY, key.parse().unwrap());
                }
                let answer = talk.site.ask(ask).await;
                if reads_keys {
                    answer.assert_refused(400, 10, "1 to 64 visible ASCII characters");
                    assert!(answer.text.contains(found), "{path} {keys:?}: {answer:?}");
                } else {
                    assert!(!answer.text.contains(KEY), "{path} {keys:?}: {answer:?}");
                }
            }
        }
    }
    let read = talk.site.visitor_reads(&talk.visitor, "?index=0").await;
    assert!(!read.iter().any(|line| line.contains("never")), "{read:?}");
    // Who asks comes before what is asked (DEC-14).
    let ask = Ask::post("/api/v2/me/chats/x", says).header("idempotency-key", "");
    talk.site.ask(ask).await.assert_refused(403, 20, "denied");
}

/// What is not the chat's answer is not remembered: the next time may go better.
#[tokio::test]
async fn answers_that_no_chat_gave_are_not_remembered() {
    let (site, store) = Site::faulty(numbered);
    let talk = Talk::at(site).await;
    let says = r#"{"operationName":"SendMessage","text":"once"}"#;
    let ask = |by| talk.ask(by, AGENTS, says, "k");
    let before = talk.records().await;
    // A stranger, and nobody.
    talk.site.ask(ask("agent2")).await.assert_refused(404, 6, "chat");
    let anonymous = Ask::post("/api/v2/me/chats/x", says).header("idempotency-key", "k");
    talk.site.ask(anonymous).await.assert_refused(403, 20, "denied");
    talk.site.ask(talk.ask("agent1", AGENTS, "{", "k")).await.assert_refused(400, 10, "");
    assert_eq!(talk.records().await, before);
    // The store refuses, or loses the record; nobody can tell whether it did.
    for fault in [Fault::Retry, Fault::UnknownLost] {
        store.meet([fault; 6]);
        talk.site.ask(ask("agent1")).await.assert_refused(503, 4, "try again");
        assert_eq!(talk.records().await, before, "{fault:?}");
    }
    let first = talk.site.ask(ask("agent1")).await;
    assert_eq!(first.json()["statusCode"], 0);
    same(&first, &talk.site.ask(ask("agent1")).await, "afterwards");
    // The record is there, and the answer got lost.
    store.meet([Fault::UnknownApplied; 1]);
    let lost = || talk.ask("agent1", AGENTS, says, "lost");
    let first = talk.site.ask(lost()).await;
    same(&first, &talk.site.restarted().ask(lost()).await, "elsewhere");
    assert_eq!(talk.records().await, before + 2);
}

/// The same request at the same moment: all have decided before one of them writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_race_have_one_effect() {
    let (site, store) = Site::faulty(numbered);
    let talk = Talk::at(site).await;
    let twin = talk.site.beside(store.clone());
    let says = r#"{"operationName":"SendMessage","text":"once"}"#;
    let refused = r#"{"operationName":"Accept"}"#;
    let consult = &*json!({"operationName": "Consult", "targetUri": agent_uri(2)}).to_string();
    for (key, by, path, body) in [
        ("a", "agent1", AGENTS, says),
        ("b", "", VISITORS, says),
        ("c", "agent1", AGENTS, refused),
        ("d", "agent1", AGENTS, consult),
        ("e", "agent2", AGENTS, refused),
    ] {
        let before = talk.records().await;
        // Both nodes know the chat as it is.
        for site in [&talk.site, &twin] {
            site.app.catch_up().await;
            site.ask(talk.ask(by, path, "{}", "warm")).await;
        }
        let warm = talk.records().await;
        assert!(warm <= before + 1);
        let pause = store.pause().await;
        let mut asked = Vec::new();
        for n in 0..8 {
            let router = if n % 2 == 0 { &talk.site.router } else { &twin.router };
            let ask = talk.ask(by, path, body, key);
            asked.push(tokio::spawn(Site::ask_router(router.clone(), ask)));
            // One of each node waits at the store; the others wait for it.
            if n < 2 {
                pause.arrived().await;
            }
        }
        drop(pause);
        let mut answers = Vec::new();
        for answer in asked {
            answers.push(answer.await.unwrap());
        }
        for answer in &answers {
            same(&answers[0], answer, body);
        }
        assert!(matches!(answers[0].json()["statusCode"].as_u64(), Some(0 | 2)), "{answers:?}");
        assert_eq!(talk.records().await, warm + 1, "{by} {body}");
    }
}

/// DEC-48: ten minutes at least, whatever becomes of the chat, and the last 64 whatever their age.
#[tokio::test]
async fn answers_are_known_for_ten_minutes() {
    let talk = Talk::new().await;
    let says = |n: u32| json!({"operationName": "SendMessage", "text": format!("{n}")}).to_string();
    let ask = |n: u32| talk.ask("agent1", AGENTS, &says(n), &n.to_string());
    let mut first = Vec::new();
    for n in 0..80 {
        first.push(talk.site.ask(ask(n)).await);
    }
    talk.site.clock.advance(600_000);
    for n in 0..80 {
        same(&first[n as usize], &talk.site.ask(ask(n)).await, "after ten minutes");
    }
    talk.site.clock.advance(1);
    talk.site.ask(ask(80)).await;
    same(&first[79], &talk.site.ask(ask(79)).await, "one of the last");
    let late = talk.site.ask(ask(0)).await;
    assert_ne!(late.text, first[0].text, "forgotten, so it is done again");
}
