//! `chat send`: operations on their way to a chat.

use std::path::Path;
use std::time::Duration;

use chat_http::client::{Error, Notified, Update, Watch};
use chat_model::{
    ChatId, CustomerOperation, CustomerOperationKind, JsonRef, Limits, MonitoringOperation,
    MonitoringOperationKind, Operation, OperationKind, Rejection, Reply, SupervisorOperation,
    SupervisorOperationKind, VisitorId, write_string,
};
use clap::ValueEnum as _;
use futures_util::StreamExt as _;

use super::connect::{Connection, run as run_until_done};
use super::told;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Send) -> Result<Exit, Failure> {
    let way = Way::of(args);
    way.check()?;
    let bodies = bodies(&args.operations, matches!(way, Way::Address(_)))?;
    if args.dry_run {
        return dry_run(args, &way, &bodies);
    }
    run_until_done(send(args, &way, &bodies))
}

/// Where the operations go.
enum Way {
    Visitors(VisitorId),
    Agents(ChatId),
    /// A supervisor's, to a user and perhaps one of the user's chats.
    Supervisors(String, ChatId),
    /// To whatever has this address, such as `/me/channels/chat`.
    Address(String),
}

impl Way {
    /// DEC-46: an id that is a UUID is a visitor's.
    fn of(args: &args::Send) -> Self {
        let id = &args.chat;
        let is_uuid = id.len() == 36
            && id.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        match &args.of {
            Some(user) => Self::Supervisors(user.clone(), ChatId::new(id)),
            None if id.starts_with('/') => Self::Address(id.clone()),
            None if is_uuid => Self::Visitors(VisitorId::new(id)),
            None => Self::Agents(ChatId::new(id)),
        }
    }

    /// Whether it can stand in an address as it is.
    fn check(&self) -> Result<(), Failure> {
        let is_graphic = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_id =
            |id: &str| is_graphic(id) && !id.is_empty() && !id.contains(['/', '?', '#', '%']);
        let (expected, found) = match self {
            Self::Address(path) if !is_graphic(path) => {
                ("an address of visible ASCII characters", path.as_str())
            }
            Self::Agents(id) if !is_id(id.as_str()) => (ID_OF_CHAT, id.as_str()),
            Self::Supervisors(_, id) if !is_id(id.as_str()) => (ID_OF_CHAT, id.as_str()),
            Self::Supervisors(user, _) if !is_id(user) => {
                ("the id of a user with --of", user.as_str())
            }
            _ => return Ok(()),
        };
        Err(Failure::usage(format!("expected {expected}, found {found:?}")))
    }

    /// The address of what `body` is posted to, below the interface's.
    fn path(&self, body: &str) -> String {
        match self {
            Self::Address(path) => path.clone(),
            Self::Visitors(id) => format!("/chats/{id}"),
            Self::Agents(id) => format!("/me/chats/{id}"),
            Self::Supervisors(user, id) => {
                let name = operation_name(body);
                if SupervisorOperationKind::from_name(&name).is_some() {
                    format!("/users/{user}/chats/{id}")
                } else {
                    format!("/users/{user}/channels/chat")
                }
            }
        }
    }

    /// What any server would say of `body` before it looks at the chat.
    fn read(&self, body: &str) -> Result<(), Rejection> {
        let (json, limits) = (body.as_bytes(), &Limits::default());
        match self {
            Self::Visitors(_) => CustomerOperation::parse(json, limits).map(drop),
            Self::Agents(_) => Operation::parse(json, limits).map(drop),
            // What contact centres call their agents' states is their business (PLAT-3.5-6).
            Self::Address(_) => Ok(()),
            Self::Supervisors(..) => SupervisorOperation::parse(json, limits)
                .map(drop)
                .or_else(|_| MonitoringOperation::parse(json, limits).map(drop)),
        }
    }
}

const ID_OF_CHAT: &str = "the id of a chat, such as 0000Wa9CAM6W00J, or an address such as /me";

fn operation_name(body: &str) -> String {
    let body = JsonRef::validate(body.as_bytes(), &super::file_limits()).ok();
    let name = body.and_then(|body| body.get("operationName")?.decode_string());
    name.unwrap_or_default().into_owned()
}

/// The bodies that the arguments name, in their order; `any` name is one, or only those of operations on
/// chats.
fn bodies(arguments: &[String], any: bool) -> Result<Vec<String>, Failure> {
    let mut bodies = Vec::new();
    for argument in arguments {
        let file = if argument == "-" { Some("-") } else { argument.strip_prefix('@') };
        if let Some(file) = file {
            let bytes = super::read(Path::new(file))?;
            bodies.extend(
                super::texts::split(Path::new(file), &bytes)?.into_iter().map(str::to_owned),
            );
        } else if argument.trim_start().starts_with(['{', '[', '"']) {
            bodies.push(argument.clone());
        } else if is_name(argument) || any && is_word(argument) {
            let mut body = String::from(r#"{"operationName":"#);
            write_string(&mut body, argument);
            body.push('}');
            bodies.push(body);
        } else {
            let meant = similar(argument).map(|name| format!("; did you mean {name}?"));
            return Err(Failure::usage(format!(
                "expected the JSON of an operation, the name of one, @FILE or -, found {argument:?}{}",
                meant.unwrap_or_default()
            )));
        }
    }
    for (at, body) in bodies.iter().enumerate() {
        super::texts::body(body)
            .map_err(|error| Failure::failed(format!("operation {}: {error}", at + 1)))?;
    }
    Ok(bodies)
}

fn is_name(text: &str) -> bool {
    OperationKind::from_name(text).is_some()
        || CustomerOperationKind::from_name(text).is_some()
        || MonitoringOperationKind::from_name(text).is_some()
        || SupervisorOperationKind::from_name(text).is_some()
}

/// The name that is most like `text`, if one is much like it.
fn similar(text: &str) -> Option<&'static str> {
    let names = (OperationKind::ALL.iter().map(|kind| kind.name()))
        .chain(CustomerOperationKind::ALL.iter().map(|kind| kind.name()))
        .chain(MonitoringOperationKind::ALL.iter().map(|kind| kind.name()))
        .chain(SupervisorOperationKind::ALL.iter().map(|kind| kind.name()));
    let text = text.to_ascii_lowercase();
    let like = |name: &str| strsim::jaro_winkler(&text, &name.to_ascii_lowercase());
    names.max_by(|one, other| like(one).total_cmp(&like(other))).filter(|name| like(name) > 0.85)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn dry_run(args: &args::Send, way: &Way, bodies: &[String]) -> Result<Exit, Failure> {
    for (at, body) in bodies.iter().enumerate() {
        if let Err(rejection) = way.read(body) {
            if args.output.json {
                render::line(Reply::from(&rejection).to_json())?;
            }
            render::complain(&format_args!("operation {}: {rejection}", at + 1));
            return Ok(Exit::Refused);
        }
        let address = format!("{}{}", args.server.url, way.path(body));
        if args.output.json {
            let mut line = String::from(r#"{"method":"POST","url":"#);
            write_string(&mut line, &address);
            render::line(format_args!("{line},\"body\":{}}}", on_one_line(body)))?;
        } else {
            render::line(format_args!("POST {address} {}", on_one_line(body)))?;
        }
    }
    Ok(Exit::Done)
}

/// JSON without its line breaks: within a string there is none.
fn on_one_line(json: &str) -> String {
    json.trim().replace(['\r', '\n'], " ")
}

async fn send(args: &args::Send, way: &Way, bodies: &[String]) -> Result<Exit, Failure> {
    let connection = Connection::new(&args.server, None)?;
    if let Way::Visitors(id) = way {
        if args.wait.is_some() {
            return Err(Failure::usage("expected --wait with an agent's chat, found a visitor's"));
        }
        let visitor = connection.client.visitor_again(id.clone());
        for body in bodies {
            if let Some(exit) = print(args, visitor.post(body.clone()).await)? {
                return Ok(exit);
            }
        }
        return Ok(Exit::Done);
    }
    if matches!(way, Way::Address(_)) && args.wait.is_some() {
        return Err(Failure::usage("expected --wait with a chat, found another address"));
    }
    let agent = connection.agent(&args.login)?;
    // Who listens before asking misses nothing.
    let mut watch = match args.wait {
        Some(_) => Some(listening(agent.watch(), connection.timeout).await?),
        None => None,
    };
    for body in bodies {
        if let Some(exit) = print(args, agent.post_to(&way.path(body), body.clone(), None).await)? {
            return Ok(exit);
        }
    }
    let (Some(watch), Some(wait)) = (&mut watch, args.wait) else { return Ok(Exit::Done) };
    let kind =
        wait.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let awaited = tokio::time::timeout(connection.timeout, until(watch, &args.chat, &kind)).await;
    let Ok(told) = awaited else {
        return Err(Failure::new(
            Exit::Unreachable,
            format!(
                "expected the notification {kind} within {} s, found none",
                connection.timeout.as_secs_f32()
            ),
        ));
    };
    told::notification(&told?, args.output.json)?;
    Ok(Exit::Done)
}

/// Prints a reply; the exit is there if it was a refusal.
fn print(args: &args::Send, replied: Result<Reply, Error>) -> Result<Option<Exit>, Failure> {
    let (reply, refusal) = match replied {
        Ok(reply) => (reply, None),
        Err(Error::Refused(refused)) => {
            let failure = Failure::from(Error::Refused(refused.clone()));
            (refused.reply, Some(failure))
        }
        Err(error) => return Err(error.into()),
    };
    if args.output.json {
        render::line(reply.to_json())?;
    } else if refusal.is_none() {
        match reply.reference_id {
            Some(number) => render::line(format_args!("accepted, reference {number}"))?,
            None => render::line("accepted")?,
        }
    }
    if let Some(failure) = &refusal {
        render::complain(failure);
    }
    Ok(refusal.map(|failure| failure.exit))
}

async fn listening(mut watch: Watch, patience: Duration) -> Result<Watch, Failure> {
    let listens = async {
        let mut last = None;
        while let Some(update) = watch.next().await {
            match update? {
                Update::State(_) => return Ok(()),
                Update::Interrupted(why) => last = Some(why.why),
                _ => {}
            }
        }
        Err(Failure::new(Exit::Refused, last.unwrap_or_else(|| "the session ended".to_owned())))
    };
    match tokio::time::timeout(patience, listens).await {
        Ok(listens) => listens?,
        Err(_) => {
            return Err(Failure::new(
                Exit::Unreachable,
                format!("expected to be heard within {} s, was not", patience.as_secs_f32()),
            ));
        }
    }
    Ok(watch)
}

async fn until(watch: &mut Watch, chat: &str, kind: &str) -> Result<Notified, Failure> {
    while let Some(update) = watch.next().await {
        let Update::Notification(told) = update? else { continue };
        let is_it = told.chat_id().is_some_and(|id| id.as_str() == chat)
            && told.about_chat.as_ref().is_some_and(|about| {
                about.notification_type.as_ref().is_some_and(|found| found.as_str() == kind)
            });
        if is_it {
            return Ok(*told);
        }
    }
    Err(Failure::new(Exit::Refused, "the server ended the session"))
}
