//! Every refusal by its message, and agreement with `serde_json` about the rest.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::IgnoredAny;

use super::{JsonError, JsonRef, JsonText, Limits, write_string};

pub(super) fn validate(json: &[u8]) -> Result<JsonRef<'_>, JsonError> {
    JsonRef::validate(json, &Limits::default())
}

/// The texts of `Parsing JSON is a Minefield` in spirit: each with whether it is JSON. `serde_json`
/// gives the same verdict on all of them.
#[test]
fn accepts_and_refuses_what_serde_json_does() {
    const VALID: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "1",
        "10",
        "1.0",
        "1e2",
        "1E+2",
        "1e-02",
        "0e1",
        "123456789012345678901234567890",
        "0.00000000000000000000000000000000000001",
        "\"\"",
        "\"a\"",
        r#""\"\\\/\b\f\n\r\t\u0000\u00e9""#,
        r#""\ud83d\ude00""#,
        "\"\u{7f}\"",
        "\"\u{2028}\u{fffe}\u{10ffff}\"",
        "[]",
        "[ ]",
        "{}",
        "{\n}",
        "[1]",
        "[1,2 , 3]",
        "[[],{}]",
        r#"{"a":1}"#,
        " { \"a\" : [ null , { \"b\" : { } } ] } ",
        "\t\r\n 1 \t\r\n",
        r#"{"a":{"a":{"a":1}}}"#,
        r#"[{"a":1},{"a":2}]"#,
        r#"{"\u0061":1,"b":2}"#,
    ];
    const INVALID: &[&str] = &[
        "",
        " ",
        "nul",
        "nulll",
        "null null",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "--1",
        "+1",
        ".5",
        "-.5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "1E-",
        "01",
        "-01",
        "00",
        "0x10",
        "1_0",
        "1,2",
        "1 2",
        "1a",
        "\"",
        "\"a",
        "'a'",
        r#""\""#,
        r#""\x""#,
        r#""\u12""#,
        r#""\u12g4""#,
        r#""\U0061""#,
        "\"\n\"",
        "\"\t\"",
        "\"\u{0}\"",
        "\"\u{1f}\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1 2]",
        "[1,,2]",
        "[}",
        "{",
        "}",
        "{]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;\"b\":2}",
        "{\"a\"::1}",
        "{\"a\":1}}",
        "{\"a\":1}x",
        "[1]]",
        "\u{feff}1",
        "\u{a0}1",
        "1\u{c}",
        "\u{b}1",
        "/**/1",
        "1//",
        "#1",
        "[1}",
        "{\"a\":1]",
        "\u{2028}1",
        "é",
        "[é]",
    ];
    for (texts, valid) in [(VALID, true), (INVALID, false)] {
        for text in texts {
            let judge = serde_json::from_str::<IgnoredAny>(text).is_ok();
            assert_eq!(judge, valid, "the table is wrong about {text:?}");
            let ours = validate(text.as_bytes());
            assert_eq!(ours.is_ok(), valid, "{text:?}: {ours:?}");
        }
    }
}

/// DEC-7 and RFC 8259: what each refusal says, and where it says it is.
#[test]
fn a_refusal_says_what_was_expected_what_came_and_where() {
    let long = format!(r#"{{"x":{{"{}":1}}}}"#, "k".repeat(1025));
    let deep = "[".repeat(65);
    let check = |json: &str, message: &str, offset: usize, pointer: &str| {
        let error = validate(json.as_bytes()).expect_err(json);
        assert_eq!(
            (error.to_string().as_str(), error.offset(), error.pointer()),
            (message, offset, pointer),
            "{json}"
        );
        assert!(!error.is_too_large(), "{json}");
    };
    check(r#"{"a":1,"b":"c" x}"#, "expected `,` or `}` at byte 15, found `x`, in /b", 15, "/b");
    check("[1,[2 3]]", "expected `,` or `]` at byte 6, found `3`, in /1/0", 6, "/1/0");
    check("{1}", "expected a key or `}` at byte 1, found `1`", 1, "");
    check(r#"{"a":1,}"#, "expected a key at byte 7, found `}`", 7, "");
    check(r#"{"a" 1}"#, "expected `:` at byte 5, found `1`, in /a", 5, "/a");
    check(r#"{"a":}"#, "expected a value at byte 5, found `}`, in /a", 5, "/a");
    check("é", "expected a value at byte 0, found `é`", 0, "");
    check("`", "expected a value at byte 0, found a backtick", 0, "");
    check("\u{b}", "expected a value at byte 0, found U+000B", 0, "");
    check("\u{feff}{}", "expected a value at byte 0, found `\u{feff}`", 0, "");
    check("{} x", "expected the end at byte 3, found `x`", 3, "");
    check("trux", "expected `true` at byte 3, found `x`", 3, "");
    check("tru", "expected `true` at byte 3, found the end", 3, "");
    check("01", "expected the end at byte 1, found `1`", 1, "");
    check("1.", "expected a digit at byte 2, found the end", 2, "");
    check("-x", "expected a digit at byte 1, found `x`", 1, "");
    check(r#"{"a":"b"#, "expected `\"` at byte 7, found the end, in /a", 7, "/a");
    check("", "expected a value at byte 0, found the end", 0, "");
    check(
        r#"["\q"]"#,
        "expected one of `\"\\/bfnrtu` after a backslash at byte 3, found `q`, in /0",
        3,
        "/0",
    );
    check(r#"["\u00G0"]"#, "expected a hexadecimal digit at byte 6, found `G`, in /0", 6, "/0");
    check(
        "[\"a\nb\"]",
        "expected \\u000a at byte 3, found the control character that it stands for, in /0",
        3,
        "/0",
    );
    check(
        r#"{"a":"x\ud800"}"#,
        "expected a pair of surrogates at byte 7, found \\ud800 alone, in /a",
        7,
        "/a",
    );
    check(
        r#"{"a":"\ud800\u0041"}"#,
        "expected a pair of surrogates at byte 6, found \\ud800 alone, in /a",
        6,
        "/a",
    );
    check(
        r#"{"a":"\ud800\n"}"#,
        "expected a pair of surrogates at byte 6, found \\ud800 alone, in /a",
        6,
        "/a",
    );
    check(
        r#"{"a":"\uDC00"}"#,
        "expected a pair of surrogates at byte 6, found \\udc00 alone, in /a",
        6,
        "/a",
    );
    check(r#"{"\udfff":1}"#, "expected a pair of surrogates at byte 2, found \\udfff alone", 2, "");
    check(
        &deep,
        "expected at most 64 levels of nesting, found more at byte 64",
        64,
        &"/0".repeat(64),
    );
    check(r#"{"":1}"#, "expected a key of at least one character at byte 1, found none", 1, "");
    check(
        r#"{"userData":{"a":[{"":1}]}}"#,
        "expected a key of at least one character at byte 19, found none, in /userData/a/0",
        19,
        "/userData/a/0",
    );
    check(&long, "expected a key of at most 1024 bytes at byte 6, found 1025, in /x", 6, "/x");
    check(
        r#"{"userData":{"a":1,"b":2,"a":3}}"#,
        "expected each key once in an object, found \"a\" twice, in /userData",
        25,
        "/userData",
    );
    check(r#"{"a":1,"\u0061":2}"#, "expected each key once in an object, found \"a\" twice", 7, "");
    check(
        r#"{"\ud83d\ude00":1,"😀":2}"#,
        "expected each key once in an object, found \"😀\" twice",
        18,
        "",
    );
    check(
        r#"[0,{"~/":{"a":1,"a":1}}]"#,
        "expected each key once in an object, found \"a\" twice, in /1/~0~1",
        16,
        "/1/~0~1",
    );
}

#[test]
fn bytes_that_are_not_utf8_are_refused_where_they_stand() {
    for (json, offset) in [(&b"\"a\xff\""[..], 2), (b"\xc3", 0), (b"\"\xed\xa0\x80\"", 1)] {
        let error = validate(json).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected UTF-8 at byte {offset}, found another encoding")
        );
        assert_eq!(error.offset(), offset);
    }
}

/// DEC-7: over 1 MiB is the one refusal that HTTP answers with 413.
#[test]
fn a_body_over_the_limit_is_too_large_whatever_is_in_it() {
    let just = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    assert!(validate(just.as_bytes()).is_ok());
    let error = validate(&[b'x'; (1 << 20) + 1]).unwrap_err();
    assert!(error.is_too_large());
    assert_eq!(error.to_string(), "expected a body of at most 1048576 bytes, found 1048577");
}

#[test]
fn limits_are_configuration() {
    let limits = Limits { max_depth: 2, max_key_bytes: 3, max_body_bytes: 20, ..Limits::default() };
    let check = |json: &str, ok: bool| {
        let verdict = JsonRef::validate(json.as_bytes(), &limits);
        assert_eq!(verdict.is_ok(), ok, "{json}: {verdict:?}");
    };
    check("[[1]]", true);
    check("[[[]]]", false);
    check("[{\"éa\":1}]", true);
    check("[{\"éab\":1}]", false);
    // Bytes are counted decoded: this key has three characters of source for each of its bytes.
    check("{\"\\u0061\\n\":1}", true);
    check("{\"\\u0061bcd\":1}", false);
    check("\"123456789012345678\"", true);
    check("\"1234567890123456789\"", false);
}

#[test]
fn depth_is_counted_by_open_containers_and_has_a_ceiling() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(validate(nested(64).as_bytes()).is_ok());
    assert!(validate(nested(65).as_bytes()).is_err());
    assert!(validate(format!("[{}]", "{},[],".repeat(100) + "0").as_bytes()).is_ok());
    let limits = Limits { max_depth: usize::MAX, ..Limits::default() };
    assert!(JsonRef::validate(nested(128).as_bytes(), &limits).is_ok());
    assert!(JsonRef::validate(nested(129).as_bytes(), &limits).is_err());
    assert!(JsonRef::validate("[".repeat(100_000).as_bytes(), &limits).is_err());
}

/// Objects below and above the size where keys are compared pair by pair, with objects inside.
#[test]
fn a_repeated_key_is_found_in_objects_of_every_size() {
    for size in [1, 2, 15, 16, 17, 18, 31, 32, 33, 100, 1000] {
        let members = |repeat: Option<usize>| {
            let mut members: Vec<String> =
                (0..size).map(|n| format!(r#""key{n}":{{"key{n}":[{{"key0":{n}}}]}}"#)).collect();
            if let Some(repeat) = repeat {
                members.push(format!(r#""\u006bey{repeat}":0"#));
            }
            format!(r#"{{"o":{{{}}}}}"#, members.join(","))
        };
        let unique = members(None);
        assert!(validate(unique.as_bytes()).is_ok(), "{size}");
        for repeat in [0, size / 2, size - 1] {
            let json = members(Some(repeat));
            let error = validate(json.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected each key once in an object, found \"key{repeat}\" twice, in /o")
            );
            assert_eq!(error.offset(), json.find(r"\u006b").unwrap() - 1);
        }
    }
}

#[test]
fn a_hostile_number_of_keys_is_read_in_one_go() {
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"{n:x}\":0")).collect();
    let json = format!("{{{}}}", keys.join(","));
    assert_eq!(validate(json.as_bytes()).unwrap().members().count(), 100_000);
    // Keys whose fingerprints agree: same length, same ends, different middle.
    let keys: Vec<String> = (0..20_000).map(|n| format!("\"aaaaaaaa{n:06}bbbbbbbb\":0")).collect();
    let json = format!("{{{}}}", keys.join(","));
    assert!(validate(json.as_bytes()).is_ok());
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let json = r#"{"a":[1.5e3,"x\u00e9\ud83d\ude00é",true,{"b":null}],"c":{"d":-0}}"#;
    assert!(validate(json.as_bytes()).is_ok());
    for end in 0..json.len() {
        assert!(validate(&json.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn members_elements_and_scalars_are_read_as_they_stand() {
    let json = br#" { "s" : "\u0061\n" , "n":-12,"u":18446744073709551615, "f" : 1.0,
        "t":true, "z" : null,"a" : [ 1 , "," ,[2] ],"o":{"x":{}}, "e":[ ], "\u006b":"" } "#;
    let body = validate(json).unwrap();
    let kinds: Vec<_> =
        body.members().map(|(key, value)| format!("{key}: {}", value.kind())).collect();
    assert_eq!(
        kinds,
        [
            "s: a string",
            "n: a number",
            "u: a number",
            "f: a number",
            "t: a boolean",
            "z: null",
            "a: an array",
            "o: an object",
            "e: an array",
            "k: a string"
        ]
    );
    let get = |name| body.get(name).unwrap();
    assert_eq!(get("s").decode_string().unwrap(), "a\n");
    assert_eq!((get("n").as_i64(), get("n").as_u64()), (Some(-12), None));
    assert_eq!((get("u").as_i64(), get("u").as_u64()), (None, Some(u64::MAX)));
    assert_eq!((get("f").as_i64(), get("f").as_u64()), (None, None));
    assert_eq!((get("t").as_bool(), get("z").as_bool()), (Some(true), None));
    assert!(get("z").is_null());
    let elements: Vec<_> = get("a").elements().map(JsonRef::as_str).collect();
    assert_eq!(elements, ["1", "\",\"", "[2]"]);
    assert_eq!(get("e").elements().count(), 0);
    assert_eq!(get("a").members().count(), 0);
    assert_eq!(get("o").elements().count(), 0);
    assert_eq!(get("o").get("x").unwrap().as_str(), "{}");
    assert_eq!(get("k").decode_string().unwrap(), "");
    assert!(body.get("K").is_none());
    assert!(get("n").decode_string().is_none());
}

#[test]
fn a_raw_value_is_only_a_carrier() {
    for hostile in [r#"{"a":1,"a":2}"#, r#""\ud800""#, &"[".repeat(129), r#"{"":1}"#] {
        assert!(serde_json::from_str::<JsonText>(hostile).is_err(), "{hostile}");
    }
    let kept: JsonText = serde_json::from_str(r#" { "b" : 1e999, "a" : 1.0 } "#).unwrap();
    assert_eq!(kept.as_str(), r#"{"b":1e999,"a":1.0}"#);
    assert_eq!(serde_json::to_string(&[&kept]).unwrap(), r#"[{"b":1e999,"a":1.0}]"#);
}

#[test]
fn control_characters_get_the_escapes_that_json_requires() {
    let mut out = String::new();
    write_string(&mut out, "\u{0}\u{8}\u{9}\u{a}\u{b}\u{c}\u{d}\u{1f}\u{7f}\"\\/é\u{2028}");
    assert_eq!(out, "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\\\"\\\\/é\u{2028}\"".to_owned());
}
