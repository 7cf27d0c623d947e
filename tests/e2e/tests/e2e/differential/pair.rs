//! A Prometheus and a host that hold the same samples.

use std::path::Path;

use narthex_harness::{Host, http};
use narthex_oracles::generate::World;
use narthex_oracles::generate::promql::{Query, When};
use narthex_remote::encode::{TimeSeries, pairs};

use super::answer::Answer;
use crate::prometheus::{IDLE, Prometheus};
use crate::push::send;

/// Of both programs: what the dialect of the queries needs.
const FEATURES: &str = "promql-experimental-functions";
/// What only Prometheus still guards.
const THEIR_FEATURES: &str = "native-histograms,promql-duration-expr";

/// Nothing that has a say in what queries answer: both evaluate subqueries each minute by default.
const CONFIG: &str = "plugins: { dir: plugins }\n";

/// Both servers.
pub(super) struct Pair {
    host: Host,
    prometheus: Prometheus,
}

impl Pair {
    /// Starts both and pushes all of the world to each.
    #[track_caller]
    pub(super) fn start(program: &Path, world: &World, feature: Option<&str>) -> Self {
        let more = feature.map(|feature| format!(",{feature}")).unwrap_or_default();
        let host = Host::with_config(CONFIG)
            .file("plugins/.keep", "")
            .flag("--web.enable-remote-write-receiver")
            .flag(&format!("--enable-feature={FEATURES}{more}"))
            .start();
        let features = format!("--enable-feature={FEATURES},{THEIR_FEATURES}{more}");
        let flags = ["--web.enable-remote-write-receiver", &features];
        let prometheus = Prometheus::start(program, IDLE, &flags);
        for series in slices(world) {
            for address in [host.address(), prometheus.address()] {
                send(&address, &series).expect_success();
            }
        }
        Self { host, prometheus }
    }

    /// What Prometheus says.
    #[track_caller]
    pub(super) fn theirs(&self, query: &Query) -> Answer {
        ask(&self.prometheus.address(), query)
    }

    /// What the host says.
    #[track_caller]
    pub(super) fn ours(&self, query: &Query) -> Answer {
        ask(&self.host.address(), query)
    }
}

/// The world's samples, one request a slice: ascending, and each series' of one kind.
fn slices(world: &World) -> Vec<Vec<TimeSeries>> {
    let length = World::INTERVAL * i64::try_from(World::SLICE).expect("a few samples");
    let count = World::STEPS.div_ceil(World::SLICE);
    let starts =
        (0..i64::try_from(count).expect("a few slices")).map(|slice| World::START + slice * length);
    starts.map(|start| slice(world, start, start + length)).collect()
}

fn slice(world: &World, start: i64, end: i64) -> Vec<TimeSeries> {
    let is_in = |at: i64| (start..end).contains(&at);
    let mut all = Vec::new();
    for (labels, columns) in &world.series {
        let labels: Vec<(&str, &str)> = labels.iter().collect();
        let samples = columns.times.iter().copied().zip(columns.values.iter().copied());
        let histograms = columns.histograms.iter().filter(|point| is_in(point.at));
        let series = TimeSeries {
            labels: pairs(&labels),
            samples: samples.filter(|(at, _)| is_in(*at)).collect(),
            histograms: histograms.map(|point| (point.at, (*point.histogram).clone())).collect(),
            exemplars: Vec::new(),
        };
        if !series.samples.is_empty() || !series.histograms.is_empty() {
            all.push(series);
        }
    }
    all
}

#[track_caller]
fn ask(address: &str, query: &Query) -> Answer {
    let seconds = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
    let text = http::encode(&query.text);
    let (path, body) = match query.when {
        When::Instant(at) => ("query", format!("query={text}&time={}", seconds(at))),
        When::Range { start, end, step } => {
            let (start, end, step) = (seconds(start), seconds(end), seconds(step));
            ("query_range", format!("query={text}&start={start}&end={end}&step={step}"))
        }
    };
    let url = format!("http://{address}/api/v1/{path}");
    let answer = http::post(&url, "application/x-www-form-urlencoded", body.as_bytes());
    Answer::read(&answer.json())
}
