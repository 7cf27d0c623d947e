//! The file: puts every room's own configuration together.
//!
//! Enters: the path of a prometheus.yml, or of our superset of it. Leaves: a [`Config`] whose
//! parts the rooms take as they are, or a [`ConfigError`] that names file, line, column and key.
//!
//! Always holds: a key that this version does not serve is refused by name, never ignored; a
//! [`Config`] that exists is valid as far as it can be without asking a plugin.
//!
//! Open `load.rs` first.

mod alertmanagers;
mod environment;
mod inputs;
mod jobs;
mod json;
mod load;
mod paths;
mod pool;
mod sections;
mod shown;
mod upstream;

pub use self::alertmanagers::Alertmanagers;
pub use self::inputs::Inputs;
pub use self::jobs::{PluginUse, ScrapeJob};
pub use self::load::{Config, ConfigError, Source, load, load_for_agent, load_text};
pub use self::pool::ShownJobs;
pub use self::sections::RuleFile;
pub use self::shown::SecretKeys;
