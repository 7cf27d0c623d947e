//! Which names a job takes, and how it asks for those that it does not.

use narthex_exposition::Escaping;
use narthex_model::NameScheme;
use serde::Deserialize;

use super::error::ScrapeKeyError;

/// `metric_name_validation_scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Validation(pub(super) Option<NameScheme>);

impl TryFrom<String> for Validation {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "" => Ok(Self(None)),
            "utf8" => Ok(Self(Some(NameScheme::Utf8))),
            "legacy" => Ok(Self(Some(NameScheme::Legacy))),
            _ => Err(format!(
                "unknown name validation scheme {name:?}, must be either '', 'legacy' or 'utf8'"
            )),
        }
    }
}

/// `metric_name_escaping_scheme`: what becomes of names beyond the old alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct EscapingName(pub(super) Option<Escaping>);

impl TryFrom<String> for EscapingName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.is_empty() {
            return Ok(Self(None));
        }
        let unknown = |_| {
            format!(
                "unknown name escaping method {name:?}, must be one of 'allow-utf-8', \
                 'underscores', 'dots', or 'values'"
            )
        };
        name.parse().map(|escaping| Self(Some(escaping))).map_err(unknown)
    }
}

/// Both keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) scheme: NameScheme,
    pub(super) escaping: Escaping,
}

impl Default for Names {
    fn default() -> Self {
        Self { scheme: NameScheme::Utf8, escaping: Escaping::AllowUtf8 }
    }
}

impl Names {
    /// Of `global`.
    pub(super) fn of_global(
        validation: Option<Validation>,
        escaping: Option<EscapingName>,
    ) -> Self {
        let scheme = validation.and_then(|given| given.0).unwrap_or_default();
        let escaping = escaping.and_then(|given| given.0);
        Self { scheme, escaping: escaping.unwrap_or_else(|| default_escaping(scheme)) }
    }

    /// Of a job. A job that takes other names than all do escapes by default as fits those.
    pub(super) fn of_job(
        self,
        validation: Option<Validation>,
        escaping: Option<EscapingName>,
    ) -> Result<Self, ScrapeKeyError> {
        let own = validation.and_then(|given| given.0);
        let scheme = own.unwrap_or(self.scheme);
        let escaping = escaping
            .and_then(|given| given.0)
            .or_else(|| own.map(default_escaping))
            .unwrap_or(self.escaping);
        if escaping == Escaping::AllowUtf8 && scheme == NameScheme::Legacy {
            return Err(ScrapeKeyError::Utf8NamesOfLegacy);
        }
        Ok(Self { scheme, escaping })
    }
}

const fn default_escaping(scheme: NameScheme) -> Escaping {
    match scheme {
        NameScheme::Utf8 => Escaping::AllowUtf8,
        NameScheme::Legacy => Escaping::Underscores,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_escapes_as_fits_its_names() {
        let scheme = |name: &str| Some(Validation::try_from(name.to_owned()).unwrap());
        let escaping = |name: &str| Some(EscapingName::try_from(name.to_owned()).unwrap());
        let legacy = Names::of_global(scheme("legacy"), None);
        assert_eq!(legacy.escaping, Escaping::Underscores);
        assert_eq!(legacy.of_job(None, None).unwrap(), legacy);
        assert_eq!(legacy.of_job(scheme("utf8"), None).unwrap(), Names::default());
        let dots = Names::of_global(None, escaping("dots"));
        let job = dots.of_job(scheme("legacy"), None).unwrap();
        assert_eq!((job.scheme, job.escaping), (NameScheme::Legacy, Escaping::Underscores));
        assert_eq!(dots.of_job(scheme(""), None).unwrap(), dots);
        assert!(Names::default().of_job(scheme("legacy"), escaping("allow-utf-8")).is_err());
    }
}
