//! A journal and a second chat made of it, through the model: `examples/c/replay.c`.

use chat_model::{
    Chat, ChatId, Command, Context, CountingIds, CustomerOperation, Limits, OpenDirectory,
    Operation, Record, Rules, Timestamp, Trigger, UserId,
};

const STEPS: &[(&str, &str)] = &[
    ("customer", r#"{"operationName":"RequestChat","nickname":"Chris"}"#),
    ("house", "agent1"),
    ("agent", r#"{"operationName":"Accept","nickname":"Amy"}"#),
    ("agent", r#"{"operationName":"SendMessage","text":"Hello, \u041a\u0440\u0438\u0441"}"#),
    ("agent", r#"{"operationName":"AttachUserData","userData":{"order":1e400,"vip":true}}"#),
    ("customer", r#"{"operationName":"Complete"}"#),
];

pub fn output() -> String {
    let mut out = String::new();
    let mut first = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
    let mut second = Chat::new(first.id().clone());
    for (at, (by, what)) in (0..).zip(STEPS) {
        let record = record(&mut first, at, by, what).to_json();
        second.replay(&Record::from_json(record.as_bytes()).expect("a record is one"));
        out += &format!("{record}\n");
    }
    let (before, after) = (first.to_snapshot_json(), second.to_snapshot_json());
    let same = if before == after { "yes" } else { "no" };
    out + &format!("{after}\nthe same chat: {same}\n")
}

fn record(chat: &mut Chat, at: i64, by: &str, what: &str) -> Record {
    let (limits, rules, directory) = (Limits::default(), Rules::default(), OpenDirectory::new());
    let at = Timestamp::from_millis(1_389_261_492_035 + 1_000 * at);
    let context = Context::new(at, &rules, &directory);
    let mut ids = CountingIds::of_chat(chat);
    let user = UserId::new("agent1");
    let applied = match by {
        "house" => {
            let offer = Trigger::Offer { user: UserId::new(what) };
            chat.apply(&Command::House(&offer), &context, &mut ids)
        }
        "customer" => {
            let operation =
                CustomerOperation::parse(what.as_bytes(), &limits).expect("the customer may ask");
            chat.apply(&Command::Customer(&operation), &context, &mut ids)
        }
        _ => {
            let operation = Operation::parse(what.as_bytes(), &limits).expect("an agent may ask");
            chat.apply(&Command::user(&user, &operation), &context, &mut ids)
        }
    };
    applied.expect("everything in this story is allowed").record
}
