//! Recording a conversation and playing it again: the same is the same, another is told with its place, and
//! no secret is in the file.

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chat_http::client::{Agent, Client, Credentials, Readiness, Update, Watch};
use chat_model::{ChatId, CustomerOperation, Operation, Text};
use futures_util::StreamExt as _;
use server::{CHAT, Server, chat};
use session::Session;

const PATIENCE: Duration = Duration::from_secs(30);

/// A whole conversation, with what clients keep secret.
#[test]
fn a_conversation_is_recorded_without_secrets_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording.ndjson");
    let name = file.to_str().unwrap();
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--record", name]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let secrets = runtime.block_on(converse(&server.url()));
    assert_eq!(server.ask("POST /api/v2/me/chats/unknown", "{\"operationName\"").0, 400);
    server.terminate();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let recording = fs::read_to_string(&file).unwrap();
    for said in ["What is it about?", "\"billing\"", "/meta/connect", "\"user\":\"agent1\""] {
        assert!(recording.contains(said), "expected {said} in {recording}");
    }
    assert!(secrets.len() > 4, "{secrets:?}");
    for secret in secrets {
        let line = recording.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} was recorded");
    }

    // To a server of its own, to another, and often.
    replays(&["replay", name], 0, "same: ");
    replays(&["replay", "--json", name], 0, r#"{"same":true,"rounds":1,"requests":"#);
    replays(&["replay", name, "--repeat", "3", "--rate", "500"], 0, "99 of 100 within");
    let other = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    replays(&["replay", name, "--to", &other.url()], 0, "same: ");
    // The demo's chat has data by now that it had not.
    replays(&["replay", name, "--to", &other.url()], 1, ": expected ");

    // Another reply, and another notification.
    for (from, to, at) in [
        (
            r#""nickname":"Chris""#,
            r#""nickname":"Vera""#,
            "/nickname: expected \"Vera\", found \"Chris\"",
        ),
        (
            r#""text":"What is it about?""#,
            r#""text":"What was it about?""#,
            "/text: expected \"What was it about?\", found \"What is it about?\"",
        ),
        (
            r#""topic":"billing""#,
            r#""topic":"selling""#,
            "/topic: expected \"selling\", found \"billing\"",
        ),
        (r#""status":400"#, r#""status":422"#, "/status: expected 422, found 400"),
    ] {
        let at_line =
            recording.lines().position(|line| line.contains(from) && !line.contains("\"request\""));
        let at_line = at_line.unwrap_or_else(|| panic!("{from} in {recording}"));
        let changed: Vec<String> = recording
            .lines()
            .enumerate()
            .map(|(n, line)| if n == at_line { line.replace(from, to) } else { line.to_owned() })
            .collect();
        fs::write(&file, changed.join("\n")).unwrap();
        let said = replays(&["replay", name], 1, at);
        assert!(said.starts_with(&format!("line {}: ", at_line + 1)), "{at_line}: {said}");
    }
}

/// What they do and say, and the secrets of it.
async fn converse(url: &str) -> Vec<String> {
    let client = Client::new(url.parse().unwrap()).unwrap();
    let agent = client.agent(&Credentials::new("agent1", "agent1"));
    agent.start_session(&["chat"]).await.unwrap();
    let mut watch = agent.watch();
    let Some(Ok(Update::State(_))) = watch.next().await else { panic!("a state comes first") };
    agent.set_readiness("chat", Readiness::Ready).await.unwrap();
    let request = CustomerOperation::request_chat(Text::new("Chris").unwrap());
    let visitor = client.visitor(&request).await.unwrap();
    visitor.say(Text::new("What is it about?").unwrap()).await.unwrap();
    let chat = offered(&mut watch).await;
    agent.operate(&chat, &Operation::accept()).await.unwrap();
    told(&mut watch, "What is it about?").await;
    for (body, heard) in [
        (r#"{"operationName":"AttachUserData","userData":{"topic":"billing"}}"#, "billing"),
        (r#"{"operationName":"SendMessage","text":"Your bill."}"#, "Your bill."),
    ] {
        operate(&agent, &chat, body).await;
        told(&mut watch, heard).await;
    }
    let demo = ChatId::from(CHAT.to_owned());
    operate(&agent, &demo, r#"{"operationName":"AttachUserData","userData":{"mark":1.0}}"#).await;
    told(&mut watch, "\"mark\":1.0").await;
    visitor.messages(1).await.unwrap();
    visitor.say(Text::new("Thank you").unwrap()).await.unwrap();
    told(&mut watch, "Thank you").await;
    operate(&agent, &chat, r#"{"operationName":"Complete"}"#).await;
    told(&mut watch, "Completed").await;
    watch.leave().await;
    let mut secrets = vec![visitor.id().to_string()];
    secrets.extend(raw(url).await);
    secrets
}

async fn operate(agent: &Agent, chat: &ChatId, body: &str) {
    agent.post_to(&format!("/me/chats/{chat}"), body.to_owned(), None).await.unwrap();
}

async fn offered(watch: &mut Watch) -> ChatId {
    loop {
        let update = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
        if let Some(Ok(Update::Notification(told))) = update
            && let Some(chat) = told.chat_id()
        {
            return chat;
        }
    }
}

async fn told(watch: &mut Watch, what: &str) {
    loop {
        let update = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap().unwrap();
        if let Update::Notification(told) = update
            && told.data.as_str().contains(what)
        {
            return;
        }
    }
}

/// A client whose secrets can be seen: by credentials, right and wrong, by cookie, and at the notifications.
async fn raw(url: &str) -> Vec<String> {
    use chat_http::client::{HyperTransport, Options, Transport as _};
    let transport = HyperTransport::new(&url.parse().unwrap(), &Options::default()).unwrap();
    let ask = async |method: &str, path: &str, header: (&str, &str), body: &str| {
        let request = hyper::Request::builder()
            .method(method)
            .uri(format!("{url}/api/v2{path}"))
            .header("content-type", "application/json")
            .header(header.0, header.1)
            .body(bytes::Bytes::from(body.to_owned()))
            .unwrap();
        transport.send(request).await.unwrap()
    };
    let right = "YWdlbnQyOmFnZW50Mg==";
    // `agent2:wrong-password-8Zt` and `secret-user-4Lw:x`.
    let wrong = "YWdlbnQyOndyb25nLXBhc3N3b3JkLThadA==";
    let unknown = "c2VjcmV0LXVzZXItNEx3Ong=";
    let me = ask("GET", "/me", ("authorization", &format!("Basic {right}")), "").await;
    let cookie = me.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    for credentials in [wrong, unknown, "!"] {
        let refused =
            ask("GET", "/me", ("authorization", &format!("Basic {credentials}")), "").await;
        assert_eq!(refused.status(), 403);
    }
    assert_eq!(ask("GET", "/me", ("cookie", &cookie), "").await.status(), 200);
    assert_eq!(
        ask("GET", "/me", ("cookie", "JSESSIONID=planted-9Fg; other=foreign-2Kl"), "")
            .await
            .status(),
        403
    );
    let shake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let shaken = ask("POST", "/notifications", ("cookie", &cookie), shake).await;
    let text = String::from_utf8(shaken.body().to_vec()).unwrap();
    let client =
        text.split(r#""clientId":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let browser = shaken.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let browser = browser.split_once('=').unwrap().1.to_owned();
    // As JSON that is none.
    let malformed = format!(r#"[{{"channel":"/meta/connect","clientId":"{client}""#);
    ask("POST", "/notifications", ("cookie", &cookie), &malformed).await;
    ask(
        "POST",
        "/notifications",
        ("cookie", &cookie),
        &format!(r#"[{{"channel":"/meta/disconnect","clientId":"{client}"}}]"#),
    )
    .await;
    let session = cookie.split_once('=').unwrap().1.to_owned();
    let planted = ["planted-9Fg", "foreign-2Kl", "wrong-password-8Zt", "secret-user-4Lw"];
    let mut secrets: Vec<String> = planted.map(str::to_owned).to_vec();
    secrets.extend([right, wrong, unknown].map(str::to_owned));
    secrets.extend([client, browser, session]);
    secrets
}

/// Calls the program, and looks for what it should say.
#[track_caller]
fn replays(args: &[&str], code: i32, says: &str) -> String {
    let output = replay(args).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}{complained}");
    assert!(said.contains(says), "{args:?}: expected {says:?} in {said:?}");
    said
}

fn replay(args: &[&str]) -> Command {
    let mut command = chat(args);
    for variable in ["CHAT_USER", "CHAT_PASSWORD", "CHAT_TIMEOUT", "CHAT_PASSWORDS_FILE"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

const HEADER: &str =
    r#"{"type":"recording","at":0,"version":1,"base":"http://h/api/v2","demo":true}"#;
const ASK: &str = r#"{"type":"request","at":1,"n":1,"user":"agent1","login":"basic","method":"GET","path":"/api/v2/me/channels"}"#;
const TOLD: &str = r#"{"type":"reply","at":2,"n":1,"status":200,"headers":{"content-type":"application/json"},"body":{"statusCode":0,"uris":[],"channels":[]}}"#;

fn file(name: &str, lines: &[&str]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn replays_say_how_they_end() {
    let end = |lines: u32| format!(r#"{{"type":"end","at":3,"lines":{lines}}}"#);
    let end = [end(0), end(2), end(4)];
    let good = file("good.ndjson", &[HEADER, ASK, TOLD, &end[2]]);
    let other = TOLD.replace("\"uris\":[]", "\"uris\":[\"http://h/api/v2/me\"]");
    let other = file("other.ndjson", &[HEADER, ASK, &other, &end[2]]);
    let cut = &TOLD[..TOLD.len() - 9];
    let truncated = file("truncated.ndjson", &[HEADER, ASK, cut]);
    let unended = file("unended.ndjson", &[HEADER, ASK, TOLD]);
    let strangers = HEADER.replace("true", "false");
    let strangers = file("strangers.ndjson", &[&strangers, ASK, TOLD, &end[2]]);
    let mut session = Session::default();
    session.hidden.push((format!("{}/", env!("CARGO_TARGET_TMPDIR")), String::new()));
    let input = fs::read_to_string(&good).unwrap();
    for (args, stdin) in [
        (&["replay", &good][..], ""),
        (&["replay", "-"], &*input),
        (&["replay", "--json", &good, "--repeat", "1"], ""),
        (&["replay", &other], ""),
        (&["replay", "--json", &other], ""),
        (&["replay", &truncated], ""),
        (&["replay", "--partial", &truncated], ""),
        (&["replay", &unended], ""),
        (&["replay", "--partial", &unended], ""),
        (&["replay", &good, "--to", "http://127.0.0.1:1"], ""),
        (&["replay", &strangers, "--user", "agent2"], ""),
        (&["replay", &strangers, "--passwords", "-"], "agent1 agent1"),
        (&["replay", &strangers, "--passwords", "-"], "agent1:agent1"),
        (&["replay", &good, "--repeat", "0"], ""),
        (&["replay", &good, "--rate", "-1"], ""),
        (&["replay", &good, "--to", "http://127.0.0.1:1", "--config", "x"], ""),
        (&["replay", "-", "--passwords", "-"], ""),
        (&["replay", "no/such/file"], ""),
    ] {
        session.call(args, stdin);
    }
    insta::assert_snapshot!("replay", session.said());
}

/// While a server lets it wait.
#[test]
fn a_replay_can_be_interrupted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let good = file("waiting.ndjson", &[HEADER, ASK, TOLD, r#"{"type":"end","at":3,"lines":4}"#]);
    let mut replay = replay(&["replay", &good, "--to", &url]).spawn().unwrap();
    let held = listener.accept().unwrap();
    let pid = replay.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(replay.wait().unwrap().code(), Some(130));
    drop(held);
}

/// Whatever is in a file, nothing is sent of it unless all of it can be played.
#[test]
fn recordings_that_are_none_are_refused_with_the_line() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let deep = format!(
        r#"{{"type":"reply","at":2,"n":1,"status":200,"body":{}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many: Vec<String> = (1..5_000)
        .map(|n| {
            format!(r#"{{"type":"request","at":1,"n":{n},"method":"GET","path":"/api/v2/me"}}"#)
        })
        .collect();
    let mut crowd = vec![HEADER];
    crowd.extend(many.iter().map(String::as_str));
    for (line, lines) in [
        (1, &[""][..]),
        (1, &["not a recording"]),
        (1, &[ASK, TOLD]),
        (1, &[r#"{"type":"recording","at":0,"version":2,"base":"http://h/api/v2"}"#]),
        (2, &[HEADER, "\0\0\0"]),
        (2, &[HEADER, ""]),
        (2, &[HEADER, TOLD]),
        (2, &[HEADER, r#"{"type":"request","at":-1,"n":1,"method":"GET","path":"/api/v2"}"#]),
        (
            2,
            &[
                HEADER,
                r#"{"type":"request","at":1,"n":1,"method":"GET","path":"http://elsewhere/api/v2"}"#,
            ],
        ),
        (2, &[HEADER, r#"{"type":"request","at":1,"n":1,"method":"GET","path":"/api/v2/a b"}"#]),
        (2, &[HEADER, r#"{"type":"request","at":1,"n":1,"method":"G T","path":"/api/v2/me"}"#]),
        (
            2,
            &[
                HEADER,
                r#"{"type":"request","at":1,"n":1,"method":"GET","path":"/api/v2/me","headers":{"a":"b\r\nc: d"}}"#,
            ],
        ),
        (
            2,
            &[
                HEADER,
                r#"{"type":"request","at":1,"n":1,"method":"GET","path":"/api/v2/me","exec":"x"}"#,
            ],
        ),
        (3, &[HEADER, ASK, ASK]),
        (3, &[HEADER, ASK, &deep]),
        (3, &[HEADER, ASK, r#"{"type":"reply","at":2,"n":1,"status":200,"body":{"a":1,"a":2}}"#]),
        (3, &[HEADER, ASK, r#"{"type":"frame","at":2,"n":1,"from":"client","body":[]}"#]),
        (4, &[HEADER, ASK, TOLD, TOLD]),
        (4, &[HEADER, ASK, TOLD, r#"{"type":"end","at":3,"lines":9}"#]),
        (5, &[HEADER, ASK, TOLD, r#"{"type":"end","at":3,"lines":4}"#, ASK]),
        (3, &[HEADER, ASK, TOLD]),
        (4_098, &crowd),
    ] {
        let name = file("hostile.ndjson", lines);
        let output = replay(&["replay", &name, "--to", &url]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{lines:?}: {said}");
        let place = format!("hostile.ndjson: line {line}: ");
        assert!(said.contains(&place), "expected {place:?} in {said:?}");
        assert!(said.len() < 1_000, "{said}");
    }
    assert!(listener.accept().is_err(), "nobody was asked anything");
}

#[test]
fn a_recording_that_cannot_be_written_is_an_error_at_the_start() {
    for path in ["/no/such/folder/recording", "/dev/full"] {
        let output =
            chat(&["serve", "--listen", "127.0.0.1:0", "--record", path]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{path}: {said}");
        assert!(said.contains(&format!("chat: {path}: ")), "{said}");
    }
}

/// What the file held is gone, and nobody else may read what it holds now.
#[test]
fn a_recording_is_its_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording.ndjson");
    fs::write(&file, "what was there before\n".repeat(100)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    Server::start(&["serve", "--listen", "127.0.0.1:0", "--record", file.to_str().unwrap()])
        .terminate();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let held = fs::read_to_string(&file).unwrap();
    assert_eq!(held.lines().count(), 2, "{held}");
}

/// A file that may not grow is as good as a full disk.
#[test]
fn a_full_disk_ends_the_recording_and_not_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("recording.ndjson"), folder.path().join("log"));
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -S -f 40; exec \"$0\" \"$@\""]);
    shell.arg(env!("CARGO_BIN_EXE_chat"));
    shell.args(["serve", "--listen", "127.0.0.1:0", "--record", file.to_str().unwrap()]);
    shell.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped());
    let server = Server::as_it_is(shell.stderr(fs::File::create(&log).unwrap()));
    let said = || fs::read_to_string(&log).unwrap();
    for n in 0..1_000 {
        assert_eq!(server.attach(&format!("{n}{}", "x".repeat(100))), r#"{"statusCode":0}"#);
        if said().contains("the recording ends") {
            break;
        }
    }
    assert!(said().contains("the recording ends: it cannot be written"), "{}", said());
    assert_eq!(server.attach("afterwards"), r#"{"statusCode":0}"#);
    server.terminate();
    assert_eq!(said().matches("the recording ends").count(), 1, "{}", said());
    let name = file.to_str().unwrap();
    assert_eq!(replay(&["replay", name]).output().unwrap().status.code(), Some(3));
    replays(&["replay", name, "--partial"], 0, "same: ");
    assert!(Path::new(name).exists());
}
