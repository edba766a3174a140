//! What the store answers when connections are cut, calls are dropped, rows are fought over, the
//! pool is used up, and the server takes no writes.

use std::sync::Arc;
use std::time::Duration;

use chat_store::postgres::{Durability, Health, OpenError};
use chat_store::{
    Append, AppendError, FeedId, Head, LeaseKey, Leases, OnceError, PostgresStore, Store,
    append_once, check,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::kit::{becomes, chat, command, head, open, options, schema, user};
use crate::proxy::{Cut, Proxy};
use crate::server::Server;

/// A store whose only connection for statements has an append prepared.
async fn behind(proxy: &Proxy) -> PostgresStore {
    let options = options(&Server::url_behind(proxy.port()), &schema()).connections(1);
    let store = options.open().await.expect("the database opens");
    let id = chat("warm");
    let warm = Append::new(&id, Head::NONE, command(9, 9), 0, b"e");
    store.append(warm).await.expect("an append");
    store
}

#[tokio::test]
async fn an_append_whose_connection_is_cut_is_unknown_and_decided_afterwards() {
    let server = Server::shared();
    let proxy = Proxy::to(&server).await;
    let store = behind(&proxy).await;
    let (id, feeds) = (chat("c"), [user("u")]);
    let mut expect = Head::NONE;
    for (nth, (cut, applied)) in
        (1_u64..).zip([(Cut::BeforeTheServer, false), (Cut::BeforeTheAnswer, true)].repeat(3))
    {
        // The cut must meet the append and not what the keeper asks once a second.
        let append = Append::new(&id, expect, command(1, nth), 0, b"e").feeds(&feeds);
        let outcome = loop {
            let cuts = proxy.cuts();
            proxy.cut(cut);
            match store.append(append).await {
                Err(AppendError::Unknown(why)) => break why,
                Ok(head) => panic!("{cut:?} was not noticed: {head:?}, {} cuts", proxy.cuts()),
                Err(AppendError::Retry(_)) if proxy.cuts() > cuts => {}
                Err(other) => panic!("{cut:?}: {other}"),
            }
        };
        proxy.cut(Cut::Never);
        assert!(!outcome.is_empty());
        // Whatever the server got it finishes, so the outcome stands once it has.
        if applied {
            while head(&store, &id).await.version != nth {
                sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(head(&store, &id).await.version == nth, applied, "{cut:?}");
        expect = append_once(&store, append, 9).await.expect("it is decided");
        assert_eq!(expect.version, nth);
    }
    let told = store.feed(&feeds[0], 0, 99).await.unwrap();
    assert_eq!(told.entries.len(), 6, "each once");
    assert_eq!(store.figures().unknown, 6);
    store.close().await;
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_costs_no_call() {
    let server = Server::shared();
    let proxy = Proxy::to(&server).await;
    let store = behind(&proxy).await;
    let id = chat("warm");
    for nth in 0..5 {
        proxy.cut_all();
        // The dead connection may be known or not by now: neither a read nor a write may fail.
        if nth % 2 == 0 {
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(head(&store, &id).await.version, 1);
    }
    becomes(&store, Health::is_ready).await;
    store.close().await;
}

#[tokio::test]
async fn a_dropped_append_leaves_no_connection_in_the_middle_of_a_statement() {
    let (server, name) = (Server::shared(), schema());
    let store = options(&server.url(), &name).connections(1).open().await.unwrap();
    let id = chat("held");
    let first = Append::new(&id, Head::NONE, command(1, 1), 0, b"e");
    let expect = store.append(first).await.unwrap();
    // Somebody holds the chat's row, so that the append waits in the server.
    let mut admin = server.admin().await;
    let holding = admin.transaction().await.unwrap();
    let hold = format!("SELECT FROM \"{name}\".chat WHERE id = 'held' FOR UPDATE");
    holding.query(&hold, &[]).await.unwrap();
    let append = Append::new(&id, expect, command(1, 2), 0, b"e");
    let dropped = timeout(Duration::from_millis(300), store.append(append)).await;
    assert!(dropped.is_err(), "the append waits: {dropped:?}");
    // The only connection is free for others at once.
    let other = timeout(Duration::from_secs(4), store.load(&id)).await;
    assert_eq!(other.expect("at once").unwrap().unwrap().head, expect);
    holding.rollback().await.unwrap();
    // The dropped one may or may not have arrived; the same append again finds out.
    let decided = append_once(&store, append, 9).await.expect("decided");
    assert_eq!((decided.version, store.records(&id, 0, 9).await.unwrap().len()), (2, 2));
    store.close().await;
}

#[tokio::test]
async fn a_used_up_pool_makes_calls_wait_and_then_refuses_them() {
    let (server, name) = (Server::shared(), schema());
    let options = options(&server.url(), &name).connections(2);
    let options = options.connect_within(Duration::from_secs(2));
    let store = options.open().await.unwrap();
    let mut ids = Vec::new();
    for nth in 0..2 {
        ids.push(chat(nth));
        store
            .append(Append::new(&ids[nth], Head::NONE, command(2, nth as u64), 0, b"e"))
            .await
            .unwrap();
    }
    let mut admin = server.admin().await;
    let holding = admin.transaction().await.unwrap();
    holding.query(&format!("SELECT FROM \"{name}\".chat FOR UPDATE"), &[]).await.unwrap();
    let mut waiting = JoinSet::new();
    for (nth, id) in (10..).zip(ids.clone()) {
        let store = store.clone();
        waiting.spawn(async move {
            let expect = head(&store, &id).await;
            store.append(Append::new(&id, expect, command(2, nth), 0, b"e")).await
        });
    }
    while store.figures().idle > 0 || store.figures().connections < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(100)).await;
    let id = chat("third");
    let refused = store.append(Append::new(&id, Head::NONE, command(2, 99), 0, b"e")).await;
    let Err(AppendError::Retry(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("all 2 are in use"), "{why}");
    assert_eq!(store.figures().connections, 2, "never more than that");
    holding.rollback().await.unwrap();
    for appended in waiting.join_all().await {
        appended.expect("those that had a connection go through");
    }
    assert_eq!(store.load(&id).await.unwrap(), None, "what was refused is not there");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_with_the_same_recipients_in_any_order_never_wait_in_a_circle() {
    const WRITERS: usize = 12;
    const EACH: u64 = 25;
    let (server, name) = (Server::shared(), schema());
    let nodes = [open(&server, &name).await, open(&server, &name).await];
    let admin = server.admin().await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'";
    let before: i64 = admin.query_one(deadlocks, &[]).await.unwrap().get(0);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = nodes[writer % 2].clone();
        writers.spawn(async move {
            let id = chat(writer);
            let mut expect = Head::NONE;
            for nth in 0..EACH {
                // Eight feeds, each time in another order, listed and unlisted on the way.
                let mut feeds: Vec<FeedId> = (0..8).map(user).collect();
                feeds.rotate_left((writer + nth as usize * 3) % 8);
                if writer % 2 == 0 {
                    feeds.reverse();
                }
                let append = Append::new(&id, expect, command(writer as u64, nth), 0, b"e");
                let append = append.feeds(&feeds).list(&feeds[..3]).unlist(&feeds[2..4]);
                // Not append_once: a deadlock would be a Retry, and must not come at all.
                expect = store.append(append).await.expect("nobody waits in a circle");
            }
        });
    }
    // Clearing away meanwhile takes the same rows.
    let (clearing, far) = (nodes[0].clone(), 9_000_000_000_000);
    writers.spawn(async move {
        for _ in 0..30 {
            clearing.expire(far, 64).await.expect("nor does whoever clears away");
        }
    });
    writers.join_all().await;
    let after: i64 = admin.query_one(deadlocks, &[]).await.unwrap().get(0);
    assert_eq!(after - before, 0, "deadlocks that the server broke");
    let heads: Vec<_> = (0..8).map(user).collect();
    for feed in &heads {
        assert_eq!(nodes[1].feed_head(feed).await.unwrap(), WRITERS as u64 * EACH);
    }
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_read_from_and_says_so() {
    let server = Server::own(&[]);
    let store = open(&server, &schema()).await;
    let (id, key) = (chat("c"), LeaseKey::new("k"));
    let append = |head: Head| Append::new(&id, head, command(1, head.version), 0, b"e");
    let expect = store.append(append(Head::NONE)).await.unwrap();
    server.set("default_transaction_read_only", "on").await;
    let health = becomes(&store, |health| !health.is_ready()).await;
    assert!(matches!(health, Health::ReadOnly(_)), "{health:?}");
    let refused = store.append(append(expect)).await;
    let Err(AppendError::Retry(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("25006"), "{why}");
    assert!(matches!(append_once(&store, append(expect), 2).await, Err(OnceError::Unavailable(_))));
    assert!(store.put(&key, None, b"v", None).await.is_err());
    assert_eq!(head(&store, &id).await, expect, "reads go on");
    // The administrator's own sessions are read-only as well by now, but for this.
    let admin = server.admin().await;
    admin.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    admin.batch_execute("ALTER SYSTEM SET default_transaction_read_only = off").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    becomes(&store, Health::is_ready).await;
    store.append(append(expect)).await.expect("and writes, once the server takes them");
    store.close().await;
}

#[tokio::test]
async fn a_standby_is_neither_read_from_nor_written_to() {
    let server = Server::own(&[]);
    let name = schema();
    let store = options(&server.url(), &name).connect_within(Duration::from_secs(2));
    let store = store.open().await.unwrap();
    let id = chat("c");
    let append = Append::new(&id, Head::NONE, command(1, 1), 0, b"e");
    let expect = store.append(append).await.unwrap();
    server.stop("fast");
    std::fs::write(server.data().join("standby.signal"), "").expect("a file");
    server.start();
    becomes(&store, |health| *health == Health::Standby).await;
    let refused = store.append(Append::new(&id, expect, command(1, 2), 0, b"e")).await;
    let Err(AppendError::Retry(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("standby"), "{why}");
    let read = store.load(&id).await.expect_err("a standby may be behind");
    assert!(read.to_string().contains("standby"), "{read}");
    let opened = options(&server.url(), &name).open().await.map(drop);
    assert_eq!(opened.expect_err("a standby"), OpenError::Standby);
    // Promoted, as in a failover, it is the primary, and the store finds it by itself.
    let mut promote = server.program("pg_ctl");
    let promoted = promote.args(["promote", "-w", "-D"]).arg(server.data()).output().unwrap();
    assert!(promoted.status.success(), "{promoted:?}");
    becomes(&store, Health::is_ready).await;
    assert_eq!(head(&store, &id).await, expect);
    store.append(Append::new(&id, expect, command(1, 2), 0, b"e")).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn an_append_is_not_acknowledged_because_its_wait_for_a_standby_was_cancelled() {
    let server = Server::own(&[]);
    let name = schema();
    open(&server, &name).await.close().await;
    server.set("synchronous_standby_names", "nobody").await;
    let replicated = options(&server.url(), &name).durability(Durability::Replicated);
    let store = Arc::new(replicated.open().await.expect("a standby is named"));
    assert_eq!(store.health(), Health::Ready);
    let appending = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let id = chat("c");
            store.append(Append::new(&id, Head::NONE, command(1, 1), 0, b"e")).await
        })
    };
    let admin = server.admin().await;
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while admin.query(cancel, &[]).await.unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(500)).await;
    assert!(!appending.is_finished(), "nobody but this server has it");
    // Once no standby is waited for any more (or one has it), it is acknowledged.
    admin.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    assert_eq!(appending.await.unwrap().map(|head| head.version), Ok(1));
    store.close().await;
}

/// A record that can be read here is not one that a standby has: the wait for one ends with its
/// connection, too, and the record stays.
#[tokio::test]
async fn to_have_read_an_append_is_no_promise_while_no_standby_has_it() {
    let server = Server::own(&[]);
    let name = schema();
    open(&server, &name).await.close().await;
    server.set("synchronous_standby_names", "nobody").await;
    let replicated = options(&server.url(), &name).durability(Durability::Replicated);
    let replicated = replicated.answer_within(Duration::from_secs(2));
    let store = Arc::new(replicated.open().await.expect("a standby is named"));
    let id = chat("c");
    let append = || Append::new(&id, Head::NONE, command(1, 1), 0, b"e");
    let admin = server.admin().await;
    let cut = async {
        let cut =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        while admin.query(cut, &[]).await.unwrap().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let (appended, ()) = tokio::join!(append_once(&*store, append(), 1), cut);
    assert!(matches!(appended, Err(OnceError::Undecided(_))), "{appended:?}");
    assert_eq!(head(&*store, &id).await.version, 1, "it can be read");
    // The same command again: a conflict with itself, and still no standby has it.
    let again = append_once(&*store, append(), 1).await;
    assert!(matches!(again, Err(OnceError::Undecided(_))), "{again:?}");
    assert!(store.settled().await.is_err());

    admin.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let decided = append_once(&*store, append(), 9).await;
    assert_eq!(decided.map(|head| head.version), Ok(1));
    store.settled().await.expect("nobody is waited for any more");
    store.close().await;
}

/// What a user is set to holds for new connections, and not for the one that looks every second.
#[tokio::test]
async fn a_new_connection_that_promises_less_is_not_written_over() {
    let server = Server::own(&[]);
    let store = open(&server, &schema()).await;
    let id = chat("c");
    let expect = store.append(Append::new(&id, Head::NONE, command(1, 1), 0, b"e")).await.unwrap();
    let admin = server.admin().await;
    admin.batch_execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off").await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND query !~ 'current_setting'";
    admin.query(cut, &[]).await.unwrap();
    let append = Append::new(&id, expect, command(1, 2), 0, b"e");
    let refused = append_once(&store, append, 3).await;
    // Whether the old connection was known to be gone is a matter of moments.
    let (Err(OnceError::Unavailable(why)) | Err(OnceError::Undecided(why))) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.to_string().contains("synchronous_commit"), "{why}");
    let health = becomes(&store, |health| !health.is_ready()).await;
    assert!(matches!(health, Health::Weaker(_)), "{health:?}");

    admin.batch_execute("ALTER ROLE CURRENT_USER RESET synchronous_commit").await.unwrap();
    becomes(&store, Health::is_ready).await;
    assert_eq!(append_once(&store, append, 3).await.map(|head| head.version), Ok(2));
    store.close().await;
}

/// As with a disk that has room for a few small writes: the store is not ready as long as others fail.
#[tokio::test]
async fn a_server_that_has_no_room_for_records_is_not_ready() {
    let server = Server::own(&[]);
    let name = schema();
    let store = open(&server, &name).await;
    let admin = server.admin().await;
    let full = format!(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF octet_length(NEW.payload) > 1000 THEN \
         RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER full_disk BEFORE INSERT ON \"{name}\".journal \
         FOR EACH ROW EXECUTE FUNCTION full_disk()"
    );
    admin.batch_execute(&full).await.unwrap();
    let (id, long) = (chat("c"), vec![b'e'; 2_000]);
    let refused = store.append(Append::new(&id, Head::NONE, command(1, 1), 0, &long)).await;
    let Err(AppendError::Retry(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("53100"), "{why}");
    let health = becomes(&store, |health| !health.is_ready()).await;
    assert!(matches!(&health, Health::ReadOnly(why) if why.contains("53100")), "{health:?}");
    // A small one finds room, and proves nothing.
    let expect = store.append(Append::new(&id, Head::NONE, command(1, 2), 0, b"e")).await.unwrap();
    sleep(Duration::from_millis(2_500)).await;
    assert!(!store.health().is_ready());

    admin.batch_execute("DROP FUNCTION full_disk CASCADE").await.unwrap();
    becomes(&store, Health::is_ready).await;
    store.append(Append::new(&id, expect, command(1, 3), 0, &long)).await.unwrap();
    let left = format!("SELECT count(*) FROM \"{name}\".journal WHERE life < 0");
    assert_eq!(admin.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 0);
    store.close().await;
}

/// An entry whose record somebody has deleted by hand is damage: of that feed, and for whoever looks after
/// the store.
#[tokio::test]
async fn a_feed_that_leads_to_no_record_is_damaged_and_told_by_the_health() {
    let server = Server::shared();
    let name = schema();
    let store = open(&server, &name).await;
    let (id, feeds) = (chat("c"), [user("u"), user("v")]);
    let append = Append::new(&id, Head::NONE, command(1, 1), 0, b"e").feeds(&feeds);
    store.append(append).await.unwrap();
    let plant = format!("UPDATE \"{name}\".feed SET life = 999 WHERE feed LIKE 'user:u%'");
    server.admin().await.batch_execute(&plant).await.unwrap();
    assert_eq!(store.health(), Health::Ready, "nobody has met it");
    let met = store.feed(&feeds[0], 0, 9).await.expect_err("there is no record");
    assert!(met.is_damage(), "{met}");
    assert!(matches!(store.health(), Health::Damaged(_)), "{:?}", store.health());
    assert_eq!(store.feed(&feeds[1], 0, 9).await.unwrap().entries.len(), 1, "the others are well");
    let checked = check(&store, |_, _, _| Ok(())).await.unwrap();
    assert!(
        checked.complaints.join("\n").contains("the feed user:u cannot be read"),
        "{checked:?}"
    );
    store.close().await;
}
