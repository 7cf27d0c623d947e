//! `otlp`.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The section; its keys fit together.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Keys")]
pub(super) struct Otlp {
    translation: Translation,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    promote_all_resource_attributes: bool,
    promote_resource_attributes: Vec<String>,
    ignore_resource_attributes: Vec<String>,
    translation_strategy: Option<Translation>,
    keep_identifying_resource_attributes: bool,
    convert_histograms_to_nhcb: bool,
    promote_scope_metadata: bool,
    label_name_underscore_sanitization: Option<bool>,
    label_name_preserve_multiple_underscores: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Translation {
    #[default]
    UnderscoreEscapingWithSuffixes,
    UnderscoreEscapingWithoutSuffixes,
    NoUTF8EscapingWithSuffixes,
    #[serde(rename = "NoTranslation")]
    Nothing,
}

impl TryFrom<Keys> for Otlp {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        if keys.promote_all_resource_attributes {
            if !keys.promote_resource_attributes.is_empty() {
                return Err("'promote_all_resource_attributes' and 'promote_resource_attributes' \
                            cannot be configured simultaneously"
                    .to_owned());
            }
            check_names(&keys.ignore_resource_attributes, "ignored")
                .map_err(|why| format!("invalid 'ignore_resource_attributes': {why}"))?;
        } else {
            if !keys.ignore_resource_attributes.is_empty() {
                return Err("'ignore_resource_attributes' cannot be configured unless \
                            'promote_all_resource_attributes' is true"
                    .to_owned());
            }
            check_names(&keys.promote_resource_attributes, "promoted")
                .map_err(|why| format!("invalid 'promote_resource_attributes': {why}"))?;
        }
        Ok(Self { translation: keys.translation_strategy.unwrap_or_default() })
    }
}

impl Otlp {
    /// Whether names fit into the old alphabet, where all names must.
    pub(super) fn check_old_names(&self) -> Result<(), String> {
        let name = match self.translation {
            Translation::UnderscoreEscapingWithSuffixes
            | Translation::UnderscoreEscapingWithoutSuffixes => return Ok(()),
            Translation::NoUTF8EscapingWithSuffixes => "NoUTF8EscapingWithSuffixes",
            Translation::Nothing => "NoTranslation",
        };
        Err(format!("OTLP translation strategy {name:?} is not allowed when UTF8 is disabled"))
    }
}

/// No name is empty or stands twice.
fn check_names(names: &[String], what: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("empty {what} OTel resource attribute"));
        }
        if !seen.insert(name) {
            return Err(format!("duplicated {what} OTel resource attribute {name:?}"));
        }
    }
    Ok(())
}
