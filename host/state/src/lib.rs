//! Small durable state: alerts, silences, the notification log, the key-values of plugins. Never
//! samples.
//!
//! Enters: keys and values, bounded in size, in named trees. Leaves: the same, with a checksum
//! checked. A write is at once seen by readers. It survives an orderly end of the process, a kill from
//! a fifth of a second later on, and both a kill and a power cut once [`StateStore::durable`] returned.
//!
//! Always holds: a value that is damaged is reported and never returned; a store that cannot be
//! opened is moved aside, whole, and a new one begins; after a failed sync nothing more is called
//! durable.
//!
//! Open `store.rs` first.
//!
//! ```
//! use narthex_state::StateStore;
//! let store = StateStore::in_memory()?;
//! let silences = store.tree("silences")?;
//! silences.put(b"a", b"1")?;
//! assert!(silences.compare_and_set(b"a", Some(b"1"), Some(b"2"))?);
//! assert_eq!(silences.get(b"a")?.as_deref(), Some(&b"2"[..]));
//! # Ok::<(), narthex_state::StateError>(())
//! ```

mod shared;
mod store;
mod tree;

mod envelope;
mod error;

pub use self::error::{OpenError, StateError};
pub use self::shared::SharedStep;
pub use self::store::StateStore;
pub use self::tree::{Entry, KEY_BYTES_MAX, SCAN_MAX, Tree, VALUE_BYTES_MAX};
