//! A small crowd for a few seconds: what the bench `crowd` shows of a large one, shown by every run
//! of the tests; and that whoever checks it can be dissatisfied.

#[path = "play.rs"]
mod play;

use chat_model::{Chat, Record};
use chat_store::Store as _;
use play::checker::{Judged, check_snapshot};
use play::{Plan, play};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_a_crowd_misses_anything() {
    let outcome = play(Plan { agents: 20, chats: 60, seconds: 3, seed: 7 }).await;
    assert_eq!(outcome.faults, [""; 0]);
    assert!(outcome.agreed > 50, "only {} events were heard", outcome.agreed);
    assert!(outcome.due > 0, "nothing had to be heard");
    assert!(outcome.metrics.contains("chat_records_total"), "{}", outcome.metrics);
    assert!(outcome.sessions >= 40, "only {} sessions", outcome.sessions);

    // The checker notices every event that is lost, doubled or out of turn.
    let mut planted = 0;
    for transcript in outcome.floor.transcripts.lock().unwrap().iter() {
        let distinct = |at: usize| transcript.heard[at] != transcript.heard[at + 1];
        let length = transcript.heard.len();
        if transcript.until.is_none() || length < 4 || !distinct(length / 2) {
            continue;
        }
        let Ok(Judged { due: due @ 1.., .. }) = outcome.truth.judge(transcript) else { continue };
        let at = length / 2;
        let plant = |change: &dyn Fn(&mut Vec<u64>)| {
            let mut faulty = transcript.clone();
            change(&mut faulty.heard);
            assert!(outcome.truth.judge(&faulty).is_err(), "a planted fault is noticed");
        };
        plant(&|heard| {
            heard.remove(at);
        });
        plant(&|heard| {
            heard.truncate(due - 1);
        });
        plant(&|heard| heard.insert(at, heard[at]));
        plant(&|heard| heard.insert(at, heard[at - 1]));
        plant(&|heard| heard.swap(at, at + 1));
        plant(&|heard| heard.push(1));
        planted += 1;
    }
    assert!(planted > 1, "only {planted} transcripts were long enough");

    // And a chat that is not what its records make of it.
    let store = &outcome.floor.store;
    let long = |(_, chat): &(_, &Chat)| chat.revision() > 3;
    let (id, chat) = outcome.truth.chats.iter().find(long).expect("there were chats");
    assert_eq!(check_snapshot(store, chat).await, None);
    let first = store.records(id, 0, 1).await.expect("memory answers").remove(0);
    let first = Record::from_json(&first.payload).expect("the server wrote it");
    let mut other = Chat::new(id.clone());
    (0..chat.revision()).for_each(|_| other.replay(&first));
    assert!(check_snapshot(store, &other).await.is_some());
}
