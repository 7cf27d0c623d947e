//! TLS on a connection that somebody else opened, for protocols that are not HTTP.
//!
//! Invariant: who is at the other end is judged by the keys of `tls_config`, as for HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{ClientOptions, SetupError};
use crate::config::{HttpConfig, TlsConfig};
use crate::files::Files;

/// How long a disk may take to answer when certificates are looked at again.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// How connections are encrypted: the keys of a `tls_config`, with its files read, and read again while it is used. Cheap to
/// clone.
#[derive(Clone)]
pub struct Encryption {
    files: Arc<Files>,
    server_name: Option<String>,
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encryption(<secret>)")
    }
}

/// Why a connection is not encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// Nobody can have a certificate for this.
    #[error("{0:?} is neither a name nor an address")]
    Name(String),
    /// The connection is encrypted already.
    #[error("TLS is spoken already")]
    Already,
    /// The handshake failed: no TLS, no common version, a certificate that is not believed.
    #[error("TLS with {name}")]
    Handshake {
        /// Who should be there.
        name: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl Encryption {
    /// Reads the certificates and keys that a configuration names.
    ///
    /// # Errors
    /// When a file cannot be read, or what it holds is of no use.
    pub fn read(config: &TlsConfig, options: &ClientOptions) -> Result<Self, SetupError> {
        let server_name = config.server_name.clone();
        let config = HttpConfig { tls: config.clone(), ..HttpConfig::default() };
        Ok(Self { files: Arc::new(Files::new(&Arc::new(config), options)?), server_name })
    }

    /// Speaks TLS on `stream` with the host of this name or address; a `server_name` of the configuration stands for it.
    ///
    /// # Errors
    /// When the name is none, or the handshake fails.
    pub async fn start(&self, host: &str, stream: Stream) -> Result<Stream, EncryptionError> {
        self.start_speaking(host, stream, &[]).await
    }

    /// As [`Self::start`], and settles which of these protocols is spoken.
    pub(crate) async fn start_speaking(
        &self,
        host: &str,
        stream: Stream,
        protocols: &[&str],
    ) -> Result<Stream, EncryptionError> {
        let Stream::Plain(stream) = stream else { return Err(EncryptionError::Already) };
        let name = self.server_name.as_deref().unwrap_or(host);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let server = ServerName::try_from(bare.to_owned())
            .map_err(|_| EncryptionError::Name(name.to_owned()))?;
        let protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        // A disk that hangs leaves the former ones in place, as bad files do.
        let current = self.files.current(Instant::now() + LOOK_MAX).await;
        let tls = current.map_or_else(|_| self.files.known_tls(), |(_, tls)| tls);
        let connector = TlsConnector::from(Arc::new(tls.plain()));
        let stream = connector.with_alpn(protocols).connect(server, stream).await;
        let failed = |source| EncryptionError::Handshake { name: name.to_owned(), source };
        Ok(Stream::Tls(Box::new(stream.map_err(failed)?)))
    }
}

/// A connection, encrypted or not.
#[derive(Debug)]
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The version of TLS and the cipher, by their registered names; `None` in the clear.
    #[must_use]
    pub fn encryption(&self) -> Option<(&'static str, &'static str)> {
        let Self::Tls(stream) = self else { return None };
        let (_, session) = stream.get_ref();
        let version = session.protocol_version()?;
        // No other version is spoken.
        let is_newest = version == rustls::ProtocolVersion::TLSv1_3;
        let version = if is_newest { "TLS 1.3" } else { "TLS 1.2" };
        // The library tells suites of 1.3 apart from others by a name of its own.
        let cipher = session.negotiated_cipher_suite()?.suite().as_str()?;
        Some((version, cipher.strip_prefix("TLS13_").map_or(cipher, known_as)))
    }

    /// The protocol that was settled with TLS.
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        let Self::Tls(stream) = self else { return None };
        stream.get_ref().1.alpn_protocol()
    }

    /// The certificates that the peer showed, in DER, its own first.
    #[must_use]
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let Self::Tls(stream) = self else { return Vec::new() };
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().unwrap_or_default();
        shown.iter().map(|certificate| certificate.to_vec()).collect()
    }
}

/// The registered name of a suite of TLS 1.3.
fn known_as(suite: &str) -> &'static str {
    match suite {
        "AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
        "AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
        "CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
        _ => "unknown",
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_platform::SimulatedClock;
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A server that says `go`, speaks TLS, and answers what it is sent.
    async fn server() -> (u16, tokio::task::JoinHandle<()>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain =
            [CertificateDer::from_pem_slice(include_bytes!("client/tests/server.pem")).unwrap()];
        let key =
            PrivateKeyDer::from_pem_slice(include_bytes!("client/tests/server.key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.to_vec(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "the test awaits it or ends with it")]
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"go").await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = [0; 4];
                stream.read_exact(&mut asked).await.unwrap();
                stream.write_all(&asked).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        (port, task)
    }

    async fn greeted(port: u16) -> Stream {
        let mut stream = Stream::Plain(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"go");
        stream
    }

    #[tokio::test]
    async fn a_connection_that_began_in_the_clear_goes_on_encrypted() {
        let (port, _server) = server().await;
        let config = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
        let encryption = Encryption::read(&config, &ClientOptions::default()).unwrap();
        let stream = greeted(port).await;
        assert_eq!((stream.encryption(), stream.certificates().len()), (None, 0));
        let mut stream = encryption.start("localhost", stream).await.unwrap();
        let (version, cipher) = stream.encryption().unwrap();
        assert_eq!(version, "TLS 1.3");
        assert!(cipher.starts_with("TLS_") && !cipher.contains("TLS13"), "{cipher}");
        assert_eq!(stream.certificates()[0][0], 0x30, "DER begins with a sequence");
        stream.write_all(b"ping").await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"ping");
        let again = encryption.start("localhost", stream).await.unwrap_err();
        assert_eq!(again.to_string(), "TLS is spoken already");
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
        let (port, _server) = server().await;
        let config = TlsConfig::default();
        let encryption = Encryption::read(&config, &ClientOptions::default()).unwrap();
        let refused = encryption.start("localhost", greeted(port).await).await.unwrap_err();
        let said = narthex_settings::error_chain(&refused);
        assert!(said.contains("TLS with localhost") && said.contains("certificate"), "{said}");
        let refused = encryption.start("no name", greeted(port).await).await.unwrap_err();
        assert_eq!(refused.to_string(), "\"no name\" is neither a name nor an address");
    }

    #[tokio::test]
    async fn certificates_are_read_again_while_they_are_used() {
        let (port, _server) = server().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        #[expect(clippy::disallowed_methods, reason = "it is written as an operator would")]
        let write = |authority: &str| std::fs::write(&file, authority).unwrap();
        write(include_str!("client/tests/authority_b.pem"));
        let clock = SimulatedClock::at(0);
        let options = ClientOptions { clock: clock.clock(), ..ClientOptions::default() };
        let config = TlsConfig {
            ca_file: Some(file.to_str().unwrap().to_owned()),
            server_name: Some("named.test".to_owned()),
            ..TlsConfig::default()
        };
        let encryption = Encryption::read(&config, &options).unwrap();
        encryption.start("localhost", greeted(port).await).await.unwrap_err();
        write(include_str!("client/tests/authority_a.pem"));
        clock.advance(Duration::from_secs(5));
        encryption.start("localhost", greeted(port).await).await.unwrap();
    }
}
