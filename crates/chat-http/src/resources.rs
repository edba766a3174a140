//! What can be read, as it is printed: each kind of resource with its fields, and where it comes
//! from. How collections of them are asked for is told in [`collection`](crate::collection).

mod center;
mod contact;
mod service;
mod settings;
mod user;

use crate::collection::{Bare, Item, Kind};

#[cfg(feature = "schema")]
use {
    crate::agents::Channel,
    center::{FeatureResource, GroupResource, QueueResource, SkillResource, WorkbinResource},
    chat_model::ChatResource,
    contact::ContactResource,
    service::ServiceResource,
    settings::SettingsGroup,
    user::UserResource,
};
#[cfg(feature = "schema")]
pub(crate) use {center::BusinessAttributeResource, settings::SettingsOfGroup};

pub(crate) use center::{
    business_attributes, feature, group, members_of, queue, skill, skill_of, workbin,
};
pub(crate) use contact::{contact, contacts, search};
pub(crate) use service::services;
pub(crate) use settings::{agent_states, groups_of_settings, options};
pub(crate) use user::{chats, colleagues, me};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $plural:literal, $singular:literal, $bare:ident,
        [$($field:literal)*], $type:ty $(, $embedded:ident: $inside:ty)*;)+) => {
        /// Every kind, for the documents.
        #[cfg(feature = "schema")]
        pub(crate) static KINDS: &[&Kind] = &[$(&$name),+];

        $(
        $(#[$doc])*
        pub(crate) static $name: Kind = Kind {
            plural: $plural,
            singular: $singular,
            fields: &[$($field),*],
            bare: Bare::$bare,
            #[cfg(feature = "schema")]
            form: crate::collection::Form {
                resource: |generator| generator.subschema_for::<$type>(),
                embedded: &[
                    $((stringify!($embedded), |generator| generator.subschema_for::<$inside>())),*
                ],
            },
        };
    )+};
}

kinds! {
    /// PLAT-3.1-1.
    USERS: "users", "user", Uris,
        ["id" "userName" "firstName" "lastName" "emailAddress" "roles" "enabled" "contactCenterId" "uri" "path"],
        UserResource<'static>, features: Vec<FeatureResource<'static>>, devices: [(); 0],
        channels: Vec<Channel>, channelStates: Vec<Channel>, calls: [(); 0],
        groups: Vec<GroupResource<'static>>, skills: Vec<SkillResource<'static>>,
        interactions: Vec<ChatResource>, chats: Vec<ChatResource>;
    /// CHAT-9.
    CHATS: "chats", "chat", Uris,
        ["id" "state" "chatType" "receivedDate" "comment" "capabilities" "uri" "path"],
        ChatResource;
    /// Everything that a user works on, which here are chats (PLAT-1.1-4).
    INTERACTIONS: "interactions", "interaction", Uris,
        ["id" "state" "chatType" "receivedDate" "comment" "capabilities" "uri" "path"],
        ChatResource;
    /// PLAT-3.5-8; PLAT-1.3-14 for the two shapes.
    CHANNELS: "channels", "channel", Both,
        ["channel" "dndState" "phoneNumber" "switchName" "userActivity"],
        Channel;
    /// Telephones, of which there are none; PLAT-1.3-14 for the two shapes.
    DEVICES: "devices", "device", Both, ["id" "deviceState" "phoneNumber"],
        ();
    /// Telephone calls, of which there are none.
    CALLS: "calls", "call", Uris, ["id" "state"],
        ();
    /// PLAT-2.4-1.
    FEATURES: "features", "feature", Uris,
        ["id" "displayName" "description" "autoAssignOnContactCenterCreate" "uri" "path"],
        FeatureResource<'static>;
    /// PLAT-1.3-8.
    GROUPS: "groups", "group", Uris, ["id" "name" "type" "contains" "uri" "path"],
        GroupResource<'static>, users: Vec<UserResource<'static>>;
    /// PLAT-3.1-1.
    SKILLS: "skills", "skill", Uris, ["id" "name" "level" "uri" "path"],
        SkillResource<'static>;
    /// PLAT-1.3-2.
    QUEUES: "queues", "queue", Uris, ["id" "name" "channel" "uri" "path"],
        QueueResource<'static>;
    /// PLAT-3.2-1.
    SERVICES: "services", "service", Uris, ["id" "name" "type" "state" "uri" "path"],
        ServiceResource<'static>;
    /// PLAT-3.6-9.
    WORKBINS: "workbins", "workbin", Uris, ["id" "name" "uri" "path"],
        WorkbinResource<'static>, interactions: [(); 0];
    /// PLAT-1.3-14 for the shape, PLAT-1.3-16 for the filters.
    CONTACTS: "contacts", "contact", Whole,
        ["id" "name" "type" "channel" "phoneNumbers" "userName" "firstName" "lastName" "employeeId" "emailAddress" "roles" "uri" "path"],
        ContactResource<'static>;
    /// PLAT-3.1-4.
    SETTINGS: "settings", "settings", Whole, ["name" "displayName" "key" "uri" "path"],
        SettingsGroup<'static>, settings: SettingsOfGroup<'static>;
}

/// The collection of a kind of which there is nothing.
pub(crate) const NOTHING: [Item; 0] = [];
