//! What does a request cost: `POST /api/v2/me/chats/{id}` with AttachUserData, in memory, with one
//! subscriber, beside a bare axum that takes a body of the same kind and says a fixed word?
//!
//! Ours is the program as it is shipped, in the whole: credentials or a session's cookie, routing,
//! the model, the journal, and the notification queued for a subscriber, who takes what has come
//! together by then with one poll every few milliseconds. In one row the subscriber polls all the
//! time, so that nearly each request is followed by a poll that is answered and the next one. Either
//! way every notification is heard before the time is taken, and the polls are in the figures. Run
//! with `cargo bench -p chat-benches --bench http`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use axum::routing::post;
use chat_benches::client;
use chat_benches::contact_center::ContactCenter;
use chat_benches::load::Fleet;
use chat_benches::measure::{Goals, median, percentile, ratio};
use chat_benches::process::{Processors, Server};
use chat_benches::session::{Session, Target, Transport};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 31;
/// Requests of one round of one way.
const REQUESTS: usize = 3_000;
/// Requests of one round at half of saturation.
const PACED: usize = 2_000;

/// How long the subscriber takes from an answer to the next poll, like one some way off. What comes
/// together meanwhile is far less than a session's queue may hold.
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
    let polled = ContactCenter::open(processors, CONNECTIONS).await;
    let delivered = ContactCenter::open(processors, CONNECTIONS).await;
    let polling = Subscriber::of(&polled, BETWEEN_POLLS).await;
    let waiting = Subscriber::of(&delivered, Duration::ZERO).await;
    let body = format!(
        "{{\"operationName\":\"AttachUserData\",\"userData\":{{\"{}\":1}}}}",
        "k".repeat(45)
    );
    let bare_request = client::post(bare.address(), "/", &polled.cookie, &body);
    let with = |center: &ContactCenter, headers: &str| {
        (0..CONNECTIONS).map(|chat| center.attach(chat, headers)).collect()
    };
    let cookie = (&polled.server, with(&polled, &polled.cookie), Some(&*polling));
    let basic = (&polled.server, with(&polled, &polled.credentials), Some(&*polling));
    let at_once = (&delivered.server, with(&delivered, &delivered.cookie), Some(&*waiting));
    let mut ways = [
        Way::open("bare axum", (&bare, vec![vec![bare_request]; CONNECTIONS], None)).await,
        Way::open("session cookie", cookie).await,
        Way::open("Basic credentials", basic).await,
        Way::open("cookie, told at once", at_once).await,
    ];

    for round in 0..=ROUNDS {
        for way in &mut ways {
            let before = way.server.cpu();
            let start = Instant::now();
            way.fleet.race(REQUESTS).await;
            let elapsed = start.elapsed();
            way.is_heard(REQUESTS).await;
            let cpu = way.server.cpu().micros_since(&before) / REQUESTS as f64;
            // The first round warms up.
            if round > 0 {
                way.cpu.push(cpu);
                way.rate.push(REQUESTS as f64 / elapsed.as_secs_f64());
            }
        }
    }
    // The server's processor is busy half of the time, whatever the load could send.
    let rates: Vec<f64> = ways.iter().map(|way| 0.5e6 / median(&way.cpu)).collect();
    for round in 0..=ROUNDS {
        for (at, way) in ways.iter_mut().enumerate() {
            let latencies = way.fleet.pace(rates[at], PACED).await;
            way.is_heard(PACED).await;
            if round > 0 {
                way.p50.push(percentile(&latencies, 0.5));
                way.p99.push(percentile(&latencies, 0.99));
            }
        }
    }

    println!(
        "{:<21} {:>14} {:>14} {:>16} {:>10} {:>10}",
        "AttachUserData", "CPU/request", "requests/s", "paced at", "p50", "p99"
    );
    for (way, rate) in ways.iter().zip(&rates) {
        println!(
            "{:<21} {:>11.2} µs {:>14.0} {:>14.0}/s {:>7.0} µs {:>7.0} µs",
            way.name,
            median(&way.cpu),
            median(&way.rate),
            rate,
            median(&way.p50),
            median(&way.p99)
        );
    }
    let told = polling.heard.get() + waiting.heard.get();
    println!("every one of {told} operations was told to the subscriber once");
    let [bare, cookie, basic, delivered] = &ways;
    let mut goals = Goals::default();
    // Round by round, so that what disturbs both falls out.
    goals.at_most("http_cpu_vs_bare_axum", compare(&cookie.cpu, &bare.cpu), 1.6);
    goals.at_most("http_p99_vs_bare_axum", compare(&cookie.p99, &bare.p99), 3.0);
    ratio("http_basic_cpu_vs_bare_axum", compare(&basic.cpu, &bare.cpu));
    ratio("http_basic_p99_vs_bare_axum", compare(&basic.p99, &bare.p99));
    ratio("http_basic_cpu_vs_cookie", compare(&basic.cpu, &cookie.cpu));
    ratio("http_told_at_once_cpu_vs_bare_axum", compare(&delivered.cpu, &bare.cpu));
    ratio("http_told_at_once_p99_vs_bare_axum", compare(&delivered.p99, &bare.p99));
    goals.print();
}

/// One way to ask, and what it took in each round.
struct Way<'a> {
    name: &'static str,
    server: &'a Server,
    fleet: Fleet,
    subscriber: Option<&'a Subscriber>,
    cpu: Vec<f64>,
    rate: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl<'a> Way<'a> {
    async fn open(
        name: &'static str,
        (server, requests, subscriber): (&'a Server, Vec<Vec<Vec<u8>>>, Option<&'a Subscriber>),
    ) -> Self {
        let fleet = Fleet::open(server.address(), requests).await;
        Self {
            name,
            server,
            fleet,
            subscriber,
            cpu: vec![],
            rate: vec![],
            p50: vec![],
            p99: vec![],
        }
    }

    /// Waits until the subscriber, if there is one, has heard of `operations` more.
    async fn is_heard(&self, operations: usize) {
        if let Some(subscriber) = self.subscriber {
            subscriber.hear(operations).await;
        }
    }
}

/// The median over the rounds of ours by theirs.
fn compare(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios)
}

/// A subscriber who polls for as long as the bench runs.
#[derive(Default)]
struct Subscriber {
    heard: Cell<usize>,
    expected: Cell<usize>,
}

impl Subscriber {
    /// Polls again `pause` after each answer.
    async fn of(center: &ContactCenter, pause: Duration) -> Rc<Self> {
        let (address, path) = (center.server.address(), "/api/v2/notifications");
        let target = Target::new(address, path, &center.cookie, "/v2/me/chats");
        let session = Session::open(&target, Transport::LongPolling).await;
        let mut session = session.expect("the server opens a session");
        session.subscribe().await.expect("the server subscribes it");
        let subscriber = Rc::new(Self::default());
        let listening = subscriber.clone();
        tokio::task::spawn_local(async move {
            let finder = memchr::memmem::Finder::new(br#""notificationType":"#);
            let heard = &listening.heard;
            loop {
                let look = |body: &[u8]| heard.set(heard.get() + finder.find_iter(body).count());
                session.listen(look).await.expect("the session lives");
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
        });
        subscriber
    }

    /// Waits until `more` operations are heard of, each once.
    async fn hear(&self, more: usize) {
        let expected = self.expected.get() + more;
        self.expected.set(expected);
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.heard.get() < expected && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.heard.get(), expected, "notifications heard, and operations accepted");
    }
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
