//! Templates of notifications beside the real amtool.

use std::path::{Path, PathBuf};
use std::process::Command;

use camino::Utf8PathBuf;
use narthex_harness::{Peer, TempFolder, peer};
use narthex_model::{Labels, Timestamp};
use narthex_platform::read_to_string;
use narthex_template::{Expander, Library, NotificationAlert, NotificationData};

use crate::support::disk;

/// The tool, its built-in templates, and the data of [`data`] as it reads it.
struct Amtool {
    program: PathBuf,
    templates: Utf8PathBuf,
    data: PathBuf,
    _folder: TempFolder,
}

impl Amtool {
    /// `None` after the test was reported as skipped.
    fn find() -> Option<Self> {
        let program = peer(Peer::Amtool)?;
        let share = program.ancestors().nth(2).map(|usr| usr.join("share/prometheus/alertmanager"));
        let templates = share.expect("a program of a package").join("default.tmpl");
        let templates = Utf8PathBuf::from_path_buf(templates).expect("a UTF-8 path");
        let folder = TempFolder::new();
        let data = folder.write("data.json", expander().text("{{ toJson . }}").expect("JSON"));
        Some(Self { program, templates, data, _folder: folder })
    }

    fn render(&self, kind: &str, text: &str) -> Result<String, String> {
        let flag = |name: &str, path: &Path| format!("--template.{name}={}", path.display());
        let output = Command::new(&self.program)
            .args(["template", "render"])
            .arg(flag("glob", self.templates.as_std_path()))
            .arg(flag("data", &self.data))
            .args([format!("--template.type={kind}"), format!("--template.text={text}")])
            .output()
            .expect("the tool starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Both render the text to the same, or neither renders it.
    #[track_caller]
    fn check(&self, kind: &str, text: &str) {
        let theirs = self.render(kind, text);
        let expander = expander();
        let ours = if kind == "html" { expander.html(text) } else { expander.text(text) };
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "ours and theirs of {text}"),
            (Err(_), Err(_)) => {}
            // Functions and a method that are younger than the tool.
            (Ok(_), Err(error)) if is_younger(&error) => {}
            (ours, theirs) => panic!("{text}: ours {ours:?}, theirs {theirs:?}"),
        }
    }
}

fn is_younger(error: &str) -> bool {
    (error.contains(": function \"") && error.contains("\" not defined"))
        || error.contains("can't evaluate field Join in type []string")
}

fn data() -> NotificationData {
    let alert = |status: &str, instance: &str, severity: &str| NotificationAlert {
        status: status.to_owned(),
        labels: Labels::from_pairs([
            ("alertname", "Disk Full"),
            ("Zone", "ä/1"),
            ("instance", instance),
            ("severity", severity),
        ]),
        annotations: Labels::from_pairs([
            ("summary", "97% <used> & more"),
            ("runbook", "http://x/y"),
        ]),
        starts_at: Timestamp::from_millis(1_709_210_006_289),
        ends_at: Timestamp::from_millis(1_709_210_336_000),
        generator_url: "http://narthex.test:9090/graph?g0.expr=up%3D0&g0.tab=1".to_owned(),
        fingerprint: "c7e68cb08e3e67f9".to_owned(),
    };
    NotificationData {
        receiver: "team x|y+z".to_owned(),
        status: "firing".to_owned(),
        alerts: vec![
            alert("firing", "a:9100", "info"),
            alert("resolved", "b:9100", "critical"),
            alert("firing", "c", "warning"),
        ],
        notification_reason: "first notification".to_owned(),
        group_labels: Labels::from_pairs([("alertname", "Disk Full")]),
        common_labels: Labels::from_pairs([("alertname", "Disk Full"), ("Zone", "ä/1")]),
        common_annotations: Labels::from_pairs([
            ("summary", "97% <used> & more"),
            ("runbook", "http://x/y"),
        ]),
        external_url: "http://alerts.test:9093".to_owned(),
        ..NotificationData::default()
    }
}

fn expander() -> Expander {
    Library::default().expander(&data(), Timestamp::from_millis(1_709_210_096_789))
}

#[test]
fn built_in_texts_are_those_of_alertmanager() {
    let Some(amtool) = Amtool::find() else { return };
    let theirs = read_to_string(&*disk(), &amtool.templates, 1 << 20).expect("their templates");
    let theirs = theirs.split("define \"").skip(1).filter_map(|rest| rest.split('"').next());
    let theirs: Vec<&str> = theirs.collect();
    assert!(theirs.len() > 50, "templates were found: {theirs:?}");
    let library = Library::default();
    let missing: Vec<_> =
        theirs.iter().filter(|name| !library.names().any(|known| known == **name)).collect();
    assert!(missing.is_empty(), "templates of Alertmanager that are missing: {missing:?}");

    let mut resolved = String::new();
    for name in theirs {
        let is_list = name.starts_with("__text_alert_list") || name.ends_with(".instances");
        let dot = if is_list { ".Alerts.Firing" } else { "." };
        resolved += &format!("=== {name}\n{{{{ template \"{name}\" {dot} }}}}\n");
    }
    amtool.check("text", &resolved);
    amtool.check("html", &resolved);
}

#[test]
fn functions_and_data_are_those_of_alertmanager() {
    let Some(amtool) = Amtool::find() else { return };
    for text in [
        "{{ .Alerts }}",
        "{{ .Alerts.Firing }} {{ .CommonLabels }} {{ .CommonLabels.SortedPairs }}",
        "{{ index .CommonLabels.SortedPairs 0 }} {{ .CommonLabels.Names }} {{ len .Alerts }}",
        "{{ range $k, $v := .CommonLabels }}{{ $k }}={{ $v }};{{ end }}{{ .CommonLabels.none }}",
        "{{ (.CommonLabels.Remove (stringSlice \"Zone\")).Values.Join \"+\" }}",
        "{{ .CommonLabels.Remove \"Zone\" }}",
        "{{ .NoSuch }}",
        "{{ .Alerts.Firing.Status }}",
        "{{ toUpper \"aß\" }} {{ toLower \"ÀB\" }} {{ trimSpace \"\\u00a0 x\\t\" }}",
        "{{ title \"foo_bar-baz it's a.b a:b 1st HELLO x1y éa ǆa ßa a..b a,b a;b 中a\" }}",
        "{{ join \", \" .CommonLabels.Names }} {{ stringSlice }} {{ stringSlice 1 }}",
        "{{ match \"^D.*l$\" .CommonLabels.alertname }} {{ match \"(\" \"\" }}",
        "{{ reReplaceAll \"(a)(b)?\" \"<$1$2${1}x>$$\" \"ab-a\" }}",
        "{{ reReplaceAll \"(\" \"\" \"\" }}",
        "{{ urlUnescape \"a%20b+c%C3%A9\" }} {{ urlquery \"a b&é\" 1 }}",
        "{{ urlUnescape \"%zz\" }}",
        "{{ toJson \"<a>&\\u2028\\b\\f\\n\\u0001\\u007f\\\\\\\"/é\" }}",
        "{{ toJson 1e21 }} {{ toJson 1e20 }} {{ toJson 0.0000001 }} {{ toJson 1.50 }} {{ toJson -3 }}",
        "{{ toJson .Alerts }} {{ toJson .CommonLabels }} {{ toJson .CommonLabels.SortedPairs }}",
        "{{ dict \"b\" (list 1 \"x\") \"a\" (dict) | toJson }} {{ dict \"b\" 1 \"a\" true }}",
        "{{ dict \"a\" }}",
        "{{ dict 1 2 }}",
        "{{ append (list 1) 2 | len }} {{ list }} {{ append list \"a\" }}",
        "{{ safeHtml \"<b>\" }} {{ safeUrl \"a b\" }}",
        "{{ \"a\" | safeHtml | toUpper }}",
        "{{ base64encode \"flush>>é\" }} {{ base64decode \"Zmx1c2g-Pg==\" }}",
        "{{ toDate \"2006-01-02\" \"2024-02-30\" }} {{ toDate \"06 Jan _2 3PM MST\" \"99 feb  3 12AM CET\" }}",
        "{{ humanizeDuration 90061 }} {{ humanizeDuration \"0.0123\" }} {{ humanizeDuration -75 }}",
        "{{ humanizeDuration \"x\" }}",
        "{{ with index .Alerts 0 }}{{ .StartsAt }} {{ .EndsAt.Sub .StartsAt }} {{ .StartsAt.Unix }}{{ end }}",
        "{{ with index .Alerts 0 }}{{ (.StartsAt.Add 28800e9).Format \"2006-01-02 15:04:05\" }}{{ end }}",
        "{{ with index .Alerts 0 }}{{ .StartsAt.AddDate 1 0 1 }} {{ .StartsAt.Truncate 3600e9 }}{{ end }}",
        "{{ with index .Alerts 0 }}{{ .StartsAt.Round 60e9 }} {{ .StartsAt.IsZero }} {{ .StartsAt.YearDay }}{{ end }}",
        "{{ with index .Alerts 0 }}{{ (.EndsAt.Sub .StartsAt).Hours }} {{ (.EndsAt.Sub .StartsAt).Round 60e9 }}{{ end }}",
        "{{ with index .Alerts 0 }}{{ tz \"Asia/Kolkata\" .StartsAt }} {{ tz \"UTC\" .EndsAt }}{{ end }}",
        "{{ tz \"Nowhere\" (index .Alerts 0).StartsAt }}",
        "{{ date \"2006 06 January Jan 1 01 Monday Mon 2 _2 02 15 3 03 4 04 5 05 PM pm 002 __2\" (index .Alerts 0).StartsAt }}",
        "{{ date \".000 ,000000 .999 .999999999 .0 -07 -0700 -07:00 Z07:00 Z0700 MST\" (index .Alerts 0).StartsAt }}",
        "{{ date \"Month Janet _2006 at é .00x .01 {x}\" (index .Alerts 0).StartsAt }}",
        "{{ (index .Alerts 0).StartsAt | tz \"America/St_Johns\" | date \"-07:00 Z0700 -07 MST Z070000\" }}",
        "{{ date \"2006\" 5 }}",
        "{{ routeLabels \"x\" }}|{{ slice .Alerts 1 2 | len }}|{{ slice .Receiver 1 3 }}",
        "{{ template \"none\" . }}",
    ] {
        amtool.check("text", text);
    }
}

#[test]
fn html_is_escaped_as_alertmanager_escapes_it() {
    let Some(amtool) = Amtool::find() else { return };
    for text in [
        "<p>{{ .CommonAnnotations.summary }}</p>{{ .Receiver }}{{ safeHtml \"<i>\" }}{{ .CommonLabels }}",
        "<title>{{ .CommonAnnotations.summary }} < </title>1 < 2<!-- {{ .Status }} -->&amp;",
        "<!DOCTYPE html><p title=\"{{ .CommonAnnotations.summary }}\" id='{{ \"a'b\" }}'>",
        "<p title={{ \"a b=`\" }} id={{ \"\" }}>{{ \"<\" }}",
        "<p title=\"{{ safeHtml \"<b>1 &lt; 2</b> <\" }}\"><textarea>{{ safeHtml \"<i>&amp;\" }}</textarea>",
        "<a href=\"{{ template \"__alertmanagerURL\" . }}\">{{ template \"__subject\" . }}</a>",
        "<a href=\"{{ (index .Alerts 0).GeneratorURL }}\">x</a><a href={{ .ExternalURL }}>y</a>",
        "<a href=\"{{ \"javascript:alert(1)\" }}\"><a href='{{ safeUrl \"javascript:x\" }}'>",
        "<a href=\"{{ \"java\" }}{{ \"script:x\" }}\"><img SRC=\"{{ \"ftp://x\" }}\">",
        "<a href=\"https://h/{{ \"a b?c=(d)&e='%20%é\" }}?{{ \"q=a b%20&é\" }}#{{ \"x y\" }}\">",
        "<a href=\"/s?{{ \"q=a b%20&\" | safeUrl }}&amp;b={{ \"c/d\" | urlquery }}\">",
        "<p data-thumb-url=\"{{ \"x:y\" }}\" xlink:href=\"{{ \"x:y\" }}\" data-note=\"{{ \"x:y\" }}\">",
        "<input {{ \"checked\" }} {{ \"onclick\" }} {{ \"href\" }}=\"x\" {{ \"a b\" }} {{ \"type\" }}>",
        "<p style=\"color: {{ \"#b91c1c\" }}; width: {{ 12 }}px; x: {{ \"expression(1)\" }}\">",
        "<style>p { color: {{ \"red\" }}; x: {{ \"a;b\" }} }</style>{{ \"<\" }}",
        "<td style=\"color: {{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}\">{{ len .Alerts }}</td>",
        "{{ define \"v\" }}{{ . }}{{ end }}<p>{{ template \"v\" \"a'b c\" }}</p><a href=\"/?{{ template \"v\" \"a'b c\" }}\">",
        "{{ range .Alerts.Firing }}<li title='{{ .Labels.instance }}'>{{ .Annotations.summary }}{{ end }}",
        "{{ .NoSuch }}",
        "<img srcset=\"{{ \"a.png\" }} 2x, {{ \"javascript:x\" }}\">",
    ] {
        amtool.check("html", text);
    }
}

#[test]
fn the_language_is_that_of_go() {
    let Some(amtool) = Amtool::find() else { return };
    for text in [
        "a {{- 1 -}} b {{/* c */}} d {{- /* e */ -}} f\n{{ 1 }}\n",
        "{{ `raw\\n` }}{{ \"q\\t\\u00e9\\x41\\101\" }}{{ 'a' }} {{ 0x1f }} {{ 1_000 }} {{ .5 }} {{ 010 }} {{ 0b11 }} {{ 1e3 }}",
        "{{ 1234567.0 }} {{ 100000.0 }} {{ 0.00001 }} {{ 1e21 }} {{ 1.0 }} {{ 123456789.5 }} {{ -0.5 }}",
        "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}{{ if true }}{{ $x := 3 }}{{ end }}{{ $x }}",
        "{{ range $i, $e := .Alerts }}{{ if $i }}, {{ end }}{{ $e.Status }}{{ $.Status }}{{ end }}",
        "{{ range 3 }}{{ . }}{{ if eq . 1 }}{{ break }}{{ end }}{{ end }}{{ range .Alerts }}{{ continue }}x{{ end }}",
        "{{ range .Alerts.Resolved }}{{ else }}none{{ end }}{{ range (index .Alerts 0).Labels }}{{ . }},{{ else }}n{{ end }}",
        "{{ with .NotHere }}{{ end }}",
        "{{ with .CommonLabels.none }}a{{ else with .Status }}{{ . }}{{ else }}c{{ end }}",
        "{{ if and .Alerts (gt (len .Alerts) 2) }}{{ or \"\" 0 \"x\" }}{{ not 1 }}{{ and 1 0 2 }}{{ or 0 \"\" }}{{ end }}",
        "{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt \"b\" \"a\" }} {{ ge 1.5 1.5 }}",
        "{{ eq 1 \"1\" }}",
        "{{ lt 1 \"a\" }}",
        "{{ eq .Status }}",
        "{{ len \"é\" }} {{ index \"abc\" 1 }} {{ slice \"abcdef\" 1 3 }} {{ index (list 1 2) 1 }} {{ index (dict \"a\" 1) \"a\" }}",
        "{{ index (list 1 2) 2 }}",
        "{{ slice \"abc\" 2 1 }}",
        "{{ len 3 }}",
        "{{ print 1 2 \"a\" 3 4 true nil }}|{{ println \"a\" 1 }}|{{ print \"a\" \"b\" }}|{{ print }}",
        "{{ printf \"%d|%5d|%-5d|%05d|%x|%X|%o|%b|%c|%U|%+d|% d\" 7 7 7 7 255 255 8 5 65 233 7 7 }}",
        "{{ printf \"%s|%q|%6s|%-6s|%.2s|%x|%v|%#v\" \"abc\" \"a\\\"\\n\" \"abc\" \"abc\" \"abc\" \"hi\" \"v\" \"q\" }}",
        "{{ printf \"%.2f|%8.3f|%e|%g|%v|%.3g|%6.1f|%-8.2f|\" 1.005 3.14159 1500.0 0.1 1e21 1234.5 2.25 1.5 }}",
        "{{ printf \"%t %v %T %T %T %%\" true false 1 \"a\" 1.5 }}",
        "{{ printf \"%d\" \"x\" }} {{ printf \"%d\" }} {{ printf \"a\" 1 }} {{ printf \"%z\" 1 }} {{ printf \"%\" }} {{ printf \"%!\" }}",
        "{{ printf \"%*d|%-*d|%.*f\" 4 7 4 7 2 1.239 }}",
        "{{ printf \"%v %s\" (list 1 \"a\" nil) (stringSlice \"a\" \"b\") }} {{ printf \"%v\" (dict \"a\" (list)) }}",
        "{{ html \"<a href='x'>&\\\"\" }} {{ js \"it's <b> \\\"q\\\" & = \\\\ \\n\" }} {{ urlquery \"a/b c?d\" }}",
        "{{ define \"x\" }}[{{ . }}]{{ end }}{{ template \"x\" 1 }}{{ template \"x\" }}{{ block \"y\" \"z\" }}<{{ . }}>{{ end }}",
        "{{ $x := 1 }}{{ define \"x\" }}{{ $x }}{{ end }}",
        "{{ \"a\" | printf \"%s-%s\" \"b\" | printf \"%q\" }} {{ (printf \"%d\" 1) | len }} {{ (index .Alerts 0).Labels.alertname }}",
        "{{ .Status.Length }}",
        "{{ .CommonLabels.Nope.Deep }}",
        "{{ 1 2 }}",
        "{{ \"a\" | \"b\" }}",
        "{{ nope }}",
        "{{ if }}x{{ end }}",
        "{{ end }}",
        "{{ range .Alerts }}",
        "{{ else }}",
        "{{ $undeclared }}",
        "{{ break }}",
        "{{ .a.b. }}",
        "{{ \"open }}",
        "{{/* open",
        "{{ (1 }}",
        "{{ template }}",
        "{{ define \"x\" }}",
        "{{ 1 }",
    ] {
        amtool.check("text", text);
    }
}
