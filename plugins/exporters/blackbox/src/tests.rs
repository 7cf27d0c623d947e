use narthex_sdk::{
    ErrorKind, Label,
    http::Response,
    testing::{FakeHost, answer},
};

use super::*;

fn probe_as(host: &FakeHost, config: &str, params: &[(&str, &str)]) -> Result<String, Error> {
    let params = params.iter().map(|(name, value)| Label::new(name, *value)).collect();
    let target =
        Target { address: "x.test".into(), labels: Vec::new(), params, timeout_ms: 10_000 };
    Ok(host.collect_from::<Blackbox>(config, &target)?.text())
}

/// Probes a target by the module of this text.
fn probe(host: &FakeHost, module: &str, target: &str) -> String {
    let config = format!(r#"{{"modules":{{"m":{module}}}}}"#);
    probe_as(host, &config, &[("module", "m"), ("target", target)]).unwrap()
}

#[track_caller]
fn check(text: &str, samples: &[&str]) {
    for sample in samples {
        assert!(text.lines().any(|line| line == *sample), "{sample} is not in {text}");
    }
}

/// Whether the probe succeeded.
#[track_caller]
fn succeeds(text: &str) -> bool {
    text.lines().any(|line| line == "probe_success 1")
}

#[test]
fn an_answer_of_http_becomes_metrics() {
    let host = FakeHost::new().http("http://shop.test/", |_| {
        let headers = [("content-length", "4"), ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")];
        Ok(answer(200, &headers, "open"))
    });
    let text = probe(&host, r#"{"prober":"http"}"#, "shop.test");
    check(
        &text,
        &[
            "probe_success 1",
            "probe_http_status_code 200",
            "probe_http_version 1.1",
            "probe_http_content_length 4",
            "probe_http_uncompressed_body_length 4",
            "probe_http_redirects 0",
            "probe_http_ssl 0",
            "probe_http_last_modified_timestamp_seconds 1445412480",
            "probe_http_duration_seconds{phase=\"resolve\"} 0.001",
            "probe_http_duration_seconds{phase=\"tls\"} 0",
            "probe_failed_due_to_regex 0",
            "probe_ip_protocol 4",
            "probe_timeout_seconds 9.5",
        ],
    );
    let options = host.options();
    assert_eq!((&*options[0].name, &*options[0].value, options.len()), ("ip", "6,4", 1));
}

#[test]
fn redirects_are_followed_and_summed() {
    let host = FakeHost::new()
        .http("http://shop.test/", |_| Ok(answer(302, &[("location", "https://other.test/a")], "")))
        .http_status("https://other.test/", 200, "there");
    let module = r#"{"prober":"http","http":{"method":"POST","body":"x","headers":{"Authorization":"s","X-Y":"z"}}}"#;
    let text = probe(&host, module, "http://shop.test/");
    check(
        &text,
        &[
            "probe_http_redirects 1",
            "probe_http_ssl 1",
            "probe_http_duration_seconds{phase=\"connect\"} 0.002",
            "probe_tls_version_info{version=\"TLS 1.3\"} 1",
        ],
    );
    let requests = host.requests();
    assert_eq!((&*requests[1].method, requests[1].body.len()), ("GET", 0));
    let has = |place: usize, name: &str| requests[place].headers.iter().any(|h| h.name == name);
    assert!(has(0, "authorization") && !has(1, "authorization") && has(1, "x-y"));

    let stays = r#"{"prober":"http","http":{"follow_redirects":false,"valid_status_codes":[302]}}"#;
    let text = probe(&host, stays, "http://shop.test/");
    check(&text, &["probe_success 1", "probe_http_status_code 302", "probe_http_redirects 1"]);

    let round =
        FakeHost::new().http("http://shop.test/", |_| Ok(answer(301, &[("location", "/")], "")));
    let text = probe(&round, r#"{"prober":"http"}"#, "shop.test");
    check(&text, &["probe_success 0", "probe_http_status_code 301", "probe_http_redirects 11"]);
}

#[test]
fn an_answer_is_judged_as_the_module_says() {
    let host =
        FakeHost::new().http("http", |_| Ok(answer(200, &[("x-kind", "shop")], "All is well\n")));
    for (rule, holds) in [
        (r#""valid_status_codes":[204]"#, false),
        (r#""valid_http_versions":["HTTP/1.1","HTTP/2.0"]"#, true),
        (r#""valid_http_versions":["HTTP/2.0"]"#, false),
        (r#""fail_if_ssl":true"#, false),
        (r#""fail_if_not_ssl":true"#, true),
        (r#""fail_if_body_matches_regexp":["(?i)all IS"]"#, false),
        (r#""fail_if_body_not_matches_regexp":["well$", "^All"]"#, false),
        (r#""fail_if_body_not_matches_regexp":["well\\s", "^All"]"#, true),
        (r#""fail_if_header_matches":[{"header":"X-Kind","regexp":"^s"}]"#, false),
        (r#""fail_if_header_matches":[{"header":"X-None","regexp":"s"}]"#, false),
        (
            r#""fail_if_header_matches":[{"header":"X-None","regexp":"s","allow_missing":true}]"#,
            true,
        ),
        (r#""fail_if_header_not_matches":[{"header":"X-Kind","regexp":"p$"}]"#, true),
        (r#""body_size_limit":"4B""#, false),
        (r#""body_size_limit":"1KB""#, true),
        (r#""body_size_limit":"4B","fail_if_body_not_matches_regexp":["^All"]"#, false),
        (r#""body_size_limit":"4B","fail_if_body_matches_regexp":["none"]"#, false),
    ] {
        let module = format!(r#"{{"prober":"http","http":{{{rule}}}}}"#);
        let text = probe(&host, &module, "https://shop.test");
        assert_eq!(succeeds(&text), holds, "{rule}: {text}");
        let by_expression = rule.contains("_matches") && !holds;
        let expected = format!("probe_failed_due_to_regex {}", u8::from(by_expression));
        check(&text, &[&expected]);
    }
}

/// The host cuts bodies that are longer than its bound.
#[test]
fn a_body_beyond_the_host_s_bound_is_not_judged_by_its_beginning() {
    let host = FakeHost::new()
        .http("http", |_| Ok(Response { truncated: true, ..answer(200, &[], "the beginning") }));
    let text = probe(&host, r#"{"prober":"http"}"#, "shop.test");
    check(&text, &["probe_success 1", "probe_failed_due_to_regex 0"]);
    for rule in ["fail_if_body_matches_regexp", "fail_if_body_not_matches_regexp"] {
        let module = format!(r#"{{"prober":"http","http":{{"{rule}":["beginning"]}}}}"#);
        let text = probe(&host, &module, "shop.test");
        check(&text, &["probe_success 0", "probe_failed_due_to_regex 1"]);
        let told = host.logs().pop().unwrap().fields;
        let reason = "the body is longer than 16777216 bytes, and not judged";
        assert!(told.iter().any(|field| field.value == reason), "{told:?}");
    }
}

#[test]
fn a_server_that_is_not_there_fails_the_probe_and_one_that_is_not_granted_the_call() {
    let host = FakeHost::new().http("http://gone.test/", |_| {
        Err(Error::unreachable("connect to gone.test:80: refused")
            .detail("address", "192.0.2.9:80"))
    });
    let text = probe(&host, r#"{"prober":"http"}"#, "gone.test");
    check(&text, &["probe_success 0", "probe_http_status_code 0", "probe_ip_protocol 4"]);
    assert!(host.logs()[0].fields.iter().any(|field| field.value.contains("refused")));
    let config = r#"{"modules":{"m":{"prober":"http"}}}"#;
    let refused = probe_as(&host, config, &[("module", "m"), ("target", "other.test")]);
    assert!(refused.unwrap_err().is_denied());
}

#[test]
fn a_conversation_is_held_over_tcp() {
    let host = FakeHost::new().tcp(
        "mail.test:25",
        &[b"220 mail.te", b"st ESMTP\r\n250-SIZE\n", b"250 STARTTLS\r\nready\n"],
    );
    let module = r#"{"prober":"tcp","tcp":{"query_response":[
        {"expect":"^220 (\\S+) ESMTP","send":"EHLO ${1}","labels":[{"name":"server","value":"$1"}]},
        {"expect":"^250 STARTTLS","send":"STARTTLS"},
        {"expect_bytes":"ready","starttls":true}]}}"#;
    let text = probe(&host, module, "mail.test:25");
    check(
        &text,
        &[
            "probe_success 1",
            "probe_failed_due_to_regex 0",
            "probe_expect_info{server=\"mail.test\"} 1",
            "probe_tls_version_info{version=\"TLS 1.3\"} 1",
        ],
    );
    assert_eq!(host.sent(), b"EHLO mail.test\nSTARTTLS\n");

    let other = r#"{"prober":"tcp","tcp":{"query_response":[{"expect":"^SSH"}]}}"#;
    check(
        &probe(&host, other, "mail.test:25"),
        &["probe_success 0", "probe_failed_due_to_regex 1"],
    );
    let other = r#"{"prober":"tcp","tcp":{"query_response":[{"expect_bytes":"SSH"}]}}"#;
    check(
        &probe(&host, other, "mail.test:25"),
        &["probe_success 0", "probe_failed_due_to_bytes 1"],
    );
    assert!(!succeeds(&probe(&host, r#"{"prober":"tcp"}"#, "no port")));
}

/// An answer to a query for an address, with one record.
fn records(query: &[u8]) -> Vec<u8> {
    let mut answer = query.to_vec();
    answer[2] |= 0x80;
    answer[7] = 1;
    answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01");
    answer
}

#[test]
fn a_nameserver_is_asked_and_its_records_are_judged() {
    let host = FakeHost::new().name_server("ns.test:53", records);
    let module = |rules: &str| {
        format!(r#"{{"prober":"dns","dns":{{"query_name":"a.test","query_type":"A"{rules}}}}}"#)
    };
    let text = probe(&host, &module(""), "ns.test");
    check(
        &text,
        &[
            "probe_success 1",
            "probe_dns_answer_rrs 1",
            "probe_dns_authority_rrs 0",
            "probe_dns_query_succeeded 1",
            "probe_dns_duration_seconds{phase=\"request\"} 0.001",
        ],
    );
    for (rules, holds) in [
        (r#","validate_answer_rrs":{"fail_if_matches_regexp":["127\\.0"]}"#, false),
        (
            r#","validate_answer_rrs":{"fail_if_not_matches_regexp":["^a\\.test\\.\t.*\tA\t"]}"#,
            true,
        ),
        (r#","validate_answer_rrs":{"fail_if_all_match_regexp":["127", "test"]}"#, true),
        (r#","validate_answer_rrs":{"fail_if_all_match_regexp":["127", "none"]}"#, false),
        (r#","validate_answer_rrs":{"fail_if_none_matches_regexp":["10\\."]}"#, false),
        (r#","validate_authority_rrs":{"fail_if_not_matches_regexp":["."]}"#, false),
        (r#","valid_rcodes":["NXDOMAIN"]"#, false),
    ] {
        assert_eq!(succeeds(&probe(&host, &module(rules), "ns.test:53")), holds, "{rules}");
    }
}

#[test]
fn over_tcp_messages_have_their_length_before_them() {
    let query = FakeHost::new().run(|| message::query("a.test", 1, 1, true)).unwrap();
    let answer = records(&query);
    let mut sent = u16::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
    sent.extend(&answer);
    let (front, rest) = sent.split_at(9);
    let host = FakeHost::new().tcp("ns.test:53", &[front, rest]);
    let module = r#"{"prober":"dns","dns":{"query_name":"a.test","query_type":"A","transport_protocol":"tcp"}}"#;
    check(&probe(&host, module, "ns.test"), &["probe_success 1", "probe_dns_answer_rrs 1"]);
    let host = FakeHost::new().tcp("ns.test:53", &[front]);
    check(&probe(&host, module, "ns.test"), &["probe_success 0", "probe_dns_query_succeeded 0"]);
}

#[test]
fn what_is_not_offered_says_what_to_do() {
    let check = |module: &str| {
        let config = format!(r#"{{"modules":{{"m":{module}}}}}"#);
        let params = [("module", "m"), ("target", "x.test")];
        let error = probe_as(&FakeHost::new(), &config, &params).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config, "{}", error.message);
        error.message
    };
    assert!(check(r#"{"prober":"icmp","icmp":{"ttl":5}}"#).contains("raw sockets"));
    let tls = check(r#"{"prober":"http","http":{"tls_config":{"insecure_skip_verify":true}}}"#);
    assert!(tls.contains("tls: { mine: { insecure_skip_verify: … } }"), "{tls}");
    let other = check(r#"{"prober":"http","http":{"proxy_url":"http://p"}}"#);
    assert!(other.contains("proxy_url"), "{other}");
    assert!(check(r#"{"prober":"dns"}"#).contains("query_name"));
    let pattern = check(r#"{"prober":"http","http":{"fail_if_body_matches_regexp":["("]}}"#);
    assert!(pattern.contains("unclosed group"), "{pattern}");
    let unknown = probe_as(&FakeHost::new(), "{}", &[("module", "x"), ("target", "y")]);
    let message = unknown.unwrap_err().message;
    assert!(message.contains("no module is named \"x\"; known: "), "{message}");
    let missing = probe_as(&FakeHost::new(), "{}", &[]).unwrap_err();
    assert!(missing.message.contains("__param_target"), "{}", missing.message);
}
