use std::sync::Arc;

use narthex_model::{Labels, Matcher, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_storage::{Appendable, MemoryStore};

use super::{VALUES_MAX, Wanted, escape};
use crate::{Engine, EngineConfig, Features, QueryOptions, Value};

#[test]
fn an_escaped_text_matches_itself_only() {
    for text in ["", "node:9100", r"a.b|c\d*+?()[]{}^$-#& ~", "ä\n"] {
        let matcher = Matcher::new(narthex_model::MatchOp::Regex, "instance", escape(text));
        let matcher = matcher.unwrap();
        assert!(matcher.matches(text), "{text:?}");
        assert!(!matcher.matches(&format!("{text}x")), "{text:?}");
    }
    let dot = Matcher::new(narthex_model::MatchOp::Regex, "instance", escape("a.b")).unwrap();
    assert!(!dot.matches("axb"));
}

#[test]
fn no_series_without_identity_asks_for_info() {
    assert_eq!(Wanted::by([].iter()).matchers().count(), 0);
}

/// More targets than one expression asks for, half of which have an info series, and one info
/// series of a target that nothing asks for.
#[test]
fn many_targets_are_enriched_like_few() {
    let targets = VALUES_MAX * 2;
    let store = MemoryStore::new();
    let mut batch = store.appender();
    let mut append = |pairs: &[(&str, &str)]| {
        let series = batch.series(&Labels::from_pairs(pairs.iter().copied())).unwrap();
        batch.append(series, Timestamp::from_millis(0), 1.0).unwrap();
    };
    for target in 0..targets {
        let instance = target.to_string();
        append(&[("__name__", "up"), ("instance", &instance), ("job", "node")]);
        if target % 2 == 0 {
            let name = ("__name__", "target_info");
            append(&[name, ("instance", &instance), ("job", "node"), ("os", "linux")]);
        }
    }
    append(&[("__name__", "target_info"), ("instance", "x"), ("job", "node"), ("os", "bsd")]);
    batch.commit().unwrap();
    let config = EngineConfig { features: Features::ALL, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::new(store), Clock::real(), &Metrics::new());
    let at = Timestamp::from_millis(60_000);
    let result = engine.instant("count by (os) (info(up))", at, &QueryOptions::default()).unwrap();
    let Value::Vector(samples) = result.value else { panic!("no vector") };
    let mut counts: Vec<(String, f64)> = samples
        .iter()
        .map(|sample| (sample.labels.to_string(), sample.value.float().unwrap()))
        .collect();
    counts.sort_by(|a, b| a.0.cmp(&b.0));
    let half = VALUES_MAX as f64;
    assert_eq!(counts, [(r#"{os="linux"}"#.to_owned(), half), ("{}".to_owned(), half)]);
}
