//! What a body may make the program do and keep.

use super::*;

/// Why the scrape of a body fails.
async fn error_of(extra: &str, body: String) -> (World, String) {
    let world = World::with(extra).await;
    world.scrape("a", body.leak()).await;
    // A large body is parsed on another thread.
    while world.scraper.targets()[0].active[0].last_scrape.is_none() {
        tokio::task::yield_now().await;
    }
    let error = world.error();
    (world, error)
}

#[tokio::test]
async fn a_line_of_a_million_labels_is_refused_at_once() {
    let labels: Vec<String> = (0..1_000_000).map(|index| format!("l{index}=\"1\"")).collect();
    let (world, error) = error_of("", format!("x{{{}}} 1\n", labels.join(","))).await;
    assert_eq!(error, "a series has more than 1024 labels");
    assert_eq!(world.stored(), "");
}

#[tokio::test]
async fn labels_of_a_megabyte_are_refused_whoever_makes_them() {
    let longest = "labels of a series are longer than 1048576 bytes";
    let (_, error) = error_of("", format!("x{{a=\"{}\"}} 1\n", "v".repeat(1 << 20))).await;
    assert!(error.contains(longest), "{error}");
    let half = "v".repeat(600_000);
    let (world, error) = error_of("", format!("x{{a=\"{half}\"}} 1\n")).await;
    assert_eq!((error.as_str(), world.stored().is_empty()), ("", false));
    let twice =
        "metric_relabel_configs: [{source_labels: [a], target_label: a, replacement: $1$1}]";
    let (world, error) = error_of(twice, format!("x{{a=\"{half}\"}} 1\n")).await;
    assert!(error.contains(longest), "{error}");
    assert_eq!(world.stored(), "");
}

#[tokio::test]
async fn what_a_target_says_of_families_is_bounded() {
    let exceeded = "metadata of more than 100000 families, or in more than 33554432 bytes";
    let mut many = String::new();
    for family in 0..200_000 {
        many.push_str(&format!("# HELP a{family} x\n"));
    }
    let (world, error) = error_of("", many).await;
    assert_eq!(error, exceeded);
    assert_eq!(world.counter("narthex_scrapes_exceeded_metadata_limit_total"), 1);
    let repeated = "# HELP a x\n# HELP b x\n".repeat(100_000);
    assert_eq!(error_of("", repeated).await.1, exceeded);
    let long = format!("# HELP a {}\n", "x".repeat(32 << 20));
    assert_eq!(error_of("", long).await.1, exceeded);
}

#[tokio::test]
async fn a_reason_is_cut_before_it_is_kept() {
    let world = World::with("scrape_failure_log_file: /f.log").await;
    world.answer("a", Answer::Error("é".repeat(1 << 20).leak()));
    world.advance(INTERVAL).await;
    let error = world.error();
    assert!(error.starts_with("exporter plugin script: é") && error.ends_with("é…"), "{error}");
    assert_eq!(error.chars().count(), 501);
    let failures = Arc::clone(&world.scraper.targets()[0].active[0].failures);
    assert_eq!(failures[0].reason, error);
    let legacy = "metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: underscores";
    let value = "v".repeat(100_000);
    let (_, error) = error_of(legacy, format!("{{\"x.y\",a=\"{value}\"}} 1\n")).await;
    assert!(error.starts_with("invalid metric name") && error.len() < 600, "{error}");
}

#[tokio::test]
async fn beyond_the_limit_only_samples_that_the_rules_leave_are_counted() {
    let extra = "sample_limit: 1\nmetric_relabel_configs: [{action: drop, source_labels: [__name__], regex: d.*}]";
    let (world, error) = error_of(extra, "x 1\ny 1\nd1 1\nz 1\nd2 1\n".to_owned()).await;
    assert!(error.starts_with("sample limit exceeded: 3 samples"), "{error}");
    let added = world.read(|name| name == "scrape_samples_post_metric_relabeling");
    assert!(added.ends_with(" 3"), "{added}");
}
