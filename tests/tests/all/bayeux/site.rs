//! The contact centre that a file is played in.

use std::sync::Arc;

use axum::Router;
use chat_http::{App, Clock, Config};
use chat_store::MemoryStore;
use serde_json::Value;

use super::exchange::Settings;

/// Name and hash of the password, which is the name. Made with as little work as argon2 allows,
/// because every file has a server, and logs in, of its own.
const USERS: [(&str, &str); 4] = [
    (
        "agent1",
        "$argon2id$v=19$m=8,t=1,p=1$o8hdDCo9gPsNWcF+uZMAlg$9YUDjTOhV+F1VfT9Z9wfcySMzFcpoVfuzR2nP2bC1No",
    ),
    (
        "agent2",
        "$argon2id$v=19$m=8,t=1,p=1$c55PJfaJZojd3ob77tUCIg$QavMHUq6fHs+X8vELk0yvMBG1JiOVmAktdlMpVz5mgA",
    ),
    (
        "agent3",
        "$argon2id$v=19$m=8,t=1,p=1$V2v7C6Rcr/3Rkyz2hiByQw$H+HVITLoaAIWY1XdVwuTqllzj/v11Wl9OhyBiOlTYno",
    ),
    (
        "supervisor1",
        "$argon2id$v=19$m=8,t=1,p=1$V24Xbc5nKHb3z3LrWaL/hA$MWK1ugYI4O2nyAnndXzdhU8DjWKmSstDfBSQylXYj6k",
    ),
];

/// The demo contact centre on `listen`, with the settings of a file.
pub(crate) fn config(settings: &Settings, listen: std::net::SocketAddr) -> Config {
    fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
        serde_json::from_value(value.clone()).expect("settings have the names of the configuration")
    }
    let mut config = Config::demo(listen);
    for user in &mut config.users {
        let hash = USERS.iter().find(|(name, _)| *name == user.name).expect("a demo user").1;
        user.password_hash = hash.parse().expect("the constants are hashes");
    }
    config.limits = settings.limits.as_ref().map_or(config.limits, read);
    config.notifications = settings.notifications.as_ref().map_or(config.notifications, read);
    config.server.secure_cookies = settings.secure_cookies;
    config.server.csrf_protection = settings.csrf_protection;
    config.server.cors_origins =
        settings.cors_origins.iter().map(|o| o.parse().expect("an origin")).collect();
    config
}

/// A node of a contact centre: what it is made of stays, so that another node can go on.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: MemoryStore,
}

impl Site {
    pub(crate) fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        let hands = clock.clone();
        let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
        Self { config, clock, store }
    }

    /// A node without a past.
    pub(crate) fn node(&self) -> (App, Router) {
        let app = App::new(self.config.clone(), self.store.clone(), self.clock.clone());
        let app = app.unwrap_or_else(|why| panic!("the settings of the file: {why}"));
        let router = app.router();
        (app, router)
    }
}
