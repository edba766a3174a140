//! `chat apply` as a script sees it: files in, one JSON object and an exit code out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SEED: &str = include_str!("../../../tests/samples/seed/attach_user_data.json");

/// The members that the page does not print and that may stand beside the printed ones (DEC-32).
const FURTHER_IN_CHAT: &[&str] = &["path"];
const FURTHER_IN_PARTICIPANT: &[&str] = &["uri", "path", "id", "visibility"];

/// The AttachUserData page through this door: `referenceId` is the caller's (DEC-31), every other
/// printed member has its printed value.
#[test]
fn the_pages_request_gives_the_pages_notification() {
    let seed = seed();
    let chat = file("seed_chat", &page_chat().to_string());
    let operation = file("seed_operation", &seed["request"].to_string());
    let run = chat_apply(&[&chat, &operation, "--reference-id", "83"], "");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let printed = run.json();

    assert_eq!(printed["reply"], seed["response"]);
    let [notification] = &printed["notifications"].as_array().unwrap()[..] else {
        panic!("expected one addressee: {printed}");
    };
    assert_eq!(notification["to"], "agent1");
    assert_eq!(notification["channel"], "/v2/me/chats");
    let (page, told) = (&seed["notification"], &notification["data"]);
    assert_eq!(without(told, &["chat"]), without(page, &["chat"]));
    let (page, told) = (&page["chat"], &told["chat"]);
    let and_participants = [&["participants"], FURTHER_IN_CHAT].concat();
    assert_eq!(without(told, &and_participants), without(page, &["participants"]));
    let participants: Vec<Value> = told["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| without(one, FURTHER_IN_PARTICIPANT))
        .collect();
    assert_eq!(Value::from(participants), page["participants"]);
}

/// DEC-1: a key that exists keeps its place, new keys come last. Looked at in the text, because a
/// parsed object need not keep an order.
#[test]
fn user_data_keeps_its_order() {
    let chat = r#"{"id":"1","state":"Chatting","userData":{"b":1,"a":2.0},
        "participants":[{"type":"Agent","participantId":"0A","nickname":"agent1"}]}"#;
    let operation = r#"{"operationName":"AttachUserData","userData":{"c":[1e2],"b":null}}"#;
    let run = chat_apply(&[&file("order_chat", chat), "-"], operation);
    assert_eq!(run.stdout.matches(r#""userData":{"b":null,"a":2.0,"c":[1e2]}"#).count(), 2);
}

/// The output's `chat` is a chat file again, in the form that the input had.
#[test]
fn one_operation_follows_another() {
    for (form, flag) in [("resource", None), ("snapshot", Some("--snapshot"))] {
        let chat = file(&format!("chain_{form}"), &page_chat().to_string());
        let attach = file("chain_attach", &seed()["request"].to_string());
        let leave = file("chain_leave", r#"{"operationName":"Leave"}"#);
        let first = chat_apply(&[&[chat.as_str(), &attach][..], flag.as_slice()].concat(), "");
        let first = first.json()["chat"].clone();
        assert_eq!(first.get("snapshot").is_some(), form == "snapshot", "{first}");

        let second = chat_apply(&["-", &leave], &first.to_string());
        assert_eq!((second.code, second.stderr.as_str()), (0, ""));
        let second = second.json();
        assert_eq!(second["chat"].get("snapshot").is_some(), form == "snapshot");
        assert_eq!(second["chat"]["userData"], seed()["notification"]["chat"]["userData"]);
        let told = &second["notifications"][0]["data"];
        assert_eq!(told["notificationType"], "StatusChange");
        assert_eq!(told["chat"]["state"], "LeftChat");
    }
}

/// A snapshot keeps what a resource cannot show: here an invitation of somebody else (DEC-16).
#[test]
fn a_snapshot_carries_a_consult_from_invitation_to_conversation() {
    let chat = file("consult_chat", &page_chat().to_string());
    let consult = file(
        "consult",
        r#"{"operationName":"Consult","targetUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    );
    let first = chat_apply(&[&chat, &consult, "--snapshot"], "").json();
    assert_eq!(first["reply"], json!({"statusCode": 0, "referenceId": 1}));
    let accept = file("consult_accept", r#"{"operationName":"Accept","nickname":"Helper"}"#);
    let second = chat_apply(&["-", &accept, "--as", "agent2"], &first["chat"].to_string());
    assert_eq!((second.code, second.stderr.as_str()), (0, ""));
    let heard: Vec<String> = second.json()["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["to"], one["data"]["notificationType"]).replace('"', ""))
        .collect();
    assert_eq!(
        heard,
        [
            "agent2 StatusChange",
            "agent1 ParticipantsUpdated",
            "agent2 ParticipantsUpdated",
            "agent2 NewMessages",
            "agent1 NewMessages"
        ]
    );
}

/// The same files, time and number give the same bytes; another time gives another text.
#[test]
fn the_output_depends_on_the_arguments_alone() {
    let chat = file("same_chat", &page_chat().to_string());
    let say = file("same_say", r#"{"operationName":"SendMessage","text":"Hello"}"#);
    let at = |ms| chat_apply(&[&chat, &say, "--at", ms], "").stdout;
    assert_eq!(at("1389261492035"), at("1389261492035"));
    assert_ne!(at("1389261492035"), at("1389261492036"));
    assert!(at("1389261492035").contains("2014-01-09 09:58:12.035+0000"));
}

/// The addresses that come out are of the server that the ones in the file are of.
#[test]
fn addresses_keep_their_server() {
    let mut chat = page_chat();
    chat["uri"] = "https://gws.example.com/api/v2/chats/0000Wa9CAM6W00J".into();
    let chat = file("server_chat", &chat.to_string());
    let operation = file("server_operation", &seed()["request"].to_string());
    let told = chat_apply(&[&chat, &operation], "").json();
    let told = &told["notifications"][0]["data"]["chat"];
    assert_eq!(told["uri"], "https://gws.example.com/api/v2/chats/0000Wa9CAM6W00J");
    assert_eq!(told["participants"][1]["uri"], "https://gws.example.com/api/v2/users/agent1");
}

/// DEC-13, DEC-14: what the chat refuses is a reply and exit code 4, and the reply stands alone.
#[test]
fn a_refusal_prints_the_reply_alone() {
    let check = |operation: &str, user: &str, code: u64| {
        let chat = file("refused_chat", &page_chat().to_string());
        let run = chat_apply(&[&chat, "-", "--as", user], operation);
        let printed = run.json();
        assert_eq!(run.code, 4, "{operation}");
        assert_eq!(printed["reply"]["statusCode"], code, "{operation}: {printed}");
        assert!(printed["reply"]["statusMessage"].is_string(), "{printed}");
        assert_eq!(printed.as_object().unwrap().len(), 1, "{printed}");
    };
    check(r#"{"operationName":"Accept"}"#, "agent1", 2);
    check(r#"{"operationName":"AttachUserData"}"#, "agent1", 1);
    check(r#"{"operationName":"AttachUserData","userData":[]}"#, "agent1", 10);
    check(r#"{"operationName":"Dance"}"#, "agent1", 10);
    check(r#"{"operationName":"Leave"}"#, "stranger", 6);
    check(r#"{"operationName":"Dance"}"#, "stranger", 6);
    check("[]", "stranger", 10);
    check(r#"{"operationName":"#, "agent1", 10);
    check("", "agent1", 10);
}

/// A body that is no JSON is also reported with the name of its file and the byte.
#[test]
fn unreadable_operations_are_reported_with_their_place() {
    let chat = file("place_chat", &page_chat().to_string());
    let operation = file("place_operation", r#"{"operationName":"Leave",}"#);
    let run = chat_apply(&[&chat, &operation], "");
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains(&operation), "{}", run.stderr);
    assert!(run.stderr.contains("at byte 25"), "{}", run.stderr);
}

/// The reply does not tell a stranger that there is a chat; the person at the terminal may know.
#[test]
fn who_has_no_part_in_the_chat_is_told_who_has() {
    let chat = file("stranger_chat", &page_chat().to_string());
    let run = chat_apply(&[&chat, "-", "--as", "agent9"], r#"{"operationName":"Leave"}"#);
    assert_eq!((run.code, &run.json()["reply"]["statusCode"]), (4, &json!(6)));
    for part in [chat.as_str(), "--as", "agent1 is Chatting", "found agent9"] {
        assert!(run.stderr.contains(part), "expected {part:?} in {:?}", run.stderr);
    }
}

/// What is no chat names the file, what was expected and what came.
#[test]
fn a_bad_chat_file_is_reported() {
    let check = |name: &str, text: &str, says: &[&str]| {
        let chat = file(name, text);
        let run = chat_apply(&[&chat, "-"], r#"{"operationName":"Leave"}"#);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{text}");
        for part in [&[chat.as_str()], says].concat() {
            assert!(run.stderr.contains(part), "expected {part:?} in {:?}", run.stderr);
        }
    };
    check("bad_empty", "", &["at byte 0", "found the end"]);
    check("bad_comma", r#"{"id":"1",}"#, &["expected", "at byte 10", "found `}`"]);
    check("bad_twice", r#"{"id":"1","id":"2"}"#, &["found \"id\" twice"]);
    check("bad_array", r#"[{"id":"1"}]"#, &["expected a chat, which is an object", "an array"]);
    check("bad_outcome", r#"{"reply":{},"chat":{"id":"1"}}"#, &["`chat`", "jq .chat"]);
    check("bad_id", r#"{"state":"Chatting"}"#, &["expected `id`"]);
    check("bad_state", r#"{"id":"1","state":"Dancing"}"#, &["expected a known `state`", "Dancing"]);
    check("bad_agent", r#"{"id":"1","state":"Chatting"}"#, &["expected an agent", "found none"]);
    check("bad_type", r#"{"id":"1","capabilities":3}"#, &["integer `3`", "expected a sequence"]);
    check(
        "bad_snapshot",
        r#"{"snapshot":9,"id":"1"}"#,
        &["expected a snapshot of revision 1", "9"],
    );
    check("bad_uri", r#"{"id":"1","state":"Invited","owner":"a","uri":"<>/chats/1"}"#, &["`uri`"]);
}

/// Nobody is guessed: with none or several joined agents the caller must say who asks.
#[test]
fn the_only_joined_agent_is_the_default_user() {
    let agent = |n: u32| {
        json!({"type": "Agent", "participantId": format!("{n:016X}"), "nickname": format!("agent{n}"),
            "path": format!("/users/agent{n}")})
    };
    let check = |name: &str, chat: Value, says: &[&str]| {
        let chat = file(name, &chat.to_string());
        let run = chat_apply(&[&chat, "-"], r#"{"operationName":"Leave"}"#);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        for part in [&[chat.as_str(), "--as"], says].concat() {
            assert!(run.stderr.contains(part), "expected {part:?} in {:?}", run.stderr);
        }
    };
    check(
        "two_agents",
        json!({"id": "1", "state": "Chatting", "participants": [agent(1), agent(2)]}),
        &["found agent1, agent2"],
    );
    check(
        "no_agent",
        json!({"id": "1", "state": "Invited", "owner": "agent1"}),
        &["found none (agent1 is Invited)"],
    );
}

#[test]
fn arguments_that_do_not_fit_exit_with_2() {
    for args in [&["-", "-"][..], &["one"], &["one", "two", "--at", "noon"], &["--reference-id"]] {
        let run = chat_apply(args, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!run.stderr.is_empty());
    }
    let run = chat_apply(&["one", "two", "--at", "noon"], "");
    assert!(run.stderr.contains("expected a whole number of milliseconds"), "{}", run.stderr);
}

#[test]
fn a_missing_file_is_reported_with_its_name() {
    let run = chat_apply(&["no/such/chat.json", "-"], "");
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.contains("no/such/chat.json"), "{}", run.stderr);
}

/// `chat … | head -c 1` is nothing to panic about, for results and for help.
#[test]
fn a_closed_pipe_ends_the_output_quietly() {
    let chat = file("pipe_chat", &page_chat().to_string());
    let operation = file("pipe_operation", &seed()["request"].to_string());
    for args in [&["apply", &chat, &operation][..], &["--help"], &["apply", "--help"]] {
        let mut child = program(args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

/// The page's chat before the operation: what its notification shows, less the two keys.
fn page_chat() -> Value {
    let mut chat = seed()["notification"]["chat"].clone();
    chat["userData"].as_object_mut().unwrap().retain(|key, _| !key.starts_with("UserData"));
    chat["owner"] = "agent1".into();
    chat
}

fn seed() -> Value {
    serde_json::from_str(SEED).unwrap()
}

fn without(object: &Value, names: &[&str]) -> Value {
    let mut object = object.as_object().unwrap().clone();
    object.retain(|name, _| !names.contains(&name.as_str()));
    object.into()
}

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.stdout, self.stderr))
    }
}

fn chat_apply(args: &[&str], stdin: &str) -> Run {
    let mut child = program(&[&["apply"], args].concat()).spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Writes a file for one test; tests run at the same time, so each name is one test's own.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("apply_{name}.json"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
