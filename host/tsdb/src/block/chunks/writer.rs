//! Writes chunk files: frames one after another, a new segment when one is full.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::Disk;

use super::super::error::BlockWriteError;
use super::super::frame::SUM_BYTES;
use super::super::sink::Sink;
use super::{CHUNKS_FOLDER, ChunkPlace, ChunkView, ENCODING_BYTES, HEADER_BYTES, MAGIC, VERSION};
use crate::encoding::varint;

/// As large as Prometheus' segments; references have room for eight times as much.
const SEGMENT_BYTES_MAX: u64 = 512 << 20;
/// What Prometheus reserves for a frame's length when it decides whether a segment is full.
const LENGTH_BYTES_MAX: u64 = 5;

pub(in super::super) struct ChunkWriter {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    segment_bytes_max: u64,
    /// Segments begun so far; the last one is open.
    segments: u32,
    open: Option<Sink>,
    scratch: Vec<u8>,
}

impl ChunkWriter {
    /// Creates the folder within the block's.
    pub(in super::super) fn create(
        disk: &Arc<dyn Disk>,
        block: &Utf8Path,
    ) -> Result<Self, BlockWriteError> {
        let folder = block.join(CHUNKS_FOLDER);
        disk.create_folder(&folder).map_err(BlockWriteError::io("create", &folder))?;
        Ok(Self {
            disk: Arc::clone(disk),
            folder,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            segments: 0,
            open: None,
            scratch: Vec::new(),
        })
    }

    pub(in super::super) fn with_segment_bytes(mut self, max: u64) -> Self {
        self.segment_bytes_max = max;
        self
    }

    /// Writes the chunks of one series. Where a segment ends depends on the chunks of the series
    /// as in Prometheus, so that the same series give the same files.
    pub(in super::super) fn write(
        &mut self,
        chunks: &[ChunkView<'_>],
        places: &mut Vec<ChunkPlace>,
    ) -> Result<(), BlockWriteError> {
        let written = self.open.as_ref().map_or(0, Sink::position);
        let mut joins_open_segment = written > HEADER_BYTES as u64;
        let mut batch = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            let size = LENGTH_BYTES_MAX + (ENCODING_BYTES + chunk.bytes.len() + SUM_BYTES) as u64;
            batch += size;
            let is_full = if joins_open_segment {
                batch + written > self.segment_bytes_max
            } else {
                index > 0 && batch + HEADER_BYTES as u64 > self.segment_bytes_max
            };
            if is_full {
                joins_open_segment = false;
                batch = size;
                self.close_segment()?;
            }
            places.push(self.append(chunk)?);
        }
        Ok(())
    }

    fn append(&mut self, chunk: &ChunkView<'_>) -> Result<ChunkPlace, BlockWriteError> {
        if self.open.is_none() {
            self.open = Some(self.next_segment()?);
        }
        let sink = self.open.as_mut().expect("opened above");
        let offset = u32::try_from(sink.position()).map_err(|_| BlockWriteError::TooLarge {
            what: "a chunk segment",
            bytes_max: u64::from(u32::MAX),
        })?;
        self.scratch.clear();
        varint::push_unsigned(&mut self.scratch, chunk.bytes.len() as u64);
        sink.write(&self.scratch)?;
        sink.start_sum();
        sink.write(&[chunk.encoding.number()])?;
        sink.write(chunk.bytes)?;
        sink.write_sum()?;
        Ok(ChunkPlace {
            reference: u64::from(self.segments - 1) << 32 | u64::from(offset),
            first_at: chunk.first_at,
            last_at: chunk.last_at,
        })
    }

    fn next_segment(&mut self) -> Result<Sink, BlockWriteError> {
        self.segments += 1;
        let path = self.folder.join(format!("{:06}", self.segments));
        let mut sink = Sink::create(&*self.disk, &path)?;
        sink.write_u32(MAGIC)?;
        sink.write(&[VERSION, 0, 0, 0])?;
        Ok(sink)
    }

    fn close_segment(&mut self) -> Result<(), BlockWriteError> {
        self.open.take().map_or(Ok(()), |sink| sink.finish().map(drop))
    }

    /// Makes the files and their names durable.
    pub(in super::super) fn finish(mut self) -> Result<(), BlockWriteError> {
        self.close_segment()?;
        let failed = BlockWriteError::io("sync", &self.folder);
        self.disk.sync_folder(&self.folder).map_err(failed)
    }
}
