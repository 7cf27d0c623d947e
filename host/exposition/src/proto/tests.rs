use narthex_model::protobuf::{push_bytes, push_double, push_number, push_varint, to_zigzag_64};

use crate::testing::show_with;
use crate::{Format, Options};

/// A message in the making.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn new() -> Self {
        Self::default()
    }

    fn text(mut self, field: u64, text: &str) -> Self {
        push_bytes(field, text.as_bytes(), &mut self.0);
        self
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        push_number(field, number, &mut self.0);
        self
    }

    fn signed(self, field: u64, number: i64) -> Self {
        self.number(field, to_zigzag_64(number))
    }

    fn double(mut self, field: u64, number: f64) -> Self {
        push_double(field, number, &mut self.0);
        self
    }

    fn with(mut self, field: u64, inner: &Self) -> Self {
        push_bytes(field, &inner.0, &mut self.0);
        self
    }

    fn packed(mut self, field: u64, numbers: &[i64]) -> Self {
        let mut packed = Vec::new();
        numbers.iter().for_each(|number| push_varint(to_zigzag_64(*number), &mut packed));
        push_bytes(field, &packed, &mut self.0);
        self
    }

    fn label(self, name: &str, value: &str) -> Self {
        self.with(1, &Self::new().text(1, name).text(2, value))
    }
}

fn family(name: &str, code: u64) -> Message {
    Message::new().text(1, name).text(2, "Helps.").number(3, code)
}

fn time(seconds: u64) -> Message {
    Message::new().number(1, seconds).number(2, 500_000_000)
}

fn exemplar(value: f64, at: Option<u64>) -> Message {
    let exemplar = Message::new().label("id", "x").double(2, value);
    match at {
        Some(at) => exemplar.with(3, &time(at)),
        None => exemplar,
    }
}

fn delimited(families: &[Message]) -> Vec<u8> {
    let mut body = Vec::new();
    for Message(family) in families {
        push_varint(family.len() as u64, &mut body);
        body.extend_from_slice(family);
    }
    body
}

#[track_caller]
fn check(families: &[Message], options: Options, expected: &str) {
    assert_eq!(show_with(&delimited(families), Format::Protobuf, options), expected);
}

const NATIVE: Options = Options {
    native_histograms: true,
    keep_classic: false,
    to_custom_buckets: false,
    type_and_unit: false,
    start_times: false,
};

#[test]
fn numbers() {
    let counter = Message::new().double(1, 2.5).with(2, &exemplar(1.0, Some(3))).with(3, &time(4));
    let counter = Message::new().label("a", "b").label("c", "").with(3, &counter).number(6, 9);
    let gauge = |value| Message::new().with(2, &Message::new().double(1, value));
    let untyped = Message::new().with(5, &Message::new().double(1, 7.0));
    check(
        &[
            family("c_total", 0).with(4, &counter).text(5, "seconds"),
            family("g", 1).with(4, &gauge(1.0)).with(4, &gauge(f64::NAN)),
            family("empty", 9),
            family("u", 3).with(4, &untyped),
            family("a.b", 1).with(4, &Message::new()),
        ],
        Options::default(),
        "help c_total: Helps.\nunit c_total: seconds\ntype c_total: counter\n\
         c_total{a=\"b\"} 2.5 @9 from 4500 # {id=\"x\"} 1 @3500\n\
         help g: Helps.\ntype g: gauge\ng 1\ng NaN\n\
         help u: Helps.\ntype u: unknown\nu 7\n\
         help a.b: Helps.\ntype a.b: gauge\n{\"a.b\"} 0",
    );
}

#[test]
fn a_staleness_marker_is_an_ordinary_nan() {
    let stale = Message::new().with(2, &Message::new().double(1, narthex_model::stale_nan()));
    let body = delimited(&[family("g", 1).with(4, &stale)]);
    let mut parser = crate::Parser::new(&body, Format::Protobuf);
    while let Some(entry) = parser.next_entry().unwrap() {
        if let crate::Entry::Sample(sample) = entry {
            assert!(sample.reading.value.is_nan());
            assert!(!narthex_model::is_stale(sample.reading.value));
        }
    }
}

#[test]
fn summaries() {
    let quantile = |at, value| Message::new().double(1, at).double(2, value);
    let summary = Message::new().number(1, 3).double(2, 4.5).with(3, &quantile(0.5, 1.0));
    let summary = summary.with(3, &quantile(1.0, 2.0)).with(4, &time(1));
    check(
        &[family("s", 2).with(4, &Message::new().with(4, &summary)).with(4, &Message::new())],
        Options::default(),
        "help s: Helps.\ntype s: summary\ns_count 3 from 1500\ns_sum 4.5 from 1500\n\
         s{quantile=\"0.5\"} 1 from 1500\ns{quantile=\"1.0\"} 2 from 1500\ns_count 0\ns_sum 0",
    );
}

fn classic() -> Message {
    let bucket = |bound, count| Message::new().number(1, count).double(2, bound);
    let fractional = Message::new().double(4, 2.5).double(2, 2.0);
    Message::new()
        .number(1, 4)
        .double(2, 4.5)
        .with(3, &bucket(1.0, 1).with(3, &exemplar(0.5, None)))
        .with(3, &fractional.with(3, &exemplar(1.5, Some(6))))
}

#[test]
fn classic_histograms() {
    let infinite = Message::new().number(1, 4).double(2, f64::INFINITY);
    let whole = Message::new().label("a", "b").with(7, &classic().with(3, &infinite));
    check(
        &[family("h", 4).with(4, &Message::new().with(7, &classic())).with(4, &whole)],
        NATIVE,
        "help h: Helps.\ntype h: histogram\nh_count 4\nh_sum 4.5\n\
         h_bucket{le=\"1.0\"} 1 # {id=\"x\"} 0.5\nh_bucket{le=\"2.0\"} 2.5 # {id=\"x\"} 1.5 @6500\n\
         h_bucket{le=\"+Inf\"} 4\n\
         h_count{a=\"b\"} 4\nh_sum{a=\"b\"} 4.5\n\
         h_bucket{a=\"b\", le=\"1.0\"} 1 # {id=\"x\"} 0.5\n\
         h_bucket{a=\"b\", le=\"2.0\"} 2.5 # {id=\"x\"} 1.5 @6500\nh_bucket{a=\"b\", le=\"+Inf\"} 4",
    );
}

#[test]
fn classic_histograms_become_custom_ones() {
    let to_custom = Options { to_custom_buckets: true, ..NATIVE };
    let families = [family("h", 5).with(4, &Message::new().with(7, &classic()))];
    let native = "h {count:4, sum:4.5, [-Inf,1]:1, (1,2]:1.5, (2,+Inf]:1.5} # {id=\"x\"} 1.5 @6500";
    check(&families, to_custom, &format!("help h: Helps.\ntype h: gaugehistogram\n{native}"));
    let kept = Options { keep_classic: true, ..to_custom };
    check(
        &families,
        kept,
        &format!(
            "help h: Helps.\ntype h: gaugehistogram\nh_count 4\nh_sum 4.5\n\
             h_bucket{{le=\"1.0\"}} 1 # {{id=\"x\"}} 0.5\n\
             h_bucket{{le=\"2.0\"}} 2.5 # {{id=\"x\"}} 1.5 @6500\nh_bucket{{le=\"+Inf\"}} 4\n{native}"
        ),
    );
}

fn native() -> Message {
    let span = |offset, length| Message::new().signed(1, offset).number(2, length);
    Message::new()
        .number(1, 8)
        .double(2, 18.5)
        .signed(5, 0)
        .double(6, 0.001)
        .number(7, 2)
        .with(12, &span(0, 2))
        .with(12, &span(1, 1))
        .packed(13, &[1, 1, -1])
        .with(9, &span(0, 1))
        .signed(10, 2)
        .with(15, &time(3))
}

#[test]
fn native_histograms() {
    let shown = "{count:8, sum:18.5, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:2, (4,8]:1}";
    let shown = shown.replace("[-2,-1)", "[-1,-0.5)");
    let families = [family("h", 4).with(4, &Message::new().label("a", "b").with(7, &native()))];
    check(
        &families,
        NATIVE,
        &format!("help h: Helps.\ntype h: histogram\nh{{a=\"b\"}} {shown} from 3500"),
    );
    // Left out, there is still what it says in the classic way.
    check(
        &families,
        Options::default(),
        "help h: Helps.\ntype h: histogram\nh_count{a=\"b\"} 8 from 3500\n\
         h_sum{a=\"b\"} 18.5 from 3500\nh_bucket{a=\"b\", le=\"+Inf\"} 8 from 3500",
    );
}

#[test]
fn native_histograms_have_exemplars_with_times_only() {
    let exemplars = native().with(16, &exemplar(1.0, None)).with(16, &exemplar(2.0, Some(1)));
    let families =
        |histogram: &Message| [family("h", 4).with(4, &Message::new().with(7, histogram))];
    let shown = |families: &[Message]| show_with(&delimited(families), Format::Protobuf, NATIVE);
    let own = shown(&families(&exemplars));
    assert!(own.ends_with("from 3500 # {id=\"x\"} 2 @1500"), "{own}");
    // Without any of its own, those of the classic buckets stand in.
    let bucket = Message::new().number(1, 4).double(2, 1.0).with(3, &exemplar(3.0, Some(2)));
    let classic = shown(&families(&native().with(3, &bucket)));
    assert!(classic.ends_with("from 3500 # {id=\"x\"} 3 @2500"), "{classic}");
    let kept = Options { keep_classic: true, ..NATIVE };
    let both = show_with(&delimited(&families(&native().with(3, &bucket))), Format::Protobuf, kept);
    assert!(both.ends_with("\nh_bucket{le=\"+Inf\"} 8 from 3500"), "{both}");
}

#[test]
fn fractional_and_gauge_histograms() {
    let span = Message::new().signed(1, 0).number(2, 2);
    let fractional = Message::new()
        .double(4, 1.5)
        .double(2, 2.0)
        .with(12, &span)
        .double(14, 0.5)
        .double(14, 1.0);
    let body = delimited(&[family("h", 5).with(4, &Message::new().with(7, &fractional))]);
    let mut parser = crate::Parser::with_options(&body, Format::Protobuf, NATIVE);
    let mut found = None;
    while let Some(entry) = parser.next_entry().unwrap() {
        if let crate::Entry::Histogram(sample) = entry {
            found = Some(sample.reading.value);
        }
    }
    let Some(narthex_model::NativeHistogram::Float(histogram)) = found.map(|it| *it) else {
        panic!("a histogram of fractions");
    };
    assert_eq!(histogram.positive_counts, [0.5, 1.0]);
    assert_eq!(histogram.reset, narthex_model::CounterReset::Gauge);
}

#[test]
fn an_empty_span_makes_a_histogram_native() {
    let empty = Message::new().with(12, &Message::new());
    check(
        &[family("h", 4).with(4, &Message::new().with(7, &empty))],
        NATIVE,
        "help h: Helps.\ntype h: histogram\nh {count:0, sum:0}",
    );
}

#[test]
fn type_and_unit_become_labels() {
    let gauge = Message::new().label("__unit__", "x").label("__type__", "y");
    let options = Options { type_and_unit: true, ..NATIVE };
    check(
        &[family("g", 1).with(4, &gauge), family("u", 3).with(4, &gauge).text(5, "s")],
        options,
        "help g: Helps.\ntype g: gauge\ng{__type__=\"gauge\", __unit__=\"x\"} 0\n\
         help u: Helps.\nunit u: s\ntype u: unknown\nu{__type__=\"y\", __unit__=\"s\"} 0",
    );
}

#[test]
fn errors_say_where() {
    let gauge = |metric: &Message| family("g", 1).with(4, metric);
    let fail = |families: &[Message], expected: &str| {
        let shown = show_with(&delimited(families), Format::Protobuf, NATIVE);
        assert_eq!(shown.lines().last(), Some(expected));
    };
    let good = gauge(&Message::new());
    fail(
        &[good.clone(), family("", 1).with(4, &Message::new())],
        "the message at byte 16: a metric family has no name",
    );
    fail(
        &[family("x", 7).with(4, &Message::new())],
        "the message at byte 0: x is of the unknown type 7",
    );
    fail(&[gauge(&Message::new().label("", "x"))], "a label of g has no name 0");
    fail(
        &[gauge(&Message::new().label("a", "1").label("a", "2"))],
        "label \"a\" stands twice in one series 0",
    );
    let short = Message::new().with(12, &Message::new().number(2, 3)).packed(13, &[1]);
    fail(
        &[family("h", 4).with(4, &Message::new().with(7, &short))],
        "the message at byte 0: h: the positive spans cover 3 buckets, but 1 are given",
    );
    let many = Message::new().packed(13, &vec![0; 70_000]).with(12, &Message::new());
    fail(
        &[family("h", 4).with(4, &Message::new().with(7, &many))],
        "the message at byte 0: a histogram has more than 65536 buckets or spans",
    );
    let mut cut = delimited(&[good]);
    cut.pop();
    assert_eq!(
        show_with(&cut, Format::Protobuf, NATIVE),
        "the message at byte 0: it ends within a field"
    );
}

#[test]
fn keys_tell_series_apart() {
    let bucket = |bound| Message::new().number(1, 1).double(2, bound);
    let histogram = Message::new().with(3, &bucket(1.0)).with(3, &bucket(2.0));
    let metric = |value: &str| Message::new().label("a", value).with(7, &histogram);
    let body = delimited(&[
        family("h", 4).with(4, &metric("x")).with(4, &metric("y")),
        family("i", 4).with(4, &metric("x")),
    ]);
    let keys = || {
        let mut parser = crate::Parser::new(&body, Format::Protobuf);
        let mut keys = Vec::new();
        while let Some(entry) = parser.next_entry().unwrap() {
            if let crate::Entry::Sample(sample) = entry {
                keys.push(sample.series.key());
            }
        }
        keys
    };
    let first = keys();
    assert_eq!(first, keys());
    let distinct: std::collections::HashSet<u128> = first.iter().copied().collect();
    assert_eq!((first.len(), distinct.len()), (15, 15));
}
