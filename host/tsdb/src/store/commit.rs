//! The way in: a batch is checked, logged, then made visible.
//!
//! Invariant: what is applied to the head is exactly what the log holds, in the same order.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use narthex_model::{
    EXEMPLAR_LABELS_CHARS_MAX, Exemplar, Labels, Metadata, NativeHistogram, Timestamp,
};
use narthex_storage::{AppendError, Appender, CommitError, Committed, SeriesRef};

use super::Shared;
use crate::config::SyncPolicy;
use crate::encoding::value::{self, Predecessor};
use crate::head::exemplars::ExemplarOrder;
use crate::head::series::{SeriesId, Slot, split_ref};
use crate::head::visibility::TimesBefore;
use crate::log::batch::{Columns, RECORD_SAMPLES_MAX};
use crate::log::exemplars::{RECORD_EXEMPLARS_MAX, push_exemplars};
use crate::log::frame::RecordKind;
use crate::log::record::{RECORD_SERIES_MAX, push_metadata, push_series};
use crate::log::writer::{LogWriter, WriteError};

/// One batch in the making.
pub(crate) struct HeadAppender<'a> {
    store: &'a Arc<Shared>,
    samples: Vec<Pending>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
    series_created: usize,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    series: SeriesRef,
    at: i64,
    bits: u64,
}

/// The log, and memory that commits use one after the other.
pub(crate) struct Writer {
    pub(crate) log: LogWriter,
    columns: Columns,
    /// Places in the batch of what is stored.
    accepted: Vec<usize>,
    new_series: Vec<(SeriesId, Slot)>,
    /// While the log is replayed: the series that got samples meanwhile. They are joined with what
    /// is replayed at the end.
    pub(crate) newer: Option<Vec<Slot>>,
    /// Tells marks of this commit from older ones.
    number: u32,
}

/// What the order of a series says of a sample.
enum Order {
    Newer,
    SameAgain,
    Duplicate,
    Older,
}

fn order(last: Option<(i64, u64)>, at: i64, bits: u64) -> Order {
    match last {
        Some((last_at, _)) if at < last_at => Order::Older,
        Some((last_at, last_bits)) if at == last_at && bits == last_bits => Order::SameAgain,
        Some((last_at, _)) if at == last_at => Order::Duplicate,
        _ => Order::Newer,
    }
}

impl<'a> HeadAppender<'a> {
    pub(crate) fn new(store: &'a Arc<Shared>) -> Self {
        Self {
            store,
            samples: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
            series_created: 0,
        }
    }
}

impl Appender for HeadAppender<'_> {
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError> {
        let (series, is_new) = self.store.head.series(labels)?;
        self.series_created += usize::from(is_new);
        Ok(series)
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        let (id, slot) = split_ref(series);
        let (at, bits) = (at.millis(), value.to_bits());
        // A batch may bring several samples of a series, one after the other.
        let pending = self.samples.last().filter(|last| last.series == series);
        let found = self.store.head.slab.with(slot, |found| (found.id == id).then(|| found.last()));
        let stored = found.flatten().ok_or(AppendError::UnknownSeries)?;
        let last = pending.map(|last| (last.at, last.bits)).or(stored);
        let observed = &self.store.observed;
        match order(last, at, bits) {
            Order::SameAgain => return Ok(()),
            Order::Older => {
                observed.out_of_order.increment();
                return Err(AppendError::OutOfOrder);
            }
            Order::Duplicate => return Err(AppendError::Duplicate),
            Order::Newer => {}
        }
        if self.store.is_out_of_bounds(at) {
            observed.out_of_bounds.increment();
            return Err(AppendError::OutOfBounds);
        }
        self.samples.push(Pending { series, at, bits });
        Ok(())
    }

    fn append_histogram(
        &mut self,
        _series: SeriesRef,
        _at: Timestamp,
        _histogram: NativeHistogram,
    ) -> Result<(), AppendError> {
        unimplemented!("the head takes histograms next")
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError> {
        let chars = exemplar
            .labels
            .iter()
            .map(|(name, value)| name.chars().count() + value.chars().count());
        if chars.sum::<usize>() > EXEMPLAR_LABELS_CHARS_MAX {
            return Err(AppendError::ExemplarTooLong { max: EXEMPLAR_LABELS_CHARS_MAX });
        }
        let (id, slot) = split_ref(series);
        let head = &self.store.head;
        if head.slab.with(slot, |found| found.id == id) != Some(true) {
            return Err(AppendError::UnknownSeries);
        }
        let kept = head.exemplars.read();
        if kept.is_disabled() {
            return Ok(());
        }
        match kept.order(slot, id, &exemplar) {
            // What this batch brings before it is compared at the commit.
            ExemplarOrder::Newer => self.exemplars.push((series, exemplar)),
            ExemplarOrder::SameAgain => {}
            ExemplarOrder::Older => {
                self.store.observed.exemplars_out_of_order.increment();
                return Err(AppendError::OutOfOrder);
            }
        }
        Ok(())
    }

    fn metadata(&mut self, family: &str, metadata: &Metadata) {
        let is_known = self.store.head.metadata.read().get(family) == Some(metadata);
        if !is_known {
            self.metadata.push((family.to_owned(), metadata.clone()));
        }
    }

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        let mut done = Committed { series_created: self.series_created, ..Committed::default() };
        if self.samples.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty() {
            return Ok(done);
        }
        let outcome = self.store.commit(&self.samples, &self.exemplars, &self.metadata);
        let (samples, refused, exemplars) = outcome.inspect_err(|_| {
            self.store.observed.writes_failed.increment();
        })?;
        done.samples = samples;
        done.out_of_order = refused;
        done.exemplars = exemplars;
        self.store.observed.samples_appended.add(samples as u64);
        self.store.observed.out_of_order.add(refused as u64);
        Ok(done)
    }
}

impl From<WriteError> for CommitError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Failed(source) => Self::Log { source },
            WriteError::Poisoned(reason) => Self::Poisoned { reason },
        }
    }
}

impl Writer {
    pub(crate) fn new(log: LogWriter) -> Self {
        Self {
            log,
            columns: Columns::default(),
            accepted: Vec::new(),
            new_series: Vec::new(),
            newer: Some(Vec::new()),
            number: 0,
        }
    }
}

impl Shared {
    /// Whether a sample is older than the retention keeps, counted from the newest.
    fn is_out_of_bounds(&self, at: i64) -> bool {
        let newest = self.head.newest_at();
        newest.is_some_and(|newest| at < newest.saturating_sub(self.in_force.kept_millis()))
    }

    /// Stores a batch; answers how many samples were stored and how many refused, and how many
    /// exemplars were stored.
    fn commit(
        &self,
        samples: &[Pending],
        exemplars: &[(SeriesRef, Exemplar)],
        metadata: &[(String, Metadata)],
    ) -> Result<(usize, usize, usize), CommitError> {
        let mut guard = self.writer.lock();
        let writer = &mut *guard;
        let next_id = self.head.index.read().next_id;
        writer.log.begin(self.head.counts.series.load(Ordering::Relaxed), next_id)?;
        if std::mem::take(&mut writer.log.wants_definitions) {
            self.forget_definitions();
        }
        let before_len = writer.log.segment_len();
        let logged = self.log_batch(writer, samples, metadata);
        let logged = logged.and_then(|logged| {
            let exemplars = self.newer_exemplars(writer.number, exemplars);
            log_exemplars(writer, &exemplars).map(|()| (logged, exemplars))
        });
        let ((before, refused), exemplars) = match logged {
            Ok(logged) => logged,
            Err(source) => {
                writer.log.abandon();
                return Err(CommitError::Log { source });
            }
        };
        writer.log.write().map_err(|source| CommitError::Log { source })?;
        if self.config.sync() == SyncPolicy::Always {
            let begun = self.clock.monotonic();
            if let Err(error) = self.sync_inherited_files() {
                writer.log.lean_on_nothing(&error);
            }
            let outcome = writer.log.sync_commit();
            self.observed.sync_seconds.observe_duration(self.clock.monotonic() - begun);
            outcome.map_err(|source| CommitError::Log { source })?;
        }
        let written = writer.log.segment_len() - before_len;
        self.observed.log_bytes_written.add(written);
        self.uncovered_bytes.fetch_add(written, Ordering::Relaxed);
        self.apply(writer, samples, before);
        if !metadata.is_empty() {
            self.head.metadata.write().extend(metadata.iter().cloned());
        }
        let exemplars = self.apply_exemplars(exemplars);
        Ok((writer.accepted.len(), refused, exemplars))
    }

    /// The exemplars that are newer than the newest of their series. Of those that the batch itself
    /// puts out of order some may be among them: the ring refuses them again, also at a replay.
    fn newer_exemplars<'e>(
        &self,
        commit: u32,
        exemplars: &'e [(SeriesRef, Exemplar)],
    ) -> Vec<(SeriesRef, &'e Exemplar)> {
        if exemplars.is_empty() {
            return Vec::new();
        }
        let kept = self.head.exemplars.read();
        let mut slab = self.head.slab.reader();
        let mut newer = Vec::with_capacity(exemplars.len());
        for (series, exemplar) in exemplars {
            let (id, slot) = split_ref(*series);
            // Without a sample the log does not define the series.
            let is_logged = slab
                .get(slot)
                .is_some_and(|found| found.id == id && (found.is_logged || found.mark.0 == commit));
            if is_logged && kept.order(slot, id, exemplar) == ExemplarOrder::Newer {
                newer.push((*series, exemplar));
            }
        }
        newer
    }

    fn apply_exemplars(&self, exemplars: Vec<(SeriesRef, &Exemplar)>) -> usize {
        if exemplars.is_empty() {
            return 0;
        }
        let mut kept = self.head.exemplars.write();
        let mut stored = 0;
        for (series, exemplar) in exemplars {
            let (id, slot) = split_ref(series);
            match kept.add(slot, id, exemplar.clone()) {
                ExemplarOrder::Newer => stored += 1,
                ExemplarOrder::SameAgain => {}
                ExemplarOrder::Older => self.observed.exemplars_out_of_order.increment(),
            }
        }
        self.observed.exemplars_appended.add(stored);
        usize::try_from(stored).unwrap_or(usize::MAX)
    }

    /// Writes the batch's records into the log's buffer. Notes what is accepted in `writer`;
    /// answers the times before, and how many samples were refused.
    fn log_batch(
        &self,
        writer: &mut Writer,
        samples: &[Pending],
        metadata: &[(String, Metadata)],
    ) -> std::io::Result<(TimesBefore, usize)> {
        writer.number = writer.number.wrapping_add(1).max(1);
        writer.accepted.clear();
        let mut before = TimesBefore::with_capacity(samples.len());
        let mut refused = 0;
        let mut from = 0;
        while from < samples.len() {
            let end = samples.len().min(from + RECORD_SAMPLES_MAX);
            writer.columns.clear();
            writer.new_series.clear();
            refused += self.check(writer, samples, from..end, &mut before);
            self.log_new_series(writer)?;
            let (columns, goes_on) = (&writer.columns, end < samples.len());
            if columns.len() > 0 || goes_on || from > 0 {
                writer.log.push(RecordKind::Samples, |coder, out| {
                    coder.encode(columns, goes_on, out);
                })?;
            }
            from = end;
        }
        if !metadata.is_empty() {
            writer.log.push(RecordKind::Metadata, |_, out| {
                push_metadata(out, metadata.iter().map(|(name, what)| (name.as_str(), what)));
            })?;
        }
        Ok((before, refused))
    }

    /// Checks samples against their series, which other batches may have written meanwhile, and
    /// codes the accepted ones into columns.
    fn check(
        &self,
        writer: &mut Writer,
        samples: &[Pending],
        range: std::ops::Range<usize>,
        before: &mut TimesBefore,
    ) -> usize {
        let (epoch, columns) = (writer.log.epoch, &mut writer.columns);
        let mut slab = self.head.slab.writer();
        let mut refused = 0;
        let from = range.start;
        for (index, sample) in samples.get(range).unwrap_or_default().iter().enumerate() {
            let index = from + index;
            let (id, slot) = split_ref(sample.series);
            let Some(series) = slab.get(slot).filter(|series| series.id == id) else {
                refused += 1;
                continue;
            };
            let earlier = (series.mark.0 == writer.number)
                .then(|| samples.get(series.mark.1 as usize))
                .flatten()
                .filter(|earlier| earlier.series == sample.series);
            let last = earlier.map(|earlier| (earlier.at, earlier.bits)).or(series.last());
            match order(last, sample.at, sample.bits) {
                Order::Newer => {}
                Order::SameAgain => continue,
                Order::Older | Order::Duplicate => {
                    refused += 1;
                    continue;
                }
            }
            if earlier.is_none() {
                before.push((slot, last.map_or(i64::MIN, |(at, _)| at)));
                if !series.is_logged {
                    writer.new_series.push((id, slot));
                }
            }
            series.mark = (writer.number, u32::try_from(index).unwrap_or(u32::MAX));
            let known = last.filter(|_| series.log_epoch == epoch);
            let known = known.map(|(_, bits)| Predecessor { bits, scale: series.log_scale });
            let (nibble, scale) = value::encode(known, sample.bits, &mut columns.payload);
            series.log_epoch = epoch;
            series.log_scale = scale;
            columns.ids.push(id);
            columns.times.push(sample.at);
            columns.nibbles.push(nibble);
            writer.accepted.push(index);
        }
        refused
    }

    /// Has every series defined again with its next sample.
    fn forget_definitions(&self) {
        let end = self.head.index.read().slots_end();
        let mut slab = self.head.slab.writer();
        for slot in 0..end {
            if let Some(series) = slab.get(slot) {
                series.is_logged = false;
            }
        }
    }

    fn log_new_series(&self, writer: &mut Writer) -> std::io::Result<()> {
        for part in writer.new_series.chunks(RECORD_SERIES_MAX) {
            let index = self.head.index.read();
            let mut slab = self.head.slab.reader();
            let mut defined = Vec::with_capacity(part.len());
            for (id, slot) in part {
                if let Some(series) = slab.get(*slot) {
                    defined.push((*id, index.labels(&series.labels)));
                }
            }
            drop(slab);
            drop(index);
            writer.log.push(RecordKind::Series, |_, out| push_series(out, &defined))?;
        }
        Ok(())
    }

    /// Makes the accepted samples visible.
    fn apply(&self, writer: &mut Writer, samples: &[Pending], before: TimesBefore) {
        let Writer { accepted, newer, .. } = writer;
        self.head.visibility.begin(before);
        let mut slab = self.head.slab.writer();
        let (mut oldest, mut newest, mut chunks) = (i64::MAX, i64::MIN, 0);
        for sample in accepted.iter().filter_map(|index| samples.get(*index)) {
            let (_, slot) = split_ref(sample.series);
            let series = slab.get(slot).expect("series go only while no commit runs");
            series.is_logged = true;
            if let Some(newer) = newer
                && series.begin_newer()
            {
                newer.push(slot);
            }
            chunks += u64::from(series.append(sample.at, sample.bits));
            oldest = oldest.min(sample.at);
            newest = newest.max(sample.at);
        }
        drop(slab);
        self.head.note_samples(oldest, newest, chunks);
        self.head.visibility.finish();
    }
}

fn log_exemplars(writer: &mut Writer, exemplars: &[(SeriesRef, &Exemplar)]) -> std::io::Result<()> {
    for part in exemplars.chunks(RECORD_EXEMPLARS_MAX) {
        let named = part.iter().map(|(series, exemplar)| (split_ref(*series).0, *exemplar));
        writer.log.push(RecordKind::Exemplars, |_, out| push_exemplars(out, named))?;
    }
    Ok(())
}
