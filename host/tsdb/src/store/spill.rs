//! Full chunks leave memory: a round writes those that are there into mapped files of the head.
//!
//! A disk that refuses costs memory only: the chunks stay where they are and the next round tries
//! again. What the head holds is bounded by the block range, so this is too.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{MaintenanceError, Shared};
use crate::head::chunk_files::{self, NewFile, Place};
use crate::head::series::{SeriesId, Slot};

/// Slots looked at under one hold of a lock.
const STEP_SLOTS: Slot = 256;
/// Less than this is not worth a file.
const BYTES_MIN: usize = 1 << 20;

/// A chunk that was copied into a file.
struct Copied {
    slot: Slot,
    id: SeriesId,
    first_at: i64,
    place: Place,
}

impl Shared {
    /// Moves full chunks from memory into files.
    pub(crate) fn spill_chunks(&self) -> Result<(), MaintenanceError> {
        self.spill_chunks_beyond(BYTES_MIN)
    }

    pub(crate) fn spill_chunks_beyond(&self, bytes_min: usize) -> Result<(), MaintenanceError> {
        if !self.is_replayed() || self.chunk_bytes_in_memory() < bytes_min {
            return Ok(());
        }
        let end = self.head.index.read().slots_end();
        let (mut file, mut copied) = (self.new_chunk_file(), Vec::new());
        for start in (0..end).step_by(STEP_SLOTS as usize) {
            let mut slab = self.head.slab.reader();
            for slot in start..end.min(start + STEP_SLOTS) {
                let Some(series) = slab.get(slot) else { continue };
                for chunk in series.sealed.iter().filter(|chunk| chunk.is_in_memory()) {
                    let Ok(bytes) = chunk.bytes() else { continue };
                    if let Some(place) = file.push(chunk.encoding, bytes) {
                        let (id, first_at) = (series.id, chunk.first_at);
                        copied.push(Copied { slot, id, first_at, place });
                    }
                }
            }
            drop(slab);
            if file.is_full() {
                self.spill(file, &copied)?;
                (file, copied) = (self.new_chunk_file(), Vec::new());
            }
        }
        if !file.is_empty() {
            self.spill(file, &copied)?;
        }
        Ok(())
    }

    fn new_chunk_file(&self) -> NewFile {
        NewFile::new(self.chunk_file_number.fetch_add(1, Ordering::Relaxed))
    }

    fn chunk_bytes_in_memory(&self) -> usize {
        let end = self.head.index.read().slots_end();
        let mut slab = self.head.slab.reader();
        let bytes = (0..end).filter_map(|slot| {
            let sealed = slab.get(slot)?.sealed.iter();
            Some(sealed.map(|chunk| chunk.heap_bytes()).sum::<usize>())
        });
        bytes.sum()
    }

    fn spill(&self, file: NewFile, copied: &[Copied]) -> Result<(), MaintenanceError> {
        let data = self.config.folder();
        let file = file.finish(&self.disk, data).map_err(|source| {
            MaintenanceError::HeadChunks { path: chunk_files::folder(data), source }
        })?;
        let mut slab = self.head.slab.writer();
        for Copied { slot, id, first_at, place } in copied {
            let Some(series) = slab.get(*slot).filter(|series| series.id == *id) else { continue };
            let chunk = series.sealed.iter_mut().find(|chunk| chunk.first_at == *first_at);
            // It may have gone meanwhile, or have become another.
            if let Some(chunk) = chunk
                && chunk.is_in_memory()
            {
                chunk.move_to(Arc::clone(&file), *place);
                self.observed.chunks_mapped.increment();
            }
        }
        Ok(())
    }
}
