//! Agents, visitors and their clients on the floor of the demo contact centre.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, Site};

pub(crate) const NOTIFICATIONS: &str = "/api/v2/notifications";

/// The id of a demo agent; `n` counts from 1.
pub(crate) fn agent_id(n: u32) -> String {
    format!("a5e9c0ffee00000000000000000000{n:02}")
}

pub(crate) fn agent_uri(n: u32) -> String {
    format!("http://127.0.0.1:8090/api/v2/users/{}", agent_id(n))
}

impl Site {
    /// Logs the agents in on the chat channel, NotReady.
    pub(crate) async fn log_in(&self, users: &[&str]) {
        let body = r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#;
        for user in users {
            self.ask(Ask::post("/api/v2/me", body).by(user)).await.assert_ok();
        }
    }

    pub(crate) async fn ready(&self, user: &str) {
        self.ask(Ask::operation("/api/v2/me/channels/chat", "Ready").by(user)).await.assert_ok();
        self.app.catch_up().await;
    }

    /// An agent's operation on a chat, and everything that follows from it.
    pub(crate) async fn perform(&self, user: &str, chat: &str, body: Value) -> Answer {
        let path = format!("/api/v2/me/chats/{chat}");
        let answer = self.ask(Ask::post(&path, body.to_string()).by(user)).await;
        self.app.catch_up().await;
        answer
    }

    /// The chat as the agent sees it.
    pub(crate) async fn chat(&self, user: &str, chat: &str) -> Value {
        let answer = self.ask(Ask::get(&format!("/api/v2/me/chats/{chat}")).by(user)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["chat"].clone()
    }

    /// The ids of the agent's open chats, in order.
    pub(crate) async fn chats(&self, user: &str) -> Vec<String> {
        let answer = self.ask(Ask::get("/api/v2/me/chats?fields=id").by(user)).await.json();
        let chats = answer["chats"].as_array().unwrap();
        chats.iter().map(|chat| chat["id"].as_str().unwrap().to_owned()).collect()
    }

    /// A visitor asks for a chat; the visitor's name for it.
    pub(crate) async fn visit(&self, nickname: &str) -> String {
        let body = json!({"operationName": "RequestChat", "nickname": nickname,
            "subject": "Help", "userData": {"FirstName": nickname}});
        let answer = self.ask(Ask::post("/api/v2/chats", body.to_string())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.app.catch_up().await;
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn visitor_says(&self, visitor: &str, body: Value) -> Answer {
        let answer =
            self.ask(Ask::post(&format!("/api/v2/chats/{visitor}"), body.to_string())).await;
        self.app.catch_up().await;
        answer
    }

    /// What the visitor has not read yet, as `type` and `text`.
    pub(crate) async fn visitor_reads(&self, visitor: &str, query: &str) -> Vec<String> {
        let path = format!("/api/v2/chats/{visitor}/messages{query}");
        let answer = self.ask(Ask::get(&path)).await.json();
        assert_eq!(answer["statusCode"], 0, "{answer}");
        answer["messages"].as_array().unwrap().iter().map(line).collect()
    }

    pub(crate) async fn visitor_state(&self, visitor: &str) -> String {
        let answer = self.ask(Ask::get(&format!("/api/v2/chats/{visitor}"))).await.json();
        answer["chat"]["state"].as_str().unwrap().to_owned()
    }

    /// Handshake, subscription and first connect.
    pub(crate) async fn listen(&self, user: &'static str) -> Listener {
        self.listen_with(user, json!({})).await
    }

    pub(crate) async fn listen_with(&self, user: &'static str, ext: Value) -> Listener {
        self.listen_to(user, "/v2/me/chats", ext).await
    }

    pub(crate) async fn listen_to(
        &self,
        user: &'static str,
        channel: &str,
        ext: Value,
    ) -> Listener {
        let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "ext": ext,
            "supportedConnectionTypes": ["long-polling"]}]);
        let answer = self.bayeux(user, &hello).await.json();
        let client_id = answer[0]["clientId"].as_str().unwrap().to_owned();
        let listener = Listener { user, client_id };
        let subscribe = json!([{"channel": "/meta/subscribe", "clientId": listener.client_id,
            "subscription": channel}]);
        assert_eq!(self.bayeux(user, &subscribe).await.json()[0]["successful"], true);
        listener.poll(self, json!({})).await;
        listener
    }

    pub(crate) async fn bayeux(&self, user: &str, messages: &Value) -> Answer {
        self.ask(Ask::post(NOTIFICATIONS, messages.to_string()).by(user)).await
    }
}

/// A client with a session.
pub(crate) struct Listener {
    pub(crate) user: &'static str,
    pub(crate) client_id: String,
}

impl Listener {
    pub(crate) fn connect(&self, ext: Value, timeout: Option<u32>) -> Value {
        let mut connect = json!({"channel": "/meta/connect", "clientId": self.client_id,
            "connectionType": "long-polling", "ext": ext});
        if let Some(timeout) = timeout {
            connect["advice"] = json!({"timeout": timeout});
        }
        json!([connect])
    }

    /// Everything that is there by now, and the reply of the connect last.
    pub(crate) async fn poll(&self, site: &Site, ext: Value) -> Vec<Value> {
        site.app.catch_up().await;
        let answer = site.bayeux(self.user, &self.connect(ext, Some(0))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().as_array().unwrap().clone()
    }

    /// The `data` of everything that is there by now.
    pub(crate) async fn hear(&self, site: &Site) -> Vec<Value> {
        let mut all = self.poll(site, json!({})).await;
        let reply = all.pop().unwrap();
        assert_eq!(reply["successful"], true, "{reply}");
        all.into_iter().map(|mut event| event["data"].take()).collect()
    }

    /// What is there by now, one short line each.
    pub(crate) async fn hear_short(&self, site: &Site) -> Vec<String> {
        self.hear(site).await.iter().map(short).collect()
    }
}

/// An event in one line: kind, state and participants, or kind and messages; of channels what
/// they are now.
pub(crate) fn short(data: &Value) -> String {
    if data["messageType"] == "ChannelStateChangeMessageV2" {
        let channels: Vec<_> = data["channels"].as_array().unwrap().iter().map(channel).collect();
        return channels.join(" ");
    }
    let kind = data["notificationType"].as_str().unwrap();
    if kind == "NewMessages" {
        let lines: Vec<String> = data["messages"].as_array().unwrap().iter().map(line).collect();
        return format!("NewMessages {}", lines.join(", "));
    }
    let chat = &data["chat"];
    let people: Vec<String> = chat["participants"].as_array().unwrap().iter().map(person).collect();
    let number = if data["referenceId"].is_u64() { " #" } else { "" };
    format!("{kind} {} [{}]{number}", chat["state"].as_str().unwrap(), people.join(", "))
}

/// `chat:Ready:Off`: the channel, what is shown of its state, and do-not-disturb.
fn channel(channel: &Value) -> String {
    let name = channel["channel"].as_str().unwrap();
    let shown = channel["userState"]["displayName"].as_str().unwrap();
    match channel["dndState"].as_str() {
        Some(dnd) => format!("{name}:{shown}:{dnd}"),
        None => format!("{name}:{shown}"),
    }
}

fn person(participant: &Value) -> String {
    let name = participant["nickname"].as_str().unwrap();
    match participant["visibility"].as_str().unwrap() {
        "All" => name.to_owned(),
        other => format!("{name}({other})"),
    }
}

pub(crate) fn line(message: &Value) -> String {
    let who = message["from"]["nickname"].as_str().unwrap();
    let what = message["type"].as_str().unwrap();
    match message["text"].as_str() {
        Some(text) => format!("{who}: {text}"),
        None => format!("{who} {what}"),
    }
}
