//! Inhibition: an alert keeps quiet while another one says more.

use std::collections::{BTreeMap, HashMap};

use narthex_model::{AnchoredRegex, Labels, MatchOp, Matcher};
use serde::Deserialize;

use crate::matchers::MatcherList;

/// Targets are not notified of while a source fires that has the same values of `equal`.
#[derive(Clone, Debug, Deserialize)]
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

/// Whether all matchers accept the labels.
pub(crate) fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or("")))
}

/// Which alerts keep quiet, as of one moment.
///
/// Built once for many questions: for each rule it knows the values of `equal` among the sources
/// that fire, so that a question costs one look-up a rule, however many alerts fire.
#[derive(Debug)]
pub(crate) struct Inhibitor<'a> {
    rules: Vec<(&'a InhibitRule, Sources<'a>)>,
}

#[derive(Debug, Default)]
struct Sources<'a> {
    /// Values of `equal` of sources that are no targets of the same rule, and the first with them.
    plain: HashMap<Vec<String>, &'a Labels>,
    /// The same of sources that are targets too: those do not silence their like.
    two_sided: HashMap<Vec<String>, &'a Labels>,
}

impl<'a> Inhibitor<'a> {
    pub(crate) fn new(
        rules: &'a [InhibitRule],
        firing: &(impl Iterator<Item = &'a Labels> + Clone),
    ) -> Self {
        let rules = rules.iter().map(|rule| {
            let mut sources = Sources::default();
            for labels in firing.clone().filter(|labels| matches_all(&rule.source, labels)) {
                let two_sided = matches_all(&rule.target, labels);
                let set = if two_sided { &mut sources.two_sided } else { &mut sources.plain };
                set.entry(rule.values(labels)).or_insert(labels);
            }
            (rule, sources)
        });
        Self { rules: rules.collect() }
    }

    /// A source that fires and keeps `target` quiet.
    pub(crate) fn inhibited_by(&self, target: &Labels) -> Option<&'a Labels> {
        self.rules.iter().find_map(|(rule, sources)| {
            if !matches_all(&rule.target, target) {
                return None;
            }
            let values = rule.values(target);
            let two_sided = || {
                let source = sources.two_sided.get(&values)?;
                (!matches_all(&rule.source, target)).then_some(source)
            };
            sources.plain.get(&values).or_else(two_sided).copied()
        })
    }
}

impl InhibitRule {
    /// The values of `equal`; a label that is not there counts as empty.
    fn values(&self, labels: &Labels) -> Vec<String> {
        self.equal.iter().map(|name| labels.get(name).unwrap_or("").to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, firing: &[&[(&str, &str)]], target: &[(&str, &str)], expected: bool) {
        let document = narthex_settings::Document::parse("r.yml", rule).unwrap();
        let rules = [document.read::<InhibitRule>().unwrap()];
        let labels = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        let firing: Vec<Labels> = firing.iter().map(|pairs| labels(pairs)).collect();
        assert_eq!(
            Inhibitor::new(&rules, &firing.iter()).inhibited_by(&labels(target)).is_some(),
            expected
        );
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
}
