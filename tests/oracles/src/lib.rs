//! Generators and oracles: what tests of the store make up, and how they judge what comes back.
//!
//! Enters: a seed, through [`Chance`]. Leaves: label sets, values, histograms, matchers, and a
//! verdict of the [`Model`] on what a store shows; queries, and a verdict of the
//! [reference evaluator](mod@reference) on what they answer. The same seed is the same everything.
//!
//! Always holds: a generator makes only what a store must take; an oracle knows nothing of how a
//! store works, only what it promised.
//!
//! Open `model.rs` first, then `generate.rs`.

mod chance;
pub mod formats;
pub mod generate;
mod model;
pub mod reference;
mod value;

pub use self::chance::Chance;
pub use self::model::{
    Batch, Catalog, ExemplarKey, Fate, Found, Key, Loss, Model, Samples, SeriesNumber, exemplar_key,
};
pub use self::value::Value;
