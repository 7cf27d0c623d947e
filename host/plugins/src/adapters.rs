//! The rooms' traits, implemented by plugins: one file a room.

mod discoverers;
mod exporters;
pub(crate) mod found;
pub(crate) mod notifiers;
