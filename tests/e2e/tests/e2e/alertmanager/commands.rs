//! `narthex routes`, `template` and `check alertmanager` beside `amtool`: the same command lines about the same files.

mod acknowledgements;
mod servers;
mod trouble;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use narthex_harness::{Peer, TempFolder, binary, peer};

const ROUTING: &str = r#"
global: { smtp_smarthost: 'localhost:25' }
templates: ['templates/*.tmpl']
route:
  receiver: default
  group_wait: 1h
  routes:
  - match_re: { test: '^[12]$' }
    match: { b: c }
    receiver: one
    continue: true
  - matchers: ['test="2"', 'z=~"a\\.b|\"q"']
    routes:
    - { receiver: two, matchers: ['"a b"="x"'] }
    - { receiver: three, matchers: [ 'foo = bar', 'dings != "b x"' ] }
  - { receiver: two, matchers: [ 'sev=~(page|mail)' ] }
inhibit_rules:
- { source_matchers: [sev=page], target_matchers: [sev=mail], equal: [host] }
receivers:
- { name: default }
- { name: one }
- { name: two, webhook_configs: [{ url: 'http://pager.example/secret' }] }
- { name: three }
"#;

/// Both tools, in a folder with files of theirs.
struct Tools {
    amtool: PathBuf,
    folder: TempFolder,
}

impl Tools {
    /// `None` after the test was reported as skipped.
    fn find() -> Option<Self> {
        let folder = TempFolder::new();
        folder.write("routing.yml", ROUTING);
        Some(Self { amtool: peer(Peer::Amtool)?, folder })
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program starts")
    }

    /// What amtool prints, without the warnings of its parser, which it prints too.
    fn theirs(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.run(&self.amtool, arguments);
        let text = text(&output.stdout);
        let lines =
            text.split_inclusive('\n').filter(|line| !line.contains("level=WARN source=parse.go"));
        (lines.collect(), output.status.code())
    }

    fn ours(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.run(&binary(), arguments);
        let said = text(&output.stderr);
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        (text(&output.stdout), output.status.code())
    }

    /// The same words to both, but for the names of the commands.
    #[track_caller]
    fn check(&self, ours: &[&str], theirs: &[&str], arguments: &[&str]) -> String {
        let (said, code) = self.ours(&[ours, arguments].concat());
        let (expected, their_code) = self.theirs(&[theirs, arguments].concat());
        assert_eq!(said, expected, "{ours:?} {arguments:?}");
        assert_eq!(code, their_code, "{ours:?} {arguments:?}: {said}");
        said
    }

    /// Ours alone, which has to work.
    #[track_caller]
    fn do_it(&self, arguments: &[&str]) -> Output {
        let output = self.run(&binary(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        output
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn routes_are_shown_and_tried_as_by_amtool() {
    let Some(tools) = Tools::find() else { return };
    let file = "--config.file=routing.yml";
    let shown = tools.check(&["routes", "show"], &["config", "routes", "show"], &[file]);
    assert!(shown.contains("└── {sev=~\"(page|mail)\"}  receiver: two"), "{shown}");
    tools.check(&["routes"], &["config", "routes"], &[file]);
    for labels in [
        &[][..],
        &["test=1"],
        &["test=2", "b=c", "z=a.b", "foo=bar", "dings=1"],
        &["test=2", "z=\"q", "\"a b\"=x", "foo=bar"],
        &["sev=page", "sev=none", "sev=mail"],
        &["sev=page", "--verify.receivers=two"],
        &["sev=page", "--verify.receivers=default,two"],
        &["sev!=page"],
        &["page"],
    ] {
        for tree in [&[][..], &["--tree"]] {
            let arguments = [&[file], tree, labels].concat();
            tools.check(&["routes", "test"], &["config", "routes", "test"], &arguments);
        }
    }
    tools.check(&["routes"], &["config", "routes"], &["--config.file=nowhere.yml"]);
    // Ours: a file that names it, and why.
    tools.folder.write("ours.yml", "alertmanager_config_file: routing.yml\n");
    let named = tools.do_it(&["routes", "show", "--config.file=ours.yml"]);
    assert_eq!(text(&named.stdout), shown);
    let why = tools.do_it(&["routes", "test", file, "--explain", "test=1", "sev=mail"]);
    let why = text(&why.stdout);
    assert!(why.contains("no: b=\"c\" is wanted and there is no b"), "{why}");
    assert!(why.contains("{sev=~\"(page|mail)\"}  yes  receiver: two"), "{why}");
}

#[test]
fn files_are_checked_as_by_amtool() {
    let Some(tools) = Tools::find() else { return };
    tools.folder.write("plain.yml", "route: { receiver: a }\nreceivers: [{ name: a }]\n");
    tools.folder.write("no-yaml.yml", "BAD\n");
    tools.folder.write("no-receiver.yml", "route: { receiver: b }\nreceivers: [{ name: a }]\n");
    tools.folder.write(
        "no-regex.yml",
        "route: { receiver: a, routes: [{ matchers: ['a=~\"(\"'] }] }\nreceivers: [{ name: a }]\n",
    );
    let check = |files: &[&str]| {
        let (ours, code) = tools.ours(&[&["check", "alertmanager"], files].concat());
        let (theirs, their_code) = tools.theirs(&[&["check-config"], files].concat());
        // Why a file is refused is said in other words.
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with("  line "));
            let lines = lines.map(|line| line.split("FAILED: ").next().unwrap_or(line));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(lines(&ours), lines(&theirs), "{files:?}: {ours}");
        assert_eq!(code, their_code, "{files:?}");
        ours
    };
    check(&["routing.yml"]);
    tools.folder.write("templates/a.tmpl", "{{ define \"x\" }}x{{ end }}");
    let found = check(&["routing.yml", "plain.yml"]);
    assert!(found.contains(" - 1 inhibit rules\n - 4 receivers\n - 1 templates\n"), "{found}");
    for file in ["no-yaml.yml", "no-receiver.yml", "no-regex.yml"] {
        let refused = check(&[file]);
        assert!(refused.contains(&format!("FAILED: {file}:")), "{refused}");
    }
    // Ours: notifiers judge what receivers say to them.
    let plugins = tools.folder.path().join("plugins");
    std::fs::create_dir_all(&plugins).expect("a folder");
    let wasm = crate::support::plugin("webhook");
    std::fs::copy(wasm, plugins.join("webhook.wasm")).expect("the plugin is copied");
    tools.do_it(&["check", "alertmanager", "--plugins.dir=plugins", "routing.yml"]);
    tools.folder.write(
        "no-url.yml",
        "route: { receiver: a }\nreceivers: [{ name: a, webhook_configs: [{}] }]\n",
    );
    let (refused, code) =
        tools.ours(&["check", "alertmanager", "--plugins.dir=plugins", "no-url.yml"]);
    assert!(refused.contains("FAILED: no-url.yml:2:") && code == Some(1), "{refused}");
}

#[test]
fn templates_are_rendered_as_by_amtool() {
    let Some(tools) = Tools::find() else { return };
    tools.folder.write(
        "a.tmpl",
        "{{ define \"x\" }}{{ .Status | toUpper }} {{ range .Alerts.Firing }}{{ .Labels.SortedPairs }}{{ end }}{{ end }}",
    );
    tools.folder.write(
        "b.tmpl",
        "{{ define \"y\" }}<a href=\"{{ .ExternalURL }}\">{{ .GroupLabels }}</a>{{ end }}",
    );
    tools.folder.write(
        "data.json",
        r#"{ "receiver": "r", "status": "firing", "externalURL": "http://x.example/?a=<b>",
            "groupLabels": { "a": "<b>" }, "alerts": [{ "status": "firing", "labels": { "l": "v" },
            "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T01:00:00+01:00" }] }"#,
    );
    let render = |arguments: &[&str]| {
        let command = ["template", "render", "--template.glob=*.tmpl"];
        tools.check(&command, &command, arguments)
    };
    for data in [&[][..], &["--template.data=data.json"]] {
        for kind in ["text", "html"] {
            let kind = format!("--template.type={kind}");
            for text in [
                "",
                "plain",
                "{{ template \"x\" . }}",
                "{{ template \"y\" . }}\n",
                "{{ range .Alerts }}{{ .StartsAt.Before .EndsAt }} {{ .Fingerprint }} {{ end }}",
                "{{ .CommonAnnotations }} {{ .CommonLabels.Values }} {{ .Receiver }}",
                "{{ template \"missing\" . }}",
                "{{ .Missing }}",
                "{{ ",
            ] {
                let text = format!("--template.text={text}");
                render(&[data, &[kind.as_str(), text.as_str()]].concat());
            }
        }
    }
    let rendered = render(&["--template.text={{ template \"x\" . }}"]);
    assert!(rendered.starts_with("ALERTSTATUS commonlabelkey1="), "{rendered}");
    tools.check(
        &["template"],
        &["template"],
        &["render", "--template.glob=none.tmpl", "--template.text={{ .Status }}"],
    );
}
