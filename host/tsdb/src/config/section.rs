//! The section `storage` of the configuration file.

use std::time::Duration;

use narthex_settings::{DurationText, SizeText};
use serde::Deserialize;

use super::{InvalidConfig, Retention, Settings, SyncPolicy};
use crate::encoding::FloatEncoding;

/// `storage`, as the file says it. What it does not say is left to the command line.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageSection {
    #[serde(default)]
    tsdb: TsdbSection,
    #[serde(default)]
    exemplars: ExemplarsSection,
    #[serde(default)]
    wal: WalSection,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TsdbSection {
    out_of_order_time_window: Option<DurationText>,
    /// Taken for Prometheus' sake: stale series are small here, and go with the next block.
    stale_series_compaction_threshold: Option<Share>,
    #[serde(default)]
    chunk_encoding: ChunkEncodingSection,
    retention: Option<RetentionSection>,
    /// Ours: how many bytes of samples all queries together may hold; zero: no limit.
    query_memory: Option<SizeText>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChunkEncodingSection {
    floats: Option<FloatsText>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionSection {
    time: Option<DurationText>,
    size: Option<SizeText>,
    percentage: Option<Percentage>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemplarsSection {
    /// Zero or less: none are kept.
    max_exemplars: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WalSection {
    sync: Option<SyncText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        let refused = || format!("{share} is not between 0 and 1");
        (0.0..=1.0).contains(&share).then_some(Self(share)).ok_or_else(refused)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
struct Percentage(f64);

impl TryFrom<f64> for Percentage {
    type Error = InvalidConfig;

    fn try_from(percentage: f64) -> Result<Self, InvalidConfig> {
        let refused = InvalidConfig::Percentage(percentage);
        (0.0..=100.0).contains(&percentage).then_some(Self(percentage)).ok_or(refused)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct FloatsText(FloatEncoding);

impl TryFrom<String> for FloatsText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "xor" => Ok(Self(FloatEncoding::Xor)),
            "xor2" => Ok(Self(FloatEncoding::Xor2)),
            "dense" => Ok(Self(FloatEncoding::Dense)),
            other => Err(format!("{other:?} is none of xor, xor2, dense")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct SyncText(SyncPolicy);

impl TryFrom<String> for SyncText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let policy = match text.as_str() {
            "always" => SyncPolicy::Always,
            "never" => SyncPolicy::Never,
            other => {
                let interval = other.strip_prefix("interval ").map(str::trim);
                let interval = interval.ok_or_else(|| {
                    format!("{other:?} is none of always, never, \"interval 1s\"")
                })?;
                let DurationText(interval) = DurationText::try_from(interval.to_owned())
                    .map_err(|error| narthex_settings::error_chain(&error))?;
                SyncPolicy::Interval(interval)
            }
        };
        let checked = super::Config::new("").with_sync(policy).map_err(|error| error.to_string());
        checked.map(|_| Self(policy))
    }
}

impl StorageSection {
    /// When written bytes are made durable, if the file says it. A change needs a restart.
    #[must_use]
    pub fn sync(&self) -> Option<SyncPolicy> {
        self.wal.sync.map(|SyncText(policy)| policy)
    }

    /// `defaults` (of the command line) with what the file says over them.
    ///
    /// # Errors
    /// Values that cannot be.
    pub fn settings(&self, defaults: &Settings) -> Result<Settings, InvalidConfig> {
        let mut settings = defaults.clone().with_retention(self.retention(defaults.retention()))?;
        if let Some(DurationText(window)) = self.tsdb.out_of_order_time_window {
            settings = settings.with_out_of_order_window(window)?;
        }
        if let Some(FloatsText(floats)) = self.tsdb.chunk_encoding.floats {
            settings = settings.with_floats(floats);
        }
        if let Some(SizeText(bytes)) = self.tsdb.query_memory {
            settings = settings.with_query_bytes_max(if bytes == 0 { u64::MAX } else { bytes });
        }
        if let Some(exemplars) = self.exemplars.max_exemplars {
            settings = settings.with_exemplars_max(usize::try_from(exemplars).unwrap_or(0))?;
        }
        Ok(settings)
    }

    /// The section replaces what the command line says as a whole, as in Prometheus: one that limits
    /// the size alone keeps samples for ever. A limit of zero is none.
    fn retention(&self, defaults: &Retention) -> Retention {
        let said = self.tsdb.retention.as_ref();
        let Some(said) = said.filter(|said| **said != RetentionSection::default()) else {
            return *defaults;
        };
        let time = said.time.map(|DurationText(time)| time);
        let bytes = said.size.map(|SizeText(bytes)| bytes);
        let percentage = said.percentage.map(|Percentage(percentage)| percentage);
        Retention {
            time: time.filter(|time| *time > Duration::ZERO),
            bytes: bytes.filter(|bytes| *bytes > 0),
            percentage: percentage.filter(|share| *share > 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_settings::Document;

    use super::*;

    fn settings(text: &str) -> Result<Settings, String> {
        let document = Document::parse("my.yml", text).map_err(|error| error.to_string())?;
        let section: StorageSection = document.read().map_err(|error| error.to_string())?;
        section.settings(&Settings::default()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        assert_eq!(settings(text).unwrap_err(), expected);
    }

    #[test]
    fn what_is_not_said_is_left_to_the_command_line() {
        assert_eq!(settings("{}").unwrap(), Settings::default());
        assert_eq!(settings("tsdb: {retention: }").unwrap(), Settings::default());
    }

    #[test]
    fn every_key_is_served() {
        let text = "tsdb:\n  out_of_order_time_window: 30m\n  chunk_encoding: {floats: dense}\n  \
                    retention: {time: 30d, size: 512MB, percentage: 80}\n  \
                    stale_series_compaction_threshold: 0.5\nexemplars: {max_exemplars: 7}\n";
        let read = settings(text).unwrap();
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(read.retention().time, Some(day * 30));
        assert_eq!(read.retention().bytes, Some(512 << 20));
        assert_eq!(read.retention().percentage, Some(80.0));
        assert_eq!(read.out_of_order_window(), Duration::from_secs(1800));
        assert_eq!(read.floats(), FloatEncoding::Dense);
        assert_eq!(read.exemplars_max(), 7);
        assert_eq!(settings("exemplars: {max_exemplars: -1}").unwrap().exemplars_max(), 0);
    }

    #[test]
    fn a_limit_by_size_alone_keeps_samples_for_ever() {
        let read = settings("tsdb: {retention: {size: 1GB}}").unwrap();
        assert_eq!((read.retention().time, read.retention().bytes), (None, Some(1 << 30)));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        check_refused(
            "tsdb: {chunk_encoding: {floats: gorilla}}",
            "my.yml:1:33: tsdb.chunk_encoding.floats: \"gorilla\" is none of xor, xor2, dense",
        );
        check_refused(
            "tsdb: {retention: {percentage: 101}}",
            "my.yml:1:32: tsdb.retention.percentage: a retention of 101 percent of the disk is not \
             between 0 and 100",
        );
        check_refused(
            "wal: {sync: sometimes}",
            "my.yml:1:13: wal.sync: \"sometimes\" is none of always, never, \"interval 1s\"",
        );
    }

    #[test]
    fn the_sync_policy_is_read() {
        let sync = |text: &str| {
            let document = Document::parse("my.yml", text).unwrap();
            document.read::<StorageSection>().unwrap().sync()
        };
        assert_eq!(sync("{}"), None);
        assert_eq!(sync("wal: {sync: always}"), Some(SyncPolicy::Always));
        let two = Duration::from_secs(2);
        assert_eq!(sync("wal: {sync: interval 2s}"), Some(SyncPolicy::Interval(two)));
    }
}
