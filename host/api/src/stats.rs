//! What a query cost, in Prometheus' shape. The journal of answered queries has the same.

use narthex_promql::QueryStats;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::params::Params;
use crate::query::Seconds;

/// What `stats` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatsAsked {
    /// Nothing.
    Nothing,
    /// What the whole query cost.
    Whole,
    /// Also what each step cost.
    ByStep,
}

impl StatsAsked {
    /// As Prometheus reads the parameter: any text asks for something.
    pub(crate) fn of(params: &Params) -> (Self, Option<String>) {
        match params.get("stats").unwrap_or("") {
            "" => (Self::Nothing, None),
            "true" => (Self::Whole, None),
            "all" => (Self::ByStep, None),
            other => {
                let warning = format!(
                    "value {other:?} for parameter \"stats\" is deprecated and will be rejected in \
                     the next major release, use \"true\" or \"all\""
                );
                (Self::Whole, Some(warning))
            }
        }
    }
}

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
        let QueryStats { queued, prepared, evaluated, .. } = self.0;
        let all = *prepared + *evaluated;
        let mut timings = serializer.serialize_struct("timings", 6)?;
        timings.serialize_field("evalTotalTime", &all.as_secs_f64())?;
        // Series are sorted while the query is computed.
        timings.serialize_field("resultSortTime", &0.0)?;
        timings.serialize_field("queryPreparationTime", &prepared.as_secs_f64())?;
        timings.serialize_field("innerEvalTime", &evaluated.as_secs_f64())?;
        timings.serialize_field("execQueueTime", &queued.as_secs_f64())?;
        timings.serialize_field("execTotalTime", &(*queued + all).as_secs_f64())?;
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
