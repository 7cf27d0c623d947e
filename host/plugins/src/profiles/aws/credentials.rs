//! Where credentials come from, in the order of AWS' own libraries: the item, the environment, a
//! token of the web, the shared files, the container, the machine.

use narthex_platform::read_to_string;
use narthex_settings::Secret;

use super::super::Machine;
use super::{EXPIRY_MARGIN_MILLIS, Login, SignError, files, metadata, shared, sts};

/// A token in a file is not longer.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

/// A key, and until when it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: Secret,
    pub(super) session_token: Option<Secret>,
    /// Milliseconds since the epoch; `None`: it does not end.
    pub(super) until_millis: Option<i64>,
}

impl Credentials {
    /// Whether they may be used for a while from `now` on.
    pub(super) fn is_good_at(&self, now_millis: i64) -> bool {
        self.until_millis.is_none_or(|until| until - EXPIRY_MARGIN_MILLIS > now_millis)
    }

    pub(super) fn lasting(
        access_key: String,
        secret_key: String,
        session_token: Option<String>,
    ) -> Self {
        let session_token = session_token.filter(|token| !token.is_empty()).map(Secret::from);
        Self { access_key, secret_key: secret_key.into(), session_token, until_millis: None }
    }
}

/// The region by environment and shared files.
pub(super) fn region(login: &Login, machine: &Machine) -> Option<String> {
    let variable = |name| machine.environment.get(name);
    let named = || files::profile(machine, &profile_name(login, machine)).remove("region");
    variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).or_else(named)
}

/// The credentials with which everything begins; a role is taken with them.
pub(super) async fn find(
    login: &Login,
    region: &str,
    machine: &Machine,
) -> Result<Credentials, SignError> {
    let variable = |name| machine.environment.get(name);
    if !login.access_key.is_empty() {
        let (access_key, secret_key) = (login.access_key.clone(), login.secret_key.clone());
        return Ok(Credentials { access_key, secret_key, session_token: None, until_millis: None });
    }
    // A profile that the item names is meant, whatever the environment says.
    if login.profile.is_empty() {
        let key = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        if let Some((access_key, secret_key)) = key {
            let token = variable("AWS_SESSION_TOKEN");
            return Ok(Credentials::lasting(access_key, secret_key, token));
        }
        let web = variable("AWS_WEB_IDENTITY_TOKEN_FILE").zip(variable("AWS_ROLE_ARN"));
        if let Some((file, role)) = web {
            let session = variable("AWS_ROLE_SESSION_NAME");
            return of_web_token(&file, &role, session.as_deref(), region, machine).await;
        }
    }
    let name = profile_name(login, machine);
    if let Some(found) = shared::of_profile(&name, region, machine).await? {
        return Ok(found);
    }
    if !login.profile.is_empty() {
        let profile = login.profile.clone();
        return Err(SignError::Profile { profile, what: "has no credentials" });
    }
    if let Some(found) = metadata::of_container(machine).await? {
        return Ok(found);
    }
    match variable("AWS_EC2_METADATA_DISABLED").as_deref() {
        Some("true") => Err(SignError::None),
        _ => metadata::of_machine(machine).await,
    }
}

fn profile_name(login: &Login, machine: &Machine) -> String {
    let named = Some(login.profile.clone()).filter(|profile| !profile.is_empty());
    let named = named.or_else(|| machine.environment.get("AWS_PROFILE"));
    named.unwrap_or_else(|| "default".to_owned())
}

/// Takes a role with the token in a file.
pub(super) async fn of_web_token(
    file: &str,
    role: &str,
    session: Option<&str>,
    region: &str,
    machine: &Machine,
) -> Result<Credentials, SignError> {
    let token = read_to_string(&*machine.client.disk, file.into(), TOKEN_BYTES_MAX)
        .map_err(|source| SignError::File { path: file.into(), source })?;
    sts::assume_role_with_web_identity(token.trim(), (role, session), region, machine).await
}
