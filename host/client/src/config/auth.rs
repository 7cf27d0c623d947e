//! The ways to say who asks.

use narthex_settings::Secret;
use serde::Deserialize;

use super::error::HttpConfigError;
use super::oauth2::{OAuth2, OAuth2Keys};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Auth {
    #[default]
    None,
    Basic {
        username: Text,
        password: Text,
    },
    Header {
        scheme: String,
        credentials: Text,
    },
    OAuth2(Box<OAuth2>),
}

/// A text from the configuration, or from a file that is read again while the client is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Given(Secret),
    File(String),
}

/// `basic_auth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct BasicAuth {
    pub username: Option<String>,
    pub username_file: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
}

/// `authorization`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct Authorization {
    #[serde(rename = "type")]
    pub scheme: Option<String>,
    pub credentials: Option<Secret>,
    pub credentials_file: Option<String>,
}

impl Auth {
    pub(super) fn new(
        basic: Option<BasicAuth>,
        authorization: Option<Authorization>,
        oauth2: Option<OAuth2Keys>,
        token: Option<Secret>,
        token_file: Option<String>,
    ) -> Result<Self, HttpConfigError> {
        if token.is_some() && token_file.is_some() {
            return Err(HttpConfigError::ValueAndFile("bearer_token"));
        }
        let bearer = (token.is_some() || token_file.is_some()).then_some(Authorization {
            scheme: None,
            credentials: token,
            credentials_file: token_file,
        });
        match (basic, authorization, bearer, oauth2) {
            (None, None, None, None) => Ok(Self::None),
            (None, None, None, Some(keys)) => match OAuth2::try_from(keys) {
                Ok(oauth2) => Ok(Self::OAuth2(Box::new(oauth2))),
                Err(error) => Err(HttpConfigError::OAuth2(Box::new(error))),
            },
            (Some(basic), None, None, None) => Ok(Self::Basic {
                username: Text::new(
                    basic.username.map(Secret::from),
                    basic.username_file,
                    "username",
                )?,
                password: Text::new(basic.password, basic.password_file, "password")?,
            }),
            (None, Some(authorization), None, None) | (None, None, Some(authorization), None) => {
                let scheme = authorization.scheme.map(|scheme| scheme.trim().to_owned());
                let scheme = scheme.filter(|scheme| !scheme.is_empty());
                let scheme = scheme.unwrap_or_else(|| "Bearer".to_owned());
                if scheme.eq_ignore_ascii_case("basic") {
                    return Err(HttpConfigError::BasicAsType);
                }
                let (given, file) = (authorization.credentials, authorization.credentials_file);
                Ok(Self::Header { scheme, credentials: Text::new(given, file, "credentials")? })
            }
            _ => Err(HttpConfigError::SeveralAuths),
        }
    }
}

impl Text {
    pub(super) fn new(
        given: Option<Secret>,
        file: Option<String>,
        key: &'static str,
    ) -> Result<Self, HttpConfigError> {
        match (given, file.filter(|file| !file.is_empty())) {
            (Some(_), Some(_)) => Err(HttpConfigError::ValueAndFile(key)),
            (None, Some(file)) => Ok(Self::File(file)),
            (given, None) => Ok(Self::Given(given.unwrap_or_default())),
        }
    }
}
