//! Beside a Prometheus that scrapes the same: histograms, relabeling, limits, and series that end.

use narthex_harness::{FakeTarget, Host, Peer, SECONDS, http, peer, wait_until};
use serde_json::Value;

use crate::prometheus::{IDLE, Prometheus};
use crate::support::config;

/// Names of the native histograms that a job has.
const NAMES: &str =
    "group by (n) (histogram_count(label_replace({job='native'}, 'n', '$1', '__name__', '(.*)')))";

/// Labels and value of each series, sorted; times differ between the two.
fn shown(answer: &Value) -> Vec<String> {
    let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let one = |series: &Value| {
        let kind = if series["histogram"].is_array() { "histogram" } else { "value" };
        let value = &series[kind][1];
        format!("{} {value}", series["metric"])
    };
    let mut series: Vec<String> = result.iter().map(one).collect();
    series.sort();
    series
}

/// What a target says first, and then.
const BODIES: [&str; 2] = [
    "# TYPE x counter\nx{job=\"own\",a=\"1\"} 1\nx{job=\"own\",a=\"2\",exported_job=\"e\"} 2\n\
     # TYPE y gauge\ny{instance=\"\"} NaN\ny{drop=\"me\"} +Inf\n# TYPE q summary\nq{quantile=\"1\"} 3\nq_sum 4\n",
    "# TYPE x counter\nx{job=\"own\",a=\"1\"} 5\n# TYPE z gauge\nz 1\n",
];

#[test]
fn prometheus_and_we_make_the_same_of_a_target_that_changes() {
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    target.serve(BODIES[0]);
    let job = |name: &str, keys: &str| {
        let address = target.address();
        format!(
            "- job_name: {name}\n  static_configs:\n  - {{ targets: ['{address}'], labels: {{ t: '{name}' }} }}\n{keys}"
        )
    };
    let port = target.address().port();
    let jobs = [
        job("plain", ""),
        job("honors", "  honor_labels: true\n"),
        job("samples", "  sample_limit: 3\n"),
        job("labels", "  label_limit: 5\n"),
        job("long", "  label_value_length_limit: 3\n"),
        job("named", "  label_name_length_limit: 10\n"),
        job("large", "  body_size_limit: 60B\n"),
        job("many", &format!("  - targets: ['localhost:{port}']\n  target_limit: 1\n")),
        job("late", "  honor_timestamps: false\n"),
        job(
            "rules",
            "  relabel_configs:\n  - { source_labels: [__address__], target_label: instance, replacement: 'i' }\n  \
             - { action: labelmap, regex: 't', replacement: 'u' }\n  metric_relabel_configs:\n  \
             - { action: drop, source_labels: [drop], regex: me }\n  \
             - { action: labeldrop, regex: a }\n  \
             - { source_labels: [__name__], regex: '(q.*)', target_label: __name__, replacement: 'new_$1' }\n",
        ),
    ];
    let jobs = format!("scrape_configs:\n{}", jobs.concat());
    let theirs = format!("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n{jobs}");
    let theirs = Prometheus::start(&prometheus, &theirs, &[]);
    let host = Host::with_config(&config(&jobs)).file("plugins/.keep", "").start();
    let of_theirs = |query: &str| {
        let url = format!("http://{}/api/v1/query?query={}", theirs.address(), http::encode(query));
        shown(&http::get(&url).expect_success().json())
    };
    let of_ours =
        |query: &str| shown(&host.json(&format!("/api/v1/query?query={}", http::encode(query))));
    for (body, everywhere) in BODIES.into_iter().zip(["q_sum{job='plain'}", "z{job='plain'}"]) {
        target.serve(body);
        let settled = "count(up) == 11 and on() count(scrape_samples_scraped) == 11";
        wait_until("both have scraped it with every job", 60 * SECONDS, || {
            [of_ours(everywhere), of_theirs(everywhere), of_ours(settled), of_theirs(settled)]
                .iter()
                .all(|shown| shown.len() == 1)
        });
        for query in [
            "{__name__=~'x|y|z|q|q_sum|new_.*'}",
            "up",
            "scrape_samples_scraped",
            "scrape_samples_post_metric_relabeling",
        ] {
            wait_until(query, 20 * SECONDS, || of_ours(query) == of_theirs(query));
        }
    }
    assert!(!of_ours("x{job='plain',exported_job='own'}").is_empty());
    assert!(!of_ours("x{job='own',t='honors'}").is_empty());
    host.stop();
}

#[test]
fn prometheus_and_we_make_the_same_of_histograms() {
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let exposed = Prometheus::start(&prometheus, IDLE, &[]);
    let classic = FakeTarget::start();
    classic.serve(
        "# TYPE latency histogram\nlatency_bucket{path=\"/\",le=\"0.1\"} 3\n\
         latency_bucket{path=\"/\",le=\"1\"} 8\nlatency_bucket{path=\"/\",le=\"+Inf\"} 10\n\
         latency_sum{path=\"/\"} 6.5\nlatency_count{path=\"/\"} 10\n\
         # TYPE other gauge\nother 1\n",
    );
    let jobs = format!(
        "scrape_configs:\n\
         - job_name: native\n  static_configs: [{{ targets: ['{exposed}'] }}]\n\
         - job_name: custom\n  convert_classic_histograms_to_nhcb: true\n  \
         static_configs: [{{ targets: ['{classic}'] }}]\n\
         - job_name: both\n  convert_classic_histograms_to_nhcb: true\n  \
         always_scrape_classic_histograms: true\n  static_configs: [{{ targets: ['{classic}'] }}]\n\
         - job_name: old\n  metric_name_validation_scheme: legacy\n  \
         metric_name_escaping_scheme: dots\n  static_configs: [{{ targets: ['{classic}'] }}]\n",
        exposed = exposed.address(),
        classic = classic.address(),
    );
    let theirs = format!("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n{jobs}");
    let theirs = Prometheus::start(&prometheus, &theirs, &["--enable-feature=native-histograms"]);
    // What the flag is to the peer.
    let native =
        jobs.replace("job_name: native", "job_name: native\n  scrape_native_histograms: true");
    let host = Host::with_config(&config(&native)).file("plugins/.keep", "").start();
    let of_theirs = |query: &str| {
        let url = format!("http://{}/api/v1/query?query={}", theirs.address(), http::encode(query));
        shown(&http::get(&url).expect_success().json())
    };
    let of_ours =
        |query: &str| shown(&host.json(&format!("/api/v1/query?query={}", http::encode(query))));
    wait_until("both have scraped every job", 60 * SECONDS, || {
        let (ours, theirs) = (of_ours(NAMES), of_theirs(NAMES));
        let all =
            |shown: &[String]| shown.len() == 4 && shown.iter().all(|up| up.contains("\"1\""));
        ours == theirs && !ours.is_empty() && all(&of_ours("up")) && all(&of_theirs("up"))
    });
    for query in [
        "latency",
        "latency_bucket",
        "latency_count",
        "latency_sum",
        "histogram_quantile(0.5, latency)",
        "histogram_avg(latency)",
        "other",
        "up",
        "scrape_samples_scraped{job!='native'}",
        "scrape_samples_post_metric_relabeling{job!='native'}",
    ] {
        let (ours, theirs) = (of_ours(query), of_theirs(query));
        assert_eq!(ours, theirs, "{query}");
        assert!(!ours.is_empty(), "{query}");
    }
    let asked = classic.requests();
    let accepts: Vec<&str> = asked.iter().filter_map(|request| request.header("accept")).collect();
    assert!(accepts.iter().any(|accept| accept.contains("escaping=dots")), "{accepts:?}");
    host.stop();
}
