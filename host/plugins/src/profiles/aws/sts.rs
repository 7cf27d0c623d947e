//! Taking a role: the service that gives credentials for some time (STS).

use bytes::Bytes;
use narthex_client::{Client, HttpConfig, HttpKeys, Request};
use narthex_settings::Secret;
use url::Url;

use super::super::Machine;
use super::credentials::Credentials;
use super::metadata::{self, ANSWER_BYTES_MAX, TIMEOUT};
use super::{SignError, sign};

/// What a session is called, where nobody says otherwise.
const SESSION: &str = "narthex";

/// A role, and what is said when it is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    /// What the role may ask for.
    pub(super) external_id: Option<&'a str>,
    /// What the session is called.
    pub(super) session: Option<&'a str>,
}

/// Takes a role with the credentials of someone who may.
pub(super) async fn assume_role(
    base: &Credentials,
    role: Role<'_>,
    region: &str,
    machine: &Machine,
) -> Result<Credentials, SignError> {
    let session = role.session.unwrap_or(SESSION);
    let mut form =
        vec![("Action", "AssumeRole"), ("RoleArn", role.arn), ("RoleSessionName", session)];
    form.extend(role.external_id.map(|id| ("ExternalId", id)));
    let (mut request, url) = request(&form, region, machine)?;
    let scope = sign::Scope { region, service: "sts" };
    sign::sign(&mut request, &url, base, &scope, machine.client.clock.now_millis())?;
    send("take the role", request, machine).await
}

/// Takes a role with a token that somebody else vouches for.
pub(super) async fn assume_role_with_web_identity(
    token: &str,
    (role, session): (&str, Option<&str>),
    region: &str,
    machine: &Machine,
) -> Result<Credentials, SignError> {
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", role),
        ("RoleSessionName", session.unwrap_or(SESSION)),
        ("WebIdentityToken", token),
    ];
    let (request, _) = request(&form, region, machine)?;
    send("take the role with a web token", request, machine).await
}

fn request(
    form: &[(&str, &str)],
    region: &str,
    machine: &Machine,
) -> Result<(Request, Url), SignError> {
    let ending = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url = machine.environment.get("AWS_ENDPOINT_URL_STS");
    let url = url.unwrap_or_else(|| match region.is_empty() {
        true => format!("https://sts.{ending}/"),
        false => format!("https://sts.{region}.{ending}/"),
    });
    let url = Url::parse(&url).map_err(|_| SignError::Unsignable("URL"))?;
    let pairs = form.iter().chain(&[("Version", "2011-06-15")]);
    let body: Vec<String> =
        pairs.map(|(name, value)| format!("{name}={}", sign::encoded(value))).collect();
    let kind = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    let request = Request {
        method: "POST".to_owned(),
        headers: vec![kind],
        body: Bytes::from(body.join("&")),
        ..Request::get(url.as_str(), TIMEOUT, ANSWER_BYTES_MAX)
    };
    Ok((request, url))
}

async fn send(
    step: &'static str,
    request: Request,
    machine: &Machine,
) -> Result<Credentials, SignError> {
    // As AWS' own libraries do it.
    let keys = HttpKeys { proxy_from_environment: Some(true), ..HttpKeys::default() };
    let config = HttpConfig::try_from(keys).unwrap_or_default();
    let client = Client::new(config, machine.client.clone())?;
    let answer = client.request(request).await;
    let answer = answer.map_err(|source| SignError::Request { step, source })?;
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status != 200 {
        let (status, message) = (answer.status_text(), element(&text, "Message"));
        let message = message.unwrap_or("it says not why").to_owned();
        return Err(SignError::Refused { step, status, message });
    }
    let part = |what: &'static str| element(&text, what).ok_or(SignError::Answer { step, what });
    Ok(Credentials {
        access_key: part("AccessKeyId")?.to_owned(),
        secret_key: Secret::from(part("SecretAccessKey")?.to_owned()),
        session_token: Some(Secret::from(part("SessionToken")?.to_owned())),
        until_millis: metadata::millis(part("Expiration")?),
    })
}

/// The text of the first element of a name. Keys and times have no letters that XML would escape.
fn element<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}
