//! The wrapper that lies does what it is told to, as often as it is told to, the same in every run.

use std::sync::Arc;
use std::time::Duration;

use chat_model::ChatId;
use chat_store::fault::{Fault, Faults, Faulty};
use chat_store::{
    Append, AppendError, CommandId, Head, LeaseError, LeaseKey, Leases, MemoryStore, Store,
};

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(|| 0))
}

/// What an append is answered with under `fault`, and how many records there are then and after
/// everything under way was delivered.
async fn check(fault: Fault, answer: &str, then: usize, delivered: usize) {
    let store = Faulty::scripted(memory(), [fault]).rival_payload(b"theirs");
    let chat = ChatId::new("c");
    let command = CommandId::new([1; 16]);
    let got = match store.append(Append::new(&chat, Head::NONE, command, 0, b"ours")).await {
        Ok(_) => "applied",
        Err(AppendError::Conflict) => "conflict",
        Err(AppendError::Retry(_)) => "retry",
        Err(AppendError::Unknown(_)) => "unknown",
    };
    assert_eq!(got, answer, "the answer under {fault:?}");
    let truth = store.inner();
    let records = truth.records(&chat, 0, 9).await.unwrap();
    assert_eq!(records.len(), then, "records after {fault:?}");
    for record in records {
        let rivals = record.command != command;
        assert_eq!(rivals, fault == Fault::Rival, "whose record it is after {fault:?}");
        assert_eq!(rivals, &*record.payload == b"theirs", "what the record says");
    }
    store.deliver().await;
    let records = truth.records(&chat, 0, 9).await.unwrap();
    assert_eq!(records.len(), delivered, "records once everything arrived, after {fault:?}");
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    check(Fault::None, "applied", 1, 1).await;
    check(Fault::UnknownApplied, "unknown", 1, 1).await;
    check(Fault::UnknownLost, "unknown", 0, 0).await;
    check(Fault::UnknownLate, "unknown", 0, 1).await;
    check(Fault::Retry, "retry", 0, 0).await;
    check(Fault::Rival, "conflict", 1, 1).await;
}

/// Every answer of a thousand calls of each kind, as letters.
async fn answers(seed: u64, faults: Faults) -> String {
    let store = Faulty::new(memory(), seed, faults);
    let mut told = String::new();
    for nth in 0..1_000_u32 {
        let chat = ChatId::new(nth.to_string());
        let command = CommandId::new(u128::from(nth).to_be_bytes());
        let append = Append::new(&chat, Head::NONE, command, 0, b"e");
        told.push(match store.append(append).await {
            Ok(_) => 'a',
            Err(AppendError::Conflict) => 'c',
            Err(AppendError::Retry(_)) => 'r',
            Err(AppendError::Unknown(_)) => 'u',
        });
        told.push(if store.load(&chat).await.is_ok() { 'l' } else { 'x' });
        let key = LeaseKey::new(nth.to_string());
        told.push(match store.put(&key, None, b"v", Some(Duration::from_secs(1))).await {
            Ok(_) => 'p',
            Err(LeaseError::Conflict) => 'C',
            Err(LeaseError::Unavailable(_)) => 'X',
        });
    }
    told
}

#[tokio::test]
async fn a_seed_draws_the_same_faults_in_every_run_and_another_seed_draws_others() {
    let faults = Faults::LIES_TWO_TIMES_IN_THREE;
    assert_eq!(answers(1, faults).await, answers(1, faults).await);
    assert_ne!(answers(1, faults).await, answers(2, faults).await);
}

#[tokio::test]
async fn faults_come_as_often_as_they_are_told_to() {
    let told = answers(3, Faults::LIES_TWO_TIMES_IN_THREE).await;
    for (letter, of_a_thousand) in [('u', 670), ('r', 100), ('a', 230), ('x', 100), ('X', 300)] {
        let times = told.chars().filter(|told| *told == letter).count();
        assert!(times.abs_diff(of_a_thousand) < 60, "{letter}: {times}, not near {of_a_thousand}");
    }
    let told = answers(3, Faults::NONE).await;
    assert_eq!(told, "alp".repeat(1_000), "without faults everything goes through");
}

#[tokio::test]
async fn failing_reads_fail_every_kind_of_read_and_then_no_more() {
    let store = Faulty::scripted(memory(), []);
    store.fail_reads(2);
    let chat = ChatId::new("c");
    assert!(store.load(&chat).await.is_err(), "the first read fails");
    assert!(store.records(&chat, 0, 1).await.is_err(), "the second read fails");
    assert!(store.load(&chat).await.is_ok(), "the third read does not");
}

#[test]
#[should_panic(expected = "at most one fault")]
fn faults_that_add_up_to_more_than_every_append_are_refused() {
    let mut faults = Faults::LIES_TWO_TIMES_IN_THREE;
    faults.retry = 90;
    let _ = Faulty::new(memory(), 0, faults);
}
