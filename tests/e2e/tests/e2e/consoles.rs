//! Console templates and files of an operator's, beside those of a Prometheus.

use narthex_harness::{Host, Peer, TempFolder, http, peer};
use narthex_platform::Clock;
use narthex_remote::encode::TimeSeries;

use crate::prometheus::Prometheus;
use crate::push::send;
use crate::support::config;

const PAGE: &str = include_str!("consoles/hosts.html");
const LIBRARIES: [(&str, &str); 2] = [
    ("head.lib", include_str!("consoles/head.lib")),
    ("values.lib", include_str!("consoles/values.lib")),
];
const EXTERNAL_LABELS: &str = "global: { external_labels: { region: eu <west> } }\n";

/// Small pages, one for each place and function.
const PAGES: &[(&str, &str)] = &[
    (
        "text",
        "{{ $v := \"<a b='1' c=\\\"2\\\">&+`\\x00é\" }}<p>{{ $v }}</p><p title=\"{{ $v }}\"><p title='{{ $v }}'><p title={{ $v }}>",
    ),
    ("title", "<title>{{ \"</title>\" }}</title><textarea>{{ safeHtml \"<i>&amp;\" }}</textarea>"),
    ("names", "<input {{ \"checked\" }} {{ \"onclick\" }}=x><p data-{{ \"x\" }}={{ 1 }}>"),
    (
        "urls",
        "<a href=\"{{ \"javascript:x\" }}\"><a href=\"{{ \"https://h/a b?c='d'\" }}\"><a href=\"/x?q={{ \"a b&c/d\" }}\"><a href='/{{ \"a:b c\" }}'><a href={{ \"/q?a=b\" }}>",
    ),
    (
        "styles",
        "<p style=\"color: {{ \"red\" }}\"><p style=\"width: {{ 12 }}px\"><p style=\"x: {{ \"expression(1)\" }}\"><style>a { b: {{ \"</style\" }} }</style>",
    ),
    (
        "values",
        "<script>a={{ \"x</script>\\u2028\\\"'&\" }};b={{ 1.5 }};c={{ -1 }};d={{ true }};e={{ $params }};f={{ .RawParams }};g={{ 1e21 }};h={{ args 1 \"b\" }}</script>",
    ),
    ("samples", "<script>var all = {{ query \"up\" | sortByLabel \"instance\" }};</script>"),
    ("infinite", "<script>x = {{ query \"vector(1)/0\" | first | value }};</script>"),
    (
        "strings",
        "<script>a=\"{{ \"\\\"'`</script>\\\\\\n\\t/+&$ {x}é\" }}\"; b='{{ \"a'b\" }}'; c=\"\\\"\"+'{{ 1 }}'</script>",
    ),
    (
        "templates",
        "<script>a=`{{ \"`${x}\\\\\" }}${ {{ \"y\" }} + {z:{}}.z }{{ 2 }}`; b={{ 3 }}</script>",
    ),
    (
        "patterns",
        "<script>a = /x{{ \"a.b*(c)[d]{e}|$^-+/?\\\\\" }}/g.test({{ 1 }}); b = {{ 6 }} / {{ 2 }} / 3; c = /{{ \"\" }}/; return /{{ \"q\" }}/</script>",
    ),
    (
        "comments",
        "<!-- gone {{ .Path }} --><script>a // gone {{ 1 }} \"\nb /* ' */ c /*\n*/ d\n<!-- gone '\n{{ 2 }}</script>",
    ),
    (
        "events",
        "<a onclick=\"f({{ \"a'b\" }}, '{{ \"a'b\" }}', {{ 1 }}, {{ args 1 }})\" onload='g(&quot;{{ \"\\\"\" }}&#34;)'><b onclick=f({{ \"a b\" }})>",
    ),
    (
        "types",
        "<script type=\"text/x-template\"><i>{{ \"<\" }}</i></script><script type=\"application/json\">{{ \"<\" }}</script><script type=module>{{ \"<\" }}</script>",
    ),
    ("escapers", "{{ \"<\" | html }} {{ \"a b\" | urlquery }} {{ js \"a'b\" }} {{ print 1 2 }}"),
    (
        "branches",
        "{{ if .Params.none }}a{{ else if .Params.job }}b{{ end }}{{ with .Params.job }}{{ . }}{{ end }}{{ range $i, $x := .RawParams.job }}{{ $i }}{{ $x }}{{ end }}",
    ),
    (
        "nothing",
        "[{{ .Params.none }}] {{ .ExternalLabels.none }} {{ query \"none\" }} {{ len (query \"up\") }}",
    ),
    (
        "numbers",
        "{{ humanize 1234567.0 }} {{ humanize1024 1048576.0 }} {{ humanizeDuration 3661.5 }} {{ humanizePercentage 0.1234 }} {{ humanizeTimestamp 1435065584.128 }} {{ 0.1 }} {{ 1e9 }} {{ printf \"%.3f|%s|%v\" 1.0 \"<\" true }}",
    ),
    (
        "words",
        "{{ title \"aa bb\" }} {{ toUpper \"é<\" }} {{ match \"a+\" \"caat\" }} {{ reReplaceAll \"(a+)\" \"<$1>\" \"caat\" }} {{ stripDomain \"a.b:1\" }} {{ parseDuration \"1h\" }} {{ (toTime 0).Year }}",
    ),
    (
        "links",
        "<a href=\"{{ graphLink \"up{a=\\\"b c\\\"}\" }}\">{{ tableLink \"x+y\" }}</a> {{ pathPrefix }} {{ externalURL }}",
    ),
    ("sub/path", "{{ .Path }} {{ $path }}"),
];

/// Pages that both refuse.
const BROKEN: &[(&str, &str)] = &[
    ("not-a-template", "{{ end }}"),
    ("no-function", "{{ nope }}"),
    ("no-template", "{{ template \"nope\" }}"),
    ("no-query", "{{ query \"up{\" }}"),
    ("no-first", "{{ query \"none\" | first }}"),
    ("half-escape", "<script>\"\\{{ 1 }}\"</script>"),
    ("brackets", "<script>x = /[{{ 1 }}]/</script>"),
];

struct Servers {
    theirs: Prometheus,
    ours: Host,
    _folder: TempFolder,
}

fn start(program: &std::path::Path) -> Servers {
    let folder = TempFolder::new();
    let pages = PAGES.iter().chain(BROKEN).chain(&[("hosts", PAGE)]);
    for (name, text) in pages {
        folder.write(&format!("pages/{name}.html"), *text);
    }
    for (name, text) in LIBRARIES {
        folder.write(&format!("libraries/{name}"), text);
    }
    folder.write("libraries/README", "{{ end }}");
    folder.write("files/style.css", "p { color: red }\n");
    folder.write("files/index.html", "<!doctype html><p>own</p>\n");
    folder.write("files/sub/a b.txt", "text\n");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let flags = [
        format!("--web.console.templates={}", path("pages")),
        format!("--web.console.libraries={}", path("libraries")),
        format!("--web.user-assets={}", path("files")),
        "--web.external-url=http://pages.test/a".to_owned(),
        "--web.route-prefix=/".to_owned(),
        "--web.enable-remote-write-receiver".to_owned(),
    ];
    let of_prometheus: Vec<&str> = flags.iter().map(String::as_str).collect();
    let theirs = Prometheus::start(program, EXTERNAL_LABELS, &of_prometheus);
    let ours = Host::with_config(&format!("{EXTERNAL_LABELS}plugins: {{ dir: plugins }}\n"));
    let ours = flags.iter().fold(ours, |host, flag| host.flag(flag));
    let ours = ours.file("plugins/.keep", "").start();
    ours.wait_until_replayed();
    let at = Clock::real().now_millis() - 1000;
    let one = |labels: &[(&str, &str)], value| TimeSeries::new(labels).with_samples(&[(at, value)]);
    let series = [
        one(&[("__name__", "up"), ("instance", "a.test:9100"), ("job", "node")], 1.0),
        one(&[("__name__", "up"), ("instance", "b<>&:9100"), ("job", "node two")], 0.0),
        one(&[("__name__", "memory_bytes"), ("instance", "a.test:9100")], 1536.0 * 1024.0),
    ];
    for address in [theirs.address(), ours.address()] {
        for one in &series {
            let answer = send(&address, std::slice::from_ref(one));
            assert_eq!(answer.status, 204, "{one:?}: {answer}");
        }
    }
    Servers { theirs, ours, _folder: folder }
}

impl Servers {
    /// What they and we answer to a path.
    fn get(&self, path: &str) -> [http::Response; 2] {
        let addresses = [self.theirs.address(), self.ours.address()];
        addresses.map(|address| http::get(&format!("http://{address}{path}")))
    }
}

#[test]
fn prometheus_and_we_make_the_same_pages() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let servers = start(&program);
    let mut differing = Vec::new();
    let hosts = ["?job=node", "?job=node+two", "?job=none&x=%3Cb%3E&x=2", ""];
    let hosts = hosts.iter().map(|query| format!("/consoles/hosts.html{query}"));
    let small = PAGES.iter().map(|(name, _)| format!("/consoles/{name}.html?job=a+%3Cb%3E&job=c"));
    for path in small.chain(hosts) {
        let [theirs, ours] = servers.get(&path);
        if theirs.status != 200 || (ours.status, ours.text()) != (200, theirs.text()) {
            differing.push(format!("{path}\ntheirs: {theirs}\nours: {ours}\n"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    for (name, _) in BROKEN {
        let [theirs, ours] = servers.get(&format!("/consoles/{name}.html"));
        assert_eq!((ours.status, theirs.status), (500, 500), "{name}: {ours}");
        assert!(ours.text().contains("template"), "{name}: {ours}");
    }
    for path in ["/consoles/none.html", "/consoles/%2e%2e/files/style.css", "/consoles/text.html/x"]
    {
        let [theirs, ours] = servers.get(path);
        assert_eq!(ours.status, 404, "{path}: {ours}");
        assert_ne!(theirs.status, 200, "{path}: {theirs}");
    }
    servers.ours.stop();
}

#[test]
fn prometheus_and_we_serve_the_same_files() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let servers = start(&program);
    for path in
        ["/user/style.css", "/user/sub/a%20b.txt", "/user/", "/user/none.css", "/user/sub/none"]
    {
        let [theirs, ours] = servers.get(path);
        assert_eq!((ours.status, ours.text()), (theirs.status, theirs.text()), "{path}: {ours}");
        assert_eq!(ours.header("content-type"), theirs.header("content-type"), "{path}");
    }
    let folder = servers.ours.get("/user/sub");
    assert_eq!((folder.status, folder.header("location")), (307, Some("./sub/")), "{folder}");
    for path in ["/user/%2e%2e/pages/text.html", "/user/sub/../../pages/text.html"] {
        let [_, ours] = servers.get(path);
        assert_eq!(ours.status, 404, "{path}: {ours}");
    }
    servers.ours.stop();
}

#[test]
fn without_a_folder_there_are_no_pages_and_no_files() {
    let host = Host::with_config(&config("")).file("plugins/.keep", "").start();
    for path in ["/consoles/index.html", "/user/", "/user/x.css"] {
        assert_eq!(host.get(path).status, 404, "{path}");
    }
    host.stop();
}
