//! Plugins: loaded from a folder, watched, granted, called, and given to the rooms as their traits.

mod plugins;

mod adapters;

mod config;

mod folder;
mod loader;
mod plugin;
mod record;
mod schema;

mod answer;
mod view;

mod bindings;
mod grant;
mod imports;
mod resolver;

pub use self::answer::{
    CallError, Change, CollectTarget, Exposition, GuestError, GuestErrorKind, PluginKind, Refreshed,
};
pub use self::config::{
    Access, Allow, Config, Defaults, Memory, Nameserver, NoIcmp, NotRequired, Root, Storage,
    TimeLimit,
};
pub use self::grant::NetPattern;
pub use self::plugins::{Deps, LoadError, Plugins, PrepareError, Prepared};
pub use self::view::{
    CallsView, ErrorView, GrantView, LimitsView, PluginState, PluginView, RejectedView,
};
