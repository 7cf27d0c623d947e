//! Records of samples that are older than the newest of their series. They stand by themselves:
//! such samples are few and come in no order that could be remembered.

use std::sync::Arc;

use super::batch::GOES_ON;
use super::histograms::{push_histogram, read_histogram};
use crate::encoding::Damage;
use crate::encoding::varint::{Cursor, push_signed, push_unsigned};
use crate::head::sample::Value;
use crate::head::series::SeriesId;

const FLOAT: u8 = 0;
const HISTOGRAM: u8 = 1;

/// Writes the out-of-order samples of a commit.
pub(crate) fn push_out_of_order<'a>(
    out: &mut Vec<u8>,
    goes_on: bool,
    samples: impl ExactSizeIterator<Item = (SeriesId, i64, &'a Value)>,
) {
    out.push(if goes_on { GOES_ON } else { 0 });
    push_unsigned(out, samples.len() as u64);
    let (mut id_before, mut at_before) = (0, 0_i64);
    for (id, at, value) in samples {
        push_signed(out, id.wrapping_sub(id_before).cast_signed());
        push_signed(out, at.wrapping_sub(at_before));
        (id_before, at_before) = (id, at);
        match value {
            Value::Float(bits) => {
                out.push(FLOAT);
                out.extend_from_slice(&bits.to_le_bytes());
            }
            Value::Histogram(histogram) => {
                out.push(HISTOGRAM);
                push_histogram(out, histogram, None);
            }
        }
    }
}

/// Appends the samples that [`push_out_of_order`] wrote to `out`; answers whether the batch goes on.
pub(crate) fn read_out_of_order(
    payload: &[u8],
    out: &mut Vec<(SeriesId, i64, Value)>,
) -> Result<bool, Damage> {
    let mut cursor = Cursor::new(payload);
    let flags = cursor.byte()?;
    let count = cursor.count(11)?;
    let (mut id, mut at): (SeriesId, i64) = (0, 0);
    for _ in 0..count {
        id = id.wrapping_add(cursor.signed()?.cast_unsigned());
        at = at.wrapping_add(cursor.signed()?);
        let value = match cursor.byte()? {
            FLOAT => Value::Float(u64::from_le_bytes(cursor.array()?)),
            HISTOGRAM => Value::Histogram(Arc::new(read_histogram(&mut cursor, None)?)),
            _ => return Err(Damage),
        };
        out.push((id, at, value));
    }
    if cursor.is_empty() { Ok(flags & GOES_ON != 0) } else { Err(Damage) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_come_back(
            samples in prop::collection::vec((any::<u64>(), any::<i64>(), any::<u64>()), 0..20),
            goes_on: bool,
        ) {
            let samples: Vec<(SeriesId, i64, Value)> =
                samples.into_iter().map(|(id, at, bits)| (id, at, Value::Float(bits))).collect();
            let (mut payload, mut found) = (Vec::new(), Vec::new());
            push_out_of_order(&mut payload, goes_on, samples.iter().map(|(id, at, v)| (*id, *at, v)));
            prop_assert_eq!(read_out_of_order(&payload, &mut found), Ok(goes_on));
            prop_assert_eq!(found.len(), samples.len());
            for (found, sample) in found.iter().zip(&samples) {
                prop_assert_eq!((found.0, found.1), (sample.0, sample.1));
                prop_assert!(found.2.is_same(&sample.2));
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(payload: Vec<u8>) {
            read_out_of_order(&payload, &mut Vec::new()).ok();
        }
    }
}
