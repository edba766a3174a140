//! The JSON Schema of the configuration file: for editors, which complete and check TOML by it, and for
//! whoever writes configurations by program.
//!
//! It is made from the types that are read, bounds included. What only several values together can tell
//! (a queue that nobody defined, two users of one name) is for `Config::validate`.

use std::borrow::Cow;

use chat_model::schema::{document, pretty};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{
    AddressRange, ApiUrl, Config, ForwardedHeader, Origin, PasswordHash, SameSite, TimeOffset,
};

/// Small, and all that is required is in it.
const EXAMPLE: &str = r#"
    [server]
    listen = "127.0.0.1:8090"
    contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"

    [limits]
    invitation_seconds = 45

    [[queues]]
    id = "8f0cf7a8-7f2e-4b3c-9d5a-1f1b6f0a3c11"
    name = "support"
    default = true

    [[users]]
    id = "1e553fa1b4164908a5f36d43cec96086"
    name = "agent1"
    password_hash = "$argon2id$v=19$m=19456,t=2,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE"
    queues = ["support"]
"#;

impl Config {
    /// The JSON Schema of the configuration file, as `docs/api/schema/configuration.json` has it.
    pub fn schema() -> String {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let mut body = generator.into_root_schema_for::<Self>().to_value();
        let example: toml::Table = toml::from_str(EXAMPLE).expect("the example is TOML");
        let example = serde_json::to_value(example).expect("and fits into JSON");
        body["examples"] = Value::Array(vec![example]);
        pretty(document(
            "configuration",
            "Configuration",
            "The configuration file of `chat serve`, which is TOML. An unknown setting is an error.",
            body,
        ))
    }
}

macro_rules! texts {
    ($($name:ident: $schema:tt;)+) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

/// A UUID in lower case.
pub(super) struct Uuid;

/// A number, a hyphen and a UUID (PLAT-1.5-4).
pub(super) struct GroupId;

/// 32 hex digits in lower case (PLAT-1.5-1).
pub(super) struct HexId;

/// An IP address and a port.
pub(super) struct SocketAddress;

/// Which replies carry a `referenceId` (DEC-30).
pub(super) struct ReferenceIdReplies;

/// What users may be (PLAT-2.3-1).
pub(super) struct RoleName;

/// Any text but an empty one.
pub(super) struct NonEmpty;

texts! {
    Uuid: {
        "description": "A UUID in lower case.",
        "type": "string",
        "pattern": "^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    };
    GroupId: {
        "description": "A number, a hyphen and a UUID in lower case.",
        "type": "string",
        "pattern": "^[0-9]+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    };
    HexId: {
        "description": "32 hex digits in lower case.",
        "type": "string",
        "pattern": "^[0-9a-f]{32}$",
    };
    SocketAddress: {
        "description": "An IP address and a port.",
        "type": "string",
        "pattern": "^(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.%]+\\]):[0-9]+$",
        "examples": ["127.0.0.1:8090", "[::1]:8090"],
    };
    ReferenceIdReplies: { "enum": ["documented", "always"] };
    RoleName: { "enum": (super::people::ROLES) };
    NonEmpty: { "type": "string", "minLength": 1 };
    ApiUrl: {
        "description": "An address with http or https that ends with /api/v2.",
        "type": "string",
        "pattern": "^https?://[0-9A-Za-z.:\\[\\]-]+(?:/[!$-;=@-\\[\\]-~]*)?/api/v2$",
    };
    Origin: {
        "description": "A web origin in lower case, without path.",
        "type": "string",
        "pattern": "^https?://[0-9a-z.:\\[\\]-]+$",
    };
    TimeOffset: {
        "description": "An offset from UTC.",
        "type": "string",
        "pattern": "^[+-](?:0[0-9]|1[0-4])[0-5][0-9]$",
    };
    PasswordHash: {
        "description": "An argon2 hash, as `chat hash-password` prints it.",
        "type": "string",
        "pattern": "^\\$argon2(?:d|i|id)\\$",
    };
    AddressRange: {
        "description": "An address or a network.",
        "type": "string",
        "pattern": "^[0-9A-Fa-f:.]+(?:/[0-9]+)?$",
        "examples": ["192.0.2.7", "10.0.0.0/8", "fd00::/8"],
    };
    SameSite: { "enum": ["lax", "strict", "none"] };
    ForwardedHeader: { "enum": ["x-forwarded-for", "forwarded"] };
}
