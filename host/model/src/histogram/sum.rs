//! Sums and means of many histograms that lose no small part.
//!
//! Always holds: the steps and their order are those of the sum and the mean of numbers, bucket by
//! bucket. `sum` and `avg` compact what comes out, `sum_over_time` and `avg_over_time` do not.

use crate::CompensatedSum;

use super::add::{Incompatible, Merged, Sign};
use super::body::Body;
use super::side::Side;
use super::{CounterReset, FloatHistogram, exponential_bound};

/// Which claims about counter resets were met.
#[derive(Clone, Copy, Debug, Default)]
struct Claims {
    reset: bool,
    not_reset: bool,
}

impl Claims {
    const fn note(&mut self, claim: CounterReset) {
        match claim {
            CounterReset::Reset => self.reset = true,
            CounterReset::NotReset => self.not_reset = true,
            CounterReset::Unknown | CounterReset::Gauge => {}
        }
    }

    const fn collide(self) -> bool {
        self.reset && self.not_reset
    }
}

/// A running sum.
#[derive(Clone, Debug)]
pub struct HistogramSum {
    sum: Body<CompensatedSum>,
    claims: Claims,
    is_single: bool,
}

impl HistogramSum {
    /// The sum of one.
    #[must_use]
    pub fn starting_at(first: &FloatHistogram) -> Self {
        let mut claims = Claims::default();
        claims.note(first.reset);
        Self { sum: Body::from(Body::from(first.clone())), claims, is_single: true }
    }

    /// Adds one more. [`Merged::reset_collision`] is about all those added until now.
    ///
    /// # Errors
    /// When some have custom buckets and others have not: there is no sum.
    pub fn add(&mut self, next: &FloatHistogram) -> Result<Merged, Incompatible> {
        self.claims.note(next.reset);
        let merged = self.sum.merge(next, Sign::Plus)?;
        self.is_single = false;
        Ok(Merged { reset_collision: self.claims.collide(), ..merged })
    }

    /// Whether one claimed a counter reset and another that there was none.
    #[must_use]
    pub const fn has_reset_collision(&self) -> bool {
        self.claims.collide()
    }

    /// What [`FloatHistogram::size`] says of the sum.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.sum.size()
    }

    /// The sum. Empty buckets may be left.
    #[must_use]
    pub fn finish(self) -> FloatHistogram {
        if self.is_single { totals(self.sum) } else { rounded(self.sum) }
    }
}

/// A running mean: a sum that is divided at the end, unless the sum overflows; from then on the
/// mean itself is carried along.
#[derive(Clone, Debug)]
pub struct HistogramMean {
    /// The sum, or the mean once that is carried along.
    body: Body<CompensatedSum>,
    claims: Claims,
    count: f64,
    is_incremental: bool,
}

impl HistogramMean {
    /// The mean of one.
    #[must_use]
    pub fn starting_at(first: &FloatHistogram) -> Self {
        let mut claims = Claims::default();
        claims.note(first.reset);
        let body = Body::from(Body::from(first.clone()));
        Self { body, claims, count: 1.0, is_incremental: false }
    }

    /// Takes one more in. [`Merged::reset_collision`] is about all those taken in until now.
    ///
    /// # Errors
    /// When some have custom buckets and others have not: there is no mean.
    pub fn add(&mut self, next: &FloatHistogram) -> Result<Merged, Incompatible> {
        self.claims.note(next.reset);
        self.count += 1.0;
        let reset_collision = self.claims.collide();
        let mut bounds_reconciled = false;
        if !self.is_incremental {
            let merged = self.add_to_sum(next)?;
            bounds_reconciled = merged.bounds_reconciled;
            if !self.is_incremental {
                return Ok(Merged { reset_collision, bounds_reconciled });
            }
        }
        let keep = (self.count - 1.0) / self.count;
        self.body.each(|number| number * keep);
        let mut part = next.clone();
        part.divide(self.count);
        let merged = self.body.merge(&part, Sign::Plus)?;
        bounds_reconciled |= merged.bounds_reconciled;
        Ok(Merged { reset_collision, bounds_reconciled })
    }

    /// Adds to the sum; if that overflows, the sum stays as it was and becomes a mean.
    fn add_to_sum(&mut self, next: &FloatHistogram) -> Result<Merged, Incompatible> {
        // A sum of small numbers cannot overflow: no copy is needed to go back to.
        if self.body.is_small() && next.is_small() {
            return self.body.merge(next, Sign::Plus);
        }
        let mut attempt = self.body.clone();
        let merged = attempt.merge(next, Sign::Plus)?;
        if !attempt.has_overflow() {
            self.body = attempt;
            return Ok(merged);
        }
        self.is_incremental = true;
        let before = self.count - 1.0;
        self.body.each(|number| number / before);
        Ok(merged)
    }

    /// Whether one claimed a counter reset and another that there was none.
    #[must_use]
    pub const fn has_reset_collision(&self) -> bool {
        self.claims.collide()
    }

    /// What [`FloatHistogram::size`] says of the mean.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.body.size()
    }

    /// The mean. Empty buckets may be left.
    #[must_use]
    pub fn finish(mut self) -> FloatHistogram {
        let count = self.count;
        if !self.is_incremental {
            self.body.each(|number| number / count);
        }
        if count == 1.0 { totals(self.body) } else { rounded(self.body) }
    }
}

fn map(
    body: Body<CompensatedSum>,
    number: impl Fn(CompensatedSum) -> f64,
    bucket: impl Fn(i32, CompensatedSum) -> f64,
) -> FloatHistogram {
    let side = |side: Side<CompensatedSum>| {
        let counts = side.entries().map(|(index, count)| bucket(index, count)).collect();
        Side { counts, spans: side.spans }
    };
    let body = Body {
        reset: body.reset,
        schema: body.schema,
        zero_threshold: body.zero_threshold,
        custom_bounds: body.custom_bounds,
        count: number(body.count),
        zero_count: number(body.zero_count),
        sum: number(body.sum),
        positive: side(body.positive),
        negative: side(body.negative),
    };
    body.into()
}

fn totals(body: Body<CompensatedSum>) -> FloatHistogram {
    map(body, |number| number.total, |_, count| count.total)
}

/// The totals with what rounding took from them; not so for buckets within the zero bucket, to
/// which nothing is ever added.
fn rounded(body: Body<CompensatedSum>) -> FloatHistogram {
    let (schema, threshold, is_custom) = (body.schema, body.zero_threshold, body.is_custom());
    map(body, CompensatedSum::value, |index, count| {
        let is_hidden = !is_custom && exponential_bound(index, schema) <= threshold;
        if is_hidden { count.total } else { count.value() }
    })
}

#[cfg(test)]
mod tests;
