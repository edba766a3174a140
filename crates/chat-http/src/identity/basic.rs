//! Basic credentials (RFC 7617) as clients of this interface really send them.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::header::AUTHORIZATION;

/// The bytes behind `Basic`, a colon somewhere in them.
pub(crate) struct Credentials(Vec<u8>);

/// Longer ones are nobody's; the bound keeps argon2's input and the logs of proxies small.
const MAX_BYTES: usize = 1_024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a request shows credentials, readable or not.
pub(crate) fn are_shown(headers: &HeaderMap) -> bool {
    let scheme = |value: &[u8]| value.get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"basic"));
    headers.get(AUTHORIZATION).is_some_and(|value| scheme(value.as_bytes()))
}

/// The credentials of a request; `None` if there are none or they cannot be read.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 2 * MAX_BYTES {
        return None;
    }
    let bytes = BASE64.decode(encoded.trim()).ok()?;
    (bytes.len() <= MAX_BYTES && bytes.contains(&b':')).then_some(Credentials(bytes))
}

impl Credentials {
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
    use hyper::header::HeaderValue;

    use super::{AUTHORIZATION, HeaderMap, credentials};

    #[track_caller]
    fn check(header: &str, expected: &[(&str, &str)]) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        let readings: Vec<_> = credentials(&headers).iter().flat_map(|c| c.readings()).collect();
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
}
