//! The repository as the other commands see it: where it is, and which files are its own.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what tools made; in a linked work tree `.git` is a file.
const MADE_BY_TOOLS: [&str; 4] = [".git", "target", "node_modules", ".venv"];

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this crate is a folder of the workspace").to_path_buf()
}

/// The repository's own files, as paths below its root with `/`, sorted.
///
/// Read from the disk and not from git, so that a new file is judged before it is added.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let says = |error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(says)? {
            let entry = entry.map_err(says)?;
            let path = entry.path();
            if MADE_BY_TOOLS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().map_err(says)?.is_dir() {
                folders.push(path);
            } else if let Ok(below) = path.strip_prefix(&root) {
                found.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The text of one of the repository's files; `None` if it is not UTF-8.
pub(crate) fn text(path: &str) -> Result<Option<String>, String> {
    let bytes = fs::read(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(String::from_utf8(bytes).ok())
}
