//! The way past the router, for the two requests that are nearly all traffic: an operation on one of
//! the agent's chats, and what notification sessions post.
//!
//! The router boxes its handlers, clones its services and puts what it finds out about a path into a
//! map of the request, request by request; here these two are known by their path alone. They are
//! read by the same parts (`Caller`, `JsonBody`), answered by the same functions and observed in the
//! same way, so nothing but the time they take tells which way they went (docs/decisions/0014).
//! Whatever is not plainly one of them goes to the router.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chat_model::ChatId;
use futures_util::future::Either;
use hyper::body::Body;
use hyper::http::request::Parts;
use hyper::{Method, Request};

use super::{chats, notifications};
use crate::body::JsonBody;
use crate::identity::{Asking, Caller, identify};
use crate::metrics::RouteId;
use crate::observe::{Catching, Observing};
use crate::reply::{self, Refusal};
use crate::request_key::Key;
use crate::server::{Server, Shared};

/// Where the two requests are known.
#[derive(Debug, Clone)]
pub(crate) struct Express {
    server: Shared,
    chat: RouteId,
    notifications: RouteId,
    below: RouteId,
}

/// A request that need not ask the router.
#[derive(Debug)]
pub(crate) enum Known {
    Operation(ChatId),
    Messages { pattern: &'static str, route: RouteId },
}

impl Express {
    /// `None` where something stands around all routes that these requests, too, must go through.
    pub(crate) fn new(server: &Shared) -> Option<Self> {
        if server.origins.allow_any() || server.config.server.csrf_protection {
            return None;
        }
        let metrics = &server.metrics;
        Some(Self {
            chat: metrics.route(chats::CHAT),
            notifications: metrics.route(notifications::NOTIFICATIONS),
            below: metrics.route(notifications::NOTIFICATIONS_BELOW),
            server: server.clone(),
        })
    }

    /// What the request is, if it is one of those.
    pub(crate) fn knows<B>(&self, request: &Request<B>) -> Option<Known> {
        if request.method() != Method::POST {
            return None;
        }
        let path = request.uri().path().strip_prefix("/api/v2/")?;
        if let Some(id) = path.strip_prefix("me/chats/") {
            // Escapes, further segments and the slash that may stand at the end are for the router.
            let is_plain = !id.is_empty() && !id.bytes().any(|byte| byte == b'/' || byte == b'%');
            return is_plain.then(|| Known::Operation(ChatId::new(id)));
        }
        let (pattern, route) = match path.strip_prefix("notifications")? {
            "" => (notifications::NOTIFICATIONS, self.notifications),
            suffix if suffix.len() > 1 && suffix.starts_with('/') => {
                (notifications::NOTIFICATIONS_BELOW, self.below)
            }
            _ => return None,
        };
        Some(Known::Messages { pattern, route })
    }

    /// Answers a request that [`Self::knows`] knows, which came from `peer`.
    pub(crate) fn answer<B>(
        &self,
        known: Known,
        request: Request<B>,
        peer: SocketAddr,
    ) -> Observing<Catching<impl Future<Output = Result<Response, Infallible>> + Send + use<B>>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let route = match &known {
            Known::Operation(_) => self.chat,
            Known::Messages { route, .. } => *route,
        };
        let (parts, body) = request.into_parts();
        let asked = Asked { parts, body, peer };
        Observing::new(self.server.clone(), route, Method::POST, || {
            // Boxed, each with the room that it needs, and as a whole: what is not would be copied a few
            // times on its way into the connection.
            let server = self.server.clone();
            Catching::new(|| match known {
                Known::Operation(id) => Either::Left(Box::pin(async move {
                    let answer = operate(&server, &id, asked).await;
                    Ok(answer.unwrap_or_else(Refusal::into_response))
                })),
                Known::Messages { pattern, .. } => {
                    // Boxed once more, because it is gone by the time that a poll is held.
                    let asked = Box::new(asked);
                    Either::Right(Box::pin(async move {
                        let answer = converse(&server, pattern, asked).await;
                        let refused =
                            |refusal: Refusal| notifications::untold(refusal.into_response());
                        Ok(answer.unwrap_or_else(refused))
                    }))
                }
            })
        })
    }
}

/// A request, and where it came from.
struct Asked<B> {
    parts: Parts,
    body: B,
    peer: SocketAddr,
}

impl<B: Body<Data = Bytes> + Unpin> Asked<B> {
    async fn caller(&mut self, server: &Server, route: &str) -> Result<Caller, Refusal> {
        let Parts { method, headers, .. } = &self.parts;
        let peer = Some(self.peer.ip());
        identify(server, Asking { method, headers, route, peer, told: None }).await
    }

    async fn json(&mut self, server: &Server) -> Result<Bytes, Refusal> {
        JsonBody::read(&self.parts.headers, &mut self.body, server).await.map(|JsonBody(body)| body)
    }
}

async fn operate<B: Body<Data = Bytes> + Unpin>(
    server: &Server,
    id: &ChatId,
    mut asked: Asked<B>,
) -> Result<Response, Refusal> {
    let caller = asked.caller(server, chats::CHAT).await?;
    let key = Key::of(&asked.parts.headers)?;
    let body = asked.json(server).await?;
    let reply = chats::perform(server, &caller.user, id, key, &body).await?;
    Ok(reply::told_in(asked.parts.headers, reply))
}

async fn converse<B: Body<Data = Bytes> + Unpin>(
    server: &Server,
    pattern: &str,
    mut asked: Box<Asked<B>>,
) -> Result<Response, Refusal> {
    let caller = asked.caller(server, pattern).await?;
    let body = asked.json(server).await?;
    let browser = notifications::browser(&asked.parts.headers);
    // The headers lie in the connection's buffer, which would be held as long as the poll.
    drop(asked);
    notifications::answer(server, caller, browser, body).await
}

#[cfg(test)]
mod tests;
