//! The reference pages against the tables that they are made of.

use std::collections::BTreeSet;
use std::fs;

use chat_model::{NotificationType, StatusCode};
use serde_json::Value;

use super::{REQUESTS, page, root};

fn text(page: &str) -> String {
    fs::read_to_string(root().join("docs").join(page)).unwrap()
}

/// Title, level and text of every section.
fn sections(text: &str) -> Vec<(String, usize, String)> {
    let mut found: Vec<(String, usize, String)> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        let level = line.chars().take_while(|sign| *sign == '#').count();
        if level > 0 && !is_code {
            let title = line.trim_start_matches('#').trim().to_owned();
            found.push((title, level, String::new()));
        } else if let Some((.., inside)) = found.last_mut() {
            inside.push_str(line);
            inside.push('\n');
        }
    }
    found
}

fn blocks(text: &str) -> Vec<Value> {
    page(text).blocks.iter().map(|(_, block)| serde_json::from_str(block).unwrap()).collect()
}

#[test]
fn operations_have_a_section_each_that_begins_with_the_schemas_example() {
    let mut expected: Vec<Value> = Vec::new();
    for name in REQUESTS {
        let schema = chat_model::schema::generate(name).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        // Some are spelled in more than one way, and shown once.
        for example in schema["examples"].as_array().unwrap() {
            expected.push(example.clone());
        }
    }
    let text = text("api/operations.md");
    let all: Vec<_> = sections(&text).into_iter().filter(|(_, level, _)| *level == 3).collect();
    assert_eq!(all.len(), expected.len());
    for ((title, _, inside), expected) in all.iter().zip(&expected) {
        let name = expected["operationName"].as_str().unwrap();
        assert_eq!(title.split(' ').next(), Some(name));
        let blocks = blocks(inside);
        assert_eq!(blocks.first(), Some(expected), "{title}");
        assert!(blocks.iter().all(|block| block["operationName"] == name), "{title}");
        assert!(inside.contains("Reply: `{") && inside.contains("\nRules: ["), "{title}");
    }
}

#[test]
fn notifications_have_a_section_each_with_one_example() {
    let text = text("api/notifications.md");
    let mut shown: Vec<String> = Vec::new();
    for (title, _, inside) in sections(&text) {
        for block in blocks(&inside) {
            assert_eq!(block["notificationType"], *title);
            shown.push(title.clone());
        }
    }
    let expected: Vec<String> = NotificationType::KNOWN.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

#[test]
fn sessions_have_a_section_each_with_its_request() {
    let text = text("api/sessions.md");
    let mut all = sections(&text).into_iter().filter(|(_, level, _)| *level == 2);
    let expected = [
        "StartContactCenterSession",
        "EndContactCenterSession",
        "Ready",
        "NotReady",
        "DoNotDisturbOn",
        "DoNotDisturbOff",
        "OutToLunch",
        "Offline",
    ];
    for name in expected {
        let (title, _, inside) = all.next().unwrap();
        assert_eq!(title, name);
        assert_eq!(blocks(&inside)[0]["operationName"], name);
        assert!(inside.contains("| 200 |") && inside.contains("\nRules: ["), "{name}");
    }
    assert_eq!(all.next(), None);
}

#[test]
fn status_codes_have_a_row_each_and_those_that_are_sent_an_example() {
    let text = text("api/status-codes.md");
    let (before, after) = text.split_once("## As they are sent").unwrap();
    // A code in italics is never sent.
    let rows = |text: &str| -> Vec<String> {
        let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
        let is_code = |cell: &&str| cell.trim_matches('*').parse::<u8>().is_ok();
        rows.filter(is_code).map(str::to_owned).collect()
    };
    let all: Vec<String> =
        rows(before).iter().map(|code| code.trim_matches('*').to_owned()).collect();
    let expected: Vec<String> =
        StatusCode::ALL.iter().map(|code| code.code().to_string()).collect();
    assert_eq!(all, expected);
    let sent: BTreeSet<String> =
        rows(before).into_iter().filter(|code| !code.starts_with('*')).collect();
    assert_eq!(rows(after).into_iter().collect::<BTreeSet<_>>(), sent);
}

/// How viewers of Markdown name a heading.
fn anchor(title: &str) -> String {
    let lower = title.to_lowercase().replace(' ', "-");
    lower.chars().filter(|sign| sign.is_alphanumeric() || "-_".contains(*sign)).collect()
}

#[test]
fn links_to_rules_lead_to_the_section_that_has_the_rule() {
    for name in [
        "addresses",
        "capabilities",
        "limits",
        "notifications",
        "operations",
        "sessions",
        "status-codes",
    ] {
        let text = text(&format!("api/{name}.md"));
        let mut links = 0;
        for part in text.split("](../protocol/").skip(1) {
            let target = part.split(')').next().unwrap();
            let Some((page, wanted)) = target.split_once('#') else { continue };
            let at = part.as_ptr() as usize - text.as_ptr() as usize - "](../protocol/".len();
            let id = text[..at].rsplit('[').next().unwrap();
            let protocol = self::text(&format!("protocol/{page}"));
            let found = sections(&protocol).into_iter().find(|(title, ..)| anchor(title) == wanted);
            let (title, _, inside) = found.unwrap_or_else(|| panic!("{name}: no {target}"));
            let is_rule =
                id.contains('-') && id.starts_with(|sign: char| sign.is_ascii_uppercase());
            if is_rule {
                let has_it = title.starts_with(id) || inside.contains(&format!("**{id}**"));
                assert!(has_it, "{name}: {id} is not in {target}");
                links += 1;
            }
        }
        assert!(links > 0, "{name} names no rule");
    }
}
