//! `chat store`: looking after the place where a server keeps its chats.

mod ndjson;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use chat_http::{Clock, SystemClock, is_of_agent, verify_chat, verify_records};
use chat_model::{ChatId, write_string};
use chat_store::{FeedId, Import, ImportError, Inspect, Record, Unavailable, check, postgres};
use futures_util::future::join_all;

use crate::args::{Store, StoreCommand};
use crate::exit::{Exit, Failure};
use crate::render;
use crate::store::{StoreName, database, options};
use ndjson::Line;

/// Rows that are asked for at one time.
const PAGE: usize = 256;

/// Chats that are taken in together at most, and about how many bytes their lines may have.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

pub(super) fn run(args: &Store) -> Result<Exit, Failure> {
    let (command, json) = (&args.command, args.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
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
                let exit = perform(command, json, &store).await;
                store.close().await;
                exit
            }
            StoreName::Postgres(address) => {
                let says = |why: postgres::OpenError| Failure::unreachable(why.to_string());
                let store = database(address, &clock).map_err(says)?.open().await.map_err(says)?;
                let exit = perform(command, json, &store).await;
                store.close().await;
                exit
            }
        }
    })
}

async fn perform(
    command: &StoreCommand,
    json: bool,
    store: &(impl Inspect + Import),
) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check { store: name } => check_all(name, json, store).await,
        StoreCommand::Export { store: name } => {
            let exported = export(store).await;
            exported.map(|()| Exit::Done).map_err(|error| error.of(name))
        }
        StoreCommand::Import { file, .. } => import(store, json, file).await,
        StoreCommand::Migrate { store: name } => {
            // To open it was to migrate it.
            if json {
                render::line(format_args!("{{{}}}", of_type("migrated", name)))?;
            } else {
                render::line(format_args!("{name} has the form of this version"))?;
            }
            Ok(Exit::Done)
        }
    }
}

/// The members that every object has which is printed of a store.
fn of_type(kind: &str, store: &StoreName) -> String {
    let mut members = format!(r#""type":"{kind}","store":"#);
    write_string(&mut members, &store.to_string());
    members
}

async fn check_all(name: &StoreName, json: bool, store: &impl Inspect) -> Result<Exit, Failure> {
    let checked =
        check(store, verify_chat).await.map_err(|why| Failure::failed(format!("{name}: {why}")))?;
    let exit = if checked.is_sound() { Exit::Done } else { Exit::No };
    if json {
        for complaint in &checked.complaints {
            let mut line = of_type("complaint", name) + r#","why":"#;
            write_string(&mut line, &complaint.to_string());
            render::line(format_args!("{{{line}}}"))?;
        }
        render::line(format_args!(
            r#"{{{},"chats":{},"records":{},"feeds":{},"entries":{},"complaints":{},"sound":{}}}"#,
            of_type("checked", name),
            checked.chats,
            checked.records,
            checked.feeds,
            checked.entries,
            checked.complained,
            checked.is_sound()
        ))?;
        return Ok(exit);
    }
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
    Ok(exit)
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
        // What was announced to agents in sessions is of those sessions, which do not travel either.
        for row in page.iter().filter(|row| !is_of_agent(&row.chat)) {
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

async fn import(store: &impl Import, json: bool, path: &Path) -> Result<Exit, Failure> {
    let file = super::name(path);
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(path);
        let opened =
            opened.map_err(|error| Failure::failed(format!("{file}: cannot be read: {error}")))?;
        Box::new(BufReader::new(opened))
    };
    let mut taking = Taking { store, file: &file, batch: Vec::new(), bytes: 0, new: 0, there: 0 };
    for (at, line) in reader.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        taking.line(at, &line.map_err(|error| taking.says(at, &error))?).await?;
    }
    taking.flush().await?;
    let Taking { new, there, .. } = taking;
    if json {
        render::line(format_args!(r#"{{"type":"imported","new":{new},"there":{there}}}"#))?;
    } else {
        render::line(format_args!("{new} chats and lists taken in, {there} were there already"))?;
    }
    Ok(Exit::Done)
}

/// An import under way.
struct Taking<'a, S> {
    store: &'a S,
    file: &'a str,
    /// Chats that are taken in together, each with the number of its line.
    batch: Vec<(usize, Incoming)>,
    /// How long their lines are.
    bytes: usize,
    new: u64,
    there: u64,
}

/// The journal of what an agent's session was told. Without the session, which is a lease and stays where it
/// is, nobody would go on with it, and the agent's next session might have one of that name.
struct OfSession<'a>(&'a ChatId);

impl std::fmt::Display for OfSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(journal) = self;
        write!(
            f,
            "expected a chat, found {journal}, which belongs to an agent's session and goes nowhere"
        )
    }
}

struct Incoming {
    chat: ChatId,
    expire_at_ms: Option<i64>,
    records: Vec<Record>,
}

impl<S: Import> Taking<'_, S> {
    async fn line(&mut self, at: usize, line: &str) -> Result<(), Failure> {
        match ndjson::read(line).map_err(|error| self.says(at, &error))? {
            Line::Chat { chat, .. } if is_of_agent(&chat) => Err(self.says(at, &OfSession(&chat))),
            Line::Chat { chat, expire_at_ms, records } => {
                // What cannot be folded would be a chat that nobody can open.
                verify_records(&chat, None, &records).map_err(|error| self.says(at, &error))?;
                self.batch.push((at, Incoming { chat, expire_at_ms, records }));
                self.bytes += line.len();
                if self.batch.len() == BATCH || self.bytes >= BATCH_BYTES {
                    self.flush().await?;
                }
                Ok(())
            }
            Line::Feed { feed, head, listed } => {
                if let Some(journal) = listed.iter().find(|listed| is_of_agent(listed)) {
                    return Err(self.says(at, &OfSession(journal)));
                }
                // It names chats.
                self.flush().await?;
                let imported = self.store.import_feed(&feed, head, &listed).await;
                self.count(at, imported)
            }
        }
    }

    /// Takes the batch in: what waits together shares a commit.
    async fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let store = self.store;
        let imports =
            batch.iter().map(|(at, Incoming { chat, expire_at_ms, records })| async move {
                (*at, store.import_chat(chat, records, *expire_at_ms).await)
            });
        for (at, imported) in join_all(imports).await {
            self.count(at, imported)?;
        }
        Ok(())
    }

    fn count(&mut self, at: usize, imported: Result<bool, ImportError>) -> Result<(), Failure> {
        match imported {
            Ok(true) => self.new += 1,
            Ok(false) => self.there += 1,
            Err(error) => return Err(self.says(at, &error)),
        }
        Ok(())
    }

    fn says(&self, at: usize, error: &dyn std::fmt::Display) -> Failure {
        Failure::failed(format!("{}, line {at}: {error}", self.file))
    }
}
