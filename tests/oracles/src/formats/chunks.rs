//! Chunks of every encoding: an input is the encoding's number and the chunk.
//!
//! Oracle: what decodes, decodes to the same again after it was encoded; a part of the time decodes
//! to the part of the samples; as many samples as the header says, at most.

use std::sync::Arc;

use narthex_storage::Columns;
use narthex_tsdb::encoding::{self, Encoding, FloatEncoding};

use crate::generate::{FloatKind, FloatWalk, HistogramKind, HistogramWalk};
use crate::{Chance, Value};

/// How floats may be written.
const FLOATS: [FloatEncoding; 3] = [FloatEncoding::Xor, FloatEncoding::Xor2, FloatEncoding::Dense];

fn times(columns: &Columns) -> Vec<i64> {
    let histograms = columns.histograms.iter().map(|point| point.at);
    columns.times.iter().copied().chain(histograms).collect()
}

/// Time, start time and value of each sample.
fn flat(columns: &Columns) -> Vec<(i64, i64, Value)> {
    let floats =
        columns.times.iter().zip(&columns.values).enumerate().map(|(index, (at, value))| {
            (*at, columns.starts.get(index).copied().unwrap_or(0), Value::from(*value))
        });
    let histograms = columns.histograms.iter();
    let histograms = histograms.map(|point| (point.at, 0, Value::from(&*point.histogram)));
    floats.chain(histograms).collect()
}

pub(super) fn check(bytes: &[u8]) {
    let Some((number, bytes)) = bytes.split_first() else { return };
    let index = usize::from(*number) % Encoding::ALL.len();
    let Some(encoding) = Encoding::ALL.get(index).copied() else { return };
    let mut all = Columns::default();
    let outcome = encoding::decode(encoding, bytes, i64::MIN, i64::MAX, &mut all);
    let count = encoding::count(encoding, bytes);
    if outcome.is_err() {
        return;
    }
    let samples = all.samples();
    assert_eq!(count, Ok(samples), "{encoding:?}: as many samples as were promised");
    check_part(encoding, bytes, &all);
    let times = times(&all);
    let ascend = times.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let valid = all.histograms.iter().all(|point| point.histogram.validate().is_ok());
    if samples == 0 || !ascend || !valid {
        return;
    }
    for floats in FLOATS {
        let mut chunks = Vec::new();
        encoding::encode(&all, floats, &mut chunks);
        let mut again = Columns::default();
        for chunk in &chunks {
            let decoded =
                encoding::decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut again);
            decoded.expect("what was just encoded");
        }
        assert_eq!(flat(&again), flat(&all), "{encoding:?} to {floats:?} and back");
    }
}

fn check_part(encoding: Encoding, bytes: &[u8], all: &Columns) {
    let times = times(all);
    let (Some(start), Some(end)) = (times.get(times.len() / 3), times.get(times.len() / 2)) else {
        return;
    };
    let mut part = Columns::default();
    encoding::decode(encoding, bytes, *start, *end, &mut part).expect("it decoded before");
    let expected: Vec<_> =
        flat(all).into_iter().filter(|(at, ..)| (*start..=*end).contains(at)).collect();
    let ascend = times.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
    // A reader may stop at the end of the range: what lies there out of order is not looked for.
    if ascend {
        assert_eq!(flat(&part), expected, "{encoding:?}: {start}..={end} of {times:?}");
    }
}

/// A chunk of some kind.
pub(super) fn generate(chance: &mut Chance) -> Vec<u8> {
    let mut columns = Columns::default();
    let samples = 1 + chance.index(140);
    let is_float = chance.once_in(2);
    let has_starts = chance.once_in(3);
    let mut floats = FloatWalk::new(*chance.pick(&FloatKind::ALL));
    let mut histograms = HistogramWalk::new(*chance.pick(&HistogramKind::ALL), chance);
    let mut at = 1_767_225_600_000;
    for _ in 0..samples {
        at += *chance.pick(&[1, 15_000, 15_000, 15_000, 15_007, 3_600_000]);
        if is_float {
            let start = if has_starts { at - 5000 } else { 0 };
            columns.push_with_start(at, floats.next(chance), start);
        } else {
            let histogram = Arc::new(histograms.next(chance));
            columns.push_histogram(at, histogram);
        }
    }
    let mut chunks = Vec::new();
    encoding::encode(&columns, *chance.pick(&FLOATS), &mut chunks);
    let chunk = chance.pick(&chunks);
    let number = Encoding::ALL.iter().position(|known| *known == chunk.encoding).unwrap_or(0);
    let mut bytes = vec![u8::try_from(number).unwrap_or(0)];
    bytes.extend_from_slice(&chunk.bytes);
    bytes
}
