//! THE table of routes, put together from its chapters.
//!
//! The router, the figures per route and the API documents are read off it; a route that is not
//! here does not exist.

mod center;
mod chats;
mod customer;
mod express;
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
pub(crate) use express::Express;

/// One route: method, path, who may use it, which rules it obeys, and who answers.
#[non_exhaustive]
pub struct Route {
    method: Method,
    path: &'static str,
    access: Access,
    rules: &'static [&'static str],
    summary: &'static str,
    handler: fn() -> MethodRouter<Shared>,
}

/// Who may use a route. What somebody may do there is the handler's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Whoever has logged in; everybody else is refused with code 20 (PLAT-1.2-c20).
    Login,
    /// Whoever has logged in and has a role that is above agents; other users are refused with
    /// code 5 (DEC-19).
    Supervisor,
    /// Whoever knows the chat's UUID, or has logged in for an id of another shape (DEC-46).
    VisitorOrLogin,
    /// Anybody.
    Anybody,
}

impl Access {
    /// The requirement, as the reference pages print it.
    pub fn requirement(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Supervisor => "login as a supervisor",
            Self::VisitorOrLogin => "the visitor's UUID, or login",
            Self::Anybody => "none",
        }
    }
}

impl Route {
    /// The method. A route for GET answers HEAD as well.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The pattern of the path, such as `/api/v2/me/channels/{channel}`. Without a slash at its
    /// end; one is accepted in requests (PLAT-1.1-7).
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Who may use it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The ids of the rules in docs/protocol that it obeys, the one that introduces it first. Empty
    /// for what is no part of the interface.
    pub fn rules(&self) -> &'static [&'static str] {
        self.rules
    }

    /// What it does, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    pub(crate) fn handler(&self) -> MethodRouter<Shared> {
        (self.handler)()
    }

    /// A route to try the router with.
    #[cfg(test)]
    pub(crate) const fn trial(path: &'static str, handler: fn() -> MethodRouter<Shared>) -> Self {
        let (access, rules) = (Access::Anybody, &[]);
        Self { method: Method::GET, path, access, rules, summary: "A trial.", handler }
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
