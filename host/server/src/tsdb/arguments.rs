//! The arguments of `narthex tsdb`: those of `promtool tsdb`, and our `verify`, `flush`, `export`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use narthex_model::parse_duration;

/// Works on a data folder, ours or Prometheus'.
#[derive(Debug, Subcommand)]
pub(crate) enum TsdbCommand {
    /// Shows where series, churn and label values come from, in one block.
    Analyze(Analyze),
    /// Lists the blocks.
    List(List),
    /// Prints samples, a line each.
    Dump(Dump),
    /// Prints float samples as OpenMetrics text; histograms and staleness markers have no place there.
    #[command(name = "dump-openmetrics")]
    DumpOpenMetrics(DumpOpenMetrics),
    /// Makes blocks of other data.
    #[command(name = "create-blocks-from")]
    CreateBlocksFrom(CreateBlocksFrom),
    /// Measures.
    #[command(subcommand)]
    Bench(Bench),
    /// Checks every checksum of blocks, of the log, and of what Prometheus left that is not imported
    /// yet; says what is damaged, and where. Files of the head's chunks are copies of what the log
    /// holds, and go with the next start: they are not looked at.
    Verify(Verify),
    /// Makes blocks of all that is in the head, so that Prometheus can go on with the folder.
    Flush(Flush),
    /// Copies blocks for others: every chunk in an encoding that all tools read.
    Export(Export),
}

/// A data folder.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The data folder.
    #[arg(default_value = "data/", value_name = "DB PATH")]
    pub(crate) path: Utf8PathBuf,
}

/// `analyze`.
#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// The data folder.
    #[arg(default_value = "data/", value_name = "DB PATH")]
    pub(crate) path: Utf8PathBuf,
    /// The block; the newest when it is not given.
    #[arg(value_name = "BLOCK ID")]
    pub(crate) block: Option<String>,
    /// How long each list gets.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
    /// Also shows how chunks are filled.
    #[arg(long)]
    pub(crate) extended: bool,
    /// Only series of this selector.
    #[arg(long = "match", value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,
}

/// `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) folder: Folder,
    /// Times and sizes for people.
    #[arg(short = 'r', long)]
    pub(crate) human_readable: bool,
}

/// What is read of a data folder that a server may have open.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    #[command(flatten)]
    pub(crate) folder: Folder,
    /// First time, in milliseconds since the epoch.
    #[arg(long, default_value_t = i64::MIN, allow_hyphen_values = true, value_name = "MS")]
    pub(crate) min_time: i64,
    /// Last time, in milliseconds since the epoch.
    #[arg(long, default_value_t = i64::MAX, allow_hyphen_values = true, value_name = "MS")]
    pub(crate) max_time: i64,
    /// Only series of this selector; may be repeated.
    #[arg(long = "match", default_value = "{__name__=~'(?s:.*)'}", value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// Where the log is replayed, in a folder that is removed at the end; the data folder itself
    /// when it is not given. The data folder's own files are never changed.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) sandbox_dir_root: Option<Utf8PathBuf>,
}

/// How `dump` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DumpFormat {
    /// Labels, value and time of each sample.
    Prom,
    /// Labels of each series as JSON.
    Seriesjson,
}

/// `dump`.
#[derive(Debug, Args)]
pub(crate) struct Dump {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What is printed.
    #[arg(long, default_value = "prom")]
    pub(crate) format: DumpFormat,
}

/// `dump-openmetrics`.
#[derive(Debug, Args)]
pub(crate) struct DumpOpenMetrics {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// `create-blocks-from`.
#[derive(Debug, Args)]
pub(crate) struct CreateBlocksFrom {
    #[command(flatten)]
    pub(crate) telling: Telling,
    #[command(subcommand)]
    pub(crate) source: BlockSource,
}

/// What blocks can be made of.
#[derive(Debug, Subcommand)]
pub(crate) enum BlockSource {
    /// OpenMetrics text whose samples all have a time.
    #[command(name = "openmetrics")]
    OpenMetrics(FromOpenMetrics),
    /// Recording rules, evaluated by a running server over the past.
    Rules(FromRules),
}

/// How made blocks are told of; before the kind of source or behind it.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Telling {
    /// Times and sizes for people.
    #[arg(short = 'r', long, global = true)]
    pub(crate) human_readable: bool,
    /// Prints no list of the blocks made.
    #[arg(short = 'q', long, global = true)]
    pub(crate) quiet: bool,
    /// The longest range of a block; rounded down to 2h times a power of three.
    #[arg(long, default_value = "2h", value_parser = parse_duration, hide = true, global = true)]
    pub(crate) max_block_duration: Duration,
}

/// `create-blocks-from openmetrics`.
#[derive(Debug, Args)]
pub(crate) struct FromOpenMetrics {
    /// The file.
    #[arg(value_name = "INPUT FILE")]
    pub(crate) input: Utf8PathBuf,
    /// Where the blocks go.
    #[arg(default_value = "data/", value_name = "OUTPUT FOLDER")]
    pub(crate) output: Utf8PathBuf,
    /// A label for every series; may be repeated.
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = parse_label)]
    pub(crate) labels: Vec<(String, String)>,
}

/// `create-blocks-from rules`.
#[derive(Debug, Args)]
pub(crate) struct FromRules {
    /// Files of rules; alerting rules are passed over.
    #[arg(required = true, value_name = "RULE FILES")]
    pub(crate) files: Vec<Utf8PathBuf>,
    /// The first time, as RFC 3339 or in seconds since the epoch.
    #[arg(long)]
    pub(crate) start: String,
    /// The last time, likewise; three hours ago when it is not given.
    #[arg(long)]
    pub(crate) end: Option<String>,
    /// The server that evaluates.
    #[arg(long, default_value = "http://localhost:9090")]
    pub(crate) url: String,
    /// A file with the settings of the HTTP client.
    #[arg(long = "http.config.file", value_name = "FILE")]
    pub(crate) http_config: Option<Utf8PathBuf>,
    /// Where the blocks go.
    #[arg(long, default_value = "data/", value_name = "FOLDER")]
    pub(crate) output_dir: Utf8PathBuf,
    /// The step of groups that say none.
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    pub(crate) eval_interval: Duration,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// How fast samples are stored.
    Write(BenchWrite),
}

/// `bench write`.
#[derive(Debug, Args)]
pub(crate) struct BenchWrite {
    /// Label sets, a JSON object a line; without a file series are made up.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<Utf8PathBuf>,
    /// Where the store is made; what is there is removed.
    #[arg(long, default_value = "benchout", value_name = "FOLDER")]
    pub(crate) out: Utf8PathBuf,
    /// Series.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) metrics: usize,
    /// Samples of each series.
    #[arg(long, default_value_t = 3_000)]
    pub(crate) scrapes: usize,
}

/// `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) folder: Folder,
    /// Where the log is replayed, in a folder that is removed at the end; the data folder itself
    /// when it is not given. The data folder's own files are never changed.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) sandbox_dir_root: Option<Utf8PathBuf>,
}

/// `flush`.
#[derive(Debug, Args)]
pub(crate) struct Flush {
    #[command(flatten)]
    pub(crate) folder: Folder,
}

/// `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The data folder.
    #[arg(value_name = "DB PATH")]
    pub(crate) path: Utf8PathBuf,
    /// Where the copies go; made when it is not there.
    #[arg(value_name = "OUTPUT FOLDER")]
    pub(crate) output: Utf8PathBuf,
    /// Only these blocks; all when none is given.
    #[arg(long = "block", value_name = "BLOCK ID")]
    pub(crate) blocks: Vec<String>,
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(subcommand)]
        command: TsdbCommand,
    }

    #[track_caller]
    fn read(line: &str) -> TsdbCommand {
        let words = std::iter::once("tsdb").chain(line.split(' '));
        Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).command
    }

    #[track_caller]
    fn source(line: &str) -> (Telling, BlockSource) {
        let TsdbCommand::CreateBlocksFrom(from) = read(line) else { panic!() };
        (from.telling, from.source)
    }

    #[test]
    fn what_is_told_of_blocks_may_stand_before_or_behind_their_source() {
        for line in [
            "create-blocks-from -r -q --max-block-duration=6h openmetrics in out",
            "create-blocks-from openmetrics in out -r -q --max-block-duration=6h",
            "create-blocks-from -r rules --start=0 -q a --max-block-duration 6h",
        ] {
            let (telling, _) = source(line);
            assert!(telling.human_readable && telling.quiet, "{line}");
            assert_eq!(telling.max_block_duration.as_secs(), 6 * 3600, "{line}");
        }
        let (telling, _) = source("create-blocks-from openmetrics in");
        assert!(!telling.human_readable && !telling.quiet);
        assert_eq!(telling.max_block_duration.as_secs(), 2 * 3600);
    }

    #[test]
    fn the_arguments_of_promtool_are_taken() {
        let TsdbCommand::Dump(dump) =
            read("dump --min-time=-5 --max-time 9 --match=up --match=a d")
        else {
            panic!()
        };
        assert_eq!((dump.selection.min_time, dump.selection.max_time), (-5, 9));
        assert_eq!(dump.selection.selectors, ["up", "a"]);
        assert_eq!(dump.selection.folder.path, "d");
        let line = "create-blocks-from openmetrics -r -q --label=a=b --label c=d in out";
        let (telling, BlockSource::OpenMetrics(from)) = source(line) else { panic!() };
        assert_eq!(from.labels, [("a".into(), "b".into()), ("c".into(), "d".into())]);
        assert!(telling.quiet && telling.human_readable);
        let line = "create-blocks-from rules --start=0 --url=http://x --eval-interval=30s a b";
        let (_, BlockSource::Rules(from)) = source(line) else { panic!() };
        assert_eq!((from.files.len(), from.eval_interval.as_secs()), (2, 30));
        let TsdbCommand::Analyze(analyze) = read("analyze data 01ABC --limit=3 --extended") else {
            panic!()
        };
        assert_eq!((analyze.block.as_deref(), analyze.limit), (Some("01ABC"), 3));
    }
}
