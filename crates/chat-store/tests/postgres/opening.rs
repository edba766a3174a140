//! Opening: whoever is not there, does not let us in, promises too little or holds something else
//! is answered with a message that says so; and many nodes that start at once make one schema.

use std::net::TcpListener;
use std::time::Duration;

use chat_store::postgres::{Durability, Health, OpenError};
use chat_store::{Append, Head, PostgresOptions, PostgresStore, Store};
use tokio::task::JoinSet;

use crate::kit::{becomes, chat, command, open, options, schema};
use crate::server::{PASSWORD, Server};

async fn refused(options: PostgresOptions) -> OpenError {
    let opened = options.open().await;
    let refused = opened.map(drop).expect_err("it must not open");
    let told = format!("{refused} {refused:?} {options:?}");
    assert!(!told.contains(PASSWORD) && !told.contains("test's"), "a password is told: {told}");
    refused
}

#[tokio::test]
async fn whatever_is_wrong_with_the_way_to_the_database_is_told() {
    let server = Server::shared();
    let url = server.url();
    let wrong = refused(options(&url.replace("pass%3Fword", "other"), &schema())).await;
    assert!(matches!(wrong, OpenError::Denied(_)), "{wrong:?}");
    assert!(wrong.to_string().contains("password authentication failed"), "{wrong}");
    let given = options(&url.replace("pass%3Fword", "other"), &schema()).password(PASSWORD);
    given.open().await.expect("a password given apart counts").close().await;
    let nobody = refused(options(&url.replace("//postgres:", "//nobody:"), &schema())).await;
    assert!(matches!(nobody, OpenError::Denied(_)), "{nobody:?}");
    let elsewhere =
        refused(options(&format!("{}no_such", url.strip_suffix("postgres").unwrap()), &schema()))
            .await;
    assert!(matches!(elsewhere, OpenError::NoDatabase(_)), "{elsewhere:?}");
    assert!(elsewhere.to_string().contains("create the database"), "{elsewhere}");

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = refused(options(&Server::url_behind(free), &schema())).await;
    assert!(matches!(closed, OpenError::Unreachable(_)), "{closed:?}");
    assert!(closed.to_string().contains("refused"), "{closed}");
    // Somebody who takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mute = options(&Server::url_behind(port), &schema());
    let mute = mute.connect_within(Duration::from_millis(300)).open().await.map(drop);
    let mute = mute.expect_err("nobody answers").to_string();
    assert!(mute.contains("no connection within 300ms"), "{mute}");
    let cut = options(&format!("{url}?sslmode=verify-full&sslrootcert=%2Fno%2Ffile"), &schema());
    assert!(matches!(refused(cut).await, OpenError::Tls(why) if why.contains("/no/file")));
}

async fn many(server: &Server, schema: &str, nodes: usize) -> Vec<PostgresStore> {
    let mut opening = JoinSet::new();
    for _ in 0..nodes {
        let options = options(&server.url(), schema);
        opening.spawn(async move { options.open().await.expect("every node opens") });
    }
    opening.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_make_one_schema() {
    let (server, schema) = (Server::shared(), schema());
    for store in many(&server, &schema, 8).await {
        let id = chat("one");
        let head = crate::kit::head(&store, &id).await;
        let append = Append::new(&id, head, command(1, head.version), 0, b"e");
        store.append(append).await.expect("every node writes to it");
        store.close().await;
    }
    let admin = server.admin().await;
    let rows = admin.query(&format!("SELECT version FROM \"{schema}\".meta"), &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    for store in many(&server, &schema, 3).await {
        assert_eq!(crate::kit::head(&store, &chat("one")).await.version, 8);
        store.close().await;
    }
}

#[tokio::test]
async fn a_schema_that_is_newer_older_missing_or_somebody_elses_is_left_as_it_is() {
    let server = Server::shared();
    let (admin, url) = (server.admin().await, server.url());
    let name = schema();
    let missing = refused(options(&url, &name).must_exist()).await;
    assert_eq!(missing, OpenError::Missing(name.clone()));
    let there = format!("SELECT to_regnamespace('\"{name}\"') IS NULL");
    assert!(admin.query_one(&there, &[]).await.unwrap().get::<_, bool>(0), "none was made");

    open(&server, &name).await.close().await;
    options(&url, &name).must_exist().open().await.expect("it is there").close().await;
    let set = |version: i64| format!("UPDATE \"{name}\".meta SET version = {version}");
    admin.batch_execute(&set(2)).await.unwrap();
    let newer = refused(options(&url, &name)).await;
    assert!(matches!(newer, OpenError::Newer { found: 2, known: 1, .. }), "{newer:?}");
    assert!(newer.to_string().contains("a newer version wrote it"), "{newer}");
    admin.batch_execute(&set(0)).await.unwrap();
    let older = refused(options(&url, &name).must_exist()).await;
    assert!(matches!(older, OpenError::Older { found: 0, known: 1, .. }), "{older:?}");

    let foreign = schema();
    let theirs = format!("CREATE SCHEMA \"{foreign}\"; CREATE TABLE \"{foreign}\".chat (x int)");
    admin.batch_execute(&theirs).await.unwrap();
    assert_eq!(refused(options(&url, &foreign)).await, OpenError::Foreign(foreign.clone()));
    let left =
        format!("SELECT count(*) FROM pg_class WHERE relnamespace = '\"{foreign}\"'::regnamespace");
    assert_eq!(admin.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 1, "as it was");
}

#[tokio::test]
async fn a_user_who_may_only_read_and_write_opens_a_schema_made_for_them() {
    let (server, name) = (Server::shared(), schema());
    open(&server, &name).await.close().await;
    let admin = server.admin().await;
    let role = format!("clerk_{}", name.replace(' ', "_"));
    let grants = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'clerk'; GRANT USAGE ON SCHEMA \"{name}\" TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{name}\" TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA \"{name}\" TO {role}"
    );
    admin.batch_execute(&grants).await.unwrap();
    let url = server.url().replace("//postgres:", &format!("//{role}:"));
    let clerk = |name: &str| options(&url, name).password("clerk");
    let store = clerk(&name).open().await.expect("the schema is there and of this version");
    let id = chat("c");
    let first = Append::new(&id, Head::NONE, command(1, 1), 0, b"e");
    let head = store.append(first).await.map(|head| head.version);
    assert_eq!((head, store.load(&id).await.unwrap().is_some()), (Ok(1), true));
    store.close().await;
    let denied = refused(clerk(&schema())).await;
    assert!(denied.to_string().contains("permission denied"), "{denied}");
}

#[tokio::test]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused_or_shown() {
    let server = Server::own(&["fsync=off"]);
    let name = schema();
    let weaker = refused(options(&server.url(), &name)).await;
    assert!(matches!(&weaker, OpenError::Weaker(found) if found.len() == 1), "{weaker:?}");
    assert!(weaker.to_string().contains("fsync is \"off\", expected on"), "{weaker}");
    let replicated = options(&server.url(), &name).durability(Durability::Replicated);
    let weaker = refused(replicated).await.to_string();
    assert!(weaker.contains("synchronous_standby_names is \"\""), "{weaker}");

    let store = options(&server.url(), &name).accept_weaker().open().await.expect("accepted");
    assert!(matches!(store.health(), Health::Weaker(_)) && !store.health().is_ready());
    let id = chat("c");
    let written = store.append(Append::new(&id, Head::NONE, command(1, 1), 0, b"e")).await;
    written.expect("it was accepted, so it is written to");
    store.close().await;
}

#[tokio::test]
async fn a_server_that_becomes_weaker_while_it_runs_is_not_written_to() {
    let server = Server::own(&[]);
    let store = open(&server, &schema()).await;
    assert_eq!(store.health(), Health::Ready);
    let id = chat("c");
    let append = |head| Append::new(&id, head, command(1, 1), 0, b"e");
    server.set("full_page_writes", "off").await;
    let health = becomes(&store, |health| !health.is_ready()).await;
    assert!(health.to_string().contains("full_page_writes"), "{health}");
    let refused = store.append(append(Head::NONE)).await.expect_err("nothing doubtful is promised");
    assert!(refused.to_string().contains("nothing was written"), "{refused}");
    assert_eq!(store.load(&id).await.unwrap(), None, "reads go on");
    server.set("full_page_writes", "on").await;
    becomes(&store, Health::is_ready).await;
    store.append(append(Head::NONE)).await.expect("and writes, once it is as it was");
    store.close().await;
}

#[tokio::test]
async fn every_sslmode_trusts_whom_it_says() {
    let mut issuer = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let issuer_key = rcgen::KeyPair::generate().unwrap();
    issuer.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = issuer.self_signed(&issuer_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(issuer, issuer_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let named = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = named.signed_by(&key, &issuer).unwrap().pem();
    let stranger = rcgen::generate_simple_self_signed(Vec::new()).unwrap().cert.pem();

    let server = Server::on_a_port();
    let [root, stranger] = [("root.pem", root), ("stranger.pem", stranger)]
        .map(|(name, text)| server.hand_over(name, &text).display().to_string());
    let on = |host: &str, extra: &str| {
        let url = Server::url_behind(server.port()).replace("127.0.0.1", host);
        options(&format!("{url}?{extra}"), "tls")
    };
    let insists = refused(on("localhost", "sslmode=require")).await;
    assert!(matches!(insists, OpenError::Tls(_)), "a server without TLS: {insists:?}");
    on("localhost", "sslmode=prefer").open().await.expect("without TLS").close().await;

    let certificate = server.hand_over("server.crt", &certificate).display().to_string();
    let key = server.hand_over("server.key", &key.serialize_pem()).display().to_string();
    server.set("ssl_cert_file", &certificate).await;
    server.set("ssl_key_file", &key).await;
    server.set("ssl", "on").await;
    let root = format!("sslrootcert={root}");
    let stranger = format!("sslrootcert={stranger}");
    for (host, mode, roots, secured) in [
        ("localhost", "disable", "", Some(false)),
        ("localhost", "prefer", "", Some(true)),
        ("localhost", "require", "", Some(true)),
        // As libpq has it: a root certificate that is named is meant.
        ("localhost", "require", &root, Some(true)),
        ("localhost", "require", &stranger, None),
        ("localhost", "verify-ca", &*root, Some(true)),
        ("localhost", "verify-full", &root, Some(true)),
        // The same server by a name that its certificate does not have.
        ("127.0.0.1", "verify-ca", &root, Some(true)),
        ("127.0.0.1", "verify-full", &root, None),
        ("localhost", "verify-ca", &stranger, None),
        ("localhost", "verify-full", &stranger, None),
    ] {
        // Connections that were closed a moment ago may still be shown.
        let name = format!("{host} {mode} {}", roots.len());
        let extra = format!("application_name={name}&sslmode={mode}&{roots}").replace(' ', "%20");
        let options = on(host, &extra);
        let Some(secured) = secured else {
            let refused = refused(options).await;
            assert!(matches!(refused, OpenError::Tls(_)), "{host} {mode} {roots}: {refused:?}");
            continue;
        };
        let store = options.open().await.unwrap_or_else(|why| panic!("{host} {mode}: {why}"));
        let ssl = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE application_name = $1";
        let found = server.admin().await.query_one(ssl, &[&name]).await.unwrap();
        assert_eq!(found.get::<_, Option<bool>>(0), Some(secured), "{host} {mode} {roots}");
        store.close().await;
    }
}
