use std::cell::Cell;

use super::*;
use crate::remarks::Operation;

const TEXT: &str = "rate(a[5m]) + rate(b[5m])";

#[test]
fn a_remark_is_put_into_words_once_however_often_it_comes_up() {
    let (annotations, written) = (Annotations::default(), Cell::new(0));
    let span = Span::new(5, 6);
    for metric in ["a", "b", "a", "a", "b"] {
        let remark = Remark::PossibleNonCounter { metric };
        annotations.add_new(remark.key(span), remark.is_warning(), || {
            written.set(written.get() + 1);
            annotation(TEXT, span, remark)
        });
    }
    assert_eq!(written.get(), 2);
    assert_eq!(annotations.take(TEXT).1.len(), 2);
}

#[test]
fn remarks_are_the_same_when_kind_place_and_arguments_are() {
    let (here, there) = (Span::new(0, 1), Span::new(0, 2));
    let remarks = [
        (Remark::InvalidQuantile(1.5), here),
        (Remark::InvalidQuantile(1.5), there),
        (Remark::InvalidQuantile(2.5), here),
        (Remark::NotCounter { metric: "a" }, here),
        (Remark::NotGauge { metric: "a" }, here),
        (Remark::NotGauge { metric: "b" }, here),
        (Remark::BadBucketLabel { metric: "a", bound: "bc" }, here),
        (Remark::BadBucketLabel { metric: "ab", bound: "c" }, here),
        (Remark::ResetCollision(Operation::Addition), here),
        (Remark::BoundsReconciled(Operation::Addition), here),
        (Remark::BoundsReconciled(Operation::Subtraction), here),
    ];
    let keys: Vec<u64> = remarks.iter().map(|(remark, span)| remark.key(*span)).collect();
    let again = remarks.iter().map(|(remark, span)| remark.key(*span));
    assert!(again.eq(keys.iter().copied()));
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), remarks.len());
}

#[test]
fn a_text_stands_once_where_it_came_up_last() {
    let annotations = Annotations::default();
    for span in [Span::new(14, 24), Span::new(0, 11), Span::new(14, 24)] {
        annotations.add(TEXT, span, Remark::NotCounter { metric: "a" });
        annotations.add(TEXT, span, Remark::StartTimeOverlap { metric: "a", count: 2 });
    }
    let (warnings, infos) = annotations.take(TEXT);
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "PromQL warning: sample has start time that overlaps with previous sample timestamp \
             for metric \"a\" (6 occurrences) (1:15)",
            "PromQL warning: this native histogram metric is not a counter: \"a\" (1:15)",
        ]
    );
    assert!(infos.is_empty());
    assert_eq!(annotations.take(TEXT), (Vec::new(), Vec::new()));
}
