//! The way in: a batch is checked, logged, then made visible.
//!
//! Invariant: what is applied to the head is exactly what the log holds, in the same order.
//! Invariant: all records of a commit but the last say that it goes on, so that a replay takes all
//! of it or nothing.

use std::io;
use std::sync::atomic::Ordering;

use narthex_model::{Exemplar, Metadata};
use narthex_storage::{CommitError, Committed, SeriesRef};

use super::Shared;
use super::appender::Pending;
use crate::config::SyncPolicy;
use crate::encoding::value::{self, Predecessor};
use crate::head::exemplars::ExemplarOrder;
use crate::head::sample::{Value, Verdict, judge};
use crate::head::series::{Series, SeriesId, Slot, split_ref};
use crate::head::visibility::Before;
use crate::log::batch::{Columns, RECORD_SAMPLES_MAX};
use crate::log::exemplars::{RECORD_EXEMPLARS_MAX, push_exemplars};
use crate::log::frame::RecordKind;
use crate::log::histograms::HistogramColumn;
use crate::log::out_of_order::push_out_of_order;
use crate::log::record::{RECORD_SERIES_MAX, push_metadata, push_series};
use crate::log::writer::{LogWriter, WriteError};

/// What one batch brings.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) samples: Vec<Pending>,
    pub(crate) exemplars: Vec<(SeriesRef, Exemplar)>,
    pub(crate) metadata: Vec<(String, Metadata)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty()
    }
}

/// The log, and memory that commits use one after the other.
pub(crate) struct Writer {
    pub(crate) log: LogWriter,
    columns: Columns,
    histograms: HistogramColumn,
    /// Places in the batch of what is stored in order, and out of order.
    accepted: Vec<usize>,
    out_of_order: Vec<usize>,
    new_series: Vec<(SeriesId, Slot)>,
    /// While the log is replayed: the series that got samples meanwhile. They are joined with what
    /// is replayed at the end.
    pub(crate) newer: Option<Vec<Slot>>,
    /// Tells marks of this commit from older ones.
    number: u32,
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
            histograms: HistogramColumn::default(),
            accepted: Vec::new(),
            out_of_order: Vec::new(),
            new_series: Vec::new(),
            newer: Some(Vec::new()),
            number: 0,
        }
    }

    /// Codes a sample in order into the columns. `last`: the sample of the series before it.
    fn code(&mut self, series: &mut Series, last: Option<&Value>, at: i64, value: &Value) {
        let is_known = series.log_epoch == self.log.epoch;
        let last = last.filter(|_| is_known && !series.log_has_other);
        series.log_has_other = false;
        if !is_known {
            series.log_epoch = self.log.epoch;
            series.log_scale = 0;
        }
        match (value, last) {
            (Value::Float(bits), last) => {
                let scale = series.log_scale;
                let (nibble, scale) = match last {
                    Some(Value::Float(before)) => {
                        let before = Predecessor { bits: *before, scale };
                        value::encode(Some(before), *bits, &mut self.columns.payload)
                    }
                    _ => value::encode_fresh(*bits, scale, &mut self.columns.payload),
                };
                series.log_scale = scale;
                self.columns.ids.push(series.id);
                self.columns.times.push(at);
                self.columns.nibbles.push(nibble);
            }
            (Value::Histogram(histogram), Some(Value::Histogram(before))) => {
                self.histograms.push(series.id, at, histogram, Some(before));
            }
            (Value::Histogram(histogram), _) => {
                self.histograms.push(series.id, at, histogram, None);
            }
        }
    }
}

/// What the checks of a batch found, beside what is in the writer.
#[derive(Default)]
struct Checked {
    before: Before,
    refused: usize,
}

impl Shared {
    /// Stores a batch.
    pub(crate) fn commit(&self, batch: &Batch) -> Result<Committed, CommitError> {
        let mut guard = self.writer.lock();
        let writer = &mut *guard;
        if self.config.sync() == SyncPolicy::Always
            && let Err(source) = self.sync_inherited_files()
        {
            // Later commits define their series anew and lean on nothing that may be lost.
            writer.log.lean_on_nothing(&source);
            return Err(CommitError::Log { source });
        }
        let next_id = self.head.index.read().next_id;
        writer.log.begin(self.head.counts.series.load(Ordering::Relaxed), next_id)?;
        if std::mem::take(&mut writer.log.wants_definitions) {
            self.forget_definitions();
        }
        let before_len = writer.log.segment_len();
        let logged = self.log_batch(writer, batch);
        let (checked, exemplars) = match logged {
            Ok(logged) => logged,
            Err(source) => {
                writer.log.abandon();
                return Err(CommitError::Log { source });
            }
        };
        writer.log.write().map_err(|source| CommitError::Log { source })?;
        if self.config.sync() == SyncPolicy::Always {
            let begun = self.clock.monotonic();
            let outcome = writer.log.sync_commit();
            self.observed.sync_seconds.observe_duration(self.clock.monotonic() - begun);
            outcome.map_err(|source| CommitError::Log { source })?;
        }
        let written = writer.log.segment_len() - before_len;
        self.observed.log_bytes_written.add(written);
        self.uncovered_bytes.fetch_add(written, Ordering::Relaxed);
        let refused = checked.refused;
        self.apply(writer, &batch.samples, checked.before);
        if !batch.metadata.is_empty() {
            let mut known = self.head.metadata.write();
            for (family, metadata) in &batch.metadata {
                known.insert(family.clone(), metadata.clone());
            }
        }
        self.observed.out_of_order_appended.add(writer.out_of_order.len() as u64);
        self.observed.out_of_order.add(refused as u64);
        Ok(Committed {
            samples: writer.accepted.len() + writer.out_of_order.len(),
            series_created: 0,
            out_of_order: refused,
            exemplars: self.apply_exemplars(exemplars),
        })
    }

    /// Writes the batch's records into the log's buffer.
    fn log_batch<'e>(
        &self,
        writer: &mut Writer,
        batch: &'e Batch,
    ) -> io::Result<(Checked, Vec<(SeriesRef, &'e Exemplar)>)> {
        let checked = self.log_samples(writer, &batch.samples)?;
        let exemplars = self.newer_exemplars(writer.number, &batch.exemplars);
        log_exemplars(writer, &exemplars)?;
        if !batch.metadata.is_empty() {
            let families = batch.metadata.iter().map(|(name, what)| (name.as_str(), what));
            writer.log.push(RecordKind::Metadata, |_, out| push_metadata(out, families))?;
        }
        Ok((checked, exemplars))
    }

    /// Checks samples against their series, which other batches may have written meanwhile, and
    /// logs the accepted ones.
    fn log_samples(&self, writer: &mut Writer, samples: &[Pending]) -> io::Result<Checked> {
        writer.number = writer.number.wrapping_add(1).max(1);
        writer.accepted.clear();
        writer.out_of_order.clear();
        writer.columns.clear();
        writer.histograms.clear();
        writer.new_series.clear();
        let bounds = self.bounds_of_commits();
        let mut checked = Checked::default();
        checked.before.times.reserve(samples.len());
        let mut slab = self.head.slab.writer();
        for (index, sample) in samples.iter().enumerate() {
            let (id, slot) = split_ref(sample.series);
            let Some(series) = slab.get(slot).filter(|series| series.id == id) else {
                checked.refused += 1;
                continue;
            };
            let earlier = (series.mark.0 == writer.number)
                .then(|| samples.get(series.mark.1 as usize))
                .flatten()
                .filter(|earlier| earlier.series == sample.series)
                .map(|earlier| (earlier.at, earlier.value.clone()));
            let is_first = earlier.is_none();
            let newest = earlier.or_else(|| series.newest());
            let verdict = judge(bounds, newest.as_ref(), sample.at, &sample.value);
            match verdict {
                Verdict::InOrder | Verdict::OutOfOrder if !series.is_logged && is_first => {
                    writer.new_series.push((id, slot));
                }
                Verdict::InOrder | Verdict::OutOfOrder => {}
                Verdict::SameAgain => continue,
                Verdict::Refused(_) => {
                    checked.refused += 1;
                    continue;
                }
            }
            if verdict == Verdict::OutOfOrder {
                writer.out_of_order.push(index);
                continue;
            }
            if is_first {
                checked.before.times.push((slot, newest.as_ref().map_or(i64::MIN, |(at, _)| *at)));
            }
            series.mark = (writer.number, u32::try_from(index).unwrap_or(u32::MAX));
            let last = newest.map(|(_, value)| value);
            // A record of floats comes before one of histograms: a series that turns from one to
            // the other within the commit needs new records.
            let turns = !is_first
                && last.as_ref().is_some_and(|last| last.is_float() != sample.value.is_float());
            if turns || writer.columns.len() >= RECORD_SAMPLES_MAX {
                slab.release();
                self.log_columns(writer, true)?;
                let Some(series) = slab.get(slot) else { continue };
                writer.code(series, last.as_ref(), sample.at, &sample.value);
            } else {
                writer.code(series, last.as_ref(), sample.at, &sample.value);
            }
            writer.accepted.push(index);
        }
        drop(slab);
        self.log_columns(writer, !writer.out_of_order.is_empty())?;
        if !writer.out_of_order.is_empty() {
            let places = writer.out_of_order.iter();
            let late: Vec<&Pending> = places.filter_map(|index| samples.get(*index)).collect();
            let late =
                late.iter().map(|sample| (split_ref(sample.series).0, sample.at, &sample.value));
            writer
                .log
                .push(RecordKind::OutOfOrder, |_, out| push_out_of_order(out, false, late))?;
        }
        Ok(checked)
    }

    /// Writes what the columns hold, and before it the series that are new.
    fn log_columns(&self, writer: &mut Writer, goes_on: bool) -> io::Result<()> {
        self.log_new_series(writer)?;
        writer.new_series.clear();
        let (columns, histograms) = (&writer.columns, &writer.histograms);
        if columns.len() > 0 {
            let goes_on = goes_on || !histograms.is_empty();
            writer.log.push(RecordKind::Samples, |coder, out| {
                coder.encode(columns, goes_on, out);
            })?;
        }
        if !histograms.is_empty() {
            writer.log.push(RecordKind::Histograms, |_, out| histograms.encode(goes_on, out))?;
        }
        writer.columns.clear();
        writer.histograms.clear();
        Ok(())
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

    fn log_new_series(&self, writer: &mut Writer) -> io::Result<()> {
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
    fn apply(&self, writer: &mut Writer, samples: &[Pending], mut before: Before) {
        let Writer { accepted, out_of_order, newer, .. } = writer;
        let late = out_of_order.iter().filter_map(|index| samples.get(*index));
        let mut slab = self.head.slab.writer();
        for sample in late.clone() {
            let (_, slot) = split_ref(sample.series);
            before.note_out_of_order(slot, slab.get(slot).and_then(|series| series.out_of_order()));
        }
        slab.release();
        let commit = self.head.visibility.begin(before);
        let (mut oldest, mut newest, mut chunks) = (i64::MAX, i64::MIN, 0);
        let (mut floats, mut histograms) = (0, 0);
        for sample in accepted.iter().filter_map(|index| samples.get(*index)) {
            let (_, slot) = split_ref(sample.series);
            let series = slab.get(slot).expect("series go only while no commit runs");
            series.is_logged = true;
            if let Some(newer) = newer
                && series.begin_newer()
            {
                newer.push(slot);
            }
            chunks += series.append(sample.at, &sample.value);
            oldest = oldest.min(sample.at);
            newest = newest.max(sample.at);
            *if sample.value.is_float() { &mut floats } else { &mut histograms } += 1;
        }
        for sample in late {
            let (_, slot) = split_ref(sample.series);
            let series = slab.get(slot).expect("series go only while no commit runs");
            series.is_logged = true;
            series.change_out_of_order(|kept| {
                kept.insert(sample.at, sample.value.clone(), commit);
            });
            oldest = oldest.min(sample.at);
            newest = newest.max(sample.at);
            *if sample.value.is_float() { &mut floats } else { &mut histograms } += 1;
        }
        drop(slab);
        self.head.note_samples(oldest, newest, chunks);
        self.head.visibility.finish();
        self.observed.samples_appended.add(floats);
        self.observed.histograms_appended.add(histograms);
    }
}

fn log_exemplars(writer: &mut Writer, exemplars: &[(SeriesRef, &Exemplar)]) -> io::Result<()> {
    for part in exemplars.chunks(RECORD_EXEMPLARS_MAX) {
        let named = part.iter().map(|(series, exemplar)| (split_ref(*series).0, *exemplar));
        writer.log.push(RecordKind::Exemplars, |_, out| push_exemplars(out, named))?;
    }
    Ok(())
}
