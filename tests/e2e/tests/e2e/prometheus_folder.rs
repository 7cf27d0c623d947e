//! A data folder that a real Prometheus wrote under load and left by `kill -9`, opened by us: the
//! same answers. And back, and forth again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{
    FakeTarget, Peer, Process, SECONDS, TempFolder, free_port, http, peer, wait_until,
};
use narthex_model::{Labels, NativeHistogram, Timestamp, is_stale};
use narthex_platform::{Clock, Metrics, RealDisk};
use narthex_storage::{Appendable, Columns, Queryable, TimeRange};
use narthex_tsdb::{Config, Tsdb};
use serde_json::Value as Json;

use crate::remote_write::{Buckets, TimeSeries, Value, send};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const INSTANCES: usize = 5;

/// Series by labels, samples by time: what two stores are compared by.
type Samples = BTreeMap<String, Vec<(i64, String)>>;

#[test]
fn a_folder_without_compression_answers_as_prometheus_does() {
    check("--no-storage.tsdb.wal-compression");
}

#[test]
fn a_folder_with_snappy_answers_as_prometheus_does() {
    check("--storage.tsdb.wal-compression-type=snappy");
}

#[test]
fn a_folder_with_zstd_answers_as_prometheus_does() {
    check("--storage.tsdb.wal-compression-type=zstd");
}

#[track_caller]
fn check(compression: &str) {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let folder = TempFolder::new();
    let now = Clock::real().now_millis();
    let story = Story { program, compression, folder: &folder, now };

    let first = story.start("data", "");
    first.push_history(now - 3 * HOUR);
    first.kill();

    // What was pushed stands in head chunks now, for they are cut when the log is replayed.
    let target = FakeTarget::start();
    let scrapes = format!(
        "scrape_configs: [{{ job_name: fake, static_configs: [{{ targets: ['{}'] }}] }}]\n",
        target.address()
    );
    serve(&target, 0);
    let second = story.start("data", &scrapes);
    second.delete(
        "%7Binstance=%220%22,__name__!=%22pushed_mixed%22%7D",
        now - 2 * HOUR,
        now - HOUR,
    );
    for round in 1..=8 {
        serve(&target, round);
        second.push_late(now - 5 * HOUR / 2 + i64::from(round) * 15 * MINUTE);
        second.wait_for_scrapes(round);
    }
    second.kill();

    let wanted = story.ask_copy("copy1");
    assert!(wanted.len() >= 15 + 4 * INSTANCES, "{:?}", wanted.keys());
    compare(&story.import(0), &wanted);

    // Prometheus takes the folder back, and leaves it to us once more.
    let third = story.start("data", &scrapes);
    for round in 9..=12 {
        serve(&target, round);
        third.push_late(now - 2 * HOUR + i64::from(round) * MINUTE);
        third.wait_for_scrapes(round);
    }
    third.kill();
    let wanted = story.ask_copy("copy2");
    compare(&story.import(1), &wanted);
}

/// Counters, a gauge and a classic histogram that move with every round.
fn serve(target: &FakeTarget, round: u32) {
    let mut text = format!("# HELP rounds Rounds.\n# TYPE rounds counter\nrounds_total {round}\n");
    text.push_str("# TYPE temp gauge\n");
    for room in 0..10 {
        let value = f64::from(round * room).sin();
        text.push_str(&format!("temp{{room=\"{room}\"}} {value}\n"));
    }
    text.push_str(&format!(
        "# TYPE latency histogram\nlatency_bucket{{le=\"0.1\"}} {round}\n\
         latency_bucket{{le=\"+Inf\"}} {}\nlatency_sum {}\nlatency_count {}\n",
        round * 3,
        f64::from(round) * 0.7,
        round * 3,
    ));
    target.serve(&text);
}

struct Story<'a> {
    program: PathBuf,
    compression: &'a str,
    folder: &'a TempFolder,
    now: i64,
}

struct Prometheus {
    process: Process,
    address: String,
}

impl Story<'_> {
    #[track_caller]
    fn start(&self, data: &str, scrapes: &str) -> Prometheus {
        let config = format!(
            "global: {{ scrape_interval: 100ms, scrape_timeout: 100ms }}\n\
             storage: {{ tsdb: {{ out_of_order_time_window: 6h }} }}\n{scrapes}"
        );
        let file = self.folder.write("prometheus.yml", config);
        let address = format!("127.0.0.1:{}", free_port());
        let process = Process::spawn(
            Command::new(&self.program)
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.tsdb.path={}", self.folder.path().join(data).display()))
                .arg(format!("--web.listen-address={address}"))
                .arg(self.compression)
                .args(["--web.enable-remote-write-receiver", "--web.enable-admin-api"])
                .arg("--enable-feature=native-histograms,exemplar-storage,metadata-wal-records"),
        );
        let prometheus = Prometheus { process, address };
        wait_until("Prometheus is ready", 60 * SECONDS, || {
            let ready = prometheus.url("/-/ready");
            http::send("GET", &ready, &[], b"").is_ok_and(|answer| answer.status == 200)
        });
        prometheus
    }

    /// All samples, as Prometheus answers after it has started on a copy of the folder.
    #[track_caller]
    fn ask_copy(&self, copy: &str) -> Samples {
        copy_folder(&self.folder.path().join("data"), &self.folder.path().join(copy));
        // What it would scrape meanwhile is not to be compared.
        let prometheus = self.start(copy, "");
        let mut all = Samples::new();
        for selector in ["{__name__=~'pushed.*'}", "{__name__!~'pushed.*',__name__!=''}"] {
            let query = http::encode(&format!("{selector}[7h]"));
            let at = (self.now + 30 * MINUTE) / 1000;
            let url = prometheus.url(&format!("/api/v1/query?query={query}&time={at}"));
            let answer = http::get(&url).expect_success().json();
            for series in answer["data"]["result"].as_array().expect("a matrix") {
                all.insert(labels_of(&series["metric"]), samples_of(series));
            }
        }
        prometheus.kill();
        all
    }

    /// All samples, as our store answers after it has opened the folder. It leaves one of its own in
    /// its log, and has to have those of `visits` before.
    #[track_caller]
    fn import(&self, visits: usize) -> Samples {
        let data = self.folder.path().join("data");
        let config = Config::new(data.to_str().expect("UTF-8"));
        let disk = RealDisk::shared();
        let store = Tsdb::open(config, disk, Clock::real(), &Metrics::new()).expect("it opens");
        store.replay_now().expect("the log is read");
        store.import_now().expect("the folder is imported");
        let damaged: Vec<_> = store.damaged().into_iter().filter(|d| !d.is_torn_tail).collect();
        assert_eq!(damaged, [], "the folder is whole");
        let mut all = Samples::new();
        let querier = store.querier(TimeRange::ALL).expect("it answers");
        for series in querier.select(&[]).expect("it answers") {
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).expect("its samples are whole");
            let labels = series.labels().iter().map(|(name, value)| format!("{name}={value};"));
            let samples = ours(&columns);
            if !samples.is_empty() {
                all.insert(labels.collect(), samples);
            }
        }
        let own = all.remove("__name__=own;").unwrap_or_default();
        assert_eq!(own.len(), visits, "what we held ourselves is still there");
        let mut batch = store.appender();
        let series = batch.series(&Labels::from_pairs([("__name__", "own")])).expect("it is taken");
        let at = Timestamp::from_millis(Clock::real().now_millis());
        batch.append(series, at, 1.0).expect("it is taken");
        batch.commit().expect("the disk has room");
        all
    }
}

impl Prometheus {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Three hours of samples in order, one each 15 seconds.
    #[track_caller]
    fn push_history(&self, from: i64) {
        for quarter in 0..11 {
            let start = from + quarter * 15 * MINUTE;
            let times: Vec<i64> = (0..60).map(|step| start + step * 15_000).collect();
            self.push(&times, 0..INSTANCES);
        }
    }

    /// Samples that lie between those that are there.
    #[track_caller]
    fn push_late(&self, from: i64) {
        let times: Vec<i64> = (0..50).map(|step| from + 7_001 + step * 15_000).collect();
        // Not of the one of which samples were deleted: those that come late into a deleted range are
        // hidden by Prometheus until it starts once more. For the same reason the series of both
        // kinds keeps its samples: Prometheus takes the histograms of a request after its floats.
        self.push(&times, 1..INSTANCES);
    }

    #[track_caller]
    fn push(&self, times: &[i64], instances: Range<usize>) {
        let mut list = Vec::new();
        for instance in instances {
            let samples = |value: &dyn Fn(i64) -> Value| {
                times.iter().map(|at| (*at, value(*at / 1_000 + instance as i64))).collect()
            };
            let count = |second: i64| u32::try_from(second % 10_000).expect("it is small");
            let float = |second: i64| Value::Float(f64::from(count(second)).sqrt());
            let mut floats = TimeSeries::new("pushed", instance, samples(&float));
            floats.exemplar_at = times.first().copied();
            list.push(floats);
            for (name, is_float) in [("pushed_histogram", false), ("pushed_float_histogram", true)]
            {
                let buckets = |second: i64| {
                    let counts = [count(second), count(second) * 2, count(second) / 3];
                    Value::Histogram(Buckets { is_float, counts })
                };
                list.push(TimeSeries::new(name, instance, samples(&buckets)));
            }
            // A series that changes its kind.
            let mixed = |second: i64| {
                if second / 600 % 2 == 0 {
                    Value::Float(1.0)
                } else {
                    Value::Histogram(Buckets { is_float: false, counts: [1, 2, 3] })
                }
            };
            list.push(TimeSeries::new("pushed_mixed", instance, samples(&mixed)));
        }
        send(&self.address, &list);
    }

    #[track_caller]
    fn delete(&self, selector: &str, start: i64, end: i64) {
        let (start, end) = (start / 1000, end / 1000);
        let path =
            format!("/api/v1/admin/tsdb/delete_series?match[]={selector}&start={start}&end={end}");
        http::post(&self.url(&path), "text/plain", b"").expect_success();
    }

    #[track_caller]
    fn wait_for_scrapes(&self, round: u32) {
        let url =
            self.url(&format!("/api/v1/query?query=rounds_total=={round}").replace("==", "%3D%3D"));
        wait_until("the round is scraped", 30 * SECONDS, || {
            let answer = http::get(&url).expect_success().json();
            answer["data"]["result"].as_array().is_some_and(|list| !list.is_empty())
        });
    }

    fn kill(mut self) {
        self.process.kill();
    }
}

fn labels_of(metric: &Json) -> String {
    let labels: BTreeMap<_, _> = metric.as_object().expect("labels").iter().collect();
    let pairs = labels
        .into_iter()
        .map(|(name, value)| format!("{name}={};", value.as_str().expect("a value")));
    pairs.collect()
}

fn samples_of(series: &Json) -> Vec<(i64, String)> {
    let list = |key: &str| series[key].as_array().cloned().unwrap_or_default();
    let millis = |at: &Json| {
        // Times have three digits behind the point; strings show them as they are.
        let text = at.to_string();
        let (seconds, rest) = text.split_once('.').unwrap_or((&text, ""));
        format!("{seconds}{rest:0<3}").parse::<i64>().expect("a time")
    };
    let number = |value: &Json| -> f64 {
        value.as_str().expect("numbers are strings").parse().expect("a number")
    };
    let floats = list("values")
        .into_iter()
        .map(|point| (millis(&point[0]), format!("{:?}", number(&point[1]))));
    let histograms = list("histograms").into_iter().map(|point| {
        let histogram = &point[1];
        let buckets = histogram["buckets"].as_array().cloned().unwrap_or_default();
        let buckets: Vec<f64> = buckets.iter().map(|bucket| number(&bucket[3])).collect();
        let text = show(number(&histogram["count"]), number(&histogram["sum"]), &buckets);
        (millis(&point[0]), text)
    });
    let mut samples: Vec<_> = floats.chain(histograms).collect();
    samples.sort();
    samples
}

fn show(count: f64, sum: f64, buckets: &[f64]) -> String {
    format!("count {count} sum {sum} buckets {buckets:?}")
}

/// A range answers everything but staleness markers.
fn ours(columns: &Columns) -> Vec<(i64, String)> {
    let floats = columns.times.iter().zip(&columns.values);
    let floats = floats.filter(|(_, value)| !is_stale(**value));
    let mut samples: Vec<_> = floats.map(|(at, value)| (*at, format!("{value:?}"))).collect();
    for point in columns.histograms.iter().filter(|point| !point.histogram.is_stale()) {
        let histogram = NativeHistogram::to_float(&point.histogram);
        let negative = histogram.negative_counts.iter().rev();
        let zero = std::iter::once(&histogram.zero_count);
        let buckets = negative.chain(zero).chain(&histogram.positive_counts);
        let buckets: Vec<f64> = buckets.copied().filter(|count| *count != 0.0).collect();
        samples.push((point.at, show(histogram.count, histogram.sum, &buckets)));
    }
    samples.sort();
    samples
}

#[track_caller]
fn compare(ours: &Samples, theirs: &Samples) {
    let names = |all: &Samples| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs));
    for (labels, wanted) in theirs {
        let found = &ours[labels];
        let missing: Vec<_> =
            wanted.iter().filter(|sample| !found.contains(sample)).take(5).collect();
        let surplus: Vec<_> =
            found.iter().filter(|sample| !wanted.contains(sample)).take(5).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{labels} has {} samples, wanted {}\nmissing {missing:?}\nsurplus {surplus:?}",
            found.len(),
            wanted.len()
        );
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("a file can be copied");
        }
    }
}
