//! Nothing is lost and nothing told twice, whatever becomes of network, sessions and servers; the
//! journal says what was to be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chat_http::client::{
    BoxFuture, Cause, HyperTransport, Readiness, Transport, TransportError, Update,
};
use chat_model::{Operation, UserDataPatch};
use futures_util::StreamExt as _;
use hyper::{Request, Response};
use tokio::time::sleep;

use crate::site::{Site, Watcher, agent1, text};

const MINUTE: Duration = Duration::from_secs(60);

fn attach(n: u32) -> Operation {
    let json = format!(r#"{{"n{n}":{n}.0}}"#);
    let limits = chat_model::Limits::default();
    let json = chat_model::JsonRef::validate(json.as_bytes(), &limits).unwrap();
    Operation::attach_user_data(UserDataPatch::read(json, &limits).unwrap())
}

#[tokio::test(start_paused = true)]
async fn everything_is_heard_once_over_lost_polls_a_dead_minute_and_restarts() {
    let mut site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    let watcher = Watcher::of(site.remote().agent(&agent1()).watch());
    watcher.until("a state", |watcher| watcher.causes() == [Cause::Begun]).await;
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (visitor, chat) = site.open_chat().await;
    let mut n = 0;

    for fault in ["lost", "halved", "cut", "dead", "down", "killed", "restarted", "killed and dead"]
    {
        match fault {
            "lost" => site.network.change(|weather| weather.lose = 3),
            "halved" => site.network.change(|weather| weather.halve = 3),
            "cut" => site.network.cut(),
            "dead" => site.network.change(|weather| weather.dead = true),
            "down" => {
                site.network.change(|weather| weather.down = true);
                site.network.cut();
            }
            "killed" => site.restart(false).await,
            "restarted" => site.restart(true).await,
            _ => {
                site.network.change(|weather| weather.dead = true);
                site.restart(false).await;
            }
        }
        // Somebody goes on talking, and the agent's other window goes on working.
        let agent = site.agent();
        for _ in 0..4 {
            n += 1;
            site.visitor(&visitor).say(text(&format!("line {n}"))).await.unwrap();
            agent.operate(&chat, &attach(n)).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        if matches!(fault, "dead" | "down" | "killed and dead") {
            sleep(MINUTE).await;
            n += 1;
            site.visitor(&visitor).say(text(&format!("line {n}"))).await.unwrap();
            site.network.change(|weather| (weather.dead, weather.down) = (false, false));
        }
        let truth = site.truth().await;
        watcher.until(fault, |watcher| watcher.heard().len() >= truth.len()).await;
        assert_eq!(watcher.heard(), truth, "{fault}");
        assert_eq!(site.network.to_spoil(), 0, "{fault}: the fault happened");
    }
    // The session was forgotten while nobody polled, and the next one went on where it was.
    let lost = |update: &Update| matches!(update, Update::Interrupted(why) if why.session_lost);
    assert!(watcher.updates().iter().filter(|update| lost(update)).count() >= 2);
    watcher.until("states after it", |watcher| watcher.causes().len() >= 3).await;
    assert_eq!(watcher.causes()[1..].iter().find(|cause| **cause != Cause::Resumed), None);

    agent_completes(&site, &chat).await;
    let truth = site.truth().await;
    watcher.until("the end", |watcher| watcher.heard().len() >= truth.len()).await;
    assert_eq!(watcher.heard(), truth);
}

async fn agent_completes(site: &Site, chat: &chat_model::ChatId) {
    site.agent().operate(chat, &Operation::complete()).await.unwrap();
}

/// Over this one a new session never goes on where the old one was.
#[derive(Debug)]
struct Forgetful(HyperTransport, Arc<AtomicBool>);

impl Transport for Forgetful {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Bytes>, TransportError>> {
        let (parts, body) = request.into_parts();
        let mut body = String::from_utf8(body.to_vec()).unwrap();
        if parts.uri.path().ends_with("/handshake") && body.contains("\"batch\":") {
            self.1.store(true, Ordering::Relaxed);
            let from = body.find(r#"{"enabled""#).unwrap();
            let to = from + body[from..].find('}').unwrap() + 1;
            body.replace_range(from..to, "true");
        }
        self.0.send(Request::from_parts(parts, body.into()))
    }
}

/// NOTIF-5.1, NOTIF-5.2: what cannot be told any more is read, with every line, and with the end of
/// a chat that ended meanwhile.
#[tokio::test(start_paused = true)]
async fn what_the_server_cannot_tell_any_more_is_read() {
    let site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (vera, first) = site.open_chat().await;
    let (walt, second) = site.open_chat().await;
    site.visitor(&vera).say(text("before")).await.unwrap();

    let forgot = Arc::new(AtomicBool::new(false));
    let transport = forgot.clone();
    let remote = site.over(|usual| Arc::new(Forgetful(usual, transport)));
    let watcher = Watcher::of(remote.agent(&agent1()).watch());
    watcher.until("a state", |watcher| !watcher.causes().is_empty()).await;
    site.visitor(&vera).say(text("heard")).await.unwrap();
    let is = |said: &'static str| {
        let first = first.clone();
        move |watcher: &Watcher| {
            watcher.lines(&first).iter().any(|(_, text)| text.as_deref() == Some(said))
        }
    };
    watcher.until("the line", is("heard")).await;

    site.network.change(|weather| weather.dead = true);
    sleep(MINUTE).await;
    site.visitor(&vera).say(text("missed")).await.unwrap();
    site.visitor(&walt).say(text("missed, too")).await.unwrap();
    agent_completes(&site, &second).await;
    let (_, third) = site.open_chat().await;
    site.network.change(|weather| weather.dead = false);
    watcher.until("a state", |watcher| watcher.causes().len() == 2).await;
    assert!(forgot.load(Ordering::Relaxed), "the client asked to go on");
    assert_eq!(watcher.causes(), [Cause::Begun, Cause::Recovered]);

    let Some(Update::State(state)) = watcher
        .updates()
        .into_iter()
        .rfind(|update| matches!(update, Update::State(state) if state.cause == Cause::Recovered))
    else {
        unreachable!("it was counted");
    };
    let ids: Vec<_> = state.chats.iter().filter_map(|chat| chat.id.clone()).collect();
    assert_eq!(ids, [first.clone(), third.clone()]);
    let [ended] = &state.ended[..] else { panic!("{:?}", state.ended) };
    assert_eq!(ended.id.as_ref(), Some(&second));
    assert_eq!(ended.state.as_ref().map(|state| state.as_str()), Some("Completed"));

    // And on it goes.
    site.visitor(&vera).say(text("after")).await.unwrap();
    watcher.until("the line", is("after")).await;
    for chat in [&first, &second, &third] {
        let said = site.agent().messages(chat, 1).await.unwrap();
        let said: Vec<_> = said.into_iter().map(|one| (one.index.unwrap(), one.text)).collect();
        // The agent who completes hears nothing of the own going (DEC-22), but may read it.
        let heard = watcher.lines(chat);
        assert_eq!(heard[..], said[..heard.len().min(said.len())], "{chat}");
        assert!(heard.len() + 1 >= said.len(), "{chat}: {heard:?} of {said:?}");
    }
}

/// A server without memory knows neither session nor number; the client sees what is there.
#[tokio::test(start_paused = true)]
async fn a_server_that_begins_from_nothing_is_read_anew() {
    let mut site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    let watcher = Watcher::of(site.remote().agent(&agent1()).watch());
    watcher.until("a state", |watcher| !watcher.causes().is_empty()).await;
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (_, old) = site.open_chat().await;
    watcher.until("the chat", |watcher| !watcher.lines(&old).is_empty()).await;

    site.network.change(|weather| weather.dead = true);
    site.restart_from_nothing().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (_, new) = site.open_chat().await;
    site.network.change(|weather| weather.dead = false);
    watcher.until("the new chat", |watcher| !watcher.lines(&new).is_empty()).await;
    watcher.until("a state", |watcher| watcher.causes().len() == 2).await;
    let Some(Update::State(state)) =
        watcher.updates().into_iter().rfind(|update| matches!(update, Update::State(_)))
    else {
        unreachable!("it was counted");
    };
    let ids: Vec<_> = state.chats.iter().filter_map(|chat| chat.id.clone()).collect();
    assert_eq!(ids, [new]);
}

/// What a server takes by its own default is read, told and read anew, however deep it is there.
#[tokio::test(start_paused = true)]
async fn user_data_as_deep_as_a_server_takes_it() {
    let site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (_, chat) = site.open_chat().await;
    let watcher = Watcher::of(site.remote().agent(&agent1()).watch());
    watcher.until("a state", |watcher| !watcher.causes().is_empty()).await;

    // With the body and `userData` they are 64 (DEC-7).
    let deep = format!(r#"{{"x":{}{{}}{}}}"#, r#"{"a":"#.repeat(61), "}".repeat(61));
    let limits = chat_model::Limits::default();
    let json = chat_model::JsonRef::validate(deep.as_bytes(), &limits).unwrap();
    let attach = Operation::attach_user_data(UserDataPatch::read(json, &limits).unwrap());
    site.agent().operate(&chat, &attach).await.unwrap();
    let has = |text: &str| text.contains(&deep[1..deep.len() - 1]);
    watcher.until("user data", |watcher| watcher.heard().iter().any(|told| has(told))).await;

    let mut again = site.remote().agent(&agent1()).watch();
    let first = tokio::time::timeout(MINUTE, again.next()).await.expect("it can be read");
    let Some(Ok(Update::State(state))) = first else { panic!("{first:?}") };
    assert!(has(state.user.as_str()), "{}", state.user.as_str());
}

/// Over this one the notification of `n1` alone has that key twice, which no server of ours prints.
#[derive(Debug)]
struct Garbling(HyperTransport);

impl Transport for Garbling {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Bytes>, TransportError>> {
        let is_poll = request.uri().path().contains("/notifications");
        let answer = self.0.send(request);
        Box::pin(async move {
            let (parts, body) = answer.await?.into_parts();
            let garbled = match str::from_utf8(&body) {
                Ok(text) if is_poll && !text.contains("n2") => {
                    text.replace("\"n1\":1.0", "\"n1\":1.0,\"n1\":1.0").into()
                }
                _ => body,
            };
            Ok(Response::from_parts(parts, garbled))
        })
    }
}

/// NOTIF-5.1: a notification that cannot be read was missed, no more and no less than a lost one.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_read_anew() {
    let site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (_, chat) = site.open_chat().await;
    let remote = site.over(|usual| Arc::new(Garbling(usual)));
    let watcher = Watcher::of(remote.agent(&agent1()).watch());
    watcher.until("a state", |watcher| !watcher.causes().is_empty()).await;

    site.agent().operate(&chat, &attach(1)).await.unwrap();
    watcher.until("a state", |watcher| watcher.causes().len() == 2).await;
    assert_eq!(watcher.causes(), [Cause::Begun, Cause::Recovered]);
    let updates = watcher.updates();
    let Some(Update::State(state)) = updates.last() else { panic!("{updates:?}") };
    assert!(state.user.as_str().contains(r#""n1":1.0"#), "{}", state.user.as_str());
    let why = updates.iter().find_map(|update| match update {
        Update::Interrupted(why) => Some((why.why.as_str(), why.session_lost)),
        _ => None,
    });
    let (why, session_lost) = why.expect("it is said");
    assert!(why.contains("/v2/me/chats") && !session_lost, "{why}");

    site.agent().operate(&chat, &attach(2)).await.unwrap();
    let is_told = |watcher: &Watcher| watcher.updates().len() > updates.len();
    watcher.until("what follows", is_told).await;
    assert_eq!(watcher.causes().len(), 2);
}
