//! `chat replay`: asks a server again what was asked when it was recorded, and says where it answers
//! something else.

mod compare;
mod glimpses;
mod names;
mod own;
mod play;
mod polls;
mod recording;
mod replies;
mod report;
mod sessions;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use chat_http::client::{Address, HyperTransport, Options};
use chat_http::{Config, LineType};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args;
use crate::exit::{Exit, Failure};
use own::Own;
use play::{Play, Stop, Stopped};
use recording::Recording;
use report::Figures;
use wire::Target;

const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn run(args: &args::Replay) -> Result<Exit, Failure> {
    if args.recording.as_os_str() == "-"
        && args.passwords.as_ref().is_some_and(|it| it.as_os_str() == "-")
    {
        return Err(Failure::usage(
            "expected at most one of the recording and the passwords to be standard input (-), found both",
        ));
    }
    let recording = recording::read(&args.recording, args.partial)?;
    let passwords = passwords(args, &recording)?;
    let config = match args.to {
        Some(_) => None,
        None => Some(configuration(args)?),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("the runtime cannot be started: {error}")))?;
    let ended = runtime.block_on(async {
        tokio::select! {
            // It listens for the signal before anything is sent.
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            ended = replay(args, &recording, passwords, config) => ended,
        }
    });
    runtime.shutdown_background();
    ended
}

/// The passwords of everybody who asks something in the recording.
fn passwords(
    args: &args::Replay,
    recording: &Recording,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut passwords = BTreeMap::new();
    if let Some(file) = &args.passwords {
        let name = super::name(file);
        let text = String::from_utf8(super::read(file)?)
            .map_err(|error| Failure::failed(format!("{name}: expected UTF-8, found {error}")))?;
        for (at, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            // The line itself is not told: it may be a password.
            let (user, password) = line.split_once(':').ok_or_else(|| {
                Failure::failed(format!(
                    "{name}: line {at}: expected USER:PASSWORD, found no colon"
                ))
            })?;
            passwords.insert(user.to_owned(), password.to_owned());
        }
    }
    if let (Some(user), Ok(password)) = (&args.user, std::env::var("CHAT_PASSWORD")) {
        passwords.entry(user.clone()).or_insert(password);
    }
    let refused = refused(recording);
    let requests = recording.lines.iter().filter(|(_, line)| line.kind == LineType::Request);
    let users = requests
        .filter(|(_, line)| line.login.as_deref() == Some("basic"))
        .filter(|(_, line)| line.n.is_some_and(|n| !refused.contains(&n)))
        .filter_map(|(_, line)| line.user.clone());
    let mut missing = BTreeSet::new();
    for user in users {
        match passwords.contains_key(&user) {
            true => {}
            // Everybody knows them.
            false if recording.is_demo => {
                passwords.insert(user.clone(), user);
            }
            false => {
                missing.insert(user);
            }
        }
    }
    if !missing.is_empty() {
        let missing: Vec<String> = missing.into_iter().collect();
        return Err(Failure::usage(format!(
            "expected the passwords of {}, found none; name a file of lines USER:PASSWORD with --passwords",
            missing.join(", ")
        )));
    }
    Ok(passwords)
}

/// The requests whose password was wrong.
fn refused(recording: &Recording) -> std::collections::BTreeSet<u64> {
    let replies = recording.lines.iter().filter(|(_, line)| line.kind == LineType::Reply);
    replies
        .filter(|(_, line)| line.login.as_deref() == Some("refused"))
        .filter_map(|(_, line)| line.n)
        .collect()
}

/// The configuration of a server of its own, without what only its machine has.
fn configuration(args: &args::Replay) -> Result<Config, Failure> {
    let anywhere = "127.0.0.1:0".parse().map_err(|_| Failure::fault("no loopback address"))?;
    let Some(path) = &args.config else { return Ok(Config::demo(anywhere)) };
    let file = super::name(path);
    let text = String::from_utf8(super::read(path)?)
        .map_err(|error| Failure::failed(format!("{file}: expected UTF-8, found {error}")))?;
    let mut config =
        Config::from_toml(&text).map_err(|error| Failure::failed(format!("{file}: {error}")))?;
    config.server.listen = anywhere;
    config.server.external_url = None;
    (config.server.tls_certificate, config.server.tls_key) = (None, None);
    Ok(config)
}

async fn replay(
    args: &args::Replay,
    recording: &Recording,
    passwords: BTreeMap<String, String>,
    config: Option<Config>,
) -> Result<Exit, Failure> {
    let refused = refused(recording);
    let mut figures = Figures::new(args.rate);
    let bar = progress(recording, args.repeat);
    for round in 1..=args.repeat {
        let own = match &config {
            Some(config) => {
                let chats = super::serve::chats_to_start_with(args.chats.as_deref(), config)?;
                Some(Own::start(config.clone(), chats).await?)
            }
            None => None,
        };
        let address: Address = match (&own, &args.to) {
            (Some(own), _) => {
                own.url.parse().map_err(|error| Failure::fault(format!("{}: {error}", own.url)))?
            }
            (None, Some(address)) => address.clone(),
            (None, None) => return Err(Failure::usage("expected a server to play it to")),
        };
        let mut options = Options::default();
        if let Some(file) = &args.ca_file {
            options.root_certificates = Some(super::read(file)?);
        }
        let transport = Arc::new(HyperTransport::new(&address, &options)?);
        let (passwords, refused) = (passwords.clone(), refused.clone());
        let target = Arc::new(Target { address, transport, passwords, refused });
        let timeout = args.timeout.unwrap_or(TIMEOUT);
        let play = Play::new(target, recording, round, timeout, &mut figures);
        let lines = recording.lines.len() as u64;
        let played = play.run(recording, |done| bar.set_position((round - 1) * lines + done)).await;
        if let Some(own) = own {
            own.stop().await;
        }
        if let Err(Stopped { line, about, stop }) = played {
            bar.finish_and_clear();
            return match stop {
                Stop::Unreachable(why) => {
                    let why = format!("line {line}: the server cannot be reached: {why}");
                    Err(Failure::unreachable(why))
                }
                Stop::Different(difference) => {
                    report::different(line, round, &about, &difference, args.output.json)?;
                    Ok(Exit::No)
                }
            };
        }
    }
    bar.finish_and_clear();
    let measured = args.repeat > 1 || args.rate.is_some();
    report::same(&figures, args.repeat, measured, args.output.json)?;
    Ok(Exit::Done)
}

/// Shows a terminal how far it is; nobody else.
fn progress(recording: &Recording, rounds: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let lines = rounds.saturating_mul(recording.lines.len() as u64);
    let bar = ProgressBar::with_draw_target(Some(lines), ProgressDrawTarget::stderr());
    // The template is a constant and holds.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} lines, {eta} left") {
        bar.set_style(style);
    }
    bar
}
