//! A PostgreSQL server for a test: its own data, its own socket, stopped when the test ends, however
//! it ends.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

pub(crate) const PASSWORD: &str = "a test's pass?word";

/// The password as an address holds it.
const IN_ADDRESSES: &str = "a%20test%27s%20pass%3Fword";

/// Part of the socket's name and nothing else: the directory is the server's own.
const PORT: u16 = 5432;

/// A running server. Dropping it stops it and removes its data.
pub(crate) struct Server {
    child: Mutex<Option<Child>>,
    place: TempDir,
    settings: Vec<String>,
    port: u16,
    /// Where it listens beside its socket.
    addresses: &'static str,
}

impl Server {
    /// One that no other test uses, for tests that kill it or change its settings; `settings` are
    /// such as `fsync=off`.
    pub(crate) fn own(settings: &[&str]) -> Self {
        Self::make(settings, PORT, "")
    }

    /// One that also listens on a port of this machine: only there it speaks TLS.
    pub(crate) fn on_a_port() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        Self::make(&[], port, "127.0.0.1")
    }

    fn make(settings: &[&str], port: u16, addresses: &'static str) -> Self {
        let place = TempDir::new().expect("a directory for temporary files");
        let server = Self {
            child: Mutex::new(None),
            place,
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            port,
            addresses,
        };
        if let Some((uid, gid)) = account() {
            chown(server.place.path(), Some(uid), Some(gid)).expect("the directory is handed over");
        }
        let password = server.path("password");
        fs::write(&password, PASSWORD).expect("a file");
        fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).expect("a mode");
        let mut initdb = server.program("initdb");
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres"]);
        initdb.args(["--auth=scram-sha-256", "--pwfile"]).arg(&password);
        run(initdb.arg("--pgdata").arg(server.data()));
        server.start();
        server
    }

    /// One that the tests running at this moment share; each opens schemas of its own.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::own(&[]));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// Starts the server on its data and waits until it takes connections.
    pub(crate) fn start(&self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log"));
        let log = log.expect("a log");
        for _ in 0..200 {
            let mut postgres = self.program("postgres");
            postgres.arg("-D").arg(self.data()).arg("-k").arg(self.sockets());
            postgres.args(["-p", &self.port.to_string()]);
            postgres.args(["-c", &format!("listen_addresses={}", self.addresses)]);
            for setting in &self.settings {
                postgres.args(["-c", setting]);
            }
            postgres.stdin(Stdio::null()).stdout(Stdio::null());
            postgres.stderr(log.try_clone().expect("a log"));
            let mut child = postgres.spawn().expect("postgres starts");
            for _ in 0..1_000 {
                if child.try_wait().expect("a child").is_some() {
                    // What a killed server leaves behind takes a moment to go.
                    break;
                }
                let ready = self.program("pg_isready").arg("-q").args(self.here()).status();
                if ready.expect("pg_isready runs").success() {
                    *self.child() = Some(child);
                    return;
                }
                sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
            sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }

    /// Kills the server's first process; its others notice and end.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().expect("the server is killed");
            child.wait().expect("the server has ended");
        }
    }

    /// Stops the server without letting anything finish, or whatever else `mode` means to pg_ctl.
    pub(crate) fn stop(&self, mode: &str) {
        let mut stop = self.program("pg_ctl");
        run(stop.args(["stop", "-m", mode, "-w", "-D"]).arg(self.data()));
        if let Some(mut child) = self.child().take() {
            child.wait().expect("the server has ended");
        }
    }

    /// Changes settings while the server runs, as its administrator would.
    pub(crate) async fn set(&self, name: &str, value: &str) {
        let admin = self.admin().await;
        let set = format!("ALTER SYSTEM SET {name} = '{value}'");
        admin.batch_execute(&set).await.expect("the setting is taken");
        admin.batch_execute("SELECT pg_reload_conf()").await.expect("the server reads it");
        for _ in 0..500 {
            let shown = self.admin().await.query_one(&format!("SHOW {name}"), &[]).await;
            if shown.expect("the server answers").get::<_, String>(0) == value {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server did not take {name} = {value}");
    }

    /// The address of the server, by its socket.
    pub(crate) fn url(&self) -> String {
        let sockets = self.sockets().display().to_string().replace('/', "%2F");
        format!("postgres://postgres:{IN_ADDRESSES}@{sockets}:{}/postgres", self.port)
    }

    /// The address of the server behind a port of this machine.
    pub(crate) fn url_behind(port: u16) -> String {
        format!("postgres://postgres:{IN_ADDRESSES}@127.0.0.1:{port}/postgres")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.sockets().join(format!(".s.PGSQL.{}", self.port))
    }

    /// A connection that is none of a store's.
    pub(crate) async fn admin(&self) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url(), NoTls).await.expect("the server lets us in");
        tokio::spawn(connection);
        client
    }

    /// A file beside the data, which the server may read.
    pub(crate) fn hand_over(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        fs::write(&file, text).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
        if let Some((uid, gid)) = account() {
            chown(&file, Some(uid), Some(gid)).expect("the file is handed over");
        }
        file
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    fn sockets(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn here(&self) -> [String; 4] {
        [
            "-h".to_owned(),
            self.sockets().display().to_string(),
            "-p".to_owned(),
            self.port.to_string(),
        ]
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program of PostgreSQL, run as a user that it takes, in a directory which that one may read.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(binaries().join(name));
        command.current_dir(self.place.path()).env_remove("PGDATA");
        if let Some((uid, gid)) = account() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child().take() {
            // An immediate shutdown gives the shared memory back, which a kill would not.
            let quit =
                self.program("pg_ctl").args(["kill", "QUIT", &child.id().to_string()]).status();
            for _ in 0..500 {
                if quit.is_err() || child.try_wait().is_ok_and(|ended| ended.is_some()) {
                    break;
                }
                sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where PostgreSQL's programs are. Debian keeps the server's out of the search path.
fn binaries() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
            .unwrap_or_default();
        let version = |folder: &PathBuf| {
            let name = folder.parent().and_then(Path::file_name).and_then(OsStr::to_str);
            name.and_then(|name| name.parse::<u32>().ok())
        };
        folders.sort_by_key(version);
        folders.reverse();
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let found = folders.into_iter().find(|folder| {
            ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file())
        });
        found.expect(
            "these tests need PostgreSQL's server programs (initdb, postgres, pg_ctl) in \
             /usr/lib/postgresql/*/bin or in the search path; Debian's package is `postgresql`",
        )
    })
}

/// The user and group to run the server as: PostgreSQL refuses to run as an administrator.
fn account() -> Option<(u32, u32)> {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if id.stdout.trim_ascii() != b"0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let postgres = fields.into_iter().find(|fields| fields[0] == "postgres");
    let postgres = postgres.expect("an administrator's tests need the user postgres");
    Some((postgres[2].parse().expect("a number"), postgres[3].parse().expect("a number")))
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{told}", output.status);
}
