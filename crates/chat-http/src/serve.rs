//! From the socket to the router: who may connect, how long they may dawdle, and how it ends.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use chat_store::{Leases as _, Store as _};
use futures_util::future::Either;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use metrics::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tower::ServiceExt as _;

use crate::callers::{Callers, Entry};
use crate::faults;
use crate::head_timer::HeadTimer;
use crate::patient::Patient;
use crate::recording;
use crate::reply::{self, Refusal};
use crate::routes::Express;
use crate::server::{App, Server};
use crate::tls::TlsAcceptor;

/// Connections beyond the limit that are told so at one time; more wait in the kernel.
const TOLD: usize = 64;

/// How long they have to ask and to be told. While they all take their time nobody is accepted, not
/// even who asks whether the server is alive, and not for the places that have become free.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// The most bytes of a request's head (HTTP 431), and of the read buffer, which is most of what an idle connection
/// costs.
pub const HEAD_BYTES: usize = 16 * 1024;

/// How long the end waits for the rows of the sessions to be written.
const SAVED_WITHIN: Duration = Duration::from_secs(5);

const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// How soon the log tells of a store that is not well.
const LOOK_AT_STORE: Duration = Duration::from_secs(1);

/// Rows that one round of housekeeping takes from the store at once.
const ROWS: usize = 1_000;

/// Serves `app` on `listener` until `shutdown` is ready.
///
/// Then no connection is accepted any more, held polls are answered, and requests under way are
/// given `limits.shutdown_seconds`. The handshake of TLS, where it is configured, may take
/// `limits.handshake_seconds`. A connection may be idle, take for the head of a request, or take
/// nothing of a reply for `limits.idle_seconds`; a body may take `limits.body_seconds`; an answer is
/// waited for as long as it takes, because polls are held.
///
/// # Errors
/// When the listener's address cannot be read. A connection that fails is its client's matter.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let server = &app.server;
    let limits = &server.config.limits;
    tracing::info!(address = %listener.local_addr()?, tls = server.tls.is_some(), "listening");
    for doubt in server.config.server.doubts() {
        tracing::warn!("{doubt}");
    }

    let mut http = http1::Builder::new();
    let idle = Duration::from_secs(limits.idle_seconds.into());
    http.header_read_timeout(idle).max_buf_size(HEAD_BYTES);
    let door = Door {
        places: Arc::new(Semaphore::new(limits.max_connections)),
        callers: Arc::new(Callers::new(limits.max_connections_per_address)),
        told: Arc::new(Semaphore::new(TOLD)),
        router: app.router(),
        // Only the router is known to faults and recordings.
        express: Express::new(server).filter(|_| !server.is_watched()),
        watched: server.is_watched().then(|| server.clone()),
        full: hang_up_with(|| Refusal::unavailable("too many connections; try again")),
        crowded: hang_up_with(|| {
            Refusal::too_many("too many connections from this address; try again")
        }),
    };
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    // Ends with this function, whichever way that ends.
    let mut background = JoinSet::new();
    background.spawn({
        let app = app.clone();
        async move { app.work().await }
    });
    background.spawn({
        let server = server.clone();
        async move { keep_house(&server).await }
    });
    background.spawn({
        let server = server.clone();
        async move { watch_store(&server).await }
    });
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, service, place) = door.admit(&listener, server) => {
                let counted = Counted::new(server, place.permit, place.entry);
                let open =
                    Open { server: server.clone(), http: http.clone(), stopping: stopping.clone() };
                let serving = open.run(Patient::new(stream, idle, counted), service);
                if place.is_taken {
                    connections.spawn(serving);
                } else {
                    connections.spawn(async move {
                        let _ = tokio::time::timeout(TOLD_WITHIN, serving).await;
                    });
                }
            }
        }
    }

    drop(listener);
    let saving = tokio::time::timeout(SAVED_WITHIN, server.save_sessions());
    if saving.await.is_err() {
        tracing::warn!("not all sessions were written down; some may hear the last events twice");
    }
    if let Some(recorder) = &server.recorder {
        // How polls end because the server does is no matter of the clients that are recorded.
        recorder.finish();
    }
    server.stop();
    drop(stop);
    let patience = Duration::from_secs(limits.shutdown_seconds.into());
    let hub = &server.chats.hub;
    let ended = async {
        while connections.join_next().await.is_some() {}
        hub.sockets_gone().await;
    };
    if tokio::time::timeout(patience, ended).await.is_err() {
        let (connections, sockets) = (connections.len(), hub.sockets());
        tracing::warn!(connections, sockets, "closing connections that do not end");
    }
    hub.cut_sockets();
    connections.shutdown().await;
    background.shutdown().await;
    Ok(())
}

/// Who is let in, and to which router.
struct Door {
    places: Arc<Semaphore>,
    callers: Arc<Callers>,
    told: Arc<Semaphore>,
    router: Router,
    express: Option<Express>,
    watched: Option<Arc<Server>>,
    full: Router,
    /// Of those whose address has as many as it may.
    crowded: Router,
}

impl Door {
    /// Waits for the next connection. May be dropped while it waits.
    async fn admit(
        &self,
        listener: &TcpListener,
        server: &Server,
    ) -> (TcpStream, Answering, Place) {
        let told = self.told.clone().acquire_owned().await.expect("the semaphore stays open");
        let (stream, peer) = loop {
            match listener.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: some must be closed before it gets better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        // Replies are small and whole; waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection does without TCP_NODELAY");
        }
        let refused = match self.enter(peer, server) {
            Some(entry) => match self.places.clone().try_acquire_owned() {
                Ok(permit) => {
                    let place = Place { permit, entry, is_taken: true };
                    let (router, express) = (self.router.clone(), self.express.clone());
                    let watched = self.watched.clone();
                    return (stream, Answering { router, express, watched, peer }, place);
                }
                Err(_) => &self.full,
            },
            None => &self.crowded,
        };
        server.metrics.connections_refused.increment(1);
        let place = Place { permit: told, entry: None, is_taken: false };
        (stream, Answering { router: refused.clone(), express: None, watched: None, peer }, place)
    }

    /// Counts the connection as one of its address; `None` if that has as many as it may. Behind a
    /// proxy there are many callers, and who connects is none of them.
    fn enter(&self, peer: SocketAddr, server: &Server) -> Option<Option<Entry>> {
        let address = peer.ip().to_canonical();
        let mut proxies = server.config.server.trusted_proxies.iter();
        match proxies.any(|proxy| proxy.contains(address)) {
            true => Some(None),
            false => self.callers.enter(address).map(Some),
        }
    }
}

/// Where a connection stands: in one of the places, or among those who are told that there is none.
struct Place {
    permit: OwnedSemaphorePermit,
    entry: Option<Entry>,
    is_taken: bool,
}

/// The router of those for whom there is no place: it says why and hangs up (DEC-36).
fn hang_up_with(why: fn() -> Refusal) -> Router {
    async fn hang_up(mut response: Response) -> Response {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
    Router::new()
        // A busy server is alive; one that is restarted for being busy helps nobody.
        .route("/health/live", axum::routing::get(async || reply::ok()))
        .fallback(async move || Ok::<_, Infallible>(why().into_response()))
        .layer(axum::middleware::map_response(hang_up))
}

/// Who answers the requests of one connection, which know where they come from.
struct Answering {
    router: Router,
    express: Option<Express>,
    /// The server, if it fails on demand or is recorded.
    watched: Option<Arc<Server>>,
    peer: SocketAddr,
}

impl Answering {
    fn into_service(self) -> impl Answers {
        let Self { router, express, watched, peer } = self;
        service_fn(move |request: Request<Incoming>| {
            if let Some(express) = &express
                && let Some(known) = express.knows(&request)
            {
                return Either::Left(express.answer(known, request, peer));
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(server) = &watched {
                // Boxed: nobody else need have room for it.
                let watching = watched_answer(server.clone(), router.clone(), request);
                return Either::Right(Either::Left(Box::pin(watching)));
            }
            // Boxed: what the router makes of a request is of no use while a poll is held.
            Either::Right(Either::Right(Box::pin(router.clone().oneshot(request))))
        })
    }
}

/// Has a request answered where answers may be spoiled and written down. What is written is what the client
/// gets, spoiled or not.
async fn watched_answer(
    server: Arc<Server>,
    router: Router,
    request: Request<Body>,
) -> Result<Response, Infallible> {
    let faulty = |request| faults::answer(&server, router, request);
    match &server.recorder {
        Some(recorder) => recording::answer(recorder, &server, request, faulty).await,
        None => faulty(request).await,
    }
}

/// What hyper calls, and can be sent to other threads.
trait Answers:
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Send
{
}

impl<S> Answers for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Send
{
}

/// A connection's place, taken and counted until the stream is dropped, whoever has it by then: an
/// upgrade takes it out of HTTP's hands.
struct Counted {
    connections: Gauge,
    _place: OwnedSemaphorePermit,
    _entry: Option<Entry>,
}

impl Counted {
    fn new(server: &Server, place: OwnedSemaphorePermit, entry: Option<Entry>) -> Self {
        let connections = server.metrics.connections.clone();
        connections.increment(1);
        Self { connections, _place: place, _entry: entry }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.decrement(1);
    }
}

type Stream = Patient<TcpStream, Counted>;

/// What serving a connection takes.
struct Open {
    server: Arc<Server>,
    http: http1::Builder,
    /// Closes when the server stops.
    stopping: watch::Receiver<()>,
}

impl Open {
    /// Serves requests until the client or the server ends it, encrypted if that is configured.
    ///
    /// No `async fn`, nor is [`Self::serve`]: those keep room for what they were given as long as they
    /// live, and there are as many as connections.
    fn run(self, stream: Stream, service: Answering) -> impl Future<Output = ()> + Send {
        match self.server.tls.clone() {
            None => Either::Left(self.serve(stream, service)),
            // Boxed: a connection that is not encrypted need not have room for one that is.
            Some(acceptor) => {
                Either::Right(Box::pin(self.serve_encrypted(acceptor, stream, service)))
            }
        }
    }

    async fn serve_encrypted(
        mut self,
        TlsAcceptor { acceptor, .. }: TlsAcceptor,
        stream: Stream,
        service: Answering,
    ) {
        // Whoever does not finish has no request under way; nothing is owed to them.
        let patience = Duration::from_secs(self.server.config.limits.handshake_seconds.into());
        let handshake = tokio::time::timeout(patience, acceptor.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            _ = self.stopping.changed() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.serve(stream, service).await,
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }

    /// When the server stops the request under way may finish.
    fn serve<S>(self, stream: S, service: Answering) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { mut http, mut stopping, .. } = self;
        http.timer(HeadTimer::default());
        let service = service.into_service();
        let mut connection =
            Box::pin(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        async move {
            let now = stopping.clone();
            let mut stopped = pin!(stopping.changed());
            let mut listens = false;
            let ended = poll_fn(|context| {
                if let Poll::Ready(outcome) = connection.as_mut().poll(context) {
                    return Poll::Ready(Some(outcome));
                }
                // Whoever has asked once is told; to ask again takes longer than to look.
                if listens && now.has_changed().is_ok_and(|stops| !stops) {
                    return Poll::Pending;
                }
                listens = true;
                stopped.as_mut().poll(context).map(|_| None)
            });
            let outcome = match ended.await {
                Some(outcome) => outcome,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "a connection failed");
            }
        }
    }
}

/// Sees to it that the log says when the store is not well, whether or not anybody asks for readiness.
async fn watch_store(server: &Server) {
    let mut rounds = tokio::time::interval(LOOK_AT_STORE);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let _ = server.store_is_sound();
    }
}

/// Gives back what is over, from time to time: lapsed leases, expired chats. A round waits for the one before, however slow the store is.
async fn keep_house(server: &Server) {
    let mut rounds = tokio::time::interval(HOUSEKEEPING);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        while let Ok(ROWS) = server.store.sweep(ROWS).await {}
        while let Ok(ROWS) = server.store.expire(server.clock.now_ms(), ROWS).await {}
    }
}
