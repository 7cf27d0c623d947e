//! The chunks of one series that several blocks hold become one ascending list.
//!
//! Invariant: a chunk that nothing overlaps, of which nothing is deleted and whose encoding is
//! wished for goes on as the bytes it is. Where two parts hold a sample of the same time, that of the first part counts.

use narthex_model::Labels;
use narthex_storage::{Columns, merge_columns};

use super::adapt::adapt;
use crate::block::{ChunkView, Interval, remove_deleted};
use crate::encoding::{self, Chunk, Damage, FloatEncoding};

/// A series as one source holds it.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) labels: Labels,
    /// Ascending in time, unless another program wrote them otherwise.
    pub(crate) chunks: Vec<Piece<'a>>,
    /// Ascending in time.
    pub(crate) deleted: Vec<Interval>,
}

/// A chunk whose bytes lie in a mapped file, or were just made.
#[derive(Clone, Debug)]
pub(crate) enum Piece<'a> {
    Mapped(ChunkView<'a>),
    Made(Chunk),
}

impl Piece<'_> {
    pub(crate) fn view(&self) -> ChunkView<'_> {
        match self {
            Self::Mapped(view) => *view,
            Self::Made(chunk) => ChunkView::from(chunk),
        }
    }
}

/// A chunk with the place of its part among the parts.
struct Ranked<'a> {
    rank: usize,
    piece: Piece<'a>,
    /// Whether not all of it goes on.
    is_cut: bool,
}

/// What of the parts lies in `range` and is not deleted, as chunks that ascend and do not overlap.
///
/// # Errors
/// When a chunk that must be decoded is damaged.
pub(crate) fn unite<'a>(
    parts: Vec<Part<'a>>,
    range: Interval,
    floats: FloatEncoding,
) -> Result<Vec<Piece<'a>>, Damage> {
    let mut deleted = Vec::with_capacity(parts.len());
    let mut chunks = Vec::new();
    for (rank, part) in parts.into_iter().enumerate() {
        for piece in part.chunks {
            if let Some(is_cut) = fate(&piece.view(), range, &part.deleted) {
                chunks.push(Ranked { rank, piece, is_cut });
            }
        }
        deleted.push(part.deleted);
    }
    chunks.sort_by_key(|chunk| (chunk.piece.view().first_at, chunk.rank));
    let mut united = Vec::with_capacity(chunks.len());
    let mut group: Vec<Ranked<'a>> = Vec::new();
    let mut end = i64::MIN;
    for chunk in chunks {
        let view = chunk.piece.view();
        let (first_at, last_at) = (view.first_at, view.last_at);
        if first_at > end || group.is_empty() {
            push_group(&mut group, range, &deleted, floats, &mut united)?;
            end = last_at;
        }
        end = end.max(last_at);
        group.push(chunk);
    }
    push_group(&mut group, range, &deleted, floats, &mut united)?;
    adapt(united, floats)
}

/// Whether a chunk is cut by the range or by what is deleted; `None`: nothing of it is left.
fn fate(chunk: &ChunkView<'_>, range: Interval, deleted: &[Interval]) -> Option<bool> {
    if chunk.last_at < range.start || chunk.first_at > range.end {
        return None;
    }
    if Interval::cover(deleted, chunk.first_at, chunk.last_at) {
        return None;
    }
    let touching = Interval::first_from(deleted, chunk.first_at);
    let is_touched = touching.is_some_and(|gone| gone.start <= chunk.last_at);
    let is_inside = range.contains(chunk.first_at) && range.contains(chunk.last_at);
    Some(is_touched || !is_inside)
}

/// Samples of one part, ascending.
struct List {
    rank: usize,
    last_at: i64,
    columns: Columns,
}

/// The samples of a group. A part has one list, or several where its own chunks overlap, as those of
/// blocks that others wrote may.
struct Lists(Vec<List>);

impl Lists {
    /// Adds what of a chunk of a part lies in `range`.
    fn decode(
        &mut self,
        rank: usize,
        chunk: &ChunkView<'_>,
        range: Interval,
    ) -> Result<(), Damage> {
        let takes = |list: &&mut List| list.rank == rank && list.last_at < chunk.first_at;
        if let Some(list) = self.0.iter_mut().find(takes) {
            return list.decode(chunk, range);
        }
        let mut list = List { rank, last_at: i64::MIN, columns: Columns::default() };
        list.decode(chunk, range)?;
        self.0.push(list);
        Ok(())
    }
}

impl List {
    fn decode(&mut self, chunk: &ChunkView<'_>, range: Interval) -> Result<(), Damage> {
        self.last_at = chunk.last_at;
        let (start, end) = (range.start, range.end);
        encoding::decode(chunk.encoding, chunk.bytes, start, end, &mut self.columns)
    }
}

/// Passes on a group of chunks that overlap, and leaves it empty.
fn push_group<'a>(
    group: &mut Vec<Ranked<'a>>,
    range: Interval,
    deleted: &[Vec<Interval>],
    floats: FloatEncoding,
    out: &mut Vec<Piece<'a>>,
) -> Result<(), Damage> {
    let mut chunks = std::mem::take(group);
    // Blocks that were made twice of the same head hold the same chunks.
    chunks.dedup_by(|later, first| {
        !later.is_cut && !first.is_cut && later.piece.view() == first.piece.view()
    });
    match chunks.pop() {
        None => return Ok(()),
        Some(only) if chunks.is_empty() && !only.is_cut => {
            out.push(only.piece);
            return Ok(());
        }
        Some(last) => chunks.push(last),
    }
    let mut lists = Lists(Vec::new());
    for Ranked { rank, piece, .. } in &chunks {
        lists.decode(*rank, &piece.view(), range)?;
    }
    for List { rank, columns, .. } in &mut lists.0 {
        remove_deleted(columns, (0, 0), deleted.get(*rank).map_or(&[], Vec::as_slice));
    }
    // The sort keeps the order of the lists of one part.
    lists.0.sort_by_key(|list| list.rank);
    let columns = lists.0.into_iter().map(|list| list.columns).collect();
    let mut merged = Columns::default();
    merge_columns(columns, &mut merged);
    let mut made = Vec::new();
    encoding::encode(&merged, floats, &mut made);
    out.extend(made.into_iter().map(Piece::Made));
    Ok(())
}

#[cfg(test)]
mod tests;
