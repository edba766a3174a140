//! What a configuration says about browsers and about what stands between them and the server.

use std::str::FromStr;

use super::ValueError;

/// With which requests from other sites' pages browsers send the session's cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum SameSite {
    /// When a link is followed, and not with what a page asks for in the background.
    #[default]
    Lax,
    /// With none.
    Strict,
    /// With all; only over encrypted connections.
    None,
}

impl SameSite {
    /// How a configuration spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "lax",
            Self::Strict => "strict",
            Self::None => "none",
        }
    }
}

impl FromStr for SameSite {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let all = [Self::Lax, Self::Strict, Self::None];
        all.into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| ValueError::new("\"lax\", \"strict\" or \"none\"", format!("{text:?}")))
    }
}

/// Where trusted proxies write the address of who asked them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 192.0.2.7, 10.0.0.1`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=192.0.2.7, for="[2001:db8::1]:4711"` (RFC 7239).
    Forwarded,
}

impl FromStr for ForwardedHeader {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(ValueError::new("\"x-forwarded-for\" or \"forwarded\"", format!("{text:?}"))),
        }
    }
}
