//! The chunks of a series take on the encoding that is wished for.
//!
//! Dense chunks are made of neighbors: the longer one is, the less its tables cost. Where dense
//! chunks are not wished for any more they become what other readers know.

use narthex_storage::Columns;

use super::unite::Piece;
use crate::encoding::{self, DENSE_SAMPLES_MAX, Damage, Encoding, FloatEncoding};

/// Chunks that ascend and do not overlap, in the encoding that is wished for.
///
/// # Errors
/// When a chunk that must be decoded is damaged.
pub(super) fn adapt(
    pieces: Vec<Piece<'_>>,
    floats: FloatEncoding,
) -> Result<Vec<Piece<'_>>, Damage> {
    let is_dense = |piece: &Piece<'_>| piece.view().encoding == Encoding::Dense;
    match floats {
        FloatEncoding::Dense => join(pieces),
        FloatEncoding::Xor | FloatEncoding::Xor2 if !pieces.iter().any(is_dense) => Ok(pieces),
        FloatEncoding::Xor | FloatEncoding::Xor2 => {
            let mut adapted = Vec::with_capacity(pieces.len());
            for piece in pieces {
                if is_dense(&piece) {
                    encode_anew(&[piece], floats, &mut adapted)?;
                } else {
                    adapted.push(piece);
                }
            }
            Ok(adapted)
        }
    }
}

/// Chunks in encodings that all readers of blocks know. Start times are lost, which those do not.
///
/// # Errors
/// When a chunk that must be decoded is damaged.
pub(crate) fn adapt_for_others(pieces: Vec<Piece<'_>>) -> Result<Vec<Piece<'_>>, Damage> {
    let mut adapted = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if piece.view().encoding.is_known_to_all() {
            adapted.push(piece);
            continue;
        }
        let mut columns = decoded(&[piece])?;
        columns.starts.clear();
        push_encoded(&columns, FloatEncoding::Xor, &mut adapted);
    }
    Ok(adapted)
}

/// Neighbors become one chunk, as far as they fit and get smaller by it.
fn join(pieces: Vec<Piece<'_>>) -> Result<Vec<Piece<'_>>, Damage> {
    let mut joined = Vec::with_capacity(pieces.len());
    let mut group: Vec<Piece<'_>> = Vec::new();
    let mut group_samples = 0;
    for piece in pieces {
        let view = piece.view();
        let samples = encoding::count(view.encoding, view.bytes)?;
        let is_histogram = view.encoding.is_histogram();
        if is_histogram || group_samples + samples > DENSE_SAMPLES_MAX {
            push_group(&mut group, &mut joined)?;
            group_samples = 0;
        }
        if is_histogram {
            joined.push(piece);
        } else {
            group_samples += samples;
            group.push(piece);
        }
    }
    push_group(&mut group, &mut joined)?;
    Ok(joined)
}

/// Passes on a group of chunks of floats, and leaves it empty.
fn push_group<'a>(group: &mut Vec<Piece<'a>>, out: &mut Vec<Piece<'a>>) -> Result<(), Damage> {
    match group.as_slice() {
        [] => {}
        [only] if only.view().encoding == Encoding::Dense => out.append(group),
        several => encode_anew(several, FloatEncoding::Dense, out)?,
    }
    group.clear();
    Ok(())
}

fn encode_anew(
    pieces: &[Piece<'_>],
    floats: FloatEncoding,
    out: &mut Vec<Piece<'_>>,
) -> Result<(), Damage> {
    push_encoded(&decoded(pieces)?, floats, out);
    Ok(())
}

fn decoded(pieces: &[Piece<'_>]) -> Result<Columns, Damage> {
    let mut columns = Columns::default();
    for piece in pieces {
        let view = piece.view();
        encoding::decode(view.encoding, view.bytes, i64::MIN, i64::MAX, &mut columns)?;
    }
    Ok(columns)
}

fn push_encoded(columns: &Columns, floats: FloatEncoding, out: &mut Vec<Piece<'_>>) {
    let mut chunks = Vec::new();
    encoding::encode(columns, floats, &mut chunks);
    out.extend(chunks.into_iter().map(Piece::Made));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunks of whole numbers, of so many samples each.
    fn pieces(samples: &[i64], floats: FloatEncoding) -> Vec<Piece<'static>> {
        let (mut at, mut chunks) = (0, Vec::new());
        for count in samples {
            let times: Vec<i64> = (at..at + count).map(|step| step * 15_000).collect();
            let values = times.iter().map(|time| (time / 5_000 % 97) as f64).collect();
            encoding::encode(&Columns::from_floats(times, values), floats, &mut chunks);
            at += count;
        }
        chunks.into_iter().map(Piece::Made).collect()
    }

    #[track_caller]
    fn check(given: Vec<Piece<'static>>, floats: FloatEncoding, expected: &[(Encoding, usize)]) {
        let decoded = |pieces: &[Piece<'_>]| {
            let mut columns = Columns::default();
            for view in pieces.iter().map(Piece::view) {
                let (start, end) = (view.first_at, view.last_at);
                encoding::decode(view.encoding, view.bytes, start, end, &mut columns).unwrap();
            }
            columns
        };
        let before = decoded(&given);
        let adapted = adapt(given, floats).unwrap();
        let found: Vec<(Encoding, usize)> = adapted
            .iter()
            .map(|piece| {
                let view = piece.view();
                (view.encoding, encoding::count(view.encoding, view.bytes).unwrap())
            })
            .collect();
        assert_eq!((found.as_slice(), decoded(&adapted)), (expected, before));
    }

    #[test]
    fn neighbors_become_one_dense_chunk_as_far_as_they_fit() {
        let given = pieces(&[120; 14], FloatEncoding::Xor);
        let expected = [(Encoding::Dense, 1440), (Encoding::Dense, 240)];
        check(given, FloatEncoding::Dense, &expected);
    }

    #[test]
    fn a_long_dense_chunk_goes_on_as_it_is() {
        let given = pieces(&[1440, 700], FloatEncoding::Dense);
        check(given, FloatEncoding::Dense, &[(Encoding::Dense, 1440), (Encoding::Dense, 700)]);
    }

    #[test]
    fn for_others_all_floats_become_xor_without_start_times() {
        let mut given = pieces(&[100], FloatEncoding::Xor);
        let mut columns = Columns::default();
        for at in 0..120 {
            columns.push_with_start(1_500_000 + at, 1.0, 5);
        }
        push_encoded(&columns, FloatEncoding::Xor, &mut given);
        given.extend(pieces(&[200], FloatEncoding::Dense));
        let encodings = |pieces: &[Piece<'_>]| -> Vec<Encoding> {
            pieces.iter().map(|piece| piece.view().encoding).collect()
        };
        assert_eq!(encodings(&given), [Encoding::Xor, Encoding::Xor2, Encoding::Dense]);
        let mut expected = decoded(&given).unwrap();
        expected.starts.clear();
        let adapted = adapt_for_others(given).unwrap();
        assert_eq!(encodings(&adapted), [Encoding::Xor; 4]);
        assert_eq!(decoded(&adapted).unwrap(), expected);
    }

    #[test]
    fn dense_chunks_become_what_others_read() {
        let given = pieces(&[300], FloatEncoding::Dense);
        let expected = [(Encoding::Xor, 120), (Encoding::Xor, 120), (Encoding::Xor, 60)];
        check(given, FloatEncoding::Xor, &expected);
        check(
            pieces(&[70, 50], FloatEncoding::Xor),
            FloatEncoding::Xor,
            &[(Encoding::Xor, 70), (Encoding::Xor, 50)],
        );
    }
}
