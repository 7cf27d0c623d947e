//! What may happen while the store is open, one thing a step.

use std::time::Duration;

use narthex_model::Timestamp;
use narthex_oracles::generate::matchers;
use narthex_storage::TimeRange;
use narthex_tsdb::Tsdb;

use crate::History;
use crate::marks::Mark;

/// Within this many tries, a second apart, a store whose disk works again takes writes again.
const RECOVERY_TRIES: usize = 3;

impl History {
    /// A life of `steps` steps, or until the power fails.
    pub(crate) fn live(&mut self, steps: u64) {
        let Some(store) = self.open_behind() else { return };
        for target in &mut self.targets {
            target.forget();
        }
        if !self.replay(&store) {
            return;
        }
        for _ in 0..steps {
            self.step(&store);
            if self.disk.is_off() {
                return;
            }
            self.ask(&store);
            let seconds = *self.chance.pick(&[1, 15, 60, 300, 1800]);
            self.clock.advance(Duration::from_secs(seconds));
        }
        self.disk.fail_syncs(0);
        self.disk.fail_writes(0);
        if self.chance.once_in(3) {
            self.sync(&store);
        }
    }

    /// Lets the log be replayed while samples come in; answers whether it came to the end.
    fn replay(&mut self, store: &Tsdb) -> bool {
        let begun = self.model.commits();
        let mut goes_on = true;
        while goes_on && self.chance.below(6) > 0 {
            let target = self.chance.index(self.targets.len());
            let is_replaying = !store.is_replayed();
            if self.scrape(store, target) && is_replaying {
                self.marks.note(Mark::CommitWhileReplaying);
            }
            match self.chance.below(12) {
                0 => self.sync(store),
                1 => self.checkpoint(store),
                2 => self.retention(store),
                3 if !store.is_replayed() => {
                    // The process ends in the middle.
                    self.marks.note(Mark::EndWhileReplaying);
                    return false;
                }
                _ => {}
            }
            if self.disk.is_off() {
                return false;
            }
            self.model.check_replaying(begun, &self.read(store));
            for _ in 0..1 + self.chance.below(20) {
                goes_on = goes_on && store.replay_step().is_ok_and(|goes_on| goes_on);
            }
            self.clock.advance(Duration::from_secs(15));
        }
        self.replay_to_end(store)
    }

    fn step(&mut self, store: &Tsdb) {
        let what = self.chance.below(40);
        self.say(|_| format!("step {what}"));
        match what {
            0 => self.checkpoint(store),
            1..=3 => self.sync(store),
            4 => self.retention(store),
            5 => self.fill_disk(store),
            6 => {
                self.sync_failed = true;
                self.disk.fail_syncs(1 + self.chance.small(3));
            }
            7 => {
                self.write_failed = true;
                self.disk.fail_writes(1 + self.chance.small(3));
            }
            8 | 9 => self.race(store),
            10 => self.send_old(store),
            11 | 12 => self.churn(),
            13 | 14 => self.maintain(store),
            15 => self.delete_from_block(store),
            16 => self.clean(store),
            17 => self.snapshot(store),
            18 | 19 => self.send_late(store),
            _ => {
                let target = self.chance.index(self.targets.len());
                self.scrape(store, target);
            }
        }
    }

    /// Asks one question, and now and then for everything.
    fn ask(&mut self, store: &Tsdb) {
        let matchers = matchers(self.model.catalog.all(), &mut self.chance);
        let (now, hour) = (self.now(), 3_600_000);
        let start = now - self.chance.between(0, 12 * hour);
        let end = start + self.chance.between(0, 12 * hour);
        let millis = Timestamp::from_millis;
        let range = TimeRange { start: millis(start), end: millis(end) };
        self.model.check_query(store, range, &matchers);
        self.marks.note(Mark::Query);
        if self.chance.once_in(8) {
            self.model.check_running(&self.read(store));
        }
    }

    fn sync(&mut self, store: &Tsdb) {
        match store.sync() {
            Ok(()) => {
                if !self.is_in_doubt {
                    self.model.synced();
                }
                self.marks.note(Mark::Sync);
            }
            Err(error) => {
                self.say(|_| format!("no sync: {error:?}"));
                self.marks.note(Mark::FailedSync);
            }
        }
    }

    fn checkpoint(&mut self, store: &Tsdb) {
        match store.checkpoint() {
            Ok(()) => {
                self.disk.fail_syncs(0);
                (self.sync_failed, self.is_in_doubt) = (false, false);
                self.model.synced();
                self.marks.note(Mark::Checkpoint);
            }
            Err(error) => {
                self.say(|_| format!("no checkpoint: {error:?}"));
                self.marks.note(Mark::FailedCheckpoint);
            }
        }
    }

    fn retention(&mut self, store: &Tsdb) {
        self.model.expired(self.horizon());
        store.apply_retention(self.now());
        self.marks.note(Mark::Retention);
    }

    fn churn(&mut self) {
        let target = self.chance.index(self.targets.len());
        if let Some(target) = self.targets.get_mut(target) {
            target.churn(&mut self.chance);
            self.marks.note(Mark::Churn);
        }
    }

    /// The disk fills up. Queries go on; once there is room, so do writes.
    fn fill_disk(&mut self, store: &Tsdb) {
        let room = self.chance.index(600);
        self.disk.limit_bytes(Some(self.disk.used_bytes() + room));
        self.is_full = true;
        for _ in 0..1 + self.chance.below(5) {
            match self.chance.below(8) {
                0 => self.checkpoint(store),
                1 => self.sync(store),
                2 => self.retention(store),
                3 => self.maintain(store),
                _ => {
                    let target = self.chance.index(self.targets.len());
                    self.scrape(store, target);
                }
            }
            if self.disk.is_off() {
                return;
            }
            self.ask(store);
            self.clock.advance(Duration::from_secs(1));
        }
        self.disk.limit_bytes(None);
        self.is_full = false;
        self.disk.fail_syncs(0);
        self.disk.fail_writes(0);
        self.clock.advance(Duration::from_secs(1));
        let recovered = (0..RECOVERY_TRIES).any(|_| {
            self.clock.advance(Duration::from_secs(1));
            self.scrape(store, 0)
        });
        assert!(recovered || self.disk.is_off(), "there is room again, but writes are refused");
        self.marks.note(Mark::FullDisk);
    }
}
