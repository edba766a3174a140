//! The AttachUserData page, through the model alone: its request in its state gives its reply and
//! its notification.

use chat_model::{
    Chat, ChatFile, Command, Context, CountingIds, Limits, OpenDirectory, Operation, OperationKind,
    Rules, Timestamp, UserId,
};

const SEED: &str = include_str!("../../../tests/samples/seed/attach_user_data.json");

/// The page's chat before the operation: what its notification shows, less the two keys.
fn before() -> (Chat, UserId) {
    let seed: serde_json::Value = serde_json::from_str(SEED).unwrap();
    let mut chat = seed["notification"]["chat"].clone();
    chat["userData"].as_object_mut().unwrap().retain(|key, _| !key.starts_with("UserData"));
    chat["owner"] = "agent1".into();
    let file = ChatFile::read(chat.to_string().as_bytes(), &Limits::default()).unwrap();
    (file.chat, file.owner.unwrap())
}

#[test]
fn the_printed_request_gives_the_printed_notification() {
    let (mut chat, user) = before();
    let seed: serde_json::Value = serde_json::from_str(SEED).unwrap();
    let rules = Rules::default();
    let request = seed["request"].to_string();
    let operation = Operation::parse(request.as_bytes(), &rules.limits).unwrap();
    let directory = OpenDirectory::new();
    let context = Context::new(Timestamp::from_millis(0), &rules, &directory).with_reference_id(83);
    let applied = chat
        .apply(&Command::user(&user, &operation), &context, &mut CountingIds::from_seed(1))
        .unwrap();

    assert_eq!(
        applied.reply(OperationKind::AttachUserData, &rules).to_json(),
        r#"{"statusCode":0}"#
    );
    assert_eq!(applied.recipients(), [user]);
    let [notice] = &applied.notices[..] else { panic!("{:?}", applied.notices) };
    let told: serde_json::Value = serde_json::from_str(&notice.data).unwrap();
    let printed = &seed["notification"];
    let mut expected = printed.clone();
    // DEC-32: what may stand beside the printed members.
    expected["chat"]["path"] = "/chats/0000Wa9CAM6W00J".into();
    for (at, participant) in
        expected["chat"]["participants"].as_array_mut().unwrap().iter_mut().enumerate()
    {
        participant["id"] = participant["participantId"].clone();
        participant["visibility"] = "All".into();
        if at == 1 {
            participant["uri"] = "http://localhost:8080/api/v2/users/agent1".into();
            participant["path"] = "/users/agent1".into();
        }
    }
    assert_eq!(told, expected);
}
