//! What somebody sees who calls the program: every call with what it printed and how it ended.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::fmt::Write as _;
use std::io::Write as _;

use super::server::chat;

/// A record of calls.
#[derive(Default)]
pub(crate) struct Session {
    said: String,
    /// What differs from run to run, and what stands for it.
    pub(crate) hidden: Vec<(String, String)>,
}

impl Session {
    /// Calls the program.
    pub(crate) fn call(&mut self, args: &[&str], stdin: &str) -> i32 {
        let mut command = chat(args);
        command.env("CHAT_USER", "agent1").env("CHAT_PASSWORD", "agent1").env("COLUMNS", "100");
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        for variable in ["CHAT_CA_FILE", "CHAT_TIMEOUT", "CHAT_CLIENT_CONFIG", "CHAT_PASSWORD_FILE"]
        {
            command.env_remove(variable);
        }
        let mut child = command.spawn().unwrap();
        // Who needs no input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let words: Vec<String> = args
            .iter()
            .map(
                |arg| if arg.contains(['{', ' ']) { format!("'{arg}'") } else { (*arg).to_owned() },
            )
            .collect();
        let _ = writeln!(self.said, "$ chat {}", words.join(" "));
        self.said.push_str(&String::from_utf8(output.stdout).unwrap());
        for line in String::from_utf8(output.stderr).unwrap().lines() {
            let _ = writeln!(self.said, "! {line}");
        }
        let code = output.status.code().unwrap();
        let _ = writeln!(self.said, "= {code}\n");
        code
    }

    /// All of it.
    pub(crate) fn said(mut self) -> String {
        for (what, stands_for) in &self.hidden {
            self.said = self.said.replace(what, stands_for);
        }
        self.said
    }
}
