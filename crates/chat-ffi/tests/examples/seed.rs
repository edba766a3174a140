//! The AttachUserData page through the model: `examples/c/seed.c` and its likes in other languages.

use chat_model::{
    ChatFile, Command, Context, CountingIds, JsonRef, Limits, OpenDirectory, Operation, Rules,
    Timestamp, write_string,
};

const SEED: &str = include_str!("../../../../tests/samples/seed/attach_user_data.json");

pub fn output() -> String {
    let limits = Limits::default();
    let page = JsonRef::validate(SEED.as_bytes(), &limits).expect("the page is JSON");
    let part = |name| page.get(name).expect("the page has three parts");
    let ChatFile { mut chat, owner, .. } =
        ChatFile::read(before(part("notification")).as_bytes(), &limits).expect("it shows a chat");
    let user = owner.expect("the chat is somebody's");

    let rules = Rules::default();
    let operation =
        Operation::parse(part("request").as_str().as_bytes(), &limits).expect("it asks something");
    let directory = OpenDirectory::new();
    let at = Timestamp::from_millis(1_389_261_492_035);
    let context = Context::new(at, &rules, &directory).with_reference_id(83);
    let mut ids = CountingIds::of_chat(&chat);
    let applied =
        chat.apply(&Command::user(&user, &operation), &context, &mut ids).expect("it is allowed");

    let mut out = applied.reply(operation.kind(), &rules).to_json() + "\n";
    for notice in &applied.notices {
        for _ in &notice.to {
            out += &notice.data;
            out.push('\n');
        }
    }
    out
}

/// The page's chat before the request: what its notification shows, less the two keys, in the order
/// of the page.
fn before(notification: JsonRef<'_>) -> String {
    let mut file = String::from("{\"owner\":\"agent1\"");
    for (name, value) in notification.get("chat").expect("it is about a chat").members() {
        file.push(',');
        write_string(&mut file, &name.decode());
        file.push(':');
        if name.decode() != "userData" {
            file += value.as_str();
            continue;
        }
        let of_before = |key: &str| !key.starts_with("UserData");
        let kept: Vec<String> = value
            .members()
            .filter(|(key, _)| of_before(&key.decode()))
            .map(|(key, value)| {
                let mut member = String::new();
                write_string(&mut member, &key.decode());
                member + ":" + value.as_str()
            })
            .collect();
        file += &format!("{{{}}}", kept.join(","));
    }
    file + "}"
}
