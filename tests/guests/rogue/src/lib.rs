//! A notifier that misbehaves as its configuration says: `{"mode":"panic"}`.
//!
//! Enters: a group of alerts. Leaves: nothing that anybody is told. What always holds: no mode ends well. Open this file;
//! there is no other.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, group};
//!
//! let error = FakeHost::new().notify::<rogue::Rogue>(r#"{"mode":"refuse"}"#, &group(vec![]));
//! assert!(error.unwrap_err().retryable);
//! ```

use std::{hint::black_box, time::Duration};

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, clock};
use serde::Deserialize;

/// The guest.
pub struct Rogue;

/// What the test may set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    mode: Mode,
}

/// How it misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It panics.
    Panic,
    /// It computes for ever.
    Loop,
    /// It waits for ever.
    Hang,
    /// It allocates until it is stopped.
    Allocate,
    /// It fails, and asks to be called again at once.
    Refuse,
}

impl Notifier for Rogue {
    type Config = Config;

    fn describe() -> Info {
        Info::new("rogue", env!("CARGO_PKG_VERSION"), "Delivers nothing.").schema(
            r#"{
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "additionalProperties": false,
                "required": ["mode"],
                "properties": {
                    "mode": { "enum": ["panic", "loop", "hang", "allocate", "refuse"] }
                }
            }"#,
        )
    }

    fn validate(_: &Config) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        match config.mode {
            Mode::Panic => panic!("no alert is good news"),
            Mode::Loop => loop {
                black_box(());
            },
            Mode::Hang => loop {
                clock::sleep(Duration::from_secs(3600));
            },
            Mode::Allocate => {
                let mut held = Vec::new();
                loop {
                    held.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            Mode::Refuse => Err(Error::unreachable("nobody is at home").retryable(true)),
        }
    }
}

narthex_sdk::notifier!(Rogue);
