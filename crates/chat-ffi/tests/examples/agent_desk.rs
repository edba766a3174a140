//! A chat from its first word to its end, through the model: `examples/c/agent_desk.c`.

use chat_model::{
    Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Directory, Limits, Operation,
    OperationKind, QueueName, Reply, Rules, Timestamp, Trigger, UserId, UserInfo,
};

/// Who is there; the house changes nothing else.
struct House {
    cat_is_there: bool,
}

impl Directory for House {
    fn user(&self, id: &UserId) -> Option<UserInfo> {
        match id.as_str() {
            "agent1" => Some(UserInfo::in_session("Amy")),
            "agent2" => Some(UserInfo::in_session("Bob")),
            "agent3" if self.cat_is_there => Some(UserInfo::in_session("Cat")),
            "agent3" => Some(UserInfo::absent("Cat")),
            _ => None,
        }
    }

    fn queue(&self, name_or_id: &str) -> Option<QueueName> {
        ["support", "billing"].contains(&name_or_id).then(|| QueueName::new(name_or_id))
    }

    fn default_queue(&self) -> Option<QueueName> {
        self.queue("support")
    }

    fn next_ready(&self, queue: &QueueName, is_free: &dyn Fn(&UserId) -> bool) -> Option<UserId> {
        let ready = match queue.as_str() {
            "support" => UserId::new("agent1"),
            _ if self.cat_is_there => UserId::new("agent3"),
            _ => return None,
        };
        is_free(&ready).then_some(ready)
    }
}

const STEPS: &[(&str, &str)] = &[
    ("customer", r#"{"operationName":"RequestChat","nickname":"Chris","subject":"An invoice"}"#),
    ("house", "agent1"),
    ("agent1", r#"{"operationName":"Accept","nickname":"Amy"}"#),
    ("customer", r#"{"operationName":"SendMessage","text":"Is this right?"}"#),
    ("agent1", r#"{"operationName":"SendMessage","text":"I shall ask."}"#),
    (
        "agent1",
        r#"{"operationName":"Consult","targetUri":"http://localhost:8080/api/v2/users/agent3"}"#,
    ),
    ("directory", "agent3"),
    (
        "agent1",
        r#"{"operationName":"Consult","targetUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    ),
    ("agent2", r#"{"operationName":"Accept","nickname":"Bob"}"#),
    ("agent2", r#"{"operationName":"SendMessage","text":"Billing knows."}"#),
    ("agent2", r#"{"operationName":"Transfer","queueName":"billing"}"#),
    ("agent2", r#"{"operationName":"Leave"}"#),
    ("agent1", r#"{"operationName":"Transfer","queueName":"billing"}"#),
    ("house", "agent3"),
    ("agent3", r#"{"operationName":"Accept","nickname":"Cat"}"#),
    ("agent3", r#"{"operationName":"SendMessage","text":"It is wrong, and corrected."}"#),
    ("agent3", r#"{"operationName":"SetDisposition","disposition":"solved"}"#),
    ("customer", r#"{"operationName":"Complete"}"#),
    ("agent3", r#"{"operationName":"Complete"}"#),
];

pub fn output() -> String {
    let mut out = String::new();
    let mut chat = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
    let mut house = House { cat_is_there: false };
    for (number, (who, what)) in (1..).zip(STEPS) {
        match *who {
            "directory" => house.cat_is_there = true,
            who => out += &step(&mut chat, &house, number, who, what),
        }
    }
    let (transcript, _) = chat.customer_view().expect("a customer asked for it").messages_json(0);
    let finished = if chat.is_finished() { "yes" } else { "no" };
    out + &format!("finished: {finished}\nwhat the customer has read: {transcript}\n")
}

/// Lets one step happen, and tells of it.
fn step(chat: &mut Chat, house: &House, number: u32, who: &str, what: &str) -> String {
    let (limits, rules, user) = (Limits::default(), Rules::default(), UserId::new(who));
    let at = Timestamp::from_millis(1_389_261_492_035 + 1_000 * i64::from(number));
    let context = Context::new(at, &rules, house).with_reference_id(number.into());
    let mut ids = CountingIds::of_chat(chat);
    let (name, applied) = match who {
        "house" => {
            let offer = Trigger::Offer { user: UserId::new(what) };
            ("Offer", chat.apply(&Command::House(&offer), &context, &mut ids))
        }
        "customer" => {
            let operation =
                CustomerOperation::parse(what.as_bytes(), &limits).expect("the customer may ask");
            let applied = chat.apply(&Command::Customer(&operation), &context, &mut ids);
            (operation.kind().name(), applied)
        }
        _ => {
            let operation = Operation::parse(what.as_bytes(), &limits).expect("an agent may ask");
            let applied = chat.apply(&Command::user(&user, &operation), &context, &mut ids);
            (operation.kind().name(), applied)
        }
    };
    let reply = match &applied {
        Ok(applied) => match OperationKind::from_name(name) {
            Some(kind) if who.starts_with("agent") => applied.reply(kind, &rules),
            _ => Reply::success(),
        },
        Err(rejection) => Reply::from(rejection),
    };
    let mut out = format!("{who} {name} -> {}\n", reply.to_json());
    for notice in applied.iter().flat_map(|applied| &applied.notices) {
        for to in &notice.to {
            out += &format!("  {to} {}\n", notice.data);
        }
    }
    out
}
