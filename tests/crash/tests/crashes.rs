//! The store's life ends in the middle of something; what it promised must be there.

use narthex_crash_tests::{End, Faults, History};

/// Two lives, each ended in a random step by the same kind of end.
fn check(seed: u64, end: End, faults: Faults) {
    let mut history = History::new(seed);
    for _ in 0..2 {
        let steps = history.disk().steps();
        let cut = steps + 1 + history.chance(90);
        history.disk().cut_power_after(cut);
        history.live(30, faults);
        history.end(end);
    }
}

#[test]
fn a_power_cut_in_any_step_takes_nothing_durable() {
    for seed in 0..200 {
        check(seed, End::PowerCut, Faults::None);
    }
}

#[test]
fn a_kill_in_any_step_takes_nothing_acknowledged() {
    for seed in 0..200 {
        check(seed, End::Kill, Faults::None);
    }
}

#[test]
fn failing_syncs_take_nothing_that_was_durable_before() {
    for seed in 0..100 {
        check(seed, End::PowerCut, Faults::Syncs);
        check(seed, End::Kill, Faults::Syncs);
    }
}

#[test]
fn a_full_disk_refuses_cleanly_and_recovers() {
    for seed in 0..100 {
        check(seed, End::PowerCut, Faults::FullDisk);
        check(seed, End::Kill, Faults::FullDisk);
    }
}

#[test]
fn every_single_step_of_a_history_can_be_the_last() {
    for seed in [3, 5] {
        let mut whole = History::new(seed);
        whole.live(30, Faults::None);
        let steps = whole.disk().steps();
        for cut in 0..=steps {
            for end in [End::PowerCut, End::Kill] {
                let mut history = History::new(seed);
                history.disk().cut_power_after(cut);
                history.live(30, Faults::None);
                history.end(end);
                // And it goes on from there.
                history.live(5, Faults::None);
                history.end(End::Kill);
            }
        }
    }
}

#[test]
fn commits_in_every_single_step_of_a_replay_are_kept() {
    for seed in 0..6 {
        for end in [End::PowerCut, End::Kill] {
            for step in 0.. {
                let mut history = History::new(seed);
                let cut = history.disk().steps() + 40 + history.chance(50);
                history.disk().cut_power_after(cut);
                history.live(30, Faults::None);
                let goes_on = history.end_and_commit_at(end, Some(step));
                // The log of two lives is replayed in order.
                history.end(End::Kill);
                if !goes_on {
                    break;
                }
            }
        }
    }
}
