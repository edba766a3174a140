//! Reads that others overtook: while one was under way, something was done, and nobody can tell from the
//! recording which of both the server did first.
//!
//! So such a read is asked where it was asked in the recording, again after each thing that was done
//! meanwhile, and where it was answered; one of these has to be what was recorded.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chat_http::{Line, LineType};
use hyper::Response;

use super::play::{Play, Stop};
use super::polls::is_messages;
use super::recording::Recording;

/// What reads were answered before they were due.
#[derive(Debug, Default)]
pub(super) struct Glimpses {
    overtaken: BTreeSet<u64>,
    seen: BTreeMap<u64, Vec<Response<Bytes>>>,
}

impl Glimpses {
    /// Finds the reads of a recording that were overtaken.
    pub(super) fn of(recording: &Recording, asked: &BTreeMap<u64, &Line>) -> Self {
        let mut under_way = BTreeSet::new();
        let mut overtaken = BTreeSet::new();
        for (_, line) in &recording.lines {
            let Some(n) = line.n else { continue };
            match line.kind {
                LineType::Request if is_read(line) => {
                    under_way.insert(n);
                }
                LineType::Reply if under_way.remove(&n) => {}
                LineType::Reply if asked.get(&n).is_some_and(|request| does_something(request)) => {
                    overtaken.extend(&under_way);
                }
                _ => {}
            }
        }
        Self { overtaken, seen: BTreeMap::new() }
    }

    /// What was seen of a read that is answered now.
    pub(super) fn take(&mut self, n: u64) -> Vec<Response<Bytes>> {
        self.seen.remove(&n).unwrap_or_default()
    }
}

impl Play<'_> {
    /// Looks at a read that will be overtaken, where it was asked.
    pub(super) async fn glimpse(&mut self, n: u64) -> Result<(), Stop> {
        if !self.glimpses.overtaken.contains(&n) {
            return Ok(());
        }
        // What was answered already is compared later, and is no glimpse.
        let kept = self.replies.remove(&n);
        self.ask(n).await?;
        if let Some(Ok(response)) = self.replies.remove(&n) {
            self.glimpses.seen.entry(n).or_default().push(response);
        }
        self.replies.extend(kept.map(|kept| (n, kept)));
        Ok(())
    }

    /// Looks again at every read that is under way, after something was done.
    pub(super) async fn glimpse_after(&mut self, request: &Line) -> Result<(), Stop> {
        if does_something(request) {
            let under_way: Vec<u64> = self.glimpses.seen.keys().copied().collect();
            for n in under_way {
                self.glimpse(n).await?;
            }
        }
        Ok(())
    }
}

/// A read that changes nothing: what a visitor reads of a transcript is told once (CUST-4).
fn is_read(line: &Line) -> bool {
    let is_transcript = line.path.as_ref().is_some_and(|path| path.ends_with("/messages"));
    line.method.as_deref() == Some("GET") && !is_messages(line) && !is_transcript
}

fn does_something(line: &Line) -> bool {
    line.method.as_deref() != Some("GET") && !is_messages(line)
}
