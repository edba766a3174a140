//! What `append_once` answers, and what is in the journal then, for every way an append can go.

use std::cell::RefCell;
use std::future::ready;
use std::sync::Arc;

use chat_model::ChatId;
use chat_store::fault::{Fault, Faulty};
use chat_store::{
    Append, CommandId, Head, MemoryStore, OnceError, Store, append_once, append_once_pausing,
};

const OURS: CommandId = CommandId::new([7; 16]);

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Applied,
    Conflict,
    Unavailable,
    Undecided,
}
use Answer::{Applied, Conflict, Unavailable, Undecided};

/// Sends one command through `script` and the failing reads, then compares the answer and how often
/// the command and how often a rival stands in the journal once nothing is under way any more.
async fn check(
    (script, failing_reads, tries): (&[Fault], u64, u32),
    (answer, ours, rivals): (Answer, usize, usize),
) {
    let what = format!("{script:?}, {failing_reads} failing reads, {tries} tries");
    let store = Faulty::scripted(MemoryStore::new(Arc::new(|| 0)), script.iter().copied());
    store.fail_reads(failing_reads);
    let chat = ChatId::new("c");
    let append = Append::new(&chat, Head::NONE, OURS, 0, b"ours");
    let answered = append_once(&store, append, tries).await;
    let truth = store.inner();
    match &answered {
        Ok(head) => {
            let now = truth.load(&chat).await.unwrap().map(|loaded| loaded.head);
            assert_eq!(Some(*head), now, "the head answered must be good to go on with; {what}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let got = match answered {
        Ok(_) => Applied,
        Err(OnceError::Conflict) => Conflict,
        Err(OnceError::Unavailable(_)) => Unavailable,
        Err(OnceError::Undecided(_)) => Undecided,
    };
    assert_eq!(got, answer, "the answer; {what}");

    store.deliver().await;
    let records = truth.records(&chat, 0, 100).await.unwrap();
    let found = records.iter().filter(|record| record.command == OURS).count();
    assert_eq!((found, records.len() - found), (ours, rivals), "(ours, rivals) kept; {what}");

    // The very same append again: whatever was answered, the command is there at most once.
    store.fail_reads(0);
    let again = append_once(&store, append, 9).await;
    let records = truth.records(&chat, 0, 100).await.unwrap();
    let found = records.iter().filter(|record| record.command == OURS).count();
    assert_eq!((again.is_ok(), found), (rivals == 0, usize::from(rivals == 0)), "again; {what}");
}

#[tokio::test]
async fn every_outcome_is_decided_as_the_journal_has_it() {
    use Fault::{Retry, Rival, UnknownApplied, UnknownLost};
    check((&[], 0, 1), (Applied, 1, 0)).await;
    check((&[], 0, 0), (Applied, 1, 0)).await;
    check((&[UnknownApplied], 0, 1), (Applied, 1, 0)).await;
    check((&[UnknownLost], 0, 1), (Undecided, 0, 0)).await;
    check((&[UnknownLost], 0, 2), (Applied, 1, 0)).await;
    check((&[UnknownLost, UnknownLost, UnknownApplied], 0, 3), (Applied, 1, 0)).await;
    check((&[Retry], 0, 1), (Unavailable, 0, 0)).await;
    check((&[Retry, Retry, Retry], 0, 3), (Unavailable, 0, 0)).await;
    check((&[Retry, Retry], 0, 3), (Applied, 1, 0)).await;
    check((&[UnknownLost, Retry], 0, 2), (Undecided, 0, 0)).await;
    check((&[Rival], 0, 9), (Conflict, 0, 1)).await;
    check((&[UnknownLost, Rival], 0, 9), (Conflict, 0, 1)).await;
}

#[tokio::test]
async fn a_conflict_with_our_own_late_arrival_is_a_success() {
    use Fault::{Retry, UnknownLate, UnknownLost};
    check((&[UnknownLate], 0, 2), (Applied, 1, 0)).await;
    check((&[UnknownLate, UnknownLate], 0, 2), (Applied, 1, 0)).await;
    check((&[UnknownLate, Retry], 0, 3), (Applied, 1, 0)).await;
    check((&[UnknownLate, UnknownLost], 0, 3), (Applied, 1, 0)).await;
    // Given up before it arrived: undecided is the only true answer.
    check((&[UnknownLate], 0, 1), (Undecided, 1, 0)).await;
}

#[tokio::test]
async fn a_read_that_fails_leaves_it_undecided_until_a_later_try_decides_it() {
    use Fault::{Rival, UnknownApplied, UnknownLost};
    check((&[UnknownApplied], 1, 1), (Undecided, 1, 0)).await;
    check((&[UnknownApplied], 1, 2), (Applied, 1, 0)).await;
    check((&[UnknownApplied], 2, 3), (Applied, 1, 0)).await;
    check((&[UnknownLost], 1, 2), (Applied, 1, 0)).await;
    check((&[Rival], 1, 1), (Undecided, 0, 1)).await;
    check((&[Rival], 1, 2), (Conflict, 0, 1)).await;
}

#[tokio::test]
async fn a_command_that_others_built_upon_is_still_a_success() {
    let store = MemoryStore::new(Arc::new(|| 0));
    let chat = ChatId::new("c");
    let append = Append::new(&chat, Head::NONE, OURS, 0, b"ours");
    let first = append_once(&store, append, 1).await.unwrap();
    let theirs = Append::new(&chat, first, CommandId::new([8; 16]), 0, b"theirs");
    append_once(&store, theirs, 1).await.unwrap();
    let head = append_once(&store, append, 1).await.unwrap();
    assert_eq!(head.version, 1, "the version it was applied at, not the chat's newest");
    let stale = Append::new(&chat, head, CommandId::new([9; 16]), 0, b"stale");
    assert_eq!(append_once(&store, stale, 9).await, Err(OnceError::Conflict));
}

#[tokio::test]
async fn it_pauses_between_tries_and_only_there() {
    let paused = RefCell::new(Vec::new());
    let store = Faulty::scripted(MemoryStore::new(Arc::new(|| 0)), [Fault::Retry; 3]);
    let chat = ChatId::new("c");
    let append = Append::new(&chat, Head::NONE, OURS, 0, b"ours");
    let pause = |tried| {
        paused.borrow_mut().push(tried);
        ready(tried < 9)
    };
    append_once_pausing(&store, append, 3, pause).await.unwrap_err();
    assert_eq!(*paused.borrow(), [1, 2], "no pause after the last try");
    append_once_pausing(&store, append, 3, pause).await.unwrap();
    assert_eq!(*paused.borrow(), [1, 2], "no pause when the first try succeeds");
}

#[tokio::test]
async fn it_stops_when_there_is_no_time_for_another_try() {
    let chat = ChatId::new("c");
    let append = Append::new(&chat, Head::NONE, OURS, 0, b"ours");
    for (fault, is_undecided) in [(Fault::Retry, false), (Fault::UnknownLost, true)] {
        let store = Faulty::scripted(MemoryStore::new(Arc::new(|| 0)), [fault; 9]);
        let stopped = append_once_pausing(&store, append, 9, |tried| ready(tried < 2)).await;
        let stopped = stopped.unwrap_err();
        assert_eq!(matches!(stopped, OnceError::Undecided(_)), is_undecided, "{stopped:?}");
        assert_eq!(
            append_once(&store, append, 8).await.unwrap().version,
            1,
            "two of nine were met"
        );
    }
}
