//! What comes of an operation: a chat is brought to where it is possible, and the model is asked.
//!
//! Who hears what depends on everybody in the chat, so this is not written down but seen.

use chat_model::{
    Applied, Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Directory,
    MonitoringOperation, OpenDirectory, Operation, QueueName, Rejection, Reply, Rules, Supervision,
    SupervisorOperation, Timestamp, Trigger, UserId, UserInfo,
};
use serde_json::Value;

/// Who asks: an agent whose chat it is, or a supervisor of that agent.
const AGENT: &str = "5c0f2a7f1d9d4c8c9b7d2f7f6a1e0b44";
/// Whom the examples of targets name.
const COLLEAGUE: &str = "1e553fa1b4164908a5f36d43cec96086";
const SUPERVISOR: &str = "a5e9c0ffee0000000000000000000004";
/// Of whom nobody knows.
const STRANGER: &str = "ffffffffffffffffffffffffffffffff";

/// Whoever asks, in a list of those who hear.
pub(super) const CALLER: &str = "the caller";

/// Where a chat is when the operation comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    /// Nobody has asked for it yet.
    Nothing,
    /// Offered to the agent.
    Offered,
    /// The agent and a colleague talk to the visitor; a supervisor coaches.
    Conference,
    /// The agent talks to the visitor; a supervisor monitors.
    Alone,
    /// The same, and the agent waits for a colleague whose advice was asked for.
    Consulting,
    /// The same, and it is the supervisor who asks; first one who coaches.
    OfCoach,
    /// Then one who monitors.
    OfMonitor,
    /// The agent talks to the visitor, and nobody supervises.
    Unsupervised,
}

impl Scene {
    /// Those of agents, the first in which an operation succeeds is shown.
    pub(super) const OF_AGENTS: [Self; 6] = [
        Self::Offered,
        Self::Conference,
        Self::Alone,
        Self::Consulting,
        Self::OfCoach,
        Self::OfMonitor,
    ];

    /// Who is there, for a reader.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Nothing => "Before there is a chat",
            Self::Offered => "While the chat is offered",
            Self::Conference => "With another agent in the chat, and a supervisor who coaches",
            Self::Alone => "Alone with the visitor, and a supervisor who monitors",
            Self::Consulting => "While the consult is not accepted yet",
            Self::OfCoach | Self::OfMonitor => "By a supervisor of the agent in the chat",
            Self::Unsupervised => "With an agent in the chat",
        }
    }

    fn caller(self) -> UserId {
        UserId::new(match self {
            Self::OfCoach | Self::OfMonitor | Self::Unsupervised => SUPERVISOR,
            _ => AGENT,
        })
    }
}

/// What came of it.
#[derive(PartialEq)]
pub(super) struct Outcome {
    pub(super) reply: Value,
    /// Who hears what, in order; the visitor, who polls, last.
    pub(super) heard: Vec<(&'static str, Vec<String>)>,
}

/// An agent's operation in `scene`.
pub(super) fn of_agent(scene: Scene, body: &Value) -> Result<Outcome, Rejection> {
    let mut stage = Stage::at(scene);
    let operation = Operation::parse(body.to_string().as_bytes(), &stage.rules.limits)?;
    let caller = scene.caller();
    stage.see(scene, &Command::user(&caller, &operation), |applied, rules| {
        applied.reply(operation.kind(), rules)
    })
}

/// A visitor's operation; RequestChat without a chat, and everything else alone with an agent.
pub(super) fn of_visitor(body: &Value) -> Result<Outcome, Rejection> {
    let text = body.to_string();
    let rules = Rules::default();
    let operation = CustomerOperation::parse(text.as_bytes(), &rules.limits)?;
    let is_first = matches!(operation, CustomerOperation::RequestChat { .. });
    let scene = if is_first { Scene::Nothing } else { Scene::Alone };
    Stage::at(scene).see(scene, &Command::Customer(&operation), |_, _| Reply::success())
}

/// A supervisor's operation on the chat of an agent.
pub(super) fn of_supervisor(body: &Value) -> Result<Outcome, Rejection> {
    let scene = Scene::Unsupervised;
    let mut stage = Stage::at(scene);
    let operation = SupervisorOperation::parse(body.to_string().as_bytes(), &stage.rules.limits)?;
    let (supervisor, agent) = (UserId::new(SUPERVISOR), UserId::new(AGENT));
    let command = Command::supervisor(&supervisor, &agent, &operation);
    stage.see(scene, &command, |applied, rules| {
        Reply::supervised(applied.record.reference_id, rules)
    })
}

/// `body` with a target that does not exist, if it has one.
pub(super) fn to_nobody(body: &Value) -> Option<Value> {
    let mut body = body.clone();
    for name in ["targetUri", "targetPath"] {
        if let Some(Value::String(target)) = body.get_mut(name) {
            *target = target.replace(COLLEAGUE, STRANGER);
            return Some(body);
        }
    }
    None
}

struct Stage {
    chat: Chat,
    rules: Rules,
    house: House,
    seconds: u32,
    /// How much of the transcript the visitor has read.
    read: u64,
}

/// Everybody but the stranger is there, and some are supervised.
#[derive(Default, Debug)]
struct House(Supervision);

impl Directory for House {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        OpenDirectory::new().user(id).filter(|_| id.as_str() != STRANGER)
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        OpenDirectory::new().queue(name_or_id)
    }

    fn default_queue(&self) -> Option<QueueName> {
        OpenDirectory::new().default_queue()
    }

    fn next_ready(&self, queue: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        OpenDirectory::new().next_ready(queue, is_free)
    }

    fn supervision_of(&self, agent: &UserId) -> Supervision {
        if agent.as_str() == AGENT { self.0.clone() } else { Supervision::default() }
    }
}

impl Stage {
    fn at(scene: Scene) -> Self {
        let mut stage = Self {
            chat: Chat::new(ChatId::new("0000Wa9CAM6W00JB")),
            rules: Rules::default(),
            house: House::default(),
            seconds: 0,
            read: 0,
        };
        stage.set(scene);
        // Whatever the visitor reads from now on comes of the operation.
        stage.visitor_reads();
        stage
    }

    fn set(&mut self, scene: Scene) {
        if scene == Scene::Nothing {
            return;
        }
        let request = br#"{"operationName":"RequestChat","nickname":"Chris"}"#;
        let request = CustomerOperation::parse(request, &self.rules.limits).expect("it is whole");
        self.must(&Command::Customer(&request));
        self.must(&Command::House(&Trigger::Offer { user: UserId::new(AGENT) }));
        let mode = match scene {
            Scene::Conference | Scene::OfCoach => Some("Coach"),
            Scene::Alone | Scene::Consulting | Scene::OfMonitor => Some("Monitor"),
            _ => None,
        };
        if let Some(mode) = mode {
            let body = format!(r#"{{"operationName":"{mode}"}}"#);
            let asks = MonitoringOperation::parse(body.as_bytes(), &self.rules.limits);
            let asks = asks.expect("it is whole");
            let done = self.house.0.perform(&UserId::new(SUPERVISOR), &asks);
            done.expect("anybody may be supervised");
        }
        if scene == Scene::Offered {
            return;
        }
        self.does(AGENT, r#"{"operationName":"Accept"}"#);
        let target = |name: &str| {
            format!(r#"{{"operationName":"{name}","targetPath":"/users/{COLLEAGUE}"}}"#)
        };
        match scene {
            Scene::Conference => {
                self.does(AGENT, &target("Invite"));
                self.does(COLLEAGUE, r#"{"operationName":"Accept"}"#);
            }
            Scene::Consulting => self.does(AGENT, &target("Consult")),
            _ => {}
        }
    }

    fn does(&mut self, agent: &str, body: &str) {
        let operation = Operation::parse(body.as_bytes(), &self.rules.limits).expect("it is whole");
        self.must(&Command::user(&UserId::new(agent), &operation));
    }

    fn must(&mut self, command: &Command<'_>) {
        self.apply(command).expect("the scene can be set");
    }

    fn apply(&mut self, command: &Command<'_>) -> Result<Applied, Rejection> {
        self.seconds += 1;
        let at = Timestamp::from_millis(1_389_261_492_035);
        let at = at.plus_millis(1_000 * i64::from(self.seconds));
        let mut context = Context::new(at, &self.rules, &self.house);
        if matches!(command, Command::User { .. } | Command::Supervisor { .. }) {
            context = context.with_reference_id(self.seconds.into());
        }
        self.chat.apply(command, &context, &mut CountingIds::of_chat(&self.chat))
    }

    fn see(
        &mut self,
        scene: Scene,
        command: &Command<'_>,
        reply: impl FnOnce(&Applied, &Rules) -> Reply,
    ) -> Result<Outcome, Rejection> {
        let had_joined = self.chat.leg(&UserId::new(COLLEAGUE)).is_some();
        let applied = self.apply(command)?;
        let reply = reply(&applied, &self.rules).to_json();
        let caller = scene.caller();
        let is_visitors = matches!(command, Command::Customer(_));
        let mut heard: Vec<(&'static str, Vec<String>)> = Vec::new();
        for user in applied.recipients() {
            let who = match user.as_str() {
                _ if user == caller && !is_visitors => CALLER,
                AGENT => "the agent in the chat",
                COLLEAGUE if had_joined && scene != Scene::Consulting => "the other agent",
                COLLEAGUE => "the agent who is asked",
                _ => "the supervisor",
            };
            let told = applied.notices.iter().filter(|notice| notice.to.contains(&user));
            heard.push((who, told.map(|notice| told_as(&notice.data)).collect()));
        }
        heard.sort_by_key(|(who, _)| *who != CALLER);
        let read = self.visitor_reads();
        if !read.is_empty() {
            heard.push(("the visitor, who reads", read));
        }
        Ok(Outcome { reply: serde_json::from_str(&reply).expect("a reply is JSON"), heard })
    }

    /// The kinds of entries that are new to the visitor.
    fn visitor_reads(&mut self) -> Vec<String> {
        let Some(view) = self.chat.customer_view() else { return Vec::new() };
        let (messages, last) = view.messages_json(self.read + 1);
        self.read = last.unwrap_or(self.read);
        kinds(&serde_json::from_str(&messages).expect("a transcript is JSON"))
    }
}

/// A notification in a few words: its kind, and what is new in it.
fn told_as(data: &str) -> String {
    let told: Value = serde_json::from_str(data).expect("a notification is JSON");
    let kind = told["notificationType"].as_str().expect("it has a kind");
    match (kind, told["chat"]["state"].as_str()) {
        ("StatusChange", Some(state)) => format!("`StatusChange` to `{state}`"),
        ("NewMessages", _) => format!("`NewMessages`: {}", kinds(&told["messages"]).join(", ")),
        _ => format!("`{kind}`"),
    }
}

fn kinds(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().into_iter().flatten();
    messages.filter_map(|message| Some(format!("`{}`", message["type"].as_str()?))).collect()
}
