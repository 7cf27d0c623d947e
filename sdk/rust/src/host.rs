//! The one door to the host. In a component it is the imports of the world; in a native build it is the fake host of the
//! running test, with the same signatures.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::host::narthex::plugin::{clock, dns, files, http, kv, log, tcp};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::imports::{clock, dns, files, http, kv, log, tcp};
