//! Whatever the model prints fits its schema: notices, views, records and snapshots of any story, and
//! the journals that earlier versions wrote.

use chat_model::testing::story;
use chat_model::{Reply, StatusCode};
use proptest::prelude::*;
use serde_json::Value;

use super::{VALIDATORS, value};

fn fits(name: &str, json: &str) -> Result<(), TestCaseError> {
    let value = value(json);
    let problems: Vec<String> =
        VALIDATORS[name].iter_errors(&value).map(|error| error.to_string()).collect();
    prop_assert!(problems.is_empty(), "{}: {:?} in {}", name, problems, json);
    Ok(())
}

proptest! {
    #[test]
    fn everything_that_a_story_tells(story in story(0..22)) {
        let world = story.play();
        for happening in world.past() {
            fits("event", &happening.applied.record.to_json())?;
            for notice in &happening.applied.notices {
                fits("notification", &notice.data)?;
            }
            let chat = &happening.after;
            fits("snapshot", &chat.to_snapshot_json())?;
            for view in chat.legs().filter_map(|leg| chat.view(leg.user(), world.rules())) {
                fits("chat", &view.to_json())?;
                let messages: Vec<Value> = serde_json::from_str(&view.messages_json(1, usize::MAX).replace("1e999", "1e300")).unwrap();
                for message in messages {
                    fits("message", &message.to_string())?;
                    fits("participant", &message["from"].to_string())?;
                }
            }
            if let Some(view) = chat.customer_view() {
                fits("customer-chat", &view.to_json())?;
            }
        }
    }
}

#[test]
fn replies_of_every_code() {
    fits("reply", &Reply::success().to_json()).unwrap();
    for &status in StatusCode::ALL {
        fits("reply", &Reply::failure(status, "expected this, found that").to_json()).unwrap();
    }
}

/// The form of records is for ever, so the schema describes what older versions wrote, too.
#[test]
fn journals_and_snapshots_of_earlier_versions() {
    let journals = [
        include_str!("../golden/journal.1.ndjson"),
        include_str!("../golden/journal.2.ndjson"),
        include_str!("../golden/journal.3.ndjson"),
    ];
    for record in journals.iter().flat_map(|journal| journal.lines()) {
        fits("event", record).unwrap();
    }
    for (chat, revision) in [
        (include_str!("../golden/chat.1.json"), 1),
        (include_str!("../golden/chat.2.json"), 1),
        (include_str!("../golden/chat.3.json"), 1),
    ] {
        // A store keeps it without the mark of a file.
        let mut chat = value(chat);
        chat["snapshot"] = revision.into();
        fits("snapshot", &chat.to_string()).unwrap();
    }
}
