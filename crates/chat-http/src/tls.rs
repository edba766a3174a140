//! TLS, where a certificate and its key are configured.
//!
//! HTTP/1.1 only: a held poll takes a connection of its own, and the limits of connections are the
//! limits of what one client may have the server wait for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{ConfigError, Problem, Server};

/// What turns a connection into an encrypted one. Cloning is cheap; clones are the same.
#[derive(Clone)]
pub(crate) struct TlsAcceptor {
    pub(crate) acceptor: tokio_rustls::TlsAcceptor,
    shown: Arc<Shown>,
    certificate_file: PathBuf,
    key_file: PathBuf,
}

impl TlsAcceptor {
    /// Reads the files again and shows what is in them from now on. Connections that are open stay as
    /// they are.
    ///
    /// # Errors
    /// As [`acceptor`]; then what was shown is shown further.
    pub(crate) fn read_again(&self) -> Result<(), ConfigError> {
        let identity = identity(&self.certificate_file, &self.key_file)?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = identity;
        Ok(())
    }
}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsAcceptor(…)")
    }
}

/// The certificate that clients are shown, with its key.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
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
    let shown = Arc::new(Shown(RwLock::new(identity(certificate_file, key_file)?)));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has what the default versions take")
        .with_no_client_auth()
        .with_cert_resolver(shown.clone());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor {
        acceptor: Arc::new(config).into(),
        shown,
        certificate_file: certificate_file.clone(),
        key_file: key_file.clone(),
    }))
}

fn identity(certificate_file: &Path, key_file: &Path) -> Result<Arc<CertifiedKey>, ConfigError> {
    let certificates = certificates(certificate_file).map_err(|found| {
        let found = format!("{found} ({})", certificate_file.display());
        Problem::new("server.tls_certificate", "a PEM file with a certificate", found)
    })?;
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| {
        let found = format!("{} ({})", explained(&error, "private key"), key_file.display());
        Problem::new("server.tls_key", "a PEM file with a private key that is not encrypted", found)
    })?;
    let read = || {
        let read = CertifiedKey::from_der(certificates, key, &ring::default_provider())?;
        read.end_entity_cert().and_then(ParsedCertificate::try_from)?;
        Ok(Arc::new(read))
    };
    read().map_err(|error| {
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
        .into()
    })
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
