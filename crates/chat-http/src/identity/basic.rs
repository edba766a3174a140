//! Basic credentials (RFC 7617) as clients of this interface really send them.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::header::{AUTHORIZATION, HeaderValue};

/// The bytes behind `Basic`, a colon somewhere in them.
pub(crate) struct Credentials(Vec<u8>);

/// Longer ones are nobody's; the bound keeps argon2's input and the logs of proxies small.
const MAX_BYTES: usize = 1_024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request shows of credentials.
pub(crate) enum Shown {
    /// None that are Basic.
    Nothing,
    /// Something that is nobody's: no pair of name and password, or several headers, of which
    /// others on the way may have read another one.
    Unreadable,
    /// A name and a password.
    Credentials(Credentials),
}

/// The credentials of a request.
pub(crate) fn shown(headers: &HeaderMap) -> Shown {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Shown::Nothing };
    let is_basic = |value: &HeaderValue| {
        value.as_bytes().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
    };
    match values.next() {
        None if !is_basic(value) => Shown::Nothing,
        None => read(value).map_or(Shown::Unreadable, Shown::Credentials),
        Some(_) => Shown::Unreadable,
    }
}

fn read(value: &HeaderValue) -> Option<Credentials> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 2 * MAX_BYTES {
        return None;
    }
    let bytes = BASE64.decode(encoded.trim()).ok()?;
    (bytes.len() <= MAX_BYTES && bytes.contains(&b':')).then_some(Credentials(bytes))
}

impl Credentials {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What they can mean, name and password, the likelier first (PLAT-2.1-2): UTF-8, and
    /// ISO-8859-1 where that is something else.
    pub(crate) fn readings(&self) -> impl Iterator<Item = (String, String)> {
        let utf8 = str::from_utf8(&self.0).ok().map(str::to_owned);
        let latin1 = (!self.0.is_ascii()).then(|| self.0.iter().copied().map(char::from).collect());
        utf8.into_iter().chain(latin1).filter_map(|text: String| {
            let (name, password) = text.split_once(':')?;
            Some((name.to_owned(), password.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AUTHORIZATION, HeaderMap, HeaderValue, Shown, shown};

    #[track_caller]
    fn check(header: &str, expected: &[(&str, &str)]) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        let readings: Vec<_> = match shown(&headers) {
            Shown::Credentials(credentials) => credentials.readings().collect(),
            Shown::Nothing | Shown::Unreadable => Vec::new(),
        };
        let readings: Vec<_> = readings.iter().map(|(n, p)| (n.as_str(), p.as_str())).collect();
        assert_eq!(readings, expected, "{header}");
    }

    /// PLAT-2.1-2.
    #[test]
    fn credentials_are_read_as_utf_8_and_then_as_iso_8859_1() {
        // The bytes of "müller:groß" in UTF-8 are letters in ISO-8859-1, too.
        check("Basic bcO8bGxlcjpncm/Dnw==", &[("müller", "groß"), ("mÃ¼ller", "groÃ\u{9f}")]);
        // In ISO-8859-1 they are no UTF-8.
        check("Basic bfxsbGVyOmdyb98=", &[("müller", "groß")]);
    }

    /// RFC 7617: the first colon ends the name; the scheme's case and the padding do not matter.
    #[test]
    fn credentials_are_split_at_the_first_colon() {
        check("Basic YWdlbnQxOmE6Yg==", &[("agent1", "a:b")]);
        check("basic YWdlbnQxOmE6Yg", &[("agent1", "a:b")]);
        check("BASIC  YWdlbnQxOg==", &[("agent1", "")]);
    }

    #[test]
    fn what_is_no_pair_of_name_and_password_is_nobody() {
        for header in ["", "Basic", "Basic !", "Basic YWdlbnQx", "Bearer YWdlbnQxOmE6Yg=="] {
            check(header, &[]);
        }
        check(&format!("Basic {}", "YTph".repeat(400)), &[]);
    }

    /// What is unreadable is not taken for an anonymous request, whose cookie would count.
    #[test]
    fn credentials_are_shown_once_or_not_at_all() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            match shown(&headers) {
                Shown::Nothing => "nothing",
                Shown::Unreadable => "unreadable",
                Shown::Credentials(_) => "credentials",
            }
        };
        let basic = "Basic YWdlbnQxOmE6Yg==";
        assert_eq!(of(&[]), "nothing");
        assert_eq!(of(&["Bearer x"]), "nothing");
        assert_eq!(of(&[basic]), "credentials");
        for several in [&[basic, basic][..], &[basic, "Bearer x"], &["Bearer x", basic]] {
            assert_eq!(of(several), "unreadable", "{several:?}");
        }
        for unreadable in ["Basic", "Basic ", "basic !", "Basic YWdlbnQx", "Basic\u{9}x"] {
            assert_eq!(of(&[unreadable]), "unreadable", "{unreadable}");
        }
    }
}
