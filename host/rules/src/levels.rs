//! Which rules of a group may be evaluated beside each other.
//!
//! Rules of one level are evaluated at once, and what they give is stored before the next level
//! begins. The levels are such that every rule sees what it would see if all were evaluated one
//! after another: what earlier rules wrote, and nothing that later ones did.

use std::collections::HashMap;

use narthex_model::{METRIC_NAME, MatchOp, Matcher};

use crate::alerting_rule::{ALERT_NAME, ALERTS, ALERTS_FOR_STATE};
use crate::file::{AlertSpec, RuleSpec};

/// The places of the rules, level by level, ascending within each.
pub(crate) fn levels(rules: &[RuleSpec]) -> Vec<Vec<usize>> {
    let mut seen = Seen::default();
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let reads = Reads::of(rule);
        let level = seen.level_of(rule, &reads);
        seen.add(rule, reads, level);
        if levels.len() <= level {
            levels.resize_with(level + 1, Vec::new);
        }
        if let Some(members) = levels.get_mut(level) {
            members.push(index);
        }
    }
    levels
}

/// What a rule looks at.
enum Reads<'a> {
    /// A query in a template may look at anything.
    Anything,
    Selected(Vec<&'a [Matcher]>),
}

impl<'a> Reads<'a> {
    fn of(rule: &'a RuleSpec) -> Self {
        if rule.alert.as_ref().is_some_and(AlertSpec::may_query) {
            return Self::Anything;
        }
        Self::Selected(rule.expr.lookups())
    }
}

/// The rules before the one that is looked at.
#[derive(Default)]
struct Seen<'a> {
    /// By the name of a recorded metric: the highest level of those who record it.
    records: HashMap<&'a str, usize>,
    /// The same of alerts, by their names.
    alerts: HashMap<&'a str, usize>,
    /// By the name of a metric: the highest level of those who select it.
    readers: HashMap<&'a str, usize>,
    /// Those that select by other means, or alerts.
    others: Vec<(&'a [Matcher], usize)>,
    /// The highest level of those that may read anything.
    of_anything: Option<usize>,
}

impl<'a> Seen<'a> {
    fn level_of(&self, rule: &RuleSpec, reads: &Reads<'_>) -> usize {
        let own = match &rule.alert {
            None => self.records.get(rule.name.as_str()),
            Some(_) => self.alerts.get(rule.name.as_str()),
        };
        // Of two that write the same the first keeps its place, and none is seen too early.
        let not_before = [own.copied(), self.of_anything, self.highest_reader(rule)];
        let after = match reads {
            Reads::Anything => self.records.values().chain(self.alerts.values()).max().copied(),
            Reads::Selected(lookups) => {
                lookups.iter().filter_map(|lookup| self.highest_writer(lookup)).max()
            }
        };
        let after = after.map(|level| level + 1);
        not_before.into_iter().chain([after]).flatten().max().unwrap_or(0)
    }

    /// Who writes something that the lookup finds.
    fn highest_writer(&self, lookup: &[Matcher]) -> Option<usize> {
        if let Some(name) = exact_name(lookup)
            && !is_of_alerts(name)
        {
            return self.records.get(name).copied();
        }
        let records = self.records.iter().filter(|(name, _)| finds(lookup, METRIC_NAME, name));
        let alerts = self.alerts.iter().filter(|(name, _)| finds_alerts(lookup, name));
        records.chain(alerts).map(|(_, level)| *level).max()
    }

    /// Who selects something that the rule writes.
    fn highest_reader(&self, rule: &RuleSpec) -> Option<usize> {
        let name = rule.name.as_str();
        let by_name = if rule.alert.is_none() { self.readers.get(name).copied() } else { None };
        let others = self.others.iter().filter(|(lookup, _)| match &rule.alert {
            None => finds(lookup, METRIC_NAME, name),
            Some(_) => finds_alerts(lookup, name),
        });
        others.map(|(_, level)| *level).chain(by_name).max()
    }

    fn add(&mut self, rule: &'a RuleSpec, reads: Reads<'a>, level: usize) {
        let written = if rule.alert.is_some() { &mut self.alerts } else { &mut self.records };
        raise(written, &rule.name, level);
        match reads {
            Reads::Anything => self.of_anything = self.of_anything.max(Some(level)),
            Reads::Selected(lookups) => {
                for lookup in lookups {
                    match exact_name(lookup).filter(|name| !is_of_alerts(name)) {
                        Some(name) => raise(&mut self.readers, name, level),
                        None => self.others.push((lookup, level)),
                    }
                }
            }
        }
    }
}

fn raise<'a>(levels: &mut HashMap<&'a str, usize>, name: &'a str, level: usize) {
    let highest = levels.entry(name).or_default();
    *highest = level.max(*highest);
}

/// The one name that a lookup takes; none where it may take several.
fn exact_name(lookup: &[Matcher]) -> Option<&str> {
    let mut names = lookup.iter().filter(|matcher| matcher.name() == METRIC_NAME);
    let exact = names.find(|matcher| matcher.op() == MatchOp::Equal)?;
    Some(exact.value()).filter(|name| !name.is_empty())
}

fn is_of_alerts(name: &str) -> bool {
    [ALERTS, ALERTS_FOR_STATE].contains(&name)
}

/// Whether series with this label may be among those found.
fn finds(lookup: &[Matcher], label: &str, value: &str) -> bool {
    let mut conditions = lookup.iter().filter(|matcher| matcher.name() == label);
    conditions.all(|matcher| matcher.matches(value))
}

/// Whether series of the alert may be among those found.
fn finds_alerts(lookup: &[Matcher], alert: &str) -> bool {
    let by_name = |name| finds(lookup, METRIC_NAME, name);
    (by_name(ALERTS) || by_name(ALERTS_FOR_STATE)) && finds(lookup, ALERT_NAME, alert)
}

#[cfg(test)]
mod tests;
