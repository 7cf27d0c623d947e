//! What was written and what was promised about it.

use std::collections::{BTreeMap, BTreeSet};

/// The next number of a seed's sequence (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

/// A series and a time, and the bits of the value there.
pub type Samples = BTreeMap<(String, i64), u64>;

/// What became of a commit, as far as the writer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It failed, and the process ended before it acknowledged another: it is there or not.
    Undecided,
    /// It failed: it may be there only if nothing was acknowledged after it.
    Refused,
    /// It was acknowledged: it survives the end of the process.
    Acknowledged,
    /// It was acknowledged and a sync succeeded: it survives a power cut.
    Durable,
}

#[derive(Clone, Debug)]
struct Commit {
    samples: Samples,
    fate: Fate,
}

impl Commit {
    fn is_acknowledged(&self) -> bool {
        self.fate >= Fate::Acknowledged
    }
}

/// All commits of a history.
#[derive(Clone, Debug, Default)]
pub struct Model {
    commits: Vec<Commit>,
}

impl Model {
    /// Notes a commit and whether it was acknowledged.
    pub fn committed(&mut self, samples: Samples, is_acknowledged: bool) {
        let fate = if is_acknowledged { Fate::Acknowledged } else { Fate::Refused };
        self.commits.push(Commit { samples, fate });
    }

    /// Notes that all acknowledged commits are durable now.
    pub fn synced(&mut self) {
        for commit in self.commits.iter_mut().filter(|commit| commit.is_acknowledged()) {
            commit.fate = Fate::Durable;
        }
    }

    /// Notes that the process has ended: what it refused last may have been written all the same.
    pub fn restarted(&mut self) {
        let last = self.commits.iter_mut().rev().take_while(|commit| !commit.is_acknowledged());
        last.for_each(|commit| commit.fate = Fate::Undecided);
    }

    /// What a store that lost nothing shows.
    #[must_use]
    pub fn visible(&self) -> Samples {
        let kept = self.commits.iter().filter(|commit| commit.is_acknowledged());
        kept.flat_map(|commit| commit.samples.clone()).collect()
    }

    /// Compares what is there after the process was killed, and forgets what is gone.
    ///
    /// # Panics
    /// When a promise is broken.
    pub fn check_after_kill(&mut self, found: &Samples) {
        self.check(found, Fate::Acknowledged);
    }

    /// Compares what is there after the power failed, and forgets what is gone.
    ///
    /// # Panics
    /// When a promise is broken.
    pub fn check_after_power_cut(&mut self, found: &Samples) {
        self.check(found, Fate::Durable);
    }

    /// Compares what is there after bits were flipped.
    ///
    /// # Panics
    /// When something is there that was never written, or something is gone and nobody said so.
    pub fn check_after_damage(&self, found: &Samples, is_reported: bool) {
        self.check_nothing_invented(found);
        let lost = self.visible().into_iter().find(|(key, bits)| found.get(key) != Some(bits));
        if let Some(lost) = lost {
            assert!(is_reported, "{lost:?} is gone and no damage was reported");
        }
    }

    /// Compares what is there in the middle of a replay: the last commit came after it began.
    ///
    /// # Panics
    /// When something is there that was never written, or the last commit is not.
    pub fn check_while_replayed(&self, found: &Samples) {
        self.check_nothing_invented(found);
        let last = self.commits.last().filter(|commit| commit.is_acknowledged());
        for (key, bits) in last.into_iter().flat_map(|commit| &commit.samples) {
            assert_eq!(found.get(key), Some(bits), "{key:?} was acknowledged while replaying");
        }
    }

    fn check_nothing_invented(&self, found: &Samples) {
        let written: BTreeSet<(&(String, i64), &u64)> =
            self.commits.iter().flat_map(|commit| &commit.samples).collect();
        for sample in found {
            assert!(written.contains(&sample), "{sample:?} was never written");
        }
    }

    fn check(&mut self, found: &Samples, promised: Fate) {
        self.check_nothing_invented(found);
        let is_there = |commit: &Commit| {
            let there = commit.samples.iter().filter(|(key, bits)| found.get(*key) == Some(*bits));
            (there.count(), commit.samples.len())
        };
        let mut acknowledged_later = false;
        for (number, commit) in self.commits.iter().enumerate().rev() {
            let (there, all) = is_there(commit);
            assert!(there == 0 || there == all, "of commit {number} there are {there} of {all}");
            if commit.fate >= promised {
                assert_eq!(there, all, "commit {number} was promised: {:?}", commit.fate);
            }
            if commit.fate == Fate::Refused && acknowledged_later {
                assert_eq!(there, 0, "commit {number} was refused, and others followed it");
            }
            acknowledged_later |= commit.is_acknowledged();
        }
        self.commits.retain(|commit| is_there(commit).0 > 0);
        for commit in &mut self.commits {
            commit.fate = Fate::Acknowledged;
        }
    }
}
