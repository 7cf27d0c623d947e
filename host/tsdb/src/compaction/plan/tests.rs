use super::*;

const RANGES: [i64; 5] = [20, 60, 240, 720, 2160];

fn block(id: u128, min_time: i64, max_time: i64) -> Candidate {
    let id = Ulid(id);
    let (series, tombstones, failed, class) = (0, 0, false, Class::Whole);
    Candidate { id, min_time, max_time, series, tombstones, failed, class }
}

fn deleted(id: u128, times: (i64, i64), tombstones: u64, series: u64) -> Candidate {
    Candidate { series, tombstones, ..block(id, times.0, times.1) }
}

/// Blocks named by their place, from 1 on.
fn blocks(times: &[(i64, i64)]) -> Vec<Candidate> {
    times.iter().zip(1..).map(|((min, max), id)| block(id, *min, *max)).collect()
}

#[track_caller]
fn check(candidates: &[Candidate], expected: &[u128]) {
    let chosen: Vec<u128> = plan(candidates, &RANGES, true).iter().map(|id| id.0).collect();
    assert_eq!(chosen, expected);
    let mut mixed = candidates.to_vec();
    mixed.reverse();
    let chosen: Vec<u128> = plan(&mixed, &RANGES, true).iter().map(|id| id.0).collect();
    assert_eq!(chosen, expected, "the order in which blocks are given does not matter");
}

#[test]
fn levels_grow_by_three_up_to_the_longest() {
    assert_eq!(ranges(2, 100), [2, 6, 18, 54]);
    assert_eq!(ranges(7_200_000, 7_200_000), [7_200_000]);
    assert_eq!(ranges(10, 5), [10], "there is always one");
    assert_eq!(ranges(1, i64::MAX).len(), 10);
}

#[test]
fn one_block_stays_as_it_is() {
    check(&[], &[]);
    check(&blocks(&[(0, 20)]), &[]);
    check(&blocks(&[(0, 20), (20, 40)]), &[]);
}

#[test]
fn the_newest_block_waits() {
    check(&blocks(&[(0, 20), (20, 40), (40, 60)]), &[]);
    check(&blocks(&[(0, 20), (20, 40), (40, 60), (60, 80)]), &[1, 2, 3]);
}

#[test]
fn a_gap_is_closed_by_what_comes_after_the_range() {
    check(&blocks(&[(0, 20), (20, 40), (60, 80)]), &[]);
    check(&blocks(&[(0, 20), (20, 40), (60, 80), (80, 100)]), &[1, 2]);
    check(&blocks(&[(0, 20), (60, 80), (80, 100)]), &[]);
}

#[test]
fn a_level_is_filled_before_the_next() {
    check(&blocks(&[(0, 20), (20, 40), (40, 60), (60, 120), (120, 180)]), &[1, 2, 3]);
    check(
        &blocks(&[(0, 60), (60, 120), (120, 180), (180, 240), (240, 260), (260, 280)]),
        &[1, 2, 3, 4],
    );
    check(&blocks(&[(0, 60), (120, 180), (720, 960), (1200, 1440)]), &[1, 2]);
    check(&blocks(&[(0, 60), (60, 120), (120, 180), (180, 200)]), &[]);
}

#[test]
fn blocks_that_straddle_a_range_are_left_out_of_it() {
    check(&blocks(&[(20, 40), (40, 70), (70, 80), (80, 100), (120, 140), (140, 160)]), &[3, 4]);
    check(&blocks(&[(10, 30), (50, 70), (120, 140), (140, 160)]), &[]);
}

#[test]
fn times_before_the_epoch_are_aligned_too() {
    check(&blocks(&[(-60, -40), (-40, -20), (-20, 0), (0, 20)]), &[1, 2, 3]);
    check(&blocks(&[(-80, -60), (-60, -40), (-40, -20), (0, 20), (20, 40)]), &[2, 3]);
}

#[test]
fn overlapping_blocks_come_first_even_the_newest() {
    check(&blocks(&[(0, 20), (19, 40)]), &[1, 2]);
    check(&blocks(&[(0, 20), (20, 40), (40, 60), (59, 80)]), &[3, 4]);
    check(&blocks(&[(0, 20), (0, 60), (20, 40), (60, 80), (80, 120)]), &[1, 2, 3]);
    check(&blocks(&[(0, 20), (10, 30), (40, 60), (50, 70)]), &[1, 2]);
    check(&blocks(&[(0, 100), (10, 20), (30, 40), (100, 120)]), &[1, 2, 3]);
}

#[test]
fn overlapping_blocks_are_left_to_others_where_that_is_wished() {
    let blocks = blocks(&[(0, 20), (19, 40)]);
    assert_eq!(plan(&blocks, &RANGES, false), []);
}

#[test]
fn many_deletions_have_a_large_block_written_anew() {
    check(&[deleted(1, (0, 720), 10, 100), block(2, 720, 740)], &[1]);
    check(&[deleted(1, (0, 720), 5, 100), block(2, 720, 740)], &[]);
    check(&[deleted(1, (0, 60), 10, 100), block(2, 720, 740)], &[]);
    check(&[deleted(1, (0, 720), 10, 100)], &[]);
    let two = [deleted(1, (0, 720), 9, 10), deleted(2, (720, 1440), 9, 10), block(3, 1440, 1460)];
    check(&two, &[2]);
}

#[test]
fn a_block_of_any_size_that_is_all_deleted_is_written_anew() {
    check(&[deleted(1, (0, 60), 100, 100), block(2, 720, 740)], &[1]);
    check(&[deleted(1, (0, 60), 100, 100), block(2, 60, 120), block(3, 720, 740)], &[]);
    check(&[deleted(1, (0, 60), 100, 100), block(2, 240, 260), block(3, 720, 740)], &[]);
}

#[test]
fn a_group_with_a_failed_block_is_left_alone() {
    let cases: [&[(i64, i64)]; 3] = [
        &[(0, 20), (20, 40), (40, 60), (60, 80)],
        &[(0, 20), (20, 40), (60, 80), (80, 100)],
        &[(0, 20), (20, 40), (40, 60), (60, 120), (120, 180), (180, 200)],
    ];
    for times in cases {
        let mut blocks = blocks(times);
        blocks[1].failed = true;
        check(&blocks, &[]);
    }
}

#[test]
fn a_failed_block_does_not_hold_up_others_that_overlap() {
    let mut blocks = blocks(&[(0, 20), (10, 30), (40, 60), (50, 70)]);
    blocks[1].failed = true;
    check(&blocks, &[3, 4]);
}

#[test]
fn blocks_of_some_series_are_not_mixed_with_others() {
    let stale = |id, min, max| Candidate { class: Class::Stale, ..block(id, min, max) };
    let all = [block(1, 0, 20), stale(2, 0, 20), stale(3, 10, 20), block(4, 20, 40)];
    check(&all, &[2, 3]);
    let all = [block(1, 0, 20), block(2, 10, 20), stale(3, 0, 20), stale(4, 10, 20)];
    check(&all, &[1, 2]);
}

#[test]
fn times_at_the_ends_of_what_can_be_said_do_no_harm() {
    check(&blocks(&[(i64::MIN, -1), (0, i64::MAX)]), &[]);
    check(
        &blocks(&[(i64::MIN, i64::MIN + 1), (i64::MAX - 1, i64::MAX), (i64::MAX, i64::MAX)]),
        &[],
    );
    check(&[deleted(1, (i64::MIN, i64::MAX), 10, 100), block(2, i64::MAX, i64::MAX)], &[1]);
}
