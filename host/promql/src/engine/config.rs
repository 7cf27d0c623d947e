//! What an engine is set to.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::features::Features;
use crate::observer::QueryObserver;

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// How far an instant selector looks back.
    pub lookback: Duration,
    /// How long a query may take, waiting included.
    pub timeout: Duration,
    /// How many samples a query may hold in memory at once.
    pub samples_max: usize,
    /// How many bytes of samples and results a query may hold in memory at once.
    pub memory_max: usize,
    /// How many queries run at once; others wait.
    pub concurrency: usize,
    /// How many threads work for queries beside those that ask.
    pub workers: usize,
    /// The step of a subquery that names none.
    pub subquery_step: Duration,
    /// The guarded parts of the language.
    pub features: Features,
    /// Hears of every query.
    pub observer: Option<Arc<dyn QueryObserver>>,
}

impl Default for EngineConfig {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            timeout: Duration::from_secs(120),
            samples_max: 50_000_000,
            memory_max: 1 << 30,
            concurrency: 20,
            workers: thread::available_parallelism().map_or(1, NonZero::get) - 1,
            subquery_step: Duration::from_secs(60),
            features: Features::default(),
            observer: None,
        }
    }
}
