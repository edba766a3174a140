//! What the model says of its errors, and what the C library must say of its own:
//! `examples/c/errors.c`.

use chat_model::{ChatFile, JsonRef, Limits, Operation, Rejection, Reply};

/// What an error says.
struct Said {
    status: (u8, &'static str),
    status_code: u8,
    code: &'static str,
    pointer: Option<String>,
    offset: Option<usize>,
    message: String,
    reply: Option<String>,
}

pub fn output() -> String {
    let limits = Limits::default();
    let refusal = Operation::parse(br#"{"operationName":"AttachUserData"}"#, &limits)
        .expect_err("the user data is missing");
    let no_json = JsonRef::validate(br#"{"b":{"c":[1,]}}"#, &limits).expect_err("it is no JSON");
    let no_chat = ChatFile::read(br#"{"state":"Chatting"}"#, &limits).expect_err("it is no chat");
    let all = [
        of_the_model((1, "REFUSED"), &refusal),
        // From here on the model has no part in it, but where it read JSON.
        of_the_library(
            (2, "INVALID_ARGUMENT"),
            "argument.number",
            None,
            "expected `by` to be one of CHATM_BY_..., found 99",
        ),
        of_the_library(
            (3, "INVALID_UTF8"),
            "argument.utf8",
            Some(3),
            "expected UTF-8 at byte 3 of `id`, found another encoding",
        ),
        Said {
            status_code: 0,
            reply: None,
            code: "json.unreadable",
            ..of_the_model((4, "INVALID_JSON"), &Rejection::from(no_json))
        },
        Said {
            pointer: Some(String::new()),
            ..of_the_library((5, "INVALID_VALUE"), "chat.invalid", None, &no_chat.to_string())
        },
        of_the_library(
            (6, "NOT_FOUND"),
            "user.not_on_chat",
            None,
            "expected a user with a part in the chat, found \"agent1\"",
        ),
        of_the_library(
            (7, "CALLBACK_FAILED"),
            "callback.failed",
            None,
            "expected `random` to return 0 and random bytes, found -1",
        ),
    ];
    all.iter().map(Said::print).collect()
}

fn of_the_model(status: (u8, &'static str), refusal: &Rejection) -> Said {
    Said {
        status,
        status_code: refusal.status().code(),
        code: refusal.code(),
        pointer: refusal.pointer(),
        offset: refusal.offset(),
        message: refusal.to_string(),
        reply: Some(Reply::from(refusal).to_json()),
    }
}

fn of_the_library(
    status: (u8, &'static str),
    code: &'static str,
    offset: Option<usize>,
    message: &str,
) -> Said {
    let message = message.to_owned();
    Said { status, status_code: 0, code, pointer: None, offset, message, reply: None }
}

impl Said {
    fn print(&self) -> String {
        let shown =
            |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("\"{text}\""));
        format!(
            "{} CHATM_STATUS_{}\n  statusCode: {}\n  code: \"{}\"\n  pointer: {}\n  offset: {}\n  \
             message: \"{}\"\n  reply: {}\n",
            self.status.0,
            self.status.1,
            self.status_code,
            self.code,
            shown(self.pointer.as_deref()),
            self.offset.map_or(-1, |offset| i64::try_from(offset).expect("the text is short")),
            self.message,
            shown(self.reply.as_deref()),
        )
    }
}
