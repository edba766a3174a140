//! THE table of status codes: number, HTTP status, meaning.
//!
//! The model answers with these codes and knows no HTTP; the column stands here so that the server,
//! the OpenAPI document and the reference page read one table (PLAT-1.2, DEC-36).

macro_rules! status_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $http:literal, $meaning:literal;)+) => {
        /// What the server says of a request: the `statusCode` of every reply (CHAT-1.13, PLAT-1.2).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum StatusCode {
            $($(#[$doc])* #[doc = concat!("`", $code, "`, HTTP ", $http, ": ", $meaning, ".")] $name = $code,)+
        }

        impl StatusCode {
            /// Every code, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The number on the wire.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The HTTP status that carries it where nothing more specific is documented.
            pub const fn http(self) -> u16 {
                match self { $(Self::$name => $http,)+ }
            }

            /// What the documents say it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// The code with this number, if there is one.
            pub const fn from_code(code: u64) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

status_codes! {
    Success = 0, 200, "success";
    MissingParameter = 1, 400, "a required parameter is missing";
    InvalidForState = 2, 400, "not valid for the current state";
    Forbidden = 3, 403, "operation forbidden";
    InternalError = 4, 500, "internal error";
    NoPermission = 5, 403, "the user lacks the permission";
    NotFound = 6, 404, "resource not found";
    PartialSuccess = 7, 200, "at least one action of a bulk operation succeeded";
    PasswordChangeRequired = 8, 403, "the server demands a password change";
    Incomplete = 9, 500, "processing incomplete";
    InvalidValue = 10, 400, "value out of range";
    ReadOnly = 11, 400, "attempt to change a read-only property";
    RetrieveFailed = 12, 500, "error on retrieve of a resource";
    CreateFailed = 13, 500, "error on create of a resource";
    DeleteFailed = 14, 500, "error on delete of a resource";
    UpdateFailed = 15, 500, "error on update of a resource";
    AssignFailed = 16, 500, "error on assign of a resource";
    UnassignFailed = 17, 500, "error on unassign of a resource";
    AlreadyExists = 18, 409, "resource already exists";
    InUse = 19, 409, "resource in use";
    NotAuthenticated = 20, 403, "not authenticated";
}

#[cfg(test)]
mod tests {
    use super::StatusCode;

    /// CHAT-1.13: the codes are dense from 0 to 20, and the number leads back to the code.
    #[test]
    fn codes_are_the_documented_ones() {
        assert_eq!(StatusCode::ALL.len(), 21);
        for (n, &status) in StatusCode::ALL.iter().enumerate() {
            assert_eq!(usize::from(status.code()), n);
            assert_eq!(StatusCode::from_code(n as u64), Some(status));
        }
        assert_eq!(StatusCode::from_code(21), None);
    }

    /// PLAT-1.2-6: a client reads the body whatever the HTTP status, but an error is never 2xx.
    #[test]
    fn only_success_and_partial_success_are_http_success() {
        for &status in StatusCode::ALL {
            let ok = matches!(status, StatusCode::Success | StatusCode::PartialSuccess);
            assert_eq!(status.http() < 400, ok, "{status:?}");
        }
    }
}
