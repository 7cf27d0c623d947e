use super::*;

#[track_caller]
fn check(remark: Remark<'_>, is_warning: bool, expected: &str) {
    assert_eq!((remark.to_string().as_str(), remark.is_warning()), (expected, is_warning));
}

#[test]
fn metrics_are_named_where_they_are_known() {
    let text = "vector contains a mix of classic and native histograms";
    check(Remark::MixedClassicNative { metric: "" }, true, text);
    check(
        Remark::MixedClassicNative { metric: "h" },
        true,
        &format!("{text} for metric name \"h\""),
    );
    check(
        Remark::NotCounter { metric: "" },
        true,
        "this native histogram metric is not a counter: \"\"",
    );
}

#[test]
fn operands_and_operations_are_named() {
    let (lhs, rhs) = (Operand::Histogram, Operand::Float);
    check(
        Remark::IncompatibleTypes { lhs, operator: "+", rhs },
        false,
        "incompatible sample types encountered for binary operator \"+\": histogram + float",
    );
    check(
        Remark::ResetCollision(Operation::Aggregation),
        true,
        "conflicting counter resets during histogram aggregation",
    );
}

#[test]
fn repeated_overlaps_are_counted() {
    let text = "sample has start time that overlaps with previous sample timestamp for metric \
                \"c\"";
    check(Remark::StartTimeOverlap { metric: "c", count: 1 }, true, text);
    let text = format!("{text} (3 occurrences)");
    check(Remark::StartTimeOverlap { metric: "c", count: 3 }, true, &text);
}

#[test]
fn differences_of_forced_buckets_have_two_digits() {
    let check = |difference: f64, expected: &str| {
        let forced = Forced { lowest: 0.1, highest: 1e6, difference };
        let forced = ForcedSamples { first: 0, last: 60_000, forced, count: 2 };
        let expected = format!(
            "from buckets 0.1 to 1e+06, with a max diff of {expected}, over 2 samples from \
             1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z"
        );
        assert_eq!(forced.to_string(), expected);
    };
    check(0.125, "0.12");
    check(3.0, "3");
    check(99.4, "99");
    check(123.0, "1.2e+02");
    check(1.26e9, "1.3e+09");
}
