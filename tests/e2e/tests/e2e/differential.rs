//! Thousands of generated queries, asked of a real Prometheus and of the host, about the same data.
//!
//! Always holds: data, queries and their times come from seeds, so that every run asks the same.
//! A difference is a failure unless `differential/known.rs` names it with its reason. The host is
//! asked once. Prometheus is asked again, alone, where its answer differs: 3.5 hands out memory of
//! one histogram's buckets to several queries at once, and then answers with the buckets of another.

mod answer;
mod known;
mod pair;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use narthex_harness::{Peer, peer};
use narthex_oracles::Chance;
use narthex_oracles::generate::World;
use narthex_oracles::generate::promql::{Dialect, Query, When, query};

use self::answer::Answer;
use self::known::Met;
use self::pair::Pair;

/// What Prometheus 3.5 has of the language.
pub(crate) const DIALECT: Dialect = Dialect {
    experimental: true,
    native: true,
    fill: false,
    length_expressions: true,
    recent: false,
};

/// Askers beside each other: both servers have work at any time, also while an answer is compared.
const ASKERS: usize = 3;

/// Differences that a failure shows; more say no more.
const SHOWN_MAX: usize = 20;

/// `NARTHEX_SEED` asks about another world, and other queries.
const SEED: &str = "NARTHEX_SEED";

#[test]
fn generated_queries_are_answered_as_prometheus_answers_them() {
    check(&Run { queries: 12_000, agreed_min: 10_500, feature: None });
}

#[test]
fn names_that_are_dropped_late_are_dropped_as_prometheus_drops_them() {
    let feature = Some("promql-delayed-name-removal");
    check(&Run { queries: 3_000, agreed_min: 2_600, feature });
}

/// Of what is made up, unless another is asked for.
const DEFAULT_SEED: u64 = 1;

/// Of what is made up.
pub(crate) fn seed() -> u64 {
    std::env::var(SEED).map_or(DEFAULT_SEED, |text| text.parse().expect("a seed is a number"))
}

struct Run {
    queries: usize,
    /// So many must be answered, and alike.
    agreed_min: usize,
    /// On in both, beside what the dialect needs.
    feature: Option<&'static str>,
}

/// How a query went.
enum Outcome {
    /// Both answered the same.
    Agreed { is_empty: bool },
    /// Both refused.
    Refused,
    /// What `known.rs` names.
    Known(&'static str),
    /// Anything else.
    Differs(String),
}

#[track_caller]
fn check(run: &Run) {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let mut chance = Chance::new(seed());
    let mut world = World::new(&mut chance);
    // What 3.5 cannot put together.
    world.series.retain(|(labels, _)| labels.get("__name__") != Some("web_changing"));
    let pair = Pair::start(&program, &world, run.feature);
    let mut texts = BTreeSet::new();
    let mut queries = Vec::with_capacity(run.queries);
    while queries.len() < run.queries {
        let query = query(DIALECT, &mut chance);
        if texts.insert(format!("{query:?}")) {
            queries.push(query);
        }
    }
    let mut tally = Tally::default();
    for (query, outcome) in queries.iter().zip(ask(&pair, &queries)) {
        tally.count(query, outcome);
    }
    tally.check(run);
}

/// What came of all queries.
#[derive(Default)]
struct Tally {
    agreed: usize,
    /// Of those, how many have an answer without anything in it.
    empty: usize,
    known: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn count(&mut self, query: &Query, outcome: Outcome) {
        match outcome {
            Outcome::Agreed { is_empty } => {
                self.agreed += 1;
                self.empty += usize::from(is_empty);
            }
            Outcome::Refused => {}
            Outcome::Known(name) => *self.known.entry(name).or_default() += 1,
            Outcome::Differs(why) => {
                self.differences.push(format!("\n\n{}\n{:?}\n{why}", query.text, query.when));
            }
        }
    }

    #[track_caller]
    fn check(&self, run: &Run) {
        let Self { agreed, empty, known, differences } = self;
        let shown: String = differences.iter().take(SHOWN_MAX).map(String::as_str).collect();
        let (count, all) = (differences.len(), run.queries);
        assert!(differences.is_empty(), "{count} of {all} queries differ:{shown}");
        assert!(*agreed >= run.agreed_min, "only {agreed} queries agree; known: {known:?}");
        for one in known::KNOWN {
            let met = known.get(one.name).copied().unwrap_or_default();
            let most = (one.most * all).div_ceil(1000);
            assert!(met <= most, "{} explains {met} differences, more than {most}", one.name);
            let is_due = match one.met {
                Met::Always => run.feature.is_none(),
                Met::Late => run.feature.is_some(),
                Met::Rarely => false,
            };
            assert!(
                met > 0 || !is_due || seed() != DEFAULT_SEED,
                "{} explains nothing any more: take it away",
                one.name
            );
        }
        assert!(*empty < agreed / 3, "{empty} of {agreed} answers hold nothing, and show little");
    }
}

fn ask(pair: &Pair, queries: &[Query]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let asker = || {
        let mut outcomes = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(query) = queries.get(place) else { return outcomes };
            let ours = pair.ours(query);
            outcomes.push((place, outcome(query, &pair.theirs(query), &ours), ours));
        }
    };
    let mut outcomes: Vec<(usize, Outcome, Answer)> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(asker)).collect();
        askers.into_iter().flat_map(|asker| asker.join().expect("an asker ends")).collect()
    });
    outcomes.sort_by_key(|(place, ..)| *place);
    let settle = |(query, (_, met, ours)): (&Query, (usize, Outcome, Answer))| match met {
        Outcome::Differs(_) => outcome(query, &pair.theirs(query), &ours),
        Outcome::Agreed { .. } | Outcome::Refused | Outcome::Known(_) => met,
    };
    queries.iter().zip(outcomes).map(settle).collect()
}

fn outcome(query: &Query, theirs: &Answer, ours: &Answer) -> Outcome {
    let Some(why) = theirs.difference(ours, is_ordered(query)) else {
        return if theirs.is_error {
            Outcome::Refused
        } else {
            Outcome::Agreed { is_empty: theirs.series.is_empty() }
        };
    };
    let known = known::KNOWN.iter().find(|known| (known.applies)(query, theirs, ours));
    known.map_or(Outcome::Differs(why), |known| Outcome::Known(known.name))
}

/// Whether the language says in which order the series come.
fn is_ordered(query: &Query) -> bool {
    match query.when {
        When::Range { .. } => true,
        When::Instant(_) => {
            ["sort(", "sort_desc(", "sort_by_label"].iter().any(|name| query.text.starts_with(name))
        }
    }
}
