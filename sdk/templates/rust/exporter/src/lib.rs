//! Asks a web server for a page, and tells its status and size.

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, http::Request};
use serde::Deserialize;

/// The exporter.
pub struct {{Type}};

/// What stands under `exporter.config` of a scrape job.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    path: String,
}

impl Exporter for {{Type}} {
    type Config = Config;

    fn describe() -> Info {
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), "Status and size of a page.").schema(
            r#"{
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "path": { "type": "string", "default": "/", "description": "The page, from the slash on." }
                }
            }"#,
        )
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.path.starts_with('/') {
            Ok(Vec::new())
        } else {
            Err(Error::config("path: must begin with a slash").detail("key", "path"))
        }
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let page = Request::get(&format!("http://{}{}", target.address, config.path)).send()?;
        let mut metrics = Metrics::new();
        metrics
            .gauge("{{module}}_http_status", "The status with which the page was answered.")
            .set(page.status);
        metrics
            .gauge("{{module}}_page_bytes", "How long the page is.")
            .set(page.body.len());
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!({{Type}});

#[cfg(test)]
mod tests {
    use narthex_sdk::testing::FakeHost;

    use super::*;

    #[test]
    fn status_and_size_of_the_page_are_told() {
        let host = FakeHost::new().http_status("http://localhost/about", 200, "hello\n");
        let answer = host.collect::<{{Type}}>(r#"{"path":"/about"}"#).unwrap().text();
        let samples: Vec<&str> = answer.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(samples, ["{{module}}_http_status 200", "{{module}}_page_bytes 6"]);
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        assert!({{Type}}::validate(&Config { path: "/about".into() }).is_ok());
        assert!({{Type}}::validate(&Config { path: "about".into() }).is_err());
    }
}
