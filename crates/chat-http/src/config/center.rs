//! What the contact centre knows beside people and queues: settings, groups, skills, workbins,
//! business attributes, and the channels that it cannot open.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::server::is_uuid;
use super::{Problem, User, check_unique};

/// Options by section and name, such as `settings["interaction-workspace"]["login.prompt-place"]`
/// (PLAT-3.1-1). Values are texts, as in a Configuration Server.
pub type Settings = BTreeMap<String, BTreeMap<String, String>>;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $id:literal as $id_schema:literal, $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            #[doc = $id]
            #[cfg_attr(feature = "schema", schemars(with = $id_schema))]
            pub id: String,
            /// The name.
            #[cfg_attr(feature = "schema", schemars(with = "super::schema::NonEmpty"))]
            pub name: String,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// One of this id and name, the rest by default.
            pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
                Self { id: id.into(), name: name.into(), $($field: $default,)* }
            }
        }
    };
}

named! {
    /// A group of people or of codes (PLAT-1.3-8).
    Group {
        "A number, a hyphen, and a UUID in lower case (PLAT-1.5-4)." as "super::schema::GroupId",
        /// What it is a group of: `BusinessUnit` (the default) for people, `dispositions` for the
        /// outcomes that agents choose from.
        #[serde(rename = "type", default = "business_unit")]
        kind: String = business_unit(),
        /// The names of the kinds of things in it. Default: `users`.
        #[serde(default = "users")]
        contains: Vec<String> = users(),
    }
}

named! {
    /// Something that users know, to a level (PLAT-3.1-1).
    Skill { "A UUID in lower case." as "super::schema::Uuid", }
}

named! {
    /// A place where work is put aside (PLAT-3.6-12). Chats are never in one.
    Workbin { "A UUID in lower case (PLAT-1.5-2)." as "super::schema::Uuid", }
}

/// A list of values that clients offer, such as the outcomes of a chat (PLAT-3.6-5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BusinessAttribute {
    /// The name that settings refer to, such as `DispositionCode`.
    pub name: String,
    /// How it is shown. Default: the name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The values, in the order in which they are offered.
    pub values: Vec<AttributeValue>,
}

/// One value of a [`BusinessAttribute`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AttributeValue {
    /// What is stored.
    pub name: String,
    /// How it is shown. Default: the name.
    #[serde(default)]
    pub display_name: Option<String>,
}

impl BusinessAttribute {
    /// An attribute of this name and these values, which are shown by their names.
    pub fn new<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let value = |name: V| AttributeValue { name: name.into(), display_name: None };
        let values = values.into_iter().map(value).collect();
        Self { name: name.into(), display_name: None, values }
    }

    /// How it is shown.
    pub fn display_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

impl AttributeValue {
    /// How it is shown.
    pub fn display_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// The centre's settings with the user's own on top: of an option that both have, the user's value
/// counts.
pub(crate) fn settings_of(center: &Settings, user: &User) -> Settings {
    let mut all = center.clone();
    for (section, options) in &user.settings {
        all.entry(section.clone()).or_default().extend(options.clone());
    }
    all
}

/// What is checked of the centre, borrowed from the configuration.
pub(super) struct Center<'a> {
    pub(super) settings: &'a Settings,
    pub(super) groups: &'a [Group],
    pub(super) skills: &'a [Skill],
    pub(super) workbins: &'a [Workbin],
    pub(super) attributes: &'a [BusinessAttribute],
    pub(super) unavailable: &'a BTreeMap<String, String>,
}

impl Center<'_> {
    pub(super) fn validate(&self, problems: &mut Vec<Problem>) {
        validate_settings("settings", self.settings, problems);
        for (name, why) in self.unavailable {
            if !is_channel_name(name) || why.is_empty() {
                problems.push(Problem::new(
                    format!("unavailable_channels.{name}"),
                    "the name of a channel and the reason that a client is told",
                    format_args!("{why:?}"),
                ));
            }
        }
        let groups = self.groups.iter().map(|g| (g.id.as_str(), g.name.as_str()));
        check_named("groups", groups.clone(), is_group_id, GROUP_ID, problems);
        let skills = self.skills.iter().map(|s| (s.id.as_str(), s.name.as_str()));
        check_named("skills", skills, is_uuid, UUID, problems);
        let workbins = self.workbins.iter().map(|w| (w.id.as_str(), w.name.as_str()));
        check_named("workbins", workbins, is_uuid, UUID, problems);
        for (i, group) in self.groups.iter().enumerate().filter(|(_, g)| g.kind.is_empty()) {
            let found = format_args!("{:?}", group.kind);
            problems.push(Problem::new(format!("groups[{i}].type"), "a kind of group", found));
        }
        for (i, attribute) in self.attributes.iter().enumerate() {
            let place = |k: usize| format!("business_attributes[{i}].values[{k}].name");
            let values = attribute.values.iter().enumerate();
            check_unique(values.map(|(k, value)| (place(k), value.name.as_str())), problems);
        }
        let names = self.attributes.iter().enumerate();
        check_unique(
            names.map(|(i, a)| (format!("business_attributes[{i}].name"), a.name.as_str())),
            problems,
        );
    }

    /// What a user refers to must be there.
    pub(super) fn validate_user(&self, place: &str, user: &User, problems: &mut Vec<Problem>) {
        validate_settings(format_args!("{place}.settings"), &user.settings, problems);
        let groups: Vec<_> = self.groups.iter().map(|g| g.name.as_str()).collect();
        for (k, group) in user.groups.iter().enumerate() {
            check_known(format!("{place}.groups[{k}]"), "groups", &groups, group, problems);
        }
        let skills: Vec<_> = self.skills.iter().map(|s| s.name.as_str()).collect();
        for skill in user.skills.keys() {
            check_known(format!("{place}.skills.{skill}"), "skills", &skills, skill, problems);
        }
    }
}

/// Whether `name` can name a channel of a session (PLAT-3.3-2): it is a part of an address.
pub(crate) fn is_channel_name(name: &str) -> bool {
    const LONGEST: usize = 64;
    !name.is_empty() && name.chars().count() <= LONGEST && !name.contains(['/', '?', '#'])
}

const UUID: &str = "a UUID in lower case such as \"6d7466c8-6a21-4e64-b51e-0308e34995ec\"";
const GROUP_ID: &str =
    "a number, a hyphen and a UUID such as \"2-273438b4-5aaa-4d29-ae3c-9eef83be3e51\"";

fn is_group_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(number, uuid)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && is_uuid(uuid)
    })
}

fn validate_settings(place: impl fmt::Display, settings: &Settings, problems: &mut Vec<Problem>) {
    // The sections are parts of addresses, `/settings/{section}`.
    for section in settings.keys().filter(|name| name.is_empty() || name.contains(['/', '?', '#']))
    {
        problems.push(Problem::new(
            format!("{place}.{section}"),
            "the name of a section, without '/', '?' and '#'",
            format_args!("{section:?}"),
        ));
    }
}

fn check_known(
    place: String,
    table: &str,
    known: &[&str],
    found: &str,
    problems: &mut Vec<Problem>,
) {
    if known.contains(&found) {
        return;
    }
    let expected = if known.is_empty() {
        format!("nothing, because no [[{table}]] is defined")
    } else {
        format!("one of the {table} {}", known.join(", "))
    };
    problems.push(Problem::new(place, &expected, format_args!("{found:?}")));
}

fn check_named<'a>(
    table: &str,
    entries: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    is_id: fn(&str) -> bool,
    expected_id: &str,
    problems: &mut Vec<Problem>,
) {
    for (i, (id, name)) in entries.clone().enumerate() {
        if !is_id(id) {
            let found = format_args!("{id:?}");
            problems.push(Problem::new(format!("{table}[{i}].id"), expected_id, found));
        }
        if name.is_empty() {
            problems.push(Problem::new(format!("{table}[{i}].name"), "a name", "an empty text"));
        }
    }
    let each = entries.enumerate();
    check_unique(each.clone().map(|(i, (id, _))| (format!("{table}[{i}].id"), id)), problems);
    check_unique(each.map(|(i, (_, name))| (format!("{table}[{i}].name"), name)), problems);
}

fn business_unit() -> String {
    "BusinessUnit".to_owned()
}

fn users() -> Vec<String> {
    vec!["users".to_owned()]
}
