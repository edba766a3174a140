//! The oldest compiler that the embeddable crates support: asked itself where it can be had.
//!
//! Debian packages that compiler. It is unpacked below the target folder and not installed, because
//! its package would take the place of the developer's own toolchain. Where there is no such
//! package, Clippy judges our code by `rust-version`, and the dependencies' own word is taken for
//! theirs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::target_folder;
use crate::Outcome;
use crate::tool::{ask, call, cargo, program, read};

/// The release, and Debian's package version of it.
const RELEASE: &str = "1.85";
const DEBIAN: &str = "1.85.0+dfsg3-1~deb12u3";
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "libstd-rust-web-1.85"];

/// The crates that promise it, with the features that do.
const CRATES: [&str; 3] = ["chat-model", "bayeux", "chat-ffi"];
const FEATURES: &str = "chat-model/schema";

pub(super) fn check() -> Outcome {
    let unpacked = target_folder()?.join("msrv");
    if let Some(compiler) = Compiler::installed().or_else(|| Compiler::unpacked(&unpacked)) {
        return compiler.check();
    }
    if debian_has_it() {
        download(&unpacked)?;
        return Compiler::unpacked(&unpacked)
            .ok_or_else(|| format!("expected a rustc {RELEASE} in the packages, found none"))?
            .check();
    }
    println!(
        "apt has no rustc-web {DEBIAN} here; judging by Clippy's incompatible_msrv and by the \
         rust-version of the dependencies"
    );
    judge_by_word()
}

struct Compiler {
    rustc: PathBuf,
    /// Where it was unpacked; `None` if it is installed.
    root: Option<PathBuf>,
}

impl Compiler {
    fn installed() -> Option<Self> {
        Self { rustc: PathBuf::from("/usr/bin/rustc"), root: None }.if_it_is_the_one()
    }

    fn unpacked(root: &Path) -> Option<Self> {
        Self { rustc: root.join("usr/bin/rustc"), root: Some(root.into()) }.if_it_is_the_one()
    }

    fn if_it_is_the_one(self) -> Option<Self> {
        let mut command = program(&self.rustc);
        command.arg("--version");
        self.let_find_its_libraries(&mut command);
        let version = ask(&mut command)?;
        version.starts_with(&format!("rustc {RELEASE}.")).then_some(self)
    }

    fn check(&self) -> Outcome {
        println!("checking with rustc {RELEASE} itself");
        let mut command = cargo();
        command
            .env("RUSTC", &self.rustc)
            .env("CARGO_TARGET_DIR", target_folder()?.join("msrv-build"));
        self.let_find_its_libraries(&mut command);
        if let Some(root) = &self.root {
            command.env("RUSTFLAGS", format!("--sysroot={}", root.join("usr").display()));
        }
        command.args(["check", "--lib", "--locked", "--features", FEATURES]);
        call(command.args(CRATES.iter().flat_map(|name| ["-p", name])))
    }

    fn let_find_its_libraries(&self, command: &mut std::process::Command) {
        if let Some(root) = &self.root {
            let folder = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
            command.env("LD_LIBRARY_PATH", root.join(folder));
        }
    }
}

/// Whether apt knows the packages, if need be after it has read its lists again.
fn debian_has_it() -> bool {
    let listed = || {
        ask(program("apt-cache").args(["madison", PACKAGES[0]]))
            .is_some_and(|versions| versions.contains(DEBIAN))
    };
    // Only an administrator may; whoever is none keeps the lists there are.
    listed() || (ask(program("apt-get").args(["update", "--quiet"])).is_some() && listed())
}

/// Downloads the packages and what they need beyond what is installed, and unpacks them.
fn download(root: &Path) -> Outcome {
    let archives = root.join("archives");
    let says = |error| format!("{}: {error}", archives.display());
    fs::create_dir_all(archives.join("partial")).map_err(says)?;
    let mut command = program("apt-get");
    command.args(["install", "--download-only", "--yes", "--no-install-recommends"]);
    // Nothing is installed, so nobody needs to be kept out meanwhile.
    command.args(["--option", "Debug::NoLocking=true", "--option", "APT::Sandbox::User="]);
    command.arg("--option").arg(format!("Dir::Cache::archives={}", archives.display()));
    call(command.args(PACKAGES.map(|name| format!("{name}={DEBIAN}"))))?;
    for entry in fs::read_dir(&archives).map_err(says)? {
        let path = entry.map_err(says)?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            call(program("dpkg-deb").arg("--extract").arg(&path).arg(root))?;
            fs::remove_file(&path).map_err(says)?;
        }
    }
    Ok(())
}

fn judge_by_word() -> Outcome {
    let mut clippy = cargo();
    clippy.args(["clippy", "--lib", "--locked", "--features", FEATURES]);
    clippy.args(CRATES.iter().flat_map(|name| ["-p", name]));
    call(clippy.args(["--", "-D", "clippy::incompatible_msrv"]))?;

    let metadata = read(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--features", FEATURES]).args(CRATES.iter().flat_map(|name| ["-p", name]));
    let mut too_new: Vec<String> = read(&mut tree)?
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
            let needs = rust_version(&metadata, name, version)?;
            (release(needs) > release(RELEASE)).then(|| format!("{name} {version} needs {needs}"))
        })
        .collect();
    too_new.sort();
    too_new.dedup();
    if too_new.is_empty() {
        Ok(())
    } else {
        Err(format!("expected dependencies for Rust {RELEASE}, found {}", too_new.join(", ")))
    }
}

fn rust_version<'a>(metadata: &'a Value, name: &str, version: &str) -> Option<&'a str> {
    let packages = metadata["packages"].as_array()?;
    let package = packages.iter().find(|one| one["name"] == name && one["version"] == version)?;
    package["rust_version"].as_str()
}

/// `1.85.0` as numbers that compare.
fn release(text: &str) -> Vec<u32> {
    text.split('.').take(2).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases_compare_as_numbers() {
        assert!(release("1.100") > release("1.85"));
        assert!(release("1.9.1") < release("1.85"));
        assert_eq!(release("1.85.1"), release("1.85"));
    }
}
