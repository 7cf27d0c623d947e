//! Bindings generated from `wit/narthex.wit`; every WIT type is one Rust type in all worlds.

pub(crate) mod imports {
    narthex_wasm::wasmtime::component::bindgen!({
        path: "../../wit",
        world: "host-imports",
        wasmtime_crate: narthex_wasm::wasmtime,
        imports: {
            default: async | trappable,
        },
        with: { "narthex:plugin/tcp.connection": crate::imports::tcp::Connection },
    });
}

pub(crate) mod exporter {
    narthex_wasm::wasmtime::component::bindgen!({
        path: "../../wit",
        world: "exporter",
        wasmtime_crate: narthex_wasm::wasmtime,
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "narthex:plugin/types": super::imports::narthex::plugin::types,
            "narthex:plugin/log": super::imports::narthex::plugin::log,
            "narthex:plugin/clock": super::imports::narthex::plugin::clock,
            "narthex:plugin/http": super::imports::narthex::plugin::http,
            "narthex:plugin/tcp": super::imports::narthex::plugin::tcp,
            "narthex:plugin/dns": super::imports::narthex::plugin::dns,
            "narthex:plugin/files": super::imports::narthex::plugin::files,
            "narthex:plugin/kv": super::imports::narthex::plugin::kv,
        },
    });
}

pub(crate) mod discovery {
    narthex_wasm::wasmtime::component::bindgen!({
        path: "../../wit",
        world: "discovery",
        wasmtime_crate: narthex_wasm::wasmtime,
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "narthex:plugin/types": super::imports::narthex::plugin::types,
            "narthex:plugin/log": super::imports::narthex::plugin::log,
            "narthex:plugin/clock": super::imports::narthex::plugin::clock,
            "narthex:plugin/http": super::imports::narthex::plugin::http,
            "narthex:plugin/tcp": super::imports::narthex::plugin::tcp,
            "narthex:plugin/dns": super::imports::narthex::plugin::dns,
            "narthex:plugin/files": super::imports::narthex::plugin::files,
            "narthex:plugin/kv": super::imports::narthex::plugin::kv,
        },
    });
}

pub(crate) mod notifier {
    narthex_wasm::wasmtime::component::bindgen!({
        path: "../../wit",
        world: "notifier",
        wasmtime_crate: narthex_wasm::wasmtime,
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "narthex:plugin/types": super::imports::narthex::plugin::types,
            "narthex:plugin/log": super::imports::narthex::plugin::log,
            "narthex:plugin/clock": super::imports::narthex::plugin::clock,
            "narthex:plugin/http": super::imports::narthex::plugin::http,
            "narthex:plugin/tcp": super::imports::narthex::plugin::tcp,
            "narthex:plugin/dns": super::imports::narthex::plugin::dns,
            "narthex:plugin/files": super::imports::narthex::plugin::files,
            "narthex:plugin/kv": super::imports::narthex::plugin::kv,
        },
    });
}
