//! Inhibition: an alert keeps quiet while another one says more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use narthex_model::{AnchoredRegex, Labels, MatchOp, Matcher, Timestamp};
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use crate::index::{MatcherIndex, matches_all};
use crate::matchers::MatcherList;

/// Targets are not notified of while a source fires that has the same values of `equal`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawInhibitRule")]
pub struct InhibitRule {
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    equal: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInhibitRule {
    #[serde(default)]
    #[expect(dead_code, reason = "a name is for people who read the file")]
    name: Option<String>,
    #[serde(default)]
    source_match: BTreeMap<String, String>,
    #[serde(default)]
    source_match_re: BTreeMap<String, String>,
    #[serde(default)]
    source_matchers: MatcherList,
    #[serde(default)]
    target_match: BTreeMap<String, String>,
    #[serde(default)]
    target_match_re: BTreeMap<String, String>,
    #[serde(default)]
    target_matchers: MatcherList,
    #[serde(default)]
    equal: Vec<String>,
}

impl TryFrom<RawInhibitRule> for InhibitRule {
    type Error = narthex_model::MatcherError;

    fn try_from(raw: RawInhibitRule) -> Result<Self, Self::Error> {
        Ok(Self {
            source: joined(raw.source_match, raw.source_match_re, raw.source_matchers)?,
            target: joined(raw.target_match, raw.target_match_re, raw.target_matchers)?,
            equal: raw.equal,
        })
    }
}

/// The old keys `match` and `match_re` and the new `matchers` as one list, in the order in which
/// group keys show it.
pub(crate) fn joined(
    equal: BTreeMap<String, String>,
    regex: BTreeMap<String, String>,
    matchers: MatcherList,
) -> Result<Vec<Matcher>, narthex_model::MatcherError> {
    let mut all = matchers.0;
    all.extend(equal.into_iter().map(|(name, value)| Matcher::equal(name, value)));
    for (name, pattern) in regex {
        AnchoredRegex::new(&pattern)?;
        // Alertmanager writes it so into group keys.
        all.push(Matcher::new(MatchOp::Regex, name, format!("^(?:{pattern})$"))?);
    }
    all.sort_by(|a, b| (a.name(), a.value()).cmp(&(b.name(), b.value())));
    Ok(all)
}

/// Which alerts keep which others quiet, whatever the time is: kept up to date with every alert.
///
/// Of an alert it is found once of which rules it is a source ([`Sides`]); after that news of it cost a
/// step in a sorted set for each of these. Whether an alert is kept quiet is asked of the rules that
/// have sources and may match it: nothing depends on how many alerts fire.
#[derive(Debug)]
pub(crate) struct Inhibition {
    rules: Vec<InhibitRule>,
    sources: MatcherIndex,
    targets: MatcherIndex,
    /// For each rule those that fire, by the values of its `equal`.
    firing: Vec<HashMap<Values, Sources>>,
}

/// The values of a rule's `equal` as 128 bits.
type Values = u128;

/// Sources that are equal for a rule, by when they end, and by fingerprint.
#[derive(Debug, Default)]
struct Sources {
    /// Those that are no targets of the same rule.
    plain: BTreeSet<(Timestamp, u64)>,
    /// Those that are targets too: they do not silence their like.
    two_sided: BTreeSet<(Timestamp, u64)>,
}

/// Of which rules an alert is a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides(Vec<Side>);

#[derive(Debug, PartialEq, Eq)]
struct Side {
    rule: usize,
    values: Values,
    /// Whether it is a target of the rule too.
    is_two_sided: bool,
}

impl Inhibition {
    /// With no alerts yet.
    pub(crate) fn new(rules: Vec<InhibitRule>) -> Self {
        Self {
            sources: MatcherIndex::new(rules.iter().map(|rule| rule.source.as_slice())),
            targets: MatcherIndex::new(rules.iter().map(|rule| rule.target.as_slice())),
            firing: rules.iter().map(|_| HashMap::new()).collect(),
            rules,
        }
    }

    pub(crate) fn rules(&self) -> &[InhibitRule] {
        &self.rules
    }

    /// Finds the rules of which alerts with these labels are sources.
    pub(crate) fn sides(&self, labels: &Labels) -> Sides {
        let sides = self.sources.candidates(labels).filter_map(|place| {
            let rule = self.rules.get(place)?;
            matches_all(&rule.source, labels).then(|| Side {
                rule: place,
                values: rule.values(labels),
                is_two_sided: matches_all(&rule.target, labels),
            })
        });
        Sides(sides.collect())
    }

    /// An alert fires until `ends_at`.
    pub(crate) fn put(&mut self, sides: &Sides, fingerprint: u64, ends_at: Timestamp) {
        for side in &sides.0 {
            let Some(firing) = self.firing.get_mut(side.rule) else { continue };
            let sources = firing.entry(side.values).or_default();
            sources.set(side.is_two_sided).insert((ends_at, fingerprint));
        }
    }

    /// Forgets an alert that was said to fire until `ends_at`.
    pub(crate) fn remove(&mut self, sides: &Sides, fingerprint: u64, ends_at: Timestamp) {
        for side in &sides.0 {
            let Some(firing) = self.firing.get_mut(side.rule) else { continue };
            let Some(sources) = firing.get_mut(&side.values) else { continue };
            sources.set(side.is_two_sided).remove(&(ends_at, fingerprint));
            if sources.plain.is_empty() && sources.two_sided.is_empty() {
                firing.remove(&side.values);
            }
        }
    }

    /// The fingerprint of a source that fires at `now` and keeps alerts with these labels quiet.
    pub(crate) fn inhibited_by(&self, labels: &Labels, now: Timestamp) -> Option<u64> {
        self.targets.candidates(labels).find_map(|place| {
            let firing = self.firing.get(place).filter(|firing| !firing.is_empty())?;
            let rule = self.rules.get(place)?;
            if !matches_all(&rule.target, labels) {
                return None;
            }
            let sources = firing.get(&rule.values(labels))?;
            let fires = |set: &BTreeSet<(Timestamp, u64)>| {
                let last = set.last().filter(|(ends_at, _)| *ends_at > now);
                last.map(|(_, fingerprint)| *fingerprint)
            };
            let of_its_like = || {
                let found = fires(&sources.two_sided)?;
                (!matches_all(&rule.source, labels)).then_some(found)
            };
            fires(&sources.plain).or_else(of_its_like)
        })
    }
}

impl Sources {
    fn set(&mut self, is_two_sided: bool) -> &mut BTreeSet<(Timestamp, u64)> {
        if is_two_sided { &mut self.two_sided } else { &mut self.plain }
    }
}

impl InhibitRule {
    /// The values of `equal`; a label that is not there counts as empty.
    fn values(&self, labels: &Labels) -> u128 {
        let mut hash = Xxh3::new();
        for name in &self.equal {
            let value = labels.get(name).unwrap_or("");
            hash.update(&value.len().to_le_bytes());
            hash.update(value.as_bytes());
        }
        hash.digest128()
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::fingerprint;

    use super::*;

    #[track_caller]
    fn check(rule: &str, firing: &[&[(&str, &str)]], target: &[(&str, &str)], expected: bool) {
        let document = narthex_settings::Document::parse("r.yml", rule).unwrap();
        let rules = [document.read::<InhibitRule>().unwrap()];
        let labels = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        let mut inhibition = Inhibition::new(rules.to_vec());
        let (end, target) = (Timestamp::from_millis(10), labels(target));
        for pairs in firing {
            let source = labels(pairs);
            inhibition.put(&inhibition.sides(&source), fingerprint(&source), end);
        }
        let is_inhibited = |inhibition: &Inhibition, now| {
            let now = Timestamp::from_millis(now);
            inhibition.inhibited_by(&target, now).is_some()
        };
        assert_eq!(is_inhibited(&inhibition, 9), expected);
        assert!(!is_inhibited(&inhibition, 10), "its sources are over by themselves");
        for pairs in firing {
            let source = labels(pairs);
            inhibition.remove(&inhibition.sides(&source), fingerprint(&source), end);
        }
        assert!(!is_inhibited(&inhibition, 9), "its sources are forgotten");
        assert!(inhibition.firing.iter().all(HashMap::is_empty));
    }

    const RULE: &str =
        "{source_matchers: ['s=1'], target_matchers: ['t=1'], equal: [cluster, zone]}";

    #[test]
    fn a_source_silences_targets_that_are_equal() {
        let source: &[(&str, &str)] = &[("s", "1"), ("cluster", "a")];
        check(RULE, &[source], &[("t", "1"), ("cluster", "a")], true);
        check(RULE, &[source], &[("t", "1"), ("cluster", "b")], false);
        check(RULE, &[source], &[("t", "1"), ("cluster", "a"), ("zone", "z")], false);
        check(RULE, &[source], &[("cluster", "a")], false);
        check(RULE, &[], &[("t", "1"), ("cluster", "a")], false);
    }

    #[test]
    fn alerts_on_both_sides_do_not_silence_their_like() {
        let both: &[(&str, &str)] = &[("s", "1"), ("t", "1")];
        check(RULE, &[both], both, false);
        check(RULE, &[both], &[("t", "1")], true);
        check(RULE, &[both, &[("s", "1")]], both, true);
    }

    #[test]
    fn the_source_that_fires_longest_counts() {
        let document = narthex_settings::Document::parse("r.yml", RULE).unwrap();
        let mut inhibition = Inhibition::new(vec![document.read::<InhibitRule>().unwrap()]);
        let source = |i: &str| inhibition.sides(&Labels::from_pairs([("s", "1"), ("i", i)]));
        let (one, two) = (source("1"), source("2"));
        let at = Timestamp::from_millis;
        inhibition.put(&one, 1, at(20));
        inhibition.put(&two, 2, at(10));
        let target = Labels::from_pairs([("t", "1")]);
        assert_eq!(inhibition.inhibited_by(&target, at(5)), Some(1));
        inhibition.remove(&one, 1, at(20));
        assert_eq!(inhibition.inhibited_by(&target, at(5)), Some(2));
        inhibition.remove(&two, 2, at(10));
        inhibition.put(&two, 2, at(30));
        assert_eq!(inhibition.inhibited_by(&target, at(25)), Some(2));
    }
}
