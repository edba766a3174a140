//! Debian's packages for the tests: installed where that is allowed, named where it is not.

use std::process::Command;

use crate::Outcome;
use crate::tool::{ask, call, program};

/// Installs `packages`; `why` says what for, should nobody be allowed to.
pub(super) fn install(packages: &[&str], why: &str) -> Outcome {
    let Some(privilege) = Privilege::here() else {
        return Err(format!(
            "{why}: expected the Debian packages {0}, which only an administrator can install \
             (apt-get install {0})",
            packages.join(" ")
        ));
    };
    let mut install = privilege.apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    // The lists may be old, or there may be none yet.
    if ask(&mut install).is_none() {
        call(privilege.apt_get().args(["update", "--quiet"]))?;
        call(&mut install)?;
    }
    Ok(())
}

/// Sees to it that there is a program called `name`, which `package` brings.
pub(super) fn need(name: &str, package: &str, why: &str) -> Outcome {
    let is_there = || ask(program(name).arg("--version")).is_some();
    if !is_there() {
        install(&[package], why)?;
    }
    if !is_there() {
        return Err(format!("expected {name} after installing {package}, found none"));
    }
    Ok(())
}

/// How somebody may install packages.
#[derive(Clone, Copy)]
enum Privilege {
    Administrator,
    /// By `sudo`, which asks for no password.
    Sudo,
}

impl Privilege {
    fn here() -> Option<Self> {
        if ask(program("id").arg("-u")).is_some_and(|id| id.trim() == "0") {
            return Some(Self::Administrator);
        }
        ask(program("sudo").args(["--non-interactive", "true"])).map(|_| Self::Sudo)
    }

    fn apt_get(self) -> Command {
        let mut command = match self {
            Self::Administrator => program("apt-get"),
            Self::Sudo => {
                let mut command = program("sudo");
                command.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                command
            }
        };
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Whether packages can be installed here.
pub(super) fn is_allowed() -> bool {
    Privilege::here().is_some()
}

/// Reads the lists again, if that is allowed; whoever may not keeps the lists there are.
pub(super) fn update() {
    if let Some(privilege) = Privilege::here() {
        ask(privilege.apt_get().args(["update", "--quiet"]));
    }
}
