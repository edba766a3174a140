//! The laws of user data, each against a plain list of pairs.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{UserData, UserDataKeys, UserDataPatch, block};
use crate::json::{JsonRef, JsonText, Limits, write_string};
use crate::operation::Operation;
use crate::testing::{user_data, user_data_keys, user_data_patch};

fn patch(json: &str) -> UserDataPatch {
    let limits = Limits::default();
    let value = JsonRef::validate(json.as_bytes(), &limits).unwrap();
    UserDataPatch::read(value, &limits).unwrap()
}

fn keys(names: &[&str]) -> UserDataKeys {
    names.iter().collect()
}

/// What the map means, without any thought for speed.
#[derive(Clone, Default, PartialEq, Debug)]
struct Plain(Vec<(String, String)>);

impl Plain {
    fn of(data: &UserData) -> Self {
        Self(
            data.iter()
                .map(|(key, value)| (key.decode().into_owned(), value.to_string()))
                .collect(),
        )
    }

    fn merge(&mut self, patch: &UserDataPatch) {
        for (key, value) in patch.pairs() {
            let (key, value) = (key.decode().into_owned(), value.to_string());
            match self.0.iter_mut().find(|(known, _)| *known == key) {
                Some(pair) => pair.1 = value,
                None => self.0.push((key, value)),
            }
        }
    }

    fn remove(&mut self, keys: &UserDataKeys) {
        for key in keys.iter() {
            self.0.retain(|(known, _)| *known != key.decode());
        }
    }

    fn print(&self) -> String {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| {
                let mut pair = String::new();
                write_string(&mut pair, key);
                pair + ":" + value
            })
            .collect();
        format!("{{{}}}", pairs.join(","))
    }
}

#[derive(Clone, Debug)]
enum Request {
    Merge(UserDataPatch),
    Remove(UserDataKeys),
    /// Removes the nth part of what is there, so that blocks thin out.
    Thin(usize),
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        4 => user_data_patch().prop_map(Request::Merge),
        2 => user_data_keys().prop_map(Request::Remove),
        1 => (1..5usize).prop_map(Request::Thin),
    ]
}

/// Memory follows the content: no more than twice the blocks and the text that are needed.
fn check_bounds(data: &UserData) -> Result<(), proptest::test_runner::TestCaseError> {
    let needed = data.len / block::ENTRIES + data.bytes / block::BYTES + 1;
    prop_assert!(data.blocks.len() <= 2 * needed, "{} of {needed}", data.blocks.len());
    let held: usize = data.blocks.iter().map(block::Block::held).sum();
    prop_assert!(held <= 2 * data.bytes + 64 * data.blocks.len(), "{held} for {}", data.bytes);
    prop_assert!(data.blocks.capacity() <= data.blocks.len() + data.blocks.len() / 8 + 1);
    prop_assert_eq!(data.index.is_some(), data.blocks.len() > 1);
    prop_assert_eq!(data.bytes, data.blocks.iter().map(block::Block::bytes).sum::<usize>());
    Ok(())
}

proptest! {
    /// DEC-1, DEC-2, DEC-3, DEC-6: after any requests the map is what the plain list is.
    #[test]
    fn any_requests_leave_what_the_plain_list_holds(requests in proptest::collection::vec(request(), 0..12)) {
        let (mut data, mut plain) = (UserData::new(), Plain::default());
        for request in requests {
            match request {
                Request::Merge(patch) => {
                    let expected = data.len_after(&patch);
                    data.merge(&patch);
                    plain.merge(&patch);
                    prop_assert_eq!(data.len(), expected);
                }
                Request::Remove(keys) => {
                    data.remove(&keys);
                    plain.remove(&keys);
                }
                Request::Thin(part) => {
                    let keys = plain.0.iter().enumerate().filter(|(at, _)| at % 5 < part);
                    let keys: UserDataKeys = keys.map(|(_, (key, _))| key).collect();
                    data.remove(&keys);
                    plain.remove(&keys);
                }
            }
            prop_assert_eq!(data.to_json(), plain.print());
            prop_assert_eq!(data.json_len(), plain.print().len());
            prop_assert_eq!((data.len(), data.is_empty()), (plain.0.len(), plain.0.is_empty()));
            prop_assert_eq!(&Plain::of(&data), &plain);
            check_bounds(&data)?;
        }
        for (key, value) in &plain.0 {
            prop_assert_eq!(data.get(key).unwrap().as_str(), value);
        }
        prop_assert!(!data.contains("no such key"));
    }

    /// DEC-6: what was printed reads back as the same map, byte for byte and by any road.
    #[test]
    fn printing_and_reading_are_inverse(data in user_data()) {
        let limits = Limits::default();
        let json = data.to_json();
        let read = UserData::read(JsonRef::validate(json.as_bytes(), &limits).unwrap(), &limits).unwrap();
        prop_assert_eq!(&read, &data);
        prop_assert_eq!(&UserData::from_patch(&data.to_patch()), &data);
        prop_assert_eq!(read.to_json(), json.as_str());
        let carried: UserData = serde_json::from_str(&serde_json::to_string(&data).unwrap()).unwrap();
        prop_assert_eq!(&carried, &data);
        let mut behind = String::from("x");
        data.write_json(&mut behind);
        prop_assert_eq!(&behind[1..], json);
    }

    /// Attaching or updating the same pairs again changes nothing (DEC-2).
    #[test]
    fn merging_is_idempotent(data in user_data(), patch in user_data_patch()) {
        let mut once = data;
        once.merge(&patch);
        let mut twice = once.clone();
        twice.merge(&patch);
        prop_assert_eq!(&twice, &once);
        for (key, value) in patch.pairs() {
            prop_assert_eq!(once.get(&key.decode()).unwrap().as_str(), value.as_str());
        }
    }

    /// Deleting the same keys again changes nothing (DEC-3).
    #[test]
    fn removing_is_idempotent(data in user_data(), keys in user_data_keys()) {
        let mut once = data;
        once.remove(&keys);
        let mut twice = once.clone();
        twice.remove(&keys);
        prop_assert_eq!(&twice, &once);
        prop_assert!(keys.iter().all(|key| !once.contains(&key.decode())));
    }

    /// Attaching new keys and deleting them again gives the map before, byte for byte (DEC-1).
    #[test]
    fn removing_what_was_new_restores_the_map(data in user_data(), patch in user_data_patch()) {
        let mut changed = data.clone();
        let new: UserDataKeys = patch.pairs().map(|(key, _)| key.decode()).collect();
        let mut before = data;
        before.remove(&new);
        changed.remove(&new);
        changed.merge(&patch);
        changed.remove(&new);
        prop_assert_eq!(changed.to_json(), before.to_json());
        prop_assert_eq!(changed, before);
    }

    /// Maps with the same content are equal however they were built, and differ in anything else.
    #[test]
    fn equality_is_by_content(data in user_data(), extra in user_data_patch(), at in any::<proptest::sample::Index>()) {
        let mut rebuilt = UserData::new();
        for (key, value) in data.iter() {
            rebuilt.merge(&patch(&format!("{{{}:{value}}}", key.as_json())));
        }
        prop_assert_eq!(&rebuilt, &data);
        if !data.is_empty() {
            let (key, value) = data.iter().nth(at.index(data.len())).unwrap();
            rebuilt.merge(&patch(&format!("{{{}:[{value}]}}", key.as_json())));
            prop_assert!(rebuilt != data);
        }
        let mut more = data.clone();
        more.merge(&extra);
        prop_assert_eq!(more == data, more.to_json() == data.to_json());
    }

    #[test]
    fn a_patch_is_compact_canonical_and_carried_by_serde(patch in user_data_patch()) {
        let carried = serde_json::to_string(&patch).unwrap();
        prop_assert_eq!(carried.as_str(), patch.as_json());
        prop_assert_eq!(&serde_json::from_str::<UserDataPatch>(&carried).unwrap(), &patch);
        prop_assert_eq!(UserData::from_patch(&patch).to_json(), patch.as_json());
        prop_assert_eq!(patch.len(), patch.pairs().count());
        prop_assert_eq!(patch.is_empty(), patch.as_json() == "{}");
    }

    /// Whether the validating pass has found the pairs or they are looked for again.
    #[test]
    fn a_patch_is_the_same_by_either_road(patch in user_data_patch(), before in any::<bool>(), more in user_data_patch()) {
        let name = "\"operationName\":\"AttachUserData\"";
        let (json, other) = (patch.as_json(), more.as_json());
        let body = match before {
            true => format!("{{\"userData\":{json},\"other\":{other},{name}}}"),
            false => format!("{{{name},\"other\":{other},\"userData\":{json}}}"),
        };
        let limits = Limits::default();
        let parsed = Operation::parse(body.as_bytes(), &limits).unwrap();
        let read = Operation::read(JsonRef::validate(body.as_bytes(), &limits).unwrap(), &limits).unwrap();
        prop_assert_eq!(&parsed, &read);
        for operation in [parsed, read] {
            let Operation::AttachUserData { user_data } = operation else { panic!("another one") };
            prop_assert_eq!(user_data.len(), patch.len());
            let entries: Vec<_> = user_data.entries().map(|entry| (entry.key(), entry.value())).collect();
            let pairs: Vec<_> = patch.pairs().map(|(key, value)| (key.as_json(), value.as_str())).collect();
            prop_assert_eq!(entries, pairs);
        }
    }

    #[test]
    fn deleted_keys_are_carried_by_serde(keys in user_data_keys()) {
        let carried = serde_json::to_string(&keys).unwrap();
        prop_assert_eq!(&serde_json::from_str::<UserDataKeys>(&carried).unwrap(), &keys);
        prop_assert_eq!(keys.iter().count(), keys.len());
    }
}

/// DEC-1: the place of a key is its first, in both the seed's operations.
#[test]
fn a_key_keeps_its_place_and_new_ones_go_last() {
    let check = |data: &str, pairs: &str, expected: &str| {
        let mut map = UserData::from_patch(&patch(data));
        map.merge(&patch(pairs));
        assert_eq!(map.to_json(), expected);
    };
    check(r#"{"a":1,"b":2}"#, r#"{"c":3,"a":4,"d":5}"#, r#"{"a":4,"b":2,"c":3,"d":5}"#);
    check("{}", "{}", "{}");
    check("{}", r#"{"a":null}"#, r#"{"a":null}"#);
    check(r#"{"a":1}"#, "{}", r#"{"a":1}"#);
    // One key, spelt in two ways, printed in one.
    check(r#"{"\u0061\/":1}"#, r#"{ "a/" : [ 1.0 , "\u0061" ] }"#, r#"{"a/":[1.0,"\u0061"]}"#);
    // A key that is the beginning of another, also by its escapes.
    check(
        r#"{"ab":1,"a":2,"a\"":3}"#,
        r#"{"a":4,"a\"":5,"a\\":6}"#,
        r#"{"ab":1,"a":4,"a\"":5,"a\\":6}"#,
    );
    // Types change freely (CHAT-7.1-2).
    check(
        r#"{"a":"text","b":0}"#,
        r#"{"a":12345678901234567890123,"b":{"x":[]}}"#,
        r#"{"a":12345678901234567890123,"b":{"x":[]}}"#,
    );
}

/// DEC-3, DEC-4.
#[test]
fn unknown_keys_are_ignored_and_repeated_ones_count_once() {
    let mut data = UserData::from_patch(&patch(r#"{"a":1,"b":2,"c":3}"#));
    data.remove(&keys(&[]));
    data.remove(&keys(&["x", "", "A"]));
    assert_eq!(data.to_json(), r#"{"a":1,"b":2,"c":3}"#);
    data.remove(&keys(&["b", "b", "x", "b"]));
    assert_eq!(data.to_json(), r#"{"a":1,"c":3}"#);
    data.remove(&keys(&["c", "a"]));
    assert_eq!((data.to_json().as_str(), data.len()), ("{}", 0));
    assert_eq!(data, UserData::new());
    let limits = Limits::default();
    let read = |json: &str| {
        UserDataKeys::read(JsonRef::validate(json.as_bytes(), &limits).unwrap(), &limits)
    };
    assert_eq!(read(r#"["b", "\u0062","a","b"]"#).unwrap().as_json(), r#"["b","a"]"#);
    assert_eq!(read("[1]").unwrap_err().to_string(), "expected a string, found a number");
    assert_eq!(read("{}").unwrap_err().to_string(), "expected an array, found an object");
}

#[test]
fn what_is_not_an_object_or_too_much_is_refused() {
    let limits = Limits { max_keys: 2, max_key_bytes: 3, ..Limits::default() };
    let check = |json: &str, expected: Result<&str, &str>| {
        let value = JsonRef::validate(json.as_bytes(), &limits).unwrap();
        let read = UserDataPatch::read(value, &limits).map(|patch| patch.as_json().to_string());
        let read = read.map_err(|error| error.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    };
    check(r#" { "a" : 1 ,"b": [ ] } "#, Ok(r#"{"a":1,"b":[]}"#));
    check(r#"{"a":1,"b":2,"c":3}"#, Err("expected at most 2 keys, found 3"));
    check("[]", Err("expected an object, found an array"));
    check("null", Err("expected an object, found null"));
    let single = |key: &str| {
        UserDataPatch::single(key, &JsonText::string("resolved"), &limits)
            .map(|patch| patch.as_json().to_string())
            .map_err(|error| error.to_string())
    };
    assert_eq!(single("\"K").unwrap(), r#"{"\"K":"resolved"}"#);
    assert_eq!(
        single("").unwrap_err(),
        "expected a key of at least one character at byte 0, found none"
    );
    assert_eq!(single("Disp").unwrap_err(), "expected a key of at most 3 bytes at byte 0, found 4");
}

/// What was accepted under wider limits stays readable; what no limits allow does not.
#[test]
fn stored_data_is_not_judged_by_the_limits_for_requests() {
    let wide: Vec<String> = (0..12_000).map(|n| format!("\"{n}{}\":1", "k".repeat(1100))).collect();
    let json = format!("{{{}}}", wide.join(","));
    let data: UserData = serde_json::from_str(&json).unwrap();
    assert_eq!((data.len(), data.to_json() == json), (12_000, true));
    assert!(serde_json::from_str::<UserData>(r#"{"a":1,"a":2}"#).is_err());
    assert!(serde_json::from_str::<UserData>("[]").is_err());
    assert!(serde_json::from_str::<UserDataPatch>(r#"{"":2}"#).is_err());
}

/// Blocks appear, thin out, are packed and vanish; large values come and go.
#[test]
fn memory_follows_the_content_under_churn() {
    let mut data = UserData::new();
    for round in 0..2_000u32 {
        let new: String = (0..7).map(|n| format!("\"r{round}.{n}\":{round},")).collect();
        data.merge(&patch(&format!("{{{}}}", new.trim_end_matches(','))));
        let old: UserDataKeys =
            (0..7).filter_map(|n| Some(format!("r{}.{n}", round.checked_sub(20)?))).collect();
        data.remove(&old);
        if round % 50 == 0 {
            data.merge(&patch(&format!("{{\"large\":\"{}\"}}", "x".repeat(100_000))));
        } else if round % 50 == 10 {
            data.merge(&patch("{\"large\":0}"));
        }
        check_bounds(&data).unwrap();
    }
    assert_eq!(data.len(), 141);
    let all: UserDataKeys = data.iter().map(|(key, _)| key.decode()).collect();
    data.remove(&all);
    check_bounds(&data).unwrap();
    assert_eq!(data, UserData::new());
    assert!(data.blocks.len() <= 2);
}
