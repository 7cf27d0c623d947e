//! Since when counters count.

use super::bodies::{Message, body, histogram};
use super::*;

async fn world(extra: &str) -> World {
    let features = ScrapeFeatures { start_times_as_zeros: true, ..ScrapeFeatures::default() };
    World::of_one(extra, ScrapeSettings { features, ..ScrapeSettings::default() }).await
}

#[tokio::test]
async fn a_counter_is_zero_when_it_begins() {
    let world = world("").await;
    let body = "# TYPE x counter\nx_total 5\nx_created 999990\n# EOF\n";
    world.answer("a", Answer::OpenMetrics(body));
    world.advance(INTERVAL).await;
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x_total{$A} 0 5 5"]));
    assert_eq!(world.times(&lines(&["x_total{$A}"]))[0], 999_990_000);
    // It begins anew between two scrapes.
    world.answer(
        "a",
        Answer::OpenMetrics("# TYPE x counter\nx_total 3\nx_created 1000020.001\n# EOF\n"),
    );
    world.advance(INTERVAL).await;
    world.advance(INTERVAL).await;
    assert!(world.stored().ends_with(" 0 5 5 0 3 3"), "{}", world.stored());
    assert_eq!(world.counter("prometheus_target_scrapes_sample_out_of_order_total"), 0);
}

#[tokio::test]
async fn a_start_in_the_future_is_none() {
    let world = world("").await;
    let body = "# TYPE x counter\nx_total 5\nx_created 1000000000000\n# EOF\n";
    world.answer("a", Answer::OpenMetrics(body));
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x_total{$A} 5"]));
}

#[tokio::test]
async fn without_the_feature_starts_are_lines_like_others() {
    let world = World::with("").await;
    world.answer("a", Answer::OpenMetrics("# TYPE x counter\nx_total 5\nx_created 9\n# EOF\n"));
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x_created{$A} 9", "x_total{$A} 5"]));
}

#[tokio::test]
async fn a_histogram_begins_empty() {
    let world = world("scrape_native_histograms: true").await;
    let started = histogram(1, 2, &[]).with(15, &Message::new().number(1, 999_990));
    world.answer("a", Answer::Protobuf(body(&started)));
    world.advance(INTERVAL).await;
    let stored = world.stored();
    assert!(stored.starts_with(&lines(&["h{$A} {count:0, sum:0} {count:2, sum:1.5"])), "{stored}");
}
