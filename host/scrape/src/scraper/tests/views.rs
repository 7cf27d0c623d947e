//! What is shown of targets, and counted.

use narthex_platform::PointValue;

use super::*;
use crate::view::TargetView;

fn shown(world: &World) -> TargetView {
    world.scraper.targets()[0].active[0].clone()
}

#[tokio::test]
async fn a_target_shows_its_last_scrape_and_its_bounds() {
    let world = World::with("sample_limit: 5").await;
    world.scrape("a", "x 1\ny 2\n").await;
    let target = shown(&world);
    assert_eq!((target.last_body_bytes, target.last_samples), (8.0, 2));
    assert_eq!(target.limits.samples, 5);
}

#[tokio::test]
async fn the_last_failures_are_remembered() {
    let mut world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    assert!(shown(&world).failures.is_empty());
    for _ in 0..12 {
        world.scrape("a", "x {\n").await;
    }
    world.scrape("a", "x 1\n").await;
    let target = shown(&world);
    assert_eq!((target.health.name(), target.failures.len()), ("up", 10));
    assert!(target.failures[9].reason.starts_with("line 1"));
    let newest = target.failures[9].at;
    assert_eq!(newest.millis() + INTERVAL, target.last_scrape.unwrap().millis());
    world.load(&[job("j", "sample_limit: 7")]);
    world.settle().await;
    let target = shown(&world);
    assert_eq!((target.failures.len(), target.limits.samples), (10, 7));
}

#[tokio::test]
async fn relabeling_is_shown_step_by_step() {
    let mut world = World::new();
    let rules = "relabel_configs:\n  - {target_label: a, replacement: b}\n  \
                 - {action: drop, source_labels: [x], regex: y}\n  - {target_label: c, replacement: d}\n";
    world.load(&[job("j", rules)]);
    let steps = |labels: &[(&str, &str)]| {
        let labels = Labels::from_pairs(labels.iter().copied());
        let steps = world.scraper.relabel_steps("j", &labels).unwrap();
        let labels = steps.into_iter().map(|step| step.labels.map(|labels| labels.to_string()));
        labels.map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    assert_eq!(
        steps(&[("x", "z")]),
        [r#"{a="b", x="z"}"#, r#"{a="b", x="z"}"#, r#"{a="b", c="d", x="z"}"#]
    );
    assert_eq!(steps(&[("x", "y")]), [r#"{a="b", x="y"}"#, "", ""]);
    assert!(world.scraper.relabel_steps("k", &Labels::empty()).is_none());
}

#[tokio::test]
async fn a_large_body_is_stored_like_any_other() {
    let world = World::with("").await;
    let mut text = String::new();
    let long = "l".repeat(1000);
    for line in 0..2000 {
        text.push_str(&format!("x{{n=\"{line}{long}\"}} 1\n"));
    }
    world.answer("a", Answer::Text(text.leak()));
    world.advance(INTERVAL).await;
    while shown(&world).last_scrape.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!((shown(&world).last_error.as_str(), shown(&world).last_samples), ("", 2000));
    world.scrape("a", "y 1\n").await;
    assert!(world.stored().ends_with(&lines(&["y{$A} 1"])));
    assert_eq!(world.stored().matches(" 1 S").count(), 2000);
}

#[tokio::test]
async fn all_bodies_together_have_so_much_memory() {
    let settings = ScrapeSettings { body_memory_max: 5, ..ScrapeSettings::default() };
    let world = World::of_one("", settings).await;
    for _ in 0..3 {
        world.scrape("a", "x 1\n").await;
    }
    assert_eq!(world.error(), "");
    world.scrape("a", "x 100\n").await;
    assert!(world.error().starts_with("no memory is left for the body"), "{}", world.error());
    assert_eq!(world.counter("narthex_scrapes_exceeded_body_memory_total"), 1);
    let families = world.metrics.gather();
    let taken = families.iter().find(|family| family.name == "narthex_scrape_body_bytes").unwrap();
    assert_eq!(taken.points[0].value, PointValue::Number(0.0));
}

#[tokio::test]
async fn scraping_counts_under_the_names_of_prometheus() {
    let mut world = World::with("").await;
    for _ in 0..3 {
        world.scrape("a", "x 1\n").await;
    }
    world.load(&[job("j", "sample_limit: 7")]);
    world.settle().await;
    let families = world.metrics.gather();
    let count = |name: &str| {
        let family = families.iter().find(|family| family.name == name);
        match &family.unwrap_or_else(|| panic!("no {name}")).points[0].value {
            PointValue::Summary { count, .. } | PointValue::Histogram { count, .. } => *count,
            PointValue::Number(_) => panic!("{name} is a number"),
        }
    };
    assert_eq!(count("prometheus_target_interval_length_seconds"), 2);
    assert_eq!(count("prometheus_target_interval_length_histogram_seconds"), 2);
    assert!(count("prometheus_target_sync_length_seconds") >= 2);
    assert!(count("prometheus_target_sync_length_histogram_seconds") >= 2);
    assert_eq!(count("prometheus_target_reload_length_seconds"), 1);
    assert_eq!(count("prometheus_target_scrape_duration_seconds"), 3);
}

#[tokio::test]
async fn jobs_that_begin_and_that_change_are_counted_and_those_that_go_are_forgotten() {
    let mut world = World::new();
    let counts = |world: &World| {
        ["pools_total", "pools_failed_total", "pool_reloads_total", "pool_reloads_failed_total"]
            .map(|name| world.counter(&format!("prometheus_target_scrape_{name}")))
    };
    world.load(&[job("a", ""), job("b", "")]);
    assert_eq!(counts(&world), [2, 0, 0, 0]);
    world.load(&[job("a", "sample_limit: 7"), job("b", ""), job("c", "")]);
    assert_eq!(counts(&world), [3, 0, 1, 0]);
    let refused = |name: &str| {
        let mut job = job(name, "");
        let Source::Exporter(exporter) = &mut job.source else { panic!() };
        exporter.plugin = "none".to_owned();
        job
    };
    for name in ["a", "new"] {
        let jobs = [job("b", "honor_labels: true"), refused(name)];
        let jobs = jobs.map(|job| (job, watch::channel(Arc::default()).1)).to_vec();
        world.prepare(jobs).unwrap_err();
    }
    assert_eq!(counts(&world), [4, 1, 2, 1]);
    world.settle().await;
    let jobs = |world: &World| {
        let families = world.metrics.gather();
        let points = families.into_iter().flat_map(|family| family.points);
        let labels = points.flat_map(|point| point.labels);
        let mut jobs: Vec<String> =
            labels.filter(|(name, _)| name == "scrape_job").map(|(_, job)| job).collect();
        jobs.sort();
        jobs.dedup();
        jobs
    };
    assert_eq!(jobs(&world), ["a", "b", "c"]);
    world.load(&[job("b", "")]);
    world.settle().await;
    assert_eq!(jobs(&world), ["b"]);
}
