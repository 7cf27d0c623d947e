use narthex_sdk::{ErrorKind, testing::FakeHost};

use super::*;

/// As Debian's Tomcat 10.1 answered it.
const PAGE: &str = include_str!("status.xml");

const CONFIG: &str = r#"{"user":"watcher","password":"s&cret"}"#;

fn host(status: u16, page: &str) -> FakeHost {
    FakeHost::new().http_status("http://localhost/manager/status?XML=true", status, page)
}

#[track_caller]
fn check(text: &str, samples: &[&str]) {
    for sample in samples {
        assert!(text.lines().any(|line| line == *sample), "{sample} is not in {text}");
    }
}

#[test]
fn the_page_becomes_metrics() {
    let host = host(200, PAGE);
    let text = host.collect::<Tomcat>(CONFIG).unwrap().text();
    check(
        &text,
        &[
            "tomcat_up 1",
            "jvm_memory_used_bytes{area=\"heap\"} 153036896",
            "jvm_memory_max_bytes{area=\"heap\"} 6320816128",
            "jvm_memory_pool_used_bytes{pool=\"G1 Eden Space\"} 138412032",
            "jvm_memory_pool_max_bytes{pool=\"G1 Eden Space\"} -1",
            "jvm_memory_pool_used_bytes{pool=\"CodeHeap 'profiled nmethods'\"} 4055936",
            "jvm_memory_pool_init_bytes{pool=\"Metaspace\"} 0",
            "tomcat_connector_threads{connector=\"http-nio-127.0.0.1-18990\"} 10",
            "tomcat_connector_threads_busy{connector=\"http-nio-127.0.0.1-18990\"} 1",
            "tomcat_connector_threads_max{connector=\"http-nio-127.0.0.1-18990\"} 200",
            "tomcat_connector_requests_total{connector=\"http-nio-127.0.0.1-18990\"} 1",
            "tomcat_connector_processing_seconds_total{connector=\"http-nio-127.0.0.1-18990\"} 0.219",
            "tomcat_connector_sent_bytes_total{connector=\"http-nio-127.0.0.1-18990\"} 692",
            "tomcat_connector_workers{connector=\"http-nio-127.0.0.1-18990\",stage=\"service\"} 1",
        ],
    );
    let header = &host.requests()[0].headers[0];
    assert_eq!((&*header.name, &*header.value), ("authorization", "Basic d2F0Y2hlcjpzJmNyZXQ="));
}

#[test]
fn a_server_that_cannot_be_asked_is_down() {
    let half = PAGE.split_at(900).0;
    for (status, page) in [(404, "no manager"), (200, "<html></html>"), (200, half), (200, "")] {
        let host = host(status, page);
        let text = host.collect::<Tomcat>(CONFIG).unwrap().text();
        assert!(text.ends_with("\ntomcat_up 0\n") && !text.contains("jvm_"), "{text}");
        assert_eq!(host.logs().len(), 1, "the reason is told");
    }
}

#[test]
fn a_user_that_is_refused_is_an_error_of_the_configuration() {
    for status in [401, 403] {
        let refused = host(status, "").collect::<Tomcat>(CONFIG).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Config);
        assert!(refused.message.contains("the role manager-status"), "{}", refused.message);
        assert!(!refused.message.contains("s&cret"), "{}", refused.message);
    }
}
