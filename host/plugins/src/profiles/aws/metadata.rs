//! What a container or a machine of AWS knows of itself: credentials of its role, its region.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use narthex_client::{Client, HttpConfig, Request};
use narthex_platform::read_to_string;
use narthex_settings::Secret;
use serde::Deserialize;

use super::super::Machine;
use super::SignError;
use super::credentials::Credentials;

/// Of one request for credentials.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The machine itself answers at once; on another machine nobody does.
const MACHINE_TIMEOUT: Duration = Duration::from_secs(2);

/// Answers with credentials are short.
pub(super) const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Where a machine of EC2 answers for itself.
const MACHINE: &str = "http://169.254.169.254";

/// Where the agent of ECS answers for a container.
const CONTAINER: &str = "http://169.254.170.2";

/// Credentials as container and machine tell them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

/// The credentials of the container's role; `None`: this is no container of AWS.
pub(super) async fn of_container(machine: &Machine) -> Result<Option<Credentials>, SignError> {
    let variable = |name| machine.environment.get(name);
    let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let relative = relative.map(|path| format!("{CONTAINER}{path}"));
    let full = || variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let Some(url) = relative.or_else(full) else { return Ok(None) };
    let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => {
            let text = read_to_string(&*machine.client.disk, (&*file).into(), ANSWER_BYTES_MAX);
            let text = text.map_err(|source| SignError::File { path: file.into(), source })?;
            Some(text.trim().to_owned())
        }
        None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    };
    let headers = token.map(|token| ("authorization".to_owned(), token)).into_iter().collect();
    let request = Request { headers, ..Request::get(url, TIMEOUT, ANSWER_BYTES_MAX) };
    let step = "ask the container's agent for credentials";
    let client = Client::new(HttpConfig::default(), machine.client.clone())?;
    told(step, &send(step, &client, request).await?).map(Some)
}

/// The credentials of the machine's role.
pub(super) async fn of_machine(machine: &Machine) -> Result<Credentials, SignError> {
    let step = "ask the machine for credentials";
    let asked = Service::open(machine).await?;
    let path = "/latest/meta-data/iam/security-credentials/";
    let role = asked.get(step, path).await?;
    let role = role.lines().next().unwrap_or_default().trim().to_owned();
    if role.is_empty() {
        return Err(SignError::Answer { step, what: "role" });
    }
    told(step, &asked.get(step, &format!("{path}{role}")).await?)
}

/// The region of the machine.
pub(super) async fn region(machine: &Machine) -> Result<String, SignError> {
    if machine.environment.get("AWS_EC2_METADATA_DISABLED").as_deref() == Some("true") {
        return Err(SignError::NoRegion);
    }
    let asked = Service::open(machine).await.map_err(|_| SignError::NoRegion)?;
    let region = asked.get("ask the machine for its region", "/latest/meta-data/placement/region");
    let region = region.await?.trim().to_owned();
    if region.is_empty() { Err(SignError::NoRegion) } else { Ok(region) }
}

/// The machine's own service, with a token of this session.
struct Service {
    client: Client,
    base: String,
    token: String,
}

impl Service {
    async fn open(machine: &Machine) -> Result<Self, SignError> {
        let base = machine.environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let base = base.unwrap_or_else(|| MACHINE.to_owned()).trim_end_matches('/').to_owned();
        let client = Client::new(HttpConfig::default(), machine.client.clone())?;
        let seconds = ("x-aws-ec2-metadata-token-ttl-seconds".to_owned(), "300".to_owned());
        let url = format!("{base}/latest/api/token");
        let request = Request {
            method: "PUT".to_owned(),
            headers: vec![seconds],
            ..Request::get(url, MACHINE_TIMEOUT, ANSWER_BYTES_MAX)
        };
        // On another machine there is nobody to ask.
        let token = send("ask the machine", &client, request).await;
        let token = token.map_err(|_| SignError::None)?.trim().to_owned();
        Ok(Self { client, base, token })
    }

    async fn get(&self, step: &'static str, path: &str) -> Result<String, SignError> {
        let token = ("x-aws-ec2-metadata-token".to_owned(), self.token.clone());
        let url = format!("{}{path}", self.base);
        let request = Request {
            headers: vec![token],
            ..Request::get(url, MACHINE_TIMEOUT, ANSWER_BYTES_MAX)
        };
        send(step, &self.client, request).await
    }
}

async fn send(step: &'static str, client: &Client, request: Request) -> Result<String, SignError> {
    let answer = client.request(request).await;
    let answer = answer.map_err(|source| SignError::Request { step, source })?;
    if answer.status != 200 {
        let (status, message) = (answer.status_text(), "it gives none".to_owned());
        return Err(SignError::Refused { step, status, message });
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

fn told(step: &'static str, text: &str) -> Result<Credentials, SignError> {
    let told: Told =
        serde_json::from_str(text).map_err(|_| SignError::Answer { step, what: "credentials" })?;
    Ok(Credentials {
        access_key: told.access_key_id,
        secret_key: told.secret_access_key.into(),
        session_token: told.token.filter(|token| !token.is_empty()).map(Secret::from),
        until_millis: told.expiration.as_deref().and_then(millis),
    })
}

/// A time as in `2026-03-01T10:00:00Z`, in milliseconds since the epoch.
pub(super) fn millis(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// A time as in `20260301T100000Z`.
pub(super) fn basic_time(millis: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(millis).ok()?.to_zoned(TimeZone::UTC);
    Some(time.strftime("%Y%m%dT%H%M%SZ").to_string())
}
