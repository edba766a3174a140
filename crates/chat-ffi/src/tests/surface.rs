//! Exports, header, documentation and this crate's own table say the same.

use std::collections::BTreeMap;

use super::exports::all;
use super::sources;
use crate::{chatm_abi, chatm_version};

const HEADER: &str = include_str!("../../include/chatmodel.h");
const MANIFEST: &str = include_str!("../../Cargo.toml");

/// A function as the header declares it.
struct Declared {
    comment: String,
    /// What it returns, and its parameters, each as `type name`.
    returns: String,
    parameters: Vec<String>,
}

/// The functions between the two lines that stand around the declarations.
fn declared() -> BTreeMap<String, Declared> {
    let (_, from) = HEADER.split_once("/* declarations */").expect("it says where they begin");
    let (text, _) = from.split_once("/* end of declarations */").expect("and where they end");
    let mut found = BTreeMap::new();
    let mut comment = String::new();
    let mut code = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("/*") {
            let (inside, behind) = behind.split_once("*/").expect("a comment ends");
            comment = inside.replace("\n *", "\n");
            rest = behind;
            continue;
        }
        let next = rest.chars().next().expect("it is not empty");
        rest = &rest[next.len_utf8()..];
        match next {
            '\n' if code.trim_start().starts_with('#') => code.clear(),
            ';' if code.contains("chatm_") && !code.contains("typedef") && code.contains('(') => {
                let (head, parameters) = code.split_once('(').expect("just seen");
                let parameters = parameters.trim_end().trim_end_matches(')');
                let head = words(head);
                let at = head.rfind([' ', '*']).expect("a type and a name") + 1;
                let (returns, name) = (head[..at].trim_end().to_owned(), head[at..].to_owned());
                let parameters = parameters.split(',').map(words).filter(|it| it != "void");
                let parameters = parameters.collect();
                let comment = std::mem::take(&mut comment);
                found.insert(name, Declared { comment, returns, parameters });
                code.clear();
            }
            ';' => {
                // Members of a struct end with one too; a type ends with its own.
                if code.matches('{').count() == code.matches('}').count() {
                    code.clear();
                }
            }
            '{' if code.contains("extern \"C\"") => code.clear(),
            _ => code.push(next),
        }
    }
    found
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn exports_header_and_table_name_the_same_functions() {
    let of_sources: BTreeMap<String, Vec<String>> = sources::exports()
        .iter()
        .map(|export| (export.sig.ident.to_string(), sources::parameters(export)))
        .collect();
    let name = |parameter: &String| parameter.rsplit([' ', '*']).next().map(str::to_owned);
    let of_header: BTreeMap<String, Vec<String>> = declared()
        .into_iter()
        .map(|(function, it)| (function, it.parameters.iter().filter_map(name).collect()))
        .collect();
    let of_table: BTreeMap<String, Vec<String>> = all()
        .iter()
        .map(|export| {
            let parameters = export.parameters.iter().map(|it| it.0.to_owned()).collect();
            (export.name.to_owned(), parameters)
        })
        .collect();
    assert_eq!(of_header, of_sources, "run `cargo xtask gen`");
    assert_eq!(of_table, of_sources, "the table in tests/exports.rs has a row for each export");
    let again: std::collections::BTreeSet<&str> = all().iter().map(|it| it.name).collect();
    assert_eq!(again.len(), all().len(), "no row stands twice");
}

/// What a comment has to say follows from what the function takes and gives.
#[test]
fn every_comment_says_what_a_programmer_must_know() {
    let declared = declared();
    assert!(declared.len() > 50);
    let missing: Vec<String> = declared
        .iter()
        .flat_map(|(name, function)| {
            let said = said(&declared, name);
            let wanted = wanted(name, function).into_iter();
            wanted
                .filter(move |words| !words.split('|').any(|words| said.contains(words)))
                .map(move |words| format!("{name}: expected its comment to say {words:?}"))
        })
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let short = declared.iter().find(|(_, it)| it.comment.trim_matches(['*', ' ']).len() < 20);
    assert!(short.is_none(), "every function has a comment");
}

/// The words, or other words, that have to be there.
fn wanted(name: &str, function: &Declared) -> Vec<String> {
    let mut wanted: Vec<&str> = Vec::new();
    let mut frees = Vec::new();
    for parameter in &function.parameters {
        let gives_a_handle = parameter.contains("**") && !parameter.contains("chatm_error");
        let gives_a_buffer = parameter.contains("chatm_buf *") && name != "chatm_buf_free";
        if gives_a_handle || gives_a_buffer {
            wanted.push("belongs to the caller");
            let kind = parameter.split([' ', '*']).next().unwrap_or_default();
            frees.push(format!("`{kind}_free`"));
        }
        if parameter.contains("chatm_str *") {
            wanted.push(" lives ");
        }
        if parameter == "chatm_error **error" {
            wanted.push("`error` may be NULL");
        }
        let may_be_null = ["const chatm_limits *", "const chatm_rules *"];
        if may_be_null.iter().any(|it| parameter.starts_with(it)) {
            wanted.push("NULL");
        }
    }
    match function.returns.as_str() {
        "chatm_status" if name != "chatm_error_status" => wanted.push("Fails "),
        "chatm_str" => wanted.extend(["lives as long as|lives until|lives for ever", "{NULL, 0}"]),
        "const char *" => wanted.extend(["NUL-terminated", "for ever"]),
        _ => {}
    }
    if name.ends_with("_free") {
        wanted.push("NULL");
    }
    wanted.into_iter().map(str::to_owned).chain(frees).collect()
}

/// The comment, with that of the function to which it points for the rest.
fn said(declared: &BTreeMap<String, Declared>, name: &str) -> String {
    let comment = words(&declared[name].comment);
    let elsewhere = ["is as with `", "Fails like `", "otherwise like `"];
    let other = elsewhere.iter().find_map(|words| comment.split_once(words)?.1.split('`').next());
    match other {
        Some(other) => format!("{comment} {}", said(declared, other)),
        None => comment,
    }
}

/// What memcheck, helgrind and the sanitizers watch is all there is.
#[test]
fn the_programs_that_tools_watch_use_every_function() {
    let life = [include_str!("../../tests/c/life.c"), include_str!("../../tests/c/check.h")];
    let threads = include_str!("../../tests/c/threads.c");
    for (name, function) in &declared() {
        let call = format!("{name}(");
        assert!(life.iter().any(|text| text.contains(&call)), "life.c: {name}");
        let is_for_many = function.parameters.iter().any(|it| it.starts_with("const chatm_chat *"));
        assert!(!is_for_many || threads.contains(&call), "threads.c: {name}");
    }
}

#[test]
fn version_and_abi_are_those_of_the_manifest() {
    let define = |name: &str| {
        let line = HEADER.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
        line.unwrap_or_else(|| panic!("expected a macro {name}")).to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    // SAFETY: a C string that lives for ever.
    let running = unsafe { std::ffi::CStr::from_ptr(chatm_version()) };
    assert_eq!(running.to_str(), Ok(version));
    assert_eq!(define("CHATM_VERSION"), format!("\"{version}\""));
    let parts = [
        define("CHATM_VERSION_MAJOR"),
        define("CHATM_VERSION_MINOR"),
        define("CHATM_VERSION_PATCH"),
    ];
    assert_eq!(parts.join("."), version.split(['-', '+']).next().unwrap_or_default());
    let (_, section) = MANIFEST.split_once("[package.metadata.chatmodel]").expect("it is there");
    let abi = section.lines().find_map(|line| line.strip_prefix("abi = ")).expect("it is there");
    assert_eq!(define("CHATM_ABI"), abi);
    assert_eq!(chatm_abi().to_string(), abi);
}

/// Numbers are never reused, and each has the name that the library gives it.
#[test]
fn statuses_have_their_names() {
    let statuses = HEADER.lines().filter_map(|line| line.strip_prefix("#define CHATM_STATUS_"));
    let mut count = 0;
    for line in statuses {
        let (name, number) = line.split_once(' ').expect("a name and a number");
        let number = number.parse().expect("a status is a number");
        // SAFETY: a C string that lives for ever.
        let found = unsafe { std::ffi::CStr::from_ptr(crate::chatm_status_name(number)) };
        assert_eq!(found.to_str(), Ok(format!("CHATM_STATUS_{name}").as_str()));
        assert_eq!(number, count, "in order and without gaps");
        count += 1;
    }
    assert_eq!(count, 9);
}

/// Every code that the model or this crate has stands on the page, and no other.
#[test]
fn the_page_names_every_code_of_an_error() {
    const PAGE: &str = include_str!("../../../../docs/c-library.md");
    const SOURCES: [&str; 14] = [
        include_str!("../../../chat-model/src/rejection.rs"),
        include_str!("../catalogue.rs"),
        include_str!("../chat.rs"),
        include_str!("../chat/change.rs"),
        include_str!("../chat/view.rs"),
        include_str!("../directory.rs"),
        include_str!("../growable.rs"),
        include_str!("../guard.rs"),
        include_str!("../op.rs"),
        include_str!("../problem.rs"),
        include_str!("../rules.rs"),
        include_str!("../text.rs"),
        include_str!("../user_data.rs"),
        include_str!("../validate.rs"),
    ];
    let is_code = |text: &&str| {
        let parts: Vec<&str> = text.split('.').collect();
        let is_word = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        };
        parts.len() == 2 && parts.iter().all(is_word)
    };
    let code = |source: &'static str| source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut known: Vec<&str> =
        SOURCES.into_iter().flat_map(|source| code(source).split('"')).filter(is_code).collect();
    known.sort_unstable();
    known.dedup();
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut listed: Vec<&str> = rows.filter(is_code).collect();
    listed.sort_unstable();
    assert_eq!(listed, known);
}
