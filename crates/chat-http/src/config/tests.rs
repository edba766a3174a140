//! What a configuration says, and what its errors say.

use std::net::SocketAddr;

use chat_model::ReferenceIdReplies;

use super::Config;

const SERVER: &str = r#"
[server]
listen = "127.0.0.1:8090"
contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"
"#;

const QUEUE: &str = r#"
[[queues]]
id = "8f0cf7a8-7f2e-4b3c-9d5a-1f1b6f0a3c11"
name = "support"
"#;

fn user(id: &str, name: &str, more: &str) -> String {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE";
    format!("[[users]]\nid = \"{id}\"\nname = \"{name}\"\npassword_hash = \"{hash}\"\n{more}\n")
}

const ID: &str = "1e553fa1b4164908a5f36d43cec96086";
const OTHER_ID: &str = "1e553fa1b4164908a5f36d43cec96087";

/// Reading `toml` fails, and the error has all of `parts`.
#[track_caller]
fn check_error(toml: &str, parts: &[&str]) {
    let error = Config::from_toml(toml).expect_err(toml).to_string();
    for part in parts {
        assert!(error.contains(part), "no {part:?} in:\n{error}");
    }
}

#[test]
fn what_is_left_out_has_its_documented_default() {
    let config = Config::from_toml(SERVER).unwrap();
    assert_eq!(config.server.api_url().as_str(), "http://127.0.0.1:8090/api/v2");
    assert_eq!(config.server.disposition_key, "DispositionCode");
    assert!(config.server.include_message_type);
    assert_eq!(config.server.reference_id_replies, ReferenceIdReplies::Documented);
    let limits = &config.limits;
    assert_eq!(
        (limits.max_body_bytes, limits.max_depth, limits.max_keys, limits.max_key_bytes),
        (1 << 20, 64, 10_000, 1_024),
        "DEC-7"
    );
    assert_eq!(
        (limits.invitation_seconds, limits.visitor_silence_seconds),
        (30, 300),
        "DEC-17, 43"
    );
    assert_eq!((limits.agent_grace_seconds, limits.agent_logout_seconds), (60, 1_800), "DEC-42");
    assert_eq!(limits.http_session_seconds, 1_800, "PLAT-1.1-2");
    assert_eq!(config.notifications.timeout_ms, 20_000, "NOTIF-1.8");
    assert!(config.users.is_empty() && config.queues.is_empty());
    assert!(!config.is_demo());
}

#[test]
fn what_is_written_is_taken() {
    let text = r#"
[server]
listen = "0.0.0.0:80"
external_url = "https://chat.example.com/gws/api/v2"
contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"
reference_id_replies = "always"
time_offset = "-0530"
disposition_key = "Outcome"
include_message_type = false
cors_origins = ["https://desk.example.com", "http://localhost:3000"]
secure_cookies = true

[limits]
invitation_seconds = 5

[notifications]
timeout_ms = 30_000

[[agent_states]]
operation_name = "Training"
display_name = "In training"
id = "00000000-0000-0000-0000-000000000001"
"#;
    let more = "nickname = \"Al\"\nroles = [\"ROLE_AGENT\", \"ROLE_SUPERVISOR\"]\nqueues = [\"support\"]\ncapacity = 5";
    let config = Config::from_toml(&[text, QUEUE, &user(ID, "al", more)].concat()).unwrap();
    let rules = config.rules();
    assert_eq!(rules.base(), "https://chat.example.com/gws/api/v2");
    assert_eq!(rules.time_offset_minutes, -330);
    assert_eq!(rules.disposition_key, "Outcome");
    assert!(!rules.include_message_type);
    assert_eq!(rules.invitation_ms, Some(5_000));
    assert_eq!(rules.reference_id_replies, ReferenceIdReplies::Always);
    assert_eq!(config.notifications.timeout_ms, 30_000);
    assert_eq!(config.agent_states[0].operation_name, "Training");
    let user = &config.users[0];
    assert_eq!((user.nickname(), user.capacity), ("Al", 5));
    assert!(user.has_role("ROLE_SUPERVISOR"));
}

/// A value that cannot be read is shown with its line, and the error says what is expected.
#[test]
fn unreadable_values_are_shown_with_their_line() {
    for (line, parts) in [
        ("listne = \"127.0.0.1:1\"", &["line 5", "listne", "listen"][..]),
        ("external_url = \"https://chat.example.com\"", &["line 5", "ending with /api/v2"]),
        ("external_url = \"https://chat.example.com/api/v2/\"", &["line 5", "ending with /api/v2"]),
        ("external_url = \"ftp://chat.example.com/api/v2\"", &["line 5", "http or https"]),
        ("external_url = \"https:///api/v2\"", &["line 5", "https:///api/v2"]),
        ("time_offset = \"+2500\"", &["line 5", "+0200", "+2500"]),
        ("time_offset = \"+00é\"", &["line 5", "+0200"]),
        ("time_offset = \"+2é00\"", &["line 5", "+0200"]),
        ("reference_id_replies = \"never\"", &["line 5", "documented", "always", "never"]),
        ("cookie_same_site = \"Lax\"", &["line 5", "\"lax\", \"strict\" or \"none\"", "Lax"]),
        ("trusted_proxies = [\"lb.local\"]", &["line 5", "10.0.0.0/8", "lb.local"]),
        ("forwarded_header = \"via\"", &["line 5", "x-forwarded-for", "via"]),
        ("cors_origins = [\"*\"]", &["line 5", "https://desk.example.com"]),
        ("cors_origins = [\"https://a.example/x\"]", &["line 5", "without path"]),
        ("[limits]\nmax_body_bytes = -1", &["line 6", "max_body_bytes"]),
        ("[limits]\nmax_bodies = 1", &["line 6", "max_bodies"]),
        (
            "[[users]]\nid = \"1E553FA1B4164908A5F36D43CEC96086\"",
            &["line 6", "32 hex digits", "1E553"],
        ),
        (
            "[[users]]\nskills = { English = \"5\" }",
            &["line 6", "string \"5\", expected a whole number from 0 on"],
        ),
        ("[[users]]\nskills = { English = -1 }", &["line 6", "a whole number from 0 on, found -1"]),
        ("[[users]]\nname = \"x\"", &["missing field `id`"]),
    ] {
        check_error(
            &format!("{}{line}\n", SERVER.trim_start()).replacen("[server]", "[server]\n", 1),
            parts,
        );
    }
    check_error("", &["missing field `server`"]);
    check_error("[server", &["line 1"]);
}

/// What came in the place of a hash may be a password; it is not repeated.
#[test]
fn unusable_hashes_are_refused_and_not_repeated() {
    for (found, part) in [
        ("opensesame", "text of another shape"),
        (
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "a hash by another algorithm",
        ),
        (
            "$argon2id$v=19$m=1,t=0,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE",
            "parameters that argon2 does not have",
        ),
        ("$argon2id$v=19$m=4096,t=3,p=1", "no salt or no hash in it"),
        (
            "$argon2id$v=19$m=4194304,t=2,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE",
            "one whose every check would take more than 1 GiB or 64 passes",
        ),
        (
            "$argon2id$v=19$m=19456,t=4000000000,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE",
            "one whose every check would take more than 1 GiB or 64 passes",
        ),
    ] {
        let user = format!("[[users]]\nid = \"{ID}\"\nname = \"x\"\npassword_hash = \"{found}\"\n");
        let error =
            Config::from_toml(&[SERVER.trim_start(), &user].concat()).unwrap_err().to_string();
        let example = "\"$argon2id$v=19$m=19456,t=2,p=1$…\"";
        assert_eq!(
            error,
            format!(
                "line 7: expected an argon2 hash such as {example}, as `chat hash-password` prints \
                 it, found {part}"
            )
        );
    }
}

/// What only several values together can tell is reported all at once.
#[test]
fn contradictions_are_collected() {
    let queues = [QUEUE, "default = true\n", QUEUE, "default = true\n"].concat();
    let users = [
        user(ID, "ann", "queues = [\"support\", \"sales\"]"),
        user(ID, "ann", "capacity = 0"),
        user(OTHER_ID, "b:c", "roles = [\"ROLE_KING\"]"),
    ]
    .concat();
    let limits = "[limits]\nmax_body_bytes = 5\n";
    let error = Config::from_toml(&[SERVER, limits, &queues, &users].concat()).unwrap_err();
    let fields: Vec<_> = error.problems().iter().map(super::Problem::field).collect();
    assert_eq!(
        fields,
        [
            "limits.max_body_bytes",
            "users[0].queues[1]",
            "users[1].capacity",
            "users[2].name",
            "users[2].roles[0]",
            "users[1].id",
            "users[1].name",
            "queues[1].id",
            "queues[1].name",
            "queues[1].default",
        ]
    );
    let text = error.to_string();
    for line in [
        "limits.max_body_bytes: expected a number from 1024 to 67108864, found 5",
        "users[0].queues[1]: expected one of the queues support, support, found \"sales\"",
        "users[1].name: expected a value of its own, found \"ann\", which is also that of users[0].name",
        "queues[1].default: expected one default queue, found a second one (queues[0] is the first)",
    ] {
        assert!(text.lines().any(|l| l == line), "no {line:?} in:\n{text}");
    }
}

#[test]
fn contradictions_within_the_server_are_found() {
    let listen = |address: &str| SERVER.replace("127.0.0.1:8090", address);
    for none in ["localhost:8090", "127.0.0.1", "8090", "127.0.0.1:99999"] {
        check_error(&listen(none), &["an IP address and a port such as \"127.0.0.1:8090\"", none]);
    }
    check_error(&listen("0.0.0.0:80"), &["server.external_url", "0.0.0.0:80"]);
    check_error(&listen("[::]:80"), &["server.external_url"]);
    check_error(&SERVER.replace("6d7466c8", "6D7466C8"), &["server.contact_center_id", "UUID"]);
    check_error(&[SERVER, "disposition_key = \"\"\n"].concat(), &["server.disposition_key"]);
    let states = "[[agent_states]]\noperation_name = \"Ready\"\ndisplay_name = \"\"\nid = \"\"\n";
    check_error(&[SERVER, states].concat(), &["agent_states[0].operation_name", "Ready"]);
    check_error(
        &[SERVER, &user(ID, "a", "queues = [\"x\"]")].concat(),
        &["no [[queues]] is defined"],
    );
}

/// The tables of the contact centre, one entry each.
const CENTER: &str = r#"
[settings.interaction-workspace]
"desk.theme" = "light"
"desk.sound" = "on"

[unavailable_channels]
voice = "No telephones here."

[[groups]]
id = "2-273438b4-5aaa-4d29-ae3c-9eef83be3e51"
name = "Care"

[[skills]]
id = "b2a7d4ce-0a53-4f0e-8c4b-5f8f5a0f9d11"
name = "English"

[[workbins]]
id = "aee812a5-7396-4dd9-b180-230f1c1fb085"
name = "Drafts"

[[business_attributes]]
name = "DispositionCode"
values = [{ name = "solved", display_name = "Solved" }, { name = "callback" }]
"#;

#[test]
fn the_center_and_its_users_fit_together() {
    let more = "groups = [\"Care\"]\nskills = { English = 5 }\nfeatures = []\n\
        settings.interaction-workspace = { \"desk.theme\" = \"dark\" }";
    let text = [SERVER, CENTER, &user(ID, "al", more), &user(OTHER_ID, "bo", "")].concat();
    let config = Config::from_toml(&text).unwrap();
    let (al, bo) = (&config.users[0], &config.users[1]);
    // The user's own option wins, the other one stays.
    let settings =
        |user| super::settings_of(&config.settings, user)["interaction-workspace"].clone();
    let all = |user| settings(user).into_values().collect::<Vec<_>>();
    assert_eq!(
        (all(al), all(bo)),
        (vec!["on".into(), "dark".into()], vec!["on".into(), "light".into()])
    );
    assert_eq!(al.skills["English"], 5);
    let group = &config.groups[0];
    assert_eq!(
        (group.kind.as_str(), &*group.contains),
        ("BusinessUnit", &["users".to_owned()][..])
    );
    let values = &config.business_attributes[0].values;
    assert_eq!((values[0].display_name(), values[1].display_name()), ("Solved", "callback"));
    // An empty list of features is a list; without one the roles decide.
    assert!(!al.has_feature("api-multimedia-chat") && bo.has_feature("api-multimedia-chat"));
    assert!(!bo.has_feature("api-supervisor-monitoring"));
}

#[test]
fn what_users_refer_to_must_be_there() {
    let with = |more: &str| [SERVER, CENTER, &user(ID, "al", more)].concat();
    for (more, field, expected) in [
        ("groups = [\"Car\"]", "users[0].groups[0]", "one of the groups Care, found \"Car\""),
        (
            "skills = { Dutch = 1 }",
            "users[0].skills.Dutch",
            "one of the skills English, found \"Dutch\"",
        ),
        (
            "features = [\"api-voice\"]",
            "users[0].features[0]",
            "one of api-multimedia, api-multimedia-chat, api-supervisor-agent-control, \
             api-supervisor-monitoring, found \"api-voice\"",
        ),
        ("settings.\"a/b\" = {}", "users[0].settings.a/b", "without '/'"),
    ] {
        check_error(&with(more), &[field, expected]);
    }
    let nothing = [SERVER, &user(ID, "al", "groups = [\"Care\"]")].concat();
    check_error(
        &nothing,
        &["users[0].groups[0]: expected nothing, because no [[groups]] is defined"],
    );
}

#[test]
fn entries_of_the_center_are_named_when_they_are_wrong() {
    for (from, to, parts) in [
        ("2-273438b4", "273438b4", &["groups[0].id", "a number, a hyphen and a UUID"][..]),
        ("b2a7d4ce", "B2A7D4CE", &["skills[0].id", "UUID in lower case"]),
        ("aee812a5", "x", &["workbins[0].id", "UUID in lower case"]),
        ("\"English\"", "\"\"", &["skills[0].name: expected a name"]),
        ("name = \"callback\"", "name = \"solved\"", &["business_attributes[0].values[1].name"]),
        ("\"No telephones here.\"", "\"\"", &["unavailable_channels.voice", "the reason"]),
        ("\"light\"", "1", &["line 7", "invalid type: integer `1`, expected a string"]),
        ("name = \"Care\"", "name = \"Care\"\ntype = \"\"", &["groups[0].type: expected a kind"]),
    ] {
        let text = [SERVER, CENTER].concat();
        assert!(text.contains(from), "{from}");
        check_error(&text.replacen(from, to, 1), parts);
    }
    let twice = [SERVER, CENTER, &CENTER[CENTER.find("[[groups]]").unwrap()..]].concat();
    check_error(
        &twice,
        &["groups[1].id", "groups[1].name", "workbins[1].id", "business_attributes[1].name"],
    );
}

/// Numbers are asked for in words, and a poll that nobody holds needs a pause.
#[test]
fn numbers_are_asked_for_in_words() {
    for (text, part) in [
        ("[limits]\nmax_body_bytes = -1", "expected a whole number from 0 on, found -1"),
        ("[limits]\nmax_body_bytes = \"much\"", "expected a whole number from 0 on"),
        ("[limits]\nbody_seconds = 1.5", "expected a whole number from 0 on"),
        ("[limits]\nbody_seconds = 5000000000", "expected a smaller number, found 5000000000"),
        ("[notifications]\ntimeout_ms = 0", "notifications.interval_ms: expected a pause"),
    ] {
        let text = [SERVER, text].concat();
        check_error(&text, &[part]);
        let error = Config::from_toml(&text).unwrap_err().to_string();
        assert!(!error.contains("u32") && !error.contains("usize"), "{error}");
    }
    let paced = "[notifications]\ntimeout_ms = 0\ninterval_ms = 500";
    assert!(Config::from_toml(&[SERVER, paced].concat()).is_ok());
}

/// Browsers drop such cookies without a word; half a pair of files is no TLS.
#[test]
fn contradictions_about_encryption_are_found() {
    let server = |lines: &str| format!("{SERVER}{lines}\n");
    let none = "cookie_same_site = \"none\"";
    check_error(&server(none), &["server.cookie_same_site", "secure_cookies = true", "\"none\""]);
    Config::from_toml(&server(&format!("{none}\nsecure_cookies = true"))).unwrap();
    let (certificate, key) = ("tls_certificate = \"c.pem\"", "tls_key = \"k.pem\"");
    check_error(
        &server(certificate),
        &["server.tls_key", "nothing, while tls_certificate is given"],
    );
    check_error(&server(key), &["server.tls_certificate", "nothing, while tls_key is given"]);
    let http = "external_url = \"http://chat.example.com/api/v2\"";
    let tls = format!("{certificate}\n{key}");
    check_error(&server(&format!("{tls}\n{http}")), &["server.external_url", "https"]);

    let config = Config::from_toml(&server(&format!("{tls}\n{none}"))).unwrap();
    assert!(config.server.speaks_tls() && config.server.has_secure_cookies());
    assert_eq!(config.server.api_url().as_str(), "https://127.0.0.1:8090/api/v2");
    let config = Config::from_toml(SERVER).unwrap();
    assert!(!config.server.speaks_tls() && !config.server.has_secure_cookies());
}

/// A page of another site may call, but the cookie will not come along: that is said at the start.
#[test]
fn origins_that_the_cookie_does_not_reach_are_doubted() {
    for (origin, url, same_site, doubts) in [
        ("https://desk.example.com", "https://chat.example.com/api/v2", "lax", 0),
        ("https://desk.example.com:8443", "https://example.com/api/v2", "strict", 0),
        ("http://localhost:3000", "http://localhost:8090/api/v2", "lax", 0),
        ("http://127.0.0.1:3000", "http://127.0.0.1:8090/api/v2", "lax", 0),
        ("https://desk.example.org", "https://chat.example.com/api/v2", "lax", 1),
        ("https://desk.example.org", "https://chat.example.com/api/v2", "none", 0),
        ("http://desk.example.com", "https://chat.example.com/api/v2", "lax", 1),
        ("http://127.1.0.1:3000", "http://127.0.0.1:8090/api/v2", "lax", 1),
        ("http://localhost:3000", "http://127.0.0.1:8090/api/v2", "strict", 1),
        ("http://[::1]:3000", "http://[::1]:8090/api/v2", "lax", 0),
    ] {
        let lines = format!(
            "external_url = \"{url}\"\ncors_origins = [\"{origin}\"]\n\
             cookie_same_site = \"{same_site}\"\nsecure_cookies = true\n"
        );
        let config = Config::from_toml(&[SERVER, &lines].concat()).unwrap();
        let found = config.server.doubts();
        assert_eq!(found.len(), doubts, "{origin} {url} {same_site}: {found:?}");
    }
}

/// Everybody knows the passwords of the demo.
#[test]
fn the_demo_stays_on_loopback() {
    for (address, allowed) in [
        ("127.0.0.1:8090", true),
        ("127.0.0.2:0", true),
        ("[::1]:8090", true),
        ("0.0.0.0:8090", false),
        ("192.0.2.1:8090", false),
        ("[::]:8090", false),
    ] {
        let listen: SocketAddr = address.parse().unwrap();
        let result = Config::demo(listen).validate();
        assert_eq!(result.is_ok(), allowed, "{address}");
        if let Err(error) = result {
            let text = error.to_string();
            assert!(text.contains("loopback") && text.contains("passwords"), "{text}");
        }
    }
    assert!(Config::demo("127.0.0.1:8090".parse().unwrap()).is_demo());
}
