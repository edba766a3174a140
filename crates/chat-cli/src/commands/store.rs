//! `chat store`: looking after the place where a server keeps its chats.

mod ndjson;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use chat_http::{SystemClock, verify_chat};
use chat_model::ChatId;
use chat_store::{FeedId, Import, ImportError, Inspect, Unavailable, check, postgres};

use crate::args::StoreCommand;
use crate::exit::{Exit, Failure};
use crate::render;
use crate::store::{StoreName, database, options};
use ndjson::Line;

/// Rows that are asked for at one time.
const PAGE: usize = 256;

pub(super) fn run(command: &StoreCommand) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let clock = Arc::new(SystemClock::new());
        match command.store() {
            StoreName::Memory => Err(Failure::usage(
                "expected a store that is there when no server runs, found memory",
            )),
            StoreName::File(path) => {
                let options = options(&clock);
                let options = match command {
                    // Every page is compared with its checksum.
                    StoreCommand::Check { .. } => options.must_exist().verify(),
                    StoreCommand::Import { .. } => options,
                    _ => options.must_exist(),
                };
                let store = options.open(path).map_err(|why| Failure::failed(why.to_string()))?;
                let exit = perform(command, &store).await;
                store.close().await;
                exit
            }
            StoreName::Postgres(address) => {
                let says = |why: postgres::OpenError| Failure::failed(why.to_string());
                let store = database(address, &clock).map_err(says)?.open().await.map_err(says)?;
                let exit = perform(command, &store).await;
                store.close().await;
                exit
            }
        }
    })
}

async fn perform(command: &StoreCommand, store: &(impl Inspect + Import)) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check { store: name } => check_all(name, store).await,
        StoreCommand::Export { store: name } => {
            let exported = export(store).await;
            exported.map(|()| Exit::Done).map_err(|error| error.of(name))
        }
        StoreCommand::Import { file, .. } => import(store, file).await,
        StoreCommand::Migrate { store: name } => {
            // To open it was to migrate it.
            render::line(format_args!("{name} has the form of this version"))?;
            Ok(Exit::Done)
        }
    }
}

async fn check_all(name: &StoreName, store: &impl Inspect) -> Result<Exit, Failure> {
    let checked =
        check(store, verify_chat).await.map_err(|why| Failure::failed(format!("{name}: {why}")))?;
    for complaint in &checked.complaints {
        render::line(complaint)?;
    }
    let untold = checked.complained - checked.complaints.len() as u64;
    if untold > 0 {
        render::line(format_args!("and {untold} more"))?;
    }
    render::line(format_args!(
        "{name}: {} chats with {} records, {} feeds with {} entries: {}",
        checked.chats,
        checked.records,
        checked.feeds,
        checked.entries,
        if checked.is_sound() {
            "everything fits together"
        } else {
            "not everything fits together"
        }
    ))?;
    Ok(if checked.is_sound() { Exit::Done } else { Exit::Failed })
}

/// Why an export stopped.
enum NotExported {
    Unavailable(Unavailable),
    Unwritten(Failure),
}

impl NotExported {
    fn of(self, store: &StoreName) -> Failure {
        match self {
            Self::Unavailable(why) => Failure::failed(format!("{store}: {why}")),
            Self::Unwritten(failure) => failure,
        }
    }
}

impl From<Unavailable> for NotExported {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

impl From<Failure> for NotExported {
    fn from(failure: Failure) -> Self {
        Self::Unwritten(failure)
    }
}

/// Chats first and feeds after them, because a list names chats.
async fn export(store: &impl Inspect) -> Result<(), NotExported> {
    let mut after: Option<ChatId> = None;
    loop {
        let page = store.chats(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.chat.clone());
        for row in &page {
            let all = usize::try_from(row.head.version).unwrap_or(usize::MAX);
            let records = store.records(&row.chat, 0, all).await?;
            render::line(ndjson::chat(row, &records))?;
        }
    }
    let mut after: Option<FeedId> = None;
    loop {
        let page = store.feeds(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.feed.clone());
        for row in &page {
            let listed = store.listed(&row.feed).await?;
            render::line(ndjson::feed(row, &listed))?;
        }
    }
}

async fn import(store: &impl Import, path: &Path) -> Result<Exit, Failure> {
    let file = super::name(path);
    let says = |at: usize, error: &dyn std::fmt::Display| {
        Failure::failed(format!("{file}, line {at}: {error}"))
    };
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(path);
        let opened =
            opened.map_err(|error| Failure::failed(format!("{file}: cannot be read: {error}")))?;
        Box::new(BufReader::new(opened))
    };
    let (mut new, mut there) = (0_u64, 0_u64);
    for (at, line) in reader.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let line = line.map_err(|error| says(at, &error))?;
        let imported = match ndjson::read(&line).map_err(|error| says(at, &error))? {
            Line::Chat { chat, expire_at_ms, records } => {
                // What cannot be folded would be a chat that nobody can open.
                verify_chat(&chat, None, &records).map_err(|error| says(at, &error))?;
                store.import_chat(&chat, &records, expire_at_ms).await
            }
            Line::Feed { feed, head, listed } => store.import_feed(&feed, head, &listed).await,
        };
        match imported {
            Ok(true) => new += 1,
            Ok(false) => there += 1,
            Err(error @ ImportError::Taken) => return Err(says(at, &error)),
            Err(error) => return Err(says(at, &error)),
        }
    }
    render::line(format_args!("{new} chats and lists taken in, {there} were there already"))?;
    Ok(Exit::Done)
}
