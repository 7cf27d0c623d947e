//! How the site is reached: under a prefix, by links of a Prometheus, from pages of other sites; beside a Prometheus.

use narthex_harness::http::{self, Response};
use narthex_harness::{Host, Peer, peer};

use crate::prometheus::{IDLE, Prometheus};
use crate::support::config;

const FLAGS: [&str; 3] = [
    "--web.external-url=https://watch.example/outside",
    "--web.route-prefix=/a/b",
    "--web.cors.origin=https?://(one|two)[.]example",
];

/// Ours, and theirs with the same flags.
fn both(flags: &[&str]) -> Option<(Host, Prometheus)> {
    let theirs = Prometheus::start(&peer(Peer::Prometheus)?, IDLE, flags);
    let ours = flags.iter().fold(Host::with_config(&config("")), |host, flag| host.flag(flag));
    Some((ours.start(), theirs))
}

/// The page where an answer leads, from this path.
fn leads_to(path: &str, answer: &Response) -> Option<String> {
    let location = answer.header("location")?;
    let (folder, _) = path.split('?').next()?.rsplit_once('/')?;
    Some(match location.strip_prefix("../") {
        _ if location.starts_with('/') => location.to_owned(),
        Some(rest) => format!("{}/{rest}", folder.rsplit_once('/')?.0),
        None => format!("{folder}/{location}"),
    })
}

#[test]
fn all_is_under_the_prefix_as_in_prometheus() {
    let Some((ours, theirs)) = both(&FLAGS) else { return };
    let theirs = format!("http://{}", theirs.address());
    for path in [
        "/a/b/-/healthy",
        "/a/b/api/v1/query?query=1",
        "/a/b/metrics",
        "/a/b/federate?match[]=up",
        "/-/healthy",
        "/api/v1/query?query=1",
        "/metrics",
        "/a",
        "/a/bc/metrics",
    ] {
        let (ours, theirs) = (ours.get(path), http::get(&format!("{theirs}{path}")));
        assert_eq!(ours.status, theirs.status, "{path}: {ours}");
    }
    ours.stop();
}

#[test]
fn pages_and_links_are_right_under_a_prefix() {
    let ours = FLAGS.iter().fold(Host::with_config(&config("")), |host, flag| host.flag(flag));
    let ours = ours.start();
    for (path, there) in [
        ("/", "/a/b/"),
        ("/a/b?x=1", "/a/b/?x=1"),
        ("/a/b", "/a/b/"),
        ("/a/b/", "/a/b/query"),
        ("/a/b/alerts/?x=1", "/a/b/alerts?x=1"),
        ("/a/b/graph?g0.expr=up&g0.tab=1", "/a/b/query?g0.expr=up&g0.tab=1"),
    ] {
        let answer = ours.get(path);
        assert_eq!(answer.status, 307, "{path}: {answer}");
        assert_eq!(leads_to(path, &answer).as_deref(), Some(there), "{path}");
    }
    let page = ours.get("/a/b/query").expect_success().text();
    assert!(page.contains("<base href=\"./\""), "{page}");
    let flags = ours.json("/a/b/api/v1/status/flags");
    assert_eq!(flags["data"]["web.route-prefix"], "/a/b");
    // Its own metrics name the path of the handler, as before.
    let metrics = ours.get("/a/b/metrics").text();
    assert!(metrics.contains("handler=\"/api/v1/status/flags\""), "{metrics}");
    ours.stop();
}

#[test]
fn the_path_of_the_external_url_is_the_prefix_where_none_is_given() {
    let ours = Host::with_config(&config(""))
        .flag("--web.external-url=https://watch.example/prom/")
        .start();
    assert_eq!(ours.json("/prom/api/v1/status/flags")["data"]["web.route-prefix"], "/prom");
    let answer = ours.get("/");
    assert_eq!((answer.status, answer.header("location")), (307, Some("prom/")), "{answer}");
    ours.stop();
}

#[test]
fn pages_of_other_sites_read_as_in_prometheus() {
    for flags in [&FLAGS[2..], &[]] {
        let Some((ours, theirs)) = both(flags) else { return };
        let bases = [ours.url(""), format!("http://{}", theirs.address())];
        for (method, path) in [
            ("GET", "/api/v1/query?query=1"),
            ("OPTIONS", "/api/v1/query"),
            ("GET", "/api/v1/query"),
            ("GET", "/metrics"),
        ] {
            for origin in ["https://one.example", "https://three.example", ""] {
                let asked = if origin.is_empty() { vec![] } else { vec![("Origin", origin)] };
                let [ours, theirs] = bases.each_ref().map(|base| {
                    let answer = http::send(method, &format!("{base}{path}"), &asked, b"").unwrap();
                    let header = |name: &str| answer.header(name).map(str::to_owned);
                    // Prometheus 3.5 repeats the origin also where all are meant.
                    let allowed = header("access-control-allow-origin")
                        .map(|allowed| allowed.replace('*', origin));
                    // Headers that say how, where nobody may, are theirs alone.
                    let how = allowed.as_ref().map(|_| {
                        ["headers", "methods"]
                            .map(|it| header(&format!("access-control-allow-{it}")))
                    });
                    (answer.status, allowed, how)
                });
                assert_eq!(ours, theirs, "{method} {path} from {origin:?}");
            }
        }
        ours.stop();
    }
}

#[test]
fn what_is_no_page_is_not_found_whatever_the_method() {
    let ours = Host::with_config(&config("")).start();
    for (method, path) in
        [("POST", "/query"), ("GET", "/a/b"), ("PUT", "/none"), ("DELETE", "/assets/x.js")]
    {
        let answer = http::send(method, &ours.url(path), &[], b"").unwrap();
        assert_eq!(answer.status, 404, "{method} {path}: {answer}");
    }
    ours.stop();
}
