//! What the C library does with memory and threads, watched by tools that know: valgrind's memcheck and
//! helgrind, and the address and undefined-behaviour sanitizers of both C compilers.
//!
//! The programs are in `crates/chat-ffi/tests/c`. A tool that finds nothing must be one that finds
//! something, so each is given mistakes too (`planted.c`), and has to report them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Tests, apt, target_folder};
use crate::install::{Library, Numbers, SharedNames};
use crate::tool::{announce, ask, call, cargo, program, read};
use crate::{Outcome, repo};

const CRATE: &str = "crates/chat-ffi";

const C: [&str; 7] =
    ["-std=c99", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fno-omit-frame-pointer"];
/// Whatever is found ends the program.
const SANITIZED: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

const VALGRIND: [&str; 3] = ["valgrind", "--quiet", "--error-exitcode=99"];
const MEMCHECK: [&str; 3] =
    ["--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all"];
const HELGRIND: [&str; 1] = ["--tool=helgrind"];

/// What `planted.c` can do wrong, and how a tool calls it.
type Mistake = (&'static str, &'static [&'static str]);

const FOR_MEMCHECK: [Mistake; 4] = [
    ("leak", &["definitely lost"]),
    ("double-free", &["Invalid read"]),
    ("wrong-length", &["Invalid read"]),
    ("overflow", &["Invalid write"]),
];
const FOR_HELGRIND: [Mistake; 1] = [("race", &["Possible data race"])];
const FOR_SANITIZERS: [Mistake; 5] = [
    ("leak", &["LeakSanitizer: detected memory leaks"]),
    ("double-free", &["AddressSanitizer: heap-use-after-free"]),
    // It is the library that reads too far, so this shows that the library is watched as well.
    ("wrong-length", &["AddressSanitizer: heap-buffer-overflow", "chat_model"]),
    ("overflow", &["AddressSanitizer: heap-buffer-overflow"]),
    ("signed-overflow", &["runtime error: signed integer overflow"]),
];

pub(super) fn run(tests: &mut Tests) -> Outcome {
    tools()?;
    let native = Library::build()?.native;
    let folder = target_folder()?.join("memory");
    let mut harness = Harness { passed: 0 };

    let plain = Programs::build("gcc", &[], &shared(&folder)?, &folder.join("plain"))?;
    let valgrind = |options: &[&'static str]| [&VALGRIND[..], options].concat();
    harness.watch("memcheck", &valgrind(&MEMCHECK), &plain, &FOR_MEMCHECK)?;
    harness.watch("helgrind", &valgrind(&HELGRIND), &plain, &FOR_HELGRIND)?;

    let sanitized = Sanitized::here()?;
    let mut link = vec![sanitized.library()?.to_string_lossy().into_owned()];
    link.extend(native);
    for compiler in ["gcc", "clang"] {
        let programs = Programs::build(compiler, &SANITIZED, &link, &folder.join(compiler))?;
        harness.watch(
            &format!("sanitizers of {compiler}"),
            &fixed(),
            &programs,
            &FOR_SANITIZERS,
        )?;
    }
    tests.add("memory and threads of the C library", harness.passed, 0)?;
    // Hostile arguments in texts that end where their memory ends, and panics half-way.
    tests.of_cargo("the C library's own tests, sanitized", &mut sanitized.cargo("test"))
}

fn tools() -> Outcome {
    apt::need("gcc", "gcc", "C programs")?;
    // Without the symbols of the C library valgrind does not even start.
    let valgrind = || ask(program("valgrind").args(["--quiet", "/bin/true"])).is_some();
    if !valgrind() {
        apt::install(&["valgrind", "libc6-dbg"], "valgrind")?;
    }
    let clang = || {
        let folder = ask(program("clang").arg("-print-runtime-dir")).unwrap_or_default();
        let files = fs::read_dir(folder.trim()).into_iter().flatten().flatten();
        files.map(|file| file.file_name()).any(|name| name.to_string_lossy().contains("asan"))
    };
    if !clang() {
        apt::install(&["clang", "libclang-rt-dev"], "clang and its sanitizers")?;
    }
    match (valgrind(), clang()) {
        (true, true) => Ok(()),
        found => Err(format!("expected valgrind and clang to work, found {found:?}")),
    }
}

/// The library as developers build it, with the names of its functions: how to link with it.
fn shared(folder: &Path) -> Result<Vec<String>, String> {
    call(cargo().args(["build", "--package", "chat-ffi", "--lib", "--locked"]))?;
    let library = target_folder()?.join("debug/libchatmodel.so");
    let soname = SharedNames::of(&Numbers::read()).runtime;
    let folder = folder.join("lib");
    make(&folder)?;
    for name in ["libchatmodel.so", &soname] {
        fs::copy(&library, folder.join(name)).map_err(|error| error.to_string())?;
    }
    let folder = folder.display();
    Ok(vec![format!("-L{folder}"), format!("-Wl,-rpath,{folder}"), "-lchatmodel".to_owned()])
}

/// Cargo with the address sanitizer. `RUSTC_BOOTSTRAP` lets the stable compiler take the flag that is not
/// stable, for this build alone; with a target named, build scripts are built without it.
struct Sanitized {
    host: String,
    folder: PathBuf,
}

impl Sanitized {
    fn here() -> Result<Self, String> {
        let about = read(program("rustc").arg("-vV"))?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("expected rustc to name its host")?.to_owned();
        Ok(Self { host, folder: target_folder()?.join("sanitized") })
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = cargo();
        cargo
            .args([command, "--package", "chat-ffi", "--lib", "--locked", "--target", &self.host])
            .env("CARGO_TARGET_DIR", &self.folder)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("RUST_BACKTRACE", "0");
        cargo
    }

    /// Builds the archive.
    fn library(&self) -> Result<PathBuf, String> {
        call(&mut self.cargo("build"))?;
        Ok(self.folder.join(&self.host).join("debug/libchatmodel.a"))
    }
}

/// How to run a program at addresses that are always the same: clang's older sanitizers do not get along
/// with kernels that scatter them widely. Where that is forbidden, nothing is done about it.
fn fixed() -> Vec<&'static str> {
    let words = ["setarch", "--addr-no-randomize"];
    match ask(program(words[0]).args([words[1], "true"])) {
        Some(_) => words.to_vec(),
        None => Vec::new(),
    }
}

/// The programs of `tests/c`, compiled in one way.
struct Programs {
    folder: PathBuf,
}

impl Programs {
    fn build(
        compiler: &str,
        options: &[&str],
        link: &[String],
        folder: &Path,
    ) -> Result<Self, String> {
        make(folder)?;
        let source = repo::root().join(CRATE);
        for name in ["life", "threads", "planted"] {
            let mut compile = program(compiler);
            compile.args(C).args(options).arg("-I").arg(source.join("include"));
            compile.arg(source.join(format!("tests/c/{name}.c"))).arg("-o").arg(folder.join(name));
            call(compile.args(link).arg("-lpthread"))?;
        }
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// The command that lets `watcher` run one of them.
    fn command(&self, watcher: &[&str], name: &str) -> Command {
        let path = self.folder.join(name);
        let mut command = match watcher.split_first() {
            Some((tool, options)) => {
                let mut command = program(tool);
                command.args(options).arg(path);
                command
            }
            None => program(path),
        };
        // Without: the first trace of a panic reads all debug information and keeps it.
        command.env("RUST_BACKTRACE", "0");
        command
    }
}

struct Harness {
    passed: u32,
}

impl Harness {
    /// Nothing is found in what is right, and everything in what is wrong.
    fn watch(
        &mut self,
        tool: &str,
        watcher: &[&str],
        programs: &Programs,
        mistakes: &[Mistake],
    ) -> Outcome {
        for name in ["life", "threads"] {
            let (is_clean, report) = outcome(&mut programs.command(watcher, name))?;
            if !is_clean {
                return Err(format!("{tool}: expected nothing to report of {name}.c:\n{report}"));
            }
            self.pass(&format!("{tool}: {name}.c is clean"));
        }
        for (mistake, words) in mistakes {
            let (is_clean, report) = outcome(programs.command(watcher, "planted").arg(mistake))?;
            if is_clean || !words.iter().all(|words| report.contains(words)) {
                return Err(format!(
                    "{tool}: expected a planted {mistake} to be reported as {words:?}, found:\n{report}"
                ));
            }
            self.pass(&format!("{tool}: a planted {mistake} is found"));
        }
        Ok(())
    }

    fn pass(&mut self, what: &str) {
        println!("ok: {what}");
        self.passed += 1;
    }
}

/// Whether a program ended well, and what it said.
fn outcome(command: &mut Command) -> Result<(bool, String), String> {
    announce(command);
    let output = command.output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

fn make(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}
