//! What `chatmodel.hpp` keeps programs from: those that would crash, or read what is gone, do not compile
//! or do not link, and those beside them that are sound do.

use std::path::Path;

use super::{COMPILERS, CPP, Site, WARNINGS, write};
use crate::Outcome;
use crate::tool::{call, program};

/// The standards where text is a `std::string_view`, and those where it is a `std::string`.
const VIEWS: [&str; 2] = [CPP[2], CPP[3]];
const STRINGS: [&str; 2] = [CPP[0], CPP[1]];

pub(super) fn run(site: &Site) -> Result<u32, String> {
    Ok(text_of_temporaries(site)? + standards_mixed(site)? + other_numbers(site)?)
}

/// What an expression gives that asks a temporary for text.
const OF_TEMPORARIES: [&str; 12] = [
    "for (const auto &told : chat.apply(op(), context).notifications()) use(told.data);",
    "use(chat.apply(op(), context).reply());",
    "use(op().parameter(\"operationName\"));",
    "use(chat.clone().id());",
    "use(chat.clone().owner());",
    "use(chat.clone().users()[0]);",
    "use(chat.clone().waiting().queue);",
    "use(std::move(chat).next_expiry().user);",
    "use(chatmodel::error(CHATM_STATUS_OK, nullptr).message());",
    "use(chatmodel::error(CHATM_STATUS_OK, nullptr).pointer());",
    "use(chatmodel::error(CHATM_STATUS_OK, nullptr).reply());",
    "const auto all = chatmodel::chat(\"1\").users(); use(all[0]);",
];

/// What outlives the expression, whatever the standard.
const LASTING: &str =
    "use(op().name()); use(chat.clone().state(\"a\")); use(chat.clone().role(\"a\"));
  use(chat.clone().capabilities(\"a\")[0]); const auto applied = chat.apply(op(), context);
  use(applied.reply()); use(chatmodel::error(CHATM_STATUS_OK, nullptr).code());";

/// What a context would point to after it is gone.
const BORROWED: [&str; 2] = [
    "context.set_directory(chatmodel::directory::from_json(\"{}\"));",
    "context.set_rules(chatmodel::rules::from_json(\"{}\"));",
];

fn text_of_temporaries(site: &Site) -> Result<u32, String> {
    let mut passed = 0;
    for (_, compiler) in COMPILERS {
        let compiles = |standard: &str, statement: &str| {
            let file = site.work.join("temporary.cpp");
            write(&file, &body(statement))?;
            let mut command = compile(site, compiler, standard, "-fsyntax-only", &file);
            Ok::<_, String>(command.output().map_err(|error| error.to_string())?.status.success())
        };
        let mut expect = |standard: &str, statement: &str, is_sound: bool| -> Outcome {
            if compiles(standard, statement)? != is_sound {
                return Err(format!(
                    "{compiler} -std={standard}: expected {is_sound} of its compiling:\n{statement}"
                ));
            }
            passed += 1;
            Ok(())
        };
        for standard in CPP {
            expect(standard, LASTING, true)?;
            for statement in BORROWED {
                expect(standard, statement, false)?;
            }
        }
        for statement in OF_TEMPORARIES {
            expect(VIEWS[0], statement, false)?;
            expect(STRINGS[0], statement, true)?;
        }
    }
    Ok(passed)
}

fn body(statement: &str) -> String {
    format!(
        "#include <chatmodel.hpp>\n#include <utility>\n\
         void use(const chatmodel::text &text);\nchatmodel::op op();\n\
         void test(chatmodel::chat &chat, chatmodel::context &context);\n\
         void test(chatmodel::chat &chat, chatmodel::context &context) {{\n  \
         (void)chat, (void)context;\n  {statement}\n}}\n"
    )
}

/// Objects that go from one file of a program to another: what one file defines, and what the other does
/// with it.
const PASSED: [(&str, &str); 3] = [
    (
        "std::size_t f(const std::vector<chatmodel::notification> &told) { return told.size(); }",
        "std::size_t f(const std::vector<chatmodel::notification> &told);\n\
         int main() { return static_cast<int>(f({})); }",
    ),
    (
        "std::vector<chatmodel::notification> f() { return {}; }",
        "std::vector<chatmodel::notification> f();\nint main() { return static_cast<int>(f().size()); }",
    ),
    (
        "chatmodel::chat f() { return chatmodel::chat(\"1\"); }",
        "chatmodel::chat f();\nint main() { return f().is_finished(); }",
    ),
];

fn standards_mixed(site: &Site) -> Result<u32, String> {
    let (one, other) = (site.work.join("one.cpp"), site.work.join("other.cpp"));
    let mut passed = 0;
    for (_, compiler) in COMPILERS {
        for (defines, uses) in PASSED {
            write(&one, &format!("#include <chatmodel.hpp>\n{defines}\n"))?;
            write(&other, &format!("#include <chatmodel.hpp>\n{uses}\n"))?;
            for (first, second, fits) in [
                (VIEWS[0], VIEWS[1], true),
                (STRINGS[0], STRINGS[1], true),
                (STRINGS[1], VIEWS[0], false),
                (VIEWS[1], STRINGS[0], false),
            ] {
                let objects = [(&one, first), (&other, second)].map(|(file, standard)| {
                    let object = file.with_extension("o");
                    let mut command = compile(site, compiler, standard, "-c", file);
                    call(command.arg("-o").arg(&object)).map(|()| object)
                });
                let [one, other] = objects;
                let mut link = program(compiler);
                link.args([one?, other?]).arg("-L").arg(site.prefix.join("lib"));
                link.args(["-lchatmodel", "-o"]).arg(site.work.join("mixed"));
                let output = link.output().map_err(|error| error.to_string())?;
                let said = String::from_utf8_lossy(&output.stderr);
                let is_as_it_should = match fits {
                    true => output.status.success(),
                    false => said.contains("undefined reference"),
                };
                if !is_as_it_should {
                    return Err(format!(
                        "{compiler}, {first} and {second}: expected {fits} of their linking:\n\
                         {defines}\n{said}"
                    ));
                }
                passed += 1;
            }
        }
    }
    Ok(passed)
}

/// Where `size_t` is no `uint64_t`, though both have 64 bits: as on macOS, and with the same complaint
/// as where it has 32. The compiler is told so after the standard headers.
const OTHER_NUMBERS: &str = "\
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#if __cplusplus >= 201703L
#include <string_view>
#endif
typedef unsigned long long another;
static_assert(!std::is_same<another, std::size_t>::value, \"it is the same\");
namespace std { using ::another; }
#define uint64_t another
#include <chatmodel.hpp>
int main() {}
";

fn other_numbers(site: &Site) -> Result<u32, String> {
    let file = site.work.join("numbers.cpp");
    write(&file, OTHER_NUMBERS)?;
    let mut passed = 0;
    for (_, compiler) in COMPILERS {
        for standard in CPP {
            call(&mut compile(site, compiler, standard, "-fsyntax-only", &file))?;
            passed += 1;
        }
    }
    Ok(passed)
}

fn compile(
    site: &Site,
    compiler: &str,
    standard: &str,
    how: &str,
    file: &Path,
) -> std::process::Command {
    let mut command = program(compiler);
    command.arg(format!("-std={standard}")).args(WARNINGS).arg(how);
    command.arg("-I").arg(site.prefix.join("include")).arg(file);
    command
}
