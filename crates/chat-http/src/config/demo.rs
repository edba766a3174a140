//! The embedded demo contact centre: something to develop against without a configuration.
//!
//! Everybody knows its passwords (they are the names), so it refuses to listen beyond loopback.

use std::net::SocketAddr;

use super::{BusinessAttribute, Config, Group, Queue, Server, Skill, User};

/// Name, id, nickname, role beside agent, and the hash of the password, which is the name.
///
/// The hashes are made beforehand because argon2 is slow on purpose, and starting is not.
const USERS: [(&str, &str, &str, Option<&str>, &str); 4] = [
    (
        "agent1",
        "a5e9c0ffee0000000000000000000001",
        "Agent One",
        None,
        "$argon2id$v=19$m=19456,t=2,p=1$QZ0LBbBm7UVn1vmJ/TWO2Q$qTo2mxReypGbfpv1kIbzg5nRr90Tj36vtR5DHTHIbSw",
    ),
    (
        "agent2",
        "a5e9c0ffee0000000000000000000002",
        "Agent Two",
        None,
        "$argon2id$v=19$m=19456,t=2,p=1$sN4SiKd5zTru/d+YUC/2iA$UQg6/8sAiqcyzYOavPnhLpoNYe/LTbgEaGg93H8Z40k",
    ),
    (
        "agent3",
        "a5e9c0ffee0000000000000000000003",
        "Agent Three",
        None,
        "$argon2id$v=19$m=19456,t=2,p=1$PWJmfdegqSpomDjbOHXG4w$iauHHPqZ7DZbFWfPc2jqUF4Kx390yQVD0JzBHjFJmiM",
    ),
    (
        "supervisor1",
        "a5e9c0ffee0000000000000000000004",
        "Supervisor One",
        Some("ROLE_SUPERVISOR"),
        "$argon2id$v=19$m=19456,t=2,p=1$Z+KlMo+enU1c2IwJ+PAbJQ$loEWgiH+1kiErBq1OAv9OhdiPxFrR7a6G9hLqiUvA4M",
    ),
];

const CONTACT_CENTER_ID: &str = "6d7466c8-6a21-4e64-b51e-0308e34995ec";
const QUEUE_ID: &str = "8f0cf7a8-7f2e-4b3c-9d5a-1f1b6f0a3c11";
const QUEUE: &str = "support";

const TEAM: &str = "Customer Care";
const SKILL: &str = "English";
/// The business attribute that settings name as the one of dispositions.
const DISPOSITIONS: &str = "DispositionCode";

/// Id and name of the outcomes that agents choose from.
const OUTCOMES: [(&str, &str); 2] = [
    ("3-5b0a4c0e-93a4-44b2-8f0f-0d6b2f0f6a01", "Solved"),
    ("3-5b0a4c0e-93a4-44b2-8f0f-0d6b2f0f6a02", "Follow Up"),
];

impl Config {
    /// The demo contact centre: `agent1`, `agent2`, `agent3` and `supervisor1`, each with the name
    /// as password, and the queue `support`.
    ///
    /// [`Config::validate`] refuses it on any other than a loopback address.
    pub fn demo(listen: SocketAddr) -> Self {
        let mut config = Self::new(Server::new(listen, CONTACT_CENTER_ID));
        config.demo = true;
        config.server.console = true;
        let mut queue = Queue::new(QUEUE_ID, QUEUE);
        queue.default = true;
        config.queues.push(queue);
        config.stock();
        for (name, id, nickname, role, hash) in USERS {
            let mut user = User::new(id, name, hash.parse().expect("the demo's hashes are argon2"));
            user.nickname = Some(nickname.to_owned());
            user.roles.extend(role.map(str::to_owned));
            user.groups.push(TEAM.to_owned());
            user.skills.insert(SKILL.to_owned(), 5);
            // Supervisors are not offered chats; they join those of others.
            if role.is_none() {
                user.queues.push(QUEUE.into());
            }
            config.users.push(user);
        }
        config
    }
    /// Something of everything that clients read when they start.
    fn stock(&mut self) {
        self.groups.push(Group::new("2-273438b4-5aaa-4d29-ae3c-9eef83be3e51", TEAM));
        for (id, name) in OUTCOMES {
            let mut group = Group::new(id, name);
            group.kind = "dispositions".to_owned();
            group.contains.clear();
            self.groups.push(group);
        }
        let outcomes = OUTCOMES.map(|(_, name)| name);
        self.business_attributes.push(BusinessAttribute::new(DISPOSITIONS, outcomes));
        self.skills.push(Skill::new("b2a7d4ce-0a53-4f0e-8c4b-5f8f5a0f9d11", SKILL));
        let option = "interaction.disposition.value-business-attribute";
        let desk = self.settings.entry("interaction-workspace".to_owned()).or_default();
        desk.insert(option.to_owned(), DISPOSITIONS.to_owned());
    }
}
