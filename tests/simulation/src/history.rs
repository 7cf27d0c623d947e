//! One history: lives of a store, each ended by a kill, a power cut, or bits that flip.

use std::time::Duration;

use narthex_oracles::{Chance, Found, Loss, Model};
use narthex_platform::{Metrics, SimulatedClock, SimulatedDisk};
use narthex_storage::ReadError;
use narthex_tsdb::{Config, Settings, SyncPolicy, Tsdb};

use crate::marks::{Mark, Marks};
use crate::targets::Scraped;

/// Where the store lives on the simulated disk.
pub(crate) const DATA: &str = "/data";

/// When a history begins: 2026-01-01.
pub(crate) const BEGIN: i64 = 1_767_225_600_000;

/// A store, its disk and clock, those who write to it, and the model of what was written.
pub struct History {
    pub(crate) chance: Chance,
    pub(crate) disk: SimulatedDisk,
    pub(crate) clock: SimulatedClock,
    pub(crate) config: Config,
    pub(crate) model: Model,
    pub(crate) targets: Vec<Scraped>,
    pub(crate) marks: Marks,
    /// The power failed or bits flipped: there may be damage on the disk.
    is_damaged: bool,
    /// A sync failed, and nothing was saved anew since.
    pub(crate) sync_failed: bool,
    /// The process was killed in that state: the next one cannot know what is not durable, so that
    /// no sync of its own promises it.
    pub(crate) is_in_doubt: bool,
    /// A write was told to fail in this life.
    pub(crate) write_failed: bool,
    pub(crate) is_full: bool,
    tell: Tell,
}

/// Whether a history tells what happens in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Nothing.
    Nothing,
    /// A line a step, on standard output.
    Steps,
}

impl History {
    /// An empty disk; `seed` decides the settings and everything that follows.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let config = settings(&mut chance);
        let targets = (0..1 + chance.below(4)).map(|at| Scraped::new(at, &mut chance)).collect();
        Self {
            config,
            targets,
            disk: SimulatedDisk::new(chance.any()),
            clock: SimulatedClock::at(BEGIN),
            model: Model::default(),
            marks: Marks::default(),
            is_damaged: false,
            sync_failed: false,
            is_in_doubt: false,
            write_failed: false,
            is_full: false,
            tell: Tell::Nothing,
            chance,
        }
    }

    /// Runs a whole history.
    ///
    /// # Panics
    /// When a promise is broken.
    #[must_use]
    pub fn run(seed: u64, tell: Tell) -> Marks {
        let mut history = Self::new(seed);
        history.tell = tell;
        history.say(|history| format!("{:?}", history.config));
        if history.chance.once_in(2) {
            history.begin_with_blocks();
        }
        for _ in 0..1 + history.chance.below(4) {
            let steps = 5 + history.chance.below(50);
            // Half of the lives end in the middle of something.
            if history.chance.once_in(2) {
                let steps = history.disk.steps() + history.chance.below(4 * steps);
                history.disk.cut_power_after(steps);
            }
            history.live(steps);
            if !history.end() {
                break;
            }
        }
        history.marks
    }

    /// Tells what happens, when somebody listens.
    #[expect(clippy::print_stdout, reason = "for whoever looks into one seed")]
    pub(crate) fn say(&self, what: impl FnOnce(&Self) -> String) {
        if self.tell == Tell::Steps {
            println!("[step {} of the disk] {}", self.disk.steps(), what(self));
        }
    }

    /// Milliseconds, as the clock of this history shows them.
    pub(crate) fn now(&self) -> i64 {
        self.clock.clock().now_millis()
    }

    /// Samples before this may be gone or refused.
    pub(crate) fn horizon(&self) -> i64 {
        let retention = self.config.settings().retention().time.unwrap_or(Duration::MAX);
        let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        self.now().saturating_sub(retention)
    }

    /// Samples before this may be refused: appends reach back half a block's range, here less.
    pub(crate) fn reach(&self) -> i64 {
        self.horizon().max(self.now() - 50 * 60_000)
    }

    /// How far out of order samples may be, in milliseconds.
    pub(crate) fn window(&self) -> i64 {
        let window = self.config.settings().out_of_order_window();
        i64::try_from(window.as_millis()).unwrap_or(i64::MAX)
    }

    /// Opens the store and replays its log. `None`: the power failed meanwhile.
    pub(crate) fn open(&mut self) -> Option<Tsdb> {
        let store = self.open_behind()?;
        self.replay_to_end(&store).then_some(store)
    }

    /// Opens the store, whose log is still to be replayed. `None`: the power failed meanwhile.
    pub(crate) fn open_behind(&mut self) -> Option<Tsdb> {
        let (disk, clock) = (self.disk.shared(), self.clock.clock());
        match Tsdb::open(self.config.clone(), disk, clock, &Metrics::new()) {
            Ok(store) => Some(store),
            Err(error) => {
                assert!(self.disk.is_off(), "the store does not open: {error:?}");
                self.marks.note(Mark::CutAtStart);
                None
            }
        }
    }

    /// Replays what is left of the log; answers whether the power stayed on.
    pub(crate) fn replay_to_end(&mut self, store: &Tsdb) -> bool {
        let outcome = store.replay_now();
        if let Err(error) = &outcome {
            assert!(self.disk.is_off(), "the log is not replayed: {error:?}");
        }
        self.marks.note(if outcome.is_ok() { Mark::Restart } else { Mark::CutAtStart });
        outcome.is_ok()
    }

    pub(crate) fn read(&self, store: &Tsdb) -> Found {
        self.model.read(store).expect("what can be read")
    }

    /// Whether what fails may have failed because of the disk.
    pub(crate) fn is_disk_troubled(&self) -> bool {
        let was_told = self.sync_failed || self.write_failed || self.is_full || self.is_damaged;
        was_told || self.disk.is_off()
    }

    /// Ends a life, opens the store again, and compares. Answers whether the history goes on.
    fn end(&mut self) -> bool {
        (self.write_failed, self.is_full) = (false, false);
        match self.chance.below(5) {
            0 | 1 => {
                self.disk.restart_after_kill();
                self.marks.note(Mark::Kill);
                self.compare(Loss::Kill);
            }
            2 | 3 => {
                self.disk.restart_after_power_cut();
                self.marks.note(Mark::PowerCut);
                self.compare(Loss::PowerCut);
            }
            _ => {
                self.disk.restart_after_kill();
                self.marks.note(Mark::Kill);
                self.compare(Loss::Kill);
                return self.flip_bits();
            }
        }
        true
    }

    fn compare(&mut self, loss: Loss) {
        self.disk.limit_bytes(None);
        self.is_in_doubt |= self.sync_failed && loss == Loss::Kill;
        let mut loss = loss;
        // The power may fail again while the store is opened, more than once.
        while self.chance.once_in(4) {
            self.disk.cut_power_after(self.disk.steps() + self.chance.below(6));
            drop(self.open());
            if self.chance.once_in(2) {
                self.disk.restart_after_power_cut();
                loss = Loss::PowerCut;
                self.is_damaged = true;
            } else {
                self.disk.restart_after_kill();
            }
        }
        self.say(|_| format!("{loss:?}"));
        let store = self.open().expect("the power is on");
        let found = self.read(&store);
        if self.is_in_doubt && loss == Loss::PowerCut {
            self.model.check_after_damage(&found, true);
            self.model.take_over(&found);
        } else {
            self.model.check_after(loss, &found);
        }
        if loss == Loss::PowerCut {
            (self.sync_failed, self.is_in_doubt) = (false, false);
        }
        self.is_damaged |= loss == Loss::PowerCut;
        for damaged in store.damaged() {
            let is_known = damaged.is_torn_tail || self.is_damaged;
            assert!(is_known, "damage that nothing did: {damaged:?}");
        }
        drop(store);
        self.disk.restart_after_kill();
    }

    /// Bits flip somewhere in the data; what is lost must be told, the rest is there. Answers
    /// whether everything can still be read, so that the history goes on.
    fn flip_bits(&mut self) -> bool {
        self.is_damaged = true;
        // What a block holds is looked at when it is asked for: its damage may come to light later.
        let mut goes_on = true;
        for _ in 0..1 + self.chance.below(3) {
            let files = self.disk.files();
            let bits: u64 = files.iter().map(|(_, len)| len * 8).sum();
            let mut bit = self.chance.below(bits);
            for (path, len) in files {
                if bit < len * 8 {
                    self.say(|_| format!("bit {bit} of {path} flips"));
                    goes_on &= path.starts_with("/data/log");
                    self.disk.flip_bit(&path, bit);
                    break;
                }
                bit -= len * 8;
            }
        }
        let store = self.open().expect("damage does not keep the store from opening");
        let is_told = !store.damaged().is_empty() || !store.unreadable_blocks().is_empty();
        let found = match self.model.read(&store) {
            Ok(found) => found,
            Err(error) => {
                self.say(|_| format!("cannot be read: {error}"));
                let is_damage =
                    matches!(&error, ReadError::Damaged { path, .. } if path.starts_with(DATA));
                assert!(is_damage, "damage is told as such: {error:?}");
                // Only what stands at the damage is lost, and it stays there.
                self.model.check_after_damage(&self.model.read_each(&store), true);
                self.marks.note(Mark::ToldDamage);
                return false;
            }
        };
        self.model.check_after_damage(&found, is_told);
        if is_told {
            self.marks.note(Mark::ToldDamage);
        }
        self.model.take_over(&found);
        drop(store);
        self.disk.restart_after_kill();
        goes_on
    }
}

fn settings(chance: &mut Chance) -> Config {
    let sync = match chance.below(3) {
        0 => SyncPolicy::Always,
        1 => SyncPolicy::Never,
        _ => SyncPolicy::Interval(Duration::from_secs(1)),
    };
    let retention = Duration::from_secs(3600 * (1 + chance.below(30)));
    let window = Duration::from_secs(*chance.pick(&[0, 0, 600, 3600]));
    let late = Settings::default().with_out_of_order_window(window).expect("a window that can be");
    let config = Config::new(DATA).with_settings(late).with_sync(sync);
    let config = config.and_then(|config| config.with_retention(retention));
    // The smallest segments, so that there are many.
    let config = config.and_then(|config| config.with_segment_bytes(64 << 10));
    config.expect("settings that can be")
}
