//! The C library as C programmers get it: installed, moved to another folder, found by pkg-config and by
//! CMake, linked shared and static, by two compilers, and loaded by Python and Node.js.
//!
//! Every example must print what the model says, byte for byte (`crates/chat-ffi/examples/output`).

mod cpp;
mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::node::Node;
use super::{Tests, python, target_folder, tools};
use crate::install::{self, Library, Numbers, SharedNames};
use crate::tool::{call, program, read};
use crate::{Outcome, repo};

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const C: [&str; 4] = ["c99", "c11", "c17", "c2x"];
const CPP: [&str; 4] = ["c++11", "c++14", "c++17", "c++20"];

/// A compiler of C and its sister of C++.
const COMPILERS: [(&str, &str); 2] = [("gcc", "g++"), ("clang", "clang++")];

/// The examples that a compiler makes programs of: the folder, the file, what it is called for CMake,
/// and what it prints.
const EXAMPLES: [(&str, &str, &str, &str); 5] = [
    ("c", "seed.c", "seed", "seed"),
    ("c", "agent_desk.c", "agent_desk", "agent_desk"),
    ("c", "errors.c", "errors", "errors"),
    ("c", "replay.c", "replay", "replay"),
    ("cpp", "seed.cpp", "seed_cpp", "seed"),
];

pub(super) fn run(tests: &mut Tests) -> Outcome {
    tools::c_compilers()?;
    let site = Site::install()?;
    let mut passed = headers(&site)?;
    passed += cpp_classes(&site)?;
    passed += cpp::run(&site)?;
    passed += names(&site)?;
    passed += archive_alone(&site)?;
    passed += versions(&site)?;
    for compilers in COMPILERS {
        passed += by_pkg_config(&site, compilers)?;
        passed += by_cmake(&site, compilers)?;
    }
    passed += by_python(&site)?;
    passed += by_node(&site)?;
    passed += page::run(&site)?;
    tests.add("the C library", passed, 0)
}

/// How a program is linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Linked {
    Shared,
    Static,
}

/// An installed library, and a folder to work in.
struct Site {
    prefix: PathBuf,
    work: PathBuf,
    numbers: Numbers,
    native: Vec<String>,
}

impl Site {
    /// Installs into an empty folder, and moves it: nothing may know where it was.
    fn install() -> Result<Self, String> {
        let folder = target_folder()?.join("c-library");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
        }
        let (installed, prefix) = (folder.join("installed"), folder.join("moved"));
        let (library, numbers) = (Library::build()?, Numbers::read());
        install::lay_out(&library, &numbers, &installed)?;
        fs::rename(&installed, &prefix).map_err(|error| error.to_string())?;
        let work = folder.join("work");
        fs::create_dir_all(&work).map_err(|error| error.to_string())?;
        Ok(Self { prefix, work, numbers, native: library.native })
    }

    fn examples(&self) -> PathBuf {
        self.prefix.join("share/chatmodel/examples")
    }

    fn shared(&self) -> PathBuf {
        self.prefix.join("lib").join(SharedNames::of(&self.numbers).link)
    }

    /// A program that finds the library by pkg-config, and not by where it looks for shared ones.
    fn program(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = program(name);
        command.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
        command.env_remove("LD_LIBRARY_PATH");
        command
    }

    /// The same, and shared libraries are looked for in its folder.
    fn loading_program(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.program(name);
        command.env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        command
    }

    /// Compares what `command` prints with what the model says.
    fn prints(&self, output: &str, command: &mut Command) -> Outcome {
        let path = self.examples().join(format!("output/{output}.txt"));
        let expected = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        compare(&format!("{command:?}"), &read(command)?, &expected)
    }

    /// Compares how a program is linked with how it should be.
    fn is_linked(&self, binary: &Path, linked: Linked) -> Outcome {
        let dynamic = read(program("readelf").arg("--dynamic").arg(binary))?;
        let name = SharedNames::of(&self.numbers).runtime;
        let needs_it = dynamic.lines().any(|line| line.contains("NEEDED") && line.contains(&name));
        if needs_it == (linked == Linked::Shared) {
            return Ok(());
        }
        Err(format!("{}: expected it to be linked {linked:?}:\n{dynamic}", binary.display()))
    }
}

fn compare(what: &str, found: &str, expected: &str) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let mut pairs = expected.lines().zip(found.lines());
    let line = pairs.position(|(one, other)| one != other);
    let line = line.unwrap_or_else(|| expected.lines().count().min(found.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("nothing").to_owned();
    Err(format!("{what}: expected in line {}:\n{}\nfound:\n{}", line + 1, at(expected), at(found)))
}

/// Every version of both languages takes the headers, twice in one file, without a word.
fn headers(site: &Site) -> Result<u32, String> {
    let include = format!("-I{}", site.prefix.join("include").display());
    let [c, cpp] = ["headers.c", "headers.cpp"].map(|name| site.work.join(name));
    write(&c, "#include <chatmodel.h>\n#include <chatmodel.h>\nint main(void) { return 0; }\n")?;
    write(&cpp, "#include <chatmodel.hpp>\n#include <chatmodel.hpp>\nint main() {}\n")?;
    let mut passed = 0;
    for (of_c, of_cpp) in COMPILERS {
        for (compiler, file, standards) in [(of_c, &c, C), (of_cpp, &cpp, CPP)] {
            for standard in standards {
                let mut command = program(compiler);
                command.arg(format!("-std={standard}")).args(WARNINGS);
                call(command.args(["-fsyntax-only", &include]).arg(file))?;
                passed += 1;
            }
        }
    }
    Ok(passed)
}

/// What C++ has of its own, used as a whole: by the oldest and the newest version, because text is
/// another type in each.
fn cpp_classes(site: &Site) -> Result<u32, String> {
    let source = repo::root().join("crates/chat-ffi/tests/chatmodel.cpp");
    let binary = site.work.join("cpp_classes");
    let mut passed = 0;
    for (_, compiler) in COMPILERS {
        for standard in [CPP[0], CPP[3]] {
            let mut command = program(compiler);
            command.arg(format!("-std={standard}")).args(WARNINGS);
            command.arg("-I").arg(site.prefix.join("include")).arg(&source);
            command.arg("-L").arg(site.prefix.join("lib")).arg("-lchatmodel");
            call(command.arg("-o").arg(&binary))?;
            call(&mut site.loading_program(&binary))?;
            passed += 1;
        }
    }
    Ok(passed)
}

/// The chain of names, the soname, and what pkg-config says.
fn names(site: &Site) -> Result<u32, String> {
    let names = SharedNames::of(&site.numbers);
    let lib = site.prefix.join("lib");
    for (from, to) in [(&names.link, &names.runtime), (&names.runtime, &names.file)] {
        let target = fs::read_link(lib.join(from)).map_err(|error| format!("{from}: {error}"))?;
        compare(from, &target.to_string_lossy(), to)?;
    }
    let dynamic = read(program("readelf").arg("--dynamic").arg(lib.join(&names.file)))?;
    let soname = dynamic.lines().find(|line| line.contains("SONAME")).unwrap_or_default();
    if !soname.ends_with(&format!("[{}]", names.runtime)) {
        return Err(format!("expected the soname {}, found {soname:?}", names.runtime));
    }

    let ask = |words: &[&str]| read(site.program("pkg-config").args(words));
    compare("the version", ask(&["--modversion", "chatmodel"])?.trim(), &site.numbers.version)?;
    let native = site.native.join(" ");
    let mut passed = 4;
    for (module, own) in [("chatmodel", "-lchatmodel"), ("chatmodel-static", "libchatmodel.a")] {
        let words = ask(&["--libs", "--static", module])?;
        let (_, behind) = words.split_once(own).unwrap_or_default();
        compare(module, behind.trim(), &native)?;
        passed += 1;
    }
    Ok(passed)
}

/// Where there is no shared library, pkg-config's own `--static` is all one needs.
fn archive_alone(site: &Site) -> Result<u32, String> {
    let alone = site.work.join("archive");
    for file in ["lib/libchatmodel.a", "lib/pkgconfig/chatmodel.pc", "include/chatmodel.h"] {
        install::copy(&site.prefix.join(file), &alone.join(file))?;
    }
    let line = "gcc \"$0\" $(pkg-config --cflags --static --libs chatmodel) -o seed && ./seed";
    let mut shell = program("sh");
    shell.args(["-c", line]).arg(site.examples().join("c/seed.c")).current_dir(&alone);
    shell.env("PKG_CONFIG_PATH", alone.join("lib/pkgconfig")).env_remove("LD_LIBRARY_PATH");
    site.prints("seed", &mut shell)?;
    Ok(1)
}

/// Which versions CMake takes this one for.
fn versions(site: &Site) -> Result<u32, String> {
    let [major, minor, patch] = site.numbers.parts();
    let next = |number: &str| number.parse::<u64>().map_or(0, |number| number + 1);
    let asked = [
        (format!("{major}.{minor}.{patch} EXACT"), true),
        (format!("{major}.{minor}"), true),
        (format!("{major}.{minor}.{}", next(patch)), false),
        (format!("{}", next(major)), false),
    ];
    let mut script = String::from("cmake_minimum_required(VERSION 3.15)\nproject(versions C)\n");
    for (version, is_found) in &asked {
        let wrong = if *is_found { "NOT chatmodel_FOUND" } else { "chatmodel_FOUND" };
        script += &format!(
            "find_package(chatmodel {version} QUIET CONFIG)\nif({wrong})\n  \
             message(FATAL_ERROR \"{version}: expected {is_found} of chatmodel_FOUND\")\n\
             endif()\nunset(chatmodel_FOUND)\nunset(chatmodel_DIR CACHE)\n"
        );
    }
    let source = site.work.join("versions");
    fs::create_dir_all(&source).map_err(|error| error.to_string())?;
    write(&source.join("CMakeLists.txt"), &script)?;
    configure(site, &source, &source.join("build"), COMPILERS[0])?;
    Ok(u32::try_from(asked.len()).unwrap_or_default())
}

/// By the line at the head of each example, with this compiler in place of `cc`.
fn by_pkg_config(site: &Site, (c, cpp): (&str, &str)) -> Result<u32, String> {
    let mut passed = 0;
    for (folder, file, _, output) in EXAMPLES {
        let folder = site.examples().join(folder);
        let line = documented_line(&folder.join(file))?;
        for linked in [Linked::Shared, Linked::Static] {
            let line = with_compiler(&line, (c, cpp))?;
            let (line, mut shell) = match linked {
                Linked::Shared => (line, site.loading_program("sh")),
                Linked::Static => {
                    (line.replace("chatmodel)", "chatmodel-static)"), site.program("sh"))
                }
            };
            println!("$ {line}");
            site.prints(output, shell.args(["-c", &line]).current_dir(&folder))?;
            site.is_linked(&folder.join(file.split('.').next().unwrap_or_default()), linked)?;
            passed += 1;
        }
    }
    Ok(passed)
}

/// The line that the head of a file says to compile it with.
fn documented_line(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let line = text.lines().take(12).find(|line| line.contains("$(pkg-config "));
    let line = line.ok_or_else(|| format!("{}: expected how to compile it", path.display()))?;
    Ok(line.trim_start_matches([' ', '*']).to_owned())
}

/// `line` with the compilers in place of `cc` and `c++`, at their strictest.
fn with_compiler(line: &str, (c, cpp): (&str, &str)) -> Result<String, String> {
    let warnings = WARNINGS.join(" ");
    if let Some(rest) = line.strip_prefix("cc ") {
        return Ok(format!("{c} -std=c99 {warnings} {rest}"));
    }
    if let Some(rest) = line.strip_prefix("c++ ") {
        return Ok(format!("{cpp} -std=c++11 {warnings} {rest}"));
    }
    Err(format!("expected a line that begins with cc or c++, found {line}"))
}

/// By the examples' own CMakeLists.txt.
fn by_cmake(site: &Site, compilers: (&str, &str)) -> Result<u32, String> {
    let build = site.work.join(format!("cmake-{}", compilers.0));
    configure(site, &site.examples(), &build, compilers)?;
    call(program("cmake").arg("--build").arg(&build).args(["--parallel", "2"]))?;
    let mut passed = 0;
    for (_, _, name, output) in EXAMPLES {
        let linked = [(String::new(), Linked::Shared), ("_static".to_owned(), Linked::Static)];
        for (ending, linked) in linked {
            let binary = build.join(format!("{name}{ending}"));
            site.prints(output, &mut site.program(&binary))?;
            site.is_linked(&binary, linked)?;
            passed += 1;
        }
    }
    Ok(passed)
}

fn configure(site: &Site, source: &Path, build: &Path, (c, cpp): (&str, &str)) -> Outcome {
    let warnings = WARNINGS.join(" ");
    let mut command = program("cmake");
    command.arg("-S").arg(source).arg("-B").arg(build).args(["--no-warn-unused-cli"]);
    command.arg(format!("-DCMAKE_PREFIX_PATH={}", site.prefix.display()));
    command.args([format!("-DCMAKE_C_COMPILER={c}"), format!("-DCMAKE_C_FLAGS={warnings}")]);
    command.args([format!("-DCMAKE_CXX_COMPILER={cpp}"), format!("-DCMAKE_CXX_FLAGS={warnings}")]);
    read(&mut command).map(drop)
}

fn by_python(site: &Site) -> Result<u32, String> {
    let requirements = "crates/chat-ffi/examples/python/requirements.txt";
    let python = python::with_requirements("c-library-venv", requirements)?;
    let mut command = site.program(python);
    command.arg(site.examples().join("python/seed.py"));
    site.prints("seed", command.arg(site.prefix.join("include/chatmodel.h")).arg(site.shared()))?;
    Ok(1)
}

fn by_node(site: &Site) -> Result<u32, String> {
    let folder = site.examples().join("node");
    let node = Node::provide()?;
    // What the package would compile, it brings compiled.
    let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    call(node.command("npm").args(install).current_dir(&folder))?;
    let mut command = node.command("node");
    command.arg("seed.mjs").arg(site.prefix.join("include/chatmodel.h")).arg(site.shared());
    site.prints("seed", command.current_dir(&folder))?;
    Ok(1)
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLES, compare, with_compiler};
    use crate::install::FILES;

    #[test]
    fn a_documented_line_is_run_with_the_compiler_of_the_test() {
        let check = |line: &str, begins: &str, ends: &str| {
            let line = with_compiler(line, ("clang", "clang++")).unwrap();
            assert!(line.starts_with(begins) && line.ends_with(ends), "{line}");
        };
        check("cc a.c -o a && ./a", "clang -std=c99 ", " a.c -o a && ./a");
        check("c++ a.cpp -o a", "clang++ -std=c++11 ", " a.cpp -o a");
        assert!(with_compiler("make a", ("clang", "clang++")).is_err());
    }

    #[test]
    fn every_example_for_a_compiler_is_compiled() {
        for (from, _) in FILES {
            let is_one = [".c", ".cpp"].iter().any(|end| from.ends_with(end));
            let here = EXAMPLES.iter().any(|(folder, file, ..)| {
                from.strip_prefix("examples/") == Some(&format!("{folder}/{file}"))
            });
            assert_eq!(is_one, here, "{from}");
        }
    }

    #[test]
    fn a_difference_is_shown_by_its_line() {
        assert_eq!(compare("a", "1\n2\n", "1\n2\n"), Ok(()));
        for (found, line) in
            [("1\n3\n", "line 2:\n2\nfound:\n3"), ("1\n", "line 2:\n2\nfound:\nno")]
        {
            assert!(compare("a", found, "1\n2\n").unwrap_err().contains(line));
        }
        assert!(compare("a", "1", "1\n").is_err());
    }
}
