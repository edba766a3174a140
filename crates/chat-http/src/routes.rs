//! THE table of routes, put together from its chapters.
//!
//! The router, the figures per route and the API documents are read off it; a route that is not
//! here does not exist.

mod center;
mod chats;
mod customer;
mod health;
mod internal;
mod me;
mod notifications;
mod people;
mod session;
mod supervision;
mod users;

use std::fmt;

use axum::routing::MethodRouter;
use hyper::Method;

use crate::server::Shared;

/// One route: method, path, and who answers.
#[non_exhaustive]
pub struct Route {
    method: Method,
    path: &'static str,
    summary: &'static str,
    handler: fn() -> MethodRouter<Shared>,
}

impl Route {
    pub(crate) const fn new(
        method: Method,
        path: &'static str,
        summary: &'static str,
        handler: fn() -> MethodRouter<Shared>,
    ) -> Self {
        Self { method, path, summary, handler }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The pattern of the path, such as `/api/v2/me/channels/{channel}`. Without a slash at its
    /// end; one is accepted in requests (PLAT-1.1-7).
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What it does, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    pub(crate) fn handler(&self) -> MethodRouter<Shared> {
        (self.handler)()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Every route, in the order of the documents.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    [
        me::ROUTES,
        session::ROUTES,
        chats::ROUTES,
        people::ROUTES,
        users::ROUTES,
        supervision::ROUTES,
        center::ROUTES,
        internal::ROUTES,
        customer::ROUTES,
        notifications::ROUTES,
        health::ROUTES,
    ]
    .into_iter()
    .flatten()
}

/// Every route, in the order of the documents; for what is generated from them.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    all()
}
