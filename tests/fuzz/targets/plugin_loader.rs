//! See `narthex_oracles::formats`.
#![cfg_attr(fuzzing, no_main)]

narthex_fuzz::target!("plugin_loader");
