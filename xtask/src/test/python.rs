//! Virtual environments of Python below the target folder, for what PyPI has.

use std::path::PathBuf;

use super::{apt, target_folder};
use crate::Outcome;
use crate::tool::{ask, call, program};

/// A virtual environment.
pub(super) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The one of this name as it is, or none.
    pub(super) fn found(name: &str) -> Result<Self, String> {
        Ok(Self { folder: target_folder()?.join(name) })
    }

    /// The one of this name, made if need be.
    pub(super) fn provide(name: &str) -> Result<Self, String> {
        let venv = Self::found(name)?;
        if ask(program(venv.python()).args(["-m", "pip", "--version"])).is_some() {
            return Ok(venv);
        }
        let mut make = program("python3");
        make.args(["-m", "venv", "--clear"]).arg(&venv.folder);
        if ask(&mut make).is_none() {
            apt::install(&["python3", "python3-venv"], "a virtual environment of Python")?;
            call(&mut make)?;
        }
        Ok(venv)
    }

    /// The one of this name, made if need be, with an interpreter that other users may start, too.
    pub(super) fn provide_for_anybody(name: &str) -> Result<Self, String> {
        let venv = Self::found(name)?;
        if ask(program(venv.python()).args(["-m", "pip", "--version"])).is_none() {
            let mut make = program("/usr/bin/python3");
            make.args(["-m", "venv", "--clear"]).arg(&venv.folder);
            if ask(&mut make).is_none() {
                apt::install(&["python3", "python3-venv"], "a virtual environment of Python")?;
                call(&mut make)?;
            }
        }
        Ok(venv)
    }

    /// Its interpreter.
    pub(super) fn python(&self) -> PathBuf {
        self.folder.join("bin/python3")
    }

    /// Installs what `words` tell pip to.
    pub(super) fn install(&self, words: &[&str]) -> Outcome {
        let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet"];
        call(program(self.python()).args(pip).args(words))
    }

    /// What `code` prints.
    pub(super) fn ask(&self, code: &str) -> Option<String> {
        ask(program(self.python()).args(["-c", code]))
    }
}

/// An interpreter with what the repository's file `requirements` lists, each package by its hash.
pub(super) fn with_requirements(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let venv = Venv::provide(name)?;
    venv.install(&["--require-hashes", "--only-binary=:all:", "--requirement", requirements])?;
    Ok(venv.python())
}
