//! Configuration: JSON text to the author's type, with errors that name the key.

use serde::de::DeserializeOwned;

use crate::Error;

/// Reads a configuration. The empty text counts as `{}`.
pub(crate) fn parse<C: DeserializeOwned>(text: &str) -> Result<C, Error> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = without_position(&error.inner().to_string()).to_owned();
        if path == "." { Error::config(reason) } else { Error::key(&path, reason) }
    })
}

/// Positions in the JSON mean nothing to an operator who wrote YAML.
fn without_position(message: &str) -> &str {
    message.split_once(" at line ").map_or(message, |(reason, _)| reason)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Config {
        #[serde(default)]
        port: u16,
        #[serde(default)]
        servers: Vec<Server>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Server {
        host: String,
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        parse::<Config>(text).unwrap_err().message
    }

    #[test]
    fn nothing_is_an_empty_object() {
        assert_eq!(parse::<Config>("").unwrap().port, 0);
    }

    #[test]
    fn an_error_names_the_key() {
        assert_eq!(
            refused(r#"{"servers":[{"host":"a"},{"host":3}]}"#),
            "servers[1].host: invalid type: integer `3`, expected a string"
        );
        assert!(refused(r#"{"prot":1}"#).starts_with("prot: unknown field `prot`"));
        assert_eq!(refused(r#"{"servers":[{}]}"#), "servers[0]: missing field `host`");
    }
}
