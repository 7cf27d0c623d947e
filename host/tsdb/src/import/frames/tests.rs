use std::io::Write;

use proptest::prelude::*;

use super::*;

/// Writes records into pages as Prometheus does.
#[derive(Default)]
pub(in crate::import) struct Writer {
    pub(in crate::import) bytes: Vec<u8>,
}

impl Writer {
    pub(in crate::import) fn push(&mut self, record: &[u8], compression: Compression) {
        let (flag, stored) = match compression {
            Compression::None => (0, record.to_vec()),
            Compression::Snappy => {
                (0b1000, snap::raw::Encoder::new().compress_vec(record).unwrap())
            }
            Compression::Zstd => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                (0b1_0000, ruzstd::encoding::compress_to_vec(record, level))
            }
        };
        let mut rest = &stored[..];
        let mut is_first = true;
        while is_first || !rest.is_empty() {
            let mut room = page_end(self.bytes.len()) - self.bytes.len();
            if room < HEADER_BYTES {
                self.bytes.resize(page_end(self.bytes.len()), 0);
                room = PAGE_BYTES;
            }
            let (part, later) = rest.split_at(rest.len().min(room - HEADER_BYTES));
            let kind = match (is_first, later.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            self.bytes.push(kind | flag);
            self.bytes.write_all(&u16::try_from(part.len()).unwrap().to_be_bytes()).unwrap();
            self.bytes.write_all(&crc32c::crc32c(part).to_be_bytes()).unwrap();
            self.bytes.extend_from_slice(part);
            rest = later;
            is_first = false;
        }
    }
}

fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut records = Records::new(FileBytes::from_bytes(bytes));
    let (mut found, mut damages) = (Vec::new(), Vec::new());
    loop {
        match records.next() {
            Next::Record { bytes, .. } => found.push(bytes.to_vec()),
            Next::Damaged { offset, what, .. } => damages.push(format!("{offset}: {what}")),
            Next::End => return (found, damages),
        }
    }
}

fn compressions() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::None), Just(Compression::Snappy), Just(Compression::Zstd)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_back(
        list in prop::collection::vec((0_usize..90_000, any::<u8>(), compressions()), 0..6),
    ) {
        let mut writer = Writer::default();
        let mut wanted = Vec::new();
        for (len, seed, compression) in list {
            let record: Vec<u8> = (0..len).map(|at| (at / 7 * 31).to_le_bytes()[0] ^ seed).collect();
            writer.push(&record, compression);
            wanted.push(record);
        }
        prop_assert_eq!(read(&writer.bytes), (wanted, Vec::new()));
    }

    #[test]
    fn garbage_is_damage_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..70_000)) {
        read(&bytes);
    }

    #[test]
    fn one_flipped_bit_costs_one_record(at in 0_usize..3_000, bit in 0_u8..8) {
        let mut writer = Writer::default();
        let records: Vec<Vec<u8>> = (0..30_u8).map(|n| vec![n; 93]).collect();
        records.iter().for_each(|record| writer.push(record, Compression::None));
        writer.bytes[at] ^= 1 << bit;
        let (found, damages) = read(&writer.bytes);
        let lost = at / 100;
        // A header that cannot be right hides where the next fragment begins, up to the next page.
        if at % 100 >= 3 {
            let kept: Vec<_> = records.iter().enumerate().filter(|(n, _)| *n != lost).collect();
            let kept: Vec<_> = kept.into_iter().map(|(_, record)| record.clone()).collect();
            prop_assert_eq!((found, damages.len()), (kept, 1));
        } else {
            prop_assert!(found.iter().all(|record| records.contains(record)));
            prop_assert!(found.len() >= lost);
        }
    }
}

#[test]
fn reading_goes_on_at_the_page_behind_damage() {
    let mut writer = Writer::default();
    writer.push(&[1; 100], Compression::None);
    let second = writer.bytes.len();
    writer.push(&[2; 40_000], Compression::None);
    writer.push(&[3; 100], Compression::None);
    // The length, so that nothing tells where the fragment ends.
    writer.bytes[second + 1] = 0xff;
    let (found, damages) = read(&writer.bytes);
    assert_eq!(found, [vec![1; 100], vec![3; 100]]);
    assert_eq!(damages, [format!("{second}: a fragment longer than its page")]);
}

#[test]
fn a_torn_tail_is_told_from_damage() {
    let mut writer = Writer::default();
    writer.push(&[1; 100], Compression::None);
    writer.push(&[2; 100], Compression::Snappy);
    let whole = writer.bytes.len();
    writer.push(&[3; 50_000], Compression::None);
    for len in [whole + 1, whole + 8, whole + 40_000, writer.bytes.len() - 1] {
        let (found, damages) = read(&writer.bytes[..len]);
        assert_eq!((found.len(), damages), (2, vec![format!("{whole}: a torn tail")]), "{len}");
    }
}

#[test]
fn zeros_to_the_end_are_nothing() {
    let mut writer = Writer::default();
    writer.push(&[1; 100], Compression::None);
    writer.bytes.resize(3 * PAGE_BYTES, 0);
    assert_eq!(read(&writer.bytes), (vec![vec![1; 100]], vec![]));
}
