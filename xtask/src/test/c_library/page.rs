//! `docs/c-library.md`, run: its programs are compiled, its fragments are compiled inside a function, its
//! command lines are typed, and what they print is compared with what it says.

use std::fs;
use std::path::{Path, PathBuf};

use super::{COMPILERS, Site, WARNINGS, compare, configure, with_compiler, write};
use crate::repo;
use crate::tool::{call, program, read};

const PAGE: &str = "docs/c-library.md";

/// What fragments may use without saying where it comes from.
const AROUND: &str = "\
#include <chatmodel.h>
#include <stdio.h>

void fragment(chatm_chat *chat, const chatm_op *op, chatm_directory *directory, chatm_applied *applied,
              chatm_error *error, chatm_context context);
void fragment(chatm_chat *chat, const chatm_op *op, chatm_directory *directory, chatm_applied *applied,
              chatm_error *error, chatm_context context) {
  (void)chat, (void)op, (void)directory, (void)applied, (void)error, (void)context;
";

pub(super) fn run(site: &Site) -> Result<u32, String> {
    let text = repo::text(PAGE)?.ok_or_else(|| format!("{PAGE}: expected UTF-8"))?;
    let folder = site.work.join("page");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut passed = 0;
    let mut printed = None;
    for Block { language, text, line } in blocks(&text) {
        let place = format!("{PAGE}, line {line}");
        match (language, name(text)) {
            ("c" | "cpp", Some(name)) => write(&folder.join(name), text)?,
            ("c", None) => fragment(site, &folder, line, text)?,
            ("cmake", None) => build(site, &folder, text)?,
            ("sh", None) if text.starts_with("cc ") || text.starts_with("c++ ") => {
                printed = Some(type_in(site, &folder, text)?);
                continue;
            }
            ("text", None) => {
                let printed = printed.take().ok_or(format!("{place}: expected a program above"))?;
                compare(&place, &printed, text)?;
            }
            ("sh", None) => continue,
            (other, _) => return Err(format!("{place}: expected no block of {other:?}")),
        }
        passed += 1;
    }
    Ok(passed)
}

/// A block of code in Markdown.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    language: &'a str,
    text: &'a str,
    /// Where it begins, counted from 1.
    line: usize,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, behind)) = rest.split_once("\n```") {
        let Some((language, behind)) = behind.split_once('\n') else { break };
        let Some((text, behind)) = behind.split_once("```") else { break };
        let line = page[..page.len() - behind.len() - text.len() - 3].lines().count();
        found.push(Block { language, text, line });
        rest = behind;
    }
    found
}

/// The name of a program's file, which stands in its first line.
fn name(text: &str) -> Option<&str> {
    let first = text.lines().next()?;
    let name = first
        .strip_prefix("// ")
        .or_else(|| first.strip_prefix("/* ").and_then(|comment| comment.strip_suffix(" */")))?;
    let is_file = name.ends_with(".c") || name.ends_with(".cpp");
    is_file.then_some(name)
}

fn fragment(site: &Site, folder: &Path, line: usize, text: &str) -> Result<(), String> {
    let file = folder.join(format!("fragment_{line}.c"));
    write(&file, &format!("{AROUND}{text}}}\n"))?;
    for (compiler, _) in COMPILERS {
        let include = format!("-I{}", site.prefix.join("include").display());
        let mut command = program(compiler);
        call(command.arg("-std=c99").args(WARNINGS).args(["-fsyntax-only", &include]).arg(&file))?;
    }
    Ok(())
}

fn build(site: &Site, folder: &Path, text: &str) -> Result<(), String> {
    write(&folder.join("CMakeLists.txt"), text)?;
    let build: PathBuf = folder.join("build");
    configure(site, folder, &build, COMPILERS[0])?;
    call(program("cmake").arg("--build").arg(&build))?;
    read(&mut site.program(build.join("hello"))).map(drop)
}

/// What a command line of the page prints.
fn type_in(site: &Site, folder: &Path, line: &str) -> Result<String, String> {
    let line = with_compiler(line.trim(), COMPILERS[0])?;
    println!("$ {line}");
    read(site.loading_program("sh").args(["-c", &line]).current_dir(folder))
}

#[cfg(test)]
mod tests {
    use super::{Block, blocks, name};

    #[test]
    fn blocks_are_found_with_their_lines() {
        let page = "# Page\n\n```c\nint a;\n```\n\nText\n\n```text\n1\n```\n";
        assert_eq!(
            blocks(page),
            [
                Block { language: "c", text: "int a;\n", line: 3 },
                Block { language: "text", text: "1\n", line: 9 },
            ]
        );
    }

    #[test]
    fn a_program_has_the_name_of_its_file_in_its_first_line() {
        assert_eq!(name("/* hello.c */\nint main"), Some("hello.c"));
        assert_eq!(name("// hello.cpp\nint main"), Some("hello.cpp"));
        assert_eq!(name("// a remark\n"), None);
        assert_eq!(name("int a;\n"), None);
    }
}
