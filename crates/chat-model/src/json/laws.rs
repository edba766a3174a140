//! What holds for every JSON text, against `serde_json` and against the plain way.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assume, proptest};
use serde::de::IgnoredAny;

use super::{JsonKind, JsonText, Key, Limits};
use crate::json::tests::validate;
use crate::testing::{json_source, json_text, string_source};

/// White space outside strings removed one character at a time: the plain way.
fn compacted(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        if inside || !matches!(character, ' ' | '\t' | '\r' | '\n') {
            out.push(character);
        }
        if character == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && character == '\\' && !escaped;
    }
    out
}

proptest! {
    /// What the transcript's bound counts is what is printed (DEC-72).
    #[test]
    fn the_length_of_a_printed_string_is_known_before(text in any::<String>(), odd in "[\\x00-\\x22\\\\]{0,8}") {
        for text in [text, odd] {
            let mut out = String::new();
            crate::json::write_string_content(&mut out, &text);
            prop_assert_eq!(crate::json::content_len(&text), out.len());
        }
    }

    /// DEC-6: nothing changes but white space, and reading what was printed gives the same.
    #[test]
    fn compact_text_is_the_source_without_white_space(source in json_source(4)) {
        let text = JsonText::parse(source.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(text.as_str(), compacted(&source));
        prop_assert_eq!(&JsonText::parse(text.as_str().as_bytes(), &Limits::default()).unwrap(), &text);
        prop_assert!(serde_json::from_str::<IgnoredAny>(&source).is_ok());
    }

    /// Our verdict on damaged JSON is `serde_json`'s, except for what DEC-7 refuses.
    #[test]
    fn damaged_json_is_judged_as_serde_json_does(
        source in json_source(3),
        at in any::<proptest::sample::Index>(),
        with in proptest::sample::select(&b"\"\\{}[],:0-.eE+u nt\x00\x1f/ax"[..]),
        insert in any::<bool>(),
    ) {
        let mut bytes = source.into_bytes();
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, with) } else { bytes[at] = with }
        let judge = serde_json::from_slice::<&serde_json::value::RawValue>(&bytes);
        match validate(&bytes) {
            Ok(_) => prop_assert!(judge.is_ok()),
            Err(error) => {
                let message = error.to_string();
                let ours = ["twice", "at least one character", "surrogates"].iter().any(|word| message.contains(word));
                prop_assert!(judge.is_err() || ours, "{}", message);
                prop_assert!(error.offset() <= bytes.len());
            }
        }
    }

    /// However a text is spelt, it decodes to itself, and its canonical form is the shortest.
    #[test]
    fn strings_decode_to_what_was_written(text in any::<String>(), choices in any::<Vec<u8>>()) {
        let source = string_source(&text, &choices);
        let value = validate(source.as_bytes()).unwrap();
        prop_assert_eq!(value.decode_string().unwrap(), text.as_str());
        prop_assert_eq!(&serde_json::from_str::<String>(&source).unwrap(), &text);
        let canonical = JsonText::string(&text);
        prop_assert!(canonical.as_str().len() <= source.len());
        prop_assert_eq!(canonical.as_str(), serde_json::to_string(&text).unwrap());
        prop_assert_eq!(canonical.as_ref().decode_string().unwrap(), text.as_str());
        let mut key = String::new();
        Key(&source).write_canonical(&mut key);
        prop_assert_eq!(key.as_str(), canonical.as_str());
        prop_assert!(Key(&source) == Key(&key) && Key(&source) == text.as_str());
    }

    #[test]
    fn a_key_spelt_in_two_ways_is_one_key(text in crate::testing::key(), a in any::<u8>(), b in any::<u8>()) {
        let json = format!("{{{}:1,{}:2}}", string_source(&text, &[a]), string_source(&text, &[b]));
        let error = validate(json.as_bytes()).unwrap_err();
        prop_assert!(error.to_string().contains("twice"), "{}", error);
    }

    #[test]
    fn members_of_an_object_are_its_parts(text in json_text(4)) {
        let value = text.as_ref();
        prop_assume!(value.kind() == JsonKind::Object);
        let parts: Vec<String> = value.members().map(|(key, value)| format!("{}:{value}", key.as_json())).collect();
        prop_assert_eq!(format!("{{{}}}", parts.join(",")), text.as_str());
        for (key, member) in value.members() {
            prop_assert_eq!(value.get(&key.decode()).unwrap().as_str(), member.as_str());
        }
    }

    #[test]
    fn serde_carries_the_text_unchanged(text in json_text(4)) {
        let carried = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(carried.as_str(), text.as_str());
        prop_assert_eq!(serde_json::from_str::<JsonText>(&carried).unwrap(), text);
    }
}
