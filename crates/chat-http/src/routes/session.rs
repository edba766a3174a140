//! The contact centre session and its readiness: what an agent does to the own user (PLAT-3.3 to
//! 3.5).

use std::borrow::Cow;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use chat_model::{JsonKind, JsonRef, Rejection, StatusCode, UserId};
use hyper::Method;
use serde::Serialize;

use super::{Access, Route, Shape};
use crate::agents::{MOST_CHANNELS, VOICE, Which};
use crate::body::{self, JsonBody};
use crate::collection::print;
use crate::config::is_channel_name;
use crate::identity::{self, Caller};
use crate::path::Named;
use crate::reply::{self, Refusal};
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: "/api/v2/me",
        name: "operateMe",
        access: Access::Login,
        rules: &["PLAT-3.3-1", "PLAT-3.4-1", "PLAT-3.5-2", "DEC-60"],
        summary: "Starts or ends the contact center session, or changes the readiness of all channels.",
        shape: Shape::Does { body: &["SessionOperation"], reply: "SessionReply" },
        handler: || post(operate),
    },
    Route {
        method: Method::POST,
        path: "/api/v2/me/channels/{channel}",
        name: "operateMyChannel",
        access: Access::Login,
        rules: &["PLAT-3.5-1", "PLAT-3.5-4"],
        summary: "Changes the readiness of one channel.",
        shape: Shape::Does { body: &["ReadinessOperation"], reply: "Success" },
        handler: || post(operate_channel),
    },
];

/// `POST /me` (PLAT-3.3, 3.4, 3.5-2).
async fn operate(
    caller: Caller,
    State(server): State<Shared>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let body = body::object(&body, &server.rules.limits)?;
    let user = &caller.user.id;
    match &*operation_name(body)? {
        "StartContactCenterSession" => start_session(&server, user, channel_names(body)?).await,
        "EndContactCenterSession" => end_session(&server, &caller).await,
        name => set_readiness(&server, user, Which::All, name).await,
    }
}

/// `POST /me/channels/{channel}` (PLAT-3.5-1).
async fn operate_channel(
    caller: Caller,
    State(server): State<Shared>,
    Named(channel): Named<String>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let name = operation_name(body::object(&body, &server.rules.limits)?)?;
    set_readiness(&server, &caller.user.id, Which::One(&channel), &name).await
}

/// PLAT-3.3: the channels that can be opened are; what cannot is told in the reply (PLAT-1.2-8,
/// DEC-60). If nothing can be opened the session is not touched (PLAT-1.2-10).
async fn start_session(
    server: &Server,
    user: &UserId,
    channels: Vec<String>,
) -> Result<Response, Refusal> {
    let unavailable = &server.config.unavailable_channels;
    let (mut opened, mut failed) = (Vec::new(), Vec::new());
    for name in channels {
        match unavailable.get(&name) {
            None => opened.push(name),
            Some(why) => failed.push((name, why.as_str())),
        }
    }
    let Some((_, why)) = failed.first() else {
        server.agents.start(user, &opened).await?;
        return Ok(reply::ok());
    };
    if opened.is_empty() {
        return Err(Refusal::new(StatusCode::InternalError, (*why).to_owned()));
    }
    server.agents.start(user, &opened).await?;
    Ok(reply::json(partial_success(&opened, &failed)))
}

/// The body of code 7 (PLAT-1.2-8). Media come and go together as `multimedia` (PLAT-1.2-9), unless
/// some were opened and some not: then each goes by its own name.
fn partial_success(opened: &[String], failed: &[(String, &str)]) -> String {
    let is_medium = |name: &str| name != VOICE;
    let is_mixed =
        opened.iter().any(|name| is_medium(name)) && failed.iter().any(|(name, _)| is_medium(name));
    let shown = |name| if is_medium(name) && !is_mixed { "multimedia" } else { name };
    let mut partial = PartialSuccess {
        status_code: StatusCode::PartialSuccess.code(),
        failed: Vec::new(),
        succeeded: Vec::new(),
    };
    for (name, why) in failed {
        let status_code = StatusCode::InternalError.code();
        let status_message = Some(*why);
        push_once(
            &mut partial.failed,
            ChannelOutcome { status_code, status_message, channel: shown(name) },
        );
    }
    for name in opened {
        let outcome = ChannelOutcome { status_code: 0, status_message: None, channel: shown(name) };
        push_once(&mut partial.succeeded, outcome);
    }
    print(&partial)
}

/// Some channels were opened and some were not (PLAT-1.2-8).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PartialSuccess"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartialSuccess<'a> {
    /// 7: at least one succeeded.
    #[cfg_attr(feature = "schema", schemars(extend("const" = 7)))]
    status_code: u8,
    /// The channels that cannot be opened.
    failed: Vec<ChannelOutcome<'a>>,
    /// The channels that are open.
    succeeded: Vec<ChannelOutcome<'a>>,
}

/// What became of one channel.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ChannelOutcome"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelOutcome<'a> {
    /// 0, or why it cannot be opened.
    status_code: u8,
    /// Why it cannot be opened, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'a str>,
    /// The channel; media other than voice go together as `multimedia`.
    channel: &'a str,
}

fn push_once<'a>(list: &mut Vec<ChannelOutcome<'a>>, outcome: ChannelOutcome<'a>) {
    if list.iter().all(|other| other.channel != outcome.channel) {
        list.push(outcome);
    }
}

/// PLAT-3.4: the agent gets nothing any more, gives everything back, and is forgotten; in this
/// order, so that a request that fails on the way can be repeated.
async fn end_session(server: &Server, caller: &Caller) -> Result<Response, Refusal> {
    server.agents.log_out(&caller.user.id).await?;
    server.hooks.logged_out(&caller.user.id).await?;
    let mut response = reply::ok();
    identity::end_session(server, caller, &mut response).await?;
    Ok(response)
}

async fn set_readiness(
    server: &Server,
    user: &UserId,
    which: Which<'_>,
    operation_name: &str,
) -> Result<Response, Refusal> {
    let Some(to) = server.agents.readiness(operation_name) else {
        // DEC-13
        return Err(Rejection::UnknownOperation { name: operation_name.to_owned() }.into());
    };
    server.agents.set(user, which, &to).await?;
    Ok(reply::ok())
}

/// DEC-13: missing is code 1; `null` counts as missing (PLAT-1.1-12).
pub(super) fn operation_name(body: JsonRef<'_>) -> Result<Cow<'_, str>, Refusal> {
    let value = required(body, "operationName")?;
    value.decode_string().ok_or_else(|| wrong_type("operationName", "a string", value))
}

/// PLAT-3.3-2: mandatory. Other parameters are about telephones and do not matter here.
fn channel_names(body: JsonRef<'_>) -> Result<Vec<String>, Refusal> {
    let value = required(body, "channels")?;
    if value.kind() != JsonKind::Array {
        return Err(wrong_type("channels", "an array of channel names", value));
    }
    let mut names = Vec::new();
    for element in value.elements() {
        let Some(name) = element.decode_string() else {
            return Err(wrong_type("channels", "an array of strings", element));
        };
        if !is_channel_name(&name) {
            return Err(out_of_range(
                "channel names of 1 to 64 characters without /, ? and #",
                format!("{name:?}"),
            ));
        }
        names.push(name.into_owned());
    }
    if names.is_empty() || names.len() > MOST_CHANNELS {
        return Err(out_of_range("1 to 32 channel names", names.len().to_string()));
    }
    Ok(names)
}

fn required<'a>(body: JsonRef<'a>, parameter: &'static str) -> Result<JsonRef<'a>, Refusal> {
    match body.get(parameter) {
        Some(value) if !value.is_null() => Ok(value),
        _ => Err(Rejection::MissingParameter { parameter }.into()),
    }
}

fn wrong_type(parameter: &'static str, expected: &'static str, found: JsonRef<'_>) -> Refusal {
    Rejection::WrongType { parameter, expected, found: found.kind() }.into()
}

fn out_of_range(expected: &'static str, found: String) -> Refusal {
    Rejection::OutOfRange { parameter: "channels", expected: expected.into(), found }.into()
}
