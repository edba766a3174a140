//! The program over TLS: what it serves, websockets included, and a certificate that is renewed while
//! it runs.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Stream = StreamOwned<ClientConnection, TcpStream>;

const CENTER: &str = r#"
[server]
listen = "127.0.0.1:0"
contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"
tls_certificate = CERTIFICATE
tls_key = KEY

# The password is "change me".
[[users]]
id = "1e553fa1b4164908a5f36d43cec96086"
name = "amy"
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$wz0ct3H9AbV+UoaHEbYcxA$lGBlHVJBFBw/rG0oE2f/lnDl5daTBUP3VPVtuCbig/M"
"#;

/// `amy:change me`.
const AMY: &str = "Authorization: Basic YW15OmNoYW5nZSBtZQ==";

/// The files of a running server.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    /// Puts a new certificate there, and answers with it.
    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&self.certificate, cert.pem()).unwrap();
        std::fs::write(&self.key, signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(files: &Files) -> Self {
        let text = CENTER
            .replace("CERTIFICATE", &format!("{:?}", files.certificate))
            .replace("KEY", &format!("{:?}", files.key));
        let config = temporary("center.toml");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command.args(["serve", "--config"]).arg(config).env_remove("RUST_LOG");
        command.env_remove("CHAT_CONFIG").env_remove("CHAT_LISTEN").env("CHAT_STORE", "memory");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("Listening on https://");
        let address = address.and_then(|rest| rest.trim_end().strip_suffix("/api/v2"));
        Self { address: address.unwrap_or_else(|| panic!("{line:?}")).to_owned(), child }
    }

    /// A connection, if the server is who `certificate` says.
    fn connect(&self, certificate: &CertificateDer<'static>) -> Option<Stream> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        client.complete_io(&mut stream).ok()?;
        Some(StreamOwned::new(client, stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until `end` has come.
fn read_until(stream: &mut Stream, end: &str) -> String {
    let mut found = Vec::new();
    while !String::from_utf8_lossy(&found).contains(end) {
        let mut piece = [0; 1_024];
        let read = stream.read(&mut piece).unwrap();
        assert_ne!(read, 0, "no {end:?} in {}", String::from_utf8_lossy(&found));
        found.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&found).into_owned()
}

fn temporary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tls_{name}"))
}

#[test]
fn it_serves_and_renews_its_certificate() {
    let files = Files { certificate: temporary("certificate.pem"), key: temporary("key.pem") };
    let old = files.renew();
    let mut server = Server::start(&files);

    let mut plain = server.connect(&old).expect("the certificate of the file");
    write!(plain, "GET /api/v2/me HTTP/1.1\r\nHost: localhost\r\n{AMY}\r\n\r\n").unwrap();
    let me = read_until(&mut plain, r#""userName":"amy""#);
    assert!(me.starts_with("HTTP/1.1 200 OK\r\n") && me.contains("; Secure\r\n"), "{me}");

    let mut socket = server.connect(&old).unwrap();
    write!(
        socket,
        "GET /api/v2/notifications HTTP/1.1\r\nHost: localhost\r\n{AMY}\r\n\
         Origin: https://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    assert!(read_until(&mut socket, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
    let mut shake_hands = || {
        let hello = br#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]"#;
        // A text frame, masked with zeros as the standard allows.
        let length = 0x80 | u8::try_from(hello.len()).unwrap();
        socket.write_all(&[&[0x81, length][..], &[0; 4], hello].concat()).unwrap();
        read_until(&mut socket, r#""successful":true"#);
    };
    shake_hands();

    let new = files.renew();
    let signal = |name: &str| {
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-HUP");
    while server.connect(&new).is_none() {
        std::thread::yield_now();
    }
    assert!(server.connect(&old).is_none());
    // What is open goes on.
    shake_hands();
    signal("-TERM");
    drop((plain, socket));
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
