//! Reads the files of a Prometheus head, in the order in which Prometheus reads them.
//!
//! Head chunks come first, because the log need not give again what stands in them; then the
//! checkpoint and the log; then the log of out-of-order samples, which names no series itself.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;

use camino::Utf8Path;
use narthex_model::{Exemplar, Labels, Metadata, MetricType};
use narthex_platform::{Disk, FileBytes};

use super::chunk_files::{self, HeadChunks};
use super::files::{File, Files, Numbered};
use super::frames::{Next, Records};
use super::record::{Record, Ref, Sample, Value};
use super::scratch::Scratch;
use super::{ImportError, Progress};
use crate::Damaged;

/// As many exemplars as Prometheus holds at most by default.
const EXEMPLARS_MAX: usize = 100_000;
/// Who has more places damaged has lost the disk; these tell enough.
const DAMAGED_MAX: usize = 1_000;
/// How many bytes are read between two looks at the clock and the way out.
const STEP_BYTES: usize = 1 << 20;
/// Files up to this are read, not mapped: Prometheus reserves 128 KiB for a new file of chunks, and
/// cuts what it did not need of that, which it may do while a command looks at its folder.
const YOUNG_BYTES: u64 = 1 << 20;
/// No file of a Prometheus head is longer than 256 MiB.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// What was found beside samples.
pub(super) struct Gathered {
    pub(super) scratch: Scratch,
    pub(super) chunk_files: Vec<FileBytes>,
    pub(super) damaged: Vec<Damaged>,
    pub(super) exemplars: VecDeque<(Labels, Exemplar)>,
    pub(super) metadata: HashMap<String, Metadata>,
    /// Histograms and records that only a later version understands.
    pub(super) unknown: u64,
    /// Histograms whose start times no chunk of ours can hold.
    pub(super) starts_dropped: u64,
}

pub(super) struct Gather<'a> {
    disk: &'a dyn Disk,
    folder: &'a Utf8Path,
    progress: &'a Progress,
    /// In-order samples before this stand in a block.
    valid_from: i64,
    /// Files that an earlier import took.
    imported: HashSet<&'a File>,
    found: Gathered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    InOrder,
    OutOfOrder,
}

impl<'a> Gather<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        folder: &'a Utf8Path,
        progress: &'a Progress,
        (scratch, valid_from): (Scratch, i64),
        imported: &'a [File],
    ) -> Self {
        let found = Gathered {
            scratch,
            chunk_files: Vec::new(),
            damaged: Vec::new(),
            exemplars: VecDeque::new(),
            metadata: HashMap::new(),
            unknown: 0,
            starts_dropped: 0,
        };
        let imported = imported.iter().collect();
        Self { disk, folder, progress, valid_from, imported, found }
    }

    pub(super) fn read(mut self, files: &Files) -> Result<Gathered, ImportError> {
        for path in &files.missing {
            self.report(path, 0, "a segment is missing", false);
        }
        for (index, file) in files.chunks.iter().enumerate() {
            // The newest file may have grown without changing its size, which is reserved ahead.
            let is_newest = index + 1 == files.chunks.len();
            self.chunks(file, self.imported.contains(&file.file) && !is_newest)?;
        }
        for segment in files.checkpoint.iter().chain(&files.log) {
            self.log(&segment.file, Log::InOrder)?;
        }
        for segment in &files.out_of_order_log {
            if self.imported.contains(&segment.file) {
                self.progress.bytes_done.fetch_add(segment.file.bytes, Ordering::Relaxed);
            } else {
                self.log(&segment.file, Log::OutOfOrder)?;
            }
        }
        Ok(self.found)
    }

    fn map(&self, file: &File) -> Result<FileBytes, ImportError> {
        let path = self.folder.join(&file.path);
        let bytes = if file.bytes <= YOUNG_BYTES {
            self.disk.read(&path, FILE_BYTES_MAX).map(FileBytes::from_bytes)
        } else {
            self.disk.map(&path)
        };
        bytes.map_err(|source| ImportError::Read { path, source })
    }

    /// `path` is within the data folder.
    fn report(&mut self, path: &str, offset: u64, what: &str, is_torn_tail: bool) {
        let path = self.folder.join(path);
        let told = self.found.damaged.len();
        if told <= DAMAGED_MAX {
            let what = if told < DAMAGED_MAX { what } else { "more damage than is told" };
            self.found.damaged.push(Damaged { path, offset, what: what.to_owned(), is_torn_tail });
        }
    }

    /// Notes progress; an error when the import shall end.
    fn step(&self, bytes: usize) -> Result<(), ImportError> {
        self.progress.bytes_done.fetch_add(bytes as u64, Ordering::Relaxed);
        self.progress.samples.store(self.found.scratch.counts.samples, Ordering::Relaxed);
        if self.progress.stop.load(Ordering::Relaxed) { Err(ImportError::Stopped) } else { Ok(()) }
    }

    fn chunks(&mut self, file: &Numbered, is_imported: bool) -> Result<(), ImportError> {
        let bytes = self.map(&file.file)?;
        let index = u32::try_from(self.found.chunk_files.len()).unwrap_or(u32::MAX);
        let mut chunks = HeadChunks::new(&bytes);
        let mut told = 0;
        loop {
            match chunks.next() {
                chunk_files::Next::End => break,
                chunk_files::Next::Chunk(chunk) => {
                    self.found.scratch.chunk(file.number, index, &chunk, is_imported);
                }
                chunk_files::Next::Unknown { offset, encoding } => {
                    self.found.scratch.distrust_chunks();
                    let what = format!("a chunk of the unknown encoding {encoding}");
                    self.report(&file.file.path, offset as u64, &what, false);
                }
                chunk_files::Next::Damaged { offset, what } => {
                    self.found.scratch.distrust_chunks();
                    self.report(&file.file.path, offset as u64, what, false);
                }
            }
            let read = chunks.offset() - told;
            if read >= STEP_BYTES {
                told += read;
                self.step(read)?;
            }
        }
        self.found.chunk_files.push(bytes.clone());
        self.step(bytes.len() - told)
    }

    fn log(&mut self, file: &File, log: Log) -> Result<(), ImportError> {
        let bytes = self.map(file)?;
        let mut records = Records::new(bytes.clone());
        let mut told = 0;
        loop {
            match records.next() {
                Next::End => break,
                Next::Record { offset, bytes } => match Record::read(bytes) {
                    Ok(record) => self.record(record, log)?,
                    Err(_) => {
                        let what = "a record whose content is not right";
                        self.report(&file.path, offset, what, false);
                    }
                },
                Next::Damaged { offset, what, is_torn_tail } => {
                    self.report(&file.path, offset, what, is_torn_tail);
                }
            }
            let read = records.offset() - told;
            if read >= STEP_BYTES {
                told += read;
                self.step(read)?;
            }
        }
        self.step(bytes.len() - told)
    }

    fn record(&mut self, record: Record, log: Log) -> Result<(), ImportError> {
        match (record, log) {
            (Record::Samples { samples, unknown }, log) => {
                self.found.unknown += unknown as u64;
                for sample in samples {
                    self.sample(sample, log)?;
                }
            }
            (Record::Series(list), Log::InOrder) => {
                for (name, labels) in list {
                    self.found.scratch.define(name, labels).map_err(ImportError::spill)?;
                }
            }
            (Record::Tombstones(list), Log::InOrder) => {
                list.into_iter().for_each(|tombstone| self.found.scratch.tombstone(tombstone));
            }
            (Record::Exemplars(list), Log::InOrder) => {
                list.into_iter().for_each(|(name, exemplar)| self.exemplar(name, exemplar));
            }
            (Record::Metadata(list), Log::InOrder) => {
                list.into_iter().for_each(|(name, metadata)| self.metadata(name, metadata));
            }
            (Record::Markers(list), Log::OutOfOrder) => {
                for marker in list {
                    self.found.scratch.marker(marker).map_err(ImportError::spill)?;
                }
            }
            (Record::Unknown(_), _) => self.found.unknown += 1,
            // Prometheus passes over what does not belong into the log in which it stands.
            (
                Record::Series(_)
                | Record::Tombstones(_)
                | Record::Exemplars(_)
                | Record::Metadata(_)
                | Record::Markers(_),
                Log::InOrder | Log::OutOfOrder,
            ) => {}
        }
        Ok(())
    }

    fn sample(&mut self, sample: Sample, log: Log) -> Result<(), ImportError> {
        if sample.start != 0 && matches!(sample.value, Value::Histogram(_)) {
            self.found.starts_dropped += 1;
        }
        let scratch = &mut self.found.scratch;
        let taken = match log {
            Log::InOrder => scratch.sample(sample),
            Log::OutOfOrder => scratch.out_of_order(sample),
        };
        taken.map_err(ImportError::spill)
    }

    fn exemplar(&mut self, name: Ref, exemplar: Exemplar) {
        if exemplar.at.millis() < self.valid_from {
            return;
        }
        let Some(labels) = self.found.scratch.labels_of(name) else { return };
        let labels = labels.clone();
        if self.found.exemplars.len() == EXEMPLARS_MAX {
            self.found.exemplars.pop_front();
        }
        self.found.exemplars.push_back((labels, exemplar));
    }

    fn metadata(&mut self, name: Ref, metadata: Metadata) {
        let Some(labels) = self.found.scratch.labels_of(name) else { return };
        let Some(metric) = labels.metric_name() else { return };
        let family = family(metric, metadata.metric_type).to_owned();
        self.found.metadata.insert(family, metadata);
    }
}

/// The family of a metric: Prometheus keeps what is known of it by series.
fn family(metric: &str, metric_type: MetricType) -> &str {
    let suffixes: &[&str] = match metric_type {
        MetricType::Histogram => &["_bucket", "_sum", "_count"],
        MetricType::GaugeHistogram => &["_bucket", "_gsum", "_gcount", "_sum", "_count"],
        MetricType::Summary => &["_sum", "_count"],
        MetricType::Counter
        | MetricType::Gauge
        | MetricType::Info
        | MetricType::StateSet
        | MetricType::Unknown => &[],
    };
    let stripped = suffixes.iter().find_map(|suffix| metric.strip_suffix(suffix));
    stripped.unwrap_or(metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_named_without_the_suffixes_of_its_type() {
        assert_eq!(family("latency_bucket", MetricType::Histogram), "latency");
        assert_eq!(family("latency", MetricType::Histogram), "latency");
        assert_eq!(family("rpc_count", MetricType::Summary), "rpc");
        assert_eq!(family("rpc_count", MetricType::Counter), "rpc_count");
    }
}
