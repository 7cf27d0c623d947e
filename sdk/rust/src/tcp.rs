//! Outbound TCP for protocols that are not HTTP.

use std::time::Duration;

use crate::{Error, Label, facts, host};

/// The largest piece that one read asks for.
const READ_BYTES_MAX: u32 = 64 << 10;

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    inner: host::tcp::Connection,
    timeout_ms: u32,
}

impl Connection {
    /// Connects; `timeout` holds for this and for each later operation.
    pub fn open(host: &str, port: u16, timeout: Duration) -> Result<Self, Error> {
        Self::with_tls(host, port, None, timeout)
    }

    /// Connects with TLS: the name of a profile that the operator bound, or `default`.
    pub fn open_tls(
        host: &str,
        port: u16,
        profile: &str,
        timeout: Duration,
    ) -> Result<Self, Error> {
        Self::with_tls(host, port, Some(profile), timeout)
    }

    /// Connects to `host:port`, as targets are written, with TLS where a profile is named.
    pub fn to(address: &str, tls: Option<&str>, timeout: Duration) -> Result<Self, Error> {
        let refused = || Error::config(format!("{address}: the target must be host:port"));
        let (host, port) = address.rsplit_once(':').ok_or_else(refused)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        Self::with_tls(host, port.parse().map_err(|_| refused())?, tls, timeout)
    }

    fn with_tls(
        host: &str,
        port: u16,
        tls: Option<&str>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        Ok(Self { inner: host::tcp::Connection::connect(host, port, tls, timeout_ms)?, timeout_ms })
    }

    /// Connects with options by name, as the contract lists them: `tls`, `server-name`, `ip`. An error has among its details
    /// what is known of the connection, as far as it came.
    pub fn open_with(
        host: &str,
        port: u16,
        options: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<Self, Error> {
        let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let options = facts::labels(options);
        Ok(Self {
            inner: host::tcp::Connection::open(host, port, &options, timeout_ms)?,
            timeout_ms,
        })
    }

    /// Writes all of it.
    pub fn write_all(&self, data: &[u8]) -> Result<(), Error> {
        self.inner.write_all(data, self.timeout_ms)
    }

    /// What is there, or none when the peer closed.
    pub fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read_within(Duration::from_millis(self.timeout_ms.into()))
    }

    /// As [`read`](Self::read), and waits no longer than this.
    pub fn read_within(&self, timeout: Duration) -> Result<Option<Vec<u8>>, Error> {
        let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let bytes = self.inner.read(READ_BYTES_MAX, timeout_ms)?;
        Ok(if bytes.is_empty() { None } else { Some(bytes) })
    }

    /// Speaks TLS from now on, once the peer has agreed: the name of a profile that the operator bound, or `default`.
    /// `server_name` is who must show a certificate; `None` for the host that was connected to.
    pub fn start_tls(&self, profile: &str, server_name: Option<&str>) -> Result<(), Error> {
        self.inner.start_tls(profile, server_name, self.timeout_ms)
    }

    /// What is known of the connection: `address`, `resolve-ns` and `connect-ns`, and with TLS `tls-ns`, `tls-version` and
    /// `tls-cipher`.
    pub fn facts(&self) -> Vec<Label> {
        self.inner.facts()
    }

    /// The certificates that the peer showed, in DER, its own first; empty without TLS.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.inner.certificates()
    }

    /// Everything until the peer closes, at most `bytes_max`.
    pub fn read_to_end(&self, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(bytes) = self.read()? {
            all.extend_from_slice(&bytes);
            if all.len() > bytes_max {
                return Err(Error::exhausted(format!("the peer sent more than {bytes_max} bytes")));
            }
        }
        Ok(all)
    }
}
