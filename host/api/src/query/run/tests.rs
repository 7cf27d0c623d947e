use std::pin::pin;
use std::sync::Arc;

use futures_util::future::join_all;
use narthex_model::Timestamp;
use narthex_platform::{Metrics, SimulatedClock};
use narthex_promql::{Engine, EngineConfig, QueryOptions, Times};
use narthex_storage::MemoryStore;

use super::*;

/// While the one query runs that may, four others wait, and there is but one thread for work that
/// blocks. The clock stands still, so that nobody is sent away.
#[test]
fn queries_that_wait_leave_threads_to_others() {
    let config = EngineConfig { concurrency: 1, ..EngineConfig::default() };
    let clock = SimulatedClock::at(0).clock();
    let engine = Engine::new(config, Arc::new(MemoryStore::new()), clock, &Metrics::new());
    let understand = |engine: &Engine| {
        let times = Times::Instant(Timestamp::default());
        engine.query("1", times, &QueryOptions::default())
    };
    let mut running = understand(&engine).unwrap();
    assert!(running.try_enter());
    let ask = |_| {
        let engine = engine.clone();
        run(Cancel::new(), move || understand(&engine), Query::answer)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build();
    runtime.unwrap().block_on(async {
        let mut waiting = pin!(join_all((0..4).map(ask)));
        let other = async { tokio::task::spawn_blocking(|| "work").await.unwrap() };
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("there is no place for them"),
            done = other => assert_eq!(done, "work"),
        }
        running.answer().unwrap();
        assert!(waiting.await.into_iter().all(|answer| answer.is_ok()));
    });
}
