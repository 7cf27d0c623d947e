//! The store's settings.

use std::time::Duration;

use camino::Utf8PathBuf;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    folder: Utf8PathBuf,
    retention: Duration,
    sync: SyncPolicy,
    segment_bytes: u64,
}

/// Why settings cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// Less than the head needs to work with.
    #[error("retention of {0:?} is shorter than one hour")]
    RetentionTooShort(Duration),
    /// Longer than times can tell.
    #[error("retention of {0:?} is longer than a hundred years")]
    RetentionTooLong(Duration),
    /// No interval.
    #[error("a sync interval of {0:?} is not between 10 ms and one hour")]
    SyncInterval(Duration),
    /// Too small to be worth a file, or too large to be replayed in one piece.
    #[error("a segment of {0} bytes is not between 64 KiB and 1 GiB")]
    SegmentBytes(u64),
}

impl Config {
    /// Samples are kept this long, as in Prometheus.
    pub const RETENTION_DEFAULT: Duration = Duration::from_secs(15 * 24 * 3600);
    /// One sync a second costs 0.3 % of a disk's time and loses a second at most.
    pub const SYNC_DEFAULT: SyncPolicy = SyncPolicy::Interval(Duration::from_secs(1));
    /// Some 20 million samples: a file that is quickly read, and few of them.
    pub const SEGMENT_BYTES_DEFAULT: u64 = 32 << 20;

    /// The defaults, for data in `folder`.
    pub fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            retention: Self::RETENTION_DEFAULT,
            sync: Self::SYNC_DEFAULT,
            segment_bytes: Self::SEGMENT_BYTES_DEFAULT,
        }
    }

    /// How long samples are kept.
    ///
    /// # Errors
    /// Below an hour or above a hundred years.
    pub fn with_retention(mut self, retention: Duration) -> Result<Self, InvalidConfig> {
        const HOUR: Duration = Duration::from_secs(3600);
        if retention < HOUR {
            return Err(InvalidConfig::RetentionTooShort(retention));
        }
        if retention > HOUR * 24 * 365 * 100 {
            return Err(InvalidConfig::RetentionTooLong(retention));
        }
        self.retention = retention;
        Ok(self)
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

    /// How long samples are kept.
    #[must_use]
    pub fn retention(&self) -> Duration {
        self.retention
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

    pub(crate) fn retention_millis(&self) -> i64 {
        i64::try_from(self.retention.as_millis()).unwrap_or(i64::MAX)
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
    }
}
