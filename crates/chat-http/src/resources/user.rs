//! Users as resources: oneself with everything, others with what colleagues may know
//! (PLAT-3.1-1, DEC-62).

use std::collections::BTreeMap;

use chat_model::UserId;
use serde::Serialize;

use super::{NOTHING, center};
use crate::agents::Channel;
use crate::collection::{Item, array, print};
use crate::config::{self, Settings, User};
use crate::query::Query;
use crate::reply::Refusal;
use crate::roster;
use crate::server::Server;

/// The user who asks, with the collections that the query names (PLAT-1.3-6, 1.3-7).
pub(crate) async fn me(server: &Server, user: &User, query: &Query<'_>) -> Result<Item, Refusal> {
    let settings = config::settings_of(&server.config.settings, user);
    let mut item = resource(server, user, Some(settings));
    let base = server.rules.base();
    if query.wants("features") {
        item.embed("features", features(base, user));
    }
    if query.wants("devices") {
        item.embed("devices", array(NOTHING));
    }
    if query.wants("channels") {
        embed_channels(&mut item, server.agents.channels(&user.id).await?.as_deref());
    }
    if query.wants("calls") {
        item.embed("calls", array(NOTHING));
    }
    embed_what_is_known(&mut item, server, user, query);
    // One read for both: what is in the one is in the other.
    if query.wants("interactions") || query.wants("chats") {
        let chats = array(chats(server, user).await?);
        if query.wants("interactions") {
            item.embed("interactions", chats.clone());
        }
        if query.wants("chats") {
            item.embed("chats", chats);
        }
    }
    Ok(item)
}

/// Everybody as `viewer` may see them, in the order of the configuration; with `only` this one.
pub(crate) async fn colleagues(
    server: &Server,
    viewer: &User,
    only: Option<&UserId>,
    query: &Query<'_>,
) -> Result<Vec<Item>, Refusal> {
    let sessions: BTreeMap<_, _> = match query.wants("channels") {
        true => server.agents.all_channels().await?.into_iter().collect(),
        false => BTreeMap::new(),
    };
    let oversees = roster::is_supervisor(viewer);
    let base = server.rules.base();
    let mut items = Vec::new();
    for user in server.roster.users().filter(|user| only.is_none_or(|only| *only == user.id)) {
        if user.id == viewer.id {
            items.push(me(server, user, query).await?);
            continue;
        }
        let settings = oversees.then(|| config::settings_of(&server.config.settings, user));
        let mut item = resource(server, user, settings);
        if oversees && query.wants("features") {
            item.embed("features", features(base, user));
        }
        if query.wants("devices") {
            item.embed("devices", array(NOTHING));
        }
        if query.wants("channels") {
            embed_channels(&mut item, sessions.get(&user.id).map(Vec::as_slice));
        }
        embed_what_is_known(&mut item, server, user, query);
        items.push(item);
    }
    Ok(items)
}

/// The user's open chats (DEC-23), in the order in which they came; none for a user who has not the
/// feature, because then there are no chats (PLAT-2.4-4).
pub(crate) async fn chats(server: &Server, user: &User) -> Result<Vec<Item>, Refusal> {
    if !roster::has_chat_feature(user) {
        return Ok(Vec::new());
    }
    let base = server.rules.base();
    let chats = server.chats.open_chats(&user.id).await?.into_iter();
    Ok(chats.map(|(id, chat)| Item::printed(format!("{base}{}", id.path()), chat)).collect())
}

/// PLAT-1.3-12: clients recognise a session by its channels, so both members or neither.
fn embed_channels(item: &mut Item, channels: Option<&[Channel]>) {
    if let Some(channels) = channels {
        let channels = print(&channels);
        item.embed("channels", channels.clone());
        item.embed("channelStates", channels);
    }
}

fn embed_what_is_known(item: &mut Item, server: &Server, user: &User, query: &Query<'_>) {
    let base = server.rules.base();
    if query.wants("groups") {
        let groups = server.config.groups.iter().filter(|g| user.groups.contains(&g.name));
        item.embed("groups", array(groups.map(|group| center::group(base, group))));
    }
    if query.wants("skills") {
        let skills = server.config.skills.iter();
        item.embed("skills", array(skills.filter_map(|skill| center::skill_of(base, skill, user))));
    }
}

fn features(base: &str, user: &User) -> String {
    array(config::features_of(user).map(|feature| center::feature(base, feature)))
}

/// The members that are no collections (PLAT-3.1-1). The settings are one of them, because a client
/// fails without (PLAT-1.3-13).
fn resource(server: &Server, user: &User, settings: Option<Settings>) -> Item {
    let path = format!("/users/{}", user.id);
    let uri = format!("{}{path}", server.rules.base());
    let printed = UserResource {
        id: user.id.as_str(),
        user_name: &user.name,
        first_name: &user.first_name,
        last_name: &user.last_name,
        email_address: &user.email_address,
        roles: &user.roles,
        enabled: !user.disabled,
        change_password_on_first_login: settings.as_ref().map(|_| false),
        contact_center_id: &server.config.server.contact_center_id,
        uri: &uri,
        path: &path,
        settings: settings.as_ref(),
    };
    Item::new(uri.as_str(), &printed)
}

/// Somebody who works in the contact center (PLAT-3.1-1). Colleagues are told less (DEC-62).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "User"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserResource<'a> {
    /// 32 hex digits.
    id: &'a str,
    /// The name to log in with.
    user_name: &'a str,
    /// The first name.
    first_name: &'a str,
    /// The last name.
    last_name: &'a str,
    /// The address for e-mail; may be empty.
    email_address: &'a str,
    /// What the user may be (PLAT-2.3-1).
    roles: &'a [String],
    /// Whether the user can log in.
    enabled: bool,
    /// Always false: passwords are the configuration's.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_password_on_first_login: Option<bool>,
    /// The UUID of the contact center.
    contact_center_id: &'a str,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
    /// The settings that hold for the user: sections of names and values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<BTreeMap<String, BTreeMap<String, String>>>")
    )]
    settings: Option<&'a Settings>,
}
