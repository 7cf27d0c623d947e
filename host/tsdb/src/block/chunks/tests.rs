use std::sync::Arc;

use narthex_platform::SimulatedDisk;
use proptest::prelude::*;

use super::*;

/// The answer does not matter, only that there is one.
fn ran<T>(_answer: T) {}

fn write(disk: &Arc<dyn Disk>, max: u64, series: &[Vec<Chunk>]) -> Vec<ChunkPlace> {
    let mut writer = ChunkWriter::create(disk, "/b".into()).unwrap().with_segment_bytes(max);
    let mut places = Vec::new();
    for chunks in series {
        let views: Vec<ChunkView<'_>> = chunks.iter().map(ChunkView::from).collect();
        writer.write(&views, &mut places).unwrap();
    }
    writer.finish().unwrap();
    places
}

fn chunks() -> impl Strategy<Value = Vec<Vec<Chunk>>> {
    let chunk = (0..6_usize, prop::collection::vec(any::<u8>(), 0..200), any::<i64>());
    let chunk = chunk.prop_map(|(encoding, bytes, at)| Chunk {
        encoding: Encoding::ALL[encoding],
        first_at: at,
        last_at: at,
        bytes: bytes.into(),
    });
    prop::collection::vec(prop::collection::vec(chunk, 0..8), 0..8)
}

proptest! {
    #[test]
    fn chunks_come_back_from_segments_of_any_size(series in chunks(), max in 20_u64..2_000) {
        let disk = SimulatedDisk::new(1).shared();
        let places = write(&disk, max, &series);
        let files = ChunkFiles::open(&*disk, "/b".into()).unwrap();
        let all: Vec<Chunk> = series.into_iter().flatten().collect();
        prop_assert_eq!(places.len(), all.len());
        prop_assert!(places.is_sorted_by(|a, b| a.reference < b.reference));
        for (place, chunk) in places.iter().zip(&all) {
            prop_assert_eq!(&files.read(place).unwrap().to_chunk(), chunk);
            prop_assert_eq!(files.peek(place).map(|view| view.to_chunk()), Some(chunk.clone()));
        }
        // A segment is longer than the most only for a chunk that no segment could hold.
        for segment in &files.segments {
            let is_single = frame_at(&segment.bytes, 8)
                .is_ok_and(|frame| frame.end == segment.bytes.len() as u64);
            prop_assert!(segment.bytes.len() as u64 <= max || is_single);
        }
    }

    #[test]
    fn a_segment_of_anything_is_read_or_refused(bytes: Vec<u8>, offset in 0_u64..300) {
        ran(frame_at(&bytes, offset));
        ran(end_of_frame(&bytes, offset));
        ran(check_header(&bytes));
    }
}

#[test]
fn a_changed_byte_is_found_with_its_place() {
    let chunk = Chunk { encoding: Encoding::Xor, first_at: 1, last_at: 2, bytes: [1, 2, 3].into() };
    let disk = SimulatedDisk::new(1);
    let places = write(&disk.shared(), 1_000, &[vec![chunk.clone(), chunk]]);
    disk.flip_bit("/b/chunks/000001".into(), (8 + 9 + 3) * 8);
    let files = ChunkFiles::open(&*disk.shared(), "/b".into()).unwrap();
    assert!(files.read(&places[0]).is_ok());
    let error = files.read(&places[1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/b/chunks/000001 is damaged at byte 17: the chunk's checksum is wrong"
    );
}

#[test]
fn a_reference_to_nowhere_is_damage() {
    let disk = SimulatedDisk::new(1).shared();
    write(&disk, 1_000, &[]);
    let files = ChunkFiles::open(&*disk, "/b".into()).unwrap();
    for reference in [0, 8, u64::MAX, 1 << 32] {
        let place = ChunkPlace { reference, first_at: 0, last_at: 0 };
        assert!(files.read(&place).is_err() && files.peek(&place).is_none());
    }
}
