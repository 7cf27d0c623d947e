//! Scrape jobs: each mapping is split into what `scrape` and what `discovery` read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::{HTTP_KEYS, HttpConfig};
use narthex_discovery::{JobDiscovery, ProviderConfig, StaticConfig};
use narthex_plugins::{Given, PluginKind};
use narthex_scrape::{GlobalScrape, InvalidScrape, JobConfig, JobSpec};
use narthex_settings::{Document, Node, Position, SettingsError, Value, error_chain};

use crate::json::json;
use crate::sections::is_empty;

/// One job.
#[derive(Clone, Debug)]
pub struct ScrapeJob {
    /// `job_name`
    pub name: String,
    /// How it is scraped.
    pub scrape: JobConfig,
    /// Where its targets come from.
    pub discovery: JobDiscovery,
}

/// A part of the file that only a plugin can check.
#[derive(Clone)]
pub struct PluginUse {
    /// The plugin's name.
    pub plugin: String,
    /// Its kind.
    pub kind: PluginKind,
    /// What the file says to it.
    pub config: serde_json::Value,
    /// Its keys of HTTP clients, if they are such: only the plugin's schema tells.
    http: Result<Option<HttpConfig>, SettingsError>,
    /// Of a notifier: what it finds in `global`.
    globals: Option<Arc<serde_json::Map<String, serde_json::Value>>>,
    folder: Utf8PathBuf,
    document: Arc<Document>,
    node: Node,
    key: String,
}

impl fmt::Debug for PluginUse {
    /// Without what the file says to the plugin, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginUse").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl PluginUse {
    pub(crate) fn new(
        plugin: &str,
        kind: PluginKind,
        document: &Arc<Document>,
        node: &Node,
        key: String,
        folder: &Utf8Path,
    ) -> Result<Self, SettingsError> {
        let (config, http) = match kind {
            // A schema tells texts from numbers, so that no scalar may lose letters before it.
            PluginKind::Discovery => (Some(json(node)), http_config(document, node, &key)),
            PluginKind::Notifier => {
                let own = node.get("http_config");
                let http = own.map(|own| document.read_node(own, &format!("{key}.http_config")));
                (document.read_node(node, &key)?, http.transpose().map(Option::flatten))
            }
            PluginKind::Exporter => (document.read_node(node, &key)?, Ok(None)),
        };
        let config = config.filter(|config| !config.is_null());
        let config = config.unwrap_or_else(|| serde_json::Value::Object(serde_json::Map::new()));
        let (plugin, document) = (plugin.to_owned(), Arc::clone(document));
        let folder = folder.to_owned();
        let (globals, node) = (None, node.clone());
        Ok(Self { plugin, kind, config, http, globals, folder, document, node, key })
    }

    /// The same of a notifier, which finds more in `global`.
    pub(crate) fn with_globals(
        self,
        globals: &Arc<serde_json::Map<String, serde_json::Value>>,
        http: Option<&HttpConfig>,
    ) -> Self {
        let http = self.http.map(|own| own.or_else(|| http.cloned()));
        Self { globals: Some(Arc::clone(globals)), http, ..self }
    }

    /// What to tell the plugin; `takes_http`: it has the host use the keys of HTTP clients.
    ///
    /// # Errors
    /// When these keys do not fit.
    pub fn given(&self, takes_http: bool) -> Result<Given<'_>, SettingsError> {
        let http = match &self.http {
            Ok(http) => http.as_ref(),
            Err(error) if takes_http => return Err(error.clone()),
            Err(_) => None,
        };
        let globals = self.globals.as_deref();
        Ok(Given { globals, ..Given::new(&self.config, http, &self.folder) })
    }

    fn provider(&self) -> ProviderConfig {
        ProviderConfig {
            name: self.plugin.clone(),
            config: self.config.clone(),
            http: self.http.as_ref().ok().cloned().flatten(),
            folder: self.folder.clone(),
        }
    }

    /// The plugin's refusal at its place in the file; `pointer` is a JSON pointer into `config`.
    #[must_use]
    pub fn error(&self, pointer: &str, message: &str) -> SettingsError {
        let below = pointer.replace('/', ".");
        let at = self.node.locate(pointer).at;
        self.document.error(at, &format!("{}{below}", self.key), message)
    }
}

/// The keys of HTTP clients among those of an item.
fn http_config(
    document: &Document,
    node: &Node,
    key: &str,
) -> Result<Option<HttpConfig>, SettingsError> {
    let keys = node.with_keys(|key| HTTP_KEYS.contains(&key));
    if keys.entries().is_none_or(<[_]>::is_empty) {
        return Ok(None);
    }
    document.read_node(&keys, key).map(Some)
}

/// All jobs of one file.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) jobs: Vec<ScrapeJob>,
    pub(crate) uses: Vec<PluginUse>,
    /// The files that they stand in, in order, and the folders that paths count from there.
    pub(crate) files: Vec<(Arc<Document>, Utf8PathBuf)>,
    /// Where each name was seen first.
    seen: BTreeMap<String, (String, Position)>,
}

impl Jobs {
    /// Reads `scrape_configs` of a file.
    pub(crate) fn read(
        &mut self,
        document: &Arc<Document>,
        node: &Node,
        global: &GlobalScrape,
        folder: &Utf8Path,
    ) -> Result<(), SettingsError> {
        let key = "scrape_configs";
        let Some(items) = node.items() else {
            return Err(document.error(node.at, key, "expected a list of jobs"));
        };
        for (index, item) in items.iter().enumerate() {
            self.read_job(document, item, &format!("{key}[{index}]"), global, folder)?;
        }
        self.files.push((Arc::clone(document), folder.to_owned()));
        Ok(())
    }

    fn read_job(
        &mut self,
        document: &Arc<Document>,
        node: &Node,
        key: &str,
        global: &GlobalScrape,
        folder: &Utf8Path,
    ) -> Result<(), SettingsError> {
        if node.entries().is_none_or(<[_]>::is_empty) {
            return Err(document.error(node.at, key, "empty or null scrape config section"));
        }
        let discovery = discovery(document, node, key, folder, &mut self.uses)?;
        if let Some(exporter) = node.get("exporter")
            && let Some(plugin) = exporter.get("plugin").and_then(Node::text)
        {
            let nothing = Node::empty(exporter.at);
            let config = exporter.get("config").unwrap_or(&nothing);
            let config_key = format!("{key}.exporter.config");
            let kind = PluginKind::Exporter;
            self.uses.push(PluginUse::new(plugin, kind, document, config, config_key, folder)?);
        }
        let spec: JobSpec = document.read_node(&node.with_keys(|key| !is_discovery(key)), key)?;
        let scrape = spec.resolve(global).map_err(|error| refused(document, node, key, &error))?;
        let name = scrape.name.clone();
        let at = node.get("job_name").map_or(node.at, |node| node.at);
        if let Some((file, first)) = self.seen.get(&name) {
            let message =
                format!("job name {name:?} is taken, by the job at {file}:{}", first.line);
            return Err(document.error(at, &format!("{key}.job_name"), &message));
        }
        self.seen.insert(name.clone(), (document.file().to_owned(), at));
        self.jobs.push(ScrapeJob { name, scrape, discovery });
        Ok(())
    }
}

/// Whether a key of a mapping says where its targets come from.
pub(crate) fn is_discovery(key: &str) -> bool {
    key == "static_configs" || key.ends_with("_sd_configs")
}

/// Where the targets of a mapping come from; what only plugins can check goes to `uses`.
pub(crate) fn discovery(
    document: &Arc<Document>,
    node: &Node,
    key: &str,
    folder: &Utf8Path,
    uses: &mut Vec<PluginUse>,
) -> Result<JobDiscovery, SettingsError> {
    let mut discovery = JobDiscovery::default();
    let entries = node.entries().unwrap_or_default().iter();
    for entry in entries.filter(|entry| is_discovery(&entry.key)) {
        let entry_key = format!("{key}.{}", entry.key);
        let Some(name) = entry.key.strip_suffix("_sd_configs") else {
            let is_relabeled = node.get("relabel_configs").is_some_and(|node| !is_empty(node));
            let (groups, key) = (&entry.node, &entry_key);
            discovery.static_configs = static_configs(document, groups, key, is_relabeled)?;
            continue;
        };
        let Some(items) = entry.node.items() else {
            return Err(document.error(entry.node.at, &entry_key, "expected a list"));
        };
        if name == "file" {
            discovery.files = document.read_node(&entry.node, &entry_key)?;
            continue;
        }
        for (index, item) in items.iter().enumerate() {
            let item_key = format!("{entry_key}[{index}]");
            let kind = PluginKind::Discovery;
            let told = PluginUse::new(name, kind, document, item, item_key, folder)?;
            discovery.providers.push(told.provider());
            uses.push(told);
        }
    }
    Ok(discovery)
}

/// `static_configs`. An address has no slash; but where rules rewrite targets (a prober is told of
/// them in a parameter), it may be anything.
fn static_configs(
    document: &Document,
    node: &Node,
    key: &str,
    is_relabeled: bool,
) -> Result<Vec<StaticConfig>, SettingsError> {
    for (index, group) in node.items().unwrap_or_default().iter().enumerate() {
        if matches!(group.value, Value::Null) {
            let message = "empty or null section in static_configs";
            return Err(document.error(group.at, &format!("{key}[{index}]"), message));
        }
        let targets = group.get("targets").and_then(Node::items).unwrap_or_default();
        let mut texts = targets.iter().filter_map(|target| Some((target, target.text()?)));
        if let Some((target, text)) = texts.find(|(_, text)| text.contains('/'))
            && !is_relabeled
        {
            let message = format!(
                "{text:?} is no address; write host:port here, and the rest as `scheme` and \
                 `metrics_path` of the job"
            );
            let key = format!("{key}[{index}].targets");
            return Err(document.error(target.at, &key, &message));
        }
    }
    document.read_node(node, key)
}

/// An error of scraping at its place in the file.
pub(crate) fn refused(
    document: &Document,
    node: &Node,
    key: &str,
    error: &InvalidScrape,
) -> SettingsError {
    let below = error.pointer.replace('/', ".");
    document.error(
        node.locate(&error.pointer).at,
        &format!("{key}{below}"),
        &error_chain(&error.error),
    )
}
