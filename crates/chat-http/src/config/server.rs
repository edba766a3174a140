//! `[server]`: where the server listens and how it speaks.

use std::net::SocketAddr;
use std::path::PathBuf;

use chat_model::ReferenceIdReplies;
use serde::{Deserialize, Deserializer};

use super::value::{ApiUrl, Origin, TimeOffset};
use super::{AddressRange, ForwardedHeader, Problem, SameSite};

/// Where the server listens and how it speaks.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Server {
    /// The address and port to listen on, such as `127.0.0.1:8090`.
    #[serde(deserialize_with = "listen")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::SocketAddress"))]
    pub listen: SocketAddr,
    /// What clients see in front of every resource, ending with `/api/v2`: behind a load balancer
    /// its name (PLAT-1.1-1). Default: `http://`, with TLS `https://`, and the listening address.
    #[serde(default)]
    pub external_url: Option<ApiUrl>,
    /// The id of the contact centre (PLAT-1.5-2). A server has one (DEC-46).
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::Uuid"))]
    pub contact_center_id: String,
    /// Which replies carry a `referenceId` (DEC-30).
    #[serde(default, deserialize_with = "reference_id_replies")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::ReferenceIdReplies"))]
    pub reference_id_replies: ReferenceIdReplies,
    /// The offset in which times are printed (DEC-35). Default `+0000`.
    #[serde(default)]
    pub time_offset: TimeOffset,
    /// Where SetDisposition writes when the request names no key (DEC-8).
    #[serde(default = "default_disposition_key")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::NonEmpty"))]
    pub disposition_key: String,
    /// Whether a message's `messageType` is echoed (DEC-12). Default true.
    #[serde(default = "default_true")]
    pub include_message_type: bool,
    /// Web origins whose pages may call with credentials (PLAT-1.6). Default none.
    #[serde(default)]
    pub cors_origins: Vec<Origin>,
    /// Whether cookies are only for encrypted connections; switch it on behind TLS. Default false,
    /// and true in any case where the server itself speaks TLS.
    #[serde(default)]
    pub secure_cookies: bool,
    /// With which requests from other sites' pages the session's cookie comes along (PLAT-1.6-4).
    /// Default `lax`.
    #[serde(default)]
    pub cookie_same_site: SameSite,
    /// Whether what changes something by a session must carry the session's token (PLAT-2.2, DEC-41).
    /// Default false.
    #[serde(default)]
    pub csrf_protection: bool,
    /// Whether `/docs` shows what the interface is. Default true.
    #[serde(default = "default_true")]
    pub docs: bool,
    /// Whether `/console` has pages on which agents and visitors can try the server. Default false, and
    /// true in the demo contact centre.
    #[serde(default)]
    pub console: bool,
    /// The proxies whose word about the address of a client counts. Default none.
    #[serde(default)]
    pub trusted_proxies: Vec<AddressRange>,
    /// Where they say it. Default `x-forwarded-for`.
    #[serde(default)]
    pub forwarded_header: ForwardedHeader,
    /// A PEM file with the server's certificate and those that vouch for it; together with
    /// `tls_key` it makes the server speak TLS. Default none.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the certificate's private key. Default none.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub tls_key: Option<PathBuf>,
}

impl Server {
    /// Listens on `listen` for the contact centre `contact_center_id`, everything else by default.
    pub fn new(listen: SocketAddr, contact_center_id: impl Into<String>) -> Self {
        Self {
            listen,
            external_url: None,
            contact_center_id: contact_center_id.into(),
            reference_id_replies: ReferenceIdReplies::default(),
            time_offset: TimeOffset::default(),
            disposition_key: default_disposition_key(),
            include_message_type: true,
            cors_origins: Vec::new(),
            secure_cookies: false,
            cookie_same_site: SameSite::default(),
            csrf_protection: false,
            docs: true,
            console: false,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            tls_certificate: None,
            tls_key: None,
        }
    }

    /// Whether the server itself speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        self.tls_certificate.is_some() && self.tls_key.is_some()
    }

    /// Whether cookies are only for encrypted connections.
    pub fn has_secure_cookies(&self) -> bool {
        self.secure_cookies || self.speaks_tls()
    }

    /// What stands in front of every resource: `external_url`, or else the listening address.
    pub fn api_url(&self) -> ApiUrl {
        self.external_url.clone().unwrap_or_else(|| {
            let scheme = if self.speaks_tls() { "https" } else { "http" };
            format!("{scheme}://{}/api/v2", self.listen)
                .parse()
                .expect("a socket address is a host and a port")
        })
    }

    pub(super) fn validate(&self, demo: bool, problems: &mut Vec<Problem>) {
        if demo && !self.listen.ip().is_loopback() {
            problems.push(Problem::new(
                "server.listen",
                "a loopback address such as 127.0.0.1:8090, because everybody knows the passwords \
                 of the demo users (a configuration with users of its own may listen anywhere)",
                self.listen,
            ));
        }
        if self.external_url.is_none() && self.listen.ip().is_unspecified() {
            problems.push(Problem::new(
                "server.external_url",
                "the address under which clients reach the server, ending with /api/v2",
                format_args!(
                    "nothing, while the server listens on every address ({})",
                    self.listen
                ),
            ));
        }
        if !is_uuid(&self.contact_center_id) {
            problems.push(Problem::new(
                "server.contact_center_id",
                "a UUID in lower case such as \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"",
                format_args!("{:?}", self.contact_center_id),
            ));
        }
        if self.disposition_key.is_empty() {
            problems.push(Problem::new(
                "server.disposition_key",
                "a key of user data",
                "an empty text",
            ));
        }
        self.validate_encryption(problems);
    }

    fn validate_encryption(&self, problems: &mut Vec<Problem>) {
        let (missing, given) = match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => ("server.tls_key", "tls_certificate"),
            (None, Some(_)) => ("server.tls_certificate", "tls_key"),
            (Some(_), Some(_)) | (None, None) => ("", ""),
        };
        if !missing.is_empty() {
            problems.push(Problem::new(
                missing,
                "the path of a PEM file",
                format_args!("nothing, while {given} is given"),
            ));
        }
        if let Some(url) = &self.external_url
            && self.speaks_tls()
            && !url.is_https()
        {
            problems.push(Problem::new(
                "server.external_url",
                "an address with https, because the server speaks TLS",
                url,
            ));
        }
        if self.cookie_same_site == SameSite::None && !self.has_secure_cookies() {
            problems.push(Problem::new(
                "server.cookie_same_site",
                "\"lax\" or \"strict\", or secure_cookies = true beside it (browsers take a cookie \
                 for other sites' pages over encrypted connections only)",
                "\"none\" without secure_cookies",
            ));
        }
    }

    /// What is allowed and hardly meant: for the log.
    pub(crate) fn doubts(&self) -> Vec<Problem> {
        let url = self.api_url();
        let mut doubts = Vec::new();
        for (i, origin) in self.cors_origins.iter().enumerate() {
            if self.cookie_same_site != SameSite::None && !may_be_same_site(origin, &url) {
                doubts.push(Problem::new(
                    format!("server.cors_origins[{i}]"),
                    "an origin of the same site as the server, or cookie_same_site = \"none\", since \
                     browsers will not send the session's cookie from there",
                    format_args!("{} beside {}", origin.as_str(), url.origin()),
                ));
            }
        }
        doubts
    }
}

/// Whether browsers can take the two for one site: the same scheme, and the same host or at least
/// hosts that end alike. Which ends belong to one owner (`example.com`) and which to many (`co.uk`)
/// is a long list that only browsers have.
fn may_be_same_site(origin: &Origin, url: &ApiUrl) -> bool {
    let parts = |text: &'_ str| -> Option<(bool, String)> {
        let (scheme, authority) = text.split_once("://")?;
        let end = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
        Some((scheme == "https", authority[..end.unwrap_or(authority.len())].to_lowercase()))
    };
    let (Some((secure, host)), Some((other_secure, other_host))) =
        (parts(origin.as_str()), parts(url.origin()))
    else {
        return true;
    };
    let is_name = |host: &str| host.rsplit('.').next().is_some_and(|it| it.parse::<u8>().is_err());
    let end = |host: &str| -> Option<String> {
        let mut labels = host.rsplit('.');
        let (last, second) = (labels.next()?, labels.next()?);
        Some(format!("{second}.{last}"))
    };
    let alike = is_name(&host) && end(&host).is_some() && end(&host) == end(&other_host);
    secure == other_secure && (host == other_host || alike)
}

/// Whether `text` is a UUID in lower case (PLAT-1.5-2).
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn default_disposition_key() -> String {
    "DispositionCode".to_owned()
}

fn default_true() -> bool {
    true
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        // A name may have several addresses; which of them is meant, the name does not say.
        serde::de::Error::custom(format_args!(
            "expected an IP address and a port such as \"127.0.0.1:8090\", found {text:?}"
        ))
    })
}

/// Read here because the model knows no configuration files.
fn reference_id_replies<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ReferenceIdReplies, D::Error> {
    match &*String::deserialize(deserializer)? {
        "documented" => Ok(ReferenceIdReplies::Documented),
        "always" => Ok(ReferenceIdReplies::Always),
        other => Err(serde::de::Error::custom(format_args!(
            "expected \"documented\" or \"always\", found {other:?}"
        ))),
    }
}
