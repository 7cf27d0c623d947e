//! Where the host follows Prometheus 3.14, and the Prometheus beside it is 3.5: each difference with
//! its reason, and with how often it may be met.
//!
//! Left out of the queries, for the same reason: `fill`, the operators `</` and `>/`,
//! `histogram_quantiles`, `start()` and its like, and custom buckets whose bounds change, which 3.5
//! cannot put together.

use narthex_oracles::generate::promql::{Query, When};

use super::answer::{Answer, Value};

/// A difference that is meant.
pub(super) struct Known {
    /// For the message of the test.
    pub(super) name: &'static str,
    /// In how many of 1,000 queries it may be met, so that nothing else hides behind it.
    pub(super) most: usize,
    /// Whether it explains why these answers differ.
    pub(super) applies: fn(&Query, &Answer, &Answer) -> bool,
}

/// All of them; each is handed the query, their answer and ours.
pub(super) const KNOWN: &[Known] = &[
    // 3.12 began to warn that `sort` and its relatives change nothing in a range query.
    Known {
        name: "sort in ranges",
        most: 25,
        applies: |query, theirs, ours| {
            is_range(query) && query.text.starts_with("sort") && only_remarks_differ(theirs, ours)
        },
    },
    // The metric is named no longer where names are dropped before the remark is made.
    Known {
        name: "names of malformed buckets",
        most: 20,
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
        applies: |_, theirs, ours| {
            let is_new = |remark: &String| remark.contains("conflicting counter resets");
            let rest: Vec<_> =
                ours.remarks.iter().filter(|remark| !is_new(remark)).cloned().collect();
            only_remarks_differ(theirs, ours) && rest == theirs.remarks
        },
    },
    // A rate is not extrapolated below zero, which held for floats only.
    Known {
        name: "zero point of histograms",
        most: 3,
        applies: |query, _, _| {
            let rates = ["rate(", "increase("];
            rates.iter().any(|name| query.text.contains(name)) && names_natives(query)
        },
    },
    // NaN among the values makes the deviation NaN; 3.5 took the median of whatever order it got.
    Known {
        name: "mad of NaN",
        most: 2,
        applies: |query, _, _| query.text.contains("mad_over_time"),
    },
    // 3.5 looked for the bucket of infinity before it sorted the buckets.
    Known {
        name: "fractions of classic buckets",
        most: 3,
        applies: |query, theirs, _| query.text.contains("histogram_fraction") && theirs.has(is_nan),
    },
    // 3.5 found the info series of a series by its place in the vector, which is another at a step
    // without a sample of a series before it.
    Known {
        name: "info in ranges",
        most: 20,
        applies: |query, _, _| is_range(query) && query.text.contains("info("),
    },
    // 3.5 lost on the way through `info` that a name is to be dropped late.
    Known {
        name: "late names in info",
        most: 8,
        applies: |query, theirs, ours| {
            query.text.contains("info(") && only_names_differ(theirs, ours)
        },
    },
    // Means were carried along, now a sum is divided: where a zero bucket has to grow into buckets of
    // another resolution, that is not the same.
    Known {
        name: "means of histograms",
        most: 2,
        applies: |query, theirs, _| query.text.contains("avg") && theirs.has(is_histogram),
    },
    // Where parentheses are all that is aggregated, remarks stood at the outer one.
    Known {
        name: "places in parentheses",
        most: 2,
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
        applies: |query, theirs, ours| {
            let names = ["last_over_time(", "first_over_time("];
            names.iter().any(|name| query.text.contains(name)) && only_names_differ(theirs, ours)
        },
    },
    // 3.5 fails over some ranges of histograms in a subquery.
    Known {
        name: "failures",
        most: 1,
        applies: |_, theirs, ours| theirs.error.contains("runtime error") && !ours.is_error,
    },
    // These two are ours in any version. The last place of a text counts: there the last that was
    // evaluated, here the last in the query, since parts are evaluated beside each other.
    Known {
        name: "places of the same text",
        most: 1,
        applies: |query, theirs, ours| {
            query.text.matches("quantile").count() > 1 && remarks_agree(theirs, ours, without_place)
        },
    },
    // What cannot change an answer is not read, so that nothing is said of it, neither of the other
    // side of an operator nor of series without a partner there.
    Known {
        name: "remarks about what is not read",
        most: 2,
        applies: |_, theirs, ours| {
            let is_known = |remark: &String| theirs.remarks.contains(remark);
            only_remarks_differ(theirs, ours) && ours.remarks.iter().all(is_known)
        },
    },
    // 3.5 gives a histogram the bounds of another one of the same series.
    Known {
        name: "bounds in raw samples",
        most: 1,
        applies: |query, theirs, _| {
            !is_range(query) && theirs.kind == "matrix" && theirs.has(is_histogram)
        },
    },
];

fn is_range(query: &Query) -> bool {
    matches!(query.when, When::Range { .. })
}

fn names_natives(query: &Query) -> bool {
    ["latency", "size", "queue", "web_seconds", "mixed"]
        .iter()
        .any(|name| query.text.contains(name))
}

fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Float(value) if value.is_nan())
}

fn is_histogram(value: &Value) -> bool {
    matches!(value, Value::Histogram(_))
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
