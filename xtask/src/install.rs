//! `cargo xtask install --prefix DIR`: the C library as C programmers expect to find it.
//!
//! Nothing here is a number by hand: version and ABI come from the manifests, and what a static library
//! needs beside itself is what the compiler says. Everything that is laid out finds its neighbours from
//! where it is, so the folder can be moved.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tool::{cargo, read};
use crate::{Outcome, repo};

const CRATE: &str = "crates/chat-ffi";

/// What is copied as it is: where from, below the crate, and where to.
pub(crate) const FILES: [(&str, &str); 16] = [
    ("include/chatmodel.h", "include/chatmodel.h"),
    ("include/chatmodel.hpp", "include/chatmodel.hpp"),
    ("examples/CMakeLists.txt", "share/chatmodel/examples/CMakeLists.txt"),
    ("examples/c/agent_desk.c", "share/chatmodel/examples/c/agent_desk.c"),
    ("examples/c/errors.c", "share/chatmodel/examples/c/errors.c"),
    ("examples/c/replay.c", "share/chatmodel/examples/c/replay.c"),
    ("examples/c/seed.c", "share/chatmodel/examples/c/seed.c"),
    ("examples/cpp/seed.cpp", "share/chatmodel/examples/cpp/seed.cpp"),
    ("examples/node/package-lock.json", "share/chatmodel/examples/node/package-lock.json"),
    ("examples/node/package.json", "share/chatmodel/examples/node/package.json"),
    ("examples/node/seed.mjs", "share/chatmodel/examples/node/seed.mjs"),
    ("examples/output/agent_desk.txt", "share/chatmodel/examples/output/agent_desk.txt"),
    ("examples/output/errors.txt", "share/chatmodel/examples/output/errors.txt"),
    ("examples/output/replay.txt", "share/chatmodel/examples/output/replay.txt"),
    ("examples/output/seed.txt", "share/chatmodel/examples/output/seed.txt"),
    ("examples/python/seed.py", "share/chatmodel/examples/python/seed.py"),
];

/// What is filled in: the template, below the crate's `packaging`, and where to.
const TEMPLATES: [(&str, &str); 5] = [
    ("chatmodel.pc.in", "lib/pkgconfig/chatmodel.pc"),
    ("chatmodel-static.pc.in", "lib/pkgconfig/chatmodel-static.pc"),
    ("chatmodelConfig.cmake.in", "lib/cmake/chatmodel/chatmodelConfig.cmake"),
    ("chatmodelConfigVersion.cmake.in", "lib/cmake/chatmodel/chatmodelConfigVersion.cmake"),
    ("chatmodelTargets.cmake.in", "lib/cmake/chatmodel/chatmodelTargets.cmake"),
];

pub(crate) fn run(prefix: &Path) -> Outcome {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let prefix = here.join(prefix);
    let library = Library::build()?;
    lay_out(&library, &Numbers::read(), &prefix)?;
    println!("installed below {}", prefix.display());
    Ok(())
}

/// Lays everything out below `prefix`.
pub(crate) fn lay_out(library: &Library, numbers: &Numbers, prefix: &Path) -> Outcome {
    let source = repo::root().join(CRATE);
    for (from, to) in FILES {
        copy(&source.join(from), &prefix.join(to))?;
    }
    let names = SharedNames::of(numbers);
    copy(&library.archive, &prefix.join("lib/libchatmodel.a"))?;
    copy(&library.shared, &prefix.join("lib").join(&names.file))?;
    link(&names.file, &prefix.join("lib").join(&names.runtime))?;
    link(&names.runtime, &prefix.join("lib").join(&names.link))?;
    for (from, to) in TEMPLATES {
        let template = source.join("packaging").join(from);
        let text = fs::read_to_string(&template).map_err(says(&template))?;
        let to = prefix.join(to);
        make_room(&to)?;
        fs::write(&to, fill(&text, library, numbers, &names)?).map_err(says(&to))?;
    }
    Ok(())
}

/// Fills in what stands between two `@`.
fn fill(
    template: &str,
    library: &Library,
    numbers: &Numbers,
    names: &SharedNames,
) -> Result<String, String> {
    let [major, minor, _] = numbers.parts();
    let values = [
        ("VERSION", numbers.version.as_str()),
        ("MAJOR", major),
        ("MINOR", minor),
        ("SHARED_FILE", &names.file),
        ("SHARED_NAME", &names.runtime),
        ("NATIVE_LIBS", &library.native.join(" ")),
        ("NATIVE_LIBS_LIST", &library.native.join(";")),
        ("POINTER_BYTES", &size_of::<usize>().to_string()),
        ("POINTER_BITS", &usize::BITS.to_string()),
    ];
    let filled = values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value));
    match filled.split('@').nth(1) {
        None => Ok(filled),
        Some(name) => Err(format!("expected a value of a template, found @{name}@")),
    }
}

/// The numbers that the manifests say.
pub(crate) struct Numbers {
    pub(crate) version: String,
    pub(crate) abi: i64,
}

impl Numbers {
    pub(crate) fn read() -> Self {
        let manifest = |path: &str| -> toml::Table {
            let text = fs::read_to_string(repo::root().join(path)).expect("there is a manifest");
            text.parse().expect("a manifest is TOML")
        };
        let version = manifest("Cargo.toml")["workspace"]["package"]["version"].clone();
        let abi =
            &manifest(&format!("{CRATE}/Cargo.toml"))["package"]["metadata"]["chatmodel"]["abi"];
        Self {
            version: version.as_str().expect("a version is text").to_owned(),
            abi: abi.as_integer().expect("the ABI has a number"),
        }
    }

    /// The three numbers of the version, without what may stand behind them.
    pub(crate) fn parts(&self) -> [&str; 3] {
        let numbers = self.version.split(['-', '+']).next().unwrap_or_default();
        let parts: Vec<&str> = numbers.split('.').collect();
        parts.try_into().unwrap_or_else(|_| {
            panic!("expected a version of three numbers, found {}", self.version)
        })
    }
}

/// What the shared library is called: the file itself, the name that programs ask for when they start,
/// and the one that linkers look for.
pub(crate) struct SharedNames {
    pub(crate) file: String,
    pub(crate) runtime: String,
    pub(crate) link: String,
}

impl SharedNames {
    pub(crate) fn of(numbers: &Numbers) -> Self {
        let [major, minor, patch] = numbers.parts();
        let abi = numbers.abi;
        if cfg!(target_vendor = "apple") {
            return Self {
                file: format!("libchatmodel.{major}.{minor}.{patch}.dylib"),
                runtime: format!("libchatmodel.{abi}.dylib"),
                link: "libchatmodel.dylib".to_owned(),
            };
        }
        Self {
            file: format!("libchatmodel.so.{major}.{minor}.{patch}"),
            runtime: format!("libchatmodel.so.{abi}"),
            link: "libchatmodel.so".to_owned(),
        }
    }
}

/// What Cargo built.
pub(crate) struct Library {
    pub(crate) shared: PathBuf,
    archive: PathBuf,
    /// What a program needs beside the archive, such as `-lm`, in the order of the compiler.
    pub(crate) native: Vec<String>,
}

impl Library {
    /// Builds both libraries as they are shipped.
    pub(crate) fn build() -> Result<Self, String> {
        let mut command = cargo();
        command.args(["rustc", "--release", "--locked", "--package", "chat-ffi", "--lib"]);
        command.args(["--crate-type", "cdylib,staticlib", "--message-format", "json"]);
        command.args(["--", "--print", "native-static-libs"]);
        Self::of_messages(&read(&mut command)?)
    }

    /// Reads what Cargo says of its work, a JSON object a line.
    fn of_messages(messages: &str) -> Result<Self, String> {
        let (mut files, mut native) = (Vec::new(), None);
        for line in messages.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if let Some(text) = line["message"]["message"].as_str() {
                let list = text.strip_prefix("native-static-libs: ");
                native = list.map(words).or(native);
            }
            if line["reason"] == "compiler-artifact" && line["target"]["name"] == "chatmodel" {
                let names = line["filenames"].as_array().into_iter().flatten();
                files.extend(names.filter_map(Value::as_str).map(PathBuf::from));
            }
        }
        let file = |endings: &[&str]| {
            let ends = |path: &&PathBuf| {
                path.extension().is_some_and(|end| endings.iter().any(|&other| end == other))
            };
            files.iter().find(ends).cloned().ok_or_else(|| {
                format!(
                    "expected Cargo to build a library that ends in {endings:?}, found {files:?}"
                )
            })
        };
        Ok(Self {
            shared: file(&["so", "dylib"])?,
            archive: file(&["a"])?,
            native: native.ok_or("expected the compiler to name the native libraries")?,
        })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Copies a file to where there may be an older one. That one is taken away and not overwritten:
/// programs that run have it open.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome {
    make_room(to)?;
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

#[cfg(unix)]
fn link(target: &str, at: &Path) -> Outcome {
    make_room(at)?;
    std::os::unix::fs::symlink(target, at).map_err(says(at))
}

#[cfg(not(unix))]
fn link(_: &str, at: &Path) -> Outcome {
    Err(format!("{}: expected a system with symbolic links", at.display()))
}

fn make_room(file: &Path) -> Outcome {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(says(folder))?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(says(file)(error)),
        _ => Ok(()),
    }
}

fn says(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::{CRATE, FILES, Library, Numbers, SharedNames, fill};
    use crate::repo;

    const MESSAGES: &str = r#"
        {"reason":"compiler-artifact","target":{"name":"serde"},"filenames":["/t/libserde.a"]}
        {"reason":"compiler-message","message":{"message":"native-static-libs: -lgcc_s -lm -lc"}}
        {"reason":"compiler-artifact","target":{"name":"chatmodel"},"filenames":["/t/libchatmodel.so","/t/libchatmodel.a"]}"#;

    #[test]
    fn templates_are_filled_with_what_the_manifests_and_the_compiler_say() {
        let library = Library::of_messages(MESSAGES).unwrap();
        let numbers = Numbers { version: "1.2.3-dev".to_owned(), abi: 7 };
        let names = SharedNames::of(&numbers);
        let check = |template: &str, expected: Result<&str, &str>| {
            let filled = fill(template, &library, &numbers, &names);
            assert_eq!(filled.as_deref().map_err(String::as_str), expected);
        };
        check("Version: @VERSION@\n", Ok("Version: 1.2.3-dev\n"));
        check("@MAJOR@.@MINOR@", Ok("1.2"));
        check("Libs.private: @NATIVE_LIBS@", Ok("Libs.private: -lgcc_s -lm -lc"));
        check("\"@NATIVE_LIBS_LIST@\"", Ok("\"-lgcc_s;-lm;-lc\""));
        check("@OTHER@", Err("expected a value of a template, found @OTHER@"));
    }

    #[test]
    fn every_header_and_every_example_is_installed() {
        // What only those need who work on the examples.
        let is_ours = |path: &str| path.contains("/requirements.") || path.ends_with("/.npmrc");
        let is_shipped =
            |path: &&str| path.starts_with("include/") || path.starts_with("examples/");
        let found = repo::files().unwrap();
        let mut found: Vec<&str> = found
            .iter()
            .filter_map(|path| path.strip_prefix(CRATE)?.strip_prefix('/'))
            .filter(is_shipped)
            .filter(|path| !is_ours(path))
            .collect();
        let mut listed = FILES.map(|(from, _)| from).to_vec();
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, found);
    }

    #[test]
    fn what_cargo_did_not_build_is_an_error() {
        let check = |from: &str, expected: &str| {
            let messages = MESSAGES.replace(from, "");
            let error = Library::of_messages(&messages).err().unwrap();
            assert!(error.contains(expected), "{error}");
        };
        check("/t/libchatmodel.so", "\"so\"");
        check("/t/libchatmodel.a", "\"a\"");
        check("native-static-libs: ", "native libraries");
    }

    #[test]
    fn the_shared_library_is_called_by_its_version_and_found_by_its_abi() {
        let names = SharedNames::of(&Numbers { version: "1.2.3".to_owned(), abi: 7 });
        assert!(names.file.contains("1.2.3") && names.runtime.contains(".7"));
    }
}
