//! An embedder whose build keeps JSON numbers by their digits and objects in their order.
//!
//! The crate exists for its tests: they are chat-model's own, in a build where other features of
//! `serde_json` are switched on. The one test here makes sure that they really are.

#[cfg(test)]
mod tests {
    /// Without these features the other tests of this workspace would show nothing new.
    #[test]
    fn the_build_is_an_embedders() {
        let json = r#"{"z":1.00,"a":123456789012345678901234567890}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(value.to_string(), json);
    }
}
