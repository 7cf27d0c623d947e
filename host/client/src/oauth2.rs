//! Tokens of OAuth 2 (RFC 6749): one is kept until it ends, and one request at a time asks for the next.

mod assertion;

use std::time::Duration;

use narthex_settings::Secret;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::{Client, ClientOptions, SetupError};
use crate::config::{Auth, Grant, HttpConfig, OAuth2, Redirects};
use crate::error::RequestError;
use crate::request::{Request, Response};
use crate::secret::basic;

/// An answer with a token is short.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A token counts as ended this long before it does, so that it does not end on its way.
const EARLY: Duration = Duration::from_secs(10);

/// What is shown of an answer that holds no token.
const SHOWN_CHARS_MAX: usize = 512;

/// Gets and keeps the token of one configuration.
#[derive(Debug)]
pub(crate) struct Tokens {
    config: OAuth2,
    client: Client,
    options: ClientOptions,
    /// Guards the token; held while one is asked for, so that it is asked for once.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// The header that says it.
    header: Secret,
    /// When it ends, by the monotonic clock.
    until: Option<Duration>,
    /// The secret it was given for: a new one asks anew.
    secret: Secret,
    /// Whether the server wants the secret in the body and not in a header.
    is_secret_in_body: bool,
}

/// RFC 6749, part 5.1.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: String,
    /// Seconds; some servers write it as a string.
    #[serde(default)]
    expires_in: Seconds,
}

/// RFC 6749, part 5.2. Nothing else of a refusal is shown: it may repeat what was asked.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Refusal {
    fn shown(&self, secret: &str) -> String {
        let whole = match &*self.error_description {
            "" => self.error.clone(),
            description => format!("{}: {description}", self.error),
        };
        // As it is and as it was sent.
        let forms = [secret.to_owned(), encoded(secret)];
        let forms = forms.iter().filter(|form| !form.is_empty());
        let hidden = forms.fold(whole, |text, form| text.replace(form.as_str(), "<secret>"));
        hidden.chars().take(SHOWN_CHARS_MAX).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
    #[default]
    Absent,
}

impl Tokens {
    pub(crate) fn new(config: &OAuth2, options: &ClientOptions) -> Result<Self, SetupError> {
        let http = HttpConfig {
            tls: config.tls.clone(),
            proxy: config.proxy.clone(),
            auth: Auth::None,
            // The secret may stand in the body, which a redirect takes along.
            redirects: Redirects::AtHome,
            ..HttpConfig::default()
        };
        // The operator named the URL, so that no guard stands before it.
        let options = ClientOptions { guard: None, ..options.clone() };
        let client = Client::new(http, options.clone())?;
        Ok(Self { config: config.clone(), client, options, kept: Mutex::new(None) })
    }

    /// The token that is kept, if nobody asks for one just now.
    pub(crate) fn known(&self) -> Option<Secret> {
        let kept = self.kept.try_lock().ok()?;
        let token = kept.as_ref()?.header.expose().split_whitespace().nth(1)?;
        Some(token.to_owned().into())
    }

    /// The value of `Authorization`, at most until `deadline`, which is `timeout` after the beginning.
    pub(crate) async fn header(
        &self,
        secret: &Secret,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<Secret, RequestError> {
        match tokio::time::timeout_at(deadline, self.fresh(secret, timeout)).await {
            Ok(header) => header,
            // Who was waited for is told, so that nobody looks at the wrong server.
            Err(_) => Err(self.failed(RequestError::Timeout { after: timeout })),
        }
    }

    async fn fresh(&self, secret: &Secret, timeout: Duration) -> Result<Secret, RequestError> {
        let mut kept = self.kept.lock().await;
        let now = self.options.clock.monotonic();
        if let Some(kept) = &*kept {
            let lives = kept.until.is_none_or(|until| now < until);
            if lives && kept.secret == *secret {
                return Ok(kept.header.clone());
            }
        }
        let in_body = kept.as_ref().is_some_and(|kept| kept.is_secret_in_body);
        let fresh = self.ask(secret, in_body, timeout).await?;
        Ok(kept.insert(fresh).header.clone())
    }

    async fn ask(
        &self,
        secret: &Secret,
        in_body: bool,
        timeout: Duration,
    ) -> Result<Kept, RequestError> {
        let now = self.options.clock.monotonic();
        let mut is_secret_in_body = in_body;
        let mut response = self.post(secret.expose(), in_body, timeout).await?;
        let is_refused = !(200..300).contains(&response.status);
        if is_refused && !in_body && matches!(self.config.grant, Grant::Secret(_)) {
            // RFC 6749, part 2.3.1 knows two places for the secret, and servers one or the other.
            is_secret_in_body = true;
            response = self.post(secret.expose(), true, timeout).await?;
        }
        let answer = self.read(&response, secret.expose())?;
        let scheme =
            if answer.token_type.is_empty() || answer.token_type.eq_ignore_ascii_case("bearer") {
                "Bearer"
            } else {
                &answer.token_type
            };
        let seconds = match answer.expires_in {
            Seconds::Number(seconds) => Some(seconds),
            Seconds::Text(text) => text.parse().ok(),
            Seconds::Absent => None,
        };
        let lasts = seconds.filter(|seconds| *seconds > 0.0);
        let lasts = lasts.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Kept {
            header: format!("{scheme} {}", answer.access_token).into(),
            until: lasts.map(|lasts| now.saturating_add(lasts.saturating_sub(EARLY))),
            secret: secret.clone(),
            is_secret_in_body,
        })
    }

    async fn post(
        &self,
        secret: &str,
        in_body: bool,
        timeout: Duration,
    ) -> Result<Response, RequestError> {
        let request = self.request(secret, in_body, timeout)?;
        Box::pin(self.client.request(request)).await.map_err(|error| self.failed(error))
    }

    fn request(
        &self,
        secret: &str,
        in_body: bool,
        timeout: Duration,
    ) -> Result<Request, RequestError> {
        let config = &self.config;
        let mut request = Request::get(&config.token_url, timeout, ANSWER_BYTES_MAX);
        "POST".clone_into(&mut request.method);
        let mut header = |name: &str, value: String| request.headers.push((name.to_owned(), value));
        header("Content-Type", "application/x-www-form-urlencoded".to_owned());
        header("Accept", "application/json".to_owned());
        let mut form = form_urlencoded::Serializer::new(String::new());
        match &config.grant {
            Grant::Secret(_) => {
                form.append_pair("grant_type", "client_credentials");
                if in_body {
                    form.append_pair("client_id", &config.client_id);
                    form.append_pair("client_secret", secret);
                } else {
                    header("Authorization", basic(&encoded(&config.client_id), &encoded(secret)));
                }
                if !config.scopes.is_empty() {
                    form.append_pair("scope", &config.scopes.join(" "));
                }
            }
            Grant::Assertion(assertion) => {
                let now = self.options.clock.now_millis();
                let signed = assertion.sign(secret, config, now);
                let signed = signed.map_err(|error| self.failed(error))?;
                form.append_pair("grant_type", assertion::GRANT_TYPE);
                form.append_pair("assertion", &signed);
            }
        }
        for (name, value) in &config.endpoint_params {
            form.append_pair(name, value);
        }
        request.body = form.finish().into();
        Ok(request)
    }

    fn read(&self, response: &Response, secret: &str) -> Result<Answer, RequestError> {
        if !(200..300).contains(&response.status) {
            let mut message = format!("HTTP status {}", response.status_text());
            if let Ok(refusal) = serde_json::from_slice::<Refusal>(&response.body) {
                message.push_str(": ");
                message.push_str(&refusal.shown(secret));
            }
            return Err(self.failed(message));
        }
        // What the answer holds is a secret even where it is none that can be used.
        let answer: Answer = serde_json::from_slice(&response.body).map_err(|error| {
            self.failed(format!(
                "the answer is no token: line {}, column {}: {}",
                error.line(),
                error.column(),
                kind(&error)
            ))
        })?;
        if answer.access_token.is_empty() {
            return Err(self.failed("the answer holds no access_token"));
        }
        Ok(answer)
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RequestError {
        RequestError::Token { url: self.config.token_url.clone(), source: source.into() }
    }
}

/// As the parts of `Basic` credentials are written here (RFC 6749, part 2.3.1).
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What is wrong with JSON, without a word of what stands in it.
fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "it cannot be read",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Data => {
            "access_token is missing, or a value is of another type"
        }
        serde_json::error::Category::Eof => "it ends early",
    }
}

#[cfg(test)]
mod tests;
