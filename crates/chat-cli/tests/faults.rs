//! A store that fails under a server: what operators are told, what clients are told, that reads go on
//! where they can, and that nothing is lost of what was acknowledged.

#![cfg(unix)]

#[path = "../../chat-store/tests/postgres/server.rs"]
#[allow(dead_code, reason = "the store's own tests need more of it")]
mod database;
#[path = "support/server.rs"]
mod server;

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use server::{Server, chat};

const LISTEN: [&str; 4] = ["serve", "--listen", "127.0.0.1:0", "--store"];
const UPDATE: &str = "POST /api/v2/me/chats/0000Wa9CAM6W00J";

/// What is wrong before the server starts: it does not, and says why in words that help.
#[test]
fn a_store_that_cannot_be_served_from_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let volume = Volume::new("start", "1m");
    let at = |folder: &Path| folder.join("chats.redb").to_str().unwrap().to_owned();
    let weak = database::Server::own(&["fsync=off"]);
    let sound = database::Server::own(&[]);
    let gone = database::Server::own(&[]);
    gone.stop("immediate");

    // Permissions do not bind root; a volume that is read only does.
    let read_only_volume = Volume::new("read_only", "16m");
    let read_only = at(read_only_volume.as_ref().map_or(folder.path(), |volume| &volume.0));
    filled(&read_only);
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o444)).unwrap();
    if let Some(volume) = &read_only_volume {
        volume.mount("remount,ro");
    }
    let full = volume.as_ref().map(|volume| {
        let mut filler = File::create(volume.0.join("filler")).unwrap();
        while filler.write_all(&[1; 4_096]).is_ok() {}
        at(&volume.0)
    });
    let torn = at(tempfile::tempdir_in(folder.path()).unwrap().keep().as_path());
    filled(&torn);
    overwrite(&torn, 0..4_096);

    let mut cases: Vec<(String, &[&str])> = vec![
        (torn, &["chats.redb", "is not a store of chats"]),
        (weak.url(), &["may lose what it has acknowledged", "fsync is \"off\", expected on"]),
        (sound.url().replace("a%20test", "wrong-secret"), &["password authentication failed"]),
        (gone.url(), &["cannot be reached"]),
    ];
    if File::options().write(true).open(&read_only).is_err() {
        cases.push((read_only, &["chats.redb cannot be written to"]));
    } else {
        eprintln!("not tried: a file that is read only, because this user may write to any");
    }
    match full {
        Some(file) => cases.push((file, &["there is no room on the disk of", "chats.redb"])),
        None => eprintln!("not tried: a disk that is full at the start, because none can be made"),
    }
    for (store, parts) in cases {
        let output = chat(&[&LISTEN[..3], &["--store", &store]].concat()).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        // A file cannot be used (3), a database cannot be had (5).
        let code = if store.starts_with("postgres") { 5 } else { 3 };
        assert_eq!(output.status.code(), Some(code), "{why}");
        for part in parts {
            assert!(why.contains(part), "expected {part:?} in {why:?}");
        }
        assert!(!why.contains("wrong-secret") && !why.contains("a test's"), "{why:?}");
        assert!(output.stdout.is_empty(), "it never says that it listens");
    }
}

/// Pages with chats in them are overwritten: they are never read as truth, and the check finds them.
#[test]
fn a_damaged_file_is_found_and_never_read_as_truth() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.redb").to_str().unwrap().to_owned();
    let visitor = filled(&file);
    let whole = fs::read(&file).unwrap();
    let marks: Vec<usize> =
        (0..whole.len() - 4).filter(|&at| &whole[at..at + 4] == b"mark").collect();
    assert!(!marks.is_empty(), "the chat is in the file");
    for &at in &marks {
        overwrite(&file, at..at + 1);
    }
    let checked = chat(&["store", "check", &file]).output().unwrap();
    assert_eq!(checked.status.code(), Some(3), "{checked:?}");
    let why = String::from_utf8(checked.stderr).unwrap();
    assert!(why.contains("chats.redb is damaged") && why.contains("restore a copy"), "{why}");

    // Opening does not read all of a large file. What is damaged is found when it is wanted, and what
    // is wanted is not made up.
    let log = folder.path().join("log");
    let mut command = chat(&[&LISTEN[..], &[&file]].concat());
    let server = Server::as_it_is(command.stderr(File::create(&log).unwrap()));
    // The house has met it while it looked what is open. Whoever asks for readiness is told the kind of
    // trouble, and the log has the rest, once.
    until(|| server.ask("GET /health/ready", "").0 == 503);
    let (_, told) = server.ask("GET /health/ready", "");
    assert_eq!(told, r#"{"statusCode":4,"statusMessage":"the store is damaged"}"#);
    assert_eq!(server.ask("GET /health/live", "").0, 200);
    let said = fs::read_to_string(&log).unwrap();
    let lines: Vec<_> =
        said.lines().filter(|line| line.contains("the store is not ready")).collect();
    let [line] = lines[..] else { panic!("expected one line, got {said}") };
    for part in
        ["ERROR", "the file is damaged: the row of a record cannot be read", "chat store check"]
    {
        assert!(line.contains(part), "expected {part:?} in {line}");
    }
    let (status, told) = server.ask("GET /api/v2/me/chats/0000Wa9CAM6W00J", "");
    assert_eq!(status, 503, "{told}");
    assert!(told.starts_with(r#"{"statusCode":4,"#) && !told.contains("damaged"), "{told}");
    // Nor is it written over.
    assert_ne!(server.attach("more"), r#"{"statusCode":0}"#);

    // What is whole is served, also what came before the damage, and what comes is kept.
    let visit = format!("/api/v2/chats/{visitor}");
    let (_, told) = server.ask(&format!("GET {visit}/messages"), "");
    assert!(told.contains("before the damage"), "{told}");
    let say = r#"{"operationName":"SendMessage","text":"after the damage"}"#;
    assert_eq!(server.ask(&format!("POST {visit}"), say).0, 200);
    server.kill();
    drop(command);
    let server = Server::start(&[&LISTEN[..], &[&file]].concat());
    let (_, told) = server.ask(&format!("GET {visit}/messages"), "");
    assert!(told.contains("after the damage"), "{told}");
}

/// A damaged page in what holds the file together is another matter: nothing is served from what cannot be
/// told from a half-written commit.
#[test]
fn a_file_that_was_not_closed_and_is_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.redb").to_str().unwrap().to_owned();
    let serve = [&LISTEN[..], &[&file]].concat();
    let server = Server::start(&serve);
    assert_eq!(server.attach("mark"), r#"{"statusCode":0}"#);
    server.kill();
    let length = fs::metadata(&file).unwrap().len() as usize;
    // The headers of both last commits stay; every page that they name is overwritten.
    overwrite(&file, 4_096..length);
    let output = chat(&serve).output().unwrap();
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{why}");
    assert!(why.contains("chats.redb is damaged") && why.contains("restore a copy"), "{why}");
}

/// There is no room any more while the server runs: writes are refused, reads go on, operators see it, and
/// when there is room again it goes on by itself.
#[test]
fn a_full_disk_refuses_writes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let volume = Volume::new("full", "3m");
    let place = volume.as_ref().map_or(folder.path(), |volume| volume.0.as_path());
    let file = place.join("chats.redb").to_str().unwrap().to_owned();
    let log = folder.path().join("log");
    let serve = [&LISTEN[..], &[&file]].concat();
    let mut command = match &volume {
        Some(_) => chat(&serve),
        // A file that may not grow is as good as a disk that has no room, but for the error's name.
        None => {
            let mut shell = Command::new("sh");
            shell.args(["-c", "trap '' XFSZ; ulimit -S -f 6000; exec \"$0\" \"$@\""]);
            shell.arg(env!("CARGO_BIN_EXE_chat")).args(&serve).stdin(Stdio::null());
            shell.stdout(Stdio::piped());
            shell
        }
    };
    let server = Server::as_it_is(command.stderr(File::create(&log).unwrap()));
    let mut acknowledged = 0;
    let refused = loop {
        let (status, told) = update(&server, acknowledged + 1);
        if status != 200 {
            break (status, told);
        }
        acknowledged += 1;
        assert!(acknowledged < 1_000, "the disk is full some time");
    };
    assert!(acknowledged > 2, "there was room for some: {refused:?}");
    is_down(&server, refused);
    assert_eq!(server.user_data()["last"], acknowledged, "reads go on");
    let said = fs::read_to_string(&log).unwrap();
    let why = if volume.is_some() { "No space left on device" } else { "File too large" };
    assert!(said.contains(why), "{said}");

    match &volume {
        Some(volume) => volume.mount("remount,size=64m"),
        None => run(Command::new("prlimit").args([
            "--fsize=unlimited:unlimited",
            "--pid",
            &server.pid().to_string(),
        ])),
    }
    until_ready(&server);
    let (status, told) = update(&server, acknowledged + 1);
    assert_eq!((status, &*told), (200, r#"{"statusCode":0}"#));
    server.kill();
    holds(chat(&["store", "check", &file]), &serve, acknowledged + 1);
}

/// The database stops and comes back, or takes writes that it may lose.
#[test]
#[expect(clippy::disallowed_methods, reason = "how long a caller waits is what is shown")]
fn a_database_that_fails_under_a_server_costs_nothing_acknowledged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let database = database::Server::own(&[]);
    let url = database.url();
    let serve = [&LISTEN[..], &[&url]].concat();
    let server = Server::as_it_is(chat(&serve).stderr(File::create(&log).unwrap()));
    let mut acknowledged = 0;
    for (fault, reads, says) in [
        ("stopped", false, "the database cannot be reached"),
        ("weaker", true, "full_page_writes is \"off\""),
    ] {
        acknowledged += 1;
        assert_eq!(update(&server, acknowledged).0, 200);
        match fault {
            "stopped" => database.stop("immediate"),
            _ => {
                runtime.block_on(database.set("full_page_writes", "off"));
                until(|| server.ask("GET /health/ready", "").0 == 503);
            }
        }
        // Whoever comes first is answered, too; how soon is printed.
        let asked = Instant::now();
        let refused = update(&server, 0);
        eprintln!("{fault}: refused after {:?}", asked.elapsed());
        if fault == "stopped" {
            // The connection may have been cut in the middle of it.
            assert!(figure(&server, "chat_retries_total") > 0.0);
            assert!(figure(&server, "chat_store_retries_total") > 0.0);
        }
        until(|| server.ask("GET /health/ready", "").0 == 503);
        eprintln!("{fault}: not ready after {:?}", asked.elapsed());
        let what = if fault == "stopped" { "cannot be reached" } else { "may lose" };
        let (_, told) = server.ask("GET /health/ready", "");
        assert!(told.contains(what), "{told}");
        is_down(&server, refused);
        if reads {
            assert_eq!(server.user_data()["last"], acknowledged, "reads go on");
        }
        let said = fs::read_to_string(&log).unwrap();
        assert!(said.contains(says), "expected {says:?} in {said}");
        match fault {
            "stopped" => database.start(),
            _ => runtime.block_on(database.set("full_page_writes", "on")),
        }
        until_ready(&server);
        assert_eq!(server.user_data()["last"], acknowledged, "nothing else was written");
    }
    acknowledged += 1;
    assert_eq!(update(&server, acknowledged).0, 200);
    let appended = figure(&server, "chat_store_append_seconds_count");
    assert_eq!(appended, 1.0 + acknowledged as f64, "the chat itself, and each update once");
    server.kill();
    holds(chat(&["store", "check", &url]), &serve, acknowledged);
}

/// Writes a good deal, and which write it is.
fn update(server: &Server, nth: u64) -> (u16, String) {
    let fill = "x".repeat(100_000);
    let body = format!(
        r#"{{"operationName":"UpdateUserData","userData":{{"fill":"{fill}","last":{nth}}}}}"#
    );
    server.ask(UPDATE, &body)
}

/// What `/metrics` says of `name`.
fn figure(server: &Server, name: &str) -> f64 {
    let (_, figures) = server.ask("GET /metrics", "");
    let found = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{name} in {figures}")).parse().unwrap()
}

/// Clients are told to come back, operators that the server is not ready, and that it lives.
#[track_caller]
fn is_down(server: &Server, refused: (u16, String)) {
    assert_eq!(refused.0, 503, "{refused:?}");
    assert!(refused.1.starts_with(r#"{"statusCode":4,"statusMessage":""#), "{refused:?}");
    assert!(!refused.1.contains("chats.redb") && !refused.1.contains("postgres"), "{refused:?}");
    let (status, told) = server.ask("GET /health/ready", "");
    assert_eq!(status, 503, "{told}");
    assert_eq!(server.ask("GET /health/live", "").0, 200);
}

fn until_ready(server: &Server) {
    until(|| server.ask("GET /health/ready", "").0 == 200);
}

fn until(is_so: impl Fn() -> bool) {
    for _ in 0..2_400 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not come to that");
}

/// Everything that was acknowledged is there, for the check and for the next server.
#[track_caller]
fn holds(mut check: Command, serve: &[&str], acknowledged: u64) {
    let output = check.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let records = format!("1 chats with {} records", 1 + acknowledged);
    assert!(said.contains(&records), "expected {records:?} in {said:?}");
    let server = Server::start(serve);
    assert_eq!(server.user_data()["last"], acknowledged);
    server.terminate();
}

/// A file with the chat of the demonstration, in which somebody has left a mark, and one of a visitor,
/// whose name it answers.
fn filled(file: &str) -> String {
    let server = Server::start(&[&LISTEN[..], &[file]].concat());
    assert_eq!(server.attach("mark"), r#"{"statusCode":0}"#);
    let visit =
        r#"{"operationName":"RequestChat","nickname":"Vera","subject":"before the damage"}"#;
    let (status, told) = server.ask("POST /api/v2/chats", visit);
    assert_eq!(status, 200, "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let visitor = told["id"].as_str().unwrap().to_owned();
    let say = r#"{"operationName":"SendMessage","text":"before the damage"}"#;
    let (status, told) = server.ask(&format!("POST /api/v2/chats/{visitor}"), say);
    assert_eq!(status, 200, "{told}");
    server.terminate();
    visitor
}

fn overwrite(file: &str, bytes: std::ops::Range<usize>) {
    let open = File::options().write(true).open(file).unwrap();
    open.write_all_at(&vec![0xa5; bytes.len()], bytes.start as u64).unwrap();
}

/// A small disk of the test's own.
struct Volume(PathBuf);

impl Volume {
    /// `None` where the test may not make one.
    fn new(name: &str, size: &str) -> Option<Self> {
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("volume_{name}"));
        // What a test that was killed has left.
        let _ = Command::new("umount").args(["-l"]).arg(&place).stderr(Stdio::null()).status();
        fs::create_dir_all(&place).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&place).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(place))
    }

    /// Mounts it anew with these options.
    fn mount(&self, options: &str) {
        run(Command::new("mount").args(["-o", options]).arg(&self.0));
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
