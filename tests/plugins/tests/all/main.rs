//! Plugins in the real sandbox.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the blocks of a test fail as the test does"
)]

mod budgets;
mod grants;
mod hostile;
mod items;
mod langs;
mod life;
mod listening;
mod memory;
mod notifiers;
mod operate;
mod rebinding;
mod receivers;
mod released;
mod replay;
mod rooms;
mod secrets;
mod ways;
