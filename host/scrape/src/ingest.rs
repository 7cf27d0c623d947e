//! From the bytes of a body to samples in an appender. No clock, no waiting.

use std::borrow::Cow;

use narthex_exposition::{
    ContentTypeError, Entry, Exemplar, Format, LabelsError, ParseError, Parser, Sample, SeriesText,
};
use narthex_model::{Metadata, MetricType, Timestamp, stale_nan};
use narthex_storage::{AppendError, Appender, SeriesRef};

use crate::cache::{Cache, Line, NONE, Passed, Walk};
use crate::config::JobConfig;
use crate::fetch::Body;
use crate::labels::{LabelLimitError, check_limits, sample_labels};
use crate::target::Target;

/// Samples further in the future are refused, as a target's clock may be wrong.
const AHEAD_MAX_MILLIS: i64 = 10 * 60 * 1000;

/// What a body held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Samples in the body.
    pub(crate) scraped: usize,
    /// Samples that the rules left.
    pub(crate) added: usize,
    /// Series that the last scrapes did not have.
    pub(crate) series_added: usize,
    pub(crate) out_of_order: u64,
    pub(crate) duplicate: u64,
    pub(crate) out_of_bounds: u64,
}

/// Why nothing of a body is stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("{0}")]
    ContentType(#[from] ContentTypeError),
    #[error("{0}")]
    Parse(#[from] ParseError),
    #[error("{0}")]
    Labels(#[from] LabelsError),
    #[error("metric name label missing after relabeling of {0}")]
    NoName(String),
    #[error("{0}")]
    LabelLimit(#[from] LabelLimitError),
    #[error("sample limit exceeded: {samples} samples after relabeling, sample_limit {limit}")]
    SampleLimit { samples: usize, limit: u64 },
    #[error("the store refuses the samples: {0}")]
    Store(AppendError),
}

/// One body on its way into the store.
pub(crate) struct Ingest<'a> {
    pub(crate) job: &'a JobConfig,
    pub(crate) target: &'a Target,
    pub(crate) cache: &'a mut Cache,
    pub(crate) appender: &'a mut dyn Appender,
    /// The time of samples that say none.
    pub(crate) at: Timestamp,
    pub(crate) counts: Counts,
}

impl Ingest<'_> {
    /// Adds every sample and ends the series that vanished.
    pub(crate) fn run(&mut self, body: &Body) -> Result<(), IngestError> {
        if !body.bytes.is_empty() {
            let content_type = body.content_type.as_deref();
            let (format, _) = Format::from_content_type(content_type, self.job.fallback)?;
            self.lines(Parser::new(&body.bytes, format))?;
            let limit = self.job.limits.samples;
            if self.is_beyond_limit() {
                return Err(IngestError::SampleLimit { samples: self.counts.added, limit });
            }
        }
        end(self.appender, self.cache.vanished(), self.at);
        Ok(())
    }

    fn lines(&mut self, mut parser: Parser<'_>) -> Result<(), IngestError> {
        let mut family = FamilyText::default();
        let mut walk = self.cache.start();
        loop {
            let known = self.cache.expected(walk).and_then(|expected| {
                let sample = parser.known_sample(expected.len, expected.hash)?;
                Some((expected.index, sample))
            });
            let (index, sample, is_new) = match known {
                Some((index, sample)) => (index, sample, false),
                None => match parser.next_entry()? {
                    None => break,
                    Some(Entry::Sample(sample)) => {
                        let (index, is_new) = self.look_up(sample.series, walk)?;
                        (index, sample, is_new)
                    }
                    Some(metadata) => {
                        self.metadata(&mut family, metadata);
                        continue;
                    }
                },
            };
            self.counts.scraped += 1;
            // Beyond the limit lines are only counted, so that the report says how many there are.
            if index == NONE {
                continue;
            }
            let Passed { line, is_first } = self.cache.pass(&mut walk, index);
            if let Line::Series(series) = line {
                let place = Place { index, series, is_new, is_first };
                self.sample(place, sample)?;
            }
        }
        self.tell(&mut family);
        Ok(())
    }

    /// The line's place in the cache, and whether it is new there.
    fn look_up(&mut self, series: SeriesText<'_>, walk: Walk) -> Result<(u32, bool), IngestError> {
        let hash = series.key();
        // Not every line can be told by its bytes, as a sample of a message.
        let expected = self.cache.expected(walk).filter(|expected| expected.hash == hash);
        let known = expected.map(|expected| expected.index).or_else(|| self.cache.find(hash));
        if let Some(index) = known {
            return Ok((index, false));
        }
        if self.is_beyond_limit() {
            self.counts.added += 1;
            return Ok((NONE, false));
        }
        let line = match self.series(series)? {
            Some(series) => Line::Series(series),
            None => Line::Dropped,
        };
        Ok((self.cache.insert(hash, series.text_len(), line), true))
    }

    /// The series in the store; `None`: a rule dropped it.
    fn series(&mut self, text: SeriesText<'_>) -> Result<Option<SeriesRef>, IngestError> {
        let exposed = text.labels()?;
        let labels = sample_labels(text, &exposed, self.target, self.job);
        let Some(labels) = labels else { return Ok(None) };
        if labels.metric_name().is_none() {
            return Err(IngestError::NoName(exposed.to_string()));
        }
        check_limits(&labels, &self.job.limits)?;
        self.appender.series(&labels).map(Some).map_err(IngestError::Store)
    }

    fn sample(&mut self, place: Place, sample: Sample<'_>) -> Result<(), IngestError> {
        let Sample { series, reading } = sample;
        self.counts.added += 1;
        if self.is_beyond_limit() {
            return Ok(());
        }
        let own_time = reading.at.filter(|_| self.job.honor_timestamps);
        let at = own_time.unwrap_or(self.at);
        let stored = if !place.is_first && own_time.is_none() {
            Err(AppendError::Duplicate)
        } else {
            match self.append(place.series, at, reading.value) {
                Err(AppendError::UnknownSeries) => {
                    self.append_anew(place.index, series, (at, reading.value))?
                }
                outcome => outcome,
            }
        };
        if stored.is_ok() {
            for exemplar in reading.exemplars {
                self.exemplar(place.index, at, exemplar)?;
            }
        }
        match stored {
            Ok(()) => {
                self.counts.series_added += usize::from(place.is_new);
                if own_time.is_none() || self.job.track_timestamps_staleness {
                    self.cache.track(place.index);
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

    /// An exemplar without a time has that of its sample. One that is refused is not missed: the
    /// store counts it.
    fn exemplar(
        &mut self,
        index: u32,
        at: Timestamp,
        exposed: Exemplar<'_>,
    ) -> Result<(), IngestError> {
        let labels = exposed.labels()?;
        let at = exposed.at.unwrap_or(at);
        let exemplar = narthex_model::Exemplar { labels, value: exposed.value, at };
        if let Some(series) = self.cache.series(index) {
            self.appender.exemplar(series, exemplar).ok();
        }
        Ok(())
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        if at > self.at.saturating_add(AHEAD_MAX_MILLIS) {
            return Err(AppendError::OutOfBounds);
        }
        self.appender.append(series, at, value)
    }

    /// The store dropped the series since the last scrape.
    fn append_anew(
        &mut self,
        index: u32,
        text: SeriesText<'_>,
        (at, value): (Timestamp, f64),
    ) -> Result<Result<(), AppendError>, IngestError> {
        let Some(series) = self.series(text)? else {
            return Ok(Err(AppendError::UnknownSeries));
        };
        self.cache.renew(index, series);
        Ok(self.append(series, at, value))
    }

    fn is_beyond_limit(&self) -> bool {
        let limit = self.job.limits.samples;
        limit > 0 && self.counts.added as u64 > limit
    }

    fn metadata<'b>(&mut self, family: &mut FamilyText<'b>, entry: Entry<'b>) {
        let name = match &entry {
            Entry::Help { family, .. }
            | Entry::Type { family, .. }
            | Entry::Unit { family, .. } => family,
            Entry::Sample(_) | Entry::Histogram(_) => return,
        };
        if family.name != *name {
            self.tell(family);
        }
        match entry {
            Entry::Help { family: name, help } => (family.name, family.help) = (name, help),
            Entry::Type { family: name, metric_type } => {
                (family.name, family.metric_type) = (name, metric_type);
            }
            Entry::Unit { family: name, unit } => (family.name, family.unit) = (name, unit),
            Entry::Sample(_) | Entry::Histogram(_) => {}
        }
    }

    /// Tells the store of a family that it does not know so yet.
    fn tell(&mut self, family: &mut FamilyText<'_>) {
        let family = std::mem::take(family);
        if family.name.is_empty() || self.cache.knows_family(family.hash()) {
            return;
        }
        let metadata = Metadata {
            metric_type: family.metric_type,
            help: family.help.into_owned(),
            unit: family.unit.to_owned(),
        };
        self.appender.metadata(&family.name, &metadata);
    }
}

/// A sample's series, in cache and store.
#[derive(Clone, Copy)]
struct Place {
    index: u32,
    series: SeriesRef,
    /// No earlier scrape had it.
    is_new: bool,
    /// This body did not have it before.
    is_first: bool,
}

/// What the lines before a family's samples said of it.
#[derive(Default)]
struct FamilyText<'a> {
    name: Cow<'a, str>,
    metric_type: MetricType,
    help: Cow<'a, str>,
    unit: &'a str,
}

impl FamilyText<'_> {
    fn hash(&self) -> u64 {
        let parts = [self.metric_type.name(), &self.name, self.unit, &self.help];
        parts
            .iter()
            .fold(0, |seed, part| xxhash_rust::xxh3::xxh3_64_with_seed(part.as_bytes(), seed))
    }
}

/// Writes staleness markers. A series that has a newer sample, from another target or under a new
/// reference, needs none: the store refuses the marker, and that is all right.
pub(crate) fn end(appender: &mut dyn Appender, series: Vec<SeriesRef>, at: Timestamp) {
    for series in series {
        appender.append(series, at, stale_nan()).ok();
    }
}
