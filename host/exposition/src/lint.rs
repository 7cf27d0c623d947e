//! What a family of metrics should be called, and what it should say of itself: the advice that
//! promtool and the client libraries give (`prometheus/testutil/promlint` of `client_golang`), in
//! their words.

mod family;
mod names;

use std::collections::BTreeSet;

use crate::collected::LabelsError;
use crate::error::ParseError;
use crate::format::Format;

pub use self::family::Cardinality;
use self::family::Family;

/// Something that should be different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The family.
    pub metric: String,
    /// What should be different.
    pub text: String,
}

/// A body, judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Linted {
    /// Each problem once, by family and text.
    pub problems: BTreeSet<Problem>,
    /// How many series each family has, most first.
    pub cardinalities: Vec<Cardinality>,
}

/// Why a body cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// It is none.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A series in it is none.
    #[error("metric {metric:?}")]
    Series {
        /// The family before it.
        metric: String,
        /// What is wrong with it.
        source: LabelsError,
    },
}

/// Judges a body in the text format.
///
/// # Errors
/// When it is none.
pub fn lint(body: &[u8]) -> Result<Linted, LintError> {
    let families = family::families(body, Format::Text004)?;
    let mut problems = BTreeSet::new();
    for family in &families {
        let mut tell = |text: String| {
            problems.insert(Problem { metric: family.name.clone(), text });
        };
        judge(family, &mut tell);
    }
    let mut cardinalities: Vec<_> = families.iter().map(Family::cardinality).collect();
    cardinalities.sort_by(|a, b| b.series.cmp(&a.series).then_with(|| a.metric.cmp(&b.metric)));
    Ok(Linted { problems, cardinalities })
}

fn judge(family: &Family, tell: &mut dyn FnMut(String)) {
    use narthex_model::MetricType::{Counter, Histogram, Summary, Unknown};

    let (name, kind) = (family.name.as_str(), family.metric_type);
    if !family.has_help {
        tell("no help text".to_owned());
    }
    if let Some((unit, base)) = names::unit(name).filter(|(unit, base)| unit != base) {
        tell(format!("use base unit \"{base}\" instead of \"{unit}\""));
    }
    let is_total = name.ends_with("_total");
    if kind == Counter && !is_total {
        tell("counter metrics should have \"_total\" suffix".to_owned());
    }
    if kind != Unknown {
        if kind != Counter && is_total {
            tell("non-counter metrics should not have \"_total\" suffix".to_owned());
        }
        for (suffix, whose, fits) in [
            ("_bucket", "non-histogram", kind == Histogram),
            ("_count", "non-histogram and non-summary", matches!(kind, Histogram | Summary)),
            ("_sum", "non-histogram and non-summary", matches!(kind, Histogram | Summary)),
        ] {
            if !fits && name.ends_with(suffix) {
                tell(format!("{whose} metrics should not have \"{suffix}\" suffix"));
            }
        }
        for (label, whose, fits) in [
            ("le", "non-histogram", kind == Histogram),
            ("quantile", "non-summary", kind == Summary),
        ] {
            if !fits && family.labels.contains(label) {
                tell(format!("{whose} metrics should not have \"{label}\" label"));
            }
        }
        let typed = kind.name();
        let lower = name.to_ascii_lowercase();
        if names::holds_word(&lower, typed) {
            tell(format!("metric name should not include type '{typed}'"));
        }
    }
    if name.contains(':') {
        tell("metric names should not contain ':'".to_owned());
    }
    if names::is_camel_case(name) {
        tell("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if family.labels.iter().any(|label| names::is_camel_case(label)) {
        tell("label names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if names::is_abbreviated(name) {
        tell("metric names should not contain abbreviated units".to_owned());
    }
    if family.has_twins {
        tell("metric not unique".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let linted = lint(body.as_bytes()).unwrap();
        let found: Vec<String> = linted
            .problems
            .iter()
            .map(|problem| format!("{} {}", problem.metric, problem.text))
            .collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn a_good_body_has_no_problems() {
        check(
            "# HELP a_seconds Time.\n# TYPE a_seconds gauge\na_seconds{x=\"1\"} 1\na_seconds{x=\"2\"} 1\n",
            &[],
        );
        check(
            "# HELP h_seconds Time.\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"1\"} 1\n\
             h_seconds_bucket{le=\"+Inf\"} 1\nh_seconds_sum 1\nh_seconds_count 1\n",
            &[],
        );
    }

    #[test]
    fn what_is_not_as_it_should_be_is_told() {
        check("a 1\n", &["a no help text"]);
        check(
            "# HELP a x\n# TYPE a counter\na 1\n",
            &["a counter metrics should have \"_total\" suffix"],
        );
        check(
            "# HELP a_total x\n# TYPE a_total gauge\na_total{quantile=\"1\"} 1\n",
            &[
                "a_total non-counter metrics should not have \"_total\" suffix",
                "a_total non-summary metrics should not have \"quantile\" label",
            ],
        );
        check(
            "# HELP a_milliseconds_bucket x\n# TYPE a_milliseconds_bucket gauge\na_milliseconds_bucket 1\n",
            &[
                "a_milliseconds_bucket non-histogram metrics should not have \"_bucket\" suffix",
                "a_milliseconds_bucket use base unit \"seconds\" instead of \"milliseconds\"",
            ],
        );
        check(
            "# HELP a_ms x\n# TYPE a_ms gauge\na_ms{someLabel=\"b\"} 1\na_ms{someLabel=\"b\"} 2\n",
            &[
                "a_ms label names should be written in 'snake_case' not 'camelCase'",
                "a_ms metric names should not contain abbreviated units",
                "a_ms metric not unique",
            ],
        );
        check(
            "# HELP a:gauge x\n# TYPE a:gauge gauge\na:gauge 1\n# HELP b_gauge_c x\n# TYPE b_gauge_c gauge\nb_gauge_c 1\n",
            &[
                "a:gauge metric names should not contain ':'",
                "b_gauge_c metric name should not include type 'gauge'",
            ],
        );
    }

    #[test]
    fn series_are_counted_by_family() {
        let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\na 1\n";
        let linted = lint(body.as_bytes()).unwrap();
        let counted: Vec<_> =
            linted.cardinalities.iter().map(|found| (&*found.metric, found.series)).collect();
        assert_eq!(counted, [("h", 4), ("a", 1)]);
    }

    #[test]
    fn what_is_no_exposition_is_an_error() {
        assert!(lint(b"a{ 1\n").is_err());
    }
}
