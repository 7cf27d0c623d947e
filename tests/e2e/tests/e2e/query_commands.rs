//! `narthex query` and `narthex promql` beside promtool's: the same servers, the same lines.

use std::path::Path;
use std::process::{Command, Output};

use narthex_harness::{
    Host, HostBuilder, Peer, Process, SECONDS, TempFolder, binary, free_port, http, peer,
};

use crate::tsdb_commands::{openmetrics, run};

fn output(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("the program starts")
}

/// The same arguments to both programs: the same answer, the same verdict.
#[track_caller]
fn check(ours: &Path, theirs: &Path, arguments: &[&str]) -> String {
    let (ours, theirs) = (output(ours, arguments), output(theirs, arguments));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{arguments:?}: {}", text(&ours.stderr));
    assert_eq!(ours.status.code(), theirs.status.code(), "{arguments:?}: {}", text(&ours.stderr));
    text(&ours.stdout)
}

const TIME: &str = "--time=1700000900";

/// What is asked of each server.
#[track_caller]
fn ask(ours: &Path, theirs: &Path, url: &str) {
    for query in [
        "sum by (code) (requests_total)",
        "sort_desc(requests_total)",
        "temperature{room=~'b.*'} * 1e9",
        "1 / 0",
        "vector(0) / 0",
        "nothing",
        "rate(requests_total{code='200'}[5m])[2m:1m]",
    ] {
        for format in ["promql", "json"] {
            check(ours, theirs, &["query", "instant", "-o", format, url, query, TIME]);
        }
    }
    let span = ["--start=1700000000", "--end=2023-11-14T22:30:00Z"];
    for format in ["promql", "json"] {
        let range = ["query", "-o", format, "range", url, "sum(requests_total) by (code)"];
        check(ours, theirs, &[&range[..], &span, &["--step=5m"]].concat());
        check(ours, theirs, &[&range[..], &span].concat());
        let series = ["query", "-o", format, "series", "--match=requests_total", url];
        let found = check(ours, theirs, &[&series[..], &span, &["--match=temperature"]].concat());
        assert!(found.contains("büro"), "{found}");
        let labels = ["query", "-o", format, "labels", url, "code"];
        let found = check(ours, theirs, &[&labels[..], &span].concat());
        assert!(found.contains("404"), "{found}");
        check(
            ours,
            theirs,
            &[&labels[..], &span, &["--match=requests_total{code!='200'}"]].concat(),
        );
    }
    let server = format!("--server={url}");
    let analyze = ["query", "analyze", &server, "--type=histogram", "--duration=20m", TIME];
    check(ours, theirs, &[&analyze[..], &["--match=requests_total"]].concat());
    let found = check(ours, theirs, &[&analyze[..], &["--match=latency_bucket"]].concat());
    assert!(found.contains("(classic): "), "{found}");
    // Refused by the server, and by nobody.
    check(ours, theirs, &["query", "instant", url, "sum("]);
    check(ours, theirs, &["query", "instant", "http://127.0.0.1:1", "up"]);
    check(ours, theirs, &["query", "range", url, "up", "--start=5", "--end=5"]);
}

/// Floats, and a classic histogram.
fn samples() -> String {
    let mut text = openmetrics();
    text.truncate(text.find("# EOF").expect("there is an end"));
    text.push_str("# TYPE latency histogram\n");
    for (bound, factor) in [("0.1", 1), ("1.0", 1), ("+Inf", 3)] {
        for step in 0..40_i64 {
            let (at, value) = (1_700_000_000 + step * 30, step * factor);
            text.push_str(&format!("latency_bucket{{le=\"{bound}\"}} {value} {at}\n"));
        }
    }
    text.push_str("# EOF\n");
    text
}

/// Everything below a folder, under another name.
fn with_files(mut host: HostBuilder, name: &str, folder: &Path) -> HostBuilder {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        let name = format!("{name}/{}", path.file_name().expect("a name").display());
        host = if path.is_dir() { with_files(host, &name, &path) } else { host.copy(&name, &path) };
    }
    host
}

#[test]
fn promtool_and_we_ask_servers_alike() {
    let (Some(promtool), Some(prometheus)) = (peer(Peer::Promtool), peer(Peer::Prometheus)) else {
        return;
    };
    let folder = TempFolder::new();
    folder.write("input.txt", samples());
    folder.write("prometheus.yml", "global: {}\n");
    let path = folder.path();
    let make = ["tsdb", "create-blocks-from", "openmetrics", "input.txt"];
    run(&binary(), path, &[&make[..], &["ours"]].concat());
    run(&promtool, path, &[&make[..], &["theirs"]].concat());
    let retention = "--storage.tsdb.retention.time=100y";

    let host = Host::with_config("plugins: { dir: plugins }\n").file("plugins/.keep", "");
    let host = with_files(host, "data", &path.join("ours")).flag(retention).start();
    ask(&binary(), &promtool, &format!("http://{}", host.address()));
    host.stop();

    let port = free_port();
    let mut theirs = Process::spawn(
        Command::new(prometheus)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=theirs", retention])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(path),
    );
    let url = format!("http://127.0.0.1:{port}");
    narthex_harness::wait_until("Prometheus is ready", 30 * SECONDS, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
            && http::get(&format!("{url}/-/ready")).status == 200
    });
    ask(&binary(), &promtool, &url);
    theirs.terminate(30 * SECONDS);
}

#[test]
fn promtool_and_we_lay_out_and_edit_queries_alike() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let ours = binary();
    let long = "histogram_quantile(0.9, sum by (job, le) (rate(latency_bucket{job=~\"a|b\"}[5m]))) \
                / on (job) group_left (team) label_replace(team_info, \"team\", \"$1\", \"owner\", \
                \"(.*)\") > bool (avg_over_time((a offset 5m - b @ end())[1h:5m]) or vector(0))";
    for query in [
        "up",
        "sum(up)by(job)",
        "0-(a+b)",
        "foo{a=\"b\"}[5m] offset -1w",
        "{__name__=\"a\\t\"} @ 5",
        "1e3+0x1F",
        "\"text\"",
        "max_over_time(rate(x[5m])[1h:]@start())",
        long,
        "sum(",
        "rate(up)",
    ] {
        let promql = ["promql", "--experimental"];
        check(&ours, &promtool, &[&promql[..], &["format", query]].concat());
        let matchers = [&promql[..], &["label-matchers"]].concat();
        let set = ["set", query, "job", "x|y", "-t", "=~"];
        check(&ours, &promtool, &[&matchers[..], &set].concat());
        check(&ours, &promtool, &[&matchers[..], &["delete", query, "job"]].concat());
    }
}
