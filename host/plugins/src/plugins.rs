//! All plugins: found in a folder, kept by name, called by kind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use camino::Utf8PathBuf;
use futures_util::future::BoxFuture;
use narthex_client::ClientOptions;
use narthex_model::{Labels, TargetGroup};
use narthex_platform::{Clock, Disk, Metrics, Tasks};
use narthex_state::{StateError, StateStore};
use narthex_wasm::wasmtime::Store;
use narthex_wasm::wasmtime::component::Linker;
use narthex_wasm::{CacheStats, Guest, Sandbox, SandboxConfig, WaitingSlot};
use serde_json::Value;
use tokio::sync::Notify;
use tracing::warn;

use crate::answer::{CallError, Change, CollectTarget, Exposition, PluginKind, Refreshed};
use crate::bindings::discovery::exports::narthex::plugin::discovery_api;
use crate::bindings::exporter::exports::narthex::plugin::exporter_api;
use crate::bindings::notifier::exports::narthex::plugin::notifier_api;
use crate::config::{Config, MEMORY_BYTES_MAX};
use crate::folder::Folder;
use crate::grant::Endpoint;
use crate::imports::log::single_line;
use crate::imports::{self, CallContext, Label, Shared};
use crate::item::{Given, Item};
use crate::loader::{Entry, Loaded};
use crate::missing;
use crate::plugin::{Answer, CallSpec, ERROR_BYTES_MAX, Manner, Plugin, guest_error};
use crate::profiles::{Environment, Machine};
use crate::record::Use;
use crate::redact::Redactor;
use crate::rights::Spends;
use crate::schema::Schema;
use crate::secrets::CallSecrets;
use crate::switch::Switches;
use crate::tape::Tape;
use crate::telemetry::Telemetry;
use crate::trial::{Asked, Sending};
use crate::view::PluginView;

/// Calls of all plugins that run at one time.
const CALLS_MAX: u32 = 64;

/// Calls of discoveries that wait for news, beside the others: however many wait, no scrape does.
const WAITING_MAX: u32 = 64;

/// Remarks on a configuration that are kept.
const WARNINGS_MAX: usize = 16;

/// What the room needs from the rest of the program.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The clock.
    pub clock: Clock,
    /// The disk with the plugin folder.
    pub disk: Arc<dyn Disk>,
    /// Where the room counts.
    pub metrics: Metrics,
    /// Where plugins keep their key-values.
    pub state: StateStore,
    /// Of clients that carry an operator's credentials.
    pub client: ClientOptions,
    /// Where profiles look for credentials.
    pub environment: Environment,
    /// A folder of this user alone for compiled code; made when absent. `None`: every start
    /// compiles anew.
    pub cache_folder: Option<Utf8PathBuf>,
}

/// Why the room cannot start. A single plugin that cannot be loaded is no reason.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The sandbox.
    #[error("start the sandbox for plugins")]
    Sandbox(#[from] narthex_wasm::StartError),
    /// What is kept of plugins.
    #[error("open what is kept of plugins")]
    State(#[from] StateError),
    /// The imports.
    #[error("link the host's interfaces: {message}")]
    Link {
        /// The engine's words.
        message: String,
    },
}

/// A plugin, the version of it that serves, and a configuration that is ready for that version.
pub(crate) type Ready = (Arc<Plugin>, Arc<Loaded>, Arc<Item>);

/// The target of a call, as the guest sees it.
#[derive(Debug)]
pub(crate) struct AskedTarget {
    wire: exporter_api::Target,
    timeout: Duration,
}

impl AskedTarget {
    pub(crate) fn new(target: &CollectTarget) -> Self {
        let wire = exporter_api::Target {
            address: target.address.clone(),
            labels: labels(&target.labels),
            params: labels(&target.params),
            timeout_ms: millis(target.timeout),
        };
        Self { wire, timeout: target.timeout }
    }

    pub(crate) fn address(&self) -> &str {
        &self.wire.address
    }
}

/// How a discovery is asked.
pub(crate) struct RefreshOf {
    pub(crate) cursor: Option<String>,
    pub(crate) wait: Duration,
    pub(crate) slot: Option<WaitingSlot>,
    pub(crate) manner: Manner,
}

/// All plugins. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub struct Plugins(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sandbox: Sandbox,
    pub(crate) linker: Arc<Linker<Guest<CallContext>>>,
    pub(crate) shared: Shared,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) machine: Machine,
    pub(crate) config: ArcSwap<Config>,
    pub(crate) plugins: ArcSwap<BTreeMap<String, Arc<Plugin>>>,
    /// What is known of the folder; its lock makes scans and reloads follow one another.
    pub(crate) folder: Arc<tokio::sync::Mutex<Folder>>,
    /// Wakes the watcher: look again, perhaps elsewhere.
    pub(crate) look_again: Notify,
    /// Files may wait to be compiled.
    pub(crate) to_compile: Notify,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.load().keys()).finish()
    }
}

impl Plugins {
    /// Loads what is in the folder. A plugin that cannot be loaded is kept as failed and shown; it
    /// does not keep the others from loading.
    ///
    /// # Errors
    /// When the sandbox itself cannot be had.
    pub async fn load(config: Config, deps: Deps) -> Result<Self, LoadError> {
        Self::load_wanted(config, deps, |_| true).await
    }

    /// The same, but plugins that are not wanted yet and have to be compiled are loaded later, by the
    /// task that watches the folder.
    ///
    /// # Errors
    /// When the sandbox itself cannot be had.
    pub async fn load_wanted(
        config: Config,
        deps: Deps,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, LoadError> {
        let plugins = Self::start(config, deps)?;
        plugins.scan().await;
        plugins.compile_waiting(is_wanted).await;
        plugins.forget_old_code().await;
        plugins.warn_of_unused_grants();
        Ok(plugins)
    }

    /// The room without any plugin.
    pub(crate) fn start(config: Config, deps: Deps) -> Result<Self, LoadError> {
        let sandbox = Sandbox::start(SandboxConfig {
            calls_max: CALLS_MAX,
            waiting_max: WAITING_MAX,
            memory_bytes_max: MEMORY_BYTES_MAX,
            memory_total_bytes: config.memory_total.0,
            cache_folder: deps.cache_folder,
            disk: Arc::clone(&deps.disk),
        })?;
        deps.metrics.add_source(Arc::new(Telemetry(sandbox.clone())));
        let link = |error: narthex_wasm::wasmtime::Error| LoadError::Link {
            message: format!("{error:#}"),
        };
        let mut linker = sandbox.linker().map_err(link)?;
        imports::link(&mut linker).map_err(link)?;
        let (clock, metrics, state) = (deps.clock, deps.metrics, deps.state);
        let switches = Switches::open(&state)?;
        let client = deps.client.clone();
        let waits = Arc::new(imports::files::Waits::new(clock.clone()));
        metrics.add_source(waits.clone());
        let kept = Arc::default();
        let recent = Arc::default();
        let shared = Shared { clock, metrics, state, client, kept, switches, waits, recent };
        let machine = Machine { environment: deps.environment, client: deps.client };
        Ok(Self(Arc::new(Inner {
            sandbox,
            linker: Arc::new(linker),
            shared,
            disk: deps.disk,
            machine,
            config: ArcSwap::from_pointee(config),
            plugins: ArcSwap::default(),
            folder: Arc::default(),
            look_again: Notify::new(),
            to_compile: Notify::new(),
        })))
    }

    /// Watches the folder from now on, as a task that ends with the others.
    pub fn spawn(&self, tasks: &mut Tasks) {
        let plugins = self.clone();
        tasks.spawn("plugins", |stop| plugins.watch(stop));
    }

    /// All plugins, ascending by name.
    #[must_use]
    pub fn view(&self) -> Vec<PluginView> {
        let plugins = self.0.plugins.load();
        plugins.values().map(|plugin| plugin.view()).collect()
    }

    /// How often compiled code was found on disk.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        self.0.sandbox.cache_stats()
    }

    /// Asks an exporter about a target.
    ///
    /// # Errors
    /// When there is no such exporter, or it refuses, or it is stopped.
    pub async fn collect(
        &self,
        plugin: &str,
        config: &Value,
        target: &CollectTarget,
    ) -> Result<Exposition, CallError> {
        let (plugin, loaded, item) = self.ready(PluginKind::Exporter, plugin, config.into())?;
        let target = Arc::new(AskedTarget::new(target));
        let (used, asked) = (Arc::clone(&item), Arc::clone(&target));
        let answer = self.collect_by(&plugin, &loaded, item, asked, Manner::Served).await?;
        plugin.in_use.answered(&used, Asked::Target(target));
        Ok(answer)
    }

    /// Asks a version of an exporter.
    pub(crate) async fn collect_by(
        &self,
        plugin: &Plugin,
        version: &Arc<Loaded>,
        item: Arc<Item>,
        target: Arc<AskedTarget>,
        manner: Manner,
    ) -> Result<Exposition, CallError> {
        let (config_json, secrets) = seal(&item)?;
        let spec = CallSpec {
            call: "collect",
            what: Some(Use::new(&item.identity, target.address())),
            manner,
            hosts: Arc::new(Endpoint::parse(target.address()).into_iter().collect()),
            item,
            secrets,
            // The scrape gives up at its timeout; the call ends before, so that its end is known.
            spends: Spends::WallAtMost(target.timeout - target.timeout / 20),
            slot: None,
        };
        let work = work(move |entry, store| {
            Box::pin(async move {
                let Entry::Exporter(pre) = entry else { return Err(wrong_entry()) };
                let instance = pre.instantiate_async(&mut *store).await?;
                let api = instance.narthex_plugin_exporter_api();
                let answer = api.call_collect(&mut *store, &config_json, &target.wire).await?;
                Ok(answer.and_then(|answer| {
                    let spending = &store.data_mut().host().spending;
                    spending.exposition(&answer.content_type, &answer.body).map(|()| answer)
                }))
            })
        });
        let answer = plugin.call(&self.0.sandbox, spec, version, work).await?;
        Ok(Exposition { content_type: answer.content_type, body: answer.body })
    }

    /// Asks a discovery for its targets.
    pub(crate) async fn refresh(
        &self,
        ready: &Ready,
        cursor: Option<String>,
        wait: Duration,
        slot: Option<WaitingSlot>,
    ) -> Result<Refreshed, CallError> {
        let (plugin, loaded, item) = ready;
        let asked = RefreshOf { cursor, wait, slot, manner: Manner::Served };
        let answer = self.refreshed_by(plugin, loaded, item, asked).await?;
        plugin.in_use.answered(item, Asked::AllTargets);
        Ok(answer)
    }

    /// Asks a version of a discovery for all targets, to try it.
    pub(crate) async fn refresh_by(
        &self,
        plugin: &Plugin,
        version: &Arc<Loaded>,
        item: &Arc<Item>,
    ) -> Result<Refreshed, CallError> {
        let manner = Manner::Trial(Tape::off());
        let asked = RefreshOf { cursor: None, wait: Duration::ZERO, slot: None, manner };
        self.refreshed_by(plugin, version, item, asked).await
    }

    pub(crate) async fn refreshed_by(
        &self,
        plugin: &Plugin,
        loaded: &Arc<Loaded>,
        item: &Arc<Item>,
        asked: RefreshOf,
    ) -> Result<Refreshed, CallError> {
        let RefreshOf { cursor, wait, slot, manner } = asked;
        let (config_json, secrets) = seal(item)?;
        let spec = CallSpec {
            call: "refresh",
            what: Some(Use::new(&item.identity, "")),
            manner,
            hosts: Arc::clone(&item.endpoints),
            item: Arc::clone(item),
            secrets,
            spends: Spends::OfRefresh,
            slot,
        };
        let wait_ms = millis(wait);
        let work = work(move |entry, store| {
            Box::pin(async move {
                let Entry::Discovery(pre) = entry else { return Err(wrong_entry()) };
                let instance = pre.instantiate_async(&mut *store).await?;
                let api = instance.narthex_plugin_discovery_api();
                let asked = api.call_refresh(&mut *store, &config_json, cursor.as_deref(), wait_ms);
                let answer = asked.await?;
                let bytes = answer.as_ref().map_or(0, |answer| bytes_of(&answer.change));
                store.data_mut().host().spending.answer(bytes);
                Ok(answer)
            })
        });
        let answer = plugin.call(&self.0.sandbox, spec, loaded, work).await?;
        Ok(refreshed(answer, &item.redactor))
    }

    /// Has a notifier that is ready deliver.
    pub(crate) async fn deliver(
        &self,
        ready: Ready,
        group: notifier_api::AlertGroup,
    ) -> Result<notifier_api::Receipt, CallError> {
        let (plugin, loaded, item) = ready;
        let (used, sending) = (Arc::clone(&item), Sending::of(&group));
        let manner = Manner::Heard(sending.tape());
        let receipt = self.deliver_by(&plugin, &loaded, item, group, manner).await?;
        if let Some(sent) = sending.sent() {
            plugin.in_use.answered(&used, Asked::Notification(Arc::new(sent)));
        }
        Ok(receipt)
    }

    /// Has a version of a notifier deliver.
    pub(crate) async fn deliver_by(
        &self,
        plugin: &Plugin,
        version: &Arc<Loaded>,
        item: Arc<Item>,
        group: notifier_api::AlertGroup,
        manner: Manner,
    ) -> Result<notifier_api::Receipt, CallError> {
        let (config_json, secrets) = seal(&item)?;
        let redactor = item.redactor.clone();
        let (hosts, spends) = (Arc::clone(&item.endpoints), Spends::OfPlugin);
        let spec = CallSpec {
            call: "notify",
            what: Some(Use::new(&item.identity, "")),
            manner,
            hosts,
            item,
            secrets,
            spends,
            slot: None,
        };
        let work = work(move |entry, store| {
            Box::pin(async move {
                let Entry::Notifier(pre) = entry else { return Err(wrong_entry()) };
                let instance = pre.instantiate_async(&mut *store).await?;
                let api = instance.narthex_plugin_notifier_api();
                let answer = api.call_notify(&mut *store, &config_json, &group).await?;
                let bytes = |text: &String| text.len();
                store.data_mut().host().spending.answer(answer.as_ref().map_or(0, |receipt| {
                    receipt.note.len() + receipt.remote_id.as_ref().map_or(0, bytes)
                }));
                Ok(answer)
            })
        });
        let receipt = plugin.call(&self.0.sandbox, spec, version, work).await?;
        let short = |text: &str| single_line(&redactor.hide(text), ERROR_BYTES_MAX);
        Ok(notifier_api::Receipt {
            remote_id: receipt.remote_id.map(|text| short(&text)),
            note: short(&receipt.note),
        })
    }

    /// Judges a configuration by schema and then by the plugin itself; what it warns of. A plugin
    /// that is switched off is not asked.
    ///
    /// # Errors
    /// When there is no such plugin, or it or its schema refuses the configuration.
    pub async fn validate<'a>(
        &self,
        kind: PluginKind,
        plugin: &str,
        given: impl Into<Given<'a>>,
    ) -> Result<Vec<String>, CallError> {
        let (plugin, loaded, item) = self.ready(kind, plugin, given.into())?;
        if let Some(disabled) = plugin.disabled() {
            return Ok(vec![disabled.to_string()]);
        }
        let warnings = self.validate_by(&plugin, &loaded, &item, Manner::Served).await?;
        plugin.in_use.accepted(item);
        Ok(warnings)
    }

    /// Has a version judge a configuration.
    pub(crate) async fn validate_by(
        &self,
        plugin: &Plugin,
        loaded: &Arc<Loaded>,
        item: &Arc<Item>,
        manner: Manner,
    ) -> Result<Vec<String>, CallError> {
        let (config_json, secrets) = seal(item)?;
        let redactor = item.redactor.clone();
        let spec = CallSpec {
            call: "validate",
            what: None,
            manner,
            hosts: Arc::default(),
            item: Arc::clone(item),
            secrets,
            spends: Spends::OfPlugin,
            slot: None,
        };
        let work = work(move |entry, store| {
            Box::pin(async move {
                macro_rules! validate {
                    ($pre:expr) => {{
                        let instance = $pre.instantiate_async(&mut *store).await?;
                        let api = instance.narthex_plugin_lifecycle();
                        api.call_validate(store, &config_json).await
                    }};
                }
                match entry {
                    Entry::Exporter(pre) => validate!(pre),
                    Entry::Discovery(pre) => validate!(pre),
                    Entry::Notifier(pre) => validate!(pre),
                }
            })
        });
        let warnings = plugin.call(&self.0.sandbox, spec, loaded, work).await?;
        let short = |warning: &String| single_line(&redactor.hide(warning), ERROR_BYTES_MAX);
        Ok(warnings.iter().take(WARNINGS_MAX).map(short).collect())
    }

    /// Judges a configuration by the plugin's schema alone, without a call.
    ///
    /// # Errors
    /// When there is no such plugin, or its schema refuses the configuration.
    pub fn check<'a>(
        &self,
        kind: PluginKind,
        plugin: &str,
        given: impl Into<Given<'a>>,
    ) -> Result<(), CallError> {
        self.ready(kind, plugin, given.into()).map(|_| ())
    }

    /// Whether a plugin has the host use the keys of HTTP clients in its configuration.
    #[must_use]
    pub fn takes_http(&self, kind: PluginKind, plugin: &str) -> bool {
        self.schema_says(kind, plugin, |schema| schema.notes.takes_http) == Some(true)
    }

    /// Whether the value at these keys of a plugin's configuration is a secret; `None`: nobody says.
    #[must_use]
    pub fn is_secret(&self, kind: PluginKind, plugin: &str, keys: &[&str]) -> Option<bool> {
        self.schema_says(kind, plugin, |schema| schema.is_secret(keys)).flatten()
    }

    fn schema_says<T>(
        &self,
        kind: PluginKind,
        plugin: &str,
        ask: impl FnOnce(&Schema) -> T,
    ) -> Option<T> {
        let loaded = self.find(kind, plugin).ok()?.ready(kind).ok()?;
        Some(ask(&loaded.schema))
    }

    /// Finds a plugin of a kind; the words say where one would have to be.
    pub(crate) fn find(&self, kind: PluginKind, plugin: &str) -> Result<Arc<Plugin>, CallError> {
        let found = self.0.plugins.load().get(plugin).cloned();
        found.ok_or_else(|| {
            let plugins = self.0.plugins.load();
            let is_of_kind =
                |plugin: &&Arc<Plugin>| plugin.loaded().is_some_and(|l| l.entry.kind() == kind);
            let loaded = plugins.values().filter(is_of_kind).map(|plugin| plugin.name.clone());
            let loaded: Vec<String> = loaded.collect();
            let folder = &self.0.config.load().dir;
            CallError::Unavailable(missing::message(kind, plugin, folder, &loaded))
        })
    }

    /// The version of a plugin that serves, and a configuration that is ready for it.
    pub(crate) fn ready(
        &self,
        kind: PluginKind,
        name: &str,
        given: Given<'_>,
    ) -> Result<Ready, CallError> {
        let plugin = self.find(kind, name)?;
        let loaded = plugin.ready(kind)?;
        let item = Item::new(name, &loaded, &plugin.rights(), given, &self.0.machine)?;
        Ok((plugin, loaded, Arc::new(item)))
    }

    pub(crate) fn warn_of_unused_grants(&self) {
        let plugins = self.0.plugins.load();
        for name in self.0.config.load().allow.keys().filter(|name| !plugins.contains_key(*name)) {
            warn!(plugin = name, "plugins.allow names a plugin that is not in the folder");
        }
    }
}

/// The digest of a file as views show it: `sha256:` and hexadecimal digits.
#[must_use]
pub fn digest_text(bytes: &[u8]) -> String {
    narthex_wasm::Digest::of(bytes).to_string()
}

/// Tells the compiler what a call's work looks like.
fn work<R, F>(work: F) -> F
where
    F: for<'s> FnOnce(Entry, &'s mut Store<Guest<CallContext>>) -> BoxFuture<'s, Answer<R>> + Send,
{
    work
}

/// The configuration for one call, with placeholders for its secrets.
fn seal(item: &Item) -> Result<(String, CallSecrets), CallError> {
    item.sealed.for_call().map_err(|error| CallError::Unavailable(error.to_string()))
}

fn wrong_entry() -> narthex_wasm::wasmtime::Error {
    narthex_wasm::wasmtime::Error::msg("the plugin's kind changed between finding and calling it")
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn labels(pairs: &[(String, String)]) -> Vec<Label> {
    let label =
        |(name, value): &(String, String)| Label { name: name.clone(), value: value.clone() };
    pairs.iter().map(label).collect()
}

fn refreshed(answer: discovery_api::Refreshed, redactor: &Redactor) -> Refreshed {
    let groups = |groups: Vec<discovery_api::TargetGroup>| groups.into_iter().map(group).collect();
    let change = match answer.change {
        discovery_api::Change::Unchanged => Change::Unchanged,
        discovery_api::Change::Full(all) => Change::Full(groups(all)),
        discovery_api::Change::Delta(delta) => {
            Change::Delta { upsert: groups(delta.upsert), remove: delta.remove }
        }
    };
    let next_in = answer.next_in_ms.map(|ms| Duration::from_millis(u64::from(ms)));
    Refreshed {
        change,
        cursor: answer.cursor,
        next_in,
        is_part: answer.more,
        failing: answer.failing.map(|error| guest_error(&error, redactor).message),
    }
}

/// About what it takes: all texts in it.
fn bytes_of(change: &discovery_api::Change) -> usize {
    let of_group = |group: &discovery_api::TargetGroup| {
        let labels = group.labels.iter().map(|label| label.name.len() + label.value.len());
        let targets = group.targets.iter().map(String::len);
        group.source.len() + labels.chain(targets).sum::<usize>()
    };
    match change {
        discovery_api::Change::Unchanged => 0,
        discovery_api::Change::Full(groups) => groups.iter().map(of_group).sum(),
        discovery_api::Change::Delta(delta) => {
            let gone = delta.remove.iter().map(String::len);
            delta.upsert.iter().map(of_group).chain(gone).sum()
        }
    }
}

fn group(group: discovery_api::TargetGroup) -> TargetGroup {
    let target = |address: &String| Labels::from_pairs([("__address__", address.as_str())]);
    let pairs = group.labels.iter().filter(|label| !label.name.is_empty());
    let pairs = pairs.map(|label| (label.name.as_str(), label.value.as_str()));
    TargetGroup {
        source: group.source,
        targets: group.targets.iter().map(target).collect(),
        labels: Labels::from_pairs(pairs),
    }
}
