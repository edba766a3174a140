//! JSON that is no chat, no record, no rules, no directory: which value it is, where, and what it should be;
//! and what is one, however large it has grown.

use std::ptr;

use super::world::{CHAT, DIRECTORY, RECORD, chat_from, context, directory, rules};
use crate::{
    CHATM_STATUS_INVALID_JSON, CHATM_STATUS_INVALID_VALUE, CHATM_STATUS_NOT_FOUND, CHATM_STATUS_OK,
    chatm_applied_free, chatm_applied_notification, chatm_applied_record, chatm_buf,
    chatm_buf_free, chatm_chat_apply_json, chatm_chat_free, chatm_chat_from_json,
    chatm_chat_to_json, chatm_context, chatm_directory_free, chatm_directory_update, chatm_error,
    chatm_error_free, chatm_error_message, chatm_error_offset, chatm_error_pointer, chatm_limits,
    chatm_notification, chatm_rules_free, chatm_rules_from_json, chatm_status, chatm_str,
    chatm_validate,
};

/// What a call that failed says: its status, its pointer, its offset and its message.
fn failure(
    call: impl FnOnce(*mut *mut chatm_error) -> chatm_status,
) -> (chatm_status, Option<String>, i64, String) {
    let mut error = ptr::null_mut();
    let status = call(&raw mut error);
    // SAFETY: an error, or NULL.
    unsafe {
        let pointer = chatm_error_pointer(error);
        let has_pointer = !pointer.ptr.is_null();
        let pointer = pointer.text("pointer").expect("it is text").to_owned();
        let message = chatm_error_message(error).text("message").expect("it is text").to_owned();
        let offset = chatm_error_offset(error);
        chatm_error_free(error);
        (status, has_pointer.then_some(pointer), offset, message)
    }
}

fn validate(kind: &str, json: &str, limits: *const chatm_limits) -> (chatm_status, String) {
    let (status, _, _, message) = failure(|error| {
        // SAFETY: valid arguments.
        unsafe { chatm_validate(chatm_str::of(kind), chatm_str::of(json), limits, error) }
    });
    (status, message)
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let people = directory(DIRECTORY);
    let mut none = ptr::null_mut();
    let mut nobody = ptr::null_mut();
    // SAFETY: valid arguments.
    let mut check = |what: &str, json: &str, pointer: &str, offset: i64, says: &str| unsafe {
        let text = chatm_str::of(json);
        let found = failure(|error| match what {
            "rules" => chatm_rules_from_json(text, ptr::null(), &raw mut none, error),
            "directory" => chatm_directory_update(people, text, ptr::null(), error),
            "chat" => chatm_chat_from_json(text, ptr::null(), &raw mut nobody, error),
            _ => chatm_validate(chatm_str::of(what), text, ptr::null(), error),
        });
        let expected = (CHATM_STATUS_INVALID_VALUE, Some(pointer.to_owned()), offset);
        assert_eq!((found.0, found.1, found.2), expected, "{json}: {}", found.3);
        assert!(found.3.contains(says) && found.3.starts_with("expected "), "{json}: {}", found.3);
    };
    check("rules", r#"{"invitationMs":"x"}"#, "/invitationMs", 16, r#"4294967295, found "x""#);
    check("rules", r#"{"wrong":1}"#, "/wrong", 1, r#"found "wrong""#);
    check("rules", r#"["https://x"]"#, "", 0, "expected an object, found an array");
    check("rules", r#"{"base":"x"}"#, "/base", -1, r#"begins with `https://`"#);
    check("rules", r#"{"timeOffsetMinutes":1440}"#, "/timeOffsetMinutes", -1, "found 1440");
    check("rules", r#"{"dispositionKey":""}"#, "/dispositionKey", -1, "found no text");
    check("rules", r#"{"referenceIdReplies":"x"}"#, "/referenceIdReplies", 22, "`Always`");
    check("directory", "[{},{},null]", "", 0, "expected an object, found an array");
    check("directory", r#"{"users":{"a/b":["x",true]}}"#, "/users/a~1b", 16, "found an array");
    check("directory", r#" {"queues":{"q":[]}}"#, "/queues/q", 16, "found an array");
    check("directory", r#"{"queues":{"q":{"ready":[1]}}}"#, "/queues/q/ready/0", 25, "found 1");
    check("event", r#"[0,"house",null,[]]"#, "", 0, "expected an object, found an array");
    check("event", r#"{"at":0,"by":"house"}"#, "", 0, "expected the member `events`");
    check(
        "event",
        r#"{"at":0,"by":"house","events":[{"declined":["amy"]}]}"#,
        "/events/0/declined",
        43,
        "found an array",
    );
    check("event", r#"{"at":0,"by":"nobody","events":[]}"#, "/by", 13, r#"found "nobody""#);
    check("notification", "[]", "", 0, "found an array");
    check("chat", r#"{"id":7}"#, "/id", 6, "found 7");
    check("chat", r#"{"state":"Chatting"}"#, "", -1, "expected `id`");
    // SAFETY: nobody's any more.
    unsafe { chatm_directory_free(people) };
}

#[test]
fn a_base_is_an_address() {
    for base in ["https://example.com/api/v2", "http://localhost:1", "/api/v2"] {
        // SAFETY: nobody's any more.
        unsafe { chatm_rules_free(rules(&format!(r#"{{"base":"{base}"}}"#))) };
    }
    for base in ["", "x", "example.com", "https://", "ftp://x", "https://a b"] {
        let json = format!(r#"{{"base":"{base}"}}"#);
        let mut none = ptr::null_mut();
        let found = failure(|error| {
            // SAFETY: valid arguments.
            unsafe {
                chatm_rules_from_json(chatm_str::of(&json), ptr::null(), &raw mut none, error)
            }
        });
        assert_eq!(found.0, CHATM_STATUS_INVALID_VALUE, "{base}");
    }
}

#[test]
fn a_chat_reads_back_what_it_has_become() {
    let chat = chat_from(CHAT);
    let text = "x".repeat(4000);
    let message = format!(r#"{{"operationName":"SendMessage","text":"{text}"}}"#);
    let context = chatm_context { user: chatm_str::of("agent1"), ..context() };
    let mut json = chatm_buf::EMPTY;
    let mut again = ptr::null_mut();
    // SAFETY: everything lives until it is freed.
    unsafe {
        for _ in 0..400 {
            let message = chatm_str::of(&message);
            let (none, error) = (ptr::null_mut(), ptr::null_mut());
            let status = chatm_chat_apply_json(chat, message, &raw const context, none, error);
            assert_eq!(status, CHATM_STATUS_OK);
        }
        assert_eq!(chatm_chat_to_json(chat, &raw mut json, ptr::null_mut()), CHATM_STATUS_OK);
        assert!(json.len > 1 << 20);
        let text = chatm_str { ptr: json.ptr, len: json.len };
        let status = chatm_chat_from_json(text, ptr::null(), &raw mut again, ptr::null_mut());
        assert_eq!(status, CHATM_STATUS_OK);
        let text = text.text("json").expect("it is text");
        assert_eq!(validate("chat", text, ptr::null()).0, CHATM_STATUS_OK);
        // What is no snapshot is as large as a request at most.
        let resource = text.replacen("\"snapshot\":1,", "", 1);
        assert_eq!(validate("chat", &resource, ptr::null()).0, CHATM_STATUS_INVALID_JSON);
        chatm_buf_free(&raw mut json);
        chatm_chat_free(again);
        chatm_chat_free(chat);
    }
}

#[test]
fn what_an_operation_within_limits_leads_to_is_within_them() {
    let limits =
        |max_depth| chatm_limits { struct_size: size_of::<chatm_limits>(), max_depth, ..LIMITS };
    for depth in [2_usize, 10, 64] {
        let value = format!("{}{}", "[".repeat(depth - 2), "]".repeat(depth - 2));
        let value = if depth == 2 { "1" } else { &value };
        let body = format!(r#"{{"operationName":"AttachUserData","userData":{{"k":{value}}}}}"#);
        let limits = limits(depth);
        assert_eq!(validate("operation", &body, &raw const limits).0, CHATM_STATUS_OK, "{depth}");
        let chat = chat_from(CHAT);
        let context = chatm_context { user: chatm_str::of("agent1"), ..context() };
        let (mut applied, none) = (ptr::null_mut(), ptr::null_mut());
        let (mut told, mut record) = (chatm_notification::NONE, chatm_buf::EMPTY);
        // SAFETY: everything lives until it is freed.
        unsafe {
            let body = chatm_str::of(&body);
            chatm_chat_apply_json(chat, body, &raw const context, &raw mut applied, none);
            let status = chatm_applied_notification(applied, 0, &raw mut told, none);
            assert_eq!(status, CHATM_STATUS_OK);
            assert_eq!(chatm_applied_record(applied, &raw mut record, none), CHATM_STATUS_OK);
            let data = told.data.text("data").expect("it is text");
            let json = chatm_str { ptr: record.ptr, len: record.len };
            let json = json.text("record").expect("it is text");
            for limits in [&raw const limits, ptr::null()] {
                assert_eq!(validate("notification", data, limits).0, CHATM_STATUS_OK, "{depth}");
                assert_eq!(validate("event", json, limits).0, CHATM_STATUS_OK, "{depth}");
            }
            chatm_buf_free(&raw mut record);
            chatm_applied_free(applied);
            chatm_chat_free(chat);
        }
    }
}

const LIMITS: chatm_limits =
    chatm_limits { struct_size: 0, max_bytes: 0, max_depth: 0, max_keys: 0, max_key_bytes: 0 };

#[test]
fn limits_are_those_of_events_too() {
    let struct_size = size_of::<chatm_limits>();
    let fits = chatm_limits { struct_size, max_bytes: RECORD.len(), ..LIMITS };
    assert_eq!(validate("event", RECORD, &raw const fits).0, CHATM_STATUS_OK);
    let tight = chatm_limits { struct_size, max_bytes: RECORD.len() - 1, ..LIMITS };
    assert_eq!(validate("event", RECORD, &raw const tight).0, CHATM_STATUS_INVALID_JSON);
    let short = chatm_limits { struct_size, max_key_bytes: 3, ..LIMITS };
    assert_eq!(validate("event", RECORD, &raw const short).0, CHATM_STATUS_INVALID_JSON);
    let flat = chatm_limits { struct_size, max_depth: 1, ..LIMITS };
    assert_eq!(validate("event", RECORD, &raw const flat).0, CHATM_STATUS_OK);
    let deep = RECORD.replace("[1]", &format!("{}{}", "[".repeat(12), "]".repeat(12)));
    assert_eq!(validate("event", &deep, ptr::null()).0, CHATM_STATUS_OK);
    assert_eq!(validate("event", &deep, &raw const flat).0, CHATM_STATUS_INVALID_JSON);
}

#[test]
fn an_unknown_kind_is_told_which_there_are() {
    let (status, message) = validate("x", "{}", ptr::null());
    assert_eq!(status, CHATM_STATUS_NOT_FOUND);
    for kind in message.trim_start_matches("expected one of ").split(", found ").next().into_iter()
    {
        for kind in kind.split(", ") {
            assert_ne!(validate(kind, "{}", ptr::null()).0, CHATM_STATUS_NOT_FOUND, "{kind}");
        }
    }
}
