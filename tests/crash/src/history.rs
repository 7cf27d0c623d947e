//! One history: lives of a store, each with commits, syncs, checkpoints and faults, each ending in
//! a kill or a power cut.

use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::{Metrics, SimulatedClock, SimulatedDisk};
use narthex_storage::{Appendable, Columns, Queryable, TimeRange};
use narthex_tsdb::{Config, SyncPolicy, Tsdb};

use crate::model::{Chance, Model, Samples};

/// Where the store lives on the simulated disk.
const DATA: &str = "/data";

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process is gone, the machine goes on.
    Kill,
    /// The machine lost power.
    PowerCut,
}

/// What goes wrong during a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Nothing, until the end.
    None,
    /// Syncs fail now and then.
    Syncs,
    /// The disk is full now and then.
    FullDisk,
}

/// A store, its disk, and the model of what was written.
pub struct History {
    chance: Chance,
    disk: SimulatedDisk,
    clock: SimulatedClock,
    sync: SyncPolicy,
    model: Model,
    /// Time of the next samples. A refused commit is tried again at the same time.
    at: i64,
    /// No two commits hold the same values.
    attempts: u32,
}

impl History {
    /// An empty disk; `seed` decides the policy and everything that follows.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let sync = match chance.below(3) {
            0 => SyncPolicy::Always,
            1 => SyncPolicy::Never,
            _ => SyncPolicy::Interval(Duration::from_secs(1)),
        };
        Self {
            chance,
            disk: SimulatedDisk::new(seed),
            clock: SimulatedClock::at(0),
            sync,
            model: Model::default(),
            at: 1_000,
            attempts: 0,
        }
    }

    /// The disk, to break it.
    #[must_use]
    pub fn disk(&self) -> &SimulatedDisk {
        &self.disk
    }

    /// A number below `end` out of the history's sequence.
    pub fn chance(&mut self, end: u64) -> u64 {
        self.chance.below(end)
    }

    /// Opens the store and replays its log. `None`: the power failed meanwhile.
    fn open(&self) -> Option<Tsdb> {
        let store = self.open_behind()?;
        match store.replay_now() {
            Ok(()) => Some(store),
            Err(error) => {
                assert!(self.disk.is_off(), "the log is not replayed: {error:?}");
                None
            }
        }
    }

    /// Opens the store. `None`: the power failed meanwhile.
    fn open_behind(&self) -> Option<Tsdb> {
        let config = Config::new(DATA).with_sync(self.sync).and_then(|config| {
            // The smallest segments, so that there are many.
            config.with_segment_bytes(64 << 10)
        });
        let config = config.expect("settings that can be");
        let opened = Tsdb::open(config, self.disk.shared(), self.clock.clock(), &Metrics::new());
        match opened {
            Ok(store) => Some(store),
            Err(error) => {
                assert!(self.disk.is_off(), "the store does not open: {error:?}");
                None
            }
        }
    }

    /// A life of `steps` actions, or until the power fails.
    pub fn live(&mut self, steps: u64, faults: Faults) {
        let Some(store) = self.open() else { return };
        for _ in 0..steps {
            if self.disk.is_off() {
                return;
            }
            self.fault(faults);
            match self.chance(20) {
                0 => self.synced(store.checkpoint().is_ok()),
                1..=3 => self.synced(store.sync().is_ok()),
                4 => store.apply_retention(self.clock.clock().now_millis()),
                _ => self.commit(&store),
            }
            self.clock.advance(Duration::from_millis(500));
            if self.chance(8) == 0 && !self.disk.is_off() {
                assert_eq!(read(&store), self.model.visible(), "readers see what was acknowledged");
            }
        }
        self.disk.limit_bytes(None);
        self.disk.fail_syncs(0);
    }

    fn fault(&mut self, faults: Faults) {
        match (faults, self.chance(8)) {
            (Faults::Syncs, 0) => {
                let count = 1 + u32::try_from(self.chance(3)).unwrap_or(0);
                self.disk.fail_syncs(count);
            }
            (Faults::FullDisk, 0) => {
                let room = usize::try_from(self.chance(600)).unwrap_or(0);
                self.disk.limit_bytes(Some(self.disk.used_bytes() + room));
            }
            (Faults::FullDisk, 1..=3) => self.disk.limit_bytes(None),
            _ => {}
        }
    }

    fn synced(&mut self, is_ok: bool) {
        if is_ok {
            self.model.synced();
        }
    }

    fn commit(&mut self, store: &Tsdb) {
        self.attempts += 1;
        let mut batch = store.appender();
        let mut samples = Samples::new();
        let series = 1 + self.chance(24);
        let first = self.chance(12);
        // Some commits bring several samples of a series.
        let repeats = if self.chance(4) == 0 { 3 } else { 1 };
        for instance in first..first + series {
            let labels = labels(instance);
            let series = batch.series(&labels).expect("room for a series");
            for step in 0..repeats {
                let (at, value) = (self.at + step, self.value(instance));
                batch.append(series, Timestamp::from_millis(at), value).expect("in order");
                samples.insert((labels.to_string(), at), value.to_bits());
            }
        }
        let outcome = batch.commit();
        if let Ok(done) = &outcome {
            assert_eq!((done.samples, done.out_of_order), (samples.len(), 0));
            self.at += 15_000;
        }
        self.model.committed(samples, outcome.is_ok());
        if outcome.is_ok() && self.sync == SyncPolicy::Always {
            self.model.synced();
        }
    }

    /// Counters, decimals, noise; each different from what the same series had before.
    fn value(&mut self, instance: u64) -> f64 {
        let attempt = f64::from(self.attempts);
        match instance % 3 {
            0 => attempt,
            1 => attempt / 100.0 + 0.25,
            _ => {
                let noise = u32::try_from(self.chance(1 << 30)).unwrap_or(0);
                (attempt + 1.0 / f64::from(noise + 3)).sqrt()
            }
        }
    }

    /// Ends the life, opens the store again and compares.
    ///
    /// # Panics
    /// When a promise is broken.
    pub fn end(&mut self, end: End) {
        self.end_and_commit_at(end, None);
    }

    /// Ends the life, opens the store again, replays so many steps of its log, commits and reads,
    /// replays the others, and compares. Answers whether there were as many steps.
    ///
    /// # Panics
    /// When a promise is broken.
    pub fn end_and_commit_at(&mut self, end: End, replay_step: Option<usize>) -> bool {
        match end {
            End::Kill => self.disk.restart_after_kill(),
            End::PowerCut => self.disk.restart_after_power_cut(),
        }
        self.disk.limit_bytes(None);
        self.model.restarted();
        let store = self.open_behind().expect("the power is on");
        let mut goes_on = true;
        if let Some(steps) = replay_step {
            for _ in 0..steps {
                goes_on = goes_on && store.replay_step().expect("the power is on");
            }
            // Nothing that a refused commit left in the log has this time.
            self.at += 15_000;
            self.commit(&store);
            self.model.check_while_replayed(&read(&store));
        }
        store.replay_now().expect("the power is on");
        let found = read(&store);
        match end {
            End::Kill => self.model.check_after_kill(&found),
            End::PowerCut => self.model.check_after_power_cut(&found),
        }
        self.at = found.keys().map(|(_, at)| *at).max().unwrap_or(0).max(self.at) + 15_000;
        goes_on
    }

    /// Opens a store whose files were damaged and compares.
    ///
    /// # Panics
    /// When something is invented, or is gone without a word.
    pub fn check_damaged(&self) {
        self.disk.restart_after_kill();
        let store = self.open().expect("the power is on");
        self.model.check_after_damage(&read(&store), !store.damaged().is_empty());
    }
}

fn labels(instance: u64) -> Labels {
    Labels::from_pairs([
        ("__name__", format!("metric_{}", instance % 7)),
        ("instance", instance.to_string()),
        ("job", "node".to_owned()),
    ])
}

/// Everything that is there.
fn read(store: &Tsdb) -> Samples {
    let querier = store.querier(TimeRange::ALL).expect("a querier");
    let mut all = Samples::new();
    for series in querier.select(&[]).expect("series") {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).expect("no damage in memory");
        let name = series.labels().to_string();
        for (at, value) in columns.times.iter().zip(&columns.values) {
            all.insert((name.clone(), *at), value.to_bits());
        }
    }
    all
}
