//! What a script looks like in its file: TOML, as the configuration is. What it says is checked in
//! `cast`; here is seen to it that it is one at all.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use toml::Spanned;

use super::cast::Problem;

/// A script.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) customers: Vec<Spanned<Customer>>,
    #[serde(default)]
    pub(super) agents: Vec<Spanned<Agent>>,
}

/// A customer who comes once, or again and again.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Customer {
    pub(super) nickname: Option<Spanned<String>>,
    pub(super) subject: Option<String>,
    pub(super) queue: Option<Spanned<String>>,
    /// The JSON of an object, because TOML does not keep the order (DEC-1).
    pub(super) user_data: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) start: Seconds,
    pub(super) every: Option<Spanned<Seconds>>,
    pub(super) count: Option<u64>,
    pub(super) at_once: Option<usize>,
    pub(super) patience: Option<Seconds>,
    #[serde(default)]
    pub(super) rules: Vec<Spanned<Rule>>,
}

/// A colleague of whoever is developed.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) user: Spanned<String>,
    pub(super) password_file: Option<Spanned<std::path::PathBuf>>,
    pub(super) nickname: Option<String>,
    #[serde(default)]
    pub(super) ready: bool,
    #[serde(default)]
    pub(super) rules: Vec<Spanned<Rule>>,
}

/// What somebody does when something happens.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) on: Spanned<Event>,
    #[serde(default)]
    pub(super) contains: Texts,
    pub(super) from: Option<From>,
    #[serde(default)]
    pub(super) after: Seconds,
    pub(super) times: Option<u32>,
    pub(super) say: Option<Texts>,
    pub(super) whisper: Option<Texts>,
    #[serde(rename = "do")]
    pub(super) does: Option<Spanned<Texts>>,
    pub(super) transfer: Option<Spanned<String>>,
    pub(super) consult: Option<Spanned<String>>,
    pub(super) invite: Option<Spanned<String>>,
}

/// What can happen in a chat.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// A customer has asked for the chat.
    Requested,
    /// An agent is asked to accept.
    Invited,
    /// To a customer: an agent joined; to an agent: the agent is in the chat.
    Joined,
    /// Somebody else said something.
    Message,
    /// To a customer: an agent left; to an agent: the customer left.
    Left,
}

/// Whose messages count.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum From {
    Customer,
    Agent,
}

/// One text, or several.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

/// A time, in milliseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) u64);

/// Reads `text` as a script.
pub(super) fn read(text: &str) -> Result<File, Vec<Problem>> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![Problem::at(text, at, error.message().to_owned())]
    })
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;
        impl<'de> Visitor<'de> for Expected {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an array of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut all: A,
            ) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = all.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Expected)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;
        impl Visitor<'_> for Expected {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds from 0 to 86400, such as 30 or 0.5")
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Seconds, E> {
                #[expect(clippy::cast_precision_loss, reason = "what is that large is refused")]
                self.visit_f64(seconds as f64)
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Seconds, E> {
                if !(0.0..=86_400.0).contains(&seconds) {
                    return Err(E::invalid_value(serde::de::Unexpected::Float(seconds), &self));
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it is between 0 and a day"
                )]
                Ok(Seconds((seconds * 1_000.0).round() as u64))
            }
        }
        deserializer.deserialize_any(Expected)
    }
}
