//! Many sessions that hear the same, and who heard what, when, and how often.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::load::awake;
use crate::session::{Session, Target, Transport};

/// In front of the number of a message; the number ends with `-`.
const MARK: &[u8] = br#""sequence":""#;

/// Sessions that are opened at one time.
const AT_ONCE: usize = 50;

/// What is not there after this long is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sessions that listen, each in a task of its own. They end when this is dropped.
#[derive(Debug)]
pub struct Audience {
    target: Rc<Target>,
    transport: Transport,
    tally: Rc<RefCell<Tally>>,
    tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Tally {
    /// Sessions whose first connect was answered.
    ready: usize,
    size: usize,
    sent: Vec<Sent>,
    duplicates: usize,
    strays: usize,
    complaints: BTreeMap<String, usize>,
    example: Option<Vec<u8>>,
    progress: Rc<Notify>,
}

/// One message and who heard it.
#[derive(Debug)]
struct Sent {
    at: Instant,
    heard_by: Vec<bool>,
    heard: usize,
    latencies: Vec<f64>,
}

/// How it went, over all messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// Deliveries that did not happen.
    pub lost: usize,
    /// Deliveries that happened again.
    pub duplicates: usize,
    /// Everything else that was not as expected, and how often.
    pub complaints: BTreeMap<String, usize>,
}

impl Audience {
    /// Nobody yet.
    pub fn new(target: Rc<Target>, transport: Transport) -> Self {
        Self { target, transport, tally: Rc::default(), tasks: JoinSet::new() }
    }

    /// Opens sessions until there are `size`, each with a connect that is held. To be called inside
    /// a `LocalSet`.
    ///
    /// # Panics
    /// If the server does not let them all in.
    pub async fn grow(&mut self, size: usize) {
        while self.tally.borrow().size < size {
            let from = self.tally.borrow().size;
            let to = size.min(from + AT_ONCE);
            self.tally.borrow_mut().size = to;
            for member in from..to {
                let (target, tally) = (self.target.clone(), self.tally.clone());
                self.tasks.spawn_local(listen(target, self.transport, tally, member));
            }
            let everybody = self.wait(|tally| tally.ready >= to).await;
            assert!(everybody, "expected {to} sessions, found {:?}", self.summary().complaints);
        }
        // The second connects are on their way.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    /// How many sessions there are.
    pub fn size(&self) -> usize {
        self.tally.borrow().size
    }

    /// The number of the next message, which is sent now.
    pub fn next_number(&self) -> usize {
        let mut tally = self.tally.borrow_mut();
        let heard_by = vec![false; tally.size];
        let latencies = Vec::with_capacity(tally.size);
        tally.sent.push(Sent { at: Instant::now(), heard_by, heard: 0, latencies });
        tally.sent.len() - 1
    }

    /// Waits until everybody has heard everything; `false` if it takes too long.
    pub async fn hear(&self) -> bool {
        awake(self.wait(|tally| tally.sent.last().is_none_or(|last| last.heard >= tally.size)))
            .await
    }

    /// The latencies of the messages from `first` on, in microseconds.
    pub fn latencies(&self, first: usize) -> Vec<f64> {
        self.tally.borrow().sent[first..].iter().flat_map(|sent| sent.latencies.clone()).collect()
    }

    /// The body of the first response with a message in it.
    pub fn example(&self) -> Option<Vec<u8>> {
        self.tally.borrow().example.clone()
    }

    /// How it went so far.
    pub fn summary(&self) -> Summary {
        let tally = self.tally.borrow();
        Summary {
            lost: tally.sent.iter().map(|sent| sent.heard_by.len() - sent.heard).sum(),
            duplicates: tally.duplicates + tally.strays,
            complaints: tally.complaints.clone(),
        }
    }

    async fn wait(&self, until: impl Fn(&Tally) -> bool) -> bool {
        let progress = self.tally.borrow().progress.clone();
        timeout(PATIENCE, async {
            while !until(&self.tally.borrow()) {
                progress.notified().await;
            }
        })
        .await
        .is_ok()
    }
}

async fn listen(
    target: Rc<Target>,
    transport: Transport,
    tally: Rc<RefCell<Tally>>,
    member: usize,
) {
    let open = async {
        let mut session = Session::open(&target, transport).await?;
        session.subscribe().await?;
        session.listen(|_| {}).await?;
        Ok::<_, String>(session)
    };
    let mut session = match open.await {
        Ok(session) => session,
        Err(fault) => return tally.borrow_mut().complain(fault),
    };
    tally.borrow_mut().ready += 1;
    tally.borrow().progress.notify_one();
    loop {
        let heard = session.listen(|body| tally.borrow_mut().take_down(member, body)).await;
        if let Err(fault) = heard {
            return tally.borrow_mut().complain(fault);
        }
    }
}

impl Tally {
    fn take_down(&mut self, member: usize, body: &[u8]) {
        for at in memmem::find_iter(body, MARK) {
            let digits = body[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
            let Some(sent) = self.sent.get_mut(number) else {
                self.strays += 1;
                continue;
            };
            match sent.heard_by.get_mut(member) {
                Some(heard) if !*heard => {
                    *heard = true;
                    sent.heard += 1;
                    sent.latencies.push(sent.at.elapsed().as_secs_f64() * 1e6);
                }
                _ => self.duplicates += 1,
            }
            if sent.heard == self.size {
                self.progress.notify_one();
            }
            if self.example.is_none() {
                self.example = Some(body.to_vec());
            }
        }
    }

    fn complain(&mut self, fault: String) {
        let fault: String = fault.chars().take(200).collect();
        *self.complaints.entry(fault).or_default() += 1;
    }
}
