//! YAML with positions, and the shapes that several rooms share in the file.
//!
//! Enters: the text of a configuration file. Leaves: a room's own `Config`, or a
//! [`SettingsError`] that names file, line, column and key. A room derives serde's `Deserialize`,
//! refuses unknown keys, and checks values by `#[serde(try_from = …)]`: whatever such a check
//! says is shown with the position of the value that it refused.
//!
//! Always holds: no key stands twice in a mapping; a document has a bounded number of nodes and a
//! bounded depth, whatever its aliases say.
//!
//! Open `document.rs` first.
//!
//! ```
//! use narthex_settings::{Document, DurationText};
//! #[derive(Debug, serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     interval: DurationText,
//! }
//! let document = Document::parse("my.yml", "interval: 5x").unwrap();
//! let error = document.read::<Config>().unwrap_err();
//! assert!(error.to_string().starts_with(r#"my.yml:1:11: interval: "5x" is no duration"#));
//! ```

mod base64;
mod document;
mod error;
mod read;
mod redact;
mod shapes;
mod yaml;

pub use self::base64::base64_decoded;
pub use self::document::{Document, Entry, Key, Node, Position, ScalarChange, Value};
pub use self::error::{SettingsError, error_chain};
pub use self::redact::Shown;
pub use self::shapes::{DurationText, LabelSet, RelabelRules, Secret, SizeText, StringOrList};
pub use self::yaml::Yaml;
