//! What connections have in common whichever interface opens them: the guest's options, the judge of
//! addresses, and what is told of how a connection came about.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use narthex_client::{AddressGuard, DialError, IpVersion, Steps};
use narthex_settings::error_chain;

use super::{Error, ErrorKind, Label, denied, error};
use crate::grant::{Admission, NetGrants};

/// How the guest wants a connection opened.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) versions: Vec<IpVersion>,
    pub(crate) tls: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) refuses_http2: bool,
}

impl Options {
    /// Reads options, of which only `known` ones mean something to who asks.
    pub(crate) fn read(given: Vec<Label>, known: &[&str]) -> Result<Self, Error> {
        let mut options = Self::default();
        for Label { name, value } in given {
            if !known.contains(&&*name) {
                let known = known.join(", ");
                let message = format!("no option is named {name:?}; known: {known}");
                return Err(error(ErrorKind::Config, message));
            }
            let wrong = |wanted: &str| {
                let message = format!("option {name} is {value:?}; it takes {wanted}");
                error(ErrorKind::Config, message)
            };
            match &*name {
                "ip" => {
                    options.versions = versions(&value)
                        .ok_or_else(|| wrong("4, 6, or both in order, as in 6,4"))?;
                }
                "tls" => options.tls = Some(value),
                "server-name" => options.server_name = Some(value),
                "host" => options.host = Some(value),
                _ => {
                    let speaks = value.parse::<bool>().map_err(|_| wrong("true or false"))?;
                    options.refuses_http2 = !speaks;
                }
            }
        }
        Ok(options)
    }
}

fn versions(text: &str) -> Option<Vec<IpVersion>> {
    let version = |text: &str| match text.trim() {
        "4" => Some(IpVersion::V4),
        "6" => Some(IpVersion::V6),
        _ => None,
    };
    text.split(',').map(version).collect()
}

/// Judges the addresses of a host that was admitted.
#[derive(Debug)]
pub(crate) struct Judge {
    net: Arc<NetGrants>,
    admission: Admission,
}

impl Judge {
    /// Judges the host itself first.
    pub(crate) fn admit(net: &Arc<NetGrants>, host: &str, port: u16) -> Result<Self, Error> {
        let admission = net.admit(host, port).map_err(denied)?;
        Ok(Self { net: Arc::clone(net), admission })
    }
}

impl AddressGuard for Judge {
    fn check(&self, _: &str, address: SocketAddr) -> Result<(), String> {
        self.net.admit_address(&self.admission, address.ip()).map_err(|denied| denied.to_string())
    }
}

/// A failure to connect, for the guest.
pub(crate) fn dial_error(failure: &DialError) -> Error {
    match failure {
        DialError::Denied { reason, .. } => error(ErrorKind::Denied, reason.clone()),
        DialError::Resolve { .. } | DialError::NoAddress { .. } | DialError::Connect { .. } => {
            error(ErrorKind::Unreachable, error_chain(failure))
        }
    }
}

pub(crate) fn fact(name: &str, value: &impl ToString) -> Label {
    Label { name: name.to_owned(), value: value.to_string() }
}

/// A fact, if it is known.
pub(crate) fn known(name: &str, value: Option<impl ToString>) -> Option<Label> {
    value.map(|value| fact(name, &value))
}

/// How long something took.
pub(crate) fn took(name: &str, time: Option<Duration>) -> Option<Label> {
    known(name, time.map(|time| time.as_nanos()))
}

/// What is known of how a connection came about.
pub(crate) fn facts_of(steps: &Steps) -> Vec<Label> {
    let Steps { address, resolve, connect, tls } = steps;
    let facts = [
        known("address", *address),
        took("resolve-ns", *resolve),
        took("connect-ns", *connect),
        took("tls-ns", *tls),
    ];
    facts.into_iter().flatten().collect()
}

/// What is known of the encryption: the version of TLS and the cipher.
pub(crate) fn facts_of_tls(encryption: Option<(&str, &str)>) -> impl Iterator<Item = Label> {
    let (version, cipher) = encryption.unzip();
    [known("tls-version", version), known("tls-cipher", cipher)].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Options, String> {
        let options = Options::read(vec![fact(name, &value)], &["ip", "http2", "host"]);
        options.map_err(|error| error.message)
    }

    #[test]
    fn options_are_read_by_name() {
        let both = read("ip", "6,4").unwrap().versions;
        assert_eq!(both, [IpVersion::V6, IpVersion::V4]);
        assert!(read("http2", "false").unwrap().refuses_http2);
        assert!(!read("http2", "true").unwrap().refuses_http2);
        assert_eq!(read("host", "a.test").unwrap().host.as_deref(), Some("a.test"));
    }

    #[test]
    fn what_is_no_option_is_told() {
        for (name, value, said) in [
            ("tls", "x", "no option is named \"tls\"; known: ip, http2, host"),
            ("ip", "5", "option ip is \"5\"; it takes 4, 6, or both in order, as in 6,4"),
            ("http2", "no", "option http2 is \"no\"; it takes true or false"),
        ] {
            assert_eq!(read(name, value).unwrap_err(), said);
        }
    }

    #[test]
    fn facts_are_told_as_far_as_they_are_known() {
        let steps = Steps {
            address: Some("127.0.0.1:80".parse().unwrap()),
            resolve: Some(Duration::from_micros(3)),
            ..Steps::default()
        };
        let facts = facts_of(&steps);
        let facts: Vec<_> = facts.iter().map(|fact| (&*fact.name, &*fact.value)).collect();
        assert_eq!(facts, [("address", "127.0.0.1:80"), ("resolve-ns", "3000")]);
    }
}
