//! Rule files: read, checked, every expression and template parsed.
//!
//! The checks and their words are Prometheus' (`model/rulefmt/rulefmt.go`); each message carries
//! file, line and column, and for an expression the place inside it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_promql::{Expr, Features, parse_with};
use narthex_settings::{Document, DurationText, SettingsError};

use crate::expand::{TemplateText, check_template};
use crate::schedule;

mod raw;

use raw::{RawFile, RawGroup, RawRule};

/// How rule files are read. By default as strictly as Prometheus does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// The guarded parts of the language that expressions may use.
    pub features: Features,
    /// Whether keys that rule files do not have are passed over.
    pub ignores_unknown_keys: bool,
}

/// Rule files that were found good. `Default` has no groups.
#[derive(Clone, Debug, Default)]
pub struct RuleFiles {
    pub(crate) groups: Vec<GroupSpec>,
}

/// All that is wrong with the files; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFileErrors(pub Vec<SettingsError>);

impl fmt::Display for RuleFileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for RuleFileErrors {}

/// A group as it was written.
#[derive(Clone, Debug)]
pub(crate) struct GroupSpec {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) interval: Option<Duration>,
    pub(crate) query_offset: Option<Duration>,
    /// 0 for none.
    pub(crate) limit: usize,
    /// Whether missed evaluations are made up for.
    pub(crate) replay_missed: bool,
    pub(crate) rules: Vec<RuleSpec>,
}

/// A rule as it was written, with the labels of its group.
#[derive(Clone, Debug)]
pub(crate) struct RuleSpec {
    pub(crate) name: String,
    pub(crate) expr: Expr,
    /// The expression in its canonical form, as people and links see it.
    pub(crate) query: String,
    /// Sorted by name. Templates, in an alerting rule.
    pub(crate) labels: Labels,
    /// Labels that were written without a value: the result loses them.
    pub(crate) removed: Vec<String>,
    pub(crate) alert: Option<AlertSpec>,
}

/// What an alerting rule has besides.
#[derive(Clone, Debug)]
pub(crate) struct AlertSpec {
    pub(crate) hold: Duration,
    pub(crate) keep_firing: Duration,
    pub(crate) labels: Vec<(String, TemplateText)>,
    pub(crate) annotations: Vec<(String, TemplateText)>,
    pub(crate) annotation_texts: Labels,
}

impl GroupSpec {
    /// For each rule the place in `before` of the one whose state it goes on with. Rules are the
    /// same when name and labels are; of several the first is the first.
    pub(crate) fn same_rules(&self, before: &Self) -> Vec<Option<usize>> {
        let mut known: HashMap<(&str, &Labels), Vec<usize>> = HashMap::new();
        for (index, rule) in before.rules.iter().enumerate().rev() {
            known.entry((&rule.name, &rule.labels)).or_default().push(index);
        }
        let mut same = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let found = known.get_mut(&(rule.name.as_str(), &rule.labels));
            same.push(found.and_then(Vec::pop));
        }
        same
    }
}

impl AlertSpec {
    /// Whether a template of it may read the store.
    pub(crate) fn may_query(&self) -> bool {
        self.labels.iter().chain(&self.annotations).any(|(_, text)| text.may_query())
    }
}

impl PartialEq for GroupSpec {
    fn eq(&self, other: &Self) -> bool {
        let head = |group: &Self| {
            let (file, name) = (group.file.clone(), group.name.clone());
            (file, name, group.interval, group.query_offset, group.limit, group.replay_missed)
        };
        head(self) == head(other) && self.rules == other.rules
    }
}

impl PartialEq for RuleSpec {
    fn eq(&self, other: &Self) -> bool {
        let alert = |rule: &Self| {
            rule.alert
                .as_ref()
                .map(|alert| (alert.hold, alert.keep_firing, alert.annotation_texts.clone()))
        };
        self.name == other.name
            && self.query == other.query
            && self.labels == other.labels
            && self.removed == other.removed
            && alert(self) == alert(other)
    }
}

impl RuleFiles {
    /// Reads files, given as path and text.
    ///
    /// # Errors
    /// With everything that is wrong in any of them.
    pub fn read<P: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Result<Self, RuleFileErrors> {
        Self::read_with(files, Reading::default())
    }

    /// Reads files, given as path and text, as `reading` says.
    ///
    /// # Errors
    /// With everything that is wrong in any of them.
    pub fn read_with<P: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (P, T)>,
        reading: Reading,
    ) -> Result<Self, RuleFileErrors> {
        let mut read = Self::default();
        let mut errors = Vec::new();
        for (path, text) in files {
            match Document::parse(path.as_ref(), text.as_ref()) {
                Ok(document) => {
                    let mut reader = Reader { document: &document, errors: &mut errors, reading };
                    reader.read(&mut read.groups);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(read) } else { Err(RuleFileErrors(errors)) }
    }
}

/// A recording rule, for whoever evaluates it over the past.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    group: &'a GroupSpec,
    rule: &'a RuleSpec,
}

impl<'a> Recording<'a> {
    /// The group's name.
    #[must_use]
    pub fn group(&self) -> &'a str {
        &self.group.name
    }

    /// The metric that it records.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.rule.name
    }

    /// What it evaluates.
    #[must_use]
    pub fn expr(&self) -> &'a str {
        self.rule.expr.text()
    }

    /// The labels that it gives to what it records.
    #[must_use]
    pub fn labels(&self) -> &'a Labels {
        &self.rule.labels
    }

    /// How often it is evaluated, if the group says so.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.group.interval
    }

    /// The first time from `from` on at which a server would evaluate it every `interval`.
    #[must_use]
    pub fn first_slot(&self, from: Timestamp, interval: Duration) -> Timestamp {
        let offset = schedule::offset(&self.group.file, &self.group.name, interval);
        let before = Timestamp::from_millis(from.millis().saturating_sub(1));
        schedule::next_slot(before, interval, offset)
    }
}

impl RuleFiles {
    /// How many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.groups.iter().map(|group| group.rules.len()).sum()
    }

    /// Rules that write the same series, or raise the same alert, as another one: each name with its
    /// labels once, in their order.
    #[must_use]
    pub fn duplicates(&self) -> Vec<(&str, &Labels)> {
        let rules = self.groups.iter().flat_map(|group| &group.rules);
        let mut rules: Vec<_> = rules.map(|rule| (rule.name.as_str(), &rule.labels)).collect();
        rules.sort_unstable();
        let (mut duplicates, mut before) = (Vec::new(), None);
        for rule in rules {
            if before == Some(rule) && duplicates.last() != Some(&rule) {
                duplicates.push(rule);
            }
            before = Some(rule);
        }
        duplicates
    }

    /// The recording rules, in the order of the files.
    pub fn recordings(&self) -> impl Iterator<Item = Recording<'_>> {
        self.groups.iter().flat_map(|group| {
            let recorded = group.rules.iter().filter(|rule| rule.alert.is_none());
            recorded.map(move |rule| Recording { group, rule })
        })
    }
}

struct Reader<'a> {
    document: &'a Document,
    errors: &'a mut Vec<SettingsError>,
    reading: Reading,
}

impl Reader<'_> {
    fn read(&mut self, groups: &mut Vec<GroupSpec>) {
        let raw: Result<RawFile, _> = if self.reading.ignores_unknown_keys {
            self.document.read_node(&raw::without_unknown_keys(self.document.root()), "")
        } else {
            self.document.read()
        };
        let raw = match raw {
            Ok(raw) => raw,
            Err(error) => return self.errors.push(error),
        };
        let mut names = BTreeSet::new();
        for (index, group) in raw.groups.into_iter().enumerate() {
            let place = format!("/groups/{index}");
            if group.name.is_empty() {
                self.wrong(&place, "Groupname must not be empty");
            }
            if !names.insert(group.name.clone()) {
                let name = &group.name;
                let message = format!("groupname: \"{name}\" is repeated in the same file");
                self.wrong(&place, &message);
            }
            groups.push(self.group(&place, group));
        }
    }

    fn group(&mut self, place: &str, raw: RawGroup) -> GroupSpec {
        for name in raw.labels.keys().filter(|name| !is_rule_label(name)) {
            self.wrong(&format!("{place}/labels/{name}"), &format!("invalid label name: {name}"));
        }
        let group_labels = raw.labels;
        let mut rules = Vec::new();
        for (index, rule) in raw.rules.into_iter().enumerate() {
            let place = format!("{place}/rules/{index}");
            let name = [&rule.alert, &rule.record].into_iter().flatten().find(|n| !n.is_empty());
            let name = name.cloned().unwrap_or_default();
            let about = format!("group {:?}, rule {}, {name:?}", raw.name, index + 1);
            let mut checker = RuleReader { reader: self, place: &place, about: &about };
            rules.extend(checker.rule(name.clone(), rule, &group_labels));
        }
        GroupSpec {
            file: self.document.file().to_owned(),
            name: raw.name,
            interval: raw.interval.and_then(DurationText::given),
            query_offset: raw.query_offset.map(|text| text.0),
            limit: raw.limit,
            replay_missed: raw.replay_missed,
            rules,
        }
    }

    fn wrong(&mut self, place: &str, message: &str) {
        let at = self.document.root().locate(place).at;
        self.errors.push(self.document.error(at, "", message));
    }
}

struct RuleReader<'a, 'b> {
    reader: &'a mut Reader<'b>,
    place: &'a str,
    about: &'a str,
}

impl RuleReader<'_, '_> {
    fn rule(
        &mut self,
        name: String,
        raw: RawRule,
        group_labels: &BTreeMap<String, String>,
    ) -> Option<RuleSpec> {
        let record = raw.record.clone().filter(|name| !name.is_empty());
        let is_alert = raw.alert.as_ref().is_some_and(|name| !name.is_empty());
        match (&record, is_alert) {
            (Some(_), true) => {
                self.wrong("record", "only one of 'record' and 'alert' must be set");
            }
            (None, false) => self.wrong("", "one of 'record' or 'alert' must be set"),
            (Some(_), false) | (None, true) => {}
        }
        let expr = self.expr(&raw);
        if let Some(record) = &record {
            self.recording(record, &raw);
        }
        for name in raw.labels.keys().filter(|name| !is_rule_label(name)) {
            self.wrong("labels", &format!("invalid label name: {name}"));
        }
        for name in raw.annotations.keys().filter(|name| name.is_empty()) {
            self.wrong("annotations", &format!("invalid annotation name: {name}"));
        }
        let mut labels = group_labels.clone();
        labels.extend(raw.labels.clone());
        let (removed, labels): (BTreeMap<_, _>, BTreeMap<_, _>) =
            labels.into_iter().partition(|(_, value): &(String, String)| value.is_empty());
        let removed = removed.into_keys().collect();
        let labels = Labels::from_pairs(labels);
        let alert = is_alert.then(|| AlertSpec {
            hold: raw.hold.unwrap_or_default().0,
            keep_firing: raw.keep_firing_for.unwrap_or_default().0,
            labels: self.templates(&name, "label", &labels),
            annotations: self.templates(
                &name,
                "annotation",
                &Labels::from_pairs(raw.annotations.clone()),
            ),
            annotation_texts: Labels::from_pairs(raw.annotations),
        });
        let expr = expr?;
        Some(RuleSpec { name, query: expr.to_string(), expr, labels, removed, alert })
    }

    fn expr(&mut self, raw: &RawRule) -> Option<Expr> {
        if raw.expr.is_empty() {
            self.wrong("expr", "field 'expr' must be set in rule");
            return None;
        }
        match parse_with(&raw.expr, self.reader.reading.features) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.wrong("expr", &format!("could not parse expression: {error}"));
                None
            }
        }
    }

    fn recording(&mut self, record: &str, raw: &RawRule) {
        let strange = [
            ("annotations", !raw.annotations.is_empty()),
            ("for", raw.hold.is_some_and(|text| !text.0.is_zero())),
            ("keep_firing_for", raw.keep_firing_for.is_some_and(|text| !text.0.is_zero())),
        ];
        for (key, _) in strange.iter().filter(|(_, is_there)| *is_there) {
            self.wrong(key, &format!("invalid field '{key}' in recording rule"));
        }
        if record.contains(['{', '}']) {
            let message = format!(
                "braces present in the recording rule name; should it be in expr?: {record}"
            );
            self.wrong("record", &message);
        }
    }

    fn templates(
        &mut self,
        alert: &str,
        kind: &'static str,
        texts: &Labels,
    ) -> Vec<(String, TemplateText)> {
        let mut templates = Vec::new();
        for (name, text) in texts {
            match check_template(alert, text) {
                Ok(template) => templates.push((name.to_owned(), template)),
                Err(error) => {
                    let key = format!("{kind}s/{name}");
                    self.wrong(&key, &format!("{kind} {name:?}: {error}"));
                }
            }
        }
        templates
    }

    fn wrong(&mut self, key: &str, message: &str) {
        let place =
            if key.is_empty() { self.place.to_owned() } else { format!("{}/{key}", self.place) };
        self.reader.wrong(&place, &format!("{}: {message}", self.about));
    }
}

/// A name that a rule may give a label: any but the metric's own.
fn is_rule_label(name: &str) -> bool {
    !name.is_empty() && name != narthex_model::METRIC_NAME
}

#[cfg(test)]
mod tests;
