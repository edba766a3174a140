//! `chat schema` as a person and a script see it: names, files, help, exit codes.

use std::process::Command;

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn chat_schema(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    let output = command.arg("schema").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Documents about a whole interface; the others are schemas.
const DOCUMENTS: [&str; 2] = ["asyncapi", "openapi"];

fn committed(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api");
    let within = if DOCUMENTS.contains(&name) { "" } else { "schema/" };
    std::fs::read_to_string(format!("{folder}/{within}{name}.json")).unwrap()
}

#[test]
fn names_are_listed() {
    let run = chat_schema(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("names", run.stdout);
}

/// Every name leads to a file, every file has a name, and what is printed is the file.
#[test]
fn every_schema_is_printed_as_it_is_committed() {
    let mut names: Vec<String> = chat_schema(&[]).stdout.lines().map(str::to_owned).collect();
    for name in &names {
        let run = chat_schema(&[name]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        assert_eq!(run.stdout, committed(name), "{name}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/schema");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".json").unwrap().to_owned())
        .chain(DOCUMENTS.map(str::to_owned))
        .collect();
    names.sort();
    files.sort();
    assert_eq!(names, files);
}

/// One that a reader of the terminal can take in, as an example of all.
#[test]
fn one_schema() {
    insta::assert_snapshot!("reply", chat_schema(&["reply"]).stdout);
}

#[test]
fn an_unknown_name_is_a_wrong_argument() {
    for name in ["oparation", "", "../operation"] {
        let run = chat_schema(&[name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
        assert!(run.stderr.starts_with("chat: expected one of operation, "), "{}", run.stderr);
        assert!(run.stderr.ends_with(&format!("found {name:?}\n")), "{}", run.stderr);
    }
    assert_eq!(chat_schema(&["operation", "chat"]).code, 2);
}

#[test]
fn help() {
    let run = chat_schema(&["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("help", run.stdout);
}
