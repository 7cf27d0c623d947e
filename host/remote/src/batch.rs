//! What becomes of one request: its parts in order, into one batch of the store.
//!
//! As in Prometheus a sample that the store refuses ends the request, and nothing of it is kept; a
//! series with impossible labels is left out; an exemplar that is refused is only counted. A sample
//! that is refused because of one before it in the same series of the same request is left out too:
//! Prometheus notices it only when the rest is committed.

use std::fmt;
use std::sync::Arc;

use narthex_model::protobuf;
use narthex_model::{EXPONENTIAL_SCHEMA_MAX, Labels, Metadata, NativeHistogram, Timestamp};
use narthex_storage::{AppendError, Appender, SeriesRef};

use crate::error::WriteError;
use crate::known::{Key, Known};
use crate::labels::{InvalidLabels, Pairs};
use crate::wire::{self, Fields, Malformed, Part, TimeSeries};

/// Samples, histograms and exemplars of one request; senders are set to some thousand. Each takes up
/// to twenty times its bytes until it is stored.
pub(crate) const SAMPLES_MAX: usize = 1 << 20;
/// How far ahead of the clock a sample may be, as in Prometheus.
const AHEAD_MAX_MILLIS: i64 = 10 * 60 * 1000;
/// Bytes of what a family says of itself. More is no help text.
const METADATA_BYTES_MAX: usize = 64 << 10;

/// The finest exponential schema that there may ever be. Others are not known, and left as they are.
const SCHEMA_MAX: i32 = 52;
/// Of a series in an error.
const SHOWN_CHARS_MAX: usize = 1_000;

/// What a request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Samples and histograms that were stored.
    pub samples: usize,
    /// Exemplars that were stored.
    pub exemplars: usize,
    /// Samples and histograms that were left out, as the same request has newer ones before them.
    pub unordered: usize,
    /// Series that were left out for their labels.
    pub invalid_series: usize,
    /// Their samples and histograms.
    pub invalid_samples: usize,
    /// The first of these series, and what is wrong with it.
    pub first_invalid: Option<InvalidLabels>,
}

/// A batch in the making. `'s` is the store, `'b` the body.
pub(crate) struct Batch<'s, 'k, 'b> {
    pub(crate) appender: Box<dyn Appender + 's>,
    known: &'k Known,
    /// What `known` should know after the request.
    pub(crate) learned: Vec<(Key, SeriesRef)>,
    latest_at: i64,
    /// The series before this one, and the time of the newest sample that it got.
    last: Option<(SeriesRef, i64)>,
    pairs: Pairs<'b>,
    left: usize,
    pub(crate) written: Written,
}

impl fmt::Debug for Batch<'_, '_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("written", &self.written).finish_non_exhaustive()
    }
}

/// Why a part ends the request.
enum Stop {
    Malformed(Malformed),
    Refused(WriteError),
}

impl From<protobuf::Malformed> for Stop {
    fn from(malformed: protobuf::Malformed) -> Self {
        Self::Malformed(malformed.into())
    }
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// A series of the request on its way.
struct Place {
    series: SeriesRef,
    key: Option<Key>,
    /// Time of the newest sample that the request brought for it so far.
    newest_at: Option<i64>,
}

impl Place {
    /// Whether a sample is late only because of one that came just before it.
    fn is_behind(&self, at: i64) -> bool {
        self.newest_at.is_some_and(|newest| at <= newest)
    }
}

impl<'s, 'k, 'b> Batch<'s, 'k, 'b> {
    pub(crate) fn new(appender: Box<dyn Appender + 's>, known: &'k Known, now: i64) -> Self {
        Self {
            appender,
            known,
            learned: Vec::new(),
            latest_at: now.saturating_add(AHEAD_MAX_MILLIS),
            last: None,
            pairs: Pairs::default(),
            left: SAMPLES_MAX,
            written: Written::default(),
        }
    }

    /// Takes a whole request.
    pub(crate) fn run(&mut self, request: &'b [u8]) -> Result<(), WriteError> {
        let mut fields = Fields::new(request);
        let mut series = TimeSeries::default();
        loop {
            let offset = request.len().saturating_sub(fields.left());
            let malformed = |reason| WriteError::Malformed { offset, reason };
            let part = match wire::next_part(&mut fields).map_err(malformed)? {
                None => return Ok(()),
                Some(part) => part,
            };
            let taken = match part {
                Part::Series(message) => self.series(message, &mut series),
                Part::Metadata(message) => self.metadata(message),
            };
            taken.map_err(|stop| match stop {
                Stop::Malformed(reason) => malformed(reason),
                Stop::Refused(error) => error,
            })?;
        }
    }

    fn series(&mut self, message: &'b [u8], series: &mut TimeSeries<'b>) -> Result<(), Stop> {
        if !series.read(message, self.left)? {
            let (what, max) = ("the number of samples of the request", SAMPLES_MAX.to_string());
            return Err(Stop::Refused(WriteError::TooLarge { what, max }));
        }
        self.left = self.left.saturating_sub(series.entries());
        if series.entries() == 0 {
            // Nothing makes a series of it, but it is to be one.
            self.labels(series)?;
            return Ok(());
        }
        let is_sampled = !series.samples.is_empty() || !series.histograms.is_empty();
        let place = if is_sampled { self.look_up(series)? } else { self.look_for(series)? };
        let Some(mut place) = place else { return Ok(()) };
        // One series may stand in two parts.
        place.newest_at = self.last.filter(|(last, _)| *last == place.series).map(|(_, at)| at);
        self.samples(series, &mut place)?;
        for message in &series.histograms {
            self.histogram(message, series, &mut place)?;
        }
        for message in &series.exemplars {
            self.exemplar(message, place.series)?;
        }
        self.last = place.newest_at.map(|at| (place.series, at));
        Ok(())
    }

    /// The series in the store; `None` when its labels are none.
    fn look_up(&mut self, series: &TimeSeries<'b>) -> Result<Option<Place>, Stop> {
        let key = series.label_bytes.map(|bytes| self.known.key(bytes));
        let Some((key, found)) = key.and_then(|key| Some((key, self.known.find(key)?))) else {
            return self.create(series, key);
        };
        if found.is_old {
            self.learned.push((key, found.series));
        }
        Ok(Some(Place { series: found.series, key: Some(key), newest_at: None }))
    }

    /// The series, if the store has it: exemplars alone make none, as in Prometheus.
    fn look_for(&mut self, series: &TimeSeries<'b>) -> Result<Option<Place>, Stop> {
        let found = self.labels(series)?.and_then(|labels| self.appender.find(&labels));
        Ok(found.map(|series| Place { series, key: None, newest_at: None }))
    }

    fn create(&mut self, series: &TimeSeries<'b>, key: Option<Key>) -> Result<Option<Place>, Stop> {
        let Some(labels) = self.labels(series)? else { return Ok(None) };
        let series = self.ask(&labels, key)?;
        Ok(Some(Place { series, key, newest_at: None }))
    }

    /// The labels of a series; one that has none that are right is left out.
    fn labels(&mut self, series: &TimeSeries<'b>) -> Result<Option<Labels>, Stop> {
        let labels = self.pairs.series(&series.labels)?;
        Ok(labels.map_err(|invalid| self.leave_out(series, invalid)).ok())
    }

    fn leave_out(&mut self, series: &TimeSeries<'b>, invalid: InvalidLabels) {
        let written = &mut self.written;
        written.invalid_series += 1;
        written.invalid_samples += series.samples.len() + series.histograms.len();
        written.first_invalid.get_or_insert(invalid);
    }

    fn ask(&mut self, labels: &Labels, key: Option<Key>) -> Result<SeriesRef, Stop> {
        let series = self.appender.series(labels).map_err(|reason| {
            Stop::Refused(WriteError::Series { series: shown(labels), reason })
        })?;
        self.learned.extend(key.map(|key| (key, series)));
        Ok(series)
    }

    /// The store has let go of the series since it was named last.
    fn renew(&mut self, series: &TimeSeries<'b>, place: &mut Place) -> Result<(), Stop> {
        if let Ok(labels) = self.pairs.series(&series.labels)? {
            place.series = self.ask(&labels, place.key)?;
        }
        Ok(())
    }

    fn samples(&mut self, series: &TimeSeries<'b>, place: &mut Place) -> Result<(), Stop> {
        for (at, value) in &series.samples {
            self.check_ahead(*at, series)?;
            let time = Timestamp::from_millis(*at);
            let mut outcome = self.appender.append(place.series, time, *value);
            if outcome == Err(AppendError::UnknownSeries) {
                self.renew(series, place)?;
                outcome = self.appender.append(place.series, time, *value);
            }
            self.note(outcome, *at, series, place)?;
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        message: &'b [u8],
        series: &TimeSeries<'b>,
        place: &mut Place,
    ) -> Result<(), Stop> {
        let (at, histogram) = read_histogram(message)?;
        let histogram = Arc::new(histogram);
        self.check_ahead(at, series)?;
        let time = Timestamp::from_millis(at);
        let mut outcome =
            self.appender.append_histogram(place.series, time, Arc::clone(&histogram));
        if outcome == Err(AppendError::UnknownSeries) {
            self.renew(series, place)?;
            outcome = self.appender.append_histogram(place.series, time, histogram);
        }
        self.note(outcome, at, series, place)
    }

    /// What the store said of a sample.
    #[inline]
    fn note(
        &mut self,
        outcome: Result<(), AppendError>,
        at: i64,
        series: &TimeSeries<'b>,
        place: &mut Place,
    ) -> Result<(), Stop> {
        match outcome {
            Ok(()) => {
                place.newest_at = place.newest_at.max(Some(at));
                Ok(())
            }
            Err(AppendError::OutOfOrder | AppendError::Duplicate) if place.is_behind(at) => {
                self.written.unordered += 1;
                Ok(())
            }
            Err(reason) => {
                let series = self.name(series);
                Err(Stop::Refused(WriteError::Sample { series, at, reason }))
            }
        }
    }

    #[inline]
    fn check_ahead(&mut self, at: i64, series: &TimeSeries<'b>) -> Result<(), Stop> {
        if at <= self.latest_at {
            return Ok(());
        }
        let series = self.name(series);
        Err(Stop::Refused(WriteError::Ahead { series, at }))
    }

    fn name(&mut self, series: &TimeSeries<'b>) -> String {
        match self.pairs.series(&series.labels) {
            Ok(Ok(labels)) => shown(&labels),
            Ok(Err(_)) | Err(_) => String::new(),
        }
    }

    /// An exemplar that cannot be kept is not missed: the store counts it.
    fn exemplar(&mut self, message: &'b [u8], series: SeriesRef) -> Result<(), Stop> {
        let exemplar = wire::exemplar(message)?;
        let labels = self.pairs.exemplar(&exemplar.labels)?;
        if let Ok(labels) = labels
            && exemplar.at <= self.latest_at
        {
            let (value, at) = (exemplar.value, Timestamp::from_millis(exemplar.at));
            self.appender.exemplar(series, narthex_model::Exemplar { labels, value, at }).ok();
        }
        Ok(())
    }

    /// What is no text, names no family or is too long is passed over.
    fn metadata(&mut self, message: &'b [u8]) -> Result<(), Stop> {
        let found = wire::metadata(message)?;
        if found.family.is_empty() || message.len() > METADATA_BYTES_MAX {
            return Ok(());
        }
        let text = |bytes: &'b [u8]| std::str::from_utf8(bytes).ok();
        if let (Some(family), Some(help), Some(unit)) =
            (text(found.family), text(found.help), text(found.unit))
        {
            let (help, unit) = (help.to_owned(), unit.to_owned());
            let metadata = Metadata { metric_type: found.metric_type, help, unit };
            self.appender.metadata(family, &metadata);
        }
        Ok(())
    }
}

/// A series as people write it, in an answer and a log line: not longer than either should be.
fn shown(labels: &Labels) -> String {
    let mut text = labels.to_string();
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Time and histogram, as fine as it may be.
fn read_histogram(message: &[u8]) -> Result<(i64, NativeHistogram), Malformed> {
    let (at, mut histogram) = wire::histogram(message)?;
    // Where spans and buckets disagree it stays as it is: the store says what is wrong with it.
    if histogram.layout().schema <= SCHEMA_MAX {
        histogram.reduce_resolution(EXPONENTIAL_SCHEMA_MAX);
    }
    Ok((at, histogram))
}
