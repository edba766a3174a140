//! The conformance suite through two nodes with connections of their own, and against a schema that
//! takes its cursors from a sequence, which must fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_store::PostgresStore;
use chat_store::conformance::{Bench, Case, run};

use crate::kit::{WINDOW, open, schema};
use crate::server::Server;

struct PostgresBench {
    server: Arc<Server>,
    /// The schema that was opened last; each case has its own.
    last: Mutex<String>,
    /// What is done to each schema before it is used.
    flaw: Option<&'static str>,
}

impl PostgresBench {
    fn new(flaw: Option<&'static str>) -> Self {
        Self { server: Server::shared(), last: Mutex::default(), flaw }
    }

    async fn open_last(&self) -> (PostgresStore, PostgresStore) {
        let schema = self.last.lock().unwrap().clone();
        (open(&self.server, &schema).await, open(&self.server, &schema).await)
    }
}

impl Bench for PostgresBench {
    type Store = PostgresStore;

    async fn open(&self) -> (PostgresStore, PostgresStore) {
        let schema = schema();
        *self.last.lock().unwrap() = schema.clone();
        let nodes = self.open_last().await;
        if let Some(flaw) = self.flaw {
            let flaw = flaw.replace("@schema@", &format!("\"{schema}\""));
            let admin = self.server.admin().await;
            admin.batch_execute(&flaw).await.expect("the flaw is built in");
        }
        nodes
    }

    async fn reopen(
        &self,
        nodes: (PostgresStore, PostgresStore),
    ) -> (PostgresStore, PostgresStore) {
        nodes.0.close().await;
        nodes.1.close().await;
        self.open_last().await
    }

    /// Leases lapse by the server's clock, so the server says when its clock has gone on.
    async fn pass(&self, span: Duration) {
        let admin = self.server.admin().await;
        let asleep = admin.query("SELECT pg_sleep($1)", &[&span.as_secs_f64()]).await;
        asleep.expect("the server sleeps");
    }

    fn replay_window(&self) -> Duration {
        WINDOW
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_postgresql_keeps_every_promise_between_two_nodes() {
    let report = run(&PostgresBench::new(None)).await;
    println!("{report}");
    assert!(report.passed(), "{report}");
}

/// Cursors as one would take them first: from a sequence, without holding anything to the commit.
const SEQUENCE: &str = include_str!("sequence.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cursors_from_a_sequence_are_not_closed_and_the_suite_says_so() {
    let bench = PostgresBench::new(Some(SEQUENCE));
    let verdict = Case::ClosedFeed.check(&bench).await;
    let why = verdict.expect_err("a feed whose cursors come from a sequence loses entries");
    println!("{why}");
    assert!(why.contains("at or below a seen cursor"), "{why}");
    // Whoever reads once all is written misses nothing, so nothing else is wrong with it.
    Case::UnknownOutcome.check(&bench).await.expect("every record is announced, once");
}
