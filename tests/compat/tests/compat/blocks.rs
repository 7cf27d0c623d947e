//! A block of ours judged by promtool, and blocks of promtool's read and rewritten.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use camino::Utf8PathBuf;
use narthex_harness::{Peer, TempFolder, peer};
use narthex_model::{BucketLayout, IntegerHistogram, Labels, NativeHistogram, Span};
use narthex_storage::Columns;
use narthex_tsdb::block::{Block, BlockMeta};

use crate::indices::without_label_indices;
use crate::support::{Data, data_folder, disk, output, read_block, rewrite, write_block};

const START: i64 = 1_700_000_000_000;
const STEP: i64 = 15_000;

/// Counters, whole and fractional gauges, values that are no numbers; more than 32 values of a
/// label, so that readers' samples of the tables are walked from; labels that must be quoted.
fn floats() -> Data {
    let mut data = Data::new();
    for pod in 0..70_i64 {
        let labels = Labels::from_pairs([
            ("__name__", "requests_total".to_owned()),
            ("job", format!("job-{}", pod % 3)),
            ("pod", format!("pod-{pod}")),
        ]);
        let times: Vec<i64> = (0..(100 + pod * 3)).map(|n| START + pod + n * STEP).collect();
        let values = times.iter().enumerate().map(|(n, _)| (n as f64) * (pod as f64 + 0.25));
        let columns = Columns::from_floats(times.clone(), values.collect());
        data.insert(labels, columns);
    }
    let odd = [
        ("temp", "line\nbreak", vec![1.5, -0.1, 1e300, -7.25e-12]),
        ("temp", "quote\"back\\slash", vec![f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]),
        ("temp", "zürich", vec![f64::NAN, 1.0, f64::NAN, 123_456_789.0]),
    ];
    for (name, room, values) in odd {
        let times = (0..4).map(|n| START + n * STEP).collect();
        let labels = Labels::from_pairs([("__name__", name), ("room", room)]);
        data.insert(labels, Columns::from_floats(times, values));
    }
    data
}

fn histogram(count: u64) -> NativeHistogram {
    NativeHistogram::Integer(IntegerHistogram {
        layout: BucketLayout {
            schema: 1,
            zero_threshold: 0.001,
            positive_spans: vec![Span { offset: 0, length: 2 }],
            ..BucketLayout::default()
        },
        count: 3 * count + 2,
        zero_count: 2,
        sum: 18.5 * count as f64,
        positive_deltas: vec![count.cast_signed(), count.cast_signed()],
        ..IntegerHistogram::default()
    })
}

/// Labels as promtool writes them, a value and a time.
type Line = (String, u64, i64);

/// NaN is one value here, whatever its bits.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

fn quoted(labels: &Labels, without_name: bool) -> String {
    let mut text = String::new();
    for (name, value) in labels.iter().filter(|(name, _)| !without_name || *name != "__name__") {
        let separator = if text.is_empty() { "" } else { "," };
        write!(text, "{separator}{name}={value:?}").expect("a string takes text");
    }
    format!("{{{text}}}")
}

fn lines(data: &Data, without_name: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for (labels, columns) in data {
        let name = if without_name { labels.metric_name().unwrap_or_default() } else { "" };
        let text = format!("{name}{}", quoted(labels, without_name));
        for (at, value) in columns.times.iter().zip(&columns.values) {
            lines.push((text.clone(), bits(*value), *at));
        }
    }
    lines.sort();
    lines
}

/// `labels value time`; `scale` is what a time is multiplied with to become milliseconds.
fn parse(dump: &str, scale: f64) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in dump.lines().filter(|line| !line.starts_with('#')) {
        let (rest, at) = line.rsplit_once(' ').expect("a time");
        let (labels, value) = rest.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().expect("a number");
        let at: f64 = at.parse().expect("a time");
        // Some versions write a space behind the comma.
        let labels = labels.replace("\", ", "\",");
        lines.push((labels, bits(value), format!("{:.0}", at * scale).parse().expect("whole")));
    }
    lines.sort();
    lines
}

#[track_caller]
fn assert_listed(list: &str, meta: &BlockMeta) {
    let ulid = meta.ulid.to_string();
    let line = list.lines().find(|line| line.starts_with(&ulid)).expect("the block is listed");
    let columns: Vec<&str> = line.split_whitespace().collect();
    let stats = &meta.stats;
    let expected = [
        meta.min_time.unsigned_abs(),
        meta.max_time.unsigned_abs(),
        stats.num_samples,
        stats.num_chunks,
        stats.num_series,
    ];
    let numbers = columns.iter().enumerate().filter(|(place, _)| [1, 2, 4, 5, 6].contains(place));
    let found: Vec<u64> = numbers.map(|(_, number)| number.parse().expect("whole")).collect();
    assert_eq!(found, expected, "{line}");
}

#[test]
fn promtool_reads_our_block_as_we_do() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    let data_folder = data_folder(&folder);
    let data = floats();
    let meta = write_block(&data_folder, &data);

    assert_listed(&output(&promtool, &["tsdb", "list", data_folder.as_str()]), &meta);
    let dump = output(&promtool, &["tsdb", "dump", data_folder.as_str()]);
    assert_eq!(parse(&dump, 1.0), lines(&data, false));
    let dump = output(&promtool, &["tsdb", "dump-openmetrics", data_folder.as_str()]);
    assert_eq!(parse(&dump, 1000.0), lines(&data, true));

    let analysis = output(&promtool, &["tsdb", "analyze", data_folder.as_str()]);
    let pairs: Vec<(&str, &str)> = data.keys().flat_map(|labels| labels.iter()).collect();
    let mut uses = BTreeMap::new();
    for pair in &pairs {
        *uses.entry(*pair).or_insert(0) += 1;
    }
    for expected in [
        format!("Block ID: {}", meta.ulid),
        format!("Total Series: {}", data.len()),
        "Label names: 4".to_owned(),
        format!("Postings (unique label pairs): {}", uses.len()),
        format!("Postings entries (total label pairs): {}", pairs.len()),
    ] {
        assert!(analysis.lines().any(|line| line == expected), "{expected}\n{analysis}");
    }
    let block = Block::open(&disk(), &data_folder.join(meta.ulid.to_string())).expect("opens");
    assert_eq!(lines(&read_block(&block), false), lines(&data, false));
}

#[test]
fn promtool_reads_our_histograms() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    let data_folder = data_folder(&folder);
    let mut columns = Columns::default();
    for n in 0..500_u32 {
        let histogram = Arc::new(histogram(u64::from(n)));
        columns.push_histogram(START + i64::from(n) * STEP, histogram);
    }
    let labels = Labels::from_pairs([("__name__", "latency")]);
    let meta = write_block(&data_folder, &Data::from([(labels, columns)]));
    assert_eq!(meta.stats.num_histogram_samples, 500);
    assert_listed(&output(&promtool, &["tsdb", "list", data_folder.as_str()]), &meta);
    let dump = output(&promtool, &["tsdb", "dump", data_folder.as_str()]);
    let last = dump.lines().last().expect("a line");
    let expected = r#"{__name__="latency"} {count:1499, sum:9231.5, [-0.001,0.001]:2, "#;
    assert!(last.starts_with(expected), "{last}");
    // It looks for floats first, then for float histograms, and drops what it finds instead: two
    // samples of a series.
    assert!([498, 500].contains(&dump.lines().count()), "{}", dump.lines().count());
}

/// The data as a target would expose it, with times.
fn open_metrics(data: &Data) -> String {
    let mut text = String::new();
    let mut last = None;
    for (labels, columns) in data {
        let name = labels.metric_name().expect("a name");
        if last != Some(name) {
            writeln!(text, "# TYPE {name} unknown").expect("a string takes text");
            last = Some(name);
        }
        for (at, value) in columns.times.iter().zip(&columns.values) {
            let (seconds, millis) = (at.div_euclid(1000), at.rem_euclid(1000));
            let value = match value {
                value if value.is_nan() => "NaN".to_owned(),
                value if value.is_infinite() => {
                    format!("{}Inf", if *value > 0.0 { "+" } else { "-" })
                }
                value => format!("{value:e}"),
            };
            let labels = quoted(labels, true);
            writeln!(text, "{name}{labels} {value} {seconds}.{millis:03}").expect("text");
        }
    }
    text + "# EOF\n"
}

#[test]
fn blocks_of_promtool_open_here_and_are_rewritten_byte_for_byte() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let folder = TempFolder::new();
    let data_folder = data_folder(&folder);
    let data = floats();
    let exposed = folder.write("exposed.txt", open_metrics(&data));
    let exposed = Utf8PathBuf::from_path_buf(exposed).expect("a UTF-8 path");
    let create =
        ["tsdb", "create-blocks-from", "openmetrics", exposed.as_str(), data_folder.as_str()];
    output(&promtool, &create);

    let mut found: Vec<_> = Vec::new();
    let mut blocks = 0;
    let entries = disk().list(&data_folder).expect("a folder");
    for entry in entries.iter().filter(|entry| entry.name != "wal") {
        let theirs = data_folder.join(&entry.name);
        let block = Block::open(&disk(), &theirs).expect("opens");
        found.append(&mut lines(&read_block(&block), false));
        let ours = rewrite(&block, &data_folder.join("again"));
        let read = |folder: &Utf8PathBuf, file| disk().read(&folder.join(file), u64::MAX);
        for file in ["index", "chunks/000001", "tombstones"] {
            let mut expected = read(&theirs, file).expect("a file");
            if file == "index" {
                expected = without_label_indices(&expected);
            }
            assert!(read(&ours, file).expect("a file") == expected, "{file} of {ours} differs");
        }
        blocks += 1;
    }
    found.sort();
    assert_eq!(found, lines(&data, false));
    assert!(blocks > 0);
}
