//! `chat request`: a customer at the keyboard, or in a pipe.

use std::io::{BufRead, Read as _};
use std::time::Duration;

use chat_http::client::{Error, Heard, Visitor};
use chat_model::{
    CustomerChat, CustomerOperation, JsonRef, Limits, Text, UserDataPatch, VisitorId, write_string,
};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::connect::{Connection, run as run_until_done};
use super::told::{printed, said};
use crate::args;
use crate::exit::{Exit, Failure};
use crate::render::{self, Reader};

pub(super) fn run(args: &args::Request) -> Result<Exit, Failure> {
    let request = request(args)?;
    run_until_done(talk(args, request))
}

fn request(args: &args::Request) -> Result<CustomerOperation, Failure> {
    let text = |name: &str, text: &str| {
        Text::new(text).ok_or_else(|| Failure::usage(format!("{name}: expected text, found none")))
    };
    let mut request = CustomerOperation::request_chat(text("--nickname", &args.nickname)?);
    if let Some(subject) = &args.subject {
        request = request.about(subject);
    }
    if let Some(queue) = &args.queue {
        request = request.to_queue(text("--queue", queue)?);
    }
    if let Some(data) = &args.user_data {
        let limits = Limits::default();
        let read = JsonRef::validate(data.as_bytes(), &limits)
            .and_then(|json| UserDataPatch::read(json, &limits))
            .map_err(|error| Failure::usage(format!("--user-data: {error}")))?;
        request = request.with_user_data(read);
    }
    Ok(request)
}

async fn talk(args: &args::Request, request: CustomerOperation) -> Result<Exit, Failure> {
    let connection = Connection::new(&args.server, args.contact_center.as_deref())?;
    let opened = async {
        match &args.chat {
            Some(chat) => Ok(connection.client.visitor_again(VisitorId::new(chat))),
            None => connection.client.visitor(&request).await,
        }
    };
    let Some(visitor) = unless_interrupted(opened).await else { return Ok(Exit::Interrupted) };
    let visitor = visitor?;
    if let Some(ended) = unless_interrupted(converse(args, &visitor)).await {
        return ended;
    }
    // Whoever is in a hurry asks twice.
    if let Some(Err(failure)) = unless_interrupted(complete(&visitor, Exit::Interrupted)).await {
        render::complain(&failure);
    }
    Ok(Exit::Interrupted)
}

/// What comes of `task`, unless somebody interrupts it, whatever it waits for.
async fn unless_interrupted<T>(task: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => None,
        done = task => Some(done),
    }
}

async fn converse(args: &args::Request, visitor: &Visitor) -> Result<Exit, Failure> {
    announce(visitor, args.output.json)?;
    let mut conversation = visitor.conversation(1, args.pause);
    let mut typed = typed();
    let mut has_more = true;
    let time_is_up = tokio::time::sleep(args.at_most.unwrap_or(Duration::MAX));
    tokio::pin!(time_is_up);
    let reader_gone = render::reader_gone();
    tokio::pin!(reader_gone);
    loop {
        tokio::select! {
            heard = conversation.next() => match heard {
                None => return Ok(Exit::Done),
                Some(heard) => {
                    let reader = match heard {
                        Ok(heard) => print(&heard, args.output.json)?,
                        // The next look may find somebody.
                        Err(error) if error.is_passing() => {
                            render::complain(&error);
                            Reader::There
                        }
                        Err(error) => return Err(error.into()),
                    };
                    if reader == Reader::Gone {
                        return complete(visitor, Exit::Done).await;
                    }
                }
            },
            line = typed.recv(), if has_more => match line {
                Some(Ok(line)) => say(visitor, &line).await?,
                Some(Err(failure)) => {
                    // Nobody goes on with it.
                    complete(visitor, Exit::Done).await?;
                    return Err(failure);
                }
                None => {
                    has_more = false;
                    if args.complete {
                        complete(visitor, Exit::Done).await?;
                    }
                }
            },
            () = &mut reader_gone => return complete(visitor, Exit::Done).await,
            () = &mut time_is_up => {
                render::complain(&"the time is up");
                return complete(visitor, Exit::Unreachable).await;
            }
        }
    }
}

/// Lines as they come, from a thread that nobody waits for: what is typed cannot be given back.
fn typed() -> mpsc::Receiver<Result<String, Failure>> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Some(line) = line_of(&mut input).transpose() {
            let line = line.map_err(|why| Failure::failed(format!("standard input: {why}")));
            let is_last = line.is_err();
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

/// The next line, if there is one; no server takes a longer one than this.
fn line_of(input: &mut impl BufRead) -> Result<Option<String>, String> {
    const MOST: u64 = 1 << 20;
    let mut line = Vec::new();
    let read = input.take(MOST + 1).read_until(b'\n', &mut line);
    if read.map_err(|error| error.to_string())? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > MOST {
        return Err(format!("expected lines of at most {MOST} bytes, found a longer one"));
    }
    if line.ends_with(b"\n") {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|error| format!("expected UTF-8, found {error}"))
}

async fn say(visitor: &Visitor, line: &str) -> Result<(), Failure> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let Some(text) = Text::new(line) else { return Ok(()) };
    match visitor.say(text).await {
        Ok(_) => Ok(()),
        // It is over; that is told where it ends.
        Err(Error::Refused(refused)) if !refused.is_fault() => {
            render::complain(&refused);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn complete(visitor: &Visitor, exit: Exit) -> Result<Exit, Failure> {
    match visitor.operate(&CustomerOperation::complete()).await {
        // An agent was faster.
        Ok(_) | Err(Error::Refused(_)) => Ok(exit),
        Err(error) => Err(error.into()),
    }
}

fn announce(visitor: &Visitor, json: bool) -> Result<(), Failure> {
    if json {
        let mut line = String::from(r#"{"type":"requested","id":"#);
        write_string(&mut line, visitor.id().as_str());
        line.push('}');
        return render::line(line);
    }
    render::complain(&format_args!("the chat is {}", visitor.id()));
    Ok(())
}

fn print(heard: &Heard, json: bool) -> Result<Reader, Failure> {
    match heard {
        Heard::Message(message) if json => render::read_line(format_args!(
            r#"{{"type":"message","message":{}}}"#,
            printed(message)
        )),
        Heard::Message(message) => render::quoting_line(said(message)),
        Heard::Chat(chat) if json => {
            render::read_line(format_args!(r#"{{"type":"chat","chat":{}}}"#, printed(chat)))
        }
        Heard::Chat(chat) => render::quoting_line(is_now(chat)),
        _ => Ok(Reader::There),
    }
}

fn is_now(chat: &CustomerChat) -> String {
    let state = chat.state.as_ref().map_or("?", |state| state.as_str());
    let participants = chat.participants.iter().flatten();
    let names: Vec<&str> = participants.filter_map(|one| one.nickname.as_deref()).collect();
    format!("* {state} [{}]", names.join(", "))
}
