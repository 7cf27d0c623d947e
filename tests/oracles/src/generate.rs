//! What a store is fed with, out of a [`Chance`](crate::Chance).

mod blocks;
mod histograms;
mod matchers;
pub mod promql;
mod series;
mod world;

pub use self::blocks::SmallBlock;
pub use self::histograms::{HistogramKind, HistogramWalk};
pub use self::matchers::matchers;
pub use self::series::{FloatKind, FloatWalk, Target};
pub use self::world::World;
