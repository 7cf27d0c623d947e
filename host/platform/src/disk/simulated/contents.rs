//! The bytes of one file: as the running system sees them, and as a power cut would leave them.

use std::ops::Range;

use super::state::Chance;

/// What tears apart: the unit in which unsynced bytes survive a power cut or do not.
const PAGE_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Contents {
    /// As the running system sees it.
    pub(super) bytes: Vec<u8>,
    /// As it is certain to be after a power cut.
    durable: Vec<u8>,
    /// The shortest the file was cut to since its last sync: what is durable beyond is of before.
    cut_to: Option<usize>,
    /// Ranges whose sync failed: they stay unsynced for ever.
    lost: Vec<Range<usize>>,
}

impl Contents {
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.bytes.len() {
            return;
        }
        self.bytes.truncate(len);
        if len < self.durable.len() {
            self.cut_to = Some(self.cut_to.map_or(len, |shortest| shortest.min(len)));
        }
        // What is written there from now on is other data.
        for lost in &mut self.lost {
            lost.end = lost.end.min(len);
        }
        self.lost.retain(|lost| lost.start < lost.end);
    }

    pub(super) fn sync(&mut self) {
        if let Some(len) = self.cut_to.take() {
            self.durable.truncate(len);
        }
        let synced = self.durable.len();
        self.durable.extend_from_slice(self.bytes.get(synced..).unwrap_or_default());
    }

    /// A sync failed: what it should have made durable never becomes so.
    pub(super) fn lose_unsynced(&mut self) {
        let synced = self.cut_to.unwrap_or(self.durable.len());
        if self.bytes.len() > synced {
            self.lost.push(synced..self.bytes.len());
        }
    }

    pub(super) fn flip(&mut self, bit: u64) {
        let index = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        for bytes in [&mut self.bytes, &mut self.durable] {
            if let Some(byte) = bytes.get_mut(index) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// What a power cut leaves.
    pub(super) fn tear(&mut self, chance: &mut Chance) {
        // A cut that was not synced happened or did not; what was written after it neither.
        let is_cut = self.cut_to.is_none() || chance.below(2) == 0;
        if is_cut {
            if let Some(len) = self.cut_to {
                self.durable.truncate(len);
            }
            let synced = self.durable.len();
            let grown = self.bytes.len().saturating_sub(synced);
            let kept = synced + chance.below(grown + 1);
            let mut tail = self.bytes.get(synced..kept).unwrap_or_default().to_vec();
            // Half of the cuts lose the end only, the other half lose pages in between as well.
            if chance.below(2) == 0 {
                for page in tail.chunks_mut(PAGE_BYTES) {
                    if chance.below(3) == 0 {
                        page.fill(0);
                    }
                }
            }
            self.durable.extend_from_slice(&tail);
        }
        self.cut_to = None;
        for lost in self.lost.drain(..) {
            let end = lost.end.min(self.durable.len());
            if let Some(range) = self.durable.get_mut(lost.start..end) {
                range.fill(0);
            }
        }
        self.bytes.clone_from(&self.durable);
    }
}
