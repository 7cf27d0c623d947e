//! Shapes that several rooms share in the file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use narthex_model::{Labels, RelabelAction, RelabelRule, RelabelSpec, parse_duration};
use serde::Deserialize;

use crate::error::error_chain;

/// A duration as in `1h30m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct DurationText(pub Duration);

impl DurationText {
    /// What was given, where zero stands for nothing.
    #[must_use]
    pub fn given(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }
}

impl TryFrom<String> for DurationText {
    type Error = narthex_model::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_duration(&text).map(Self)
    }
}

/// A size as in `512MB` or `64MiB`; units are powers of 1024, as in Prometheus. `0` is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct SizeText(pub u64);

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no size; write a number with a unit (B, KB, MB, GB, TB, PB, EB), as in 512MB")]
pub struct SizeError(String);

impl TryFrom<String> for SizeText {
    type Error = SizeError;

    fn try_from(text: String) -> Result<Self, SizeError> {
        const UNITS: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
        if text == "0" {
            return Ok(Self(0));
        }
        let refuse = || SizeError(text.clone());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refuse)?;
        let (number, unit) = text.split_at_checked(digits).ok_or_else(refuse)?;
        let unit = unit.replace("iB", "B");
        let power = UNITS.iter().position(|known| *known == unit).ok_or_else(refuse)?;
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let factor = 1024_u64.checked_pow(u32::try_from(power).map_err(|_| refuse())?);
        factor.and_then(|factor| number.checked_mul(factor)).map(Self).ok_or_else(refuse)
    }
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(String);

impl Secret {
    /// The text itself; the caller takes care that it is not shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Labels as a mapping. Names follow Prometheus 3: any text that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct LabelSet(pub Labels);

/// Why a mapping is no label set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a label name must not be empty")]
pub struct EmptyLabelName;

impl TryFrom<BTreeMap<String, String>> for LabelSet {
    type Error = EmptyLabelName;

    fn try_from(map: BTreeMap<String, String>) -> Result<Self, EmptyLabelName> {
        if map.contains_key("") {
            return Err(EmptyLabelName);
        }
        Ok(Self(Labels::from_pairs(map)))
    }
}

/// One text or a list of texts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum StringOrList {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl From<StringOrList> for Vec<String> {
    fn from(texts: StringOrList) -> Self {
        match texts {
            StringOrList::One(text) => vec![text],
            StringOrList::Many(texts) => texts,
        }
    }
}

/// A list of checked relabel rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Rule>")]
pub struct RelabelRules(pub Vec<RelabelRule>);

impl From<Vec<Rule>> for RelabelRules {
    fn from(rules: Vec<Rule>) -> Self {
        Self(rules.into_iter().map(|rule| rule.0).collect())
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Option<RawRule>")]
struct Rule(RelabelRule);

/// A key without a value is an empty text, as in Prometheus; one that is not there is its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRule {
    source_labels: Vec<String>,
    separator: String,
    regex: String,
    modulus: u64,
    target_label: String,
    replacement: String,
    action: String,
}

impl Default for RawRule {
    fn default() -> Self {
        let RelabelSpec {
            source_labels,
            separator,
            regex,
            modulus,
            target_label,
            replacement,
            action,
        } = RelabelSpec::default();
        let action = action.name().to_owned();
        Self { source_labels, separator, regex, modulus, target_label, replacement, action }
    }
}

impl TryFrom<Option<RawRule>> for Rule {
    type Error = String;

    fn try_from(raw: Option<RawRule>) -> Result<Self, String> {
        let raw = raw.ok_or("an empty rule; write an action, or remove the dash")?;
        let name = raw.action.to_lowercase();
        let known = RelabelAction::ALL.iter().find(|(known, _)| *known == name);
        let (_, action) = known.ok_or_else(|| {
            let all = RelabelAction::ALL.map(|(name, _)| name).join(", ");
            format!("unknown relabel action {:?} (known: {all})", raw.action)
        })?;
        let spec = RelabelSpec {
            source_labels: raw.source_labels,
            separator: raw.separator,
            regex: raw.regex,
            modulus: raw.modulus,
            target_label: raw.target_label,
            replacement: raw.replacement,
            action: *action,
        };
        RelabelRule::try_from(spec).map(Self).map_err(|error| error_chain(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn sizes_are_powers_of_1024() {
        let size = |text: &str| SizeText::try_from(text.to_owned()).map(|size| size.0);
        assert_eq!(size("512MB"), Ok(512 << 20));
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("0"), Ok(0));
        for wrong in ["", "5", "MB", "5XB", "99999999EB", "1.5GB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
    }

    #[test]
    fn a_wrong_relabel_rule_is_refused_at_its_place() {
        let text = "- action: keep\n  regex: '('\n";
        let document = Document::parse("f.yml", text).unwrap();
        let error = document.read::<RelabelRules>().unwrap_err().to_string();
        assert!(error.starts_with("f.yml:1:3: [0]: regex: invalid regular expression"), "{error}");
        let document = Document::parse("f.yml", "- action: kep\n").unwrap();
        let error = document.read::<RelabelRules>().unwrap_err().to_string();
        assert!(error.contains("unknown relabel action \"kep\" (known: replace, keep"), "{error}");
        let document = Document::parse("f.yml", "-\n").unwrap();
        let error = document.read::<RelabelRules>().unwrap_err().to_string();
        assert!(error.contains("[0]: an empty rule"), "{error}");
    }
}
