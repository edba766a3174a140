//! `[server]`: where the server listens and how it speaks.

use std::net::SocketAddr;

use chat_model::ReferenceIdReplies;
use serde::{Deserialize, Deserializer};

use super::Problem;
use super::value::{ApiUrl, Origin, TimeOffset};

/// Where the server listens and how it speaks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Server {
    /// The address and port to listen on, such as `127.0.0.1:8090`.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// What clients see in front of every resource, ending with `/api/v2`: behind a load balancer
    /// its name (PLAT-1.1-1). Default: `http://` and the listening address.
    #[serde(default)]
    pub external_url: Option<ApiUrl>,
    /// The id of the contact centre (PLAT-1.5-2). A server has one (DEC-46).
    pub contact_center_id: String,
    /// Which replies carry a `referenceId` (DEC-30).
    #[serde(default, deserialize_with = "reference_id_replies")]
    pub reference_id_replies: ReferenceIdReplies,
    /// The offset in which times are printed (DEC-35). Default `+0000`.
    #[serde(default)]
    pub time_offset: TimeOffset,
    /// Where SetDisposition writes when the request names no key (DEC-8).
    #[serde(default = "default_disposition_key")]
    pub disposition_key: String,
    /// Whether a message's `messageType` is echoed (DEC-12). Default true.
    #[serde(default = "default_true")]
    pub include_message_type: bool,
    /// Web origins whose pages may call with credentials (PLAT-1.6). Default none.
    #[serde(default)]
    pub cors_origins: Vec<Origin>,
    /// Whether cookies are only for encrypted connections; switch it on behind TLS. Default false.
    #[serde(default)]
    pub secure_cookies: bool,
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
        }
    }

    /// What stands in front of every resource: `external_url`, or else the listening address.
    pub fn api_url(&self) -> ApiUrl {
        self.external_url.clone().unwrap_or_else(|| {
            format!("http://{}/api/v2", self.listen)
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
    }
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
            "expected an address and a port such as \"127.0.0.1:8090\", found {text:?}"
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
