//! `chat completions` as shells use it.

use std::process::Command;

fn chat(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chat")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The names of the commands, from the list in the help.
fn commands() -> Vec<String> {
    let (_, help, _) = chat(&["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_shell_learns_every_command() {
    let commands = commands();
    assert!(commands.contains(&"serve".to_owned()), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, complaint) = chat(&["completions", shell]);
        assert_eq!((code, complaint.as_str()), (0, ""), "{shell}");
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell} does not know {command}");
        }
    }
}

#[test]
fn an_unknown_shell_is_a_wrong_argument() {
    let (code, script, complaint) = chat(&["completions", "command.com"]);
    assert_eq!((code, script.as_str()), (2, ""));
    assert!(complaint.contains("bash"), "{complaint}");
}

/// What stands before the cursor, and what bash offers then.
#[test]
fn bash_completes_commands_options_and_values() {
    let (_, script, _) = chat(&["completions", "bash"]);
    for (words, expected) in [
        (&["chat", "ser"][..], &["serve"][..]),
        (&["chat", "serve", "--log-f"], &["--log-format"]),
        (&["chat", "serve", "--log-format", ""], &["text", "json"]),
        (&["chat", "store", "ch"], &["check"]),
        (&["chat", "completions", "fi"], &["fish"]),
    ] {
        let [.., before, current] = words else { panic!("two words at least") };
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let run = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; _chat chat '{current}' '{before}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            words.len() - 1,
        );
        let output = Command::new("bash").args(["--norc", "-c", &run]).output().unwrap();
        let offered = String::from_utf8(output.stdout).unwrap();
        let offered: Vec<&str> = offered.lines().collect();
        assert_eq!(offered, expected, "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
