//! Replies in a play: what was answered to a request, beside what was recorded.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use chat_http::Line;
use chat_http::client::TransportError;
use chat_model::{JsonRef, JsonText};
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use tokio::time::Instant;

use super::compare::{Difference, compare};
use super::play::{Play, Stop, parsed};
use super::polls::{is_messages, is_poll, unwrapped};
use super::recording::{body, body_text};
use super::sessions::{batch, is_event, is_of, messages, text};
use super::wire::learn_secrets;

/// How long a read that comes too early is repeated: what happens by itself takes a moment.
const SETTLE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

impl<'a> Play<'a> {
    pub(super) async fn compare_reply(
        &mut self,
        n: u64,
        request: &'a Line,
        line: &'a Line,
    ) -> Result<(), Stop> {
        if is_poll(request) {
            return self.compare_poll(n, request, line).await;
        }
        let answered = self.replies.remove(&n);
        if line.broken {
            // What was done is done; nobody was told.
            return Ok(());
        }
        let response = match answered {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Err(broken(line, &error)),
            None => return Err(Difference::missing("/status", status(line)).into()),
        };
        if is_messages(request) && line.status == Some(200) {
            return self.compare_exchange(n, request, line, &response).await;
        }
        if line.status == Some(101) {
            compare_status(line, &response)?;
            return self.open_socket(n, response).await;
        }
        let mut last = self.compare_whole(request, line, &response);
        for glimpse in self.glimpses.take(n) {
            if last.is_ok() {
                break;
            }
            last = self.compare_whole(request, line, &glimpse);
        }
        if request.method.as_deref() == Some("GET") {
            if last.is_err() {
                // What was under way may have been done, and its answer been slower than this one.
                self.ask_causes().await?;
            }
            let settled = Instant::now() + SETTLE;
            while last.is_err() && Instant::now() < settled.min(self.deadline) {
                tokio::time::sleep(PAUSE).await;
                self.ask(n).await?;
                if let Some(Ok(response)) = self.replies.remove(&n) {
                    last = self.compare_whole(request, line, &response);
                }
            }
        }
        last.map_err(Stop::from)
    }

    async fn compare_poll(
        &mut self,
        n: u64,
        request: &'a Line,
        line: &'a Line,
    ) -> Result<(), Stop> {
        let name = body(request).and_then(|body| text(*messages(body).first()?, "clientId"));
        let name = name.unwrap_or_default();
        if let Some(recorded) = body(line).filter(|_| line.status == Some(200) && !line.broken) {
            return self.compare_messages(n, &name, recorded, None).await;
        }
        let session = self.sessions.get(&name);
        session.recorded_held = session.recorded_held.saturating_sub(1);
        if line.broken {
            return Ok(());
        }
        self.ask_causes().await?;
        while !self.replies.contains_key(&n) && self.arrival(self.deadline).await {}
        match self.replies.remove(&n) {
            Some(Ok(response)) => self.compare_whole(request, line, &response).map_err(Stop::from),
            Some(Err(error)) => Err(broken(line, &error)),
            None => Err(Difference::missing("/status", status(line)).into()),
        }
    }

    /// Compares what came with messages of the notification protocol.
    async fn compare_exchange(
        &mut self,
        n: u64,
        request: &'a Line,
        line: &'a Line,
        response: &Response<Bytes>,
    ) -> Result<(), Stop> {
        compare_status(line, response)?;
        let came = parsed(unwrapped(response.body()));
        self.compare_secrets(line, response)?;
        let Some(recorded) = body(line) else {
            return self.same("/body", "", body_text(line).as_ref(), Some(came));
        };
        let all = messages(recorded);
        let asked = body(request).map(messages).unwrap_or_default();
        let shaken = all.iter().find(|message| is_of(**message, "/meta/handshake"));
        let name = shaken
            .and_then(|message| text(*message, "clientId"))
            .or_else(|| asked.iter().find_map(|message| text(*message, "clientId")))
            .unwrap_or_default();
        let user = request.user.clone().unwrap_or_default();
        // What a session was told beyond the number from which the next goes on is told again.
        let resumed = asked.iter().find_map(|message| batch(*message));
        if let Some((_, earlier)) =
            resumed.and_then(|number| self.sessions.resumed(&user, number)).cloned()
        {
            self.sessions.get(&earlier).heard.clear();
        }
        let session = self.sessions.get(&name);
        session.user = user;
        // Connects among others are answered at once.
        let connects = asked.iter().filter(|message| is_of(**message, "/meta/connect")).count();
        session.held += connects;
        session.recorded_held += connects;
        self.take_messages(&name, came.as_ref());
        let answers: VecDeque<JsonText> = messages(came.as_ref())
            .into_iter()
            .filter(|message| !is_event(*message) && !is_of(*message, "/meta/connect"))
            .map(JsonRef::to_text)
            .collect();
        self.compare_messages(n, &name, recorded, Some(answers)).await
    }

    fn compare_whole(
        &mut self,
        request: &Line,
        line: &Line,
        response: &Response<Bytes>,
    ) -> Result<(), Difference> {
        compare_status(line, response)?;
        let came = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let recorded = line.headers.get(CONTENT_TYPE.as_str()).map(String::as_str);
        if came != recorded {
            let said = |value: Option<&str>| value.unwrap_or("nothing").to_owned();
            return Err(Difference::new("/headers/content-type", said(recorded), said(came)));
        }
        self.compare_secrets(line, response)?;
        let recorded = body_text(line);
        let came = match body(line).is_some() {
            true => parsed(response.body()),
            false => JsonText::string(&String::from_utf8_lossy(response.body())),
        };
        let (came, read) = self.transcript(request, recorded.as_ref(), came);
        let scope = request.user.clone().unwrap_or_default();
        let compared = compare(&mut self.names, &scope, recorded.as_ref(), came.as_ref());
        compared.map_err(|mut difference| {
            // The server tells these lines to nobody again: the next comparison is with them as well.
            self.read.extend(read);
            difference.at = format!("/body{}", difference.at);
            difference
        })
    }

    fn compare_secrets(
        &mut self,
        line: &Line,
        response: &Response<Bytes>,
    ) -> Result<(), Difference> {
        match learn_secrets(&mut self.names, line, response.headers()) {
            None => Ok(()),
            Some(name) => Err(Difference::missing(&format!("/cookies/{name}"), "a cookie")),
        }
    }

    /// Lines that a visitor reads earlier than it was recorded are kept until they are due: a visitor is told
    /// each line once (CUST-4), unless the request says from where on. Answers what there is to compare, and
    /// every line that is the visitor's, should it differ.
    fn transcript(
        &mut self,
        request: &Line,
        recorded: JsonRef<'_>,
        came: JsonText,
    ) -> (JsonText, Option<(String, Vec<JsonText>)>) {
        let (Some(path), Some(recorded), Some(told)) =
            (transcript_of(request), lines(recorded), lines(came.as_ref()))
        else {
            return (came, None);
        };
        let (due, is_from) = (recorded.len(), says_from_where(request));
        let mut all = if is_from { Vec::new() } else { self.read.remove(path).unwrap_or_default() };
        // What was read from somewhere on may be told once more.
        all.extend(told.into_iter().filter(|line| !all.contains(line)).collect::<Vec<_>>());
        // What was recorded as told may have been so to somebody who did not wait for it.
        if let Some(first) = recorded.first().and_then(index) {
            all.retain(|line| index(line).is_none_or(|index| index >= first));
        }
        let whole = (!is_from).then(|| (path.to_owned(), all.clone()));
        let rest = all.split_off(due.min(all.len()));
        let texts: Vec<&str> = all.iter().map(JsonText::as_str).collect();
        let texts = format!("[{}]", texts.join(","));
        let compared = chat_http::rewrite(came.as_ref(), &mut |name, value| match name {
            "messages" if value.kind() == chat_model::JsonKind::Array => {
                chat_http::Edit::Replace(texts.clone())
            }
            _ => chat_http::Edit::Descend,
        });
        let kept = self.read.entry(path.to_owned()).or_default();
        // What was read from somewhere on counts as read, too.
        kept.extend(rest.into_iter().filter(|line| !kept.contains(line)).collect::<Vec<_>>());
        (parsed(compared.as_bytes()), whole)
    }
}

impl Play<'_> {
    /// Keeps the lines of a transcript that nobody compares.
    pub(super) fn keep_transcript(&mut self, request: &Line, response: &Response<Bytes>) {
        let Some(path) = transcript_of(request).filter(|_| !says_from_where(request)) else {
            return;
        };
        let told = lines(parsed(response.body()).as_ref()).unwrap_or_default();
        let kept = self.read.entry(path.to_owned()).or_default();
        kept.extend(told.into_iter().filter(|line| !kept.contains(line)).collect::<Vec<_>>());
    }
}

/// The path of a request for the transcript of a visitor's chat.
fn transcript_of(request: &Line) -> Option<&str> {
    let path = request.path.as_deref()?;
    let is_transcript = path.contains("/chats/visitor-") && path.ends_with("/messages");
    is_transcript.then_some(path)
}

fn says_from_where(request: &Line) -> bool {
    request.query.as_ref().is_some_and(|query| query.contains("index="))
}

fn lines(reply: JsonRef<'_>) -> Option<Vec<JsonText>> {
    Some(reply.get("messages")?.elements().map(JsonRef::to_text).collect())
}

fn index(line: &JsonText) -> Option<u64> {
    line.as_ref().get("index")?.as_u64()
}

fn compare_status(line: &Line, response: &Response<Bytes>) -> Result<(), Difference> {
    let came = response.status().as_str().to_owned();
    match status(line) == came {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(response.body()).into_owned();
            let said = if said.is_empty() { came } else { format!("{came} {said}") };
            Err(Difference::new("/status", status(line), said))
        }
    }
}

fn status(line: &Line) -> String {
    line.status.map_or_else(String::new, |status| status.to_string())
}

fn broken(line: &Line, error: &TransportError) -> Stop {
    Difference::new("/status", status(line), &*error.why).into()
}
