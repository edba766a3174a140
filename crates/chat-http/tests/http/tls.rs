//! TLS over real sockets: who is served, and who is not waited for.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use chat_http::{App, Clock as _, Config, ManualClock};
use chat_store::MemoryStore;

use crate::socket::{CREDENTIALS, Running, reply, start};
use crate::websocket::{AGENT1, Agent};

/// A certificate for `localhost` and its key, as files for one test.
struct Identity {
    certificate: CertificateDer<'static>,
    certificate_file: PathBuf,
    key_file: PathBuf,
}

fn identity(test: &str) -> Identity {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Identity {
        certificate: cert.der().clone(),
        certificate_file: file(&format!("{test}.certificate.pem"), &cert.pem()),
        key_file: file(&format!("{test}.key.pem"), &signing_key.serialize_pem()),
    }
}

/// Tests run at the same time, so each name is one test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn start_tls(identity: &Identity, change: impl FnOnce(&mut Config)) -> Running {
    start(|config| {
        config.server.tls_certificate = Some(identity.certificate_file.clone());
        config.server.tls_key = Some(identity.key_file.clone());
        change(config);
    })
    .await
}

fn connector(
    identity: &Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
    protocols: &[&str],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config).into()
}

async fn connect(
    server: &Running,
    identity: &Identity,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    connector(identity, rustls::ALL_VERSIONS, protocols).connect(name, stream).await
}

async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    reply(stream).await
}

fn get_me() -> String {
    format!("GET /api/v2/me HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n\r\n")
}

/// With either version of the protocol; everything that names the server says https, and cookies
/// are for TLS only without being told.
#[tokio::test]
async fn clients_that_speak_tls_are_served() {
    let identity = identity("served");
    let server = start_tls(&identity, |_| ()).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = connector(&identity, &[version], &["h2", "http/1.1"]);
        let mut stream = connector.connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let login = ask(&mut stream, &get_me()).await;
        assert!(login.starts_with("HTTP/1.1 200 OK\r\n"), "{login}");
        assert!(login.contains("; Path=/; HttpOnly; SameSite=Lax; Secure\r\n"), "{login}");
        assert!(login.contains(&format!("\"uri\":\"https://{}/api/v2/", server.address)));
        // The connection goes on.
        assert!(ask(&mut stream, &get_me()).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    // A client that knows nothing of ALPN speaks HTTP/1.1 anyway; one that wants HTTP/2 is told no.
    let mut plain = connect(&server, &identity, &[]).await.unwrap();
    assert!(ask(&mut plain, &get_me()).await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(connect(&server, &identity, &["h2"]).await.is_err());
}

/// Whoever does not speak TLS gets no reply, least of all to a password in the clear.
#[tokio::test]
async fn clients_that_do_not_speak_tls_are_not_served() {
    let identity = identity("plain");
    let server = start_tls(&identity, |_| ()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(get_me().as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    let mut stream = connect(&server, &identity, &[]).await.unwrap();
    assert!(ask(&mut stream, &get_me()).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

/// Handshakes that nobody ends have places like any connection and give them back in time: hundreds
/// of them keep nobody out for long.
#[tokio::test]
async fn unfinished_handshakes_are_bounded_and_given_up() {
    let identity = identity("unfinished");
    let server = start_tls(&identity, |config| {
        config.limits.max_connections = 32;
        config.limits.handshake_seconds = 1;
        config.limits.idle_seconds = 3_600;
    })
    .await;
    let mut unfinished = Vec::new();
    for n in 0..300 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // Nothing at all, or the beginning of a hello.
        if n % 2 == 0 {
            let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00").await;
        }
        unfinished.push(stream);
    }
    let mut stream = loop {
        let Ok(mut stream) = connect(&server, &identity, &[]).await else { continue };
        let answer = ask(&mut stream, &get_me()).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            break stream;
        }
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    };
    for mut stream in unfinished {
        let mut rest = Vec::new();
        // Ended or reset: not waited for.
        let _ = stream.read_to_end(&mut rest).await;
    }
    let metrics = ask(&mut stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(metrics.contains("chat_http_connections 1\n"), "{metrics}");
}

/// BAYEUX-12.2 over TLS: events are pushed, the client is told to stop when its user logs out, and the
/// server's end is heard.
#[tokio::test]
async fn websockets_are_encrypted_like_everything_else() {
    let identity = identity("websocket");
    let server = start_tls(&identity, |_| ()).await;
    let address = "wss://localhost/api/v2/notifications";
    let mut agents = Vec::new();
    for _ in 0..2 {
        let stream = connect(&server, &identity, &["http/1.1"]).await.unwrap();
        let mut agent = Agent::open_on(stream, address, &[AGENT1]).await.unwrap();
        agent.begin(json!({})).await;
        agents.push(agent);
    }
    let mut stream = connect(&server, &identity, &[]).await.unwrap();
    let mut post = async |body: &str| {
        let length = body.len();
        let answer = ask(
            &mut stream,
            &format!(
                "POST /api/v2/me HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            ),
        )
        .await;
        assert!(answer.ends_with(r#"{"statusCode":0}"#), "{answer}");
    };
    post(r#"{"operationName":"StartContactCenterSession","channels":["chat"]}"#).await;
    post(r#"{"operationName":"Ready"}"#).await;
    for agent in &mut agents {
        for state in ["NotReady", "Ready"] {
            let pushed = agent.hear().await;
            assert_eq!(pushed[0]["data"]["channels"][0]["userState"]["state"], state, "{pushed}");
        }
    }
    post(r#"{"operationName":"EndContactCenterSession"}"#).await;
    for agent in &mut agents {
        let heard = agent.hear_out().await;
        let channels = ["/v2/me/channels", "/meta/disconnect", "/meta/connect"];
        assert_eq!(heard.iter().map(|it| &it["channel"]).collect::<Vec<_>>(), channels);
        assert_eq!(heard[2]["advice"]["reconnect"], "none");
        assert_eq!(agent.closed().await, 1000);
    }
    let stream = connect(&server, &identity, &[]).await.unwrap();
    let mut agent = Agent::open_on(stream, address, &[AGENT1]).await.unwrap();
    agent.begin(json!({})).await;
    server.stop.send(()).unwrap();
    assert_eq!(agent.closed().await, 1001);
    drop((agent, agents));
    server.server.await.unwrap().unwrap();
}

/// New connections are shown the certificate that is in the files by then; open ones go on, and files
/// that cannot be used change nothing.
#[tokio::test]
async fn a_certificate_is_read_again() {
    let (old, new) = (identity("old"), identity("new"));
    let shown = identity("shown");
    let copy = |from: &Identity| {
        std::fs::copy(&from.certificate_file, &shown.certificate_file).unwrap();
        std::fs::copy(&from.key_file, &shown.key_file).unwrap();
    };
    copy(&old);
    let server = start_tls(&shown, |_| ()).await;
    let mut open = connect(&server, &old, &[]).await.unwrap();
    assert!(connect(&server, &new, &[]).await.is_err());

    copy(&new);
    connect(&server, &old, &[]).await.expect("nobody has read it yet");
    server.app.read_certificate_again().unwrap();
    assert!(connect(&server, &old, &[]).await.is_err());
    connect(&server, &new, &[]).await.unwrap();
    assert!(ask(&mut open, &get_me()).await.starts_with("HTTP/1.1 200 OK\r\n"));

    std::fs::copy(&old.key_file, &shown.key_file).unwrap();
    let error = server.app.read_certificate_again().unwrap_err().to_string();
    assert!(error.contains("server.tls_key") && error.contains("another key"), "{error}");
    connect(&server, &new, &[]).await.unwrap();
}

/// What is wrong with the files is said at the start, with the setting and the file.
#[test]
fn unusable_files_are_refused_at_the_start() {
    let (one, other) = (identity("one"), identity("other"));
    let nothing = file("nothing.pem", "nothing\n");
    let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("missing.pem");
    for (certificate, key, parts) in [
        (&missing, &one.key_file, ["server.tls_certificate", "cannot be read", "missing.pem"]),
        (&nothing, &one.key_file, ["server.tls_certificate", "none in it", "nothing.pem"]),
        (&broken, &one.key_file, ["server.tls_certificate", "no PEM", "broken.pem"]),
        (&one.key_file, &one.key_file, ["server.tls_certificate", "none in it", "one.key.pem"]),
        (&one.certificate_file, &missing, ["server.tls_key", "cannot be read", "missing.pem"]),
        (
            &one.certificate_file,
            &one.certificate_file,
            ["server.tls_key", "no private key in it", "one.certificate.pem"],
        ),
        (
            &one.certificate_file,
            &other.key_file,
            ["server.tls_key", "expected the private key of the certificate", "found another key"],
        ),
    ] {
        let mut config = Config::demo("127.0.0.1:8090".parse().unwrap());
        config.server.tls_certificate = Some(certificate.clone());
        config.server.tls_key = Some(key.clone());
        let clock = Arc::new(ManualClock::at(0));
        let store = MemoryStore::new(Arc::new({
            let clock = clock.clone();
            move || clock.now_ms()
        }));
        let error = App::new(config, store, clock).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    }
}
