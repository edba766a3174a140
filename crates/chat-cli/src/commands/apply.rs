//! `chat apply`: one operation on one chat, offline. The model does the work; this file brings it
//! files, a time and ids, and prints what comes out.

use std::fmt::Write as _;

use chat_model::{
    Applied, Chat, ChatFile, ChatId, Command, Context, CountingIds, JsonRef, Notice, OpenDirectory,
    Operation, QueueName, Rejection, Reply, Rules, Timestamp, UserId, write_string,
};
use serde_json::value::RawValue;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::render;

pub(super) fn run(args: &args::Apply) -> Result<Exit, Failure> {
    if args.chat.as_os_str() == "-" && args.operation.as_os_str() == "-" {
        return Err(Failure::usage(
            "expected at most one of CHAT.json and OPERATION.json to be standard input (-), found both",
        ));
    }
    let file = super::name(&args.chat);
    let mut input = Input::read(&super::read(&args.chat)?)
        .map_err(|error| Failure::failed(format!("{file}: {error}")))?;
    let bytes = super::read(&args.operation)?;
    let bodies = bodies(&bytes);
    let user = match &args.user {
        Some(user) => UserId::new(user),
        None => {
            only_joined(&input.chat).map_err(|error| Failure::usage(format!("{file}: {error}")))?
        }
    };
    let at = Timestamp::from_millis(args.at.unwrap_or_else(now_ms));
    for (body, number) in bodies.iter().zip(args.reference_id..) {
        let exit = one(args, &mut input, body, &user, at, number)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

/// The operations of a file. What is no JSON is one, for the model to say what is wrong with it.
fn bodies(bytes: &[u8]) -> Vec<&[u8]> {
    let texts = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    match texts.collect::<Result<Vec<_>, _>>() {
        Ok(texts) if texts.len() > 1 => {
            texts.into_iter().map(|text| text.get().as_bytes()).collect()
        }
        _ => vec![bytes],
    }
}

fn one(
    args: &args::Apply,
    input: &mut Input,
    body: &[u8],
    user: &UserId,
    at: Timestamp,
    reference_id: u64,
) -> Result<Exit, Failure> {
    match perform(input, body, user, at, reference_id) {
        Ok((applied, reply)) => {
            let form = if args.snapshot { Form::Snapshot } else { input.form };
            render::line(print(input, form, user, &applied, &reply))?;
            Ok(Exit::Done)
        }
        Err(rejection) => {
            if rejection.offset().is_some() {
                // The reply names the place in the body, but not the file.
                render::complain(&format_args!("{}: {rejection}", super::name(&args.operation)));
            } else if input.chat.leg(user).is_none() {
                // The reply keeps from a stranger that there is a chat; the owner of the file may know.
                let (file, users) = (super::name(&args.chat), parts(&input.chat));
                render::complain(&format_args!(
                    "{file}: expected --as to be one of those with a part in the chat, {users}, \
                     found {user}"
                ));
            }
            render::line(format_args!("{{\"reply\":{}}}", Reply::from(&rejection).to_json()))?;
            Ok(Exit::Refused)
        }
    }
}

/// A chat file, and what of it the chat itself does not keep.
struct Input {
    chat: Chat,
    form: Form,
    /// The queue that a resource named.
    queue: Option<QueueName>,
    rules: Rules,
}

/// In which of its two forms a chat is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Resource,
    Snapshot,
}

impl Input {
    fn read(json: &[u8]) -> Result<Self, String> {
        let limits = super::file_limits();
        let body = JsonRef::validate(json, &limits).map_err(|error| error.to_string())?;
        super::check_chat(body)?;
        let file = ChatFile::read(json, &limits).map_err(|error| error.to_string())?;
        let member = |name: &str| Some(body.get(name)?.decode_string()?.into_owned());
        let is_snapshot = body.get("snapshot").is_some_and(|revision| !revision.is_null());
        let base = member("uri").and_then(|uri| base_of(&uri, file.chat.id()));
        let rules = match base {
            Some(base) => Rules::default().with_base(&base).ok_or_else(|| {
                format!("expected `uri` to be an address, found {base:?} in front of the chat")
            })?,
            None => Rules::default(),
        };
        Ok(Self {
            queue: member("queue").map(QueueName::from),
            form: if is_snapshot { Form::Snapshot } else { Form::Resource },
            chat: file.chat,
            rules,
        })
    }
}

/// What stands before `/chats/{id}` in the resource's own address, so that the addresses that come
/// out are of the server that the ones that went in are of.
fn base_of(uri: &str, id: &ChatId) -> Option<String> {
    uri.strip_suffix(id.path().as_str()).filter(|base| !base.is_empty()).map(str::to_owned)
}

/// Whom to act as if nobody is named: the only joined agent.
fn only_joined(chat: &Chat) -> Result<UserId, String> {
    let joined: Vec<&UserId> = chat.joined().collect();
    if let [only] = joined[..] {
        return Ok(only.clone());
    }
    let found = if joined.is_empty() {
        let others = parts(chat);
        if others.is_empty() { "none".to_owned() } else { format!("none ({others})") }
    } else {
        joined.iter().map(|user| user.as_str()).collect::<Vec<_>>().join(", ")
    };
    Err(format!(
        "expected exactly one joined agent to act as, found {found}; say who asks with --as USER"
    ))
}

/// Who has a part in the chat, and which.
fn parts(chat: &Chat) -> String {
    let legs: Vec<String> =
        chat.legs().map(|leg| format!("{} is {}", leg.user(), leg.state())).collect();
    legs.join(", ")
}

/// Reads and applies the operation, with the order of checks of DEC-14: a body that is no object
/// (10), a chat that the caller is not on (6), then the operation and its parameters.
fn perform(
    input: &mut Input,
    body: &[u8],
    user: &UserId,
    at: Timestamp,
    reference_id: u64,
) -> Result<(Applied, Reply), Rejection> {
    let rules = &input.rules;
    let operation = Operation::parse(body, &rules.limits)
        .map_err(|rejection| rejection.or_not_found(input.chat.leg(user).is_some()))?;
    let directory = OpenDirectory::new();
    let context = Context::new(at, rules, &directory).with_reference_id(reference_id);
    let mut ids = CountingIds::of_chat(&input.chat);
    let applied = input.chat.apply(&Command::user(user, &operation), &context, &mut ids)?;
    let reply = applied.reply(operation.kind(), rules);
    Ok((applied, reply))
}

fn print(input: &Input, form: Form, user: &UserId, applied: &Applied, reply: &Reply) -> String {
    let mut out = String::from("{\"reply\":");
    out.push_str(&reply.to_json());
    out.push_str(",\"chat\":");
    match form {
        Form::Snapshot => out.push_str(&input.chat.to_snapshot_json()),
        Form::Resource => write_resource(&mut out, input, user),
    }
    out.push_str(",\"notifications\":[");
    let told =
        applied.notices.iter().flat_map(|notice| notice.to.iter().map(move |to| (to, notice)));
    for (at, (to, notice)) in told.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str("{\"to\":");
        write_string(&mut out, to.as_str());
        // Writing to a String cannot fail.
        let _ = write!(out, ",\"channel\":\"{}\",\"data\":{}}}", Notice::CHANNEL, notice.data);
    }
    out.push_str("]}");
    out
}

/// The chat as `user` sees it, and beside it whose view that is and where the chat waits or came
/// from, so that the object is a chat file again.
fn write_resource(out: &mut String, input: &Input, user: &UserId) {
    let Some(view) = input.chat.view(user, &input.rules) else {
        // Who may change a chat has a part in it, and keeps it.
        out.push_str("null");
        return;
    };
    view.write_json(out);
    out.pop();
    out.push_str(",\"owner\":");
    write_string(out, user.as_str());
    let waits_in = input.chat.waiting().map(|(queue, _)| queue);
    if let Some(queue) = waits_in.or(input.queue.as_ref()) {
        out.push_str(",\"queue\":");
        write_string(out, queue.as_str());
    }
    out.push('}');
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the outermost layer of the offline door: the model is handed the time"
)]
fn now_ms() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_1970.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
