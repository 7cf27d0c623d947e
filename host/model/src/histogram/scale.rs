//! Histograms times numbers, in other resolutions, and without empty buckets.

use super::body::Body;
use super::side::Side;
use super::{CounterReset, FloatHistogram, IntegerHistogram, Span, absolute};

impl FloatHistogram {
    /// Multiplies every count and the sum. A negative factor makes it a gauge.
    pub fn scale(&mut self, factor: f64) {
        self.each(|number| number * factor);
        if factor < 0.0 {
            self.reset = CounterReset::Gauge;
        }
    }

    /// Divides every count and the sum. Division by zero leaves no bucket; a negative divisor makes
    /// it a gauge.
    pub fn divide(&mut self, divisor: f64) {
        let mut body = self.take_body();
        if divisor == 0.0 {
            (body.positive, body.negative) = (Side::default(), Side::default());
        }
        body.each(|number| number / divisor);
        if divisor < 0.0 {
            body.reset = CounterReset::Gauge;
        }
        *self = body.into();
    }

    /// Turns every count and the sum around; the result is a gauge.
    pub fn negate(&mut self) {
        self.scale(-1.0);
    }

    /// Takes away empty buckets, but for runs of at most `empty_max` between others.
    pub fn compact(&mut self, empty_max: u32) {
        let mut body = self.take_body();
        body.compact(empty_max);
        *self = body.into();
    }

    /// Joins buckets to those of a coarser exponential `schema`. Nothing happens where the schema
    /// is not coarser, or the bounds are custom.
    pub fn reduce_resolution(&mut self, schema: i32) {
        let mut body = self.take_body();
        if !body.is_custom() {
            body.reduce(schema);
        }
        *self = body.into();
    }

    fn each(&mut self, change: impl Fn(f64) -> f64) {
        let mut body: Body<f64> = self.take_body();
        body.each(change);
        *self = body.into();
    }
}

impl IntegerHistogram {
    /// Takes away empty buckets, but for runs of at most `empty_max` between others.
    pub fn compact(&mut self, empty_max: u32) {
        compact_deltas(&mut self.layout.positive_spans, &mut self.positive_deltas, empty_max);
        compact_deltas(&mut self.layout.negative_spans, &mut self.negative_deltas, empty_max);
    }
}

fn compact_deltas(spans: &mut Vec<Span>, deltas: &mut Vec<i64>, empty_max: u32) {
    let counts = absolute(deltas).collect();
    let mut side = Side { spans: std::mem::take(spans), counts };
    side.compact(empty_max);
    let mut before = 0_i64;
    let delta = |count: i64| count.wrapping_sub(std::mem::replace(&mut before, count));
    *deltas = side.counts.into_iter().map(delta).collect();
    *spans = side.spans;
}
