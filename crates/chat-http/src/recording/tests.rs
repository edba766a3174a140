//! That no secret gets into a line, and that what is no secret stays as it was.

use chat_model::{JsonRef, Limits};

use super::line::{Line, LineType};
use super::rewrite::{Edit, rewrite};
use super::secrets::{Place, Secrets, visitor_in};
use crate::chance::SeededChance;

const VISITOR: &str = "fed682de-b79c-42f7-9e08-b17e6e714307";

#[track_caller]
fn check(body: &str, is_messages: bool, visitor: Option<&str>, expected: &str) {
    let secrets = Secrets::new(&SeededChance::new(1, "names"));
    let mut line = Line::new(LineType::Request, Some(1));
    secrets.put(&mut line, body.as_bytes(), Place { is_messages, visitor });
    let mut expected = expected.to_owned();
    for (kind, secret) in [
        ("client", "oYO6EZkwvwWfZrFXNysWlXnADf"),
        ("visitor", VISITOR),
        ("password", "hush"),
        ("ext", "hush"),
    ] {
        expected = expected.replace(&format!("<{kind}>"), &secrets.name(kind, secret));
    }
    expected = expected.replace("<word>", &secrets.name("word", "oYO6EZkwvwWfZrFXNysWlXnADf"));
    let found = line.body.map(|body| body.get().to_owned()).or(line.text).or(line.base64);
    assert_eq!(found.unwrap_or_default(), expected, "{body}");
}

#[test]
fn bodies_lose_their_secrets_and_nothing_else() {
    let client = r#"[ {"channel":"/meta/connect", "clientId":"oYO6EZkwvwWfZrFXNysWlXnADf", "ext":{"ack":1.0}} ]"#;
    check(
        client,
        true,
        None,
        r#"[{"channel":"/meta/connect","clientId":"<client>","ext":{"ack":1.0}}]"#,
    );
    // Elsewhere it is somebody's data.
    check(r#"{"clientId":"oYO6EZ"}"#, false, None, r#"{"clientId":"oYO6EZ"}"#);
    check(
        r#"{"newPassword":"hush","userData":{"password":"hush"}}"#,
        false,
        None,
        r#"{"newPassword":"<password>","userData":{"password":"hush"}}"#,
    );
    check(r#"{"accessToken":"hush"}"#, false, None, r#"{"accessToken":"<password>"}"#);
    let extended = r#"[{"ext":{"ack":7,"authentication":{"user":"hush","credentials":["hush"]}}}]"#;
    let hidden = r#"[{"ext":{"ack":7,"authentication":{"user":"<ext>","credentials":["<ext>"]}}}]"#;
    check(extended, true, None, hidden);
    check(
        &format!(r#"{{"path":"/chats/{VISITOR}","text":"\u00e4 1e9"}}"#),
        false,
        Some(VISITOR),
        r#"{"path":"/chats/<visitor>","text":"\u00e4 1e9"}"#,
    );
    check(r#"[{"clientId":"oYO6EZkwvwWfZrFXNysWlXnADf""#, true, None, r#"[{"clientId":"<word>""#);
    check("message=oYO6EZkwvwWfZrFXNysWlXnADf&x=1", true, None, "message=<word>&x=1");
    check(&format!("{{{VISITOR}"), false, Some(VISITOR), "{<visitor>");
    check(r#"{"password":"hush","a":1"#, false, None, r#"{"password":"<password>","a":1"#);
    check("x=1&newPassword=hush&y", false, None, "x=1&newPassword=<password>&y");
    check("", false, None, "");
}

#[test]
fn bytes_that_are_no_text_are_kept_unless_they_may_hold_secrets() {
    let secrets = Secrets::new(&SeededChance::new(1, "names"));
    let mut line = Line::new(LineType::Request, Some(1));
    let bytes = b"\xff oYO6EZkwvwWfZrFXNysWlXnADf";
    secrets.put(&mut line, bytes, Place { is_messages: false, visitor: None });
    assert!(line.base64.is_some() && line.text.is_none());
    let mut line = Line::new(LineType::Request, Some(1));
    secrets.put(&mut line, bytes, Place { is_messages: true, visitor: None });
    let text = line.text.unwrap();
    assert!(line.base64.is_none() && text.contains("word-") && !text.contains("oYO6EZ"), "{text}");
}

#[test]
fn paths_and_queries_lose_their_secrets() {
    let secrets = Secrets::new(&SeededChance::new(1, "names"));
    let visitor = secrets.name("visitor", VISITOR);
    let escaped = VISITOR.replace('-', "%2D").replace('f', "%66");
    for path in [VISITOR.to_owned(), escaped, format!("{VISITOR}%20")] {
        let path = secrets.path(&format!("/api/v2/chats/{path}/messages"));
        assert_eq!(path, format!("/api/v2/chats/{visitor}/messages"));
    }
    let place = |is_messages| Place { is_messages, visitor: None };
    let client = "oYO6EZkwvwWfZrFXNysWlXnADf";
    let query = secrets.query(&format!("clientId={client}&x=1"), place(true));
    assert_eq!(query, format!("clientId={}&x=1", secrets.name("word", client)));
    let named = secrets.query("access_token=hush&password=hush&x=1", place(false));
    let hidden = secrets.name("password", "hush");
    assert_eq!(named, format!("access_token={hidden}&password={hidden}&x=1"));
    let query = "fields=userName,firstName&limit=10";
    assert_eq!(secrets.query(query, place(false)), query);
}

#[test]
fn visitors_are_found_in_paths() {
    for (path, is_there) in [
        (format!("/api/v2/chats/{VISITOR}"), true),
        (format!("/api/v2/chats/{VISITOR}/messages"), true),
        (format!("/api/v2/me/chats/{VISITOR}"), true),
        ("/api/v2/chats/0000Wa9CAM6W00J".to_owned(), false),
        (format!("/api/v2/queues/{VISITOR}"), false),
        ("/api/v2/chats".to_owned(), false),
    ] {
        assert_eq!(visitor_in(&path).is_some(), is_there, "{path}");
    }
}

/// The same secret has the same name, whoever has it, and another in another recording.
#[test]
fn names_are_the_recordings_own() {
    let names = |seed| Secrets::new(&SeededChance::new(seed, "names")).name("client", "a");
    assert_eq!(names(1), names(1));
    assert_ne!(names(1), names(2));
    assert!(names(1).starts_with("client-") && names(1).len() == "client-".len() + 16);
}

#[test]
fn rewriting_keeps_digits_order_and_escapes() {
    let json = br#" { "b" : [ 1.0 , 1e999, "\u0061", {"a":null} ], "a\n" : "x" } "#;
    let json = JsonRef::validate(json, &Limits::default()).unwrap();
    let same = rewrite(json, &mut |_, _| Edit::Descend);
    assert_eq!(same, r#"{"b":[1.0,1e999,"\u0061",{"a":null}],"a\n":"x"}"#);
    let mut asked = Vec::new();
    rewrite(json, &mut |name, _| {
        asked.push(name.to_owned());
        Edit::Descend
    });
    assert_eq!(asked, ["", "b", "b", "b", "b", "b", "a", "a\n"]);
}
