//! PostgreSQL's server for the store's tests, which start servers of their own from its programs.

use std::env;
use std::fs;
use std::path::PathBuf;

use super::apt;
use crate::Outcome;

/// Installs the server where it is missing; Debian keeps its programs out of the search path.
pub(super) fn provide() -> Outcome {
    if is_there() {
        println!("PostgreSQL's server programs are there");
        return Ok(());
    }
    apt::install(&["postgresql"], "the tests of the store in PostgreSQL")?;
    if is_there() { Ok(()) } else { Err("expected initdb of PostgreSQL, found none".to_owned()) }
}

/// The folder with the programs of the newest version.
pub(super) fn programs() -> Result<PathBuf, String> {
    let newest = folders().into_iter().filter(|folder| folder.join("initdb").is_file()).max();
    newest.ok_or_else(|| "expected the programs of a PostgreSQL, found none".to_owned())
}

fn is_there() -> bool {
    programs().is_ok()
}

fn folders() -> Vec<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders
}
