use narthex_settings::Document;

use super::*;

fn document(text: &str) -> Document {
    Document::parse("f.yml", text).unwrap()
}

/// The job that the text describes, or why there is none, at which key.
fn read(text: &str, global: &GlobalScrape) -> Result<JobConfig, String> {
    let spec: JobSpec = document(text).read().map_err(|error| error.to_string())?;
    spec.resolve(global).map_err(|error| format!("{}: {}", error.pointer, error.error))
}

fn global(text: &str) -> Result<GlobalScrape, String> {
    let keys: GlobalKeys = document(text).read().map_err(|error| error.to_string())?;
    keys.resolve().map_err(|error| format!("{}: {}", error.pointer, error.error))
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = read(text, &GlobalScrape::default()).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn nothing_said_is_the_default_of_prometheus() {
    let job = read("job_name: a", &GlobalScrape::default()).unwrap();
    assert_eq!((job.interval, job.timeout), (seconds(60), seconds(10)));
    assert_eq!((job.metrics_path.as_str(), job.scheme.as_str()), ("/metrics", "http"));
    assert!(job.honor_timestamps && job.enable_compression && !job.honor_labels);
    assert_eq!(job.protocols, None);
    assert_eq!((job.histograms, job.schema_max), (Histograms::default(), 8));
    assert_eq!(job.source, Source::Http(Box::default()));
}

#[test]
fn the_timeout_fits_into_the_interval() {
    let job = |text: &str| read(text, &GlobalScrape::default());
    assert_eq!(job("job_name: a\nscrape_interval: 5s").unwrap().timeout, seconds(5));
    refused(
        "job_name: a\nscrape_interval: 5s\nscrape_timeout: 6s",
        "/scrape_timeout: scrape timeout greater than scrape interval",
    );
    assert_eq!(global("scrape_interval: 5s").unwrap().timeout, seconds(5));
    let wrong = global("scrape_interval: 5s\nscrape_timeout: 6s").unwrap_err();
    assert_eq!(wrong, "/scrape_timeout: global scrape timeout greater than scrape interval");
}

#[test]
fn what_all_say_a_job_says_too() {
    let global = global(
        "scrape_protocols: [PrometheusText0.0.4]\nextra_scrape_metrics: true\n\
         scrape_failure_log_file: ''\nscrape_native_histograms: false\n",
    )
    .unwrap();
    let job = read("job_name: a", &global).unwrap();
    assert_eq!(job.protocols.unwrap(), [Protocol::PrometheusText004]);
    assert_eq!(job.extra_metrics, Some(true));
    let own = read("job_name: a\nscrape_protocols: [OpenMetricsText1.0.0]", &global).unwrap();
    assert_eq!(own.protocols.unwrap(), [Protocol::OpenMetricsText100]);
}

#[test]
fn a_job_says_what_becomes_of_histograms() {
    let global =
        global("scrape_native_histograms: true\nalways_scrape_classic_histograms: true").unwrap();
    let job = |keys: &str| read(&format!("job_name: a\n{keys}"), &global).unwrap();
    let all = Histograms { native: true, to_custom_buckets: false, classic_too: true };
    assert_eq!(job("").histograms, all);
    let none = "scrape_native_histograms: false\nalways_scrape_classic_histograms: false\n";
    assert_eq!(job(none).histograms, Histograms::default());
    assert!(job("convert_classic_histograms_to_nhcb: true").histograms.to_custom_buckets);
    let limited = job("native_histogram_bucket_limit: 5\nnative_histogram_min_bucket_factor: 2");
    assert_eq!((limited.limits.buckets, limited.schema_max), (5, 0));
}

#[test]
fn protobuf_is_asked_for_like_any_other() {
    let text = "job_name: a\nscrape_protocols: [PrometheusProto]\n\
                fallback_scrape_protocol: PrometheusProto";
    let job = read(text, &GlobalScrape::default()).unwrap();
    assert_eq!(job.protocols.unwrap(), [Protocol::PrometheusProto]);
    assert_eq!(job.fallback, Some(Format::Protobuf));
}

#[test]
fn a_job_that_takes_old_names_asks_for_them() {
    let job = |keys: &str| read(&format!("job_name: a\n{keys}"), &GlobalScrape::default());
    let legacy = job("metric_name_validation_scheme: legacy").unwrap();
    assert_eq!((legacy.names, legacy.escaping), (NameScheme::Legacy, Escaping::Underscores));
    let dots = job("metric_name_escaping_scheme: dots").unwrap();
    assert_eq!((dots.names, dots.escaping), (NameScheme::Utf8, Escaping::Dots));
}

#[test]
fn the_failure_log_of_all_counts_from_the_folder() {
    let all = global("scrape_failure_log_file: f.log").unwrap().in_folder("/etc/n".into());
    let log = |keys: &str| read(&format!("job_name: a\n{keys}"), &all).unwrap().failure_log;
    assert_eq!(log(""), Some("/etc/n/f.log".into()));
    assert_eq!(log("scrape_failure_log_file: ''"), Some("/etc/n/f.log".into()));
    assert_eq!(log("scrape_failure_log_file: /g.log"), Some("/g.log".into()));
    assert_eq!(read("job_name: a", &GlobalScrape::default()).unwrap().failure_log, None);
}

#[test]
fn an_exporter_job_asks_a_plugin() {
    let text = "job_name: node\nexporter: {plugin: node, config: {collectors: [cpu], n: 1}}\n";
    let job = read(text, &GlobalScrape::default()).unwrap();
    let config = serde_json::json!({"collectors": ["cpu"], "n": 1});
    assert_eq!(job.source, Source::Exporter(ExporterSpec { plugin: "node".into(), config }));
    refused(&format!("{text}scheme: https\n"), "scheme has no meaning beside exporter");
    refused(&format!("{text}bearer_token: a\n"), "an HTTP key has no meaning beside exporter");
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    refused("job_name: ''", "/job_name: job_name is empty");
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
    refused(
        "job_name: a\nmetric_name_validation_scheme: legacy\n\
         metric_name_escaping_scheme: allow-utf-8",
        "/metric_name_escaping_scheme: utf8 metric names requested",
    );
    refused(
        "job_name: a\nmetric_name_escaping_scheme: dashes",
        "f.yml:2:30: metric_name_escaping_scheme: unknown name escaping method \"dashes\"",
    );
    refused(
        "job_name: a\nbasic_auth: {password: a, password_file: b}",
        "/basic_auth/password: at most one of password",
    );
    refused("job_name: a\nbody_size_limit: 5", "is no size");
    refused("job_name: a\nbasic_auth: {}\nbearer_token: b", "at most one of basic_auth");
    refused("job_name: a\nscrape_intervall: 5s", "did you mean \"scrape_interval\"?");
}

#[test]
fn limits_of_the_job_go_before_those_of_all() {
    let global = global("sample_limit: 5\nlabel_limit: 7").unwrap();
    let limits =
        read("job_name: a\nsample_limit: 9\nbody_size_limit: 1MB", &global).unwrap().limits;
    assert_eq!((limits.samples, limits.labels, limits.body_size), (9, 7, 1 << 20));
}

#[test]
fn global_keys_are_checked_as_those_of_jobs() {
    for (text, expected) in [
        ("scrape_protocols: []", "/scrape_protocols: scrape_protocols is empty"),
        (
            "scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]",
            "/scrape_protocols: scrape_protocols names PrometheusText0.0.4 twice",
        ),
        (
            "metric_name_validation_scheme: utf16",
            "f.yml:1:32: metric_name_validation_scheme: unknown name validation scheme",
        ),
    ] {
        let error = global(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// A job lists the keys itself, so that a mistyped one among them is told with what it may mean.
#[test]
fn a_job_has_every_key_of_http_clients() {
    let error = document("none: 1").read::<JobSpec>().unwrap_err().to_string();
    let known = error.rsplit_once("(known here: ").unwrap().1.trim_end_matches(')');
    let known: Vec<&str> = known.split(", ").collect();
    for key in narthex_client::HTTP_KEYS {
        assert!(known.contains(&key), "{key}: {known:?}");
    }
}
