//! A data folder that a real Prometheus wrote under load and left by `kill -9`, opened by us: the
//! same answers. And back, and forth again.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{
    FakeTarget, Peer, Process, SECONDS, TempFolder, free_port, http, peer, wait_until,
};
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Metrics, RealDisk};
use narthex_remote::encode::TimeSeries;
use narthex_storage::Appendable;
use narthex_tsdb::{Config, Tsdb};

use crate::push::{buckets, send};
use crate::samples::{Samples, compare, of_matrix, of_store};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const INSTANCES: usize = 5;

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
            all.extend(of_matrix(&answer));
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
        let mut all = of_store(&store);
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
            let number = instance.to_string();
            let new = |name: &str| TimeSeries::new(&[("__name__", name), ("instance", &number)]);
            // By the second, and different for each instance.
            let second = |at: i64| at / 1_000 + instance as i64;
            let count = |at: i64| u32::try_from(second(at) % 10_000).expect("it is small");
            let mut floats = new("pushed");
            floats.samples = times.iter().map(|at| (*at, f64::from(count(*at)).sqrt())).collect();
            if let Some(first) = times.first() {
                floats = floats.with_exemplar(*first, 0.25, &[("trace_id", "abc")]);
            }
            list.push(floats);
            for (name, is_float) in [("pushed_histogram", false), ("pushed_float_histogram", true)]
            {
                let mut histograms = new(name);
                histograms.histograms = times
                    .iter()
                    .map(|at| {
                        let count = count(*at);
                        (*at, buckets(is_float, [count, count * 2, count / 3]))
                    })
                    .collect();
                list.push(histograms);
            }
            // A series that changes its kind.
            let mut mixed = new("pushed_mixed");
            for at in times {
                if second(*at) / 600 % 2 == 0 {
                    mixed.samples.push((*at, 1.0));
                } else {
                    mixed.histograms.push((*at, buckets(false, [1, 2, 3])));
                }
            }
            list.push(mixed);
        }
        send(&self.address, &list).expect_success();
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
