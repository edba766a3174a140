//! Chats and records that are JSON, and of which one value is not what any chat would write: refused, or
//! taken and lived with, but never a fault.

use std::ffi::c_void;
use std::ptr;

use serde_json::{Value, json};

use super::world::{Which, context, directory, done, made, op};
use crate::{
    CHATM_BY_AGENT, CHATM_BY_CUSTOMER, CHATM_STATUS_CALLBACK_FAILED, CHATM_STATUS_OK,
    CHATM_STATUS_PANIC, CHATM_TRIGGER_CUSTOMER_GONE, CHATM_TRIGGER_EXPIRE,
    CHATM_TRIGGER_LOGGED_OUT, CHATM_TRIGGER_OFFER, chatm_applied_free, chatm_applied_record,
    chatm_buf, chatm_buf_free, chatm_chat, chatm_chat_apply, chatm_chat_apply_json,
    chatm_chat_customer_messages, chatm_chat_free, chatm_chat_from_json, chatm_chat_messages,
    chatm_chat_new, chatm_chat_next_expiry, chatm_chat_replay, chatm_chat_to_json, chatm_chat_user,
    chatm_chat_user_count, chatm_chat_view, chatm_chat_waiting, chatm_context,
    chatm_directory_free, chatm_op, chatm_op_free, chatm_op_house, chatm_status, chatm_str,
};

const DIRECTORY: &str = r#"{"users":{"amy":{"name":"Amy"},"bob":{}},"queues":{"q":{"ready":["amy"]}},"defaultQueue":"q"}"#;

/// A conversation in which most of what there is happens.
fn story() -> Vec<*mut chatm_op> {
    let agent = |json: &str| op(CHATM_BY_AGENT, json);
    let customer = |json: &str| op(CHATM_BY_CUSTOMER, json);
    let api = "http://localhost:8080/api/v2";
    vec![
        customer(
            r#"{"operationName":"RequestChat","nickname":"Chris","subject":"S","userData":{"a":1}}"#,
        ),
        house(CHATM_TRIGGER_OFFER, "amy"),
        agent(r#"{"operationName":"Accept","nickname":"Amy"}"#),
        customer(r#"{"operationName":"SendMessage","text":"Hello"}"#),
        agent(r#"{"operationName":"AttachUserData","userData":{"b":[2]}}"#),
        agent(&format!(r#"{{"operationName":"Consult","targetUri":"{api}/users/bob"}}"#)),
    ]
}

fn house(trigger: i32, user: &str) -> *mut chatm_op {
    let user = chatm_str::of(user);
    // SAFETY: valid arguments.
    made(|it, error| unsafe { chatm_op_house(trigger, user, it, error) })
}

fn new_chat() -> *mut chatm_chat {
    // SAFETY: valid arguments.
    made(|it, error| unsafe { chatm_chat_new(chatm_str::of("chat1"), it, error) })
}

/// What the buffer says; gives it back.
fn taken(mut buffer: chatm_buf) -> String {
    let text = chatm_str { ptr: buffer.ptr, len: buffer.len };
    // SAFETY: the library has just filled it.
    unsafe {
        let text = text.text("text").expect("it is text").to_owned();
        chatm_buf_free(&raw mut buffer);
        text
    }
}

/// The chat after the story, and its records.
fn told() -> (Value, Vec<Value>) {
    let chat = new_chat();
    let mut records = Vec::new();
    let mut buffer = chatm_buf::EMPTY;
    for op in story() {
        let applied = done(chat, op, "amy");
        // SAFETY: both live.
        unsafe {
            chatm_applied_record(applied, &raw mut buffer, ptr::null_mut());
            chatm_applied_free(applied);
        }
        records.push(serde_json::from_str(&taken(buffer)).expect("a record is JSON"));
        buffer = chatm_buf::EMPTY;
    }
    // SAFETY: the chat lives, and is then nobody's.
    unsafe {
        chatm_chat_to_json(chat, &raw mut buffer, ptr::null_mut());
        chatm_chat_free(chat);
    }
    (serde_json::from_str(&taken(buffer)).expect("a chat is JSON"), records)
}

/// Asks and does everything; whatever comes of it, it is no fault.
fn live_with(chat: *mut chatm_chat, what: &dyn Fn() -> String) {
    let check = |status: chatm_status| assert_ne!(status, CHATM_STATUS_PANIC, "{}", what());
    let print = |call: &dyn Fn(*mut chatm_buf) -> chatm_status| {
        let mut buffer = chatm_buf::EMPTY;
        check(call(&raw mut buffer));
        // SAFETY: empty, or filled by the library.
        unsafe { chatm_buf_free(&raw mut buffer) };
    };
    let none = ptr::null_mut();
    // SAFETY: the chat lives; everything else is valid or NULL.
    unsafe {
        let users: Vec<String> = (0..chatm_chat_user_count(chat))
            .map(|at| chatm_chat_user(chat, at).text("user").expect("it is text").to_owned())
            .collect();
        for user in &users {
            let user = chatm_str::of(user);
            print(&|it| chatm_chat_view(chat, user, ptr::null(), it, none));
            for (start, count) in [(0, usize::MAX), (2, 1), (u64::MAX, usize::MAX)] {
                print(&|it| chatm_chat_messages(chat, user, start, count, ptr::null(), it, none));
            }
        }
        print(&|it| chatm_chat_customer_messages(chat, u64::MAX, it, ptr::null_mut(), none));
        print(&|it| chatm_chat_customer_messages(chat, 1, it, ptr::null_mut(), none));
        print(&|it| chatm_chat_to_json(chat, it, none));
        let (mut at, mut text) = (0, chatm_str::NONE);
        check(chatm_chat_next_expiry(chat, &raw mut at, &raw mut text, none));
        check(chatm_chat_waiting(chat, &raw mut text, &raw mut at, none));
        for at_ms in [i64::MIN, i64::MAX] {
            for json in [
                r#"{"operationName":"Accept"}"#,
                r#"{"operationName":"SendMessage","text":"x"}"#,
                r#"{"operationName":"DeleteUserData","keys":["a"]}"#,
                r#"{"operationName":"Leave"}"#,
                r#"{"operationName":"Complete"}"#,
            ] {
                for user in ["amy", "bob"] {
                    let context = chatm_context { at_ms, user: chatm_str::of(user), ..context() };
                    let (json, applied) = (chatm_str::of(json), ptr::null_mut());
                    check(chatm_chat_apply_json(chat, json, &raw const context, applied, none));
                }
            }
            let context = chatm_context { at_ms, ..context() };
            for op in [
                house(CHATM_TRIGGER_OFFER, "amy"),
                house(CHATM_TRIGGER_EXPIRE, "bob"),
                house(CHATM_TRIGGER_LOGGED_OUT, "amy"),
                house(CHATM_TRIGGER_CUSTOMER_GONE, "x"),
            ] {
                check(chatm_chat_apply(chat, op, &raw const context, ptr::null_mut(), none));
                chatm_op_free(op);
            }
        }
    }
}

/// `value` with each of its places, in turn, holding something strange or nothing.
fn mutants(value: &Value) -> Vec<(String, Value)> {
    let strange = [
        Value::Null,
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(""),
        json!("amy"),
        json!([]),
        json!({}),
    ];
    let mut places = Vec::new();
    collect(value, String::new(), &mut places);
    let mut found = Vec::new();
    for place in places {
        for new in &strange {
            let mut mutant = value.clone();
            *mutant.pointer_mut(&place).expect("it was just found") = new.clone();
            found.push((format!("{place} = {new}"), mutant));
        }
        let Some((parent, name)) = place.rsplit_once('/') else { continue };
        let mut mutant = value.clone();
        match mutant.pointer_mut(parent).expect("it was just found") {
            Value::Object(members) => {
                members.remove(name);
            }
            Value::Array(list) => {
                let at: usize = name.parse().expect("an index");
                let twice = list[at].clone();
                list.push(twice);
            }
            _ => {}
        }
        found.push((format!("{place} missing or twice"), mutant));
    }
    found
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    let below = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect(value, below(name), places));
        }
        Value::Array(list) => {
            let numbered = list.iter().enumerate();
            numbered.for_each(|(at, value)| collect(value, below(&at.to_string()), places));
        }
        _ => {}
    }
    places.push(place);
}

#[test]
fn a_chat_file_with_a_strange_value_is_refused_or_lived_with() {
    let (chat, _) = told();
    let (mut taken, mut refused) = (0, 0);
    for (what, mutant) in mutants(&chat) {
        let text = mutant.to_string();
        let mut chat = ptr::null_mut();
        let (json, none) = (chatm_str::of(&text), ptr::null_mut());
        // SAFETY: valid arguments.
        let status = unsafe { chatm_chat_from_json(json, ptr::null(), &raw mut chat, none) };
        assert_ne!(status, CHATM_STATUS_PANIC, "{what}");
        assert_eq!(status == CHATM_STATUS_OK, !chat.is_null(), "{what}");
        if status == CHATM_STATUS_OK {
            live_with(chat, &|| format!("{what}: {text}"));
            taken += 1;
        } else {
            refused += 1;
        }
        // SAFETY: NULL, or nobody's any more.
        unsafe { chatm_chat_free(chat) };
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}

#[test]
fn a_record_with_a_strange_value_is_refused_or_lived_with() {
    let (_, records) = told();
    let (mut taken, mut refused) = (0, 0);
    for at in 0..records.len() {
        for (what, mutant) in mutants(&records[at]) {
            let chat = new_chat();
            for record in records[..at].iter().chain([&mutant]).chain(&records[at..]) {
                match replay(chat, record) {
                    CHATM_STATUS_OK => taken += 1,
                    CHATM_STATUS_PANIC => panic!("{what}: {record}"),
                    _ => refused += 1,
                }
            }
            live_with(chat, &|| format!("{what}: {mutant}"));
            // SAFETY: nobody's any more.
            unsafe { chatm_chat_free(chat) };
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}

#[test]
fn records_in_any_order_are_no_fault() {
    let (_, records) = told();
    for first in &records {
        for second in &records {
            for third in &records {
                let chat = new_chat();
                for record in [first, second, third] {
                    assert_ne!(
                        replay(chat, record),
                        CHATM_STATUS_PANIC,
                        "{first} {second} {third}"
                    );
                }
                // SAFETY: nobody's any more.
                unsafe { chatm_chat_free(chat) };
            }
        }
    }
}

fn replay(chat: *mut chatm_chat, record: &Value) -> chatm_status {
    let text = record.to_string();
    let (mut applied, none) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: valid arguments.
    unsafe {
        let record = chatm_str::of(&text);
        let status = chatm_chat_replay(chat, record, ptr::null(), &raw mut applied, none);
        chatm_applied_free(applied);
        status
    }
}

/// Whatever the program's own function does short of what its comment forbids.
#[test]
fn chance_that_fails_or_repeats_itself_is_no_fault() {
    unsafe extern "C" fn none(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
        -1
    }
    unsafe extern "C" fn always_the_same(_: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
        // SAFETY: there is room for `len` bytes.
        unsafe { bytes.write_bytes(7, len) };
        0
    }
    unsafe extern "C" fn never_written(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
        0
    }
    let people = directory(DIRECTORY);
    let (chat, failing) = (new_chat(), new_chat());
    let repeated = new_chat();
    let mut failures = 0;
    for op in story() {
        let user = chatm_str::of("amy");
        let sound = chatm_context { user, directory: people, ..context() };
        let with = |random| chatm_context { random: Some(random), ..sound };
        let apply = |chat, context: chatm_context| {
            // SAFETY: everything lives.
            unsafe {
                chatm_chat_apply(chat, op, &raw const context, ptr::null_mut(), ptr::null_mut())
            }
        };
        // SAFETY: it lives.
        let before = unsafe { Which::Chatting.show(failing.cast()) };
        let status = apply(failing, with(none));
        if status == CHATM_STATUS_CALLBACK_FAILED {
            // SAFETY: it lives.
            assert_eq!(unsafe { Which::Chatting.show(failing.cast()) }, before);
            assert_eq!(apply(failing, sound), CHATM_STATUS_OK);
            failures += 1;
        } else {
            assert_eq!(status, CHATM_STATUS_OK);
        }
        assert_eq!(apply(repeated, with(always_the_same)), CHATM_STATUS_OK);
        assert_eq!(apply(chat, with(never_written)), CHATM_STATUS_OK);
        // SAFETY: nobody's any more.
        unsafe { chatm_op_free(op) };
    }
    assert!(failures > 0, "expected an operation that needs new ids");
    for chat in [chat, failing, repeated] {
        live_with(chat, &|| "a chat with strange ids".to_owned());
        // SAFETY: nobody's any more.
        unsafe { chatm_chat_free(chat) };
    }
    // SAFETY: nobody's any more.
    unsafe { chatm_directory_free(people) };
}
