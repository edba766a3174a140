//! The AsyncAPI document against what is really said: every notification of every scenario, every
//! answer of the raw Bayeux exchanges, and every request that real clients were recorded with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chat_tests::{Door, ModelDoor, Outcome, Scenario, VisitorSees, play};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The messages of the document, by who says them.
pub(crate) struct Announced {
    /// What the server says, by channels.
    told: BTreeMap<String, Vec<Said>>,
    answered: BTreeMap<String, Vec<Said>>,
    /// What clients say.
    asked: BTreeMap<String, Vec<Said>>,
}

/// One kind of message.
struct Said {
    id: String,
    members: BTreeSet<String>,
    validator: Validator,
}

/// What refuses and is refused on channels that are none of the protocol's.
const ANY_CHANNEL: &str = "{channel}";

impl Announced {
    /// The committed document.
    pub(crate) fn read() -> &'static Self {
        static ANNOUNCED: OnceLock<Announced> = OnceLock::new();
        ANNOUNCED.get_or_init(|| {
            let path = root().join("docs/api/asyncapi.json");
            let text = std::fs::read_to_string(path).unwrap();
            Self::of(&serde_json::from_str(&text).unwrap())
        })
    }

    fn of(document: &Value) -> Self {
        let mut out =
            Self { told: BTreeMap::new(), answered: BTreeMap::new(), asked: BTreeMap::new() };
        for operation in document["operations"].as_object().unwrap().values() {
            let address = at(document, &operation["channel"])["address"].as_str().unwrap();
            let messages = |list: &Value| -> Vec<Said> {
                list.as_array().unwrap().iter().map(|one| Said::of(document, one)).collect()
            };
            let said = messages(&operation["messages"]);
            match operation["action"].as_str().unwrap() {
                "send" => drop(out.told.insert(address.to_owned(), said)),
                _ => {
                    let replies = messages(&operation["reply"]["messages"]);
                    out.asked.insert(address.to_owned(), said);
                    out.answered.insert(address.to_owned(), replies);
                }
            }
        }
        out
    }

    /// Whether the document has this message of the server, as an element of a response or frame.
    pub(crate) fn judge(&self, message: &Value) -> Result<&str, String> {
        let is_event = message.get("data").is_some();
        one_of(if is_event { &self.told } else { &self.answered }, message)
    }
}

fn one_of<'a>(
    channels: &'a BTreeMap<String, Vec<Said>>,
    message: &Value,
) -> Result<&'a str, String> {
    let channel = message["channel"].as_str().unwrap_or(ANY_CHANNEL);
    let said = channels.get(channel).or_else(|| channels.get(ANY_CHANNEL));
    let said = said.ok_or_else(|| format!("nothing is announced on {channel}: {message}"))?;
    let mut fits = said.iter().filter(|said| said.validator.is_valid(message));
    let (Some(said), None) = (fits.next(), fits.next()) else {
        return Err(format!("expected one of the messages on {channel}, found {message}"));
    };
    let members = message.as_object().expect("a message is an object");
    match members.keys().find(|name| !said.members.contains(*name)) {
        Some(name) => Err(format!("{} does not have the member {name} of {message}", said.id)),
        None => Ok(&said.id),
    }
}

impl Said {
    fn of(document: &Value, reference: &Value) -> Self {
        let message = at(document, at(document, reference));
        let schema = at(document, &message["payload"]);
        let mut whole = json!({ "components": document["components"] });
        whole["$ref"] = message["payload"]["$ref"].clone();
        Self {
            id: message["name"].as_str().unwrap().to_owned(),
            members: schema["properties"].as_object().unwrap().keys().cloned().collect(),
            validator: jsonschema::draft7::new(&whole).unwrap(),
        }
    }
}

/// What a reference leads to.
fn at<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let path = reference["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
    document.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"))
}

/// A door at which every notification is looked up.
struct Listening {
    door: ModelDoor,
    heard: BTreeMap<String, usize>,
}

impl Listening {
    fn listen(&mut self, outcome: Outcome) -> Outcome {
        for heard in &outcome.heard {
            let data: Value = serde_json::from_str(&heard.data).unwrap();
            let event = json!({ "data": data, "channel": "/v2/me/chats" });
            let id = Announced::read().judge(&event).unwrap();
            // CHAT-8: the kind that it is, and no other that happens to fit.
            assert!(id.eq_ignore_ascii_case(data["notificationType"].as_str().unwrap()), "{id}");
            *self.heard.entry(id.to_owned()).or_default() += 1;
        }
        outcome
    }
}

impl Door for Listening {
    fn address(&self, body: &str) -> String {
        self.door.address(body)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        let outcome = self.door.visitor_does(body);
        self.listen(outcome)
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        let outcome = self.door.agent_does(agent, body);
        self.listen(outcome)
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        let outcome = self.door.supervisor_does(supervisor, agent, body);
        self.listen(outcome)
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        let outcome = self.door.house_offers(agent);
        self.listen(outcome)
    }

    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees {
        self.door.visitor_sees(awaited)
    }
}

#[test]
fn notifications_of_every_scenario_are_messages_of_their_channel() {
    let mut heard: BTreeMap<String, usize> = BTreeMap::new();
    for (name, scenario) in &Scenario::all() {
        let mut door = Listening { door: ModelDoor::default(), heard: BTreeMap::new() };
        play(name, scenario, &mut door);
        for (id, times) in door.heard {
            *heard.entry(id).or_default() += times;
        }
    }
    // Every kind that is announced was heard.
    let announced = Announced::read().told["/v2/me/chats"].iter().map(|said| said.id.clone());
    assert_eq!(heard.into_keys().collect::<BTreeSet<_>>(), announced.collect());
}

/// What real clients sent, and had success with, is as the document asks for it.
#[test]
fn requests_that_were_recorded_are_messages_of_their_channel() {
    let folder = root().join("tests/samples/platform");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(name) = name.strip_prefix("bayeux.").and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let sample: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (request, reply) = (&sample["request"]["body"], &sample["response"]["body"]);
        let succeeds = reply.as_array().is_some_and(|all| {
            !all.is_empty() && all.iter().all(|one| one["successful"] != json!(false))
        });
        for message in request.as_array().filter(|_| succeeds).into_iter().flatten() {
            found += 1;
            one_of(&Announced::read().asked, message).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
    assert!(found > 20, "{found} messages");
}

/// That a message is compared at all.
#[test]
fn what_is_not_announced_is_noticed() {
    let announced = Announced::read();
    for (message, expected) in [
        (
            json!({ "channel": "/meta/disconnect", "id": "1", "successful": true }),
            Ok("disconnectReply"),
        ),
        (json!({ "channel": "/v2/me/faxes", "data": {} }), Err("nothing is announced")),
        (json!({ "channel": "/v2/me/chats", "data": {} }), Err("expected one of the messages")),
        (
            json!({ "channel": "/meta/connect", "successful": "yes" }),
            Err("expected one of the messages"),
        ),
        (
            json!({ "channel": "/meta/connect", "successful": true, "error": "402::Unknown client" }),
            Err("expected one of the messages"),
        ),
        (
            json!({ "channel": "/meta/connect", "successful": true, "clientId": "c" }),
            Err("connectReply does not have the member clientId"),
        ),
    ] {
        match (announced.judge(&message), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{message}"),
            (Err(why), Err(expected)) => assert!(why.starts_with(expected), "{message}: {why}"),
            (found, expected) => panic!("{message}: expected {expected:?}, found {found:?}"),
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
