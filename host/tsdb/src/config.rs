//! The store's settings: what stays as it was at the start ([`Config`]), and what a reload may change
//! ([`Settings`]).

mod section;
mod settings;

use std::time::Duration;

use camino::Utf8PathBuf;

pub use self::section::StorageSection;
pub use self::settings::{Retention, RetentionRule, Settings};

/// When written bytes are made durable; so, what an acknowledged commit means.
///
/// Under every policy a commit is handed to the operating system before it is acknowledged: it
/// survives the end of the process, `kill -9` included. The policies differ in what a power cut
/// may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Every commit waits for the disk: a power cut takes nothing that was acknowledged.
    Always,
    /// A sync this often beside the writer: a power cut takes what was acknowledged since the last.
    Interval(Duration),
    /// Only when a segment is closed or a checkpoint is made: a power cut takes what came since.
    Never,
}

/// The settings of a [`Tsdb`](crate::Tsdb), with values that cannot be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    folder: Utf8PathBuf,
    settings: Settings,
    sync: SyncPolicy,
    segment_bytes: u64,
    block_range: Duration,
    block_range_max: Option<Duration>,
    merges_overlaps: bool,
    chunk_segment_bytes: Option<u64>,
    uploads_file: Option<Utf8PathBuf>,
    reload_interval: Duration,
    locks: bool,
}

/// Why settings cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidConfig {
    /// Nothing would be kept.
    #[error("a retention of {0:?} is shorter than a minute")]
    RetentionTooShort(Duration),
    /// Longer than times can tell.
    #[error("a retention of {0:?} is longer than a hundred years")]
    RetentionTooLong(Duration),
    /// No share of a disk.
    #[error("a retention of {0} percent of the disk is not between 0 and 100")]
    Percentage(f64),
    /// More rules than a round should look at.
    #[error("{0} retention rules are more than {max}", max = Settings::RULES_MAX)]
    TooManyRules(usize),
    /// More exemplars than a ring should hold in memory.
    #[error("{0} exemplars are more than 10 million")]
    TooManyExemplars(usize),
    /// A window that is no time, or that no block could be made of.
    #[error("an out-of-order window of {0:?} is longer than a hundred years")]
    OutOfOrderWindow(Duration),
    /// Too short for a block, or longer than the longest.
    #[error("blocks of {block:?} up to {longest:?}: the first must be between 1 s and the second")]
    BlockRange {
        /// The shortest block.
        block: Duration,
        /// The longest block.
        longest: Duration,
    },
    /// No interval.
    #[error("a sync interval of {0:?} is not between 10 ms and one hour")]
    SyncInterval(Duration),
    /// Too small to be worth a file, or too large to be replayed in one piece.
    #[error("a segment of {0} bytes is not between 64 KiB and 1 GiB")]
    SegmentBytes(u64),
    /// Too small to be worth a file, or longer than a place in it can be told.
    #[error("a file of chunks of {0} bytes is not between 1 MiB and 4 GiB")]
    ChunkSegmentBytes(u64),
}

impl Config {
    /// The shortest block, as in Prometheus: what a crash makes us read again, and what the head holds.
    pub const BLOCK_RANGE_DEFAULT: Duration = Duration::from_secs(2 * 3600);
    /// No block gets longer than a month, so that retention has something to drop.
    const BLOCK_RANGE_LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
    /// How often the store looks whether something is to be done.
    pub const RELOAD_INTERVAL_DEFAULT: Duration = Duration::from_secs(60);
    /// A look lists the folder and asks every block's index about retention rules.
    pub const RELOAD_INTERVAL_MIN: Duration = Duration::from_secs(1);
    /// One sync a second costs 0.3 % of a disk's time and loses a second at most.
    pub const SYNC_DEFAULT: SyncPolicy = SyncPolicy::Interval(Duration::from_secs(1));
    /// Some 20 million samples: a file that is quickly read, and few of them.
    pub const SEGMENT_BYTES_DEFAULT: u64 = 32 << 20;

    /// The defaults, for data in `folder`.
    pub fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            settings: Settings::default(),
            sync: Self::SYNC_DEFAULT,
            segment_bytes: Self::SEGMENT_BYTES_DEFAULT,
            block_range: Self::BLOCK_RANGE_DEFAULT,
            block_range_max: None,
            merges_overlaps: true,
            chunk_segment_bytes: None,
            uploads_file: None,
            reload_interval: Self::RELOAD_INTERVAL_DEFAULT,
            locks: true,
        }
    }

    /// What a reload may change.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// How long samples are kept.
    ///
    /// # Errors
    /// Below a minute or above a hundred years.
    pub fn with_retention(mut self, time: Duration) -> Result<Self, InvalidConfig> {
        let retention = Retention { time: Some(time), ..*self.settings.retention() };
        self.settings = self.settings.with_retention(retention)?;
        Ok(self)
    }

    /// How long the shortest block is, and the longest that is made of others; `None`: a tenth of
    /// the retention, at most a month.
    ///
    /// # Errors
    /// A block of less than a second, or a longest block that is shorter than the shortest.
    pub fn with_block_ranges(
        mut self,
        block: Duration,
        longest: Option<Duration>,
    ) -> Result<Self, InvalidConfig> {
        let refused = longest.is_some_and(|longest| longest < block);
        if block < Duration::from_secs(1) || block > Self::BLOCK_RANGE_LONGEST || refused {
            let longest = longest.unwrap_or(Self::BLOCK_RANGE_LONGEST);
            return Err(InvalidConfig::BlockRange { block, longest });
        }
        (self.block_range, self.block_range_max) = (block, longest);
        Ok(self)
    }

    /// Whether blocks that overlap become one. Without it they stay, for others to merge.
    #[must_use]
    pub fn with_overlaps_merged(mut self, merges: bool) -> Self {
        self.merges_overlaps = merges;
        self
    }

    /// How long a file of chunks in a block gets that is made of the head or of other blocks; without
    /// it, as long as in Prometheus.
    ///
    /// # Errors
    /// Below 1 MiB or above 4 GiB.
    pub fn with_chunk_segment_bytes(mut self, bytes: u64) -> Result<Self, InvalidConfig> {
        if !(1 << 20..=4 << 30).contains(&bytes) {
            return Err(InvalidConfig::ChunkSegmentBytes(bytes));
        }
        self.chunk_segment_bytes = Some(bytes);
        Ok(self)
    }

    /// The file in which a shipper says what it has uploaded: new blocks are merged with others only
    /// when they stand there.
    #[must_use]
    pub fn with_uploads_file(mut self, file: impl Into<Utf8PathBuf>) -> Self {
        self.uploads_file = Some(file.into());
        self
    }

    /// How often the folder is looked at: for blocks that others put there, for what is too old, for
    /// what should be compacted. At least [`Self::RELOAD_INTERVAL_MIN`].
    #[must_use]
    pub fn with_reload_interval(mut self, interval: Duration) -> Self {
        self.reload_interval = interval.max(Self::RELOAD_INTERVAL_MIN);
        self
    }

    /// Whether other processes are kept out of the folder.
    #[must_use]
    pub fn with_lock(mut self, locks: bool) -> Self {
        self.locks = locks;
        self
    }

    /// When written bytes are made durable.
    ///
    /// # Errors
    /// An interval below 10 ms or above an hour.
    pub fn with_sync(mut self, sync: SyncPolicy) -> Result<Self, InvalidConfig> {
        if let SyncPolicy::Interval(interval) = sync
            && !(Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&interval)
        {
            return Err(InvalidConfig::SyncInterval(interval));
        }
        self.sync = sync;
        Ok(self)
    }

    /// How long a segment of the log gets.
    ///
    /// # Errors
    /// Below 64 KiB or above 1 GiB.
    pub fn with_segment_bytes(mut self, bytes: u64) -> Result<Self, InvalidConfig> {
        if !(64 << 10..=1 << 30).contains(&bytes) {
            return Err(InvalidConfig::SegmentBytes(bytes));
        }
        self.segment_bytes = bytes;
        Ok(self)
    }

    /// Where the data lives.
    #[must_use]
    pub fn folder(&self) -> &Utf8PathBuf {
        &self.folder
    }

    /// What a reload may change, as it was at the start.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How long the shortest block is.
    #[must_use]
    pub fn block_range(&self) -> Duration {
        self.block_range
    }

    /// How long the longest block may be that is made of others.
    #[must_use]
    pub fn block_range_max(&self) -> Duration {
        let of_retention = self.settings.retention().time.map(|time| time / 10);
        let default = of_retention.unwrap_or(Self::BLOCK_RANGE_LONGEST);
        self.block_range_max.unwrap_or_else(|| default.min(Self::BLOCK_RANGE_LONGEST))
    }

    /// Whether blocks that overlap become one.
    #[must_use]
    pub fn merges_overlaps(&self) -> bool {
        self.merges_overlaps
    }

    /// How long a file of chunks in a new block gets, if that is set.
    #[must_use]
    pub fn chunk_segment_bytes(&self) -> Option<u64> {
        self.chunk_segment_bytes
    }

    /// The file in which a shipper says what it has uploaded.
    #[must_use]
    pub fn uploads_file(&self) -> Option<&Utf8PathBuf> {
        self.uploads_file.as_ref()
    }

    /// How often the folder is looked at.
    #[must_use]
    pub fn reload_interval(&self) -> Duration {
        self.reload_interval
    }

    /// Whether other processes are kept out of the folder.
    #[must_use]
    pub fn locks(&self) -> bool {
        self.locks
    }

    /// When written bytes are made durable.
    #[must_use]
    pub fn sync(&self) -> SyncPolicy {
        self.sync
    }

    /// How long a segment of the log gets.
    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    pub(crate) fn block_millis(&self) -> i64 {
        settings::millis(self.block_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_settings_are_refused_with_their_value() {
        let config = || Config::new("data");
        let error = config().with_segment_bytes(1).unwrap_err();
        assert_eq!(error.to_string(), "a segment of 1 bytes is not between 64 KiB and 1 GiB");
        assert!(config().with_retention(Duration::from_secs(1)).is_err());
        assert!(config().with_sync(SyncPolicy::Interval(Duration::ZERO)).is_err());
        assert!(config().with_sync(SyncPolicy::Always).is_ok());
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert!(config().with_block_ranges(hour, Some(second)).is_err());
        assert!(config().with_block_ranges(Duration::ZERO, None).is_err());
    }

    #[test]
    fn the_longest_block_is_a_tenth_of_the_retention_up_to_a_month() {
        let day = Duration::from_secs(24 * 3600);
        let longest = |config: Config| config.block_range_max();
        assert_eq!(longest(Config::new("data")), day * 15 / 10);
        assert_eq!(longest(Config::new("data").with_retention(day * 1000).unwrap()), day * 31);
        let config = Config::new("data").with_block_ranges(day, Some(day * 2)).unwrap();
        assert_eq!(longest(config), day * 2);
        let all = Retention { time: None, bytes: Some(1), percentage: None };
        let settings = Settings::default().with_retention(all).unwrap();
        assert_eq!(longest(Config::new("data").with_settings(settings)), day * 31);
    }
}
