//! proptest strategies for what this crate reads and keeps: for its own laws and for embedders'.
//!
//! They are part of the contract: what they produce is what any server or store built on this crate
//! must be able to carry. Switched on by the feature `testing`.

mod json;

pub use json::{
    json_source, json_text, key, string_source, user_data, user_data_keys, user_data_patch,
};
