//! Texts for the calls: mostly what makes sense, sometimes damaged, sometimes anything.

use arbitrary::{Arbitrary, Unstructured};

/// A text to pass.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) Vec<u8>);

/// What makes sense somewhere: bodies, chats, records, names.
const SENSE: &[&str] = &[
    r#"{"operationName":"Accept","nickname":"Amy"}"#,
    r#"{"operationName":"Accept"}"#,
    r#"{"operationName":"Reject"}"#,
    r#"{"operationName":"AttachUserData","userData":{"a":1,"b":{"c":[null,1e2]}}}"#,
    r#"{"operationName":"UpdateUserData","userData":{"a":"\u00e9","Subject":"x"}}"#,
    r#"{"operationName":"DeleteUserData","keys":["a","zz"]}"#,
    r#"{"operationName":"SetDisposition","disposition":"resolved"}"#,
    r#"{"operationName":"SetComment","comment":"\ud83d\ude00"}"#,
    r#"{"operationName":"SetInFocus"}"#,
    r#"{"operationName":"SendMessage","text":"Hello"}"#,
    r#"{"operationName":"SendToAgents","text":"psst"}"#,
    r#"{"operationName":"SendStartTypingNotification"}"#,
    r#"{"operationName":"PushUrl","url":"http://example.com/"}"#,
    r#"{"operationName":"Transfer","targetUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    r#"{"operationName":"Transfer","queueName":"Billing"}"#,
    r#"{"operationName":"Consult","targetUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    r#"{"operationName":"CancelConsult"}"#,
    r#"{"operationName":"Invite","targetUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    r#"{"operationName":"RemoveParticipant","participantUri":"http://localhost:8080/api/v2/users/agent2"}"#,
    r#"{"operationName":"Leave"}"#,
    r#"{"operationName":"Complete"}"#,
    r#"{"operationName":"Complete","queueName":"Billing"}"#,
    r#"{"operationName":"SwitchToCoach"}"#,
    r#"{"operationName":"SwitchToBargeIn"}"#,
    r#"{"operationName":"RequestChat","nickname":"Chris","subject":"Question","userData":{"k":1}}"#,
    r#"{"operationName":"Monitor","supervisorMonitoringMode":"AllChats"}"#,
    r#"{"operationName":"BargeIn","supervisorMonitoringMode":"NextChat","nickname":"Sue"}"#,
    r#"{"operationName":"CancelSupervisorMonitoring"}"#,
    r#"{"operationName":"Intrude"}"#,
    r#"{"userData":{"Subject":"Help"},"state":"Chatting","owner":"agent1","participants":[{"nickname":"Chris","type":"Customer","participantId":"007352CE982D031B"},{"nickname":"Amy","type":"Agent","participantId":"007352CE984F0321"}],"id":"0000Wa9CAM6W00J"}"#,
    r#"{"state":"Invited","owner":"agent1","id":"c1","participants":[{"nickname":"Chris","type":"Customer","participantId":"1"}]}"#,
    r#"{"at":1,"by":"house","events":[{"offered":{"user":"agent1","origin":{"queued":{"queue":"Billing"}}}}]}"#,
    r#"{"at":1,"by":{"user":"agent1"},"events":[{"userDataAttached":{"by":"agent1","pairs":{"a":1}}}]}"#,
    r#"{"at":1,"by":{"user":"agent1"},"events":[{"left":{"user":"agent1","state":"Completed"}}]}"#,
    r#"{"users":{"agent1":{"name":"Amy"},"agent2":{"name":"Bob","inSession":false}},"queues":{"Billing":{"ready":["agent1","agent2"]}},"defaultQueue":"Billing"}"#,
    r#"{"users":{"agent2":null},"defaultQueue":null}"#,
    r#"{"base":"https://desk.example.com/api/v2","timeOffsetMinutes":60,"invitationMs":null,"referenceIdReplies":"Always","maxUserDataBytes":64,"maxTranscriptBytes":256}"#,
    r#"["a","b"]"#,
    r#"{"a":1,"b":[1,2,3],"c":{"d":"e"}}"#,
    "{}",
    "agent1",
    "agent2",
    "agent3",
    "supervisor1",
    "Billing",
    "userData",
    "operation",
    "notification",
    "event",
    "chat",
    "user-data",
    "0000Wa9CAM6W00J",
];

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let sense = || -> &'static [&'static str] { SENSE };
        Ok(Self(match u.int_in_range(0..=9)? {
            0 => <Vec<u8>>::arbitrary(u)?,
            1 => {
                let text = u.choose(sense())?.as_bytes();
                text[..u.int_in_range(0..=text.len())?].to_vec()
            }
            2 => {
                let mut text = u.choose(sense())?.as_bytes().to_vec();
                let at = u.choose_index(text.len())?;
                text[at] = u.arbitrary()?;
                text
            }
            3 => {
                // Somebody else's member in the middle.
                let (one, other) = (u.choose(sense())?, u.choose(sense())?);
                let cut = one.find(':').map_or(one.len(), |at| at + 1);
                [&one[..cut], other, "}"].concat().into_bytes()
            }
            _ => u.choose(sense())?.as_bytes().to_vec(),
        }))
    }
}

/// A user of the programs; few, so that they meet.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub(crate) enum User {
    Amy,
    Bob,
    Sue,
}

impl User {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Amy => "agent1",
            Self::Bob => "agent2",
            Self::Sue => "supervisor1",
        }
    }
}
