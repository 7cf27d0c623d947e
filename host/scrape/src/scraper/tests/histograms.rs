//! Native histograms, exposed or made of classic ones.

use super::bodies::{Message, body, histogram};
use super::*;

const NATIVE: &str = "scrape_native_histograms: true";

/// What a job stores of a target that answers so twice, with another observation the second time.
async fn stored(extra: &str, bounds: &[f64]) -> String {
    let world = World::with(extra).await;
    for per_bucket in [1, 2] {
        world.answer("a", Answer::Protobuf(body(&histogram(per_bucket, 2, bounds))));
        world.advance(INTERVAL).await;
    }
    assert_eq!(world.error(), "", "{extra}");
    world.stored()
}

const AS_NATIVE: &str = "h{$A} {count:2, sum:1.5, (0.9170040432046711,1]:1, (1,1.0905077326652577]:1} \
                         {count:4, sum:1.5, (0.9170040432046711,1]:2, (1,1.0905077326652577]:2}";
const AS_CUSTOM: &str = "h{$A} {count:2, sum:1.5, [-Inf,5]:2} {count:4, sum:1.5, [-Inf,5]:4}";
const AS_CLASSIC: &str = "h_bucket{$A, le=\"+Inf\"} 2 4\nh_bucket{$A, le=\"5.0\"} 2 4\n\
                          h_count{$A} 2 4\nh_sum{$A} 1.5 1.5";

#[tokio::test]
async fn what_becomes_of_a_histogram_is_the_jobs_to_say() {
    let native = lines(&[AS_NATIVE]);
    let custom = lines(&[AS_CUSTOM]);
    let classic = lines(&[AS_CLASSIC]);
    let both = |one: &str| format!("{one}\n{classic}");
    let keys = |keys: &[&str]| keys.join("\n");
    let (to_custom, classic_too) =
        ("convert_classic_histograms_to_nhcb: true", "always_scrape_classic_histograms: true");
    for (extra, bounds, expected) in [
        (keys(&[]), &[5.0][..], classic.clone()),
        (keys(&[NATIVE]), &[5.0], native.clone()),
        (keys(&[NATIVE]), &[], native.clone()),
        (keys(&[NATIVE, classic_too]), &[5.0], both(&native)),
        (keys(&[NATIVE, classic_too]), &[], native.clone()),
        (keys(&[NATIVE, to_custom]), &[5.0], native.clone()),
        (keys(&[to_custom]), &[5.0], custom.clone()),
        (keys(&[to_custom, classic_too]), &[5.0], both(&custom)),
    ] {
        assert_eq!(stored(&extra, bounds).await, expected, "{extra:?} {bounds:?}");
    }
}

#[tokio::test]
async fn text_becomes_native_too() {
    let world = World::with("convert_classic_histograms_to_nhcb: true").await;
    let text = "# TYPE h histogram\nh_bucket{le=\"5\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\n\
                h_count 2\nx 1\n";
    world.scrape("a", text).await;
    world.scrape("a", text).await;
    world.scrape("a", "x 2\n").await;
    let one = "{count:2, sum:1.5, [-Inf,5]:2}";
    assert_eq!(world.stored(), lines(&[&format!("h{{$A}} {one} {one} S"), "x{$A} 1 1 2"]));
    let counts = world.read(|name| name == "scrape_samples_scraped");
    assert!(counts.ends_with(" 2 2 1"), "{counts}");
}

#[tokio::test]
async fn a_histogram_is_ended_as_one() {
    let fractional = Message::new()
        .double(4, 2.0)
        .double(2, 1.5)
        .signed(5, 0)
        .with(12, &Message::new().signed(1, 0).number(2, 1));
    let mut counts = Vec::new();
    counts.extend_from_slice(&2.0_f64.to_le_bytes());
    let fractional = fractional.bytes(14, &counts);
    for (answer, is_integer) in [(histogram(1, 2, &[]), true), (fractional, false)] {
        let world = World::with(NATIVE).await;
        world.answer("a", Answer::Protobuf(body(&answer)));
        world.advance(INTERVAL).await;
        assert_eq!(world.error(), "");
        world.answer("a", Answer::Error("gone"));
        world.advance(INTERVAL).await;
        let querier = world.store.querier(TimeRange::ALL).unwrap();
        let mut columns = Columns::default();
        let series = querier.select(&[]).unwrap();
        let series = series.iter().find(|one| one.labels().metric_name() == Some("h"));
        series.unwrap().read(TimeRange::ALL, &mut columns).unwrap();
        assert!(columns.values.is_empty());
        let points = &columns.histograms;
        let kinds = points.iter().map(|point| {
            let is_integer = matches!(*point.histogram, narthex_model::NativeHistogram::Integer(_));
            (is_integer, point.histogram.is_stale())
        });
        assert_eq!(kinds.collect::<Vec<_>>(), [(is_integer, false), (is_integer, true)]);
    }
}

#[tokio::test]
async fn a_job_bounds_how_fine_a_histogram_is() {
    for (keys, schema) in [
        ("native_histogram_bucket_limit: 8", 3),
        ("native_histogram_bucket_limit: 5", 2),
        ("native_histogram_min_bucket_factor: 2", 0),
    ] {
        let world = World::with(&format!("{NATIVE}\n{keys}")).await;
        world.answer("a", Answer::Protobuf(body(&histogram(1, 8, &[]))));
        world.advance(INTERVAL).await;
        let querier = world.store.querier(TimeRange::ALL).unwrap();
        let mut columns = Columns::default();
        querier.select(&[]).unwrap()[0].read(TimeRange::ALL, &mut columns).unwrap();
        assert_eq!(columns.histograms[0].histogram.layout().schema, schema, "{keys}");
    }
}

#[tokio::test]
async fn too_many_buckets_fail_the_scrape() {
    let keys = "convert_classic_histograms_to_nhcb: true\nnative_histogram_bucket_limit: 1";
    let world = World::with(keys).await;
    world.scrape("a", "x 1\n").await;
    let text = "# TYPE h histogram\nh_bucket{le=\"5\"} 1\nh_bucket{le=\"6\"} 2\nh_bucket{le=\"+Inf\"} 2\n\
                h_sum 1.5\nh_count 2\nx 1\n";
    world.scrape("a", text).await;
    let error = world.error();
    assert!(error.starts_with("histogram bucket limit exceeded: 1 histograms"), "{error}");
    assert_eq!(world.stored(), lines(&["x{$A} 1 S"]));
    let exceeded = "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total";
    assert_eq!(world.counter(exceeded), 1);
    let counted = world.read(|name| name == "scrape_samples_post_metric_relabeling");
    assert!(counted.ends_with(" 1 2"), "{counted}");
}

#[tokio::test]
async fn a_target_may_say_what_its_job_does_not() {
    let rules =
        "relabel_configs: [{target_label: __scrape_native_histograms__, replacement: 'true'}]";
    assert_eq!(stored(rules, &[5.0]).await, lines(&[AS_NATIVE]));
}

#[tokio::test]
async fn exemplars_of_a_histogram_need_times_but_no_order() {
    let exemplar = |value: f64, at: Option<u64>| {
        let label = Message::new().text(1, "id").text(2, "x");
        let exemplar = Message::new().with(1, &label).double(2, value);
        match at {
            Some(at) => exemplar.with(3, &Message::new().number(1, at)),
            None => exemplar,
        }
    };
    let mut one = histogram(1, 2, &[]);
    for (value, at) in [(1.0, Some(9)), (2.0, None), (3.0, Some(7))] {
        one = one.with(16, &exemplar(value, at));
    }
    let world = World::with(NATIVE).await;
    world.answer("a", Answer::Protobuf(body(&one)));
    world.advance(INTERVAL).await;
    let found = world.store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    let times = found[0].exemplars.iter().map(|one| (one.at.millis(), one.value));
    assert_eq!(times.collect::<Vec<_>>(), [(7000, 3.0), (9000, 1.0)]);
}
