//! `chat watch`: what happens to an agent's chats, as it happens.

use std::future::pending;
use std::time::Duration;

use chat_http::client::{Pattern, Readiness, Update, WatchOptions};
use chat_model::ChatResource;
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep_until};

use super::connect::{Connection, run as run_until_done};
use super::told;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::render::{self, Reader};

/// After how many failures the waits stop growing.
const GROWS: u32 = 15;

pub(super) fn run(args: &args::Watch) -> Result<Exit, Failure> {
    let options = options(args)?;
    run_until_done(watch(args, options))
}

fn options(args: &args::Watch) -> Result<WatchOptions, Failure> {
    let mut options = WatchOptions::default();
    (options.backoff, options.max_backoff) = (args.backoff, args.backoff * GROWS);
    if !args.topics.is_empty() {
        let patterns = args.topics.iter().map(|topic| {
            Pattern::new(topic).map_err(|error| Failure::usage(format!("--topic {topic}: {error}")))
        });
        options.patterns = patterns.collect::<Result<_, _>>()?;
    }
    if let Some(timeout) = args.server.timeout {
        options.max_network_delay = timeout;
    }
    Ok(options)
}

async fn watch(args: &args::Watch, options: WatchOptions) -> Result<Exit, Failure> {
    let connection = Connection::new(&args.server, None)?;
    let agent = connection.agent(&args.login)?;
    if args.ready {
        agent.start_session(&["chat"]).await?;
        agent.set_readiness("chat", Readiness::Ready).await?;
    }
    let mut watch = agent.watch_with(options);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let reader_gone = render::reader_gone();
    tokio::pin!(reader_gone);
    let mut heard_at = Instant::now();
    let mut patience = Some(args.give_up.unwrap_or(connection.timeout));
    // Only while it is not heard does patience run out.
    let mut is_deaf = true;
    let mut last = String::from("no reply");
    loop {
        let update = tokio::select! {
            update = watch.next() => update,
            _ = &mut interrupted => {
                // Whoever is in a hurry asks twice.
                tokio::select! {
                    () = watch.leave() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                return Ok(Exit::Interrupted);
            }
            () = &mut reader_gone => return Ok(Exit::Done),
            () = runs_out(heard_at, patience.filter(|_| is_deaf)) => {
                return Err(Failure::new(Exit::Unreachable, format!("the server cannot be heard: {last}")));
            }
        };
        let Some(update) = update else {
            // Somebody ended the agent's session; what was waited for does not come any more.
            return Ok(if args.until.is_some() { Exit::No } else { Exit::Done });
        };
        let reader =
            match update? {
                Update::Interrupted(why) => {
                    if !is_deaf {
                        (is_deaf, heard_at) = (true, Instant::now());
                    }
                    if !why.why.is_empty() {
                        last.clone_from(&why.why);
                    }
                    told::interruption(&why, args.output.json)?
                }
                Update::State(state) => {
                    (is_deaf, patience) = (false, args.give_up);
                    let state = match &args.chat {
                        Some(chat) => told::only(*state, chat),
                        None => *state,
                    };
                    let reader = told::state(&state, args.output.json)?;
                    let chats = state.chats.iter().chain(&state.ended);
                    if chats.into_iter().any(|chat| is_awaited(args, chat)) {
                        watch.leave().await;
                        return Ok(Exit::Done);
                    }
                    reader
                }
                Update::Notification(notified) => {
                    is_deaf = false;
                    let about = notified.chat_id();
                    if args.chat.as_deref().is_some_and(|chat| {
                        about.as_ref().is_none_or(|about| about.as_str() != chat)
                    }) {
                        continue;
                    }
                    let reader = told::notification(&notified, args.output.json)?;
                    let chat = notified.about_chat.as_ref().and_then(|about| about.chat.as_ref());
                    if chat.is_some_and(|chat| is_awaited(args, chat)) {
                        watch.leave().await;
                        return Ok(Exit::Done);
                    }
                    reader
                }
                _ => Reader::There,
            };
        if reader == Reader::Gone {
            return Ok(Exit::Done);
        }
    }
}

/// Whether `chat` is what --until waits for.
fn is_awaited(args: &args::Watch, chat: &ChatResource) -> bool {
    let Some(until) = &args.until else { return false };
    let is_it = |wanted: &str| chat.id.as_ref().is_some_and(|id| id.as_str() == wanted);
    args.chat.as_deref().is_none_or(is_it)
        && chat.state.as_ref().is_some_and(|state| state.as_str() == until)
}

async fn runs_out(since: Instant, patience: Option<Duration>) {
    match patience {
        Some(patience) => sleep_until(since + patience).await,
        None => pending().await,
    }
}
