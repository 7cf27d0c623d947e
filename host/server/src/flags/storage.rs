//! The flags of `prometheus` about storage.
//!
//! Those that tune what is not there (a queue of head chunks, the compression of another log) are
//! taken and do nothing, so that a unit file works as it is; they are not in `--help`.

use std::time::Duration;

use anyhow::Context as _;
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use narthex_model::{format_duration, parse_duration};
use narthex_settings::SizeText;
use narthex_tsdb::encoding::FloatEncoding;
use narthex_tsdb::{Config, InvalidConfig, Retention, Settings};

/// What `prometheus` takes for a segment of its log.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = (10 << 20)..=(256 << 20);

/// The flags `--storage.tsdb.*`.
#[derive(Clone, Debug, Args)]
pub(crate) struct StorageFlags {
    /// The folder of the data.
    #[arg(long = "storage.tsdb.path", default_value = "data/", value_name = "FOLDER")]
    pub(crate) path: Utf8PathBuf,

    /// How long samples are kept; 15d, unless a size is given. The configuration's
    /// storage.tsdb.retention goes before it.
    #[arg(
        long = "storage.tsdb.retention.time",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    retention_time: Option<Duration>,

    /// How many bytes are kept, as in 512MB. The configuration's storage.tsdb.retention goes before
    /// it.
    #[arg(long = "storage.tsdb.retention.size", value_parser = parse_size, value_name = "SIZE")]
    retention_size: Option<u64>,

    /// Do not lock the data folder. Two processes that use it destroy it.
    #[arg(long = "storage.tsdb.no-lockfile")]
    no_lockfile: bool,

    /// How often the data folder is looked at for blocks that others put there.
    #[arg(
        long = "storage.tsdb.block-reload-interval",
        default_value = "1m",
        value_parser = parse_duration,
        value_name = "DURATION",
        hide = true
    )]
    block_reload_interval: Duration,

    /// The shortest block.
    #[arg(
        long = "storage.tsdb.min-block-duration",
        default_value = "2h",
        value_parser = parse_duration,
        value_name = "DURATION",
        hide = true
    )]
    min_block_duration: Duration,

    /// The longest block that is made of others; a tenth of the retention, at most 31d.
    #[arg(
        long = "storage.tsdb.max-block-duration",
        value_parser = parse_duration,
        value_name = "DURATION",
        hide = true
    )]
    max_block_duration: Option<Duration>,

    /// How long a segment of the log gets.
    #[arg(
        long = "storage.tsdb.wal-segment-size",
        value_parser = parse_size,
        value_name = "SIZE",
        hide = true
    )]
    wal_segment_size: Option<u64>,

    #[command(flatten)]
    overlaps: OverlapFlags,

    #[command(flatten)]
    shipping: ShippingFlags,

    #[command(flatten)]
    unused: UnusedFlags,
}

/// Whether blocks that overlap become one.
#[derive(Clone, Debug, Args)]
struct OverlapFlags {
    /// Merge blocks that overlap.
    #[arg(
        long = "storage.tsdb.allow-overlapping-compaction",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        hide = true
    )]
    allow_overlapping_compaction: bool,

    /// Leave blocks that overlap for others to merge.
    #[arg(
        long = "no-storage.tsdb.allow-overlapping-compaction",
        conflicts_with = "allow_overlapping_compaction",
        hide = true
    )]
    no_overlapping_compaction: bool,
}

/// For programs that copy blocks elsewhere.
#[derive(Clone, Debug, Args)]
struct ShippingFlags {
    /// A JSON file in which a shipper says which blocks it has uploaded, as Thanos' sidecar does. New
    /// blocks are merged with others only when they stand there.
    #[arg(
        long = "storage.tsdb.delay-compact-file.path",
        default_value = "",
        hide_default_value = true,
        value_name = "FILE"
    )]
    delay_compact_file: Utf8PathBuf,

    /// How long a file of chunks in a block gets.
    #[arg(
        long = "storage.tsdb.max-block-chunk-segment-size",
        value_parser = parse_size,
        value_name = "SIZE",
        hide = true
    )]
    max_block_chunk_segment_size: Option<u64>,
}

/// Taken, and without any effect here.
#[derive(Clone, Debug, Args)]
struct UnusedFlags {
    #[arg(
        long = "storage.tsdb.wal-compression",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        hide = true
    )]
    wal_compression: bool,

    #[arg(long = "no-storage.tsdb.wal-compression", hide = true)]
    no_wal_compression: bool,

    #[arg(
        long = "storage.tsdb.wal-compression-type",
        default_value = "snappy",
        value_name = "TYPE",
        hide = true
    )]
    wal_compression_type: WalCompression,

    #[arg(
        long = "storage.tsdb.head-chunks-write-queue-size",
        default_value_t = 0,
        value_name = "N",
        hide = true
    )]
    head_chunks_write_queue_size: u32,

    #[arg(
        long = "storage.tsdb.samples-per-chunk",
        default_value_t = 120,
        value_name = "N",
        hide = true
    )]
    samples_per_chunk: u32,

    #[arg(
        long = "storage.tsdb.delayed-compaction.max-percent",
        default_value_t = 10,
        value_name = "N",
        hide = true
    )]
    delayed_compaction_max_percent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WalCompression {
    Snappy,
    Zstd,
}

pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let size = SizeText::try_from(text.to_owned()).map_err(|error| error.to_string())?;
    Ok(size.0)
}

impl StorageFlags {
    /// What the command line says of what a reload may change. The features that are on may change
    /// how floats are coded.
    ///
    /// # Errors
    /// Values that cannot be.
    pub(crate) fn settings(&self, features: &[String]) -> Result<Settings, InvalidConfig> {
        let time = self.retention_time.filter(|time| *time > Duration::ZERO);
        let bytes = self.retention_size.filter(|bytes| *bytes > 0);
        let default = Retention::TIME_DEFAULT;
        let time = if bytes.is_none() { time.or(Some(default)) } else { time };
        let settings =
            Settings::default().with_retention(Retention { time, bytes, percentage: None })?;
        let is_xor2 = features.iter().any(|feature| feature == "xor2-encoding");
        let floats = if is_xor2 { FloatEncoding::Xor2 } else { FloatEncoding::default() };
        Ok(settings.with_floats(floats))
    }

    /// The store's configuration, with settings that come from here and from the file.
    ///
    /// # Errors
    /// Values that cannot be.
    pub(crate) fn config(&self, settings: Settings) -> anyhow::Result<Config> {
        let overlaps = &self.overlaps;
        let merges = overlaps.allow_overlapping_compaction && !overlaps.no_overlapping_compaction;
        let mut config = Config::new(self.path.clone())
            .with_settings(settings)
            .with_block_ranges(self.min_block_duration, self.max_block_duration)?
            .with_reload_interval(self.block_reload_interval.max(Config::RELOAD_INTERVAL_MIN))
            .with_overlaps_merged(merges)
            .with_lock(!self.no_lockfile);
        if let Some(bytes) = self.wal_segment_size.filter(|bytes| *bytes > 0) {
            anyhow::ensure!(
                SEGMENT_BYTES.contains(&bytes),
                "--storage.tsdb.wal-segment-size must be between 10MB and 256MB"
            );
            config = config.with_segment_bytes(bytes)?;
        }
        let shipping = &self.shipping;
        if let Some(bytes) = shipping.max_block_chunk_segment_size.filter(|bytes| *bytes > 0) {
            let set = config.with_chunk_segment_bytes(bytes);
            config = set.context("--storage.tsdb.max-block-chunk-segment-size")?;
        }
        if !shipping.delay_compact_file.as_str().is_empty() {
            config = config.with_uploads_file(&shipping.delay_compact_file);
        }
        Ok(config)
    }

    /// Names and values, for /api/v1/status/flags.
    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        let duration =
            |time: Option<Duration>| time.map_or_else(|| "0s".to_owned(), format_duration);
        let size = |bytes: Option<u64>| format_size(bytes.unwrap_or(0));
        let (overlaps, shipping, unused) = (&self.overlaps, &self.shipping, &self.unused);
        let compression = match unused.wal_compression_type {
            WalCompression::Snappy => "snappy",
            WalCompression::Zstd => "zstd",
        };
        vec![
            ("storage.tsdb.path", self.path.to_string()),
            ("storage.tsdb.retention.time", duration(self.retention_time)),
            ("storage.tsdb.retention.size", size(self.retention_size)),
            ("storage.tsdb.no-lockfile", self.no_lockfile.to_string()),
            ("storage.tsdb.block-reload-interval", duration(Some(self.block_reload_interval))),
            ("storage.tsdb.min-block-duration", duration(Some(self.min_block_duration))),
            ("storage.tsdb.max-block-duration", duration(self.max_block_duration)),
            ("storage.tsdb.wal-segment-size", size(self.wal_segment_size)),
            (
                "storage.tsdb.max-block-chunk-segment-size",
                size(shipping.max_block_chunk_segment_size),
            ),
            ("storage.tsdb.delay-compact-file.path", shipping.delay_compact_file.to_string()),
            (
                "storage.tsdb.allow-overlapping-compaction",
                (overlaps.allow_overlapping_compaction && !overlaps.no_overlapping_compaction)
                    .to_string(),
            ),
            (
                "storage.tsdb.wal-compression",
                (unused.wal_compression && !unused.no_wal_compression).to_string(),
            ),
            ("storage.tsdb.wal-compression-type", compression.to_owned()),
            (
                "storage.tsdb.head-chunks-write-queue-size",
                unused.head_chunks_write_queue_size.to_string(),
            ),
            ("storage.tsdb.samples-per-chunk", unused.samples_per_chunk.to_string()),
            (
                "storage.tsdb.delayed-compaction.max-percent",
                unused.delayed_compaction_max_percent.to_string(),
            ),
        ]
    }
}

/// What is kept, as `/api/v1/status/runtimeinfo` says it: `15d or 512MiB`.
pub(crate) fn retention_text(retention: &Retention) -> String {
    let time = retention.time.map(format_duration);
    let size = match (retention.percentage, retention.bytes) {
        (Some(percentage), _) => Some(format!("{percentage}%")),
        (None, bytes) => bytes.map(format_size),
    };
    let limits: Vec<String> = time.into_iter().chain(size).collect();
    limits.join(" or ")
}

/// A size as `prometheus` writes it: `512MiB`.
fn format_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut rest, mut parts) = (bytes, Vec::new());
    for unit in UNITS {
        let part = rest % 1024;
        if part > 0 {
            parts.push(format!("{part}{unit}"));
        }
        rest /= 1024;
    }
    parts.reverse();
    if parts.is_empty() { "0B".to_owned() } else { parts.concat() }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::flags::Cli;

    fn flags(given: &[&str]) -> StorageFlags {
        Cli::parse_from([&["narthex"], given].concat()).serve.storage
    }

    #[track_caller]
    fn check_retention(given: &[&str], expected: &str) {
        let settings = flags(given).settings(&[]).unwrap();
        assert_eq!(retention_text(settings.retention()), expected);
    }

    #[test]
    fn time_is_limited_unless_only_a_size_is_given() {
        check_retention(&[], "15d");
        check_retention(&["--storage.tsdb.retention.time=30d"], "30d");
        check_retention(&["--storage.tsdb.retention.size=512MB"], "512MiB");
        check_retention(
            &["--storage.tsdb.retention.size=1GB", "--storage.tsdb.retention.time=1w"],
            "1w or 1GiB",
        );
    }

    #[test]
    fn switches_are_taken_in_all_of_kingpins_spellings() {
        let merges = |given: &[&str]| {
            let flags = flags(given);
            let config = flags.config(Settings::default()).unwrap();
            config.merges_overlaps()
        };
        assert!(merges(&[]));
        assert!(merges(&["--storage.tsdb.allow-overlapping-compaction"]));
        assert!(!merges(&["--no-storage.tsdb.allow-overlapping-compaction"]));
        assert!(!merges(&["--storage.tsdb.allow-overlapping-compaction=false"]));
        flags(&["--no-storage.tsdb.wal-compression"]);
        flags(&["--storage.tsdb.wal-compression", "--storage.tsdb.wal-compression-type=zstd"]);
    }

    #[test]
    fn blocks_and_segments_are_bounded() {
        let config = |given: &[&str]| flags(given).config(Settings::default());
        assert!(config(&["--storage.tsdb.wal-segment-size=1MB"]).is_err());
        assert!(config(&["--storage.tsdb.wal-segment-size=20MB"]).is_ok());
        assert!(config(&["--storage.tsdb.max-block-chunk-segment-size=512KB"]).is_err());
        let chunks = config(&["--storage.tsdb.max-block-chunk-segment-size=64MB"]).unwrap();
        assert_eq!(chunks.chunk_segment_bytes(), Some(64 << 20));
        let short =
            ["--storage.tsdb.min-block-duration=1h", "--storage.tsdb.max-block-duration=30m"];
        assert!(config(&short).is_err());
    }

    #[test]
    fn blocks_wait_for_a_shipper_only_when_its_file_is_named() {
        let file = |given: &[&str]| {
            let config = flags(given).config(Settings::default()).unwrap();
            config.uploads_file().map(ToString::to_string)
        };
        assert_eq!(file(&[]), None);
        assert_eq!(file(&["--storage.tsdb.delay-compact-file.path="]), None);
        let given = file(&["--storage.tsdb.delay-compact-file.path=data/thanos.shipper.json"]);
        assert_eq!(given.as_deref(), Some("data/thanos.shipper.json"));
    }
}
