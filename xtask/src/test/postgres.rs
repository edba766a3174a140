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

/// The folder with the programs of the newest version that Debian installed, or of one that is found by
/// its name.
pub(super) fn programs() -> Result<PathBuf, String> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    // The versions are numbers of two digits.
    folders.sort_by(|one, other| other.cmp(one));
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let is_whole = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file())
    };
    let found = folders.into_iter().find(is_whole);
    found.ok_or_else(|| {
        "expected initdb, postgres and pg_isready of a PostgreSQL, found none".into()
    })
}

fn is_there() -> bool {
    programs().is_ok()
}
