//! Names that do not fit the old alphabet, written in it, for readers that know no other.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use narthex_model::is_metric_name;

/// How names are written in the alphabet `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// As they are, in quotes.
    #[default]
    AllowUtf8,
    /// An underscore for whatever does not fit. There is no way back.
    Underscores,
    /// `_dot_` for a dot, two underscores for one and for whatever else does not fit.
    Dots,
    /// `U__` before, and the code point between underscores for whatever does not fit.
    Values,
}

/// A name that is no way of escaping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no escaping; write allow-utf-8, underscores, dots or values")]
pub struct UnknownEscaping(String);

/// Before a name whose characters are written as code points.
const VALUES_PREFIX: &str = "U__";
/// The highest code point has so many hexadecimal digits.
const CODE_DIGITS_MAX: usize = 6;

impl Escaping {
    /// As it is called in headers and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The name as it is written.
    #[must_use]
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        let is_plain = name.is_empty() || is_metric_name(name);
        match self {
            Self::AllowUtf8 => name.into(),
            Self::Underscores | Self::Values if is_plain => name.into(),
            // Underscores are doubled in plain names as well.
            Self::Dots if is_plain && !name.contains('_') => name.into(),
            Self::Underscores => {
                let parts = name.char_indices();
                parts.map(|(at, part)| if fits(part, at) { part } else { '_' }).collect()
            }
            Self::Dots => {
                let mut out = String::with_capacity(name.len() + 8);
                for (at, part) in name.char_indices() {
                    match part {
                        '.' => out.push_str("_dot_"),
                        part if part != '_' && fits(part, at) => out.push(part),
                        _ => out.push_str("__"),
                    }
                }
                out.into()
            }
            Self::Values => {
                let mut out = String::with_capacity(name.len() + 8);
                out.push_str(VALUES_PREFIX);
                for (at, part) in name.char_indices() {
                    match part {
                        '_' => out.push_str("__"),
                        part if fits(part, at) => out.push(part),
                        part => {
                            let code = u32::from(part);
                            out.push_str(&format!("_{code:x}_"));
                        }
                    }
                }
                out.into()
            }
        }
    }

    /// The name that was written so, as far as that can be told; else it is taken as it is.
    #[must_use]
    pub fn unescape(self, written: &str) -> Cow<'_, str> {
        match self {
            Self::AllowUtf8 | Self::Underscores => written.into(),
            Self::Dots if !written.contains('_') => written.into(),
            Self::Dots => written.replace("_dot_", ".").replace("__", "_").into(),
            Self::Values => match written.strip_prefix(VALUES_PREFIX).and_then(decoded) {
                Some(name) => name.into(),
                None => written.into(),
            },
        }
    }
}

/// Whether a character fits the old alphabet in this place.
const fn fits(part: char, at: usize) -> bool {
    part.is_ascii_alphabetic() || matches!(part, '_' | ':') || (part.is_ascii_digit() && at > 0)
}

fn decoded(written: &str) -> Option<String> {
    let mut name = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, behind)) = rest.split_once('_') {
        name.push_str(before);
        if let Some(behind) = behind.strip_prefix('_') {
            name.push('_');
            rest = behind;
            continue;
        }
        let (digits, behind) = behind.split_once('_')?;
        let is_code = digits.len() <= CODE_DIGITS_MAX
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_code)?;
        name.push(char::from_u32(code)?);
        rest = behind;
    }
    name.push_str(rest);
    Some(name)
}

impl FromStr for Escaping {
    type Err = UnknownEscaping;

    fn from_str(name: &str) -> Result<Self, UnknownEscaping> {
        let all = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];
        let found = all.into_iter().find(|escaping| escaping.name() == name);
        found.ok_or_else(|| UnknownEscaping(name.to_owned()))
    }
}

impl fmt::Display for Escaping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(name: &str, underscores: &str, dots: &str, values: &str) {
        assert_eq!(Escaping::AllowUtf8.escape(name), name);
        assert_eq!(Escaping::Underscores.escape(name), underscores);
        assert_eq!(Escaping::Dots.escape(name), dots);
        assert_eq!(Escaping::Values.escape(name), values);
    }

    #[test]
    fn names_are_written_in_the_old_alphabet() {
        check("", "", "", "");
        check("plain", "plain", "plain", "plain");
        check("no:escape_1", "no:escape_1", "no:escape__1", "no:escape_1");
        check(
            "http.status_code",
            "http_status_code",
            "http_dot_status__code",
            "U__http_2e_status__code",
        );
        check("1a", "_a", "__a", "U___31_a");
        check("a b", "a_b", "a__b", "U__a_20_b");
        check("label with 😱", "label_with__", "label__with____", "U__label_20_with_20__1f631_");
        check("花火", "__", "____", "U___82b1__706b_");
        check("_a.b", "_a_b", "__a_dot_b", "U____a_2e_b");
    }

    #[test]
    fn what_was_not_written_so_is_taken_as_it_is() {
        for written in [
            "plain",
            "U_",
            "U__a_",
            "U__a_2e",
            "U__a_zz_b",
            "U__a_1234567_",
            "U__a_d800_",
            "U__a_ffffff_",
        ] {
            assert_eq!(Escaping::Values.unescape(written), written);
        }
        assert_eq!(Escaping::Values.unescape("U___"), "U___");
        assert_eq!(Escaping::Values.unescape("U__a_2E_b"), "a.b");
        assert_eq!(Escaping::Dots.unescape("a_dot_b__c"), "a.b_c");
        assert_eq!(Escaping::Underscores.unescape("a__b"), "a__b");
    }

    #[test]
    fn ways_of_escaping_have_names() {
        assert_eq!("dots".parse(), Ok(Escaping::Dots));
        let error = "dot".parse::<Escaping>().unwrap_err().to_string();
        assert_eq!(error, "\"dot\" is no escaping; write allow-utf-8, underscores, dots or values");
    }

    proptest! {
        #[test]
        fn values_lead_back(name in "[a-z_.:1é😱]{0,8}|.{0,8}") {
            let written = Escaping::Values.escape(&name);
            prop_assert!(name.is_empty() || is_metric_name(&written));
            let is_taken_for_written = is_metric_name(&name) && name.starts_with(VALUES_PREFIX);
            if !is_taken_for_written {
                prop_assert_eq!(Escaping::Values.unescape(&written), name.as_str());
            }
        }

        #[test]
        fn whatever_is_written_fits(name in ".{1,12}") {
            for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
                prop_assert!(is_metric_name(&escaping.escape(&name)), "{escaping} {name}");
            }
        }
    }
}
