//! THE table of routes, put together from its chapters.
//!
//! The router, the figures per route and the API documents are read off it; a route that is not
//! here does not exist.

mod center;
mod chats;
mod console;
mod customer;
mod docs;
mod express;
mod health;
mod internal;
mod me;
mod notifications;
mod people;
mod session;
mod shape;
mod supervision;
mod users;

use std::fmt;

use axum::routing::MethodRouter;
use hyper::Method;

use crate::server::Shared;
pub(crate) use express::Express;
#[cfg(feature = "schema")]
pub(crate) use notifications::UNTOLD;
pub(crate) use notifications::{NOTIFICATIONS, untold};
#[cfg(feature = "schema")]
pub(crate) use session::PartialSuccess;
pub(crate) use shape::Shape;

/// One route: method, path, name, who may use it, which rules it obeys, what goes in and comes out,
/// and who answers.
#[non_exhaustive]
pub struct Route {
    method: Method,
    path: &'static str,
    name: &'static str,
    access: Access,
    rules: &'static [&'static str],
    summary: &'static str,
    #[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "only the document reads it"))]
    pub(crate) shape: Shape,
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

    /// What it is called in the documents: the `operationId` of the OpenAPI document.
    pub fn name(&self) -> &'static str {
        self.name
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
        Self {
            method: Method::GET,
            path,
            name: "trial",
            access: Access::Anybody,
            rules: &[],
            summary: "A trial.",
            shape: Shape::File("text/plain"),
            handler,
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Routes that are about one thing: its name, what it is, and the routes.
#[derive(Debug)]
#[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "the document has the first two"))]
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) routes: &'static [Route],
}

/// Every chapter, in the order of the documents.
pub(crate) static CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "Me",
        about: "The user who asks, and what is the user's.",
        routes: me::ROUTES,
    },
    Chapter {
        title: "Session and readiness",
        about: "The contact center session of the user who asks, and the readiness of its channels.",
        routes: session::ROUTES,
    },
    Chapter {
        title: "Chats",
        about: "The chats of the user who asks: operations, resources and transcripts.",
        routes: chats::ROUTES,
    },
    Chapter {
        title: "People",
        about: "Colleagues, and whom an agent can turn to.",
        routes: people::ROUTES,
    },
    Chapter {
        title: "Agents of a supervisor",
        about: "What supervisors do to the channels of other agents.",
        routes: users::ROUTES,
    },
    Chapter {
        title: "Chats of a supervisor",
        about: "What supervisors do to the chats of other agents.",
        routes: supervision::ROUTES,
    },
    Chapter {
        title: "Contact center",
        about: "What the contact center is made of, and which version serves it.",
        routes: center::ROUTES,
    },
    Chapter {
        title: "Internal interface",
        about: "The few addresses beside the interface that existing desktops read when they start.",
        routes: internal::ROUTES,
    },
    Chapter {
        title: "Visitors",
        about: "The visitor's interface, and the agents' chats under their own addresses.",
        routes: customer::ROUTES,
    },
    Chapter {
        title: "Notifications",
        about: "Bayeux, by which the server tells what happens. The channels and what is said on \
                them are told by the AsyncAPI document.",
        routes: notifications::ROUTES,
    },
    Chapter {
        title: "Health",
        about: "For those who run the server: is it alive, is it ready, how is it doing.",
        routes: health::ROUTES,
    },
    Chapter {
        title: "Documents",
        about: "What the interface is, for people and for programs; `server.docs` switches it off.",
        routes: docs::ROUTES,
    },
    Chapter {
        title: "Console",
        about: "A window to look through: pages for agents and visitors; `server.console` switches them on.",
        routes: console::ROUTES,
    },
];

/// Every route, in the order of the documents.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    CHAPTERS.iter().flat_map(|chapter| chapter.routes)
}

/// Every route, in the order of the documents; for what is generated from them.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    all()
}
