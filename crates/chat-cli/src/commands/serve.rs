//! `chat serve`: puts a contact centre together and serves it until someone ends it. What it does
//! is the business of `chat_http`; here it is configured, started, announced and stopped.

mod chats;
mod greeting;
mod log;
mod script;
mod signals;
mod trial;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chat_http::{App, Clock, Config, ConfigError, Extras, SystemClock};
use chat_model::ChatFile;
use chat_store::{MemoryStore, postgres};
use tokio::net::TcpListener;

use crate::args;
use crate::documents;
use crate::exit::{Exit, Failure};
use crate::render;
use crate::store::{DatabaseVitals, FileVitals, StoreName};
pub(super) use chats::to_start_with as chats_to_start_with;
use greeting::Greeting;
use signals::Signals;
use trial::Trial;

/// Where the demo contact centre listens if nobody says otherwise.
const DEMO_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);

pub(super) fn run(args: &args::Serve) -> Result<Exit, Failure> {
    let config = configuration(args)?;
    let chats = chats::to_start_with(args.chats.as_deref(), &config)?;
    let store = match (&args.store, config.is_demo()) {
        (Some(store), _) => store.clone(),
        // What somebody tries out leaves nothing behind.
        (None, true) => StoreName::Memory,
        (None, false) => StoreName::default_file()?,
    };
    let trial = Trial::of(args, &store, &config)?;
    log::start(args.log_format)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot be started: {error}")))?
        .block_on(serve(config, chats, &store, &trial, args.json))
}

fn configuration(args: &args::Serve) -> Result<Config, Failure> {
    let Some(path) = &args.config else {
        let config = Config::demo(args.listen.unwrap_or(DEMO_ADDRESS));
        config.validate().map_err(|error| {
            Failure::usage(format!(
                "{error}\nmake a configuration with users of your own (docs/configuration.example.toml \
                 shows one, `chat hash-password` makes its hashes) and name it with --config"
            ))
        })?;
        return Ok(config);
    };
    let file = super::name(path);
    let text = String::from_utf8(super::read(path)?)
        .map_err(|error| Failure::failed(format!("{file}: expected UTF-8, found {error}")))?;
    let says = |error| Failure::failed(format!("{file}: {error}"));
    let mut config = Config::from_toml(&text).map_err(says)?;
    if let Some(listen) = args.listen {
        config.server.listen = listen;
        config.validate().map_err(says)?;
    }
    Ok(config)
}

async fn serve(
    mut config: Config,
    chats: Vec<ChatFile>,
    store: &StoreName,
    trial: &Trial,
    json: bool,
) -> Result<Exit, Failure> {
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| cannot_listen(listen, "--listen", &error))?;
    // Port 0 has become a port by now, and the addresses of all resources name it.
    config.server.listen =
        listener.local_addr().map_err(|error| cannot_listen(listen, "--listen", &error))?;
    let greeting = Greeting::of(&config, store, json);

    let clock: Arc<dyn Clock> = match &trial.clock {
        Some(clock) => clock.clone(),
        None => Arc::new(SystemClock::new()),
    };
    let mut extras = extras();
    trial.prepare(&mut extras, &config, &clock)?;
    let says = |error: ConfigError| Failure::failed(error.to_string());
    match store {
        StoreName::Memory => {
            let wall = clock.clone();
            let store = MemoryStore::new(Arc::new(move || wall.now_ms()));
            let app = App::with(config, store, clock, extras).map_err(says)?;
            run_until_asked(listener, listen, app, chats, &greeting, trial).await
        }
        StoreName::File(path) => {
            let (options, path) = (crate::store::options(&clock), path.clone());
            // Opening reads the whole file after a crash.
            let store = tokio::task::spawn_blocking(move || options.open(path))
                .await
                .map_err(|error| Failure::failed(format!("the store: {error}")))?
                .map_err(|why| Failure::failed(why.to_string()))?;
            extras.vitals = Box::new(FileVitals(store.clone()));
            let app = App::with(config, store.clone(), clock, extras).map_err(says)?;
            let ended = run_until_asked(listener, listen, app, chats, &greeting, trial).await;
            store.close().await;
            ended
        }
        StoreName::Postgres(address) => {
            let options = crate::store::database(address, &clock);
            let says_why = |why: postgres::OpenError| Failure::unreachable(why.to_string());
            let store = options.map_err(says_why)?.open().await.map_err(says_why)?;
            extras.vitals = Box::new(DatabaseVitals(store.clone()));
            let app = App::with(config, store.clone(), clock, extras).map_err(says)?;
            let ended = run_until_asked(listener, listen, app, chats, &greeting, trial).await;
            store.close().await;
            ended
        }
    }
}

/// What the server cannot bring along itself.
fn extras() -> Extras {
    let mut extras = Extras::default();
    extras.documents = documents::below_docs();
    extras
}

async fn run_until_asked(
    listener: TcpListener,
    listen: SocketAddr,
    app: App,
    chats: Vec<ChatFile>,
    greeting: &Greeting,
    trial: &Trial,
) -> Result<Exit, Failure> {
    // A chat that is there already stays as it is.
    app.import(chats).await.map_err(|error| Failure::failed(error.to_string()))?;
    // Whoever reads the greeting may ask it to end at once.
    let signals =
        Signals::of(&app).map_err(|error| Failure::failed(format!("signals: {error}")))?;
    let admin = trial.admin(&app).await?;
    let played = trial.play(&app).await?;
    render::line(greeting.with(&trial.beside(&admin)))?;
    tokio::select! {
        failed = admin.serve() => return Err(failed),
        never = played => match never {},
        served = chat_http::serve(listener, app, signals.asked_to_end(1)) => {
            served.map_err(|error| Failure::failed(format!("{listen}: {error}")))?;
        }
        // Whoever asks twice does not want to wait; what is open is cut.
        () = signals.asked_to_end(2) => tracing::warn!("ended before all requests were answered"),
    }
    Ok(Exit::Done)
}

fn cannot_listen(address: SocketAddr, option: &str, error: &std::io::Error) -> Failure {
    Failure::unreachable(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "{address}: another program is using this port; end it, or choose another port with \
             {option} (port 0 takes a free one)"
        ),
        ErrorKind::PermissionDenied => {
            format!("{address}: this port is not for ordinary users; choose one above 1023")
        }
        _ => format!("{address}: cannot listen there: {error}"),
    })
}
