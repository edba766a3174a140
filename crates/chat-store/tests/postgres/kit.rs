//! What the tests of the store in PostgreSQL share: stores in schemas of their own, and names.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chat_model::{ChatId, UserId};
use chat_store::postgres::Health;
use chat_store::{CommandId, FeedId, Head, PostgresOptions, PostgresStore, Store};

use crate::server::Server;

pub(crate) const WINDOW: Duration = Duration::from_secs(60 * 60);

/// A schema that nobody else uses.
pub(crate) fn schema() -> String {
    static SCHEMAS: AtomicU64 = AtomicU64::new(0);
    format!("test {}", SCHEMAS.fetch_add(1, Ordering::SeqCst))
}

/// How a test opens a server: few connections, and little patience.
pub(crate) fn options(url: &str, schema: &str) -> PostgresOptions {
    PostgresOptions::new(url)
        .and_then(|options| options.schema(schema))
        .expect("the address is fine")
        .replay_window(WINDOW)
        .connections(6)
}

pub(crate) async fn open(server: &Server, schema: &str) -> PostgresStore {
    options(&server.url(), schema).open().await.expect("the database opens")
}

pub(crate) fn chat(name: impl Display) -> ChatId {
    ChatId::new(name.to_string())
}

pub(crate) fn user(name: impl Display) -> FeedId {
    FeedId::user(&UserId::new(name.to_string()))
}

pub(crate) fn command(writer: u64, nth: u64) -> CommandId {
    CommandId::new(((u128::from(writer) << 64) | u128::from(nth)).to_be_bytes())
}

pub(crate) async fn head(store: &impl Store, chat: &ChatId) -> Head {
    let loaded = store.load(chat).await.expect("the store is there");
    loaded.map_or(Head::NONE, |loaded| loaded.head)
}

/// Waits until the store's health is as told; it is looked at every second.
pub(crate) async fn becomes(store: &PostgresStore, fits: impl Fn(&Health) -> bool) -> Health {
    for _ in 0..1_500 {
        let health = store.health();
        if fits(&health) {
            return health;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the health stays {:?}", store.health());
}
