//! How requests get to a server: hyper over TCP or TLS, or whatever an embedder has.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Address, Error, Options};

/// A future that may be sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The way to a server.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and reads the whole response. Dropped before that, it gives up.
    ///
    /// How long it takes is the caller's business.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Bytes>, TransportError>>;
}

/// Why there is no response.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TransportError {
    /// In the system's words.
    pub why: String,
    /// Whether the request may have reached the server.
    pub sent: bool,
}

impl TransportError {
    /// No connection could be opened.
    pub fn unsent(why: impl Into<String>) -> Self {
        Self { why: why.into(), sent: false }
    }

    /// The connection broke.
    pub fn broken(why: impl Into<String>) -> Self {
        Self { why: why.into(), sent: true }
    }
}

/// HTTP/1.1 over TCP, with TLS where the address says so.
#[derive(Debug)]
pub struct HyperTransport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    most: usize,
}

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Connections that nobody uses are closed before servers do it.
const IDLE: Duration = Duration::from_secs(15);

impl HyperTransport {
    /// Prepares connections to `address`.
    ///
    /// # Errors
    /// [`Error::Untrusting`] if it is `https` and there is no certificate to trust.
    pub fn new(address: &Address, options: &Options) -> Result<Self, Error> {
        let roots = if address.is_https() { roots(options)? } else { RootCertStore::empty() };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has what the default versions take")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, most: options.max_reply_bytes })
    }
}

impl Transport for HyperTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Bytes>, TransportError>> {
        let (client, most) = (self.client.clone(), self.most);
        Box::pin(async move {
            let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
            let response = client.request(request.map(Full::new)).await.map_err(|error| {
                let why = format!("{authority}: {}", in_words(innermost(&error)));
                TransportError { why, sent: !error.is_connect() }
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, most).collect().await;
            let body = body.map_err(|error| TransportError::broken(innermost(&*error)))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

/// Only the last of a chain of errors says what happened.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// What people do wrong most often, in their words.
fn in_words(why: String) -> String {
    let meant = match &*why {
        why if why.contains("InvalidContentType") => "it speaks no TLS; is it http:// instead?",
        why if why.contains("invalid HTTP version") => "it speaks no HTTP; is it https:// instead?",
        why if why.contains("CaUsedAsEndEntity") => {
            "its certificate may vouch for others only (made with CA:TRUE), and not be shown by a server"
        }
        _ => return why,
    };
    format!("{meant} ({why})")
}

fn roots(options: &Options) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    match &options.root_certificates {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
                if added.is_none() {
                    return Err(untrusting("expected PEM certificates, found something else"));
                }
            }
        }
        None => {
            // One that cannot be read is no reason to trust none of the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(untrusting("expected certificates of those who vouch for servers, found none"));
    }
    Ok(roots)
}

fn untrusting(why: &str) -> Error {
    Error::Untrusting { why: why.to_owned() }
}
