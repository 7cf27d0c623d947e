//! What explained queries show.

use super::*;

/// A plan as a tree of lines.
fn show_plan(node: &PlanNode, depth: usize, text: &mut String) {
    let PlanNode { operator, detail, cost, .. } = node;
    let indent = "  ".repeat(depth);
    write!(text, "{indent}{operator} {detail}: {} series, {} rows", cost.series, cost.rows)
        .unwrap();
    if let Some(actual) = node.actual {
        let crate::Actual { rows, values, samples, .. } = actual;
        write!(text, "; came: {rows} rows, {values} values, {samples} samples").unwrap();
    }
    text.push('\n');
    for input in &node.inputs {
        show_plan(input, depth + 1, text);
    }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
fn check_plan(query: &str, run: bool, expected: Expect) {
    let engine =
        Engine::new(EngineConfig::default(), Arc::new(crowd()), Clock::real(), &Metrics::new());
    let (start, end) = (Timestamp::from_millis(600_000), Timestamp::from_millis(1_200_000));
    let times = Times::Range { start, end, step: Duration::from_secs(60) };
    let explanation = engine.explain(query, times, run, &QueryOptions::default()).unwrap();
    assert_eq!(explanation.stats.is_some(), run);
    let mut text = String::new();
    show_plan(&explanation.root, 0, &mut text);
    expected.assert_eq(&text);
}

#[test]
fn plans_show_what_is_expected() {
    check_plan(
        "topk(3, sum by (job) (rate(work_total{instance=~\"1.*\"}[5m]))) / on (job) group_left \
         count by (job) (work_total offset 5m > 10)",
        false,
        expect![[r#"
            Join / on (job) group_left (): 411 series, 7 rows
              Choose topk: 111 series, 7 rows
                Aggregate sum by (job): 111 series, 7 rows
                  Window rate over 5m of {instance=~"1.*",__name__="work_total"}: 111 series, 111 rows
              Aggregate count by (job): 300 series, 7 rows
                Arithmetic vector > number: 300 series, 300 rows
                  Select {__name__="work_total"} offset 5m: 300 series, 300 rows
        "#]],
    );
    check_plan(
        "histogram_quantile(0.9, work_total) or label_replace(absent(nope), \"a\", \"b\", \"\", \"\")",
        false,
        expect![[r#"
            Set or: 300 series, 301 rows
              Histogram quantile: 300 series, 300 rows
                Select {__name__="work_total"}: 300 series, 300 rows
              Relabel label_replace to a: 0 series, 1 rows
                Absent {}: 0 series, 1 rows
                  Select {__name__="nope"}: 0 series, 0 rows
        "#]],
    );
    check_plan(
        "max_over_time(sum(work_total)[5m:1m]) + scalar(work_total)",
        false,
        expect![[r#"
        Arithmetic vector + number: 600 series, 1 rows
          Window max_over_time over 5m of a subquery every 1m: 300 series, 1 rows
            Aggregate sum: 300 series, 1 rows
              Select {__name__="work_total"}: 300 series, 300 rows
          Select {__name__="work_total"}: 300 series, 300 rows
    "#]],
    );
}

#[test]
fn plans_show_what_came() {
    check_plan(
        "sum by (job) (rate(work_total[5m])) > 1e9 or -work_total{job=\"6\"}",
        true,
        expect![[r#"
            Set or: 342 series, 49 rows; came: 42 rows, 462 values, 20520 samples
              Arithmetic vector > number: 300 series, 7 rows; came: 0 rows, 0 values, 18000 samples
                Aggregate sum by (job): 300 series, 7 rows; came: 7 rows, 77 values, 18000 samples
                  Window rate over 5m of {__name__="work_total"}: 300 series, 300 rows; came: 300 rows, 3300 values, 18000 samples
              Map -: 42 series, 42 rows; came: 42 rows, 462 values, 2520 samples
                Select {job="6",__name__="work_total"}: 42 series, 42 rows; came: 42 rows, 462 values, 2520 samples
        "#]],
    );
}
