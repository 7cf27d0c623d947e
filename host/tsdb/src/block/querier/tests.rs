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
