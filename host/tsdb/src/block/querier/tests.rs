use narthex_model::{MatchOp, Timestamp};
use narthex_platform::SimulatedDisk;

use super::super::tests::{chunks, labels, write};
use super::*;

fn millis(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

/// `a` has three chunks, of 0 to 119, 120 to 239 and 240 to 299 seconds; `b` one.
fn block(disk: &SimulatedDisk) -> Block {
    let series = [
        (labels(&[("__name__", "a"), ("job", "x")]), chunks((0..300).map(|n| n * 1_000))),
        (labels(&[("__name__", "b"), ("zone", "y")]), chunks([5, 6])),
    ];
    write(&disk.shared(), &series)
}

fn read(querier: &dyn Querier, matchers: &[Matcher], range: TimeRange) -> Vec<(String, Vec<i64>)> {
    let mut all = Vec::new();
    for series in querier.select(matchers).unwrap() {
        let mut columns = Columns::default();
        series.read(range, &mut columns).unwrap();
        assert!(columns.samples() <= series.samples_max());
        all.push((series.labels().to_string(), columns.times));
    }
    all
}

#[test]
fn samples_come_of_the_range_of_both_querier_and_read() {
    let block = block(&SimulatedDisk::new(1));
    let querier = block.querier(millis(118_000, 121_500), &ReadBudget::unlimited());
    let times = |range| read(&*querier, &[], range);
    assert_eq!(
        times(TimeRange::ALL),
        [(r#"a{job="x"}"#.to_owned(), vec![118_000, 119_000, 120_000, 121_000])]
    );
    assert_eq!(times(millis(120_000, 120_000))[0].1, [120_000]);
    assert!(times(millis(0, 1))[0].1.is_empty());
    let beyond = block.querier(millis(299_001, i64::MAX), &ReadBudget::unlimited());
    assert!(beyond.select(&[]).unwrap().is_empty());
    let only_b = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let only_b = read(&*only_b, &[Matcher::equal("zone", "y")], TimeRange::ALL);
    assert_eq!(only_b, [(r#"b{zone="y"}"#.to_owned(), vec![5, 6])]);
}

#[test]
fn deleted_samples_are_not_read() {
    let block = block(&SimulatedDisk::new(1));
    let before = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    block.delete(&[Matcher::equal("job", "x")], millis(1_500, 297_000)).unwrap();
    block.delete(&[Matcher::equal("zone", "y")], TimeRange::ALL).unwrap();
    let after = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let left = read(&*after, &[], TimeRange::ALL);
    assert_eq!(left, [(r#"a{job="x"}"#.to_owned(), vec![0, 1_000, 298_000, 299_000])]);
    assert_eq!(read(&*before, &[], TimeRange::ALL)[0].1.len(), 300, "an older view stays");
}

#[test]
fn what_was_read_before_is_kept() {
    let block = block(&SimulatedDisk::new(1));
    block.delete(&[], millis(0, 298_000)).unwrap();
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let mut columns = Columns::default();
    columns.push_with_start(-1, 7.0, -5);
    querier.select(&[]).unwrap()[0].read(TimeRange::ALL, &mut columns).unwrap();
    assert_eq!((columns.times, columns.values), (vec![-1, 299_000], vec![7.0, 299_000.0]));
    assert!(columns.starts.len() <= 2);
}

#[test]
fn labels_are_those_of_the_matching_series() {
    let block = block(&SimulatedDisk::new(1));
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let a = [Matcher::equal("__name__", "a")];
    assert_eq!(querier.label_names(&[]).unwrap(), ["__name__", "job", "zone"]);
    assert_eq!(querier.label_names(&a).unwrap(), ["__name__", "job"]);
    assert_eq!(querier.label_values("__name__", &[]).unwrap(), ["a", "b"]);
    assert_eq!(querier.label_values("__name__", &a).unwrap(), ["a"]);
    let both = [Matcher::new(MatchOp::Regex, "__name__", "a|b").unwrap()];
    assert_eq!(querier.label_values("__name__", &both).unwrap(), ["a", "b"]);
    assert_eq!(querier.label_values("job", &both).unwrap(), ["x"]);
    assert_eq!(querier.label_values("zone", &a).unwrap(), [""; 0]);
    assert_eq!(querier.label_values("", &[]).unwrap(), [""; 0]);
    let elsewhere = block.querier(millis(-10, -1), &ReadBudget::unlimited());
    assert_eq!(elsewhere.label_names(&[]).unwrap(), [""; 0]);
    assert_eq!(elsewhere.label_values("job", &[]).unwrap(), [""; 0]);
}

#[test]
fn a_damaged_chunk_is_named_and_what_came_before_is_given() {
    let disk = SimulatedDisk::new(1);
    let block = block(&disk);
    let series = block.series().next().unwrap().unwrap();
    let offset = series.chunks[1].reference;
    let path = block.folder().join("chunks/000001");
    disk.flip_bit(&path, (offset + 20) * 8);
    let block = Block::open(&disk.shared(), block.folder()).unwrap();
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let mut columns = Columns::default();
    let error = querier.select(&[]).unwrap()[0].read(TimeRange::ALL, &mut columns).unwrap_err();
    assert_eq!(error.to_string(), format!("{path} is damaged at byte {offset}"));
    assert_eq!(columns.times.len(), 120);
    let mut faults = Vec::new();
    block.verify(&mut |fault| faults.push(fault.to_string()));
    let expected = format!("{path} is damaged at byte {offset}: the chunk's checksum is wrong");
    assert!(faults.contains(&expected), "{faults:?}");
}

#[test]
fn all_reads_together_have_a_limit() {
    let block = block(&SimulatedDisk::new(1));
    let budget = ReadBudget::new(6_000);
    let querier = block.querier(TimeRange::ALL, &budget);
    let series = querier.select(&[]).unwrap();
    let mut columns = Columns::default();
    series[0].read(TimeRange::ALL, &mut columns).unwrap();
    let held = budget.held_bytes();
    assert!(held > 300 * 16, "{held}");
    series[0].read(TimeRange::ALL, &mut columns).unwrap();
    assert_eq!(budget.held_bytes(), held, "the same series counts once");
    let again = querier.select(&[]).unwrap();
    let mut refused = Columns::default();
    let error = again[0].read(TimeRange::ALL, &mut refused).unwrap_err();
    assert!(matches!(error, ReadError::TooMuch { .. }), "{error}");
    assert!(refused.is_empty());
    drop(series);
    assert_eq!(budget.held_bytes(), 0);
    again[0].read(TimeRange::ALL, &mut refused).unwrap();
}

#[test]
fn what_histograms_hold_counts() {
    let layout = narthex_model::BucketLayout {
        positive_spans: vec![narthex_model::Span { offset: 0, length: 160 }],
        ..Default::default()
    };
    let mut deltas = vec![0; 160];
    deltas[0] = 1;
    let histogram = narthex_model::IntegerHistogram {
        layout,
        count: 160,
        sum: 1.0,
        positive_deltas: deltas,
        ..Default::default()
    };
    let histogram = Arc::new(narthex_model::NativeHistogram::Integer(histogram));
    let mut columns = Columns::default();
    for at in 0..600 {
        columns.push_histogram(at, Arc::clone(&histogram));
    }
    let mut chunks = Vec::new();
    encoding::encode(&columns, encoding::FloatEncoding::Xor, &mut chunks);
    let block = write(&SimulatedDisk::new(1).shared(), &[(labels(&[("a", "b")]), chunks)]);
    let budget = ReadBudget::new(u64::MAX);
    let series = block.querier(TimeRange::ALL, &budget).select(&[]).unwrap();
    series[0].read(TimeRange::ALL, &mut Columns::default()).unwrap();
    let held = budget.held_bytes();
    assert!(held > 600 * 160 * 8, "{held}");
    let budget = ReadBudget::new(held / 2);
    let series = block.querier(TimeRange::ALL, &budget).select(&[]).unwrap();
    let mut read = Columns::default();
    let refused = series[0].read(TimeRange::ALL, &mut read).unwrap_err();
    assert!(matches!(refused, ReadError::TooMuch { .. }), "{refused}");
    assert!(read.samples() <= 300 + 120, "it ends one chunk after the limit: {}", read.samples());
}

#[test]
fn chunks_that_run_back_are_read_in_the_order_of_time() {
    let disk = SimulatedDisk::new(1);
    let times = (0..720).map(|n| n * 1_000);
    let block = write(&disk.shared(), &[(labels(&[("a", "b")]), chunks(times))]);
    let mut series = block.series().next().unwrap().unwrap();
    assert_eq!(series.chunks.len(), 6);
    // The entry takes no more bytes than before when it has fewer chunks.
    series.chunks.truncate(2);
    series.chunks.reverse();
    rewrite_entry(&disk, &block, &series);
    let block = Block::open(&disk.shared(), block.folder()).unwrap();
    assert_eq!(block.series().next().unwrap().unwrap(), series);
    let querier = block.querier(millis(60_000, 200_000), &ReadBudget::unlimited());
    let expected: Vec<i64> = (60..=200).map(|n| n * 1_000).collect();
    assert_eq!(read(&*querier, &[], TimeRange::ALL)[0].1, expected);
    let mut faults = Vec::new();
    block.verify(&mut |fault| faults.push(fault.to_string()));
    assert!(faults.iter().any(|fault| fault.contains("the series' chunks overlap")), "{faults:?}");
    block.delete(&[], millis(0, 100_000)).unwrap();
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    assert_eq!(read(&*querier, &[], TimeRange::ALL)[0].1[0], 101_000);
}

/// Lists other chunks for the first series.
fn rewrite_entry(disk: &SimulatedDisk, block: &Block, series: &crate::block::BlockSeries) {
    use crate::encoding::varint::{push_signed, push_unsigned};
    let path = block.folder().join("index");
    let mut bytes = disk.shared().read(&path, u64::MAX).unwrap();
    let from = series.id as usize * 16;
    let len = usize::from(bytes[from]);
    // One label: a count and two symbols.
    let mut content = bytes[from + 1..from + 4].to_vec();
    push_unsigned(&mut content, series.chunks.len() as u64);
    let mut last = ChunkPlace { reference: 0, first_at: 0, last_at: 0 };
    for (number, place) in series.chunks.iter().enumerate() {
        let (gap, took) = (place.first_at - last.last_at, place.last_at - place.first_at);
        let reference = place.reference.cast_signed() - last.reference.cast_signed();
        if number == 0 {
            push_signed(&mut content, gap);
            push_unsigned(&mut content, took.cast_unsigned());
            push_unsigned(&mut content, place.reference);
        } else {
            push_unsigned(&mut content, gap.cast_unsigned());
            push_unsigned(&mut content, took.cast_unsigned());
            push_signed(&mut content, reference);
        }
        last = *place;
    }
    assert!(content.len() <= len && len < 128);
    let mut entry = vec![u8::try_from(content.len()).unwrap()];
    entry.extend_from_slice(&content);
    entry.extend_from_slice(&crc32c::crc32c(&content).to_be_bytes());
    bytes[from..from + entry.len()].copy_from_slice(&entry);
    narthex_platform::replace(&*disk.shared(), &path, &bytes).unwrap();
}
