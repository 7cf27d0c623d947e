//! The parts of DER: a tag, a length, and what is in it.
//!
//! Invariant: whatever the bytes are, nothing is read beyond them.

use narthex_sdk::time;

/// The parts that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a>(pub(crate) &'a [u8]);

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With its tag and length.
    pub(crate) whole: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const SEQUENCE: u8 = 0x30;

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let len = match first {
            0..=0x7f => usize::from(*first),
            // The length of the length; certificates are smaller than 16 MiB.
            0x81..=0x83 => {
                let (len, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(len)?;
        let whole = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Part { tag: *tag, content, whole })
    }
}

impl<'a> Part<'a> {
    pub(crate) fn parts(self) -> Parts<'a> {
        Parts(self.content)
    }

    /// The parts of a sequence.
    pub(crate) fn sequence(self) -> Option<Parts<'a>> {
        (self.tag == SEQUENCE).then_some(self.parts())
    }

    /// A time in seconds since the Unix epoch: `YYMMDDhhmmssZ`, or with four digits for the year.
    pub(crate) fn moment(self) -> Option<i64> {
        let digits = self.content.strip_suffix(b"Z")?;
        let two = |digits: &[u8; 2]| {
            let [tens, ones] = digits.map(|digit| i64::from(digit) - i64::from(b'0'));
            ((0..10).contains(&tens) && (0..10).contains(&ones)).then_some(tens * 10 + ones)
        };
        let (pairs, rest) = digits.as_chunks::<2>();
        let numbers: Vec<i64> = pairs.iter().map(two).collect::<Option<_>>()?;
        let (year, numbers) = match numbers.as_slice() {
            _ if !rest.is_empty() => return None,
            // Two digits stand for 1950 to 2049 (RFC 5280, part 4.1.2.5.1).
            [year @ ..50, after @ ..] if after.len() == 5 => (2000 + year, after),
            [year, after @ ..] if after.len() == 5 => (1900 + year, after),
            [century, year, after @ ..] => (century * 100 + year, after),
            _ => return None,
        };
        let [month, day, hour, minute, second] = *numbers else { return None };
        time::from_civil([year, month, day], [hour, minute, second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let mut parts = Parts(&[0x30, 3, 2, 1, 7, 4, 0x81, 1, 9, 5]);
        let sequence = parts.next().unwrap();
        let inner = sequence.sequence().unwrap().next().unwrap();
        assert_eq!((inner.tag, inner.content), (INTEGER, &[7][..]));
        let long = parts.next().unwrap();
        assert_eq!((long.content, long.whole), (&[9][..], &[4, 0x81, 1, 9][..]));
        assert_eq!(parts.next(), None, "a tag without a length");
        for cut in
            [&[0x30, 5, 1][..], &[0x30, 0x82, 1], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x30, 0x80]]
        {
            assert_eq!(Parts(cut).next(), None, "{cut:?}");
        }
    }

    #[test]
    fn moments_are_those_of_certificates() {
        let moment = |text: &str| Part { tag: 0, content: text.as_bytes(), whole: &[] }.moment();
        assert_eq!(moment("000229000000Z"), Some(951_782_400));
        assert_eq!(moment("491231235959Z"), Some(2_524_607_999));
        assert_eq!(moment("500101000000Z"), Some(-631_152_000));
        assert_eq!(moment("99991231235959Z"), Some(253_402_300_799));
        for text in [
            "",
            "Z",
            "991301000000Z",
            "9901010000Z",
            "99010100000éZ",
            "990101000000",
            "+90101000000Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
