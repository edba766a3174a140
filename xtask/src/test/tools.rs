//! The small programs of Debian that tests need beside Rust.

use std::path::PathBuf;

use super::apt;
use crate::Outcome;
use crate::tool::{ask, program};

/// A Ruby that has Debian's `faye`.
pub(super) fn ruby() -> Result<PathBuf, String> {
    // Somebody's own Ruby may come first on the search path and know no Debian packages.
    let find = || {
        ["ruby", "/usr/bin/ruby"].map(PathBuf::from).into_iter().find(|ruby| {
            ask(program(ruby).args(["-r", "faye", "-e", "print Faye::VERSION"])).is_some()
        })
    };
    if let Some(ruby) = find() {
        return Ok(ruby);
    }
    apt::install(&["ruby", "ruby-faye"], "Debian's Faye client")?;
    find().ok_or_else(|| "expected a Ruby with faye after installing ruby-faye, found none".into())
}

/// What is used by its name in shell scripts.
pub(super) fn shell() -> Outcome {
    for name in ["bash", "curl", "jq"] {
        let is_there = || ask(program(name).arg("--version")).is_some();
        if !is_there() {
            apt::install(&[name], "raw exchanges")?;
        }
        if !is_there() {
            return Err(format!("expected {name} after installing it, found none"));
        }
    }
    Ok(())
}

/// What the C library is compiled, linked and looked at with.
pub(super) fn c_compilers() -> Outcome {
    let needed = [
        ("gcc", "gcc"),
        ("g++", "g++"),
        ("clang", "clang"),
        ("clang++", "clang"),
        ("cmake", "cmake"),
        ("make", "make"),
        ("pkg-config", "pkg-config"),
        ("readelf", "binutils"),
    ];
    needed.iter().try_for_each(|(name, package)| apt::need(name, package, "the C library"))
}
