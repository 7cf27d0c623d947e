//! Inhibition: an alert keeps quiet while another one says more.

use std::collections::BTreeMap;

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
        all.push(Matcher::new(MatchOp::Regex, name, pattern)?);
    }
    all.sort_by(|a, b| (a.name(), a.value()).cmp(&(b.name(), b.value())));
    Ok(all)
}

/// Whether all matchers accept the labels.
pub(crate) fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or("")))
}

impl InhibitRule {
    /// Whether `source`, which fires, keeps `target` quiet. An alert that matches both sides is not
    /// kept quiet by its like.
    fn inhibits(&self, source: &Labels, target: &Labels) -> bool {
        let is_source = |labels| matches_all(&self.source, labels);
        let is_target = |labels| matches_all(&self.target, labels);
        if !is_target(target) || !is_source(source) {
            return false;
        }
        if is_source(target) && is_target(source) {
            return false;
        }
        self.equal.iter().all(|name| source.get(name) == target.get(name))
    }
}

/// Whether one of `firing` keeps `target` quiet.
pub(crate) fn is_inhibited<'a>(
    rules: &[InhibitRule],
    target: &Labels,
    mut firing: impl Iterator<Item = &'a Labels>,
) -> bool {
    let rules: Vec<&InhibitRule> =
        rules.iter().filter(|rule| matches_all(&rule.target, target)).collect();
    !rules.is_empty() && firing.any(|source| rules.iter().any(|rule| rule.inhibits(source, target)))
}
