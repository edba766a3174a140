//! Configuration values that are narrower than text: whoever holds one need not check it again.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Params};
use serde::{Deserialize, Deserializer};

use super::AddressRange;
use super::web::{ForwardedHeader, SameSite};

/// The text is not one that the value can have; says what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    expected: &'static str,
    found: String,
}

impl ValueError {
    pub(super) fn new(expected: &'static str, found: impl Into<String>) -> Self {
        Self { expected, found: found.into() }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for ValueError {}

/// The address clients see in front of every resource, ending with `/api/v2` (PLAT-1.1-1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiUrl(String);

impl ApiUrl {
    const EXPECTED: &str = "an address such as \"https://chat.example.com/api/v2\", with http or https, ending with /api/v2";

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether clients reach the server over encrypted connections.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Scheme, host and port, as browsers send the origin of a page.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[host..].find('/').map_or(self.0.len(), |at| host + at);
        &self.0[..end]
    }
}

impl FromStr for ApiUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let fits = split_http(text)
            .and_then(|rest| rest.strip_suffix("/api/v2"))
            .is_some_and(|before| is_host(before.split('/').next().unwrap_or_default()))
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>'))
            && !text.contains(['?', '#']);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(Self::EXPECTED, format!("{text:?}")))
        }
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A web origin that may call with credentials, such as `https://desk.example.com` (PLAT-1.6-2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(String);

impl Origin {
    /// The origin as browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if split_http(text).is_some_and(is_host) && !text.bytes().any(|b| b.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(
                "an origin such as \"https://desk.example.com\", in lower case, without path",
                format!("{text:?}"),
            ))
        }
    }
}

fn split_http(text: &str) -> Option<&str> {
    text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
}

/// How far local time is ahead of UTC, written `+0200` (DEC-35).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimeOffset(i16);

impl TimeOffset {
    /// Minutes east of UTC.
    pub const fn minutes(self) -> i16 {
        self.0
    }
}

impl FromStr for TimeOffset {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error =
            || ValueError::new("an offset such as \"+0200\" or \"-0530\"", format!("{text:?}"));
        let (sign, digits) = match text.split_at_checked(1) {
            Some(("+", digits)) => (1, digits),
            Some(("-", digits)) => (-1, digits),
            _ => return Err(error()),
        };
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let number: i16 = digits.parse().map_err(|_| error())?;
        let (hours, minutes) = (number / 100, number % 100);
        if hours > 14 || minutes > 59 {
            return Err(error());
        }
        Ok(Self(sign * (hours * 60 + minutes)))
    }
}

/// What is kept of a password: an argon2 hash in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$…`.
///
/// [`hash_password`](crate::hash_password) makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    pub(crate) fn phc(&self) -> &phc::PasswordHash {
        &self.0
    }
}

/// What one check of a password may take: whoever knocks makes the server do it.
const MOST_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;

impl FromStr for PasswordHash {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // What came is not repeated: it may be a password that somebody put into the wrong place.
        let error = |found: &str| {
            let expected = "an argon2 hash such as \"$argon2id$v=19$m=19456,t=2,p=1$…\", as `chat \
                hash-password` prints it";
            ValueError::new(expected, found)
        };
        let hash = phc::PasswordHash::new(text).map_err(|_| error("text of another shape"))?;
        if Algorithm::try_from(hash.algorithm.as_str()).is_err() {
            return Err(error("a hash by another algorithm"));
        }
        let Ok(params) = Params::try_from(&hash) else {
            return Err(error("parameters that argon2 does not have"));
        };
        if params.m_cost() > MOST_KIB || params.t_cost() > MOST_PASSES {
            return Err(error("one whose every check would take more than 1 GiB or 64 passes"));
        }
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(error("no salt or no hash in it"));
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

macro_rules! read_from_text {
    ($($name:ident)+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

read_from_text! { ApiUrl Origin TimeOffset PasswordHash AddressRange SameSite ForwardedHeader }
