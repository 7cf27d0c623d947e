use proptest::prelude::*;

use super::*;
use crate::encoding::varint::push_unsigned;

/// Writes chunks as Prometheus does.
pub(in crate::import) struct Writer {
    pub(in crate::import) bytes: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[VERSION, 0, 0, 0]);
        Self { bytes }
    }
}

impl Writer {
    /// Answers the place that markers name.
    pub(in crate::import) fn push(
        &mut self,
        series: Ref,
        (first_at, last_at): (i64, i64),
        encoding: u8,
        data: &[u8],
    ) -> usize {
        let place = self.bytes.len();
        self.bytes.extend_from_slice(&series.to_be_bytes());
        self.bytes.extend_from_slice(&first_at.to_be_bytes());
        self.bytes.extend_from_slice(&last_at.to_be_bytes());
        self.bytes.push(encoding);
        push_unsigned(&mut self.bytes, data.len() as u64);
        self.bytes.extend_from_slice(data);
        let sum = crc32c::crc32c(&self.bytes[place..]);
        self.bytes.extend_from_slice(&sum.to_be_bytes());
        place
    }
}

/// Series and data of the chunks, and where damage was.
fn read(bytes: &[u8]) -> (Vec<(Ref, Vec<u8>)>, Vec<usize>) {
    let file = FileBytes::from_bytes(bytes);
    let mut chunks = HeadChunks::new(&file);
    let (mut found, mut damages) = (Vec::new(), Vec::new());
    loop {
        match chunks.next() {
            Next::Chunk(chunk) => {
                let data = file[chunk.start..chunk.start + chunk.len].to_vec();
                found.push((chunk.series, data));
            }
            Next::Unknown { .. } => {}
            Next::Damaged { offset, .. } => damages.push(offset),
            Next::End => return (found, damages),
        }
    }
}

proptest! {
    #[test]
    fn chunks_come_back(
        list in prop::collection::vec((1_u64.., prop::collection::vec(any::<u8>(), 0..300)), 0..6),
        reserved in 0_usize..100,
    ) {
        let mut writer = Writer::default();
        for (series, data) in &list {
            writer.push(*series, (1, 2), 1, data);
        }
        writer.bytes.resize(writer.bytes.len() + reserved, 0);
        prop_assert_eq!(read(&writer.bytes), (list, Vec::new()));
    }

    #[test]
    fn one_flipped_bit_costs_one_chunk(chunk in 0_usize..5, at in 0_usize..70, bit in 0_u8..8) {
        let mut writer = Writer::default();
        let places: Vec<_> =
            (1..=5_u8).map(|n| writer.push(n.into(), (10, 20), 1, &[n; 40])).collect();
        writer.bytes[places[chunk] + at] ^= 1 << bit;
        let (found, damages) = read(&writer.bytes);
        let kept: Vec<_> = (1..=5_u64).filter(|series| *series != chunk as u64 + 1).collect();
        prop_assert_eq!(found.into_iter().map(|(series, _)| series).collect::<Vec<_>>(), kept);
        prop_assert_eq!(damages, vec![places[chunk]]);
    }

    #[test]
    fn garbage_is_damage_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&[VERSION, 0, 0, 0]);
        file.extend_from_slice(&bytes);
        read(&file);
        read(&bytes);
    }
}

#[test]
fn a_chunk_says_whether_it_is_out_of_order() {
    let mut writer = Writer::default();
    let place = writer.push(7, (-5, 9), 0x84, &[1, 2, 3]);
    let file = FileBytes::from_bytes(writer.bytes);
    let wanted = HeadChunk {
        series: 7,
        first_at: -5,
        last_at: 9,
        encoding: Encoding::Xor2,
        is_out_of_order: true,
        offset: place,
        start: place + 26,
        len: 3,
    };
    assert_eq!(HeadChunks::new(&file).next(), Next::Chunk(wanted));
}

#[test]
fn a_chunk_of_an_unknown_encoding_is_told_and_passed_over() {
    let mut writer = Writer::default();
    let place = writer.push(7, (1, 2), 99, &[1]);
    writer.push(8, (1, 2), 1, &[2]);
    let file = FileBytes::from_bytes(&writer.bytes[..]);
    let mut chunks = HeadChunks::new(&file);
    assert_eq!(chunks.next(), Next::Unknown { offset: place, encoding: 99 });
    assert_eq!(read(&writer.bytes), (vec![(8, vec![2])], vec![]));
}

#[test]
fn a_file_without_its_header_is_searched() {
    let mut writer = Writer::default();
    writer.push(7, (1, 2), 1, &[1, 2]);
    writer.bytes[0] = 0xff;
    assert_eq!(read(&writer.bytes), (vec![(7, vec![1, 2])], vec![0]));
    assert_eq!(read(&[0; 100]), (vec![], vec![]), "begun and never written");
}
