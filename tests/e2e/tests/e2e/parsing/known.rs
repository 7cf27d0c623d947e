//! Where the host reads queries as Prometheus 3.14 does, and the Prometheus beside it is 3.5: each
//! difference with its reason.

use super::servers::{Parsed, Query};

/// A difference that is meant.
pub(super) struct Known {
    /// For the message of the test.
    pub(super) name: &'static str,
    /// Whether it explains why the text is read differently.
    pub(super) applies: fn(&str, &Parsed, &Parsed) -> bool,
}

/// Operators and functions that came later, or have another name.
const NEW: [&str; 11] = [
    "</",
    ">/",
    "end(",
    "first_over_time(",
    "histogram_quantiles(",
    "max_of(",
    "min_of(",
    "range(",
    "start(",
    "step(",
    "ts_of_first_over_time(",
];

/// All of them; each is handed the text, what they make of it and what we do.
pub(super) const KNOWN: &[Known] = &[
    Known {
        name: "after 3.5",
        applies: |text, theirs, ours| {
            let text = text.replace(' ', "");
            theirs.is_err() && ours.is_ok() && NEW.iter().any(|word| text.contains(word))
        },
    },
    // 3.5 forgets the parentheses around a number, and lays out `offset --1m * 5` as the
    // `offset 1m * 5` that it reads otherwise.
    Known {
        name: "parentheses in durations",
        applies: |text, theirs, ours| {
            both(theirs, ours).is_some_and(|(theirs, ours)| {
                (text.contains("offset") || text.contains('['))
                    && ours.layout.len() > theirs.layout.len()
                    && without(theirs, &['(', ')']) == without(ours, &['(', ')'])
                    && operators(theirs) == operators(ours)
            })
        },
    },
    // 3.5 takes `@ start()` before a range, and nothing else of the kind.
    Known {
        name: "bounds before a range",
        applies: |_, theirs, ours| {
            let words = "no @ modifiers allowed before range";
            theirs.is_ok() && ours.as_ref().is_err_and(|error| error.contains(words))
        },
    },
    // 3.5 goes on with the duration behind a parenthesis with a sign: an operator there is one of the
    // duration, which refuses all but numbers.
    Known {
        name: "operators behind a sign",
        applies: |text, theirs, ours| {
            text.replace(' ', "").contains("offset-(")
                && match (theirs, ours) {
                    (Ok(theirs), Ok(ours)) => {
                        without(theirs, &['(', ')']) == without(ours, &['(', ')'])
                            && operators(theirs) < operators(ours)
                    }
                    (Err(error), Ok(_)) => error.contains("in offset, expected number or duration"),
                    (_, Err(_)) => false,
                }
        },
    },
    // A duration that is not whole milliseconds as a float, be it fine or of decades: 3.5 cuts the
    // rest off, and what it lays out reads as another.
    Known {
        name: "cut durations",
        applies: |_, theirs, ours| {
            both(theirs, ours).is_some_and(|(theirs, ours)| {
                theirs.tree == ours.tree
                    && [theirs, ours].iter().any(|query| query.layout.contains("ms"))
            })
        },
    },
    // 3.5 forgets to lay out a grouping behind an empty list of ignored labels.
    Known {
        name: "grouping that ignores nothing",
        applies: |_, theirs, ours| {
            both(theirs, ours).is_some_and(|(theirs, ours)| {
                theirs.tree == ours.tree
                    && ["ignoring () group_left", "ignoring () group_right"]
                        .iter()
                        .any(|words| ours.layout.contains(words))
            })
        },
    },
    // A label with a colon is written in quotes, as where labels are matched; and a word that is a
    // label only in quotes keeps them, or the layout could not be read.
    Known {
        name: "labels in quotes",
        applies: |_, theirs, ours| {
            both(theirs, ours).is_some_and(|(theirs, ours)| {
                theirs.tree == ours.tree
                    && ours.layout.len() > theirs.layout.len()
                    && without(theirs, &['"']) == without(ours, &['"'])
            })
        },
    },
];

/// What both make of it, where both take it.
fn both<'a>(theirs: &'a Parsed, ours: &'a Parsed) -> Option<(&'a Query, &'a Query)> {
    Some((theirs.as_ref().ok()?, ours.as_ref().ok()?))
}

/// How many operators the tree has; those of durations are none.
fn operators(query: &Query) -> usize {
    query.tree.to_string().matches("\"type\":\"binaryExpr\"").count()
}

/// The layout without these signs, and without blanks: longer lines break.
fn without(query: &Query, signs: &[char]) -> String {
    query.layout.replace(|c: char| c.is_whitespace() || signs.contains(&c), "")
}
