//! TLS, where a certificate and its key are configured.
//!
//! HTTP/1.1 only: a held poll takes a connection of its own, and the limits of connections are the
//! limits of what one client may have the server wait for.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{ConfigError, Problem, Server};

/// What turns a connection into an encrypted one. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct TlsAcceptor(pub(crate) tokio_rustls::TlsAcceptor);

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsAcceptor(…)")
    }
}

/// Reads the certificate and the key, if there are any.
///
/// # Errors
/// A file cannot be read, does not hold what it should, or the two do not belong together.
pub(crate) fn acceptor(config: &Server) -> Result<Option<TlsAcceptor>, ConfigError> {
    let (Some(certificate_file), Some(key_file)) = (&config.tls_certificate, &config.tls_key)
    else {
        return Ok(None);
    };
    let certificates = certificates(certificate_file).map_err(|found| {
        let found = format!("{found} ({})", certificate_file.display());
        Problem::new("server.tls_certificate", "a PEM file with a certificate", found)
    })?;
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| {
        let found = format!("{} ({})", explained(&error, "private key"), key_file.display());
        Problem::new("server.tls_key", "a PEM file with a private key that is not encrypted", found)
    })?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key));
    let mut config = config.map_err(|error| {
        let (field, expected) = match error {
            rustls::Error::InvalidCertificate(_) => {
                ("server.tls_certificate", "a server's certificate first in the file")
            }
            _ => ("server.tls_key", "the private key of the certificate"),
        };
        match error {
            rustls::Error::InconsistentKeys(_) => Problem::new(field, expected, "another key"),
            error => Problem::new(field, expected, error),
        }
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor(Arc::new(config).into())))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let explained = |error: pem::Error| explained(&error, "certificate");
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(explained)?.collect();
    let certificates = certificates.map_err(explained)?;
    if certificates.is_empty() { Err("none in it".to_owned()) } else { Ok(certificates) }
}

/// What the library says of a file, without a word of what is in it: it may be a key.
fn explained(error: &pem::Error, what: &str) -> String {
    match error {
        pem::Error::Io(error) => format!("one that cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("no {what} in it"),
        _ => "one that is no PEM".to_owned(),
    }
}
