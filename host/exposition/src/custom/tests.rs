use crate::testing::show_with;
use crate::{Format, Options};

const CUSTOM: Options = Options {
    native_histograms: false,
    keep_classic: false,
    to_custom_buckets: true,
    type_and_unit: false,
    start_times: false,
};

#[track_caller]
fn text(body: &str, expected: &str) {
    assert_eq!(show_with(body.as_bytes(), Format::Text004, CUSTOM), expected);
}

#[track_caller]
fn open(body: &str, options: Options, expected: &str) {
    assert_eq!(show_with(body.as_bytes(), Format::OpenMetrics, options), expected);
}

#[test]
fn lines_that_follow_one_another_are_one_histogram() {
    text(
        "# TYPE h histogram\nh_bucket{a=\"b\",le=\"1\"} 1\nh_bucket{le=\"+Inf\",a=\"b\"} 3\n\
         h_sum{a=\"b\"} 4.5\nh_count{a=\"b\"} 3 7\nh_bucket{le=\"2\"} 1\nh_count 2\nx 1\n",
        "type h: histogram\n\
         h{a=\"b\"} {count:3, sum:4.5, [-Inf,1]:1, (1,+Inf]:2} @7\n\
         h {count:2, sum:0, [-Inf,2]:1, (2,+Inf]:1}\n\
         x 1",
    );
}

#[test]
fn the_end_and_metadata_end_a_histogram() {
    text(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE i histogram\ni_count 2\n",
        "type h: histogram\nh {count:1, sum:0, [-Inf,1]:1}\ntype i: histogram\n\
         i {count:2, sum:0, [-Inf,+Inf]:2}",
    );
}

#[test]
fn other_families_and_other_names_are_left_alone() {
    text(
        "# TYPE h histogram\nh_created 5\nh_bucket 1\nhh_count 1\nh 3\n# TYPE g gauge\ng_count 1\n",
        "type h: histogram\nh_created 5\nh_bucket 1\nhh_count 1\nh 3\ntype g: gauge\ng_count 1",
    );
}

#[test]
fn what_contradicts_itself_is_no_histogram() {
    text(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nx 1\n\
         h_bucket{le=\"+Inf\"} 2\nh_count 3\n",
        "type h: histogram\nx 1",
    );
    text(
        "# TYPE h histogram\nh_count 0.5\n",
        "type h: histogram\nh {count:0.5, sum:0, [-Inf,+Inf]:0.5}",
    );
}

#[test]
fn classic_series_may_be_kept() {
    let kept = Options { keep_classic: true, ..CUSTOM };
    open(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_bucket{le=\"1\",a=\"b\"} 2\n# EOF\n",
        kept,
        "type h: histogram\nh_bucket{le=\"1.0\"} 1\nh_count 1\nh {count:1, sum:0, [-Inf,1]:1}\n\
         h_bucket{a=\"b\", le=\"1.0\"} 2\nh{a=\"b\"} {count:2, sum:0, [-Inf,1]:2}",
    );
}

#[test]
fn exemplars_and_start_are_those_of_the_lines() {
    let options = Options { start_times: true, ..CUSTOM };
    open(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {a=\"b\"} 0.5 1\nh_bucket{le=\"2\"} 1\n\
         h_bucket{le=\"3\"} 2 # {a=\"c\"} 2.5\nh_count 2\nh_created 9\n# EOF\n",
        options,
        "type h: histogram\nh {count:2, sum:0, [-Inf,1]:1, (2,3]:1} from 9000 # {a=\"b\"} 0.5 @1000 # {a=\"c\"} 2.5",
    );
}
