use crate::testing::show_with;
use crate::{Format, Options};

#[track_caller]
fn starts(body: &str, expected: &str) {
    let options = Options { start_times: true, ..Options::default() };
    assert_eq!(show_with(body.as_bytes(), Format::OpenMetrics, options), expected);
}

#[track_caller]
fn typed(body: &str, format: Format, expected: &str) {
    let options = Options { type_and_unit: true, ..Options::default() };
    assert_eq!(show_with(body.as_bytes(), format, options), expected);
}

#[test]
fn a_line_behind_says_since_when_a_series_counts() {
    starts(
        "# TYPE a counter\na_total{x=\"1\",y=\"2\"} 1\na_created{y=\"2\",x=\"1\"} 1.5\n\
         a_total{x=\"2\"} 2\na_total{x=\"3\"} 3\na_created{x=\"3\"} 3\n# EOF\n",
        "type a: counter\na_total{x=\"1\", y=\"2\"} 1 from 1500\na_total{x=\"2\"} 2\n\
         a_total{x=\"3\"} 3 from 3000",
    );
}

#[test]
fn all_lines_of_a_metric_share_their_start() {
    starts(
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 2\ns_created 7\ns_sum 3\n\
         # TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_created 8\nh_sum 2\n# EOF\n",
        "type s: summary\ns{quantile=\"0.5\"} 1 from 7000\ns_count 2 from 7000\ns_sum 3 from 7000\n\
         type h: histogram\nh_bucket{le=\"1.0\"} 1 from 8000\nh_count 1 from 8000\nh_sum 2 from 8000",
    );
}

#[test]
fn a_start_does_not_reach_into_another_family() {
    starts(
        "# TYPE a counter\na_total 1\n# TYPE b counter\nb_total 1\nb_created 2\n\
         # TYPE c counter\nc_total 1\n# TYPE g gauge\ng_created 4\n# EOF\n",
        "type a: counter\na_total 1\ntype b: counter\nb_total 1 from 2000\n\
         type c: counter\nc_total 1\ntype g: gauge\ng_created 4",
    );
}

#[test]
fn quoted_names_have_starts() {
    starts(
        "# TYPE \"a.b\" counter\n{\"a.b_total\",x=\"y\"} 1\n{\"a.b_created\",x=\"y\"} 2\n# EOF\n",
        "type a.b: counter\n{\"a.b_total\", x=\"y\"} 1 from 2000",
    );
}

#[test]
fn unasked_starts_are_series() {
    let body = b"# TYPE a counter\na_total 1\na_created 2\n# EOF\n";
    assert_eq!(
        show_with(body, Format::OpenMetrics, Options::default()),
        "type a: counter\na_total 1\na_created 2"
    );
}

#[test]
fn type_and_unit_become_labels() {
    typed(
        "# TYPE a_s counter\n# UNIT a_s s\na_s_total{__type__=\"x\",__unit__=\"y\"} 1\n\
         # TYPE b gauge\nb{__unit__=\"y\"} 1\n# TYPE u unknown\nu{__type__=\"x\"} 1\n# EOF\n",
        Format::OpenMetrics,
        "type a_s: counter\nunit a_s: s\na_s_total{__type__=\"counter\", __unit__=\"s\"} 1\n\
         type b: gauge\nb{__type__=\"gauge\", __unit__=\"y\"} 1\n\
         type u: unknown\nu{__type__=\"x\"} 1",
    );
    typed(
        "x 1\n# TYPE a gauge\na 1\n",
        Format::Text004,
        "x 1\ntype a: gauge\na{__type__=\"gauge\"} 1",
    );
}
