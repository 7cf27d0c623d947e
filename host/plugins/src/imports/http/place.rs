//! Where a request goes: a host and a port, or a unix socket of this machine.

use camino::Utf8PathBuf;
use url::Url;

use super::{Error, ErrorKind, error};
use crate::base64;
use crate::grant::Host;
use crate::secrets::{decoded, percent_decoded};

/// The header of credentials.
pub(super) const AUTHORIZATION: &str = "authorization";

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
    Ok(url)
}

/// Takes the user and the password out of a URL: the header in which they are sent, as Go's client sends them.
pub(super) fn take_user(url: &mut Url) -> Option<(String, String)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let pair = format!("{}:{}", percent_decoded(user), percent_decoded(password));
    // A URL that has a user has a host, and so may go without.
    let _is_gone = url.set_username("").and_then(|()| url.set_password(None));
    Some((AUTHORIZATION.to_owned(), format!("Basic {}", base64::encoded(pair.as_bytes()))))
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
    fn the_user_of_a_url_is_sent_in_a_header() {
        let taken = |text: &str| {
            let mut url = parse_url(text).unwrap();
            let header = take_user(&mut url).map(|(name, value)| format!("{name}: {value}"));
            (url.to_string(), header)
        };
        let header =
            |pair: &str| Some(format!("authorization: Basic {}", base64::encoded(pair.as_bytes())));
        assert_eq!(taken("http://a:1/x?y"), ("http://a:1/x?y".to_owned(), None));
        let place = "https://a/x".to_owned();
        assert_eq!(taken("https://me:p%40s+&s@a/x"), (place.clone(), header("me:p@s+&s")));
        assert_eq!(taken("https://t0ken@a/x"), (place.clone(), header("t0ken:")));
        assert_eq!(taken("https://:p@a/x"), (place, header(":p")));
    }

    #[test]
    fn what_is_no_path_of_a_socket_is_refused() {
        for text in ["http+unix://docker.sock/", "http+unix://%2Frun%2F..%2Fx/", "http+unix:/x"] {
            let refused = parse_url(text).and_then(|url| Place::of(&url));
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
    }
}
