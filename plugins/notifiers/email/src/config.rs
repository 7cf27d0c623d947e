//! An entry of `email_configs`, with its templates expanded, and what is refused of it.

use std::collections::BTreeMap;

use narthex_sdk::{Error, alertmanager};
use serde::Deserialize;

/// Where TLS stands from the beginning, unless said otherwise.
const IMPLICIT_TLS_PORT: u16 = 465;

/// An entry of `email_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub(crate) to: String,
    pub(crate) from: String,
    smarthost: String,
    pub(crate) hello: String,
    pub(crate) auth_username: String,
    pub(crate) auth_password: String,
    auth_password_file: String,
    pub(crate) auth_secret: String,
    auth_secret_file: String,
    pub(crate) auth_identity: String,
    headers: BTreeMap<String, String>,
    default_subject: String,
    pub(crate) html: String,
    pub(crate) text: String,
    require_tls: bool,
    force_implicit_tls: Option<bool>,
    pub(crate) tls_profile: String,
    pub(crate) threading: Threading,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Threading {
    pub(crate) enabled: bool,
    pub(crate) thread_by_date: String,
}

/// When a connection becomes TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    Never,
    StartTls,
    FromTheBeginning,
}

impl Config {
    /// What the schema cannot say.
    pub(crate) fn judge(&self) -> Result<(), Error> {
        self.smarthost()?;
        if self.from.is_empty() {
            return Err(Error::key("from", "missing; set it, or smtp_from under global"));
        }
        let password_file = &self.auth_password_file;
        alertmanager::either(
            "auth_password",
            &self.auth_password,
            "auth_password_file",
            password_file,
        )?;
        let secret_file = &self.auth_secret_file;
        alertmanager::either("auth_secret", &self.auth_secret, "auth_secret_file", secret_file)?;
        let headers = self.headers()?;
        let threads = ["References", "In-Reply-To"].into_iter();
        let mut own = threads.filter(|name| headers.contains_key(*name));
        match own.next().filter(|_| self.threading.enabled) {
            Some(name) => {
                let why =
                    format!("stands beside threading, which writes {name}; leave one of them out");
                Err(Error::key(&format!("headers.{name}"), why))
            }
            None => Ok(()),
        }
    }

    /// Host and port.
    pub(crate) fn smarthost(&self) -> Result<(&str, u16), Error> {
        if self.smarthost.is_empty() {
            return Err(Error::key("smarthost", "missing; set it, or smtp_smarthost under global"));
        }
        let parsed = self.smarthost.rsplit_once(':').and_then(|(host, port)| {
            let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
            Some((host, port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
        });
        parsed.ok_or_else(|| Error::key("smarthost", "must be host:port"))
    }

    pub(crate) fn encryption(&self, port: u16) -> Encryption {
        if self.force_implicit_tls.unwrap_or(port == IMPLICIT_TLS_PORT) {
            Encryption::FromTheBeginning
        } else if self.require_tls {
            Encryption::StartTls
        } else {
            Encryption::Never
        }
    }

    /// The operator's headers by their usual names, with those that every mail has.
    pub(crate) fn headers(&self) -> Result<BTreeMap<String, &str>, Error> {
        let mut headers = BTreeMap::new();
        for (name, value) in &self.headers {
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || !name.chars().all(is_token) {
                return Err(Error::key(&format!("headers.{name}"), "not the name of a header"));
            }
            if headers.insert(canonical(name), value.as_str()).is_some() {
                return Err(Error::key(&format!("headers.{name}"), "stands there twice"));
            }
        }
        for (name, value) in
            [("Subject", &self.default_subject), ("To", &self.to), ("From", &self.from)]
        {
            headers.entry(name.to_owned()).or_insert(value);
        }
        Ok(headers)
    }
}

/// `message-ID` is `Message-Id`.
fn canonical(name: &str) -> String {
    let mut begins = true;
    let letters = name.chars().map(|letter| {
        let upper = begins;
        begins = letter == '-';
        if upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    });
    letters.collect()
}
