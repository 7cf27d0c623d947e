use std::collections::BTreeSet;
use std::sync::Arc;

use narthex_model::{Labels, MatchOp, Matcher};
use narthex_platform::{Disk, SimulatedDisk};
use proptest::prelude::*;

use super::super::Block;
use super::super::tests::{chunks, labels, write};

/// A label with few values, one with many, one that not all have.
fn block(series: &BTreeSet<Labels>) -> Block {
    let disk: Arc<dyn Disk> = SimulatedDisk::new(1).shared();
    let series: Vec<_> = series.iter().map(|labels| (labels.clone(), chunks([1]))).collect();
    write(&disk, &series)
}

fn found(block: &Block, matchers: &[Matcher]) -> Vec<Labels> {
    let ids = block.matching(matchers).unwrap();
    ids.iter().map(|id| block.series_of(*id).unwrap().labels).collect()
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let name = prop_oneof![Just("job"), Just("pod"), Just("zone"), Just("absent"), Just("")];
    let text = prop_oneof![
        Just(""),
        Just("a"),
        Just("pod-1"),
        Just("pod-1.*"),
        Just("pod-(1|2|77)"),
        Just("pod-.[05]"),
        Just(".*"),
        Just(".+"),
        Just("a|b"),
        Just("|b"),
        Just("a?"),
        Just("[^a]"),
        Just(".*1"),
        Just("(?i)POD-3"),
        Just("none.*"),
    ];
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex),
    ];
    (op, name, text).prop_map(|(op, name, text)| Matcher::new(op, name, text).unwrap())
}

proptest! {
    #[test]
    fn matchers_select_what_a_scan_selects(
        parts in prop::collection::btree_set((0_u32..3, 0_u32..120, 0_u32..3), 0..80),
        matchers in prop::collection::vec(matcher(), 0..4),
    ) {
        let series: BTreeSet<Labels> = parts
            .into_iter()
            .map(|(job, pod, zone)| {
                let job = ["a", "b", "c"][job as usize];
                let pod = if pod < 100 { format!("pod-{pod}") } else { String::new() };
                let zone = ["", "a", "b"][zone as usize].to_owned();
                Labels::from_pairs([("job", job.to_owned()), ("pod", pod), ("zone", zone)])
            })
            .collect();
        let expected: Vec<Labels> = series
            .iter()
            .filter(|labels| {
                matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or_default()))
            })
            .cloned()
            .collect();
        prop_assert_eq!(found(&block(&series), &matchers), expected);
    }
}

#[test]
fn an_empty_value_means_absent() {
    let with = labels(&[("job", "a"), ("zone", "x")]);
    let without = labels(&[("job", "a")]);
    let block = block(&BTreeSet::from([with.clone(), without.clone()]));
    let check = |op, value: &str, expected: &[&Labels]| {
        let matchers = [Matcher::new(op, "zone", value).unwrap()];
        let found = found(&block, &matchers);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", matchers[0]);
    };
    check(MatchOp::Equal, "", &[&without]);
    check(MatchOp::NotEqual, "", &[&with]);
    check(MatchOp::NotEqual, "y", &[&without, &with]);
    check(MatchOp::Regex, "x?", &[&without, &with]);
    check(MatchOp::Regex, "y|", &[&without]);
    check(MatchOp::NotRegex, "x", &[&without]);
    check(MatchOp::NotRegex, ".+", &[&without]);
}
