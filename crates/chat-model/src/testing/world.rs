//! Stories: a chat that its cast uses in every way it allows.
//!
//! A move does not name a command; it picks one of those that the chat would accept at that moment.
//! So nearly every move changes something, and a story shrinks by leaving moves out.

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use proptest::prelude::{Strategy, any};

use super::Cast;
use super::operation::{Material, material};
use crate::{
    Applied, Chat, ChatId, Command, Context, CountingIds, CustomerOperation, CustomerOperationKind,
    MonitoringOperation, MonitoringOperationKind, Operation, OperationKind, Rejection, Rules,
    SupervisorOperation, SupervisorOperationKind, Timestamp, Trigger, UserId,
};

/// A command that owns what it is about.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Step {
    /// An agent's operation.
    #[non_exhaustive]
    Agent {
        /// The agent.
        user: UserId,
        /// The operation.
        operation: Operation,
    },
    /// A supervisor's operation on the part that an agent has in the chat.
    #[non_exhaustive]
    Supervisor {
        /// The supervisor.
        user: UserId,
        /// The agent.
        agent: UserId,
        /// The operation.
        operation: SupervisorOperation,
    },
    /// The visitor's operation.
    Customer(CustomerOperation),
    /// What the house does by itself.
    House(Trigger),
}

impl Step {
    /// An operation of `user`.
    pub fn agent(user: UserId, operation: Operation) -> Self {
        Self::Agent { user, operation }
    }

    /// An operation of the supervisor `user` on the part of `agent`.
    pub fn supervisor(user: UserId, agent: UserId, operation: SupervisorOperation) -> Self {
        Self::Supervisor { user, agent, operation }
    }

    /// The command that it gives to a chat.
    pub fn command(&self) -> Command<'_> {
        match self {
            Self::Agent { user, operation } => Command::user(user, operation),
            Self::Supervisor { user, agent, operation } => {
                Command::supervisor(user, agent, operation)
            }
            Self::Customer(operation) => Command::Customer(operation),
            Self::House(trigger) => Command::House(trigger),
        }
    }
}

/// One accepted step and what it did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Happening {
    /// The chat before it.
    pub before: Chat,
    /// Those who took part, and who supervised whom, at that moment.
    pub cast: Cast,
    /// What was asked.
    pub step: Step,
    /// The number that the requester's notifications carry.
    pub reference_id: u64,
    /// What came of it.
    pub applied: Applied,
    /// The chat after it.
    pub after: Chat,
}

/// A chat, its cast, its clock and its past.
///
/// Time stands still during a step and moves on by a second before the next one. Ids and reference
/// ids count upwards, so the same steps give the same bytes.
#[derive(Clone, Debug)]
pub struct World {
    rules: Rules,
    cast: Cast,
    ids: CountingIds,
    now: Timestamp,
    reference_id: u64,
    chat: Chat,
    past: Vec<Happening>,
}

impl World {
    /// A chat to which nothing has happened yet.
    pub fn new(rules: Rules) -> Self {
        Self::with_chat(Chat::new(ChatId::new("0000Wa9CAM6W00J")), rules)
    }

    /// Goes on from `chat`, whoever made it.
    pub fn with_chat(chat: Chat, rules: Rules) -> Self {
        Self {
            rules,
            cast: Cast::new(),
            ids: CountingIds::from_seed(0x0073_52CE_984F_0321),
            now: Timestamp::from_millis(1_389_261_492_035),
            reference_id: 0,
            chat,
            past: Vec::new(),
        }
    }

    /// The chat as it is now.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// What was accepted, oldest first.
    pub fn past(&self) -> &[Happening] {
        &self.past
    }

    /// Who takes part.
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// Who takes part, to let somebody supervise somebody.
    pub fn cast_mut(&mut self) -> &mut Cast {
        &mut self.cast
    }

    /// The rules that the chat obeys.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The circumstances of the next step.
    pub fn context(&self) -> Context<'_> {
        Context::new(self.now.plus_millis(1_000), &self.rules, &self.cast)
            .with_reference_id(self.reference_id + 1)
    }

    /// Lets time pass.
    pub fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_millis(ms);
    }

    /// What the chat would answer to `step` now; nothing happens.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn would(&self, step: &Step) -> Result<(), Rejection> {
        self.chat.decide(&step.command(), &self.context(), &mut self.ids.clone()).map(|_| ())
    }

    /// Lets `step` happen.
    ///
    /// # Errors
    /// Why it was refused; time and the reference id have moved on, the chat and the ids have not.
    pub fn take(&mut self, step: Step) -> Result<&Happening, Rejection> {
        let before = self.chat.clone();
        let mut ids = self.ids.clone();
        let applied = self.chat.apply(
            &step.command(),
            &Context::new(self.now.plus_millis(1_000), &self.rules, &self.cast)
                .with_reference_id(self.reference_id + 1),
            &mut ids,
        );
        self.now = self.now.plus_millis(1_000);
        self.reference_id += 1;
        let applied = applied?;
        self.ids = ids;
        let cast = self.cast.clone();
        self.cast.took(&applied.record);
        let reference_id = self.reference_id;
        let at = self.past.len();
        self.past.push(Happening {
            before,
            cast,
            step,
            reference_id,
            applied,
            after: self.chat.clone(),
        });
        Ok(&self.past[at])
    }

    /// Lets one of the steps happen that are possible now; `None` if none is.
    pub fn play(&mut self, next: &Move) -> Option<&Happening> {
        if matches!(next.wait, 0..16) {
            // Long enough for every invitation to lapse.
            self.wait(40_000);
        }
        self.watch(next.watch);
        let mut possible = self.possible(next);
        if possible.is_empty() {
            return None;
        }
        let step = possible.swap_remove(next.choice as usize % possible.len());
        self.take(step).ok()
    }

    /// Now and then a supervisor turns to an agent, or away.
    fn watch(&mut self, choice: u8) {
        let (supervisors, agents) = (self.cast.supervisors(), self.cast.agents());
        let kinds = MonitoringOperationKind::ALL;
        let (now, which) = (choice % 8, usize::from(choice / 8));
        let kind = kinds[which % kinds.len()];
        let supervisor = supervisors[which / kinds.len() % supervisors.len()].clone();
        // Those who are offered chats first, so that something comes of it.
        let agent = agents[which / 16 % 2].clone();
        let body = format!("{{\"operationName\":\"{kind}\"}}");
        let operation = MonitoringOperation::parse(body.as_bytes(), &self.rules.limits);
        if let Some(operation) = operation.ok().filter(|_| now == 0) {
            // What is not supervised cannot be cancelled, and nothing happens.
            let _ = self.cast.supervise(&supervisor, &agent, &operation);
        }
    }

    /// Every step that would be accepted, with the parameters that `next` brings.
    fn possible(&self, next: &Move) -> Vec<Step> {
        let limits = &self.rules.limits;
        let mut steps = Vec::new();
        for &kind in CustomerOperationKind::ALL {
            let body = next.material.body(kind.name(), kind.parameters(), &self.cast);
            steps.extend(CustomerOperation::parse(body.as_bytes(), limits).map(Step::Customer));
        }
        for user in self.cast.people() {
            let situation = self.chat.situation(user);
            for &kind in OperationKind::ALL {
                if situation.is_some_and(|situation| situation.standing(kind).is_allowed()) {
                    let body = next.material.body(kind.name(), kind.parameters(), &self.cast);
                    let operation = Operation::parse(body.as_bytes(), limits);
                    steps.extend(operation.map(|operation| Step::agent(user.clone(), operation)));
                }
            }
            let user = user.clone();
            if self.cast.agents().contains(&user) {
                steps.push(Step::House(Trigger::Offer { user: user.clone() }));
            }
            steps.push(Step::House(Trigger::Expire { user: user.clone() }));
            if next.rare {
                steps.push(Step::House(Trigger::LoggedOut { user }));
            }
        }
        for (user, agent) in self
            .cast
            .supervisors()
            .iter()
            .flat_map(|user| self.cast.agents().iter().map(move |agent| (user, agent)))
        {
            for &kind in SupervisorOperationKind::ALL {
                let body = next.material.body(kind.name(), kind.parameters(), &self.cast);
                let operation = SupervisorOperation::parse(body.as_bytes(), limits);
                let step = |operation| Step::supervisor(user.clone(), agent.clone(), operation);
                steps.extend(operation.map(step));
            }
        }
        if next.rare {
            steps.push(Step::House(Trigger::CustomerGone));
        }
        // Endings are possible nearly always; stories would be short if they were as likely.
        let ends = |step: &Step| match step {
            Step::Customer(operation) => operation.kind() == CustomerOperationKind::Complete,
            Step::Agent { operation, .. } => {
                matches!(operation.kind(), OperationKind::Complete | OperationKind::Leave)
            }
            Step::Supervisor { .. } | Step::House(_) => false,
        };
        steps.retain(|step| (next.rare || !ends(step)) && self.would(step).is_ok());
        if next.shift {
            // Moving on is more interesting than saying one more thing.
            let moves = |step: &Step| match step {
                Step::Agent { operation, .. } => MOVING.contains(&operation.kind()),
                Step::Customer(operation) => operation.kind() == CustomerOperationKind::RequestChat,
                Step::Supervisor { .. } | Step::House(_) => true,
            };
            if steps.iter().any(moves) {
                steps.retain(moves);
            }
        }
        steps
    }
}

/// Operations that change who is on the chat and how.
const MOVING: &[OperationKind] = &[
    OperationKind::Accept,
    OperationKind::Reject,
    OperationKind::Transfer,
    OperationKind::Consult,
    OperationKind::CancelConsult,
    OperationKind::Invite,
    OperationKind::RemoveParticipantFromConference,
    OperationKind::Leave,
    OperationKind::Complete,
    OperationKind::SwitchToMonitor,
    OperationKind::SwitchToCoach,
    OperationKind::SwitchToBargeIn,
];

/// What happens next: a choice among what is possible, and the parameters for it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Move {
    choice: u16,
    wait: u8,
    /// Whether a supervisor turns to an agent before.
    watch: u8,
    /// Whether who is on the chat, and how, shall change if it can.
    shift: bool,
    /// Whether it may be something that ends a story early.
    rare: bool,
    material: Material,
}

/// A list of moves that brings a new chat somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Story {
    moves: Vec<Move>,
}

impl Story {
    /// Plays the story from RequestChat on.
    pub fn play(&self) -> World {
        self.play_by(Rules::default())
    }

    /// Plays the story under other rules.
    pub fn play_by(&self, rules: Rules) -> World {
        let mut world = World::new(rules);
        for next in &self.moves {
            world.play(next);
        }
        world
    }

    /// The moves.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }
}

/// A story of some moves.
pub fn story(moves: Range<usize>) -> impl Strategy<Value = Story> {
    proptest::collection::vec(a_move(), moves).prop_map(|moves| Story { moves })
}

/// A chat in a state that a story reached.
pub fn chat() -> impl Strategy<Value = Chat> {
    story(0..24).prop_map(|story| story.play().chat().clone())
}

fn a_move() -> impl Strategy<Value = Move> {
    (any::<u16>(), any::<u8>(), any::<u8>(), any::<u8>(), material()).prop_map(
        |(choice, wait, watch, kind, material)| Move {
            choice,
            wait,
            watch,
            shift: kind % 2 == 0,
            rare: kind % 8 < 2,
            material,
        },
    )
}

impl core::fmt::Display for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Agent { user, operation } => write!(f, "{user} {}", operation.kind()),
            Self::Supervisor { user, agent, operation } => {
                write!(f, "{user} {} with {agent}", operation.kind())
            }
            Self::Customer(operation) => write!(f, "customer {}", operation.kind()),
            Self::House(Trigger::Offer { user }) => write!(f, "house offers it to {user}"),
            Self::House(Trigger::Expire { user }) => write!(f, "house stops waiting for {user}"),
            Self::House(Trigger::CustomerGone) => f.write_str("house removes the customer"),
            Self::House(Trigger::LoggedOut { user }) => write!(f, "house logs {user} out"),
        }
    }
}
