//! One component outside a server: loaded from its bytes, called once at a time, heard.
//!
//! Invariant: it has the grants and the budget that it would have in a server with the same
//! configuration. What it keeps under keys lasts as long as the workbench.
//! Invariant: calls are judged one by one: what failed before is no reason for a pause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_alerting::{AlertGroup, Receipt};
use narthex_model::Timestamp;
use narthex_settings::error_chain;
use serde_json::Value;

use crate::adapters::notifiers::wire_group;
use crate::answer::{CallError, CollectTarget, Exposition, PluginKind, Refreshed};
use crate::config::{Allow, Config};
use crate::item::Given;
use crate::loader::{self, Loaded};
use crate::plugin::{Manner, Plugin};
use crate::plugins::{AskedTarget, Deps, LoadError, Plugins, RefreshOf};
use crate::record::Record;
use crate::rights::{Rights, Spends};
use crate::secrets::Sealed;
use crate::spending::Amounts;
use crate::tape::{Heard, Tape};

/// A component on the bench.
#[derive(Debug)]
pub struct Workbench {
    plugins: Plugins,
    loaded: Arc<Loaded>,
    rights: Arc<Rights>,
    card: Card,
}

/// What a component says of itself, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One line.
    pub description: String,
    /// What it does.
    pub kind: PluginKind,
    /// The schema of its configuration as its author wrote it; empty: it takes any.
    pub schema: String,
    /// What it imports, with versions.
    pub imports: Vec<String>,
    /// What it exports, with versions.
    pub exports: Vec<String>,
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
}

/// Why a component cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The sandbox.
    #[error(transparent)]
    Room(#[from] LoadError),
    /// It is refused as a server would refuse it.
    #[error("{0}")]
    Refused(String),
    /// What it is granted cannot be had.
    #[error("make the grants of the plugin: {0}")]
    Grants(String),
}

/// A call.
#[derive(Clone, Debug)]
pub enum Question {
    /// Of an exporter.
    Collect(CollectTarget),
    /// Of a discovery.
    Refresh {
        /// Of its last answer.
        cursor: Option<String>,
        /// How long it may wait for news.
        wait: Duration,
    },
    /// Of a notifier.
    Notify(Box<AlertGroup>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Of an exporter.
    Collected(Exposition),
    /// Of a discovery.
    Refreshed(Refreshed),
    /// Of a notifier.
    Delivered(Receipt),
}

/// How a call went.
#[derive(Debug)]
pub struct Report {
    /// The answer, or why there is none.
    pub reply: Result<Reply, CallError>,
    /// What was heard of it.
    pub heard: Heard,
}

impl Workbench {
    /// Loads a component. `config` says what it is granted under the name that it gives itself,
    /// `extra` what it is granted beside that.
    ///
    /// # Errors
    /// When a server would refuse it.
    pub async fn open(
        bytes: Arc<[u8]>,
        config: Config,
        extra: Allow,
        deps: Deps,
    ) -> Result<Self, OpenError> {
        let plugins = Plugins::start(config, deps)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let rights = |name: &str| {
            let made = Rights::new(name, &plugins.0.config.load(), &plugins.0.shared);
            made.map_err(|error| OpenError::Grants(error_chain(&error)))
        };
        let (sandbox, linker) = (&plugins.0.sandbox, &plugins.0.linker);
        // Who it is is asked without any grant, so the name does not matter yet.
        let nameless = rights("plugin")?;
        let loaded = loader::load_any(sandbox, linker, bytes, &nameless).await;
        let loaded = loaded.map_err(|error| OpenError::Refused(error.to_string()))?;
        // The cache of a bench holds one component.
        sandbox.retain_compiled(&[loaded.digest]);
        if !loader::is_plugin_name(&loaded.name) {
            let refused = loader::LoadError::FileName { name: loaded.name };
            return Err(OpenError::Refused(refused.to_string()));
        }
        let mut config = Config::clone(&plugins.0.config.load());
        let own = config.allow.entry(loaded.name.clone()).or_default();
        own.net.extend(extra.net);
        own.files.extend(extra.files);
        // Here it is called whatever a server would do with it.
        (own.enabled, own.sha256) = (None, None);
        plugins.0.config.store(Arc::new(config));
        let rights = Arc::new(rights(&loaded.name)?);
        let card = Card {
            name: loaded.name.clone(),
            version: loaded.version.clone(),
            description: loaded.description.clone(),
            kind: loaded.entry.kind(),
            schema: loaded.schema_text.clone(),
            imports: loaded.imports.clone(),
            exports: loaded.exports.clone(),
            digest: loaded.digest.to_string(),
            bytes: size,
        };
        let bench = Self { plugins, loaded: Arc::new(loaded), rights, card };
        bench.forgive();
        Ok(bench)
    }

    /// What it says of itself.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// What it may spend in one call.
    #[must_use]
    pub fn limits(&self) -> Amounts {
        self.rights.limits(match self.card.kind {
            PluginKind::Discovery => Spends::OfRefresh,
            PluginKind::Exporter | PluginKind::Notifier => Spends::OfPlugin,
        })
    }

    /// Judges a configuration by schema and then by the plugin itself; what it warns of.
    ///
    /// # Errors
    /// When it or its schema refuses the configuration.
    pub async fn validate(&self, given: Given<'_>) -> Result<Vec<String>, CallError> {
        self.forgive();
        self.plugins.validate(self.card.kind, &self.card.name, given).await
    }

    /// A configuration with words in the place of what its schema calls secret.
    #[must_use]
    pub fn without_secrets(&self, config: &Value) -> Value {
        let (schema, named) = (&self.loaded.schema, &self.rights.secrets);
        let is_secret = |keys: &[&str]| schema.is_secret(keys) == Some(true) || named.name(keys);
        // What is secret of a URL is what stands behind its host, here as in the eyes of the guest.
        let sealed = Sealed::of(config.clone(), &is_secret).and_then(|sealed| sealed.for_call());
        let Ok((json, secrets)) = sealed else { return Value::Null };
        serde_json::from_slice(&secrets.without_placeholders(json.as_bytes())).unwrap_or_default()
    }

    /// Calls it once.
    pub async fn call(&self, given: Given<'_>, question: &Question, tape: Tape) -> Report {
        self.forgive();
        let reply = self.ask(given, question, tape.clone()).await;
        Report { reply, heard: tape.heard() }
    }

    async fn ask(
        &self,
        given: Given<'_>,
        question: &Question,
        tape: Tape,
    ) -> Result<Reply, CallError> {
        let manner = Manner::Heard(tape);
        let words = match question {
            Question::Notify(group) => {
                Some(group.words(Timestamp::from_millis(self.plugins.0.shared.clock.now_millis())))
            }
            Question::Collect(_) | Question::Refresh { .. } => None,
        };
        let given = Given { words: words.as_ref(), ..given };
        let ready = |kind| self.plugins.ready(kind, &self.card.name, given);
        match question {
            Question::Collect(target) => {
                let (plugin, loaded, item) = ready(PluginKind::Exporter)?;
                let target = Arc::new(AskedTarget::new(target));
                let collected = self.plugins.collect_by(&plugin, &loaded, item, target, manner);
                collected.await.map(Reply::Collected)
            }
            Question::Refresh { cursor, wait } => {
                let (plugin, loaded, item) = ready(PluginKind::Discovery)?;
                let (cursor, wait) = (cursor.clone(), *wait);
                let asked = RefreshOf { cursor, wait, slot: None, manner };
                let refreshed = self.plugins.refreshed_by(&plugin, &loaded, &item, asked);
                refreshed.await.map(Reply::Refreshed)
            }
            Question::Notify(group) => {
                let group = wire_group(group);
                let (plugin, loaded, item) = ready(PluginKind::Notifier)?;
                let delivered = self.plugins.deliver_by(&plugin, &loaded, item, group, manner);
                let receipt = delivered.await?;
                let (remote_id, note) = (receipt.remote_id, receipt.note);
                Ok(Reply::Delivered(Receipt { remote_id, note }))
            }
        }
    }

    /// Forgets how the calls before went.
    fn forgive(&self) {
        let (name, shared) = (&self.card.name, &self.plugins.0.shared);
        let (file, rights) = (Utf8PathBuf::from(format!("{name}.wasm")), Arc::clone(&self.rights));
        let record = Record::new(name, &shared.metrics);
        let plugin = Plugin::new(name.clone(), file, rights, record, (shared.clock.clone(), None));
        plugin.serve(Arc::clone(&self.loaded));
        let only = BTreeMap::from([(name.clone(), Arc::new(plugin))]);
        self.plugins.0.plugins.store(Arc::new(only));
    }
}
