//! The cases that the server tried for the pages (`chat_http::cases`).

use serde_json::Value;

pub(super) struct Cases(Vec<Value>);

impl Cases {
    pub(super) fn play() -> Self {
        Self(serde_json::from_str(&chat_http::cases()).expect("the cases are a JSON array"))
    }

    pub(super) fn of<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |case| case["operation"] == operation)
    }

    pub(super) fn side<'a>(&'a self, side: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |case| case["side"] == side)
    }

    /// The server's reply where it succeeds.
    pub(super) fn reply(&self, side: &str, operation: &str) -> Value {
        let mut found = self.of(operation).filter(|case| case["side"] == side);
        let found = found.find(|case| case["http"] == 200);
        let found = found.unwrap_or_else(|| panic!("no case in which {operation} succeeds"));
        found["reply"].clone()
    }

    /// Code and message of every refusal.
    pub(super) fn refusals(&self, side: &str, operation: &str) -> Vec<(u8, String)> {
        let all = self.of(operation).filter(|case| case["side"] == side && case["http"] != 200);
        all.map(|case| {
            let reply = &case["reply"];
            let code = reply["statusCode"].as_u64().and_then(|code| u8::try_from(code).ok());
            let message = reply["statusMessage"].as_str().expect("a refusal has a message");
            (code.expect("a refusal has a code"), message.to_owned())
        })
        .collect()
    }
}
