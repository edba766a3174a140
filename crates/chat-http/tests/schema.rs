//! The schema of the configuration file accepts what the server reads, and refuses what it refuses.

use chat_http::Config;
use jsonschema::Validator;
use serde_json::{Value, json};

const EVERYTHING: &str = include_str!("../../../docs/configuration.example.toml");

fn schema() -> Value {
    serde_json::from_str(&Config::schema()).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn table(text: &str) -> toml::Table {
    toml::from_str(text).unwrap()
}

fn json_of(table: &toml::Table) -> Value {
    serde_json::to_value(table).unwrap()
}

#[test]
fn it_is_a_schema_and_accepts_its_example() {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    assert_eq!(schema["$id"], "urn:gws-chat:schema:configuration");
    let example = &schema["examples"][0];
    assert!(validator().is_valid(example));
    let text = toml::to_string(example).unwrap();
    Config::from_toml(&text).unwrap();
}

#[test]
fn the_file_that_shows_every_setting_is_valid() {
    let all = json_of(&table(EVERYTHING));
    let problems: Vec<String> =
        validator().iter_errors(&all).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    Config::from_toml(EVERYTHING).unwrap();
}

/// Editors complete from the schema, so it has every setting of the file, and the file every one of it.
#[test]
fn the_schema_has_the_settings_of_the_file() {
    fn members(schema: &Value, at: &Value) -> Vec<String> {
        let name = at["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        let at = name.map_or(at, |name| &schema["$defs"][name]);
        at["properties"].as_object().unwrap().keys().cloned().collect()
    }
    let schema = schema();
    let shown = table(EVERYTHING);
    for section in ["server", "limits", "notifications"] {
        for name in members(&schema, &schema["properties"][section]) {
            // What is commented out there counts: both halves of TLS would contradict the rest.
            let is_shown = shown[section].get(&name).is_some()
                || EVERYTHING.contains(&format!("\n# {name} = "));
            assert!(is_shown, "{section}.{name}");
        }
    }
    for name in members(&schema, &schema) {
        assert!(shown.contains_key(&name), "{name}");
    }
}

/// Schema and server agree about one change to the file that shows everything.
#[track_caller]
fn check(place: &str, value: toml::Value, fits: bool) {
    let mut all = table(EVERYTHING);
    let (section, name) = place.split_once('.').unwrap();
    match &mut all[section] {
        toml::Value::Array(entries) => {
            entries[0].as_table_mut().unwrap().insert(name.into(), value.clone())
        }
        section => section.as_table_mut().unwrap().insert(name.into(), value.clone()),
    };
    assert_eq!(validator().is_valid(&json_of(&all)), fits, "{place} = {value}: schema");
    let read = Config::from_toml(&toml::to_string(&all).unwrap());
    assert_eq!(read.is_ok(), fits, "{place} = {value}: {read:?}");
}

#[test]
fn bounds_are_the_servers() {
    let schema = schema();
    let mut bounds = 0;
    for section in ["Limits", "Notifications"] {
        let place = |name: &str| format!("{}.{name}", section.to_lowercase());
        for (name, setting) in schema["$defs"][section]["properties"].as_object().unwrap() {
            let (Some(least), Some(most)) =
                (setting["minimum"].as_i64(), setting["maximum"].as_i64())
            else {
                assert_eq!(setting["type"], "boolean", "{name}");
                continue;
            };
            check(&place(name), (least - 1).into(), false);
            check(&place(name), most.into(), true);
            check(&place(name), (most + 1).into(), false);
            check(&place(name), "1".into(), false);
            // Polls that are not held and clients that do not wait: two settings that exclude each other.
            if name != "timeout_ms" {
                check(&place(name), least.into(), true);
            }
            bounds += 1;
        }
    }
    assert!(bounds > 30, "found {bounds} settings with bounds");
    check("users.capacity", 0.into(), false);
    check("users.capacity", 1_000.into(), true);
    check("users.capacity", 1_001.into(), false);
}

#[test]
fn texts_are_the_servers() {
    for (place, good, bad) in [
        (
            "server.listen",
            &["0.0.0.0:80", "[::1]:8090"][..],
            &["localhost:80", "127.0.0.1", ""][..],
        ),
        (
            "server.external_url",
            &["https://a/api/v2", "https://[::1]:1/x-~/y/api/v2", "https://a/api/v2/api/v2"],
            &[
                "https://a/",
                "https:///api/v2",
                "ftp://a/api/v2",
                "https://a/?b/api/v2",
                "https://a/b c/api/v2",
            ],
        ),
        (
            "server.contact_center_id",
            &["00000000-0000-0000-0000-00000000000f"],
            &["00000000-0000-0000-0000-00000000000F", "0000-0", ""],
        ),
        ("server.reference_id_replies", &["always", "documented"], &["never", ""]),
        ("server.time_offset", &["+1459", "-0000"], &["+1500", "+0060", "0200", "+02:00"]),
        ("server.disposition_key", &["x"], &[""]),
        ("server.cookie_same_site", &["strict", "none"], &["Lax", ""]),
        ("server.forwarded_header", &["forwarded"], &["x-real-ip"]),
        (
            "users.id",
            &["00000000000000000000000000000000"],
            &["0", "0000000000000000000000000000000G"],
        ),
        ("users.password_hash", &[], &["secret", ""]),
        ("queues.id", &[], &["sales"]),
        ("queues.name", &[], &[""]),
        ("skills.id", &[], &["1"]),
        (
            "groups.id",
            &["1-00000000-0000-0000-0000-000000000000"],
            &["00000000-0000-0000-0000-000000000000"],
        ),
        ("agent_states.id", &["x"], &[]),
    ] {
        for &text in good {
            check(place, text.into(), true);
        }
        for &text in bad {
            check(place, text.into(), false);
        }
    }
    for (place, good, bad) in [
        ("server.cors_origins", "http://desk.example.com:8080", "https://desk.example.com/"),
        ("server.cors_origins", "https://a", "https://A"),
        ("server.trusted_proxies", "fd00::/8", "proxy"),
        ("users.roles", "ROLE_ADMIN", "admin"),
    ] {
        check(place, toml::Value::Array(vec![good.into()]), true);
        check(place, toml::Value::Array(vec![bad.into()]), false);
    }
}

#[test]
fn what_is_unknown_or_missing_is_no_configuration() {
    check("server.listne", "127.0.0.1:8090".into(), false);
    check("users.role", "ROLE_AGENT".into(), false);
    for missing in [json!({}), json!({ "server": { "listen": "127.0.0.1:8090" } })] {
        assert!(!validator().is_valid(&missing));
    }
}
