//! THE tables of operations: what agents and customers may ask for, and with which parameters.
//!
//! Everything that lists operations is derived from these tables: the names on the wire, the
//! parsers, the parameter lists that schemas and reference pages print, and the test matrices.
//! Adding an operation is one row here, one in [`crate::capability`], and the arm that the compiler
//! then asks for in `decide`.

mod build;
mod read;
mod target;
mod write;

use alloc::string::String;

#[cfg(feature = "schema")]
pub(crate) use read::longest;
pub(crate) use read::quoted;
pub use read::{Outgoing, Parameter, ParameterKind, Text, TreatAs};
pub use target::{Colleague, ConsultTarget, Target, TransferTarget};

use crate::json::{Limits, Outlined};
use crate::rejection::Rejection;
use crate::state::{SupervisionMode, SupervisionScope};
use crate::user_data::{UserDataKeys, UserDataPatch};
use read::{FromBody, operation_kind};
use write::{Body, ToBody};

macro_rules! operations {
    (
        $(#[$kind_doc:meta])* kind $Kind:ident;
        $(#[$op_doc:meta])* operation $Operation:ident;
        $(
            $(#[doc = $doc:literal])+
            $name:ident $(also $alias:literal)? { $($(#[$field_doc:meta])* $field:ident: $ty:ty = $wire:literal,)* }
        )+
    ) => {
        $(#[$kind_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum $Kind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl $Kind {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The `operationName`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Every `operationName` that means it, [`Self::name`] first (DEC-12).
            pub const fn spellings(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[stringify!($name), $($alias)?],)+ }
            }

            /// The operation with this `operationName`; a second spelling counts (DEC-12).
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name), $($alias => Some(Self::$name),)?)+
                    _ => None,
                }
            }

            /// What the operation does, in the words of the reference pages.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }

            /// The parameters it takes beside `operationName`.
            pub const fn parameters(self) -> &'static [Parameter] {
                match self { $(Self::$name => &[$(Parameter {
                    name: $wire,
                    kind: <$ty as FromBody>::KIND,
                    required: <$ty as FromBody>::REQUIRED,
                },)*],)+ }
            }
        }

        impl core::fmt::Display for $Kind {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }

        $(#[$op_doc])*
        #[derive(Clone, PartialEq, Debug)]
        #[non_exhaustive]
        pub enum $Operation {
            $(
                $(#[doc = $doc])+
                #[non_exhaustive]
                $name { $($(#[$field_doc])* #[doc = concat!("Parameter `", $wire, "`.")] $field: $ty,)* },
            )+
        }

        impl $Operation {
            /// Which operation it is.
            pub const fn kind(&self) -> $Kind {
                match self { $(Self::$name { .. } => $Kind::$name,)+ }
            }

            /// The request body: compact JSON that [`Self::parse`] reads back as this operation.
            pub fn to_json(&self) -> String {
                #[allow(unused_mut, reason = "not every operation has parameters")]
                let mut body = Body::of(self.kind().name());
                match self {
                    $(Self::$name { $($field,)* } => { $(ToBody::to_body($field, $wire, &mut body);)* })+
                }
                body.finish()
            }

            /// Reads a whole request body.
            ///
            /// # Errors
            /// The checks of [`Self::read`], and before them those of [`Outlined::validate`].
            pub fn parse(json: &[u8], limits: &Limits) -> Result<Self, Rejection> {
                Self::read_outlined(&Outlined::validate(json, limits)?, limits)
            }

            /// Reads the operation from a validated body.
            ///
            /// Unknown members are ignored (PLAT-1.1-13) and an optional `null` is as good as
            /// absent (PLAT-1.1-12).
            ///
            /// # Errors
            /// In this order (DEC-14): the body is not an object (10), `operationName` is missing
            /// (1), not text or unknown (10, DEC-13); then the first parameter of the table that is
            /// missing (1) or wrong (10, DEC-4).
            pub fn read<'a>(
                body: impl Into<Outlined<'a>>,
                limits: &Limits,
            ) -> Result<Self, Rejection> {
                Self::read_outlined(&body.into(), limits)
            }

            fn read_outlined(body: &Outlined<'_>, limits: &Limits) -> Result<Self, Rejection> {
                Ok(match operation_kind(body, $Kind::from_name)? {
                    $($Kind::$name => Self::$name {
                        $($field: <$ty as FromBody>::from_body(body, $wire, limits)?,)*
                    },)+
                })
            }
        }
    };
}

operations! {
    /// An operation of the agent's interface, `POST /api/v2/me/chats/{id}` (CHAT-7.0).
    kind OperationKind;
    /// What an agent asks of a chat, with its parameters read and checked.
    operation Operation;

    /// Takes an offered chat; the history follows.
    Accept { nickname: Option<String> = "nickname", save_lar: Option<bool> = "saveLAR", }
    /// Declines an offered chat; it is offered to another agent.
    Reject {}
    /// Merges the given pairs into the chat's user data.
    AttachUserData { user_data: UserDataPatch = "userData", }
    /// Gives the listed user data new values; unknown keys are added.
    UpdateUserData { user_data: UserDataPatch = "userData", }
    /// Removes the listed keys from the chat's user data.
    DeleteUserData { keys: UserDataKeys = "keys", }
    /// Writes the disposition into the chat's user data.
    SetDisposition { disposition: String = "disposition", disposition_key: Option<Text> = "dispositionKey", }
    /// Sets the chat's comment.
    AddComment { comment: String = "comment", }
    /// Marks the chat as the one the agent looks at.
    SetInFocus also "InFocus" {}
    /// Says something to everyone.
    SendMessage { message: Outgoing = "text", }
    /// Says something that only agents see.
    SendToAgents { message: Outgoing = "text", }
    /// Tells everyone that the agent is typing.
    SendStartTypingNotification {}
    /// Tells everyone that the agent stopped typing.
    SendStopTypingNotification {}
    /// Tells agents that the agent is typing.
    SendStartTypingToAgentsNotification {}
    /// Tells agents that the agent stopped typing.
    SendStopTypingToAgentsNotification {}
    /// Pushes an address to everyone.
    SendUrl { url: Text = "url", }
    /// Sends a notice to everyone.
    SendCustomNotice { notice_text: Text = "noticeText", }
    /// Sends a notice that only agents see.
    SendCustomNoticeToAgents { notice_text: Text = "noticeText", }
    /// Hands the chat to another agent or to a queue.
    Transfer { target: TransferTarget = "targetUri", message: Option<Outgoing> = "text", }
    /// Asks another agent for advice that the customer does not see.
    Consult { target: ConsultTarget = "targetUri", }
    /// Withdraws the newest consult that was not accepted yet.
    CancelConsult {}
    /// Asks another agent into the conversation with the customer.
    Invite { target: Colleague = "targetUri", }
    /// Takes another agent out of the conversation.
    RemoveParticipantFromConference { target: Colleague = "targetUri", message: Option<Outgoing> = "text", }
    /// Leaves the conversation; the last agent keeps the chat for wrap-up.
    Leave { message: Option<Outgoing> = "text", }
    /// Is done with the chat, or places it in a queue.
    Complete { queue_name: Option<Text> = "queueName", save_lar: Option<bool> = "saveLAR", message: Option<Outgoing> = "text", }
    /// Supervises on without being seen by agents and customer.
    SwitchToMonitor {}
    /// Supervises on as one who talks to the agents.
    SwitchToCoach {}
    /// Supervises on as one who talks to everybody.
    SwitchToBargeIn also "SwitchBargeIn" {}
}

operations! {
    /// A supervisor's operation on an agent's chat channel,
    /// `POST /api/v2/users/{userId}/channels/chat` (CHAT-7.0-28, CHAT-7.0-29).
    kind MonitoringOperationKind;
    /// What a supervisor asks of an agent's chat channel, with its parameters read and checked.
    operation MonitoringOperation;

    /// Supervises the chats that the agent accepts from now on, seen by other supervisors only.
    Monitor { scope: Option<SupervisionScope> = "supervisorMonitoringMode", nickname: Option<String> = "nickname", }
    /// Supervises the chats that the agent accepts from now on and talks to the agents.
    Coach { scope: Option<SupervisionScope> = "supervisorMonitoringMode", nickname: Option<String> = "nickname", }
    /// Supervises the chats that the agent accepts from now on and talks to everybody.
    BargeIn { scope: Option<SupervisionScope> = "supervisorMonitoringMode", nickname: Option<String> = "nickname", }
    /// Supervises no further chat of the agent; those under way go on.
    CancelSupervisorMonitoring {}
}

operations! {
    /// A supervisor's operation on one chat of an agent,
    /// `POST /api/v2/users/{userId}/chats/{chatId}` (CHAT-7.0-30).
    kind SupervisorOperationKind;
    /// What a supervisor asks of one chat of an agent, with its parameters read and checked.
    operation SupervisorOperation;

    /// Asks to supervise a chat that the agent is in; the supervisor is invited to it.
    Intrude { mode: Option<SupervisionMode> = "supervisorVisibilityMode", }
}

operations! {
    /// An operation of the visitor's interface, `POST /api/v2/chats[/{id}]` (CUST-2).
    kind CustomerOperationKind;
    /// What a visitor asks, with its parameters read and checked.
    operation CustomerOperation;

    /// Asks for a chat; the only operation that needs no chat.
    RequestChat { nickname: Text = "nickname", subject: Option<String> = "subject", endpoint: Option<Text> = "endpoint", user_data: Option<UserDataPatch> = "userData", }
    /// Says something to the agents.
    SendMessage { text: Text = "text", }
    /// Tells the agents that the visitor is typing.
    SendStartTypingNotification {}
    /// Tells the agents that the visitor stopped typing.
    SendStopTypingNotification {}
    /// Ends the chat for the visitor.
    Complete {}
}
