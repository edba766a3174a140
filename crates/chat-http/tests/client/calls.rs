//! What is asked, what comes back, and how it fails.

use std::time::Duration;

use chat_http::client::{
    Client, Credentials, Error, Heard, Options, Pattern, Readiness, Update, WatchOptions,
};
use chat_model::{ChatId, CustomerOperation, Operation};
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep, timeout};

use crate::site::{Site, Watcher, agent1, text};

#[tokio::test(start_paused = true)]
async fn a_conversation_from_both_ends() {
    let site = Site::with(|config| config.server.csrf_protection = true).await;
    let agent = site.remote().agent(&agent1());
    let me = agent.me().await.unwrap();
    assert!(me.as_str().contains(r#""userName":"agent1""#), "{me:?}");
    // A session is open now, and its token has to come along.
    assert_eq!(agent.start_session(&["chat"]).await.unwrap().status_code, 0);
    agent.set_readiness("chat", Readiness::Ready).await.unwrap();

    let request = CustomerOperation::request_chat(text("Vera")).about("Bills");
    let visitor = site.remote().visitor(&request).await.unwrap();
    let mut conversation = visitor.conversation(1, Duration::from_secs(3));
    let chat = loop {
        if let [chat] = &agent.chats().await.unwrap()[..] {
            break chat.id.clone().unwrap();
        }
        sleep(Duration::from_millis(50)).await;
    };
    agent.operate(&chat, &Operation::accept_as("Amy")).await.unwrap();
    agent.operate(&chat, &Operation::send_message(text("How can I help?"))).await.unwrap();
    // A reply is lost; nothing is told twice, and nothing not at all.
    site.network.change(|weather| weather.lose = 1);
    visitor.say(text("It is too high.")).await.unwrap_err();
    visitor.say(text("It is too high!")).await.unwrap();
    agent.operate(&chat, &Operation::complete()).await.unwrap();

    let mut heard = Vec::new();
    while let Some(one) = conversation.next().await {
        match one.unwrap() {
            Heard::Message(message) => heard.push(format!(
                "{} {}",
                message.kind.unwrap().as_str(),
                message.text.or(message.from.unwrap().nickname).unwrap_or_default()
            )),
            Heard::Chat(chat) => heard.push(chat.state.unwrap().as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        heard,
        [
            "ParticipantJoined Vera",
            "ParticipantJoined Amy",
            "Text How can I help?",
            "Text It is too high.",
            "Text It is too high!",
            "ParticipantLeft Amy",
            "Idle",
        ]
    );
}

/// DEC-48: an operation whose reply was lost may be repeated, with its key.
#[tokio::test(start_paused = true)]
async fn an_operation_with_a_key_happens_once() {
    let site = Site::new().await;
    site.agent().start_session(&["chat"]).await.unwrap();
    site.agent().set_readiness("chat", Readiness::Ready).await.unwrap();
    let (_, chat) = site.open_chat().await;
    let agent = site.remote().agent(&agent1());
    let hello = Operation::send_message(text("Hello"));
    site.network.change(|weather| weather.lose = 1);
    let lost = agent.operate_once(&chat, &hello, "key-1").await;
    assert!(matches!(lost, Err(Error::Unreachable { sent: true, .. })), "{lost:?}");
    agent.operate_once(&chat, &hello, "key-1").await.unwrap();
    let said = agent.messages(&chat, 1).await.unwrap();
    let hellos = said.iter().filter(|one| one.text.as_deref() == Some("Hello")).count();
    assert_eq!(hellos, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_have_types() {
    let site = Site::new().await;
    let agent = site.remote().agent(&agent1());
    let error = agent.chat(&ChatId::new("no/such?chat")).await.unwrap_err();
    let refused = error.refused().expect("a refusal");
    assert_eq!((refused.http_status, refused.reply.status_code), (404, 6));
    assert!(!error.is_passing());

    let stranger = site.remote().agent(&Credentials::new("agent1", "wrong"));
    let error = stranger.me().await.unwrap_err();
    assert_eq!(error.refused().map(|refused| refused.reply.status_code), Some(20));

    // Nothing comes back.
    site.network.change(|weather| weather.dead = true);
    let before = Instant::now();
    let error = agent.me().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { after } if after == Duration::from_secs(30)));
    assert!(error.is_passing());
    assert!(before.elapsed() < Duration::from_secs(31));
    site.network.change(|weather| weather.dead = false);

    // Nobody is there.
    let nobody = Client::new("http://127.0.0.1:1".parse().unwrap()).unwrap();
    let error = nobody.agent(&agent1()).me().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: false, .. }), "{error:?}");

    // More comes back than is taken.
    let mut options = Options::default();
    options.max_reply_bytes = 100;
    let address = format!("http://{}", site.network.address).parse().unwrap();
    let small = Client::with(address, options).unwrap();
    let error = small.agent(&agent1()).me().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: true, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_when_it_makes_no_sense_to_go_on() {
    let site = Site::new().await;
    let stranger = site.remote().agent(&Credentials::new("agent1", "wrong"));
    let told = Watcher::of(stranger.watch()).ended().await;
    let [Err(Error::Refused(refused))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(refused.reply.status_code, 20);

    // EndContactCenterSession tells sessions not to come again (DEC-45).
    let agent = site.remote().agent(&agent1());
    agent.start_session(&["chat"]).await.unwrap();
    let watcher = Watcher::of(agent.watch());
    watcher.until("a state", |watcher| !watcher.causes().is_empty()).await;
    agent.end_session().await.unwrap();
    let told = watcher.ended().await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");

    // `/v2/users` is for supervisors (DEC-62).
    let mut options = WatchOptions::default();
    options.patterns = vec![Pattern::new("/v2/users").unwrap()];
    let told = Watcher::of(agent.watch_with(options)).ended().await;
    let [Err(Error::NotHeard { pattern, .. })] = &told[..] else { panic!("{told:?}") };
    assert_eq!(pattern, "/v2/users");
}

#[tokio::test(start_paused = true)]
async fn a_watch_says_why_it_does_not_hear_and_takes_its_time() {
    let site = Site::new().await;
    site.network.change(|weather| weather.down = true);
    let watcher = Watcher::of(site.remote().agent(&agent1()).watch());
    let interruptions = |watcher: &Watcher| {
        let waits = watcher.updates().into_iter().map(|update| match update {
            Update::Interrupted(why) => (why.retry_in.as_secs(), why.session_lost),
            other => panic!("{other:?}"),
        });
        waits.collect::<Vec<_>>()
    };
    watcher.until("patience", |watcher| interruptions(watcher).len() == 17).await;
    let waits: Vec<_> = (1..=15).chain([15, 15]).map(|seconds| (seconds, false)).collect();
    assert_eq!(interruptions(&watcher), waits);
    site.network.change(|weather| weather.down = false);
    let is_there = |watcher: &Watcher| {
        watcher.updates().iter().any(|update| matches!(update, Update::State(_)))
    };
    watcher.until("a state", is_there).await;
}

/// Dropped, it has stopped asking; having left, the server knows.
#[tokio::test(start_paused = true)]
async fn who_leaves_is_gone() {
    let site = Site::new().await;
    let mut watch = site.remote().agent(&agent1()).watch();
    let Some(Ok(Update::State(_))) = watch.next().await else { panic!("a state comes first") };
    let before = Instant::now();
    watch.leave().await;
    assert!(before.elapsed() < Duration::from_secs(1));
    // One that never began has nobody to say good-bye to, and neither has one without a session.
    site.remote().agent(&agent1()).watch().leave().await;
    site.network.change(|weather| weather.down = true);
    let mut watch = site.remote().agent(&agent1()).watch();
    let Some(Ok(Update::Interrupted(_))) = watch.next().await else { panic!("nobody is there") };
    timeout(Duration::from_secs(1), watch.leave()).await.expect("there is nothing to wait for");
}

/// Nobody but who was named is trusted.
#[tokio::test]
async fn certificates_are_looked_at() {
    let folder = std::env::temp_dir().join(format!("chat-client-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let site = Site::with(|config| {
        (config.server.tls_certificate, config.server.tls_key) = (Some(certificate), Some(key));
    })
    .await;
    std::fs::remove_dir_all(&folder).unwrap();
    let address = format!("https://{}", site.network.address);
    let mut options = Options::default();
    options.root_certificates = Some(made.cert.pem().into_bytes());
    let trusting = Client::with(address.parse().unwrap(), options.clone()).unwrap();
    trusting.agent(&agent1()).me().await.unwrap();

    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    options.root_certificates = Some(other.cert.pem().into_bytes());
    let distrusting = Client::with(address.parse().unwrap(), options.clone()).unwrap();
    let error = distrusting.agent(&agent1()).me().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { sent: false, .. }), "{error:?}");

    options.root_certificates = Some(b"-----BEGIN nonsense".to_vec());
    let error = Client::with(address.parse().unwrap(), options).unwrap_err();
    assert!(matches!(error, Error::Untrusting { .. }), "{error:?}");
}
