//! From a path to a [`Config`].

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::{Disk, expand_pattern, read_to_string};
use narthex_plugins::PluginKind;
use narthex_scrape::{GlobalKeys, GlobalScrape};
use narthex_settings::{Document, Node, Position, SettingsError, Value};
use narthex_tsdb::{InvalidConfig, RetentionRule, Settings, StorageSection};

use crate::alertmanagers::{self, Alertmanagers};
use crate::environment;
use crate::jobs::{Jobs, PluginUse, ScrapeJob, refused};
use crate::paths;
use crate::pool::ShownJobs;
use crate::sections::{
    GLOBAL_RULE_KEYS, GlobalRules, RetentionRuleSection, RuleFile, external_labels,
};
use crate::shown::{self, SecretKeys};
use crate::upstream;

/// Bytes of one configuration or rule file.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Everything that the file says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it stands.
    document: Arc<Document>,
    /// Labels added to whatever leaves the server.
    pub external_labels: Labels,
    /// The jobs, in the order of the file.
    pub jobs: Vec<ScrapeJob>,
    /// The files that they stand in, in order, and the folders that paths count from there.
    job_files: Vec<(Arc<Document>, Utf8PathBuf)>,
    /// How often rules are evaluated unless their group says otherwise.
    pub evaluation_interval: Duration,
    /// How far rules look back by default.
    pub rule_query_offset: Duration,
    /// Where answered queries are written down; `None`: nowhere.
    pub query_log_file: Option<Utf8PathBuf>,
    /// The rule files.
    pub rule_files: Vec<RuleFile>,
    /// Files of rules or jobs that are named and do not exist, at the places of their names. A
    /// server starts without them, as Prometheus does.
    pub missing_files: Vec<SettingsError>,
    /// What is odd and no error.
    pub warnings: Vec<SettingsError>,
    /// Where plugins are and what they may do.
    pub plugins: narthex_plugins::Config,
    /// Where dashboards lie.
    pub dashboards: narthex_dashboards::Config,
    /// Routing of alerts; `None`: alerts go nowhere, or to other Alertmanagers.
    pub alerting: Option<narthex_alerting::Config>,
    /// Other Alertmanagers that alerts are sent to.
    pub alertmanagers: Alertmanagers,
    /// The file that routing stands in, if it is one of its own.
    alertmanager_file: Option<Arc<Document>>,
    /// What is stored and how.
    pub storage: StorageSection,
    /// How long certain series are kept.
    pub retention_rules: Vec<RetentionRule>,
    /// What only plugins can check.
    pub plugin_uses: Vec<PluginUse>,
}

/// What is told beside a configuration, and is no error.
#[derive(Debug, Default)]
struct Told {
    /// Files that are named and do not exist.
    missing: Vec<SettingsError>,
    /// What is odd.
    warnings: Vec<SettingsError>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: std::io::Error,
    },
    /// A file does not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Where a configuration comes from.
pub struct Source<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The file.
    pub path: &'a Utf8Path,
    /// Variables of the environment, for external labels.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether `${NAME}` stands for a variable in every value.
    pub expands_env: bool,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.path)
    }
}

impl Config {
    /// The text of the file as it may be shown; `secrets` knows what is one in the parts that
    /// plugins read.
    #[must_use]
    pub fn shown(&self, secrets: &SecretKeys<'_>) -> String {
        shown::shown(&self.document, &self.external_labels, secrets)
    }

    /// The routing of alerts as a whole alertmanager.yml, as it may be shown.
    #[must_use]
    pub fn alertmanager_shown(&self, secrets: &SecretKeys<'_>) -> String {
        if let Some(file) = &self.alertmanager_file {
            return shown::alertmanager_file(file, secrets);
        }
        shown::alertmanager_section(&self.shown(secrets))
            .unwrap_or_else(|| narthex_alerting::Config::DEFAULT_TEXT.to_owned())
    }

    /// The jobs as they may be shown, each by itself.
    #[must_use]
    pub fn shown_jobs(&self, secrets: &SecretKeys<'_>) -> ShownJobs {
        let names = self.jobs.iter().map(|job| job.name.clone());
        ShownJobs::new(names, &self.job_files, |document| {
            shown::shown(document, &self.external_labels, secrets)
        })
    }

    /// The store's settings: `defaults` (of the command line) with what the file says over them.
    ///
    /// # Errors
    /// Values that cannot be.
    pub fn store_settings(&self, defaults: &Settings) -> Result<Settings, InvalidConfig> {
        store_settings(&self.storage, &self.retention_rules, defaults)
    }
}

fn store_settings(
    storage: &StorageSection,
    rules: &[RetentionRule],
    defaults: &Settings,
) -> Result<Settings, InvalidConfig> {
    storage.settings(defaults)?.with_retention_rules(rules.to_vec())
}

/// Reads the file and everything that it names.
///
/// # Errors
/// Names the file, the position and the key that does not fit.
pub fn load(source: &Source<'_>) -> Result<Config, ConfigError> {
    let loader = Loader::new(source);
    loader.config(&loader.text(source.path)?)
}

/// The same where the file would have this text.
///
/// # Errors
/// As for a file.
pub fn load_text(source: &Source<'_>, text: &str) -> Result<Config, ConfigError> {
    Loader::new(source).config(text)
}

/// The same of a server that only scrapes and sends: what that has no use for is refused. This
/// version is no such server, so that the answer is there to be looked at.
///
/// # Errors
/// Names the file, the position and the key that does not fit.
pub fn load_for_agent(source: &Source<'_>) -> Result<Config, ConfigError> {
    let loader = Loader { is_agent: true, ..Loader::new(source) };
    loader.config(&loader.text(source.path)?)
}

/// How alerts are routed.
struct Routing {
    config: narthex_alerting::Config,
    /// The file that it stands in, if it is one of its own.
    file: Option<Arc<Document>>,
}

pub(crate) struct Loader<'a> {
    source: &'a Source<'a>,
    pub(crate) folder: &'a Utf8Path,
    is_agent: bool,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(source: &'a Source<'a>) -> Self {
        let folder = source.path.parent().unwrap_or(Utf8Path::new(""));
        Self { source, folder, is_agent: false }
    }

    pub(crate) fn text(&self, path: &Utf8Path) -> Result<String, ConfigError> {
        read_to_string(self.source.disk, path, FILE_BYTES_MAX)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
    }

    /// A document of the configuration, with variables in place where that is asked for. What comes
    /// behind it in its file is told and not read.
    fn document(
        &self,
        path: &Utf8Path,
        text: &str,
        told: &mut Told,
    ) -> Result<Document, SettingsError> {
        let document = self.quiet_document(path, text)?;
        if let Some(at) = document.second() {
            let message = "a second document, which is not read: the file is what stands before it";
            told.warnings.push(document.error(at, "", message));
        }
        Ok(document)
    }

    /// The same without a word.
    pub(crate) fn quiet_document(
        &self,
        path: &Utf8Path,
        text: &str,
    ) -> Result<Document, SettingsError> {
        let mut document = Document::first(path.as_str(), text)?;
        if self.source.expands_env {
            document.change_scalars(&|keys, text| {
                environment::expand_value(keys, text, self.source.variable)
            })?;
        }
        Ok(document)
    }

    /// The files that a list of patterns names, relative to the configuration's folder, and what
    /// they say. Those that do not exist are told.
    fn expand(
        &self,
        document: &Document,
        key: &str,
        told: &mut Told,
    ) -> Result<Vec<(Utf8PathBuf, String)>, ConfigError> {
        let Some(node) = document.root().get(key) else { return Ok(Vec::new()) };
        self.expand_node(document, (node, key), self.folder, told)
    }

    /// The same of a list that stands anywhere, with patterns relative to a folder.
    fn expand_node(
        &self,
        document: &Document,
        (node, key): (&Node, &str),
        folder: &Utf8Path,
        told: &mut Told,
    ) -> Result<Vec<(Utf8PathBuf, String)>, ConfigError> {
        let patterns: Vec<String> = document.read_node(node, key)?;
        let mut files = Vec::new();
        for (index, (pattern, at)) in
            patterns.iter().zip(node.items().unwrap_or_default()).enumerate()
        {
            let refuse = |message: &str| document.error(at.at, &format!("{key}[{index}]"), message);
            if pattern.split_once('*').is_some_and(|(_, rest)| rest.contains('/')) {
                return Err(refuse("a star may stand in the last part of a path only").into());
            }
            let path = folder.join(pattern);
            let found = match expand_pattern(self.source.disk, &path) {
                Ok(found) => found,
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    return Err(refuse(&error.to_string()).into());
                }
                Err(source) => return Err(ConfigError::Read { path, source }),
            };
            for path in found {
                match self.text(&path) {
                    Ok(text) => files.push((path, text)),
                    Err(ConfigError::Read { source, .. })
                        if source.kind() == ErrorKind::NotFound =>
                    {
                        told.missing.push(refuse(&format!("{path} does not exist")));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(files)
    }

    fn config(&self, text: &str) -> Result<Config, ConfigError> {
        let mut told = Told::default();
        let mut document = self.document(self.source.path, text, &mut told)?;
        check_keys(&document)?;
        upstream::check(&document, self.is_agent, &mut told.warnings)?;
        resolve_jobs(&mut document, self.folder);
        let document = Arc::new(document);
        let (scrape_global, rules_global) = global(&document)?;
        let scrape_global = scrape_global.in_folder(self.folder);
        let mut jobs = Jobs::default();
        self.jobs(&document, &scrape_global, &mut jobs, &mut told)?;
        let names = scrape_global.names();
        let folder = paths::absolute(self.folder);
        let alertmanagers = alertmanagers::read(&document, names, &folder, &mut jobs.uses)?;
        let rule_files = self.expand(&document, "rule_files", &mut told)?;
        let rule_files = rule_files.into_iter();
        let rule_files = rule_files.map(|(path, text)| RuleFile { path: path.into_string(), text });
        let routing = self.alerting(&document, &mut jobs.uses, &mut told)?;
        let mut plugins: narthex_plugins::Config = self.section(&document, "plugins")?;
        plugins.resolve(self.folder);
        let mut dashboards: narthex_dashboards::Config = self.section(&document, "dashboards")?;
        dashboards.resolve(self.folder);
        let (storage, retention_rules) = self.storage(&document)?;
        let at = labels_at(&document);
        let labels =
            external_labels(&rules_global.external_labels.0, self.source.variable, &mut |name| {
                let message = format!("the variable {name} is not set or empty");
                told.warnings.push(document.error(at, "global.external_labels", &message));
            });
        Ok(Config {
            document,
            external_labels: labels,
            jobs: jobs.jobs,
            job_files: jobs.files,
            evaluation_interval: rules_global.evaluation_interval(),
            rule_query_offset: rules_global.rule_query_offset.unwrap_or_default().0,
            query_log_file: (!rules_global.query_log_file.is_empty())
                .then(|| self.folder.join(&rules_global.query_log_file)),
            rule_files: rule_files.collect(),
            missing_files: told.missing,
            warnings: told.warnings,
            plugins,
            dashboards,
            alertmanager_file: routing.as_ref().and_then(|routing| routing.file.clone()),
            alerting: routing.map(|routing| routing.config),
            alertmanagers,
            storage,
            retention_rules,
            plugin_uses: jobs.uses,
        })
    }

    /// A section that is its defaults when it is not there.
    fn section<T: serde::de::DeserializeOwned>(
        &self,
        document: &Document,
        key: &str,
    ) -> Result<T, ConfigError> {
        let at = document.root().at;
        let empty = narthex_settings::Node::empty(at);
        let node = document.root().get(key).unwrap_or(&empty);
        Ok(document.read_node(node, key)?)
    }

    /// What is kept, and how long.
    fn storage(
        &self,
        document: &Document,
    ) -> Result<(StorageSection, Vec<RetentionRule>), ConfigError> {
        let storage: StorageSection = self.section(document, "storage")?;
        let mut rules = Vec::new();
        if let Some(node) = document.root().get("retention_rules") {
            let read: Option<Vec<RetentionRuleSection>> =
                document.read_node(node, "retention_rules")?;
            rules.extend(read.unwrap_or_default().into_iter().map(RetentionRule::from));
        }
        let checked = store_settings(&storage, &rules, &Settings::default());
        checked.map_err(|error| {
            let at = document.root().get("storage").unwrap_or(document.root()).at;
            document.error(at, "storage", &error.to_string())
        })?;
        Ok((storage, rules))
    }

    fn jobs(
        &self,
        document: &Arc<Document>,
        global: &GlobalScrape,
        jobs: &mut Jobs,
        told: &mut Told,
    ) -> Result<(), ConfigError> {
        if let Some(node) = document.root().get("scrape_configs") {
            jobs.read(document, node, global, &paths::absolute(self.folder))?;
        }
        for (path, text) in self.expand(document, "scrape_config_files", told)? {
            let mut part = self.document(&path, &text, told)?;
            for entry in part.root().entries().unwrap_or_default() {
                if entry.key != "scrape_configs" {
                    let message = "a scrape config file holds the key scrape_configs only";
                    return Err(part.error(entry.key_at, &entry.key, message).into());
                }
            }
            let folder = path.parent().unwrap_or(self.folder);
            resolve_jobs(&mut part, folder);
            let part = Arc::new(part);
            if let Some(node) = part.root().get("scrape_configs") {
                jobs.read(&part, node, global, &paths::absolute(folder))?;
            }
        }
        Ok(())
    }

    fn alerting(
        &self,
        document: &Arc<Document>,
        uses: &mut Vec<PluginUse>,
        told: &mut Told,
    ) -> Result<Option<Routing>, ConfigError> {
        let inline = document.root().get("alertmanager");
        let file = document.root().get("alertmanager_config_file");
        let (document, node, key) = match (inline, file) {
            (None, None) => return Ok(None),
            (Some(node), None) => (Arc::clone(document), node.clone(), "alertmanager"),
            (_, Some(file)) if inline.is_some() => {
                let message = "give either alertmanager or alertmanager_config_file, not both";
                let key = "alertmanager_config_file";
                return Err(document.error(file.at, key, message).into());
            }
            (_, Some(file)) => {
                let name: String = document.read_node(file, "alertmanager_config_file")?;
                let path = self.folder.join(name);
                let document = self.document(&path, &self.text(&path)?, told)?;
                let root = document.root().clone();
                (Arc::new(document), root, "")
            }
        };
        let mut node = node;
        // Its paths count from the file that it stands in, as Alertmanager's do.
        let folder = Utf8Path::new(document.file()).parent().unwrap_or(self.folder).to_owned();
        paths::resolve_alertmanager(&mut node, &folder);
        notifier_uses(&document, &node, key, &paths::absolute(&folder), uses)?;
        let config: narthex_alerting::Config = document.read_node(&node, key)?;
        let config = self.with_templates(config, &document, (&node, key), told)?;
        Ok(Some(Routing { config, file: key.is_empty().then_some(document) }))
    }

    /// Reads the files of templates that routing names; their paths count from its own file.
    fn with_templates(
        &self,
        config: narthex_alerting::Config,
        document: &Document,
        (node, key): (&Node, &str),
        told: &mut Told,
    ) -> Result<narthex_alerting::Config, ConfigError> {
        let Some(list) = node.get("templates") else { return Ok(config) };
        let key = if key.is_empty() { "templates".to_owned() } else { format!("{key}.templates") };
        let folder = Utf8Path::new(document.file()).parent().unwrap_or(self.folder);
        let files = self.expand_node(document, (list, &key), folder, told)?;
        let files: Vec<(String, String)> = files
            .into_iter()
            .map(|(path, text)| (path.file_name().unwrap_or_default().to_owned(), text))
            .collect();
        let with_templates = config.with_templates(&files);
        Ok(with_templates.map_err(|error| document.error(list.at, &key, &error.to_string()))?)
    }
}

/// The paths of a document's jobs and Alertmanagers, where they stand: there may be 100,000 targets beside them.
fn resolve_jobs(document: &mut Document, folder: &Utf8Path) {
    let absolute = paths::absolute(folder);
    let root = document.root_mut();
    if let Some(jobs) = root.get_mut("scrape_configs") {
        paths::resolve_jobs(jobs, folder, &absolute);
    }
    if let Some(items) = root.get_mut("alerting").and_then(|node| node.get_mut("alertmanagers")) {
        paths::resolve_jobs(items, folder, &absolute);
    }
}

/// The parts of receivers that notifier plugins check.
fn notifier_uses(
    document: &Arc<Document>,
    node: &Node,
    key: &str,
    folder: &Utf8Path,
    uses: &mut Vec<PluginUse>,
) -> Result<(), SettingsError> {
    let globals = match node.get("global") {
        Some(globals) => Arc::new(document.read_node(globals, "global")?),
        None => Arc::default(),
    };
    let http_of_all = match node.get("global").and_then(|globals| globals.get("http_config")) {
        Some(keys) => document.read_node(keys, "global.http_config")?,
        None => None,
    };
    let receivers = node.get("receivers").and_then(Node::items).unwrap_or_default();
    for (r, receiver) in receivers.iter().enumerate() {
        for entry in receiver.entries().unwrap_or_default() {
            let Some(plugin) = entry.key.strip_suffix("_configs") else { continue };
            for (index, item) in entry.node.items().unwrap_or_default().iter().enumerate() {
                let dot = if key.is_empty() { "" } else { "." };
                let key = format!("{key}{dot}receivers[{r}].{}[{index}]", entry.key);
                let kind = PluginKind::Notifier;
                let told = PluginUse::new(plugin, kind, document, item, key, folder)?;
                uses.push(told.with_globals(&globals, http_of_all.as_ref()));
            }
        }
    }
    Ok(())
}

/// Where the external labels stand.
fn labels_at(document: &Document) -> Position {
    let global = document.root().get("global").unwrap_or(document.root());
    global.get("external_labels").unwrap_or(global).at
}

/// The two halves of `global`.
fn global(document: &Document) -> Result<(GlobalScrape, GlobalRules), SettingsError> {
    let found = document.root().get("global").cloned();
    let mut scrape = found.unwrap_or(Node::empty(document.root().at));
    let mut rules = Node::empty(scrape.at);
    rules.value = Value::Map(scrape.take_entries(|key| GLOBAL_RULE_KEYS.contains(&key)));
    let keys: GlobalKeys = document.read_node(&scrape, "global")?;
    let resolved = keys.resolve().map_err(|error| refused(document, &scrape, "global", &error))?;
    Ok((resolved, document.read_node(&rules, "global")?))
}

/// Every key at the top of the file that is served.
const KEYS: [&str; 16] = [
    "global",
    "plugins",
    "rule_files",
    "scrape_config_files",
    "scrape_configs",
    "alerting",
    "alertmanager",
    "alertmanager_config_file",
    "storage",
    "retention_rules",
    "remote_write",
    "remote_read",
    "otlp",
    "tracing",
    "runtime",
    "dashboards",
];

fn check_keys(document: &Document) -> Result<(), SettingsError> {
    let Some(entries) = document.root().entries() else {
        return Err(document.error(document.root().at, "", "expected a mapping of sections"));
    };
    for entry in entries {
        let is_empty = crate::sections::is_empty(&entry.node);
        if !KEYS.contains(&entry.key.as_str()) && !is_empty {
            let known = KEYS.join(", ");
            let message = format!("unknown section {:?} (known: {known})", entry.key);
            return Err(document.error(entry.key_at, "", &message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
