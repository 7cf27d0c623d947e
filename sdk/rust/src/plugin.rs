//! What a plugin's author implements: one trait for each world.
//!
//! All functions are associated functions, without `self`: a call is stateless, so there is nothing to hold.

use serde::de::DeserializeOwned;

use crate::{AlertGroup, Error, Exposition, Info, Label, Receipt, Refreshed, Target};

/// Answers scrapes. Made into a component by [`exporter!`](crate::exporter).
pub trait Exporter {
    /// The configuration under `exporter.config` of a scrape job. Absent means `{}`.
    type Config: DeserializeOwned;

    /// The plugin's card. Runs without any grant.
    fn describe() -> Info;

    /// Judges a configuration beyond its shape. Returns warnings; an error rejects it.
    fn validate(_config: &Self::Config) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Collects once. An error marks the target down; prefer a partial answer where a part is worth having.
    fn collect(config: Self::Config, target: &Target) -> Result<Exposition, Error>;
}

/// Finds targets. Made into a component by [`discovery!`](crate::discovery).
pub trait Discovery {
    /// One entry of `<name>_sd_configs`.
    type Config: DeserializeOwned;

    /// The plugin's card. Runs without any grant.
    fn describe() -> Info;

    /// Judges a configuration beyond its shape. Returns warnings; an error rejects it.
    fn validate(_config: &Self::Config) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Looks once. Without a cursor the answer is full; with one it may wait `wait_ms` for a change. An error keeps the
    /// last good targets; a part that failed keeps its own, and says so in `failing`.
    fn refresh(
        config: Self::Config,
        cursor: Option<&str>,
        wait_ms: u32,
    ) -> Result<Refreshed, Error>;
}

/// Delivers notifications. Made into a component by [`notifier!`](crate::notifier).
pub trait Notifier {
    /// One entry of `<name>_configs` of a receiver.
    type Config: DeserializeOwned;

    /// The plugin's card. Runs without any grant.
    fn describe() -> Info;

    /// Judges a configuration beyond its shape. Returns warnings; an error rejects it.
    fn validate(_config: &Self::Config) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Delivers one group. Success means that the receiver has it; a retryable error is tried again later.
    fn notify(config: Self::Config, group: &AlertGroup) -> Result<Receipt, Error>;
}

impl Info {
    /// A card without a schema: any configuration is handed to the plugin. `name` must be the file's name.
    pub fn new(name: &str, version: &str, description: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            description: description.into(),
            config_schema: String::new(),
        }
    }

    /// The JSON Schema of the configuration. Mark secret properties with `"x-secret": true`.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.config_schema = schema.into();
        self
    }
}

impl Exposition {
    /// The body as text; what is not UTF-8 is replaced. For tests and logs.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Label {
    /// A label.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Target {
    /// The value of a label, if the target has it.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|label| label.name == name).map(|label| label.value.as_str())
    }

    /// All values of a scrape parameter, in order.
    pub fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.params.iter().filter(move |param| param.name == name).map(|param| param.value.as_str())
    }
}
