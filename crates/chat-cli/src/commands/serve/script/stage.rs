//! Where a script is played: one task that hears for everybody, and does what is due in the order in
//! which it is due, so that the same happens with the same clock and the same seed.

mod hearing;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use chat_http::client::{Agent, Client, Credentials, Error, Readiness, Update, Visitor, Watch};
use chat_http::{App, SetClock};
use chat_model::{ChatId, CustomerChatState, CustomerOperation};
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::cast::{Cast, Does, saying};
use super::file::Event;
use super::talk::{Cue, Happened, Talk};
use super::time::Time;

/// How often customers look at what is new.
const LOOK: Duration = Duration::from_millis(100);

/// How long a login may take.
const LOGIN: Duration = Duration::from_secs(30);

/// News that nobody has taken yet; whoever brings more waits.
const NEWS: usize = 256;

/// How often everybody is heard before the clock goes on, at most: two may answer each other for ever.
const ROUNDS: usize = 100;

/// A script that is played.
pub(in super::super) struct Stage {
    cast: Cast,
    app: App,
    client: Client,
    time: Time,
    /// By when it is due, and then in the order in which it was noted.
    due: BTreeMap<(u64, u64), Task>,
    numbers: u64,
    /// Everybody in a chat that is not over.
    parts: BTreeMap<u64, Part>,
    agents: Vec<Agent>,
    /// How many customers of each kind have come.
    came: Vec<u64>,
    /// Which agent was told something.
    news: mpsc::Receiver<usize>,
    tell: mpsc::Sender<usize>,
    /// Who waits until everything is done that is due.
    waiting: mpsc::Receiver<oneshot::Sender<()>>,
    wait: mpsc::Sender<oneshot::Sender<()>>,
    /// End with the stage.
    listeners: JoinSet<()>,
}

/// What is to be done.
enum Task {
    /// A customer of this kind comes.
    Come(usize),
    /// What a rule says, in this part.
    Act(u64, Cue),
    /// A customer who still waits goes.
    Despair(u64),
}

/// One person in one chat.
struct Part {
    talk: Talk,
    way: Way,
    /// The number of the last entry of the transcript that was read.
    read: u64,
}

enum Way {
    Customer { kind: usize, visitor: Visitor },
    Agent { at: usize, chat: ChatId, stage: Entry },
}

/// How far an agent is in a chat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Invited,
    /// Accepted; what was said before is nothing to answer.
    Entering,
    Inside,
}

impl Stage {
    /// Lets the agents log in, one after the other, and notes when customers come.
    pub(super) async fn begin(cast: Cast, app: &App, time: Time) -> Result<Self, String> {
        let (tell, news) = mpsc::channel(NEWS);
        let (wait, waiting) = mpsc::channel(1);
        let mut stage = Self {
            app: app.clone(),
            client: Client::within(app),
            time,
            due: BTreeMap::new(),
            numbers: 0,
            parts: BTreeMap::new(),
            agents: Vec::new(),
            came: vec![0; cast.customers.len()],
            news,
            tell,
            waiting,
            wait,
            listeners: JoinSet::new(),
            cast,
        };
        for (at, one) in stage.cast.agents.clone().into_iter().enumerate() {
            let says =
                |why: String| format!("line {}: {} cannot log in: {why}", one.line, one.user);
            let agent = stage.client.agent(&Credentials::new(&one.user, &one.password));
            let login = tokio::time::timeout(LOGIN, log_in(&agent, one.ready)).await;
            let watch = login
                .map_err(|_| says("it takes too long".to_owned()))?
                .map_err(|error| says(error.to_string()))?;
            stage.agents.push(agent);
            stage.listen(at, watch);
            stage.look_around(at, Entry::Inside).await;
        }
        let starts: Vec<u64> = stage.cast.customers.iter().map(|customer| customer.start).collect();
        let now = stage.time.now();
        for (kind, start) in starts.into_iter().enumerate() {
            stage.note(now.saturating_add(start), Task::Come(kind));
        }
        Ok(stage)
    }

    /// Has whoever moves `clock` wait until everything is done that is due.
    pub(super) fn settle_with(&self, clock: &SetClock) {
        let wait = self.wait.clone();
        clock.settle_with(move || {
            let wait = wait.clone();
            async move {
                let (tell, done) = oneshot::channel();
                // Where nothing is played any more, nothing is due.
                if wait.send(tell).await.is_ok() {
                    let _ = done.await;
                }
            }
        });
    }

    /// Plays for as long as it is polled.
    pub(in super::super) async fn run(mut self) -> Infallible {
        let mut look = Instant::now() + LOOK;
        loop {
            self.catch_up().await;
            let due = self.due.keys().next().map(|(due, _)| *due);
            tokio::select! {
                Some(at) = self.news.recv() => {
                    let mut told = BTreeSet::from([at]);
                    while let Ok(at) = self.news.try_recv() {
                        told.insert(at);
                    }
                    for at in told {
                        self.look_around(at, Entry::Entering).await;
                    }
                }
                Some(done) = self.waiting.recv() => {
                    self.settle().await;
                    // Whoever waited may have gone.
                    let _ = done.send(());
                }
                () = self.time.until(due) => {}
                () = sleep_until(look) => {
                    self.look_for_customers().await;
                    look = Instant::now() + LOOK;
                }
            }
        }
    }

    /// Has everybody hear what happened, and does what is due then, until nothing is any more.
    async fn settle(&mut self) {
        for _ in 0..ROUNDS {
            self.app.catch_up().await;
            let before = self.numbers;
            for at in 0..self.agents.len() {
                self.look_around(at, Entry::Entering).await;
            }
            self.look_for_customers().await;
            // Whatever follows from something gets a number.
            if !self.catch_up().await && self.numbers == before {
                return;
            }
        }
    }

    /// Does what is due by now, and says whether anything was.
    async fn catch_up(&mut self) -> bool {
        let mut did_something = false;
        loop {
            let now = self.time.now();
            let next = self.due.first_entry().filter(|next| next.key().0 <= now);
            let Some(next) = next else { return did_something };
            let ((due, _), task) = next.remove_entry();
            self.perform(due, task).await;
            did_something = true;
        }
    }

    /// Notes what is to be done, and when.
    fn note(&mut self, at: u64, task: Task) {
        let number = self.number();
        self.due.insert((at, number), task);
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    async fn perform(&mut self, due: u64, task: Task) {
        match task {
            Task::Come(kind) => self.come(due, kind).await,
            Task::Act(id, cue) => self.act(id, &cue).await,
            Task::Despair(id) => {
                let Some(Part { way: Way::Customer { kind, visitor }, .. }) = self.parts.get(&id)
                else {
                    return;
                };
                if let Err(error) = despair(visitor).await {
                    complain(self.cast.customers[*kind].line, "Complete", &error);
                }
            }
        }
    }

    /// Another customer, unless there are enough.
    async fn come(&mut self, due: u64, kind: usize) {
        let customer = self.cast.customers[kind].clone();
        let is_alike =
            |part: &&Part| matches!(&part.way, Way::Customer { kind: of, .. } if *of == kind);
        if self.parts.values().filter(is_alike).count() < customer.at_once {
            match self.client.visitor(&customer.request).await {
                Ok(visitor) => {
                    self.came[kind] += 1;
                    let way = Way::Customer { kind, visitor };
                    let id = self.enter(way, customer.rules);
                    self.hear(id, due, Happened::just(Event::Requested));
                    if let Some(patience) = customer.patience {
                        self.note(due.saturating_add(patience), Task::Despair(id));
                    }
                }
                Err(error) => complain(customer.line, "RequestChat", &error),
            }
        }
        let come_more = customer.count.is_none_or(|count| self.came[kind] < count);
        if let Some(every) = customer.every.filter(|_| come_more) {
            self.note(due.saturating_add(every), Task::Come(kind));
        }
    }

    /// Does what a rule says.
    async fn act(&mut self, id: u64, cue: &Cue) {
        let Some(part) = self.parts.get(&id) else { return };
        let rule = &part.talk.rules[cue.rule];
        let bodies = match &rule.does {
            Does::Say(operation, texts) => {
                let text = &texts[cue.turn as usize % texts.len()];
                vec![saying(operation, &text.replace("{text}", &cue.said))]
            }
            Does::Operations(bodies) => {
                let base = self.app.address();
                bodies.iter().map(|body| self.cast.addressed(body, base)).collect()
            }
        };
        for body in bodies {
            let done = match &part.way {
                Way::Customer { visitor, .. } => visitor.post(body).await,
                Way::Agent { at, chat, .. } => self.agents[*at].post(chat, body, None).await,
            };
            if let Err(error) = done {
                complain(rule.line, "an operation", &error);
                return;
            }
        }
    }

    /// What the rules of a part make of what happened at this time.
    fn hear(&mut self, id: u64, time: u64, happened: Happened<'_>) {
        let Some(part) = self.parts.get_mut(&id) else { return };
        let cues = part.talk.hear(happened).into_iter();
        let cues: Vec<(u64, Cue)> =
            cues.map(|cue| (part.talk.rules[cue.rule].after, cue)).collect();
        for (after, cue) in cues {
            self.note(time.saturating_add(after), Task::Act(id, cue));
        }
    }

    /// Has the stage look around for an agent who is told something.
    fn listen(&mut self, at: usize, mut watch: Watch) {
        let (tell, user) = (self.tell.clone(), self.cast.agents[at].user.clone());
        self.listeners.spawn(async move {
            while let Some(Ok(_)) = watch.next().await {
                if tell.send(at).await.is_err() {
                    return;
                }
            }
            tracing::warn!(user, "the session of a scripted agent has ended");
        });
    }
}

/// Opens a contact centre session, and listens.
async fn log_in(agent: &Agent, ready: bool) -> Result<Watch, Error> {
    agent.start_session(&["chat"]).await?;
    let mut watch = agent.watch();
    loop {
        match watch.next().await {
            Some(Ok(Update::State(_))) => break,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Err(Error::Ended { why: "the session was ended".to_owned() }),
        }
    }
    if ready {
        agent.set_readiness("chat", Readiness::Ready).await?;
    }
    Ok(watch)
}

async fn despair(visitor: &Visitor) -> Result<(), Error> {
    if visitor.chat().await?.state == Some(CustomerChatState::WaitingForAgent) {
        visitor.operate(&CustomerOperation::complete()).await?;
    }
    Ok(())
}

/// To the log, which holds nothing of what people say.
fn complain(line: usize, what: &str, error: &Error) {
    match error.refused() {
        Some(refused) => {
            let code = refused.reply.status_code;
            tracing::warn!(line, code, "{what} of the script was refused");
        }
        None => tracing::warn!(line, %error, "{what} of the script failed"),
    }
}

#[cfg(test)]
mod tests;
