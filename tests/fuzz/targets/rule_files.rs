//! See `narthex_oracles::formats`.
#![cfg_attr(fuzzing, no_main)]

narthex_fuzz::target!("rule_files");
