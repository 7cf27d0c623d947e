//! Whole histories of the local store on a simulated disk and clock, against a model.
//!
//! Enters: a seed. Leaves: marks of what happened, or a panic that names the promise that was
//! broken. The same seed is the same history, so a failing one becomes a test with a name.
//!
//! Always holds, and is checked in every step: what was acknowledged is shown; nothing is shown
//! that was not written; queries see whole commits under the right labels; after a restart what
//! was promised is there, or damage was reported with file and offset; a full disk stops no query
//! and, once there is room, no write.
//!
//! Open `history.rs` first, then `life.rs` for what may happen in a life.

mod blocks;
mod history;
mod life;
mod marks;
mod targets;
mod writing;

pub use self::history::{History, Tell};
pub use self::marks::{Mark, Marks};
