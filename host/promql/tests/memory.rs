//! What a large query takes of the allocator, against what it may take. One test in a process of its
//! own: bytes are counted for all threads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use narthex_model::{BucketLayout, FloatHistogram, Labels, NativeHistogram, Span, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_promql::{Engine, EngineConfig, QueryError, QueryOptions, QueryResult, Value};
use narthex_storage::{Appendable, MemoryStore};

const SERIES: usize = 10_000;
const STEPS: usize = 1_000;
const HISTOGRAM_SERIES: usize = 1_000;
const BUCKETS: u32 = 200;
/// For what is no sample and no result: the engine itself, threads, errors.
const SLACK: usize = 8 << 20;

/// Ten minutes of a counter at 15 s, of seven jobs.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for number in 0..SERIES {
        let (instance, job) = (number.to_string(), (number % 7).to_string());
        let labels = [("__name__", "work_total"), ("instance", &*instance), ("job", &*job)];
        let series = batch.series(&Labels::from_pairs(labels)).expect("few series");
        for index in 0..=40 {
            let at = Timestamp::from_millis(index * 15_000);
            batch.append(series, at, index as f64).expect("times ascend");
        }
    }
    batch.commit().expect("memory takes it");
    store
}

/// Five minutes of native histograms at 15 s, each of 200 buckets.
fn store_of_histograms() -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = store.appender();
    for number in 0..HISTOGRAM_SERIES {
        let instance = number.to_string();
        let labels = [("__name__", "work_seconds"), ("instance", &*instance)];
        let series = batch.series(&Labels::from_pairs(labels)).expect("few series");
        for index in 0..=20 {
            let at = Timestamp::from_millis(index * 15_000);
            batch
                .append_histogram(series, at, histogram(index as f64).into())
                .expect("times ascend");
        }
    }
    batch.commit().expect("memory takes it");
    store
}

fn histogram(count: f64) -> NativeHistogram {
    let positive_spans = vec![Span { offset: 0, length: BUCKETS }];
    NativeHistogram::Float(FloatHistogram {
        layout: BucketLayout { positive_spans, ..BucketLayout::default() },
        count: count * f64::from(BUCKETS),
        sum: count,
        positive_counts: (0..BUCKETS).map(|_| count).collect(),
        ..FloatHistogram::default()
    })
}

/// Counts what is allocated. Not the kernel's view: there it depends on earlier queries what a later one seems to take.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without; all calls are handed on")]
// SAFETY: `System` keeps the contract; the numbers beside it are nobody's memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

/// The result of `work`, and how many bytes more than before it there were at most meanwhile.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    (result, PEAK.load(Ordering::Relaxed) - before)
}

fn ask(store: &Arc<MemoryStore>, query: &str, mib: usize) -> Result<QueryResult, QueryError> {
    let config = EngineConfig { memory_max: mib << 20, workers: 3, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::clone(store) as _, Clock::real(), &Metrics::new());
    let (start, step) = (Timestamp::from_millis(0), Duration::from_millis(600));
    let end = Timestamp::from_millis(600 * (STEPS as i64 - 1));
    engine.range(query, start, end, step, &QueryOptions::default())
}

#[test]
fn a_large_query_keeps_within_its_memory_or_says_that_it_cannot() {
    let (store, histograms) = (Arc::new(store()), Arc::new(store_of_histograms()));
    for (query, mib) in
        [("sum by (job) (rate(work_total[5m]))", 64), ("work_total", 192), ("work_total > 3", 192)]
    {
        let (result, taken) = measured(|| ask(&store, query, mib).unwrap());
        let limit = mib << 20;
        assert!(taken < limit + SLACK, "{query} took {} MiB", taken >> 20);
        assert!(result.stats.bytes_peak < limit as u64, "{query}: {:?}", result.stats);
        let Value::Matrix(series) = result.value else { panic!("a range query answers a matrix") };
        let points: usize = series.iter().map(|series| series.points.len()).sum();
        println!("{query}: {points} points, {} MiB", taken >> 20);
        assert!(points >= 6 * STEPS, "{query}: {points} points");
    }
    // How many bytes histograms take is not known before they are there.
    let of_one = "rate(work_seconds{instance='0'}[5m])";
    for query in [
        "rate(work_seconds[5m])",
        // The row of one series may be all that there is.
        &format!("max_over_time(histogram_stddev({of_one})[5m:10ms])"),
    ] {
        let (result, taken) = measured(|| ask(&histograms, query, 64));
        let error = result.map(|result| result.stats).unwrap_err();
        assert!(matches!(error, QueryError::TooMuchMemory { estimate: None, .. }), "{error}");
        println!("{query}: {} MiB", taken >> 20);
        assert!(taken < (64 << 20) + SLACK, "{query} took {} MiB", taken >> 20);
    }
    let error = ask(&store, "work_total", 64).unwrap_err();
    assert_eq!(
        error.to_string(),
        "query is expected to hold 155 MiB of memory: 64 MiB are allowed; narrow it, or raise \
         --query.max-memory"
    );
}
