//! Where a request goes: a host and a port, or a unix socket of this machine.

use camino::Utf8PathBuf;
use url::Url;

use super::{Error, ErrorKind, error};
use crate::grant::Host;

/// The scheme of URLs whose host is the percent-encoded path of a unix socket.
const UNIX_SCHEME: &str = "http+unix";

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Place {
    Host {
        is_tls: bool,
        host: Host,
        port: u16,
    },
    /// The path of the socket.
    Socket(String),
}

pub(super) fn parse_url(text: &str) -> Result<Url, Error> {
    let config =
        |why: String| error(ErrorKind::Config, format!("{text:?} is no URL to fetch: {why}"));
    let url = Url::parse(text).map_err(|cause| config(cause.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | UNIX_SCHEME) {
        let scheme = url.scheme();
        return Err(config(format!("its scheme is {scheme} and not http, https or {UNIX_SCHEME}")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(config("it holds user information; use a header or credentials".to_owned()));
    }
    Ok(url)
}

impl Place {
    pub(super) fn of(url: &Url) -> Result<Self, Error> {
        let none = || error(ErrorKind::Config, format!("{:?} has no host", url.as_str()));
        if url.scheme() == UNIX_SCHEME {
            let path = url.host_str().and_then(decoded).ok_or_else(none)?;
            let is_plain = path.starts_with('/') && !path.split('/').any(|part| part == "..");
            let message = || format!("{path:?} is no absolute path of a socket");
            return match is_plain {
                true => Ok(Self::Socket(path)),
                false => Err(error(ErrorKind::Config, message())),
            };
        }
        let host = url.host_str().and_then(Host::parse).ok_or_else(none)?;
        let port = url.port_or_known_default().ok_or_else(none)?;
        Ok(Self::Host { is_tls: url.scheme() == "https", host, port })
    }

    /// What the client is asked for: a URL, and the socket through which it is reached.
    pub(super) fn request(&self, url: &Url) -> (String, Option<Utf8PathBuf>) {
        match self {
            Self::Host { .. } => (url.to_string(), None),
            Self::Socket(path) => {
                let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                let inner = format!("http://localhost{}{query}", url.path());
                (inner, Some(Utf8PathBuf::from(path)))
            }
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host { host, port, .. } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "unix://{path}"),
        }
    }
}

/// A text without percent encoding; `None`: it is no UTF-8 then.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_told_by_the_host_of_its_url() {
        let url =
            parse_url("http+unix://%2Frun%2Fdocker.sock/v1.40/containers/json?a=b%20c").unwrap();
        let place = Place::of(&url).unwrap();
        assert_eq!(place.to_string(), "unix:///run/docker.sock");
        let (inner, socket) = place.request(&url);
        assert_eq!(inner, "http://localhost/v1.40/containers/json?a=b%20c");
        assert_eq!(socket.unwrap(), "/run/docker.sock");
    }

    #[test]
    fn what_is_no_path_of_a_socket_is_refused() {
        for text in ["http+unix://docker.sock/", "http+unix://%2Frun%2F..%2Fx/", "http+unix:/x"] {
            let refused = parse_url(text).and_then(|url| Place::of(&url));
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
    }
}
