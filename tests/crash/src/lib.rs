//! Histories of a store on a disk that fails, and the model that they are compared with.
//!
//! Enters: a seed. Leaves: a panic that names the seed and what was lost or invented. The same seed
//! is the same history, so a failing one becomes a test of its own.
//!
//! Always holds after every restart: what was acknowledged and durable is there, or damage was
//! reported; nothing is there that was never written; a commit is there whole or not at all.
//!
//! Open `history.rs` first.

mod history;
mod model;

pub use self::history::{End, Faults, History};
pub use self::model::{Chance, Model, Samples};
