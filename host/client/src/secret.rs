//! Secrets, and how they are written into requests.

use narthex_settings::Secret;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::config::{Auth, Grant, HttpConfig, Text};
use crate::error::{RequestError, invalid};
use crate::files::Reader;
use crate::redirect::is_personal;

/// What a configuration and its files add to requests.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// For the host that is asked.
    pub(crate) at_home: HeaderMap,
    /// For a host that it redirects to: without secrets.
    pub(crate) abroad: HeaderMap,
    /// By which a token is asked for.
    pub(crate) token: Secret,
    /// All of them as they may be met in what others say.
    pub(crate) texts: Vec<Secret>,
}

impl Secrets {
    pub(crate) fn read(config: &HttpConfig, reader: &Reader) -> Result<Self, RequestError> {
        let (mut at_home, mut abroad) = (HeaderMap::new(), HeaderMap::new());
        let mut texts: Vec<Secret> = Vec::new();
        for (text, values) in &config.headers {
            let name = header_name(text)?;
            for value in &values.values {
                let value = header_value(value)?;
                at_home.append(name.clone(), value.clone());
                if !is_personal(text) {
                    abroad.append(name.clone(), value);
                }
            }
            for secret in &values.secrets {
                at_home.append(name.clone(), secret_value(secret.expose())?);
                texts.push(secret.clone());
            }
            for file in &values.files {
                let text = reader.text(file)?;
                at_home.append(name.clone(), secret_value(&text)?);
                texts.push(text.into());
            }
        }
        let mut token = Secret::default();
        match &config.auth {
            Auth::None => {}
            Auth::Basic { username, password } => {
                let (username, password) = (username.read(reader)?, password.read(reader)?);
                let value = basic(&username, &password);
                at_home.insert(AUTHORIZATION, secret_value(&value)?);
                texts.extend(value.split_whitespace().nth(1).map(|text| text.to_owned().into()));
                texts.push(password.into());
            }
            Auth::Header { scheme, credentials } => {
                let credentials = credentials.read(reader)?;
                at_home.insert(AUTHORIZATION, secret_value(&format!("{scheme} {credentials}"))?);
                texts.push(credentials.into());
            }
            Auth::OAuth2(oauth2) => {
                token = oauth2.grant.secret().read(reader)?.into();
                texts.push(token.clone());
            }
        }
        Ok(Self { at_home, abroad, token, texts })
    }
}

impl Grant {
    /// What the client is known by.
    fn secret(&self) -> &Text {
        match self {
            Self::Secret(secret) => secret,
            Self::Assertion(assertion) => &assertion.key,
        }
    }
}

impl Text {
    fn read(&self, reader: &Reader) -> Result<String, RequestError> {
        match self {
            Self::Given(secret) => Ok(secret.expose().to_owned()),
            Self::File(file) => reader.text(file),
        }
    }
}

impl HttpConfig {
    /// A file that is read for requests, if any is.
    pub(crate) fn any_file(&self) -> Option<&str> {
        let texts = match &self.auth {
            Auth::None => [None, None],
            Auth::Basic { username, password } => [Some(username), Some(password)],
            Auth::Header { credentials, .. } => [Some(credentials), None],
            Auth::OAuth2(oauth2) => [Some(oauth2.grant.secret()), None],
        };
        let mut files = texts.into_iter().flatten().filter_map(|text| match text {
            Text::File(file) => Some(file),
            Text::Given(_) => None,
        });
        let mut headers = self.headers.values().flat_map(|values| &values.files);
        let file = files.next().or_else(|| headers.next()).map(String::as_str);
        file.or_else(|| self.tls.any_file())
    }
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName, RequestError> {
    HeaderName::try_from(name).map_err(|error| invalid("header name", error))
}

pub(crate) fn header_value(value: &str) -> Result<HeaderValue, RequestError> {
    HeaderValue::try_from(value).map_err(|error| invalid("header value", error))
}

/// A header's value that is not shown when headers are printed.
pub(crate) fn secret_value(value: &str) -> Result<HeaderValue, RequestError> {
    let value = HeaderValue::try_from(value);
    let mut value = value.map_err(|error| invalid("header value", error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `Basic` credentials (RFC 7617).
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{username}:{password}").as_bytes()))
}

/// The standard alphabet with padding (RFC 4648, part 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    let mut text = encode(bytes, *b"+/");
    text.extend(std::iter::repeat_n('=', (3 - bytes.len() % 3) % 3));
    text
}

/// The alphabet for URLs without padding (RFC 4648, part 5), as in tokens.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    encode(bytes, *b"-_")
}

fn encode(bytes: &[u8], last: [u8; 2]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for shift in [18, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            let index = (bits >> shift) as usize & 63;
            let letter = LETTERS.iter().chain(&last).nth(index).copied().unwrap_or(b'A');
            out.push(char::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded_but_not_in_urls() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
            assert_eq!(base64_url(text.as_bytes()), encoded.trim_end_matches('='));
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }
}
