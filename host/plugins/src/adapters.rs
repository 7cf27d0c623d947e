//! The rooms' traits, implemented by plugins: one file a room.

mod discoverers;
mod exporters;
mod found;
mod notifiers;
