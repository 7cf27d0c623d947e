//! Bindings generated from `wit/narthex.wit`: the types once, the exports of each world beside them.
//!
//! Nothing here is written by hand. `host` holds the imports and every shared type; the worlds refer to them by `with`,
//! so that an `Error` is one Rust type everywhere.
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
    clippy::allow_attributes_without_reason,
    clippy::uninlined_format_args,
    reason = "generated code"
)]

pub mod host {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "host-imports",
        additional_derives: [PartialEq],
        generate_all,
    });
}

pub mod exporter {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "exporter",
        pub_export_macro: true,
        export_macro_name: "export_exporter",
        default_bindings_module: "narthex_sdk::bindings::exporter",
        additional_derives: [PartialEq],
        with: {
            "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types,
            "narthex:plugin/log@1.0.0": super::host::narthex::plugin::log,
            "narthex:plugin/clock@1.0.0": super::host::narthex::plugin::clock,
            "narthex:plugin/http@1.0.0": super::host::narthex::plugin::http,
            "narthex:plugin/tcp@1.0.0": super::host::narthex::plugin::tcp,
            "narthex:plugin/dns@1.0.0": super::host::narthex::plugin::dns,
            "narthex:plugin/files@1.0.0": super::host::narthex::plugin::files,
            "narthex:plugin/kv@1.0.0": super::host::narthex::plugin::kv,
        },
    });
}

pub mod discovery {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "discovery",
        pub_export_macro: true,
        export_macro_name: "export_discovery",
        default_bindings_module: "narthex_sdk::bindings::discovery",
        additional_derives: [PartialEq],
        with: {
            "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types,
            "narthex:plugin/log@1.0.0": super::host::narthex::plugin::log,
            "narthex:plugin/clock@1.0.0": super::host::narthex::plugin::clock,
            "narthex:plugin/http@1.0.0": super::host::narthex::plugin::http,
            "narthex:plugin/tcp@1.0.0": super::host::narthex::plugin::tcp,
            "narthex:plugin/dns@1.0.0": super::host::narthex::plugin::dns,
            "narthex:plugin/files@1.0.0": super::host::narthex::plugin::files,
            "narthex:plugin/kv@1.0.0": super::host::narthex::plugin::kv,
        },
    });
}

pub mod notifier {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "notifier",
        pub_export_macro: true,
        export_macro_name: "export_notifier",
        default_bindings_module: "narthex_sdk::bindings::notifier",
        additional_derives: [PartialEq],
        with: {
            "narthex:plugin/types@1.0.0": super::host::narthex::plugin::types,
            "narthex:plugin/log@1.0.0": super::host::narthex::plugin::log,
            "narthex:plugin/clock@1.0.0": super::host::narthex::plugin::clock,
            "narthex:plugin/http@1.0.0": super::host::narthex::plugin::http,
            "narthex:plugin/tcp@1.0.0": super::host::narthex::plugin::tcp,
            "narthex:plugin/dns@1.0.0": super::host::narthex::plugin::dns,
            "narthex:plugin/files@1.0.0": super::host::narthex::plugin::files,
            "narthex:plugin/kv@1.0.0": super::host::narthex::plugin::kv,
        },
    });
}
