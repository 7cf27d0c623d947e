//! Relabeling: rules that rewrite or drop label sets before they are used.
//!
//! Semantics follow Prometheus, `model/relabel/relabel.go`.

use crate::{AnchoredRegex, Labels, LabelsBuilder, MatcherError, NameScheme, expand_match};

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelabelAction {
    /// Sets `target_label` to the replacement when the regex matches.
    #[default]
    Replace,
    /// Drops the set unless the regex matches.
    Keep,
    /// Drops the set when the regex matches.
    Drop,
    /// Drops the set unless the source equals the target label.
    KeepEqual,
    /// Drops the set when the source equals the target label.
    DropEqual,
    /// Sets `target_label` to the hash of the source modulo `modulus`.
    HashMod,
    /// Copies labels whose name matches to the name that the replacement gives.
    LabelMap,
    /// Removes labels whose name matches.
    LabelDrop,
    /// Removes labels whose name does not match.
    LabelKeep,
    /// Sets `target_label` to the source in lower case.
    Lowercase,
    /// Sets `target_label` to the source in upper case.
    Uppercase,
}

impl RelabelAction {
    /// Every action with its name in the configuration.
    pub const ALL: [(&'static str, Self); 11] = [
        ("replace", Self::Replace),
        ("keep", Self::Keep),
        ("drop", Self::Drop),
        ("keepequal", Self::KeepEqual),
        ("dropequal", Self::DropEqual),
        ("hashmod", Self::HashMod),
        ("labelmap", Self::LabelMap),
        ("labeldrop", Self::LabelDrop),
        ("labelkeep", Self::LabelKeep),
        ("lowercase", Self::Lowercase),
        ("uppercase", Self::Uppercase),
    ];

    /// Whether it sets `target_label`, or compares with it.
    const fn takes_target(self) -> bool {
        matches!(
            self,
            Self::Replace
                | Self::HashMod
                | Self::Lowercase
                | Self::Uppercase
                | Self::KeepEqual
                | Self::DropEqual
        )
    }

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, action)| *action == self).map_or("", |(name, _)| name)
    }
}

/// A rule as it was written; [`RelabelRule::try_from`] checks it. What is not said is its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelSpec {
    /// Labels whose values are joined by `separator` to the source.
    pub source_labels: Vec<String>,
    /// Between the values.
    pub separator: String,
    /// What the source is matched with; for the actions of labels, their names.
    pub regex: String,
    /// For `hashmod`.
    pub modulus: u64,
    /// The label that is set, or compared with.
    pub target_label: String,
    /// The new value, or the new name.
    pub replacement: String,
    /// What is done.
    pub action: RelabelAction,
}

const SEPARATOR: &str = ";";
const REGEX: &str = "(.*)";
const REPLACEMENT: &str = "$1";

impl Default for RelabelSpec {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: SEPARATOR.to_owned(),
            regex: REGEX.to_owned(),
            modulus: 0,
            target_label: String::new(),
            replacement: REPLACEMENT.to_owned(),
            action: RelabelAction::default(),
        }
    }
}

/// Why a rule is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RelabelError {
    /// The pattern does not compile.
    #[error("regex")]
    Regex(#[from] MatcherError),
    /// A needed key is not there.
    #[error("relabel action {action} needs {key}")]
    Missing {
        /// The action's name.
        action: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A key is there that the action does not use.
    #[error("relabel action {action} takes only {allowed}")]
    Unused {
        /// The action's name.
        action: &'static str,
        /// The keys it takes.
        allowed: &'static str,
    },
    /// No label can be called so.
    #[error("{name:?} is no label name for {key} of relabel action {action}")]
    Name {
        /// The action's name.
        action: &'static str,
        /// The key.
        key: &'static str,
        /// What it says.
        name: String,
    },
}

/// A checked rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelRule {
    source_labels: Vec<String>,
    separator: String,
    regex: AnchoredRegex,
    modulus: u64,
    target_label: String,
    replacement: String,
    action: RelabelAction,
    names: NameScheme,
}

impl TryFrom<RelabelSpec> for RelabelRule {
    type Error = RelabelError;

    fn try_from(spec: RelabelSpec) -> Result<Self, RelabelError> {
        let regex = AnchoredRegex::new(&spec.regex)?;
        spec.check()?;
        let rule = Self {
            source_labels: spec.source_labels,
            separator: spec.separator,
            regex,
            modulus: spec.modulus,
            target_label: spec.target_label,
            replacement: spec.replacement,
            action: spec.action,
            names: NameScheme::Utf8,
        };
        rule.with_names(NameScheme::Utf8)
    }
}

impl RelabelSpec {
    /// Whether the action has what it needs and nothing else.
    fn check(&self) -> Result<(), RelabelError> {
        use RelabelAction as A;
        let action = self.action.name();
        let missing = |key| Err(RelabelError::Missing { action, key });
        let unused = |allowed| Err(RelabelError::Unused { action, allowed });
        let is_plain =
            self.modulus == 0 && self.replacement == REPLACEMENT && self.separator == SEPARATOR;
        if self.action == A::HashMod && self.modulus == 0 {
            return missing("modulus");
        }
        if self.action.takes_target() && self.target_label.is_empty() {
            return missing("target_label");
        }
        if matches!(self.action, A::Lowercase | A::Uppercase) && self.replacement != REPLACEMENT {
            return unused("source_labels, separator, regex and target_label");
        }
        if matches!(self.action, A::KeepEqual | A::DropEqual) && (!is_plain || self.regex != REGEX)
        {
            return unused("source_labels and target_label");
        }
        let is_of_regex = is_plain && self.source_labels.is_empty() && self.target_label.is_empty();
        if matches!(self.action, A::LabelDrop | A::LabelKeep) && !is_of_regex {
            return unused("regex");
        }
        Ok(())
    }
}

/// Applies the rules in order. `None`: a rule dropped the set.
#[must_use]
pub fn relabel(labels: &Labels, rules: &[RelabelRule]) -> Option<Labels> {
    if rules.is_empty() {
        return Some(labels.clone());
    }
    let mut builder = labels.to_builder();
    rules.iter().all(|rule| rule.apply(&mut builder)).then(|| builder.finish())
}

impl RelabelRule {
    /// The rule with names of this alphabet.
    ///
    /// # Errors
    /// When the rule names a label that cannot be called so.
    pub fn with_names(self, names: NameScheme) -> Result<Self, RelabelError> {
        use RelabelAction as A;
        let refuse = |key, name: &str| {
            let (action, name) = (self.action.name(), name.to_owned());
            Err(RelabelError::Name { action, key, name })
        };
        let target = self.target_label.as_str();
        let is_target = if self.action == A::Replace && target.contains('$') {
            names.is_label_template(target)
        } else {
            !self.action.takes_target() || names.is_label_name(target)
        };
        if !is_target {
            return refuse("target_label", target);
        }
        if self.action == A::LabelMap && !names.is_label_template(&self.replacement) {
            return refuse("replacement", &self.replacement);
        }
        Ok(Self { names, ..self })
    }

    /// The rule as it was written, with its defaults.
    #[must_use]
    pub fn to_spec(&self) -> RelabelSpec {
        RelabelSpec {
            source_labels: self.source_labels.clone(),
            separator: self.separator.clone(),
            regex: self.regex.pattern().to_owned(),
            modulus: self.modulus,
            target_label: self.target_label.clone(),
            replacement: self.replacement.clone(),
            action: self.action,
        }
    }

    /// Applies the rule; `false`: the set is dropped.
    #[must_use]
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        use RelabelAction as A;
        let source = self.source(labels);
        match self.action {
            A::Keep => return self.regex.is_match(&source),
            A::Drop => return !self.regex.is_match(&source),
            A::KeepEqual => return labels.get(&self.target_label).unwrap_or("") == source,
            A::DropEqual => return labels.get(&self.target_label).unwrap_or("") != source,
            A::Replace => self.replace(labels, &source),
            A::HashMod => {
                let hash = hash_of(&source) % self.modulus;
                labels.set(self.target_label.clone(), hash.to_string());
            }
            A::Lowercase => {
                labels.set(self.target_label.clone(), source.to_lowercase());
            }
            A::Uppercase => {
                labels.set(self.target_label.clone(), source.to_uppercase());
            }
            A::LabelMap => self.map_names(labels),
            A::LabelDrop => {
                labels.retain(|name, _| !self.regex.is_match(name));
            }
            A::LabelKeep => {
                labels.retain(|name, _| self.regex.is_match(name));
            }
        }
        true
    }

    fn source(&self, labels: &LabelsBuilder) -> String {
        let values: Vec<&str> =
            self.source_labels.iter().map(|name| labels.get(name).unwrap_or("")).collect();
        values.join(&self.separator)
    }

    fn replace(&self, labels: &mut LabelsBuilder, source: &str) {
        let Some(captures) = self.regex.regex().captures(source) else { return };
        let mut target = String::new();
        expand_match(&captures, &self.target_label, &mut target);
        if !self.names.is_label_name(&target) {
            return;
        }
        let mut value = String::new();
        expand_match(&captures, &self.replacement, &mut value);
        labels.set(target, value);
    }

    fn map_names(&self, labels: &mut LabelsBuilder) {
        let mapped: Vec<(String, String)> = labels
            .iter()
            .filter_map(|(name, value)| {
                let captures = self.regex.regex().captures(name)?;
                let mut target = String::new();
                expand_match(&captures, &self.replacement, &mut target);
                Some((target, value.to_owned()))
            })
            .collect();
        for (name, value) in mapped {
            labels.set(name, value);
        }
    }
}

/// The last eight bytes of the MD5 sum, big-endian, as Prometheus computes it, so that a fleet
/// that is split by `hashmod` splits the same way here.
fn hash_of(source: &str) -> u64 {
    let digest = md5::compute(source.as_bytes());
    digest.iter().skip(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests;
