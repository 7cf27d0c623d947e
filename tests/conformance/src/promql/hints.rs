//! What a store knows of counter resets once it has the samples.
//!
//! Scripts are written for a store that looks for resets when it takes a histogram: of the first one
//! of a run it says nothing, since what was before may be gone, and of the others that there was
//! none.

use std::sync::Arc;

use narthex_model::{CounterReset, FloatHistogram};
use narthex_promql::SeriesPoint;

use super::Samples;

/// The samples of a series with the hints that a store would give.
pub(super) fn as_stored(samples: &Samples) -> Samples {
    let mut before: Option<Arc<FloatHistogram>> = None;
    let mut stored = Samples::new();
    for (at, (start, point)) in samples {
        let point = match point {
            SeriesPoint::Histogram { histogram, is_reset_given } => {
                let reset = hint(before.as_deref(), histogram);
                let stored = Arc::new(FloatHistogram { reset, ..(**histogram).clone() });
                before = Some(Arc::clone(histogram));
                SeriesPoint::Histogram { histogram: stored, is_reset_given: *is_reset_given }
            }
            other @ (SeriesPoint::Float(_) | SeriesPoint::Omitted) => {
                before = None;
                other.clone()
            }
        };
        stored.insert(*at, (*start, point));
    }
    stored
}

fn hint(before: Option<&FloatHistogram>, now: &FloatHistogram) -> CounterReset {
    if now.reset == CounterReset::Gauge {
        return CounterReset::Gauge;
    }
    // A store does not trust the claim that there was none.
    let looked_at = match now.reset {
        CounterReset::Reset => CounterReset::Reset,
        CounterReset::Unknown | CounterReset::NotReset | CounterReset::Gauge => {
            CounterReset::Unknown
        }
    };
    let looked_at = FloatHistogram { reset: looked_at, ..now.clone() };
    let continues = before.is_some_and(|before| {
        let (a, b) = (&before.layout, &now.layout);
        before.reset != CounterReset::Gauge
            && a.schema == b.schema
            && a.zero_threshold == b.zero_threshold
            && a.custom_bounds == b.custom_bounds
            && !looked_at.detect_reset(before)
    });
    if continues { CounterReset::NotReset } else { CounterReset::Unknown }
}
