//! The promqltest language: `load`, `clear`, `eval instant`, `eval range`, with expectations.
//!
//! Every instant evaluation is checked three times, as Prometheus does: as it stands; with all its
//! selectors fixed by `@` and evaluated at other times; and as the middle step of a range query.

mod compare;
mod nhcb;
mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Metrics, SimulatedClock, SimulatedDisk};
use narthex_promql::{
    AtTime, Engine, EngineConfig, Features, Node, NodeKind, QueryError, QueryOptions, QueryResult,
    SeriesSample, Value, append_samples, settle_resets,
};
use narthex_storage::{Appendable, MemoryStore, Queryable};
use narthex_tsdb::{Config, Tsdb};

use self::script::{Command, Eval, Expect, Load, Mode};

/// What came of one evaluation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The line of the `eval`, counted from 1.
    pub line: usize,
    /// The query.
    pub query: String,
    /// Nothing when all was as expected.
    pub failure: Option<String>,
}

/// What holds the samples of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The reference: as it was told.
    Memory,
    /// The local store's head, on a simulated disk.
    Head,
}

/// Runs a script over a store with the guarded parts of the language that `features` allows.
///
/// # Errors
/// When the script itself is malformed: the line and what is wrong with it.
pub fn run(script: &str, features: Features, store: Store) -> Result<Vec<Outcome>, String> {
    let mut world = World::new(features, store);
    let mut outcomes = Vec::new();
    for command in script::parse(script)? {
        match command {
            Command::Clear => world.clear(),
            Command::Load(load) => world.load(&load)?,
            Command::Eval(eval) => {
                let failure = world.check(&eval).err();
                outcomes.push(Outcome { line: eval.line, query: eval.query, failure });
            }
        }
    }
    Ok(outcomes)
}

/// The queries of a script, as they stand there.
///
/// # Errors
/// When the script itself is malformed.
pub fn queries(script: &str) -> Result<Vec<String>, String> {
    let queries = script::parse(script)?.into_iter().filter_map(|command| match command {
        Command::Clear | Command::Load(_) => None,
        Command::Eval(eval) => Some(eval.query),
    });
    Ok(queries.collect())
}

struct World {
    samples: BTreeMap<Labels, BTreeMap<Timestamp, SeriesSample>>,
    features: Features,
    store: Store,
    /// Made anew after each change of the samples.
    engine: Option<Engine>,
}

impl World {
    const fn new(features: Features, store: Store) -> Self {
        Self { samples: BTreeMap::new(), features, store, engine: None }
    }

    fn clear(&mut self) {
        self.samples.clear();
        self.engine = None;
    }

    fn load(&mut self, load: &Load) -> Result<(), String> {
        self.engine = None;
        let first = Timestamp::from_millis(0);
        let native = if load.with_nhcb { nhcb::convert(&load.series)? } else { Vec::new() };
        for series in load.series.iter().chain(&native) {
            let samples = self.samples.entry(series.labels.clone()).or_default();
            let loaded = series.samples(first, load.step);
            samples.extend(loaded.into_iter().map(|sample| (sample.at, sample)));
        }
        Ok(())
    }

    fn engine(&mut self) -> Result<Engine, String> {
        if let Some(engine) = &self.engine {
            return Ok(engine.clone());
        }
        let store: Arc<dyn Queryable> = match self.store {
            Store::Memory => {
                let store = MemoryStore::new();
                self.append(&store, true)?;
                Arc::new(store)
            }
            Store::Head => {
                let (disk, clock) = (SimulatedDisk::new(1), SimulatedClock::at(0));
                let config = Config::new("/data");
                let store = Tsdb::open(config, disk.shared(), clock.clock(), &Metrics::new())
                    .map_err(|error| error.to_string())?;
                // The head looks for resets by itself.
                self.append(&store, false)?;
                Arc::new(store)
            }
        };
        let config = EngineConfig { features: self.features, ..EngineConfig::default() };
        let engine = Engine::new(config, store, Clock::real(), &Metrics::new());
        self.engine = Some(engine.clone());
        Ok(engine)
    }

    fn append(&self, store: &dyn Appendable, settles: bool) -> Result<(), String> {
        let mut batch = store.appender();
        for (labels, samples) in &self.samples {
            let mut samples: Vec<SeriesSample> = samples.values().cloned().collect();
            if settles {
                settle_resets(&mut samples);
            }
            append_samples(&mut *batch, labels, &samples)
                .map_err(|error| format!("{labels}: {error}"))?;
        }
        batch.commit().map(|_| ()).map_err(|error| error.to_string())
    }

    fn check(&mut self, eval: &Eval) -> Result<(), String> {
        let engine = self.engine()?;
        let options = QueryOptions::default();
        let Mode::Instant { at } = eval.mode else {
            let Mode::Range { start, end, step } = eval.mode else { return Ok(()) };
            let step = Duration::from_millis(u64::try_from(step).unwrap_or(0));
            let (start, end) = (Timestamp::from_millis(start), Timestamp::from_millis(end));
            let result = engine.range(&eval.query, start, end, step, &options);
            return judge(eval, result).map(|_| ());
        };
        check_instant(&engine, eval, &eval.query, at)?;
        if let Some(fixed) = fix_times(&engine, &eval.query, at) {
            let others = match at {
                0 => vec![-1000, 0, 1000],
                at => vec![-10 * at, 0, at / 5, at, 10 * at],
            };
            for other in others {
                check_instant(&engine, eval, &fixed, other)
                    .map_err(|error| format!("as {fixed:?} at {other}: {error}"))?;
            }
        }
        Ok(())
    }
}

/// The result if one was expected and it is as expected; nothing when a failure was expected.
fn judge(
    eval: &Eval,
    result: Result<QueryResult, QueryError>,
) -> Result<Option<QueryResult>, String> {
    match result {
        Err(error) => {
            let Some(expected) = eval.expected_failure() else {
                return Err(format!("unexpected error: {error}"));
            };
            if expected.matches(&error.to_string()) {
                Ok(None)
            } else {
                Err(format!("expected the error {expected}, got: {error}"))
            }
        }
        Ok(_) if eval.expected_failure().is_some() => Err("expected an error, got none".to_owned()),
        Ok(result) => {
            compare::remarks(eval, &result)?;
            compare::value(eval, &result.value)?;
            Ok(Some(result))
        }
    }
}

fn check_instant(engine: &Engine, eval: &Eval, query: &str, at: i64) -> Result<(), String> {
    let options = QueryOptions::default();
    let result = engine.instant(query, Timestamp::from_millis(at), &options);
    let Some(result) = judge(eval, result)? else { return Ok(()) };
    let of_query = ["start()", "end()", "range()", "step()"];
    if eval.is_instant_only() || of_query.iter().any(|call| query.contains(call)) {
        return Ok(());
    }
    let minute = 60_000;
    let (start, end) = (Timestamp::from_millis(at - minute), Timestamp::from_millis(at + minute));
    let ranged = engine
        .range(query, start, end, Duration::from_secs(60), &options)
        .map_err(|error| format!("in range mode: {error}"))?;
    if eval.expects.iter().any(|expect| matches!(expect, Expect::Ordered)) {
        return Ok(());
    }
    let Value::Matrix(series) = ranged.value else {
        return Err("in range mode: no matrix".to_owned());
    };
    let middle = compare::middle(&series, at, matches!(result.value, Value::Scalar { .. }));
    compare::value(eval, &middle).map_err(|error| format!("in range mode: {error}"))
}

/// The query with every selector fixed to `at`; nothing when its result depends on the time of
/// evaluation all the same.
fn fix_times(engine: &Engine, query: &str, at: i64) -> Option<String> {
    let expr = engine.parse(query).ok()?;
    let mut root = expr.root().clone();
    fix(&mut root, AtTime::Fixed(Timestamp::from_millis(at))).then(|| root.to_string())
}

const UNSAFE: [&str; 15] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "end",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
];

fn fix(node: &mut Node, at: AtTime) -> bool {
    match &mut node.kind {
        NodeKind::Number { .. } | NodeKind::String(_) => true,
        NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
            selector.time.at.get_or_insert(at);
            true
        }
        NodeKind::Subquery { expr, time, .. } => {
            // Below a fixed subquery no time is changed.
            time.at.get_or_insert(at);
            !calls_unsafe(expr)
        }
        NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => fix(expr, at),
        NodeKind::Binary(binary) => fix(&mut binary.lhs, at) && fix(&mut binary.rhs, at),
        NodeKind::Aggregate(aggregate) => {
            aggregate.param.as_mut().is_none_or(|param| fix(param, at))
                && fix(&mut aggregate.expr, at)
        }
        NodeKind::Call { function, args } => {
            !UNSAFE.contains(&function.name) && args.iter_mut().all(|arg| fix(arg, at))
        }
    }
}

fn calls_unsafe(node: &Node) -> bool {
    let mut copy = node.clone();
    !fix(&mut copy, AtTime::Start)
}
