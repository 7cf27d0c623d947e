//! The credentials of a profile of the shared files: a key, or a role that is taken with those of another
//! profile, of the environment, of the container or of the machine.
//!
//! Invariant: a profile that says how to log in is obeyed or refused with words; it never leads to another
//! identity that happens to be there.

use super::super::Machine;
use super::credentials::{Credentials, of_web_token};
use super::sts::{self, Role};
use super::{SignError, files, metadata};

/// Profiles that may refer to one another.
const PROFILES_MAX: usize = 4;

/// What a profile says of logging in.
#[derive(Debug, Default)]
struct Profile {
    key: Option<(String, String)>,
    token: Option<String>,
    role: Option<String>,
    external_id: Option<String>,
    session: Option<String>,
    /// Another profile with whose credentials the role is taken.
    source: Option<String>,
    /// A place from which they come.
    place: Option<String>,
    web_token_file: Option<String>,
    has_program: bool,
    has_single_sign_on: bool,
}

impl Profile {
    fn read(name: &str, machine: &Machine) -> Self {
        let mut keys = files::profile(machine, name);
        keys.retain(|_, value| !value.is_empty());
        Self {
            key: keys.remove("aws_access_key_id").zip(keys.remove("aws_secret_access_key")),
            token: keys.remove("aws_session_token"),
            role: keys.remove("role_arn"),
            external_id: keys.remove("external_id"),
            session: keys.remove("role_session_name"),
            source: keys.remove("source_profile"),
            place: keys.remove("credential_source"),
            web_token_file: keys.remove("web_identity_token_file"),
            has_program: keys.contains_key("credential_process"),
            has_single_sign_on: keys.keys().any(|key| key.starts_with("sso_")),
        }
    }
}

/// The credentials of a profile; none, if it says nothing of them.
pub(super) async fn of_profile(
    name: &str,
    region: &str,
    machine: &Machine,
) -> Result<Option<Credentials>, SignError> {
    // From the profile that was asked for to the one that has credentials.
    let mut passed: Vec<(String, Profile)> = Vec::new();
    let mut name = name.to_owned();
    let base = loop {
        let wrong = |what| SignError::Profile { profile: name.clone(), what };
        if passed.len() >= PROFILES_MAX {
            return Err(wrong("refer to one another too often"));
        }
        let mut profile = Profile::read(&name, machine);
        // A profile may name itself as the source of its role: then its key is meant.
        let is_own_source = passed.iter().any(|(passed, _)| *passed == name);
        if is_own_source {
            profile = Profile { role: None, source: None, ..profile };
        }
        if let (Some(_), Some(source)) = (&profile.role, profile.source.take()) {
            passed.push((std::mem::replace(&mut name, source), profile));
            continue;
        }
        let found = of_its_own(&mut profile, region, machine).await;
        let found = found.map_err(|error| error.of_profile(&name))?;
        match found {
            Some(found) => {
                passed.push((name, profile));
                break found;
            }
            None if profile.role.is_some() => {
                return Err(wrong("names a role, and no credentials with which it is taken"));
            }
            None if passed.is_empty() => return Ok(None),
            None => return Err(wrong("has no key for a role")),
        }
    };
    let mut found = base;
    for (_, profile) in passed.iter().rev() {
        let Some(role) = &profile.role else { continue };
        let role = Role {
            arn: role,
            external_id: profile.external_id.as_deref(),
            session: profile.session.as_deref(),
        };
        found = sts::assume_role(&found, role, region, machine).await?;
    }
    Ok(Some(found))
}

/// Why a profile cannot be obeyed.
enum Wrong {
    Profile(&'static str),
    Sign(SignError),
}

impl From<SignError> for Wrong {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl Wrong {
    fn of_profile(self, name: &str) -> SignError {
        match self {
            Self::Profile(what) => SignError::Profile { profile: name.to_owned(), what },
            Self::Sign(error) => error,
        }
    }
}

/// The credentials that a profile has without another one, in the order of AWS' own libraries.
async fn of_its_own(
    profile: &mut Profile,
    region: &str,
    machine: &Machine,
) -> Result<Option<Credentials>, Wrong> {
    if let Some((access_key, secret_key)) = profile.key.take() {
        return Ok(Some(Credentials::lasting(access_key, secret_key, profile.token.take())));
    }
    if let Some(place) = &profile.place {
        return of_place(place, machine).await.map(Some);
    }
    if let Some(file) = &profile.web_token_file {
        // The token itself stands for the role.
        let role = profile.role.take();
        let role = role.ok_or(Wrong::Profile("has a token of the web and no role_arn for it"))?;
        let session = profile.session.as_deref();
        return Ok(Some(of_web_token(file, &role, session, region, machine).await?));
    }
    if profile.has_single_sign_on {
        return Err(Wrong::Profile("logs in by single sign-on, which this server does not do"));
    }
    if profile.has_program {
        let what = "logs in by a program (credential_process), which this server does not run";
        return Err(Wrong::Profile(what));
    }
    Ok(None)
}

/// `credential_source`.
async fn of_place(place: &str, machine: &Machine) -> Result<Credentials, Wrong> {
    let variable = |name| machine.environment.get(name);
    match place {
        "Environment" => {
            let key = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
            let what = "takes its credentials from the environment, which has none";
            let (access_key, secret_key) = key.ok_or(Wrong::Profile(what))?;
            let token = variable("AWS_SESSION_TOKEN");
            Ok(Credentials::lasting(access_key, secret_key, token))
        }
        "EcsContainer" => {
            let found = metadata::of_container(machine).await?;
            found.ok_or(Wrong::Profile("takes the credentials of a container, and this is none"))
        }
        "Ec2InstanceMetadata" => Ok(metadata::of_machine(machine).await?),
        _ => {
            let what = "has a credential_source other than Environment, EcsContainer and \
                        Ec2InstanceMetadata";
            Err(Wrong::Profile(what))
        }
    }
}
