//! One subscriber beside the load: what is accepted must be heard of, and hearing of it is part of the
//! price.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::contact_center::ContactCenter;
use crate::session::{Session, Target, Transport};

/// When a subscriber polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "benches are all that makes them")]
pub enum Polls {
    /// That long after each answer.
    After(Duration),
    /// While it is waited for what it must hear; meanwhile what comes is queued for it.
    BetweenRounds,
}

/// A subscriber who polls for as long as the bench runs.
#[derive(Debug)]
pub struct Subscriber {
    polls: Polls,
    heard: Cell<usize>,
    expected: Cell<usize>,
    wanted: Notify,
}

impl Subscriber {
    /// Subscribes to the chats of `center`.
    ///
    /// # Panics
    /// If the server opens no session, or ends it.
    pub async fn of(center: &ContactCenter, polls: Polls) -> Rc<Self> {
        let (address, path) = (center.server.address(), "/api/v2/notifications");
        let target = Target::new(address, path, &center.cookie, "/v2/me/chats");
        let session = Session::open(&target, Transport::LongPolling).await;
        let mut session = session.expect("the server opens a session");
        session.subscribe().await.expect("the server subscribes it");
        let subscriber = Rc::new(Self {
            polls,
            heard: Cell::new(0),
            expected: Cell::new(0),
            wanted: Notify::new(),
        });
        let listening = subscriber.clone();
        tokio::task::spawn_local(async move {
            let finder = memchr::memmem::Finder::new(br#""notificationType":"#);
            let heard = &listening.heard;
            loop {
                if polls == Polls::BetweenRounds && heard.get() >= listening.expected.get() {
                    listening.wanted.notified().await;
                }
                let look = |body: &[u8]| heard.set(heard.get() + finder.find_iter(body).count());
                session.listen(look).await.expect("the session lives");
                if let Polls::After(pause) = polls
                    && !pause.is_zero()
                {
                    tokio::time::sleep(pause).await;
                }
            }
        });
        subscriber
    }

    /// Whether what it hears is a part of what a round costs; otherwise only what is queued for it.
    pub fn hears_meanwhile(&self) -> bool {
        self.polls != Polls::BetweenRounds
    }

    /// How many operations were heard of.
    pub fn heard(&self) -> usize {
        self.heard.get()
    }

    /// Waits until `more` operations are heard of, each once.
    ///
    /// # Panics
    /// If they are not, within ten seconds, or any of them more than once.
    pub async fn hear(&self, more: usize) {
        let expected = self.expected.get() + more;
        self.expected.set(expected);
        self.wanted.notify_one();
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.heard.get() < expected && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.heard.get(), expected, "notifications heard, and operations accepted");
    }
}
