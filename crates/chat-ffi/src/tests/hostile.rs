//! Everything that a C program may get wrong, in every argument of every export: none crashes, each gives
//! its code, results are empty, and nothing has changed.

use std::mem::offset_of;
use std::ptr;

use super::arguments::{Body, ErrorPlace, Frame, Outcome, Role};
use super::call::Value;
use super::exports::{Export, all};
use crate::{
    CHATM_STATUS_INVALID_ARGUMENT, CHATM_STATUS_INVALID_JSON, CHATM_STATUS_INVALID_UTF8,
    CHATM_STATUS_INVALID_VALUE, CHATM_STATUS_NOT_FOUND, CHATM_STATUS_REFUSED, chatm_context,
    chatm_limits, chatm_status, chatm_str,
};

#[test]
fn every_export_works_with_valid_arguments() {
    for export in all() {
        let outcome = Frame::new(&export).call(ErrorPlace::Given);
        let expected = |outcome: &Outcome| match outcome {
            Outcome::Works | Outcome::Returned(_) => true,
            Outcome::Fails(..) => false,
        };
        assert!(expected(&outcome), "{}: {outcome:?}", export.name);
    }
}

#[test]
fn every_argument_may_be_wrong_in_every_way() {
    let mut calls = 0;
    for export in all() {
        for at in 0..export.parameters.len() {
            for case in cases(export.parameters[at].1) {
                for place in [ErrorPlace::Given, ErrorPlace::Null, ErrorPlace::Misaligned] {
                    check(&export, at, &case, place);
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 10_000, "expected the whole table, found {calls} calls");
}

fn check(export: &Export, at: usize, case: &Case, place: ErrorPlace) {
    let mut frame = Frame::new(export);
    match &case.wrong {
        Wrong::Value(value) => frame.values[at] = *value,
        Wrong::Bytes(bytes) => frame.values[at] = frame.text(bytes),
        Wrong::Misaligned => frame.misalign(at),
        Wrong::Written(writes) => {
            for (offset, bytes) in writes {
                frame.write(at, *offset, bytes);
            }
        }
    }
    let outcome = frame.call(place);
    let parameter = export.parameters[at].0;
    let is_expected = match (&outcome, &case.expected) {
        // What is right and what is strange give some value, and not a crash.
        (Outcome::Returned(_), Expected::Works | Expected::Either(..)) => true,
        (Outcome::Returned(found), Expected::Fails(..)) => export.fallback.as_ref() == Some(found),
        (Outcome::Works, Expected::Works | Expected::Either(..)) => true,
        (Outcome::Fails(status, code), Expected::Fails(expected, codes)) => {
            status == expected && code.as_deref().is_none_or(|code| codes.contains(&code))
        }
        (Outcome::Fails(_, code), Expected::Either(codes)) => {
            code.as_deref().is_none_or(|code| codes.contains(&code))
        }
        _ => false,
    };
    assert!(is_expected, "{}, {parameter}, {place:?}: {case:?}, found {outcome:?}", export.name);
}

/// One thing that is wrong, and what comes of it.
#[derive(Debug)]
struct Case {
    wrong: Wrong,
    expected: Expected,
}

#[derive(Debug)]
enum Wrong {
    Value(Value),
    /// A text of these bytes.
    Bytes(Vec<u8>),
    Misaligned,
    /// Bytes of the struct that is pointed to.
    Written(Vec<(usize, Vec<u8>)>),
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    Works,
    /// The status, and one of these codes.
    Fails(chatm_status, &'static [&'static str]),
    /// Works, or fails with one of these codes.
    Either(&'static [&'static str]),
}

const fn argument(codes: &'static [&'static str]) -> Expected {
    Expected::Fails(CHATM_STATUS_INVALID_ARGUMENT, codes)
}

const NULL: Expected = argument(&["argument.null"]);
const ALIGNMENT: Expected = argument(&["argument.alignment"]);
const LENGTH: Expected = argument(&["argument.length"]);
const EMPTY: Expected = argument(&["argument.empty"]);
const STRUCT_SIZE: Expected = argument(&["argument.struct_size"]);
const UTF8: Expected = Expected::Fails(CHATM_STATUS_INVALID_UTF8, &["argument.utf8"]);
const NO_INDEX: Expected = Expected::Fails(CHATM_STATUS_NOT_FOUND, &["index.out_of_range"]);
const NO_NAME: Expected = Expected::Fails(
    CHATM_STATUS_NOT_FOUND,
    &["schema.unknown", "parameter.unknown", "kind.unknown"],
);

fn cases(role: Role) -> Vec<Case> {
    let case = |wrong, expected| Case { wrong, expected };
    let number = |number: u64, expected| case(Wrong::Value(Value::Number(number)), expected);
    let null = |expected| case(Wrong::Value(Value::Place(ptr::null_mut())), expected);
    let misaligned = || case(Wrong::Misaligned, ALIGNMENT);
    match role {
        Role::OneOf(first) => [i64::from(first) - 1, 99, i32::MIN.into(), i32::MAX.into()]
            .map(|wrong| number(wrong as u64, argument(&["argument.number"])))
            .into(),
        Role::Index => [u64::MAX, 1 << 32, 10_000].map(|index| number(index, NO_INDEX)).into(),
        Role::AnyNumber => [0, 1, u64::MAX].map(|any| number(any, Expected::Works)).into(),
        Role::Text(_) => [
            texts(UTF8),
            vec![
                case(Wrong::Value(Value::Text(chatm_str::NONE)), NO_NAME),
                case(Wrong::Bytes(b"\0\x1b[2J\n".to_vec()), NO_NAME),
                case(Wrong::Bytes("é".repeat(100_000).into()), NO_NAME),
            ],
        ]
        .into_iter()
        .flatten()
        .collect(),
        Role::Name(_) => {
            let strange = Expected::Either(&[
                "user.not_on_chat",
                "chat.not_found",
                "index.out_of_range",
                "argument.chat_id",
            ]);
            [
                texts(UTF8),
                vec![
                    case(Wrong::Value(Value::Text(chatm_str::NONE)), EMPTY),
                    case(Wrong::Bytes(Vec::new()), EMPTY),
                    case(Wrong::Bytes(b"\0\x1b[2J\n/../".to_vec()), strange),
                    case(Wrong::Bytes("é".repeat(100_000).into()), strange),
                ],
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        Role::Json(body, sample) => json(body, sample),
        Role::Limits => limits(),
        Role::Context => contexts(),
        Role::Handle(_) => vec![null(NULL), misaligned()],
        Role::Optional(_) => vec![null(Expected::Works), misaligned()],
        Role::Free => vec![null(NULL), misaligned()],
        Role::Out(_) => vec![null(NULL), misaligned()],
        Role::OutIfWanted(_) => vec![null(Expected::Works), misaligned()],
        // Every case is called with every place for the error.
        Role::Error => Vec::new(),
    }
}

/// Pointers and lengths that do not fit, and bytes that are no UTF-8.
fn texts(no_utf8: Expected) -> Vec<Case> {
    let text = |ptr: *const u8, len, expected| Case {
        wrong: Wrong::Value(Value::Text(chatm_str { ptr: ptr.cast(), len })),
        expected,
    };
    let mut cases: Vec<Case> =
        [1, 5, isize::MAX as usize, usize::MAX].map(|len| text(ptr::null(), len, NULL)).into();
    let somewhere = c"{}".as_ptr().cast::<u8>();
    cases.extend([isize::MAX as usize + 1, usize::MAX].map(|len| text(somewhere, len, LENGTH)));
    // A byte that is never one, a sequence without its end, a surrogate, an overlong slash.
    let wrong: [&[u8]; 5] = [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"agent1\x80"];
    cases.extend(wrong.map(|bytes| Case { wrong: Wrong::Bytes(bytes.into()), expected: no_utf8 }));
    cases
}

fn json(body: Body, sample: &'static str) -> Vec<Case> {
    let (status, none) = match body {
        Body::Operation => {
            (CHATM_STATUS_REFUSED, Expected::Fails(CHATM_STATUS_REFUSED, &["body.not_an_object"]))
        }
        Body::Value(codes) => {
            (CHATM_STATUS_INVALID_JSON, Expected::Fails(CHATM_STATUS_INVALID_VALUE, codes))
        }
    };
    let unreadable = match status {
        CHATM_STATUS_REFUSED => Expected::Fails(status, &["body.unreadable"]),
        _ => Expected::Fails(status, &["json.unreadable"]),
    };
    let case = |bytes: Vec<u8>, expected| Case { wrong: Wrong::Bytes(bytes), expected };
    let mut cases = texts(unreadable);
    let bytes = sample.as_bytes();
    for end in 0..bytes.len() {
        cases.push(case(bytes[..end].to_vec(), unreadable));
        cases.push(case([&bytes[..end], b"\xff", &bytes[end..]].concat(), unreadable));
        cases.push(case([&bytes[..end], b"\0", &bytes[end..]].concat(), unreadable));
    }
    for open in ["[", "{\"a\":", "{\"userData\":{\"a\":[", "{\"events\":["] {
        cases.push(case(open.repeat(50_000).into(), unreadable));
    }
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    cases.push(case(
        deep.into(),
        Expected::Either(&["body.unreadable", "json.unreadable", "record.invalid"]),
    ));
    let twice = format!("{sample}{sample}");
    cases.push(case(twice.into(), unreadable));
    cases.extend(["null", "true", "1", "-0.5e-999", "\"x\""].map(|it| case(it.into(), none)));
    cases
}

/// Sizes of a struct that cannot be, and that newer and older programs may pass.
fn sizes(size: usize) -> Vec<Case> {
    let word = |number: usize| number.to_ne_bytes().to_vec();
    let sized =
        |number: usize, expected| Case { wrong: Wrong::Written(vec![(0, word(number))]), expected };
    let mut cases: Vec<Case> =
        [0, 1, 8, size - 8, size - 1, size + 1, 4104, isize::MAX as usize, usize::MAX]
            .map(|wrong| sized(wrong, STRUCT_SIZE))
            .into();
    for newer in [size + 8, 4096] {
        cases.push(sized(newer, Expected::Works));
        for wished in [size, newer - 1] {
            let writes = vec![(0, word(newer)), (wished, vec![1])];
            cases.push(Case { wrong: Wrong::Written(writes), expected: STRUCT_SIZE });
        }
    }
    // Behind the struct may stand anything.
    let writes = vec![(size, vec![0xff; 64])];
    cases.push(Case { wrong: Wrong::Written(writes), expected: Expected::Works });
    cases
}

fn limits() -> Vec<Case> {
    let mut cases = sizes(size_of::<chatm_limits>());
    let null = Wrong::Value(Value::Place(ptr::null_mut()));
    cases.push(Case { wrong: null, expected: Expected::Works });
    cases.push(Case { wrong: Wrong::Misaligned, expected: ALIGNMENT });
    let members = [
        offset_of!(chatm_limits, max_bytes),
        offset_of!(chatm_limits, max_depth),
        offset_of!(chatm_limits, max_keys),
        offset_of!(chatm_limits, max_key_bytes),
    ];
    for member in members {
        let too_little = Expected::Either(&[
            "body.too_large",
            "body.unreadable",
            "json.too_large",
            "json.unreadable",
            "user_data.invalid",
            "user_data.too_many_keys",
        ]);
        for (number, expected) in [
            (0, Expected::Works),
            (1, too_little),
            (usize::MAX, Expected::Works),
            (isize::MAX as usize, Expected::Works),
        ] {
            let writes = vec![(member, number.to_ne_bytes().to_vec())];
            cases.push(Case { wrong: Wrong::Written(writes), expected });
        }
    }
    cases
}

fn contexts() -> Vec<Case> {
    let mut cases = sizes(size_of::<chatm_context>());
    cases.push(Case { wrong: Wrong::Value(Value::Place(ptr::null_mut())), expected: NULL });
    cases.push(Case { wrong: Wrong::Misaligned, expected: ALIGNMENT });
    let mut member = |offset: usize, bytes: Vec<u8>, expected| {
        cases.push(Case { wrong: Wrong::Written(vec![(offset, bytes)]), expected });
    };
    let text = |ptr: *const u8, len: usize| [ptr.addr().to_ne_bytes(), len.to_ne_bytes()].concat();
    for at in [i64::MIN, -1, 0, i64::MAX] {
        let offset = offset_of!(chatm_context, at_ms);
        member(offset, at.to_ne_bytes().to_vec(), Expected::Works);
    }
    for number in [0, 1, u64::MAX] {
        let bytes = number.to_ne_bytes().to_vec();
        member(offset_of!(chatm_context, reference_id), bytes.clone(), Expected::Works);
        member(offset_of!(chatm_context, id_seed), bytes, Expected::Works);
    }
    let user = offset_of!(chatm_context, user);
    static WRONG: &[u8] = b"agent1\xff";
    member(user, text(ptr::null(), 0), EMPTY);
    member(user, text(ptr::null(), 5), NULL);
    member(user, text(WRONG.as_ptr(), usize::MAX), LENGTH);
    member(user, text(WRONG.as_ptr(), WRONG.len()), UTF8);
    let stranger = Expected::Fails(CHATM_STATUS_REFUSED, &["chat.not_found"]);
    member(user, text(WRONG.as_ptr(), 5), stranger);
    for handle in [offset_of!(chatm_context, rules), offset_of!(chatm_context, directory)] {
        member(handle, 0_usize.to_ne_bytes().to_vec(), Expected::Works);
        member(handle, 1_usize.to_ne_bytes().to_vec(), ALIGNMENT);
    }
    cases
}
