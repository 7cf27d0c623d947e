//! How long a sample takes from the bytes of a known series to the appender:
//! `cargo run -p narthex-scrape --release --example known_lines`.
//!
//! The real loop runs on a simulated clock; the target's bodies lie ready and the store throws
//! samples away, so that parsing, the cache and one call a sample are what is measured. The body is
//! like that of the load tests: seven labels, about 130 bytes a line, two lines of metadata for
//! twenty samples.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use narthex_client::ClientOptions;
use narthex_model::{
    Exemplar, Labels, Metadata, NativeHistogram, TargetGroup, TargetSet, Timestamp,
};
use narthex_platform::{Clock, Metrics, SimulatedClock, Tasks};
use narthex_scrape::{
    Body, Exporters, FetchError, GlobalScrape, JobSpec, Reload, ScrapeParts, ScrapeSettings,
    Scraper, Target,
};
use narthex_settings::Document;
use narthex_storage::{AppendError, Appendable, Appender, CommitError, Committed, SeriesRef};
use tokio::sync::watch;

const SERIES: usize = 1000;
const BODIES: u64 = 16;
const SCRAPES: u64 = 5000;

/// Takes everything and keeps nothing but counts.
#[derive(Debug, Default)]
struct Nowhere {
    series: AtomicU64,
    samples: AtomicU64,
    commits: AtomicU64,
}

struct NowhereAppender<'a> {
    store: &'a Nowhere,
    samples: u64,
    sum: f64,
}

impl Appendable for Nowhere {
    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(NowhereAppender { store: self, samples: 0, sum: 0.0 })
    }
}

impl Appender for NowhereAppender<'_> {
    fn series(&mut self, _labels: &Labels) -> Result<SeriesRef, AppendError> {
        Ok(SeriesRef(self.store.series.fetch_add(1, Ordering::Relaxed)))
    }

    fn find(&mut self, _labels: &Labels) -> Option<SeriesRef> {
        None
    }

    fn append(&mut self, _: SeriesRef, _: Timestamp, value: f64) -> Result<(), AppendError> {
        self.sum += value;
        self.samples += 1;
        Ok(())
    }

    fn append_histogram(
        &mut self,
        _series: SeriesRef,
        _at: Timestamp,
        _histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError> {
        self.samples += 1;
        Ok(())
    }

    fn exemplar(&mut self, _series: SeriesRef, _exemplar: Exemplar) -> Result<(), AppendError> {
        Ok(())
    }

    fn metadata(&mut self, _family: &str, _metadata: &Metadata) {}

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        std::hint::black_box(self.sum);
        self.store.samples.fetch_add(self.samples, Ordering::Relaxed);
        self.store.commits.fetch_add(1, Ordering::Relaxed);
        Ok(Committed::default())
    }
}

/// A plugin whose answers lie ready.
#[derive(Debug)]
struct Ready {
    bodies: Vec<Bytes>,
    asked: AtomicU64,
}

impl Exporters for Ready {
    fn check(&self, _plugin: &str, _config: &serde_json::Value) -> Result<(), String> {
        Ok(())
    }

    fn collect(
        &self,
        _plugin: &str,
        _config: &serde_json::Value,
        _target: &Arc<Target>,
    ) -> BoxFuture<'static, Result<Body, FetchError>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % BODIES;
        let bytes = self.bodies.get(usize::try_from(turn).unwrap_or(0)).cloned();
        let body =
            Body { content_type: Some("text/plain".into()), bytes: bytes.unwrap_or_default() };
        Box::pin(std::future::ready(Ok(body)))
    }
}

fn body(round: u64) -> Bytes {
    let mut text = String::new();
    for index in 0..SERIES {
        let family = index / 20;
        let name = format!("http_request_duration_{family}");
        if index % 20 == 0 {
            text.push_str(&format!("# HELP {name} How long requests took.\n# TYPE {name} gauge\n"));
        }
        let whole = round * 7919 + u64::try_from(index).unwrap_or(0) * 31;
        writeln!(
            text,
            "{name}{{cluster=\"eu-1\",namespace=\"shop\",pod=\"cart-{index}\",method=\"GET\",\
             path=\"/api/v1/items\",code=\"200\",zone=\"b\"}} {whole}.{:02}",
            index % 100
        )
        .expect("writing to a string cannot fail");
    }
    text.into()
}

async fn drive(store: &Nowhere, clock: &SimulatedClock, scrapes: u64) {
    let end = store.commits.load(Ordering::Relaxed) + scrapes;
    while store.commits.load(Ordering::Relaxed) < end {
        match clock.next_due() {
            Some(due) if !due.is_zero() => clock.advance(due),
            _ => {}
        }
        tokio::task::yield_now().await;
    }
}

#[expect(clippy::print_stdout, reason = "the numbers are what the example is for")]
#[expect(clippy::cast_precision_loss, reason = "for people")]
async fn measure(store: &Nowhere, clock: &SimulatedClock, bytes: usize) {
    drive(store, clock, 20).await;
    let before = store.samples.load(Ordering::Relaxed);
    let real = Clock::real();
    drive(store, clock, SCRAPES).await;
    let nanos = real.monotonic().as_nanos() as f64;
    let samples = (store.samples.load(Ordering::Relaxed) - before) as f64;
    println!("{samples} samples, {bytes} bytes a body of {SERIES} series");
    println!("{:.1} ns a sample", nanos / samples);
    println!("{:.2} GB/s of text", bytes as f64 * SCRAPES as f64 / nanos);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bodies: Vec<Bytes> = (0..BODIES).map(body).collect();
    let bytes = bodies.first().map_or(0, Bytes::len);
    let store = Arc::new(Nowhere::default());
    let clock = SimulatedClock::at(1_000_000_000);
    let exporters = Arc::new(Ready { bodies, asked: AtomicU64::new(0) });
    let scraper = Scraper::new(ScrapeParts {
        store: Arc::clone(&store) as Arc<dyn Appendable>,
        exporters: Arc::clone(&exporters) as Arc<dyn Exporters>,
        clock: clock.clock(),
        metrics: Metrics::new(),
        client: ClientOptions::default(),
        settings: ScrapeSettings::default(),
        external_host: None,
    });
    let text = "job_name: bench\nscrape_interval: 15s\nexporter: {plugin: ready}\n";
    let spec: JobSpec = Document::parse("example.yml", text)?.read()?;
    let target = Labels::from_pairs([("__address__", "here")]);
    let group =
        TargetGroup { source: "example".into(), targets: vec![target], labels: Labels::empty() };
    let (_targets, channel) = watch::channel(Arc::new(TargetSet { groups: vec![group] }));
    let jobs = vec![(spec.resolve(&GlobalScrape::default())?, channel)];
    scraper.commit(scraper.prepare(Reload { jobs, exporters: &*exporters, offset_seed: 0 })?);
    let mut tasks = Tasks::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        scraper.spawn(&mut tasks);
        tasks.run_until(measure(&store, &clock, bytes)).await
    })?;
    Ok(())
}
