//! The notification protocol in a play: polls that are held, websockets, and what they bring.

use std::collections::VecDeque;

use chat_http::{Line, LineType};
use chat_model::{JsonRef, JsonText};
use hyper::header::UPGRADE;

use super::compare::{Difference, compare};
use super::play::{Play, Socket, Stop, parsed};
use super::recording::{API, body};
use super::sessions::{ack, batch, is_end, is_event, is_of, messages, text, with_number};
use super::wire::{Arrived, talk, translated_json};

/// Whether a request carries messages of the notification protocol.
pub(super) fn is_messages(line: &Line) -> bool {
    let path = line.path.as_deref().unwrap_or_default();
    let below = path.strip_prefix(API).and_then(|path| path.strip_prefix("/notifications"));
    below.is_some() && !line.headers.contains_key(UPGRADE.as_str())
}

/// Whether it is a connect, which may be held; it travels alone (BAYEUX-4.4).
pub(super) fn is_poll(line: &Line) -> bool {
    is_messages(line)
        && line.kind == LineType::Request
        && body(line).is_some_and(|body| {
            let all = messages(body);
            all.len() == 1 && all.iter().all(|message| is_of(*message, "/meta/connect"))
        })
}

impl<'a> Play<'a> {
    /// A connect: sent, unless one is held that was answered in the recording.
    pub(super) async fn poll(&mut self, n: u64, line: &'a Line) -> Result<(), Stop> {
        let Some(message) = body(line).and_then(|body| messages(body).first().copied()) else {
            return Ok(());
        };
        let name = text(message, "clientId").unwrap_or_default();
        let session = self.sessions.get(&name);
        session.user = line.user.clone().unwrap_or_default();
        session.connect = Some((line.clone(), None, message.to_text()));
        let stands_in = session.held > session.recorded_held;
        session.recorded_held += 1;
        if stands_in {
            return Ok(());
        }
        self.send_connect(&name, Some(n)).await
    }

    /// Sends the latest connect of a session, as the exchange `n` if it is one of the recording.
    async fn send_connect(&mut self, name: &str, n: Option<u64>) -> Result<(), Stop> {
        let session = self.sessions.get(name);
        let Some((line, socket, message)) = session.connect.clone() else { return Ok(()) };
        let message = match (ack(message.as_ref()), session.ack) {
            (Some(_), Some(ack)) => parsed(with_number(message.as_ref(), "ack", ack).as_bytes()),
            _ => message,
        };
        session.held += 1;
        let text = translated_json(message.as_ref(), &self.names);
        if let Some(socket) = socket {
            if let Some(socket) = self.sockets.get(&socket) {
                // If it is closed, that is seen when something is waited for.
                let _ = socket.send.send(format!("[{text}]"));
            }
            return Ok(());
        }
        let text = format!("[{text}]");
        let request = self.target.request(&line, &mut self.names, self.round, Some(text));
        let request = request.map_err(Stop::Unreachable)?;
        self.figures.pace().await;
        self.figures.requests += 1;
        let (target, arrives) = (self.target.clone(), self.arrives.clone());
        let n = n.or(line.n).unwrap_or_default();
        let task = self.tasks.spawn(async move {
            let answered = target.send(request).await;
            // Nobody listens once the play is over.
            let _ = arrives.send((n, Arrived::Reply(answered)));
        });
        self.polls.insert(n, task);
        Ok(())
    }

    /// The client hangs up on a poll.
    pub(super) fn hang_up(&mut self, n: u64, line: &Line) {
        if !is_poll(line) {
            // Here it was answered, and what it brought is told to nobody again.
            if let Some(Ok(response)) = self.replies.remove(&n) {
                self.keep_transcript(line, &response);
            }
            return;
        }
        let name = body(line).and_then(|body| text(*messages(body).first()?, "clientId"));
        let session = self.sessions.get(&name.unwrap_or_default());
        session.recorded_held = session.recorded_held.saturating_sub(1);
        if let Some(poll) = self.polls.remove(&n).filter(|poll| !poll.is_finished()) {
            poll.abort();
            session.held = session.held.saturating_sub(1);
        }
    }

    /// Takes note of sessions that their client ends.
    pub(super) fn leave(&mut self, said: JsonRef<'_>) {
        for message in messages(said) {
            if is_of(message, "/meta/disconnect")
                && let Some(name) = text(message, "clientId")
            {
                self.sessions.get(&name).is_left = true;
            }
        }
    }

    /// The body of a request that goes on from a number of an earlier session (DEC-71), with the number
    /// that this server gave; what the earlier one was told too early belongs to the next.
    pub(super) fn resuming(&mut self, line: &Line) -> Option<String> {
        let json = body(line).filter(|_| is_messages(line))?;
        let recorded = messages(json).into_iter().find_map(batch)?;
        let user = line.user.clone().unwrap_or_default();
        let (ack, _) = self.sessions.resumed(&user, recorded)?.clone();
        let numbered = parsed(with_number(json, "batch", ack).as_bytes());
        Some(translated_json(numbered.as_ref(), &self.names))
    }

    /// Takes what came.
    pub(super) fn take(&mut self, n: u64, arrived: Arrived) {
        match arrived {
            Arrived::Reply(answered) => {
                self.polls.remove(&n);
                let Some(line) = self.asked.get(&n).copied() else { return };
                let name = body(line).and_then(|body| text(*messages(body).first()?, "clientId"));
                let name = name.unwrap_or_default();
                match &answered {
                    Ok(response) if response.status() == 200 => {
                        let came = parsed(unwrapped(response.body()));
                        self.take_messages(&name, came.as_ref());
                    }
                    _ => {
                        let session = self.sessions.get(&name);
                        session.held = session.held.saturating_sub(1);
                    }
                }
                self.replies.insert(n, answered);
            }
            Arrived::Frame(frame) => {
                let came = parsed(frame.as_bytes());
                let Some(socket) = self.sockets.get_mut(&n) else { return };
                let all = messages(came.as_ref());
                for message in &all {
                    if !is_event(*message) && !is_of(*message, "/meta/connect") {
                        socket.answers.push_back(message.to_text());
                    }
                }
                let name = socket.session.clone().unwrap_or_default();
                self.take_messages(&name, came.as_ref());
            }
            Arrived::Closed(code) => {
                if let Some(socket) = self.sockets.get_mut(&n) {
                    socket.closed = Some(code);
                }
            }
        }
    }

    pub(super) fn take_messages(&mut self, name: &str, came: JsonRef<'_>) {
        let session = self.sessions.get(name);
        messages(came).into_iter().for_each(|message| session.take(message));
    }

    /// Compares recorded messages that came by the exchange `n`, with answers other than those to connects
    /// taken from `answer`.
    pub(super) async fn compare_messages(
        &mut self,
        n: u64,
        name: &str,
        recorded: JsonRef<'_>,
        mut answers: Option<VecDeque<JsonText>>,
    ) -> Result<(), Stop> {
        for (at, message) in messages(recorded).into_iter().enumerate() {
            let at = format!("/body/{at}");
            if is_event(message) {
                self.compare_event(&at, name, message).await?;
            } else if is_of(message, "/meta/connect") {
                self.compare_connect(&at, name, message).await?;
            } else {
                let found = match &mut answers {
                    Some(answers) => answers.pop_front(),
                    None => self.next_answer(n).await,
                };
                self.same(&at, name, message, found)?;
            }
        }
        Ok(())
    }

    /// The next answer over a websocket.
    async fn next_answer(&mut self, n: u64) -> Option<JsonText> {
        loop {
            if let Some(answer) = self.sockets.get_mut(&n)?.answers.pop_front() {
                return Some(answer);
            }
            if self.sockets.get(&n)?.closed.is_some() || !self.arrival(self.deadline).await {
                return None;
            }
        }
    }

    async fn compare_event(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
    ) -> Result<(), Stop> {
        if self.sessions.get(name).heard.is_empty() {
            self.ask_causes().await?;
        }
        loop {
            if let Some(found) = self.sessions.get(name).heard.pop_front() {
                self.figures.notifications += 1;
                return self.same(at, name, recorded, Some(found));
            }
            if !self.listen(name).await? {
                return self.same(at, name, recorded, None);
            }
        }
    }

    /// Has a connect held and waits for something to come; false if time is up or the session is over.
    async fn listen(&mut self, name: &str) -> Result<bool, Stop> {
        let session = self.sessions.get(name);
        let is_over = session.connects.back().is_some_and(|reply| is_end(reply.as_ref()));
        if session.held == 0 && session.connect.is_some() {
            if is_over {
                return Ok(false);
            }
            self.send_connect(name, None).await?;
        }
        Ok(self.arrival(self.deadline).await)
    }

    /// The reply to a connect says something only if the session does not simply go on.
    async fn compare_connect(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
    ) -> Result<(), Stop> {
        let session = self.sessions.get(name);
        session.recorded_held = session.recorded_held.saturating_sub(1);
        if let Some(number) = ack(recorded) {
            self.sessions.acknowledge(name, number);
        }
        // Whether a connect comes before the good-bye or after it is a matter of moments.
        if self.sessions.get(name).is_left {
            return Ok(());
        }
        if !is_end(recorded) {
            let session = self.sessions.get(name);
            let ended = session.connects.iter().find(|reply| is_end(reply.as_ref())).cloned();
            session.connects.retain(|reply| is_end(reply.as_ref()));
            return match ended {
                Some(ended) => {
                    let expected = recorded.to_text().as_str().to_owned();
                    Err(Difference::new(at, expected, ended.as_str()).into())
                }
                None => Ok(()),
            };
        }
        self.ask_causes().await?;
        if self.sessions.get(name).is_left {
            return Ok(());
        }
        loop {
            let session = self.sessions.get(name);
            let ended = session.connects.iter().position(|reply| is_end(reply.as_ref()));
            if let Some(ended) = ended.and_then(|at| session.connects.remove(at)) {
                let essence = |reply: JsonRef<'_>| {
                    let of =
                        |name: &str| reply.get(name).map_or("null", JsonRef::as_str).to_owned();
                    let reconnect = reply.get("advice").and_then(|it| it.get("reconnect"));
                    let reconnect = reconnect.map_or("null", JsonRef::as_str);
                    let (successful, error) = (of("successful"), of("error"));
                    parsed(
                        format!(r#"{{"successful":{successful},"error":{error},"reconnect":{reconnect}}}"#)
                            .as_bytes(),
                    )
                };
                let (one, other) = (essence(recorded), essence(ended.as_ref()));
                return self.same(at, name, one.as_ref(), Some(other));
            }
            if !self.listen(name).await? {
                return self.same(at, name, recorded, None);
            }
        }
    }

    /// Compares what was recorded at a place with what came.
    pub(super) fn same(
        &mut self,
        at: &str,
        name: &str,
        recorded: JsonRef<'_>,
        found: Option<JsonText>,
    ) -> Result<(), Stop> {
        let Some(found) = found else {
            return Err(Difference::missing(at, recorded.to_text().as_str()).into());
        };
        let scope = self.sessions.get(name).user.clone();
        compare(&mut self.names, &scope, recorded, found.as_ref()).map_err(|mut difference| {
            difference.at = format!("{at}{}", difference.at);
            Stop::Different(difference)
        })
    }

    /// Opens a websocket where the recording did.
    pub(super) async fn open_socket(
        &mut self,
        n: u64,
        response: hyper::Response<bytes::Bytes>,
    ) -> Result<(), Stop> {
        let talking = talk(response, n, self.arrives.clone()).await;
        let (send, talking) = talking.map_err(Stop::Unreachable)?;
        self.tasks.spawn(talking);
        let answers = VecDeque::new();
        self.sockets.insert(n, Socket { send, session: None, answers, closed: None });
        Ok(())
    }

    /// Says over a websocket what the client said.
    pub(super) async fn say(&mut self, n: u64, line: &'a Line) -> Result<(), Stop> {
        let Some(request) = self.asked.get(&n).copied() else { return Ok(()) };
        let Some(json) = body(line) else {
            let text = super::wire::translated(line, &self.names).unwrap_or_default();
            if let Some(socket) = self.sockets.get(&n) {
                let _ = socket.send.send(text);
            }
            return Ok(());
        };
        self.leave(json);
        let all = messages(json);
        let named = all.iter().find_map(|message| text(*message, "clientId"));
        if let (Some(name), Some(socket)) = (&named, self.sockets.get_mut(&n)) {
            socket.session = Some(name.clone());
        }
        let mut said = Vec::new();
        for message in all {
            if !is_of(message, "/meta/connect") {
                said.push(translated_json(message, &self.names));
                continue;
            }
            let name = text(message, "clientId").unwrap_or_default();
            let session = self.sessions.get(&name);
            session.user = request.user.clone().unwrap_or_default();
            session.connect = Some((request.clone(), Some(n), message.to_text()));
            let stands_in = session.held > session.recorded_held;
            session.recorded_held += 1;
            if !stands_in {
                self.send_connect(&name, None).await?;
            }
        }
        if !said.is_empty() {
            self.figures.pace().await;
            self.figures.requests += 1;
            if let Some(socket) = self.sockets.get(&n) {
                // If it is closed, that is seen when the answer is waited for.
                let _ = socket.send.send(format!("[{}]", said.join(",")));
            }
        }
        Ok(())
    }

    /// Compares a frame of the server.
    pub(super) async fn compare_frame(
        &mut self,
        n: u64,
        request: &'a Line,
        line: &'a Line,
    ) -> Result<(), Stop> {
        let Some(json) = body(line) else { return Ok(()) };
        let shaken = messages(json).into_iter().find(|message| is_of(*message, "/meta/handshake"));
        if let (Some(name), Some(socket)) =
            (shaken.and_then(|message| text(message, "clientId")), self.sockets.get_mut(&n))
        {
            socket.session = Some(name.clone());
            self.sessions.get(&name).user = request.user.clone().unwrap_or_default();
        }
        let name = self.sockets.get(&n).and_then(|socket| socket.session.clone());
        self.compare_messages(n, &name.unwrap_or_default(), json, None).await
    }

    /// Compares the end of a websocket that the server closed.
    pub(super) async fn compare_close(&mut self, n: u64, line: &'a Line) -> Result<(), Stop> {
        loop {
            let Some(socket) = self.sockets.get(&n) else { return Ok(()) };
            if let Some(code) = socket.closed {
                let said =
                    |code: Option<u16>| code.map_or("null".to_owned(), |code| code.to_string());
                return match code == line.code {
                    true => Ok(()),
                    false => Err(Difference::new("/code", said(line.code), said(code)).into()),
                };
            }
            if !self.arrival(self.deadline).await {
                return Err(Difference::missing("/type", "\"close\"").into());
            }
        }
    }
}

/// What a poll by callback calls its function with; any other body as it is.
pub(super) fn unwrapped(body: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let inner = text.find("([").and_then(|at| {
        let is_call = !text.starts_with(['[', '{', '"']);
        text[at + 1..].trim_end_matches(';').strip_suffix(')').filter(|_| is_call)
    });
    inner.map_or(body, str::as_bytes)
}
