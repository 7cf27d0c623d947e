//! What is measured of all plugins together.

use narthex_platform::{Family, FamilyKind, MetricsSource, Point, PointValue};
use narthex_wasm::Sandbox;

/// What all guests together hold, for whoever reads metrics.
#[derive(Debug)]
pub(crate) struct Telemetry(pub(crate) Sandbox);

impl MetricsSource for Telemetry {
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
    fn families(&self) -> Vec<Family> {
        let stats = self.0.memory_stats();
        let family = |name: &str, help: &str, kind, number: u64| Family {
            name: name.to_owned(),
            help: help.to_owned(),
            kind,
            points: vec![Point { labels: Vec::new(), value: PointValue::Number(number as f64) }],
        };
        vec![
            family(
                "narthex_plugins_memory_bytes",
                "Memory that the calls of all plugins hold.",
                FamilyKind::Gauge,
                stats.held_bytes,
            ),
            family(
                "narthex_plugins_memory_limit_bytes",
                "Memory that the calls of all plugins may hold.",
                FamilyKind::Gauge,
                stats.total_bytes,
            ),
            family(
                "narthex_plugins_memory_waits_total",
                "How often a call waited for memory that others held.",
                FamilyKind::Counter,
                stats.waits,
            ),
        ]
    }
}
