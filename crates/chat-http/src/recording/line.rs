//! One line of a recording: the same for who writes and for who reads it. docs/recordings.md describes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// What happened, as one JSON object.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Line {
    /// What it tells of.
    #[serde(rename = "type")]
    pub kind: LineType,
    /// Milliseconds since the recording began.
    pub at: u64,
    /// The number of the exchange: a request, what is answered, and the frames of its websocket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// The version of the format; on the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The address of the interface in what the server says; on the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether it is the demo contact centre; on the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo: Option<bool>,
    /// How many lines there are; on the last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// The name of the user who asks, as far as one can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// With a request: `basic` if credentials came along, `unreadable` if they were none. With a reply:
    /// `refused` if the password was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The method of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The query of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The status of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The headers that mean something to the interface, in small letters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The cookies, by name; the values are names of secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cookies: BTreeMap<String, String>,
    /// Who sent a frame, or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Side>,
    /// The code with which a websocket was closed, if one was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The request was refused before it was read as a whole, or the reply broke off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// The body, if it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// The body, if it is other text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// What a line tells of.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LineType {
    /// The first line.
    Recording,
    /// Somebody asks.
    Request,
    /// The answer.
    Reply,
    /// The client has gone before there was an answer.
    Gone,
    /// A text frame of a websocket.
    Frame,
    /// A websocket is closed.
    Close,
    /// The last line.
    End,
}

/// One end of a websocket.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Side {
    /// Who has connected.
    Client,
    /// Who was connected to.
    Server,
}

impl Line {
    /// A line of this type, of the exchange of this number, that says nothing yet.
    pub(super) fn new(kind: LineType, n: Option<u64>) -> Self {
        Self {
            kind,
            at: 0,
            n,
            version: None,
            base: None,
            demo: None,
            lines: None,
            user: None,
            login: None,
            method: None,
            path: None,
            query: None,
            status: None,
            headers: BTreeMap::new(),
            cookies: BTreeMap::new(),
            from: None,
            code: None,
            broken: false,
            body: None,
            text: None,
            base64: None,
        }
    }

    pub(super) fn header(base: &str, is_demo: bool) -> Self {
        let mut line = Self::new(LineType::Recording, None);
        line.version = Some(VERSION);
        line.base = Some(base.to_owned());
        line.demo = Some(is_demo);
        line
    }

    pub(super) fn end(at: u64, lines: u64) -> Self {
        let mut line = Self::new(LineType::End, None);
        (line.at, line.lines) = (at, Some(lines));
        line
    }

    /// Whether this program can read recordings that begin with this line.
    pub fn is_known_header(&self) -> bool {
        self.kind == LineType::Recording && self.version == Some(VERSION) && self.base.is_some()
    }

    /// As it stands in the file, with the line's end.
    pub(super) fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a line has only texts for keys");
        text.push('\n');
        text
    }
}
