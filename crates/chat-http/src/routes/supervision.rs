//! What supervisors do to the chats of other agents (CHAT-1.2, CHAT-1.3, DEC-19).
//!
//! Monitor, Coach, BargeIn and their end are operations on an agent's chat channel and reach here
//! from [`super::users`]; Intrude is one on a chat.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use chat_model::{
    ChatId, JsonRef, KeyScope, MonitoringOperation, MonitoringOperationKind, Rejection, StatusCode,
    UserId,
};
use hyper::Method;

use super::users::{agent_of, check_feature, check_role};
use super::{Access, Route, Shape, chats};
use crate::body::{self, JsonBody};
use crate::config::User;
use crate::identity::Caller;
use crate::path::Named;
use crate::reply::{self, Refusal};
use crate::request_key::Key;
use crate::roster::{CHAT_CHANNEL, MONITORING};
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[Route {
    method: Method::POST,
    path: "/api/v2/users/{userId}/chats/{chatId}",
    name: "operateAgentChat",
    access: Access::Supervisor,
    rules: &["CHAT-1.3", "CHAT-7.0-30", "DEC-19", "DEC-48"],
    summary: "A supervisor's operation on a chat of an agent.",
    shape: Shape::Does { body: &["SupervisorOperation"], reply: "OperationReply" },
    handler: || post(operate),
}];

/// `POST /users/{userId}/chats/{chatId}` (CHAT-7.0-30).
async fn operate(
    caller: Caller,
    State(server): State<Shared>,
    Named((agent, chat)): Named<(UserId, ChatId)>,
    key: Key,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    check_role(&caller.user)?;
    let supervisor = &caller.user.id;
    // The body does not say whose part in the chat it is about.
    let request = key.of_request(|| KeyScope::User(supervisor.clone()), agent.as_str(), &body);
    let body = body::object(&body, &server.rules.limits)?;
    check_may_supervise(&caller.user)?;
    let agent = agent_of(&server, &agent)?;
    let desk = &server.chats.desk;
    let reply =
        desk.perform_for_supervisor(&chat, supervisor, agent, body, request.as_ref()).await?;
    Ok(reply::told(reply))
}

/// Whether the operation on an agent's channel is one of supervision.
pub(super) fn is_monitoring(operation_name: &str) -> bool {
    MonitoringOperationKind::from_name(operation_name).is_some()
}

/// Monitor, Coach, BargeIn, CancelSupervisorMonitoring (CHAT-7.0-28, CHAT-7.0-29).
pub(super) async fn monitor(
    server: &Server,
    supervisor: &User,
    agent: &UserId,
    channel: &str,
    body: JsonRef<'_>,
) -> Result<Response, Refusal> {
    check_may_supervise(supervisor)?;
    if channel != CHAT_CHANNEL {
        return Err(Refusal::new(
            StatusCode::NotFound,
            format!(
                "expected the channel {CHAT_CHANNEL:?}, which can be supervised, found {channel:?}"
            ),
        ));
    }
    let operation = MonitoringOperation::read(body, &server.rules.limits)?;
    if supervisor.id == *agent {
        return Err(Rejection::OutOfRange {
            parameter: "userId",
            expected: "another agent".into(),
            found: "the caller".into(),
        }
        .into());
    }
    // Who is in no chat session would come along with no chat; to stop is possible at any time.
    if operation.kind() != MonitoringOperationKind::CancelSupervisorMonitoring {
        let session = server.agents.session(&supervisor.id).await?;
        if !session.is_some_and(|session| session.has_channel(CHAT_CHANNEL)) {
            return Err(Rejection::NotNow {
                operation: operation.kind().name(),
                expected: "a caller in a chat session".into(),
                found: "the caller is in none".into(),
            }
            .into());
        }
    }
    server.chats.desk.supervisions().perform(agent, &supervisor.id, &operation).await?;
    Ok(reply::ok())
}

/// CHAT-7.0-28: the feature for it, and one of those for chats, which every operation on them needs.
fn check_may_supervise(user: &User) -> Result<(), Refusal> {
    check_feature(user, MONITORING)?;
    chats::check_feature(user)
}
