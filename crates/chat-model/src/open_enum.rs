//! Enumerations whose values a newer server may extend.
//!
//! The documents do not promise that a list is complete (CHAT-6.10, CHAT-2.9). A value that this
//! version does not know is kept as it was written and printed back unchanged; it is an error only
//! where the model would have to act on it.

/// Defines an enum of known spellings plus a variant that keeps any other text.
macro_rules! open_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* #[doc = ""] #[doc = concat!("Written `", $text, "`.")] $variant,)+
            /// A value that this version does not know, kept as it was written.
            Unrecognized(crate::open_enum::Unrecognized),
        }

        impl $name {
            /// The known values in the order of the documents.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)+];

            /// The value as it is written on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unrecognized(text) => text.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Unrecognized(crate::open_enum::Unrecognized::new(other)),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Ok(Self::from(&*text))
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": concat!($($doc),+),
                    "type": "string",
                    "examples": [$($text),+],
                })
            }
        }
    };
}
pub(crate) use open_enum;

/// The text of a value that an open enumeration does not know.
///
/// Only reading creates one, so a known spelling can never hide in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unrecognized(alloc::boxed::Box<str>);

impl Unrecognized {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The value as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
