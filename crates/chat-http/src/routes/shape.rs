//! What goes into a route and what comes out of it, for the OpenAPI document.
//!
//! Only what differs from route to route: refusals, credentials and the parts of the path follow from
//! the other columns of the table.

use crate::collection::Kind;

/// Names are those of the document's components (`openapi/schemas`, `openapi/parameters`).
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "only the document is made from it"))]
pub(crate) enum Shape {
    /// A collection, with everything that one can be asked for (`collection`).
    Many(&'static Kind),
    /// One resource of a kind.
    One(&'static Kind),
    /// A reply of one of these forms, whatever the collections do; and the parameters of the query.
    Reads { replies: &'static [&'static str], query: &'static [&'static str] },
    /// An operation: the body has one of these forms.
    Does { body: &'static [&'static str], reply: &'static str },
    /// Bayeux (`docs/protocol/bayeux.md`), whose statuses and bodies are its own.
    Messages,
    /// Bytes of this media type, which are no reply of the interface.
    File(&'static str),
    /// The same that stay what they are for long, so that clients may keep them (`crate::docs`).
    Document(&'static str),
}
