use narthex_settings::Document;

use super::*;

fn read(text: &str) -> Result<JobSpec, String> {
    Document::parse("f.yml", text).unwrap().read().map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = read(text).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn nothing_said_is_the_default_of_prometheus() {
    let job = read("job_name: a").unwrap().resolve(&GlobalScrape::default()).unwrap();
    assert_eq!((job.interval, job.timeout), (seconds(60), seconds(10)));
    assert_eq!((job.metrics_path.as_str(), job.scheme.as_str()), ("/metrics", "http"));
    assert!(job.honor_timestamps && job.enable_compression && !job.honor_labels);
    assert_eq!(job.source, Source::Http(Box::default()));
}

#[test]
fn the_timeout_fits_into_the_interval() {
    let global = GlobalScrape::default();
    let job = |text: &str| read(text).unwrap().resolve(&global);
    assert_eq!(job("job_name: a\nscrape_interval: 5s").unwrap().timeout, seconds(5));
    let error = job("job_name: a\nscrape_interval: 5s\nscrape_timeout: 6s").unwrap_err();
    assert_eq!((error.key(), error), ("scrape_timeout", InvalidJob::Timeout { job: "a".into() }));
    let short = GlobalScrape::default().with_timing(Some(seconds(5)), None).unwrap();
    assert_eq!(short.timeout, seconds(5));
    let wrong = GlobalScrape::default().with_timing(Some(seconds(5)), Some(seconds(6)));
    assert_eq!(wrong, Err(InvalidJob::GlobalTimeout));
}

#[test]
fn an_exporter_job_asks_a_plugin() {
    let text = "job_name: node\nexporter: {plugin: node, config: {collectors: [cpu], n: 1}}\n";
    let job = read(text).unwrap().resolve(&GlobalScrape::default()).unwrap();
    let config = serde_json::json!({"collectors": ["cpu"], "n": 1});
    assert_eq!(job.source, Source::Exporter(ExporterSpec { plugin: "node".into(), config }));
    refused(&format!("{text}scheme: https\n"), "scheme has no meaning beside exporter");
    refused(&format!("{text}bearer_token: a\n"), "an HTTP key has no meaning beside exporter");
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    refused("job_name: ''", "f.yml:1:1: job_name is empty");
    refused("job_name: a\nscheme: gopher", "scheme \"gopher\" is not spoken");
    refused(
        "job_name: a\nscrape_interval: 5x",
        "f.yml:2:18: scrape_interval: \"5x\" is no duration",
    );
    refused("job_name: a\nscrape_protocols: []", "scrape_protocols is empty");
    refused(
        "job_name: a\nscrape_protocols: [OpenMetricsText1.0.0, OpenMetricsText1.0.0]",
        "names OpenMetricsText1.0.0 twice",
    );
    refused(
        "job_name: a\nscrape_protocols: [text]",
        "\"text\" is no scrape protocol; write one of",
    );
    refused("job_name: a\nscrape_protocols: [PrometheusProto]", "names only PrometheusProto");
    refused("job_name: a\nscrape_native_histograms: true", "scrape_native_histograms: true is not");
    refused("job_name: a\nbody_size_limit: 5", "is no size");
    refused("job_name: a\nbasic_auth: {}\nbearer_token: b", "at most one of basic_auth");
    refused("job_name: a\nscrape_intervall: 5s", "did you mean \"scrape_interval\"?");
}

#[test]
fn limits_of_the_job_go_before_those_of_all() {
    let limits = Limits { samples: 5, labels: 7, ..Limits::default() };
    let global = GlobalScrape { limits, ..GlobalScrape::default() };
    let job = read("job_name: a\nsample_limit: 9\nbody_size_limit: 1MB").unwrap();
    let limits = job.resolve(&global).unwrap().limits;
    assert_eq!((limits.samples, limits.labels, limits.body_size), (9, 7, 1 << 20));
}
