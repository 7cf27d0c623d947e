//! A well-behaved exporter in two versions: built as it is, it answers `good_value 1` and calls itself 1.0.0; with the
//! feature `v2`, 2 and 2.0.0; with the feature `v3` it is a worse one, 3.0.0, that fails for some targets and refuses a
//! long sleep. The crates `good_v2` and `good_v3` are this file with those features.
//!
//! Enters: `sleep_ms`, how long a call takes. Leaves: the value of its version. What always holds: one build answers one
//! value. Open this file; there is no other.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let host = FakeHost::new();
//! let answer = host.collect::<good::Good>(r#"{"sleep_ms":20}"#).unwrap();
//! assert!(answer.text().contains("good_value "));
//! assert_eq!(host.slept_ms(), 20);
//! ```

use std::time::Duration;

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, clock, kv};
use serde::Deserialize;

/// The version of this build, and its value.
const BUILD: (&str, u8) = if IS_WORSE {
    ("3.0.0", 3)
} else if cfg!(feature = "v2") {
    ("2.0.0", 2)
} else {
    ("1.0.0", 1)
};

/// Whether this is the version that does worse.
const IS_WORSE: bool = cfg!(feature = "v3");

/// The guest.
pub struct Good;

/// What the test may set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a call takes.
    #[serde(default)]
    sleep_ms: u64,
    /// Not used; the host must redact it.
    #[serde(default)]
    #[expect(dead_code, reason = "only its redaction matters")]
    token: String,
}

impl Exporter for Good {
    type Config = Config;

    fn describe() -> Info {
        Info::new("good", BUILD.0, "Answers the value of its version.").schema(
            r#"{
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "sleep_ms": { "type": "integer", "minimum": 0 },
                    "token": { "type": "string", "x-secret": true }
                }
            }"#,
        )
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if IS_WORSE && config.sleep_ms > 10_000 {
            return Err(Error::config("sleep_ms: this version has no patience"));
        }
        if config.sleep_ms > 60_000 {
            return Err(Error::config("sleep_ms: nobody waits longer than a minute")
                .detail("key", "sleep_ms"));
        }
        Ok(if config.sleep_ms > 10_000 { vec!["sleep_ms is long".into()] } else { Vec::new() })
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        clock::sleep(Duration::from_millis(config.sleep_ms));
        if IS_WORSE {
            match target.address.as_str() {
                "trap" => panic!("this version cannot do that"),
                "lie" => {
                    let content_type = "text/plain; version=0.0.4".into();
                    return Ok(Exposition { content_type, body: b"good_value{ 1".to_vec() });
                }
                "defect" => return Err(Error::internal("this version forgot how")),
                "away" => return Err(Error::unreachable("the target is away")),
                "keep" => kv::set("kept", b"by the worse one")?,
                _ => {}
            }
        }
        let mut metrics = Metrics::new();
        metrics.gauge("good_value", "The value of this version.").set(BUILD.1);
        metrics
            .gauge("good_target_info", "The target that was asked for.")
            .sample(&[("address", &target.address)], 1_u8);
        if target.address == "keep" {
            let kept = kv::get("kept")?.unwrap_or_default();
            let kept = String::from_utf8_lossy(&kept);
            metrics.gauge("good_kept_info", "What is kept.").sample(&[("value", &kept)], 1_u8);
        }
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Good);
