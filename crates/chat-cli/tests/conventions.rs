//! What all commands have in common: who counts more when a thing is said in several places, how each
//! command ends, JSON on request, and readers who go.

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use server::{CHAT, Server, chat};
use session::Session;
use tempfile::TempDir;

/// Flag, environment, file, default: of two neighbours the one before counts. Each row asks a command
/// with everything, then without the first, and so on, and says what is to be seen of whose word it was.
#[test]
fn flags_count_more_than_the_environment_that_more_than_files_and_files_more_than_defaults() {
    let folder = Folder::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    for name in ["agent1", "agent2", "agent3", "wrong"] {
        folder.write(name, &format!("{name}\n"));
    }
    let (agent1, agent2, wrong) =
        (folder.path("agent1"), folder.path("agent2"), folder.path("wrong"));
    let center = "6d7466c8-6a21-4e64-b51e-0308e34995ec";

    struct Row<'a> {
        words: Vec<&'a str>,
        flag: [&'a str; 2],
        variable: (&'a str, &'a str),
        file: &'a str,
        /// Parts of what is printed with flag, with environment, with file, and with none of them.
        seen: [&'a str; 4],
    }
    let login = [("CHAT_USER", "agent1"), ("CHAT_PASSWORD", "agent1")];
    let rows = [
        Row {
            words: vec!["send", &silent, CHAT, "Accept"],
            flag: ["--timeout", "0.1"],
            variable: ("CHAT_TIMEOUT", "0.2"),
            file: "timeout = 0.3",
            // Nobody waits for 30 s here; that they are the default says the help.
            seen: ["0.1 s", "0.2 s", "0.3 s", ""],
        },
        Row {
            words: vec!["send", "https://127.0.0.1:1", CHAT, "Accept"],
            flag: ["--ca-file", "/no/flag"],
            variable: ("CHAT_CA_FILE", "/no/variable"),
            file: "ca_file = \"/no/file\"",
            seen: ["/no/flag", "/no/variable", "/no/file", "Connection refused"],
        },
        Row {
            words: vec!["request", &url, "--complete", "--pause", "0.01"],
            flag: ["--contact-center", center],
            variable: ("CHAT_CONTACT_CENTER", "another"),
            file: "contact_center = \"third\"",
            seen: ["ParticipantLeft", "found another one", "found another one", "ParticipantLeft"],
        },
        Row {
            words: vec!["send", &url, CHAT, "Accept"],
            flag: ["--client-config", "/no/flag"],
            variable: ("CHAT_CLIENT_CONFIG", "/no/variable"),
            file: "",
            seen: ["/no/flag", "/no/variable", "", ""],
        },
    ];
    for Row { words, flag, variable, file, seen } in &rows {
        for (at, seen) in seen.iter().enumerate().filter(|(_, seen)| !seen.is_empty()) {
            let mut command = plain(&folder, if at < 3 { file } else { "" });
            command.args(words).envs(login);
            if at < 1 {
                command.args(flag);
            }
            if at < 2 {
                command.env(variable.0, variable.1);
            }
            let said = said(&command.stdin(Stdio::null()).output().unwrap());
            assert!(said.contains(seen), "{words:?}, {at}: expected {seen:?} in {said}");
        }
    }

    // Who asks: a name and a password, of which a file named by flag or environment counts more than one in
    // the environment, because whoever names a file means it.
    let everything = format!("user = \"agent3\"\npassword_file = \"{}\"", folder.path("agent3"));
    let refused = "code 20";
    for (flags, variables, file, seen) in [
        (
            vec!["-u", "agent1", "--password-file", &agent1],
            vec![
                ("CHAT_USER", "agent2"),
                ("CHAT_PASSWORD", "wrong"),
                ("CHAT_PASSWORD_FILE", &wrong),
            ],
            &everything[..],
            "\"userName\":\"agent1\"",
        ),
        (
            vec![],
            vec![
                ("CHAT_USER", "agent2"),
                ("CHAT_PASSWORD", "wrong"),
                ("CHAT_PASSWORD_FILE", &agent2),
            ],
            &everything,
            "\"userName\":\"agent2\"",
        ),
        (
            vec![],
            vec![("CHAT_USER", "agent2"), ("CHAT_PASSWORD", "agent2")],
            &everything,
            "\"userName\":\"agent2\"",
        ),
        (
            vec!["-u", "agent1"],
            vec![("CHAT_USER", "agent2"), ("CHAT_PASSWORD", "agent1")],
            &everything,
            "\"userName\":\"agent1\"",
        ),
        (vec![], vec![], &everything, "\"userName\":\"agent3\""),
        (vec!["-u", "agent1"], vec![], &everything, refused),
        (vec![], vec![("CHAT_PASSWORD", "agent1")], "", "expected the name of a user"),
        (vec!["-u", "agent1"], vec![], "", "expected the user's password"),
    ] {
        let mut command = plain(&folder, file);
        command.args(["watch", "--json", &url]).args(&flags).envs(variables.clone());
        let said = first_line_said(command);
        assert!(said.contains(seen), "{flags:?} {variables:?}: expected {seen:?} in {said}");
    }

    // The server's own.
    let configuration = "[server]\nlisten = \"127.0.0.4:0\"\ncontact_center_id = \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"\n";
    folder.write("center.toml", configuration);
    folder.write("other.toml", &configuration.replace("127.0.0.4", "127.0.0.5"));
    let (config, other) = (folder.path("center.toml"), folder.path("other.toml"));
    let (store, second) = (folder.path("flag.redb"), folder.path("variable.redb"));
    let default = folder.path("state/chat/chats.redb");
    for (flags, variables, expected) in [
        (
            vec!["--listen", "127.0.0.2:0"],
            vec![("CHAT_LISTEN", "127.0.0.3:0")],
            ["url", "http://127.0.0.2:"],
        ),
        (vec![], vec![("CHAT_LISTEN", "127.0.0.3:0")], ["url", "http://127.0.0.3:"]),
        (
            vec!["--config", &config],
            vec![("CHAT_LISTEN", "127.0.0.3:0")],
            ["url", "http://127.0.0.3:"],
        ),
        (vec!["--config", &config], vec![("CHAT_CONFIG", &other)], ["url", "http://127.0.0.4:"]),
        (vec![], vec![("CHAT_CONFIG", &other)], ["url", "http://127.0.0.5:"]),
        (
            vec!["--config", &config, "--store", &store],
            vec![("CHAT_STORE", &second)],
            ["store", &store],
        ),
        (vec!["--config", &config], vec![("CHAT_STORE", &second)], ["store", &second]),
        (vec!["--config", &config], vec![], ["store", &default]),
        (vec!["--listen", "127.0.0.1:0"], vec![], ["store", "memory"]),
    ] {
        let mut command = plain(&folder, "");
        command.args(["serve", "--json"]).args(&flags).envs(variables.clone());
        let greeting: Value = serde_json::from_str(&first_line_said(command)).unwrap();
        let [member, expected] = expected;
        let found = greeting[member].as_str().unwrap();
        assert!(found.starts_with(expected), "{flags:?} {variables:?}: {greeting}");
    }
}

/// Every command, and every way in which it can end that does not take a broken machine.
#[test]
fn every_command_ends_as_the_help_says() {
    let folder = Folder::new();
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = &server.url()[..];
    let leave = r#"{"operationName":"Leave"}"#;
    folder.write("chat", r#"{"id":"c","state":"Invited","owner":"agent1","participants":[]}"#);
    folder.write("other", r#"{"id":"c","state":"LeftChat","owner":"agent1","participants":[]}"#);
    folder.write("leave", leave);
    folder.write("accept", r#"{"operationName":"Accept"}"#);
    folder.write("text", "Buy milk.");
    folder.write("config", "[server]\nlisten = \"127.0.0.1:0\"\ncontact_center_id = \"x\"\n");
    folder.write("script", "[[customers]]\nqueue = \"none\"");
    let path = |name: &str| folder.path(name);
    let (one, other, does, accept, text) = (
        &path("chat")[..],
        &path("other")[..],
        &path("leave")[..],
        &path("accept")[..],
        &path("text")[..],
    );
    let (config, script, missing, redb) =
        (&path("config")[..], &path("script")[..], &path("missing")[..], &path("new.redb")[..]);
    let nobody = "http://127.0.0.1:1";
    let rows: Vec<(Vec<&str>, &str, i32)> = vec![
        (vec!["--help"], "", 0),
        (vec!["--version"], "", 0),
        (vec![], "", 2),
        (vec!["dance"], "", 2),
        (vec!["serve", "--listen", "here"], "", 2),
        (vec!["serve", "--listen", "127.0.0.1:0", "--config", missing], "", 3),
        (vec!["serve", "--listen", "127.0.0.1:0", "--script", script], "", 3),
        (vec!["serve", "--listen", "127.0.0.1:0", "--script", script, "--record", script], "", 2),
        (vec!["serve", "--listen", server.address()], "", 5),
        (vec!["send", url, CHAT, "SetInFocus"], "", 0),
        (vec!["send", url, CHAT], "", 2),
        (vec!["send", url, "a chat", "Leave"], "", 2),
        (vec!["send", url, "a/chat", "Leave"], "", 2),
        (vec!["send", url, CHAT, "Leave", "--of", "a user"], "", 2),
        (vec!["send", url, CHAT, "Leave", "--timeout", "1e18"], "", 2),
        (vec!["send", url, CHAT, "@/no/file"], "", 3),
        (vec!["send", url, CHAT, "Reject"], "", 4),
        (vec!["send", nobody, CHAT, "Leave"], "", 5),
        (vec!["watch", url, "--until", "Chatting"], "", 0),
        (vec!["watch", url, "--topic", "no topic"], "", 2),
        (vec!["watch", url, "--until", "Chating"], "", 2),
        (vec!["watch", url, "--give-up", "1.8e19"], "", 2),
        (vec!["watch", url, "--backoff", "1.5e18"], "", 2),
        (vec!["watch", url, "--password-file", missing], "", 3),
        (vec!["watch", url, "-u", "nobody"], "", 4),
        (vec!["watch", nobody, "--timeout", "0.1"], "", 5),
        (vec!["request", url, "--complete", "--pause", "0.01"], "", 0),
        (vec!["request", url, "--user-data", "[]"], "", 2),
        (vec!["request", url, "--client-config", missing], "", 3),
        (vec!["request", url, "--queue", "none"], "", 4),
        (vec!["request", nobody], "", 5),
        (vec!["apply", "--as", "agent1", one, accept], "", 0),
        (vec!["apply", one], "", 2),
        (vec!["apply", "--as", "agent1", text, does], "", 3),
        (vec!["apply", "--as", "agent1", one, does], "", 4),
        (vec!["validate", does], "", 0),
        (vec!["validate", "--schema", "operation", one], "", 1),
        (vec!["validate", "--schema", "none", does], "", 2),
        (vec!["validate", text], "", 3),
        (vec!["diff", one, one], "", 0),
        (vec!["diff", one, other], "", 1),
        (vec!["diff", one], "", 2),
        (vec!["diff", one, missing], "", 3),
        (vec!["config", "check", config], "", 1),
        (vec!["config", "check"], "", 2),
        (vec!["config", "check", missing], "", 3),
        (vec!["hash-password"], "secret\n", 0),
        (vec!["hash-password", "secret"], "", 2),
        (vec!["hash-password"], "", 3),
        (vec!["schema"], "", 0),
        (vec!["schema", "none"], "", 2),
        (vec!["store", "import", redb, "-"], "", 0),
        (vec!["store", "import", redb, text], "", 3),
        (vec!["store", "check", redb], "", 0),
        (vec!["store", "check", "memory"], "", 2),
        (vec!["store", "check", missing], "", 3),
        (vec!["store", "export", redb], "", 0),
        (vec!["store", "export", text], "", 3),
        (vec!["store", "migrate", redb], "", 0),
        (vec!["store", "migrate", "postgres://nobody@127.0.0.1:1/none"], "", 5),
        (vec!["completions", "bash"], "", 0),
        (vec!["completions", "csh"], "", 2),
    ];
    for (words, stdin, expected) in &rows {
        let mut session = Session::default();
        let code = session.call(words, stdin);
        assert_eq!(code, *expected, "{}", session.said());
    }

    // Nobody forgets a command that comes; what has tests of its own alone is named here.
    let called: BTreeSet<String> = rows.iter().map(|(words, ..)| words.join(" ")).collect();
    let mut missing = Vec::new();
    for name in leaves(&chat_cli::command(), "") {
        let is_there = |codes: &str| called.iter().any(|words| words.starts_with(codes));
        if !is_there(&name) && name != "replay" {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "expected rows for {missing:?}");
}

/// The names of all commands that do something.
fn leaves(command: &clap::Command, before: &str) -> Vec<String> {
    let all = command.get_subcommands().flat_map(|one| {
        let name = format!("{before}{}", one.get_name());
        match one.has_subcommands() {
            true => leaves(one, &format!("{name} ")),
            false => vec![name],
        }
    });
    all.collect()
}

/// Whatever is printed with --json is JSON, line by line.
#[test]
fn json_is_printed_on_request() {
    let folder = Folder::new();
    let store = folder.path("chats.redb");
    Server::start(&["serve", "--listen", "127.0.0.1:0", "--store", &store]).terminate();
    let copy = folder.path("copy.redb");
    let exported = chat(&["store", "export", &store, "--json"]).output().unwrap().stdout;
    folder.write("exported", std::str::from_utf8(&exported).unwrap());
    let exported = folder.path("exported");
    for (words, stdin, expected) in [
        (
            vec!["store", "check", "--json", &store],
            "",
            json!({"type": "checked", "store": store, "chats": 1, "records": 1, "feeds": 1, "entries": 0, "complaints": 0, "sound": true}),
        ),
        (
            vec!["store", "--json", "import", &copy, &exported],
            "",
            json!({"type": "imported", "new": 2, "there": 0}),
        ),
        (
            vec!["store", "import", &copy, &exported, "--json"],
            "",
            json!({"type": "imported", "new": 0, "there": 2}),
        ),
        (vec!["store", "migrate", "--json", &copy], "", json!({"type": "migrated", "store": copy})),
        (vec!["schema", "--json"], "", json!({"name": "operation"})),
        (vec!["hash-password", "--json"], "secret\n", json!({"passwordHash": ""})),
    ] {
        let mut child = chat(&words).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        match words[0] {
            // Another one every time.
            "hash-password" => {
                assert!(lines[0]["passwordHash"].as_str().unwrap().starts_with("$argon2id$"));
            }
            "schema" => assert!(lines.contains(&expected), "{lines:?}"),
            _ => assert_eq!(lines, [expected], "{words:?}"),
        }
    }
    let mut command =
        chat(&["serve", "--listen", "127.0.0.1:0", "--json", "--admin", "127.0.0.1:0"]);
    command.env_remove("CHAT_ADMIN");
    let greeting: Value = serde_json::from_str(&first_line_said(command)).unwrap();
    let members: Vec<&String> = greeting.as_object().unwrap().keys().collect();
    assert_eq!(members, ["admin", "demo", "store", "type", "url"], "{greeting}");
}

/// Also by a server that takes the connection and says nothing.
#[test]
fn a_customer_can_be_interrupted_while_nothing_is_answered() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut command = chat(&["request", "--timeout", "600", &url]);
    let mut asks = command.env("XDG_CONFIG_HOME", "/nonexistent").spawn().unwrap();
    let held = listener.accept().unwrap();
    let pid = asks.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(asks.wait().unwrap().code(), Some(130));
    drop(held);
}

/// What is there at the beginning is told as what happens later.
#[test]
fn a_watch_of_one_chat_tells_of_no_other() {
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    for (chat, count) in [("0000Wa9CAM6W00J", 1), ("0000Wa9CAM6W00K", 0)] {
        let mut command = self::chat(&["watch", "--json", "--chat", chat, &url]);
        command.env("CHAT_USER", "agent1").env("CHAT_PASSWORD", "agent1");
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        let line = first_line_said(command);
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert_eq!(told["user"]["chats"].as_array().map(Vec::len), Some(count), "{line}");
        assert_eq!(told["user"]["userName"], "agent1", "{line}");
        assert_eq!(line.contains("0000Wa9CAM6W00J"), count > 0, "{line}");
    }
}

/// Nothing happens in the chat, and still it ends when nobody reads any more.
#[test]
fn who_watches_ends_with_the_reader() {
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.url();
    for (words, is_first) in [
        (&["watch", &url][..], "Begun: "),
        (&["watch", "--json", &url], "{\"type\":\"state\""),
        (&["request", "--json", "--nickname", "Chris", &url], "{\"type\":\"requested\""),
    ] {
        let mut command = chat(words);
        command.env("CHAT_USER", "agent1").env("CHAT_PASSWORD", "agent1");
        let mut child = command.env("XDG_CONFIG_HOME", "/nonexistent").spawn().unwrap();
        let typing = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.starts_with(is_first), "{line}");
        drop(out);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words:?}");
        drop(typing);
    }
}

/// The program with nothing said anywhere but in the file of this user's configuration.
fn plain(folder: &Folder, client: &str) -> Command {
    let mut command = chat(&[]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAT_") {
            command.env_remove(name);
        }
    }
    std::fs::create_dir_all(folder.path("config/chat")).unwrap();
    folder.write("config/chat/client.toml", client);
    command.env("XDG_CONFIG_HOME", folder.path("config"));
    command.env("XDG_STATE_HOME", folder.path("state"));
    command
}

/// The first line of what it prints, or else its complaint; then it is ended.
fn first_line_said(mut command: Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() {
        child.stderr.take().unwrap().read_to_string(&mut line).unwrap();
    }
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
    line
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        Path::new(self.0.path()).join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }
}
