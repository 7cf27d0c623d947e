//! What the file says to a plugin, made ready for calls: completed by the schema, judged, and
//! without what the host keeps for itself.
//!
//! Invariant: the keys of HTTP clients are taken out before the schema judges, so that no guest
//! whose schema asks for them ever sees a credential.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_client::{HTTP_KEYS, HttpConfig};
use narthex_platform::Disk;
use narthex_settings::error_chain;
use serde_json::Value;

use crate::answer::CallError;
use crate::grant::{Endpoint, endpoints_in};
use crate::imports::http::OwnClient;
use crate::loader::Loaded;
use crate::plugin::Rights;
use crate::redact::Redactor;

/// What the file says to a plugin.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// All of it, the keys of HTTP clients included.
    pub config: &'a Value,
    /// The same keys as the client reads them, where they stand there.
    pub http: Option<&'a HttpConfig>,
    /// Relative paths count from here.
    pub folder: &'a Utf8Path,
}

impl<'a> From<&'a Value> for Given<'a> {
    fn from(config: &'a Value) -> Self {
        Self { config, http: None, folder: Utf8Path::new("") }
    }
}

/// A configuration that is ready for calls.
#[derive(Debug)]
pub(crate) struct Item {
    /// As the guest sees it.
    pub(crate) config_json: String,
    /// What a call may connect to.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The client with the item's credentials.
    pub(crate) own: Option<Arc<OwnClient>>,
    /// Hides the secrets in what the guest says.
    pub(crate) redactor: Redactor,
}

impl Item {
    /// Judges a configuration and makes it ready.
    pub(crate) fn new(
        plugin: &str,
        loaded: &Loaded,
        rights: &Rights,
        given: Given<'_>,
        disk: &Arc<dyn Disk>,
    ) -> Result<Self, CallError> {
        let refused = |message: String| CallError::Config { plugin: plugin.to_owned(), message };
        let (schema, notes) = (&loaded.schema, &loaded.schema.notes);
        let mut config = given.config.clone();
        let mut follows_redirects = true;
        if let (true, Value::Object(keys)) = (notes.takes_http, &mut config) {
            follows_redirects = keys.get("follow_redirects") != Some(&Value::Bool(false));
            keys.retain(|key, _| !HTTP_KEYS.contains(&key.as_str()));
        }
        schema.fill(&mut config, given.folder);
        schema.validate(&config).map_err(|violation| refused(violation.to_string()))?;
        let mut endpoints = endpoints_in(&config);
        let told = notes.endpoints.iter().filter_map(|template| template.expand(&config));
        endpoints.extend(told.filter_map(|endpoint| Endpoint::parse(endpoint.trim())));
        let http = given.http.filter(|_| notes.takes_http);
        let own = http.map(|http| {
            let allowed = rights.capabilities.net_allowed();
            let (endpoints, http) = (endpoints.clone(), http.clone());
            OwnClient::new(plugin, allowed, endpoints, http, follows_redirects, disk).map(Arc::new)
        });
        Ok(Self {
            own: own.transpose().map_err(|error| refused(error_chain(&error)))?,
            redactor: Redactor::of(schema, &config),
            config_json: config.to_string(),
            endpoints,
        })
    }
}
