//! A plugin room of its own for each test: a folder, a configuration, a state in memory.
//!
//! Enters: guests by name, a section `plugins` as YAML. Leaves: a [`Host`] whose plugins are real
//! components in the real sandbox. Open `guests.rs` to see where the components come from.
//!
//! Always holds: a host's folder, state and compiled code are its own.

mod compiled;
mod guests;
mod host;

pub use self::guests::{example, guest, plugin};
pub use self::host::Host;
