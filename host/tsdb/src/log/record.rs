//! Records that stand by themselves: series, metadata, chunks, the end of a checkpoint.
//!
//! Each carries its own strings, so that damage elsewhere cannot make it unreadable.

use std::collections::HashMap;

use narthex_model::{Labels, Metadata, MetricType};

use super::definitions::Definitions;
use crate::encoding::Damage;
use crate::encoding::varint::{Cursor, push_bytes, push_signed, push_unsigned};
use crate::head::series::SeriesId;

/// Series of one record: enough to share their strings, few enough to buffer.
pub(crate) const RECORD_SERIES_MAX: usize = 4096;

/// Writes series with their labels: the strings once, then pairs of numbers.
pub(crate) fn push_series(out: &mut Vec<u8>, series: &[(SeriesId, Labels)]) {
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    let mut texts = Vec::new();
    let mut body = Vec::new();
    let mut before = 0;
    push_unsigned(&mut body, series.len() as u64);
    for (id, labels) in series {
        push_unsigned(&mut body, id.wrapping_sub(before));
        before = *id;
        push_unsigned(&mut body, labels.len() as u64);
        for text in labels.iter().flat_map(|(name, value)| [name, value]) {
            let number = *numbers.entry(text).or_insert_with(|| {
                texts.push(text);
                texts.len() as u64 - 1
            });
            push_unsigned(&mut body, number);
        }
    }
    push_unsigned(out, texts.len() as u64);
    for text in texts {
        push_bytes(out, text.as_bytes());
    }
    out.extend_from_slice(&body);
}

/// Reads what [`push_series`] wrote.
pub(crate) fn read_series(payload: &[u8]) -> Result<Vec<(SeriesId, Labels)>, Damage> {
    let found = Definitions::read(payload)?;
    Ok(found.series().map(|(id, pairs)| (id, found.labels(pairs))).collect())
}

const TYPES: [MetricType; 8] = [
    MetricType::Unknown,
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
    MetricType::Summary,
    MetricType::Info,
    MetricType::StateSet,
];

/// Writes what metric families are.
pub(crate) fn push_metadata<'a>(
    out: &mut Vec<u8>,
    families: impl ExactSizeIterator<Item = (&'a str, &'a Metadata)>,
) {
    push_unsigned(out, families.len() as u64);
    for (family, metadata) in families {
        push_bytes(out, family.as_bytes());
        let code = TYPES.iter().position(|known| *known == metadata.metric_type);
        push_unsigned(out, code.unwrap_or(0) as u64);
        push_bytes(out, metadata.help.as_bytes());
        push_bytes(out, metadata.unit.as_bytes());
    }
}

/// Reads what [`push_metadata`] wrote.
pub(crate) fn read_metadata(payload: &[u8]) -> Result<Vec<(String, Metadata)>, Damage> {
    let mut cursor = Cursor::new(payload);
    let count = cursor.count(4)?;
    let mut families = Vec::with_capacity(count);
    for _ in 0..count {
        let family = cursor.text()?.to_owned();
        let code = usize::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
        let metric_type = TYPES.get(code).copied().ok_or(Damage)?;
        let (help, unit) = (cursor.text()?.to_owned(), cursor.text()?.to_owned());
        families.push((family, Metadata { metric_type, help, unit }));
    }
    if cursor.is_empty() { Ok(families) } else { Err(Damage) }
}

/// Writes before which time all samples in order are in blocks.
pub(crate) fn push_floor(out: &mut Vec<u8>, floor: i64) {
    push_signed(out, floor);
}

/// Reads what [`push_floor`] wrote.
pub(crate) fn read_floor(payload: &[u8]) -> Result<i64, Damage> {
    let mut cursor = Cursor::new(payload);
    let floor = cursor.signed()?;
    if cursor.is_empty() { Ok(floor) } else { Err(Damage) }
}

/// The chunks of one series in a checkpoint, oldest first; the last one is open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeriesChunks<'a> {
    pub(crate) id: SeriesId,
    /// First and last time, and the XOR chunk.
    pub(crate) chunks: Vec<(i64, i64, &'a [u8])>,
}

/// Reads one series' chunks; `None` at the end of the record.
pub(crate) fn read_chunks<'a>(cursor: &mut Cursor<'a>) -> Result<Option<SeriesChunks<'a>>, Damage> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let id = cursor.unsigned()?;
    let count = cursor.count(3)?;
    let mut chunks = Vec::with_capacity(count);
    let mut before = 0_i64;
    for _ in 0..count {
        let first = before.wrapping_add(cursor.signed()?);
        let last = first.wrapping_add(cursor.signed()?);
        chunks.push((first, last, cursor.bytes()?));
        before = last;
    }
    Ok(Some(SeriesChunks { id, chunks }))
}

/// The end of a checkpoint: what it holds, and the ids that are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckpointEnd {
    pub(crate) series: u64,
    pub(crate) chunks: u64,
    pub(crate) next_id: SeriesId,
}

impl CheckpointEnd {
    pub(crate) fn push(self, out: &mut Vec<u8>) {
        for number in [self.series, self.chunks, self.next_id] {
            push_unsigned(out, number);
        }
    }

    pub(crate) fn read(payload: &[u8]) -> Result<Self, Damage> {
        let mut cursor = Cursor::new(payload);
        Ok(Self {
            series: cursor.unsigned()?,
            chunks: cursor.unsigned()?,
            next_id: cursor.unsigned()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::varint::push_signed;

    /// Appends one series' chunks to a record of chunks, as checkpoints had it before `Contents`.
    fn push_chunks<'a>(
        out: &mut Vec<u8>,
        id: SeriesId,
        chunks: impl ExactSizeIterator<Item = (i64, i64, &'a [u8])>,
    ) {
        push_unsigned(out, id);
        push_unsigned(out, chunks.len() as u64);
        let mut before = 0_i64;
        for (first, last, bytes) in chunks {
            push_signed(out, first.wrapping_sub(before));
            push_signed(out, last.wrapping_sub(first));
            push_bytes(out, bytes);
            before = last;
        }
    }

    fn any_labels() -> impl Strategy<Value = Labels> {
        prop::collection::vec(("[a-e]{1,3}", "[a-eé]{1,3}"), 0..6).prop_map(Labels::from_pairs)
    }

    proptest! {
        #[test]
        fn series_come_back(series in prop::collection::vec((any::<u64>(), any_labels()), 0..20)) {
            let mut payload = Vec::new();
            push_series(&mut payload, &series);
            prop_assert_eq!(read_series(&payload), Ok(series));
        }

        #[test]
        fn no_bytes_make_a_reader_panic(payload: Vec<u8>) {
            read_series(&payload).ok();
            read_metadata(&payload).ok();
            CheckpointEnd::read(&payload).ok();
            let mut cursor = Cursor::new(&payload);
            while let Ok(Some(_)) = read_chunks(&mut cursor) {}
        }

        #[test]
        fn metadata_comes_back(help in "\\PC*", unit in "[a-z]*", code in 0_usize..8) {
            let metadata = Metadata { metric_type: TYPES[code], help, unit };
            let mut payload = Vec::new();
            push_metadata(&mut payload, [("up", &metadata)].into_iter());
            prop_assert_eq!(read_metadata(&payload), Ok(vec![("up".to_owned(), metadata)]));
        }

        #[test]
        fn chunks_come_back(id: u64, chunks in prop::collection::vec(
            (any::<i64>(), any::<i64>(), any::<Vec<u8>>()), 0..5)
        ) {
            let chunks: Vec<_> = chunks.iter().map(|(a, b, bytes)| (*a, *b, bytes.as_slice())).collect();
            let mut payload = Vec::new();
            push_chunks(&mut payload, id, chunks.iter().copied());
            let mut cursor = Cursor::new(&payload);
            prop_assert_eq!(read_chunks(&mut cursor), Ok(Some(SeriesChunks { id, chunks })));
            prop_assert_eq!(read_chunks(&mut cursor), Ok(None));
        }
    }

    /// As drawn in docs/formats/log.md.
    #[test]
    fn the_drawn_floor_is_what_is_written_and_read() {
        let page = include_str!("../../../../docs/formats/log.md");
        let (_, section) = page.split_once("\n### 12 floor\n").expect("its section");
        let drawn = crate::drawn::example(section);
        let mut written = Vec::new();
        push_floor(&mut written, 1_767_268_800_000);
        assert_eq!(written, drawn);
        assert_eq!(read_floor(&drawn), Ok(1_767_268_800_000));
        drawn.iter().enumerate().for_each(|(len, _)| {
            assert!(read_floor(&drawn[..len]).is_err(), "{len} bytes");
        });
        assert!(read_floor(&[0, 0]).is_err(), "and nothing follows");
    }
}
