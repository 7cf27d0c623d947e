use super::*;
use crate::encoding::encode;

const ALL: Interval = Interval { start: i64::MIN, end: i64::MAX };

/// Chunks of samples whose value says which part they are of.
fn part(value: f64, chunks: &[&[i64]], deleted: &[(i64, i64)]) -> Part<'static> {
    let mut made = Vec::new();
    for times in chunks {
        let columns = Columns::from_floats(times.to_vec(), vec![value; times.len()]);
        encode(&columns, FloatEncoding::Xor, &mut made);
    }
    let deleted = deleted.iter().map(|(start, end)| Interval { start: *start, end: *end });
    Part {
        labels: Labels::from_pairs([("a", "b")]),
        chunks: made.into_iter().map(Piece::Made).collect(),
        deleted: deleted.collect(),
    }
}

/// What comes out, a list of `time=part` for each chunk.
#[track_caller]
fn check(parts: Vec<Part<'static>>, range: Interval, expected: &[&str]) {
    let united = unite(parts, range, FloatEncoding::Xor).unwrap();
    let mut found = Vec::new();
    for piece in &united {
        let view = piece.view();
        let mut columns = Columns::default();
        encoding::decode(view.encoding, view.bytes, i64::MIN, i64::MAX, &mut columns).unwrap();
        assert_eq!(columns.times.first(), Some(&view.first_at));
        assert_eq!(columns.times.last(), Some(&view.last_at));
        let samples = columns.times.iter().zip(&columns.values);
        let samples: Vec<String> = samples.map(|(at, value)| format!("{at}={value}")).collect();
        found.push(samples.join(" "));
    }
    assert_eq!(found, expected);
}

#[test]
fn chunks_that_follow_each_other_go_on_as_they_are() {
    let parts = vec![part(1.0, &[&[1, 2], &[5]], &[]), part(2.0, &[&[3, 4], &[6]], &[])];
    check(parts, ALL, &["1=1 2=1", "3=2 4=2", "5=1", "6=2"]);
}

#[test]
fn chunks_that_overlap_become_one_and_the_first_part_counts() {
    let parts = vec![part(1.0, &[&[2, 4]], &[]), part(2.0, &[&[1, 2, 3], &[4, 5], &[9]], &[])];
    check(parts, ALL, &["1=2 2=1 3=2 4=1 5=2", "9=2"]);
}

#[test]
fn the_same_chunk_twice_is_one() {
    let twice = || part(1.0, &[&[1, 2], &[3, 4]], &[]);
    check(vec![twice(), twice(), twice()], ALL, &["1=1 2=1", "3=1 4=1"]);
}

#[test]
fn deleted_samples_do_not_go_on() {
    let chunks: &[&[i64]] = &[&[1, 2], &[3, 4, 5], &[6], &[7, 8]];
    check(vec![part(1.0, chunks, &[(2, 3), (6, 8)])], ALL, &["1=1", "4=1 5=1"]);
    check(vec![part(1.0, chunks, &[(0, 9)])], ALL, &[]);
    let other = part(2.0, &[&[2, 3, 4]], &[]);
    check(vec![part(1.0, chunks, &[(2, 8)]), other], ALL, &["1=1 2=2 3=2 4=2"]);
}

#[test]
fn what_lies_outside_the_range_does_not_go_on() {
    let range = Interval { start: 2, end: 5 };
    check(
        vec![part(1.0, &[&[0, 1], &[1, 2, 3], &[4, 5, 6], &[7]], &[])],
        range,
        &["2=1 3=1", "4=1 5=1"],
    );
}

#[test]
fn a_damaged_chunk_that_must_be_decoded_is_reported() {
    let mut parts = vec![part(1.0, &[&[1, 5]], &[]), part(2.0, &[&[2, 3]], &[])];
    if let Some(Piece::Made(chunk)) = parts[1].chunks.first_mut() {
        chunk.bytes = Box::from([0, 9, 1]);
    }
    assert_eq!(unite(parts, ALL, FloatEncoding::Xor).unwrap_err(), Damage);
}

#[test]
fn chunks_of_one_part_that_overlap_become_one() {
    check(vec![part(1.0, &[&[1, 5], &[2, 3], &[4]], &[])], ALL, &["1=1 2=1 3=1 4=1 5=1"]);
    let parts = vec![part(1.0, &[&[4, 6], &[1, 5]], &[(6, 6)]), part(2.0, &[&[4, 6]], &[])];
    check(parts, ALL, &["1=1 4=1 5=1 6=2"]);
}
