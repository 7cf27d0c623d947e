//! One sample of a body, with what is said beside it.

use std::sync::Arc;

use narthex_exposition::{Exemplar, Exemplars, Reading, Sample, SeriesText};
use narthex_model::{NativeHistogram, Timestamp};
use narthex_storage::{AppendError, SeriesRef};

use super::value::Value;
use super::{Ingest, IngestError};

/// Samples further in the future are refused, as a target's clock may be wrong.
const AHEAD_MAX_MILLIS: i64 = 10 * 60 * 1000;

/// A sample's series, in cache and store.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) series: SeriesRef,
    /// No earlier scrape had it.
    pub(super) is_new: bool,
    /// This body did not have it before.
    pub(super) is_first: bool,
}

impl Ingest<'_> {
    pub(super) fn histogram(
        &mut self,
        place: Place,
        sample: Sample<'_, Box<NativeHistogram>>,
    ) -> Result<(), IngestError> {
        let Sample { series, reading: Reading { mut value, at, start, exemplars } } = sample;
        if self.histogram_limits().fit(&mut value).is_err() {
            self.counts.added += 1;
            self.too_large += 1;
            return Ok(());
        }
        let value: Arc<NativeHistogram> = value.into();
        self.sample(place, Sample { series, reading: Reading { value, at, start, exemplars } })
    }

    pub(super) fn sample<V: Value>(
        &mut self,
        place: Place,
        sample: Sample<'_, V>,
    ) -> Result<(), IngestError> {
        let Sample { series, reading } = sample;
        self.counts.added += 1;
        if self.is_beyond_limit() {
            return Ok(());
        }
        let Reading { value, at: own_time, start, exemplars } = reading;
        let own_time = own_time.filter(|_| self.job.honor_timestamps);
        let at = own_time.unwrap_or(self.at);
        let kind = value.kind();
        let stored = if !place.is_first && own_time.is_none() {
            Err(AppendError::Duplicate)
        } else {
            if let Some(start) = start {
                self.start(place, start, at, &value);
            }
            match self.append(place.series, at, value.clone()) {
                Err(AppendError::UnknownSeries) => {
                    self.append_anew(place.index, series, (at, value))?
                }
                outcome => outcome,
            }
        };
        if stored.is_ok() {
            self.exemplars::<V>(place.index, at, exemplars)?;
        }
        match stored {
            Ok(()) => {
                self.counts.series_added += usize::from(place.is_new);
                if own_time.is_none() || self.job.track_timestamps_staleness {
                    self.cache.track(place.index, kind);
                }
            }
            Err(AppendError::OutOfOrder) => self.counts.out_of_order += 1,
            Err(AppendError::Duplicate) => self.counts.duplicate += 1,
            Err(AppendError::OutOfBounds | AppendError::TooOld) => self.counts.out_of_bounds += 1,
            Err(
                error @ (AppendError::UnknownSeries
                | AppendError::TooManySeries { .. }
                | AppendError::InvalidHistogram(_)
                | AppendError::ExemplarTooLong { .. }),
            ) => {
                return Err(IngestError::Store(error));
            }
        }
        Ok(())
    }

    /// A counter that began since its last sample was at zero then. One that began before has its
    /// zero already, or samples from that time: the store refuses another.
    fn start<V: Value>(&mut self, place: Place, start: Timestamp, at: Timestamp, value: &V) {
        let is_told = self.cache.sampled_at(place.index).is_some_and(|sampled| start <= sampled);
        if self.features.start_times_as_zeros && start < at && !is_told {
            value.zero().append(self.appender, place.series, start).ok();
        }
    }

    fn append<V: Value>(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        value: V,
    ) -> Result<(), AppendError> {
        if at > self.at.saturating_add(AHEAD_MAX_MILLIS) {
            return Err(AppendError::OutOfBounds);
        }
        value.append(self.appender, series, at)
    }

    /// The store dropped the series since the last scrape.
    fn append_anew<V: Value>(
        &mut self,
        index: u32,
        text: SeriesText<'_>,
        (at, value): (Timestamp, V),
    ) -> Result<Result<(), AppendError>, IngestError> {
        let Some(series) = self.series(text)? else {
            return Ok(Err(AppendError::UnknownSeries));
        };
        self.cache.renew(index, series);
        Ok(self.append(series, at, value))
    }

    /// An exemplar of a number has the time of its sample unless it says one. Of those of a
    /// histogram only those count that say their time, as without it none can be told from one that
    /// was there before. They may come in any order, and the store takes them ascending.
    fn exemplars<V: Value>(
        &mut self,
        index: u32,
        at: Timestamp,
        exemplars: Exemplars<'_>,
    ) -> Result<(), IngestError> {
        if !V::NEEDS_EXEMPLAR_TIMES {
            for exposed in exemplars {
                let at = exposed.at.unwrap_or(at);
                let refused = self.exemplar(index, read(exposed, at)?);
                self.counts.exemplars_out_of_order += u64::from(refused);
            }
            return Ok(());
        }
        let mut found = Vec::new();
        for exposed in exemplars {
            if let Some(at) = exposed.at {
                found.push(read(exposed, at)?);
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at).then(a.value.total_cmp(&b.value)));
        let (all, mut refused) = (found.len() as u64, 0);
        for exemplar in found {
            refused += u64::from(self.exemplar(index, exemplar));
        }
        // Some of them are those of before.
        if refused == all {
            self.counts.exemplars_out_of_order += refused;
        }
        Ok(())
    }

    /// Whether it is out of order. What else is refused is not missed: the store counts it.
    fn exemplar(&mut self, index: u32, exemplar: narthex_model::Exemplar) -> bool {
        let Some(series) = self.cache.series(index) else { return false };
        self.appender.exemplar(series, exemplar) == Err(AppendError::OutOfOrder)
    }
}

fn read(exposed: Exemplar<'_>, at: Timestamp) -> Result<narthex_model::Exemplar, IngestError> {
    Ok(narthex_model::Exemplar { labels: exposed.labels()?, value: exposed.value, at })
}
