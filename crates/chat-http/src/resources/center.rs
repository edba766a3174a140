//! What the configuration knows of the contact centre, as resources: features, groups, skills,
//! queues, workbins and business attributes.

use serde::Serialize;

use crate::collection::{Item, print};
use crate::config::{BusinessAttribute, Feature, Group, Queue, Skill, User, Workbin};
use crate::roster::CHAT_CHANNEL;
use crate::server::Server;

/// PLAT-2.4-1.
pub(crate) fn feature(base: &str, feature: &Feature) -> Item {
    let (uri, path) = address(base, "features", feature.id);
    let printed = FeatureResource {
        id: feature.id,
        display_name: feature.display_name,
        description: feature.description,
        auto_assign_on_contact_center_create: true,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

/// PLAT-1.3-8; the members in the order of the captured reply.
pub(crate) fn group(base: &str, group: &Group) -> Item {
    let (uri, path) = address(base, "groups", &group.id);
    let printed = GroupResource {
        id: &group.id,
        name: &group.name,
        r#type: &group.kind,
        contains: &group.contains,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

/// Those who are in the group, in the order of the configuration.
pub(crate) fn members_of<'a>(
    server: &'a Server,
    group: &'a Group,
) -> impl Iterator<Item = &'a User> {
    let is_in = |user: &&User| user.groups.contains(&group.name);
    server.roster.users().map(|user| &**user).filter(is_in)
}

/// A skill of the centre.
pub(crate) fn skill(base: &str, skill: &Skill) -> Item {
    print_skill(base, skill, None)
}

/// A skill as the user has it, with its level (PLAT-3.1-1).
pub(crate) fn skill_of(base: &str, skill: &Skill, user: &User) -> Option<Item> {
    user.skills.get(&skill.name).map(|level| print_skill(base, skill, Some(*level)))
}

fn print_skill(base: &str, skill: &Skill, level: Option<u32>) -> Item {
    let (uri, path) = address(base, "skills", &skill.id);
    let printed = SkillResource { id: &skill.id, name: &skill.name, level, uri: &uri, path: &path };
    Item::new(uri.as_str(), &printed)
}

/// PLAT-1.3-2, PLAT-1.3-3: queues here are of chats.
pub(crate) fn queue(base: &str, queue: &Queue) -> Item {
    let (uri, path) = address(base, "queues", &queue.id);
    let printed = QueueResource {
        id: &queue.id,
        name: queue.name.as_str(),
        channel: CHAT_CHANNEL,
        uri: &uri,
        path: &path,
    };
    Item::new(uri.as_str(), &printed)
}

/// PLAT-3.6-9. What is in it is a collection of its own, and empty: chats are in no workbin.
pub(crate) fn workbin(base: &str, workbin: &Workbin) -> Item {
    let (uri, path) = address(base, "workbins", &workbin.id);
    Item::new(
        uri.as_str(),
        &WorkbinResource { id: &workbin.id, name: &workbin.name, uri: &uri, path: &path },
    )
}

/// The business attributes as a JSON array (PLAT-3.6-16).
pub(crate) fn business_attributes(attributes: &[BusinessAttribute]) -> String {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|attribute| BusinessAttributeResource {
            name: &attribute.name,
            display_name: attribute.display_name(),
            values: attribute
                .values
                .iter()
                .map(|value| BusinessAttributeValue {
                    name: &value.name,
                    display_name: value.display_name(),
                })
                .collect(),
        })
        .collect();
    print(&attributes)
}

/// Something a user may be allowed to do (PLAT-2.4).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Feature"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeatureResource<'a> {
    /// Its name, such as `api-multimedia-chat`.
    id: &'a str,
    /// How it is shown.
    display_name: &'a str,
    /// What it is, in a few words.
    description: &'a str,
    /// Whether new contact centers have it.
    auto_assign_on_contact_center_create: bool,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// A group of people, or of dispositions (PLAT-1.3-8).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Group"))]
pub(crate) struct GroupResource<'a> {
    /// Its id: a number, a hyphen and a UUID.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// What it is, such as `dispositions`.
    r#type: &'a str,
    /// What it contains.
    contains: &'a [String],
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// What somebody can know (PLAT-3.1-1).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Skill"))]
pub(crate) struct SkillResource<'a> {
    /// Its UUID.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// How well a user knows it; only of a user's skills.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u32>,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// Where chats wait (PLAT-1.3-2).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Queue"))]
pub(crate) struct QueueResource<'a> {
    /// Its UUID.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// The medium of what waits.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "chat")))]
    channel: &'a str,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// Where work can be put aside (PLAT-3.6-9).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Workbin"))]
pub(crate) struct WorkbinResource<'a> {
    /// Its id.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// A value of a list of values (PLAT-3.6-16).
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "BusinessAttributeValue")
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusinessAttributeValue<'a> {
    /// The value.
    name: &'a str,
    /// How it is shown.
    display_name: &'a str,
}

/// A list of values that clients offer (PLAT-3.6-16).
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "BusinessAttribute")
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusinessAttributeResource<'a> {
    /// Its name.
    name: &'a str,
    /// How it is shown.
    display_name: &'a str,
    /// The values, in order.
    values: Vec<BusinessAttributeValue<'a>>,
}

/// `uri` and `path` of a resource (PLAT-1.1-5).
fn address(base: &str, collection: &str, id: &str) -> (String, String) {
    let path = format!("/{collection}/{id}");
    (format!("{base}{path}"), path)
}
