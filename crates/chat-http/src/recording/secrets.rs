//! What stands in a recording for what nobody may read there: names that are the same for the same secret
//! and tell nothing of it.
//!
//! A name is a keyed hash whose key is forgotten with the process, so no list of secrets grows with the
//! recording.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_model::{JsonKind, JsonRef, JsonText, Limits};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use sha2::Sha256;

use super::line::Line;
use super::rewrite::{Edit, rewrite};
use crate::chance::Chance;

/// Replies are longer than requests may be: transcripts, lists of chats.
const LONGEST_JSON: usize = 64 << 20;

/// In what is no JSON, so many letters and digits in a row may be somebody's secret.
const LONG_WORD: usize = 16;

/// Makes the names.
pub(crate) struct Secrets {
    key: [u8; 32],
}

/// What a body belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// It is one of the notification protocol.
    pub(super) is_messages: bool,
    /// The visitor whose chat it is about.
    pub(super) visitor: Option<&'a str>,
}

impl Secrets {
    pub(super) fn new(chance: &dyn Chance) -> Self {
        let mut key = [0; 32];
        chance.fill(&mut key);
        Self { key }
    }

    /// The name of `secret`, which begins with `kind`.
    pub(super) fn name(&self, kind: &str, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(secret.as_bytes());
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        let (head, _) = tag.split_at(8);
        let number = head.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{kind}-{number:016x}")
    }

    /// `path` without the visitors it names.
    pub(super) fn path(&self, path: &str) -> String {
        match visitor_and_segment_in(path) {
            Some((visitor, segment)) => path.replace(segment, &self.name("visitor", &visitor)),
            None => path.to_owned(),
        }
    }

    /// `query` of a request to `place`; what is in that of the notification protocol is read as a text.
    pub(super) fn query(&self, query: &str, place: Place<'_>) -> String {
        self.text(&self.path(query), place)
    }

    /// A text without the values that stand behind the name of a secret, as in a form, in a query, or in
    /// JSON that breaks off.
    fn without_named(&self, text: &str) -> String {
        let is_of_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-');
        let is_between =
            |sign: char| matches!(sign, '=' | ':' | '"' | '\'' | ' ' | '\t' | '\r' | '\n');
        let is_of_value =
            |sign: char| !matches!(sign, '&' | ',' | '}' | ']' | '"' | ';' | '\r' | '\n');
        let split = |text: &'_ str, goes_on: &dyn Fn(char) -> bool| {
            text.find(|sign| !goes_on(sign)).unwrap_or(text.len())
        };
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while !rest.is_empty() {
            let (between, tail) = rest.split_at(split(rest, &|sign| !is_of_name(sign)));
            let (name, tail) = tail.split_at(split(tail, &is_of_name));
            out.push_str(between);
            out.push_str(name);
            rest = tail;
            if is_of_secret(name) {
                let (between, tail) = rest.split_at(split(rest, &is_between));
                let (value, tail) = tail.split_at(split(tail, &is_of_value));
                out.push_str(between);
                if !value.is_empty() {
                    out.push_str(&self.name("password", value));
                }
                rest = tail;
            }
        }
        out
    }

    /// Puts a body into `line`.
    pub(super) fn put(&self, line: &mut Line, bytes: &[u8], place: Place<'_>) {
        if bytes.is_empty() {
            return;
        }
        let mut limits = Limits::default();
        limits.max_body_bytes = LONGEST_JSON;
        limits.max_keys = usize::MAX;
        let json = JsonRef::validate(bytes, &limits).map(|json| self.json(json, place));
        match json.ok().and_then(|json| RawValue::from_string(json).ok()) {
            Some(json) => line.body = Some(json),
            None => self.put_text(line, bytes, place),
        }
    }

    fn put_text(&self, line: &mut Line, bytes: &[u8], place: Place<'_>) {
        match std::str::from_utf8(bytes) {
            Ok(text) => line.text = Some(self.text(text, place)),
            // It may hold what a text may hold, in letters that nobody can tell apart.
            Err(_) if place.is_messages || place.visitor.is_some() => {
                line.text = Some(self.text(&String::from_utf8_lossy(bytes), place));
            }
            Err(_) => line.base64 = Some(STANDARD.encode(bytes)),
        }
    }

    fn json(&self, json: JsonRef<'_>, place: Place<'_>) -> String {
        let json = rewrite(json, &mut |name, value| self.edit(name, value, place));
        match place.visitor {
            Some(visitor) => json.replace(visitor, &self.name("visitor", visitor)),
            None => json,
        }
    }

    fn edit(&self, name: &str, value: JsonRef<'_>, place: Place<'_>) -> Edit {
        if name == "userData" {
            return Edit::Keep;
        }
        let kind = match name {
            "clientId" if place.is_messages => "client",
            // What extensions say that this server does not know (BAYEUX-9); its own say numbers.
            "ext" if place.is_messages => {
                return Edit::Replace(rewrite(value, &mut |_, value| self.hide("ext", value)));
            }
            name if is_of_secret(name) => "password",
            _ => return Edit::Descend,
        };
        self.hide(kind, value)
    }

    /// The name of a text, whatever it says.
    fn hide(&self, kind: &str, value: JsonRef<'_>) -> Edit {
        match value.decode_string().filter(|_| value.kind() == JsonKind::String) {
            Some(secret) => {
                Edit::Replace(JsonText::string(&self.name(kind, &secret)).as_str().to_owned())
            }
            None => Edit::Descend,
        }
    }

    /// What is no JSON names its secrets nowhere, so every long word is taken for one.
    fn text(&self, text: &str, place: Place<'_>) -> String {
        let text = match place.visitor {
            Some(visitor) => text.replace(visitor, &self.name("visitor", visitor)),
            None => text.to_owned(),
        };
        if !place.is_messages {
            return self.without_named(&text);
        }
        let mut out = String::with_capacity(text.len());
        let is_of_word = |c: char| c.is_ascii_alphanumeric();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            match word.len() {
                0..LONG_WORD => out.push_str(word),
                _ => out.push_str(&self.name("word", word)),
            }
            let end = tail.find(is_of_word).unwrap_or(tail.len());
            let (between, tail) = tail.split_at(end);
            out.push_str(between);
            rest = tail;
        }
        out
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Whether a member of this name is not for everybody's eyes.
fn is_of_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "credential", "token", "secret"].iter().any(|word| name.contains(word))
}

/// The visitor's name for a chat, a UUID, as a path has it (DEC-46); it is all the secret that a visitor has.
pub(super) fn visitor_in(path: &str) -> Option<String> {
    visitor_and_segment_in(path).map(|(visitor, _)| visitor)
}

/// The same, and how the path writes it, which may be in escapes.
fn visitor_and_segment_in(path: &str) -> Option<(String, &str)> {
    let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy();
    let mut segments = path.split('/');
    segments.find(|segment| decoded(segment) == "chats")?;
    let segment = segments.next()?;
    let text = decoded(segment);
    // Also where something was typed around it.
    let mut all = (0..text.len()).filter_map(|at| text.get(at..at + 36));
    all.find(|part| is_uuid(part)).map(|visitor| (visitor.to_owned(), segment))
}

/// The visitor of the chat that a reply to RequestChat tells of.
pub(super) fn visitor_of(reply: &[u8]) -> Option<String> {
    let reply = JsonRef::validate(reply, &Limits::default()).ok()?;
    Some(reply.get("id")?.decode_string()?.into_owned()).filter(|id| is_uuid(id))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
