//! Requests to a service of AWS: the item's keys, and the signature that takes the place of
//! credentials in a request.
//!
//! Invariant: keys are taken out of the item before its schema judges it; no guest sees one.

mod credentials;
mod files;
mod metadata;
mod shared;
mod sign;
mod sts;

use narthex_client::{RequestError, SetupError};
use narthex_settings::Secret;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use self::credentials::Credentials;
use super::Machine;
use crate::imports::ErrorKind;

/// Keys of an item that say how to log in.
const KEYS: [&str; 5] = ["access_key", "secret_key", "profile", "role_arn", "external_id"];

/// Credentials that end within this time are not used any more.
const EXPIRY_MARGIN_MILLIS: i64 = 5 * 60 * 1000;

/// What an item says of logging in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    access_key: String,
    secret_key: Secret,
    profile: String,
    role_arn: String,
    external_id: String,
}

/// Why an item does not say how to log in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("{key}: expected a text")]
    NoText { key: &'static str },
    #[error("access_key and secret_key go together; {missing} is missing")]
    HalfKey { missing: &'static str },
}

/// Why a request is not signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("make a client for credentials")]
    Client(#[from] SetupError),
    #[error("{step}")]
    Request { step: &'static str, source: RequestError },
    #[error("{step}: the answer has no {what}")]
    Answer { step: &'static str, what: &'static str },
    #[error("{step}: {status}: {message}")]
    Refused { step: &'static str, status: String, message: String },
    #[error("read {path}")]
    File { path: camino::Utf8PathBuf, source: std::io::Error },
    #[error("profile {profile:?} of the shared files {what}")]
    Profile { profile: String, what: &'static str },
    #[error(
        "no credentials for AWS: neither the item, the environment, the shared files nor this machine \
         has any"
    )]
    None,
    #[error(
        "no region of AWS: neither the item, the environment, the shared files nor this machine names one"
    )]
    NoRegion,
    #[error("the request's {0} cannot be signed")]
    Unsignable(&'static str),
}

impl SignError {
    /// What it is for a guest.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Request { source: RequestError::Timeout { .. }, .. } => ErrorKind::Timeout,
            Self::Request { .. } => ErrorKind::Unreachable,
            Self::Answer { .. } | Self::Refused { .. } => ErrorKind::Protocol,
            Self::Client(_)
            | Self::File { .. }
            | Self::Profile { .. }
            | Self::None
            | Self::NoRegion
            | Self::Unsignable(_) => ErrorKind::Config,
        }
    }
}

impl Login {
    /// Takes the keys out of an item.
    pub(crate) fn take(config: &mut Value) -> Result<Self, LoginError> {
        let Value::Object(map) = config else { return Ok(Self::default()) };
        let mut take = |key: &'static str| match map.remove(key) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            // An external id may well be a number.
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(LoginError::NoText { key }),
        };
        let [access_key, secret_key, profile, role_arn, external_id] = KEYS;
        let login = Self {
            access_key: take(access_key)?,
            secret_key: take(secret_key)?.into(),
            profile: take(profile)?,
            role_arn: take(role_arn)?,
            external_id: take(external_id)?,
        };
        match (login.access_key.is_empty(), login.secret_key.expose().is_empty()) {
            (true, false) => Err(LoginError::HalfKey { missing: access_key }),
            (false, true) => Err(LoginError::HalfKey { missing: secret_key }),
            (true, true) | (false, false) => Ok(login),
        }
    }
}

/// Signs the requests of one item. Credentials are kept until they end.
#[derive(Debug)]
pub(crate) struct Signer {
    login: Login,
    service: String,
    /// Empty: not known yet.
    region: String,
    machine: Machine,
    /// Guards the credentials; held while new ones are fetched, so that they are fetched once.
    kept: Mutex<Option<Credentials>>,
}

impl Signer {
    /// A signer for a service in the item's region, which is filled in where environment or shared
    /// files name one.
    pub(crate) fn new(login: Login, service: &str, config: &mut Value, machine: &Machine) -> Self {
        let given = config.get("region").and_then(Value::as_str).unwrap_or_default().to_owned();
        let region = match given.is_empty() {
            true => credentials::region(&login, machine).unwrap_or_default(),
            false => given,
        };
        if let (Value::Object(keys), false) = (config, region.is_empty()) {
            keys.insert("region".to_owned(), Value::String(region.clone()));
        }
        let (service, machine) = (service.to_owned(), machine.clone());
        Self { login, service, region, machine, kept: Mutex::default() }
    }

    /// The item's own secret, and what is kept of what was found.
    pub(crate) fn known_secrets(&self) -> Vec<Secret> {
        let kept = self.kept.try_lock().ok().and_then(|kept| kept.clone());
        let kept = kept.into_iter().flat_map(|kept| [Some(kept.secret_key), kept.session_token]);
        kept.flatten().chain([self.login.secret_key.clone()]).collect()
    }

    /// Whether no region is known.
    pub(crate) fn lacks_region(&self) -> bool {
        self.region.is_empty()
    }

    /// The region that the machine itself runs in.
    pub(crate) async fn region_of_machine(&self) -> Result<String, SignError> {
        metadata::region(&self.machine).await
    }

    /// Signs a request to `url`.
    pub(crate) async fn sign(
        &self,
        request: &mut narthex_client::Request,
        url: &Url,
    ) -> Result<(), SignError> {
        let credentials = self.credentials().await?;
        let scope = sign::Scope { region: &self.region, service: &self.service };
        let now = self.machine.client.clock.now_millis();
        sign::sign(request, url, &credentials, &scope, now)
    }

    async fn credentials(&self) -> Result<Credentials, SignError> {
        let mut kept = self.kept.lock().await;
        let now = self.machine.client.clock.now_millis();
        if let Some(credentials) = kept.as_ref().filter(|kept| kept.is_good_at(now)) {
            return Ok(credentials.clone());
        }
        let base = credentials::find(&self.login, &self.region, &self.machine).await?;
        let found = match self.login.role_arn.is_empty() {
            true => base,
            false => {
                let external_id = Some(&*self.login.external_id).filter(|id| !id.is_empty());
                let role = sts::Role { arn: &self.login.role_arn, external_id, session: None };
                sts::assume_role(&base, role, &self.region, &self.machine).await?
            }
        };
        *kept = Some(found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
