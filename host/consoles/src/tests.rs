use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Disk, Metrics, SimulatedClock, SimulatedDisk};
use narthex_promql::{Engine, EngineConfig, QueryOptions};
use narthex_storage::{Appendable, MemoryStore};

use super::{ConsoleConfig, Consoles, PageError, PageRequest};

const LIBRARY: &str = "{{ define \"row\" }}<td>{{ .arg0 }}</td>{{ end }}";

fn consoles(files: &[(&str, &str)]) -> Consoles {
    let disk = SimulatedDisk::new(1);
    for (path, text) in files {
        let path = Utf8Path::new(path);
        disk.create_folder(path.parent().unwrap()).unwrap();
        disk.create(path).unwrap().append(text.as_bytes()).unwrap();
    }
    let (store, clock) = (MemoryStore::new(), SimulatedClock::at(1_500).clock());
    let mut appender = store.appender();
    for (instance, value) in [("b:1", 1.0), ("<a>:1", 0.0)] {
        let labels = Labels::from_pairs([("__name__", "up"), ("instance", instance)]);
        let series = appender.series(&labels).unwrap();
        appender.append(series, Timestamp::from_millis(1_000), value).unwrap();
    }
    appender.commit().unwrap();
    let config = EngineConfig::default();
    let engine = Engine::new(config, Arc::new(store), clock.clone(), &Metrics::new());
    let config = ConsoleConfig {
        templates: "pages".into(),
        libraries: "libraries".into(),
        assets: Some("files".into()),
        external_url: "http://n.test/narthex".to_owned(),
    };
    let consoles = Consoles::new(config, disk.shared(), engine, clock);
    consoles.set_external_labels(&Labels::from_pairs([("region", "eu")]));
    consoles
}

/// The page `pages/p.html` of this text, with the library, asked for with some parameters.
fn page(text: &str) -> Result<String, String> {
    let consoles = consoles(&[("pages/p.html", text), ("libraries/x.lib", LIBRARY)]);
    make(&consoles, "p.html").map_err(|error| error.to_string())
}

fn make(consoles: &Consoles, path: &str) -> Result<String, PageError> {
    let pairs = [("a", "1 & 2"), ("b", "x"), ("a", "3")];
    let parameters = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let options = QueryOptions::default();
    let request = PageRequest { path: path.to_owned(), parameters, options };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(consoles.page(request))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(page(text).unwrap_or_else(|error| error), expected, "{text}");
}

#[test]
fn a_page_shows_what_queries_answer() {
    check(
        "{{ range query \"up\" | sortByLabel \"instance\" }}<p>{{ .Labels.instance }}={{ .Value }}{{ end }}",
        "<p>&lt;a&gt;:1=0<p>b:1=1",
    );
    check("{{ query \"up == 1\" | first | label \"instance\" | stripPort }}", "b");
    check(
        "<script>var v = {{ query \"sum(up)\" | first | value }};</script>",
        "<script>var v =  1 ;</script>",
    );
    check("{{ with query \"nothing\" }}some{{ else }}none{{ end }} {{ now }}", "none 1.5");
    check(
        "{{ template \"row\" (args \"<\") }}{{ tmpl \"row\" (args 1) }}",
        "<td>&lt;</td><td>1</td>",
    );
    check(
        "<a href=\"{{ pathPrefix }}{{ graphLink \"up > 0\" }}\">",
        "<a href=\"/narthex/graph?g0.expr=up&#43;%3E&#43;0&amp;g0.tab=0\">",
    );
}

#[test]
fn a_page_knows_the_request_and_the_server() {
    check(
        "{{ .Params.a }}|{{ $params.b }}|{{ .Params.none }}|{{ $path }}|{{ .Path }}",
        "1 &amp; 2|x||p.html|p.html",
    );
    check(
        "{{ range .RawParams.a }}[{{ . }}]{{ end }}{{ index $rawParams.b 0 }}",
        "[1 &amp; 2][3]x",
    );
    check(
        "{{ .ExternalLabels.region }} {{ $externalLabels.none }} {{ externalURL }}",
        "eu  http://n.test/narthex",
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    check(
        "\n{{ nope }}",
        "error parsing template __console_/p.html: template: __console_/p.html:2:4: function \"nope\" not defined",
    );
    check(
        "{{ query \"up{\" }}",
        "error executing template __console_/p.html: template: __console_/p.html:1:4: error calling query: \
         1:4: parse error: unexpected end of input in label matching, expected identifier or \"}\"",
    );
    check(
        "{{ query \"up[1m]\" }}",
        "error executing template __console_/p.html: template: __console_/p.html:1:4: error calling query: \
         query result is not a vector or scalar",
    );
    let broken = consoles(&[("pages/p.html", ""), ("libraries/y.lib", "{{ end }}")]);
    assert_eq!(
        make(&broken, "p.html").unwrap_err().to_string(),
        "error parsing template __console_/p.html: template: y.lib:1:1: unexpected {{end}}",
    );
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let consoles =
        consoles(&[("pages/sub/p.html", "in"), ("secret.html", "out"), ("files/a", "f")]);
    assert_eq!(make(&consoles, "sub/p.html").unwrap(), "in");
    for path in ["", "sub", "none.html", "../secret.html", "sub/../../secret.html", "/secret.html"]
    {
        let error = make(&consoles, path).unwrap_err();
        assert!(matches!(error, PageError::NotThere(_)), "{path}: {error}");
    }
    assert_eq!(consoles.asset("a").unwrap().unwrap(), b"f");
    assert!(consoles.asset("../secret.html").unwrap().is_err());
}

#[test]
fn a_page_ends_within_its_bounds() {
    let error = page("{{ range 2000000 }}{{ end }}").unwrap_err();
    assert!(error.ends_with("more than 1000000 steps"), "{error}");
    let error = page(&"x".repeat((1 << 20) + 1)).unwrap_err();
    assert_eq!(error, "read console template \"p.html\"");
    let clock = SimulatedClock::at(0);
    let text = "{{ query \"up\" }}{{ query \"up\" }}";
    let mut slow = consoles(&[("pages/p.html", text)]);
    let shared = Arc::get_mut(&mut slow.0).unwrap();
    shared.clock = clock.clock();
    let request = PageRequest { path: "p.html".to_owned(), ..PageRequest::default() };
    let asked = super::page::queries(&slow.0, request.options, Timestamp::from_millis(1_500));
    assert_eq!(asked("up").map(|samples| samples.len()), Ok(2));
    clock.advance(Duration::from_secs(10));
    assert_eq!(asked("up"), Err("the queries of the page took more than 10s".to_owned()));
}
