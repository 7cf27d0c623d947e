//! Cuts the samples of a series into chunks.

use narthex_storage::{Columns, HistogramPoint};

use super::dense;
use super::xor::XorChunk;
use super::xor2::Xor2Chunk;
use super::{Chunk, Encoding, FloatEncoding, OpenHistogramChunk};

/// Samples of a full chunk: Prometheus' number, a balance of decoding cost and overhead.
pub const CHUNK_SAMPLES_MAX: usize = 120;
/// Samples of a full dense chunk: six hours at one in 15 s. Its tables cost once, but a read of a
/// few samples decodes all.
pub const DENSE_SAMPLES_MAX: usize = 1440;
/// What a block spends on a chunk beside its data: length, encoding and checksum, and in the index
/// times and place.
const FRAME_BYTES: usize = 14;

/// Floats without a histogram between them.
#[derive(Clone, Copy)]
struct Floats<'a> {
    times: &'a [i64],
    values: &'a [f64],
    /// As long as the others, or empty.
    starts: &'a [i64],
}

impl<'a> Floats<'a> {
    fn split_at(self, place: usize) -> (Self, Self) {
        fn split<T>(column: &[T], place: usize) -> (&[T], &[T]) {
            column.split_at_checked(place).unwrap_or((column, &[]))
        }
        let (times, times_rest) = split(self.times, place);
        let (values, values_rest) = split(self.values, place);
        let (starts, starts_rest) = split(self.starts, place);
        let rest = Self { times: times_rest, values: values_rest, starts: starts_rest };
        (Self { times, values, starts }, rest)
    }

    fn samples(self) -> impl Iterator<Item = (i64, u64, i64)> + 'a {
        let starts = self.starts.iter().copied().chain(std::iter::repeat(0));
        let floats = self.times.iter().zip(self.values).zip(starts);
        floats.map(|((at, value), start)| (*at, value.to_bits(), start))
    }

    /// How many samples come before the first that has a start time.
    fn without_start(self) -> usize {
        self.starts.iter().position(|start| *start != 0).unwrap_or(self.times.len())
    }
}

/// Writes samples as chunks, ascending in time. A chunk ends when it is full, where floats turn to
/// histograms or back, and where a histogram does not fit it (a reset, another layout or kind).
pub fn encode(columns: &Columns, floats: FloatEncoding, out: &mut Vec<Chunk>) {
    let all = Floats { times: &columns.times, values: &columns.values, starts: &columns.starts };
    let (mut rest, mut histograms) = (all, columns.histograms.as_slice());
    while !rest.times.is_empty() || !histograms.is_empty() {
        let next_histogram_at = histograms.first().map_or(i64::MAX, |point| point.at);
        let run = if histograms.is_empty() {
            rest.times.len()
        } else {
            rest.times.partition_point(|at| *at < next_histogram_at)
        };
        let (now, later) = rest.split_at(run);
        encode_floats(now, floats, out);
        rest = later;
        let run = match rest.times.first() {
            Some(next_float_at) => histograms.partition_point(|point| point.at < *next_float_at),
            None => histograms.len(),
        };
        let (now, later) = histograms.split_at_checked(run).unwrap_or((histograms, &[]));
        encode_histograms(now, out);
        if run == 0 && !later.is_empty() && !rest.times.is_empty() {
            // A time that stands in both, against the promise of columns: the float stays.
            histograms = later.get(1..).unwrap_or_default();
        } else {
            histograms = later;
        }
    }
}

fn encode_floats(floats: Floats<'_>, wanted: FloatEncoding, out: &mut Vec<Chunk>) {
    let mut rest = floats;
    while !rest.times.is_empty() {
        if wanted == FloatEncoding::Dense {
            rest = encode_dense(rest, out);
            continue;
        }
        let (mut piece, mut later) = rest.split_at(CHUNK_SAMPLES_MAX);
        let without_start = piece.without_start();
        if wanted == FloatEncoding::Xor2 || without_start == 0 {
            out.push(xor2(piece));
        } else {
            if without_start < piece.times.len() {
                (piece, later) = rest.split_at(without_start);
            }
            out.push(xor(piece));
        }
        rest = later;
    }
}

/// Writes the first of the floats; answers the others.
fn encode_dense<'a>(floats: Floats<'a>, out: &mut Vec<Chunk>) -> Floats<'a> {
    let (piece, later) = match floats.without_start() {
        // Start times have no place in a dense chunk.
        0 => {
            let (piece, later) = floats.split_at(CHUNK_SAMPLES_MAX);
            out.push(xor2(piece));
            return later;
        }
        without_start => floats.split_at(without_start.min(DENSE_SAMPLES_MAX)),
    };
    let begin = out.len();
    encode_floats(piece, FloatEncoding::Xor, out);
    let others = out.get(begin..).unwrap_or_default();
    let others_bytes: usize = others.iter().map(|one| one.bytes.len() + FRAME_BYTES).sum();
    let bytes = dense::encode(piece.times, piece.values);
    if bytes.len() + FRAME_BYTES < others_bytes
        && let (Some(first_at), Some(last_at)) = (piece.times.first(), piece.times.last())
    {
        out.truncate(begin);
        let (first_at, last_at) = (*first_at, *last_at);
        out.push(Chunk { encoding: Encoding::Dense, first_at, last_at, bytes });
    }
    later
}

fn xor(floats: Floats<'_>) -> Chunk {
    let mut chunk = XorChunk::default();
    for (at, value_bits, _) in floats.samples() {
        chunk.append(at, value_bits);
    }
    let last_at = chunk.last().map_or(0, |(at, _)| at);
    let first_at = chunk.first_at();
    Chunk { encoding: Encoding::Xor, first_at, last_at, bytes: chunk.take_bytes() }
}

fn xor2(floats: Floats<'_>) -> Chunk {
    let mut chunk = Xor2Chunk::default();
    for (at, value_bits, start) in floats.samples() {
        chunk.append(at, value_bits, start);
    }
    let (first_at, last_at) = chunk.bounds();
    Chunk { encoding: Encoding::Xor2, first_at, last_at, bytes: chunk.into_bytes() }
}

fn encode_histograms(points: &[HistogramPoint], out: &mut Vec<Chunk>) {
    let mut chunk = OpenHistogramChunk::default();
    for point in points {
        if chunk.is_full() || !chunk.append(point.at, &point.histogram) {
            out.extend(chunk.cut());
            let begun = chunk.append(point.at, &point.histogram);
            debug_assert!(begun, "an empty chunk takes any sample");
        }
    }
    out.extend(chunk.cut());
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod golden;
