//! What a query cost, in Prometheus' shape. The journal of answered queries has the same.

use narthex_promql::QueryStats;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

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
        let mut samples = serializer.serialize_struct("samples", 2)?;
        samples.serialize_field("totalQueryableSamples", &self.0.samples)?;
        samples.serialize_field("peakSamples", &self.0.samples_peak)?;
        samples.end()
    }
}
