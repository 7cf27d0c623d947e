//! Where the host follows Prometheus 3.14, and the Prometheus beside it is 3.5: each difference with
//! its reason, and with how often it may be met.
//!
//! Left out of the queries, for the same reason: `fill`, the operators `</` and `>/`,
//! `histogram_quantiles`, `start()` and its like, and custom buckets whose bounds change, which 3.5
//! cannot put together.

use std::collections::BTreeMap;

use narthex_oracles::generate::promql::{Query, When};

use super::answer::{Answer, Value, is_close};

/// A difference that is meant.
pub(super) struct Known {
    /// For the message of the test.
    pub(super) name: &'static str,
    /// In how many of 1,000 queries it may be met, so that nothing else hides behind it.
    pub(super) most: usize,
    /// Which queries meet it, so that it goes when nothing needs it any more.
    pub(super) met: Met,
    /// Whether it explains why these answers differ.
    pub(super) applies: fn(&Query, &Answer, &Answer) -> bool,
}

/// Which queries meet a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Those of the default seed.
    Always,
    /// Those of the default seed, where names are dropped late.
    Late,
    /// Those of another seed, so far, or not the same ones in every run.
    Rarely,
}

/// All of them; each is handed the query, their answer and ours.
pub(super) const KNOWN: &[Known] = &[
    // 3.12 began to warn that `sort` and its relatives change nothing in a range query.
    Known {
        name: "sort in ranges",
        most: 25,
        met: Met::Always,
        applies: |query, theirs, ours| {
            is_range(query) && query.text.starts_with("sort") && only_remarks_differ(theirs, ours)
        },
    },
    // The metric is named no longer where names are dropped before the remark is made.
    Known {
        name: "names of malformed buckets",
        most: 20,
        met: Met::Always,
        applies: |_, theirs, ours| {
            let cut = |remark: &str| {
                let parts = remark.split_once(" for metric name ");
                let parts = parts.filter(|(start, _)| start.contains("malformed value"));
                let parts = parts.and_then(|(start, end)| Some((start, end.rsplit_once(" (")?)));
                parts.map_or(remark.to_owned(), |(start, (_, place))| format!("{start} ({place}"))
            };
            remarks_agree(theirs, ours, cut)
        },
    },
    // How far buckets had to be mended, and when, is told since 3.10.
    Known {
        name: "details of mended buckets",
        most: 3,
        met: Met::Always,
        applies: |_, theirs, ours| {
            let cut = |remark: &str| {
                let parts = remark.split_once("needed to be fixed for monotonicity");
                parts.map_or(remark, |(start, _)| start).to_owned()
            };
            remarks_agree(theirs, ours, cut)
        },
    },
    // Before 3.7 nobody looked at the hints of what an aggregation adds up.
    Known {
        name: "resets in aggregations",
        most: 4,
        met: Met::Always,
        applies: |_, theirs, ours| {
            let is_new = |remark: &String| remark.contains("conflicting counter resets");
            let rest: Vec<_> =
                ours.remarks.iter().filter(|remark| !is_new(remark)).cloned().collect();
            only_remarks_differ(theirs, ours) && rest == theirs.remarks
        },
    },
    // A rate is not extrapolated below zero, which held for floats only: all of a histogram is less
    // by the same factor.
    Known {
        name: "zero point of histograms",
        most: 3,
        met: Met::Always,
        applies: |query, theirs, ours| {
            let rates = ["rate(", "increase("];
            let is_less = |theirs: &Value, ours: &Value| match (theirs, ours) {
                (Value::Float(theirs), Value::Float(ours)) => {
                    let parts = ["histogram_count(", "histogram_sum("];
                    parts.iter().any(|part| query.text.contains(part))
                        && EXTRAPOLATED.contains(&(ours / theirs))
                }
                (Value::Histogram(theirs), Value::Histogram(ours)) => is_scaled(theirs, ours),
                _ => false,
            };
            rates.iter().any(|name| query.text.contains(name))
                && only_values_differ(theirs, ours, is_less)
        },
    },
    // 3.5 saw no reset where buckets were gone and no others are left beside the one around zero; a
    // rate has more with it.
    Known {
        name: "buckets that are gone",
        most: 1,
        met: Met::Always,
        applies: |query, theirs, ours| {
            let is_more = |theirs: &Value, ours: &Value| match (theirs, ours) {
                (Value::Float(theirs), Value::Float(ours)) => {
                    query.text.contains("histogram_") && ours > theirs
                }
                (Value::Histogram(theirs), Value::Histogram(ours)) => ours.first() > theirs.first(),
                _ => false,
            };
            ["rate(queue", "increase(queue"].iter().any(|words| query.text.contains(words))
                && only_values_differ(theirs, ours, is_more)
        },
    },
    // NaN among the values makes the deviation NaN; 3.5 took the median of whatever order it got.
    Known {
        name: "mad of NaN",
        most: 2,
        met: Met::Always,
        applies: |query, theirs, ours| {
            query.text.contains("mad_over_time")
                && only_values_differ(theirs, ours, |_, ours| is_nan(ours))
        },
    },
    // 3.5 looked for the bucket of infinity before it sorted the buckets.
    Known {
        name: "fractions of classic buckets",
        most: 3,
        met: Met::Always,
        applies: |query, theirs, _| query.text.contains("histogram_fraction") && theirs.has(is_nan),
    },
    // 3.5 found the info series of a series by its place in the vector, which is another at a step
    // without a sample of a series before it: it gave labels of others, or found two at once.
    Known {
        name: "info in ranges",
        most: 20,
        met: Met::Always,
        applies: |query, theirs, ours| {
            is_range(query)
                && query.text.starts_with("info(")
                && !ours.is_error
                && (theirs.error.contains("found duplicate series for info metric")
                    || only_info_labels_differ(query, theirs, ours))
        },
    },
    // 3.5 lost on the way through `info` that a name is to be dropped late.
    Known {
        name: "late names in info",
        most: 8,
        met: Met::Late,
        applies: |query, theirs, ours| {
            query.text.contains("info(") && only_names_differ(theirs, ours)
        },
    },
    // Means were carried along, now a sum is divided: where a zero bucket has to grow into buckets of
    // another resolution, that is not the same. Counts and sums are.
    Known {
        name: "means of histograms",
        most: 2,
        met: Met::Always,
        applies: |query, theirs, ours| {
            let is_same_in_all = |theirs: &Value, ours: &Value| match (theirs, ours) {
                (Value::Histogram(theirs), Value::Histogram(ours)) => {
                    theirs.iter().zip(ours).take(2).all(|(theirs, ours)| is_close(*theirs, *ours))
                }
                _ => false,
            };
            query.text.contains("avg") && only_values_differ(theirs, ours, is_same_in_all)
        },
    },
    // Where parentheses are all that is aggregated, remarks stood at the outer one.
    Known {
        name: "places in parentheses",
        most: 2,
        met: Met::Always,
        applies: |query, theirs, ours| {
            let parens = ["((", ", ("];
            parens.iter().any(|parens| query.text.contains(parens))
                && remarks_agree(theirs, ours, without_place)
        },
    },
    // Series that get the same labels are one when no step has samples of both; 3.5 refused them.
    Known {
        name: "series that become one",
        most: 3,
        met: Met::Always,
        applies: |query, theirs, ours| {
            let words = ["label_replace(", "label_join(", " or "];
            is_range(query)
                && words.iter().any(|word| query.text.contains(word))
                && theirs.error.contains("metrics with the same labelset")
                && !ours.is_error
        },
    },
    // That a name is to be dropped late was lost on the way out of a subquery.
    Known {
        name: "late names in subqueries",
        most: 2,
        met: Met::Rarely,
        applies: |query, theirs, ours| {
            let names = ["last_over_time(", "first_over_time("];
            names.iter().any(|name| query.text.contains(name)) && only_names_differ(theirs, ours)
        },
    },
    // 3.5 passes histograms from query to query through a pool: one that is asked beside others may
    // find it changed, and panics. Not in every run.
    Known {
        name: "panics over histograms",
        most: 1,
        met: Met::Rarely,
        applies: |_, theirs, ours| {
            theirs.error.contains("unexpected error: runtime error") && !ours.is_error
        },
    },
    // These two are ours in any version. The last place of a text counts: there the last that was
    // evaluated, here the last in the query, since parts are evaluated beside each other.
    Known {
        name: "places of the same text",
        most: 1,
        met: Met::Rarely,
        applies: |query, theirs, ours| {
            query.text.matches("quantile").count() > 1 && remarks_agree(theirs, ours, without_place)
        },
    },
    // What cannot change an answer is not read, so that nothing is said of it, neither of the other
    // side of an operator nor of series without a partner there.
    Known {
        name: "remarks about what is not read",
        most: 2,
        met: Met::Rarely,
        applies: |_, theirs, ours| {
            let is_known = |remark: &String| theirs.remarks.contains(remark);
            only_remarks_differ(theirs, ours) && ours.remarks.iter().all(is_known)
        },
    },
];

fn is_range(query: &Query) -> bool {
    matches!(query.when, When::Range { .. })
}

fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Float(value) if value.is_nan())
}

/// What a rate may be less by when it is extrapolated to zero instead of by half an interval.
const EXTRAPOLATED: std::ops::Range<f64> = 0.5..1.0;

/// Whether the second histogram is the first one, each number of it less by the same factor.
fn is_scaled(theirs: &[f64], ours: &[f64]) -> bool {
    let (Some(first), Some(other)) = (theirs.first(), ours.first()) else { return false };
    let factor = other / first;
    // After count and sum come four numbers of each bucket, of which the last is its count.
    let scaled = |(place, number): (usize, &f64)| match place {
        0 | 1 => number * factor,
        _ if (place - 2) % 4 == 3 => number * factor,
        _ => *number,
    };
    let scaled = theirs.iter().enumerate().map(scaled);
    EXTRAPOLATED.contains(&factor)
        && theirs.len() == ours.len()
        && scaled.zip(ours).all(|(theirs, ours)| is_close(theirs, *ours))
}

/// Whether the answers have the same points, and values that are not the same are different in a
/// way that `is_known`.
fn only_values_differ(
    theirs: &Answer,
    ours: &Answer,
    is_known: impl Fn(&Value, &Value) -> bool,
) -> bool {
    let adapted = |(labels, points): (&String, &Vec<(i64, Value)>)| {
        let found = ours.series.get(labels);
        let adapt = |(at, value): &(i64, Value)| {
            let other = found.and_then(|found| found.iter().find(|(other, _)| other == at));
            let other = other.map(|(_, other)| other).filter(|other| is_known(value, other));
            (*at, other.unwrap_or(value).clone())
        };
        (labels.clone(), points.iter().map(adapt).collect())
    };
    let adapted = Answer { series: theirs.series.iter().map(adapted).collect(), ..theirs.clone() };
    adapted.difference(ours, false).is_none()
}

/// Whether the answers are the same but for the labels that `info` adds and, where it is asked for
/// labels by matchers, for the series that have none of them.
fn only_info_labels_differ(query: &Query, theirs: &Answer, ours: &Answer) -> bool {
    let is_named = |labels: &String| labels.contains("{__name__=");
    // The difference of `late names in info` may come on top.
    let is_late = theirs.series.keys().all(is_named) && !ours.series.keys().any(is_named);
    let (theirs, ours) = (without_info(theirs, is_late), without_info(ours, is_late));
    let (Some(theirs), Some(ours)) = (theirs, ours) else { return false };
    let is_selective = query.text.contains(", {");
    let both = theirs.iter().filter_map(|(place, value)| Some((value, ours.get(place)?)));
    let agree = both.clone().filter(|(theirs, ours)| theirs.is_close(ours)).count();
    let complete = agree == theirs.len() && agree == ours.len();
    agree == both.count() && (complete || is_selective)
}

/// Each point by its time and its labels but for those of info series and, where it is late, the
/// name; nothing when two are the same then.
fn without_info(answer: &Answer, is_late: bool) -> Option<BTreeMap<(i64, String), &Value>> {
    const OF_INFO: [&str; 3] = ["build=", "region=", "version="];
    let is_left_out = |pair: &str| {
        OF_INFO.iter().any(|name| pair.starts_with(name))
            || (is_late && pair.starts_with("__name__="))
    };
    let mut points = BTreeMap::new();
    for (labels, series) in &answer.series {
        let pairs = labels.trim_matches(['{', '}']).split(',');
        let bare: Vec<&str> = pairs.filter(|pair| !is_left_out(pair)).collect();
        for (at, value) in series {
            if points.insert((*at, bare.join(",")), value).is_some() {
                return None;
            }
        }
    }
    Some(points)
}

/// Whether the answers are the same but for warnings and infos.
fn only_remarks_differ(theirs: &Answer, ours: &Answer) -> bool {
    let bare = |answer: &Answer| Answer { remarks: Vec::new(), ..answer.clone() };
    bare(theirs).difference(&bare(ours), false).is_none()
}

/// The text, without where it stands and which metric it is about.
fn without_place(remark: &str) -> String {
    let text = remark.rsplit_once(" (").map_or(remark, |(text, _)| text);
    text.split_once(" for metric name ").map_or(text, |(text, _)| text).to_owned()
}

/// Whether the answers are the same but for the names of metrics.
fn only_names_differ(theirs: &Answer, ours: &Answer) -> bool {
    let bare = |answer: &Answer| Answer { series: answer.without_names(), ..answer.clone() };
    bare(theirs).difference(&bare(ours), false).is_none()
}

/// Whether the answers are the same once each remark is `cut`.
fn remarks_agree(theirs: &Answer, ours: &Answer, cut: impl Fn(&str) -> String) -> bool {
    let cut = |answer: &Answer| {
        let mut remarks: Vec<String> = answer.remarks.iter().map(|remark| cut(remark)).collect();
        remarks.sort();
        remarks.dedup();
        Answer { remarks, ..answer.clone() }
    };
    cut(theirs).difference(&cut(ours), false).is_none()
}
