//! Plugins: found in a folder, granted, called, replaced while the server runs, and given to the
//! rooms as their traits (`Exporters`, `Providers`, `Notifiers`).
//!
//! Enters: files `<name>.wasm` that implement a world of `wit/narthex.wit`, and the section
//! `plugins` of the configuration ([`Config`]). Leaves: answers as plain values, failures as
//! [`CallError`] with words for the operator, [`PluginView`] for API and UI.
//!
//! Life of a plugin: a file appears, is compiled (or its compiled code is found), linked, asked who
//! it is, and serves. A changed file goes the same way, and is tried with what the version before it
//! answered well; when all of it succeeds the new version
//! takes the place of the old one for calls that begin from then on, and calls in flight end on the
//! version they began on. A file that is refused changes nothing. A file that stays away for two
//! seconds unloads its plugin. A version that is killed three times in a row gives way to the one
//! before it; where there is none, the use that it was killed in is left alone for a growing time. An
//! operator may switch a plugin off and on, and pin it to one file by its digest.
//!
//! Always holds: every call has an instance of its own, made for it and dropped after it; a guest
//! reaches only what follows from its use (its target, the hosts in its configuration) and what
//! the operator allowed; every refusal names the line of configuration that would grant it.
//! Generated bindings are named in this crate alone.
//!
//! A reload has two phases: `prepare` makes the grants and loads what is new in the folder, for the
//! other rooms to ask; `commit` lets both count.
//!
//! Open `plugins.rs` first, then `folder.rs` and `compiling.rs` (life), `prepare.rs` (reload), `operate.rs` (what an operator does),
//! `plugin.rs` (one call), `grant.rs` and `imports.rs` (authority). `tape.rs` hears calls,
//! `workbench.rs` makes them one by one without a server.
//!
//! ```
//! use narthex_plugins::Config;
//! use narthex_settings::Document;
//! let text = "dir: plugins\nallow: { blackbox: { net: ['10.0.0.0/8:*'], cpu: 2s } }\n";
//! let config: Config = Document::parse("narthex.yml", text)?.read()?;
//! assert_eq!(config.allow["blackbox"].net[0].to_string(), "10.0.0.0/8:*");
//! # Ok::<(), narthex_settings::SettingsError>(())
//! ```

mod plugins;

mod adapters;

mod base64;

mod compiling;
mod config;

mod folder;
mod item;
mod loader;
mod missing;
mod operate;
mod plugin;
mod prepare;
mod profiles;
mod record;
mod redact;
mod rights;
mod schema;
mod secrets;
mod spending;
mod switch;
mod telemetry;
mod trial;
mod used;

mod answer;
mod view;

mod tape;
mod workbench;

mod bindings;
mod grant;
mod imports;
mod resolver;

pub use self::answer::{
    CallError, Change, CollectTarget, Exposition, GuestError, GuestErrorKind, PluginKind, Refreshed,
};
pub use self::config::{
    Access, Allow, Config, Defaults, DiscoveryDefaults, Memory, MemoryTotal, Nameserver, NoIcmp,
    NotRequired, Pin, ProfileName, Root, Storage, TimeLimit,
};
pub use self::grant::NetPattern;
pub use self::item::{Given, HTTP_CONFIG};
pub use self::operate::OperateError;
pub use self::plugins::{Deps, LoadError, Plugins, digest_text};
pub use self::prepare::{PrepareError, Prepared};
pub use self::profiles::Environment;
pub use self::redact::SECRET_KEYS;
pub use self::spending::{Amounts, Budgeted};
pub use self::tape::{
    Answer, Ask, Content, Event, Failure, Heard, HttpAsk, Line, Matching, Readings, Recording,
    Step, Tape, Told,
};
pub use self::view::{
    CallsView, CompilingView, ErrorView, ExceededView, GrantView, LogView, PauseView, PluginState,
    PluginView, RejectedKind, RejectedView,
};
pub use self::workbench::{Card, OpenError, Question, Reply, Report, Workbench};
