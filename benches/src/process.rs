//! A server in a process of its own: started on its processor, asked what it used, ended by its id.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// The processors that the measured and the measuring are pinned to; the same one if there is but
/// one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Processors {
    /// For servers.
    pub server: usize,
    /// For the load.
    pub load: usize,
}

impl Processors {
    /// The first two that this process may use; pins this process, which must not have threads yet.
    ///
    /// # Panics
    /// Where there is no `/proc` or no `taskset` (util-linux): benches are for Linux.
    pub fn take() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("benches need Linux' /proc");
        let allowed = field(&status, "Cpus_allowed_list:").expect("Linux lists the processors");
        let mut allowed = numbers(allowed).into_iter();
        let server = allowed.next().expect("a process runs somewhere");
        let load = allowed.next().unwrap_or_else(|| {
            println!("one processor only: server and load share it, so latency means little");
            server
        });
        let me = std::process::id().to_string();
        let pinned = Command::new("taskset")
            .args(["-cp", &load.to_string(), &me])
            .stdout(Stdio::null())
            .status()
            .expect("benches need taskset (util-linux)");
        assert!(pinned.success(), "taskset cannot pin this process");
        Self { server, load }
    }
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    address: String,
}

impl Server {
    /// Starts `program` with `arguments` on the processor for servers and waits for its first line,
    /// `Listening on http://ADDRESS…`.
    ///
    /// # Panics
    /// If it does not start or says something else.
    pub fn start(processors: &Processors, program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new("taskset")
            .args(["-c", &processors.server.to_string(), program])
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset can be started");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        // Whoever writes to a pipe that nobody reads would wait for ever.
        std::thread::spawn(move || lines.for_each(drop));
        let address = first
            .split_once("http://")
            .map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_owned());
        let Some(address) = address else {
            let _ = child.kill();
            panic!("expected {program} to say where it listens, found {first:?}");
        };
        assert!(address.starts_with("127.0.0.1:"), "load is for this machine only");
        Self { child, address }
    }

    /// Ends it at once, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// If it has ended by itself.
    pub fn kill(mut self) {
        self.child.kill().expect("the server runs");
        let _ = self.child.wait();
    }

    /// Where it listens, `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The time on the processor of each of its threads, up to now.
    pub fn cpu(&self) -> Cpu {
        let mut threads = BTreeMap::new();
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        for task in tasks.expect("the server runs").flatten() {
            let schedstat = fs::read_to_string(task.path().join("schedstat"));
            let nanos = schedstat.ok().and_then(|text| text.split(' ').next()?.parse().ok());
            threads.insert(task.file_name().to_string_lossy().into_owned(), nanos.unwrap_or(0));
        }
        Cpu(threads)
    }

    /// Bytes of it that are in memory.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server runs");
        let kilobytes = field(&status, "VmRSS:").and_then(|text| text.split(' ').next());
        kilobytes.and_then(|text| text.parse::<f64>().ok()).expect("the kernel says so") * 1_024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nanoseconds on the processor, by thread.
#[derive(Debug, Clone)]
pub struct Cpu(BTreeMap<String, u64>);

impl Cpu {
    /// Microseconds that were used since `before`, by threads that still live.
    pub fn micros_since(&self, before: &Self) -> f64 {
        let used = self.0.iter().map(|(thread, nanos)| {
            nanos.saturating_sub(before.0.get(thread).copied().unwrap_or(0))
        });
        used.sum::<u64>() as f64 / 1_000.0
    }
}

/// The program `chat` as it is shipped: the one that `CHAT_BIN` names, or else what the release
/// profile makes of this tree.
///
/// # Panics
/// If Cargo cannot build it.
pub fn chat() -> String {
    if let Ok(program) = std::env::var("CHAT_BIN") {
        return program;
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--release", "--locked", "-p", "chat-cli", "--bin", "chat"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("Cargo can be started");
    assert!(build.status.success(), "Cargo cannot build the program");
    String::from_utf8_lossy(&build.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "chat")
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .expect("Cargo names the program it built")
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// `0-2,5` as numbers.
fn numbers(list: &str) -> Vec<usize> {
    let ranges = list.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    });
    ranges.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn lists_of_processors_are_read() {
        assert_eq!(numbers("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(numbers("3"), [3]);
    }
}
