//! Where a server is, as people write it.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// The address of an interface, such as `https://chat.example.com/api/v2`.
///
/// Without a path it is `/api/v2`. Credentials have no place in it: addresses are logged, and shown to
/// whoever lists the programs of a machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Without a slash at the end.
    text: String,
    is_https: bool,
}

/// What is wrong with the text of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressError(String);

impl Address {
    /// The address without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the connection is encrypted.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let expected = |found: String| {
            AddressError(format!(
                "expected an address such as http://127.0.0.1:8090, found {found}"
            ))
        };
        let uri: Uri = text.parse().map_err(|error| expected(format!("{text:?} ({error})")))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(expected(format!("the scheme {other}"))),
            None => return Err(expected(format!("{text:?} without http:// or https://"))),
        };
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if authority.contains('@') {
            return Err(expected("credentials in it".to_owned()));
        }
        // Taken for absent, it would have the password sent to whoever listens on port 80.
        let host = uri.host().unwrap_or_default();
        let port = authority.strip_prefix(host).unwrap_or_default();
        let is_port = |digits: &str| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u16>().is_ok_and(|port| port > 0)
        };
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
            return Err(expected(format!("{authority:?}, which names no port")));
        }
        if uri.query().is_some() {
            return Err(expected("a query in it".to_owned()));
        }
        let path = match uri.path().trim_end_matches('/') {
            "" => "/api/v2",
            path => path,
        };
        let scheme = if is_https { "https" } else { "http" };
        Ok(Self { text: format!("{scheme}://{authority}{path}"), is_https })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_as_people_write_them() {
        for (text, means) in [
            ("http://localhost:8090", "http://localhost:8090/api/v2"),
            ("http://localhost:8090/", "http://localhost:8090/api/v2"),
            ("https://chat.example.com/api/v2", "https://chat.example.com/api/v2"),
            ("https://chat.example.com/gws/api/v2/", "https://chat.example.com/gws/api/v2"),
            ("http://[::1]:8090", "http://[::1]:8090/api/v2"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), means);
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, found) in [
            ("localhost:8090", "without http"),
            ("ftp://localhost", "the scheme ftp"),
            ("http://agent:secret@localhost", "credentials"),
            ("http://localhost/api/v2?x=1", "a query"),
            ("http://127.0.0.1:99999", "no port"),
            ("https://127.0.0.1:65536/api/v2", "no port"),
            ("http://127.0.0.1:", "no port"),
            ("http://127.0.0.1:-1", "no port"),
            ("http://127.0.0.1:0", "no port"),
            ("http://[::1]:99999", "no port"),
            ("", "\"\""),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(found) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
