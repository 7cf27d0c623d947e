//! Native histograms, exposed and made of classic ones, beside a Prometheus that scrapes the same.

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
