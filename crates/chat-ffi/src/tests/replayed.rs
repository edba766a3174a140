//! What records do to a chat that C holds.

use std::ptr;

use super::world::{CHAT, RECORD, chat_from};
use crate::{
    CHATM_STATUS_INVALID_VALUE, CHATM_STATUS_OK, chatm_buf, chatm_buf_free, chatm_chat,
    chatm_chat_free, chatm_chat_id, chatm_chat_replay, chatm_chat_revision, chatm_chat_to_json,
    chatm_error, chatm_error_code, chatm_error_free, chatm_status, chatm_str,
};

/// Replays `record`, and says how that went and by which code.
fn replay(chat: *mut chatm_chat, record: &str) -> (chatm_status, String) {
    let mut error: *mut chatm_error = ptr::null_mut();
    let record = chatm_str::of(record);
    // SAFETY: valid arguments.
    unsafe {
        let status = chatm_chat_replay(chat, record, ptr::null(), ptr::null_mut(), &raw mut error);
        let code = chatm_error_code(error).text("code").expect("it is text").to_owned();
        chatm_error_free(error);
        (status, code)
    }
}

fn snapshot(chat: *const chatm_chat) -> String {
    let mut json = chatm_buf::EMPTY;
    // SAFETY: the chat lives; the buffer was filled.
    unsafe {
        assert_eq!(chatm_chat_to_json(chat, &raw mut json, ptr::null_mut()), CHATM_STATUS_OK);
        let text = chatm_str { ptr: json.ptr, len: json.len };
        let text = text.text("json").expect("it is text").to_owned();
        chatm_buf_free(&raw mut json);
        text
    }
}

fn import(chat: &str) -> String {
    let chat = chat.replacen("\"snapshot\":1,", "", 1);
    format!(r#"{{"at":0,"by":"house","events":[{{"imported":{{"chat":{chat}}}}}]}}"#)
}

#[test]
fn a_chat_keeps_its_id_and_its_text_whatever_is_imported() {
    let chat = chat_from(CHAT);
    // SAFETY: the chat lives until its end.
    unsafe {
        let id = chatm_chat_id(chat);
        let own = import(&snapshot(chat));
        let other = own.replace("0000Wa9CAM6W00J", "another");
        let before = snapshot(chat);
        assert_eq!(
            replay(chat, &other),
            (CHATM_STATUS_INVALID_VALUE, "record.other_chat".to_owned())
        );
        assert_eq!(snapshot(chat), before);
        assert_eq!(replay(chat, &own).0, CHATM_STATUS_OK);
        assert_eq!(replay(chat, RECORD).0, CHATM_STATUS_OK);
        assert_eq!(chatm_chat_revision(chat), 2);
        // As long as the chat lives: a sanitiser sees if the text is gone.
        assert_eq!(id.text("id").expect("it is text"), "0000Wa9CAM6W00J");
        assert_eq!(chatm_chat_id(chat).ptr, id.ptr);
        chatm_chat_free(chat);
    }
}
