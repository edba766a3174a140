//! Operations made by whoever asks them, in Rust: what would otherwise be put together as JSON.
//!
//! Every constructor takes what is required; what is optional is added by a method or a constructor of
//! its own. Nothing is checked that only the chat can check.

use alloc::string::String;

use super::read::{Outgoing, Text, TreatAs};
use super::target::{Colleague, ConsultTarget, Target, TransferTarget};
use super::{CustomerOperation, Operation};
use crate::id::{QueueName, UserId};
use crate::user_data::{UserDataKeys, UserDataPatch};

impl Text {
    /// The text, unless it is empty.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(text.into()).filter(|text| !text.is_empty()).map(Self)
    }
}

impl Outgoing {
    /// Something to say as an ordinary line.
    pub fn new(text: Text) -> Self {
        Self { text, message_type: None, treat_as: TreatAs::Normal }
    }

    /// With a free classification, which is echoed (CHAT-6.7).
    #[must_use]
    pub fn with_message_type(mut self, message_type: impl Into<String>) -> Self {
        self.message_type = Some(message_type.into());
        self
    }
}

impl From<Text> for Outgoing {
    fn from(text: Text) -> Self {
        Self::new(text)
    }
}

const BY_PATH: &str = "targetPath";

impl From<UserId> for Colleague {
    fn from(user: UserId) -> Self {
        Self { user, parameter: BY_PATH }
    }
}

impl From<UserId> for ConsultTarget {
    fn from(user: UserId) -> Self {
        Self { target: Target::User(user), parameter: BY_PATH }
    }
}

impl From<UserId> for TransferTarget {
    fn from(user: UserId) -> Self {
        Self { target: Target::User(user), parameter: BY_PATH }
    }
}

impl From<QueueName> for TransferTarget {
    fn from(queue: QueueName) -> Self {
        Self { target: Target::Queue(queue), parameter: "queueName" }
    }
}

/// ```
/// use chat_model::{Operation, Text, UserId};
/// let hello = Operation::send_message(Text::new("Hello").unwrap());
/// assert_eq!(hello.to_json(), r#"{"operationName":"SendMessage","text":"Hello"}"#);
/// let transfer = Operation::transfer(UserId::new("1e553fa1b4164908a5f36d43cec96086"));
/// assert_eq!(
///     transfer.to_json(),
///     r#"{"operationName":"Transfer","targetPath":"/users/1e553fa1b4164908a5f36d43cec96086"}"#
/// );
/// ```
impl Operation {
    /// Takes an offered chat under the user's own name.
    pub const fn accept() -> Self {
        Self::Accept { nickname: None, save_lar: None }
    }

    /// Takes an offered chat under another name.
    pub fn accept_as(nickname: impl Into<String>) -> Self {
        Self::Accept { nickname: Some(nickname.into()), save_lar: None }
    }

    /// Declines an offered chat.
    pub const fn reject() -> Self {
        Self::Reject {}
    }

    /// Merges pairs into the chat's user data.
    pub const fn attach_user_data(user_data: UserDataPatch) -> Self {
        Self::AttachUserData { user_data }
    }

    /// Gives user data new values.
    pub const fn update_user_data(user_data: UserDataPatch) -> Self {
        Self::UpdateUserData { user_data }
    }

    /// Removes keys from the chat's user data.
    pub const fn delete_user_data(keys: UserDataKeys) -> Self {
        Self::DeleteUserData { keys }
    }

    /// Writes the disposition under the configured key (DEC-8).
    pub fn set_disposition(disposition: impl Into<String>) -> Self {
        Self::SetDisposition { disposition: disposition.into(), disposition_key: None }
    }

    /// Sets the chat's comment.
    pub fn add_comment(comment: impl Into<String>) -> Self {
        Self::AddComment { comment: comment.into() }
    }

    /// Marks the chat as the one the agent looks at.
    pub const fn set_in_focus() -> Self {
        Self::SetInFocus {}
    }

    /// Says something to everyone.
    pub fn send_message(message: impl Into<Outgoing>) -> Self {
        Self::SendMessage { message: message.into() }
    }

    /// Says something that only agents see.
    pub fn send_to_agents(message: impl Into<Outgoing>) -> Self {
        Self::SendToAgents { message: message.into() }
    }

    /// Tells everyone that the agent is typing.
    pub const fn start_typing() -> Self {
        Self::SendStartTypingNotification {}
    }

    /// Tells everyone that the agent stopped typing.
    pub const fn stop_typing() -> Self {
        Self::SendStopTypingNotification {}
    }

    /// Pushes an address to everyone.
    pub const fn send_url(url: Text) -> Self {
        Self::SendUrl { url }
    }

    /// Hands the chat to another agent or to a queue.
    pub fn transfer(target: impl Into<TransferTarget>) -> Self {
        Self::Transfer { target: target.into(), message: None }
    }

    /// Asks another agent for advice that the customer does not see.
    pub fn consult(target: impl Into<ConsultTarget>) -> Self {
        Self::Consult { target: target.into() }
    }

    /// Withdraws the newest consult that was not accepted yet.
    pub const fn cancel_consult() -> Self {
        Self::CancelConsult {}
    }

    /// Asks another agent into the conversation.
    pub fn invite(target: impl Into<Colleague>) -> Self {
        Self::Invite { target: target.into() }
    }

    /// Leaves the conversation; the last agent keeps the chat for wrap-up.
    pub const fn leave() -> Self {
        Self::Leave { message: None }
    }

    /// Is done with the chat.
    pub const fn complete() -> Self {
        Self::Complete { queue_name: None, save_lar: None, message: None }
    }
}

impl CustomerOperation {
    /// Asks for a chat in the default queue.
    pub const fn request_chat(nickname: Text) -> Self {
        Self::RequestChat { nickname, subject: None, endpoint: None, user_data: None }
    }

    /// What the chat is about; of a request only.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        if let Self::RequestChat { subject, .. } = &mut self {
            *subject = Some(about.into());
        }
        self
    }

    /// In which queue the chat shall wait; of a request only.
    #[must_use]
    pub fn to_queue(mut self, queue: Text) -> Self {
        if let Self::RequestChat { endpoint, .. } = &mut self {
            *endpoint = Some(queue);
        }
        self
    }

    /// What the agent shall see attached; of a request only.
    #[must_use]
    pub fn with_user_data(mut self, attached: UserDataPatch) -> Self {
        if let Self::RequestChat { user_data, .. } = &mut self {
            *user_data = Some(attached);
        }
        self
    }

    /// Says something to the agents.
    pub const fn send_message(text: Text) -> Self {
        Self::SendMessage { text }
    }

    /// Ends the chat for the visitor.
    pub const fn complete() -> Self {
        Self::Complete {}
    }
}
