//! What a query cost, in Prometheus' shape. The journal of answered queries has the same.

use narthex_promql::QueryStats;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::query::Seconds;

/// Shows what a query cost: `{timings, samples}`.
#[derive(Clone, Copy, Debug)]
pub struct StatsBody<'a>(pub &'a QueryStats);

impl Serialize for StatsBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("stats", 2)?;
        body.serialize_field("timings", &Timings(self.0))?;
        body.serialize_field("samples", &Samples(self.0))?;
        body.end()
    }
}

struct Timings<'a>(&'a QueryStats);

impl Serialize for Timings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let QueryStats { queued, evaluated, .. } = self.0;
        let mut timings = serializer.serialize_struct("timings", 4)?;
        timings.serialize_field("evalTotalTime", &evaluated.as_secs_f64())?;
        timings.serialize_field("innerEvalTime", &evaluated.as_secs_f64())?;
        timings.serialize_field("execQueueTime", &queued.as_secs_f64())?;
        timings.serialize_field("execTotalTime", &(*queued + *evaluated).as_secs_f64())?;
        timings.end()
    }
}

struct Samples<'a>(&'a QueryStats);

impl Serialize for Samples<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let QueryStats { samples, samples_looked_at, samples_of_steps, samples_peak, .. } = self.0;
        let mut body = serializer.serialize_struct("samples", 4)?;
        if !samples_of_steps.is_empty() {
            let steps: Vec<(Seconds, u64)> =
                samples_of_steps.iter().map(|(at, count)| (Seconds(*at), *count)).collect();
            body.serialize_field("totalQueryableSamplesPerStep", &steps)?;
        }
        body.serialize_field("totalQueryableSamples", samples_looked_at)?;
        body.serialize_field("samplesRead", samples)?;
        body.serialize_field("peakSamples", samples_peak)?;
        body.end()
    }
}
