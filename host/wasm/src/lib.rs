//! The sandbox: engine, compiled-code cache, budgets, and one call of one guest.
//!
//! Enters: the bytes of a component, a host context of the caller's own type, a [`Budget`].
//! Leaves: the answer of the guest, or a [`KillReason`] in words for people, and what the call
//! spent.
//!
//! Always holds: a guest spends no more memory, processor time or wall time than its budget, and all
//! guests together no more memory than theirs; a busy
//! guest gives its thread back every tick; whatever a guest does ends its own call and nothing
//! else; compiled code is only ever read from a folder that belongs to this user alone. This crate
//! knows nothing of monitoring: what a guest may import is linked by the caller. WASI is linked
//! with an empty context, because the standard libraries of guest languages import it: no files, no
//! sockets, no environment, no HTTP; what a guest prints goes bounded into the log.
//!
//! Open `sandbox.rs` first, then `call.rs`.
//!
//! ```
//! use narthex_wasm::{Sandbox, SandboxConfig};
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sandbox = Sandbox::start(SandboxConfig::default()).unwrap();
//! let error = sandbox.compile(b"not a component".as_slice().into()).await.unwrap_err();
//! assert_eq!(error.to_string(), "this is no WebAssembly file: it does not begin with \\0asm");
//! # });
//! ```

mod sandbox;

mod call;
mod kill;

mod budget;
mod guest;
mod memory;
mod output;

mod cache;
mod code;
mod contract;
mod refused;
mod surface;
mod ticker;

pub use self::budget::{Budget, Usage};
pub use self::cache::CacheError;
pub use self::call::{Call, Outcome, WaitingSlot};
pub use self::code::{Code, CompileError, Digest};
pub use self::contract::{Contract, Difference, Misfit};
pub use self::guest::Guest;
pub use self::kill::KillReason;
pub use self::memory::MemoryStats;
pub use self::sandbox::{CacheStats, Sandbox, SandboxConfig, StartError};
pub use self::surface::{InterfaceName, Mismatch, Surface};

/// The engine, for generated bindings: the one crate above this one that has bindings names the
/// engine by this path.
pub use wasmtime;
