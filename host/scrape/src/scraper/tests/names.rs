//! Names, protocols and what says them.

use super::*;

#[tokio::test]
async fn a_job_takes_the_names_that_it_says() {
    let utf8 = "{\"a.b\",\"c.d\"=\"1\"} 1\n";
    let world = World::with("").await;
    world.scrape("a", utf8).await;
    assert_eq!(world.stored(), lines(&["{\"a.b\", \"c.d\"=\"1\", $A} 1"]));
    let legacy = "metric_name_validation_scheme: legacy";
    for (text, is_taken) in [(utf8, false), ("{\"x\",\"c.d\"=\"1\"} 1\n", false), ("x:y 1\n", true)]
    {
        let world = World::with(legacy).await;
        world.scrape("a", text).await;
        let error = world.error();
        assert_eq!(error.is_empty(), is_taken, "{text} {error}");
        assert!(is_taken || error.starts_with("invalid metric name or label names: "), "{error}");
    }
    let rename = "metric_relabel_configs: [{source_labels: [__name__], regex: '(.*)\\.(.*)', \
                  target_label: __name__, replacement: '${1}_$2'}]";
    let world = World::with(&format!("{legacy}\n{rename}")).await;
    world.scrape("a", "{\"a.b\"} 1\n").await;
    assert_eq!(world.stored(), lines(&["a_b{$A} 1"]));
}

#[tokio::test]
async fn a_fallback_reads_what_says_nothing_of_itself() {
    let world = World::with("fallback_scrape_protocol: PrometheusText0.0.4").await;
    world.answer("a", Answer::Other("text/html", "x 1\n"));
    world.advance(INTERVAL).await;
    assert_eq!((world.error().as_str(), world.stored()), ("", lines(&["x{$A} 1"])));
    let world = World::with("fallback_scrape_protocol: PrometheusProto").await;
    world.answer("a", Answer::Other("", "x 1\n"));
    world.advance(INTERVAL).await;
    assert!(world.error().starts_with("the message at byte 0"), "{}", world.error());
}

#[tokio::test]
async fn type_and_unit_are_labels_where_that_is_asked_for() {
    let features = ScrapeFeatures { type_and_unit_labels: true, ..ScrapeFeatures::default() };
    let settings = ScrapeSettings { features, ..ScrapeSettings::default() };
    let world = World::of_one("", settings).await;
    world
        .answer("a", Answer::OpenMetrics("# TYPE x_s counter\n# UNIT x_s s\nx_s_total 1\n# EOF\n"));
    world.advance(INTERVAL).await;
    let expected = r#"x_s_total{__type__="counter", __unit__="s", $A} 1"#;
    assert_eq!(world.stored(), lines(&[expected]));
}

#[tokio::test]
async fn a_target_says_what_its_families_are() {
    let families = |world: &World| {
        let families = world.scraper.targets()[0].active[0].families.clone();
        families
            .iter()
            .map(|one| format!("{} {}", one.family, one.metadata.help))
            .collect::<Vec<_>>()
    };
    let world = World::with("").await;
    world.scrape("a", "# HELP x The x.\nx 1\n# HELP y The y.\ny 1\n").await;
    assert_eq!(families(&world), ["x The x.", "y The y."]);
    let size = |name: &str| {
        let families = world.metrics.gather();
        families
            .iter()
            .find(|family| family.name == name)
            .map(|found| found.points[0].value.clone())
    };
    let number = |value: f64| Some(narthex_platform::PointValue::Number(value));
    assert_eq!(size("prometheus_target_metadata_cache_entries"), number(2.0));
    assert_eq!(size("prometheus_target_metadata_cache_bytes"), number(26.0));
    world.scrape("a", "# HELP x The x.\nx {\n").await;
    assert_eq!(families(&world), ["x The x.", "y The y."]);
    world.scrape("a", "# HELP x Another x.\nx 1\n").await;
    assert_eq!(families(&world), ["x Another x."]);
    world.scrape("a", "").await;
    assert!(families(&world).is_empty());
}

#[tokio::test]
async fn a_failed_scrape_leaves_metadata_to_be_told() {
    let world = World::with("").await;
    world.scrape("a", "# HELP x The x.\nx {\n").await;
    assert!(Queryable::metadata(&world.store, None).is_empty());
    world.scrape("a", "# HELP x The x.\nx 1\n").await;
    assert_eq!(Queryable::metadata(&world.store, None).len(), 1);
}

#[tokio::test]
async fn a_target_has_so_many_series_and_no_more() {
    let world = World::of_one("", ScrapeSettings { series_max: 2, ..Default::default() }).await;
    world.scrape("a", "x 1\ny 2\n").await;
    world.scrape("a", "x 1\ny 2\nz 3\n").await;
    let error = world.error();
    assert!(error.starts_with("series limit exceeded: more than 2 series"), "{error}");
    assert_eq!(world.stored(), lines(&["x{$A} 1 S", "y{$A} 2 S"]));
    assert_eq!(world.counter("narthex_scrapes_exceeded_series_limit_total"), 1);
    world.scrape("a", "z 3\nz 3\nx 1\n").await;
    assert_eq!(world.error(), "");
}

#[tokio::test]
async fn times_are_those_of_the_scrape_where_nothing_is_adjusted() {
    let settings = ScrapeSettings { tolerance: None, ..ScrapeSettings::default() };
    let world = World::of_one("", settings).await;
    world.scrape("a", "x 1\n").await;
    assert_eq!(world.times(&lines(&["x{$A}"])).len(), 1);
}

#[tokio::test]
async fn the_report_is_long_on_request() {
    let features = ScrapeFeatures { extra_metrics: true, ..ScrapeFeatures::default() };
    let settings = ScrapeSettings { features, ..ScrapeSettings::default() };
    for (extra, settings, is_long) in [
        ("", ScrapeSettings::default(), false),
        ("extra_scrape_metrics: true", ScrapeSettings::default(), true),
        ("", settings, true),
        ("extra_scrape_metrics: false", settings, false),
    ] {
        let world = World::of_one(extra, settings).await;
        world.scrape("a", "x 1\n").await;
        let long = world.read(|name| name == "scrape_timeout_seconds");
        assert_eq!(!long.is_empty(), is_long, "{extra}");
    }
}
