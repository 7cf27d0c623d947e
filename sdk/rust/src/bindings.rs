//! Bindings generated from `wit/narthex.wit`. Nothing here is written by hand.
//!
//! `host` holds the imports and every shared type. Each exported interface is generated once, in a world of its own with
//! nothing else in it; the linker's tool unites the worlds that a component uses, so `exporter!` is `lifecycle` plus
//! `exporter-api`. One crate can thus serve all worlds, and an `Error` is the same Rust type everywhere.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::mem_forget,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks,
    clippy::too_many_lines,
    clippy::semicolon_if_nothing_returned,
    clippy::let_underscore_must_use,
    clippy::uninlined_format_args,
    reason = "generated code"
)]

pub mod host {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "narthex:plugin/host-imports@1.0.0",
        additional_derives: [PartialEq],
        generate_all,
    });
}

pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package narthex:sdk; world lifecycle-part { export narthex:plugin/lifecycle@1.0.0; }",
        world: "narthex:sdk/lifecycle-part",
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "narthex_sdk::bindings::lifecycle",
        additional_derives: [PartialEq],
        with: { "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types },
    });
}

pub mod exporter {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package narthex:sdk; world exporter-part { export narthex:plugin/exporter-api@1.0.0; }",
        world: "narthex:sdk/exporter-part",
        pub_export_macro: true,
        export_macro_name: "export_exporter",
        default_bindings_module: "narthex_sdk::bindings::exporter",
        additional_derives: [PartialEq],
        with: { "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types },
    });
}

pub mod discovery {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package narthex:sdk; world discovery-part { export narthex:plugin/discovery-api@1.0.0; }",
        world: "narthex:sdk/discovery-part",
        pub_export_macro: true,
        export_macro_name: "export_discovery",
        default_bindings_module: "narthex_sdk::bindings::discovery",
        additional_derives: [PartialEq],
        with: { "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types },
    });
}

pub mod notifier {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package narthex:sdk; world notifier-part { export narthex:plugin/notifier-api@1.0.0; }",
        world: "narthex:sdk/notifier-part",
        pub_export_macro: true,
        export_macro_name: "export_notifier",
        default_bindings_module: "narthex_sdk::bindings::notifier",
        additional_derives: [PartialEq],
        with: { "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types },
    });
}
