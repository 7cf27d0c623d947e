//! Queries: as texts of any kind for the parser, and as the seeds of random ones for the engine.
//!
//! Oracles: what was read and written is read again as the same; the engine answers what the
//! [reference](crate::reference) answers.

use std::sync::{Arc, LazyLock};

use narthex_platform::{Clock, Metrics};
use narthex_promql::{Engine, EngineConfig, Features, parse, parse_with};
use narthex_storage::MemoryStore;

use crate::Chance;
use crate::generate::World;
use crate::generate::promql::{Dialect, query};
use crate::reference::{Reference, judge};

pub(super) fn check_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let plain = parse(text);
    let Ok(read) = parse_with(text, Features::ALL) else {
        assert!(plain.is_err(), "guarded parts of the language only add to it");
        return;
    };
    let written = read.to_string();
    match parse_with(&written, Features::ALL) {
        Ok(again) => {
            assert_eq!(again.to_string(), written, "written from {text}");
            assert_eq!(again.value_type(), read.value_type(), "{written} from {text}");
        }
        Err(error) => panic!("{text}\nis written as\n{written}\n{error}"),
    }
}

/// A query as a text, seldom with more than its words.
pub(super) fn text(chance: &mut Chance) -> Vec<u8> {
    let text = query(Dialect::ALL, chance).text;
    let text = match chance.below(6) {
        0 => text.replace(' ', "\n  "),
        1 => format!("# a remark\n{text} # and another"),
        2 => text.replace('"', "`"),
        3 => text.replace("sum", "SUM").replace("by", "By"),
        4 => format!("{{\"a.b\", 'c d'=~\"\\u00fc|\\\\.\"}} offset (-1m * 2) + {text}"),
        _ => text,
    };
    text.into_bytes()
}

/// The data that queries are asked about, and who answers them: names dropped at once, and late.
struct Parties {
    engines: [Engine; 2],
    references: [Reference; 2],
}

static PARTIES: LazyLock<[Parties; 2]> = LazyLock::new(|| [0, 1].map(parties));

fn parties(seed: u64) -> Parties {
    let world = World::new(&mut Chance::new(seed));
    let store = MemoryStore::new();
    world.fill(&store);
    let engine = |delayed_name_removal| {
        let features = Features { delayed_name_removal, ..Features::ALL };
        let config = EngineConfig { features, ..EngineConfig::default() };
        Engine::new(config, Arc::new(store.clone()), Clock::real(), &Metrics::new())
    };
    let reference = |is_name_removal_delayed| {
        let mut reference = Reference::new(&world.series);
        reference.is_name_removal_delayed = is_name_removal_delayed;
        reference
    };
    Parties { engines: [false, true].map(engine), references: [false, true].map(reference) }
}

/// The first byte chooses data and settings, the others are the seed of a query.
pub(super) fn check_answer(bytes: &[u8]) {
    let (choice, seed) = bytes.split_first().unwrap_or((&0, &[]));
    let seed = seed.iter().fold(0_u64, |seed, byte| seed.rotate_left(8) ^ u64::from(*byte));
    let [first, second] = &*PARTIES;
    let parties = if choice & 1 == 0 { first } else { second };
    let [early, late] = &parties.engines;
    let [early_reference, late_reference] = &parties.references;
    let (engine, reference) =
        if choice & 2 == 0 { (early, early_reference) } else { (late, late_reference) };
    let query = query(Dialect::ALL, &mut Chance::new(seed));
    if let Err(why) = judge(engine, reference, &query) {
        panic!("{}\n{:?}\n{why}", query.text, query.when);
    }
}

pub(super) fn seed(chance: &mut Chance) -> Vec<u8> {
    chance.any().to_le_bytes().iter().take(6).copied().collect()
}
