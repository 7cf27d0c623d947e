//! The ways in which a guest may misbehave, one by one: each ends as the table says, and a neighbor answers after it.
//!
//! The table in docs/guide/plugins/security.md has a line for each of them; a test sees to that.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;

use camino::Utf8PathBuf;
use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{CallError, GuestErrorKind};
use serde_json::{Value, json};

/// Short budgets, so that guests that spend them do not keep the test waiting.
const DEFAULTS: &str = "defaults: { memory: 64MiB, cpu: 500ms, wall: 2s }";

/// The same for guests that spend processor time: on a busy machine that takes long.
const PATIENT: &str = "defaults: { memory: 64MiB, cpu: 500ms, wall: 1h }";

/// How a call must end.
enum Ends {
    /// The guest is stopped, for this reason, with these words.
    Killed(&'static str, &'static str),
    /// The host answers an error to the guest, which hands it on.
    Refused(GuestErrorKind, &'static str),
    /// The guest gets its way, within a bound: its answer holds this.
    Answers(&'static str),
}

use Ends::{Answers, Killed, Refused};
use GuestErrorKind::{Config, Denied, Exhausted, Protocol, Timeout};

struct Way {
    /// As the page on security names it.
    name: &'static str,
    config: Value,
    ends: Ends,
}

fn way(name: &'static str, config: Value, ends: Ends) -> Way {
    Way { name, config, ends }
}

fn misuse(name: &'static str, what: &str, mut more: Value, ends: Ends) -> Way {
    more["mode"] = json!("misuse");
    more["what"] = json!(what);
    way(name, more, ends)
}

/// A server that hands each connection to `serve`, after the first bytes of a request.
fn server(serve: impl Fn(&mut TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let serve = serve.clone();
            // Connections that are hoarded say nothing; each has a thread of its own.
            std::thread::spawn(move || {
                if stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {
                    serve(&mut stream);
                }
            });
        }
    });
    port
}

fn says(answer: String) -> u16 {
    server(move |stream| {
        stream.write_all(answer.as_bytes()).ok();
    })
}

fn redirects_to(place: &str) -> u16 {
    says(format!(
        "HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ))
}

/// The servers of the test, by port.
struct Servers {
    good: u16,
    endless: u16,
    silent: u16,
    headers: u16,
    circle: u16,
    to_metadata: u16,
    to_file: u16,
    to_other: u16,
    nonsense: u16,
}

impl Servers {
    fn start() -> Self {
        let good =
            says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".into());
        let endless = server(|stream| {
            let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
            let mut alive = stream.write_all(head);
            while alive.is_ok() {
                alive = stream.write_all(&[b'x'; 64 * 1024]);
            }
        });
        let silent = server(|stream| {
            // Until the other side gives up.
            stream.read_exact(&mut [0; 1]).ok();
        });
        let headers = server(|stream| {
            let mut alive = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while alive.is_ok() {
                alive = stream.write_all(format!("x: {}\r\n", "y".repeat(16 * 1024)).as_bytes());
            }
        });
        Self {
            good,
            endless,
            silent,
            headers,
            circle: redirects_to("/again"),
            to_metadata: redirects_to("http://169.254.169.254/latest/meta-data/"),
            to_file: redirects_to("file:///etc/passwd"),
            to_other: redirects_to("http://localhost:1/"),
            nonsense: says("SSH-2.0-OpenSSH_9.2\r\n\r\n".into()),
        }
    }

    /// The grants: these servers, and nothing else of this machine.
    fn grants(&self, folder: &Utf8PathBuf) -> String {
        let ports = [
            self.good,
            self.endless,
            self.silent,
            self.headers,
            self.circle,
            self.to_metadata,
            self.to_file,
            self.to_other,
            self.nonsense,
        ];
        let net: Vec<String> = ports.iter().map(|port| format!("'127.0.0.1:{port}'")).collect();
        let net = net.join(", ");
        format!(
            "{DEFAULTS}\nallow: {{ modes: {{ net: [{net}, '*:4'], kv: 1MiB, \
             files: {{ own: {folder}, proc: /proc }} }} }}"
        )
    }
}

fn get(port: u16) -> Value {
    json!({ "mode": "net", "url": format!("http://127.0.0.1:{port}/") })
}

fn net(url: &str) -> Value {
    json!({ "mode": "net", "url": url })
}

fn file(root: &str, path: &str) -> Value {
    json!({ "mode": "file", "root": root, "path": path })
}

/// Processor time, memory, stack, answers.
fn of_the_machine() -> Vec<Way> {
    vec![
        way("a panic", json!({ "mode": "panic" }), Killed("trap", "told to panic")),
        way("an endless loop", json!({ "mode": "endless_loop" }), Killed("cpu", "processor time")),
        way(
            "endless calls of the host",
            json!({ "mode": "endless_calls" }),
            Killed("cpu", "500ms"),
        ),
        way("a memory bomb", json!({ "mode": "memory_bomb" }), Killed("memory", "64 MiB")),
        way("endless recursion", json!({ "mode": "deep_recursion" }), Killed("stack", "too deep")),
        way("a wild pointer", json!({ "mode": "wild_read" }), Killed("trap", "out of bounds")),
        way(
            "an answer beyond its bound",
            json!({ "mode": "oversized", "bytes": 20 << 20 }),
            Killed("result", "16384 KiB"),
        ),
        way(
            "an error beyond its bound",
            json!({ "mode": "long_error", "bytes": 100_000 }),
            Refused(GuestErrorKind::Internal, "…"),
        ),
        misuse("ending the process", "exit", json!({ "status": 3 }), Killed("exit", "exit status")),
        misuse("sleeping beyond its time", "sleep_on", json!({}), Killed("wall", "within 2s")),
        misuse("a flood of prints", "print", json!({ "bytes": 256 << 10 }), Answers("guest_value")),
        way("a flood of log lines", json!({ "mode": "chatty", "lines": 5_000 }), Answers("5000")),
        misuse(
            "a forged line of the log",
            "forge",
            json!({ "message": "x\n2026-01-01 ERROR all is lost \u{1b}[31m" }),
            Killed("trap", "x 2026-01-01 ERROR all is lost  [31m"),
        ),
    ]
}

/// Keys, connections, requests.
fn of_capabilities(servers: &Servers) -> Vec<Way> {
    let (good, url) = (servers.good, format!("http://127.0.0.1:{}/", servers.good));
    let keep = |keys: u32, key: usize, value: usize| json!({ "keys": keys, "key_bytes": key, "value_bytes": value });
    vec![
        misuse(
            "a panic that holds a connection",
            "panic_holding",
            json!({ "host": "127.0.0.1", "port": good }),
            Killed("trap", "holds a connection"),
        ),
        misuse(
            "a flood of keys",
            "keep",
            keep(100_000, 1, 1024),
            Refused(Exhausted, "keeps all of its 1024 KiB"),
        ),
        misuse("a key beyond its bound", "keep", keep(1, 2000, 1), Refused(Exhausted, "a key of")),
        misuse(
            "a value beyond its bound",
            "keep",
            keep(1, 1, 2 << 20),
            Refused(Exhausted, "a value of"),
        ),
        misuse(
            "hoarded connections",
            "hoard",
            json!({ "host": "127.0.0.1", "port": good, "count": 17 }),
            Refused(Exhausted, "16 connections are open already"),
        ),
        way(
            "a flood of requests",
            json!({ "mode": "net_many", "url": url, "count": 1001, "in_flight": 1001 }),
            Refused(Exhausted, "1000 are allowed"),
        ),
        misuse(
            "a race of too many requests",
            "fetch_first",
            json!({ "url": url, "count": 17 }),
            Refused(Exhausted, "16 are allowed"),
        ),
        misuse(
            "a header that is the host's",
            "send",
            json!({ "url": url, "name": "Host", "value": "other.example" }),
            Refused(Config, "is set by the host"),
        ),
        misuse(
            "a header that smuggles another",
            "send",
            json!({ "url": url, "name": "x", "value": "a\r\nHost: other.example" }),
            Refused(Config, "invalid header value"),
        ),
    ]
}

/// Servers that work together with the guest, or against it.
fn of_servers(servers: &Servers) -> Vec<Way> {
    vec![
        way("an endless answer", get(servers.endless), Answers("guest_value 200")),
        way("a server that says nothing", get(servers.silent), Refused(Timeout, "127.0.0.1")),
        way("endless headers", get(servers.headers), Refused(Protocol, "127.0.0.1")),
        way("an answer that is no HTTP", get(servers.nonsense), Refused(Protocol, "127.0.0.1")),
        way("redirects in a circle", get(servers.circle), Refused(Protocol, "10 redirects")),
        way(
            "a redirect to the machine's credentials",
            get(servers.to_metadata),
            Refused(Denied, "169.254.169.254:80"),
        ),
        way("a redirect to a file", get(servers.to_file), Refused(Protocol, "its scheme is file")),
        way("a redirect to another port", get(servers.to_other), Refused(Denied, "localhost:1")),
    ]
}

/// Addresses and names that were not granted, in many dresses.
fn of_names() -> Vec<Way> {
    let tcp = |host: &str| json!({ "mode": "tcp", "host": host, "port": 4 });
    vec![
        way("a host that was not granted", net("http://192.0.2.1/"), Refused(Denied, "net: [")),
        way("credentials in a URL", net("http://u:p@192.0.2.1/"), Refused(Denied, "net: [")),
        way(
            "a URL of another scheme",
            net("file:///etc/passwd"),
            Refused(Config, "scheme is file"),
        ),
        way(
            "a socket of the machine",
            net("http+unix://%2Frun%2Fdocker.sock/"),
            Refused(Denied, "unix:"),
        ),
        way(
            "loopback behind a star",
            net("http://127.0.0.1:4/"),
            Refused(Denied, "of this machine"),
        ),
        way("loopback by its name", net("http://localhost:4/"), Refused(Denied, "of this machine")),
        way(
            "loopback as a number",
            net("http://2130706433:4/"),
            Refused(Denied, "of this machine"),
        ),
        way(
            "loopback in octal digits",
            net("http://0177.0.0.1:4/"),
            Refused(Denied, "of this machine"),
        ),
        way(
            "loopback within IPv6",
            net("http://[::ffff:127.0.0.1]:4/"),
            Refused(Denied, "machine"),
        ),
        way(
            "the unspecified address",
            net("http://0.0.0.0:4/"),
            Refused(Denied, "of this machine"),
        ),
        way("the machine's credentials", tcp("169.254.169.254"), Refused(Denied, "link-local")),
        way("the same as a number", tcp("2852039166"), Refused(Denied, "link-local")),
        way(
            "the same with a dot at the end",
            net("http://169.254.169.254.:4/"),
            Refused(Denied, "link"),
        ),
        way(
            "the same over IPv6",
            tcp("fd00:ec2::254"),
            Refused(Denied, "a cloud answers credentials"),
        ),
        way(
            "the same through a translator",
            tcp("64:ff9b::a9fe:a9fe"),
            Refused(Denied, "link-local"),
        ),
    ]
}

/// Files that were not granted, and ways out of those that were.
fn of_files() -> Vec<Way> {
    vec![
        way("a folder that was not granted", file("etc", "passwd"), Refused(Denied, "files: {")),
        way("a path that climbs", file("own", "../x"), Refused(Denied, "without ..")),
        way("a path from the top", file("own", "/etc/passwd"), Refused(Denied, "relative")),
        way("a path with a NUL", file("own", "a\u{0}b"), Refused(Denied, "no path")),
        way("a link that leads out", file("own", "out"), Refused(Denied, "leads out of its root")),
        way("a link to itself", file("own", "circle"), Refused(Denied, "in circles")),
        way("a link of the kernel", file("proc", "self/root/etc/passwd"), Refused(Denied, "link")),
        way("a pipe that nobody writes", file("own", "pipe"), Refused(Denied, "no regular file")),
        way("a file beyond its bound", file("own", "large"), Refused(Exhausted, "longer than")),
    ]
}

/// What is wrong with how a way ended.
fn wrong(way: &Way, got: &Result<String, CallError>) -> Option<String> {
    let is_right = match (&way.ends, got) {
        (Killed(word, part), Err(error @ CallError::Killed { reason, .. })) => {
            reason.word() == *word && error.to_string().contains(part)
        }
        (Refused(kind, part), Err(CallError::Refused(error))) => {
            let is_short = error.message.len() < 5_000;
            error.kind == *kind && error.message.contains(part) && is_short
        }
        (Answers(part), Ok(body)) => body.contains(part),
        (Killed(..) | Refused(..) | Answers(_), _) => false,
    };
    (!is_right).then(|| format!("{}: {got:?}", way.name))
}

/// A folder with traps beside a granted one.
#[expect(clippy::disallowed_methods, reason = "the test acts as the machine")]
fn traps(folder: &std::path::Path) -> Utf8PathBuf {
    let own = folder.join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(folder.join("x"), "outside").unwrap();
    symlink("../x", own.join("out")).unwrap();
    symlink("circle", own.join("circle")).unwrap();
    std::fs::File::create(own.join("large")).unwrap().set_len(17 << 20).unwrap();
    let status = std::process::Command::new("mkfifo").arg(own.join("pipe")).status();
    assert!(status.is_ok_and(|status| status.success()), "mkfifo");
    Utf8PathBuf::from_path_buf(own).unwrap()
}

fn all(servers: &Servers) -> Vec<Way> {
    [of_the_machine(), of_capabilities(servers), of_servers(servers), of_names(), of_files()]
        .into_iter()
        .flatten()
        .collect()
}

#[tokio::test]
async fn each_way_ends_as_the_table_says_and_the_neighbor_answers() {
    let folder = tempfile::tempdir().unwrap();
    let own = traps(folder.path());
    let servers = Servers::start();
    let files: [(&str, &[u8]); 2] = [("modes", &guest("modes")), ("good", &guest("good"))];
    let host = Host::start(&files, &servers.grants(&own)).await;
    let patient = Host::start(&files, PATIENT).await;
    let mut all_wrong = Vec::new();
    for way in all(&servers) {
        let host = if matches!(way.ends, Killed("cpu", _)) { &patient } else { &host };
        let got = host.collect("modes", way.config.clone()).await;
        all_wrong.extend(wrong(&way, &got));
        let body = host.collect("good", json!({})).await.unwrap();
        assert!(body.contains("good_value 1"), "{}: {body}", way.name);
        let body = host.collect("modes", json!({ "mode": "well" })).await.unwrap();
        assert!(body.contains("guest_ok 1"), "{}: {body}", way.name);
    }
    assert!(all_wrong.is_empty(), "{all_wrong:#?}");
}

#[tokio::test]
async fn many_that_misbehave_at_once_leave_room_for_a_neighbor() {
    let files: [(&str, &[u8]); 2] = [("modes", &guest("modes")), ("good", &guest("good"))];
    let host = Host::start(&files, DEFAULTS).await;
    let bad = (0..32).map(|index| {
        let mode = if index % 2 == 0 { "endless_loop" } else { "memory_bomb" };
        host.collect("modes", json!({ "mode": mode }))
    });
    let neighbor = async {
        for _ in 0..8 {
            let body = host.collect("good", json!({})).await.unwrap();
            assert!(body.contains("good_value 1"), "{body}");
        }
    };
    let (ended, ()) = tokio::join!(futures_util::future::join_all(bad), neighbor);
    assert!(ended.iter().all(Result::is_err));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the page is a file of the checkout")]
fn the_page_on_security_names_every_way() {
    let page = std::fs::read_to_string("../../docs/guide/plugins/security.md").unwrap();
    let ways = all(&Servers::start());
    assert!(ways.len() >= 30, "{}", ways.len());
    let missing: Vec<&str> = ways
        .iter()
        .map(|way| way.name)
        .filter(|name| !page.contains(&format!("| {name} |")))
        .collect();
    assert!(missing.is_empty(), "docs/guide/plugins/security.md lacks {missing:?}");
}
