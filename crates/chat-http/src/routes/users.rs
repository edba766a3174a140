//! What supervisors do to other agents (PLAT-3.5-3, CHAT-1.2).

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use chat_model::{Rejection, StatusCode, UserId};
use hyper::Method;

use super::session::operation_name;
use super::{Access, Route, Shape, supervision};
use crate::agents::{Readiness, Which};
use crate::body::{self, JsonBody};
use crate::config::User;
use crate::identity::Caller;
use crate::path::Named;
use crate::reply::{self, Refusal};
use crate::roster::{self, AGENT_CONTROL, CHAT_CHANNEL};
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[Route {
    method: Method::POST,
    path: "/api/v2/users/{userId}/channels/{channel}",
    name: "operateAgentChannel",
    access: Access::Supervisor,
    rules: &["PLAT-3.5-3", "CHAT-7.0-28", "CHAT-7.0-29", "DEC-19"],
    summary: "A supervisor's operation on a channel of an agent.",
    shape: Shape::Does {
        body: &["MonitoringOperation", "AgentChannelOperation"],
        reply: "Success",
    },
    handler: || post(operate_channel),
}];

/// The one place that knows which operation on an agent's channel is whose.
async fn operate_channel(
    caller: Caller,
    State(server): State<Shared>,
    Named((agent, channel)): Named<(UserId, String)>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    check_role(&caller.user)?;
    let body = body::object(&body, &server.rules.limits)?;
    let agent = agent_of(&server, &agent)?;
    match &*operation_name(body)? {
        name if supervision::is_monitoring(name) => {
            supervision::monitor(&server, &caller.user, agent, &channel, body).await
        }
        "Offline" => take_offline(&server, &caller.user, agent, &channel).await,
        name => set_readiness(&server, &caller.user, agent, &channel, name).await,
    }
}

/// `Offline`: the agent is logged out of the channel, and goes on with the others.
async fn take_offline(
    server: &Server,
    supervisor: &User,
    agent: &UserId,
    channel: &str,
) -> Result<Response, Refusal> {
    check_feature(supervisor, AGENT_CONTROL)?;
    server.agents.leave(agent, channel).await?;
    if channel == CHAT_CHANNEL {
        server.hooks.left_chat(agent).await?;
    }
    Ok(reply::ok())
}

/// Changes the readiness of another agent.
///
/// An agent may keep customers away (`DoNotDisturbOn`); a supervisor may only end that.
async fn set_readiness(
    server: &Server,
    supervisor: &User,
    agent: &UserId,
    channel: &str,
    operation_name: &str,
) -> Result<Response, Refusal> {
    check_feature(supervisor, AGENT_CONTROL)?;
    let Some(to) = server.agents.readiness(operation_name) else {
        // DEC-13
        return Err(Rejection::UnknownOperation { name: operation_name.to_owned() }.into());
    };
    if to == Readiness::DoNotDisturb(true) {
        return Err(Refusal::new(
            StatusCode::Forbidden,
            "expected an operation that supervisors have on agents (Ready, NotReady, Offline, \
             DoNotDisturbOff, a custom state), found DoNotDisturbOn",
        ));
    }
    server.agents.set(agent, Which::Other(channel), &to).await?;
    Ok(reply::ok())
}

/// DEC-19: the wrong role is code 5.
pub(super) fn check_role(user: &User) -> Result<(), Refusal> {
    if roster::is_supervisor(user) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::NoPermission,
        format!(
            "expected a user with ROLE_SUPERVISOR, ROLE_ADMIN or ROLE_APIUSER, found one with {}",
            user.roles.join(", ")
        ),
    ))
}

/// DEC-19: the missing feature is code 3.
pub(super) fn check_feature(user: &User, feature: &str) -> Result<(), Refusal> {
    if user.has_feature(feature) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::Forbidden,
        format!("expected a user with the feature {feature}, found one without"),
    ))
}

/// The agent of this contact center whom the path names.
pub(super) fn agent_of<'a>(server: &'a Server, id: &UserId) -> Result<&'a UserId, Refusal> {
    match server.roster.user(id).filter(|user| user.has_role("ROLE_AGENT")) {
        Some(agent) => Ok(&agent.id),
        None => Err(Refusal::new(
            StatusCode::NotFound,
            format!("no agent of this contact center has the id {:?}", id.as_str()),
        )),
    }
}
