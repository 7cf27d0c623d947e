//! Asks a URL for a list of targets, one `host:port` a line.

use std::time::Duration;

use narthex_sdk::{
    Change, Discovery, Error, Info, Label, Refreshed, TargetGroup,
    http::{Request, Response},
};
use serde::Deserialize;

/// The discovery.
pub struct {{Type}};

/// One entry of `{{name}}_sd_configs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    url: String,
}

impl Discovery for {{Type}} {
    type Config = Config;

    fn describe() -> Info {
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), "Targets of a list at a URL.").schema(
            r#"{
                "type": "object",
                "additionalProperties": false,
                "required": ["url"],
                "properties": {
                    "url": { "type": "string", "description": "Where the list is: one host:port a line." }
                }
            }"#,
        )
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.url.starts_with("http://") || config.url.starts_with("https://") {
            Ok(Vec::new())
        } else {
            Err(Error::config("url: must begin with http:// or https://").detail("key", "url"))
        }
    }

    fn refresh(config: Config, _cursor: Option<&str>, _wait_ms: u32) -> Result<Refreshed, Error> {
        // An error keeps the targets that were found before.
        let list = Request::get(&config.url)
            .send()
            .and_then(Response::expect_success)
            .map_err(|error| error.context("ask for the list"))?
            .text();
        let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
        let group = TargetGroup {
            source: config.url.clone(),
            targets: lines.map(str::to_owned).collect(),
            labels: vec![Label::new("__meta_{{module}}_url", &config.url)],
        };
        Ok(Refreshed::new(Change::Full(vec![group])).next_in(Duration::from_secs(30)))
    }
}

narthex_sdk::discovery!({{Type}});

#[cfg(test)]
mod tests {
    use narthex_sdk::testing::FakeHost;

    use super::*;

    const CONFIG: &str = r#"{"url":"http://inventory/list"}"#;

    #[test]
    fn a_line_is_a_target() {
        let host = FakeHost::new().http_status("http://inventory/list", 200, "a:80\n\nb:80\n");
        let found = host.refresh::<{{Type}}>(CONFIG, None).unwrap();
        let Change::Full(groups) = found.change else { panic!("every answer is full") };
        assert_eq!(groups[0].targets, ["a:80", "b:80"]);
        assert_eq!(groups[0].labels, [Label::new("__meta_{{module}}_url", "http://inventory/list")]);
    }

    #[test]
    fn a_failure_is_no_empty_list() {
        let host = FakeHost::new().http_status("http://inventory/list", 503, "");
        assert!(host.refresh::<{{Type}}>(CONFIG, None).is_err());
    }
}
