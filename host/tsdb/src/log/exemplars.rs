//! Records of exemplars. They stand by themselves: each carries its own strings.

use std::collections::HashMap;

use narthex_model::{Exemplar, Labels, Timestamp};

use crate::encoding::Damage;
use crate::encoding::varint::{Cursor, push_bytes, push_signed, push_unsigned};
use crate::head::series::SeriesId;

/// Exemplars of one record: enough to share their strings, few enough to buffer.
pub(crate) const RECORD_EXEMPLARS_MAX: usize = 4096;

/// Writes exemplars with their labels: the strings once, then numbers.
pub(crate) fn push_exemplars<'a>(
    out: &mut Vec<u8>,
    exemplars: impl ExactSizeIterator<Item = (SeriesId, &'a Exemplar)>,
) {
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    let mut texts = Vec::new();
    let mut body = Vec::new();
    let (mut id_before, mut at_before) = (0, 0);
    push_unsigned(&mut body, exemplars.len() as u64);
    for (id, exemplar) in exemplars {
        push_signed(&mut body, id.wrapping_sub(id_before).cast_signed());
        push_signed(&mut body, exemplar.at.millis().wrapping_sub(at_before));
        (id_before, at_before) = (id, exemplar.at.millis());
        body.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
        push_unsigned(&mut body, exemplar.labels.len() as u64);
        for text in exemplar.labels.iter().flat_map(|(name, value)| [name, value]) {
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

/// Reads what [`push_exemplars`] wrote.
pub(crate) fn read_exemplars(payload: &[u8]) -> Result<Vec<(SeriesId, Exemplar)>, Damage> {
    let mut cursor = Cursor::new(payload);
    let texts = cursor.count(1)?;
    let texts: Vec<&str> = (0..texts).map(|_| cursor.text()).collect::<Result<_, _>>()?;
    let text = |number: u64| {
        usize::try_from(number).ok().and_then(|number| texts.get(number)).copied().ok_or(Damage)
    };
    let count = cursor.count(11)?;
    let mut exemplars = Vec::with_capacity(count);
    let (mut id, mut at): (SeriesId, i64) = (0, 0);
    for _ in 0..count {
        id = id.wrapping_add(cursor.signed()?.cast_unsigned());
        at = at.wrapping_add(cursor.signed()?);
        let value = f64::from_bits(u64::from_le_bytes(cursor.array()?));
        let labels = cursor.count(2)?;
        let mut pairs = Vec::with_capacity(labels);
        for _ in 0..labels {
            pairs.push((text(cursor.unsigned()?)?, text(cursor.unsigned()?)?));
        }
        let ascends = pairs.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        if !ascends {
            return Err(Damage);
        }
        let labels = Labels::from_sorted(pairs);
        exemplars.push((id, Exemplar { labels, value, at: Timestamp::from_millis(at) }));
    }
    if cursor.is_empty() { Ok(exemplars) } else { Err(Damage) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_exemplar() -> impl Strategy<Value = (SeriesId, Exemplar)> {
        let labels = prop::collection::vec(("[a-e]{1,3}", "[a-eé]{1,3}"), 0..3);
        (any::<u64>(), labels, -1e9..1e9_f64, any::<i64>()).prop_map(|(id, labels, value, at)| {
            let labels = Labels::from_pairs(labels);
            (id, Exemplar { labels, value, at: Timestamp::from_millis(at) })
        })
    }

    proptest! {
        #[test]
        fn exemplars_come_back(exemplars in prop::collection::vec(any_exemplar(), 0..20)) {
            let mut payload = Vec::new();
            push_exemplars(&mut payload, exemplars.iter().map(|(id, one)| (*id, one)));
            prop_assert_eq!(read_exemplars(&payload), Ok(exemplars));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(payload: Vec<u8>) {
            read_exemplars(&payload).ok();
        }
    }
}
