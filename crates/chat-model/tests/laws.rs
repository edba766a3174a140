//! What always holds, whatever agents, customer and house do to a chat: the invariants of the
//! project and what DEC-5 to DEC-34 promise to everyone who listens.
//!
//! The chats come from stories: random commands that the chat itself accepts. What is expected is
//! computed from what clients see, not from the model's own functions.

#[path = "support/happenings.rs"]
mod happenings;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use chat_model::testing::{
    Happening, Step, World, chat, customer_operation, operation, story, timestamp, user_data_keys,
    user_data_patch,
};
use chat_model::{
    Author, Chat, ChatFile, ChatState, Command, Context, CountingIds, CustomerOperationKind,
    Directory, Event, Leg, LegState, Limits, Notification, Operation, OperationKind, Record,
    Rejection, Role, Rules, Situation, Standing, StatusCode, Target, Timestamp, UserId, Visibility,
};
use happenings::for_each_happening;
use proptest::prelude::*;
use serde_json::Value;

const MOVES: std::ops::Range<usize> = 0..22;

fn requester(happening: &Happening) -> Option<&UserId> {
    match &happening.applied.record.by {
        Author::User(user) => Some(user),
        _ => None,
    }
}

proptest! {
    /// Refused means unchanged, bit for bit, the source of ids included (PLAT-1.2-2, point 4).
    #[test]
    fn refused_leaves_no_trace(
        story in story(MOVES),
        agent in 0..6_usize,
        operation in operation(),
        customer in customer_operation(),
    ) {
        let world = story.play();
        let users = ["agent1", "agent2", "agent3", "agent4", "absent", "nobody"];
        let steps = [Step::agent(users[agent].into(), operation), Step::Customer(customer)];
        for step in steps {
            let mut chat = world.chat().clone();
            let mut ids = CountingIds::from_seed(7);
            if let Err(rejection) = chat.apply(&step.command(), &world.context(), &mut ids) {
                prop_assert_eq!(wire::everything(&chat), wire::everything(world.chat()));
                let untouched = format!("{:?}", CountingIds::from_seed(7));
                prop_assert_eq!(format!("{ids:?}"), untouched);
                prop_assert!(rejection.status() != StatusCode::Success);
                prop_assert!(!rejection.to_string().is_empty());
            }
        }
    }

    /// DEC-10, DEC-13: accepted if and only if the table allows it; and what the table refuses has
    /// code 2 where nobody may, code 3 where only the role may not.
    #[test]
    fn the_table_is_the_guard(story in story(MOVES), operation in operation(), agent in 0..5_usize) {
        let world = story.play();
        let user = UserId::from(format!("agent{}", agent + 1));
        let answer = world.would(&Step::agent(user.clone(), operation.clone()));
        let Some(leg) = world.chat().leg(&user) else {
            prop_assert_eq!(answer, Err(Rejection::ChatNotFound));
            return Ok(());
        };
        let kind = operation.kind();
        let situation = world.chat().situation(&user).unwrap();
        if parameter_trouble(&world, &user, &operation) == Some(StatusCode::InvalidValue) {
            // DEC-14: parameters come before the capability.
            prop_assert_eq!(answer.unwrap_err().status(), StatusCode::InvalidValue);
            return Ok(());
        }
        if !situation.standing(kind).is_allowed() {
            let status = answer.unwrap_err().status();
            let printed = world.chat().capabilities(&user).any(|listed| listed == kind);
            if leg.state().is_final() {
                prop_assert_eq!(status, StatusCode::InvalidForState);
            }
            if printed {
                // DEC-10: listed only.
                prop_assert_eq!(status, StatusCode::Forbidden);
            }
            prop_assert!(matches!(status, StatusCode::InvalidForState | StatusCode::Forbidden));
            return Ok(());
        }
        match parameter_trouble(&world, &user, &operation) {
            None => prop_assert_eq!(answer, Ok(())),
            Some(status) => prop_assert_eq!(answer.unwrap_err().status(), status),
        }
    }

    /// What lists are kept by changes only with records that do not promise that it stays.
    #[test]
    fn records_that_move_nobody_leave_parts_and_queue_alone(story in story(MOVES)) {
        let world = story.play();
        let mut chat = Chat::new(world.chat().id().clone());
        let place = |chat: &Chat| {
            let legs = chat.legs().map(|leg| (leg.user().clone(), leg.state(), leg.role()));
            let waiting = chat.waiting().map(|(queue, since)| (queue.clone(), since));
            (legs.collect::<Vec<_>>(), waiting, chat.visitor().cloned(), chat.is_finished())
        };
        for happening in world.past() {
            let record = &happening.applied.record;
            let before = place(&chat);
            chat.replay(record);
            // Before the first record there is no chat.
            prop_assert!(!record.moves_nobody() || chat.revision() == 1 || place(&chat) == before);
        }
    }

    /// The fold of the events is the state; records and snapshots lose nothing on the way through
    /// JSON; whoever reads the journal tells the same notices byte for byte (DEC-31).
    #[test]
    fn records_are_the_truth(story in story(MOVES)) {
        let world = story.play();
        let mut replayed = Chat::new(world.chat().id().clone());
        let mut replica = replayed.clone();
        for happening in world.past() {
            let json = happening.applied.record.to_json();
            let record = Record::from_json(json.as_bytes()).unwrap();
            prop_assert_eq!(&record, &happening.applied.record);
            prop_assert_eq!(record.to_json(), json);
            replayed.replay(&record);
            prop_assert_eq!(wire::everything(&replayed), wire::everything(&happening.after));
            let notices = replica.announce(&record, world.rules());
            prop_assert_eq!(&notices, &happening.applied.notices);
            prop_assert_eq!(wire::everything(&replica), wire::everything(&happening.after));
            prop_assert_eq!(happening.applied.revision, happening.after.revision());
            prop_assert_eq!(happening.before.revision() + 1, happening.after.revision());
        }
        let snapshot = world.chat().to_snapshot_json();
        let read = ChatFile::read(snapshot.as_bytes(), &Limits::default()).unwrap().chat;
        prop_assert_eq!(&read, world.chat());
        prop_assert_eq!(wire::everything(&read), wire::everything(world.chat()));
    }

    /// Deciding changes nothing and agrees with applying.
    #[test]
    fn deciding_is_applying_without_doing(story in story(MOVES)) {
        for_each_happening(&story, |world, happening| {
            let context = Context::new(happening.applied.record.at, world.rules(), &happening.cast)
                .with_reference_id(happening.reference_id);
            let mut ids = CountingIds::from_seed(0);
            let before = wire::everything(&happening.before);
            let decided = happening.before.decide(&happening.step.command(), &context, &mut ids);
            prop_assert_eq!(before, wire::everything(&happening.before));
            prop_assert_eq!(decided.unwrap().events.len(), happening.applied.record.events.len());
            Ok(())
        })?;
    }

    /// Point 7: the same chat, commands, times and ids give the same bytes.
    #[test]
    fn two_instances_differ_in_no_byte(story in story(MOVES)) {
        let (one, other) = (story.play(), story.play());
        prop_assert_eq!(one.past().len(), other.past().len());
        for (one, other) in one.past().iter().zip(other.past()) {
            prop_assert_eq!(one.applied.record.to_json(), other.applied.record.to_json());
            prop_assert_eq!(&one.applied.notices, &other.applied.notices);
            prop_assert_eq!(one.after.to_snapshot_json(), other.after.to_snapshot_json());
        }
    }

    /// Every notice is one of the two messages, reads into the crate's own types and prints back
    /// the same value; lists are there, empty ones too (CHAT-2.5, CHAT-2.6, DEC-32, DEC-33).
    #[test]
    fn every_notice_is_whole_and_reads_back(story in story(MOVES)) {
        for_each_happening(&story, |_, happening| {
            for notice in &happening.applied.notices {
                let value = wire::data(notice);
                let read: Notification = serde_json::from_str(&notice.data).unwrap();
                prop_assert_eq!(serde_json::to_value(&read).unwrap(), value.clone());
                match wire::text(&value, "/messageType") {
                    "ChatStateChangeMessage" => {
                        prop_assert!(value["chat"]["participants"].is_array());
                        prop_assert!(value["chat"]["capabilities"].is_array());
                        prop_assert!(value["chat"]["userData"].is_object());
                        prop_assert_eq!(wire::text(&value, "/chat/id"), happening.after.id().as_str());
                        prop_assert_eq!(wire::text(&value, "/chat/path"), happening.after.id().path());
                        let known = read.chat.as_ref().and_then(|chat| chat.state.clone());
                        prop_assert!(!matches!(known, None | Some(ChatState::Unrecognized(_))));
                    }
                    "MessageLogUpdated" => {
                        // CHAT-8.9, DEC-31: never a reference id.
                        prop_assert!(value.get("referenceId").is_none());
                        prop_assert_eq!(wire::text(&value, "/chatPath"), happening.after.id().path());
                        prop_assert!(wire::text(&value, "/chatUri").ends_with(&happening.after.id().path()));
                        prop_assert!(!value["messages"].as_array().unwrap().is_empty());
                        for message in value["messages"].as_array().unwrap() {
                            let at = message["timestampSeconds"].as_i64().unwrap();
                            let wire = Timestamp::from_wire(wire::text(message, "/timestamp"));
                            prop_assert_eq!(wire.map(Timestamp::as_millis), Some(at));
                        }
                    }
                    other => prop_assert!(false, "an unknown message {}", other),
                }
                for key in ["chat", "messages"] {
                    let people = value[key].pointer("/participants").into_iter().flat_map(|list| list.as_array().unwrap());
                    for person in people {
                        prop_assert_eq!(&person["id"], &person["participantId"]);
                        let is_agent = person["type"] == "Agent";
                        prop_assert_eq!(person.get("path").is_some(), is_agent);
                        prop_assert_eq!(person.get("uri").is_some(), is_agent);
                    }
                }
            }
            Ok(())
        })?;
    }

    /// A client that only listens knows what a GET would say: the last resource that it was sent is
    /// the present one (DEC-5, DEC-22, DEC-32), and the messages it was sent are the transcript.
    #[test]
    fn who_listens_needs_no_get(story in story(MOVES)) {
        let mut resources: BTreeMap<UserId, Value> = BTreeMap::new();
        let mut logs: BTreeMap<UserId, Vec<Value>> = BTreeMap::new();
        for_each_happening(&story, |world, happening| {
            for notice in &happening.applied.notices {
                let value = wire::data(notice);
                for user in &notice.to {
                    if let Some(chat) = value.get("chat") {
                        if chat["state"] == "Invited" || value["notificationType"] == "StatusChange" && chat["state"] == "Chatting" {
                            logs.remove(user);
                        }
                        resources.insert(user.clone(), chat.clone());
                    } else {
                        let log = logs.entry(user.clone()).or_default();
                        log.extend(value["messages"].as_array().unwrap().iter().cloned());
                    }
                }
            }
            for leg in happening.after.legs() {
                let user = leg.user();
                let now = wire::resource(&happening.after, user, world.rules());
                let told = resources.get(user).cloned();
                if leg.state().is_final() {
                    // Told once more with the final state, then never again (DEC-22).
                    prop_assert_eq!(&told.unwrap()["state"], &now.unwrap()["state"]);
                } else {
                    prop_assert_eq!(&told, &now, "{} is out of date", user);
                }
                if leg.state() == LegState::Chatting {
                    let log = wire::messages(&happening.after, user, world.rules());
                    prop_assert_eq!(logs.get(user), Some(&log), "the log of {}", user);
                }
            }
            Ok(())
        })?;
    }

    /// DEC-22, DEC-23, DEC-33: only open legs and those that just ended are told; messages go to
    /// joined agents alone, and never before the StatusChange that introduces the chat.
    #[test]
    fn nobody_else_is_told(story in story(MOVES)) {
        let mut told: BTreeMap<UserId, String> = BTreeMap::new();
        for_each_happening(&story, |_, happening| {
            let mut hearers = Vec::new();
            for notice in &happening.applied.notices {
                prop_assert!(!notice.to.is_empty());
                let distinct: BTreeSet<_> = notice.to.iter().collect();
                prop_assert_eq!(distinct.len(), notice.to.len(), "each once");
                let value = wire::data(notice);
                for user in &notice.to {
                    if !hearers.contains(user) {
                        hearers.push(user.clone());
                    }
                    let known = told.get(user).map(String::as_str);
                    let gone = matches!(known, None | Some("Completed" | "Revoked"));
                    if value["messageType"] == "MessageLogUpdated" {
                        prop_assert_eq!(known, Some("Chatting"), "{} hears messages", user);
                        continue;
                    }
                    let state = wire::text(&value, "/chat/state").to_owned();
                    if gone {
                        // DEC-19: a supervisor comes along without being asked.
                        let first = if is_admitted(happening, user) { "Chatting" } else { "Invited" };
                        prop_assert_eq!(&state, first, "{} is not on the chat", user);
                    }
                    if known != Some(&*state) {
                        prop_assert_eq!(wire::text(&value, "/notificationType"), "StatusChange");
                    }
                    told.insert(user.clone(), state);
                }
            }
            // The feeds that a journal names are those who are told.
            prop_assert_eq!(happening.applied.recipients(), hearers);
            Ok(())
        })?;
    }

    /// DEC-31: every state message that a request caused carries its number, to the requester only;
    /// DEC-16: what becomes of an invitation carries the number of the request that made it.
    #[test]
    fn the_reference_id_is_for_the_requester(story in story(MOVES)) {
        let mut asked: BTreeMap<u64, UserId> = BTreeMap::new();
        for_each_happening(&story, |_, happening| {
            if let Some(user) = requester(happening) {
                asked.insert(happening.reference_id, user.clone());
            }
            for notice in &happening.applied.notices {
                let value = wire::data(notice);
                if value["messageType"] == "MessageLogUpdated" {
                    continue;
                }
                let number = value.get("referenceId").and_then(Value::as_u64);
                for user in &notice.to {
                    if value["notificationType"] == "Error" {
                        prop_assert_eq!(number.and_then(|n| asked.get(&n)), Some(user));
                    } else if Some(user) == requester(happening) {
                        prop_assert_eq!(number, Some(happening.reference_id));
                    } else {
                        prop_assert_eq!(number, None);
                    }
                }
            }
            Ok(())
        })?;
    }

    /// CUST-4.8, DEC-22: the customer sees what is for all, with the indices of the agents, and
    /// nothing else; DEC-47: the numbering is dense from 1, and old entries never change.
    #[test]
    fn the_customer_sees_what_is_for_all(story in story(MOVES)) {
        for_each_happening(&story, |world, happening| {
            let (before, chat) = (&happening.before, &happening.after);
            let seen = wire::customer_messages(chat);
            let earlier = wire::customer_messages(before);
            prop_assert_eq!(&seen[..earlier.len()], &earlier[..]);
            let for_all: BTreeSet<u64> = seen.iter().map(|m| m["index"].as_u64().unwrap()).collect();
            prop_assert!(seen.iter().all(|m| m["from"]["participantId"] != "0"));
            for leg in chat.legs().filter(|leg| leg.state() == LegState::Chatting) {
                let log = wire::messages(chat, leg.user(), world.rules());
                let indices: Vec<u64> = log.iter().map(|m| m["index"].as_u64().unwrap()).collect();
                let stored: Value = serde_json::from_str(&chat.to_snapshot_json()).unwrap();
                let entries = stored["log"].as_array().unwrap();
                let expected: Vec<u64> = (1..=chat.log_len()).filter(|&index| {
                    let entry = &entries[index as usize - 1];
                    let from = &stored["people"][entry["from"].as_u64().unwrap() as usize];
                    let secret = entry["visibility"] == "Supervisors";
                    !secret || leg.is_supervisor() || from["user"] == leg.user().as_str()
                }).collect();
                prop_assert_eq!(&indices, &expected, "what {} sees", leg.user());
                for message in &log {
                    let all = message["visibility"] == "All";
                    let index = message["index"].as_u64().unwrap();
                    prop_assert_eq!(for_all.contains(&index), all, "{}", message);
                }
                let person = chat.view(leg.user(), world.rules()).unwrap().messages_json(3, 2);
                let page: Vec<Value> = serde_json::from_str(&person).unwrap();
                prop_assert_eq!(&page[..], log.get(2..log.len().min(4)).unwrap_or_default());
            }
            Ok(())
        })?;
    }

    /// DEC-10: what a consulted agent sends is for agents only, whichever operation it uses.
    #[test]
    fn a_consultant_is_never_heard_by_the_customer(story in story(MOVES)) {
        for_each_happening(&story, |_, happening| {
            let Some(user) = requester(happening) else { return Ok(()) };
            let role = happening.before.leg(user).map(|leg| (leg.state(), leg.role()));
            if role == Some((LegState::Chatting, Role::Consultant)) {
                let before = wire::customer_messages(&happening.before);
                let after = wire::customer_messages(&happening.after);
                let leaves = matches!(&happening.step, Step::Agent { operation, .. } if operation.kind() == OperationKind::Leave);
                // Who leaves may make another one visible (DEC-21).
                prop_assert!(leaves || after.len() == before.len(), "{:?}", after.last());
            }
            Ok(())
        })?;
    }

    /// DEC-21: the customer's state, judged by who stands in the customer's own list; and who ends
    /// the session, judged by what was asked.
    #[test]
    fn the_customer_state_follows_who_is_there(story in story(MOVES)) {
        let mut open = false;
        for_each_happening(&story, |_, happening| {
            let Some(seen) = wire::customer_resource(&happening.after) else { return Ok(()) };
            let there = |kind: &str| seen["participants"].as_array().unwrap().iter().any(|p| p["type"] == kind);
            // A supervisor who barged in is seen, and serves nobody (DEC-21).
            let barged_in = happening.after.legs()
                .filter(|leg| leg.state() == LegState::Chatting && leg.role() == Role::BargeIn).count();
            let agents = seen["participants"].as_array().unwrap().iter().filter(|p| p["type"] == "Agent").count();
            let expected = match (there("Customer"), agents > barged_in) {
                (false, _) => "Idle",
                (true, true) => "Chatting",
                (true, false) => "WaitingForAgent",
            };
            prop_assert_eq!(wire::text(&seen, "/state"), expected);
            prop_assert_eq!(seen["capabilities"].as_array().unwrap().is_empty(), expected == "Idle");

            let chatting = |chat: &Chat| -> Vec<UserId> {
                let serves = |leg: &&Leg| leg.state() == LegState::Chatting && !leg.role().is_supervising();
                chat.legs().filter(serves).map(|leg| leg.user().clone()).collect()
            };
            match &happening.step {
                Step::Customer(operation) if operation.kind() == CustomerOperationKind::RequestChat => open = true,
                Step::Customer(operation) if operation.kind() == CustomerOperationKind::Complete => open = false,
                Step::House(chat_model::Trigger::CustomerGone) => open = false,
                Step::Agent { user, operation, .. }
                    if matches!(operation.kind(), OperationKind::Leave | OperationKind::Complete)
                        && chatting(&happening.before) == [user.clone()]
                        && !somebody_is_coming(&happening.before) =>
                {
                    open = false;
                }
                _ => {}
            }
            prop_assert_eq!(open, expected != "Idle", "the session");
            // A customer who is there is served, offered or queued; nobody is forgotten.
            if expected == "WaitingForAgent" {
                let offered = happening.after.legs().any(|leg| leg.state() == LegState::Invited);
                let agents = !chatting(&happening.after).is_empty();
                prop_assert!(offered || agents || happening.after.waiting().is_some(), "forgotten");
            }
            Ok(())
        })?;
    }

    /// DEC-21: while the customer's session is open and a consulted agent is alone in it, somebody
    /// else is on the way: otherwise the consulted one would have been raised.
    #[test]
    fn consultants_are_not_left_alone_with_the_customer(story in story(MOVES)) {
        for_each_happening(&story, |_, happening| {
            let chat = &happening.after;
            let serves = |leg: &&Leg| leg.state() == LegState::Chatting && !leg.role().is_supervising();
            let chatting: Vec<_> = chat.legs().filter(serves).collect();
            let only_consultants = !chatting.is_empty() && chatting.iter().all(|leg| leg.role() == Role::Consultant);
            let open = chat.customer_state() != chat_model::CustomerState::Idle;
            prop_assert!(!(open && only_consultants) || somebody_is_coming(chat));
            Ok(())
        })?;
    }

    /// One leg per user; a final leg prints no capabilities, answers code 2 and comes back only by
    /// an invitation (DEC-11, DEC-13, DEC-23).
    #[test]
    fn final_legs_are_final(story in story(MOVES), operation in operation()) {
        for_each_happening(&story, |world, happening| {
            let users: Vec<_> = happening.after.legs().map(|leg| leg.user()).collect();
            let distinct: BTreeSet<_> = users.iter().collect();
            prop_assert_eq!(distinct.len(), users.len());
            for leg in happening.after.legs().filter(|leg| leg.state().is_final()) {
                prop_assert_eq!(happening.after.capabilities(leg.user()).count(), 0);
                let mut chat = happening.after.clone();
                let answer = chat.apply(
                    &Command::user(leg.user(), &operation),
                    &world.context(),
                    &mut CountingIds::from_seed(1),
                );
                let status = answer.unwrap_err().status();
                let itself = parameter_trouble(world, leg.user(), &operation) == Some(StatusCode::InvalidValue);
                prop_assert!(status == StatusCode::InvalidForState || itself && status == StatusCode::InvalidValue);
            }
            for leg in happening.before.legs().filter(|leg| leg.state().is_final()) {
                let state = happening.after.leg(leg.user()).unwrap().state();
                let begins = state == LegState::Invited || is_admitted(happening, leg.user());
                prop_assert!(state == leg.state() || begins);
            }
            Ok(())
        })?;
    }

    /// DEC-10: the printed list is the table's, and everything printed is accepted unless it is
    /// listed only.
    #[test]
    fn the_printed_list_is_the_table(story in story(MOVES)) {
        for_each_happening(&story, |world, happening| {
            for leg in happening.after.legs() {
                let seen = wire::resource(&happening.after, leg.user(), world.rules()).unwrap();
                let situation: Situation = happening.after.situation(leg.user()).unwrap();
                let printed: Vec<_> = wire::texts(&seen["capabilities"]).iter().map(|n| OperationKind::from_name(n).unwrap()).collect();
                let table: Vec<_> = OperationKind::ALL.iter().copied().filter(|&kind| situation.standing(kind).is_printed()).collect();
                prop_assert!(table.iter().all(|kind| printed.contains(kind)));
                prop_assert_eq!(printed.len(), table.len());
                // CHAT-4.5: company is whoever else the caller sees as an agent in the list.
                let others = seen["participants"].as_array().unwrap().iter()
                    .filter(|p| p["type"] == "Agent" && !wire::text(p, "/path").ends_with(leg.user().as_str())).count();
                if leg.state() == LegState::Chatting && !leg.role().is_supervising() {
                    prop_assert_eq!(printed.contains(&OperationKind::SendToAgents), others > 0);
                }
            }
            Ok(())
        })?;
    }

    /// DEC-1 to DEC-6 through whole operations: attach and delete are idempotent, attaching new keys
    /// and deleting them leads back, and the order is that of first appearance.
    #[test]
    fn user_data_laws_hold_through_operations(
        story in story(MOVES),
        patch in user_data_patch(),
        keys in user_data_keys(),
    ) {
        let world = story.play();
        let chatting = world.chat().legs().find(|leg| leg.state() == LegState::Chatting);
        let Some(user) = chatting.map(|leg| leg.user().clone()) else { return Ok(()) };
        let ask = |world: &mut World, body: String| {
            let operation = Operation::parse(body.as_bytes(), &Limits::default()).unwrap();
            let happening = world.take(Step::agent(user.clone(), operation)).unwrap();
            // DEC-5: it always announces itself.
            assert!(happening.applied.recipients().contains(&user));
            world.chat().user_data().to_string()
        };
        let attach = |patch: &str| format!(r#"{{"operationName":"AttachUserData","userData":{patch}}}"#);
        let update = |patch: &str| format!(r#"{{"operationName":"UpdateUserData","userData":{patch}}}"#);
        let delete = |keys: &str| format!(r#"{{"operationName":"DeleteUserData","keys":{keys}}}"#);
        let start = world.chat().user_data().to_string();

        let mut one = world.clone();
        let once = ask(&mut one, attach(patch.as_json()));
        prop_assert_eq!(&ask(&mut one, attach(patch.as_json())), &once);
        let mut other = world.clone();
        prop_assert_eq!(&ask(&mut other, update(patch.as_json())), &once, "DEC-2");

        // The order of keys: those that were there, then the new ones in the order of the request.
        let keys_of = |json: &str| -> Vec<String> {
            let data = chat_model::JsonText::parse(json.as_bytes(), &Limits::default()).unwrap();
            data.as_ref().members().map(|(key, _)| key.decode().into_owned()).collect()
        };
        let mut order = keys_of(&start);
        let new: Vec<_> = keys_of(patch.as_json()).into_iter().filter(|key| !order.contains(key)).collect();
        order.extend(new.iter().cloned());
        prop_assert_eq!(keys_of(&once), order);
        for (key, value) in patch.pairs() {
            let stored = one.chat().user_data().get(&key.decode()).unwrap();
            prop_assert_eq!(stored.as_str(), value.as_str());
        }

        let gone = ask(&mut one, delete(keys.as_json()));
        prop_assert_eq!(&ask(&mut one, delete(keys.as_json())), &gone);
        for key in keys.iter() {
            prop_assert!(!one.chat().user_data().contains(&key.decode()));
        }

        // Attach of new keys, then delete: as before.
        let fresh: chat_model::UserDataKeys = new.iter().collect();
        let all: chat_model::UserDataKeys = keys_of(patch.as_json()).iter().collect();
        let mut back = world.clone();
        ask(&mut back, attach(patch.as_json()));
        let after = ask(&mut back, delete(fresh.as_json()));
        prop_assert_eq!(keys_of(&after), keys_of(&start));
        if fresh.len() == all.len() {
            prop_assert_eq!(after, start);
        }
    }

    /// What is printed for one agent is one agent's own: the same bytes go to several only if each
    /// would see them anyway.
    #[test]
    fn shared_bytes_are_what_each_would_see(story in story(MOVES)) {
        for_each_happening(&story, |world, happening| {
            let Some(last) = happening.applied.notices.iter().rev().find(|n| n.data.contains("ChatStateChangeMessage")) else {
                return Ok(());
            };
            let value = wire::data(last);
            for user in &last.to {
                let own = wire::resource(&happening.after, user, world.rules());
                prop_assert_eq!(own.as_ref(), value.get("chat"));
            }
            Ok(())
        })?;
    }

    /// A chat that a story reached is one that files can carry.
    #[test]
    fn chats_survive_files(chat in chat()) {
        let record = ChatFile::read(chat.to_snapshot_json().as_bytes(), &Limits::default())
            .unwrap()
            .into_record(Timestamp::from_millis(5));
        let mut copy = Chat::new(chat.id().clone());
        copy.replay(&Record::from_json(record.to_json().as_bytes()).unwrap());
        let rules = Rules::default();
        for leg in chat.legs() {
            let (one, other) = (chat.view(leg.user(), &rules), copy.view(leg.user(), &rules));
            prop_assert_eq!(one.unwrap().to_json(), other.unwrap().to_json());
        }
        prop_assert_eq!(copy.revision(), 1);
        prop_assert_eq!(chat.customer_state(), copy.customer_state());
    }

    /// CHAT-1.11: what is printed as a time reads back as the same time, at every offset.
    #[test]
    fn times_read_back(at in timestamp(), offset in -14 * 60..=14 * 60_i16) {
        prop_assert_eq!(Timestamp::from_wire(&at.to_wire(offset)), Some(at));
    }

    /// Unknown texts survive reading and printing (CHAT-6.10, CHAT-2.9), unknown records do not
    /// pass for known ones.
    #[test]
    fn unknown_text_survives(text in ".{0,20}", number in any::<u64>()) {
        let value = serde_json::json!({
            "notificationType": text, "messageType": text, "referenceId": number,
            "chat": {
                "id": "1", "state": text, "chatType": text, "capabilities": [text], "comment": text,
                "participants": [{ "type": text, "visibility": text, "nickname": text }],
            },
            "messages": [{ "type": text, "visibility": text, "from": { "type": text } }],
        });
        let read: Notification = serde_json::from_str(&value.to_string()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }
}

/// DEC-17, DEC-40: an invitation names when it lapses, and nothing lapses before.
#[test]
fn the_next_expiry_is_the_earliest_invitation() {
    proptest!(|(story in story(MOVES))| {
        let world = story.play();
        let chat = world.chat();
        let expected = chat
            .legs()
            .filter(|leg| leg.state() == LegState::Invited)
            .filter_map(|leg| Some((leg.expires_at()?, leg.user())))
            .min();
        prop_assert_eq!(chat.next_expiry(), expected);
        for leg in chat.legs().filter(|leg| leg.state() == LegState::Invited) {
            let expire = Step::House(chat_model::Trigger::Expire { user: leg.user().clone() });
            let due = leg.expires_at().is_some_and(|at| at <= world.context().at);
            prop_assert_eq!(world.would(&expire).is_ok(), due);
        }
    });
}

/// Whether `user` came along to supervise (DEC-19).
fn is_admitted(happening: &Happening, user: &UserId) -> bool {
    let admits =
        |event: &Event| matches!(event, Event::SupervisorAdmitted { user: who, .. } if who == user);
    happening.applied.record.events.iter().any(admits)
}

/// Whether an agent is on the way to the customer: from a queue or by a transfer (DEC-15).
fn somebody_is_coming(chat: &Chat) -> bool {
    use chat_model::Origin;
    let invited = |leg: &Leg| {
        leg.state() == LegState::Invited
            && matches!(leg.origin(), Origin::Routed { .. } | Origin::Transferred { .. })
    };
    chat.waiting().is_some() || chat.legs().any(invited)
}

/// What is wrong with an operation beside the capability, by the words of DEC-7, DEC-12, DEC-15 and
/// DEC-16.
fn parameter_trouble(world: &World, user: &UserId, operation: &Operation) -> Option<StatusCode> {
    let (chat, cast) = (world.chat(), world.cast());
    let queue = |name: &str| cast.queue(name).is_none().then_some(StatusCode::NotFound);
    let on_the_chat = |user: &UserId| chat.leg(user).filter(|leg| !leg.state().is_final());
    let agent = |target: &UserId| {
        if target == user {
            Some(StatusCode::InvalidValue)
        } else {
            cast.user(target).is_none().then_some(StatusCode::NotFound)
        }
    };
    // CHAT-7.2-5: they get the answer of those who cannot come, so that nobody learns who listens.
    let listens_unseen = |target: &UserId| {
        let asked_to = |leg: &Leg| leg.state() == LegState::Invited && leg.is_supervisor();
        let does = |leg: &Leg| leg.role().visibility() == Visibility::Supervisors;
        !chat.leg(user).is_some_and(Leg::is_supervisor)
            && on_the_chat(target).is_some_and(|leg| asked_to(leg) || does(leg))
    };
    match operation {
        Operation::Transfer { target, .. } => match target.target() {
            Target::User(target) => agent(target),
            Target::Queue(name) => queue(name.as_str()),
            _ => None,
        },
        Operation::Consult { target, .. } => match target.target() {
            Target::User(target) => agent(target).or_else(|| {
                on_the_chat(target)
                    .filter(|_| !listens_unseen(target))
                    .map(|_| StatusCode::InvalidForState)
            }),
            Target::Queue(name) => queue(name.as_str()),
            _ => None,
        },
        Operation::Invite { target, .. } => agent(target.user()).or_else(|| {
            let raised = |leg: &Leg| {
                leg.state() == LegState::Chatting && leg.role().visibility() == Visibility::Agents
            };
            on_the_chat(target.user())
                .filter(|leg| !raised(leg) && !listens_unseen(target.user()))
                .map(|_| StatusCode::InvalidForState)
        }),
        Operation::RemoveParticipantFromConference { target, .. } => {
            let joined = |leg: &Leg| leg.state() == LegState::Chatting;
            let is_seen =
                chat.leg(target.user()).is_some_and(joined) && !listens_unseen(target.user());
            match agent(target.user()) {
                Some(StatusCode::InvalidValue) => Some(StatusCode::InvalidValue),
                _ => (!is_seen).then_some(StatusCode::NotFound),
            }
        }
        Operation::Complete { queue_name, .. } => {
            queue_name.as_ref().and_then(|name| queue(name.as_str()))
        }
        _ => None,
    }
}

/// The stories visit what the laws are about; otherwise the laws would hold for nothing.
#[test]
fn stories_reach_every_state_and_event() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..160 {
        let world = story(20..40).new_tree(&mut runner).unwrap().current().play();
        for happening in world.past() {
            for leg in happening.after.legs() {
                let situation = happening.after.situation(leg.user()).unwrap();
                let (role, company) = (situation.role, situation.company);
                let state = match situation.state {
                    LegState::Chatting => format!("Chatting {role} company={company}"),
                    state => state.to_string(),
                };
                *reached.entry(state).or_default() += 1;
            }
            for event in &happening.applied.record.events {
                let debug = format!("{event:?}");
                let name = debug.split([' ', '{', '(']).next().unwrap().to_owned();
                *reached.entry(name).or_default() += 1;
            }
            if let Step::Agent { operation, .. } = &happening.step {
                *reached.entry(format!("operation {}", operation.kind())).or_default() += 1;
            }
        }
    }
    let mut expected: Vec<String> =
        OperationKind::ALL.iter().map(|kind| format!("operation {kind}")).collect();
    expected.extend(
        LegState::ALL.iter().filter(|&&s| s != LegState::Chatting).map(ToString::to_string),
    );
    for role in Role::ALL {
        expected.extend([true, false].map(|company| format!("Chatting {role} company={company}")));
    }
    let events = [
        "Requested",
        "Queued",
        "Offered",
        "Accepted",
        "Joined",
        "JoinFailed",
        "Declined",
        "Revoked",
        "UserDataAttached",
        "UserDataUpdated",
        "UserDataDeleted",
        "DispositionSet",
        "CommentSet",
        "FocusSet",
        "Said",
        "Left",
        "RoleChanged",
        "CustomerLeft",
        "OperationFailed",
    ];
    expected.extend(events.map(Into::into));
    let missing: Vec<_> = expected.iter().filter(|name| !reached.contains_key(*name)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}\n{reached:#?}");
}

/// A new event or standing must be thought about here too.
#[test]
fn the_tests_know_every_standing() {
    let standings = [Standing::Listed, Standing::Unlisted, Standing::ListedOnly, Standing::Refused];
    let allowed: Vec<bool> = standings.iter().map(|standing| standing.is_allowed()).collect();
    let printed: Vec<bool> = standings.iter().map(|standing| standing.is_printed()).collect();
    assert_eq!(allowed, [true, true, false, false]);
    assert_eq!(printed, [true, false, true, false]);
    let _ = |event: &Event| matches!(event, Event::CustomerLeft);
}
