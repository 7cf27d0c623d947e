//! Scrape jobs: each mapping is split into what `scrape` and what `discovery` read.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_discovery::{JobDiscovery, ProviderConfig, StaticConfig};
use narthex_plugins::PluginKind;
use narthex_scrape::{GlobalScrape, InvalidScrape, JobConfig, JobSpec};
use narthex_settings::{Document, Node, Position, SettingsError, Value};

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
#[derive(Clone, Debug)]
pub struct PluginUse {
    /// The plugin's name.
    pub plugin: String,
    /// Its kind.
    pub kind: PluginKind,
    /// What the file says to it.
    pub config: serde_json::Value,
    document: Arc<Document>,
    node: Node,
    key: String,
}

impl PluginUse {
    pub(crate) fn new(
        plugin: &str,
        kind: PluginKind,
        document: &Arc<Document>,
        node: &Node,
        key: String,
    ) -> Result<Self, SettingsError> {
        let given: Option<serde_json::Value> = document.read_node(node, &key)?;
        let config = given.unwrap_or_else(|| serde_json::Value::Object(serde_json::Map::new()));
        let (plugin, document) = (plugin.to_owned(), Arc::clone(document));
        Ok(Self { plugin, kind, config, document, node: node.clone(), key })
    }

    /// The plugin's refusal at its place in the file; `pointer` is a JSON pointer into `config`.
    #[must_use]
    pub fn error(&self, pointer: &str, message: &str) -> SettingsError {
        let below = pointer.replace('/', ".");
        let at = self.node.locate(pointer).at;
        self.document.error(at, &format!("{}{below}", self.key), message)
    }
}

/// All jobs of one file.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) jobs: Vec<ScrapeJob>,
    pub(crate) uses: Vec<PluginUse>,
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
    ) -> Result<(), SettingsError> {
        let key = "scrape_configs";
        let Some(items) = node.items() else {
            return Err(document.error(node.at, key, "expected a list of jobs"));
        };
        for (index, item) in items.iter().enumerate() {
            self.read_job(document, item, &format!("{key}[{index}]"), global)?;
        }
        Ok(())
    }

    fn read_job(
        &mut self,
        document: &Arc<Document>,
        node: &Node,
        key: &str,
        global: &GlobalScrape,
    ) -> Result<(), SettingsError> {
        if node.entries().is_none_or(<[_]>::is_empty) {
            return Err(document.error(node.at, key, "empty or null scrape config section"));
        }
        let mut node = node.clone();
        let mut discovery = JobDiscovery::default();
        let is_discovery = |key: &str| key == "static_configs" || key.ends_with("_sd_configs");
        for entry in node.take_entries(is_discovery) {
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
            for (index, item) in items.iter().enumerate() {
                let item_key = format!("{entry_key}[{index}]");
                let plugin_use =
                    PluginUse::new(name, PluginKind::Discovery, document, item, item_key)?;
                let (name, config) = (name.to_owned(), plugin_use.config.clone());
                discovery.providers.push(ProviderConfig { name, config });
                self.uses.push(plugin_use);
            }
        }
        if let Some(exporter) = node.get("exporter")
            && let Some(plugin) = exporter.get("plugin").and_then(Node::text)
        {
            let nothing = Node::empty(exporter.at);
            let config = exporter.get("config").unwrap_or(&nothing);
            let config_key = format!("{key}.exporter.config");
            let kind = PluginKind::Exporter;
            self.uses.push(PluginUse::new(plugin, kind, document, config, config_key)?);
        }
        let spec: JobSpec = document.read_node(&node, key)?;
        let scrape = spec.resolve(global).map_err(|error| refused(document, &node, key, &error))?;
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

/// `static_configs`. An address has no slash; but where rules rewrite targets (a prober is told of
/// them in a parameter), it may be anything.
pub(crate) fn static_configs(
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
    document.error(node.locate(&error.pointer).at, &format!("{key}{below}"), &error.to_string())
}
