//! How a response is laid out, apart from what is in it.
//!
//! Sessions decide which events and replies go out; this file turns them into bytes. Another
//! transport is another variant here and changes nothing in `session`.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::ack::Event;
use crate::id::BrowserId;
use crate::reply::Reply;

/// The way a request came and its response goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP POST of a JSON array, answered by a JSON array (BAYEUX-1.1, BAYEUX-1.4).
    #[default]
    LongPolling,
}

/// What to write to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status: 200 whenever the body is Bayeux (BAYEUX-1.4).
    pub status: u16,
    /// The body: `application/json;charset=utf-8` with status 200, else empty.
    pub body: Bytes,
    /// The value of a `BAYEUX_BROWSER` cookie to set (BAYEUX-2.2).
    pub set_browser_cookie: Option<BrowserId>,
}

impl Response {
    /// A status that says everything.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Bytes::new(), set_browser_cookie: None }
    }

    /// Events, oldest first, then the replies in the order of the request (BAYEUX-1.8).
    pub(crate) fn messages<'e>(
        transport: Transport,
        events: impl Iterator<Item = &'e Event> + Clone,
        replies: &[Reply<'_>],
    ) -> Self {
        let body = match transport {
            Transport::LongPolling => array(events, replies),
        };
        Self { status: 200, body: body.into(), set_browser_cookie: None }
    }
}

fn array<'e>(events: impl Iterator<Item = &'e Event> + Clone, replies: &[Reply<'_>]) -> Vec<u8> {
    const REPLY: usize = 160; // a guess that spares most replies a second allocation
    let room = events.clone().map(|event| event.framed_len() + 1).sum::<usize>();
    let mut body = Vec::with_capacity(room + replies.len() * REPLY + 2);
    body.push(b'[');
    for event in events {
        separate(&mut body);
        event.write(&mut body);
    }
    for reply in replies {
        separate(&mut body);
        // A reply holds strings, numbers and booleans, which always have a JSON form.
        body.extend_from_slice(&serde_json::to_vec(reply).unwrap_or_default());
    }
    body.push(b']');
    body
}

fn separate(body: &mut Vec<u8>) {
    if body.len() > 1 {
        body.push(b',');
    }
}
