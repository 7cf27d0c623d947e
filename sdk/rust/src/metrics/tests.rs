use expect_test::{Expect, expect};

use super::{Histogram, Metrics};

fn sample() -> Metrics {
    let mut metrics = Metrics::new();
    metrics.untyped("vmstat_pgfault", "From /proc/vmstat.").set(7_u64);
    metrics
        .counter("cpu_seconds_total", "Time \"spent\".")
        .unit("seconds")
        .sample(&[("cpu", "0"), ("mode", "a\"b\\c\nd")], 1.5)
        .sample(&[("cpu", "1"), ("mode", "user")], 1e21);
    metrics.counter("forks", "No suffix.").set(3_u64);
    let mut histogram = Histogram::new(&[1.0, 0.5]);
    for value in [0.2, 0.7, 9.0] {
        histogram.observe(value);
    }
    metrics.histogram("wait_seconds", "Waiting.").histogram(&[("q", "x")], &histogram);
    metrics.summary("took_seconds", "Took.").summary(&[("q", "x")], &[(0.5, 2.0)], 9.9, 3);
    metrics.gauge("never_set", "Has no samples.");
    metrics
}

#[track_caller]
fn check(body: Vec<u8>, expected: &Expect) {
    expected.assert_eq(&String::from_utf8(body).unwrap());
}

#[test]
fn text_keeps_names_and_sorts_families() {
    check(
        sample().text().body,
        &expect![[r##"
        # HELP cpu_seconds_total Time "spent".
        # TYPE cpu_seconds_total counter
        cpu_seconds_total{cpu="0",mode="a\"b\\c\nd"} 1.5
        cpu_seconds_total{cpu="1",mode="user"} 1e+21
        # HELP forks No suffix.
        # TYPE forks counter
        forks 3
        # HELP took_seconds Took.
        # TYPE took_seconds summary
        took_seconds{q="x",quantile="0.5"} 2
        took_seconds_sum{q="x"} 9.9
        took_seconds_count{q="x"} 3
        # HELP vmstat_pgfault From /proc/vmstat.
        # TYPE vmstat_pgfault untyped
        vmstat_pgfault 7
        # HELP wait_seconds Waiting.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{q="x",le="0.5"} 1
        wait_seconds_bucket{q="x",le="1.0"} 2
        wait_seconds_bucket{q="x",le="+Inf"} 3
        wait_seconds_sum{q="x"} 9.9
        wait_seconds_count{q="x"} 3
    "##]],
    );
}

#[test]
fn open_metrics_drops_total_from_the_family_and_adds_the_unit() {
    check(
        sample().open_metrics().body,
        &expect![[r##"
        # HELP cpu_seconds Time \"spent\".
        # TYPE cpu_seconds counter
        # UNIT cpu_seconds seconds
        cpu_seconds_total{cpu="0",mode="a\"b\\c\nd"} 1.5
        cpu_seconds_total{cpu="1",mode="user"} 1e+21
        # HELP forks No suffix.
        # TYPE forks unknown
        forks 3
        # HELP took_seconds Took.
        # TYPE took_seconds summary
        took_seconds{q="x",quantile="0.5"} 2
        took_seconds_sum{q="x"} 9.9
        took_seconds_count{q="x"} 3
        # HELP vmstat_pgfault From /proc/vmstat.
        # TYPE vmstat_pgfault unknown
        vmstat_pgfault 7
        # HELP wait_seconds Waiting.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{q="x",le="0.5"} 1
        wait_seconds_bucket{q="x",le="1.0"} 2
        wait_seconds_bucket{q="x",le="+Inf"} 3
        wait_seconds_sum{q="x"} 9.9
        wait_seconds_count{q="x"} 3
        # EOF
    "##]],
    );
}

#[test]
fn names_that_are_not_allowed_are_made_so() {
    let mut metrics = Metrics::new();
    metrics.gauge("9 lives(now)", "").sample(&[("a-b:c", "ü")], f64::NEG_INFINITY);
    metrics.gauge("", "").set(f64::NAN);
    check(
        metrics.text().body,
        &expect![[r##"
        # HELP _ 
        # TYPE _ gauge
        _ NaN
        # HELP _9_lives_now_ 
        # TYPE _9_lives_now_ gauge
        _9_lives_now_{a_b_c="ü"} -Inf
    "##]],
    );
}
