//! The binary interface of the C library: what it exports, how its structs are laid out, and whether a
//! program that was compiled yesterday still fits (`abidiff` against the committed baseline).
//!
//! The baseline describes the interface as C sees it, through the header, and not as Rust's debug
//! information does: handles stay opaque, and libabigail reads no Rust (docs/decisions/0021).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Tests, apt, target_folder};
use crate::install::{Library, Numbers, SharedNames};
use crate::tool::{announce, call, cargo, program, read};
use crate::{Outcome, repo};

const HEADER: &str = "crates/chat-ffi/include/chatmodel.h";
const BASELINE: &str = "crates/chat-ffi/abi/chatmodel.xml";

/// A member of a struct takes the place of another one.
const REORDERED: [&str; 2] = ["  int64_t at_ms;", "  uint64_t reference_id;"];

pub(super) fn run(tests: &mut Tests) -> Outcome {
    apt::need("gcc", "gcc", "the view of the header")?;
    apt::need("clang", "clang", "another view of the header")?;
    apt::need("nm", "binutils", "the exports of the library")?;
    let header = header()?;
    exports_are(&functions(&header))?;
    println!("ok: the library exports what the header declares, and nothing else");
    layouts_agree()?;
    println!("ok: gcc, clang and Rust lay structs out alike");
    check()?;
    finds_what_is_planted(&header)?;
    println!("ok: a planted reordering of members and a planted removal are found");
    tests.add("the binary interface of the C library", 5, 0)
}

/// Compares the interface with its baseline.
pub(crate) fn check() -> Outcome {
    apt::need("abidiff", "abigail-tools", "the comparison of interfaces")?;
    match difference(&header()?, "now")? {
        None => {
            println!("ok: the interface is that of {BASELINE}");
            Ok(())
        }
        Some(report) => Err(format!(
            "the binary interface is not that of {BASELINE}; if that is meant, run `cargo xtask abi \
             --accept`, and if a program that was compiled against the old header can no longer run, \
             raise `abi` in crates/chat-ffi/Cargo.toml first:\n{report}"
        )),
    }
}

/// Takes the interface as it is for the baseline.
pub(crate) fn accept() -> Outcome {
    apt::need("abidw", "abigail-tools", "the description of the interface")?;
    let baseline = repo::root().join(BASELINE);
    if let Some(folder) = baseline.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    describe(&view(&header()?, "now")?, &baseline)?;
    println!("{BASELINE} is the interface as it is");
    Ok(())
}

/// Writes down the interface of a library, without what depends on the machine.
fn describe(library: &Path, to: &Path) -> Outcome {
    let mut describe = program("abidw");
    describe.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed"]);
    describe.args(["--no-architecture", "--type-id-style", "hash", "--out-file"]);
    call(describe.arg(to).arg(library))
}

fn header() -> Result<String, String> {
    repo::text(HEADER)?.ok_or_else(|| format!("{HEADER}: expected UTF-8"))
}

/// The declarations of the header's functions, without comments.
fn declarations(header: &str) -> Vec<String> {
    let between = header
        .split_once("/* declarations */")
        .and_then(|(_, text)| text.split_once("/* end of declarations */"));
    let mut rest = between.map(|(text, _)| text).expect("the header marks its declarations");
    let mut code = String::new();
    while let Some((before, behind)) = rest.split_once("/*") {
        code.push_str(before);
        rest = behind.split_once("*/").map_or("", |(_, behind)| behind);
    }
    code.push_str(rest);
    let lines: Vec<&str> = code.lines().filter(|line| !line.starts_with('#')).collect();
    let is_function = |text: &&str| text.contains('(') && !text.starts_with("typedef");
    lines.join("\n").split(';').map(str::trim).filter(is_function).map(str::to_owned).collect()
}

fn functions(header: &str) -> BTreeSet<String> {
    let name = |text: &String| {
        let head = text.split('(').next().unwrap_or_default();
        head.rsplit([' ', '*']).next().unwrap_or_default().to_owned()
    };
    declarations(header).iter().map(name).collect()
}

/// Looks at the library as it is shipped.
fn exports_are(declared: &BTreeSet<String>) -> Outcome {
    let library = Library::build()?;
    let text = read(program("nm").args(["-D", "--defined-only"]).arg(&library.shared))?;
    let exported: BTreeSet<String> =
        text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    if exported.is_empty() || exported != *declared {
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).cloned().collect::<Vec<_>>().join(", ")
        };
        return Err(format!(
            "expected the library to export what the header declares; only the library has: {}; only \
             the header has: {}",
            only(&exported, declared),
            only(declared, &exported)
        ));
    }
    Ok(())
}

/// The test of chat-ffi, asked of both compilers.
fn layouts_agree() -> Outcome {
    let mut command = cargo();
    command.args(["test", "--package", "chat-ffi", "--lib", "--locked", "--", "tests::layout::"]);
    call(command.env("CHATM_C_COMPILERS", "gcc clang"))
}

fn finds_what_is_planted(header: &str) -> Outcome {
    let [one, other] = REORDERED;
    let swapped = header.replacen(one, "\0", 1).replacen(other, one, 1).replacen('\0', other, 1);
    let removed = header.replacen("uint32_t chatm_abi(void);", "", 1);
    let words = ["offset changed", "removed"];
    for (planted, words) in [swapped, removed].iter().zip(words) {
        let report = difference(planted, "planted")?.unwrap_or_default();
        if !report.to_lowercase().contains(words) {
            return Err(format!(
                "expected a planted change to be found as {words:?}, found:\n{report}"
            ));
        }
    }
    Ok(())
}

/// What `abidiff` says of the interface of `header`, if it is not that of the baseline.
fn difference(header: &str, name: &str) -> Result<Option<String>, String> {
    let view = view(header, name)?;
    let description = view.with_extension("xml");
    describe(&view, &description)?;
    let mut compare = program("abidiff");
    compare.arg("--no-show-locs").arg(BASELINE).arg(description);
    announce(&compare);
    let output = compare.output().map_err(|error| error.to_string())?;
    let report = [output.stdout, output.stderr].concat();
    let report = String::from_utf8_lossy(&report).trim().to_owned();
    Ok((!output.status.success() || !report.is_empty()).then_some(report))
}

/// A library with the header's functions and types, and nothing in it.
fn view(header: &str, name: &str) -> Result<PathBuf, String> {
    let folder = target_folder()?.join("abi").join(name);
    let write = |path: &Path, text: &str| {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    write(&folder.join("chatmodel.h"), header)?;
    let mut source = String::from("#include <stdlib.h>\n#include <chatmodel.h>\n");
    for declaration in declarations(header) {
        source += &format!("{declaration} {{ abort(); }}\n");
    }
    let (view, code) = (folder.join("libchatmodel.so"), folder.join("view.c"));
    write(&code, &source)?;
    let soname = SharedNames::of(&Numbers::read()).runtime;
    let mut compile = program("gcc");
    compile.args(["-std=c99", "-g", "-shared", "-fPIC", "-I"]).arg(&folder).arg(&code);
    call(compile.arg(format!("-Wl,-soname,{soname}")).arg("-o").arg(&view))?;
    Ok(view)
}

#[cfg(test)]
mod tests {
    use super::{declarations, functions};

    #[test]
    fn functions_are_found_among_types_and_comments() {
        let header = "int before(void);\n/* declarations */\n/** A type; with (brackets). */\n\
            typedef struct chatm_a chatm_a;\ntypedef int (*chatm_f)(void *data);\n#define X f(x);\n\
            typedef struct chatm_s {\n  /** One. */\n  char *ptr;\n} chatm_s;\n\
            /** Two. */\nconst char *chatm_one(void);\nint chatm_two(chatm_s a,\n  int b);\n\
            /* end of declarations */\nint behind(void);\n";
        assert_eq!(
            declarations(header),
            ["const char *chatm_one(void)", "int chatm_two(chatm_s a,\n  int b)"]
        );
        assert_eq!(functions(header).into_iter().collect::<Vec<_>>(), ["chatm_one", "chatm_two"]);
    }
}
