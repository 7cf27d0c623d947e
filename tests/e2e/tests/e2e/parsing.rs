//! `/api/v1/parse_query` and `/api/v1/format_query` beside those of a real Prometheus: the same trees,
//! the same layout, the same texts refused.
//!
//! Always holds: what is asked comes from scripts and from a seed, so that every run asks the same;
//! `NARTHEX_SEED` makes other slips.
//! A difference is a failure unless `parsing/known.rs` names it with its reason.

mod known;
mod servers;
mod texts;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use narthex_harness::{Peer, peer, skip};

use self::servers::{Parsed, Servers};

/// Askers beside each other: both servers have work at any time.
const ASKERS: usize = 3;

/// Differences that a failure shows; more say no more.
const SHOWN_MAX: usize = 40;

/// How both went about a text.
enum Outcome {
    /// The same tree, laid out the same.
    Agreed,
    /// Both refused.
    Refused,
    /// What `known.rs` names.
    Known(&'static str),
    /// Anything else.
    Differs(String),
}

/// Asks about all `texts`; so many must be taken by both, and so many refused.
#[track_caller]
fn check(texts: &[String], agreed_min: usize, refused_min: usize) {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let servers = Servers::start(&program);
    let (mut agreed, mut refused) = (0, 0);
    let mut known = BTreeMap::new();
    let mut differences = Vec::new();
    for (text, outcome) in texts.iter().zip(ask(&servers, texts)) {
        match outcome {
            Outcome::Agreed => agreed += 1,
            Outcome::Refused => refused += 1,
            Outcome::Known(name) => *known.entry(name).or_insert(0) += 1,
            Outcome::Differs(why) => differences.push(format!("{text}\n{why}")),
        }
    }
    let mut shown = String::new();
    for difference in differences.iter().take(SHOWN_MAX) {
        write!(shown, "\n\n{difference}").expect("a string takes everything");
    }
    let count = (differences.len(), texts.len());
    assert!(differences.is_empty(), "{} of {} texts differ:{shown}", count.0, count.1);
    let counts = format!("{agreed} agreed, {refused} refused, known: {known:?}");
    assert!(agreed >= agreed_min && refused >= refused_min, "too few: {counts}");
}

fn ask(servers: &Servers, texts: &[String]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let asker = || {
        let mut outcomes = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(text) = texts.get(place) else { return outcomes };
            outcomes.push((place, outcome(text, &servers.theirs(text), &servers.ours(text))));
        }
    };
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(asker)).collect();
        askers.into_iter().flat_map(|asker| asker.join().expect("an asker ends")).collect()
    });
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn outcome(text: &str, theirs: &Parsed, ours: &Parsed) -> Outcome {
    let why = match (theirs, ours) {
        (Err(_), Err(_)) => return Outcome::Refused,
        (Ok(theirs), Ok(ours)) if theirs == ours => return Outcome::Agreed,
        (Err(error), Ok(_)) => format!("refused by them: {error}"),
        (Ok(_), Err(error)) => format!("refused by us: {error}"),
        (Ok(theirs), Ok(ours)) if theirs.layout != ours.layout => {
            format!("expected\n{}\nfound\n{}", theirs.layout, ours.layout)
        }
        (Ok(theirs), Ok(ours)) => format!("expected\n{}\nfound\n{}", theirs.tree, ours.tree),
    };
    let known = known::KNOWN.iter().find(|known| (known.applies)(text, theirs, ours));
    known.map_or(Outcome::Differs(why), |known| Outcome::Known(known.name))
}

#[test]
fn queries_of_the_scripts_are_read_as_prometheus_reads_them() {
    let Some(texts) = scripts() else { return };
    check(&texts, 850, 0);
}

#[test]
fn generated_queries_are_read_as_prometheus_reads_them() {
    check(&texts::generated(3_000), 2_900, 0);
}

#[test]
fn what_we_refuse_prometheus_refuses_too() {
    let texts = texts::refused_here();
    check(&texts, 0, texts.len() * 9 / 10);
}

#[test]
fn slips_of_the_pen_are_taken_and_refused_as_by_prometheus() {
    let sources = [texts::generated(500), texts::hand_made()].concat();
    check(&texts::with_slips(&sources, 6_000), 700, 4_000);
}

#[test]
fn slips_in_the_scripts_are_taken_and_refused_as_by_prometheus() {
    let Some(sources) = scripts() else { return };
    check(&texts::with_slips(&sources, 6_000), 700, 4_000);
}

fn scripts() -> Option<Vec<String>> {
    let texts = texts::of_scripts();
    if texts.is_empty() {
        skip("needs the scripts that `NARTHEX_CONFORMANCE` names");
        return None;
    }
    Some(texts)
}
