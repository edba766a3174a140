//! What a visitor asks, and how a visitor hears: by asking again and again (CUST-1.4).

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_model::{
    CustomerChat, CustomerChatState, CustomerOperation, Message, Reply, Text, VisitorId,
};
use futures_util::Stream;
use serde::Deserialize;

use super::agent::{messages, read, segment};
use super::caller::Caller;
use super::{BoxFuture, Error};

/// A visitor in a chat. Clones are the same visitor.
#[derive(Clone, Debug)]
pub struct Visitor {
    caller: Arc<Caller>,
    id: VisitorId,
}

impl Visitor {
    pub(super) async fn request(
        caller: Caller,
        request: &CustomerOperation,
    ) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Opened {
            id: VisitorId,
        }
        let body = caller.post("/chats", request.to_json()).await?;
        let Opened { id } = read(&body)?;
        Ok(Self { caller: Arc::new(caller), id })
    }

    pub(super) fn again(caller: Caller, id: VisitorId) -> Self {
        Self { caller: Arc::new(caller), id }
    }

    /// The visitor's name for the chat, which is all the secret there is (CUST-1.7).
    pub fn id(&self) -> &VisitorId {
        &self.id
    }

    /// Says something.
    ///
    /// # Errors
    /// Code 2 when the chat is over; see [`Error`].
    pub async fn say(&self, text: Text) -> Result<Reply, Error> {
        self.operate(&CustomerOperation::send_message(text)).await
    }

    /// Performs an operation (CUST-2.4 to CUST-2.7).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn operate(&self, operation: &CustomerOperation) -> Result<Reply, Error> {
        read(&self.caller.post(&self.path(), operation.to_json()).await?)
    }

    /// Posts a body of the caller's own making, whatever it says.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn post(&self, body: String) -> Result<Reply, Error> {
        read(&self.caller.post(&self.path(), body).await?)
    }

    /// The chat as the visitor sees it (CUST-2.2).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn chat(&self) -> Result<CustomerChat, Error> {
        #[derive(Deserialize)]
        struct One {
            chat: CustomerChat,
        }
        Ok(read::<One>(&self.caller.get(&self.path()).await?)?.chat)
    }

    /// The transcript from the entry number `from` on (CUST-4.3): what is asked for by number can be
    /// asked for again when a reply is lost.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn messages(&self, from: u64) -> Result<Vec<Message>, Error> {
        let path = format!("{}/messages?index={from}", self.path());
        messages(&self.caller.get(&path).await?)
    }

    /// Looks every `pause` at what is new, from the entry number `from` on, until the chat is over.
    ///
    /// A poll that fails is told and repeated; nothing is told twice.
    pub fn conversation(&self, from: u64, pause: Duration) -> Conversation {
        Conversation {
            visitor: self.clone(),
            next: from.max(1),
            pause,
            seen: None,
            step: Some(Box::pin(std::future::ready(Step::Waited))),
            ready: VecDeque::new(),
        }
    }

    fn path(&self) -> String {
        format!("/chats/{}", segment(self.id.as_str()))
    }
}

/// What a visitor hears.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Heard {
    /// A new entry of the transcript.
    Message(Box<Message>),
    /// The chat changed: its state, or who is there.
    Chat(Box<CustomerChat>),
}

/// What a visitor hears, one after the other; ends when the chat is over and everything was told.
///
/// An error that passes is told and the next poll made; after any other it ends.
#[must_use = "streams do nothing unless polled"]
pub struct Conversation {
    visitor: Visitor,
    next: u64,
    pause: Duration,
    seen: Option<CustomerChat>,
    step: Option<BoxFuture<Step>>,
    ready: VecDeque<Result<Heard, Error>>,
}

enum Step {
    Waited,
    Asked(Result<(CustomerChat, Vec<Message>), Error>),
}

impl Conversation {
    fn ask(&self) -> BoxFuture<Step> {
        let (visitor, next) = (self.visitor.clone(), self.next);
        Box::pin(async move {
            // First the chat: when it is over, nothing follows what is read then.
            let chat = match visitor.chat().await {
                Ok(chat) => chat,
                Err(error) => return Step::Asked(Err(error)),
            };
            Step::Asked(visitor.messages(next).await.map(|messages| (chat, messages)))
        })
    }

    fn wait(&self) -> BoxFuture<Step> {
        let pause = self.pause;
        Box::pin(async move {
            tokio::time::sleep(pause).await;
            Step::Waited
        })
    }

    fn take(&mut self, asked: Result<(CustomerChat, Vec<Message>), Error>) {
        let (chat, messages) = match asked {
            Ok(asked) => asked,
            Err(error) => {
                self.step = error.is_passing().then(|| self.wait());
                self.ready.push_back(Err(error));
                return;
            }
        };
        for message in messages {
            let index = message.index.unwrap_or_default();
            if index >= self.next {
                self.next = index + 1;
                self.ready.push_back(Ok(Heard::Message(Box::new(message))));
            }
        }
        let is_over = chat.state == Some(CustomerChatState::Idle);
        if self.seen.as_ref() != Some(&chat) {
            self.seen = Some(chat.clone());
            self.ready.push_back(Ok(Heard::Chat(Box::new(chat))));
        }
        self.step = (!is_over).then(|| self.wait());
    }
}

impl Stream for Conversation {
    type Item = Result<Heard, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Poll::Ready(Some(heard));
            }
            let Some(step) = &mut self.step else { return Poll::Ready(None) };
            match std::task::ready!(step.as_mut().poll(cx)) {
                Step::Waited => self.step = Some(self.ask()),
                Step::Asked(asked) => self.take(asked),
            }
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("visitor", &self.visitor).finish_non_exhaustive()
    }
}
