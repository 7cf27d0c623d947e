//! Inhibition: an alert keeps quiet while another one says more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use narthex_model::{AnchoredRegex, Labels, MatchOp, Matcher, Timestamp};
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use crate::index::{MatcherIndex, matches_all};
use crate::matchers::{MatcherList, matchers_text};

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
/// step in a sorted set for each of these. Rules with the same targets and the same `equal` keep their sources
/// together. Whether an alert is kept quiet is asked of the targets that may match it: nothing depends on how many
/// alerts fire, nor on how many rules say the same of their targets.
#[derive(Debug)]
pub(crate) struct Inhibition {
    rules: Vec<InhibitRule>,
    sources: MatcherIndex,
    /// The place in `aims` of each rule.
    aim_of: Vec<usize>,
    aims: Vec<Aim>,
    /// Of `aims`.
    targets: MatcherIndex,
}

/// What some rules keep quiet.
#[derive(Debug)]
struct Aim {
    /// The first of these rules: all have its targets and its `equal`.
    rule: usize,
    /// Their sources that fire, by the values of `equal`.
    firing: HashMap<Values, Sources>,
}

/// The values of a rule's `equal` as 128 bits.
type Values = u128;

/// Sources that are equal for an aim.
#[derive(Debug, Default)]
struct Sources {
    /// Those that are no targets of their rule.
    plain: Firing,
    /// Those that are targets too, by the rule: they do not silence their like.
    two_sided: BTreeMap<usize, Firing>,
}

/// Sources by when they end, and by fingerprint.
type Firing = BTreeSet<(Timestamp, u64)>;

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
        let (mut known, mut aims, mut aim_of) = (HashMap::new(), Vec::new(), Vec::new());
        for (place, rule) in rules.iter().enumerate() {
            let key = (matchers_text(&rule.target), &rule.equal);
            aim_of.push(*known.entry(key).or_insert_with(|| {
                aims.push(Aim { rule: place, firing: HashMap::new() });
                aims.len() - 1
            }));
        }
        let targets = aims.iter().filter_map(|aim| Some(rules.get(aim.rule)?.target.as_slice()));
        Self {
            sources: MatcherIndex::new(rules.iter().map(|rule| rule.source.as_slice())),
            targets: MatcherIndex::new(targets),
            aim_of,
            aims,
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
            let Some(aim) = self.aim(side) else { continue };
            let sources = aim.firing.entry(side.values).or_default();
            let firing = match side.is_two_sided {
                true => sources.two_sided.entry(side.rule).or_default(),
                false => &mut sources.plain,
            };
            firing.insert((ends_at, fingerprint));
        }
    }

    /// Forgets an alert that was said to fire until `ends_at`.
    pub(crate) fn remove(&mut self, sides: &Sides, fingerprint: u64, ends_at: Timestamp) {
        for side in &sides.0 {
            let Some(aim) = self.aim(side) else { continue };
            let Some(sources) = aim.firing.get_mut(&side.values) else { continue };
            if !side.is_two_sided {
                sources.plain.remove(&(ends_at, fingerprint));
            } else if let Some(firing) = sources.two_sided.get_mut(&side.rule) {
                firing.remove(&(ends_at, fingerprint));
                if firing.is_empty() {
                    sources.two_sided.remove(&side.rule);
                }
            }
            if sources.plain.is_empty() && sources.two_sided.is_empty() {
                aim.firing.remove(&side.values);
            }
        }
    }

    fn aim(&mut self, side: &Side) -> Option<&mut Aim> {
        self.aims.get_mut(*self.aim_of.get(side.rule)?)
    }

    /// The fingerprint of a source that fires at `now` and keeps alerts with these labels quiet.
    pub(crate) fn inhibited_by(&self, labels: &Labels, now: Timestamp) -> Option<u64> {
        self.targets.candidates(labels).find_map(|place| {
            let aim = self.aims.get(place).filter(|aim| !aim.firing.is_empty())?;
            let rule = self.rules.get(aim.rule)?;
            if !matches_all(&rule.target, labels) {
                return None;
            }
            let sources = aim.firing.get(&rule.values(labels))?;
            let fires = |firing: &Firing| {
                let last = firing.last().filter(|(ends_at, _)| *ends_at > now);
                last.map(|(_, fingerprint)| *fingerprint)
            };
            let of_its_like = |(rule, firing): (&usize, &Firing)| {
                let found = fires(firing)?;
                (!matches_all(&self.rules.get(*rule)?.source, labels)).then_some(found)
            };
            fires(&sources.plain).or_else(|| sources.two_sided.iter().find_map(of_its_like))
        })
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
        assert!(inhibition.aims.iter().all(|aim| aim.firing.is_empty()));
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

    #[test]
    fn rules_that_share_their_targets_answer_as_each_alone() {
        let rules = [
            "{source_matchers: [s=1], target_matchers: [t=1], equal: [c]}",
            "{source_matchers: [s=2], target_matchers: [t=1], equal: [c]}",
            "{source_matchers: ['s=~\"1|3\"'], target_matchers: [t=1], equal: [c]}",
            "{source_matchers: [s=2], target_matchers: [t=1]}",
            "{source_matchers: [s=1], target_matchers: ['t=~\"1|2\"'], equal: [c]}",
        ];
        let rules = rules.map(|rule| {
            let document = narthex_settings::Document::parse("r.yml", rule).unwrap();
            document.read::<InhibitRule>().unwrap()
        });
        let mut alone = rules.clone().map(|rule| Inhibition::new(vec![rule]));
        let mut together = Inhibition::new(rules.to_vec());
        assert_eq!(together.aims.len(), 3);
        let mut alerts = Vec::new();
        for s in ["", "1", "2", "3"] {
            for (t, c) in [("", "a"), ("1", "a"), ("1", "b"), ("2", "a")] {
                alerts.push(Labels::from_pairs([("s", s), ("t", t), ("c", c)]));
            }
        }
        let now = Timestamp::from_millis(0);
        let mut quiet = 0;
        for firing in alerts.iter().flat_map(|one| alerts.iter().map(move |two| [one, two])) {
            let firing = BTreeSet::from(firing);
            let change = |all: &mut Inhibition, comes: bool| {
                for labels in &firing {
                    let (sides, end) = (all.sides(labels), Timestamp::from_millis(10));
                    match comes {
                        true => all.put(&sides, fingerprint(labels), end),
                        false => all.remove(&sides, fingerprint(labels), end),
                    }
                }
            };
            change(&mut together, true);
            alone.iter_mut().for_each(|rule| change(rule, true));
            for labels in &alerts {
                let is_quiet = together.inhibited_by(labels, now).is_some();
                let mut each = alone.iter();
                assert_eq!(
                    is_quiet,
                    each.any(|rule| rule.inhibited_by(labels, now).is_some()),
                    "{labels:?} while {firing:?} fire"
                );
                quiet += usize::from(is_quiet);
            }
            change(&mut together, false);
            alone.iter_mut().for_each(|rule| change(rule, false));
        }
        assert!(quiet > 500 && together.aims.iter().all(|aim| aim.firing.is_empty()), "{quiet}");
    }
}
