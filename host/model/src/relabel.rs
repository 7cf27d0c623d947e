//! Relabeling: rules that rewrite or drop label sets before they are used.
//!
//! Semantics follow Prometheus, `model/relabel/relabel.go`.

use crate::{AnchoredRegex, Labels, LabelsBuilder, MatcherError};

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

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, action)| *action == self).map_or("", |(name, _)| name)
    }
}

/// A rule as it was written; [`RelabelRule::try_from`] checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelabelSpec {
    /// Labels whose values are joined by `separator` to the source.
    pub source_labels: Vec<String>,
    /// `None`: `;`.
    pub separator: Option<String>,
    /// `None`: `(.*)`.
    pub regex: Option<String>,
    /// For `hashmod`.
    pub modulus: Option<u64>,
    /// The label that is set.
    pub target_label: Option<String>,
    /// `None`: `$1`.
    pub replacement: Option<String>,
    /// What is done.
    pub action: RelabelAction,
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
}

impl TryFrom<RelabelSpec> for RelabelRule {
    type Error = RelabelError;

    fn try_from(spec: RelabelSpec) -> Result<Self, RelabelError> {
        use RelabelAction as A;
        let action = spec.action.name();
        let missing = |key| Err(RelabelError::Missing { action, key });
        let unused = |allowed| Err(RelabelError::Unused { action, allowed });
        let has_target = spec.target_label.as_ref().is_some_and(|label| !label.is_empty());
        let plain = spec.regex.is_none()
            && spec.separator.is_none()
            && spec.modulus.is_none()
            && spec.replacement.is_none();
        match spec.action {
            A::HashMod if spec.modulus.unwrap_or(0) == 0 => return missing("modulus"),
            A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual
                if !has_target =>
            {
                return missing("target_label");
            }
            A::Lowercase | A::Uppercase if spec.replacement.is_some() => {
                return unused("source_labels, separator, regex and target_label");
            }
            A::KeepEqual | A::DropEqual if !plain => {
                return unused("source_labels and target_label");
            }
            A::LabelDrop | A::LabelKeep
                if !spec.source_labels.is_empty()
                    || has_target
                    || spec.separator.is_some()
                    || spec.modulus.is_some()
                    || spec.replacement.is_some() =>
            {
                return unused("regex");
            }
            A::Replace
            | A::Keep
            | A::Drop
            | A::KeepEqual
            | A::DropEqual
            | A::HashMod
            | A::LabelMap
            | A::LabelDrop
            | A::LabelKeep
            | A::Lowercase
            | A::Uppercase => {}
        }
        Ok(Self {
            source_labels: spec.source_labels,
            separator: spec.separator.unwrap_or_else(|| ";".to_owned()),
            regex: AnchoredRegex::new(spec.regex.as_deref().unwrap_or("(.*)"))?,
            modulus: spec.modulus.unwrap_or(0),
            target_label: spec.target_label.unwrap_or_default(),
            replacement: spec.replacement.unwrap_or_else(|| "$1".to_owned()),
            action: spec.action,
        })
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
        captures.expand(&self.target_label, &mut target);
        if target.is_empty() {
            return;
        }
        let mut value = String::new();
        captures.expand(&self.replacement, &mut value);
        labels.set(target, value);
    }

    fn map_names(&self, labels: &mut LabelsBuilder) {
        let mapped: Vec<(String, String)> = labels
            .iter()
            .filter_map(|(name, value)| {
                let captures = self.regex.regex().captures(name)?;
                let mut target = String::new();
                captures.expand(&self.replacement, &mut target);
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
