//! What does a request cost: `POST /api/v2/me/chats/{id}` with AttachUserData, in memory, with one
//! subscriber, beside a bare axum that takes a body of the same kind and says a fixed word?
//!
//! Ours is the program as it is shipped, in the whole: credentials or a session's cookie, routing,
//! the model, the journal, and the notification queued for a subscriber, who hears of every operation
//! between the rounds. In two rows hearing is a part of the price: of a subscriber who takes what has
//! come together by then with one poll every few milliseconds, and of one who polls all the time. Run
//! with `cargo bench -p chat-benches --bench http`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use axum::routing::post;
use chat_benches::client;
use chat_benches::contact_center::{ContactCenter, MEMORY};
use chat_benches::measure::{Goals, ratio};
use chat_benches::process::{Processors, Server};
use chat_benches::subscriber::{Polls, Subscriber};
use chat_benches::way::{self, Rounds, Way, compare};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 61;
/// Requests of one round of one way.
const REQUESTS: usize = 1_500;
/// Requests of one round at half of saturation.
const PACED: usize = 1_000;

/// How long a subscriber takes from an answer to the next poll, like one some way off.
const BETWEEN_POLLS: Duration = Duration::from_millis(5);

/// How the baseline is started: this program with this word.
const BARE_AXUM: &str = "--bare-axum";

fn main() {
    if std::env::args().any(|argument| argument == BARE_AXUM) {
        return bare_axum();
    }
    let processors = Processors::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system has what a runtime needs");
    tokio::task::LocalSet::new().block_on(&runtime, measure(&processors));
}

async fn measure(processors: &Processors) {
    let this = std::env::current_exe().expect("this program has a name");
    let bare = Server::start(processors, &this.to_string_lossy(), &[BARE_AXUM]);
    // Each row has a server, so that each has the subscriber it says.
    let queued = ContactCenter::open(processors, CONNECTIONS, MEMORY).await;
    let polled = ContactCenter::open(processors, CONNECTIONS, MEMORY).await;
    let delivered = ContactCenter::open(processors, CONNECTIONS, MEMORY).await;
    let absent = Subscriber::of(&queued, Polls::BetweenRounds).await;
    let polling = Subscriber::of(&polled, Polls::After(BETWEEN_POLLS)).await;
    let waiting = Subscriber::of(&delivered, Polls::After(Duration::ZERO)).await;
    let body = format!(
        "{{\"operationName\":\"AttachUserData\",\"userData\":{{\"{}\":1}}}}",
        "k".repeat(45)
    );
    let bare_request = client::post(bare.address(), "/", &queued.cookie, &body);
    let with = |center: &ContactCenter, headers: &str| {
        (0..CONNECTIONS).map(|chat| center.attach(chat, headers)).collect()
    };
    let cookie = (&queued.server, with(&queued, &queued.cookie), Some(&*absent));
    let basic = (&queued.server, with(&queued, &queued.credentials), Some(&*absent));
    let each_5_ms = (&polled.server, with(&polled, &polled.cookie), Some(&*polling));
    let at_once = (&delivered.server, with(&delivered, &delivered.cookie), Some(&*waiting));
    let mut ways = [
        Way::open("bare axum", (&bare, vec![vec![bare_request]; CONNECTIONS], None)).await,
        Way::open("session cookie", cookie).await,
        Way::open("Basic credentials", basic).await,
        Way::open("cookie, told each 5 ms", each_5_ms).await,
        Way::open("cookie, told at once", at_once).await,
    ];

    let rates =
        way::measure(&mut ways, &Rounds { rounds: ROUNDS, raced: REQUESTS, paced: PACED }).await;

    way::print("AttachUserData", &ways, &rates);
    let told = absent.heard() + polling.heard() + waiting.heard();
    println!("every one of {told} operations was told to the subscriber once");
    let [bare, cookie, basic, polled, delivered] = &ways;
    let mut goals = Goals::default();
    // Round by round, so that what disturbs both falls out.
    goals.at_most("http_cpu_vs_bare_axum", compare(&cookie.cpu, &bare.cpu), 1.6);
    goals.at_most("http_p99_vs_bare_axum", compare(&cookie.p99, &bare.p99), 3.0);
    ratio("http_basic_cpu_vs_bare_axum", compare(&basic.cpu, &bare.cpu));
    ratio("http_basic_p99_vs_bare_axum", compare(&basic.p99, &bare.p99));
    ratio("http_basic_cpu_vs_cookie", compare(&basic.cpu, &cookie.cpu));
    ratio("http_told_each_5_ms_cpu_vs_bare_axum", compare(&polled.cpu, &bare.cpu));
    ratio("http_told_each_5_ms_p99_vs_bare_axum", compare(&polled.p99, &bare.p99));
    ratio("http_told_at_once_cpu_vs_bare_axum", compare(&delivered.cpu, &bare.cpu));
    ratio("http_told_at_once_p99_vs_bare_axum", compare(&delivered.p99, &bare.p99));
    goals.print();
}

/// The baseline: the runtime that the program has, axum, one route, the body read whole.
fn bare_axum() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the system has what a runtime needs").block_on(async {
        let answer = async |body: Bytes| {
            assert!(!body.is_empty(), "a body came");
            let mut response = Response::new(axum::body::Body::from(r#"{"statusCode":0}"#));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        println!("Listening on http://{address}/");
        use axum::serve::ListenerExt as _;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let router = Router::new().route("/", post(answer));
        axum::serve(listener, router).await.expect("it serves until it is killed");
    });
}
