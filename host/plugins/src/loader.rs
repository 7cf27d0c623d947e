//! From the bytes of a file to a plugin that may serve: compiled, linked, asked who it is.
//!
//! Invariant: what this module lets through answers calls of its kind; everything that can be
//! refused is refused here, in words, while the version before keeps serving.

use std::fmt;
use std::sync::Arc;

use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{InstancePre, Linker};
use narthex_wasm::{Code, CompileError, Contract, Digest, Guest, KillReason, Misfit, Sandbox};

use crate::answer::PluginKind;
use crate::bindings::discovery::DiscoveryPre;
use crate::bindings::exporter::ExporterPre;
use crate::bindings::notifier::NotifierPre;
use crate::folder::{Again, Refusal};
use crate::imports::log::single_line;
use crate::imports::{self, CallContext, Scope};
use crate::plugin::{Conduct, ERROR_BYTES_MAX};
use crate::redact::Redactor;
use crate::rights::{Rights, Spends};
use crate::schema::{Schema, SchemaError};
use crate::secrets::CallSecrets;
use crate::tape::Tape;
use crate::view::RejectedKind;

/// The longest name, as of a DNS label.
const NAME_BYTES_MAX: usize = 63;

/// What is kept of a version and a description.
const CARD_BYTES_MAX: usize = 1024;

/// A version of a plugin that may serve.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What it calls itself.
    pub(crate) name: String,
    pub(crate) entry: Entry,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) schema: Schema,
    /// The schema as its author wrote it.
    pub(crate) schema_text: String,
    pub(crate) digest: Digest,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) generation: u64,
    pub(crate) loaded_at_millis: i64,
    pub(crate) conduct: Conduct,
}

/// The world of a plugin, linked and type-checked.
#[derive(Clone)]
pub(crate) enum Entry {
    Exporter(ExporterPre<Guest<CallContext>>),
    Discovery(DiscoveryPre<Guest<CallContext>>),
    Notifier(NotifierPre<Guest<CallContext>>),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.kind())
    }
}

impl Entry {
    pub(crate) fn kind(&self) -> PluginKind {
        match self {
            Self::Exporter(_) => PluginKind::Exporter,
            Self::Discovery(_) => PluginKind::Discovery,
            Self::Notifier(_) => PluginKind::Notifier,
        }
    }
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("{name:?} is no name of a plugin: lower case, digits, - and _, 1 to 63 characters")]
    FileName { name: String },
    #[error("{}", narthex_settings::error_chain(.0))]
    Compile(CompileError),
    #[error("{}", .0.join("; "))]
    Imports(Vec<String>),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Misfits(Vec<Misfit>),
    #[error(
        "what it imports or exports is not what this host has ({offered}), though by name it is; the \
         engine says: {message}"
    )]
    Link { offered: String, message: String },
    #[error(
        "it exports none of narthex:plugin/exporter-api, discovery-api, notifier-api in version 1; \
         it exports {exports}"
    )]
    NoWorld { exports: String },
    #[error("it exports {0} and {1}; a plugin does one thing")]
    TwoWorlds(PluginKind, PluginKind),
    #[error("it cannot tell who it is: {0}")]
    Describe(KillReason),
    #[error("too many calls are running to ask it who it is")]
    Busy,
    #[error("it says that its name is {said:?}; its file is named {name}.wasm")]
    OtherName { said: String, name: String },
    #[error("it tells no version of its own")]
    NoVersion,
    #[error(transparent)]
    Schema(SchemaError),
    #[error("its schema has {keyword}, which is not for a plugin of its kind, {kind}")]
    Misplaced { keyword: &'static str, kind: PluginKind },
    #[error(
        "its schema wants {key} of global, which is another notifier's; its own begin with its name"
    )]
    ForeignGlobal { key: String },
}

impl LoadError {
    /// When the same file may be good after all.
    fn again(&self) -> Again {
        match self {
            Self::Compile(CompileError::CompilerFailed { .. })
            | Self::Busy
            | Self::Describe(
                KillReason::Host { .. }
                | KillReason::Wall { .. }
                | KillReason::Crowded { .. }
                | KillReason::Full { .. },
            ) => Again::Soon,
            Self::Describe(KillReason::Memory { .. } | KillReason::Cpu { .. }) => {
                Again::Reconfigured
            }
            Self::FileName { .. }
            | Self::Compile(_)
            | Self::Imports(_)
            | Self::Misfits(_)
            | Self::Link { .. }
            | Self::NoWorld { .. }
            | Self::TwoWorlds(..)
            | Self::Describe(_)
            | Self::OtherName { .. }
            | Self::NoVersion
            | Self::Schema(_)
            | Self::Misplaced { .. }
            | Self::ForeignGlobal { .. } => Again::Changed,
        }
    }
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Self {
        // Names and keys in it are the file's, of any length and of any letters.
        let (again, message) = (error.again(), single_line(&error.to_string(), ERROR_BYTES_MAX));
        Self { kind: RejectedKind::Refused, message, again }
    }
}

/// Whether a text may name a plugin.
pub(crate) fn is_plugin_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(letter)
}

/// Loads a version of the plugin `name`.
pub(crate) async fn load(
    sandbox: &Sandbox,
    linker: &Linker<Guest<CallContext>>,
    name: &str,
    bytes: Arc<[u8]>,
    rights: &Rights,
) -> Result<Loaded, LoadError> {
    if !is_plugin_name(name) {
        return Err(LoadError::FileName { name: name.to_owned() });
    }
    let loaded = load_any(sandbox, linker, bytes, rights).await?;
    if loaded.name != name {
        return Err(LoadError::OtherName { said: loaded.name, name: name.to_owned() });
    }
    Ok(loaded)
}

/// Loads a version of whatever plugin it is.
pub(crate) async fn load_any(
    sandbox: &Sandbox,
    linker: &Linker<Guest<CallContext>>,
    bytes: Arc<[u8]>,
    rights: &Rights,
) -> Result<Loaded, LoadError> {
    let code = sandbox.compile(bytes).await.map_err(LoadError::Compile)?;
    let entry = link(sandbox, linker, &code).await?;
    let card = describe(sandbox, entry.clone(), rights).await?;
    if card.version.trim().is_empty() {
        return Err(LoadError::NoVersion);
    }
    let schema = Schema::parse(&card.config_schema).map_err(LoadError::Schema)?;
    let kind = entry.kind();
    if let Some(keyword) = schema.misplaced(kind) {
        return Err(LoadError::Misplaced { keyword, kind });
    }
    if let Some(key) = schema.foreign_global(&card.name) {
        return Err(LoadError::ForeignGlobal { key: key.to_owned() });
    }
    Ok(Loaded {
        name: imports::log::single_line(&card.name, CARD_BYTES_MAX),
        entry,
        version: imports::log::single_line(&card.version, CARD_BYTES_MAX),
        description: imports::log::single_line(&card.description, CARD_BYTES_MAX),
        schema,
        schema_text: card.config_schema,
        digest: code.digest(),
        imports: code.surface().imports.iter().map(ToString::to_string).collect(),
        exports: code.surface().exports.iter().map(ToString::to_string).collect(),
        generation: 0,
        loaded_at_millis: 0,
        conduct: Conduct::default(),
    })
}

/// A component that imports and exports the whole contract: the host's side in words.
const CONTRACT: &[u8] = include_bytes!("contract.wasm");

/// Links a component and finds its world.
async fn link(
    sandbox: &Sandbox,
    linker: &Linker<Guest<CallContext>>,
    code: &Code,
) -> Result<Entry, LoadError> {
    let mismatches = code.surface().mismatches(&imports::offered());
    if !mismatches.is_empty() {
        return Err(LoadError::Imports(mismatches.iter().map(ToString::to_string).collect()));
    }
    let kind = kind_of(code)?;
    let linked = code.link(linker).and_then(|pre| entry(kind, pre));
    match linked {
        Ok(entry) => Ok(entry),
        Err(error) => Err(misfit(sandbox, code, kind, format!("{error:#}")).await),
    }
}

/// The words for a component that the engine does not link.
async fn misfit(sandbox: &Sandbox, code: &Code, kind: PluginKind, message: String) -> LoadError {
    let exported = ["narthex:plugin/lifecycle", api_of(kind)];
    let misfits = match sandbox.compile(CONTRACT.into()).await {
        Ok(contract) => Contract::new(contract).misfits(code, &exported),
        Err(_) => Vec::new(),
    };
    if misfits.is_empty() {
        let offered: Vec<String> = imports::offered().iter().map(ToString::to_string).collect();
        return LoadError::Link { offered: offered.join(", "), message };
    }
    LoadError::Misfits(misfits)
}

fn entry(kind: PluginKind, pre: InstancePre<Guest<CallContext>>) -> wasmtime::Result<Entry> {
    Ok(match kind {
        PluginKind::Exporter => Entry::Exporter(ExporterPre::new(pre)?),
        PluginKind::Discovery => Entry::Discovery(DiscoveryPre::new(pre)?),
        PluginKind::Notifier => Entry::Notifier(NotifierPre::new(pre)?),
    })
}

/// What a component does, by what it exports.
fn kind_of(code: &Code) -> Result<PluginKind, LoadError> {
    let exports = &code.surface().exports;
    let exported = |kind: &PluginKind| {
        let known = imports::in_this_version(api_of(*kind));
        exports.iter().any(|export| known.serves(export))
    };
    let worlds = [PluginKind::Exporter, PluginKind::Discovery, PluginKind::Notifier];
    let mut kinds = worlds.into_iter().filter(exported);
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) => Ok(kind),
        (Some(one), Some(other)) => Err(LoadError::TwoWorlds(one, other)),
        (None, _) => {
            let names: Vec<String> = exports.iter().map(ToString::to_string).collect();
            let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            Err(LoadError::NoWorld { exports })
        }
    }
}

/// The interface that a component of a kind exports.
fn api_of(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Exporter => "narthex:plugin/exporter-api",
        PluginKind::Discovery => "narthex:plugin/discovery-api",
        PluginKind::Notifier => "narthex:plugin/notifier-api",
    }
}

struct Card {
    name: String,
    version: String,
    description: String,
    config_schema: String,
}

/// Asks a version who it is, without any grant.
async fn describe(sandbox: &Sandbox, entry: Entry, rights: &Rights) -> Result<Card, LoadError> {
    let (capabilities, budget) = (&rights.capabilities, rights.spends(Spends::OfPlugin));
    let scope = Scope {
        call: "describe",
        hosts: Arc::default(),
        own: None,
        tls: None,
        redactor: Redactor::default(),
        secrets: CallSecrets::default(),
        spending: capabilities.spending(rights.allowance(Spends::OfPlugin)),
        kept_bytes: 0,
        deadline: capabilities.now() + budget.wall,
        is_describing: true,
        is_trial: false,
        tape: Tape::off(),
    };
    let call = sandbox.begin(budget).await.ok_or(LoadError::Busy)?;
    let outcome = call.run(capabilities.instantiate(scope), |store| {
        Box::pin(async move {
            macro_rules! card {
                ($pre:expr) => {{
                    let instance = $pre.instantiate_async(&mut *store).await?;
                    let info = instance.narthex_plugin_lifecycle().call_describe(store).await?;
                    Card {
                        name: info.name,
                        version: info.version,
                        description: info.description,
                        config_schema: info.config_schema,
                    }
                }};
            }
            Ok(match entry {
                Entry::Exporter(pre) => card!(pre),
                Entry::Discovery(pre) => card!(pre),
                Entry::Notifier(pre) => card!(pre),
            })
        })
    });
    let outcome = outcome.await;
    outcome.host.log.printed(&outcome.printed, outcome.printed_bytes_dropped);
    outcome.result.map_err(LoadError::Describe)
}
