//! Playing a recording: what was asked is asked in its order, and what came is waited for where it came.
//!
//! One request after the other, in the order in which they were answered, so that a replay does not depend on
//! what is faster; polls are held meanwhile, as they were. A request that was not answered yet when somebody
//! was told something is sent before that is waited for: it may be the cause.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_http::client::TransportError;
use chat_http::{Line, LineType, Side};
use chat_model::{JsonText, Limits};
use hyper::Response;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::compare::Difference;
use super::glimpses::Glimpses;
use super::names::Names;
use super::polls::{is_messages, is_poll};
use super::recording::{Recording, body};
use super::report::Figures;
use super::sessions::Sessions;
use super::wire::{Arrived, Target};

/// How a play ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is not as it was.
    Different(Difference),
    /// The server cannot be reached.
    Unreachable(String),
}

impl From<Difference> for Stop {
    fn from(difference: Difference) -> Self {
        Self::Different(difference)
    }
}

/// Where a play is: a line of the recording, and what is compared there.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) line: usize,
    pub(super) about: String,
    pub(super) stop: Stop,
}

/// One play of a recording.
pub(super) struct Play<'a> {
    pub(super) target: Arc<Target>,
    pub(super) names: Names,
    pub(super) round: u64,
    pub(super) timeout: Duration,
    pub(super) figures: &'a mut Figures,
    /// The requests, by their numbers.
    pub(super) asked: BTreeMap<u64, &'a Line>,
    /// When each is answered in the recording, as a number of its line.
    answered: BTreeMap<u64, usize>,
    /// What was asked in the recording and not yet here.
    due: VecDeque<u64>,
    /// What was answered here and not yet compared.
    pub(super) replies: BTreeMap<u64, Result<Response<Bytes>, TransportError>>,
    pub(super) polls: BTreeMap<u64, AbortHandle>,
    pub(super) sockets: BTreeMap<u64, Socket>,
    pub(super) sessions: Sessions,
    /// What was answered to reads that were overtaken.
    pub(super) glimpses: Glimpses,
    /// What the visitor of a transcript was told and nobody has asked for yet.
    pub(super) read: BTreeMap<String, Vec<JsonText>>,
    /// Ends with the play.
    pub(super) tasks: JoinSet<()>,
    pub(super) inbox: mpsc::UnboundedReceiver<(u64, Arrived)>,
    pub(super) arrives: mpsc::UnboundedSender<(u64, Arrived)>,
    at: Duration,
    pub(super) deadline: Instant,
}

/// An open websocket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) send: mpsc::UnboundedSender<String>,
    /// The session that is spoken of on it.
    pub(super) session: Option<String>,
    /// Answers that were not compared yet.
    pub(super) answers: VecDeque<JsonText>,
    pub(super) closed: Option<Option<u16>>,
}

impl<'a> Play<'a> {
    pub(super) fn new(
        target: Arc<Target>,
        recording: &'a Recording,
        round: u64,
        timeout: Duration,
        figures: &'a mut Figures,
    ) -> Self {
        let (arrives, inbox) = mpsc::unbounded_channel();
        let of = |wanted: &'static [LineType]| {
            let lines = recording.lines.iter();
            lines.filter(move |(_, line)| wanted.contains(&line.kind))
        };
        let asked = of(&[LineType::Request]).filter_map(|(_, line)| Some((line.n?, line)));
        let asked: BTreeMap<u64, &Line> = asked.collect();
        let answered = of(&[LineType::Reply]).filter_map(|(at, line)| Some((line.n?, *at)));
        Self {
            target,
            names: Names::new(&recording.base),
            round,
            timeout,
            figures,
            glimpses: Glimpses::of(recording, &asked),
            asked,
            answered: answered.collect(),
            due: VecDeque::new(),
            replies: BTreeMap::new(),
            polls: BTreeMap::new(),
            sockets: BTreeMap::new(),
            sessions: Sessions::default(),
            read: BTreeMap::new(),
            tasks: JoinSet::new(),
            inbox,
            arrives,
            at: Duration::ZERO,
            deadline: Instant::now(),
        }
    }

    /// Plays all of it. `progress` is told after every line how many are done.
    pub(super) async fn run(
        mut self,
        recording: &'a Recording,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Stopped> {
        for (done, (line, step)) in (1..).zip(&recording.lines) {
            let at = Duration::from_millis(step.at);
            // What took its time takes it again, and a while more.
            self.deadline = Instant::now() + self.timeout + at.saturating_sub(self.at);
            self.at = at;
            let played = self.step(step).await;
            played.map_err(|stop| Stopped { line: *line, about: self.about(step), stop })?;
            progress(done);
        }
        Ok(())
    }

    async fn step(&mut self, line: &'a Line) -> Result<(), Stop> {
        let Some(n) = line.n else { return Ok(()) };
        let Some(request) = self.asked.get(&n).copied() else { return Ok(()) };
        if request.broken {
            // What was sent is not known.
            return Ok(());
        }
        match line.kind {
            LineType::Request if is_poll(line) => self.poll(n, line).await,
            LineType::Request => {
                self.due.push_back(n);
                // Who waits for the last answer comes last.
                let answered = &self.answered;
                let when = |n: &u64| answered.get(n).copied().unwrap_or(usize::MAX);
                self.due.make_contiguous().sort_by_key(when);
                self.glimpse(n).await
            }
            LineType::Reply => {
                self.ask_up_to(n).await?;
                self.compare_reply(n, request, line).await?;
                self.glimpse_after(request).await
            }
            LineType::Gone => {
                self.ask_up_to(n).await?;
                self.hang_up(n, request);
                Ok(())
            }
            LineType::Frame if line.from == Some(Side::Client) => self.say(n, line).await,
            LineType::Frame => self.compare_frame(n, request, line).await,
            LineType::Close if line.from == Some(Side::Client) => {
                if let Some(socket) = self.sockets.remove(&n) {
                    // It may be closed already.
                    let _ = socket.send.send(String::new());
                }
                Ok(())
            }
            LineType::Close => self.compare_close(n, line).await,
            _ => Ok(()),
        }
    }

    /// Asks what is still to be asked, up to the exchange of this number.
    async fn ask_up_to(&mut self, n: u64) -> Result<(), Stop> {
        if self.due.contains(&n) {
            while let Some(next) = self.due.pop_front() {
                self.ask(next).await?;
                if next == n {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks everything that may be the cause of what somebody was told.
    pub(super) async fn ask_causes(&mut self) -> Result<(), Stop> {
        while let Some(next) = self.due.pop_front() {
            self.ask(next).await?;
        }
        Ok(())
    }

    /// Asks, and keeps the answer.
    pub(super) async fn ask(&mut self, n: u64) -> Result<(), Stop> {
        let Some(line) = self.asked.get(&n).copied() else { return Ok(()) };
        if let Some(said) = body(line).filter(|_| is_messages(line)) {
            self.leave(said);
        }
        let new_body = self.resuming(line);
        let request = self.target.request(line, &mut self.names, self.round, new_body);
        let request = request.map_err(Stop::Unreachable)?;
        self.figures.pace().await;
        let begun = Instant::now();
        let answered = self.target.send(request);
        // A connection may break; whether that is a difference is seen when it is compared.
        let answered = match tokio::time::timeout_at(self.deadline, answered).await {
            Ok(Err(error)) if !error.sent => return Err(Stop::Unreachable(error.why)),
            Ok(answered) => answered,
            Err(_) => {
                let why = format!("expected a reply within {} s", self.timeout.as_secs_f32());
                Err(TransportError::broken(why))
            }
        };
        self.figures.answered(begun.elapsed());
        self.replies.insert(n, answered);
        Ok(())
    }

    /// Waits for something to come and takes it; false if time is up.
    pub(super) async fn arrival(&mut self, until: Instant) -> bool {
        match tokio::time::timeout_at(until, self.inbox.recv()).await {
            Ok(Some((n, arrived))) => {
                self.take(n, arrived);
                true
            }
            _ => false,
        }
    }

    /// What people call the line.
    fn about(&self, line: &Line) -> String {
        let asked = line.n.and_then(|n| self.asked.get(&n));
        let Some(asked) = asked else { return String::new() };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let by = asked.user.as_ref().map_or(String::new(), |user| format!(" ({user})"));
        format!("{} {}{by}", text(&asked.method), text(&asked.path))
    }
}

/// Text that came, as JSON, or as one JSON string if it is none.
pub(super) fn parsed(bytes: &[u8]) -> JsonText {
    let mut limits = Limits::default();
    (limits.max_body_bytes, limits.max_keys) = (usize::MAX, usize::MAX);
    JsonText::parse(bytes, &limits)
        .unwrap_or_else(|_| JsonText::string(&String::from_utf8_lossy(bytes)))
}
