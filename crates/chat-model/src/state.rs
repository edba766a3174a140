//! What state a leg is in, what its agent is there for, and who may see whom.

use crate::open_enum::open_enum;

macro_rules! spelled {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documents.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The value as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }

            /// Reads the wire's spelling.
            pub fn from_wire(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

spelled! {
    /// What the documents call a chat's `state`: the state of one agent's leg of it (CHAT-3).
    LegState {
        /// Offered, not accepted (CHAT-3.1).
        Invited,
        /// The agent is in the session (CHAT-3.2).
        Chatting,
        /// The agent left, the session is over, the interaction is still the agent's (CHAT-3.3).
        LeftChat,
        /// Done for this agent (CHAT-3.4).
        Completed,
        /// Taken away (CHAT-3.5).
        Revoked,
        /// Accepted, but the session could not be joined (CHAT-3.6, DEC-23).
        JoinFailed,
    }

    /// Who sees a participant or a message (CHAT-5.6, CHAT-6.4, DEC-22). Wider ones come first.
    Visibility {
        /// Everyone, the customer included.
        All,
        /// All agents, never the customer.
        Agents,
        /// Supervisors only.
        Supervisors,
    }

    /// What an agent is on the chat for; it decides the capabilities together with the state.
    Role {
        /// Serves the customer, alone or in a conference; visible to all.
        Agent,
        /// Was consulted: visible to agents only, and whatever it sends is too (DEC-10, DEC-16).
        Consultant,
        /// Supervises and says nothing: visible to supervisors only (CHAT-7.2-5).
        Monitor,
        /// Supervises and talks to the agents: visible to agents only (CHAT-7.2-6).
        Coach,
        /// Supervises and talks to everybody: visible to all (CHAT-7.2-7).
        BargeIn,
    }

    /// How a supervisor takes part in an agent's chat (CHAT-7.0-28, CHAT-7.0-30).
    SupervisionMode {
        /// Sees everything, says nothing, and is seen by supervisors only.
        Monitor,
        /// Talks to the agents without the customer's knowledge.
        Coach,
        /// Talks to the customer as well.
        BargeIn,
    }

    /// How long supervision of an agent lasts (CHAT-7.0-28, DEC-19).
    SupervisionScope {
        /// For the next chat that the agent accepts.
        NextChat,
        /// For every chat that the agent accepts, until it is cancelled.
        AllChats,
    }

    /// The customer's state of a chat (CUST-3.2, DEC-21).
    CustomerState {
        /// The session is open and no agent whom the customer can see is joined.
        WaitingForAgent,
        /// An agent whom the customer can see is joined.
        Chatting,
        /// The session is over.
        Idle,
    }
}

impl LegState {
    /// Final states leave `/me/chats`, answer operations with code 2 and are replaced by a new
    /// invitation (DEC-23).
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Revoked)
    }
}

impl Role {
    /// How others see an agent in this role, and the widest audience of what it says.
    pub const fn visibility(self) -> Visibility {
        match self {
            Self::Agent | Self::BargeIn => Visibility::All,
            Self::Consultant | Self::Coach => Visibility::Agents,
            Self::Monitor => Visibility::Supervisors,
        }
    }

    /// Whether it looks after an agent instead of the customer. Supervision counts neither for
    /// capacity nor for who ends a chat (DEC-19, DEC-21).
    pub const fn is_supervising(self) -> bool {
        matches!(self, Self::Monitor | Self::Coach | Self::BargeIn)
    }
}

impl SupervisionMode {
    /// What a supervisor of this mode is on the chat for.
    pub const fn role(self) -> Role {
        match self {
            Self::Monitor => Role::Monitor,
            Self::Coach => Role::Coach,
            Self::BargeIn => Role::BargeIn,
        }
    }
}

open_enum! {
    /// What a participant is (CHAT-5.2).
    ParticipantType {
        /// An agent or a supervisor.
        Agent = "Agent",
        /// The visitor.
        Customer = "Customer",
        /// A system or bot; occurs in sibling interfaces.
        External = "External",
    }
}

open_enum! {
    /// How a chat came to be (CHAT-2.9).
    ChatType {
        /// A customer asked for it.
        Inbound = "Inbound",
    }
}
