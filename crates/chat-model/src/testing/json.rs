//! JSON as clients really write it, and user data made of it.
//!
//! Small pools of keys make requests hit the same entries; escapes, numbers beyond any machine type
//! and nested objects with an order are what naive implementations lose (DEC-6).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::{JsonRef, JsonText, Limits, UserData, UserDataKeys, UserDataPatch, write_string};

/// A key of user data, decoded: never empty, often one that occurred before.
pub fn key() -> impl Strategy<Value = String> + Clone {
    let common =
        select(&["a", "b", "c", "UserData1", "UserData2", "Subject", "RVQID", "DISP_KEY"][..])
            .prop_map(ToString::to_string);
    let odd = select(
        &[
            "\"",
            "\\",
            "\u{1}",
            "\n",
            "/",
            "~",
            " ",
            "é",
            "日本",
            "\u{1f600}",
            "\u{7f}",
            "__proto__",
        ][..],
    )
    .prop_map(ToString::to_string);
    prop_oneof![
        4 => common,
        1 => odd,
        3 => (0..200u16).prop_map(|n| format!("key {n}")),
        1 => vec(any::<char>(), 1..12).prop_map(|chars| chars.into_iter().collect()),
    ]
    .boxed()
}

/// One valid JSON value as a client may write it: white space and escapes of every sort, `depth`
/// containers deep at most, accepted with the default [`Limits`].
pub fn json_source(depth: u32) -> impl Strategy<Value = String> {
    (space(), value_source(depth), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}

/// One JSON value, compact.
pub fn json_text(depth: u32) -> impl Strategy<Value = JsonText> {
    json_source(depth).prop_map(|source| parse(&source))
}

/// The pairs of one request: none, some, or enough for several blocks.
pub fn user_data_patch() -> impl Strategy<Value = UserDataPatch> {
    let sources = prop_oneof![
        6 => object_source(value_source(3), 0..6),
        2 => object_source(value_source(1), 6..40),
        1 => object_source(scalar_source(), 40..120),
    ];
    sources.prop_map(|source| {
        let limits = Limits::default();
        JsonRef::validate(source.as_bytes(), &limits)
            .and_then(|object| UserDataPatch::read(object, &limits))
            .unwrap_or_else(|error| panic!("{error}: {source}"))
    })
}

/// The keys of one DeleteUserData, some of them unknown to any chat.
pub fn user_data_keys() -> impl Strategy<Value = UserDataKeys> {
    vec(prop_oneof![9 => key(), 1 => Just(String::new())], 0..12)
        .prop_map(|keys| keys.into_iter().collect())
}

/// User data as it is after some requests.
pub fn user_data() -> impl Strategy<Value = UserData> {
    vec((user_data_patch(), user_data_keys()), 0..4).prop_map(|requests| {
        let mut data = UserData::new();
        for (patch, keys) in &requests {
            data.remove(keys);
            data.merge(patch);
        }
        data
    })
}

/// `text` as a JSON string in one of the many ways to write it: `choices` says for each character
/// whether it stands literally, with a short escape or with `\u`.
pub fn string_source(text: &str, choices: &[u8]) -> String {
    let mut json = String::from("\"");
    for (at, character) in text.chars().enumerate() {
        let choice = choices.get(at % choices.len().max(1)).copied().unwrap_or(0);
        let short = match character {
            '"' => Some('"'),
            '\\' => Some('\\'),
            '/' => Some('/'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            _ => None,
        };
        let must = character < ' ' || character == '"' || character == '\\';
        match (choice % 4, short) {
            (0, _) if !must => json.push(character),
            (0 | 1, Some(short)) => json.extend(['\\', short]),
            (1, None) if !must => json.push(character),
            (choice, _) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    json.push_str(&match choice {
                        2 => format!("\\u{unit:04X}"),
                        _ => format!("\\u{unit:04x}"),
                    });
                }
            }
        }
    }
    json.push('"');
    json
}

fn parse(source: &str) -> JsonText {
    JsonText::parse(source.as_bytes(), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}: {source}"))
}

fn value_source(depth: u32) -> BoxedStrategy<String> {
    scalar_source()
        .prop_recursive(depth, 24, 5, |inner| {
            let array = (vec((space(), inner.clone(), space()), 0..5), space()).prop_map(
                |(elements, inside)| {
                    let elements: Vec<_> =
                        elements.into_iter().map(|(a, e, b)| format!("{a}{e}{b}")).collect();
                    if elements.is_empty() {
                        format!("[{inside}]")
                    } else {
                        format!("[{}]", elements.join(","))
                    }
                },
            );
            prop_oneof![array, object_source(inner.boxed(), 0..5)]
        })
        .boxed()
}

fn object_source(
    value: BoxedStrategy<String>,
    size: core::ops::Range<usize>,
) -> BoxedStrategy<String> {
    let member = (key(), vec(any::<u8>(), 0..4), value, [space(), space(), space(), space()]);
    (vec(member, size), space())
        .prop_map(|(members, inside)| {
            let mut seen: Vec<String> = Vec::new();
            let mut json = String::from("{");
            for (key, choices, value, [a, b, c, d]) in members {
                if seen.contains(&key) {
                    continue;
                }
                if !seen.is_empty() {
                    json.push(',');
                }
                json += &format!("{a}{}{b}:{c}{value}{d}", string_source(&key, &choices));
                seen.push(key);
            }
            if seen.is_empty() {
                json.push_str(inside);
            }
            json.push('}');
            json
        })
        .boxed()
}

fn scalar_source() -> BoxedStrategy<String> {
    let numbers = &[
        "0",
        "-0",
        "1",
        "1.0",
        "1.00",
        "1e2",
        "1E+2",
        "100",
        "-1.5e-3",
        "0.1",
        "1e999",
        "-0.0",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
    ];
    let string = (vec(any::<char>(), 0..10), vec(any::<u8>(), 0..4))
        .prop_map(|(chars, choices)| string_source(&String::from_iter(chars), &choices));
    let plain = key().prop_map(|text| {
        let mut json = String::new();
        write_string(&mut json, &text);
        json
    });
    prop_oneof![
        2 => select(&["null", "true", "false", "\"\"", "\"1\""][..]).prop_map(ToString::to_string),
        3 => select(&numbers[..]).prop_map(ToString::to_string),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        2 => string,
        2 => plain,
    ]
    .boxed()
}

fn space() -> BoxedStrategy<&'static str> {
    prop_oneof![5 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t "), 1 => Just("\n")].boxed()
}
