//! What a series has at a time: a number, or a native histogram.

use std::sync::Arc;

use narthex_model::{
    BucketLayout, CounterReset, FloatHistogram, IntegerHistogram, NativeHistogram, Timestamp,
};
use narthex_storage::{AppendError, Appender, SeriesRef};

use crate::cache::Kind;

/// A value as the store takes it. Numbers go through as they are: what histograms need beyond that
/// costs them nothing. A clone is cheap.
pub(super) trait Value: Clone {
    /// Whether its exemplars say their own times, or count for nothing.
    const NEEDS_EXEMPLAR_TIMES: bool;

    /// As what the series is ended.
    fn kind(&self) -> Kind;

    /// Hands it to the store.
    fn append(
        self,
        appender: &mut dyn Appender,
        series: SeriesRef,
        at: Timestamp,
    ) -> Result<(), AppendError>;

    /// Nothing counted yet.
    fn zero(&self) -> Self;
}

impl Value for f64 {
    const NEEDS_EXEMPLAR_TIMES: bool = false;

    fn kind(&self) -> Kind {
        Kind::Float
    }

    fn append(
        self,
        appender: &mut dyn Appender,
        series: SeriesRef,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        appender.append(series, at, self)
    }

    fn zero(&self) -> Self {
        0.0
    }
}

impl Value for Arc<NativeHistogram> {
    const NEEDS_EXEMPLAR_TIMES: bool = true;

    fn kind(&self) -> Kind {
        match **self {
            NativeHistogram::Integer(_) => Kind::Integer,
            NativeHistogram::Float(_) => Kind::FloatHistogram,
        }
    }

    fn append(
        self,
        appender: &mut dyn Appender,
        series: SeriesRef,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        appender.append_histogram(series, at, self)
    }

    /// With the same bounds, so that the store need not begin a chunk for the next.
    fn zero(&self) -> Self {
        let reset = CounterReset::Reset;
        let BucketLayout { schema, zero_threshold, ref custom_bounds, .. } = *self.layout();
        let custom_bounds = custom_bounds.clone();
        let layout =
            BucketLayout { schema, zero_threshold, custom_bounds, ..BucketLayout::default() };
        Arc::new(match **self {
            NativeHistogram::Integer(_) => NativeHistogram::Integer(IntegerHistogram {
                reset,
                layout,
                ..IntegerHistogram::default()
            }),
            NativeHistogram::Float(_) => NativeHistogram::Float(FloatHistogram {
                reset,
                layout,
                ..FloatHistogram::default()
            }),
        })
    }
}
