//! What the configuration knows of the contact centre, as resources: features, groups, skills,
//! queues, workbins and business attributes.

use serde::Serialize;

use crate::collection::{Item, print};
use crate::config::{BusinessAttribute, Feature, Group, Queue, Skill, User, Workbin};
use crate::roster::CHAT_CHANNEL;
use crate::server::Server;

/// PLAT-2.4-1.
pub(crate) fn feature(base: &str, feature: &Feature) -> Item {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Printed<'a> {
        id: &'a str,
        display_name: &'a str,
        description: &'a str,
        auto_assign_on_contact_center_create: bool,
        uri: &'a str,
        path: &'a str,
    }
    let (uri, path) = address(base, "features", feature.id);
    let printed = Printed {
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
    #[derive(Serialize)]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        r#type: &'a str,
        contains: &'a [String],
        uri: &'a str,
        path: &'a str,
    }
    let (uri, path) = address(base, "groups", &group.id);
    let printed = Printed {
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
    #[derive(Serialize)]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        level: Option<u32>,
        uri: &'a str,
        path: &'a str,
    }
    let (uri, path) = address(base, "skills", &skill.id);
    let printed = Printed { id: &skill.id, name: &skill.name, level, uri: &uri, path: &path };
    Item::new(uri.as_str(), &printed)
}

/// PLAT-1.3-2, PLAT-1.3-3: queues here are of chats.
pub(crate) fn queue(base: &str, queue: &Queue) -> Item {
    #[derive(Serialize)]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        channel: &'a str,
        uri: &'a str,
        path: &'a str,
    }
    let (uri, path) = address(base, "queues", &queue.id);
    let printed = Printed {
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
    #[derive(Serialize)]
    struct Printed<'a> {
        id: &'a str,
        name: &'a str,
        uri: &'a str,
        path: &'a str,
    }
    let (uri, path) = address(base, "workbins", &workbin.id);
    Item::new(
        uri.as_str(),
        &Printed { id: &workbin.id, name: &workbin.name, uri: &uri, path: &path },
    )
}

/// The business attributes as a JSON array (PLAT-3.6-16).
pub(crate) fn business_attributes(attributes: &[BusinessAttribute]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Value<'a> {
        name: &'a str,
        display_name: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Attribute<'a> {
        name: &'a str,
        display_name: &'a str,
        values: Vec<Value<'a>>,
    }
    let attributes: Vec<_> = attributes
        .iter()
        .map(|attribute| Attribute {
            name: &attribute.name,
            display_name: attribute.display_name(),
            values: attribute
                .values
                .iter()
                .map(|value| Value { name: &value.name, display_name: value.display_name() })
                .collect(),
        })
        .collect();
    print(&attributes)
}

/// `uri` and `path` of a resource (PLAT-1.1-5).
fn address(base: &str, collection: &str, id: &str) -> (String, String) {
    let path = format!("/{collection}/{id}");
    (format!("{base}{path}"), path)
}
