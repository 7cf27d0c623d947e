//! From the bytes of a body to samples in an appender. No clock, no waiting.

mod family;
mod sample;
mod value;

use std::collections::HashSet;

use narthex_exposition::{
    ContentTypeError, ContentTypeRemark, Entry, Format, LABELS_BYTES_MAX, LabelsError, Options,
    ParseError, Parser, SeriesText,
};
use narthex_model::{Labels, Timestamp, stale_nan};
use narthex_storage::{AppendError, Appender, SeriesRef};

use self::family::{FAMILIES_BYTES_MAX, FAMILIES_MAX, FamilyText};
use self::sample::Place;
use crate::cache::{Cache, Line, NONE, Passed, Tracked, Walk};
use crate::config::JobConfig;
use crate::families::FamilyTexts;
use crate::fetch::Body;
use crate::histograms::{HistogramLimits, stale_histogram};
use crate::labels::{LabelLimitError, check_limits, sample_labels};
use crate::settings::ScrapeFeatures;
use crate::target::Target;

/// A sample has at least so many: `a 1` and a line end, or a metric of a message.
const SAMPLE_BYTES_MIN: usize = 4;

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
    pub(crate) exemplars_out_of_order: u64,
}

/// Why nothing of a body is stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    ContentType(#[from] ContentTypeError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Labels(#[from] LabelsError),
    #[error("metric name label missing after relabeling of {0}")]
    NoName(String),
    #[error("invalid metric name or label names: {0}")]
    Names(String),
    #[error(transparent)]
    LabelLimit(#[from] LabelLimitError),
    #[error("sample limit exceeded: {samples} samples after relabeling, sample_limit {limit}")]
    SampleLimit { samples: usize, limit: u64 },
    #[error(
        "histogram bucket limit exceeded: {histograms} histograms have more than {limit} buckets, native_histogram_bucket_limit, at the coarsest"
    )]
    BucketLimit { histograms: usize, limit: u64 },
    #[error("series limit exceeded: more than {limit} series, --scrape.max-series-per-target")]
    SeriesLimit { limit: usize },
    #[error(
        "metadata of more than {FAMILIES_MAX} families, or in more than {FAMILIES_BYTES_MAX} bytes"
    )]
    FamilyLimit,
    #[error("the store refuses the samples")]
    Store(#[source] AppendError),
}

/// One body on its way into the store.
pub(crate) struct Ingest<'a> {
    pub(crate) job: &'a JobConfig,
    pub(crate) target: &'a Target,
    pub(crate) cache: &'a mut Cache,
    pub(crate) appender: &'a mut dyn Appender,
    pub(crate) families: &'a FamilyTexts,
    pub(crate) features: ScrapeFeatures,
    /// So many series a body may have; 0: no bound.
    pub(crate) series_max: usize,
    /// The time of samples that say none.
    pub(crate) at: Timestamp,
    pub(crate) counts: Counts,
    /// Histograms of too many buckets.
    pub(crate) too_large: usize,
    /// Bytes of what the body says of families.
    pub(crate) families_bytes: usize,
}

impl Ingest<'_> {
    /// Adds every sample and ends the series that vanished. Answers with what is odd about a body
    /// that was read all the same.
    pub(crate) fn run(&mut self, body: &Body) -> Result<Option<ContentTypeRemark>, IngestError> {
        let mut remark = None;
        if !body.bytes.is_empty() {
            let content_type = body.content_type.as_deref();
            let (format, odd) = Format::from_content_type(content_type, self.job.fallback)?;
            remark = odd;
            self.check_size(&body.bytes, format)?;
            self.lines(Parser::with_options(&body.bytes, format, self.options()))?;
            self.check_counts()?;
        }
        end(self.appender, self.cache.vanished(), self.at);
        Ok(remark)
    }

    /// Counts the series of a body that may have too many, so that the store hears of none of them.
    /// What it misses is stopped at the limit.
    fn check_size(&mut self, bytes: &[u8], format: Format) -> Result<(), IngestError> {
        let limit = self.series_max;
        // With a limit of its own, the job stops asking the store there.
        let stops_before = (1..=limit as u64).contains(&self.job.limits.samples);
        // Nearly every body is too short for so many, which costs no look at it.
        if limit == 0 || bytes.len() / SAMPLE_BYTES_MIN <= limit || stops_before {
            return Ok(());
        }
        let is_short = match format {
            Format::Text004 | Format::OpenMetrics => {
                memchr::memchr_iter(b'\n', bytes).count() <= limit
            }
            Format::Protobuf => false,
        };
        if is_short {
            return Ok(());
        }
        let mut parser = Parser::with_options(bytes, format, self.options());
        let (mut samples, mut series) = (0, HashSet::new());
        // What cannot be read is told when the lines before it are.
        while let Ok(Some(entry)) = parser.next_entry() {
            let key = match entry {
                Entry::Sample(sample) => sample.series.key(),
                Entry::Histogram(sample) => sample.series.key(),
                Entry::Help { .. } | Entry::Type { .. } | Entry::Unit { .. } => continue,
            };
            samples += 1;
            // Half of the key, as the set of millions takes half of the memory then.
            series.insert(key.to_le_bytes().first_chunk::<8>().copied().unwrap_or_default());
            if series.len() > limit {
                self.counts.scraped = samples;
                return Err(IngestError::SeriesLimit { limit });
            }
        }
        Ok(())
    }

    const fn options(&self) -> Options {
        let histograms = self.target.histograms;
        Options {
            native_histograms: histograms.native,
            keep_classic: histograms.classic_too,
            to_custom_buckets: histograms.to_custom_buckets,
            type_and_unit: self.features.type_and_unit_labels,
            start_times: self.features.start_times_as_zeros,
        }
    }

    fn check_counts(&self) -> Result<(), IngestError> {
        let limits = &self.job.limits;
        if self.is_beyond_limit() {
            let (samples, limit) = (self.counts.added, limits.samples);
            return Err(IngestError::SampleLimit { samples, limit });
        }
        if self.too_large > 0 {
            let (histograms, limit) = (self.too_large, limits.buckets);
            return Err(IngestError::BucketLimit { histograms, limit });
        }
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
            if let Some((index, sample)) = known {
                self.counts.scraped += 1;
                if let Some(place) = self.pass(&mut walk, index, false) {
                    self.sample(place, sample)?;
                }
                continue;
            }
            match parser.next_entry()? {
                None => break,
                Some(Entry::Sample(sample)) => {
                    if let Some(place) = self.place(sample.series, &mut walk)? {
                        self.sample(place, sample)?;
                    }
                }
                Some(Entry::Histogram(sample)) => {
                    if let Some(place) = self.place(sample.series, &mut walk)? {
                        self.histogram(place, sample)?;
                    }
                }
                Some(metadata) => self.metadata(&mut family, metadata)?,
            }
        }
        self.tell(&mut family)
    }

    fn place(
        &mut self,
        series: SeriesText<'_>,
        walk: &mut Walk,
    ) -> Result<Option<Place>, IngestError> {
        // A sample that fails the scrape was one all the same.
        self.counts.scraped += 1;
        let (index, is_new) = self.look_up(series, *walk)?;
        Ok(self.pass(walk, index, is_new))
    }

    /// A sample's place; `None`: it goes nowhere.
    fn pass(&mut self, walk: &mut Walk, index: u32, is_new: bool) -> Option<Place> {
        // Beyond the limit lines are only counted, so that the report says how many there are.
        if index == NONE {
            return None;
        }
        let Passed { line, is_first } = self.cache.pass(walk, index);
        match line {
            Line::Series(series) => Some(Place { index, series, is_new, is_first }),
            Line::Dropped => None,
        }
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
            // The store is not asked, which would remember the series.
            self.counts.added += usize::from(self.labels(series)?.is_some());
            return Ok((NONE, false));
        }
        if self.series_max > 0 && self.cache.lines_now() >= self.series_max {
            return Err(IngestError::SeriesLimit { limit: self.series_max });
        }
        let line = match self.series(series)? {
            Some(series) => Line::Series(series),
            None => Line::Dropped,
        };
        Ok((self.cache.insert(hash, series.text_len(), line), true))
    }

    /// The series in the store; `None`: a rule dropped it.
    fn series(&mut self, text: SeriesText<'_>) -> Result<Option<SeriesRef>, IngestError> {
        let Some(labels) = self.labels(text)? else { return Ok(None) };
        self.appender.series(&labels).map(Some).map_err(IngestError::Store)
    }

    /// The labels as they are stored; `None`: a rule dropped the series.
    fn labels(&self, text: SeriesText<'_>) -> Result<Option<Labels>, IngestError> {
        let exposed = text.labels()?;
        let labels = sample_labels(text, &exposed, self.target, self.job);
        let Some(labels) = labels else { return Ok(None) };
        // Rules may have made them longer.
        if labels.as_bytes().len() > LABELS_BYTES_MAX {
            return Err(LabelsError::TooLong.into());
        }
        let Some(name) = labels.metric_name() else {
            return Err(IngestError::NoName(exposed.to_string()));
        };
        if !self.job.names.is_metric_name(name) || !self.are_labels_named_well(&labels) {
            return Err(IngestError::Names(labels.to_string()));
        }
        check_limits(&labels, &self.job.limits)?;
        Ok(Some(labels))
    }

    fn are_labels_named_well(&self, labels: &Labels) -> bool {
        labels.iter().all(|(name, _)| self.job.names.is_label_name(name))
    }

    fn is_beyond_limit(&self) -> bool {
        let limit = self.job.limits.samples;
        limit > 0 && self.counts.added as u64 > limit
    }

    const fn histogram_limits(&self) -> HistogramLimits {
        HistogramLimits { schema_max: self.job.schema_max, buckets_max: self.job.limits.buckets }
    }
}

/// Writes staleness markers. A series that has a newer sample, from another target or under a new
/// reference, needs none: the store refuses the marker, and that is all right.
pub(crate) fn end(appender: &mut dyn Appender, series: Vec<Tracked>, at: Timestamp) {
    for Tracked { series, kind } in series {
        match stale_histogram(kind) {
            None => appender.append(series, at, stale_nan()).ok(),
            Some(marker) => appender.append_histogram(series, at, marker.into()).ok(),
        };
    }
}
