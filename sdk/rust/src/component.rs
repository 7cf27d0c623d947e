//! The glue between the traits and the exports of a component; used by the macros alone.
//!
//! Every call installs a panic hook that writes to the host's log: a panic ends in a trap, and the trap alone would not
//! say why.

use std::marker::PhantomData;

use crate::{
    Discovery, Error, Exporter, Exposition, Info, Notifier, Receipt, Refreshed, Target,
    bindings::{
        discovery::exports::narthex::plugin::discovery_api,
        exporter::exports::narthex::plugin::exporter_api,
        lifecycle::exports::narthex::plugin::lifecycle,
        notifier::exports::narthex::plugin::notifier_api::{self, AlertGroup},
    },
    config, log,
};

/// Makes an [`Exporter`](crate::Exporter) the component that this crate builds. Does nothing in native builds.
#[macro_export]
macro_rules! exporter {
    ($plugin:ty) => {
        $crate::__component!($plugin, ExporterComponent, exporter, export_exporter);
    };
}

/// Makes a [`Discovery`](crate::Discovery) the component that this crate builds. Does nothing in native builds.
#[macro_export]
macro_rules! discovery {
    ($plugin:ty) => {
        $crate::__component!($plugin, DiscoveryComponent, discovery, export_discovery);
    };
}

/// Makes a [`Notifier`](crate::Notifier) the component that this crate builds. Does nothing in native builds.
#[macro_export]
macro_rules! notifier {
    ($plugin:ty) => {
        $crate::__component!($plugin, NotifierComponent, notifier, export_notifier);
    };
}

/// One expansion for the three worlds: the card, which all have, and the world's own export.
#[doc(hidden)]
#[macro_export]
macro_rules! __component {
    ($plugin:ty, $component:ident, $world:ident, $export:ident) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(
            unsafe_code,
            clippy::undocumented_unsafe_blocks,
            reason = "the exports of a component are generated"
        )]
        const _: () = {
            type Component = $crate::component::$component<$plugin>;
            $crate::bindings::lifecycle::export_lifecycle!(
                Component with_types_in $crate::bindings::lifecycle
            );
            $crate::bindings::$world::$export!(
                Component with_types_in $crate::bindings::$world
            );
        };
        /// Keeps the plugin in use where no component is built.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $crate::Info = <$crate::component::$component<$plugin>>::card;
    };
}

/// An exporter as a component.
pub struct ExporterComponent<P>(PhantomData<P>);
/// A discovery as a component.
pub struct DiscoveryComponent<P>(PhantomData<P>);
/// A notifier as a component.
pub struct NotifierComponent<P>(PhantomData<P>);

/// The card is the same for all worlds.
macro_rules! card {
    ($component:ident, $world:ident) => {
        impl<P: $world> $component<P> {
            /// The plugin's card.
            pub fn card() -> Info {
                P::describe()
            }
        }
        impl<P: $world> lifecycle::Guest for $component<P> {
            fn describe() -> Info {
                log_panics();
                P::describe()
            }
            fn validate(config_json: String) -> Result<Vec<String>, Error> {
                log_panics();
                P::validate(&config::parse(&config_json)?)
            }
        }
    };
}
card!(ExporterComponent, Exporter);
card!(DiscoveryComponent, Discovery);
card!(NotifierComponent, Notifier);

impl<P: Exporter> exporter_api::Guest for ExporterComponent<P> {
    fn collect(config_json: String, target: Target) -> Result<Exposition, Error> {
        log_panics();
        P::collect(config::parse(&config_json)?, &target)
    }
}

impl<P: Discovery> discovery_api::Guest for DiscoveryComponent<P> {
    fn refresh(
        config_json: String,
        cursor: Option<String>,
        wait_ms: u32,
    ) -> Result<Refreshed, Error> {
        log_panics();
        P::refresh(config::parse(&config_json)?, cursor.as_deref(), wait_ms)
    }
}

impl<P: Notifier> notifier_api::Guest for NotifierComponent<P> {
    fn notify(config_json: String, group: AlertGroup) -> Result<Receipt, Error> {
        log_panics();
        P::notify(config::parse(&config_json)?, &group)
    }
}

/// Only in the sandbox: a native test keeps its own hook.
fn log_panics() {
    if cfg!(target_arch = "wasm32") {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload_as_str().unwrap_or("no message");
            log::error("plugin panicked", &[("message", &message), ("at", &place)]);
        }));
    }
}
