use narthex_harness::{Answer, FakeTarget, Host, Replies, SECONDS, wait_until};

use super::{host, targets, wait_for_targets};
use crate::support::{config, plugin};

#[test]
fn a_list_is_followed_with_credentials_that_no_plugin_sees() {
    let endpoint = Replies::start();
    let url = endpoint.url("/targets");
    endpoint.json(
        "/targets",
        r#"[{"targets":["a:1","b:2"],"labels":{"__meta_team":"x"}},{"targets":["c:3"]}]"#,
    );
    let items = format!(
        "{{ url: '{url}', refresh_interval: 1s, basic_auth: {{ username: me, password_file: secret }} }}"
    );
    let host =
        host("http", &items).file("secret", "open sesame").expect_log("discovery failed").start();
    let (with, without) = (format!("__meta_team=x __meta_url={url}"), format!("__meta_url={url}"));
    wait_for_targets(
        &host,
        &[&format!("a:1 {with}"), &format!("b:2 {with}"), &format!("c:3 {without}")],
    );
    let request = &endpoint.requests()[0];
    assert_eq!(request.header("authorization"), Some("Basic bWU6b3BlbiBzZXNhbWU="));
    assert_eq!(request.header("x-prometheus-refresh-interval-seconds"), Some("1"));
    assert_eq!(request.header("accept"), Some("application/json"));

    endpoint.json("/targets", r#"[{"targets":["c:3"]}]"#);
    wait_for_targets(&host, &[&format!("c:3 {without}")]);

    // What is no list changes nothing, and the next list counts again.
    let asked = endpoint.requests().len();
    endpoint.answer("/targets", Answer::ok("text/html", "[]"));
    wait_until("it is asked twice more", 30 * SECONDS, || endpoint.requests().len() > asked + 2);
    assert_eq!(targets(&host), [format!("c:3 {without}")]);
    endpoint.json("/targets", "[]");
    wait_for_targets(&host, &[]);
    host.stop();
}

#[test]
fn what_is_found_is_scraped() {
    let (endpoint, target) = (Replies::start(), FakeTarget::start());
    target.serve("found_by_http 1\n");
    endpoint.json(
        "/targets",
        &format!(r#"[{{"targets":["{}"],"labels":{{"team":"x"}}}}]"#, target.address()),
    );
    let jobs = format!(
        "scrape_configs:\n- job_name: found\n  http_sd_configs: [{{ url: '{}' }}]\n",
        endpoint.url("/targets")
    );
    let host = Host::with_config(&config(&jobs)).copy("plugins/http.wasm", &plugin("http")).start();
    let found = host.wait_for_query("found_by_http", 30 * SECONDS, |s| s.len() == 1);
    assert_eq!(found[0].label("team"), "x");
    host.stop();
}

#[test]
fn a_url_that_cannot_be_asked_is_refused_at_the_start() {
    for (url, reason) in [
        ("invalid", "url: it has no scheme, such as http://"),
        ("ftp://example.com", "url: its scheme must be http or https"),
        ("http://", "url: it has no host"),
    ] {
        let (status, output) = host("http", &format!("{{ url: '{url}' }}")).run_to_end();
        assert!(!status.success() && output.contains(reason), "{url}: {output}");
    }
}
