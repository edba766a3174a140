//! What the requester gets back at once (CHAT-1.4, CHAT-1.6, DEC-30).

use alloc::string::{String, ToString};
use core::fmt::Write as _;

use crate::json::write_string;
use crate::operation::OperationKind;
use crate::rejection::Rejection;
use crate::rules::{ReferenceIdReplies, Rules};
use crate::status::StatusCode;

/// The body of a reply that carries nothing but its outcome.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(remote = "Self", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reply {
    /// 0, or why the request failed (CHAT-1.13).
    pub status_code: u8,
    /// What was expected and what came; only beside a code above 0 (PLAT-1.2-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// Ties notifications to the request; only where the pages print it (DEC-30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<u64>,
}

crate::json::only_from_an_object! { Reply }

impl Reply {
    /// `{"statusCode":0}`.
    pub const fn success() -> Self {
        Self { status_code: 0, status_message: None, reference_id: None }
    }

    /// The reply to an accepted operation: bodies exactly as printed (DEC-30).
    pub fn accepted(kind: OperationKind, reference_id: Option<u64>, rules: &Rules) -> Self {
        let printed = matches!(
            kind,
            OperationKind::Consult | OperationKind::Invite | OperationKind::CancelConsult
        );
        let always = rules.reference_id_replies == ReferenceIdReplies::Always;
        Self { reference_id: reference_id.filter(|_| printed || always), ..Self::success() }
    }

    /// The reply to an accepted operation of a supervisor; no page prints a `referenceId` (DEC-30).
    pub fn supervised(reference_id: Option<u64>, rules: &Rules) -> Self {
        let always = rules.reference_id_replies == ReferenceIdReplies::Always;
        Self { reference_id: reference_id.filter(|_| always), ..Self::success() }
    }

    /// A failure: the code and the message, and no other member (CHAT-1.6).
    pub fn failure(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status_code: status.code(),
            status_message: Some(message.into()),
            reference_id: None,
        }
    }

    /// The body as compact JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(64);
        // Writing to a String cannot fail.
        let _ = write!(out, "{{\"statusCode\":{}", self.status_code);
        if let Some(message) = &self.status_message {
            out.push_str(",\"statusMessage\":");
            write_string(&mut out, message);
        }
        if let Some(reference_id) = self.reference_id {
            let _ = write!(out, ",\"referenceId\":{reference_id}");
        }
        out.push('}');
        out
    }
}

impl From<&Rejection> for Reply {
    fn from(rejection: &Rejection) -> Self {
        Self::failure(rejection.status(), rejection.to_string())
    }
}
